"""Campaigns: who is shown what, who clicks, and the purchases that would not have happened otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.world import rows
from huaxiang.world.clock import DAY, Ints, Mask
from huaxiang.world.people import SOCIAL, Crowd
from huaxiang.world.sharing import Visits, shop_of

if TYPE_CHECKING:
    from huaxiang.world.context import World

HOLDOUT = 0.1
_VIEW, _CLICK, _HIDE, _UNFOLLOW = 0.3, 0.03, 0.004, 0.001
_ACTS = rows.words(("impression", "view", "click", "hide", "unfollow"))
_SCENES = rows.words(("feed", "search", "splash", "live"))


@dataclass(frozen=True)
class Shown:
    """Impressions: to which account, of which campaign, when."""

    account: Ints
    campaign: Ints
    at: Ints


def is_held_out(person: Ints, campaign: int) -> Mask:
    """Tell who never sees a campaign: a tenth of the people, by a hash of person and campaign."""
    mixed = (person * 2_654_435_761 + (campaign + 1) * 1_597_334_677) >> 7
    held: Mask = mixed % 1000 < HOLDOUT * 1000
    return held


class Ads:
    """Every campaign's audience, and the last campaign each person clicked."""

    def __init__(self, world: World) -> None:
        people, accounts, campaigns = world.people, world.accounts, world.goods.campaigns
        self.world = world
        crowd = accounts.of(SOCIAL)
        person = accounts.person[crowd]
        self.everyone = Crowd(crowd, people.posting[person] + 0.2, accounts.opened[crowd])
        self.audiences = []
        for number, topic in enumerate(campaigns.topic.tolist()):
            wanted = (people.topics[person] == topic).any(axis=1) & ~is_held_out(person, number)
            members = crowd[wanted]
            self.audiences.append(
                Crowd(members, people.posting[accounts.person[members]] + 0.2, accounts.opened[members])
            )
        self.last_campaign = np.full(people.count, -1, dtype=np.int64)
        self.last_day = np.full(people.count, -99, dtype=np.int64)

    def live(self, day: int) -> tuple[Visits, Visits]:
        """Make one day's ad events; return the clicks' shop visits and the purchases ads caused."""
        world, rng = self.world, self.world.dice("ads", day)
        campaigns = world.goods.campaigns
        running = np.flatnonzero((campaigns.first <= day) & (campaigns.last >= day))
        total = int(world.count("ad", rng, day, self.everyone) / (1 + _VIEW + _CLICK + _HIDE + _UNFOLLOW))
        if not len(running) or not total:
            return Visits.none(), Visits.none()
        each = rng.multinomial(total, np.full(len(running), 1 / len(running)))
        pairs = zip(running.tolist(), each.tolist(), strict=True)
        shown = [self.audiences[c].draw(rng, k, day) for c, k in pairs]
        campaign = np.repeat(running, [len(s) for s in shown])
        account = np.concatenate(shown)
        person = world.accounts.person[account]
        times = world.clock.social_times(rng, len(account), world.people.shift[person])
        at = world.clock.midnight(day) + np.minimum(times, DAY - 3600)
        after = [np.flatnonzero(rng.random(len(account)) < p) for p in (_VIEW, _CLICK, _HIDE, _UNFOLLOW)]
        self._send(day, Shown(account, campaign, at), after)
        clicked = after[1]
        self.last_campaign[person[clicked]] = campaign[clicked]
        self.last_day[person[clicked]] = day
        world.truth.ads.shown(campaign, person)
        visits = self._visits(rng, day, account[clicked], campaign[clicked], at[clicked])
        moved = np.flatnonzero(
            (rng.random(len(account)) < campaigns.effect[campaign]) & (world.people.churn_day[person] > day)
        )
        buys = self._visits(rng, day, account[moved], campaign[moved], at[moved])
        return visits, buys

    def _visits(self, rng: np.random.Generator, day: int, account: Ints, campaign: Ints, at: Ints) -> Visits:
        """Turn moments on a social platform into visits of the person's shop account, if there is one."""
        world = self.world
        shop = shop_of(world, rng, world.accounts.person[account])
        can = np.flatnonzero(world.is_open(shop, day))
        brand = world.goods.campaigns.brand[campaign[can]]
        later = at[can] + rng.integers(10, 1800, len(can))
        return Visits(
            shop[can], world.goods.of_brand(rng, brand), later, np.full(len(can), -1), campaign[can]
        )

    def _send(self, day: int, shown: Shown, after: list[Ints]) -> None:
        world, campaigns, rng = self.world, self.world.goods.campaigns, self.world.dice("ad costs", day)
        account, campaign = shown.account, shown.campaign
        first = np.concatenate([np.arange(len(account)), *after])
        act = np.repeat(np.arange(5), [len(account), *map(len, after)])
        count, model, rate = len(first), campaigns.model[campaign[first]], campaigns.rate[campaign[first]]
        charged = ((model == 0) & (act == 0)) | ((model == 1) & (act == 2))
        # A CPM rate is per thousand: each impression costs at least a cent here.
        price = np.where(model == 0, np.maximum(rate // 1000, 1), rate)
        seconds = shown.at[first] + np.array([0, 2, 6, 9, 12])[act]
        cleared = np.where((act == 0) & (rng.random(count) < 0.6), rng.integers(1, 12, count), rows.NULL)
        columns: dict[str, Any] = {
            **world.who(account[first]),
            "ad_event_id": rows.ids(world.numbers("ad", count)),
            "campaign_id": rows.pick(campaigns.ident, campaign[first]),
            "creative_id": rows.ids(campaign[first] * 10 + first % 3, "cr"),
            "act": rows.pick(_ACTS, act),
            "scene": rows.pick(_SCENES, first % 4),
            "hour_slot": (seconds - world.clock.midnight(day)) // 3600,
            "price_paid": np.where(charged, price, rows.NULL),
            "is_won": True,
            "clearing_price": cleared,
            "currency": "CNY",
            "at": seconds,
        }
        world.outbox.post(rows.table("ad_event", count, columns), "ad_event", day)
