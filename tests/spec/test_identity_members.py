"""Who on a brand's list is whom: by phone, else by e-mail; of several nobody; and what is told of the whole list."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from feeds import CONTRACTS, at, clean
from pyspark.sql import functions as F
from scipy.stats import binomtest

from huaxiang.contracts.spark import empty_frame
from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.vocabulary import compiled_contracts
from huaxiang.identity.members import matched_members, memberships
from huaxiang.insight.members import member_matches
from huaxiang.relations.assemble import measured_relations

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
CATALOGUE = load_catalogue(CONTRACTS)
PERSON_OF = {
    "mall:anna": "anna", "weiwo:anna": "anna", "mall:ben": "ben", "mall:cleo": "cleo", "mall:dan": "dan", "mall:shy": "shy",
    "weiwo:half": "half", "mall:half": "half",
}  # fmt: skip
CLAIMS = [
    ("weiwo:anna", "phone", "A"), ("mall:anna", "phone", "A"), ("mall:anna", "email", "a"),
    ("mall:ben", "phone", "B"), ("mall:ben", "phone", "shared"), ("mall:ben", "phone", "tester's"),
    ("mall:ben", "phone", "shop's"), ("mall:dan", "phone", "shop's"),
    ("mall:cleo", "email", "c"), ("mall:cleo", "email", "family"), ("mall:cleo", "device", "E"),
    ("mall:dan", "phone", "shared"), ("mall:dan", "email", "d"), ("mall:dan", "email", "family"),
    ("mall:shy", "phone", "S"), ("mall:shy", "email", "s"),
    ("weiwo:half", "phone", "H"), ("mall:half", "phone", "H"),
]  # fmt: skip
ENTRIES: dict[str, tuple[str | None, str | None, str | None]] = {
    "by phone": ("A", None, "anna"),
    "by e-mail": (None, "a", "anna"),
    "both of one": ("A", "a", "anna"),
    "phone of one, e-mail of another": ("B", "c", "ben"),
    "a phone of nobody": ("unheard of", "c", "cleo"),
    "a phone of two": ("shared", None, None),
    "a phone of two, and the e-mail of one of them": ("shared", "d", None),
    "an e-mail of two": (None, "family", None),
    "an e-mail of two, and a phone": ("A", "family", "anna"),
    "no hash at all": (None, None, None),
    "a device is no phone": ("E", None, None),
    "a phone is no e-mail": (None, "A", None),
    "does not agree to be joined": ("S", "s", None),
    "does not agree, and another's e-mail": ("S", "c", None),
    "one of two accounts agrees": ("H", None, "half"),
    "a shop's phone, and an e-mail": ("shop's", "d", "dan"),
    "a tester's phone": ("tester's", None, None),
    "a tester's phone, and an e-mail": ("tester's", "d", "dan"),
}
"""Phone, e-mail, and whose entry it is."""
TIMES: dict[str, tuple[str | None, str | None, str | None, bool]] = {
    "long ago": ("2020-01-01 00:00", None, "anna", True),
    "nobody knows when": (None, None, "anna", True),
    "today, late": ("2026-11-20 23:59", None, "anna", True),
    "tomorrow, early": ("2026-11-21 00:00", None, None, False),
    "left yesterday": ("2020-01-01 00:00", "2026-11-19 10:00", "anna", False),
    "left today, late": ("2020-01-01 00:00", "2026-11-20 23:59", "anna", False),
    "leaves tomorrow, early": ("2020-01-01 00:00", "2026-11-21 00:00", "anna", True),
}
"""Joined and left by the clocks of Shanghai, whose entry it is, and whether it is current."""
MEMBER = "brand_id string, person string, is_current boolean, joined_at timestamp, joined_on date, member_level string"


def entry(
    name: str, phone: str | None, mail: str | None, joined: str | None, left: str | None
) -> dict[str, Any]:
    return {
        "brand_id": "b1", "member_id": name, "member_level": name, "phone_sha256_key": phone, "email_sha256_key": mail,
        "joined_at": at(joined) if joined else None, "left_at": at(left) if left else None,
    }  # fmt: skip


def matched(spark: SparkSession, *entries: dict[str, Any], joins_by_default: bool = True) -> DataFrame:
    said = [("mall:shy", "withdraw"), ("weiwo:half", "withdraw"), ("mall:half", "grant")]
    words = [{"who": a, "purpose": "join", "action": does, "at": "2026-01-01 00:00"} for a, does in said]
    found = {
        "brand_member": clean(spark, "brand_member", *entries).repartition(3),
        "identity_claim": clean(spark, "identity_claim", *({"who": a, "kind": k, "value_key": v} for a, k, v in CLAIMS)),
        "consent_event": clean(spark, "consent_event", *words),
    }  # fmt: skip
    blocked = [
        ("phone", "tester's", 1, "listed", 1),
        ("phone", "shop's", 9, "over_limit", 1),
        ("email", "A", 9, "over_limit", 1),  # another kind
    ]
    kinds = "kind string, value_pseudonym string, accounts bigint, reason string, release bigint"
    return matched_members(
        found.__getitem__, spark.createDataFrame(blocked, kinds),
        spark.createDataFrame(list(PERSON_OF.items()), "account string, person string"),
        as_of=AS_OF, zone="Asia/Shanghai", joins_by_default=joins_by_default,
    )  # fmt: skip


def test_an_entry_is_of_the_one_agreeing_person_who_claims_it(spark: SparkSession) -> None:
    entries = [entry(name, phone, mail, None, None) for name, (phone, mail, _) in ENTRIES.items()]
    rows = matched(spark, *entries).collect()
    assert {r["member_level"]: r["person"] for r in rows} == {
        name: who for name, (*_, who) in ENTRIES.items()
    }
    assert all(r["is_current"] for r in rows)
    said = matched(spark, *entries, joins_by_default=False).collect()  # only half has ever said yes
    assert {r["person"] for r in said} == {None, "half"}


def test_neither_member_ids_nor_hashes_are_handed_on(spark: SparkSession) -> None:
    frame = matched(spark)
    assert frame.columns == ["brand_id", "person", "is_current", "joined_at", "joined_on", "member_level"]
    assert frame.collect() == []


def test_membership_begins_and_ends_by_the_dates_of_the_zone(spark: SparkSession) -> None:
    rows = matched(spark, *(entry(n, "A", None, j, left) for n, (j, left, *_) in TIMES.items())).collect()
    found = {r["member_level"]: (r["person"], r["is_current"]) for r in rows}
    assert found == {name: wanted[2:] for name, wanted in TIMES.items()}
    late = next(r for r in rows if r["member_level"] == "today, late")
    assert late["joined_on"] == AS_OF


def member(
    brand: str, person: str | None, joined: str | None, level: str | None, *, left: bool = False
) -> Any:
    instant = datetime.fromisoformat(joined) if joined else None
    return brand, person, not left, instant, instant.date() if instant else None, level


LISTED = [
    member("b1", "anna", "2026-03-01", "gold"),
    member("b1", "anna", "2025-02-01", "silver"),  # a second entry of one person
    member("b1", "anna", None, "platinum"),
    member("b1", "anna", "2026-04-01", None),  # joined last, but on no level
    member("b1", "anna", "2020-01-01", "old", left=True),
    member("b1", "ben", "2024-01-01", "gold", left=True),
    member("b1", "dan", None, None),
    member("b1", "eve", "2026-05-01", "gold"),
    member("b1", "eve", "2026-05-01", "silver"),  # a tie: the last in the alphabet
    member("b1", None, "2025-01-01", "gold"),
    member("b2", "anna", "2025-01-01", "silver"),
    member("b4", None, "2025-01-01", "silver"),
]
SAID = {
    ("anna", "b1"): (True, date(2025, 2, 1), "gold"),
    ("ben", "b1"): (False, None, None),
    ("dan", "b1"): (True, None, None),
    ("eve", "b1"): (True, date(2026, 5, 1), "silver"),
    ("anna", "b2"): (True, date(2025, 1, 1), "silver"),
}


def test_several_entries_of_a_person_are_one_membership(spark: SparkSession) -> None:
    listed = spark.createDataFrame(LISTED, MEMBER)
    for frame in (listed, listed.orderBy(F.desc("joined_at")).repartition(5)):
        rows = memberships(frame).collect()
        assert {(r["person"], r["brand_id"]): (r["is_member"], r["since"], r["level"]) for r in rows} == SAID


def test_a_pair_with_a_membership_is_evidence_and_absence_is_known_where_a_list_came(
    spark: SparkSession,
) -> None:
    spent = next(m for m in CATALOGUE.at("brand") if m.name == "order_lines")
    few = replace(CATALOGUE, measures=(spent,), tags=CATALOGUE.said_by("membership"))
    rows = empty_frame(spark, compiled_contracts(few)["day_row"])
    bought = [("anna", "b1"), ("cleo", "b1"), ("cleo", "b3"), ("cleo", "b4")]
    cells = spark.createDataFrame(
        [(spent.part.stream, "brand", brand, f"mall:{who}", AS_OF, 2) for who, brand in bought],
        f"stream string, key_kind string, key string, account string, business_date date, {spent.part.column} bigint",
    )
    persons = spark.createDataFrame(
        [(f"mall:{p}", p, "mall") for p in ("anna", "ben", "cleo", "dan", "eve")],
        "account string, person string, platform string",
    )
    covers = {"order_line": {"mall": "everybody"}}
    names = ("order_lines_all", "is_member", "member_since", "membership_level")

    def pairs(members: DataFrame | None) -> dict[Any, Any]:
        frame = rows.unionByName(cells, allowMissingColumns=True)
        found = measured_relations(frame, persons, few, covers, as_of=AS_OF, members=members)
        assert found.columns[-3:] == [*names[1:]]
        return {(r["person"], r["brand_id"]): tuple(r[n] for n in names) for r in found.collect()}

    assert pairs(spark.createDataFrame(LISTED, MEMBER)) == {
        **{pair: (0, *said) for pair, said in SAID.items()},
        ("anna", "b1"): (2, *SAID["anna", "b1"]),
        ("cleo", "b1"): (2, False, None, None),
        ("cleo", "b3"): (2, None, None, None),  # that brand sent no list
        ("cleo", "b4"): (2, False, None, None),  # a list of nobody who is known
    }
    assert pairs(None) == dict.fromkeys(bought, (2, None, None, None))


def many(brand: str, matched: int, others: int, *, left: int = 0) -> list[Any]:
    known = [member(brand, f"p{n}", None, None) for n in range(matched)]
    gone = [member(brand, f"q{n}", None, None, left=True) for n in range(left)]
    return [*known, *gone, *[member(brand, None, None, None)] * others]


def test_a_match_rate_is_told_of_long_lists_in_whole_fives(spark: SparkSession) -> None:
    rows = [
        *many("b1", 45, 15),
        *many("b2", 40, 9),  # one below the minimum
        *[*many("b3", 40, 9), member("b3", "p0", "2026-01-01", None)],  # fifty entries, two of one person
        *[*many("b4", 40, 10), member("b4", "p0", "2026-01-01", None)],  # fifty members
        *many("b5", 58, 0),
        *many("b6", 2, 50),
        *many("b7", 30, 10, left=40),  # who has left is not counted
        *many("b8", 0, 0, left=60),  # a list that everybody has left
        *many("b9", 43, 10),
    ]
    listed = spark.createDataFrame(rows, MEMBER)
    for frame in (listed, listed.repartition(7, "person")):
        found = {r["brand_id"]: r for r in member_matches(frame, minimum=50).collect()}
        told = {brand: (r["members"], r["matched"], r["is_withheld"]) for brand, r in found.items()}
        assert told == {
            "b1": (60, 45, False), "b4": (50, 40, False), "b5": (60, 60, False), "b6": (50, 0, False), "b9": (55, 45, False),
            **dict.fromkeys(("b2", "b3", "b7", "b8"), (None, None, True)),
        }  # fmt: skip
        for r in found.values():
            said = r["share"], r["share_low"], r["share_high"]
            if r["is_withheld"]:
                assert said == (None,) * 3
                continue
            wilson = binomtest(r["matched"], r["members"]).proportion_ci(method="wilson")
            assert said == pytest.approx((r["matched"] / r["members"], wilson.low, wilson.high), abs=1e-4)
    assert member_matches(listed.limit(0), minimum=50).collect() == []
