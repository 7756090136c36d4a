"""A feed's files of one night, whatever their format, as staged Parquet that Spark reads in one go.

Text formats become one table of texts; Parquet inputs keep their types, one table per set of types. Each
row carries `_path`, `_arrival`, `_record` and `_damage`: the reason why a
record has no values, which cleaning turns into its quarantine reason.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from huaxiang.errors import Problem
from huaxiang.sources.delimited import PLAIN, delimited_batches
from huaxiang.sources.jsonlines import json_batches
from huaxiang.sources.parquet import parquet_batches
from huaxiang.sources.parts import Tables
from huaxiang.sources.repeats import repeated_records
from huaxiang.sources.shape import Said, Wanted, wanted_by
from huaxiang.sources.stream import CHUNK, RefusalError, examine, open_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from huaxiang.contracts.model import Contract
    from huaxiang.sources.files import LandingFile
    from huaxiang.sources.outside import OutsideFile, SourceMap
    from huaxiang.tables.storage import Storage


@dataclass(frozen=True)
class StagedFile:
    """What became of one landing file: its records, damaged ones too, and its columns, or why it was refused whole."""

    file: LandingFile
    rows: int
    problem: Problem | None = None
    columns: tuple[str, ...] = ()


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
    tables = Tables(folder)
    notes: list[Problem] = []
    staged = []
    for file in files:
        reader = _Reading(file, outside, wanted, storage, folder / "fetched")
        try:
            is_text = reader.format != "parquet"
            rows = tables.add(file, reader.batches(), wanted.columns, is_text=is_text)
            staged.append(StagedFile(file, rows, columns=reader.said.columns))
        except RefusalError as refusal:
            staged.append(StagedFile(file, 0, refusal.problem))
        else:
            notes += reader.said.notes
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
    said: Said = field(default_factory=Said)

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
            yield from json_batches(text, self.wanted, self.said)
        else:
            yield from delimited_batches(text, layout, self.wanted, self.said)

    def _parquet(self, path: Path) -> Iterator[pa.RecordBatch]:
        if self.file.compression is None:
            yield from parquet_batches(path, self.file.relative, self.wanted, self.said)
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
            yield from parquet_batches(Path(whole.name), self.file.relative, self.wanted, self.said)
