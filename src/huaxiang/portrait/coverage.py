"""What each feed covers: where absence means 0, and where it means unknown.

A feed of a platform that covers *everybody* (default of shops) makes absence 0 for every person; one that
covers its *accounts* (default of social platforms) only for persons with an account there. What a source map
does not map, or no file in our own format has a column for, is *unknown* for everybody, and so is every
count over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pyspark.sql import functions as F

from huaxiang.contracts.clean import landing_columns
from huaxiang.days.events import OPINION
from huaxiang.days.measures import KEYED_WAYS
from huaxiang.expressions import compile_expression
from huaxiang.frames import stacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.contracts.model import Contract
    from huaxiang.days.events import Event
    from huaxiang.days.measures import Measure, Part

DATED = ("days", "first", "last", "ordered")
"""Ways that are about dates, whatever the window."""


def delivered(feeds: Mapping[str, DataFrame]) -> DataFrame:
    """Return `feed`, `platform`, `covered_from`, `rows`, `newest` of clean rows by feed, in one pass over all of them.

    `covered_from` is the first business date delivered; null when no row has one. `newest` is the release that
    brought the last of them.
    """
    columns = ("platform", "business_date", "release")
    rows = stacked([rows.select(F.lit(feed).alias("feed"), *columns) for feed, rows in feeds.items()])
    first = F.min("business_date").alias("covered_from")
    return rows.groupBy("feed", "platform").agg(
        first, F.count(F.lit(1)).alias("rows"), F.max("release").alias("newest")
    )


def covers_by_feed(coverage: Iterable[Mapping[str, object]]) -> dict[str, dict[str, str]]:
    """Return feed → platform → covers, from rows of the `coverage` table."""
    found: dict[str, dict[str, str]] = {}
    for row in coverage:
        found.setdefault(str(row["feed"]), {})[str(row["platform"])] = str(row["covers"])
    return found


def covered_since(feed: str, coverage: Iterable[Mapping[str, Any]]) -> date | None:
    """Return since when a feed is known of all its platforms that give dates, from rows of the `coverage` table."""
    days = (row["covered_from"] for row in coverage if row["feed"] == feed)
    return max((day for day in days if day), default=None)


def unknown_names(
    feed: str,
    events: Iterable[Event],
    contracts: Mapping[str, Contract],
    gives: Callable[[str], frozenset[str] | None],
) -> list[str]:
    """Return the names that events of a feed have but no source gives, sorted; `gives(feed)` None: it gives all."""

    def is_given(feed: str, name: str) -> bool:
        given, made_of = gives(feed), landing_columns(contracts[feed], name)
        return given is None or not made_of or not given.isdisjoint(made_of)

    def is_known(event: Event, name: str) -> bool:
        for lookup in event.lookups:
            theirs = dict((*lookup.take, *lookup.gather)).get(name)
            if theirs is not None:
                sought = all(is_known(event, ours) for _, ours in lookup.on)
                return sought and is_given(lookup.feed, theirs)
        return is_given(event.feed, str(event.opinion_of) if name in OPINION and event.opinion_of else name)

    return sorted({n for e in events if e.feed == feed for n in e.names if not is_known(e, n)})


def unknown_by_feed(coverage: Iterable[Mapping[str, object]]) -> dict[str, frozenset[str]]:
    """Return feed → names that none of its platforms knows, from rows of the `coverage` table."""
    found: dict[str, frozenset[str]] = {}
    for row in coverage:
        feed, names = str(row["feed"]), frozenset(cast("list[str]", row.get("unknown") or ()))
        found[feed] = found.get(feed, names) & names
    return found


def is_unknown(
    measure: Measure,
    window: int | None,
    unknown: Mapping[str, frozenset[str]],
    grain: str = "person",
) -> bool:
    """Whether a measure's column is null for everybody at a grain; `unknown` is feed → names.

    A count is when it reads any unknown name, another value when all that it reads is unknown: an age from
    a birth date or else a birth year needs one of them. What `less` takes off is not asked for. Of brands all is
    unknown that doesn't say whose brand it concerns.
    """
    event = measure.part.event
    lacking = unknown.get(event.feed)
    if not lacking:
        return False
    brand = event.key("brand") if grain == "brand" else None
    if brand and compile_expression(brand, event.names).names & lacking:
        return True
    read = _names_read(measure.part)
    if window is not None or measure.part.way in DATED or measure.part.half_life:
        read |= {measure.part.date}
    return bool(read & lacking) if measure.counts_from_zero else bool(read) and read <= lacking


def is_told(
    measure: Measure,
    coverage: Mapping[str, Mapping[str, str]],
    unknown: Mapping[str, frozenset[str]],
    grain: str = "person",
) -> bool:
    """Whether a measure can be told by dates: its feed came, and told what the measure reads and when it was.

    `coverage` and `unknown` as in `portrait.assemble`, `grain` as in `is_unknown`.
    """
    some_days = 1  # any window: what has one reads dates
    came = bool(coverage.get(measure.part.event.feed))
    return came and not is_unknown(measure, some_days, unknown, grain)


def _names_read(part: Part) -> frozenset[str]:
    event, keyed = part.event, part.way in KEYED_WAYS
    arguments = () if part.way == "ordered" else part.arguments[keyed:]
    texts = [*arguments, *([part.where] if part.where else [])]
    of_account = part.by_others or part.way in ("others", "state")
    kinds = part.arguments[:1] if keyed else ("account",) if of_account else ()
    kinds = part.arguments[1:] if part.way == "ordered" else kinds
    texts += [key for kind in kinds if (key := event.key(kind))]
    return frozenset().union(*(compile_expression(text, event.names).names for text in texts))


def people(persons: DataFrame, coverage: Mapping[str, Mapping[str, str]]) -> DataFrame:
    """Return one row per person, with what `is_covered` reads.

    `coverage[feed]` is platform → covers; `persons` has every account with its person and platform.
    """
    mine = {
        _covered_by(feed): F.max(F.col("platform").isin(*sorted(platforms)))
        for feed, platforms in coverage.items()
        if platforms and "everybody" not in platforms.values()
    }
    flags = (has.alias(name) for name, has in mine.items())
    return persons.groupBy("person").agg(F.count(F.lit(1)).alias("_accounts"), *flags)


def is_covered(coverage: Mapping[str, Mapping[str, str]], feed: str) -> Column:
    """Whether the person of a row that has the columns of `people` is covered by a feed."""
    platforms = coverage.get(feed, {})
    if not platforms or "everybody" in platforms.values():
        return F.lit(bool(platforms))
    return F.col(_covered_by(feed))


def _covered_by(feed: str) -> str:
    return f"_covered_by_{feed}"
