"""The chain of claims between two accounts: the shortest that links, or what stands in the way."""

from __future__ import annotations

import random

import pytest

from huaxiang.identity.chain import Claimed, chain

PRIORITY = ("bind", "union_id", "phone", "email", "device")


def claims(*said: str) -> list[Claimed]:
    """`a phone 1` is a claim, `b device x !shared` one that is barred."""
    found = []
    for text in said:
        account, kind, value, *bar = text.split(" ", 3)
        found.append(Claimed(account, kind, value, bar=bar[0][1:] if bar else None))
    return found


def way(known: list[Claimed], start: str, goal: str) -> str | None:
    hops = chain(known, start, goal, PRIORITY)
    if hops is None:
        return None
    return " ".join([start, *(f"-{hop.label}{'!' * len(hop.bars)}- {hop.right.account}" for hop in hops)])


CASES = {
    "one value": (["a phone 1", "b phone 1"], "a -phone #1- b"),
    "over a third account": (["a phone 1", "c phone 1", "c device 2", "b device 2"], "a -phone #1- c -device #1- b"),
    "two phones are told apart": (["a phone 1", "c phone 1", "c phone 2", "b phone 2"], "a -phone #1- c -phone #2- b"),
    "one value for two hops is none": (["a phone 1", "c phone 1", "b phone 1"], "a -phone #1- b"),
    "the shortest, though weaker": (
        ["a bind 1", "c bind 1", "c bind 2", "b bind 2", "a device 9", "b device 9"], "a -device #1- b"),
    "of equal length the stronger kind": (["a device 1", "b device 1", "a phone 2", "b phone 2"], "a -phone #1- b"),
    "the stronger kind first": (
        ["a phone 1", "c phone 1", "c device 2", "b device 2", "a device 3", "d device 3", "d phone 4", "b phone 4"],
        "a -phone #1- c -device #1- b"),
    "a kind that has no rank is the weakest": (["a cookie 1", "b cookie 1", "a device 2", "b device 2"], "a -device #1- b"),
    "of equal kinds the smaller account": (
        ["a phone 2", "d phone 2", "d phone 3", "b phone 3", "a phone 1", "c phone 1", "c phone 4", "b phone 4"],
        "a -phone #1- c -phone #2- b"),
    "the same text of two kinds is two values": (["a phone 1", "b email 1"], None),
    "no chain": (["a phone 1", "b phone 2"], None),
    "nothing at all": ([], None),
    "only through what is barred": (["a device 1 !shared", "b device 1 !shared"], "a -device #1!- b"),
    "a longer way that links is better": (
        ["a device 1 !shared", "b device 1 !shared", "a phone 1", "c phone 1", "c email 2", "b email 2"],
        "a -phone #1- c -email #1- b"),
    "each end has its own bar": (["a phone 1 !a says no", "b phone 1 !b says no"], "a -phone #1!!- b"),
    "one bar is better than two": (
        ["a phone 1 !a says no", "b phone 1 !b says no", "a device 2", "b device 2 !b took it back"], "a -device #1!- b"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_chains(case: str) -> None:
    said, expected = CASES[case]
    assert way(claims(*said), "a", "b") == expected


def test_a_chain_depends_neither_on_the_order_nor_on_repeats_of_claims() -> None:
    chance = random.Random(7)
    known = claims(*(f"{chance.choice('abcdefgh')} {chance.choice(PRIORITY)} {n % 9}" for n in range(60)))
    found = way(known, "a", "b")
    assert found
    for _ in range(5):
        chance.shuffle(known)
        assert way([*known, *known[:20]], "a", "b") == found


def test_an_account_is_joined_to_itself_by_nothing() -> None:
    assert chain(claims("a phone 1"), "a", "a", PRIORITY) == ()


def test_a_value_of_many_accounts_costs_no_more_than_its_claims() -> None:
    known = claims(
        *(f"c{n} device shared !shared" for n in range(3000)), *(f"c{n} phone {n}" for n in range(3000))
    )
    assert (
        way([*known, *claims("a device shared !shared", "b phone 2999")], "a", "b")
        == "a -device #1!- c2999 -phone #1- b"
    )
