"""Chains of shares: who passes a link on, how many that brings, and what is no word of mouth."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from huaxiang.insight import chains
from huaxiang.insight.chains import chain_sizes, earliest_links, led_to, share_chains, shared_links, shares

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AS_OF = date(2026, 11, 20)
ZONE = "Asia/Shanghai"
NOVEMBER = date(2026, 11, 1)
Z = 1.96
LINK = "platform string, link_id string, account string, product_id string, page string, at timestamp, business_date date, event_key string"
VISIT = "platform string, account string, link_id string, order_id string, paid_minor bigint, at timestamp, business_date date"
PERSONS = [
    ("w:ann", "Ann"), ("m:ann", "Ann"), ("w:bob", "Bob"), ("m:bob", "Bob"), ("w:cat", "Cat"), ("m:cat", "Cat"),
    ("w:dan", "Dan"), ("m:dan", "Dan"),
]  # fmt: skip


def at(day: int, hour: int = 12, second: int = 0) -> datetime:
    """That hour in Shanghai, of a day of November."""
    return datetime(2026, 11, day, hour - 8, 0, second, tzinfo=UTC)


def link(
    name: str, who: str, day: int, thing: str | None = "p1", hour: int = 12, **others: Any
) -> tuple[Any, ...]:
    return (
        others.get("platform", "weiwo"), name, f"w:{who}", thing, others.get("page"),
        others.get("made", at(day, hour)), date(2026, 11, day), others.get("key", name),
    )  # fmt: skip


def visit(
    who: str, name: str, day: int, hour: int = 13, order: str | None = None, paid: int | None = 0
) -> tuple[Any, ...]:
    return "mall", f"m:{who}", name, order, paid, at(day, hour), date(2026, 11, day)


class Told:
    """What is told of links, clicks and orders."""

    def __init__(
        self, spark: SparkSession, links: list[Any], clicks: list[Any], orders: list[Any] | None = None
    ) -> None:
        persons = spark.createDataFrame(PERSONS, "account string, person string")
        products = spark.createDataFrame(
            [("mall", "p1", "b1"), ("outlet", "p1", "b2"), ("mall", "p2", "b2")],
            "platform string, product_id string, brand_id string",
        )
        frame = spark.createDataFrame(links, LINK)
        known = shared_links(frame, products, persons, zone=ZONE, as_of=AS_OF).localCheckpoint()
        led = [
            None if rows is None
            else led_to(spark.createDataFrame(rows, VISIT), known, persons, zone=ZONE, as_of=AS_OF).localCheckpoint()
            for rows in (clicks, orders)
        ]  # fmt: skip
        assert led[0] is not None
        self.shared = shares(known, led[0]).localCheckpoint()
        told = share_chains(known, self.shared, chain_sizes(self.shared), *led, as_of=AS_OF).collect()
        self.rows = {(row["brand_id"], row["month"]): row for row in told}

    @property
    def parents(self) -> dict[tuple[str, str], str | None]:
        return {(row["thing"], row["person"]): row["parent"] for row in self.shared.collect()}


def test_what_is_older_than_a_link_did_not_come_by_it(spark: SparkSession) -> None:
    """An undated link of the same id counts only where no other is known."""
    links = [
        link("l1", "ann", 5),
        (*link("l1", "dan", 1)[:5], None, None, "a"),
        link("l2", "ann", 5, made=None),
    ]
    by_date = (*visit("bob", "l2", 5)[:5], None, date(2026, 11, 5))
    told = Told(
        spark, links, [visit("bob", "l1", 4), visit("cat", "l1", 5, hour=11), by_date, visit("dan", "l1", 6)],
        [visit("bob", "l1", 4, order="o1", paid=500), visit("dan", "l1", 6, order="o2", paid=70)],
    )  # fmt: skip
    row = told.rows["b1", NOVEMBER]
    counts = ("links", "sharers", "clickers", "buyers", "orders", "spend_minor")
    assert [row[name] for name in counts] == [2, 1, 2, 1, 1, 70]


def test_of_two_links_of_one_id_the_earlier_counts_on_whatever_platform(spark: SparkSession) -> None:
    links = [
        link("l1", "ann", 5, platform="zeta"),
        link("l1", "bob", 9, platform="alpha"),
        link("l2", "cat", 5, platform="zeta", made=None, key="b"),  # by a date alone: its midnight
        link("l2", "dan", 5, hour=8, platform="alpha", key="a"),
    ]
    found = earliest_links(spark.createDataFrame(links, LINK), zone=ZONE).collect()
    assert {row["link_id"]: (row["platform"], row["account"]) for row in found} == {
        "l1": ("zeta", "w:ann"),
        "l2": ("zeta", "w:cat"),
    }


def test_a_chain_is_followed_from_click_to_share_to_click(spark: SparkSession) -> None:
    links = [
        link("l1", "ann", 1),
        link("l2", "bob", 2),
        link("l3", "cat", 3),
        link("l4", "dan", 2, "p2"),  # another thing: no part of the chain
        link("l5", "ann", 5),  # again the same: who shared it once is no new sharer
        link("l6", "dan", 19, None, page="home"),  # a page, of no brand; too young to be judged
    ]
    clicks = [visit("bob", "l1", 1), visit("cat", "l2", 2), visit("dan", "l1", 1), visit("ann", "l3", 4)]
    orders = [
        visit("bob", "l1", 3, order="o1", paid=500),
        visit("bob", "l1", 3, order="o1", paid=250),
        visit("ann", "l1", 3, order="o2", paid=9_999),  # through one's own link
        visit("cat", "l6", 20, order="o3", paid=70),
        visit("cat", "l6", 21, order="o4", paid=70),  # after the night
        visit("cat", "l9", 3, order="o5", paid=70),  # through a link that never came
    ]
    told = Told(spark, links, clicks, orders)
    assert told.parents == {
        ("pp1", "Ann"): None, ("pp1", "Bob"): "Ann", ("pp1", "Cat"): "Bob", ("pp2", "Dan"): None, ("uhome", "Dan"): None,
    }  # fmt: skip
    assert told.rows.keys() == {(brand, NOVEMBER) for brand in ("b1", "b2", None)}
    one, both = told.rows["b1", NOVEMBER], told.rows[None, NOVEMBER]
    # The product p1 is of b1 in one shop and of b2 in another: of the smaller.
    assert [one[n] for n in ("links", "sharers", "clickers", "buyers", "orders", "spend_minor")] == [
        4,
        3,
        4,
        1,
        1,
        750,
    ]
    assert [both[n] for n in ("links", "sharers", "clickers", "buyers", "orders", "spend_minor")] == [
        6,
        4,
        4,
        2,
        2,
        820,
    ]
    assert [one[n] for n in ("chains", "passed_on", "largest", "deepest")] == [1, 2, 3, 3]
    assert [both[n] for n in ("chains", "passed_on", "largest", "deepest")] == [3, 2, 3, 3]
    assert [both[n] for n in ("judged", "new_sharers")] == [4, 2]  # Ann, Bob and Cat of p1, Dan of p2
    assert one["snowball"] == pytest.approx(2 / 3)
    middle, width = (
        2 + Z * Z / 2,
        Z * (2 + Z * Z / 4) ** 0.5,
    )  # two of three bring one: less spread than chance
    assert (one["snowball_low"], one["snowball_high"]) == pytest.approx(
        ((middle - width) / 3, (middle + width) / 3)
    )
    alone = told.rows["b2", NOVEMBER]
    assert [alone[n] for n in ("largest", "deepest", "snowball", "orders", "spend_minor")] == [
        1,
        1,
        0.0,
        0,
        0,
    ]
    assert alone["snowball_high"] == pytest.approx(Z * Z)


def test_the_first_month_is_told_as_the_others_are(spark: SparkSession) -> None:
    """Who shared the thing long ago is no new sharer, and the last week before is passed on in the month, and not told."""

    def on(day: date, name: str, who: str) -> tuple[Any, ...]:
        made = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        return (*link(name, who, 1)[:5], made, day, name)

    def clicked(day: date, who: str, name: str) -> tuple[Any, ...]:
        return (*visit(who, name, 1)[:5], datetime(day.year, day.month, day.day, 5, tzinfo=UTC), day)

    links = [
        on(date(2024, 3, 1), "l0", "dan"),
        on(date(2025, 11, 26), "l1", "ann"),
        on(date(2025, 12, 2), "l2", "bob"),
        on(date(2025, 12, 3), "l3", "dan"),  # who shared it before
    ]
    clicks = [clicked(date(2025, 11, 27), "bob", "l1"), clicked(date(2025, 12, 2), "dan", "l2")]
    told = Told(spark, links, clicks)
    assert told.parents == {("pp1", "Ann"): None, ("pp1", "Bob"): "Ann"}
    assert told.rows.keys() == {("b1", date(2025, 12, 1)), (None, date(2025, 12, 1))}
    row = told.rows["b1", date(2025, 12, 1)]
    counts = ("links", "sharers", "clickers", "chains", "passed_on", "judged", "new_sharers")
    assert [row[name] for name in counts] == [2, 2, 1, 0, 1, 1, 0]


def test_only_a_click_before_and_a_link_of_the_last_seven_days_is_passed_on(spark: SparkSession) -> None:
    first = [link(f"a{n}", "ann", 1, f"x{n}") for n in range(7)]
    then = [
        link("b0", "bob", 1, "x0", made=at(1, 13)),  # at the very instant of the click
        link("b1", "bob", 1, "x1", made=at(1, 13, 1)),  # a second later
        link("b2", "bob", 8, "x2", hour=12),  # seven days after the link, to the second
        link("b3", "bob", 8, "x3", made=at(8, 12, 1)),  # and a second more
        link("b4", "bob", 1, "x4", hour=9),  # shared before the click
        link("b5", "bob", 2, "x5", made=None),  # with a date alone: the midnight of that date
        link("b6", "bob", 1, "x6", made=None),
    ]
    told = Told(spark, first + then, [visit("bob", f"a{n}", 1) for n in range(7)])
    found = {thing: parent for (thing, person), parent in told.parents.items() if person == "Bob"}
    assert found == {
        "px0": None, "px1": "Ann", "px2": "Ann", "px3": None, "px4": None, "px5": "Ann", "px6": None,
    }  # fmt: skip


def test_of_several_links_the_one_clicked_last_counts_then_the_later_link(spark: SparkSession) -> None:
    links = [
        link("a", "ann", 1), link("c", "cat", 2), link("b", "bob", 4),
        link("d1", "ann", 2, "x", hour=9), link("d2", "cat", 2, "x", hour=10), link("d3", "dan", 3, "x"),
    ]  # fmt: skip
    clicks = [
        visit("bob", "c", 2), visit("bob", "a", 3),
        visit("dan", "d1", 2), visit("dan", "d2", 2),  # at one instant
    ]  # fmt: skip
    told = Told(spark, links, clicks)
    assert told.parents["pp1", "Bob"] == "Ann"
    assert told.parents["px", "Dan"] == "Cat"


def test_who_click_each_others_links_make_no_loop(spark: SparkSession) -> None:
    links = [link("a", "ann", 2), link("b", "bob", 2, hour=14), link("a2", "ann", 3), link("b2", "bob", 4)]
    clicks = [
        visit("bob", "a", 2), visit("ann", "b", 2, 15), visit("bob", "a2", 3),
        visit("ann", "b", 1),  # a day before that link was made: a clock was wrong
    ]  # fmt: skip
    told = Told(spark, links, clicks)
    assert told.parents == {("pp1", "Ann"): None, ("pp1", "Bob"): "Ann"}
    assert [told.rows["b1", NOVEMBER][n] for n in ("chains", "largest", "deepest")] == [1, 2, 2]


def test_orders_without_an_amount_were_not_for_nothing(spark: SparkSession) -> None:
    links = [link("a", "ann", 1), link("b", "ann", 2, "p9")]
    clicks = [visit("bob", "a", 1), visit("bob", "b", 2)]
    told = Told(spark, links, clicks, [visit("bob", "a", 2, order="o1", paid=None)])
    row = told.rows["b1", NOVEMBER]
    assert [row[n] for n in ("buyers", "orders", "spend_minor")] == [1, 1, None]
    assert [row[n] for n in ("clickers",)] == [1]


def test_what_nobody_tells_is_null_and_too_much_is_not_followed(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "MOST", 1)
    links = [link("a", "ann", 1), link("b", "bob", 2), link("c", "cat", 2)]
    told = Told(spark, links, [visit("bob", "a", 1), visit("cat", "a", 1)])
    row = told.rows["b1", NOVEMBER]
    assert [row[n] for n in ("largest", "deepest", "passed_on", "snowball")] == [
        None,
        None,
        2,
        pytest.approx(2 / 3),
    ]
    assert [row[n] for n in ("buyers", "orders", "spend_minor")] == [None, None, None]
    # One of three brought two: twice the variance that chance would have, 4/3 over 2/3.
    middle, width = 2 + Z * Z, Z * (2 * 2 + Z * Z) ** 0.5
    assert (row["snowball_low"], row["snowball_high"]) == pytest.approx(
        ((middle - width) / 3, (middle + width) / 3)
    )


def test_links_of_twelve_months_count_and_two_of_one_id_once(spark: SparkSession) -> None:
    old, first = date(2025, 11, 30), date(2025, 12, 1)
    links = [
        ("weiwo", "o", "w:ann", "p1", None, datetime(2025, 11, 30, 4, tzinfo=UTC), old, "o"),
        ("weiwo", "f", "w:ann", "p1", None, datetime(2025, 12, 1, 4, tzinfo=UTC), first, "f"),
        link("t", "bob", 3, key="2"), link("t", "cat", 3, key="1"),  # ties by event key
        link("n", "ann", 21),  # after the night
        link("s", "stranger", 3),
    ]  # fmt: skip
    told = Told(spark, links, [])
    assert {key: row["links"] for key, row in told.rows.items() if key[0]} == {
        ("b1", first): 1,
        ("b1", NOVEMBER): 1,
    }
    assert ("pp1", "Cat") in told.parents
