"""Where new buyers come from: every first order has one channel, and a month's shares add up."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from scipy.stats import binomtest

from huaxiang.insight.newcomers import new_buyer_sources

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AS_OF = date(2026, 11, 20)
FIRST = "first_order_date date, first_order_by string"


def test_every_first_order_counts_for_what_led_to_it(spark: SparkSession) -> None:
    firsts = [
        ("b1", date(2026, 11, 3), "link:l1"),
        ("b1", date(2026, 11, 4), "link:l2"),
        ("b1", date(2026, 11, 5), "link:gone"),
        ("b1", date(2026, 11, 6), "ad:c1"),
        *[("b1", date(2026, 11, 30), "direct")] * 16,
        ("b2", date(2026, 10, 31), None),  # a source that doesn't say
        ("b2", date(2025, 12, 1), "direct"),  # the first of twelve months
        ("b2", date(2025, 11, 30), "direct"),  # before them
        ("b2", None, "direct"),  # never, or on no date
    ]
    pairs = spark.createDataFrame(firsts, f"brand_id string, {FIRST}")
    people = spark.createDataFrame([(date(2026, 11, 3), "link:l1"), (None, None)], FIRST)
    links = [("l1", "weiwo"), ("l2", "douyue"), ("other", "weiwo")]
    known = spark.createDataFrame(links, "link_id string, platform string")
    rows = new_buyer_sources(people, pairs, known, covered_from=date(2025, 1, 1), as_of=AS_OF).collect()
    november = date(2026, 11, 1)
    assert {(r["brand_id"], r["month"], r["channel"]): (r["new_buyers"], r["of_all"]) for r in rows} == {
        ("b1", november, "weiwo"): (1, 20),
        ("b1", november, "douyue"): (1, 20),
        ("b1", november, "unknown_link"): (1, 20),
        ("b1", november, "advertising"): (1, 20),
        ("b1", november, "direct"): (16, 20),
        ("b2", date(2026, 10, 1), "unknown"): (1, 1),
        ("b2", date(2025, 12, 1), "direct"): (1, 1),
        (None, november, "weiwo"): (1, 1),
    }
    (direct,) = (r for r in rows if r["new_buyers"] == 16)
    wilson = binomtest(16, 20).proportion_ci(method="wilson")
    told = direct["share"], direct["share_low"], direct["share_high"]
    assert told == pytest.approx((0.8, wilson.low, wilson.high), abs=1e-4)
    assert {r["covered_from"] for r in rows} == {date(2025, 1, 1)}
