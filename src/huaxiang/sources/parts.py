"""Staged Parquet as it is written: a folder per schema, small files together, a refused file not at all."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from huaxiang.sources.files import LandingFile

SMALL = 32 << 20  # bytes of a file's batches up to which files share one staged part
ROW_GROUP = 1 << 17
_PLACES = [
    ("_path", pa.dictionary(pa.int32(), pa.string())),
    ("_arrival", pa.date32()),
    ("_record", pa.int64()),
    ("_damage", pa.string()),
]


class Tables:
    """The staged tables of one feed: one folder per schema, small files together, a big file by itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shared: dict[str, _Part] = {}
        self._parts = 0

    def add(
        self, file: LandingFile, batches: Iterable[pa.RecordBatch], columns: Sequence[str], *, is_text: bool
    ) -> int:
        """Write one file's batches and return its records; an exception leaves nothing of it behind."""
        waiting: list[pa.RecordBatch] = []
        own: _Part | None = None
        rows = size = 0
        try:
            for plain in batches:
                batch = _placed(plain, file, columns, is_text=is_text)
                rows += batch.num_rows
                size += batch.nbytes
                waiting.append(batch)
                if own is None and size > SMALL:
                    own = self._part(batch.schema, is_text=is_text)
                if own is not None:
                    own.write(waiting)
                    waiting = []
        except BaseException:
            if own is not None:
                own.drop()
            raise
        if own is not None:
            own.close()
        elif waiting:
            self._shared_part(waiting[0].schema, is_text=is_text).write(waiting)
        return rows

    def close(self) -> tuple[Path | None, tuple[Path, ...]]:
        """Finish all parts; return the folder of texts, if any, and those of typed rows."""
        for part in self._shared.values():
            part.close()
        text = self._folder / "text"
        typed = sorted(self._folder.glob("typed-*"))
        return (text if _has_parts(text) else None), tuple(path for path in typed if _has_parts(path))

    def _shared_part(self, schema: pa.Schema, *, is_text: bool) -> _Part:
        key = str(schema)
        if key not in self._shared:
            self._shared[key] = self._part(schema, is_text=is_text)
        return self._shared[key]

    def _part(self, schema: pa.Schema, *, is_text: bool) -> _Part:
        kind = "text" if is_text else "typed-" + hashlib.sha256(str(schema).encode()).hexdigest()[:8]
        self._parts += 1
        return _Part(self._folder / kind / f"part-{self._parts:05}.parquet", schema)


class _Part:
    """One Parquet file being written in row groups of a fair size."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._writer = pq.ParquetWriter(path, schema, compression="lz4", write_page_checksum=True)
        self._waiting: list[pa.RecordBatch] = []

    def write(self, batches: list[pa.RecordBatch]) -> None:
        self._waiting += batches
        if sum(b.num_rows for b in self._waiting) >= ROW_GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def drop(self) -> None:
        self._writer.close()
        self._path.unlink()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
        self._waiting = []


def _placed(
    batch: pa.RecordBatch, file: LandingFile, wanted: Sequence[str], *, is_text: bool
) -> pa.RecordBatch:
    """Return the batch with where each row came from; texts get a column for every name that is wanted."""
    rows = batch.num_rows
    columns = [c for c in wanted if is_text or c in batch.schema.names]
    nothing = pa.nulls(rows, pa.string())
    values = [batch.column(c) if c in batch.schema.names else nothing for c in columns]
    places: dict[str, pa.Array[Any]] = {
        "_path": pa.repeat(file.relative, rows).dictionary_encode(),
        "_arrival": pa.repeat(pa.scalar(file.arrival, pa.date32()), rows),
        "_record": batch.column("_record"),
        "_damage": batch.column("_damage"),
    }
    schema = pa.schema(
        [
            *(pa.field(c, v.type) for c, v in zip(columns, values, strict=True)),
            *map(pa.field, *zip(*_PLACES, strict=True)),
        ]
    )
    arrays = [*values, *(places[name] for name, _ in _PLACES)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _has_parts(folder: Path) -> bool:
    return any(folder.glob("*.parquet"))
