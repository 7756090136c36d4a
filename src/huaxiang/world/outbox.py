"""What is on its way: rows wait for their arrival date, then become that day's landing files.

Some files come in two pieces, some twice byte for byte; which ones depends on the seed alone.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from huaxiang.world import dirt, text
from huaxiang.world.clock import Clock, Ints, dice
from huaxiang.world.shape import shapes

if TYPE_CHECKING:
    from pathlib import Path

_IN_PIECES = 0.08  # share of files that come in two pieces


class Outbox:
    """Rows by (arrival day, feed); `deliver` writes a day and forgets it."""

    def __init__(self, landing: Path, clock: Clock, seed: int, dirt_share: float) -> None:
        self._landing, self._clock, self._seed, self._share = landing, clock, seed, dirt_share
        self._waiting: dict[int, dict[str, list[pa.Table]]] = defaultdict(lambda: defaultdict(list))
        self.rows: Counter[str] = Counter()
        self.landed: list[tuple[str, int, int, int]] = []  # feed, day, files, rows
        self.faults: Counter[tuple[str, int, str]] = Counter()  # (feed, day, class)
        self.bytes = 0
        self.files = 0

    def send(self, table: pa.Table, feed: str, arrival: Ints | int) -> None:
        """Put clean rows on their way; what would arrive after the last day never does."""
        if not len(table):
            return
        if isinstance(arrival, int) or (arrival[0] == arrival).all():
            day = arrival if isinstance(arrival, int) else int(arrival[0])
            self._put(day, feed, table)
            return
        order = np.argsort(arrival, kind="stable")
        days, starts = np.unique(arrival[order], return_index=True)
        for day, at in zip(days.tolist(), np.split(order, starts[1:]), strict=True):
            self._put(day, feed, table.take(at))

    def _put(self, day: int, feed: str, table: pa.Table) -> None:
        if day <= self._clock.last:
            self._waiting[max(day, 0)][feed].append(table)

    def plan(self, feed: str, due: Ints, day: int) -> dirt.Plan:
        """Draw the fates of rows made on `day`."""
        return dirt.plan(feed, due, self._clock.last, self._share, dice(self._seed, "dirt/" + feed, day))

    def post(self, table: pa.Table, feed: str, day: int, *, due: Ints | None = None) -> None:
        """Spoil rows by a plan nobody else needs to know, then send them."""
        when = np.full(len(table), day, dtype=np.int64) if due is None else due
        self.post_planned(table, self.plan(feed, when, day))

    def post_planned(self, table: pa.Table, plan: dirt.Plan, revised: Ints | None = None) -> None:
        """Spoil rows as planned and send them."""
        feed = plan.feed

        def record(name: str, arrivals: Ints) -> None:
            for day, count in zip(*np.unique(arrivals, return_counts=True), strict=True):
                if day <= self._clock.last:
                    self.faults[feed, int(day), name] += int(count)

        dirt.spoil(table, plan, revised, lambda rows, arrival: self.send(rows, feed, arrival), record)

    def deliver(self, day: int) -> None:
        """Write every feed's files of one arrival date."""
        for feed, tables in sorted(self._waiting.pop(day, {}).items()):
            table = pa.concat_tables(tables, promote_options="default")
            rng = dice(self._seed, "files/" + feed, day)
            pieces = 2 if len(table) > 1 and rng.random() < _IN_PIECES else 1
            again = rng.random() < self._share and feed in dirt.FEEDS
            folder = self._landing / feed / self._clock.date(day).isoformat()
            folder.mkdir(parents=True, exist_ok=True)
            rows = self._write(table, feed, folder, pieces, again=again)
            if again:
                # Broken rows of the copy are refused like those of the first: they are no duplicates.
                copied = table.slice(0, rows - len(table))
                marks = (
                    copied.column(text.FAULT).null_count if text.FAULT in table.column_names else len(copied)
                )
                self.faults[feed, day, "file_twice"] += marks
            self.landed.append((feed, day, pieces + again, rows))
            self.rows[feed] += rows

    def _write(self, table: pa.Table, feed: str, folder: Path, pieces: int, *, again: bool) -> int:
        """Write the day's files, the first of them twice if `again`; return the rows in all of them."""
        shape = shapes()[feed]
        rows = 0
        cuts = np.linspace(0, len(table), pieces + 1).astype(int).tolist()
        for number, (start, stop) in enumerate(pairwise(cuts)):
            name = feed if pieces == 1 else f"{feed}-{number + 1}"
            path = folder / f"{name}.{text.suffix(shape)}"
            text.write(table.slice(start, stop - start), shape, path)
            rows += stop - start
            written = [path]
            if again and number == 0:
                written.append(folder / f"{name}-again.{text.suffix(shape)}")
                shutil.copyfile(path, written[1])
                rows += stop - start
            self.files += len(written)
            self.bytes += sum(p.stat().st_size for p in written)
        return rows
