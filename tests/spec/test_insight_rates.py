"""Rates: what happened of how much could, month by month, under every kind of key that a rate names."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from feeds import CONTRACTS
from scipy.stats import binomtest

from huaxiang.days.catalogue import load_catalogue
from huaxiang.insight.of_many import OF_MANY
from huaxiang.insight.rates import rates
from huaxiang.insight.step import are_due

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AS_OF = date(2026, 11, 20)
RATES = {rate.name: rate for rate in load_catalogue(CONTRACTS).rates}
TOLD = [RATES["late_share"], RATES["complaint_rate"]]
DELIVERED, LATE, COMPLAINED = (
    RATES[rate].of.part.column if side == "of" else RATES[rate].per.part.column
    for rate, side in (("late_share", "per"), ("late_share", "of"), ("complaint_rate", "of"))
)


def cell(
    stream: str, kind: str, key: str, on: date | None, who: str = "mall:1", **values: int
) -> dict[str, Any]:
    return {
        "stream": stream, "key_kind": kind, "key": key, "account": who, "business_date": on,
        "part": f"{stream} {on:%Y-%m}" if on else f"{stream} undated",
        DELIVERED: None, LATE: None, COMPLAINED: None, **values,
    }  # fmt: skip


def test_a_rate_is_told_by_month_and_key(spark: SparkSession) -> None:
    november, first, before = date(2026, 11, 3), date(2025, 12, 1), date(2025, 11, 30)
    cells = [
        cell("delivery", "courier", "c1", november, **{DELIVERED: 30, LATE: 1}),
        cell("delivery", "courier", "c1", AS_OF, "mall:2", **{DELIVERED: 10}),
        cell(
            "delivery", "courier", "c1", date(2026, 11, 21), **{DELIVERED: 900, LATE: 900}
        ),  # after the night
        cell("delivery", "courier", "c1", None, **{DELIVERED: 900, LATE: 900}),  # on the way
        cell("delivery", "courier", "c2", first, **{DELIVERED: 4}),  # the first of twelve months
        cell("delivery", "courier", "c2", before, **{DELIVERED: 4}),
        cell("delivery", "none", "", november, **{DELIVERED: 40, LATE: 1}),
        cell("delivery", "hour", "9", november, **{DELIVERED: 40, LATE: 1}),  # no rate is told by hour
        cell("delivery", "awaits:order_line", "o1", november, "", **{DELIVERED: 40}),
        cell("delivery_elsewhere", "courier", "c1", november, **{DELIVERED: 900}),
        cell("service_ticket", "courier", "c1", november, **{COMPLAINED: 3}),
        cell("service_ticket", "courier", "c2", first, **{COMPLAINED: 6}),  # more than parcels
        cell("service_ticket", "courier", "c3", november, **{COMPLAINED: 6}),  # parcels of another month
    ]
    names = "stream string, key_kind string, key string, account string, business_date date, part string"
    frame = spark.createDataFrame(cells, f"{names}, {DELIVERED} bigint, {LATE} bigint, {COMPLAINED} bigint")
    found = rates(frame, TOLD, as_of=AS_OF).collect()
    month = date(2026, 11, 1)
    assert {
        (r["rate"], r["month"], r["key_kind"], r["key"]): (r["happened"], r["of_all"]) for r in found
    } == {
        ("late_share", month, "courier", "c1"): (1, 40),
        ("late_share", month, "all", "all"): (1, 40),
        ("late_share", first, "courier", "c2"): (0, 4),
        ("complaint_rate", month, "courier", "c1"): (3, 40),
        ("complaint_rate", month, "all", "all"): (0, 40),
        ("complaint_rate", first, "courier", "c2"): (6, 4),
    }
    by_place = {(r["rate"], r["key"]): r for r in found}
    wilson = binomtest(3, 40).proportion_ci(method="wilson")
    one = by_place["complaint_rate", "c1"]
    assert (one["share"], one["share_low"], one["share_high"]) == pytest.approx(
        (0.075, wilson.low, wilson.high), abs=1e-4
    )
    more = by_place["complaint_rate", "c2"]
    assert (more["share"], more["share_low"], more["share_high"]) == (1.5, None, None)


@pytest.mark.parametrize(
    ("before", "tonight", "settings", "due"),
    [
        (None, date(2026, 11, 18), {}, True),
        ((date(2026, 11, 16), "published"), date(2026, 11, 18), {}, False),
        ((date(2026, 11, 15), "published"), date(2026, 11, 18), {}, True),
        ((date(2026, 11, 16), "held"), date(2026, 11, 17), {}, True),
        ((date(2026, 11, 16), "published"), date(2026, 11, 18), {"insights": "nightly"}, True),
        ((date(2026, 11, 16), "published"), date(2026, 11, 18), {"rebuild": True}, True),
        ((date(2026, 11, 16), "published"), date(2026, 11, 18), {"lacks": OF_MANY[-1]}, True),
        ((date(2026, 12, 31), "published"), date(2027, 1, 1), {}, False),
        ((date(2026, 11, 16), "published"), date(2026, 11, 18), {"defines": 2}, True),
        ((date(2026, 11, 16), "published"), date(2026, 11, 18), {"minimum": 60}, True),
    ],
    ids=["a new lake", "the same week", "a new week", "after a held night", "told to", "a rebuild", "a table is new", "one week of two years", "another meaning", "a list too short by now"],
)  # fmt: skip
def test_many_people_are_told_of_on_the_first_night_of_a_week(
    spark: SparkSession, before: tuple[date, str] | None, tonight: date, settings: dict[str, Any], due: bool
) -> None:
    newest = SimpleNamespace(as_of=before[0], status=before[1]) if before else None
    lists = spark.createDataFrame([("b1", 55), ("b2", None)], "brand_id string, members bigint")
    lake = SimpleNamespace(
        newest=newest,
        exists=lambda name: name != settings.get("lacks"),
        pin=lambda _: settings.get("defines", 1),
        pinned=lambda _: 1,
        read=lambda _: lists,
    )
    config = SimpleNamespace(
        insights=settings.get("insights", "weekly"), minimum_group=settings.get("minimum", 50)
    )
    night: Any = SimpleNamespace(
        lake=lake, as_of=tonight, rebuild=settings.get("rebuild", False), config=config
    )
    assert are_due(night) is due
