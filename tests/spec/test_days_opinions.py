"""What comments feel, as events and as measures of a person; the words themselves go no further."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from feeds import CONTRACTS, clean

from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.cells import cells
from huaxiang.days.events import load_events
from huaxiang.days.measures import Catalogue
from huaxiang.days.opinions import with_opinion
from huaxiang.days.rows import event_rows
from huaxiang.frames import stacked
from huaxiang.models.learned_sentiment import LearnedSentiment
from huaxiang.models.scorer import LEXICON, Scorer
from huaxiang.portrait.assemble import measured_portrait
from huaxiang.portrait.coverage import unknown_names

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CATALOGUE = load_catalogue(CONTRACTS)
LEARNED = Scorer(LearnedSentiment({"收到": 3.0, "不错": -1.0, "态": -4.0, "喜欢": 0.1}, 0.0))
SAID = {
    "物流很快，质量不错": (True, {"delivery", "quality"}),
    "性价比不高，不会再买": (False, {"price"}),
    "收到了": (None, set()),
    "fast delivery": (None, set()),
    "😀": (None, set()),
    "": (None, set()),
    None: (None, set()),
}


def test_every_comment_is_scored_in_its_own_row(spark: SparkSession) -> None:
    texts = list(SAID) * 3
    rows = spark.createDataFrame(list(enumerate(texts)), "n int, text string").repartition(3)
    found = {r["n"]: r for r in with_opinion(rows, "text", LEXICON).collect()}
    assert sorted(found) == list(range(len(texts)))
    for number, text in enumerate(texts):
        praises, aspects = SAID[text]
        points = found[number]["sentiment"]
        assert (None if points is None else points > 0) == praises
        assert set(found[number]["aspects"]) == aspects


def test_what_was_learned_scores_and_the_lexicon_still_says_of_what(spark: SparkSession) -> None:
    texts = [
        "收到了",
        "物流很快，质量不错",
        "喜欢",
        "客服态度恶劣",
        "fast delivery",
        "😀",
        "123",
        "",
        None,
        "很好",
    ]
    rows = spark.createDataFrame(list(enumerate(texts)), "n int, text string").repartition(2)
    told = with_opinion(
        with_opinion(rows, "text", LEARNED).drop("aspects").withColumnRenamed("sentiment", "learned"),
        "text",
        LEXICON,
    )
    found = {r["n"]: r for r in told.collect()}
    assert [found[n]["learned"] for n in range(10)] == [
        91,
        -46,
        None,
        -96,
        None,
        None,
        None,
        None,
        None,
        None,
    ]
    assert [found[n]["sentiment"] is None for n in range(10)] == [True, *[False] * 3, *[True] * 5, False]
    assert set(found[1]["aspects"]) == {"delivery", "quality"}


def review(who: str, day: str, text: str | None) -> dict[str, Any]:
    return {"who": who, "at": f"{day} 10:00", "text": text, "product_id": "p", "event_key": f"{who}|{day}"}


def message(
    who: str, day: str, text: str | None, to: str = "weiwo:brand", kind: str = "service"
) -> dict[str, Any]:
    return {
        "who": who, "other_account": to, "at": f"{day} 10:00", "text": text, "kind": kind, "event_key": f"{who}|{day}",
    }  # fmt: skip


def measured(
    spark: SparkSession, feed: str, scorer: Scorer, *rows: dict[str, Any], **sides: DataFrame
) -> tuple[DataFrame, Catalogue]:
    """Return the day rows of a feed's texts as a scorer reads them, and the catalogue of what is read of them."""
    events = load_events(CONTRACTS, scorer=scorer)
    own = [m for m in CATALOGUE.measures if m.part.event.name == feed]
    own = [replace(m, part=replace(m.part, event=events[feed])) for m in own]
    catalogue = Catalogue(events, tuple(own), ())
    parts = catalogue.streams()[feed]
    found = {feed: clean(spark, feed, *rows), **sides}
    made = cells(
        event_rows(events[feed], found[feed], found.__getitem__, zone="Asia/Shanghai"),
        parts,
        zone="Asia/Shanghai",
    )
    return stacked([made]), catalogue


REVIEWS = [
    review("mall:glad", "2026-11-01", "质量很好，很喜欢"),
    review("mall:glad", "2026-11-02", "收到了"),
    review("mall:cross", "2026-11-01", "客服态度恶劣，太慢了"),
    review("mall:cross", "2026-11-02", "质量太差了"),
    review("mall:cross", "2026-11-03", "质量不错"),
    review("mall:quiet", "2026-11-01", None),
]


def reviewed(spark: SparkSession, scorer: Scorer) -> tuple[DataFrame, Catalogue]:
    empty = {feed: clean(spark, feed) for feed in ("product", "delivery", "region")}
    return measured(spark, "review", scorer, *REVIEWS, **empty)


def folded(
    spark: SparkSession, made: DataFrame, catalogue: Catalogue, feed: str, *who: str
) -> dict[str, Any]:
    persons = spark.createDataFrame(
        [(account, account.split(":")[1], account.split(":")[0]) for account in who],
        "account string, person string, platform string",
    )
    covers = {feed: {"mall": "everybody", "weiwo": "everybody"}}
    told = measured_portrait(made, persons, catalogue, covers, as_of=date(2026, 11, 20))
    return {r["person"]: r.asDict(recursive=True) for r in told.collect()}


@pytest.fixture(scope="module")
def people(_session: SparkSession) -> dict[str, Any]:
    made = reviewed(_session, LEXICON)
    return folded(_session, *made, "review", "mall:glad", "mall:cross", "mall:quiet")


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (
            "glad",
            {
                "praising_reviews_90d": 1,
                "complaining_reviews_90d": 0,
                "felt_reviews_365d": 1,
                "reviews_all": 2,
            },
        ),
        ("cross", {"praising_reviews_90d": 1, "complaining_reviews_90d": 2, "felt_reviews_365d": 3}),
        (
            "cross",
            {"complained_aspects_365d": [{"key": "quality", "value": 1}, {"key": "service", "value": 1}]},
        ),
        ("quiet", {"felt_reviews_365d": 0, "review_points_365d": 0, "complained_aspects_365d": None}),
    ],
)
def test_a_person_is_told_by_what_they_wrote(
    people: dict[str, Any], person: str, expected: dict[str, Any]
) -> None:
    assert {name: people[person][name] for name in expected} == expected


def test_another_scorer_makes_other_day_rows_and_the_lexicon_again_the_same(spark: SparkSession) -> None:
    first, read = reviewed(spark, LEXICON)
    other, learned = reviewed(spark, LEARNED)
    again, reread = reviewed(spark, LEXICON)
    said = [sorted(map(str, made.collect())) for made in (first, other, again)]
    assert said[0] == said[2] != said[1]
    of_stream = [one.stream_definition("review") for one in (read, learned, reread)]
    assert of_stream[0] == of_stream[2] != of_stream[1]
    told = folded(spark, other, learned, "review", "mall:glad", "mall:cross")
    names = ("praising_reviews_90d", "complaining_reviews_90d", "felt_reviews_365d", "review_points_365d")
    assert [[told[who][name] for name in names] for who in ("glad", "cross")] == [
        [1, 0, 1, 91],
        [0, 2, 2, -142],
    ]


def test_of_dialogue_only_words_to_a_brand_are_felt(spark: SparkSession) -> None:
    brand = {
        "who": "weiwo:brand", "brand_id": "b1", "event_key": "a", "at": "2026-01-01 10:00",
    }  # fmt: skip
    rows = [
        message("weiwo:ann", "2026-11-01", "发错货了，太失望了"),
        message("weiwo:ann", "2026-11-02", "请问什么时候发货"),
        message("weiwo:ann", "2026-11-03", "很满意，谢谢"),
        message("weiwo:bob", "2026-11-01", "太失望了", to="weiwo:ann"),  # to nobody but a brand is it counted
        message("weiwo:bob", "2026-11-02", None, to="weiwo:ann", kind="text"),
        message("weiwo:brand", "2026-11-02", "很抱歉，太失望了", to="weiwo:ann"),
    ]
    sides = {"social_account": clean(spark, "social_account", brand)}
    made, catalogue = measured(spark, "social_message", LEXICON, *rows, **sides)
    told = folded(spark, made, catalogue, "social_message", "weiwo:ann", "weiwo:bob")
    names = ("felt_dialogues_90d", "complaining_dialogues_90d")
    assert [told["ann"][name] for name in names] == [2, 1]
    assert [told["bob"][name] for name in names] == [0, 0]
    of_brands = made.where("key_kind = 'brand'").select("account", "key").distinct().collect()
    assert [tuple(row) for row in of_brands] == [("weiwo:ann", "b1")]


def test_without_texts_nothing_is_known_of_what_they_feel() -> None:
    given = frozenset({"platform", "review_id", "account_id", "rating", "at", "product_id"})
    unknown = unknown_names("review", CATALOGUE.events.values(), CONTRACTS, lambda _: given)
    assert {"sentiment", "aspects"} <= set(unknown)
    known = unknown_names("review", CATALOGUE.events.values(), CONTRACTS, lambda _: given | {"text"})
    assert not {"sentiment", "aspects"} & set(known)
