"""Some rows of staged files, staged again: the same types and places, evenly taken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import parquet as pq

from huaxiang.sources.fit import staged_tables

if TYPE_CHECKING:
    from pathlib import Path

    from huaxiang.sources.stage import Staged


def sampled(staged: Staged, rows: int, into: Path) -> Staged:
    """Return at most `rows` of a feed's staged records, one in every so many, below `<into>/<feed>/`.

    Few enough are all taken. Which keys repeat is not kept: of a sample nobody can tell.
    """
    step = max(1, -(-staged.rows // rows))
    taken = 0
    folders = {}
    for table in staged_tables(staged):
        folders[table.path] = into / staged.feed / table.path.name
        folders[table.path].mkdir(parents=True)
        for part in sorted(table.path.glob("*.parquet")):
            few = _every(part, step)
            taken += few.num_rows
            pq.write_table(few, folders[table.path] / part.name)
    text = folders[staged.text] if staged.text else None
    typed = tuple(folders[path] for path in staged.typed)
    files = (replace(staged.files[0], rows=taken, problem=None),) if staged.files else ()
    return replace(staged, text=text, typed=typed, files=files, repeats=None)


def _every(part: Path, step: int) -> pa.Table:
    """Return every `step`th row of a file, the first one too."""
    file = pq.ParquetFile(part)
    found = []
    start = 0
    for batch in file.iter_batches():
        places = range(-start % step, batch.num_rows, step)
        found.append(batch.take(pa.array(places, pa.int64())))
        start += batch.num_rows
    return pa.Table.from_batches(found, file.schema_arrow)
