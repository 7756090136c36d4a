"""Before and after a purchase: which touches belong to it, which was first and last, and what was said after it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from feeds import CONTRACTS
from pyspark.sql import functions as F
from scipy.stats import binomtest

from huaxiang.days.catalogue import load_catalogue
from huaxiang.insight.journeys import brand_days, comparisons, known_kinds, purchases
from huaxiang.insight.purchase_path import purchase_paths
from huaxiang.insight.talk_after import talks_after
from huaxiang.insight.touches import TALK, TOUCHES
from huaxiang.portrait.coverage import covers_by_feed, people

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
MEASURES = {measure.name: measure for measure in load_catalogue(CONTRACTS).measures}
SEEN, CLICKED = "ad_seen", "ad_clicked"
COUNTED = (SEEN, CLICKED, "viewed")
TALKED = ("recommended", "complained")
DAYS = "person string, brand_id string, day date, " + ", ".join(
    f"{n} bigint" for n in ("orders", *COUNTED, *TALKED)
)


def ago(days: int) -> date:
    """So many days before 10 November."""
    return date(2026, 11, 10) - timedelta(days=days)


def on(who: str, day: date, brand: str = "b1", **counts: int) -> tuple[Any, ...]:
    return who, brand, day, *(counts.get(name) for name in ("orders", *COUNTED, *TALKED))


def bought(spark: SparkSession, rows: list[Any], compared: DataFrame | None = None) -> DataFrame:
    touches = (*COUNTED, "compared") if compared else COUNTED
    return purchases(spark.createDataFrame(rows, DAYS), compared, touches, as_of=AS_OF)


def by_person(frame: DataFrame) -> dict[tuple[str, date], Any]:
    return {(row["person"], row["day"]): row for row in frame.collect()}


def test_touches_belong_to_the_next_purchase_within_thirty_days(spark: SparkSession) -> None:
    buys = ago(0)
    days = [
        on("edge", buys, orders=2),  # two orders of a day are one purchase
        on("edge", ago(29), ad_seen=3),
        on("late", buys, orders=1),
        on("late", ago(30), ad_seen=3),
        on("same", buys, orders=1, viewed=2),  # on the day itself: before it
        on("after", buys, orders=1),
        on("after", ago(-1), viewed=9),
        on("twice", ago(5), orders=1, ad_seen=1),  # leads to this one, not to the next
        on("twice", ago(9), ad_seen=1, ad_clicked=1),
        on("twice", ago(4), viewed=1),
        on("twice", buys, orders=1),
        on("other", buys, orders=1),
        on("other", ago(1), "b2", viewed=1),
        on("old", date(2025, 11, 30), orders=1),  # before the twelve months
        on("first", date(2025, 12, 1), orders=1),
        on("first", date(2025, 11, 30), ad_seen=1),
    ]
    found = by_person(bought(spark, days))
    assert {key: [row[f"times_{t}"] for t in COUNTED] for key, row in found.items()} == {
        ("edge", buys): [3, None, None],
        ("late", buys): [None, None, None],
        ("same", buys): [None, None, 2],
        ("after", buys): [None, None, None],
        ("twice", ago(5)): [2, 1, None],
        ("twice", buys): [None, None, 1],
        ("other", buys): [None, None, None],
        ("first", date(2025, 12, 1)): [1, None, None],
    }
    twice = found["twice", ago(5)]
    assert (twice["first_ad_seen"], twice["last_ad_seen"], twice["first_ad_clicked"]) == (
        ago(9),
        ago(5),
        ago(9),
    )


def test_what_others_did_with_ones_link_counts_and_what_one_did_oneself_does_not(spark: SparkSession) -> None:
    orders, visits = (MEASURES[name].part.column for name in ("orders", "brought_visits"))
    persons = [("w:ann", "Ann"), ("m:ann", "Ann"), ("m:bob", "Bob")]

    def cell(stream: str, kind: str, key: str, who: str, day: date | None, **values: int) -> tuple[Any, ...]:
        part = f"{stream} {day:%Y-%m}" if day else f"{stream} undated"
        return stream, kind, key, who, day, part, values.get("orders"), values.get("visits")

    cells = [
        cell("order_line", "brand", "b1", "m:bob", ago(0), orders=1),
        cell("order_line", "none", "", "m:bob", ago(0), orders=1),
        cell("order_line", "brand", "b1", "m:bob", None, orders=1),
        cell("order_line", "brand", "b1", "m:nobody", ago(0), orders=1),
        cell("brought_visit", "brand_account", "b1␟m:bob", "w:ann", ago(2), visits=2),
        cell("brought_visit", "brand_account", "b1␟m:bob", "w:stranger", ago(2), visits=1),
        cell("brought_visit", "brand_account", "b1␟m:ann", "w:ann", ago(2), visits=4),  # their own link
        cell("brought_visit", "brand", "b1", "w:ann", ago(3), visits=6),  # of a measure of everybody's
    ]
    names = "stream string, key_kind string, key string, account string, business_date date, part string"
    frame = spark.createDataFrame(cells, f"{names}, {orders} bigint, {visits} bigint")
    known = spark.createDataFrame(persons, "account string, person string")
    kinds = {"orders": ("orders",), "share_clicked": TOUCHES["share_clicked"]}
    found = brand_days(frame, known, kinds, MEASURES, as_of=AS_OF).collect()
    assert {(r["person"], r["brand_id"], r["day"]): (r["orders"], r["share_clicked"]) for r in found} == {
        ("Bob", "b1", ago(0)): (1, None),
        ("Bob", "b1", ago(2)): (None, 3),
    }


def test_who_compares_looks_at_another_brand_of_what_is_bought(spark: SparkSession) -> None:
    products = [
        ("mall", "p1", "b1", "shoes"),
        ("mall", "p2", "b2", "shoes"),
        ("mall", "p3", "b2", "tea"),
        ("mall", "p4", "b1", "tea"),
    ]
    lines = [("mall", "p1", "m:bob", day) for day in (ago(20), ago(0))] + [("mall", "p1", "m:bob", ago(0))]
    seen = [
        ("mall", "p2", "m:bob", ago(49), "view"),  # the first day of the first window
        ("mall", "p2", "m:bob", ago(50), "view"),
        ("mall", "p2", "m:bob", ago(20), "view"),  # on the day of buying: of that purchase
        ("mall", "p2", "m:bob", ago(19), "view"),
        ("mall", "p2", "m:bob", ago(0), "view"),
        ("mall", "p2", "m:bob", ago(-1), "view"),
        ("mall", "p3", "m:bob", ago(3), "view"),  # another category
        ("mall", "p1", "m:bob", ago(3), "view"),  # the brand itself
        ("mall", "p1", "m:bob", ago(2), "compare"),
        ("mall", "p2", "m:bob", ago(2), "cart"),
        ("mall", None, "m:bob", ago(2), "view"),
    ]
    found = comparisons(
        spark.createDataFrame(
            lines, "platform string, product_id string, account string, business_date date"
        ),
        spark.createDataFrame(
            seen, "platform string, product_id string, account string, business_date date, act string"
        ),
        spark.createDataFrame(
            products, "platform string, product_id string, brand_id string, category string"
        ),
        spark.createDataFrame([("m:bob", "Bob")], "account string, person string"),
        as_of=AS_OF,
    )
    assert {key: (row["times"], row["first"], row["last"]) for key, row in by_person(found).items()} == {
        ("Bob", ago(20)): (2, ago(49), ago(20)),
        ("Bob", ago(0)): (3, ago(19), ago(0)),
    }


def test_a_path_tells_each_kind_of_touch_and_which_came_first(spark: SparkSession) -> None:
    days = [
        on("a", ago(0), orders=1, viewed=1),
        on("a", ago(8), ad_seen=2, ad_clicked=1),  # on one day: what is nearer to buying is the later
        on("b", ago(0), orders=1, ad_seen=1, viewed=2),
        on("c", ago(0), orders=1),  # directly
        on("d", ago(0), orders=1, viewed=5),  # of whom no feed of ads tells
        on("e", ago(0), "b2", orders=1, ad_seen=1),
    ]
    rows = bought(spark, days).withColumn("knows", F.col("person") != "d")
    known = {SEEN: F.col("knows"), CLICKED: F.col("knows"), "viewed": F.lit(True)}
    found = {(row["brand_id"], row["touch"]): row for row in purchase_paths(rows, known).collect()}
    counts = (
        "orders",
        "orders_known",
        "orders_with",
        "first_orders",
        "last_orders",
        "median_touches",
        "median_days",
    )
    assert {key: tuple(row[n] for n in counts) for key, row in found.items() if key[0] == "b1"} == {
        ("b1", SEEN): (4, 3, 2, 2, 0, 1.5, 4.0),
        ("b1", CLICKED): (4, 3, 1, 0, 0, 1.0, 8.0),
        ("b1", "viewed"): (4, 4, 3, 0, 2, 2.0, 0.0),
        ("b1", None): (4, 3, 2, 2, 2, 3.5, 4.0),
    }
    assert [found[None, None][name] for name in counts[:3]] == [5, 4, 3]
    wilson = binomtest(2, 3).proportion_ci(method="wilson")
    one = found["b1", SEEN]
    assert (one["share"], one["share_low"], one["share_high"]) == pytest.approx(
        (2 / 3, wilson.low, wilson.high), abs=1e-4
    )


def test_without_any_feed_of_touches_purchases_are_counted_and_no_more(spark: SparkSession) -> None:
    days = spark.createDataFrame(
        [("a", "b1", ago(0), 1)], "person string, brand_id string, day date, orders bigint"
    )
    rows = purchases(days, None, (), as_of=AS_OF)
    (one, whole) = sorted(purchase_paths(rows, {}).collect(), key=lambda row: row["brand_id"] or "~")
    assert (one["touch"], one["orders"], one["orders_known"], one["share"]) == (None, 1, 0, None)
    assert whole["brand_id"] is None


def test_talk_belongs_to_a_purchase_for_thirty_days_and_open_ones_are_told_apart(spark: SparkSession) -> None:
    buys = date(2026, 10, 22)  # its thirtieth day is the night's
    days = [
        on("praises", buys, orders=1),
        on("praises", buys + timedelta(days=29), recommended=1),
        on("silent", buys, orders=1),
        on("blames", buys, orders=1, complained=2),  # on the day itself
        on("both", buys, orders=1),
        on("both", buys + timedelta(days=1), recommended=1),
        on("both", buys + timedelta(days=3), complained=1),
        on("again", date(2026, 10, 1), orders=1),  # one word is said after both purchases
        on("again", date(2026, 10, 11), orders=1),
        on("again", date(2026, 10, 30), complained=1),
        on("late", date(2026, 10, 1), orders=1),
        on("late", date(2026, 10, 31), recommended=1),
        on("before", buys, orders=1),
        on("before", buys - timedelta(days=1), complained=1),
        on("unknown", buys, orders=1, recommended=1),
        on("open", date(2026, 10, 23), orders=1, complained=1),
        on("new", ago(0), orders=1),
    ]
    rows = bought(spark, days).withColumn("knows", F.col("person") != "unknown").localCheckpoint()
    known = dict.fromkeys(TALK, F.col("knows"))
    found = {(r["brand_id"], r["month"]): r for r in talks_after(rows, known, as_of=AS_OF).collect()}
    counts = ("orders", "open_orders", "unknown_orders", "recommended", "silent", "complained", "mixed")
    october = found["b1", OCTOBER]
    assert [october[n] for n in counts] == [10, 1, 1, 1, 3, 3, 1]
    assert sum(october[n] for n in counts[1:]) == october["orders"]
    assert [found[None, NOVEMBER][n] for n in counts] == [1, 1, 0, 0, 0, 0, 0]
    assert found["b1", NOVEMBER]["complained_share"] is None
    wilson = binomtest(4, 8).proportion_ci(method="wilson")
    shares = ("complained_share", "complained_low", "complained_high")
    assert [october[n] for n in shares] == pytest.approx([0.5, wilson.low, wilson.high], abs=1e-4)
    assert (october["recommended_days"], october["complained_days"]) == (
        15.0,
        11.0,
    )  # 29 and 1; 0, 3, 29 and 19
    only = {"complained": F.lit(True)}
    (row,) = [
        r for r in talks_after(rows, only, as_of=AS_OF).collect() if r["brand_id"] and r["month"] == OCTOBER
    ]
    assert [row[n] for n in counts[3:]] == [None, None, 4, None]


def test_a_kind_is_told_when_its_feeds_cover_the_buyer_from_the_first_day_on(spark: SparkSession) -> None:
    def feed(name: str, platform: str, covers: str, since: date | None) -> dict[str, Any]:
        return {"feed": name, "platform": platform, "covers": covers, "covered_from": since, "unknown": ()}

    coverage = [
        feed("ad_event", "weiwo", "accounts", ago(29)),
        feed("browse_event", "mall", "everybody", ago(40)),
        feed("browse_event", "store", "everybody", ago(29)),  # before it, views of a store may be missing
        feed("order_line", "mall", "everybody", ago(40)),
        feed("social_message", "weiwo", "accounts", None),
    ]
    found = known_kinds(TOUCHES, MEASURES, coverage, F.date_sub("day", 29))
    # `share_clicked` needs the feed of links; `asked` is told of by two feeds, of which one has no dates.
    assert found.keys() == {"ad_seen", "ad_clicked", "compared", "viewed", "asked"}
    rows = [
        ("both", ["mall", "weiwo"], ago(0)),
        ("early", ["mall", "weiwo"], ago(1)),
        ("shop", ["mall"], ago(0)),
    ]
    accounts = [(person, platform) for person, platforms, _ in rows for platform in platforms]
    persons = spark.createDataFrame(accounts, "person string, platform string")
    days = spark.createDataFrame([(person, day) for person, _, day in rows], "person string, day date")
    frame = days.join(people(persons, covers_by_feed(coverage)), "person")
    told = frame.select("person", *(known.alias(kind) for kind, (_, known) in found.items())).collect()
    assert {row["person"]: {kind for kind in found if row[kind]} for row in told} == {
        "both": {"ad_seen", "ad_clicked", "compared", "viewed"},
        "early": set(),
        "shop": {"compared", "viewed"},
    }
