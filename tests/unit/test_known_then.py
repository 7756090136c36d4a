"""What was known on a day: which release told it, what was meant then, and who somebody was."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.definitions import Meaning, kept_up, standing
from huaxiang.errors import ConfigurationError
from huaxiang.explain.known import learnt_later
from huaxiang.explain.traced import Whose, trace
from huaxiang.tables.release import Pin, Release, Status, known_on


def release(number: int, day: int, version: int, status: Status = "published") -> Release:
    pins = {"portrait": Pin("portrait", "tables/portrait", version, 1, "x")}
    at = datetime(2026, 11, day, tzinfo=UTC)
    return Release(number, status, date(2026, 11, day), at, None, pins, "", "", "", "")


NIGHTS = [
    release(1, 10, 0), release(2, 11, 1), release(3, 11, 2), release(4, 14, 3, "held"), release(5, 15, 5),
    release(6, 16, 6), release(7, 15, 5), release(8, 17, 8),
]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "told_by"),
    [(10, 1), (11, 3), (13, 3), (14, 3), (15, 5), (16, 5), (17, 8), (30, 8)],
    ids=["its own night", "the newer of two", "a day without a night", "a held night told nothing", "published again",
         "taken back", "after it", "long after"],
)  # fmt: skip
def test_the_last_night_up_to_a_day_that_stands(day: int, told_by: int) -> None:
    assert known_on(NIGHTS, date(2026, 11, day)).release == told_by


def test_a_day_before_the_first_night_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="no night is as old as 2026-11-09; expected 2026-11-10 or later"
    ):
        known_on(NIGHTS, date(2026, 11, 9))


CATALOGUE = load_catalogue(load_contracts())
A, B, C = ("portrait", "a"), ("portrait", "b"), ("day_row", "a")


def test_definitions_that_change_or_leave_stay_known() -> None:
    first = kept_up([], {A: Meaning("1", "x > 1"), B: Meaning("2", "y"), C: Meaning("3")}, release=1)
    assert (
        kept_up(first, {C: Meaning("3"), B: Meaning("2", "y"), A: Meaning("1", "x > 1")}, release=2) == first
    )
    second = kept_up(first, {A: Meaning("9", "x > 2"), C: Meaning("3")}, release=5)
    third = kept_up(second, {A: Meaning("1", "x > 1"), B: Meaning("2", "y"), C: Meaning("3")}, release=7)

    def said(rows: list[dict[str, Any]], at: int | None = None) -> dict[str, str]:
        return {f"{kind}.{name}": row["definition"] for (kind, name), row in standing(rows, at).items()}

    assert said(third) == {"portrait.a": "1", "portrait.b": "2", "day_row.a": "3"}
    assert said(third, 1) == said(third, 4) == {"portrait.a": "1", "portrait.b": "2", "day_row.a": "3"}
    assert said(third, 5) == said(third, 6) == {"portrait.a": "9", "day_row.a": "3"}
    assert [(r["name"], r["release"], r["known_to"]) for r in third if r["kind"] == "portrait"] == [
        ("a", 1, 5), ("a", 5, 7), ("a", 7, None), ("b", 1, 5), ("b", 7, None),
    ]  # fmt: skip


THEN = release(3, 11, 2)
WHOSE: dict[str, tuple[list[Whose], str, tuple[str, tuple[str, ...], str, tuple[str, ...]], str]] = {
    "nothing happened": ([("a", "P1", "P1"), ("b", "P1", "P1")], "P1", ("P1", ("a", "b"), "P1", ("a", "b")), ""),
    "an account came": (
        [("a", "P1", "P1"), ("b", None, "P1")], "P1", ("P1", ("a",), "P1", ("a", "b")),
        "Joined since, not known then: b."),
    "merged, asked by the id of then": (
        [("a", "P1", "P2"), ("b", "P2", "P2")], "P1", ("P1", ("a",), "P2", ("a", "b")), "P1 was merged into P2 since."),
    "merged, asked by the id that stayed": (
        [("a", "P1", "P2"), ("b", "P2", "P2")], "P2", ("P2", ("b",), "P2", ("a", "b")),
        "Joined since, then P1's: a."),
    "split, asked by the new id": (
        [("a", "P1", "P1"), ("b", "P1", "P9")], "P9", ("P1", ("a", "b"), "P1", ("a",)),
        "P9 is a later id: in release 3 these accounts were P1's."),
    "split in three, the largest part": (
        [("a", "P1", "P5"), ("b", "P1", "P4"), ("c", "P1", "P5")], "P1", ("P1", ("a", "b", "c"), "P5", ("a", "c")),
        "P1 is no more."),
    "gone": ([("a", "P1", None)], "P1", ("P1", ("a",), "P1", ()), "Nothing is known of these accounts any more."),
}  # fmt: skip


@pytest.mark.parametrize("case", WHOSE)
def test_who_somebody_was(case: str) -> None:
    rows, person, expected, note = WHOSE[case]
    found = trace(reversed(rows), person, THEN)
    assert (found.person, found.accounts, found.person_now, found.accounts_now) == expected
    assert note in found.notes if note else not found.notes


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([("a", None, "P7")], "`P7` was not known on 2026-11-11, in release 3"),
        ([], "neither release 3 nor the newest one knows a person `P7`"),
        (
            [("a", "P1", "P7"), ("b", "P2", "P7")],
            "the accounts of `P7` were several persons' in release 3: P1, P2",
        ),
    ],
)
def test_who_was_nobody_or_several_is_refused(rows: list[Whose], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        trace(rows, "P7", THEN)


def test_a_brand_that_was_learnt_later_is_told_with_what_is_known_now() -> None:
    told = {
        None: {"orders_all": 2},
        "known": {"orders_all": 1},
        "later": {"orders_all": 1, "is_follower": False},
    }
    (one,) = learnt_later(told, {None, "known"}, CATALOGUE, as_of=date(2026, 11, 20))
    assert (one.brand_id, one.tag, one.value, one.now) == ("later", "orders_all", None, 1)
    assert one.why == "nothing was known of the person and the brand"
    assert one.differs
