"""The insight step: what is told of many people; rates every night, the others when they are due."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.config import NIGHTLY
from huaxiang.contracts.spark import empty_frame
from huaxiang.insight.of_many import OF_MANY, write_of_many
from huaxiang.insight.rates import ALL, can_be_told, rates
from huaxiang.portrait.coverage import covers_by_feed, unknown_by_feed
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from huaxiang.night import Night

ON_THE_PAGE = (ALL, "courier", "tier")
"""Kinds of key of which there are few: the night's page tells them all."""


@dataclass(frozen=True)
class InsightOutcome:
    """How many tables tonight told, and what the page of the night tells of them.

    `rates` are those of its month and of the one before, with the words of each rate, and of each courier where it
    has some.
    """

    tables: int
    rates: list[dict[str, Any]]


def run(night: Night) -> InsightOutcome:
    """Write the tables that tell of many people: `rate` each night, the others when they `are_due`.

    They tell of tonight's day rows, portraits and relations.
    """
    coverage = [row.asDict(recursive=True) for row in night.lake.read("coverage").collect()]
    writing, due = [partial(_write_rates, night, coverage)], are_due(night)
    if due:
        writing.append(partial(write_of_many, night, coverage))
    together(writing)
    return InsightOutcome(1 + due * len(OF_MANY), _on_the_page(night))


def are_due(night: Night) -> bool:
    """Whether tonight tells of many people: the first night of a week does, and with `insights: nightly` each.

    They read whole histories, and tell of months. A week begins on Monday; a night that makes a lake, or its day
    rows anew, tells too, and so does the one after a night that was held: what that one told, nobody vouches for.
    So does one by which a measure, a tag or what comments feel means something else, or a member list is too short.
    """
    lake, before = night.lake, night.lake.newest
    if before is None or before.status == "held" or night.rebuild or night.config.insights == NIGHTLY:
        return True
    if not all(lake.exists(name) for name in OF_MANY):
        return True
    if lake.pin("measure_definition") != lake.pinned("measure_definition"):
        return True
    if before.as_of.isocalendar()[:2] != night.as_of.isocalendar()[:2]:
        return True
    return not lake.read("member_match").where(F.col("members") < night.config.minimum_group).isEmpty()


def _write_rates(night: Night, coverage: Sequence[Mapping[str, Any]]) -> None:
    covers, unknown = covers_by_feed(coverage), unknown_by_feed(coverage)
    declared = [rate for rate in night.catalogue.rates if can_be_told(rate, covers, unknown)]
    if declared:
        told = rates(night.day_rows(), declared, as_of=night.as_of)
    else:
        told = empty_frame(night.spark, night.contracts["rate"])
    night.attempt.replace("rate", night.cut(told).repartition(1), unless_equal=True)


def _on_the_page(night: Night) -> list[dict[str, Any]]:
    words = {rate.name: {"en": rate.title.en, "zh": rate.title.zh} for rate in night.catalogue.rates}
    couriers = night.lake.read("clean/courier").select("courier_id", "name_en", "name_zh").collect()
    names = {("courier", row[0]): {"en": row[1], "zh": row[2]} for row in couriers}
    since = F.add_months(F.trunc(F.lit(night.as_of), "month"), -1)
    shown = F.col("key_kind").isin(*ON_THE_PAGE) & (F.col("month") >= since)
    order = {name: number for number, name in enumerate(words)}
    rows = [row.asDict() for row in night.lake.read("rate").where(shown).collect()]
    rows.sort(key=lambda row: (order[row["rate"]], row["key_kind"], row["key"], row["month"]))
    return [
        row
        | {
            "month": row["month"].isoformat(),
            "title": words[row["rate"]],
            "key_title": names.get((row["key_kind"], row["key"])),
        }
        for row in rows
    ]
