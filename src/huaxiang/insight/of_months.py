"""What tables of many people have in common: which months they tell, and how sure a share or a mean is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import Column, DataFrame

MONTHS = 12
"""Months that are told, the night's own among them."""
Z = 1.96
FEW = (12.7062, 4.3027, 3.1824, 2.7764)
"""The 0.975 quantiles of Student's t of one to four degrees of freedom."""


def first_month(as_of: date) -> Column:
    """Return the first day of the first month that is told."""
    return F.add_months(F.trunc(F.lit(as_of), "month"), 1 - MONTHS)


def in_told_months(as_of: date) -> Column:
    """Whether `business_date` is of the months that are told, and not after the night."""
    return F.col("business_date").between(first_month(as_of), F.lit(as_of))


def per_brand_and_all(rows: DataFrame) -> DataFrame:
    """Return each row of its `brand_id`, if it has one, and once more of all brands: null."""
    return rows.withColumn("brand_id", F.explode(F.array_distinct(F.array("brand_id", F.lit(None)))))


def share_interval(part: Column, whole: Column) -> tuple[Column, Column]:
    """Return the ends of a share's 95 % interval (Wilson 1927); null where the part is more than the whole."""
    share = F.when(part <= whole, part / whole)
    middle = share + Z * Z / (2 * whole)
    width = Z * F.sqrt(share * (1 - share) / whole + Z * Z / (4 * whole * whole))
    scale = 1 + Z * Z / whole
    low, high = (middle - width) / scale, (middle + width) / scale
    known = share.isNotNull()  # and at either end exactly that, not nearly
    low = F.when(part == 0, F.lit(0.0)).otherwise(F.greatest(low, F.lit(0.0)))
    high = F.when(part == whole, F.lit(1.0)).otherwise(F.least(high, F.lit(1.0)))
    return F.when(known, low), F.when(known, high)


def count_interval(count: Column, over: Column) -> tuple[Column, Column]:
    """Return the ends of a count's 95 % interval: the score limits of a Poisson mean whose variance is `over` times it."""
    middle = count + Z * Z * over / 2
    width = Z * F.sqrt(over * count + Z * Z * over * over / 4)
    return F.greatest(middle - width, F.lit(0.0)), middle + width


def student(freedom: Column) -> Column:
    """Return the 0.975 quantile of Student's t of one degree of freedom or more, to 0.0003.

    Beyond four by its expansion around the normal one (Fisher & Cornish 1960; Abramowitz & Stegun 26.7.5).
    """
    z = 1.959964
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    near = sum((term / F.pow(freedom, power) for power, term in enumerate(terms, 1)), F.lit(z))
    few = F.element_at(F.array(*map(F.lit, FEW)), F.least(freedom, F.lit(len(FEW))).cast("int"))
    return F.when(freedom <= len(FEW), few).otherwise(near)
