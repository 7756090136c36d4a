"""What pushes cost by hand: who was shown ads or written to, and who turned away within a week."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from feeds import clean
from people import in_parts
from scipy.stats import binomtest
from test_insight_conversion import MEASURES, TURNED, Cell

from huaxiang.insight.push_cost import ads_shown, messages_sent, push_costs
from huaxiang.insight.turned_away import HIDE, PUSHED, REFUSE, UNFOLLOW, campaign_brands, turned_away

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
ADS, MESSAGES = MEASURES["ad_impressions"], MEASURES["messages_sent"]
VALUES = sorted({m.part.column for m in (ADS, MESSAGES, *TURNED.values())})
PUSHES = "person string, brand_id string, campaign_id string, on date, times bigint, push string"
AWAY = "person string, brand_id string, turned array<struct<on: date, how: string, campaign_id: string>>"
EVERY = (UNFOLLOW, PUSHED, HIDE, REFUSE)
NAMES = ("pushes", "persons", "unfollowed", "unfollowed_for_push", "hid", "refused", "turned_away")


def october(day: int) -> date:
    return date(2026, 9, 30) + timedelta(days=day)


def told(
    spark: SparkSession,
    pushes: list[tuple[str, str, str | None, date, int, str]],
    turned: dict[tuple[str, str], list[tuple[date, str, str | None]]],
    known: tuple[str, ...] = EVERY,
) -> dict[tuple[str | None, str | None, date, str], Any]:
    away = [(who, brand, turns) for (who, brand), turns in turned.items()]
    found = push_costs(
        spark.createDataFrame(pushes, PUSHES), spark.createDataFrame(away, AWAY), known
    ).collect()
    by_key = {(r["brand_id"], r["campaign_id"], r["month"], r["push"]): r for r in found}
    assert len(by_key) == len(found)
    return by_key


def counts(row: Any) -> tuple[Any, ...]:
    return tuple(row[name] for name in NAMES)


def test_a_week_from_the_push_on_counts_its_own_day_the_first(spark: SparkSession) -> None:
    days = {"day before": 9, "same day": 10, "day 6": 16, "day 7": 17}
    row = told(
        spark,
        [(who, "b1", "c1", october(10), 2, "ad") for who in days],
        {(who, "b1"): [(october(day), UNFOLLOW, None)] for who, day in days.items()},
    )["b1", "c1", OCTOBER, "ad"]
    assert counts(row) == (8, 4, 2, 0, 0, 0, 2)
    wilson = binomtest(2, 4).proportion_ci(method="wilson")
    ends = row["per_thousand"], row["per_thousand_low"], row["per_thousand_high"]
    assert ends == pytest.approx((500, 1000 * wilson.low, 1000 * wilson.high), abs=0.1)


def test_each_person_counts_once_and_campaigns_do_not_add_up(spark: SparkSession) -> None:
    row = told(
        spark,
        [
            ("ann", "b1", "c1", october(1), 1, "ad"),
            ("ann", "b1", "c1", october(2), 1, "ad"),
            ("ann", "b1", "c2", october(2), 3, "ad"),
            ("ann", "b2", "c3", october(2), 1, "ad"),
            ("ben", "b1", "c2", october(31), 1, "ad"),  # and turns away in November
            ("cleo", "b1", None, october(2), 1, "message"),
        ],
        {
            ("ann", "b1"): [(october(3), HIDE, None), (october(4), HIDE, None), (october(4), REFUSE, "c2")],
            ("ben", "b1"): [(october(32), UNFOLLOW, None), (october(32), PUSHED, None)],
            ("cleo", "b1"): [(october(2), REFUSE, "c2"), (october(2), HIDE, None)],
        },
    )
    assert {key: counts(r) for key, r in row.items()} == {
        ("b1", "c1", OCTOBER, "ad"): (2, 1, 0, 0, 1, 0, 1),  # the other campaign's ad was refused
        ("b1", "c2", OCTOBER, "ad"): (4, 2, 1, 1, 1, 1, 2),
        ("b1", None, OCTOBER, "ad"): (6, 2, 1, 1, 1, 1, 2),
        ("b2", "c3", OCTOBER, "ad"): (1, 1, 0, 0, 0, 0, 0),
        ("b2", None, OCTOBER, "ad"): (1, 1, 0, 0, 0, 0, 0),
        (None, None, OCTOBER, "ad"): (7, 2, 1, 1, 1, 1, 2),
        ("b1", None, OCTOBER, "message"): (1, 1, 0, 0, 1, None, 1),
        (None, None, OCTOBER, "message"): (1, 1, 0, 0, 1, None, 1),
    }


def test_what_nobody_tells_is_null(spark: SparkSession) -> None:
    pushes = [("ann", "b1", "c1", october(1), 1, "ad")]
    turned = {("ann", "b1"): [(october(1), REFUSE, "c1")]}
    without = told(spark, pushes, turned, (HIDE, REFUSE))["b1", None, OCTOBER, "ad"]
    assert counts(without) == (1, 1, None, None, 0, 1, None)
    assert [without[f"per_thousand{end}"] for end in ("", "_low", "_high")] == [None] * 3
    assert counts(told(spark, pushes, turned, ())["b1", None, OCTOBER, "ad"]) == (1, 1, *[None] * 5)


def cells(spark: SparkSession, *rows: Cell) -> DataFrame:
    made = []
    for account, kind, key, day, times in rows:
        (stream,) = {MEASURES[name].part.stream for name in times}
        values = {MEASURES[name].part.column: count for name, count in times.items()}
        made.append((f"{stream} 2026", kind, key, account, day, *map(values.get, VALUES)))
    columns = "".join(f", {name} bigint" for name in VALUES)
    grain = "part string, key_kind string, key string, account string, business_date date"
    return spark.createDataFrame(made, grain + columns)


def persons(spark: SparkSession) -> DataFrame:
    who = [
        ("w:ann", "Ann"),
        ("d:ann", "Ann"),
        ("w:ben", "Ben"),
        ("w:main", "brand one"),
    ]
    return spark.createDataFrame(who, "account string, person string")


def brands(spark: SparkSession) -> DataFrame:
    versions = [
        {"campaign_id": "c1", "brand_id": "b1", "at": "2026-10-01 00:00"},
        {"campaign_id": "c2", "brand_id": "b9", "at": "2026-10-01 00:00"},
        {"campaign_id": "c2", "brand_id": "b2", "at": "2026-10-02 00:00"},
        {"campaign_id": "c2", "brand_id": "b3", "at": "2026-11-21 00:00"},  # not yet
        {"campaign_id": "c3", "at": "2026-10-01 00:00"},
    ]
    return campaign_brands(clean(spark, "campaign", *versions), as_of=AS_OF)


SHOWN: list[Cell] = [
    ("w:ann", "campaign", "c1", october(3), {"ad_impressions": 1}),
    ("d:ann", "campaign", "c1", october(3), {"ad_impressions": 2}),
    ("w:ann", "campaign", "c2", date(2026, 11, 14), {"ad_impressions": 1}),  # its week ends tonight
    ("w:ann", "campaign", "c2", date(2026, 11, 15), {"ad_impressions": 1}),
    ("w:ann", "campaign", "c1", date(2025, 11, 30), {"ad_impressions": 1}),
    ("w:ann", "campaign", "c3", october(3), {"ad_impressions": 1}),  # of no brand
    ("w:ann", "campaign", "c1", None, {"ad_impressions": 1}),
    ("w:ann", "brand", "b1", october(3), {"ad_impressions": 3}),
    ("w:ann", "none", "", october(3), {"ad_impressions": 3}),
    ("w:nobody", "campaign", "c1", october(3), {"ad_impressions": 1}),
]


def test_ads_are_pushes_of_their_campaigns_brand(spark: SparkSession) -> None:
    made, whose = cells(spark, *SHOWN), brands(spark)
    found = [
        {tuple(row) for row in ads_shown(frame, persons(spark), whose, ADS, as_of=AS_OF).collect()}
        for frame in (made, in_parts(made, 5))
    ]
    assert found[0] == {
        ("Ann", "b1", "c1", october(3), 3, "ad"),
        ("Ann", "b2", "c2", date(2026, 11, 14), 1, "ad"),
    }
    assert found[0] == found[1]


def test_an_answer_is_no_push(spark: SparkSession) -> None:
    def sent(day: int, *, by: str = "w:main", to: str = "w:ann") -> Cell:
        return by, "account", to, october(day), {"messages_sent": 1}

    rows = [
        sent(1),
        sent(1, by="w:shop", to="d:ann"),  # the same push, from another account to another
        ("d:ann", "brand", "b1", october(10), {"messages_sent": 1}),
        sent(10),
        sent(16),
        sent(17),
        sent(10, to="w:ben"),  # who did not write
        sent(10, by="w:main", to="w:shop"),
        sent(10, by="w:ben", to="w:ann"),
    ]
    official = spark.createDataFrame(
        [("w:main", "b1"), ("w:shop", "b1")], "brand_account string, brand_id string"
    )
    found = messages_sent(cells(spark, *rows), persons(spark), official, MESSAGES, as_of=AS_OF)
    assert {tuple(row) for row in found.collect()} == {
        ("Ann", "b1", october(1), 2, None, "message"),
        ("Ann", "b1", october(17), 1, None, "message"),
        ("Ben", "b1", october(10), 1, None, "message"),
    }
    alone = push_costs(found, None, ()).where("campaign_id IS NULL AND brand_id = 'b1'").collect()
    assert [(row["push"], row["persons"]) for row in alone] == [("message", 2)]  # where no ads are known


def test_days_of_turning_away_are_told_once(spark: SparkSession) -> None:
    rows: list[Cell] = [
        ("w:ann", "brand", "b1", october(1), {"unfollow_events": 1, "unfollows_after_push": 1}),
        ("d:ann", "brand", "b1", october(1), {"unfollow_events": 2}),
        ("w:ann", "brand", "b1", october(2), {"hides_and_reports": 0}),
        ("w:ann", "campaign", "c1", october(3), {"ad_rejections": 1}),
        ("w:ann", "brand", "b1", october(3), {"ad_rejections": 1}),
        ("w:ben", "brand", "b1", date(2025, 11, 30), {"unfollow_events": 1}),
        ("w:ben", "brand", "b1", None, {"unfollow_events": 1}),
        ("w:ben", "brand", "b1", date(2026, 11, 21), {"unfollow_events": 1}),
    ]
    (row,) = turned_away(cells(spark, *rows), persons(spark), brands(spark), TURNED, as_of=AS_OF).collect()
    assert (row["person"], row["brand_id"]) == ("Ann", "b1")
    assert sorted(map(tuple, row["turned"]), key=str) == sorted(
        [(october(1), UNFOLLOW, None), (october(1), PUSHED, None), (october(3), REFUSE, "c1")], key=str
    )
