"""The days step: make again the cells that tonight touched, keep the replaced ones, leave the rest alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.changes import Changes, changes
from huaxiang.clean.system import WHOLE, part_of
from huaxiang.days.cells import GRAIN, PARTITION, cells, widened
from huaxiang.days.rows import event_rows
from huaxiang.days.touched import restated_keys, touched_pairs
from huaxiang.frames import local_frame, stacked
from huaxiang.together import together

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from huaxiang.days.events import Event
    from huaxiang.days.measures import Catalogue, Part
    from huaxiang.night import Night

PAIR = ("stream", "account", "business_date")


@dataclass(frozen=True)
class DaysOutcome:
    """How many cells were made again, and of which streams."""

    cells_touched: int
    cells: int
    streams: tuple[str, ...]
    rebuilt: tuple[str, ...]


def run(night: Night, *, rebuild: bool = False) -> DaysOutcome:
    """Bring `day_row` up to tonight's events; replaced cells go to `day_row_past`.

    A stream whose definition changed, or all with `rebuild`, is made from all its events. Nothing is
    written when nothing changed.
    """
    catalogue, lake = night.catalogue, night.lake
    streams = catalogue.streams()
    defined = {s: catalogue.stream_definition(s) for s in streams}
    known = {r["stream"]: r["definition"] for r in lake.read("measure_definition").collect()}
    stale = {s for s in streams if rebuild or known.get(s) != defined[s]}
    changed = _changed(night)
    whole = stale == set(streams)
    events = sum(night.attempt.rows(f"clean/{feed}") for feed in night.feeds) if stale else 0
    night.expect(events)
    pairs = None if whole else _touched(night, streams, stale, changed)
    months = _months(pairs, catalogue)
    wide = catalogue.cell_columns()

    def made_of(stream: str) -> DataFrame | None:
        parts = streams[stream]
        event = parts[0][0].event
        if not lake.exists(f"clean/{event.feed}"):
            return None
        if stream in stale:
            return night.cut(cells(_rows(night, event, None), parts))
        if pairs is not None and stream in months:
            mine = pairs.where(F.col("stream") == stream)
            return night.cut(_made_again(night, event, parts, mine, months[stream]))
        return None

    made = [frame for frame in together([partial(made_of, s) for s in streams]) if frame is not None]
    night.expect(max(events, night.attempt.rows("day_row")))
    outcome = _write(night, made, pairs, months, stale if not whole else None, wide)
    if stale:
        definitions = local_frame(
            night.spark,
            [(s, d, night.number if s in stale else None) for s, d in sorted(defined.items())],
            "stream string, definition string, release bigint",
        )
        before = lake.read("measure_definition").select("stream", F.col("release").alias("_known"))
        night.attempt.replace(
            "measure_definition",
            definitions.join(before, "stream", "left").select(
                "stream", "definition", F.coalesce("release", "_known").alias("release")
            ),
        )
    return DaysOutcome(*outcome, tuple(streams), tuple(sorted(stale)))


def _changed(night: Night) -> dict[str, Changes]:
    return {feed: change for feed in night.feeds if (change := changes(night, feed)) is not None}


def _rows(night: Night, event: Event, base: DataFrame | None) -> DataFrame:
    def read(feed: str) -> DataFrame:
        return night.lake.read(f"clean/{feed}")

    return event_rows(event, base if base is not None else read(event.feed), read, zone=night.business_zone)


def _touched(
    night: Night,
    streams: dict[str, list[tuple[Part, frozenset[str]]]],
    stale: set[str],
    changed: dict[str, Changes],
) -> DataFrame | None:
    """Distinct (stream, account, business_date) to make again, materialised; None when there are none."""

    def before(feed: str) -> DataFrame:
        return night.lake.read_pinned(f"clean/{feed}")

    def after(feed: str) -> DataFrame:
        return night.lake.read(f"clean/{feed}")

    fresh = {stream: parts[0][0] for stream, parts in streams.items() if stream not in stale}
    restated = restated_keys(fresh, changed, before, night.lake.read("day_row"))

    def pairs_of(stream: str) -> DataFrame | None:
        part = fresh[stream]
        pairs = touched_pairs(stream, part, changed, restated, before, after, zone=night.business_zone)
        named = F.lit(stream).alias("stream"), "account", "business_date"
        return None if pairs is None else pairs.select(*named)

    found = [pairs for pairs in together([partial(pairs_of, s) for s in fresh]) if pairs is not None]
    if not found:
        return None
    return stacked(found).distinct().localCheckpoint()


def _months(pairs: DataFrame | None, catalogue: Catalogue) -> dict[str, list[str]]:
    """The partitions in which each stream has pairs to make again."""
    if pairs is None:
        return {}
    streams = catalogue.streams()
    whole = [s for s, parts in streams.items() if not parts[0][0].event.by_month]
    part = F.when(F.col("stream").isin(*whole), F.lit(WHOLE)).otherwise(
        part_of(F.col("business_date"), by_month=True)
    )
    found: dict[str, list[str]] = {}
    for row in pairs.select("stream", part.alias("part")).distinct().collect():
        found.setdefault(row["stream"], []).append(row["part"])
    return found


def _made_again(
    night: Night, event: Event, parts: list[tuple[Part, frozenset[str]]], pairs: DataFrame, months: list[str]
) -> DataFrame:
    """The cells of the touched pairs from all their events; pairs without any event left give none."""
    first = parts[0][0]
    pairs = F.broadcast(
        pairs.select(F.col("account").alias("_account"), F.col("business_date").alias("_date"))
    )
    if event.needs_others:
        made = cells(_rows(night, event, None), parts)
        return made.join(
            pairs,
            (F.col("account") == F.col("_account")) & F.col("business_date").eqNullSafe(F.col("_date")),
            "left_semi",
        )
    base = night.lake.read(f"clean/{event.feed}")
    if event.by_month:
        base = base.where(F.col(PARTITION).isin(*months))
    mine = base.join(
        pairs,
        (F.col(event.account) == F.col("_account")) & F.col(first.date).eqNullSafe(F.col("_date")),
        "left_semi",
    )
    return cells(_rows(night, event, mine), parts)


def _write(
    night: Night, made: list[DataFrame], pairs: DataFrame | None, months: dict[str, list[str]],
    stale: set[str] | None, wide: dict[str, str],
) -> tuple[int, int]:  # fmt: skip
    """Write the new cells; `stale` None means the whole table. Returns cells written and cells in the table."""
    lake, attempt = night.lake, night.attempt
    if not made:
        return 0, attempt.rows("day_row")
    release = F.lit(night.number).cast("bigint").alias("release")
    if (
        stale is None
    ):  # exchanged while narrow, one stream at a time: a row of the table is wide and mostly empty
        placed = [frame.repartition(PARTITION).sortWithinPartitions(PARTITION, "key_kind") for frame in made]
        whole = stacked([widened(frame, wide).select("*", release) for frame in placed])
        written = attempt.replace("day_row", whole)
        return written.rows, written.rows
    new = widened(stacked(made), wide).select("*", release)
    old = widened(lake.read("day_row"), wide, "release")
    parts = (
        {r[0] for r in old.where(F.col("stream").isin(*stale)).select(PARTITION).distinct().collect()}
        if stale
        else set()
    )
    leaving = F.col("stream").isin(*stale) if stale else F.lit(False)
    if pairs is not None:
        parts |= {f"{stream} {month}" for stream, held in months.items() for month in held}
        marked = pairs.withColumn("_touched", F.lit(True))
        joined = old.where(F.col(PARTITION).isin(*parts)).join(
            F.broadcast(marked.select(*(F.col(c).alias(f"_{c}") for c in PAIR), "_touched")),
            (F.col("stream") == F.col("_stream"))
            & (F.col("account") == F.col("_account"))
            & F.col("business_date").eqNullSafe(F.col("_business_date")),
            "left",
        )
        leaving = leaving | F.coalesce("_touched", F.lit(False))
    else:
        joined = old.where(F.col(PARTITION).isin(*parts))
    names = [*GRAIN, PARTITION, *wide, "release"]
    past = joined.where(leaving).select(*names, F.lit(night.number).cast("bigint").alias("known_to"))
    rows_before = attempt.rows("day_row")
    replaced = attempt.append("day_row_past", past.repartition(1), evolve=True).added
    kept = joined.where(~leaving).select(*names)
    if stale:
        parts |= {
            r[0] for r in new.where(F.col("stream").isin(*stale)).select(PARTITION).distinct().collect()
        }
    content = (
        kept.unionByName(new.select(*names))
        .repartition(PARTITION)
        .sortWithinPartitions(PARTITION, "key_kind")
    )
    written = attempt.replace_parts("day_row", content, sorted(parts), evolve=True)
    in_parts = rows_before + written.added - written.rows  # what the replaced parts held
    return written.added - (in_parts - replaced), written.rows
