"""Friend lift: friends who are merely alike lift nothing, and what a share makes people buy is found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pyspark.sql import functions as F

from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.insight.friend_lift import FEWEST, counted_days, exposures, friend_lift, friendships

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

OPENS, AS_OF = date(2026, 11, 1), date(2026, 11, 30)
Z = 1.96
DAYS = "person string, brand_id string, on date, times bigint"
FRIENDS = "person string, friend string, spells array<struct<since: date, until: date>>"
ALWAYS = [(None, None)]


def november(day: int) -> date:
    return date(2026, 10, 31) + timedelta(days=day)


def both_ways(*pairs: tuple[str, str]) -> list[tuple[str, str, Any]]:
    return [(a, b, ALWAYS) for one, other in pairs for a, b in ((one, other), (other, one))]


def told(
    spark: SparkSession, shares: list[Any], orders: list[Any], friends: list[Any], opens: date = OPENS
) -> dict[int, Any]:
    """What is told of all brands, by window."""
    frames = (
        spark.createDataFrame(rows, kind)
        for rows, kind in ((shares, DAYS), (orders, DAYS), (friends, FRIENDS))
    )
    return {row["window_days"]: row for row in lifted(*frames, opens) if row["brand_id"] is None}


def lifted(shares: DataFrame, orders: DataFrame, friends: DataFrame, opens: date = OPENS) -> list[Any]:
    exposed = exposures(shares, friends)
    return friend_lift(exposed, orders, friends, opens=F.lit(opens), as_of=AS_OF).collect()


def test_the_null_dates_a_persons_orders_as_the_brand_sells_to_others(spark: SparkSession) -> None:
    orders = [
        ("ann", "b1", november(10), 1),  # on the day on which sue shared
        ("ann", "b1", november(20), 1),
        ("sue", "b1", november(10), 5),  # a friend of ann: no measure of how others buy
        ("xu", "b1", november(10), 2),
        ("xu", "b1", november(20), 1),
        ("xu", "b1", november(25), 1),
    ]
    found = told(spark, [("sue", "b1", november(10), 1)], orders, both_ways(("ann", "sue")))
    # Others order 2, 1 and 1, and one order more is spread as all 11 are: 8/11, 2/11, 1/11. So 30/11 fall on the
    # day, 25/11 on days outside, and for one order outside 30/25 are expected on the day.
    assert found.keys() == {1, 3, 7}
    for row in found.values():  # nothing happens on the days after the first
        assert (row["exposed"], row["exposures"], row["bought"]) == (1, 1, 1)
        assert row["expected"] == pytest.approx(1.2)
        assert row["lift"] == pytest.approx(-0.2)
        assert row["ratio"] == pytest.approx(1 / 1.2)
    score = sqrt(1 + Z * Z / 4)  # of one order: z²/2 ± z √(1 + z²/4) away
    unsure = Z * Z * 1.44  # the share inside, 6/11, squared and freed twice by 11/5
    low, high = (sqrt((Z * score + sign * Z * Z / 2) ** 2 + unsure) for sign in (-1, 1))
    assert found[1]["lift_low"] == pytest.approx(-0.2 - low)
    assert found[1]["lift_high"] == pytest.approx(-0.2 + high)


def test_windows_begin_with_the_share_and_may_begin_before_the_first_day(spark: SparkSession) -> None:
    shares = [("sue", "b1", november(-1), 1), ("sue", "b1", november(20), 2), ("tom", "b1", november(20), 1)]
    orders = [("ann", "b1", november(day), 1) for day in (-1, 2, 19, 20, 22, 26, 27)]
    orders += [("xu", "b1", november(day), 1) for day in (2, 9, 19, 20, 28)]
    found = told(spark, shares, orders, both_ways(("ann", "sue"), ("ann", "tom")))
    # Of 20 November on: 20 within 1 day, 22 within 3, 26 within 7, and 27 no more; 2 November is within 7 days of
    # the share of 30 October, whose own day does not count. Two friends on one day expose once.
    assert {days: (row["bought"], row["exposures"]) for days, row in found.items()} == {
        1: (1, 1), 3: (2, 1), 7: (4, 1),
    }  # fmt: skip


def test_a_month_without_days_outside_tells_nothing(spark: SparkSession) -> None:
    shares = [("sue", "b1", november(day), 1) for day in range(1, 31, 7)]
    orders = [("ann", "b1", november(3), 1), ("xu", "b1", november(4), 1)]
    found = told(spark, shares, orders, both_ways(("ann", "sue")))
    assert {(row["bought"], row["expected"]) for row in found.values()} == {(0, 0.0)}


def test_without_orders_nothing_is_expected_and_the_high_end_says_how_little_is_known(
    spark: SparkSession,
) -> None:
    found = told(spark, [("sue", "b1", november(10), 1)], [], both_ways(("ann", "sue")))
    row = found[7]
    assert (row["exposures"], row["bought"], row["expected"], row["lift"], row["ratio"]) == (
        1,
        0,
        0.0,
        0.0,
        None,
    )
    assert row["lift_low"] == pytest.approx(0)
    assert row["lift_high"] == pytest.approx(Z * Z)


def test_without_friends_or_shares_nothing_is_told(spark: SparkSession) -> None:
    orders = [("ann", "b1", november(10), 1)]
    assert told(spark, [("sue", "b1", november(10), 1)], orders, []) == {}
    assert told(spark, [], orders, both_ways(("ann", "sue"))) == {}


def test_friends_are_persons_tied_at_the_time(spark: SparkSession) -> None:
    persons = [("w:ann", "Ann"), ("d:ann", "Ann"), ("w:sue", "Sue"), ("w:tom", "Tom")]
    ties = [
        ("w:ann", "w:sue", november(5), None),
        ("d:ann", "w:sue", november(20), None),  # the same two again
        ("w:tom", "w:ann", None, "2026-11-09 16:30:00"),  # over on the 10th, in Shanghai
        ("w:ann", "d:ann", None, None),  # oneself
        ("w:ann", "w:nobody", None, None),
    ]
    tied = spark.createDataFrame(
        ties, "account string, other_account string, business_date date, until string"
    )
    tied = tied.withColumn("until", F.to_timestamp("until"))
    known = spark.createDataFrame(persons, "account string, person string")
    friends = friendships(tied, known, zone="Asia/Shanghai")
    assert {(row["person"], row["friend"]) for row in friends.collect()} == {
        ("Ann", "Sue"), ("Sue", "Ann"), ("Ann", "Tom"), ("Tom", "Ann"),
    }  # fmt: skip
    acts = [(who, "b1", november(day), 1) for who in ("Sue", "Tom") for day in (4, 5, 9, 10)]
    seen = exposures(spark.createDataFrame(acts, DAYS), friends).where("person = 'Ann'").collect()
    assert sorted(row["on"].day for row in seen) == [4, 5, 9, 10]  # Tom until the 9th, Sue from the 5th


def test_events_count_by_brand_person_and_day(spark: SparkSession) -> None:
    (shared,) = (m for m in load_catalogue(load_contracts()).measures if m.name == "links_shared")
    cells = [
        ("share_link 2026-11", "brand", "b1", "w:ann", november(3), 2),
        ("share_link 2026-11", "brand", "b1", "d:ann", november(3), 1),  # the same person's other account
        ("share_link 2026-11", "brand", "b1", "w:ann", november(-6), 1),  # felt for seven days
        ("share_link 2026-11", "brand", "b1", "w:ann", november(-7), 1),
        ("share_link 2026-11", "brand", "b1", "w:ann", date(2026, 12, 1), 1),
        ("share_link 2026-11", "brand", "b1", "w:ann", None, 1),
        ("share_link 2026-11", "brand", "b1", "w:nobody", november(3), 1),
        ("share_link 2026-11", "none", "", "w:ann", november(3), 3),
        ("order_line 2026-11", "brand", "b1", "w:ann", november(3), None),
    ]
    rows = spark.createDataFrame(
        cells,
        f"part string, key_kind string, key string, account string, business_date date, {shared.part.column} bigint",
    )
    known = spark.createDataFrame([("w:ann", "Ann"), ("d:ann", "Ann")], "account string, person string")
    found = counted_days(rows, known, shared, opens=F.lit(OPENS), as_of=AS_OF).collect()
    assert {tuple(row) for row in found} == {("Ann", "b1", november(3), 3), ("Ann", "b1", november(-6), 1)}


@dataclass
class Planted:
    """A world of people who are alike where they are friends: who shared and ordered what when."""

    shares: list[Any]
    orders: list[Any]
    friends: list[Any]
    caused: int
    alike: float  # orders of a brand by friends of those who shared it, over those of anybody


def planted(seed: int, effect: float, people: int = 360, days: int = 30, tastes: int = 6) -> Planted:
    """Groups of one taste know only each other, buy and share mostly the brand of their taste, on busy days more."""
    rng = np.random.default_rng(seed)
    taste = np.arange(people) % tastes
    pairs = {
        (min(i, j), max(i, j))
        for i in range(people)
        for j in rng.choice(np.flatnonzero(taste == taste[i]), 3).tolist()
        if i != j
    }
    friends: dict[int, list[int]] = {i: [] for i in range(people)}
    for i, j in sorted(pairs):
        friends[i].append(j)
        friends[j].append(i)
    busy = rng.gamma(4, 0.25, (tastes, days))  # a brand's promotions move orders and shares alike
    liking = np.where(taste[:, None] == np.arange(tastes), 0.06, 0.004)
    orders = rng.poisson(liking[:, :, None] * busy)
    shares = rng.random(orders.shape) < liking[:, :, None] * busy * 0.2
    exposed = np.zeros(orders.shape, bool)
    for i, brand, day in np.argwhere(shares):
        exposed[friends[i], brand, day] = True
    alike = float(orders.sum(2)[exposed.any(2)].mean() / orders.sum(2).mean())
    more = exposed & (rng.random(orders.shape) < effect)

    def listed(counts: Any) -> list[Any]:
        spots = np.argwhere(counts).tolist()
        return [(f"p{i}", f"b{b}", november(d + 1), int(counts[i, b, d])) for i, b, d in spots]

    ties = both_ways(*((f"p{i}", f"p{j}") for i, j in sorted(pairs)))
    return Planted(listed(shares), listed(orders + more), ties, int(more.sum()), alike)


@pytest.mark.parametrize("effect", [0.0, 0.1])
def test_friends_who_are_alike_lift_nothing_and_an_effect_is_found(
    spark: SparkSession, effect: float
) -> None:
    world = planted(7, effect)
    assert world.alike > 2  # whoever compares the exposed with everybody sees a lift in any case
    row = told(spark, world.shares, world.orders, world.friends)[1]
    low, high = row["lift_low"] * row["exposures"], row["lift_high"] * row["exposures"]
    assert low <= world.caused <= high
    assert (low > 0) == (effect > 0)


def test_the_order_and_split_of_rows_change_nothing_and_small_brands_are_not_told(
    spark: SparkSession,
) -> None:
    world = planted(8, 0.1)
    world.shares += [("p1", "rare", november(9), 1)]
    known = {person for person, friend, _ in world.friends if friend == "p1"}
    assert 0 < len(known) < FEWEST
    frames = [
        spark.createDataFrame(rows, kind)
        for rows, kind in ((world.shares, DAYS), (world.orders, DAYS), (world.friends, FRIENDS))
    ]
    mixed = [
        spark.createDataFrame(
            [rows[i] for i in np.random.default_rng(1).permutation(len(rows))], kind
        ).repartition(5)
        for rows, kind in ((world.shares, DAYS), (world.orders, DAYS), (world.friends, FRIENDS))
    ]
    one, other = (
        {(row["brand_id"], row["window_days"]): row.asDict() for row in lifted(*given)}
        for given in (frames, mixed)
    )
    assert one.keys() == other.keys()
    for key, row in one.items():
        assert other[key] == pytest.approx(row), key
    fans: dict[str, set[str]] = {}
    friend_of: dict[str, set[str]] = {}
    for person, friend, _ in world.friends:
        friend_of.setdefault(friend, set()).add(person)
    for who, brand, _, _ in world.shares:
        fans.setdefault(brand, set()).update(friend_of.get(who, ()))
    assert {brand for brand, _ in one} == {
        None,
        *(b for b, exposed in fans.items() if len(exposed) >= FEWEST),
    }
