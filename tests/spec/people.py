"""Who is who, by hand: `world a:1 a:2 …` as claims, run through the whole identity room at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.joinkeys import pepper_frame
from huaxiang.config import IdentityLimits
from huaxiang.identity.claims import blocked_claims, judged_values
from huaxiang.identity.components import DRIVER_LINKS, components
from huaxiang.identity.persons import assign_persons, everybody

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import DataFrame, SparkSession

LIMITS = IdentityLimits(
    limits={"bind": 2, "union_id": 6, "phone": 4, "email": 4, "device": 3, "cookie": 2},
    max_accounts=6,
    max_accounts_per_platform=3,
)
ZONE = "Asia/Shanghai"
PERSON_ACCOUNT = (
    "account string, person string, platform string, linked_by array<string>, since_release bigint"
)
BLOCKED = "kind string, value_pseudonym string, accounts bigint, reason string, release bigint"

Claim = tuple[str, str, str]
"""Account, kind, value."""
Word = tuple[str, str, int | date | None]
"""Account, grant or withdraw, and when: a minute of 2024-01-01 UTC, a date alone, or nobody knows."""


@dataclass(frozen=True)
class Found:
    """One night's tables, collected."""

    person_account: list[tuple[str, str, str, list[str], int]]
    log: list[tuple[int, str, str, str | None, int]]
    blocked: list[tuple[str, str, int, str, int]]

    @property
    def person(self) -> dict[str, str]:
        return {row[0]: row[1] for row in self.person_account}

    @property
    def sets(self) -> set[frozenset[str]]:
        members: dict[str, set[str]] = {}
        for account, person in self.person.items():
            members.setdefault(person, set()).add(account)
        return {frozenset(accounts) for accounts in members.values()}

    def mates(self, account: str) -> set[str]:
        """The accounts of the same person, this one too."""
        return next(set(accounts) for accounts in self.sets if account in accounts)


NOTHING = Found([], [], [])


def claim_frame(spark: SparkSession, claims: Iterable[Claim]) -> DataFrame:
    return spark.createDataFrame(list(claims), "account string, kind string, value_key string")


def consent_frame(spark: SparkSession, words: Iterable[Word]) -> DataFrame:
    new_year = datetime(2024, 1, 1, tzinfo=UTC)
    arrived = date(2024, 1, 5)
    said = [
        (a, "join", new_year + timedelta(minutes=when), None, arrived, action)
        if isinstance(when, int)
        else (a, "join", None, when, arrived, action)
        for a, action, when in words
    ]
    return spark.createDataFrame(
        said,
        "account string, purpose string, at timestamp, business_date date, arrival_date date, action string",
    )


def night(
    spark: SparkSession,
    claims: Iterable[Claim],
    *,
    words: Iterable[Word] = (),
    accounts: Iterable[str] = (),
    before: Found = NOTHING,
    release: int = 1,
    limits: IdentityLimits = LIMITS,
    joins_by_default: bool = True,
    listed: Iterable[tuple[str, str]] | None = None,
    driver_links: int = DRIVER_LINKS,
    owned: Iterable[str] = (),
) -> Found:
    """Run the identity room on claims; `accounts` are those without any claim, `owned` the brands', which link nobody."""
    claims = list(claims)
    frame = claim_frame(spark, claims)
    consent = consent_frame(spark, words)
    marks = None if listed is None else spark.createDataFrame(list(listed), "kind string, value_key string")
    brands = spark.createDataFrame([(account,) for account in owned], "account string")
    judged = judged_values(
        frame, consent, limits, zone=ZONE, joins_by_default=joins_by_default, listed=marks, owned=brands
    )
    found = components(judged, limits, claims=len(claims), driver_links=driver_links)
    everyone = {a for a, _, _ in claims} | set(accounts)
    came = spark.createDataFrame([(a,) for a in sorted(everyone.difference(before.person))], "account string")
    previous = spark.createDataFrame(before.person_account, PERSON_ACCOUNT)
    members = everybody(previous.where(F.col("account").isin(everyone)), came, found.membership)
    now, log = assign_persons(members, frame, pepper_frame(spark, b"pepper"), release=release)
    blocked = blocked_claims(found.unusable, spark.createDataFrame(before.blocked, BLOCKED), release=release)
    return Found(*(sorted((tuple(row) for row in t.collect()), key=repr) for t in (now, log, blocked)))


def in_parts(frame: DataFrame, parts: int) -> DataFrame:
    """The same rows, dealt anew."""
    return frame.repartition(parts, F.rand(parts))
