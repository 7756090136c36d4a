"""Events become cells and cells become people: one person per case, all cases in one pass."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from feeds import CONTRACTS, at, clean
from pyspark.sql import functions as F

from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.cells import MOST, cells, widened
from huaxiang.days.rows import event_rows
from huaxiang.days.untold import untold_topics
from huaxiang.days.vocabulary import vocabularies
from huaxiang.frames import stacked
from huaxiang.models.cards import CARDS
from huaxiang.night import Night
from huaxiang.portrait.assemble import measured_portrait
from huaxiang.portrait.tags import tag_names, with_tags
from huaxiang.relations.assemble import measured_relations

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
CATALOGUE = load_catalogue(CONTRACTS)
COVERS = {
    feed: ({"mall": "everybody"} if event.world == "shop" else {"weiwo": "accounts"})
    for event in CATALOGUE.events.values()
    for feed in [event.feed]
}
UNKNOWN = {"browse_event": frozenset({"act", "local_hour"})}
PERSON_OF = {
    "mall:buyer": "buyer", "mall:edge": "edge", "mall:two": "two", "outlet:two": "two", "mall:refund": "refund",
    "mall:ties": "ties", "weiwo:fan": "fan", "weiwo:star": "star", "weiwo:star2": "star", "weiwo:left": "left",
    "weiwo:brand": "brand", "mall:none": "none", "weiwo:reader": "reader", "mall:undated": "undated",
    "mall:waits": "waits", "mall:rich": "rich", "mall:parcel": "parcel", "mall:wearer": "wearer",
    "mall:star": "star",
}  # fmt: skip


def line(
    who: str, order: str, at: str, paid: int, product: str = "p1", number: str = "1", **more: Any
) -> dict[str, Any]:
    return {
        "who": who, "order_id": order, "line_id": number, "product_id": product, "paid_minor": paid, "quantity": 1,
        "event_key": f"{who}|{order}|{number}", "at": at, **more,
    }  # fmt: skip


def parcel(
    key: str, order: str, courier: str, region: str, shipped: str, delivered: str, promised: str
) -> dict[str, Any]:
    return {
        "delivery_id": key, "event_key": key, "platform": "mall", "order_id": order, "courier_id": courier,
        "region_code": region, "shipped_at": at(shipped), "promised_at": at(promised), "at": delivered,
    }  # fmt: skip


def ticket(kind: str, order: str | None, opened: str, closed: str | None = None) -> dict[str, Any]:
    return {
        "who": "mall:parcel", "kind": kind, "order_id": order, "at": opened, "closed_at": at(closed) if closed else None,
    }  # fmt: skip


def feeds(spark: SparkSession) -> dict[str, DataFrame]:
    lines = [
        line("mall:buyer", "o1", "2026-11-20 00:00", 1000),
        line("mall:buyer", "o1", "2026-11-20 00:00", 500, "p2", "2"),
        line("mall:buyer", "o2", "2026-08-01 12:00", 9000, "p3", promotion_id="618"),
        line("mall:buyer", "o3", "2026-11-21 12:00", 7777),  # after the night: it counts tomorrow
        line("mall:edge", "o4", "2026-11-14 12:00", 70),  # the 7 days are 14 to 20
        line("mall:edge", "o5", "2026-11-13 23:59", 1, link_id="of star"),
        line("mall:star", "o5", "2026-11-14 23:59", 9, link_id="of star"),  # one's own, by another account
        line("mall:two", "o6", "2026-11-19 08:00", 10),
        line("outlet:two", "o7", "2026-11-19 20:00", 20, link_id="never came"),
        line("mall:refund", "o8", "2026-08-01 08:00", 5000),
        line("mall:ties", "o9", "2026-11-01 08:00", 300, "p1"),
        line("mall:ties", "o10", "2026-11-02 08:00", 300, "p3"),
        line("mall:rich", "o12", "2026-11-20 08:00", 2**63 - 1, link_id="of rich"),
        line("mall:rich", "o13", "2026-11-20 09:00", 2**63 - 1),
        line("mall:rich", "o14", "2026-10-01 08:00", 2**63 - 1),
        *(
            line("mall:parcel", "o20", "2026-11-15 08:00", 100, product, str(n))
            for n, product in enumerate(("p1", "p2", "p9"))
        ),
        line("mall:parcel", "o21", "2026-11-01 08:00", 100, "p1"),
        # two of L kept, half of the price of each given back; two of M bought and one of them sent back; a gift and
        # what has no size tell nothing
        *(line("mall:wearer", f"o3{n}", "2026-11-02 08:00", 10, "coat L") for n in range(2)),
        *(line("mall:wearer", f"o4{n}", "2026-11-02 08:00", 10, "coat M") for n in range(2)),
        *(
            line("mall:wearer", f"o5{n}", "2026-11-02 08:00", 10, "coat S", has_gift_card=True)
            for n in range(3)
        ),
        line("mall:wearer", "o60", "2026-08-01 08:00", 90, "p3", list_price_minor=100),
        {k: v for k, v in line("mall:undated", "o11", "2026-11-01 08:00", 42).items() if k != "at"},
    ]
    acts = [
        {"who": "weiwo:reader", "post_id": "n1", "act": "like", "at": "2026-11-20 21:00", "dwell_seconds": 5, "scene": "home"},
        {"who": "weiwo:reader", "post_id": "n1", "act": "view", "at": "2026-11-15 09:00", "dwell_seconds": 9, "scene": "commute"},
        {"who": "weiwo:reader", "post_id": "n2", "act": "click", "at": "2026-11-16 09:00"},
        {"who": "weiwo:reader", "post_id": "lost", "act": "click", "at": "2026-11-16 09:30"},
    ]  # fmt: skip
    follows = [
        {"who": "weiwo:fan", "other_account": "weiwo:star", "action": "follow", "at": "2026-01-01 10:00"},
        {"who": "weiwo:fan", "other_account": "weiwo:star2", "action": "follow", "at": "2026-01-01 10:00"},
        {"who": "weiwo:fan", "other_account": "weiwo:brand", "action": "follow", "at": "2026-02-01 10:00"},
        {"who": "weiwo:fan", "other_account": "weiwo:left", "action": "follow", "at": "2026-02-01 10:00"},
        {"who": "weiwo:fan", "other_account": "weiwo:left", "action": "unfollow", "at": "2026-03-01 10:00"},
        {"who": "weiwo:left", "other_account": "weiwo:brand", "action": "follow", "at": "2026-02-01 10:00"},
        {"who": "weiwo:left", "other_account": "weiwo:brand", "action": "unfollow", "at": "2026-02-02 10:00"},
        {"who": "weiwo:star", "other_account": "weiwo:star2", "action": "follow", "at": "2026-02-01 10:00"},
    ]
    returns = [
        {
            "platform": "mall",
            "order_id": "o8",
            "line_id": "1",
            "amount_minor": 2000,
            "at": "2026-11-10 10:00",
        },
        {
            "platform": "mall",
            "order_id": "not yet",
            "line_id": "1",
            "amount_minor": 9,
            "at": "2026-11-10 10:00",
        },
        *(
            {
                "platform": "mall",
                "order_id": order,
                "line_id": "1",
                "amount_minor": amount,
                "at": "2026-11-12 10:00",
            }
            for order, amount in (("o40", 6), ("o30", 5), ("o31", 5), ("o50", 10), ("o60", 5))
        ),
    ]
    products = [
        {
            "platform": "mall",
            "product_id": "p1",
            "brand_id": "b1",
            "category": "food/tea",
            "at": "2026-01-01 00:00",
        },
        {
            "platform": "mall",
            "product_id": "p2",
            "brand_id": "b2",
            "category": "food/tea",
            "at": "2026-01-01 00:00",
        },
        {
            "platform": "mall",
            "product_id": "p3",
            "brand_id": "b0",
            "category": "home",
            "at": "2026-01-01 00:00",
        },
        {
            "platform": "mall",
            "product_id": "p3",
            "brand_id": "b3",
            "category": "home",
            "at": "2026-10-01 00:00",
        },
    ]
    products += [
        {
            "platform": "mall", "product_id": f"coat {size}", "brand_id": "b5", "category": "coats", "size": size,
            "fit": "slim" if size == "M" else "loose", "at": "2026-01-01 00:00",
        }
        for size in "SML"
    ]  # fmt: skip
    posts = [
        {
            "who": "weiwo:brand",
            "post_id": "n1",
            "kind": "original",
            "topics": ["tea", "糖尿病飲食"],  # what names a sensitive attribute is told of nobody
            "brand_ids": ["b1", "b2"],
            "at": "2026-01-01 10:00",
        },
        {
            "who": "weiwo:brand",
            "post_id": "n2",
            "kind": "original",
            "topics": ["tea", "cars", "糖尿病飲食"],
            "at": "2026-01-01 10:00",
        },
    ]
    accounts = [{"who": "weiwo:brand", "brand_id": "b1", "at": "2025-01-01 10:00"}]
    parcels = [
        parcel(
            "d1", "o20", "c1", "r1", "2026-11-17 08:00", "2026-11-18 09:00", "2026-11-18 12:00"
        ),  # slow, kept
        parcel(
            "d2", "o21", "nobody", "r1", "2026-11-02 08:00", "2026-11-05 08:00", "2026-11-04 08:00"
        ),  # late
        parcel("d3", "o21", "c1", "nowhere", "2026-11-02 08:00", "2026-11-09 07:59", "2026-11-10 08:00"),
        parcel("d5", "o6", "c1", "r1", "2026-11-19 07:59", "2026-11-20 09:00", "2026-11-20 12:00"),
        parcel("d4", "not yet", "c1", "r1", "2026-11-02 08:00", "2026-11-03 08:00", "2026-11-04 08:00"),
    ]
    tickets = [
        ticket("complaint", "o20", "2026-11-19 08:00"),
        ticket("complaint", None, "2026-11-19 09:00"),
        ticket("after_sale", "o21", "2026-11-06 08:00", closed="2026-11-09 08:00"),
        ticket("after_sale", "o21", "2026-11-06 08:00", closed="2026-11-09 08:01"),
        ticket("after_sale", "o21", "2026-11-06 08:00"),
    ]
    links = [
        {"who": who, "link_id": link, "product_id": "p1", "at": "2026-11-10 10:00"}
        for who, link in (("weiwo:star", "of star"), ("mall:rich", "of rich"))
    ]
    given = {
        "order_line": lines, "share_link": links, "social_interaction": acts, "social_follow": follows, "order_return": returns,
        "product": products, "social_post": posts, "social_account": accounts,
        "shop_account": [{"who": "mall:buyer", "birth_year": 2004, "gender": "f", "at": "2026-01-01 10:00"}],
        "review": [
            {"who": "mall:buyer", "product_id": "p1", "rating": Decimal("4.0"), "at": "2026-11-01 10:00"},
            {"who": "mall:buyer", "product_id": "p1", "rating": Decimal("2.0"), "at": "2026-10-01 10:00"},
            {"who": "mall:parcel", "product_id": "p1", "order_id": "o20", "rating": Decimal("1.0"), "at": "2026-11-19 10:00"},
            {"who": "mall:parcel", "product_id": "p1", "text": "质量太差", "at": "2026-11-19 11:00"},
            {"who": "mall:parcel", "product_id": "p1", "text": "收到", "at": "2026-11-19 12:00"},
        ],
        "delivery": parcels, "service_ticket": tickets,
        "region": [{"region_code": "r1", "city_tier": 1}],
        "courier": [{"courier_id": "c1", **{f"expected_days_tier_{n}": n for n in range(1, 6)}}],
    }  # fmt: skip
    return {f: clean(spark, f, *given.get(f, [])) for f in {e.feed for e in CATALOGUE.events.values()} | {"region", "campaign", "courier"}
            | set(given)}  # fmt: skip


def day_rows(found: dict[str, DataFrame]) -> DataFrame:
    made = []
    for parts in CATALOGUE.streams().values():
        event = parts[0][0].event
        rows = event_rows(event, found[event.feed], found.__getitem__, zone="Asia/Shanghai")
        made.append(cells(rows, parts, zone="Asia/Shanghai"))
    return widened(stacked(made), CATALOGUE.cell_columns())


def tonight(made: DataFrame) -> Night:
    book: Any = SimpleNamespace(catalogue=CATALOGUE)
    lake: Any = SimpleNamespace(read={"day_row": made.withColumn("release", F.lit(1))}.__getitem__)
    none: Any = None
    return Night(made.sparkSession, book, lake, none, "", AS_OF, b"", none)


@pytest.fixture(scope="module")
def told(_session: SparkSession) -> dict[str, Any]:
    spark = _session
    made = day_rows(feeds(spark)).localCheckpoint()
    assert untold_topics(made, CATALOGUE) == ["糖尿病飲食"]
    made = tonight(made).day_rows()
    persons = spark.createDataFrame(
        [(a, p, a.split(":")[0]) for a, p in PERSON_OF.items()],
        "account string, person string, platform string",
    )
    measured = measured_portrait(made, persons, CATALOGUE, COVERS, as_of=AS_OF, unknown=UNKNOWN)
    types, _ = vocabularies(CATALOGUE)
    said = {name: F.lit(None).cast(kind) for card in CARDS.values() for name, kind in card.gives.items()}
    models = {t.name: said[t.output] for t in CATALOGUE.tags if t.modelled}  # they are silent here
    tags = [t for t in CATALOGUE.tags if t.grain == "person"]
    portrait = with_tags(
        measured.withColumns(models).localCheckpoint(),
        tags,
        tag_names(types),
        types,
        as_of=AS_OF,
        zone="Asia/Shanghai",
    )
    people = {r["person"]: r.asDict(recursive=True) for r in portrait.collect()}
    related = measured_relations(made, persons, CATALOGUE, COVERS, as_of=AS_OF, unknown=UNKNOWN)
    pairs = {(r["person"], r["brand_id"]): r.asDict() for r in related.collect()}
    waiting = {(r["key_kind"], r["key"]) for r in made.where("key_kind like 'awaits:%'").collect()}
    return {"people": people, "pairs": pairs, "waiting": waiting}


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("buyer", {"orders_7d": 1, "orders_all": 2, "spend_7d": 1500, "spend_365d": 10500, "order_lines_all": 3}),
        ("buyer", {"first_order_date": date(2026, 8, 1), "last_order_date": AS_OF, "recency_days": 0, "tenure_days": 111}),
        ("buyer", {"largest_line_365d": 9000, "dearest_product_365d": "p3", "smallest_line_365d": 500, "products_all": 3}),
        ("buyer", {"brands_all": 3, "categories_all": 2, "promoted_lines_365d": 1, "units_all": 3}),
        ("buyer", {"top_brand_all": "b0", "top_category_all": "home", "reviews_all": 2, "last_rating": Decimal("4.0")}),
        ("buyer", {"lowest_rating_365d": Decimal("2.0"), "low_ratings_365d": 1, "declared_age": 22, "declared_gender": "f", "is_student_age": True}),
        ("edge", {"spend_7d": 70, "orders_7d": 1, "spend_30d": 71, "orders_30d": 2}),
        ("two", {"buying_days_30d": 1, "orders_30d": 2, "spend_30d": 30}),
        ("refund", {"spend_30d": -2000, "spend_all": 3000, "paid_all": 5000, "kept_spend_90d": 0, "kept_spend_365d": 3000}),
        ("refund", {"returns_90d": 1, "returned_all": 2000, "last_return_date": date(2026, 11, 10)}),
        ("ties", {"top_brand_365d": "b1", "top_brand_share_365d": 0.5, "products_365d": 2, "dearest_product_365d": "p1"}),
        ("undated", {"spend_365d": 0, "spend_all": 42, "orders_all": 1, "buying_days_all": 0, "last_order_date": None}),
        ("none", {"spend_all": 0, "orders_7d": 0, "returns_all": 0, "top_brand_all": None, "top_brand_share_all": None}),
        ("none", {"visits_30d": None, "browsing_days_30d": 0}),
        ("none", {"interactions_30d": None, "followings": None, "largest_line_all": None, "recency_days": None}),
        ("fan", {"followings": 2, "followers": 0, "interactions_30d": 0, "spend_all": 0, "unfollow_events_30d": 0}),
        ("star", {"followers": 1, "followings": 0}),
        ("star", {"brought_orders_365d": 1, "brought_spend_365d": 1, "brought_buyers_365d": 1, "orders_per_share_90d": 1.0}),
        ("star", {"spend_365d": 9}),
        ("rich", {"brought_orders_365d": 0, "brought_buyers_365d": 0}),  # one's own purchase is not brought
        ("edge", {"first_order_by": "link:of star", "brought_orders_365d": 0}),
        ("buyer", {"first_order_by": "direct"}),
        ("undated", {"first_order_by": None}),
        ("left", {"followings": 0, "followers": 0}),
        ("reader", {"likes_30d": 1, "interactions_30d": 3, "views_7d": 1, "social_days_30d": 3, "dwell_30d": 14}),
        ("reader", {"top_topic_90d": "tea", "topics_90d": 2, "top_hour_90d": "09", "evening_acts_90d": 1, "weekend_acts_90d": 1}),
        ("reader", {"acts_by_weekday_90d": [{"key": "1", "value": 2}, {"key": "5", "value": 1}, {"key": "7", "value": 1}]}),
        ("reader", {"acts_by_scene_90d": [{"key": "commute", "value": 1}, {"key": "home", "value": 1}], "top_scene_90d": "commute"}),
        ("reader", {"current_interests": [{"key": "cars", "value": 0.911722, "events": 1}, {"key": "tea", "value": 2.802621, "events": 3}]}),
        ("reader", {"interests_90d": [{"key": "cars", "value": 1}, {"key": "tea", "value": 3}], "longest_dwell_90d": 9}),
        ("waits", {"spend_all": 0, "returns_all": 0}),
        ("parcel", {"deliveries_365d": 3, "late_deliveries_365d": 1, "timed_deliveries_365d": 3}),
        ("parcel", {"third_day_deliveries_365d": 2, "seventh_day_deliveries_365d": 0}),  # 72 hours are three days
        ("parcel", {"expected_deliveries_365d": 1, "slow_deliveries_365d": 1, "slow_delivery_share_365d": 1.0}),
        # shipped before it was ordered: it came, but how long it took nobody knows
        ("two", {"deliveries_365d": 1, "timed_deliveries_365d": 0, "expected_deliveries_365d": 0, "slow_delivery_share_365d": None}),
        ("parcel", {"tickets_365d": 5, "complaints_90d": 2, "closed_after_sales_365d": 2, "quick_after_sales_365d": 1}),
        ("parcel", {"reviews_365d": 3, "ratings_365d": 1, "felt_reviews_365d": 1, "rating_points_365d": 0}),
        ("parcel", {"satisfaction_365d": 0.375, "is_unhappy": True}),
        ("buyer", {"ratings_365d": 2, "rating_points_365d": 100, "satisfaction_365d": 1.75 / 3, "is_unhappy": False}),
        ("edge", {"ratings_365d": 0, "satisfaction_365d": None, "is_unhappy": None}),
        ("wearer", {"size_365d": "coats L", "sizes_365d": [{"key": "coats L", "value": 2}, {"key": "coats M", "value": 1}]}),
        ("wearer", {"fit_365d": "loose", "fits_365d": [{"key": "loose", "value": 2}, {"key": "slim", "value": 1}]}),
        ("wearer", {"bargain_lines_365d": [{"key": "home", "value": 1}]}),
        ("buyer", {"lines_per_order_365d": 1.5, "units_per_order_365d": 1.5, "buyer_kind_30d": "returning"}),
        ("edge", {"lines_per_order_365d": 1.0, "buyer_kind_30d": "new"}),
        ("refund", {"buyer_kind_30d": None}),
        ("none", {"lines_per_order_365d": None, "buyer_kind_30d": None}),
        ("buyer", {"size_365d": None, "sizes_365d": None, "bargain_lines_365d": None}),
        ("rich", {"spend_7d": 2 * MOST, "spend_all": 3 * MOST, "orders_all": 3, "top_brand_all": "b1"}),
    ],
)  # fmt: skip
def test_a_person_is_told_as_declared(told: dict[str, Any], person: str, expected: dict[str, Any]) -> None:
    found = told["people"][person]
    assert {k: found[k] for k in expected} == expected


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (("buyer", "b1"), {"spend_all": 1000, "orders_all": 1, "reviews_all": 2, "followings": None}),
        (("buyer", "b0"), {"spend_all": 9000, "last_order_date": date(2026, 8, 1)}),  # p3 was b0 in August
        (("ties", "b3"), {"spend_all": 300}),  # and b3 in November
        (("star", "b1"), {"brought_orders_365d": 1, "brought_spend_365d": 1, "spend_365d": 9}),
        (("wearer", "b0"), {"spend_all": 85, "returned_all": 5}),  # sent back when p3 was b3, bought as b0's
        (("fan", "b1"), {"followings": 1, "spend_all": 0, "visits_90d": None}),
        (("left", "b1"), {"followings": 0, "follow_events_90d": 0}),
        (("reader", "b2"), {"interactions_30d": 1, "views_30d": 1}),
        (
            ("parcel", "b1"),
            {"deliveries_365d": 3, "late_deliveries_365d": 1, "complaints_90d": 1, "ratings_365d": 1},
        ),
        (
            ("parcel", "b2"),
            {"deliveries_365d": 1, "slow_deliveries_365d": 1, "complaints_90d": 1, "tickets_365d": 1},
        ),
    ],
)
def test_a_person_and_a_brand(told: dict[str, Any], pair: tuple[str, str], expected: dict[str, Any]) -> None:
    found = told["pairs"][pair]
    assert {k: found[k] for k in expected} == expected


def test_only_pairs_with_evidence(told: dict[str, Any]) -> None:
    assert ("none", "b1") not in told["pairs"]
    assert ("buyer", "b3") not in told["pairs"]


def test_what_is_missing_is_remembered(told: dict[str, Any]) -> None:
    assert ("awaits:order_line", "mall\u001fnot yet\u001f1") in told["waiting"]
    assert ("awaits:social_post", "weiwo\u001flost") in told["waiting"]
    assert ("awaits:product", "mall\u001fp9") in told["waiting"]
    assert ("awaits:order_line", "mall\u001fnot yet") in told["waiting"]
    assert ("awaits:courier", "nobody") in told["waiting"]


CLOCK = """\
- measure: night_lines
  title: {en: Lines of the night, zh: 夜间行数}
  means: {en: "Lines ordered after ten in the evening, or on a Saturday", zh: 晚十点后或周六下单的行数}
  from: order_line
  where: hour(at) >= 22 or weekday(at) = 6
  adds_up: count
  windows: [all]
- measure: last_line_at
  title: {en: Last line, zh: 最近一行}
  means: {en: When the last line was ordered, zh: 最近一行的下单时间}
  from: order_line
  adds_up: max(at)
  windows: [all]
- tag: last_line_by_night
  title: {en: Last line by night, zh: 最近一行是否夜间}
  means: {en: Whether the last line was ordered after ten in the evening, zh: 最近一行是否晚十点后下单}
  derived: hour(last_line_at_all) >= 22
"""


def test_hours_and_weekdays_are_those_of_the_business_zone(spark: SparkSession, tmp_path: Path) -> None:
    """Half past ten in Shanghai is half past two in UTC, and Saturday morning there Friday evening."""
    (tmp_path / "measures").mkdir()
    (tmp_path / "measures/mine.yaml").write_text(CLOCK, encoding="utf-8")
    catalogue = load_catalogue(CONTRACTS, tmp_path)
    parts = catalogue.streams()["order_line"]
    times = ("2026-11-18 22:30", "2026-11-19 21:59", "2026-11-14 01:00", "2026-11-15 00:30")
    lines = [line("mall:night", f"o{n}", time, 1, product="p1") for n, time in enumerate(times)]
    found = {feed: clean(spark, feed, *rows) for feed, rows in {"order_line": lines, "product": []}.items()}
    rows = event_rows(parts[0][0].event, found["order_line"], found.__getitem__, zone="Asia/Shanghai")
    (column,) = (m.part.column for m in catalogue.measures if m.name == "night_lines")
    made = cells(rows, parts, zone="Asia/Shanghai").where(F.col("key_kind") == "none")
    counted = {str(row["business_date"]): row[column] for row in made.collect()}
    assert {day for day, number in counted.items() if number} == {"2026-11-18", "2026-11-14"}
    types, _ = vocabularies(catalogue)
    tags = [tag for tag in catalogue.tags if tag.name == "last_line_by_night"]
    seen = spark.createDataFrame(
        [("by day", at("2026-11-18 14:30")), ("by night", at("2026-11-18 22:30"))],
        "who string, last_line_at_all timestamp",
    )
    told = with_tags(seen, tags, tag_names(types), types, as_of=AS_OF, zone="Asia/Shanghai")
    assert {r["who"]: r["last_line_by_night"] for r in told.collect()} == {"by day": False, "by night": True}
