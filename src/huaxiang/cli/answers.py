"""How answers read on a terminal: brands and months asked for, names, numbers, intervals, up to which day."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from huaxiang.errors import ConfigurationError, Problem, did_you_mean, nearest
from huaxiang.named import NAMED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

Row = dict[str, Any]


def print_json(told: Any) -> None:
    """Print an answer for a program: dates and decimals as text, but for sums of whole numbers, which are longer ones."""
    print(json.dumps(told, ensure_ascii=False, default=_as_json))


def _as_json(value: Any) -> int | str:
    is_whole = isinstance(value, Decimal) and value.as_tuple().exponent == 0
    return int(value) if is_whole else str(value)


def rows_of(lake: str, table: str) -> list[Row]:
    """Return the rows of a table of the newest published release."""
    from huaxiang.tables.reader import read_light  # noqa: PLC0415

    rows: list[Row] = read_light(lake, table).to_table().to_pylist()
    return rows


def brands_in(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the brands of which any row tells."""
    return {row["brand_id"] for row in rows if row["brand_id"]}


def brand_asked(lake: str, brand: str | None, known: Collection[str], found: str) -> str | None:
    """Return the id of the brand that was asked for, by its id or one of its names in any case.

    Refused are one that is not among the `known` ids (`found` says so, with its place as `{}`), and a name of several.
    """
    if brand is None or brand in known:
        return brand
    called = [
        (str(row["brand_id"]), name)
        for row in _named(lake, "brand")
        for name in (row["name_zh"], row["name_en"])
        if name and row["brand_id"] in known
    ]
    ids = sorted({i for i, name in called if name.casefold() == brand.strip().casefold()})
    if len(ids) > 1:
        raise ConfigurationError(
            Problem("--brand", f"{len(ids)} brands are called `{brand}`", " or ".join(ids))
        )
    if not ids:
        names = {name for _, name in called}
        hint = did_you_mean(brand, known if nearest(brand, names) is None else names)
        raise ConfigurationError(Problem("--brand", found.format(f"`{brand}`"), hint=hint))
    return ids[0]


def months_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the months of which rows tell, such as 2026-11, the oldest first."""
    return sorted({f"{row['month']:%Y-%m}" for row in rows})


def untold_month(month: str | None, months: Sequence[str]) -> Problem | None:
    """Return what is wrong with a month that was asked for: that none of `months` is it; nothing where none is told."""
    if month is None or not months or month in months:
        return None
    return Problem("--month", f"`{month}` is not told", f"{months[0]} to {months[-1]}")


def check_month(month: str | None, months: Sequence[str]) -> None:
    """Refuse a month that was asked for and is not told."""
    if problem := untold_month(month, months):
        raise ConfigurationError(problem)


def of_month(rows: Iterable[Row], month: str | None) -> list[Row]:
    """Return the rows of a month; of every month without one."""
    return [row for row in rows if month in (None, f"{row['month']:%Y-%m}")]


def _named(lake: str, by: str) -> list[Row]:
    """Return the rows that name keys; none where the feed never came."""
    try:
        return rows_of(lake, f"clean/{by}") if by in NAMED else []
    except ConfigurationError:
        return []


def names_of(lake: str, by: str) -> dict[str, str]:
    """Return the Chinese names of the keys, as far as the lake knows any."""
    return {str(row[NAMED[by]]): str(row["name_zh"] or "") for row in _named(lake, by)}


def titled(lake: str, brand: str | None) -> str:
    """Return a brand with its Chinese name, or what stands for all of them."""
    return f"{names_of(lake, 'brand').get(brand, '')} {brand}".strip() if brand else "All brands"


def number(value: float | None, form: str = ",") -> str:
    """Return a number as it is written, and a dash for an unknown one."""
    return "–" if value is None else format(value, form)


def interval(row: Mapping[str, Any], name: str = "share", form: str = ".1%", between: str = " – ") -> str:
    """Return the interval of a value from its columns `_low` and `_high`, and a dash for an unknown one."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "–" if low is None else f"{format(low, form)}{between}{format(high, form)}"


def as_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return up to which day a table that isn't told every night tells; nothing of no rows."""
    return f"As of {rows[0]['as_of']}." if rows else ""
