"""The page of one person: everything told, every unknown with its reason, in both languages, for its owner only."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.pages import HOSTILE, read

from huaxiang.book import open_book
from huaxiang.config import load_config
from huaxiang.contracts.model import Text
from huaxiang.days.definitions import meanings
from huaxiang.days.vocabulary import vocabularies
from huaxiang.explain.evidence import Event, Evidence
from huaxiang.explain.person import Portrayed, Purchase, _talk
from huaxiang.explain.told import (
    Explanation,
    LookedUp,
    events_behind,
    explained,
    tags_told,
    with_since,
    with_tags_counted,
)
from huaxiang.explain.unknown import Unknown, redefined, unfitted, unheld
from huaxiang.masked import account_said
from huaxiang.models.cards import PURCHASES
from huaxiang.pages.events_said import EventWords
from huaxiang.pages.facts import KNOWN, UNKNOWN, ZERO
from huaxiang.pages.person import PEOPLE, person_view, take_away, write_person_page
from huaxiang.pages.values import Manner
from huaxiang.pages.words import CALLED
from huaxiang.tables.release import Release

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2026, 11, 20)
ORDERS = "order_line__count_of_order_id"
NAMES = {"b1": Text(f"Qinglane {HOSTILE}", "青青坊"), "tea": Text("Tea", "茶叶")}
PERSON: dict[str, Any] = {
    "orders_7d": 0, "orders_30d": 2, "orders_90d": 9, "orders_365d": 9, "orders_all": 9, "spend_365d": 123456,
    "top_category_365d": "tea", "top_topic_90d": HOSTILE, "declared_occupation": "employee",
    "declared_birth_year": 1994, "life_stage": "young_white_collar", "life_stage_probability": 0.82,
    "life_stage_evidence": 214, "expected_value_12m": 998877, "expected_value_12m_low": 500001,
    "expected_value_12m_high": 1500009, "experience": "locked_in", "satisfaction_365d": 0.41, "returns_90d": 0,
    "returns_365d": 0, "returns_all": 0, "chance_active": 0.93, "category_lines_365d": [{"key": "tea", "value": 9}],
}  # fmt: skip
PAIR = {"orders_365d": 9, "content_relation": 0.5, "aipl": "loyalty", "brand_experience": "locked_in"}


@cache
def book():
    return open_book(load_config())


def part_of(measure: str) -> str:
    return next(m.part.counted_as for m in book().catalogue.measures if m.name == measure)


def portrayed(row: dict[str, Any], pairs: dict[str, dict[str, Any]], **more: Any) -> Portrayed:
    catalogue = book().catalogue
    types, of_pairs = vocabularies(catalogue)
    bought = Counter(order_line=9)
    counted = {("orders_365d", ""): bought, ("orders_all", ""): bought, ("orders_365d", "b1"): bought}
    counted = with_tags_counted(counted, catalogue)
    told = tags_told("portrait", None, row, "person", catalogue, types, counted, as_of=AS_OF)
    unknown = {("", c): why for c, why in Unknown(catalogue, types, [], []).reasons(row, "person").items()}
    for brand, pair in pairs.items():
        told += tags_told("brand_relation", brand, pair, "brand", catalogue, of_pairs, counted, as_of=AS_OF)
    whole = Explanation("Pann", 42, AS_OF, ("mall:ann", "weiwo:<ann>"), tuple(told))
    return Portrayed(whole, unknown=unknown, names=NAMES, **more)


def ann() -> Portrayed:
    bought = Event(
        "order_line",
        date(2026, 11, 19),
        {
            "paid_minor": 4500, "paid": 45.0, "brand_id": "b1", "product_id": HOSTILE, "order_id": "o-7",
            "recipient_hash_key": "f00ba4", "account": "mall:ann", "ship_region_code": "310104", "at": "2026-11-19T08:00:00",
        },
    )  # fmt: skip
    return portrayed(
        PERSON,
        {"b1": PAIR},
        behind={(part_of("orders"), ""): [bought] * 5, (part_of("orders"), "b1"): [bought]},
        months={("order_line", date(2026, 9, 1)): 4, ("order_line", date(2026, 11, 1)): 5, ("review", date(2026, 11, 1)): 2},
        stages=[{"ladder": "aipl", "brand_id": "b1", "stage": "loyalty", "since": date(2026, 10, 2)}],
        segments=[{"segment": "loyal", "brand_id": None, "since": AS_OF}, {"segment": HOSTILE, "brand_id": "b1", "since": AS_OF}],
        gifts=[{"given": True, "given_on": date(2026, 11, 1), "brand_id": "b1", "spend_minor": 100, "is_sent": True, "is_wrapped": True}],
        purchases=[Purchase("b1", date(2026, 11, 19), {"ad_seen": (2, date(2026, 11, 1))}, (), "complained", date(2026, 11, 20))],
    )  # fmt: skip


@cache
def nobody() -> Portrayed:
    return portrayed({}, {})


@cache
def told_of_ann() -> dict[str, Any]:
    return person_view(ann(), book())


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_person_page(ann(), book(), tmp_path_factory.mktemp("people"))


def test_every_tag_is_told_once_and_every_why_leads_somewhere(page: Path):
    found = read(page)
    columns = set(vocabularies(book().catalogue)[0])
    told = [place.removeprefix("person--") for place in found.places if place.startswith("person--")]
    assert sorted(told) == sorted(columns)
    assert len(found.places) == len(set(found.places))
    inside = {address[1:] for address in found.addresses if address.startswith("#")}
    assert inside <= set(found.places)
    assert {"person--orders_365d", "brand-b1"} <= inside


def test_what_is_known_stands_first_in_both_languages(page: Path):
    words = read(page).words
    english, chinese = words["en"], words["zh"]
    for phrase in (
        "employee", "young white-collar", "with a probability of", "Locked in but unhappy", "9\u202forders",
        "complained", "¥9\u202f990", "Young white-collar",
    ):  # fmt: skip
        assert phrase in english
    for phrase in ("受雇", "年轻白领", "被锁定但不满", "9\u202f单", "抱怨"):
        assert phrase in chinese


def test_an_estimate_claims_no_more_than_it_knows():
    (value,) = (f for f in told_of_ann()["figures"] if f["fact"]["name"] == "expected_value_12m")
    assert value["window"]["value"].en == "¥9\u202f990"
    assert [end.en for end in value["fact"]["interval"]] == ["¥5\u202f000", "¥15\u202f000"]


def test_an_estimate_without_a_fit_is_no_headline():
    unfitted = dict.fromkeys(("expected_value_12m_low", "expected_value_12m_high"))
    told = person_view(portrayed(PERSON | unfitted, {"b1": PAIR}), book())
    assert {"expected_value_12m"}.isdisjoint(figure["fact"]["name"] for figure in told["figures"])
    assert facts(told)["expected_value_12m"]["windows"][0]["is_known"]


def facts(view: dict[str, Any]) -> dict[str, Any]:
    told = [fact for group in view["groups"] for fact in (*group["known"], *group["zero"])]
    return {fact["name"]: fact for fact in (*told, *view["unknown"])}


def test_why_tells_formula_inputs_events_and_how_many_more():
    told = facts(told_of_ann())
    orders, returns, stage = told["orders"], told["returns"], told["life_stage"]
    assert (orders["state"], returns["state"], told["likes"]["state"]) == (KNOWN, ZERO, UNKNOWN)
    assert orders["formula"] == "count_of(order_id) of order_line"
    assert [w["value"].zh for w in orders["windows"]][:2] == ["0\u202f单", "2\u202f单"]
    assert (len(orders["events"]), orders["more"]) == (1, 8)  # five that are one
    assert stage["probability"].en == "82\u202f%"
    assert (stage["source"], told["declared_age"]["source"]) == ("inferred", "declared")
    assert (told["chance_active"]["source"], told["has_left"]["source"]) == ("modelled", "derived")
    assert "person--satisfaction_365d" in {read["id"] for read in told["is_unhappy"]["inputs"]}


def test_a_tag_has_the_events_of_what_it_reads_each_once():
    def feeds(**counts: int) -> Counter[str]:
        return Counter(counts)

    measured = {
        ("orders_365d", ""): feeds(order_line=6),
        ("paid_365d", ""): feeds(order_line=6),
        ("spend_365d", ""): feeds(order_line=6, order_return=1),
        ("reviews_all", ""): feeds(review=1),
        ("rating_points_365d", ""): feeds(review=1),
        ("ratings_365d", ""): feeds(review=1),
        ("review_points_365d", ""): feeds(review=1),
        ("felt_reviews_365d", ""): feeds(review=1),
        ("ratings_365d", "b1"): feeds(review=1),
        ("spend_365d", "b1"): feeds(order_line=2),
        ("likes_30d", "b1"): feeds(social_interaction=3),
    }
    found = with_tags_counted(measured, book().catalogue)
    assert found["average_order_365d", ""] == feeds(order_line=6)  # the orders, and what was paid for them
    assert found["satisfaction_365d", ""] == feeds(review=1)  # one review, of which it reads four measures
    satisfied = found["brand_satisfaction_365d", "b1"]
    assert satisfied["review"] == 1  # reads the person's satisfaction too
    assert found["spend_share_365d", "b1"] == feeds(order_line=6, order_return=1)  # of all the person's spend
    assert found["expected_value_12m", ""] == feeds()
    assert {column for column, brand in found if brand == "b1"} > {"aipl", "spend_share_365d"}
    assert ("aipl", "") not in found


def timed() -> Explanation:
    told = ann().told
    stages = [{"ladder": "aipl", "brand_id": "b1", "stage": "loyalty", "since": date(2026, 10, 2)}]
    at = datetime(2026, 11, 21, 1, 2, tzinfo=UTC)
    return replace(told, tags=tuple(with_since(told.tags, stages)), known_at=at)


@pytest.mark.parametrize(
    ("brand", "column", "beside"),
    [
        (
            None,
            "expected_value_12m",
            {"interval": (500001, 1500009), "probability": None, "valid_from": None},
        ),
        (None, "life_stage", {"interval": None, "probability": 0.82, "valid_from": None}),
        (None, "promotion_sensitivity_365d", {"value": None, "interval": None}),
        (None, "orders_7d", {"interval": None, "valid_from": date(2026, 11, 14)}),
        (None, "orders_all", {"valid_from": None}),
        ("b1", "aipl", {"value": "loyalty", "valid_from": date(2026, 10, 2)}),
        ("b1", "brand_experience", {"value": "locked_in", "valid_from": None}),
    ],
)
def test_a_tag_tells_its_interval_its_probability_and_its_times(
    brand: str | None, column: str, beside: dict[str, Any]
):
    (tag,) = (t for t in timed().as_dict()["tags"] if (t["brand_id"], t["tag"]) == (brand, column))
    assert {key: tag[key] for key in beside} == beside
    known = tag["valid_to"], tag["known_in"], tag["known_at"].isoformat()
    assert known == (AS_OF, 42, "2026-11-21T01:02:00+00:00")


def test_what_a_release_holds_is_told_with_its_events_and_since_when():
    part = {m.name: m.part.counted_as for m in book().catalogue.measures}
    bought = {date(2026, 11, 19): 3, date(2026, 1, 1): 1}
    days = {("Pann", part[name], of): bought for name in ("orders", "paid", "ratings") for of in ("", "b1")}
    stages = [
        {
            "person": "Pann",
            "ladder": "aipl",
            "brand_id": "b1",
            "stage": "loyalty",
            "since": date(2026, 10, 2),
        },
        {"person": "Pbob", "ladder": "experience", "brand_id": None, "stage": "locked_in", "since": AS_OF},
    ]
    night = Release(42, "published", AS_OF, datetime(2026, 11, 21, tzinfo=UTC), 41, {}, "", "", "", "")
    pairs = {"Pann": [{"person": "Pann", "brand_id": "b1", **PAIR}]}
    accounts = {"Pann": ("mall:ann",)}
    found = LookedUp(night, AS_OF, {"Pann": PERSON}, pairs, accounts, Evidence(days, {}), stages)
    of_ann = explained(found, book(), "Pann")
    told = {(tag.brand_id, tag.tag): tag for tag in of_ann.tags}
    assert of_ann.known_at == night.published_at
    assert [told[None, f"orders_{w}"].evidence for w in ("7d", "90d", "365d")] == [3, 3, 4]
    assert told[None, "average_order_365d"].evidence == 4  # not for orders and for what was paid
    assert told[None, "satisfaction_365d"].evidence == 4
    assert (told["b1", "aipl"].evidence, told["b1", "aipl"].valid_from) == (4, date(2026, 10, 2))
    assert told[None, "experience"].valid_from is None  # another's


def test_events_of_a_tag_are_those_behind_it_in_its_window():
    lately, long_ago = (
        Event("order_line", AS_OF - timedelta(days=n), {"order_id": f"o{n}"}) for n in (3, 40)
    )
    seen = Event("review", AS_OF, {"rating": 5})
    newest = {("Pann", ORDERS, ""): [lately, long_ago], ("Pann", "review", ""): [seen]}
    night = Release(42, "published", AS_OF, datetime(2026, 11, 21, tzinfo=UTC), 41, {}, "", "", "", "")
    found = LookedUp(night, AS_OF, {"Pann": PERSON}, {"Pann": []}, {"Pann": ()}, Evidence({}, newest))
    told = {tag.tag: tag for tag in explained(found, book(), "Pann").tags}
    assert events_behind(found, book(), "Pann", [told["orders_7d"]]) == [lately]
    assert events_behind(found, book(), "Pann", [told["average_order_365d"]]) == [lately, long_ago]
    assert events_behind(found, book(), "Pann", [told["declared_age"]]) == []


def test_a_stage_that_was_not_stood_on_then_has_no_since():
    stages = [{"ladder": "aipl", "brand_id": "b1", "stage": "purchase", "since": date(2026, 10, 2)}]
    told = {(t.brand_id, t.tag): t.valid_from for t in with_since(ann().told.tags, stages)}
    assert told["b1", "aipl"] is None


def test_a_terminal_shows_them_in_a_hundred_columns():
    lines = timed().text().split("\n")
    assert lines[0].startswith("Pann · release 42 of 2026-11-21 01:02 UTC · as of 2026-11-20 · 2 accounts")
    shown = [line.split() for line in lines]
    for words in (
        "expected_value_12m 998877 (500001 – 1500009) 0 events modelled -",
        "life_stage young_white_collar, 82% 0 events inferred -",
        "aipl loyalty 9 events derived since 2026-10-02",
        "orders_7d 0 0 events measured 7 days",
    ):
        assert words.split() in shown
    narrow = [line for line in lines[1:] if not line.startswith("      ")]
    assert max(map(len, narrow)) <= 100


def test_unknown_tags_say_why():
    told = facts(told_of_ann())
    assert told["likes"]["reasons"][0].en == "The feed social_interaction never came, so nothing can be said."
    assert "Birth year" not in told["returned_share_365d"]["reasons"][0].en
    assert told["returned_share_365d"]["reasons"][0].en.startswith(
        "Its rule can't be settled. Unknown of what it reads:"
    )
    assert told["rfm_recency"]["reasons"][0].zh.startswith("此人不在排名范围之内。")


def test_an_event_shows_only_what_a_reason_needs(page: Path):
    text = page.read_text(encoding="utf-8")
    for kept_back in ("f00ba4", "310104", "o-7"):
        assert kept_back not in text
    (event,) = facts(told_of_ann())["orders"]["events"]
    assert [title.en for title, _ in event["facts"]][:2] == ["Product", "Paid"]
    assert "¥45" in [said.en for _, said in event["facts"]]


def words_for() -> EventWords:
    return EventWords(book().catalogue, book().contracts, Manner(names=NAMES))


def test_what_events_may_say_is_said_in_chinese_too():
    for columns in words_for()._shown.values():
        for column in columns.values():
            assert set(column.allowed) <= words_for().called(column).keys(), column.name
    assert not {value for tag in book().catalogue.tags for value in tag.values} & set(CALLED)
    gender = next(tag for tag in book().catalogue.tags if tag.name == "declared_gender")
    own = replace(
        gender, name="shopper", values={"m": Text("Medium", "中号"), "view": Text("Looker", "看客")}
    )
    others = EventWords(
        replace(book().catalogue, tags=(own, *book().catalogue.tags)), book().contracts, Manner()
    )
    for row in ({"gender": "m"}, {"act": "view"}):
        event = Event("shop_account" if "gender" in row else "browse_event", AS_OF, row)
        assert others.line(event)["facts"] == words_for().line(event)["facts"]
    event = Event("social_interaction", AS_OF, {"act": "favourite", "dwell_seconds": 24})
    assert [said.zh for _, said in words_for().line(event)["facts"]] == ["收藏", "24\u202f秒"]
    event = Event("shop_account", AS_OF, {"gender": "m", "occupation": "other"})
    assert [said.en for _, said in words_for().line(event)["facts"]] == ["Male", "Other"]
    event = Event("order_line", AS_OF, {"size": "m"})  # no person: a size of clothes
    assert [said.en for _, said in words_for().line(event)["facts"]] == ["m"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("打13800138000，或li.ming@example.com问", "打•••，或•••问"),
        ("＋86 138-0013-8000", "＋•••"),
        ("010-85551234", "•••"),
        ("买了2件，199.90元，2026年", "买了2件，199.90元，2026年"),
    ],
)
def test_what_people_write_is_shown_without_contacts(written: str, shown: str):
    event = Event("browse_event", AS_OF, {"query": written, "product_id": "100012043978"})
    said = {title.en: text.en for title, text in words_for().line(event)["facts"]}
    assert said == {"Query": shown, "Product": "100012043978"}


def test_an_account_that_is_a_contact_shows_its_ends():
    accounts = ("mall:13800138000", "mall:li@example.com", "weiwo:7100659", "mall:m100143")
    assert [account_said(one) for one in accounts] == [
        "mall:13•••00", "mall:li•••om", "weiwo:7100659", "mall:m100143",
    ]  # fmt: skip


def test_money_is_the_lakes():
    told = facts(person_view(replace(ann(), money=("JPY", 0)), book()))
    assert told["spend"]["windows"][3]["value"].en == "¥123\u202f456"


def test_what_a_release_tells_otherwise_is_said():
    catalogue, portrait = book().catalogue, "portrait"
    held: dict[Any, Any] = {
        named: {"definition": m.definition, "says": m.says} for named, m in meanings(catalogue).items()
    }
    assert unheld(catalogue, held) == redefined(catalogue, held) == {}
    assert unheld(catalogue, {}) == redefined(catalogue, {}) == {}
    del held[portrait, "likes_30d"]
    held[portrait, "orders_365d"] = {"definition": "old", "says": "count of order_line"}
    assert set(unheld(catalogue, held)) == {(portrait, "likes_30d")}
    ((named, text),) = redefined(catalogue, held).items()
    assert named == (portrait, "orders_365d")
    otherwise = {("", "orders_365d"): text}
    told = facts(person_view(replace(ann(), otherwise=otherwise), book()))
    (reason,) = told["orders"]["reasons"]
    assert reason.en.endswith("by another definition than this configuration's: count of order_line.")


def test_a_model_that_was_not_fitted_is_said():
    def row(part: str, number: int, why: str | None) -> dict[str, Any]:
        status = "boundary" if why else "fitted"
        return {"model": "purchases", "part": part, "release": number, "status": status, "why": why}

    found = unfitted(
        book().catalogue, [row("days", 2, "flat"), row("days", 1, "no such"), row("value", 2, None)]
    )
    assert {"expected_value_12m", "chance_active"} <= {column for _, column in found}
    assert {table for table, _ in found} == {"portrait"}
    assert {text.en for text in found.values()} == {
        "That night the model “purchases” was not fitted for it: flat."
    }
    assert {text.zh for text in found.values()} == {
        f"当晚模型“purchases”未能为此拟合：参数落在边界，无从得出；{PURCHASES.otherwise.zh}。"
    }
    assert unfitted(book().catalogue, [row("days", 2, "flat"), row("days", 3, None)]) == {}
    assert unfitted(book().catalogue, [row("a part of old", 2, "flat"), row("days", 3, None)]) == {}
    found = unfitted(book().catalogue, [row("days", 2, None), row("value", 2, "flat")])
    columns = {column for _, column in found}
    assert "expected_value_12m" in columns
    assert "chance_active" not in columns  # a chance is shown, and does not depend on what a day is worth


@pytest.mark.parametrize(
    ("said", "is_known", "day", "told"),
    [
        ({"recommended": date(2026, 10, 3)}, True, 1, "recommended"),
        ({"recommended": date(2026, 10, 3)}, False, 1, "unknown"),  # of complaints nobody would tell
        ({"recommended": None}, False, 1, "unknown"),
        ({"recommended": None, "complained": None}, True, 1, "silent"),
        ({"recommended": None}, False, 31, "open"),
        ({"recommended": date(2026, 10, 31)}, False, 31, "recommended"),  # so far
    ],
)
def test_talk_after_a_purchase(said: dict[str, date | None], is_known: bool, day: int, told: str):
    assert _talk(date(2026, 10, day), said, date(2026, 11, 10), is_known=is_known)[0] == told


def test_text_of_the_data_never_becomes_markup(page: Path):
    text = page.read_text(encoding="utf-8")
    assert "alert(" in text
    assert "<script>alert" not in text
    assert "weiwo:&lt;ann&gt;" in text
    assert read(page).open == []
    figures = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text)
    assert figures
    assert "<script" not in "".join(figures)


def test_the_page_needs_no_network_and_is_for_its_owner_only(page: Path, tmp_path: Path):
    there = tmp_path / "pages"
    path = write_person_page(nobody(), book(), there / PEOPLE, scripts=there)
    assert path == there / PEOPLE / "Pann.html"
    assert list(path.parent.iterdir()) == [path]
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "://" not in page.read_text(encoding="utf-8").replace("file://", "")
    assert [a for a in read(page).addresses if not a.startswith("#")] == ["plotly.min.js"]
    take_away(there)
    assert not path.parent.exists()
    take_away(there)  # nothing is there: nothing happens


def test_of_a_person_of_whom_nothing_is_known_the_page_says_so(tmp_path: Path):
    path = write_person_page(nobody(), book(), tmp_path)
    words = read(path).words["en"]
    assert "Nothing of themselves." in words
    assert "What is unknown" in words
    assert "With brands" not in words
    view = person_view(nobody(), book())
    assert view["groups"] == []
    assert len(view["unknown"]) == view["facts"]
    assert all(fact["reasons"] for fact in view["unknown"])
