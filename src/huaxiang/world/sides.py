"""The two sides of an evaluation: a lake's tables and the planted truth, and how to put them side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from huaxiang.world.rows import compute

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import pyarrow.dataset as ds

    from huaxiang.world.clock import Ints


class Reader(Protocol):
    """Gives one of the lake's tables as the newest published release holds it."""

    def __call__(self, root: Path, table: str) -> ds.Dataset | pa.Table:
        """Read it."""


@dataclass(frozen=True)
class Lake:
    """A lake at its newest published release."""

    root: Path
    read: Reader

    def columns(self, table: str, *names: str) -> pa.Table:
        """Return some columns of a table."""
        found = self.read(self.root, table)
        return (
            found.select(list(names)) if isinstance(found, pa.Table) else found.to_table(columns=list(names))
        )

    def rows(self, table: str) -> int:
        """Count a table's rows."""
        found = self.read(self.root, table)
        return found.num_rows if isinstance(found, pa.Table) else found.count_rows()


@dataclass(frozen=True)
class Planted:
    """The tables that a world wrote beside its landing."""

    folder: Path

    def table(self, name: str) -> pa.Table:
        """Return a truth table."""
        return pq.read_table(self.folder / f"{name}.parquet")

    def until(self, name: str, as_of: date, column: str = "arrival_date") -> pa.Table:
        """Return its rows of dates up to `as_of`."""
        table = self.table(name)
        known: pa.Table = table.filter(compute.less_equal(table.column(column), pa.scalar(as_of)))
        return known


def true_persons(lake: Lake, planted: Planted) -> dict[str, str]:
    """Return the one true person behind each found person; none for who is a mixture."""
    truth = planted.table("person_account")
    accounts: list[Any] = truth.column("account").to_pylist()
    of_account: dict[Any, Any] = dict(zip(accounts, truth.column("true_person").to_pylist(), strict=True))
    behind: dict[str, set[Any]] = {}
    for row in lake.columns("person_account", "account", "person").to_pylist():
        behind.setdefault(row["person"], set()).add(of_account.get(row["account"]))
    return {
        person: next(iter(true)) for person, true in behind.items() if len(true) == 1 and None not in true
    }


def match(wanted: Any, among: Any) -> Ints:
    """Return where each text stands among others; −1 where it does not."""
    spots: Ints = compute.index_in(wanted, value_set=among).fill_null(-1).to_numpy().astype(np.int64)
    return spots


def codes(texts: Any) -> Ints:
    """Return a number per text, equal for equal texts."""
    chunked = texts if isinstance(texts, pa.ChunkedArray) else pa.chunked_array([texts])
    coded: Any = chunked.combine_chunks().dictionary_encode()
    codes: Ints = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def whole(column: Any) -> Ints:
    """Return integers, 0 for null."""
    numbers: Ints = column.cast(pa.int64()).fill_null(0).to_numpy().astype(np.int64)
    return numbers


def pairs(codes: Ints) -> int:
    """Count the pairs of entries with equal codes."""
    size = np.unique(codes, return_counts=True)[1].astype(np.int64)
    return int((size * (size - 1) // 2).sum())


def sums(table: pa.Table) -> dict[str, int]:
    """Return the sum of `rows` per `feed`."""
    totals: dict[str, int] = {}
    for feed, count in zip(table.column("feed").to_pylist(), table.column("rows").to_pylist(), strict=True):
        totals[str(feed)] = totals.get(str(feed), 0) + int(str(count))
    return totals
