"""What fades: an event counts half after its half-life, a quarter after two, whatever the order and the nights."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from people import in_parts

from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.portrait.coverage import is_unknown
from huaxiang.portrait.fold import folded, keyed

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from huaxiang.days.measures import Catalogue

AS_OF = date(2026, 11, 20)
MINE = """
- measure: warmth
  title: {en: Warmth, zh: 热度}
  means: {en: Acts that fade, zh: 逐渐淡去的互动}
  from: social_interaction
  adds_up: count
  half_life: 10
  grains: [person, brand]
  windows: [30, all]
- measure: fresh_topics
  title: {en: Fresh topics, zh: 新鲜话题}
  means: {en: Topics that fade, zh: 逐渐淡去的话题}
  from: social_interaction
  adds_up: by(topic)
  half_life: 10
- measure: acts
  title: {en: Acts, zh: 互动}
  means: {en: Acts that stay, zh: 不淡去的互动}
  from: social_interaction
  adds_up: count
  windows: [30, all]
"""
NEWER = 2 ** (-1 / 10)
"""What is left of an event after a day."""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder: Path = tmp_path_factory.mktemp("conf")
    (folder / "measures").mkdir()
    (folder / "measures/mine.yaml").write_text(MINE, encoding="utf-8")
    return load_catalogue(load_contracts(), folder)


def cells(spark: SparkSession, column: str, *rows: tuple[str, int | None, int], key: str = "") -> DataFrame:
    """Cells of persons so many days before the night, or without a date, that count so many acts."""
    made = [
        ("social_interaction 2026", "topic" if key else "none", key, who, None if age is None else AS_OF - timedelta(days=age), count)
        for who, age, count in rows
    ]  # fmt: skip
    grain = "part string, key_kind string, key string, person string, business_date date"
    return spark.createDataFrame(made, f"{grain}, {column} bigint")


def test_an_event_fades_by_its_age_on_the_night(spark: SparkSession, catalogue: Catalogue) -> None:
    warmth, acts = (m for name in ("warmth", "acts") for m in catalogue.measures if m.name == name)
    made = cells(
        spark,
        warmth.part.column,
        ("tonight", 0, 3),
        ("half", 10, 2),
        ("edge of the window", 29, 1),
        ("edge of the window", 30, 1),
        ("both", 1, 1),
        ("both", 20, 4),
        ("tomorrow", -1, 5),
        ("undated", None, 5),
        ("undated", 0, 1),
        ("long ago", 300, 10),
    )

    def told(rows: DataFrame, *, apart: bool) -> dict[str, tuple[Any, ...]]:
        found = folded(rows, ["person"], [warmth, acts], as_of=AS_OF, apart=apart).collect()
        names = ("warmth_30d", "warmth_all", "acts_30d", "acts_all")
        return {row["person"]: tuple(row[name] for name in names) for row in found}

    once = told(made, apart=False)
    expected: dict[str, tuple[Any, ...]] = {
        "tonight": (3, 3, 3, 3),
        "half": (1, 1, 2, 2),
        "edge of the window": (0.133972, 0.133972 + 0.125, 1, 2),
        "both": (NEWER + 1, NEWER + 1, 5, 5),
        "undated": (1, 1, 1, 6),  # without a date there is no age, and so no weight
        "long ago": (None, 0, None, 10),
    }
    assert once == {who: pytest.approx(values, abs=1e-6) for who, values in expected.items()}
    assert told(in_parts(made, 5), apart=True) == once  # to the last bit: weights are whole numbers


def test_topics_fade_with_the_events_behind_them(spark: SparkSession, catalogue: Catalogue) -> None:
    (topics,) = (m for m in catalogue.measures if m.name == "fresh_topics")
    column = topics.part.column
    made = cells(spark, column, ("ann", 0, 1), ("ann", 10, 2), key="tea").unionByName(
        cells(spark, column, ("ann", 20, 1), ("ben", 300, 9), key="cars")
    )
    found = keyed(made, [topics], as_of=AS_OF).collect()
    told = {row["person"]: row["fresh_topics"] for row in found}
    assert [tuple(topic) for topic in told["ann"]] == [("cars", 0.25, 1), ("tea", 2.0, 3)]
    assert told["ben"] is None  # of whom nothing is left that counts


def test_it_is_unknown_where_dates_are(catalogue: Catalogue) -> None:
    (topics,) = (m for m in catalogue.measures if m.name == "fresh_topics")
    assert topics.definition().endswith("halved every 10 days")
    assert is_unknown(topics, None, {"social_interaction": frozenset({"business_date", "topics"})})
