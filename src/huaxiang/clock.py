"""Instants and the clocks of zones: Spark's own shifts end a query at the edge of what a timestamp holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import Column

FIRST, LAST = "0001-01-02", "9999-12-30"  # beyond, no row counts: cleaning refuses long before


def clock_in(instant: Column, zone: str) -> Column:
    """Return what the clocks of a zone show at an instant, as a timestamp; far outside our years, the instant."""
    return _shifted(instant, zone, F.from_utc_timestamp)


def instant_of(clock: Column, zone: str) -> Column:
    """Return the instant at which the clocks of a zone show this; far outside our years, the clock as it is."""
    return _shifted(clock, zone, F.to_utc_timestamp)


def midnight(day: Column, zone: str) -> Column:
    """Return the instant at which a date begins in a zone: that of an event whose source keeps no clock time."""
    return instant_of(day.cast("timestamp"), zone)


def _shifted(at: Column, zone: str, shift: Callable[[Column, str], Column]) -> Column:
    return at if zone == "UTC" else F.when(at.between(FIRST, LAST), shift(at, zone)).otherwise(at)
