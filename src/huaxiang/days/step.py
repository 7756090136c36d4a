"""The days step: make again the cells that tonight touched, keep the replaced ones, leave the rest alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.clean.changes import Changes, changes
from huaxiang.clean.system import stored_by
from huaxiang.contracts.spark import contract_frame
from huaxiang.days.cells import cells
from huaxiang.days.definitions import DAY_ROW, kept_up, meanings, standing
from huaxiang.days.events import OWN_DATE
from huaxiang.days.rewrite import Made, Touched, by_stream, changed_only, held_before, rewrite
from huaxiang.days.rows import event_rows
from huaxiang.days.touched import restated_keys, rows_perhaps_counted_in, touched_pairs
from huaxiang.frames import stacked
from huaxiang.tables.write import PARTITION
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

    from huaxiang.days.definitions import Meaning, Named
    from huaxiang.days.events import Event
    from huaxiang.days.measures import Part
    from huaxiang.days.touched import Read
    from huaxiang.night import Night


@dataclass(frozen=True)
class DaysOutcome:
    """How many cells were made again, how many there are, and the streams of which any was made again."""

    cells_touched: int
    cells: int
    streams: tuple[str, ...]


def run(night: Night, *, rebuild: bool = False) -> DaysOutcome:
    """Bring `day_row` up to tonight's events; replaced cells go to `day_row_past`.

    A stream whose definition changed, or all with `rebuild`, is made from all its events. Nothing is
    written when nothing changed.
    """
    catalogue, lake = night.catalogue, night.lake
    streams = catalogue.streams()
    meant = meanings(catalogue)
    known = [row.asDict() for row in lake.read("measure_definition").collect()]
    holds = standing(known)
    stale = {s for s in streams if rebuild or not _holds(holds, meant, (DAY_ROW, s))}
    changed = _changed(night)
    whole = stale == set(streams)
    events = sum(night.attempt.rows(f"clean/{feed}") for feed in night.feeds) if stale else 0
    night.expect(events)
    touched = {} if whole else _touched(night, streams, stale, changed)

    def made_of(stream: str) -> Made | None:
        parts = streams[stream]
        event = parts[0][0].event
        if not lake.exists(f"clean/{event.feed}"):
            return None
        if stream in stale:
            cut = stored_by(lake, night.contracts[event.feed])
            return Made(night.cut(cells(_rows(night, event, None), parts, cut, zone=night.business_zone)))
        if stream in touched:
            new = _made_again(night, event, parts, touched[stream])
            past = touched[stream].only(held_before(night, stream, touched[stream], new))
            return Made(new.localCheckpoint(), past.localCheckpoint())
        return None

    found = zip(streams, together([partial(made_of, s) for s in streams]), strict=True)
    made = {stream: one for stream, one in found if one is not None}
    made, touched = changed_only(night, made, touched)
    night.expect(events, cells=night.attempt.rows("day_row"))
    outcome = rewrite(night, made, touched, stale)
    definitions = kept_up(known, meant, release=night.number)
    if definitions != sorted(known, key=lambda row: (row["kind"], row["name"], row["release"])):
        contract = night.contracts["measure_definition"]
        night.attempt.replace("measure_definition", contract_frame(night.spark, contract, definitions))
    return DaysOutcome(*outcome, tuple(made))


def _holds(known: Mapping[Named, Mapping[str, Any]], now: Mapping[Named, Meaning], named: Named) -> bool:
    return named in known and known[named]["definition"] == now[named].definition


def _changed(night: Night) -> dict[str, Changes]:
    return {feed: change for feed in night.feeds if (change := changes(night, feed)) is not None}


def _rows(night: Night, event: Event, base: DataFrame | None) -> DataFrame:
    """The event's rows, of its whole feed or of some rows of it."""
    read, zone = _reading(night), night.business_zone
    return event_rows(
        event,
        read(event.feed) if base is None else base,
        read,
        zone=zone,
        narrowly=base is not None and not night.small,
    )


def _reading(night: Night) -> Read:
    def read(feed: str) -> DataFrame:
        return night.lake.read(f"clean/{feed}")

    return read


def _touched(
    night: Night,
    streams: dict[str, list[tuple[Part, frozenset[str]]]],
    stale: set[str],
    changed: dict[str, Changes],
) -> dict[str, Touched]:
    """What is to be made again, of each stream that is touched at all."""

    def before(feed: str) -> DataFrame:
        return night.lake.read_pinned(f"clean/{feed}")

    after = _reading(night)
    fresh = {stream: parts[0][0] for stream, parts in streams.items() if stream not in stale}
    restated = restated_keys(fresh, changed, before, night.lake.read("day_row"))

    def pairs_of(stream: str) -> DataFrame | None:
        part = fresh[stream]
        pairs = touched_pairs(
            stream, part, changed, restated, before, after, zone=night.business_zone, narrowly=not night.small
        )
        named = F.lit(stream).alias("stream"), "account", "business_date"
        return None if pairs is None else pairs.select(*named)

    found = [pairs for pairs in together([partial(pairs_of, s) for s in fresh]) if pairs is not None]
    return by_stream(night, stacked(found).distinct().localCheckpoint()) if found else {}


def _made_again(
    night: Night, event: Event, parts: list[tuple[Part, frozenset[str]]], touched: Touched
) -> DataFrame:
    """The cells of the touched pairs from all their events; pairs without any event left give none."""
    first = parts[0][0]
    cut = stored_by(night.lake, night.contracts[event.feed])
    if event.needs_others:
        mine = None if night.small else rows_perhaps_counted_in(event, touched.pairs, _reading(night))
        return touched.only(cells(_rows(night, event, mine), parts, cut, zone=night.business_zone))
    base = night.lake.read(f"clean/{event.feed}")
    if first.date == OWN_DATE:
        base = base.where(F.col(PARTITION).isin(*touched.parts))
    mine = touched.only(base, event.account, first.date)
    return cells(_rows(night, event, mine), parts, cut, zone=night.business_zone)
