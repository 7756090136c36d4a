"""Tables as the text files of real life: instants with an offset, lists as `a|b`, broken cells as planted."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from huaxiang.world.clock import ZONE_SECONDS
from huaxiang.world.rows import compute, joined

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from huaxiang.world.shape import Shape

FAULT = "_fault"  # int8 column beside a feed's own: what is, or is to be, wrong with the row
BAD_DATE, EPOCH_MS, OVERFLOW, BROKEN = 1, 2, 3, 4  # the first three are done while rendering the text
TOO_MUCH = "99999999999999999999.99"
NO_DATE = "2026-02-30 25:61:00"
_QUOTED = {pa.string(), pa.date32(), pa.timestamp("us", tz="UTC")}
_ROWS = 1 << 17  # rows rendered at a time
_SUFFIX = {"csv-bom": "csv", "csv-gb18030": "csv"}


def suffix(shape: Shape) -> str:
    """Return the file name's ending."""
    return _SUFFIX.get(shape.format, shape.format)


def write(table: pa.Table, shape: Shape, path: Path) -> None:
    """Write one landing file; the bytes depend on the rows only."""
    if shape.format == "parquet":
        _write_parquet(table, shape, path)
    elif shape.format == "csv.gz":
        with path.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as packed:
            _write_csv(table, shape, pa.PythonFile(packed, "w"))
    elif shape.format == "jsonl.zst":
        with pa.OSFile(str(path), "wb") as file, pa.CompressedOutputStream(file, "zstd") as stream:
            _write_json(table, shape, stream)
    elif shape.format == "jsonl":
        with pa.OSFile(str(path), "wb") as file:
            _write_json(table, shape, file)
    elif shape.format == "csv-gb18030":
        memory = io.BytesIO()
        _write_csv(table, shape, memory)
        path.write_bytes(memory.getvalue().decode().encode("gb18030"))
    else:
        with pa.OSFile(str(path), "wb") as file:
            if shape.format == "csv-bom":
                file.write(b"\xef\xbb\xbf")
            _write_csv(table, shape, file)


def _write_parquet(table: pa.Table, shape: Shape, path: Path) -> None:
    own_id = shape.key[-1]
    coded: Any = [f.name for f in shape.schema if f.name != own_id and pa.types.is_string(f.type)]
    pyarrow.parquet.write_table(
        table.select(shape.schema.names),
        path,
        compression="zstd",
        compression_level=1,
        use_dictionary=coded,
        write_page_checksum=True,
        row_group_size=1 << 20,
        store_schema=False,
    )


def _write_csv(table: pa.Table, shape: Shape, sink: Any) -> None:
    texts = _texts(table, shape, lists_as_json=False)
    first = next(texts)
    with pyarrow.csv.CSVWriter(sink, first.schema) as writer:
        writer.write_table(first)
        for batch in texts:
            writer.write_table(batch)


def _write_json(table: pa.Table, shape: Shape, sink: Any) -> None:
    """Write one object per row, nulls as null, through column-wise text."""
    for batch in _texts(table, shape, lists_as_json=True):
        parts: list[Any] = []
        for field in shape.schema:
            values = batch.column(field.name).combine_chunks()
            quoted = field.type in _QUOTED
            text = joined('"', _escaped(values), '"') if quoted else values.cast(pa.string())
            parts += [f'{"," if parts else "{"}"{field.name}":', text.fill_null("null")]
        lines: Any = joined(*parts, "}\n")
        # The characters of a fresh string array lie end to end: they are the file.
        size = compute.sum(compute.binary_length(lines)).as_py() or 0
        sink.write(lines.buffers()[2].slice(0, size))


def _escaped(values: Any) -> Any:
    if not pa.types.is_string(values.type):
        return values.cast(pa.string())
    for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\0", "\\u0000")):
        values = compute.replace_substring(values, pattern=raw, replacement=escaped)
    return values


def _texts(table: pa.Table, shape: Shape, *, lists_as_json: bool) -> Iterator[pa.Table]:
    """Yield the table in slices, with instants and lists as text and broken cells broken."""
    for start in range(0, max(table.num_rows, 1), _ROWS):
        part = table.slice(start, _ROWS)
        faults = part.column(FAULT).combine_chunks().fill_null(0) if FAULT in part.column_names else None
        columns: list[Any] = []
        for field in shape.schema:
            values = part.column(field.name).combine_chunks()
            if pa.types.is_timestamp(field.type):
                values = _instants(values)
                if field.name == shape.at and faults is not None:
                    values = _broken_dates(values, part.column(field.name).combine_chunks(), faults)
            elif pa.types.is_list(field.type):
                values = _lists(values, as_json=lists_as_json)
            elif pa.types.is_decimal(field.type) and faults is not None and field.name in ("paid", "amount"):
                values = compute.if_else(compute.equal(faults, OVERFLOW), TOO_MUCH, values.cast(pa.string()))
            columns.append(values)
        yield pa.table(columns, names=shape.schema.names)


def _instants(values: Any) -> Any:
    """Render instants as local time in Shanghai with its offset."""
    local = compute.add(values.view(pa.int64()), ZONE_SECONDS * 1_000_000)
    seconds = compute.divide(local, 1_000_000).view(pa.timestamp("s"))
    return joined(compute.replace_substring(seconds.cast(pa.string()), " ", "T"), "+08:00")


def _broken_dates(texts: Any, instants: Any, faults: Any) -> Any:
    epoch = compute.divide(instants.view(pa.int64()), 1000).cast(pa.string())
    texts = compute.if_else(compute.equal(faults, EPOCH_MS), epoch, texts)
    return compute.if_else(compute.equal(faults, BAD_DATE), NO_DATE, texts)


def _lists(values: Any, *, as_json: bool) -> Any:
    if not as_json:
        return compute.binary_join(values, "|")
    inner = compute.binary_join(values, '","')
    return compute.if_else(compute.equal(inner, ""), "[]", joined('["', inner, '"]'))
