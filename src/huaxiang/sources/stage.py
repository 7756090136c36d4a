"""A feed's files of one night, whatever their format, as staged Parquet that Spark reads in one go.

Text formats become one table of texts; Parquet inputs keep their types, one table per set of types. Each
row carries `_path`, `_arrival`, `_record`, `_format` (`text` or `typed`) and `_damage`: the reason why a
record has no values, which cleaning turns into its quarantine reason.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet as pq

from huaxiang.errors import Problem
from huaxiang.sources.delimited import PLAIN, delimited_batches
from huaxiang.sources.jsonlines import json_batches
from huaxiang.sources.parquet import parquet_batches
from huaxiang.sources.repeats import repeated_records
from huaxiang.sources.shape import Wanted, wanted_by
from huaxiang.sources.stream import CHUNK, RefusalError, examine, open_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from huaxiang.contracts.model import Contract
    from huaxiang.sources.files import LandingFile
    from huaxiang.sources.outside import OutsideFile, SourceMap
    from huaxiang.tables.storage import Storage

SMALL = 32 << 20  # bytes of a file's batches up to which files share one staged part
ROW_GROUP = 1 << 18
_PLACES = [
    ("_path", pa.dictionary(pa.int32(), pa.string())),
    ("_arrival", pa.date32()),
    ("_record", pa.int64()),
    ("_format", pa.string()),
    ("_damage", pa.string()),
]


@dataclass(frozen=True)
class StagedFile:
    """What became of one landing file: its records, damaged ones too, or why it was refused whole."""

    file: LandingFile
    rows: int
    problem: Problem | None = None


@dataclass(frozen=True)
class Staged:
    """A feed's staged tables, as folders of Parquet. `notes` are remarks that refuse nothing.

    `repeats` lists (`_path`, `_record`) of the records whose key, by a source map, isn't unique.
    """

    feed: str
    text: Path | None
    typed: tuple[Path, ...]
    files: tuple[StagedFile, ...]
    notes: tuple[Problem, ...] = ()
    repeats: Path | None = None

    @property
    def rows(self) -> int:
        """All records of the files that could be read."""
        return sum(f.rows for f in self.files)

    @property
    def refused(self) -> tuple[StagedFile, ...]:
        """The files of which no row was taken."""
        return tuple(f for f in self.files if f.problem is not None)


def stage(
    files: Iterable[LandingFile],
    contract: Contract,
    into: Path,
    source: SourceMap | None = None,
    *,
    storage: Storage | None = None,
) -> Staged:
    """Decode the files of one feed into `<into>/<feed>/`; a file that can't be read whole is left out whole.

    Memory is bounded by a few batches, whatever the files' size. An earlier content of the folder is
    removed first. `storage` is where the files lie, when that is not this machine.
    """
    folder = into / contract.name
    shutil.rmtree(folder, ignore_errors=True)
    outside = source.file_of(contract.name) if source else None
    wanted = source.wanted(contract.name) if source else wanted_by(contract)
    tables = _Tables(folder)
    notes: list[Problem] = []
    staged = []
    for file in files:
        reader = _Reading(file, outside, wanted, storage, folder / "fetched")
        try:
            staged.append(StagedFile(file, tables.add(file, reader)))
        except RefusalError as refusal:
            staged.append(StagedFile(file, 0, refusal.problem))
        else:
            notes += reader.notes
        shutil.rmtree(folder / "fetched", ignore_errors=True)
    text, typed = tables.close()
    folders = [*([text] if text else []), *typed]
    key = source.feeds[contract.name].key if source else None
    repeats = repeated_records(folders, key, folder) if key and folders else None
    return Staged(contract.name, text, typed, tuple(staged), tuple(dict.fromkeys(notes)), repeats)


@dataclass
class _Reading:
    """One file on its way through the decoders; `is_text` is known before the first batch."""

    file: LandingFile
    outside: OutsideFile | None
    wanted: Wanted
    storage: Storage | None
    fetched: Path
    notes: list[Problem] = field(default_factory=list)

    @property
    def format(self) -> str:
        found = self.outside.format if self.outside else self.file.format
        if found is None:
            formats = "a name that ends in .csv, .jsonl, .ndjson, .json or .parquet, perhaps with .gz or .zst"
            raise RefusalError(
                Problem(self.file.relative, "the name doesn't say which format this is", formats)
            )
        return found

    def batches(self) -> Iterator[pa.RecordBatch]:
        file = self.file
        if file.bytes == 0:
            raise RefusalError(Problem(file.relative, "0 bytes", f"a {self.format} file"))
        path = self.storage.local_copy(file.relative, self.fetched) if self.storage else Path(file.path)
        if self.format == "parquet":
            yield from self._parquet(path)
            return
        outside = self.outside
        layout = outside.layout if outside else PLAIN
        text = examine(
            path,
            file.relative,
            compression=file.compression,
            encoding=outside.encoding if outside else None,
            separator=layout.character,
        )
        if self.format == "jsonl":
            yield from json_batches(text, self.wanted, self.notes)
        else:
            yield from delimited_batches(text, layout, self.wanted, self.notes)

    def _parquet(self, path: Path) -> Iterator[pa.RecordBatch]:
        if self.file.compression is None:
            yield from parquet_batches(path, self.file.relative, self.wanted, self.notes)
            return
        with tempfile.NamedTemporaryFile(suffix=".parquet") as whole:  # a Parquet file is read from its end
            try:
                with open_bytes(path, self.file.compression) as packed:
                    while chunk := packed.read(CHUNK):
                        whole.write(chunk)
            except OSError as error:
                found = f"cut off or damaged: {error}"
                raise RefusalError(
                    Problem(self.file.relative, found, f"a whole {self.file.compression} file")
                ) from error
            whole.flush()
            yield from parquet_batches(Path(whole.name), self.file.relative, self.wanted, self.notes)


class _Tables:
    """The staged tables of one feed: one folder per schema, small files together, a big file by itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shared: dict[str, _Part] = {}
        self._parts = 0

    def add(self, file: LandingFile, reader: _Reading) -> int:
        """Write one file's batches and return its records; RefusalError leaves nothing of it behind."""
        is_text = reader.format != "parquet"
        waiting: list[pa.RecordBatch] = []
        own: _Part | None = None
        rows = size = 0
        try:
            for plain in reader.batches():
                batch = _placed(plain, file, reader.wanted, is_text=is_text)
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


def _placed(batch: pa.RecordBatch, file: LandingFile, wanted: Wanted, *, is_text: bool) -> pa.RecordBatch:
    """Return the batch with where each row came from; texts get a column for every name that is wanted."""
    rows = batch.num_rows
    columns = [c for c in wanted.columns if is_text or c in batch.schema.names]
    nothing = pa.nulls(rows, pa.string())
    values = [batch.column(c) if c in batch.schema.names else nothing for c in columns]
    places: dict[str, pa.Array[Any]] = {
        "_path": pa.repeat(file.relative, rows).dictionary_encode(),
        "_arrival": pa.repeat(pa.scalar(file.arrival, pa.date32()), rows),
        "_record": batch.column("_record"),
        "_format": pa.repeat("text" if is_text else "typed", rows),
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
