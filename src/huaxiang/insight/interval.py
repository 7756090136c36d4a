"""What tables of shares have in common: which months they tell, and how sure a share is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import Column

MONTHS = 12
"""Months that are told, the night's own among them."""
Z = 1.96


def first_month(as_of: date) -> Column:
    """Return the first day of the first month that is told."""
    return F.add_months(F.trunc(F.lit(as_of), "month"), 1 - MONTHS)


def share_interval(part: Column, whole: Column) -> tuple[Column, Column]:
    """Return the ends of a share's 95 % interval (Wilson 1927); null where the part is more than the whole."""
    share = F.when(part <= whole, part / whole)
    middle = share + Z * Z / (2 * whole)
    width = Z * F.sqrt(share * (1 - share) / whole + Z * Z / (4 * whole * whole))
    scale = 1 + Z * Z / whole
    low, high = (middle - width) / scale, (middle + width) / scale
    known = share.isNotNull()
    return F.when(known, F.greatest(low, F.lit(0.0))), F.when(known, F.least(high, F.lit(1.0)))
