"""A feed against its own past, its age, and the signs in which a rule is told: plain numbers."""

from __future__ import annotations

from datetime import date

import pytest

from huaxiang.contracts.model import Gate
from huaxiang.gates import against_past, age_days, rows_by_day
from huaxiang.gates.rules import expectation_text


@pytest.mark.parametrize(
    ("tonight", "past", "expected"),
    [
        (50, [100], 0.5),
        (100, [100, 300, 80], 1.0),
        (0, [10], 0.0),
        (150, [100, 200], 1.0),
        (70, [1_000_000, *[70] * 14], 1.0),  # the backfill of fifteen nights ago is forgotten
    ],
)
def test_tonight_is_compared_with_the_median_of_its_last_nights(
    tonight: int, past: list[int], expected: float
) -> None:
    assert against_past({"review": tonight}, {"review": past}) == {"review": {"rows_against_past": expected}}


@pytest.mark.parametrize("past", [[], [0, 0, 5], [1, 9, 40]])
def test_without_a_usual_night_there_is_no_metric(past: list[int]) -> None:
    assert against_past({"review": 5}, {"review": past}) == {}
    assert against_past({"review": 5}, {}) == {}


def test_files_of_one_arrival_date_are_one_day() -> None:
    files = [
        ("review", date(2026, 1, 2), 5),
        ("review", date(2026, 1, 1), 7),
        ("review", date(2026, 1, 2), 6),
    ]
    assert rows_by_day(files) == {"review": [7, 11]}


def test_age_is_in_days_and_unknown_without_a_date() -> None:
    as_of = date(2026, 3, 1)
    assert age_days(date(2026, 2, 27), as_of=as_of) == 2
    assert age_days(date(2026, 3, 2), as_of=as_of) == -1
    assert age_days(None, as_of=as_of) is None


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0, 0, "= 0"), (1, None, "≥ 1"), (None, 0.05, "≤ 0.05"), (0.5, 2, "0.5 … 2")],
)
def test_bounds_are_told_in_signs(low: float | None, high: float | None, text: str) -> None:
    assert expectation_text(Gate("rows", low, high)) == text
