"""The second half of the days step: cells that changed into `day_row`, those they replace into `day_row_past`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.clean.system import WHOLE, part_of, stored_by
from huaxiang.days.cells import is_of_stream, said_by, widened
from huaxiang.days.events import OWN_DATE
from huaxiang.frames import local_frame, stacked
from huaxiang.tables.content import ROW, hashed
from huaxiang.tables.write import PARTITION
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.night import Night

FEW_PAIRS = 200_000  # up to so many go through the driver


@dataclass(frozen=True)
class Touched:
    """What to make again of a stream: `count` distinct (`_account`, `_date`), and the partitions in which they lie."""

    pairs: DataFrame
    parts: tuple[str, ...]
    count: int

    def only(self, rows: DataFrame, account: str = "account", date: str = OWN_DATE) -> DataFrame:
        """Return the rows that lie in one of the pairs."""
        return rows.join(F.broadcast(self.pairs), self._same(account, date), "left_semi")

    def without(self, rows: DataFrame, account: str = "account", date: str = OWN_DATE) -> DataFrame:
        """Return the rows that lie in none of the pairs."""
        return rows.join(F.broadcast(self.pairs), self._same(account, date), "left_anti")

    @staticmethod
    def _same(account: str, date: str) -> Column:
        return (F.col(account) == F.col("_account")) & F.col(date).eqNullSafe(F.col("_date"))


@dataclass(frozen=True)
class Made:
    """A stream's new cells, and, where only pairs were made again, their cells of before."""

    cells: DataFrame
    past: DataFrame | None = None


def by_stream(night: Night, pairs: DataFrame) -> dict[str, Touched]:
    """Tell distinct pairs apart by their stream; a few go through the driver, to be joined without a job each."""
    feeds = {stream: parts[0][0].event.feed for stream, parts in night.catalogue.streams().items()}
    cut = {stream: stored_by(night.lake, night.contracts[feed]) for stream, feed in feeds.items()}
    part = F.lit(WHOLE)
    for by in sorted({*cut.values()} - {WHOLE}):
        streams = [stream for stream in cut if cut[stream] == by]
        part = F.when(F.col("stream").isin(*streams), part_of(F.col(OWN_DATE), by)).otherwise(part)
    counts: dict[str, dict[str, int]] = {}
    for row in pairs.groupBy("stream", part.alias(PARTITION)).agg(F.count(F.lit(1)).alias("pairs")).collect():
        counts.setdefault(row["stream"], {})[row[PARTITION]] = row["pairs"]
    named = pairs.select("stream", F.col("account").alias("_account"), F.col(OWN_DATE).alias("_date"))
    mine = {stream: named.where(F.col("stream") == stream).drop("stream") for stream in counts}
    if sum(sum(held.values()) for held in counts.values()) <= FEW_PAIRS:
        rows: dict[str, list[tuple[str, date | None]]] = {stream: [] for stream in counts}
        for stream, account, day in named.collect():
            rows[stream].append((account, day))
        mine = {
            stream: local_frame(night.spark, found, "_account string, _date date")
            for stream, found in rows.items()
        }
    return {
        stream: Touched(mine[stream], tuple(sorted(held)), sum(held.values()))
        for stream, held in counts.items()
    }


def changed_only(
    night: Night, made: dict[str, Made], touched: dict[str, Touched]
) -> tuple[dict[str, Made], dict[str, Touched]]:
    """Return what differs from before: a product's new price, say, touches all its events and changes no cell.

    Cells are compared by their content hash.
    """
    sides = [
        rows.select(
            F.lit(stream).alias("stream"),
            *("account", OWN_DATE),
            said_by(rows).alias("_content"),
            F.lit(sign).alias("_sign"),
        )
        for stream, one in made.items()
        if one.past is not None
        for rows, sign in ((one.cells, 1), (one.past, -1))
    ]
    if not sides:
        return made, touched
    same = stacked(sides).groupBy("stream", "account", OWN_DATE, "_content").agg(F.sum("_sign").alias("_sum"))
    different = same.where(F.col("_sum") != 0).select("stream", "account", OWN_DATE).distinct()
    changed = by_stream(night, different.localCheckpoint())
    kept = {}
    for stream, one in made.items():
        if one.past is None or (stream in changed and changed[stream].count == touched[stream].count):
            kept[stream] = one
        elif stream in changed:
            only = changed[stream].only
            kept[stream] = Made(only(one.cells), only(one.past))
    return kept, changed


def held_before(night: Night, stream: str, touched: Touched, cells: DataFrame) -> DataFrame:
    """Return the stream's day rows in the touched partitions, with the columns that `cells` have, and `release`."""
    day_rows = night.lake.read("day_row")
    parts = [f"{stream} {part}" for part in touched.parts]
    own = [name for name in cells.columns if name in day_rows.columns and name != "release"]
    return day_rows.where(F.col(PARTITION).isin(*parts)).select(*own, "release")


@dataclass(frozen=True)
class _Rewritten:
    """A stream's part of `day_row`: the partitions that are replaced, what they hold now, and what left."""

    parts: set[str]
    content: DataFrame
    left: DataFrame


def rewrite(
    night: Night, made: dict[str, Made], touched: dict[str, Touched], stale: set[str]
) -> tuple[int, int]:  # fmt: skip
    """Write the new cells, stream by stream while they are narrow: a row of the table is wide and mostly empty.

    Returns cells written and cells in the table.
    """
    lake, attempt = night.lake, night.attempt
    if not made:
        return 0, attempt.rows("day_row")
    wide, release = night.catalogue.cell_columns(), F.lit(night.number).cast("bigint")
    whole = stale == set(night.catalogue.streams())
    anew = F.lit(whole) | is_of_stream(*stale)
    before = lake.read("day_row").where(anew) if stale and attempt.rows("day_row") else None
    new = {stream: one.cells.withColumn("release", release) for stream, one in made.items()}
    if before is not None:
        mine = {stream: before.where(is_of_stream(stream)) for stream in stale & new.keys()}
        new |= {stream: known_since(new[stream], held) for stream, held in mine.items()}
    new = {stream: hashed(cells, night.contracts["day_row"]) for stream, cells in new.items()}
    if whole:
        written = attempt.replace("day_row", stacked([_laid_out(cells, wide) for cells in new.values()]))
        _keep_past(night, before, anew)
        return written.rows, written.rows

    def rewritten(stream: str) -> _Rewritten:
        cells, past = new[stream], made[stream].past
        if past is None:
            known = lake.read("day_row").where(is_of_stream(stream))
            found = together([partial(_partitions, frame) for frame in (known, cells)])
            return _Rewritten(set().union(*found), cells, known)
        parts = {f"{stream} {part}" for part in touched[stream].parts}
        staying = touched[stream].without(held_before(night, stream, touched[stream], cells))
        return _Rewritten(parts, staying.unionByName(cells, allowMissingColumns=True), past)

    changes = together([partial(rewritten, stream) for stream in new])
    parts = sorted(set().union(*(change.parts for change in changes)))
    past = [one.past for one in made.values() if one.past is not None]
    rows_before = attempt.rows("day_row")
    content = stacked([_laid_out(change.content, wide) for change in changes])
    left = [change.left for change in changes]
    both: list[Callable[[], Any]] = [
        partial(attempt.replace_parts, "day_row", content, parts, left=left, evolve=True),
        partial(_append_past, night, [widened(frame, wide, "release") for frame in past]),
    ]
    written, replaced = together(both)
    rows_left = rows_before + written.added - written.rows
    gone = replaced + _keep_past(night, before, anew)
    return written.added - (rows_left - gone), written.rows  # less those made again that are equal


def known_since(cells: DataFrame, before: DataFrame) -> DataFrame:
    """Return the cells with the `release` of the equal one of `before`, where there is one: it is known since then."""
    known = before.select("account", said_by(before).alias("_content"), F.col("release").alias("_since"))
    marked = cells.select("*", said_by(cells).alias("_content")).join(known, ["account", "_content"], "left")
    return marked.withColumn("release", F.coalesce("_since", "release")).select(*cells.columns)


def no_more(before: DataFrame, now: DataFrame) -> DataFrame:
    """Return those day rows of `before` that have no equal one in `now`."""
    both = ["account", "_content"]
    held = now.select("account", said_by(now).alias("_content"))
    marked = before.withColumn("_content", said_by(before))
    # First which, as a rule few: so wide rows are not moved to be compared.
    gone = marked.select(*both).join(held, both, "left_anti").distinct()
    return marked.join(gone, both, "left_semi").select(*before.columns)


def _keep_past(night: Night, before: DataFrame | None, anew: Column) -> int:
    """Keep those of `before`, day rows of streams made `anew` from all their events, that are no more; return how many.

    A stream of which as many stand as there were has lost none: its rows are only counted.
    """
    if before is None:
        return 0
    standing = night.lake.read("day_row").where(anew & (F.col("release") < night.number))
    counted = stacked([_by_stream(before, 1), _by_stream(standing, -1)])
    lost = counted.groupBy("stream").agg(F.sum("rows").alias("rows")).where(F.col("rows") > 0)
    fewer = [row["stream"] for row in lost.collect()]
    if not fewer:
        return 0
    mine = is_of_stream(*fewer)
    return _append_past(night, [no_more(before.where(mine), standing.where(mine))])


def _by_stream(day_rows: DataFrame, sign: int) -> DataFrame:
    return day_rows.groupBy("stream").agg((F.count(F.lit(1)) * sign).alias("rows"))


def _append_past(night: Night, gone: Sequence[DataFrame]) -> int:
    """Keep day rows that were known until tonight; return how many."""
    if not gone:
        return 0
    past = stacked(gone).withColumn("known_to", F.lit(night.number).cast("bigint")).repartition(1)
    return night.attempt.append("day_row_past", past, evolve=True).added


def _laid_out(cells: DataFrame, wide: dict[str, str]) -> DataFrame:
    laid = cells.repartition(PARTITION).sortWithinPartitions(PARTITION, "key_kind")
    return widened(laid, wide, "release", ROW)


def _partitions(cells: DataFrame) -> set[str]:
    return {row[0] for row in cells.select(PARTITION).distinct().collect()}
