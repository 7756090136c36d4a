"""CSV and its relatives, record by record: every value text, every record numbered, none lost.

An empty value is null, quoted or not: outside systems quote at will, so the two mean the same. NUL and
other control characters stay for the row rules to refuse.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from huaxiang.errors import Problem
from huaxiang.sources.shape import Said, Wanted, column_problems
from huaxiang.sources.stream import RefusalError, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCK = 1 << 23
ROWS = 1 << 16
WRONG_FIELD_COUNT = "wrong_field_count"
BROKEN_QUOTES = "broken_quotes"
SEPARATORS = {",": ",", ";": ";", "tab": "\t", "\t": "\t", "whitespace": "\t"}


@dataclass(frozen=True)
class Layout:
    """How a delimited file is written: a key of `SEPARATORS`, and its header when the file has none."""

    separator: str = ","
    header: tuple[str, ...] = ()

    @property
    def character(self) -> str:
        """The separator as the parser sees it; runs of white space have become one tab."""
        return SEPARATORS[self.separator]


PLAIN = Layout()


def delimited_batches(text: Text, layout: Layout, wanted: Wanted, said: Said) -> Iterator[pa.RecordBatch]:
    """Yield the wanted columns as text, with `_record` (from 1) and `_damage`.

    A record with another number of fields than the header has null columns and `_damage`. Raises
    RefusalError for a header that doesn't fit, or a quote that never closes.
    """
    header = list(layout.header) or _header(text, layout)
    problems, remarks = column_problems(header, wanted, text.name)
    if problems:
        raise RefusalError.of(problems)
    said.keep(header, wanted, remarks)
    columns = list(said.columns)
    if not text.lines and not layout.header:
        return  # a header and nothing else
    if text.quotes == "irregular" and layout.separator != "whitespace":
        yield from _carefully(text, layout, header, columns)
    else:
        yield from _fast(text, layout, header, columns)


def damaged_batch(columns: Sequence[str], records: Sequence[int], damage: Sequence[str]) -> pa.RecordBatch:
    """Return records without values: what they hold can't be told apart, what they are must be counted."""
    nothing = pa.nulls(len(records), pa.string())
    return _batch(
        columns, [nothing] * len(columns), pa.array(records, pa.int64()), pa.array(damage, pa.string())
    )


def good_batch(
    columns: Sequence[str], values: Sequence[pa.Array[Any]], records: pa.Array[Any]
) -> pa.RecordBatch:
    """Return records with their values and numbers."""
    return _batch(columns, values, records, pa.nulls(len(records), pa.string()))


def _batch(
    columns: Sequence[str], values: Sequence[pa.Array[Any]], records: pa.Array[Any], damage: pa.Array[Any]
) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([*values, records, damage], names=[*columns, "_record", "_damage"])


def _header(text: Text, layout: Layout) -> list[str]:
    with text.open_text() as lines:
        try:
            if layout.separator == "whitespace":
                return next((words for line in lines if (words := line.split())), [])
            rows = csv.reader(lines, delimiter=layout.character, strict=True)
            header = next((row for row in rows if row), [])
        except csv.Error as error:
            raise RefusalError(
                Problem(text.name, f"the header can't be read: {error}", "column names")
            ) from error
    if not header:
        raise RefusalError(Problem(text.name, "no header line", "column names in the first line"))
    return header


def _fast(text: Text, layout: Layout, header: list[str], columns: list[str]) -> Iterator[pa.RecordBatch]:
    offset = 0 if layout.header else 1  # the reader counts the header as a row
    wrong: list[int] = []

    def skip(row: Any) -> Literal["skip"]:
        wrong.append(row.number - offset)
        return "skip"

    opened: Any = text.open_bytes()
    if layout.separator == "whitespace":
        opened = pa.TransformInputStream(opened, _Squeeze())
    try:
        with arrow_csv.open_csv(
            opened,
            arrow_csv.ReadOptions(
                use_threads=False,  # rows are numbered only when read in order
                block_size=BLOCK,
                column_names=list(layout.header) or None,
                encoding="utf8" if text.encoding == "utf-8" else text.encoding,
            ),
            arrow_csv.ParseOptions(
                delimiter=layout.character,
                quote_char=False if layout.separator == "whitespace" else '"',
                newlines_in_values=text.quotes == "regular",
                invalid_row_handler=skip,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                include_columns=columns,
                null_values=[""],
                strings_can_be_null=True,
                check_utf8=False,  # examined before
            ),
        ) as batches:
            numbers = _Numbers(wrong)
            for batch in batches:
                yield good_batch(columns, batch.columns, numbers.next(batch.num_rows))
    except (pa.ArrowException, OSError) as error:
        raise RefusalError(Problem(text.name, f"can't be read as CSV: {error}")) from error
    if wrong:
        yield damaged_batch(columns, wrong, [WRONG_FIELD_COUNT] * len(wrong))


class _Numbers:
    """Numbers records in their order, leaving out those that were skipped as wrong.

    The reader reports a skipped record before it gives the records that follow.
    """

    def __init__(self, wrong: list[int]) -> None:
        self._wrong = wrong
        self._next = 1
        self._passed = 0

    def next(self, rows: int) -> pa.Array[Any]:
        skipped = []
        last = self._next + rows - 1
        while self._passed < len(self._wrong) and self._wrong[self._passed] <= last:
            skipped.append(self._wrong[self._passed])
            self._passed += 1
            last += 1
        numbers = np.arange(self._next, last + 1, dtype=np.int64)
        if skipped:
            numbers = np.delete(numbers, np.array(skipped) - self._next)
        self._next = last + 1
        return pa.array(numbers)


def _carefully(text: Text, layout: Layout, header: list[str], columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Read a file whose quotes don't follow the rules by Python's strict reader, which says where."""
    csv.field_size_limit(sys.maxsize)
    at = [header.index(name) for name in columns]
    rows: list[list[str]] = []
    records: list[int] = []
    wrong: list[tuple[int, str]] = []
    with text.open_text() as lines:
        for record, row in enumerate(
            _records(text, csv.reader(lines, delimiter=layout.character, strict=True))
        ):
            number = record + 1 if layout.header else record
            if number == 0:
                continue
            if isinstance(row, str):
                wrong.append((number, row))
            elif len(row) != len(header):
                wrong.append((number, WRONG_FIELD_COUNT))
            else:
                rows.append([row[i] for i in at])
                records.append(number)
            if len(rows) >= ROWS:
                yield _texts(columns, rows, records)
                rows, records = [], []
    if rows:
        yield _texts(columns, rows, records)
    if wrong:
        yield damaged_batch(columns, *zip(*wrong, strict=True))


def _records(text: Text, reader: Any) -> Iterator[list[str] | str]:
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error):
                found = f"a quote that opens in the record at line {line} never closes"
                raise RefusalError(
                    Problem(text.name, found, 'every `"` closed, one inside a value doubled')
                ) from error
            yield BROKEN_QUOTES
        else:
            if row:
                yield row


def _texts(columns: list[str], rows: list[list[str]], records: list[int]) -> pa.RecordBatch:
    values = [
        pa.array([value or None for value in column], pa.string()) for column in zip(*rows, strict=True)
    ]
    return good_batch(columns, values, pa.array(records, pa.int64()))


class _Squeeze:
    """Makes runs of blanks one tab and drops those at a line's ends, whole lines at a time."""

    def __init__(self) -> None:
        self._rest = b""

    def __call__(self, chunk: pa.Buffer) -> bytes:
        data = self._rest + bytes(chunk)
        cut = data.rfind(b"\n") + 1 if len(chunk) else len(data)
        self._rest = data[cut:]
        return b"".join(b"\t".join(line.split()) + b"\n" for line in data[:cut].split(b"\n") if line.strip())
