"""Amounts in currency units → `bigint` minor units of the lake's currency, or the reason why not.

An amount is read to five decimals: what lies within 0.000005 units of a whole minor unit is that
amount (floats come as 12.100000000000001), anything else between two minor units is refused, not rounded.
Only a conversion rounds: half up, once, to the lake's minor unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.readings import as_number, is_given, is_number
from huaxiang.config import RATE_DIGITS, RATE_SCALE

if TYPE_CHECKING:
    from pyspark.sql import Column
    from pyspark.sql import types as T

    from huaxiang.config import Config

READ_AS = "decimal(18,5)"
LIMIT_MINOR = 10**15
DEFAULT_DIGITS = 2


@dataclass(frozen=True)
class Amount:
    """One amount: as it came, in minor units of the lake, and what can be wrong with it."""

    value: Column
    minor: Column
    is_bad: Column
    is_fractional: Column
    is_overflowing: Column
    lacks_rate: Column


def amount(raw: Column, found: T.DataType, wanted: str, currency: Column, config: Config) -> Amount:
    """Read `raw` as an amount in `currency` (never null); `wanted` is the contract's decimal type."""
    wide = as_number(raw, found, READ_AS)
    digits = {**dict.fromkeys((*config.rates, config.currency), DEFAULT_DIGITS), **config.currency_digits}
    own_minor = wide * _by_currency(currency, {c: Decimal(10**d) for c, d in digits.items()}, Decimal(100))
    has_rate = currency.isin(config.currency, *config.rates)
    per_unit = {c: rate * 10**config.digits for c, rate in config.rates.items()}
    own = own_minor.try_cast("bigint")
    converted = F.round(wide * _by_currency(currency, per_unit, None), 0).try_cast("bigint")
    minor = F.when(currency == config.currency, own).otherwise(converted) if per_unit else own
    given, number = is_given(raw, found), F.coalesce(is_number(raw, found), F.lit(False))
    is_lost = F.isnull(wide) | (has_rate & F.isnull(minor))
    return Amount(
        value=wide.try_cast(wanted),
        minor=minor,
        is_bad=given & ~number,
        is_fractional=own_minor != F.round(own_minor, 0),
        is_overflowing=given & number & (is_lost | (F.abs(minor) >= LIMIT_MINOR)),
        lacks_rate=given & ~has_rate,
    )


def _by_currency(currency: Column, factors: dict[str, Decimal], otherwise: Decimal | None) -> Column:
    """Return the factor of a row's currency, as one decimal type for all."""
    kind = f"decimal({RATE_DIGITS},{RATE_SCALE})" if otherwise is None else "decimal(5,0)"
    chosen = F.when(F.lit(False), F.lit(otherwise).cast(kind))
    for code, factor in sorted(factors.items()):
        if factor != otherwise:
            chosen = chosen.when(currency == code, F.lit(factor).cast(kind))
    return chosen.otherwise(F.lit(otherwise).cast(kind))
