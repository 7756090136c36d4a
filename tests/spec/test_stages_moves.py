"""Ladders: the highest stage that holds counts, and from night to night who stays, rises, falls, comes and goes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.vocabulary import vocabularies
from huaxiang.portrait.tags import tag_names, with_tags
from huaxiang.stages.moves import compared, moves, standing

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

AS_OF, BEFORE, LONG_BEFORE = date(2026, 11, 20), date(2026, 11, 8), date(2026, 10, 8)
CATALOGUE = load_catalogue(load_contracts())
PERSON_LADDER = """\
- tag: shopping
  title: {en: a, zh: b}
  means: {en: a, zh: b}
  ladder:
    version: 3
    stages:
      - {stage: looks, title: {en: a, zh: b}, when: visits_30d > 0}
      - {stage: buys, title: {en: a, zh: b}, when: orders_30d > 0}
"""


def test_the_highest_stage_whose_condition_holds_counts(spark: SparkSession) -> None:
    person, brand = vocabularies(CATALOGUE)
    asked = (
        "ad_impressions_90d",
        "interactions_90d",
        "orders_365d",
        "praising_reviews_365d",
        "complaining_reviews_365d",
    )
    cases: dict[tuple[int | None, ...], tuple[str | None, str | None]] = {
        (1, 0, 0, 0, 0): ("awareness", "aware"),
        (0, 4, 0, 0, 0): ("interest", "appeal"),
        (1, 4, 1, 0, 0): ("purchase", "act"),
        (0, 0, 2, 0, 0): ("loyalty", "act"),
        (0, 0, 1, 1, 0): ("loyalty", "advocate"),
        (0, 0, 1, 1, 1): ("loyalty", "act"),
        (0, 0, 0, 1, 0): (None, "advocate"),  # who speaks well need not have bought
        (0, 0, 0, 0, 0): (None, None),
        (None, None, 1, None, None): ("purchase", "act"),  # what nobody knows holds nobody up, nor down
        (None, None, None, None, None): (None, None),
    }
    others = [n for n, c in brand.items() if n not in asked and c.type == "bigint"]
    schema = "person string, " + ", ".join(f"{n} bigint" for n in (*asked, *others))
    rows = [
        (f"{k}", *case, *(None if case[0] is None else 0 for _ in others)) for k, case in enumerate(cases)
    ]
    tags = [t for t in CATALOGUE.ladders() if t.name in ("aipl", "five_a")]
    told = with_tags(
        spark.createDataFrame(rows, schema),
        tags,
        tag_names(brand, person),
        brand,
        as_of=AS_OF,
        zone="Asia/Shanghai",
    )
    found = {int(row["person"]): (row["aipl"], row["five_a"]) for row in told.collect()}
    assert found == dict(enumerate(cases.values()))


def test_a_ladder_of_persons_has_no_brand(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "measures").mkdir()
    (tmp_path / "measures/mine.yaml").write_text(PERSON_LADDER, encoding="utf-8")
    named = ("aipl", "four_a", "five_a", "shopping")
    ladders = [tag for tag in load_catalogue(load_contracts(), tmp_path).ladders() if tag.name in named]
    pairs = spark.createDataFrame(
        [("P1", "b1", "interest", None, "ask"), ("P2", "b1", None, None, None)],
        "person string, brand_id string, aipl string, four_a string, five_a string",
    )
    people = spark.createDataFrame([("P1", "buys"), ("P2", None)], "person string, shopping string")
    found = {tuple(row) for row in standing(people, pairs, ladders).collect()}
    assert found == {
        ("aipl", "b1", "P1", "interest"),
        ("five_a", "b1", "P1", "ask"),
        ("shopping", None, "P1", "buys"),
    }


def nights(
    spark: SparkSession, before: list[Any], now: list[Any], merged: list[tuple[str, str]]
) -> DataFrame:
    stood = spark.createDataFrame(
        [("aipl", brand, who, stage, (*since, BEFORE)[0], 1) for who, brand, stage, *since in before],
        "ladder string, brand_id string, person string, stage string, since date, version int",
    )
    stands = spark.createDataFrame(
        [("aipl", brand, who, stage) for who, brand, stage in now],
        "ladder string, brand_id string, person string, stage string",
    )
    return compared(stood, stands, spark.createDataFrame(merged, "into string, person string"))


def test_who_stays_keeps_the_day_and_every_move_is_told(spark: SparkSession) -> None:
    before = [
        ("stays", "b1", "interest"),
        ("rises", "b1", "interest"),
        ("falls", "b1", "loyalty"),
        ("goes", "b1", "purchase"),
        ("stays", None, "interest"),
        ("kept", "b1", "awareness"),
        ("taken", "b1", "loyalty"),  # is `kept` from tonight on, who stood on a stage too
        ("taken", "b2", "purchase"),  # there `kept` stood on none
        ("taken", "b3", "interest", BEFORE),  # nor there, where two who were taken in stood
        ("taken too", "b3", "purchase", LONG_BEFORE),
    ]
    now = [
        ("stays", "b1", "interest"),
        ("rises", "b1", "purchase"),
        ("falls", "b1", "interest"),
        ("comes", "b1", "awareness"),
        ("stays", None, "interest"),
        ("kept", "b1", "loyalty"),
        ("kept", "b2", "purchase"),
        ("kept", "b3", "purchase"),
    ]
    both = nights(spark, before, now, [("kept", "taken"), ("kept", "taken too")]).repartition(3)
    made = moves(both, versions={"aipl": 1}, restated=(), as_of=AS_OF, release=7)
    stage = {
        (r["person"], r["brand_id"]): (r["stage"], r["since"], r["version"]) for r in made.stage.collect()
    }
    assert stage == {
        ("stays", "b1"): ("interest", BEFORE, 1),
        ("rises", "b1"): ("purchase", AS_OF, 1),
        ("falls", "b1"): ("interest", AS_OF, 1),
        ("comes", "b1"): ("awareness", AS_OF, 1),
        ("stays", None): ("interest", BEFORE, 1),
        ("kept", "b1"): ("loyalty", AS_OF, 1),
        ("kept", "b2"): ("purchase", BEFORE, 1),
        ("kept", "b3"): ("purchase", LONG_BEFORE, 1),
    }
    change = {
        (r["person"], r["brand_id"]): (r["from_stage"], r["to_stage"], r["days"])
        for r in made.change.collect()
    }
    assert change == {
        ("rises", "b1"): ("interest", "purchase", 12),
        ("falls", "b1"): ("loyalty", "interest", 12),
        ("goes", "b1"): ("purchase", None, 12),
        ("comes", "b1"): (None, "awareness", None),
        ("kept", "b1"): ("awareness", "loyalty", 12),
    }
    flow = made.flow.collect()
    assert all((r["release"], r["as_of"], r["version"], r["restated"]) == (7, AS_OF, 1, False) for r in flow)
    told = {(r["brand_id"], r["from_stage"], r["to_stage"]): (r["people"], r["person_days"]) for r in flow}
    assert told == {
        ("b1", "interest", "interest"): (1, 12),
        ("b1", "interest", "purchase"): (1, 12),
        ("b1", "loyalty", "interest"): (1, 12),
        ("b1", "purchase", None): (1, 12),
        ("b1", None, "awareness"): (1, 0),
        ("b1", "awareness", "loyalty"): (1, 12),
        ("b2", "purchase", "purchase"): (1, 12),
        ("b3", "purchase", "purchase"): (1, 43),
        (None, "interest", "interest"): (1, 12),
    }


def test_moves_of_other_rules_are_marked(spark: SparkSession) -> None:
    both = nights(spark, [("P1", "b1", "interest")], [("P1", "b1", "loyalty")], [])
    made = moves(both, versions={"aipl": 2}, restated={"aipl"}, as_of=AS_OF, release=7)
    assert [(r["restated"], r["version"]) for r in made.flow.collect()] == [(True, 2)]
    gone = moves(
        nights(spark, [("P1", "b1", "interest")], [], []),
        versions={},
        restated={"aipl"},
        as_of=AS_OF,
        release=7,
    )
    assert [(r["to_stage"], r["restated"], r["version"]) for r in gone.flow.collect()] == [(None, True, None)]
    assert gone.stage.count() == 0
