"""What comments feel, as events and as measures of a person; the words themselves go no further."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from feeds import CONTRACTS, clean

from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.cells import cells
from huaxiang.days.opinions import with_opinion
from huaxiang.days.rows import event_rows
from huaxiang.frames import stacked
from huaxiang.portrait.assemble import measured_portrait
from huaxiang.portrait.coverage import unknown_names

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CATALOGUE = load_catalogue(CONTRACTS)
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
    found = {r["n"]: r for r in with_opinion(rows, "text").collect()}
    assert sorted(found) == list(range(len(texts)))
    for number, text in enumerate(texts):
        praises, aspects = SAID[text]
        points = found[number]["sentiment"]
        assert (None if points is None else points > 0) == praises
        assert set(found[number]["aspects"]) == aspects


def review(who: str, day: str, text: str | None) -> dict[str, Any]:
    return {"who": who, "at": f"{day} 10:00", "text": text, "product_id": "p", "event_key": f"{who}|{day}"}


@pytest.fixture(scope="module")
def people(_session: SparkSession) -> dict[str, Any]:
    reviews = [
        review("mall:glad", "2026-11-01", "质量很好，很喜欢"),
        review("mall:glad", "2026-11-02", "收到了"),
        review("mall:cross", "2026-11-01", "客服态度恶劣，太慢了"),
        review("mall:cross", "2026-11-02", "质量太差了"),
        review("mall:cross", "2026-11-03", "质量不错"),
        review("mall:quiet", "2026-11-01", None),
    ]
    empty = {feed: clean(_session, feed) for feed in ("product", "delivery", "region")}
    found: dict[str, DataFrame] = {"review": clean(_session, "review", *reviews), **empty}
    catalogue = type(CATALOGUE)(
        CATALOGUE.events, tuple(m for m in CATALOGUE.measures if m.part.event.name == "review"), ()
    )
    parts = catalogue.streams()["review"]
    made = stacked(
        [
            cells(
                event_rows(parts[0][0].event, found["review"], found.__getitem__, zone="Asia/Shanghai"), parts
            )
        ]
    )
    who = [(f"mall:{p}", p, "mall") for p in ("glad", "cross", "quiet")]
    persons = _session.createDataFrame(who, "account string, person string, platform string")
    covers = {"review": {"mall": "everybody"}}
    told = measured_portrait(made, persons, catalogue, covers, as_of=date(2026, 11, 20))
    return {r["person"]: r.asDict(recursive=True) for r in told.collect()}


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


def test_without_texts_nothing_is_known_of_what_they_feel() -> None:
    given = frozenset({"platform", "review_id", "account_id", "rating", "at", "product_id"})
    unknown = unknown_names("review", CATALOGUE.events.values(), CONTRACTS, lambda _: given)
    assert {"sentiment", "aspects"} <= set(unknown)
    known = unknown_names("review", CATALOGUE.events.values(), CONTRACTS, lambda _: given | {"text"})
    assert not {"sentiment", "aspects"} & set(known)
