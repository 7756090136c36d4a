"""Why two accounts are one person, or what keeps them apart: claims of a release with what bars them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.clean.system import JOINER
from huaxiang.errors import ConfigurationError, Problem, shortened
from huaxiang.identity.accounts import owned_by_brands
from huaxiang.identity.chain import Claimed, Hop, chain
from huaxiang.identity.claims import DEMOTED, LISTED, OVER_LIMIT, PSEUDONYM_CHARACTERS, with_may_join
from huaxiang.identity.step import CLAIMS, CONSENT, PROFILES, TABLE
from huaxiang.settled import settled_zone

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.config import Config, IdentityLimits
    from huaxiang.tables.lake import Lake

MOST_CLAIMS = 3_000_000  # what the driver takes to look for what keeps two persons apart
SAYS = {
    OVER_LIMIT: "more accounts share it than may",
    LISTED: "the settings say that it is nobody's",
    DEMOTED: "left out, for a person would have too many accounts",
}
NOT_AGREED = "does not agree to be joined"
OWNED = "is a brand's own"
WITHDRAWN = {"deleted": "was taken back", "conflict": "came with two contents"}


@dataclass(frozen=True)
class Linked:
    """Whether two accounts are one person in a release, and the chain of claims between them: empty without any."""

    account: str
    other: str
    person: str
    other_person: str
    release: int
    as_of: date
    hops: tuple[Hop, ...]
    note: str | None = None

    @property
    def are_one(self) -> bool:
        """Whether they are one person."""
        return self.person == self.other_person

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data; what stands for a claimed value is its label."""
        hops = [
            {"from": h.left.account, "to": h.right.account, "claim": h.label, "kind": h.left.kind,
             "first_claimed": [h.left.since, h.right.since], "bars": list(h.bars)}
            for h in self.hops
        ]  # fmt: skip
        told = {name: value for name, value in asdict(self).items() if name != "hops"}
        return {**told, "are_one": self.are_one, "hops": hops}

    def text(self) -> str:
        """Return it as lines for a terminal."""
        are = f"are one person, {self.person}" if self.are_one else "are not one person"
        lines = [f"{self.account} and {self.other} {are} · release {self.release} · as of {self.as_of}"]
        lines += [f"  {hop_text(hop)}" for hop in self.hops]
        if not self.hops and self.account != self.other:
            lines.append("  No chain of claims leads from one to the other.")
        return "\n".join([*lines, *([self.note] if self.note else [])])


def hop_text(hop: Hop) -> str:
    """Return a hop as one line: both accounts, what they claim since when, and why that links nobody."""
    since = [f"{c.account} since {c.since or 'an unknown day'}" for c in (hop.left, hop.right)]
    bars = f"  ✘ {'; '.join(hop.bars)}" if hop.bars else ""
    return f"{hop.left.account} – {hop.label} – {hop.right.account}   claimed by {', '.join(since)}{bars}"


def linked(lake: Lake, config: Config, account: str, other: str) -> Linked:
    """Return what joins two accounts in the newest published release, or keeps them apart.

    Of one person: the shortest chain of claims that link. Of two: the chain with the fewest barred claims, those
    taken back among them where one of the two persons makes them still. ConfigurationError for an unknown account.
    """
    release = lake.release()
    persons = lake.held(TABLE, release)
    ends = [known_account(persons, name) for name in (account, other)]
    mine = persons.where(F.col("person").isin(*(person for _, person in ends)))
    accounts = [row["account"] for row in mine.select("account").collect()]
    (account, person), (other, other_person) = ends
    of_both = F.col("account").isin(*accounts)
    claims = lake.held(f"clean/{CLAIMS}", release)
    told = claims_with_bars(
        claims, lake.held(f"clean/{CONSENT}", release), lake.held("blocked_claim", release), config.identity,
        zone=settled_zone(lake.storage, config), joins_by_default=config.joins_by_default, owned=owned_by_brands(lake.held(f"clean/{PROFILES}", release)),
    )  # fmt: skip
    known = _collected(told.where(of_both))
    priority, note = config.identity.priority, None
    if person == other_person:
        hops = chain([claim for claim in known if claim.bar is None], account, other, priority)
        if hops is None:
            note = "No chain of today's claims says so: claims or settings changed since, and the next night judges again."
        return Linked(account, other, person, other_person, release.release, release.as_of, hops or (), note)
    gone = _collected(taken_back(claims.where(of_both), mine, lake.held("tombstone", release)))
    pin = release.tables.get(f"clean/{CLAIMS}")
    if pin and pin.rows > MOST_CLAIMS:
        note = f"Only claims of these two persons were looked at, of {pin.rows:,}."
    else:
        known = _collected(told)
    hops = chain([*known, *gone], account, other, priority)
    return Linked(account, other, person, other_person, release.release, release.as_of, hops or (), note)


def claims_with_bars(
    claims: DataFrame,
    consent: DataFrame,
    blocked: DataFrame,
    limits: IdentityLimits,
    *,
    zone: str,
    joins_by_default: bool,
    owned: DataFrame,
) -> DataFrame:
    """Return `account`, `kind`, `value` (its pseudonym), `since`, and `bar`: why it links nobody, null where it does."""
    reason = F.lit(None).cast("string")
    for name, says in SAYS.items():
        reason = F.when(F.col("reason") == name, F.lit(says)).otherwise(reason)
    told = F.concat(reason, F.format_string(" (%,d accounts, since release %d)", "accounts", "release"))
    marks = F.broadcast(
        blocked.groupBy("kind", F.col("value_pseudonym").alias("value")).agg(F.min(told).alias("_reason"))
    )
    why = F.when(F.col("is_owned"), F.lit(f" {OWNED}")).otherwise(F.lit(f" {NOT_AGREED}"))
    said = F.concat(F.col("account"), why)
    bar = F.coalesce(
        F.when(~F.col("kind").isin(*limits.limits), F.lit("claims of this kind link nobody")),
        F.col("_reason"),
        F.when(~F.col("may_join"), said),
    )
    first = F.date_format(F.coalesce("seen_first", "arrival_date"), "yyyy-MM-dd")
    made = claims.select("account", "kind", _pseudonym(), first.alias("since"))
    willing = with_may_join(made, consent, owned, zone=zone, joins_by_default=joins_by_default)
    joined = willing.join(marks, ["kind", "value"], "left")
    return joined.select("account", "kind", "value", "since", bar.alias("bar"))


def taken_back(claims: DataFrame, persons: DataFrame, tombstones: DataFrame) -> DataFrame:
    """Return claims that accounts of `persons` made once and no more, of values that another of them claims still.

    `since` is null: nothing of a claim is kept when it goes but that it was there.
    """
    who = persons.select(
        F.col("account"),
        F.split_part("account", F.lit(":"), F.lit(1)).alias("_platform"),
        F.regexp_replace("account", "^[^:]*:", "").alias("_id"),
    )
    values = claims.select("kind", "value_key").distinct()
    key = F.concat_ws(JOINER, "_platform", "_id", "kind", "value_key")
    sought = who.crossJoin(values).withColumn("event_key_hash", F.sha2(key, 256))
    gone = tombstones.where(F.col("feed") == CLAIMS).select("event_key_hash", "state")
    how = F.when(F.col("state") == "deleted", WITHDRAWN["deleted"]).otherwise(WITHDRAWN["conflict"])
    bar = F.concat(F.lit("the claim of "), F.col("account"), F.lit(" "), how)
    found = sought.join(gone, "event_key_hash")
    return found.select(
        "account", "kind", _pseudonym(), F.lit(None).cast("string").alias("since"), bar.alias("bar")
    )


def _pseudonym() -> Column:
    return F.left(F.col("value_key"), F.lit(PSEUDONYM_CHARACTERS)).alias("value")


def _collected(claims: DataFrame) -> list[Claimed]:
    return [Claimed(**row) for row in claims.toArrow().to_pylist()]


def known_account(persons: DataFrame, account: str) -> tuple[str, str]:
    """Return an account as it is stored, in lower case, and its person; ConfigurationError for one that nobody knows."""
    row = persons.where(F.col("account") == account.casefold()).first()
    if row is not None:
        return row["account"], row["person"]
    found = f"nobody knows an account `{shortened(account)}`"  # and whose are near it is nobody's business
    expected = "<platform>:<account id> of a person's shop or social account: a brand's own is nobody's"
    raise ConfigurationError(Problem("account", found, expected))
