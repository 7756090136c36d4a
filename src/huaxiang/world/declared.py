"""What accounts declare about themselves: often incompletely, sometimes wrongly, now and then anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from huaxiang.world import rows
from huaxiang.world.clock import DAY
from huaxiang.world.life import HOUSEHOLD_WORDS, OCCUPATION_WORDS
from huaxiang.world.people import REGION_CODES, SHOPS, SOCIAL

if TYPE_CHECKING:
    from huaxiang.world.context import World

_GENDERS = rows.words(("f", "m", "x"))
_LEVELS = rows.words(("silver", "gold", "platinum"))
_CHANNELS = rows.words(("app_store", "weiwo", "douyue", "search", "offline"))


def send_accounts(world: World) -> None:
    """Send every account when it exists, as declared (often incompletely, sometimes wrongly), and changes."""
    rng, clock = world.dice("declared", 0), world.clock
    people, accounts = world.people, world.accounts
    for feed, platforms in (("social_account", SOCIAL), ("shop_account", SHOPS)):
        which = np.flatnonzero(np.isin(accounts.platform, platforms))
        count = len(which)
        person = np.maximum(accounts.person[which], 0)
        owned = accounts.person[which] >= 0
        due = np.maximum(accounts.opened[which], 0)
        registered = clock.midnight(0) + accounts.opened[which] * DAY + rng.integers(0, DAY, count)
        year = people.birth_year[person] + np.where(rng.random(count) < 0.04, rng.integers(-9, 10, count), 0)
        says = rng.random(count)
        full_date = (year - 1970) * 365 + (year - 1969) // 4 + rng.integers(0, 360, count)
        occupation, household = people.lives.declared(person, world.seed, feed)
        gender = np.where(rng.random(count) < 0.02, 2, people.gender[person])
        columns = {
            **world.who(which),
            "changed_at": registered,
            "registered_at": registered,
            "birth_date": np.where(owned & (says < 0.3), full_date, rows.NULL),
            "birth_year": np.where(owned & (says < 0.6), year, rows.NULL),
            "gender": rows.pick(_GENDERS, np.where(owned & (rng.random(count) < 0.8), gender, -1)),
            "occupation": rows.pick(OCCUPATION_WORDS, np.where(owned, occupation, -1)),
            "household": rows.pick(HOUSEHOLD_WORDS, np.where(owned, household, -1)),
            "region_code": rows.pick(
                REGION_CODES, np.where(rng.random(count) < 0.85, people.region[person], -1)
            ),
        }
        if feed == "social_account":
            brand = accounts.brand[which]
            second = np.ones(count, np.int64)
            second[np.unique(accounts.platform[which] * world.goods.brands + brand, return_index=True)[1]] = 0
            columns |= {
                "is_verified": ~owned | (people.influence[person] > np.quantile(people.influence, 0.99)),
                "brand_id": rows.pick(world.goods.brand_ident, brand),
                "brand_role": rows.pick(rows.words(("official", "service")), np.where(owned, -1, second)),
            }
        else:
            columns |= {
                "member_level": rows.pick(_LEVELS, np.digitize(people.buying[person], [1.0, 2.5])),
                "source_channel": rows.pick(_CHANNELS, rng.integers(0, len(_CHANNELS), count)),
            }
        table = rows.table(feed, count, columns)
        world.outbox.post(table, feed, 0, due=due)
        moved = np.flatnonzero((rng.random(count) < 0.04) & owned & (due < clock.last))
        when = due[moved] + 1 + (rng.random(len(moved)) * (clock.last - due[moved])).astype(np.int64)
        changed = rows.replaced(
            table.take(moved), "changed_at", clock.midnight(0) + when * DAY + rng.integers(0, DAY, len(moved))
        )
        changed = rows.replaced(
            changed, "region_code", rows.pick(REGION_CODES, rng.integers(0, len(REGION_CODES), len(moved)))
        )
        world.outbox.send(changed, feed, when)
