"""The events behind what is told of a few persons: how many count for which column, and which are the newest.

Counted on demand from the clean events of their accounts, by the same conditions and windows as the fold; nothing of
it is stored.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import Window
from pyspark.sql import functions as F

from huaxiang.contracts.clean import clean_name
from huaxiang.days.cells import condition
from huaxiang.days.measures import TOPIC
from huaxiang.days.rows import event_rows, only_sought
from huaxiang.masked import NEVER
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from pyspark.sql import Column, DataFrame, Row

    from huaxiang.contracts.model import Contract
    from huaxiang.days.events import Event as EventKind
    from huaxiang.days.measures import Catalogue, Part
    from huaxiang.tables.lake import Lake
    from huaxiang.tables.release import Release

HIDDEN = (
    "content_hash",
    "part",
    "release",
    "revision",
    "arrival_date",
    "instant",
    "awaits",
    "waiting",
    "person",
)
"""Columns of which a reader learns nothing."""
Place = tuple[str, str, str]
"""A person, what is counted (a stream, all of whose events count, or a part as `Part.counted_as`), and a brand or ''."""


@dataclass(frozen=True)
class Event:
    """One event: its stream, the date that counts, and what its row says of no account and under no key of a person."""

    stream: str
    on: date | None
    says: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """Events by person, what they count for and brand: how many a day (None: undated), and the newest, newest first."""

    days: Mapping[Place, Mapping[date | None, int]]
    newest: Mapping[Place, list[Event]]

    def counted(self, person: str, part: Part, brand: str, window: int | None, as_of: date) -> int:
        """Return how many events count for a part in a window of days that ends on a date."""
        held = self.days.get((person, part.counted_as, brand), {})
        return sum(n for day, n in held.items() if is_inside(day, window, as_of))


def is_inside(day: date | None, window: int | None, as_of: date) -> bool:
    """Whether a day lies in a window; an undated event lies in that of all time only."""
    if day is None:
        return window is None
    return day <= as_of and (window is None or (as_of - day).days < window)


def each_once(lists: Iterable[Iterable[Event]], window: int | None, as_of: date) -> list[Event]:
    """Return the events of all lists that lie in a window, each once: one event may count for several parts."""
    seen = {
        (event.stream, str(event.on), str(event.says)): event
        for events in lists
        for event in events
        if is_inside(event.on, window, as_of)
    }
    return list(seen.values())


def evidence_of(
    lake: Lake,
    catalogue: Catalogue,
    whose: Mapping[str, str],
    zone: str,
    release: Release,
    *,
    as_of: date,
    newest: int,
) -> Evidence:
    """Return the evidence of persons up to a date, with the `newest` events of each kind; `whose` maps accounts to them.

    Streams whose feed never came have none. Of events of one day the larger key counts as the newer; undated ones are
    the oldest.
    """
    tables = {name.removeprefix("clean/") for name in release.tables}
    streams = {s: [p for p, _ in parts] for s, parts in catalogue.streams().items()}
    asked = {s: parts for s, parts in streams.items() if parts[0].event.feed in tables}

    def collected(stream: str, parts: list[Part]) -> list[Row]:
        mine = _rows(lake, parts[0], whose, zone, release)
        hidden = identifying(parts[0].event, lake.contracts)
        shown = [c for c in mine.columns if c not in hidden]
        return told(mine, stream, parts, shown, zone=zone, as_of=as_of, newest=newest).collect()

    every = together([partial(collected, stream, parts) for stream, parts in asked.items()])
    days: dict[Place, Counter[date | None]] = {}
    found: dict[Place, list[tuple[int, Event]]] = {}
    for stream, rows in zip(asked, every, strict=True):
        for row in rows:
            place = (row["person"], row["counted"], row["brand"])
            if row["of_day"] == 1:
                days.setdefault(place, Counter())[row["day"]] += row["events"]
            if row["says"] is not None:
                says, topics = json.loads(row["says"]), asked[stream][0].event.key(TOPIC)
                if topics in says:
                    says[topics] = catalogue.blocked.without_barred(says[topics])
                event = Event(stream, row["day"], says)
                found.setdefault(place, []).append((row["place"], event))
    ordered = {place: [event for _, event in sorted(events, key=_place)] for place, events in found.items()}
    return Evidence(days, ordered)


def _place(of: tuple[int, Event]) -> int:
    return of[0]


def _rows(lake: Lake, part: Part, whose: Mapping[str, str], zone: str, release: Release) -> DataFrame:
    """The event rows of some accounts, with the `person` they belong to and `_other`, to whom the other account does."""
    event, accounts = part.event, sorted(whose)
    person_of = F.create_map(*(F.lit(text) for pair in sorted(whose.items()) for text in pair))

    base = lake.held(f"clean/{event.feed}", release)
    if not event.needs_others:
        base = base.where(F.col(event.account).isin(accounts))
    sides = {}
    for lookup in event.lookups:
        side = lake.held(f"clean/{lookup.feed}", release)
        whose_side = dict(lookup.take).get(event.account)
        if lookup.needs and whose_side:
            side = side.where(
                F.col(whose_side).isin(accounts)
            )  # what others' rows would find is left out below
        elif not event.needs_others and {ours for _, ours in lookup.on} <= set(base.columns):
            side = only_sought(side, lookup, base)
        sides[lookup.feed] = side
    rows = event_rows(event, base, sides.__getitem__, zone=zone)
    other = event.key("account")
    other_account = F.col(other) if other else F.lit(None).cast("string")
    mine = rows.where(F.col("account").isin(accounts) & ~F.col("waiting"))
    return mine.withColumns({"person": person_of[F.col("account")], "_other": person_of[other_account]})


def identifying(event: EventKind, contracts: Mapping[str, Contract]) -> frozenset[str]:
    """Return the columns of an event's rows, by its own names, that identify somebody: the person, or another one."""
    own = {c.name for c in contracts[clean_name(event.feed)].columns if c.privacy in NEVER}
    found = {
        ours
        for lookup in event.lookups
        for ours, theirs in lookup.take
        if contracts[clean_name(lookup.feed)].column(theirs).privacy in NEVER
    }
    return frozenset(own | found | {event.account, "account", "event_key"})


def told(
    rows: DataFrame,
    stream: str,
    parts: list[Part],
    shown: Sequence[str],
    *,
    zone: str,
    as_of: date,
    newest: int,
) -> DataFrame:
    """Return one row per person, brand, what is `counted` and day, and those of the `newest` events beside.

    `events` are how many there are that day, `of_day` is 1 on one row of each day; `says` is null but on the newest
    events, which are in the order of `place`: what their rows say in the columns `shown`.
    """
    day = F.col(parts[0].date)
    names = [F.lit(stream)]
    names += [
        F.when(_counts_in(part, zone), F.lit(name)) for name, part in {p.counted_as: p for p in parts}.items()
    ]
    says = [c for c in shown if c not in HIDDEN and not c.startswith("_")]
    dated = rows.where(F.coalesce(day <= F.lit(as_of), F.lit(True)))
    each = dated.select(
        "person",
        F.explode(_brands(rows, parts[0])).alias("brand"),
        F.array_compact(F.array(*names)).alias("_names"),
        day.alias("day"),
        F.col("event_key").alias("_key"),
        F.to_json(F.struct(*says)).alias("_says"),
    ).where(F.col("brand").isNotNull())
    each = each.withColumn("counted", F.explode("_names")).drop("_names")
    group = ("person", "brand", "counted")
    order = Window.partitionBy(*group).orderBy(F.col("day").desc_nulls_last(), F.desc("_key"))
    of_day = Window.partitionBy(*group, "day")
    placed = each.withColumns(
        {
            "place": F.row_number().over(order),
            "events": F.count(F.lit(1)).over(of_day),
            "of_day": F.row_number().over(of_day.orderBy(F.desc("_key"))),
        }
    )
    kept = placed.where((F.col("of_day") == 1) | (F.col("place") <= newest))
    newest_says = F.when(F.col("place") <= newest, F.col("_says")).alias("says")
    return kept.select(*group, "day", "place", "events", "of_day", newest_says)


def _brands(rows: DataFrame, part: Part) -> Column:
    """An empty text, for all brands, and every brand of an event."""
    if part.event.key("brand") == "brand_ids":
        brands = F.coalesce("brand_ids", F.array().cast("array<string>"))
        return F.array_distinct(F.concat(F.array(F.lit("")), brands))
    if "brand_id" in rows.columns:
        return F.array_distinct(F.array(F.lit(""), F.col("brand_id")))
    return F.array(F.lit(""))


def _counts_in(part: Part, zone: str) -> Column:
    """Whether an event row counts for a part, whatever its date."""
    counted = condition(part, zone)
    is_own = F.coalesce(F.col("_other") == F.col("person"), F.lit(False))
    return counted & ~is_own if part.by_others else counted
