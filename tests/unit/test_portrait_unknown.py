"""What a source map, or every file in our own format, leaves unknown is null in the portrait, not 0."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.measures import GRAINS
from huaxiang.night import Night
from huaxiang.portrait.coverage import is_unknown, unknown_by_feed, unknown_names
from huaxiang.sources.map import load_source

if TYPE_CHECKING:
    from collections.abc import Callable

CONTRACTS = load_contracts()
CATALOGUE = load_catalogue(CONTRACTS)


def nulls(feed: str, gives: Callable[[str], frozenset[str] | None]) -> set[str]:
    """Return the columns over a feed that are null for everybody."""
    unknown = {feed: frozenset(unknown_names(feed, CATALOGUE.events.values(), CONTRACTS, gives))}
    columns = [(m, w) for m in CATALOGUE.measures if m.part.event.feed == feed for w in m.windows]
    return {m.column(w) for m, w in columns if is_unknown(m, w, unknown)}


def of_source(name: str) -> Callable[[str], frozenset[str]]:
    source = load_source(name)
    return lambda feed: source.gives(feed) if feed in source.feeds else frozenset()


BY_LINK = (
    *("first_order_by", "brought_buyers_365d", "brought_orders_90d", "brought_orders_365d"),
    *("brought_spend_90d", "brought_spend_365d"),
)
"""What is told through share links, which these sources don't have."""


def test_a_feed_that_gives_everything_leaves_nothing_unknown() -> None:
    assert not any(nulls(e.feed, lambda _: None) for e in CATALOGUE.events.values())


def test_a_column_that_no_file_of_our_own_format_has_is_unknown() -> None:
    """A shop that has no column for promotions does not tell that there were none."""
    everything = frozenset(CONTRACTS["order_line"].names)
    night = SimpleNamespace(source=None, given_by_files={"order_line": everything - {"promotion_id"}})
    assert nulls("order_line", partial(Night.gives, night)) == {"promoted_lines_365d", "promoted_lines_90d"}


@pytest.mark.parametrize(
    ("source", "feed", "columns"),
    [
        (
            "cdnow",  # a customer, a date, a quantity, an amount
            "order_line",
            {
                *("brands_365d", "brands_all", "categories_365d", "categories_all", "discount_365d", "discount_90d"),
                *("gift_lines_365d", "gift_lines_all", "products_365d", "products_90d", "products_all"),
                *("promoted_lines_365d", "promoted_lines_90d", "social_order_lines_365d", "social_order_lines_90d"),
                *BY_LINK,
            },
        ),
        (
            "completejourney",  # brands and categories come from its products
            "order_line",
            {
                *("gift_lines_365d", "gift_lines_all", "promoted_lines_365d", "promoted_lines_90d"),
                *("social_order_lines_365d", "social_order_lines_90d"),
                *BY_LINK,
            },
        ),
        ("completejourney", "shop_account", {"member_level", "shop_city_tier", "shop_gender", "shop_occupation"}),  # a birth year, but no birth date
        (
            "filmtrust",  # no times at all, and no texts
            "review",
            {
                *("low_ratings_365d", "high_ratings_365d", "reviews_365d", "reviews_90d", "felt_reviews_365d", "review_points_365d"),
                *("praising_reviews_365d", "praising_reviews_90d", "complaining_reviews_365d"),
                *("complaining_reviews_90d", "complained_aspects_365d", "ratings_365d", "rating_points_365d"),
            },
        ),
    ],
)  # fmt: skip
def test_a_count_over_what_a_source_does_not_map_is_unknown(
    source: str, feed: str, columns: set[str]
) -> None:
    assert nulls(feed, of_source(source)) == columns


def test_of_brands_all_is_unknown_that_does_not_say_whose_it_is() -> None:
    """Where no account is known to be a brand's, nobody is known not to follow one."""
    follows = [m for m in CATALOGUE.at("brand") if m.part.event.feed == "social_follow"]
    assert follows
    for measure in follows:
        for window in measure.windows:
            told = {
                grain: is_unknown(measure, window, {"social_follow": frozenset({"brand_id"})}, grain)
                for grain in GRAINS
            }
            assert told == {"person": False, "brand": True}, measure.name


def test_what_one_platform_of_a_feed_knows_is_known() -> None:
    rows = [
        {"feed": "review", "platform": "a", "unknown": ["at", "text"]},
        {"feed": "review", "platform": "b", "unknown": ["text"]},
        {"feed": "order_line", "platform": "a", "unknown": None},
    ]
    assert unknown_by_feed(rows) == {"review": {"text"}, "order_line": frozenset()}


def test_a_feed_that_tonights_map_leaves_out_covers_what_its_world_does() -> None:
    mapped = SimpleNamespace(
        feeds={"order_line": None}, covers_of=lambda feed: {"order_line": "accounts"}[feed]
    )
    config = SimpleNamespace(platforms={"mall": "everybody"}, default_covers={})
    night = SimpleNamespace(source=mapped, config=config)
    asked = [
        ("order_line", "shop", "x"),
        ("review", "shop", "x"),
        ("social_follow", "social", "x"),
        ("review", "shop", "mall"),
    ]
    told = [Night.covers(night, *one) for one in asked]  # type: ignore[arg-type]
    assert told == ["accounts", "everybody", "accounts", "everybody"]
