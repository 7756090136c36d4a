"""The identity step: tonight's claims → who is one person, with the ids of the night before."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as F

from huaxiang import __version__
from huaxiang.clean.changes import changes
from huaxiang.clean.joinkeys import pepper_frame
from huaxiang.frames import stacked
from huaxiang.identity.accounts import accounts_in, owned_by_brands, without_mention
from huaxiang.identity.claims import blocked_claims, judged_values, listed_values
from huaxiang.identity.components import components
from huaxiang.identity.persons import assign_persons, everybody
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame

    from huaxiang.night import Night

TABLE, PAST = "person_account", "person_account_past"
CLAIMS, CONSENT, PROFILES = "identity_claim", "consent_event", "social_account"
ROSTERS = (CLAIMS, PROFILES, "shop_account")  # small feeds that mention nearly everybody


@dataclass(frozen=True)
class IdentityOutcome:
    """How many accounts, persons and brands' own accounts there are, and what happened to persons tonight."""

    accounts: int
    persons: int
    new: int
    merged: int
    split: int
    moved: int
    blocked_claims: int
    of_brands: int

    def told(self) -> dict[str, int]:
        """Return the numbers for the run's summary."""
        return asdict(self)


@dataclass(frozen=True)
class Turnover:
    """Accounts that came tonight, and accounts of which nothing is left or that are a brand's; None for none.

    `brands_changed`: some account became a brand's own, or is one no more.
    """

    came: DataFrame | None
    vanished: DataFrame | None
    brands_changed: bool = False

    @property
    def happened(self) -> bool:
        """Whether there is any."""
        return self.came is not None or self.vanished is not None


def run(night: Night) -> IdentityOutcome:
    """Bring `person_account`, what it was, `identity_log` and `blocked_claim` up to tonight; write only what changed.

    Accounts are those that the clean feeds hold a row of, without the brands' own. Claims are judged again when
    one of them, a consent, whose an account is, a setting or the program changed; else new accounts become
    persons of their own.
    """
    lake, attempt = night.lake, night.attempt
    before = lake.read_pinned(TABLE)
    night.expect(attempt.rows(f"clean/{CLAIMS}") + attempt.rows(TABLE))
    owned = _owned(night)
    turnover = _turnover(night, before, owned)
    if turnover.brands_changed or _is_stale(night):
        _judge_again(night, before, turnover, owned)
    elif turnover.happened:
        _add_singles(night, before, turnover)
    told: dict[str, int] = {}
    if "identity_log" in attempt.tables:
        tonight = lake.read("identity_log").where(F.col("release") == night.number)
        counts = tonight.groupBy("action").agg(F.count(F.lit(1)).alias("persons"))
        told = {row["action"]: row["persons"] for row in counts.collect()}
    if turnover.vanished is not None or told.keys() & {"merge", "split", "move"}:
        _keep_past(night, before)
    persons = lake.read(TABLE).select(F.count_distinct("person")).first()
    return IdentityOutcome(
        accounts=attempt.rows(TABLE),
        persons=persons[0] if persons else 0,
        new=told.get("new", 0),
        merged=told.get("merge", 0),
        split=told.get("split", 0),
        moved=told.get("move", 0),
        blocked_claims=attempt.rows("blocked_claim"),
        of_brands=0 if owned is None else owned.count(),
    )


def _keep_past(night: Night, before: DataFrame) -> None:
    """Keep of whom accounts were that are theirs no more."""
    gone = before.join(night.lake.read(TABLE), ["account", "person"], "left_anti")
    known_to = F.lit(night.number).cast("bigint").alias("known_to")
    columns = ("account", "person", "platform", "since_release")
    night.attempt.append(PAST, gone.select(*columns, known_to).coalesce(1))


def _is_stale(night: Night) -> bool:
    """Whether anything that components depend on may have changed since the newest release."""
    newest = night.lake.newest
    if night.rebuild or newest is None or night.lake.pinned(TABLE) is None:
        return True
    made_by = (newest.config_hash, newest.code_version)
    return made_by != (night.config.fingerprint, __version__) or bool({CLAIMS, CONSENT} & night.changed_feeds)


def _owned(night: Night) -> DataFrame | None:
    """Return the accounts that are brands' own; None for none."""
    if not night.lake.exists(f"clean/{PROFILES}"):
        return None
    return _worked_out(owned_by_brands(night.lake.read(f"clean/{PROFILES}")))


def _turnover(night: Night, before: DataFrame, owned: DataFrame | None) -> Turnover:
    """Compare tonight's accounts with those before: from the rows that came and left, or from all feeds."""
    if night.lake.pinned(TABLE) is None:
        return Turnover(_without(accounts_in(_clean(night, night.feeds)), owned), None)
    changed = {feed: change for feed in night.feeds if (change := changes(night, feed)) is not None}
    freed = None
    if PROFILES in changed and changed[PROFILES].any_gone:
        freed = _worked_out(_without(owned_by_brands(changed[PROFILES].gone), owned))
    if night.rebuild or freed is not None:
        everyone = _worked_out(_without(accounts_in(_clean(night, night.feeds)), owned))
        came, gone = _without(everyone, before), _without(before.select("account"), everyone)
        return Turnover(_worked_out(came), _worked_out(gone), brands_changed=freed is not None)
    seen = _worked_out(accounts_in(change.added for change in changed.values()))
    left = _without(accounts_in(change.gone for change in changed.values() if change.any_gone), seen)
    left = _worked_out(left)
    for feeds in (ROSTERS, tuple(f for f in night.feeds if f not in ROSTERS)):
        if left is not None:
            left = _worked_out(without_mention(left, _clean(night, feeds)))
    came = _worked_out(_without(_without(seen, owned), before))
    taken = None  # those that were somebody's until tonight
    if owned is not None:
        taken = _worked_out(before.select("account").join(F.broadcast(owned), "account"))
    out = [accounts for accounts in (left, taken) if accounts is not None]
    return Turnover(came, stacked(out).distinct() if out else None, brands_changed=taken is not None)


def _judge_again(night: Night, before: DataFrame, turnover: Turnover, owned: DataFrame | None) -> None:
    lake, limits, number = night.lake, night.config.identity, night.number
    claims = lake.read(f"clean/{CLAIMS}")
    judged = judged_values(
        claims,
        lake.read(f"clean/{CONSENT}"),
        limits,
        zone=night.business_zone,
        joins_by_default=night.config.joins_by_default,
        listed=listed_values(night.spark, limits, pepper_frame(night.spark, night.pepper)),
        owned=owned,
    )
    found = components(judged, limits, claims=night.attempt.rows(f"clean/{CLAIMS}"))
    stay = before
    if turnover.vanished is not None:
        stay = before.join(turnover.vanished, "account", "left_anti")
    members = everybody(stay, turnover.came, found.membership)
    pepper = pepper_frame(night.spark, night.pepper)
    now, log = assign_persons(members, claims, pepper, release=number)
    blocked = blocked_claims(found.unusable, lake.read_pinned("blocked_claim"), release=number)

    def write_persons() -> None:
        if night.attempt.replace(TABLE, now, unless_equal=not turnover.happened).changed:
            night.attempt.append("identity_log", log)

    def write_blocked() -> None:
        night.attempt.replace("blocked_claim", blocked, unless_equal=True)

    together([write_persons, write_blocked])
    pa.default_memory_pool().release_unused()  # the graph is done with, and the fold needs the room


def _add_singles(night: Night, before: DataFrame, turnover: Turnover) -> None:
    """Let new accounts be persons of their own. An account that vanished was one: nothing claims it."""
    nobody = before.limit(0)
    new = nobody
    if turnover.came is not None:
        unlinked = nobody.select("account", F.col("person").alias("component"), "linked_by")
        members = everybody(nobody, turnover.came, unlinked)
        pepper = pepper_frame(night.spark, night.pepper)
        new, log = assign_persons(members, nobody, pepper, release=night.number, others=before)
        night.attempt.append("identity_log", log)
    if turnover.vanished is None:
        night.attempt.append(TABLE, new)
    else:
        stay = before.join(turnover.vanished, "account", "left_anti")
        night.attempt.replace(TABLE, stay.unionByName(new))


def _clean(night: Night, feeds: tuple[str, ...]) -> Iterator[DataFrame]:
    return (night.lake.read(f"clean/{f}") for f in feeds if night.lake.exists(f"clean/{f}"))


def _without(accounts: DataFrame | None, others: DataFrame | None) -> DataFrame | None:
    if accounts is None or others is None:
        return accounts
    return accounts.join(others, "account", "left_anti")


def _worked_out(accounts: DataFrame | None) -> DataFrame | None:
    """Run it, to be read several times; None when there are none."""
    if accounts is None:
        return None
    kept = accounts.localCheckpoint()
    return None if kept.isEmpty() else kept
