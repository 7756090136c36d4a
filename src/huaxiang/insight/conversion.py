"""Conversion between kinds of relation: who comes to a brand by one kind, and how many go on to another, how soon.

A kind begins with its first day, person by person and brand by brand, so that each moves once from one kind to
another: who bought for years before asking anything is no conversion of the dialogue. Days are all that is known of
the order of two kinds: what first happened on one day tells no order and is counted apart, as is who had the other
kind already, and whose days are not over by the night, however they went so far: the quick would count, the slow
not yet.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.cells import is_of_stream
from huaxiang.frames import stacked
from huaxiang.insight.of_months import first_month, per_brand_and_all, share_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Measure

WINDOW_DAYS = 30
"""Days after the first day of a kind on which another counts as its conversion; the last one is in."""
TOLD_BY = {
    "content": ("interactions", "hides_and_reports"),
    "dialogue": ("service_messages",),
    "purchase": ("orders",),
    "recommendation": ("links_shared",),
}
"""Kinds that day rows tell, by measures: a day has the kind when the first counts more than the second."""
MEMBERSHIP, GIFT = "membership", "gift"
MOVES = (
    ("content", "dialogue"),
    ("content", "purchase"),
    ("dialogue", "purchase"),
    ("dialogue", MEMBERSHIP),
    ("purchase", "dialogue"),
    ("purchase", MEMBERSHIP),
    ("purchase", GIFT),
    ("purchase", "recommendation"),
)
"""From which kind to which, as far as both are known."""
PAIR = ("person", "brand_id")
GRAIN = ("brand_id", "month", "from_kind", "to_kind", "covered_from")
ALREADY, SAME_DAY, STAYED, LOST, CONVERTED, OPEN = range(6)
"""How it went with a person and a brand; of a person's several brands the last of these is told of all brands."""


def first_days(
    day_rows: DataFrame,
    persons: DataFrame,
    measures: Mapping[str, tuple[Measure, ...]],
    others: Mapping[str, DataFrame],
    *,
    as_of: date,
) -> DataFrame:
    """Return one row per person × brand, with a column per kind: the first day of it up to `as_of`, null without.

    `measures` of the kinds that day rows tell, as of `TOLD_BY`; `others` are frames with `person`, `brand_id` and `on`
    of kinds that they don't. `undated` are the kinds that also happened on nobody knows which day. What has no person
    is left out, and who has dates of no kind.
    """
    is_told = is_of_stream(*{told[0].part.stream for told in measures.values()})
    day = F.col("business_date")

    def happened(told: tuple[Measure, ...]) -> Column:
        times, less = (F.coalesce(m.part.column, F.lit(0)) for m in (told[0], told[-1]))
        return times > (less if len(told) > 1 else F.lit(0))

    cells = (
        day_rows.where(is_told & (F.col("key_kind") == "brand"))
        .join(persons.select("account", "person"), "account")
        .select(
            "person",
            F.col("key").alias("brand_id"),
            *(F.when(happened(told), day).alias(kind) for kind, told in measures.items()),
            _undated({kind: happened(told) & day.isNull() for kind, told in measures.items()}),
        )
    )
    of_others = [
        frame.select(*PAIR, F.col("on").alias(kind), _undated({kind: F.col("on").isNull()}))
        for kind, frame in others.items()
    ]
    rows = stacked([cells, *of_others])
    known = {kind: F.when(F.col(kind) <= F.lit(as_of), F.col(kind)) for kind in (*measures, *others)}
    begun = reduce(or_, (first.isNotNull() for first in known.values()))
    return (
        rows.where(
            (begun | (F.size("undated") > 0)) & F.col("person").isNotNull() & F.col("brand_id").isNotNull()
        )
        .groupBy(*PAIR)
        .agg(
            *(F.min(first).alias(kind) for kind, first in known.items()),
            F.array_distinct(F.flatten(F.collect_set("undated"))).alias("undated"),
        )
        .where(reduce(or_, (F.col(kind).isNotNull() for kind in known)))
    )


def _undated(kinds: Mapping[str, Column]) -> Column:
    held = (F.when(is_undated, F.lit(kind)) for kind, is_undated in kinds.items())
    return F.array_compact(F.array(*held)).alias("undated")


def conversions(
    firsts: DataFrame,
    away: DataFrame | None,
    listed: DataFrame | None,
    ways: Sequence[tuple[str, str, date | None]],
    *,
    as_of: date,
) -> DataFrame:
    """Return brand (null: all brands) × month × from_kind × to_kind: how many came by one kind and went on to the other.

    `firsts` as of `first_days`, with the kinds of all `ways`, each with the date since which both are known; `away` as
    of `turned_away`, None where nobody tells; `listed` the brands with a member list (`brand_id`), without which
    nothing is said of membership. `entered` are persons whose first day of `from_kind` lies in the month, one of the
    twelve up to the night. Of them `already` had the other kind on an earlier day, `same_day` began both on one day,
    and the window of `open` ones ends after the night. The rest are `observed`: `converted` within (first day, first
    day + `WINDOW_DAYS`], `median_days` later, or not; `lost` are those of the latter who turned away from the brand
    in these days, null when unknown. Of whom either kind also happened on an unknown day, nothing is known and
    nothing counted. Over all brands a person counts once, as it went with the brand that went
    furthest: open before converted, lost, stayed, same day, already; days are then the fewest. The interval is 95 %
    (Wilson 1927); without anybody observed the share is null.
    """
    known = firsts if away is None else firsts.join(away, [*PAIR], "left")
    if listed is not None:
        known = known.join(F.broadcast(listed.withColumn("_is_listed", F.lit(True))), "brand_id", "left")
    kinds = dict.fromkeys(kind for *way, _ in ways for kind in way)
    days_of = F.create_map(*(value for kind in kinds for value in (F.lit(kind), F.col(kind))))
    every = F.array(*(_way(*way) for way in ways))
    each = known.select(*known.columns, days_of.alias("_days_of"), F.explode(every).alias("_way"))
    each = _moved(
        each.select("*", "_way.*"), lost_known=away is not None, lists_known=listed is not None, as_of=as_of
    )
    lag = F.min(F.when(F.col("status") == CONVERTED, F.col("days"))).alias("days")
    of_person = per_brand_and_all(each).groupBy(*GRAIN, "person").agg(F.max("status").alias("status"), lag)
    counts = {
        "entered": F.count(F.lit(1)),
        **{
            name: F.count_if(F.col("status") == status)
            for name, status in (
                ("already", ALREADY),
                ("same_day", SAME_DAY),
                ("open", OPEN),
                ("converted", CONVERTED),
                ("lost", LOST),
            )
        },
        "observed": F.count_if(F.col("status").isin(STAYED, LOST, CONVERTED)),
        "median_days": F.median(F.when(F.col("status") == CONVERTED, F.col("days"))),
    }
    counted = of_person.groupBy(*GRAIN).agg(*(value.alias(name) for name, value in counts.items()))
    whole = F.when(F.col("observed") > 0, F.col("observed"))
    low, high = share_interval(F.col("converted"), whole)
    return counted.select(
        "brand_id",
        "month",
        "from_kind",
        "to_kind",
        "entered",
        "already",
        "same_day",
        "open",
        "observed",
        "converted",
        F.when(F.lit(away is not None), F.col("lost")).alias("lost"),
        (F.col("converted") / whole).alias("share"),
        low.alias("share_low"),
        high.alias("share_high"),
        "median_days",
        "covered_from",
    )


def _way(from_kind: str, to_kind: str, covered_from: date | None) -> Column:
    since = F.lit(covered_from).cast("date").alias("covered_from")
    return F.struct(F.lit(from_kind).alias("from_kind"), F.lit(to_kind).alias("to_kind"), since)


def _moved(each: DataFrame, *, lost_known: bool, lists_known: bool, as_of: date) -> DataFrame:
    """Return who came by `from_kind` in the twelve months, with `month`, `status` and the `days` to `to_kind`."""
    first, then = (F.element_at("_days_of", F.col(kind)) for kind in ("from_kind", "to_kind"))
    days = F.date_diff("_then", "_first")
    ends = F.date_add("_first", WINDOW_DAYS)
    turned = F.lit(False)
    if lost_known:
        within = F.exists("turned", lambda turn: (turn["on"] > F.col("_first")) & (turn["on"] <= ends))
        turned = F.coalesce(within, F.lit(False))
    status = (
        F.when(days < 0, F.lit(ALREADY))
        .when(days == 0, F.lit(SAME_DAY))
        .when(ends > F.lit(as_of), F.lit(OPEN))
        .when(days <= WINDOW_DAYS, F.lit(CONVERTED))
        .when(turned, F.lit(LOST))
        .otherwise(F.lit(STAYED))
    )
    came = F.col("_first") >= first_month(as_of)
    if lists_known:
        came = came & (F.col("_is_listed") | (F.col("to_kind") != MEMBERSHIP))
    month = F.trunc("_first", "month").alias("month")
    undated = F.arrays_overlap("undated", F.array("from_kind", "to_kind"))
    kept = each.withColumns({"_first": first, "_then": then}).where(came & ~undated)
    return kept.select(
        *PAIR, "from_kind", "to_kind", "covered_from", month, status.alias("status"), days.alias("days")
    )
