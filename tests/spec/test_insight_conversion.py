"""Conversion between kinds of relation by hand: who came by one kind, who went on to another, who got lost."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest
from people import in_parts
from scipy.stats import binomtest

from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.insight.conversion import TOLD_BY, conversions, first_days
from huaxiang.insight.flows import known
from huaxiang.insight.turned_away import TURNED_BY, turned_away

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
OCTOBER = date(2026, 10, 1)
SINCE = date(2026, 1, 5)
MEASURES = {m.name: m for m in load_catalogue(load_contracts()).measures}
TOLD = {kind: tuple(MEASURES[name] for name in names) for kind, names in TOLD_BY.items()}
TURNED = {how: MEASURES[name] for how, name in TURNED_BY.items()}
VALUES = sorted({m.part.column for told in (*TOLD.values(), TURNED.values()) for m in told})
FIRSTS = (
    "person string, brand_id string, dialogue date, purchase date, membership date, undated array<string>"
)
AWAY = "person string, brand_id string, turned array<struct<on: date, how: string, campaign_id: string>>"
Cell = tuple[str, str, str, date | None, dict[str, int]]
"""Account, key kind, key, day, and what each measure counts."""


def october(day: int) -> date:
    return date(2026, 9, 30) + timedelta(days=day)


def told(
    spark: SparkSession,
    *firsts: tuple[str, str, date | None, date | None],
    turned: dict[str, date] | None = None,
    undated: dict[str, list[str]] | None = None,
    way: tuple[str, str] = ("dialogue", "purchase"),
) -> dict[tuple[str | None, date], Any]:
    """Tell of persons by their first days of the two kinds; `turned` are days on which they turned away from b1."""
    kinds = {way[0]: 2, way[1]: 3}
    rows = [
        (
            who, brand, *(row[kinds[k]] if k in kinds else None for k in ("dialogue", "purchase", "membership")),
            (undated or {}).get(who, []),
        )
        for row in firsts
        for who, brand in [row[:2]]
    ]  # fmt: skip
    away = [(who, "b1", [(day, "unfollow", None)]) for who, day in (turned or {}).items()]
    found = conversions(
        spark.createDataFrame(rows, FIRSTS),
        None if turned is None else spark.createDataFrame(away, AWAY),
        spark.createDataFrame([("b1",)], "brand_id string") if "membership" in way else None,
        [(*way, SINCE)],
        as_of=AS_OF,
    ).collect()
    by_key = {(row["brand_id"], row["month"]): row for row in found}
    assert len(by_key) == len(found)
    return by_key


def counts(row: Any) -> dict[str, Any]:
    names = ("entered", "already", "same_day", "open", "observed", "converted", "lost")
    return {name: row[name] for name in names if row[name] != 0}


def test_the_other_kind_counts_from_the_next_day_to_the_thirtieth(spark: SparkSession) -> None:
    row = told(
        spark,
        ("next day", "b1", october(1), october(2)),
        ("day 30", "b1", october(1), october(31)),
        ("day 31", "b1", october(1), october(32)),
        ("same day", "b1", october(1), october(1)),
        ("day before", "b1", october(2), october(1)),
        ("never", "b1", october(1), None),
        ("only bought", "b1", None, october(1)),
        ("bought on nobody knows which day", "b1", october(1), None),
        ("talked once before or after", "b1", october(1), october(9)),
        undated={
            "bought on nobody knows which day": ["purchase"],
            "talked once before or after": ["dialogue"],
        },
    )["b1", OCTOBER]
    assert counts(row) == {
        "entered": 6, "already": 1, "same_day": 1, "observed": 4, "converted": 2, "lost": None,
    }  # fmt: skip
    wilson = binomtest(2, 4).proportion_ci(method="wilson")
    shares = row["share"], row["share_low"], row["share_high"]
    assert shares == pytest.approx((0.5, wilson.low, wilson.high), abs=1e-4)
    assert (row["median_days"], row["covered_from"]) == (15.5, SINCE)


def test_whose_days_are_not_over_is_counted_apart_however_it_went(spark: SparkSession) -> None:
    row = told(
        spark,
        ("over tonight", "b1", date(2026, 10, 21), date(2026, 11, 20)),
        ("open a day more", "b1", date(2026, 10, 22), None),
        ("open and bought", "b1", date(2026, 10, 22), date(2026, 10, 23)),
        ("open but before", "b1", date(2026, 10, 22), date(2026, 10, 20)),
        ("open but on one day", "b1", date(2026, 10, 22), date(2026, 10, 22)),
        turned={},
    )["b1", OCTOBER]
    assert counts(row) == {
        "entered": 5, "already": 1, "same_day": 1, "open": 2, "observed": 1, "converted": 1,
    }  # fmt: skip
    unseen = told(spark, ("open", "b1", date(2026, 11, 1), None), turned={})["b1", date(2026, 11, 1)]
    names = ("share", "share_low", "share_high", "median_days")
    assert (counts(unseen), [unseen[name] for name in names]) == ({"entered": 1, "open": 1}, [None] * 4)


def test_lost_is_who_turned_away_in_these_days_and_did_not_convert(spark: SparkSession) -> None:
    days = {"on the day": 1, "next day": 2, "day 30": 31, "day 31": 32, "converted": 2}
    row = told(
        spark,
        *((who, "b1", october(1), october(9) if who == "converted" else None) for who in days),
        ("from another brand", "b2", october(1), None),
        turned={who: october(day) for who, day in days.items()} | {"from another brand": october(2)},
    )
    assert counts(row["b1", OCTOBER]) == {"entered": 5, "observed": 5, "converted": 1, "lost": 2}
    assert counts(row["b2", OCTOBER]) == {"entered": 1, "observed": 1}


def test_over_all_brands_a_person_counts_once_as_it_went_furthest(spark: SparkSession) -> None:
    row = told(
        spark,
        ("stayed, and converted twice", "b1", october(1), None),
        ("stayed, and converted twice", "b2", october(1), october(9)),
        ("stayed, and converted twice", "b3", october(1), october(5)),
        ("already, and stayed", "b1", october(3), october(1)),
        ("already, and stayed", "b2", october(3), None),
        ("bought another brand", "b1", october(4), None),
        ("bought another brand", "b2", None, october(5)),
        ("converted, and open", "b1", october(1), october(2)),
        ("converted, and open", "b2", october(30), None),
        ("two months", "b1", date(2026, 9, 1), None),
        ("two months", "b2", october(1), None),
        turned={},
    )
    assert counts(row[None, OCTOBER]) == {"entered": 5, "open": 1, "observed": 4, "converted": 1}
    assert row[None, OCTOBER]["median_days"] == 4.0
    assert counts(row[None, date(2026, 9, 1)]) == {"entered": 1, "observed": 1}


def test_a_brand_without_a_member_list_tells_nothing_of_membership(spark: SparkSession) -> None:
    row = told(
        spark,
        ("joined", "b1", october(1), october(3)),
        ("elsewhere", "b2", october(1), None),
        way=("purchase", "membership"),
    )
    assert {key: counts(r) for key, r in row.items()} == {
        (brand, OCTOBER): {"entered": 1, "observed": 1, "converted": 1, "lost": None}
        for brand in ("b1", None)
    }


def test_twelve_months_are_told(spark: SparkSession) -> None:
    row = told(
        spark,
        ("too old", "b1", date(2025, 11, 30), date(2025, 12, 1)),
        ("first month", "b1", date(2025, 12, 1), date(2025, 12, 2)),
    )
    assert [key for key in row if key[0]] == [("b1", date(2025, 12, 1))]


def cells(spark: SparkSession, *rows: Cell) -> DataFrame:
    """Day rows with the values that measures count."""
    made = []
    for account, kind, key, day, times in rows:
        (stream,) = {MEASURES[name].part.stream for name in times}
        values = {MEASURES[name].part.column: count for name, count in times.items()}
        part = f"{stream} {day:%Y-%m}" if day else f"{stream} undated"
        made.append((part, kind, key, account, day, *map(values.get, VALUES)))
    columns = "".join(f", {name} bigint" for name in VALUES)
    grain = "part string, key_kind string, key string, account string, business_date date"
    return spark.createDataFrame(made, grain + columns)


def persons(spark: SparkSession) -> DataFrame:
    who = [("w:ann", "Ann"), ("d:ann", "Ann"), ("w:ben", "Ben"), ("w:cleo", "Cleo")]
    return spark.createDataFrame(who, "account string, person string")


def test_a_kind_begins_with_the_first_day_of_any_account(spark: SparkSession) -> None:
    rows: list[Cell] = [
        ("w:ann", "brand", "b1", october(5), {"orders": 1}),
        ("d:ann", "brand", "b1", october(3), {"orders": 2}),
        ("d:ann", "brand", "b1", None, {"orders": 1}),
        ("w:ann", "brand", "b1", AS_OF + timedelta(days=1), {"service_messages": 1}),
        ("w:ann", "none", "", october(1), {"orders": 1}),
        ("w:nobody", "brand", "b1", october(1), {"orders": 1}),
        ("w:ben", "brand", "b1", october(1), {"interactions": 2, "hides_and_reports": 2}),  # content refused
        ("w:ben", "brand", "b1", october(2), {"interactions": 2, "hides_and_reports": 1}),
        ("w:ben", "brand", "b2", october(2), {"interactions": 1}),
        ("w:cleo", "brand", "b2", AS_OF, {"links_shared": 1}),
    ]
    gifts = spark.createDataFrame(
        [("Ann", "b1", october(9)), ("Ann", "b1", october(8)), (None, "b1", october(1)), ("Ben", None, None)],
        "person string, brand_id string, on date",
    )
    frame = first_days(cells(spark, *rows), persons(spark), TOLD, {"gift": gifts}, as_of=AS_OF)
    found = {
        (r["person"], r["brand_id"]): {k: v for k, v in r.asDict().items() if v and k in (*TOLD, "gift")}
        for r in frame.collect()
    }
    undated = {(r["person"], r["brand_id"]): r["undated"] for r in frame.collect() if r["undated"]}
    assert undated == {("Ann", "b1"): ["purchase"]}
    assert found == {
        ("Ann", "b1"): {"purchase": october(3), "gift": october(8)},
        ("Ben", "b1"): {"content": october(2)},
        ("Ben", "b2"): {"content": october(2)},
        ("Cleo", "b2"): {"recommendation": AS_OF},
    }


CROWD = {f"{platform}:{n}": f"P{n}" for n in range(12) for platform in "dw"}


def planted() -> list[Cell]:
    """Half a year of twelve people with two accounts each, and of three brands."""
    dice = random.Random(7)
    days = [date(2026, 6, 1) + timedelta(days=n) for n in range(180)]
    names = {"service_messages": 40, "orders": 40, "hides_and_reports": 60, "unfollow_events": 60}
    return [
        (dice.choice([*CROWD]), "brand", f"b{dice.randint(1, 3)}", dice.choice(days), {name: 1})
        for name, times in names.items()
        for _ in range(times)
    ]


def recounted(rows: list[Cell]) -> dict[Any, Any]:
    """The same by hand: per brand and month of dialogue → purchase."""
    days: dict[Any, list[date]] = defaultdict(list)
    for account, _, brand, day, times in rows:
        if day and day <= AS_OF:
            days[CROWD[account], brand, *times].append(day)
    found: dict[Any, Any] = defaultdict(lambda: [0, 0, 0, 0, 0, 0, []])
    for (person, brand, name), talked in days.items():
        if name != "service_messages":
            continue
        first, bought = min(talked), min(days.get((person, brand, "orders"), [date.max]))
        row = found[brand, first.replace(day=1)]
        row[0] += 1
        last = first + timedelta(days=30)
        left = [
            d
            for n in ("hides_and_reports", "unfollow_events")
            for d in days.get((person, brand, n), [])
            if first < d <= last
        ]
        if bought <= first:
            row[1 if bought < first else 2] += 1
        elif last > AS_OF:
            row[3] += 1
        elif bought <= last:
            row[4] += 1
            row[6].append((bought - first).days)
        elif left:
            row[5] += 1
    return {key: (*row[:6], median(row[6]) if row[6] else None) for key, row in found.items()}


def test_it_is_what_a_count_by_hand_says_in_any_order_and_however_often_told(spark: SparkSession) -> None:
    rows = planted()
    brands = spark.createDataFrame([], "campaign_id string, brand_id string")
    crowd = spark.createDataFrame([*CROWD.items()], "account string, person string").localCheckpoint()

    def tell(frame: DataFrame) -> dict[Any, Any]:
        firsts = first_days(frame, crowd, {k: TOLD[k] for k in ("dialogue", "purchase")}, {}, as_of=AS_OF)
        away = turned_away(frame, crowd, brands, TURNED, as_of=AS_OF)
        found = conversions(firsts, away, None, [("dialogue", "purchase", None)], as_of=AS_OF).collect()
        names = ("entered", "already", "same_day", "open", "converted", "lost", "median_days")
        return {(r["brand_id"], r["month"]): tuple(r[n] for n in names) for r in found if r["brand_id"]}

    by_hand = recounted(rows)
    assert all(sum(row[n] for row in by_hand.values()) for n in (0, 1, 3, 4, 5))
    once = cells(spark, *rows)
    assert tell(once) == by_hand
    assert tell(in_parts(once.unionByName(once), 5)) == by_hand


def test_only_what_feeds_tell_is_known() -> None:
    def coverage(feed: str, *unknown: str, since: date | None = SINCE) -> dict[str, Any]:
        row = {"feed": feed, "platform": "p", "covers": "everybody", "covered_from": since}
        return row | {"unknown": list(unknown)}

    every = known(MEASURES.values(), [coverage("order_line"), coverage("social_message")])
    assert every.has("orders", "service_messages")
    assert not every.has("interactions")
    assert (every.tells_gifts, every.since["order_line"]) == (True, SINCE)
    later = coverage("order_line", since=OCTOBER) | {"platform": "q"}
    assert known(MEASURES.values(), [coverage("order_line"), later]).since["order_line"] == OCTOBER
    signs = ("recipient_hash_key", "has_gift_wrap", "has_gift_card")
    assert not known(MEASURES.values(), [coverage("order_line", *signs)]).tells_gifts
    for unknown in ("brand_id", "order_id", "business_date"):
        assert not known(MEASURES.values(), [coverage("order_line", unknown)]).has("orders"), unknown
