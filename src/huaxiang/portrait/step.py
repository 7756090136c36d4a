"""The portrait step: fold everybody, derive the tags, write `coverage` and `portrait`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.clean.changes import changes
from huaxiang.contracts.spark import contract_frame, struct_type
from huaxiang.frames import local_frame
from huaxiang.models.cards import CARDS
from huaxiang.portrait.assemble import measured_portrait
from huaxiang.portrait.coverage import (
    covers_by_feed,
    delivered,
    unknown_by_feed,
    unknown_names,
)
from huaxiang.portrait.gifts import gifts_known
from huaxiang.portrait.modelled import with_models
from huaxiang.portrait.price_bands import banded, cut_bands, priced
from huaxiang.portrait.tags import tagged_portrait
from huaxiang.together import THREADS, together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pyspark.sql import DataFrame

    from huaxiang.models.model_row import ModelRow
    from huaxiang.night import Night

Coverage = list[dict[str, Any]]
"""The rows of the table `coverage`."""


@dataclass(frozen=True)
class PortraitOutcome:
    """How many people, how many columns each has, and what the feeds cover."""

    persons: int
    tags: int
    coverage: tuple[dict[str, object], ...]


def measured(night: Night, coverage: Coverage) -> DataFrame:
    """Return everybody's measures for the night's `as_of`, held: the ranks read them again."""
    lake = night.lake
    frame = measured_portrait(
        night.day_rows(),
        lake.read("person_account"),
        night.catalogue,
        covers_by_feed(coverage),
        as_of=night.as_of,
        unknown=unknown_by_feed(coverage),
        apart=not night.small,
        cut_all=night.cut_all,
    )
    return night.held(frame)


def write(night: Night, measured: DataFrame, coverage: Coverage) -> PortraitOutcome:
    """Let models speak, derive the tags, and write `gift`, `price_band`, `portrait` and `model`."""
    lake = night.lake
    day_rows, persons = night.day_rows(), lake.read("person_account")
    unknown = unknown_by_feed(coverage).get("order_line", frozenset())
    modelled, told = with_models(
        measured, day_rows, persons, partial(_write_gifts, night), partial(_write_bands, night), night.catalogue,
        as_of=night.as_of, zone=night.business_zone, unknown=unknown, at_once=THREADS if night.small else 1,
    )  # fmt: skip
    both: list[Callable[[], Any]] = [partial(night.cut, modelled), partial(_write_fits, night, told)]
    people, _ = together(both)
    portrait = tagged_portrait(people, night.catalogue, as_of=night.as_of, zone=night.business_zone)
    wrote = night.attempt.replace("portrait", portrait, unless_equal=night.repeats)
    return PortraitOutcome(wrote.rows, len(portrait.columns) - 2, tuple(_said(night, r) for r in coverage))


def _said(night: Night, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of `coverage` as JSON, with what its feed is called."""
    title = night.contracts[row["feed"]].title
    since = str(row["covered_from"]) if row["covered_from"] else None
    return {**row, "title": {"en": title.en, "zh": title.zh}, "covered_from": since}


def _write_gifts(night: Night) -> DataFrame:
    """Write the table `gift`, and return it."""
    found = gifts_known(
        lambda feed: night.lake.read(f"clean/{feed}"),
        night.lake.read("person_account"),
        night.lake.read("blocked_claim"),
        night.catalogue,
        as_of=night.as_of,
        zone=night.business_zone,
        joins_by_default=night.config.joins_by_default,
    )
    night.attempt.replace("gift", night.cut(found), unless_equal=True)
    return night.lake.read("gift")


def _write_bands(night: Night) -> DataFrame:
    """Bring `price_band` up to tonight's products, and return these with their bands."""
    products = priced(night.lake.read("clean/product"), as_of=night.as_of)
    bands = local_frame(
        night.spark, cut_bands(products, as_of=night.as_of), struct_type(night.contracts["price_band"])
    )
    night.attempt.replace("price_band", bands.coalesce(1), unless_equal=True)
    return banded(products, night.lake.read("price_band"))


def _write_fits(night: Night, told: Iterable[ModelRow]) -> None:
    """Keep with what parameters each part of the model spoke tonight; a night that repeats another says nothing new."""
    if night.repeats and night.lake.pinned("model"):
        return
    rows = [
        {
            "model": one.model,
            "part": one.part,
            "release": night.number,
            "as_of": night.as_of,
            "version": CARDS[one.model].version,
            "method": CARDS[one.model].method,
            "status": one.fit.status,
            "why": one.why,
            "people": one.fit.people,
            "histories": one.fit.histories,
            "log_likelihood": one.fit.log_likelihood if one.fit.parameters else None,
            "parameters": [
                {"name": name, "value": value, "error": one.fit.errors.get(name)}
                for name, value in one.fit.parameters.items()
            ],
            "quality": [{"name": name, "value": value} for name, value in one.quality.items()],
        }
        for one in told
    ]
    if rows:
        night.attempt.append("model", contract_frame(night.spark, night.contracts["model"], rows))


def covered(night: Night) -> Coverage:
    """Bring the `coverage` table up to tonight and return its rows.

    What came is added to what was; a feed that rows have left, or that is new, is counted whole. A place (feed
    and platform) is of the source whose rows came last. Whom it covers is a setting, and so is what its source
    map, or every file so far in our own format, leaves unknown: tonight's hold for all rows of tonight's source,
    and what other sources said stays.
    """
    night.expect(cells=night.attempt.rows("day_row"))
    worlds = {e.feed: e.world for e in night.catalogue.events.values()}
    held = night.lake.read_pinned("coverage").where(F.col("feed").isin(*worlds)).collect()
    known = {(r["feed"], r["platform"]): r.asDict() for r in held}
    before = {feed for feed, _ in known}
    changed = {feed: change for feed in worlds if (change := changes(night, feed)) is not None}
    whole = {feed for feed, change in changed.items() if change.any_gone or feed not in before}
    read = {f: night.lake.read(f"clean/{f}") if f in whole else c.added for f, c in changed.items()}
    rows = {place: row for place, row in known.items() if place[0] not in whole}
    for found in delivered(read).collect() if read else ():
        place = found["feed"], found["platform"]
        old = rows.get(place, {"rows": 0, "covered_from": None})
        dates = [d for d in (old["covered_from"], found["covered_from"]) if d is not None]
        is_ours = place not in known or found["newest"] == night.number
        rows[place] = {
            **known.get(place, {"unknown": []}),
            **dict(zip(("feed", "platform"), place, strict=True)),
            "covered_from": min(dates, default=None),
            "rows": old["rows"] + found["rows"],
            "source": night.source_name if is_ours else known[place]["source"],
        }
    told = [rows[place] | _settings(night, rows[place], worlds) for place in sorted(rows, key=str)]
    if told != [known[place] for place in sorted(known, key=str)]:
        night.attempt.replace("coverage", contract_frame(night.spark, night.contracts["coverage"], told))
    return told


def _settings(night: Night, row: Mapping[str, Any], worlds: Mapping[str, str]) -> dict[str, Any]:
    """Return whom a place covers and what is unknown of it, as far as tonight's settings speak for it."""
    feed, platform = row["feed"], row["platform"]
    is_ours = row["source"] == night.source_name
    found: dict[str, Any] = {}
    if is_ours or platform in night.config.platforms:
        found["covers"] = night.covers(feed, worlds[feed], platform)
    if is_ours:
        events = night.catalogue.events.values()
        found["unknown"] = unknown_names(feed, events, night.contracts, night.gives)
    return found
