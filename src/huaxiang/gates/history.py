"""A feed against its own past, and how old its newest event is: metrics that need more than one table.

Plain numbers in, plain numbers out: the caller reads them from the file ledger and the clean tables.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

NIGHTS_REMEMBERED = 14
FEWEST = 10
"""Rows of a usual night: of fewer, chance alone makes three times as many."""


def against_past(
    tonight: Mapping[str, float], past: Mapping[str, Sequence[int]]
) -> dict[str, dict[str, float]]:
    """Return per feed `{"rows_against_past": tonight / median of the past}`, ready to merge into metrics.

    `past` is oldest first; only its last `NIGHTS_REMEMBERED` count. A feed without a past, or whose usual
    night has fewer than `FEWEST` rows, gets no metric, and its gate does not bind. Compare like with like: rows
    per arrival date (`rows_by_day`), else a backfill of two years makes every later night look empty.
    """
    found = {}
    for feed, rows in tonight.items():
        earlier = list(past.get(feed, ()))[-NIGHTS_REMEMBERED:]
        usual = median(earlier) if earlier else 0
        if usual >= FEWEST:
            found[feed] = {"rows_against_past": rows / usual}
    return found


def rows_by_day(files: Iterable[tuple[str, date, int]]) -> dict[str, list[int]]:
    """Return per feed the rows of each arrival date, oldest first, from (feed, date, rows) of files."""
    days: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for feed, arrived, rows in files:
        days[feed][arrived] += rows
    return {feed: [per_day[day] for day in sorted(per_day)] for feed, per_day in days.items()}


def age_days(newest: date | None, *, as_of: date) -> int | None:
    """Return the days from a feed's newest business date to `as_of`; None when no row is dated.

    Negative when the newest event is dated after `as_of` (loaded, and counted later).
    """
    return None if newest is None else (as_of - newest).days
