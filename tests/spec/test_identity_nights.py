"""Ids that stay, night after night: who keeps an id when persons grow, merge, split and come back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from people import night

if TYPE_CHECKING:
    from people import Claim, Found
    from pyspark.sql import SparkSession


def pair(one: str, other: str, value: str, kind: str = "phone") -> list[Claim]:
    return [(one, kind, value), (other, kind, value)]


ACCOUNTS = [f"{p}:{w}{n}" for w in "abcdefg" for p, n in (("p", 1), ("q", 2), ("r", 3))]
LATER = [*ACCOUNTS, "t:late"]
CROWD = [(f"{p}:crowd", "phone", "shared") for p in "pqrst"]
FIRST = [
    *CROWD,
    *pair("p:a1", "q:a2", "a"),  # a: one person on all nights
    *pair("p:b1", "q:b2", "b"),  # b: two persons that merge on the second night, and part on the third
    *pair("p:c1", "q:c2", "c"),  # c: splits; c2 has more claims
    ("q:c2", "email", "c2 alone"),
    *pair("p:d1", "q:d2", "d"),  # d: splits evenly
    *pair("p:e1", "q:e2", "e"),  # e: e2 moves from e1 to e3, a person of its own
    ("p:e1", "email", "e1 alone"),
    *pair("p:f1", "q:f2", "f"),  # f: splits, three accounts, none with more claims than the other part
    *pair("q:f2", "r:f3", "f", "email"),
    ("p:f1", "device", "f1 alone"),
    ("p:f1", "cookie", "f1 alone"),
]
SECOND = [
    *CROWD,
    *((f"{p}:crowd{n}", "union_id", "wide") for p, n in zip("ppqqrrs", range(7), strict=True)),
    *pair("p:a1", "q:a2", "a"),
    *pair("p:b1", "q:b2", "b"),
    *pair("q:b2", "r:b3", "b", "email"),
    ("p:c1", "phone", "c"),
    ("q:c2", "phone", "c changed"),
    ("q:c2", "email", "c2 alone"),
    *pair("q:e2", "r:e3", "e", "email"),
    ("p:e1", "phone", "e"),
    ("p:e1", "email", "e1 alone"),
    ("p:f1", "phone", "f"),
    ("p:f1", "device", "f1 alone"),
    ("p:f1", "cookie", "f1 alone"),
    *pair("q:f2", "r:f3", "f", "email"),
    *pair("p:g1", "s:new", "g"),  # g: a new account joins a person
]


@pytest.fixture(scope="module")
def known() -> list[Found]:
    return []


@pytest.fixture
def nights(spark: SparkSession, known: list[Found]) -> list[Found]:
    if not known:
        known.append(night(spark, FIRST, accounts=ACCOUNTS, release=1))
        known.append(night(spark, SECOND, accounts=LATER, before=known[0], release=2))
        known.append(night(spark, FIRST, accounts=LATER, before=known[1], release=5))
    return known


def test_whoever_is_unchanged_keeps_the_id_and_the_release(nights: list[Found]) -> None:
    rows = [{r[0]: r for r in n.person_account} for n in nights]
    for account in ("p:a1", "q:a2", "r:a3", "p:g1"):
        assert {night[account][1] for night in rows} == {rows[0][account][1]}
        assert {night[account][4] for night in rows} == {1}


def test_a_merge_keeps_the_oldest_id_and_a_split_gives_it_back_to_the_stronger_part(
    nights: list[Found],
) -> None:
    first, second, third = (n.person for n in nights)
    assert second["p:b1"] == second["q:b2"] == second["r:b3"]
    assert second["p:b1"] in {first["p:b1"], first["r:b3"]}
    lost = ({first["p:b1"], first["r:b3"]} - {second["p:b1"]}).pop()
    accounts = 1 if lost == first["r:b3"] else 2
    assert (2, "merge", second["p:b1"], lost, accounts) in nights[1].log
    assert third["p:b1"] == third["q:b2"] == second["p:b1"]
    assert third["r:b3"] not in first.values()
    assert (5, "split", third["r:b3"], second["p:b1"], 1) in nights[2].log


def test_a_split_keeps_the_id_where_most_claims_are(nights: list[Found]) -> None:
    first, second, _ = (n.person for n in nights)
    assert second["q:c2"] == first["q:c2"]
    assert second["p:c1"] not in first.values()
    assert (2, "split", second["p:c1"], first["q:c2"], 1) in nights[1].log
    assert second["p:f1"] == first["p:f1"]  # three claims against two of two accounts
    assert second["q:f2"] == second["r:f3"] != first["q:f2"]


def test_an_even_split_is_settled_by_the_account_key(nights: list[Found]) -> None:
    first, second, _ = (n.person for n in nights)
    assert second["p:d1"] == first["p:d1"]
    assert second["q:d2"] != first["p:d1"]


def test_an_account_may_move_between_persons_that_live_on(nights: list[Found]) -> None:
    first, second, _ = (n.person for n in nights)
    assert second["p:e1"] == first["p:e1"]
    assert second["q:e2"] == second["r:e3"] == first["r:e3"]
    assert (2, "move", first["r:e3"], first["p:e1"], 1) in nights[1].log
    since = {r[0]: r[4] for r in nights[1].person_account}
    assert (since["q:e2"], since["r:e3"]) == (2, 1)


def test_new_accounts_are_new_persons_or_join_one_silently(nights: list[Found]) -> None:
    second = nights[1]
    crowd = {p for a, p in second.person.items() if ":crowd" in a}
    assert second.person["s:new"] == second.person["p:g1"] == nights[0].person["p:g1"]
    new = {p: n for _, action, p, _, n in second.log if action == "new" and p not in crowd}
    assert new == {second.person["t:late"]: 1}


def test_a_parted_pair_that_comes_back_is_the_oldest_person_again(nights: list[Found]) -> None:
    first, second, third = (n.person for n in nights)
    assert third["p:d1"] == third["q:d2"] == first["p:d1"]
    assert (5, "merge", first["p:d1"], second["q:d2"], 1) in nights[2].log


def test_nobody_shares_an_id(nights: list[Found]) -> None:
    for each in nights:
        assert len(set(each.person.values())) == len(each.sets)


def test_sets_do_not_depend_on_the_nights_before(spark: SparkSession, nights: list[Found]) -> None:
    rebuilt = night(spark, FIRST, accounts=LATER, release=9)
    assert rebuilt.sets == nights[2].sets


def test_the_same_nights_give_the_same_ids_whatever_the_order_of_rows(
    spark: SparkSession, nights: list[Found]
) -> None:
    shuffled = random.Random(4).sample(SECOND, len(SECOND))
    again = night(spark, shuffled, accounts=LATER[::-1], before=nights[0], release=2)
    assert again == nights[1]


def test_a_blocked_value_is_told_since_when(nights: list[Found]) -> None:
    assert [n.blocked for n in nights] == [
        [("phone", "shared", 5, "over_limit", 1)],
        [("phone", "shared", 5, "over_limit", 1), ("union_id", "wide", 7, "over_limit", 2)],
        [("phone", "shared", 5, "over_limit", 1)],
    ]
