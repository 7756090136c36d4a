"""The dictionary of tags: everything that is declared, with tonight's coverage, its freshness and who uses it."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.pages import read

from huaxiang.book import open_book
from huaxiang.config import load_config
from huaxiang.explain.tag_coverage import TagCoverage
from huaxiang.pages.tags import feeds_read, tags_view, write_tag_page

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2026, 11, 20)
COVERED = TagCoverage(
    release=42,
    as_of=AS_OF,
    rows={"portrait": 200, "brand_relation": 1000},
    filled={"portrait": {"orders_7d": 200, "likes_30d": 130, "aipl": 0}, "brand_relation": {"orders_7d": 10}},
    newest={"order_line": AS_OF, "social_interaction": date(2026, 11, 17), "product": date(2026, 8, 1)},
    coverage=[
        {"feed": "order_line", "platform": "mall", "covers": "everybody", "covered_from": date(2026, 8, 1), "rows": 7},
        {"feed": "order_line", "platform": "outlet", "covers": "everybody", "covered_from": None, "rows": 1},
    ],
)  # fmt: skip


@cache
def book():
    return open_book(load_config())


@cache
def view() -> dict[str, Any]:
    return tags_view(book(), COVERED)


@cache
def entries() -> dict[str, Any]:
    return {entry["name"]: entry for group in view()["groups"] for entry in group["entries"]}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tag_page(book(), COVERED, tmp_path_factory.mktemp("pages") / "2026-11-20")


def test_every_measure_and_tag_has_its_entry(page: Path):
    catalogue = book().catalogue
    names = {one.name for one in (*catalogue.measures, *catalogue.tags)}
    assert entries().keys() == names
    found = read(page)
    assert names <= set(found.places)
    assert page.name == "tags.html"
    for language in ("en", "zh"):
        for one in (*catalogue.measures, *catalogue.tags):
            assert getattr(one.title, language) in found.words[language]


def test_units_and_classes_are_told_in_both_languages():
    assert [name for name, entry in entries().items() if entry["unit"].zh == entry["unit"].en] == []
    assert (entries()["orders"]["unit"].en, entries()["orders"]["unit"].zh) == ("orders", "单")
    assert {entry["privacy"].zh for entry in entries().values() if entry["privacy"]} == {"准标识", "敏感"}


def test_coverage_is_the_share_with_a_value_and_unknown_where_nothing_says():
    shares = {(c["table"], c["column"]): c["share"] for c in entries()["orders"]["coverage"]}
    assert shares["portrait", "orders_7d"] == 1
    assert shares["brand_relation", "orders_7d"] == 0.01
    assert shares["portrait", "orders_30d"] is None
    assert [c["share"] for c in entries()["likes"]["coverage"]] == [0.65, None]


def test_freshness_is_that_of_the_stalest_stream_not_of_what_it_looks_up():
    assert entries()["orders"]["newest"] == AS_OF
    assert entries()["content_strength"]["newest"] == date(2026, 11, 17)
    assert entries()["followers"]["newest"] is None
    feeds = feeds_read(book().catalogue)
    assert feeds["orders"] == ["order_line", "product"]
    assert {"order_line", "social_interaction", "product"} <= set(feeds["life_stage"])


def test_sources_values_and_segments_are_told():
    told = {
        name: entries()[name]["source"]
        for name in ("orders", "shop_occupation", "declared_age", "recency_days")
    }
    assert told == {
        "orders": "measured",
        "shop_occupation": "declared",
        "declared_age": "declared",
        "recency_days": "derived",
    }
    assert (entries()["influence"]["source"], entries()["life_stage"]["source"]) == ("modelled", "inferred")
    assert entries()["rfm_class"]["values"]["champions"].zh == "冠军"
    assert entries()["aipl"]["values"]["loyalty"].en == "Loyalty"
    used = {segment.name for segment in entries()["rfm_class"]["segments"]}
    assert used == {s.name for s in book().segments if {"rfm_class", "portrait.rfm_class"} & s.names}
    assert used


def test_feeds_say_whom_they_cover_and_how_old_they_are():
    feeds = {feed["feed"]: feed for feed in view()["feeds"]}
    assert [platform for platform, _ in feeds["order_line"]["platforms"]] == ["mall", "outlet"]
    assert (feeds["order_line"]["since"], feeds["order_line"]["rows"]) == (date(2026, 8, 1), 8)
    assert (feeds["social_interaction"]["age"], feeds["review"]["age"]) == (3, None)


def test_the_page_needs_no_network_and_its_links_lead_somewhere(page: Path):
    text, found = page.read_text(encoding="utf-8"), read(page)
    assert "://" not in text
    outside = {address for address in found.addresses if not address.startswith("#")}
    assert outside == {"../index.html", "index.html"}
    assert {address[1:] for address in found.addresses if address.startswith("#")} <= set(found.places)
    assert len(re.findall("data-words=", text)) == len(entries())
