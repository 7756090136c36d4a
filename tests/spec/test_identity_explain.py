"""What joins two accounts or keeps them apart: by the same claims, limits and words as a night's persons."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from people import LIMITS, ZONE, consent_frame, night
from pyspark.sql import functions as F

from huaxiang.clean.system import JOINER
from huaxiang.errors import ConfigurationError
from huaxiang.frames import local_frame
from huaxiang.identity.chain import Claimed, chain
from huaxiang.identity.explain import Linked, claims_with_bars, hop_text, known_account, taken_back

if TYPE_CHECKING:
    from people import Claim
    from pyspark.sql import SparkSession

CLAIMS: list[Claim] = [
    ("p:ann", "phone", "1"), ("q:ann", "phone", "1"), ("q:ann", "email", "2"), ("r:ann", "email", "2"),
    *((f"{p}:{n}", "device", "tablet") for p, n in ("pa", "pb", "qc", "qd", "qe")),  # five, and three may
    ("p:no", "union_id", "3"), ("q:yes", "union_id", "3"),
    ("p:odd", "wifi", "4"), ("q:odd", "wifi", "4"),  # a kind that nobody asks
    ("q:stays", "phone", "5"), ("p:went", "phone", "6"),
    *((f"p:{n}", "device", "crowd") for n in "wxy"),  # with p:z four accounts of one platform, and three may be
    ("p:z", "phone", "7"), ("p:w", "phone", "7"),
    ("p:shop", "email", "8"), ("q:fan", "email", "8"),
]  # fmt: skip
WORDS = [("p:no", "grant", 1), ("p:no", "withdraw", 2), ("q:yes", "withdraw", 1), ("q:yes", "grant", 2)]
OWNED = ("p:shop",)
PRIORITY = LIMITS.priority


@pytest.fixture(scope="module")
def known(_session: SparkSession) -> dict[str, list[Claimed]]:
    """The claims with their bars, those that were taken back, and the persons that a night makes of the former."""
    found = night(_session, CLAIMS, words=WORDS, owned=OWNED)
    rows = [(*claim, date(2026, 11, 1 + n % 9)) for n, claim in enumerate(CLAIMS)]
    frame = local_frame(_session, rows, "account string, kind string, value_key string, arrival_date date")
    frame = frame.withColumn(
        "seen_first", F.when(F.col("account") == "p:ann", F.lit("2026-10-05 09:00").cast("timestamp"))
    )
    blocked = _session.createDataFrame(
        found.blocked, "kind string, value_pseudonym string, accounts bigint, reason string, release bigint"
    )
    owned = local_frame(_session, [(account,) for account in OWNED], "account string")
    told = claims_with_bars(
        frame, consent_frame(_session, WORDS), blocked, LIMITS, zone=ZONE, joins_by_default=True, owned=owned
    )
    key = JOINER.join(["p", "went", "phone", "5"])
    tombstones = local_frame(
        _session,
        [("identity_claim", key, "deleted"), ("review", key, "conflict")],
        "feed string, key string, state string",
    ).select("feed", F.sha2("key", 256).alias("event_key_hash"), "state")
    both = frame.where(F.col("account").isin("p:went", "q:stays"))
    gone = taken_back(both, both.select("account").distinct(), tombstones)
    return {
        "told": [Claimed(**row.asDict()) for row in told.collect()],
        "gone": [Claimed(**row.asDict()) for row in gone.collect()],
        "mates": [Claimed(account, "person", person) for account, person in found.person.items()],
    }


def lines(known: dict[str, list[Claimed]], one: str, other: str) -> list[str] | None:
    hops = chain([*known["told"], *known["gone"]], one, other, PRIORITY)
    return None if hops is None else [hop_text(hop) for hop in hops]


def test_persons_are_whom_a_chain_of_claims_without_bars_joins(known: dict[str, list[Claimed]]) -> None:
    """For every two accounts: the chain says what the night's components say."""
    person = {claim.account: claim.value for claim in known["mates"]}
    linking = [claim for claim in known["told"] if claim.bar is None]
    for one in sorted(person):
        for other in sorted(person):
            is_joined = chain(linking, one, other, PRIORITY) is not None
            assert is_joined == (person[one] == person[other]), (one, other)


def test_a_chain_shows_each_hop_with_its_claims(known: dict[str, list[Claimed]]) -> None:
    assert lines(known, "p:ann", "r:ann") == [
        "p:ann – phone #1 – q:ann   claimed by p:ann since 2026-10-05, q:ann since 2026-11-02",
        "q:ann – email #1 – r:ann   claimed by q:ann since 2026-11-03, r:ann since 2026-11-04",
    ]


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("p:a", "q:c", "✘ more accounts share it than may (5 accounts, since release 1)"),
        ("p:w", "p:x", "✘ left out, for a person would have too many accounts (3 accounts, since release 1)"),
        ("p:no", "q:yes", "✘ p:no does not agree to be joined"),
        ("p:shop", "q:fan", "✘ p:shop is a brand's own"),
        ("p:odd", "q:odd", "✘ claims of this kind link nobody"),
        ("p:went", "q:stays", "✘ the claim of p:went was taken back"),
        ("p:ann", "p:no", None),
    ],
)
def test_what_keeps_two_apart(known: dict[str, list[Claimed]], one: str, other: str, why: str | None) -> None:
    found = lines(known, one, other)
    assert (found is None) if why is None else (found is not None and found[0].endswith(why))


def test_values_are_never_told(known: dict[str, list[Claimed]]) -> None:
    hops = chain(known["told"], "p:ann", "r:ann", PRIORITY) or ()
    told = Linked("p:ann", "r:ann", "P1", "P1", 3, date(2026, 11, 20), hops)
    assert told.as_dict()["hops"][0] == {
        "from": "p:ann", "to": "q:ann", "claim": "phone #1", "kind": "phone",
        "first_claimed": ["2026-10-05", "2026-11-02"], "bars": [],
    }  # fmt: skip
    assert told.text().startswith("p:ann and r:ann are one person, P1 · release 3 · as of 2026-11-20\n")
    apart = Linked("p:ann", "p:no", "P1", "P2", 3, date(2026, 11, 20), ())
    assert apart.text().endswith(
        "are not one person · release 3 · as of 2026-11-20\n  No chain of claims leads from one to the other."
    )


def test_an_account_that_nobody_knows_names_no_other(spark: SparkSession) -> None:
    persons = local_frame(spark, [("mall:710003", "P1")], "account string, person string")
    assert known_account(persons, "Mall:710003") == ("mall:710003", "P1")
    for typed in ("mall:710004", "\x1b[31m" + "x" * 10_000, ""):
        with pytest.raises(ConfigurationError) as caught:
            known_account(persons, typed)
        said = str(caught.value)
        assert "nobody knows an account" in said
        assert "710003" not in said
        assert "\x1b" not in said
        assert len(said) < 300
