"""The events behind what is told of a few persons: by day, by brand, the newest first; all cases in one pass."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from feeds import CONTRACTS, clean

from huaxiang.contracts.clean import clean_contract
from huaxiang.days.catalogue import load_catalogue
from huaxiang.explain.evidence import Evidence, evidence_of, is_inside
from huaxiang.explain.released import rows_released

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AS_OF = date(2026, 11, 20)
MEASURES = ("orders", "gift_lines", "returned", "brought_orders", "followings", "followers", "posts")
CATALOGUE = load_catalogue(CONTRACTS)
CATALOGUE = replace(
    CATALOGUE,
    measures=tuple(m for m in CATALOGUE.measures if m.name in MEASURES),
    tags=(),
    rates=(),
)
WHOSE = {"mall:ann": "Pann", "weiwo:ann": "Pann", "mall:bob": "Pbob", "weiwo:bob": "Pbob"}
PARTS = {m.name: m.part for m in CATALOGUE.measures}


def line(who: str, order: str, on: str | None, **more: Any) -> dict[str, Any]:
    dated = {"on": on} if on else {}
    return {
        "who": who, "order_id": order, "line_id": "1", "product_id": "p1", "paid_minor": 100, "quantity": 1,
        "event_key": f"{who}|{order}", **dated, **more,
    }  # fmt: skip


LINES = [
    line("mall:ann", "today", "2026-11-20", has_gift_wrap=True),
    line("mall:ann", "edge", "2026-11-14"),  # the seventh day
    line("mall:ann", "before", "2026-11-13", product_id="p2"),
    line("mall:ann", "tomorrow", "2026-11-21"),
    line("mall:ann", "undated", None),
    line("mall:bob", "by-ann", "2026-11-19", link_id="l1"),
    line("mall:ann", "own", "2026-11-18", link_id="l1"),
    line("mall:stranger", "other", "2026-11-20", link_id="l1"),
    *[line("mall:bob", f"many-{n}", "2026-11-10") for n in range(4)],
]
RETURNS = [
    {"platform": "mall", "return_id": "r1", "order_id": "edge", "line_id": "1", "amount_minor": 50, "on": "2026-11-20"},
    {"platform": "mall", "return_id": "r2", "order_id": "nobody's", "line_id": "1", "amount_minor": 50, "on": "2026-11-20"},
]  # fmt: skip
LINKS = [{"who": "weiwo:ann", "link_id": "l1", "product_id": "p1", "on": "2026-11-01"}]
FOLLOWS = [
    {"who": "weiwo:ann", "other_account": "weiwo:bob", "action": "follow", "on": "2026-11-02"},
    {"who": "weiwo:stranger", "other_account": "weiwo:bob", "action": "follow", "on": "2026-11-02"},
]
PRODUCTS = [
    {"platform": "mall", "product_id": "p1", "brand_id": "b1", "category": "tea"},
    {"platform": "mall", "product_id": "p2", "brand_id": "b2", "category": "tea"},
]
POSTS = [
    {
        "who": "weiwo:ann",
        "post_id": "p",
        "kind": "original",
        "topics": ["tea", "糖尿病飲食"],
        "on": "2026-11-03",
    }
]


def found(spark: SparkSession, *, seed: int = 0, newest: int = 3) -> Evidence:
    rows = {
        "order_line": LINES,
        "order_return": RETURNS,
        "share_link": LINKS,
        "social_follow": FOLLOWS,
        "product": PRODUCTS,
        "social_post": POSTS,
    }
    chance = random.Random(seed)
    frames = {
        f"clean/{feed}": clean(spark, feed, *chance.sample(given, len(given))) for feed, given in rows.items()
    }
    nothing = {f"clean/{feed}": clean(spark, feed) for feed in ("social_account", "delivery", "region")}
    contracts = {c.name: c for c in map(clean_contract, CONTRACTS.landing)}
    lake: Any = SimpleNamespace(held=lambda name, _: {**nothing, **frames}[name], contracts=contracts)
    release: Any = SimpleNamespace(tables=dict.fromkeys(frames))
    return evidence_of(lake, CATALOGUE, WHOSE, "Asia/Shanghai", release, as_of=AS_OF, newest=newest)


def test_events_count_in_their_windows_and_for_their_brands(spark: SparkSession) -> None:
    evidence = found(spark)

    def counted(measure: str, person: str, window: int | None, brand: str = "") -> int:
        return evidence.counted(person, PARTS[measure], brand, window, AS_OF)

    told = {
        "the window's first day counts": counted("orders", "Pann", 7),
        "the day before it does not": counted("orders", "Pann", 8) - counted("orders", "Pann", 7),
        "undated events count in all time only": counted("orders", "Pann", None),
        "tomorrow's don't count": counted("orders", "Pann", 365),
        "a brand has its own": counted("orders", "Pann", 30, "b2"),
        "a condition holds": counted("gift_lines", "Pann", 365),
        "a return is its order's buyer's": counted("returned", "Pann", 90),
        "what others did through a link": counted("brought_orders", "Pann", 90),
        "and per brand": counted("brought_orders", "Pann", 90, "b1"),
        "another person's stay theirs": counted("orders", "Pbob", 30),
        "who follows": counted("followings", "Pann", None),
        "who is followed": counted("followers", "Pbob", None),
        "nobody follows ann": counted("followers", "Pann", None),
    }
    assert told == {
        "the window's first day counts": 3,
        "the day before it does not": 1,
        "undated events count in all time only": 5,
        "tomorrow's don't count": 4,
        "a brand has its own": 1,
        "a condition holds": 1,
        "a return is its order's buyer's": 1,
        "what others did through a link": 2,
        "and per brand": 2,
        "another person's stay theirs": 5,
        "who follows": 1,
        "who is followed": 2,
        "nobody follows ann": 0,
    }
    of_ann = [event.says["order_id"] for event in evidence.newest["Pann", "order_line", ""]]
    assert of_ann == ["today", "own", "edge"]
    of_bob = [event.says["order_id"] for event in evidence.newest["Pbob", PARTS["orders"].counted_as, "b1"]]
    assert of_bob == ["by-ann", "many-3", "many-2"]  # of one day the larger key is the newer
    (gift,) = evidence.newest["Pann", PARTS["gift_lines"].counted_as, ""]
    assert (gift.stream, gift.on, gift.says["brand_id"]) == ("order_line", AS_OF, "b1")
    assert not {"event_key", "content_hash", "account", "person"} & gift.says.keys()
    (followed,) = evidence.newest["Pann", PARTS["followings"].counted_as, ""]
    assert "weiwo:bob" not in str(followed.says)  # whom somebody follows is not theirs to tell
    (posted,) = evidence.newest["Pann", PARTS["posts"].counted_as, ""]
    assert posted.says["topics"] == ["tea"]  # nobody is told by the other one
    again = found(spark, seed=7)
    assert (again.days, again.newest) == (evidence.days, evidence.newest)


def test_an_older_release_is_told_without_topics_that_are_barred_now(spark: SparkSession) -> None:
    """Also by tags that are made of topics, and by columns that are defined no more; a category is no topic."""
    catalogue = load_catalogue(CONTRACTS)
    tag = next(tag for tag in catalogue.tags if tag.grain == "person" and tag.derived)
    copied = replace(tag, name="copied", derived="coalesce(top_topic_30d, top_topic_90d)")
    of_brand = replace(tag, name="of_brand", grain="brand", derived="portrait.copied")
    assert {"copied", "of_brand"} <= replace(catalogue, tags=(of_brand, copied)).by_topic
    barred, row = "糖尿病飲食", {"person": "糖尿病", "top_category_365d": "糖尿病", "orders_30d": 3}
    kinds = "person string, top_category_365d string, orders_30d bigint"
    told = {"top_topic_30d": barred, "copied": barred, "gone": barred}
    kinds += "".join(f", {name} string" for name in told)
    frame = spark.createDataFrame([(*row.values(), *told.values())], kinds)
    lake: Any = SimpleNamespace(held=lambda *_: frame)
    now: Any = None
    found = rows_released(
        lake, replace(catalogue, tags=(*catalogue.tags, copied)), "portrait", now, ["糖尿病"]
    )
    assert found == [{**row, **dict.fromkeys(told)}]


@pytest.mark.parametrize(
    ("day", "window", "inside"),
    [
        (AS_OF, 1, True),
        (date(2026, 11, 19), 1, False),
        (date(2026, 11, 21), 1, False),
        (date(2026, 11, 21), None, False),
        (date(1999, 1, 1), None, True),
        (None, 30, False),
        (None, None, True),
    ],
)
def test_a_window_ends_on_the_night(day: date | None, window: int | None, *, inside: bool) -> None:
    assert is_inside(day, window, AS_OF) is inside
