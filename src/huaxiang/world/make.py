"""Make a world: settle it once, then live it day by day, so that memory stays bounded at any size."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from huaxiang.errors import ConfigurationError, Problem
from huaxiang.world import rows
from huaxiang.world.ads import Ads
from huaxiang.world.after import follow_up
from huaxiang.world.claims import linked_groups, make_claims, send_claims
from huaxiang.world.clock import Clock
from huaxiang.world.consent import Withdrawals, send_consent, send_members
from huaxiang.world.contacts import Contacts
from huaxiang.world.context import World
from huaxiang.world.declared import send_accounts
from huaxiang.world.goods import stock
from huaxiang.world.graph import befriend
from huaxiang.world.outbox import Outbox
from huaxiang.world.people import PLATFORM_WORDS, open_accounts, settle
from huaxiang.world.reference import send_reference
from huaxiang.world.shape import shapes
from huaxiang.world.sharing import BUYS, PASSES_ON, Sharing
from huaxiang.world.shopping import Shopping
from huaxiang.world.social import Social
from huaxiang.world.truth import Truth, true_ids
from huaxiang.world.wear import tailor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from huaxiang.world.claims import Claims
    from huaxiang.world.clock import Ints
    from huaxiang.world.people import Accounts

UNTIL = date(2026, 11, 20)
EVENTS_PER_PERSON_DAY = 2.0


@dataclass(frozen=True)
class WorldSummary:
    """What was made. `events` counts rows of feeds with an event time, snapshots of the first day aside."""

    people: int
    accounts: int
    days: int
    first: date
    until: date
    seed: int
    dirt: float
    friend_effect: float
    passes_on: float
    events: int
    rows: Mapping[str, int]
    files: int
    bytes: int


def make(
    out: Path,
    *,
    people: int,
    days: int,
    seed: int,
    until: date = UNTIL,
    events_per_person_day: float | None = None,
    dirt: float = 0.02,
    friend_effect: float = BUYS,
    passes_on: float = PASSES_ON,
    tell: Callable[[str], None] | None = None,
) -> WorldSummary:
    """Write `out/landing/<feed>/<arrival date>/…` and `out/truth/*.parquet`; equal arguments, equal bytes.

    `dirt` is the share of rows with a planted fault in the feeds that have any (`dirt.FEEDS`).
    `friend_effect` is the share of clicks on a friend's link that buy because of it; with 0 friends still know,
    share, click and buy alike, and nobody buys because of another. `passes_on` is the share of those clicks after
    which the clicker shares the same product the next day. `tell` hears about ten times how far it is.
    """
    _check(out, people, days, dirt, friend_effect, passes_on)
    clock = Clock(until, days)
    crowd = settle(people, clock, seed)
    goods = stock(people, clock, seed)
    wear = tailor(people, goods, seed)
    accounts = open_accounts(crowd, goods.brands, clock, seed)
    outbox = Outbox(out / "landing", clock, seed, dirt)
    pace = EVENTS_PER_PERSON_DAY if events_per_person_day is None else events_per_person_day
    world = World(
        seed=seed,
        clock=clock,
        people=crowd,
        accounts=accounts,
        goods=goods,
        wear=wear,
        friends=befriend(crowd, accounts, seed),
        outbox=outbox,
        truth=Truth(out / "truth", crowd, accounts, goods, wear, clock),
        events_per_person_day=pace,
    )
    contacts = Contacts.of(people, seed)
    social = Social(world)
    snapshot = _begin(world, social, contacts)
    sharing, ads = Sharing(world, friend_effect, passes_on), Ads(world)
    shopping = Shopping(world, sharing, ads, contacts.phone_sha256)
    for day in range(days):
        shared, clicks, bought = sharing.live(day)
        social.live(day, shared)
        ad_clicks, ad_bought = ads.live(day)
        lines = shopping.live(day, clicks.and_also(ad_clicks), bought.and_also(ad_bought))
        follow_up(world, lines, day)
        outbox.deliver(day)
        if tell and (day + 1) % max(1, days // 10) == 0:
            tell(f"{clock.date(day)}  day {day + 1} of {days}  {sum(outbox.rows.values()):,} rows")
    summary = _summary(world, snapshot, dirt, friend_effect, passes_on)
    world.truth.write(social.follows, outbox, _plain(summary))
    return summary


def _check(out: Path, people: int, days: int, dirt: float, friend_effect: float, passes_on: float) -> None:
    """Refuse a world that can't be, or one on top of another: their files would mix."""
    problems = [
        Problem(name, str(found), wanted)
        for name, found, wanted, is_good in (
            ("people", people, "at least 10", people >= 10),
            ("days", days, "at least 1", days >= 1),
            ("dirt", dirt, "a share from 0 to 0.5", 0 <= dirt <= 0.5),
            ("friend_effect", friend_effect, "a share from 0 to 1", 0 <= friend_effect <= 1),
            ("passes_on", passes_on, "a share from 0 to 1", 0 <= passes_on <= 1),
        )
        if not is_good
    ]
    if any((out / folder).exists() for folder in ("landing", "truth")):
        hint = "remove it, or choose another folder"
        problems.append(Problem(str(out), "there is a world already", hint=hint))
    there = next((path for path in (out, *out.parents) if path.exists()), out)
    if there.exists() and not there.is_dir():
        problems.append(Problem(str(there), "this is a file", "a folder to make", "choose another --out"))
    if problems:
        raise ConfigurationError(problems)


def _begin(world: World, social: Social, contacts: Contacts) -> int:
    """Send what exists when the world begins and all that is settled beforehand; return its event rows."""
    claims = make_claims(world.people, world.accounts, contacts, world.clock, world.seed)
    send_reference(world)
    send_accounts(world)
    send_claims(world.accounts, claims, world.clock, world.outbox, world.seed)
    withdrawals = send_consent(world)
    send_members(world, contacts)
    social.begin()
    social.ties()
    _write_identity(world.truth, world.accounts, claims, withdrawals, world.clock)
    return len(social.follows.follower) + len(world.friends.left)


def _write_identity(
    truth: Truth, accounts: Accounts, claims: Claims, withdrawals: Withdrawals, clock: Clock
) -> None:
    """Write who is whom, and from which day on somebody does not agree to be joined or personalised."""
    mine = np.arange(accounts.owners)
    days: list[Ints] = []
    for purpose in (0, 1):
        leaves = np.full(int(accounts.person.max()) + 1, -1, dtype=np.int64)
        chosen = withdrawals.purpose == purpose
        leaves[withdrawals.person[chosen]] = withdrawals.day[chosen]
        day = leaves[accounts.person[mine]]
        days.append(np.where(day >= 0, clock.epoch_day(day), rows.NULL))
    truth.save(
        "person_account",
        account=rows.pick(accounts.key, mine),
        true_person=true_ids(accounts.person[mine]),
        platform=rows.pick(PLATFORM_WORDS, accounts.platform[mine]),
        opened=rows.dates(np.maximum(clock.epoch_day(accounts.opened[mine]), clock.first_epoch_day)),
        linked_group=linked_groups(accounts, claims),
        join_withdrawn=rows.dates(days[0]),
        personalise_withdrawn=rows.dates(days[1]),
    )


def _summary(
    world: World, snapshot: int, dirt: float, friend_effect: float, passes_on: float
) -> WorldSummary:
    counted = world.outbox.rows
    dated = {name for name, shape in shapes().items() if shape.at not in (None, "changed_at")}
    return WorldSummary(
        people=world.people.count,
        accounts=world.accounts.owners,
        days=world.clock.days,
        first=world.clock.date(0),
        until=world.clock.until,
        seed=world.seed,
        dirt=dirt,
        friend_effect=friend_effect,
        passes_on=passes_on,
        events=sum(counted[name] for name in dated) - snapshot,
        rows=dict(sorted(counted.items())),
        files=world.outbox.files,
        bytes=world.outbox.bytes,
    )


def _plain(summary: WorldSummary) -> dict[str, object]:
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(summary).items()}
