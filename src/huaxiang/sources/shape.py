"""Does a file have the shape it should: columns that are missing, renamed, unknown, or of a narrower type."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import types as t

from huaxiang.errors import Problem, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from huaxiang.contracts.model import Contract

MOST_DIGITS = 38
RENAMED = 0.88  # as alike as `paid` and `paidd`; `promotion_id` and `promotion_name` are 0.77


@dataclass(frozen=True)
class Wanted:
    """What is read of a file: `columns` in this order, of which `required` must be there.

    `types` are a contract's Spark types, empty for outside files, whose types are their own business.
    `strict` says that other columns are worth a note: an outside file is full of them.
    """

    columns: tuple[str, ...]
    required: frozenset[str]
    types: Mapping[str, str] = field(default_factory=dict)
    strict: bool = True


@dataclass
class Said:
    """What a decoder says of a file beside its batches: `notes` that refuse nothing, and which wanted `columns` it has."""

    notes: list[Problem] = field(default_factory=list)
    columns: tuple[str, ...] = ()

    def keep(self, found: Collection[str], wanted: Wanted, remarks: Iterable[Problem]) -> None:
        """Keep which wanted columns are among the `found` names, and the remarks."""
        self.columns = tuple(name for name in wanted.columns if name in found)
        self.notes += remarks


NAME_IT = "give the column its name, or say in a source map what it is called"


def wanted_by(contract: Contract) -> Wanted:
    """Return what a landing feed's file must have: key and required columns; others may be left out."""
    required = frozenset(contract.key) | {c.name for c in contract.columns if c.required}
    return Wanted(contract.names, required, {c.name: c.type for c in contract.columns})


def column_problems(found: Sequence[str], wanted: Wanted, place: str) -> tuple[list[Problem], list[Problem]]:
    """Compare names: (problems that refuse the file, notes about columns nobody reads).

    A column that is left out and a stranger with nearly its name are one renamed column: refused even
    when it is optional, since its values would be lost without a word. A file without a header has
    somebody's values there: strangers are named only beside enough columns that are known.
    """
    known = {name.lower() for name in wanted.columns}
    is_header = 2 * len(known & {name.strip().lower() for name in found}) >= min(len(known), len(found))
    problems = [
        Problem(place, f"the column `{name}` is there {found.count(name)} times", "each name once")
        for name in wanted.columns
        if found.count(name) > 1
    ]
    strangers = [name for name in dict.fromkeys(found) if name not in wanted.columns]
    renamed: set[str] = set()
    for name in wanted.columns:
        if name in found:
            continue
        like = next((s for s in strangers if _is_renamed(s, name)), None)
        if like is None and name in wanted.required:
            like = nearest(name, strangers)
        if like is not None and (wanted.strict or name in wanted.required):
            renamed.add(like)
            but = f", but one `{like}`" if is_header else ""
            hint = NAME_IT if is_header else "is the first line a header?"
            problems.append(Problem(place, f"no column `{name}`{but}", hint=hint))
        elif name in wanted.required:
            problems.append(Problem(place, f"no column `{name}`", hint=_header_hint(found, wanted)))
    notes = [
        Problem(place, f"the column `{name}` is in no contract and was not read")
        for name in strangers
        if wanted.strict and name not in renamed
    ]
    return problems, notes


def type_problems(schema: pa.Schema, wanted: Wanted, place: str) -> list[Problem]:
    """Compare a Parquet file's types with the contract's: a narrower one has perhaps already cut values."""
    problems = []
    for name in wanted.columns:
        if schema.names.count(name) != 1:  # of one that is there twice, `column_problems` tells
            continue
        found = value_type(schema.field(name).type)
        kind = wanted.types.get(name)
        if staged_type(found) is None or (kind is not None and not _holds(kind, found)):
            problems.append(
                Problem(
                    place,
                    f"`{name}` is {found}",
                    kind or "text, a number, a date, an instant or a list",
                    _why(kind, found),
                )
            )
    return problems


def staged_type(found: pa.DataType) -> pa.DataType | None:
    """Return the type in which a column is staged, holding all its values; None when Spark has none.

    Nanoseconds become microseconds, Spark's instants.
    """
    found = value_type(found)
    if isinstance(found, pa.TimestampType):
        return pa.timestamp("us", "UTC" if found.tz else None)
    if isinstance(found, pa.Decimal128Type | pa.Decimal256Type):
        return pa.decimal128(found.precision, found.scale) if found.precision <= MOST_DIGITS else None
    if isinstance(found, pa.ListType | pa.LargeListType):
        inside = staged_type(found.value_type)
        return None if inside is None else pa.list_(inside)
    return _STAGED.get(found)


def spark_type(staged: pa.DataType) -> str:
    """Return Spark's simple name of a type that `staged_type` gives."""
    if isinstance(staged, pa.TimestampType):
        return "timestamp" if staged.tz else "timestamp_ntz"
    if isinstance(staged, pa.Decimal128Type):
        return f"decimal({staged.precision},{staged.scale})"
    if isinstance(staged, pa.ListType):
        return f"array<{spark_type(staged.value_type)}>"
    return _SPARK[value_type(staged)]


def value_type(found: pa.DataType) -> pa.DataType:
    """Return a column's type without how it is stored: dictionaries and the large and view kinds of text."""
    if t.is_dictionary(found):
        return value_type(found.value_type)
    if t.is_large_string(found) or t.is_string_view(found):
        return pa.string()
    return found


def _holds(kind: str, found: pa.DataType) -> bool:
    """Return whether every value of the contract's type `kind` fits into the file's type `found`."""
    if t.is_string(found) or t.is_null(found):
        return True
    if kind.startswith("array<"):
        return isinstance(found, pa.ListType | pa.LargeListType) and _holds(
            kind[6:-1], value_type(found.value_type)
        )
    if kind.startswith("decimal("):
        precision, scale = (int(n) for n in kind[8:-1].split(","))
        return t.is_decimal(found) and _scale(found) >= scale and _whole_digits(found) >= precision - scale
    fits = _HOLDS.get(kind)
    return fits is not None and fits(found)


def _whole_digits(found: pa.DataType) -> int:
    return found.precision - found.scale if isinstance(found, pa.Decimal128Type | pa.Decimal256Type) else 0


def _scale(found: pa.DataType) -> int:
    return found.scale if isinstance(found, pa.Decimal128Type | pa.Decimal256Type) else 0


def _is_wide_whole(found: pa.DataType) -> bool:
    return t.is_int64(found) or t.is_uint64(found) or _whole_digits(found) >= 18


def _is_local_instant(found: pa.DataType) -> bool:
    return isinstance(found, pa.TimestampType) and found.tz is None


_HOLDS: Mapping[str, Callable[[pa.DataType], bool]] = {
    "string": lambda f: t.is_integer(f) or t.is_boolean(f) or t.is_decimal(f),
    "boolean": t.is_boolean,
    "bigint": _is_wide_whole,
    "int": lambda f: t.is_int32(f) or t.is_uint32(f) or _is_wide_whole(f),
    "double": t.is_float64,
    "date": lambda f: (
        t.is_date(f) or _is_local_instant(f)
    ),  # pandas writes dates as midnights; others are bad rows
    "timestamp": t.is_timestamp,
}
_SPARK: Mapping[pa.DataType, str] = {
    pa.string(): "string",
    pa.bool_(): "boolean",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.date32(): "date",
}
_STAGED: Mapping[pa.DataType, pa.DataType] = {
    pa.null(): pa.string(),
    **{same: same for same in (pa.string(), pa.bool_(), pa.int32(), pa.int64(), pa.float64(), pa.date32())},
    **dict.fromkeys((pa.int8(), pa.int16()), pa.int32()),
    **dict.fromkeys((pa.uint8(), pa.uint16(), pa.uint32()), pa.int64()),
    pa.uint64(): pa.decimal128(20, 0),
    **dict.fromkeys((pa.float16(), pa.float32()), pa.float64()),
    pa.date64(): pa.date32(),
}


def _why(kind: str | None, found: pa.DataType) -> str:
    if kind is None:
        return "map another column, or write this one as text"
    number = t.is_integer(found) or t.is_floating(found) or t.is_decimal(found)
    if number and (kind in ("bigint", "int", "double") or kind.startswith("decimal")):
        return "a narrower type may already have cut values: write it as the contract says, or as text"
    return "write it as the contract says, or as text"


def _is_renamed(stranger: str, name: str) -> bool:
    stranger, name = stranger.strip().lower(), name.lower()
    return stranger == name or SequenceMatcher(None, stranger, name).ratio() >= RENAMED


def _header_hint(found: Sequence[str], wanted: Wanted) -> str:
    for mark in (";", "\t", "|"):
        if len(found) == 1 and set(found[0].split(mark)) & set(wanted.columns):
            return f"the file is separated by `{mark}`: write commas, or read it by a source map"
    if not set(found) & set(wanted.columns):
        return "none of the columns is known: is the first line a header?"
    return ""
