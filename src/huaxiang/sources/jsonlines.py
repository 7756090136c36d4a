"""JSON lines, one object per line: values as they are written, never through a float."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from huaxiang.errors import Problem
from huaxiang.sources.delimited import ROWS, damaged_batch, good_batch
from huaxiang.sources.shape import Said, Wanted, column_problems
from huaxiang.sources.stream import RefusalError, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

INVALID_JSON = "invalid_json"
DUPLICATE_KEY = "duplicate_json_key"
NOT_AN_OBJECT = "not_a_json_object"


class _DuplicateKeyError(ValueError):
    """An object names a key twice; which value was meant is anybody's guess."""


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def json_batches(text: Text, wanted: Wanted, said: Said) -> Iterator[pa.RecordBatch]:
    """Yield the wanted keys as text, with `_record` (the how-manieth line that isn't blank) and `_damage`.

    Numbers keep their digits, true and false are words, lists and objects JSON again. Whether the
    required keys are there is known at the end only: RefusalError when no object has one of them.
    """
    columns = list(wanted.columns)
    read = _Reader(columns)
    rows: list[list[str | None]] = []
    records: list[int] = []
    wrong: list[tuple[int, str]] = []
    with text.open_text() as lines:
        for record, line in enumerate(_lines(lines, text), start=1):
            row = read(line)
            if isinstance(row, str):
                wrong.append((record, row))
                continue
            rows.append(row)
            records.append(record)
            if len(rows) >= ROWS:
                yield _texts(columns, rows, records)
                rows, records = [], []
    if read.keys:
        problems, remarks = column_problems(list(read.keys), wanted, text.name)
        if problems:
            raise RefusalError.of(problems)
        said.keep(read.keys, wanted, remarks)
    if rows:
        yield _texts(columns, rows, records)
    if wrong:
        yield damaged_batch(columns, *zip(*wrong, strict=True))


def _lines(lines: Any, text: Text) -> Iterator[str]:
    """Yield the lines that aren't blank; only a line feed ends one."""
    rest = ""
    first = True
    while chunk := lines.read(1 << 20):
        *whole, rest = (rest + chunk).split("\n")
        for line in whole:
            if line.strip():
                if first and line.lstrip().startswith("["):
                    raise RefusalError(Problem(text.name, "a JSON list", "JSON lines: one object per line"))
                first = False
                yield line
    if rest.strip():
        if first and rest.lstrip().startswith("["):
            raise RefusalError(Problem(text.name, "a JSON list", "JSON lines: one object per line"))
        yield rest


class _Reader:
    """Reads one line into the wanted columns' texts, or the reason why it can't; remembers all keys seen."""

    def __init__(self, columns: list[str]) -> None:
        self.keys: dict[str, None] = {}
        self._columns = columns
        self._decode = json.JSONDecoder(
            object_pairs_hook=_object,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_Number,
            strict=False,
        ).decode

    def __call__(self, line: str) -> list[str | None] | str:
        try:
            row = self._decode(line)
            if not isinstance(row, dict):
                return NOT_AN_OBJECT
            texts = [_text(row.get(name)) for name in self._columns]
            if "\\u" in line:  # half of a surrogate pair can be written so, and is no text
                "".join((*row, *(text for text in texts if text))).encode()
        except _DuplicateKeyError:
            return DUPLICATE_KEY
        except (ValueError, RecursionError):
            return INVALID_JSON
        self.keys.update(dict.fromkeys(row))
        return texts


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DuplicateKeyError
    return found


def _texts(columns: list[str], rows: list[list[str | None]], records: list[int]) -> pa.RecordBatch:
    values = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return good_batch(columns, values, pa.array(records, pa.int64()))


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    return None if value is None else _json(value)


def _json(value: Any) -> str:
    if isinstance(value, _Number):
        return value
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(
                f"{json.dumps(key, ensure_ascii=False)}:{_json(inner)}" for key, inner in value.items()
            )
            + "}"
        )
    return json.dumps(value, ensure_ascii=False)
