"""Rows without keys that come in again, or late: none counts as the repeat of one that is in already."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.test_clean_ingest import CONTRACTS, Night

from huaxiang.clean.ingest import ingest
from huaxiang.clean.known import Known
from huaxiang.clean.quarantine import request_replay
from huaxiang.config import Config
from huaxiang.errors import Problem
from huaxiang.sources.files import LandingFile
from huaxiang.sources.map import load_source
from huaxiang.tables.attempt import begin
from huaxiang.tables.lake import Lake
from huaxiang.tables.publish import publish

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

DAY = date(2026, 3, 1)
PLAIN = "cast(cents as decimal(18,2))"
MENDED = "cast(replace(cents, ',', '') as decimal(18,2))"
MAP = """\
source: {name}
about: {{en: A shop, zh: 商店}}
zone: UTC
business_zone: UTC
currency: CNY
covers: everybody
files:
  lines: {{path: "orders-{{date}}-*.csv", arrives: daily, format: csv}}
feeds:
  order_line:
    from: lines
    key: {key}
    columns: {{platform: "'{name}'", order_id: order, account_id: who, paid: "{paid}"}}
"""


@dataclass
class Shop:
    """A shop without line ids: its exports, its lake, and the map as it is now."""

    spark: SparkSession
    root: Path
    key: str
    paid: str = PLAIN
    name: str = "shop"

    def put(self, name: str, *cents: str) -> Path:
        path = self.root / self.name / f"orders-{DAY}-{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("order,who,cents\n" + "".join(f'1,u,"{c}"\n' for c in cents), encoding="utf-8")
        return path

    def night(self) -> Any:
        path = self.root / f"{self.name}.yaml"
        path.write_text(MAP.format(name=self.name, key=self.key, paid=self.paid), encoding="utf-8")
        source = load_source(str(path))
        with closing(Lake(self.spark, str(self.root / "lake"), CONTRACTS)) as lake:
            attempt = begin(lake, DAY)
            landing = str(self.root / self.name)
            night = Night(self.spark, lake, attempt, landing, DAY, source.over(Config()), CONTRACTS, source)
            told = ingest(night).told()  # type: ignore[arg-type]
            publish(attempt)
            return told

    def lines(self) -> list[tuple[str, int]]:
        """The number behind each loaded line's key, and what it cost."""
        rows = Lake(self.spark, str(self.root / "lake"), CONTRACTS).read("clean/order_line").collect()
        return sorted((r["line_id"].partition("#")[2], r["paid_minor"]) for r in rows)


@pytest.mark.parametrize("key", ["none", "[order, who]"])
def test_a_row_keeps_its_number_in_the_whole_delivery(spark: SparkSession, tmp_path: Path, key: str) -> None:
    """Held rows equal loaded ones once they can be read: in the same file and in others, before and after."""
    shop = Shop(spark, tmp_path, key)
    shop.put("a", "1,000", "1000")
    shop.put("b", "1,000")
    shop.put("c", "1000", "no")
    assert shop.night()["reasons"] == [{"feed": "order_line", "reason": "bad_type:paid", "rows": 3}]
    shop.paid = MENDED
    lake = str(tmp_path / "lake")
    assert request_replay(lake) == 3
    assert shop.night()["reasons"] == [{"feed": "order_line", "reason": "bad_type:paid", "rows": 1}]
    numbers = [number for number, _ in shop.lines()]
    assert [paid for _, paid in shop.lines()] == [100_000] * 4
    assert len(set(numbers)) == 4
    if key == "none":
        assert numbers == ["", "2", "3", "4"]
    late = shop.put("d", "1000", "5")
    shop.night()
    assert sorted(paid for _, paid in shop.lines()) == [500, *[100_000] * 5]

    late.unlink()  # how often that row came with its delivery, nobody can tell any more
    shop.paid = "cast(replace(replace(cents, ',', ''), 'no', '0') as decimal(18,2))"
    assert request_replay(lake) == 1
    found = f"1 rows stay held: orders-{DAY}-d.csv, of the same delivery, is gone or refused"
    hint = "put it back, or send the rows anew"
    assert shop.night()["remarks"] == [str(Problem(f"orders-{DAY}-c.csv", found, hint=hint))]
    shop.put("e", "7")
    told = shop.night()
    assert not told["feeds"]
    assert told["remarks"][0].startswith(
        f"orders-{DAY}-e.csv  not read: orders-{DAY}-d.csv, of the same delivery, is gone"
    )
    shop.put("d", "1000", "5")
    assert request_replay(lake) == 1
    shop.night()
    assert sorted(paid for _, paid in shop.lines()) == [0, 500, 700, *[100_000] * 5]


def test_the_ledger_knows_what_goes_with_a_file() -> None:
    def row(path: str, day: int, status: str = "loaded", content: str = "x") -> Any:
        return {"arrival_date": date(2026, 3, day), "content_hash": content, "status": status, "release": 1}

    newest = {
        ("f", p): row(p, *how)
        for p, *how in (("a", 1), ("b", 1, "duplicate"), ("c", 2), ("d", 1, "loaded", "y"))
    }
    known = Known(newest=newest, refused={("f", "e", "x"): "e  bad"})
    there = [LandingFile("f", date(2026, 3, 9), "", name, 1, "x") for name in "abcde"]
    assert [known.is_new(f) for f in there] == [False, False, False, True, True]
    found = known.read_before(there, {"c"}, {date(2026, 3, 1)})
    assert [(f.relative, f.arrival.day) for f in found] == [("a", 1), ("c", 2)]
    assert known.gone("f", there[2:], {date(2026, 3, 1)}) == {date(2026, 3, 1): "a"}
    assert known.says_nothing_new(there[4], Problem("e", "bad"))
    assert not known.says_nothing_new(there[4], Problem("e", "worse"))


def test_two_sources_have_files_of_one_name_and_rows_of_their_own_held(
    spark: SparkSession, tmp_path: Path
) -> None:
    first, second = (Shop(spark, tmp_path, "none", name=name) for name in ("shop", "stall"))
    first.put("a", "5", "1,000")
    first.night()
    second.put("a", "7", "2,000")
    assert [feed["rows_in"] for feed in second.night()["feeds"]] == [2]
    assert first.night()["feeds"] == []  # it is the file it was, whatever the other's is
    assert request_replay(str(tmp_path / "lake")) == 2
    first.paid = second.paid = MENDED
    assert [feed["loaded"] for feed in second.night()["feeds"]] == [1]
    assert [paid for _, paid in first.lines()] == [500, 700, 200_000]
    assert [feed["loaded"] for feed in first.night()["feeds"]] == [1]
    assert sorted(paid for _, paid in first.lines()) == [500, 700, 100_000, 200_000]
