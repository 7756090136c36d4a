"""Plausible rows for any contract, the same ones each time: for tests, examples and empty demonstrations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.types import SIMPLE, element, family, type_json
from huaxiang.expressions import compile_expression

if TYPE_CHECKING:
    from huaxiang.contracts.model import Column, Contract

_TIMES = ("date", "timestamp")
FIRST_DAY = date(2026, 1, 1)
_FIRST_INSTANT = datetime(2026, 1, 1, 1, tzinfo=UTC)  # 9 o'clock in Shanghai: the same date in both zones


def sample_rows(contract: Contract, rows: int = 5) -> list[tuple[Any, ...]]:
    """Return rows that hold to the contract: allowed values, limits, patterns, row rules, every key once.

    Row n is of day n; instants grow from column to column, so that ends come after starts. What two columns
    would have to agree on (a row rule over them) is null in the later one, or the same where neither may be null,
    and the optional columns of the last row are all null.
    """
    tied, same = _tied_columns(contract), _same_columns(contract)
    optional = {c.name for c in contract.columns if not c.required and c.name not in contract.key}
    return [
        tuple(
            None
            if column.name in tied or (column.name in optional and 1 < rows == i + 1)
            else _value(*same.get(column.name, (column, place)), contract, i)
            for place, column in enumerate(contract.columns)
        )
        for i in range(rows)
    ]


def _tied_columns(contract: Contract) -> set[str]:
    """Return the last optional column of each row rule, dates and instants apart: they agree by growing."""
    names = {column.name: column.name_info for column in contract.columns}
    tied: set[str] = set()
    for rule in contract.rules:
        used = compile_expression(rule.holds, names).names
        free = [
            c.name for c in contract.columns if c.name in used and not c.required and c.type not in _TIMES
        ]
        tied |= set(free[-1:])
    return tied


def _same_columns(contract: Contract) -> dict[str, tuple[Column, int]]:
    """Return the columns that take another's value, with that and its place: two whole numbers of a rule, both required.

    The other is the one that begins higher.
    """
    names = {column.name: column.name_info for column in contract.columns}
    same: dict[str, tuple[Column, int]] = {}
    for rule in contract.rules:
        used = compile_expression(rule.holds, names).names
        held = [(c, place) for place, c in enumerate(contract.columns) if c.name in used]
        if len(held) == 2 and all(c.required and c.type in ("int", "bigint") for c, _ in held):
            first = max(held, key=lambda one: one[0].minimum or 0)
            same |= {c.name: same.get(first[0].name, first) for c, _ in held}
    return same


def _value(column: Column, place: int, contract: Contract, row: int) -> Any:
    is_key = column.name in contract.key
    if column.name == "revision" and not is_key:
        return 0
    if column.name == "op":
        return "upsert"
    kind = family(column.type)
    if column.allowed or column.pattern or (column.examples and not is_key):
        known = column.allowed or column.examples
        word = known[row % len(known)]
        return [word] if kind == "array" else int(word) if kind in ("int", "bigint") else word
    if kind in ("int", "bigint", "decimal", "double"):
        return _number(column, kind, row, step=1 if is_key else place + 1)
    return _plain(column.type, f"{column.name}-{row + 1}", row, place)


def _number(column: Column, kind: str, row: int, step: int) -> Any:
    """Return a number between the limits, and another one for each row while they leave room."""
    low = column.minimum if column.minimum is not None else Decimal(0)
    if kind in ("int", "bigint"):
        room = None if column.maximum is None else int(column.maximum - low) + 1
        offset = row * step if room is None else row * step % room
        return int(low) + offset
    span = Decimal(100) if column.maximum is None else min(column.maximum - low, Decimal(100))
    scale = int(column.type.rstrip(")").split(",")[1]) if kind == "decimal" else 2
    number = low + span * ((row * 7 + step) % 20) / 20
    number = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_EVEN)
    return float(number) if kind == "double" else number


def _plain(kind: str, word: str, row: int, place: int) -> Any:
    """Return a value of a type that has no limits."""
    plain = {
        "string": word,
        "boolean": row % 2 == 0,
        "int": row,
        "bigint": row,
        "double": float(row),
        "date": FIRST_DAY + timedelta(days=row),
        "timestamp": _FIRST_INSTANT + timedelta(days=row, minutes=place),
        "binary": word.encode(),
    }
    if kind in SIMPLE:
        return plain[kind]
    if family(kind) == "decimal":
        return Decimal(row)
    if family(kind) == "array":
        return [_plain(element(kind), word, row, place)]
    shape = type_json(kind)
    if family(kind) == "map" or not isinstance(shape, dict):
        return {}
    return tuple(
        _of_json(field["type"], f"{field['name']}-{row + 1}", row, place) for field in shape["fields"]
    )


def _of_json(shape: Any, word: str, row: int, place: int) -> Any:
    """Return a value of a type in its JSON form, one level below a struct."""
    if isinstance(shape, str):
        spoken = {json: plain for plain, json in SIMPLE.items()}
        return _plain(spoken.get(shape, shape), word, row, place)
    if shape["type"] == "array":
        return [_of_json(shape["elementType"], word, row, place)]
    if shape["type"] == "map":
        return {}
    return tuple(
        _of_json(field["type"], f"{field['name']}-{row + 1}", row, place) for field in shape["fields"]
    )
