"""What held a night back holds the nights after it until the very files and rows that broke it are mended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from huaxiang.config import Config
from huaxiang.contracts.model import Text
from huaxiang.gates.report import GateResult
from huaxiang.held import Failure, remember, standing, way_out
from huaxiang.publish import holds_back
from huaxiang.tables.storage import LocalStorage

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

FILES = "source string, feed string, path string, content_hash string, arrival_date date, rows bigint, status string, problem string, release bigint"
HELD_ROWS = "source string, feed string, path string, status string, release bigint"
ORDERS = "order_line"


def failed(metric: str, table: str = ORDERS) -> Failure:
    return Failure(3, GateResult(table, metric, 0, "≥ 1", "critical", False, False, Text("Fine", "正常")))


@dataclass
class Lake:
    """A lake whose release 3 read 1 file of 20 rows, of which 10 are held, and was held back."""

    spark: SparkSession
    storage: LocalStorage
    status: str = "held"
    source: str = ""
    files: list[tuple[Any, ...]] = field(default_factory=lambda: [loaded("bad.csv", 20, 3)])
    rows: list[tuple[Any, ...]] = field(default_factory=lambda: [(ORDERS, "bad.csv", "held", 3)] * 10)

    @property
    def newest(self) -> Any:
        return SimpleNamespace(release=3, status=self.status)

    def read(self, name: str) -> DataFrame:
        rows, schema = {"file_ledger": (self.files, FILES), "quarantine": (self.rows, HELD_ROWS)}[name]
        return self.spark.createDataFrame([(self.source, *row) for row in rows], schema)

    def exists(self, _name: str) -> bool:
        return True

    def night(self, number: int = 4) -> Any:
        config = Config(required=(ORDERS, "review"))
        feeds = (ORDERS, "review")
        return SimpleNamespace(
            lake=self, number=number, feeds=feeds, config=config, source=None, source_name="another"
        )


def loaded(path: str, rows: int, release: int, day: int = 1, status: str = "loaded") -> tuple[Any, ...]:
    content = f"{path} as of {release}"
    return (ORDERS, path, content, date(2026, 3, day), rows, status, None, release)


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    return Lake(spark, LocalStorage(tmp_path))


def stands(lake: Lake, failure: Failure, measured: tuple[str, ...] = ()) -> bool:
    remember(lake.night(3), [failure])
    found = standing(lake.night(), measured)
    assert found in ([], [failure])
    return bool(found)


AGAIN = (ORDERS, "bad.csv", "replayed", 3)


@pytest.mark.parametrize(
    ("files", "rows", "expected"),
    [
        ([], None, True),
        ([loaded("good.csv", 1, 4, 2)], None, True),  # a good file mends no other
        ([loaded("good.csv", 1, 4)], None, True),  # nor when it is of the same delivery
        ([], [AGAIN] * 10, False),
        ([], [*[AGAIN] * 10, (ORDERS, "bad.csv", "held", 4)], True),  # one was refused again
        ([loaded("bad.csv", 0, 4, status="refused")], None, True),
        ([loaded("bad.csv", 20, 4)], [*[(ORDERS, "bad.csv", "resent", 3)] * 10, (ORDERS, "bad.csv", "held", 4)], False),
        ([], [*[AGAIN] * 10, (ORDERS, "other.csv", "held", 2)], False),  # that night was not held for those
    ],
)  # fmt: skip
def test_refused_rows_hold_until_none_of_them_is_held(
    lake: Lake, files: list[Any], rows: list[Any] | None, expected: bool
) -> None:
    """What came again with another content is judged by itself."""
    lake.files += files
    lake.rows = lake.rows if rows is None else rows
    assert stands(lake, failed("quarantined_share"), (ORDERS,)) is expected


def test_rows_that_a_replay_brought_in_vain_hold_too(lake: Lake) -> None:
    lake.files = [loaded("old.csv", 20, 2), loaded("good.csv", 1, 3)]
    lake.rows = [(ORDERS, "old.csv", "held", 3)]
    assert stands(lake, failed("quarantined_share"))
    lake.files.append(loaded("old.csv", 20, 4))
    assert not stands(lake, failed("quarantined_share"))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], True),
        ([loaded("next.csv", 9, 4, 2)], True),
        ([loaded("empty.csv", 0, 4)], True),
        ([loaded("empty.csv", 9, 4)], False),
        (
            [loaded("empty.csv", 9, 4, 2)],
            False,
        ),  # it arrived on another date, where nobody knows the true one
        ([loaded("full.csv", 9, 4)], False),
    ],
)
def test_an_empty_delivery_holds_until_it_has_rows(lake: Lake, files: list[Any], expected: bool) -> None:
    lake.files = [loaded("empty.csv", 0, 3), *files]
    assert stands(lake, failed("rows"), (ORDERS,)) is expected


def test_whatever_else_files_broke_holds_until_they_come_again(lake: Lake) -> None:
    lake.rows = []
    assert stands(lake, failed("null_share:at"), (ORDERS,))
    lake.files.append(loaded("bad.csv", 20, 4))
    assert not stands(lake, failed("null_share:at"))


def test_what_a_source_broke_its_own_files_mend(lake: Lake) -> None:
    lake.source = "shop"
    failure = replace(failed("null_share:at"), source="shop")
    assert stands(lake, failure)
    lake.files.append(loaded("bad.csv", 20, 4))
    assert not stands(lake, failure)
    night = lake.night()
    night.config = Config(required=())  # another source's night asks for other feeds
    assert holds_back(night, failure)
    night.source_name = "shop"
    assert not holds_back(night, failure)


def test_a_table_of_ours_is_judged_when_it_is_written(lake: Lake) -> None:
    assert stands(lake, failed("rows", "portrait"))
    assert not stands(lake, failed("rows", "portrait"), ("portrait",))


def test_a_published_night_ends_it_and_a_failure_keeps_its_first_night(lake: Lake) -> None:
    failure = failed("quarantined_share")
    assert stands(lake, failure)
    assert failure.told.description == Text("Fine (since release 3)", "正常（自版本 3 起）")
    lake.status = "published"
    assert not stands(lake, failure)


def test_an_operator_is_told_the_way_out(lake: Lake) -> None:
    said = way_out(lake.night(), [failed("rows")])
    assert "come again mended, under the same names" in said
    assert said.endswith("To publish as it is: a night with --set 'required=[review]'.")
    assert way_out(lake.night(), [failed("rows", "portrait")]) == ""
    mapped = SimpleNamespace(**{**vars(lake.night()), "source": SimpleNamespace(file="conf/shop.yaml")})
    assert way_out(mapped, [failed("rows")]).endswith("order_line not in `required:` of conf/shop.yaml.")
