"""The step on a lake of its own making: what is written, when nothing is, and what the summary is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from huaxiang.expressions import NameInfo
from huaxiang.segments.load import load_segments
from huaxiang.segments.step import run
from huaxiang.segments.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

WORDS = Vocabulary({"orders": NameInfo("int")}, {"is_fan": NameInfo("boolean")})
EMPTY = {
    "segment_membership": "segment string, brand_id string, person string, since date",
    "segment_change": "segment string, brand_id string, person string, change string, "
    "as_of date, release bigint",
}


@dataclass
class Tables:
    """A lake and its attempt in memory; `log` says what was written, whichever came first."""

    spark: SparkSession
    frames: dict[str, DataFrame] = field(default_factory=dict)
    log: dict[str, tuple[str, set[tuple[Any, ...]]]] = field(default_factory=dict)

    def read(self, name: str) -> DataFrame:
        return self.frames[name]

    def read_pinned(self, name: str) -> DataFrame:
        return self.frames.get(name) or self.spark.createDataFrame([], EMPTY[name])

    def pinned(self, name: str) -> object:
        return self.frames.get(name)

    def replace(self, name: str, frame: DataFrame) -> None:
        rows = frame.collect()
        self.log[name] = ("replace", {tuple(r) for r in rows})
        self.frames[name] = self.spark.createDataFrame(rows, EMPTY[name])

    def append(self, name: str, frame: DataFrame) -> None:
        self.log[name] = ("append", {tuple(r) for r in frame.collect()})


def test_nights_write_members_and_changes_and_nothing_when_nothing_moved(
    spark: SparkSession, tmp_path: Path
) -> None:
    for name, rule in {"buyers": "who: orders > 0", "fans": "for_each: brand\nwho: is_fan"}.items():
        text = f"segment: {name}\ntitle: {{en: {name}, zh: 人群}}\n{rule}\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    log = "release bigint, action string, person string, other_person string, accounts bigint"
    tables = Tables(
        spark,
        {
            "identity_log": spark.createDataFrame([], log),
            "person_account": spark.createDataFrame([], "person string, account string"),
        },
    )
    pairs = spark.createDataFrame(
        [("a", "b1", True), ("a", "b2", True)], "person string, brand_id string, is_fan boolean"
    )

    def night(day: int, orders: dict[str, int]) -> Any:
        people = spark.createDataFrame(list(orders.items()), "person string, orders int")
        tables.frames |= {"portrait": people, "brand_relation": pairs}
        tables.log.clear()
        segments = load_segments(tmp_path, WORDS)
        return SimpleNamespace(
            held=lambda frame: frame.persist(),
            lake=tables,
            attempt=tables,
            segments=segments,
            as_of=date(2026, 1, day),
            business_zone="Asia/Shanghai",
            number=day,
            told={"identity": {"merged": 0}},
        )

    first = run(night(1, {"a": 1, "b": 1, "c": 0}))
    fans = {("fans", "b1", "a"), ("fans", "b2", "a")}
    started = {("buyers", None, "a"), ("buyers", None, "b"), *fans}
    one = date(2026, 1, 1)
    assert tables.log == {
        "segment_membership": ("replace", {(*key, one) for key in started}),
        "segment_change": ("append", {(*key, "entered", one, 1) for key in started}),
    }
    assert first.totals() == {"segments": 2, "entered": 4, "left": 0}
    assert [
        (r["segment"], r["per_brand"], r["people"], r["yesterday"], r["entered"], r["left"])
        for r in first.rows()
    ] == [
        ("buyers", False, 2, None, 2, 0),
        ("fans", True, 2, None, 2, 0),
    ]
    assert first.rows()[0]["title"] == {"en": "buyers", "zh": "人群"}

    second = run(night(2, {"a": 1, "b": 0, "c": 5}))
    two = date(2026, 1, 2)
    assert tables.log == {
        "segment_membership": (
            "replace",
            {("buyers", None, "a", one), ("buyers", None, "c", two), *((*f, one) for f in fans)},
        ),
        "segment_change": (
            "append",
            {("buyers", None, "b", "left", two, 2), ("buyers", None, "c", "entered", two, 2)},
        ),
    }
    assert [(r["people"], r["yesterday"], r["entered"], r["left"]) for r in second.rows()] == [
        (2, 2, 1, 1),
        (2, 2, 0, 0),
    ]

    third = run(night(3, {"a": 9, "b": 0, "c": 5}))
    assert tables.log == {}
    assert third.totals() == {"segments": 2, "entered": 0, "left": 0}
