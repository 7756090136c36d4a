"""Whole nights on real data, through source maps alone: what was published about it comes out again."""

from __future__ import annotations

from datetime import date, datetime
from shutil import copy, copytree
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from tests.realdata import needed

from huaxiang.book import open_book
from huaxiang.config import load_config
from huaxiang.explain.diff import definition_diff
from huaxiang.night import STEPS
from huaxiang.pepper import PEPPER
from huaxiang.run import nights, opened
from huaxiang.shipped import shipped
from huaxiang.tables.reader import query

MINE = """\
- measure: dear_lines
  title: {en: Dear lines, zh: 高价行}
  means: {en: Lines above ten, zh: 超过十元的行}
  from: order_line
  where: paid_minor > 1000
  adds_up: count
"""
BOUGHT = "SELECT count(*) AS people, sum(paid_all) AS paid, sum(order_lines_all) AS lines FROM portrait"
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyspark.sql import SparkSession

    Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one night on a data set and give its lake."""
    monkeypatch.setenv(PEPPER, "a secret for tests")

    def one(
        source: str, as_of: date, *, landing: Path | None = None, steps: tuple[str, ...] = tuple(STEPS)
    ) -> str:
        lake = str(tmp_path / "lake")
        found = str(landing or needed(source))
        nights(load_config(), [as_of], landing=found, lake=lake, source=source, steps=steps)
        return lake

    return one


def test_cdnow_gives_the_frequency_recency_and_age_of_the_summary_beside_it(run: Run, tmp_path: Path) -> None:
    """Cut off at 1997-09-30, distinct purchase days; days / 7 rounded to two decimals (Fader & Hardie)."""
    lake = run("cdnow", date(1997, 9, 30))
    sql = """
        SELECT cast(split_part(account, ':', 2) AS bigint) AS "ID", buying_days_all - 1 AS frequency,
               round(cast(date_diff('day', first_order_date, last_order_date) AS decimal(18, 6)) / 7, 2)::double AS recency,
               round(cast(date_diff('day', first_order_date, p.as_of) AS decimal(18, 6)) / 7, 2)::double AS "T"
        FROM portrait p JOIN person_account USING (person) ORDER BY 1"""
    found = query(lake, sql).to_pylist()
    wanted = pyarrow.csv.read_csv(needed("cdnow") / "cdnow_customers_summary.csv").to_pylist()
    assert len(found) == 2357
    assert found == sorted(wanted, key=lambda row: row["ID"])
    counted = query(
        lake, "SELECT count(products_all) AS p, count(gift_lines_all) AS g, sum(units_all) AS u FROM portrait"
    )
    (told,) = counted.to_pylist()
    assert (told["p"], told["g"]) == (0, 0)  # no product and no gift is in it: unknown, not 0
    assert told["u"] > 0
    conf = tmp_path / "conf"  # a measure of one's own, whose event looks up feeds that never came
    copytree(shipped("conf"), conf)
    (conf / "measures").mkdir()
    (conf / "measures/mine.yaml").write_text(MINE, encoding="utf-8")
    book = open_book(load_config(conf), source=str(shipped("conf") / "sources/cdnow.yaml"))
    with opened(book.config, lake, book=book) as there:
        assert definition_diff(there, book) == [
            {"table": "portrait", "column": "dear_lines", "change": "added", "rows": 2357}
        ]


def test_filmtrust_has_people_of_one_side_and_of_both(run: Run) -> None:
    lake = run("filmtrust", date(2011, 6, 30))
    counted = query(
        lake,
        """SELECT count(*) AS people, count(*) FILTER (reviews_all > 0) AS raters,
                  count(*) FILTER (reviews_all > 0 AND (followings > 0 OR followers > 0)) AS both_sides,
                  sum(reviews_all) AS reviews, sum(followings) AS followings,
                  count(influence) AS ranked, sum(follow_triangles) AS corners FROM portrait""",
    ).to_pylist()
    assert counted == [
        {
            "people": 1642,
            "raters": 1508,
            "both_sides": 740,
            "reviews": 35_497,
            "followings": 1853,
            "ranked": 874,
            "corners": 3 * 749,  # of triangles, as networkx counts them
        }
    ]


def test_complete_journey_is_there_to_the_cent(run: Run) -> None:
    """Of its 1,469,307 lines none is lost on the way to clean feeds and persons."""
    lake = run("completejourney", date(2017, 12, 31), steps=("ingest", "identity"))
    lines = DeltaTable(f"{lake}/tables/clean/order_line").to_pyarrow_table(columns=["paid_minor"])
    assert (lines.num_rows, pc.sum(lines["paid_minor"]).as_py()) == (1_469_307, 459_603_958)
    persons = DeltaTable(f"{lake}/tables/person_account").to_pyarrow_table(columns=["person"])
    assert pc.count_distinct(persons["person"]).as_py() == 2469


def test_every_household_has_a_portrait_with_or_without_demographics(run: Run, tmp_path: Path) -> None:
    """A night of the first week, as it lies; the whole year's is marked `whole`."""
    whole, week = needed("completejourney"), tmp_path / "week"
    week.mkdir()
    for name in ("products", "demographics"):
        copy(whole / f"{name}.parquet", week)
    lines = pq.read_table(whole / "transactions.parquet")
    until = datetime(2017, 1, 8, 5)  # noqa: DTZ001  (the file tells no zone; the business's day ends at 5)
    lines = lines.filter(pc.field("transaction_timestamp") < pa.scalar(until, pa.timestamp("ns")))
    pq.write_table(lines, week / "transactions.parquet", write_page_checksum=True)
    lake = run("completejourney", date(2017, 1, 7), landing=week)
    described = pq.read_table(week / "demographics.parquet")["household_id"].to_pylist()
    known = {str(household) for household in [*lines["household_id"].to_pylist(), *described]}
    cents = pc.sum(pc.round(pc.multiply(lines["sales_value"], 100.0))).as_py()
    assert query(lake, BOUGHT).to_pylist() == [{"people": len(known), "paid": cents, "lines": lines.num_rows}]
    assert set(described) - set(lines["household_id"].to_pylist())


@pytest.mark.whole
def test_the_whole_year_of_complete_journey_in_one_night(run: Run) -> None:
    lake = run("completejourney", date(2017, 12, 31))
    assert query(lake, BOUGHT).to_pylist() == [{"people": 2469, "paid": 459_603_958, "lines": 1_469_307}]
