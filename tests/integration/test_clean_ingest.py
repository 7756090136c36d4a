"""A landing folder through the ingest step, night by night and at once, into a real lake."""

from __future__ import annotations

import csv
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from huaxiang.clean import load
from huaxiang.clean.changes import changes
from huaxiang.clean.ingest import OUTCOMES, ingest
from huaxiang.clean.known import Known, columns_had
from huaxiang.clean.quarantine import listed, request_replay
from huaxiang.config import Config
from huaxiang.contracts.clean import clean_contract
from huaxiang.contracts.load import load_contracts
from huaxiang.errors import InputError
from huaxiang.sources.outside import GIVEN
from huaxiang.tables.attempt import begin
from huaxiang.tables.content import measure
from huaxiang.tables.lake import Lake
from huaxiang.tables.publish import publish, rollback

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from huaxiang.clean.ingest import Ingested
    from huaxiang.contracts.load import Contracts
    from huaxiang.tables.attempt import Attempt

LANDING = load_contracts()
CONTRACTS = LANDING.plus(clean_contract(c) for c in LANDING.landing)
DAY = [date(2026, 3, d) for d in range(1, 6)]
COLUMNS = ("platform", "order_id", "line_id", "account_id", "paid", "at", "revision", "op")


@dataclass
class Night:
    """What the ingest step asks of a night."""

    spark: SparkSession
    lake: Lake
    attempt: Attempt
    landing: str
    as_of: date
    config: Config = field(default_factory=lambda: Config(required=("order_line",)))
    contracts: Contracts = field(default_factory=lambda: CONTRACTS)
    source: Any = None
    pepper: bytes = b"for tests only"

    @property
    def number(self) -> int:
        return self.attempt.number

    @property
    def source_name(self) -> str:
        return self.source.source if self.source else ""

    @property
    def feeds(self) -> tuple[str, ...]:
        return tuple(c.name for c in LANDING.landing)

    def expect(self, rows: int = 0) -> None:
        """Nothing hangs on it here."""


@dataclass
class House:
    """A landing folder with a lake beside it."""

    spark: SparkSession
    root: Path
    name: str = "lake"

    def put(
        self, feed: str, day: date, name: str, rows: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS
    ) -> Path:
        path = self.root / "landing" / feed / day.isoformat() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([columns, *rows])
        return path

    def night(self, as_of: date, look: Any = lambda _: None) -> tuple[Ingested, Any]:
        with closing(Lake(self.spark, str(self.root / self.name), CONTRACTS)) as lake:
            night = Night(self.spark, lake, begin(lake, as_of), str(self.root / "landing"), as_of)
            ingested = ingest(night)  # type: ignore[arg-type]
            seen = look(night)
            publish(night.attempt)
            return ingested, seen

    def table(self, name: str) -> DataFrame:
        return Lake(self.spark, str(self.root / self.name), CONTRACTS).read(name)


def line(
    order: str, paid: str = "1.00", *, day: int = 1, revision: str = "", op: str = "", account: str = "u1"
) -> tuple[str, ...]:
    return ("jd", order, "1", account, paid, f"2026-03-{day:02}T10:00:00+08:00", revision, op)


@pytest.fixture
def house(spark: SparkSession, tmp_path: Path) -> Iterator[House]:
    house = House(spark, tmp_path)
    house.put(
        "order_line", DAY[0], "a.csv", [line("kept"), line("revised"), line("deleted"), line("disputed")]
    )
    house.put("order_line", DAY[0], "b.csv", [line("kept"), line("bad", "x"), line("early", revision="2")])
    house.put("order_line", DAY[1], "a.csv", [
        line("revised", "2.00", day=2, revision="1"), line("deleted", op="delete"), line("disputed", "9.00"),
        line("kept"), line("early", revision="1"), line("new", day=2),
    ])  # fmt: skip
    house.put("order_line", DAY[1], "again.csv", [
        line("revised", "2.00", day=2, revision="1"), line("deleted", op="delete"), line("disputed", "9.00"),
        line("kept"), line("early", revision="1"), line("new", day=2),
    ])  # fmt: skip
    house.put("review", DAY[1], "r.csv", [["jd"]], ["platform"])  # required columns missing: refused
    house.put(
        "order_line", DAY[2], "c.csv", [line("disputed", "3.00", revision="1"), line("deleted", revision="1")]
    )
    return house


def changed(night: Any) -> tuple[list[str], list[tuple[str, int]], bool]:
    """Orders that came tonight, those that left with what they cost, and whether any did."""
    found = changes(night, "order_line")
    assert found is not None
    assert changes(night, "review") is None
    added = sorted(r["order_id"] for r in found.added.collect())
    gone = sorted((r["order_id"], r["paid_minor"]) for r in found.gone.collect())
    return added, gone, found.any_gone


@pytest.mark.parametrize("few", [load.FEW, 0], ids=["all rows judged", "only suspects judged"])
def test_three_nights_equal_one_batch(house: House, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "FEW", few)
    nights = [house.night(day, changed) for day in DAY[:3]]
    told = [ingested.told() for ingested, _ in nights]
    assert nights[0][1] == (["deleted", "disputed", "early", "kept", "revised"], [], False)
    assert nights[1][1] == (["new", "revised"], [("deleted", 100), ("disputed", 100), ("revised", 100)], True)
    ledger = {
        r["release"]: r.asDict() for r in house.table("load_ledger").collect() if r["feed"] == "order_line"
    }
    assert [ledger[n]["rows_in"] for n in (1, 2, 3)] == [7, 12, 2]
    for row in ledger.values():
        assert row["rows_in"] == sum(row[o] for o in OUTCOMES)
    assert {k: v for k, v in ledger[2].items() if isinstance(v, int) and v} == {
        "release": 2, "rows_in": 12, "loaded": 2, "duplicates": 7, "superseded": 1, "deleted": 1, "quarantined": 1,
        "replaced": 1, "removed": 1, "withdrawn": 1,
    }  # fmt: skip
    leaving = sum(r["replaced"] + r["removed"] + r["withdrawn"] + r["erased"] for r in ledger.values())
    clean = house.table("clean/order_line")
    assert clean.count() == sum(r["loaded"] for r in ledger.values()) - leaving
    assert {r["order_id"]: r["paid_minor"] for r in clean.collect()} == {
        "kept": 100, "revised": 200, "early": 100, "new": 100, "disputed": 300, "deleted": 100,
    }  # fmt: skip
    assert told[1]["refused_files"][0]["path"] == "review/2026-03-02/r.csv"
    assert told[0]["reasons"] == [{"feed": "order_line", "reason": "bad_type:paid", "rows": 1}]
    assert told[1]["metrics"]["order_line"]["quarantined_share"] == pytest.approx(1 / 12)

    files = Counter((r["feed"], r["status"]) for r in house.table("file_ledger").collect())
    assert files == {("order_line", "loaded"): 4, ("order_line", "duplicate"): 1, ("review", "refused"): 1}
    assert columns_had(house.table("file_ledger")) == {"order_line": frozenset(COLUMNS) | {*GIVEN}}
    states = {(r["revision"], r["state"]) for r in house.table("tombstone").collect()}
    assert states == {(0, "deleted"), (0, "conflict")}

    batch = House(house.spark, house.root, "batch")
    batch.night(DAY[2])
    contract = CONTRACTS["clean/order_line"]
    assert measure(batch.table("clean/order_line"), contract) == measure(clean, contract)


def test_a_feed_has_the_columns_that_one_of_its_files_in_our_own_format_had(spark: SparkSession) -> None:
    files = [
        ("review", "", ["rating"]),
        ("review", "", ["rating", "text"]),
        ("review", "", None),
        ("review", "mall", ["title"]),
        ("order_line", "", None),
    ]
    ledger = spark.createDataFrame(files, "feed string, source string, columns array<string>")
    assert columns_had(ledger) == {"review": frozenset({"rating", "text", *GIVEN})}


def test_a_required_feed_that_is_missing_stops_the_night_before_anything_is_written(house: House) -> None:
    house.night(DAY[2])
    with pytest.raises(InputError, match="no file arrived after 2026-03-03 until 2026-03-04"):
        house.night(DAY[3])
    house.put("order_line", DAY[3], "empty.csv", [])
    (house.root / "landing/order_line/2026-03-04/zero.csv").touch()
    house.put(
        "shop_account",
        DAY[3],
        "s.csv",
        [["jd", "u1", "2026-03-01T10:00:00Z"]],
        ["platform", "account_id", "changed_at"],
    )
    with pytest.raises(InputError, match="0 bytes"):
        house.night(DAY[3])
    assert house.table("clean/shop_account").count() == 0


def test_held_rows_come_in_again_when_asked(house: House) -> None:
    house.night(DAY[0])
    root = str(house.root / house.name)
    row = {"source": "", "feed": "order_line", "reason": "bad_type:paid", "rows": 1, "files": 1}
    assert listed(root) == [row | {"examples": [{"path": "order_line/2026-03-01/b.csv", "record": 2}]}]
    assert request_replay(root, feed="order_line") == 1
    ingested = house.night(DAY[1])[0]
    assert ingested.told()["feeds"][0]["rows_in"] == 13
    rows = sorted(
        (r["status"], r["release"], r["replayed_release"]) for r in house.table("quarantine").collect()
    )
    assert rows == [("held", 2, None), ("held", 2, None), ("replayed", 1, 2)]
    assert house.night(DAY[2])[0].told()["feeds"][0]["rows_in"] == 2  # a request is answered once


def test_a_replay_waits_for_a_night_that_does_it(house: House) -> None:
    """One that is asked for while a night runs is the next one's; two are both done; a rollback drops none."""
    root = str(house.root / house.name)

    def replayed() -> list[tuple[str, int]]:
        rows = house.table("quarantine").where("status = 'replayed'").collect()
        return sorted((r["reasons"][0], r["replayed_release"]) for r in rows)

    house.night(DAY[0])
    house.night(DAY[1], lambda _: request_replay(root, reason="bad_type:paid"))
    assert replayed() == []
    assert request_replay(root, reason="conflicting_revision") == 1
    house.night(DAY[2])
    assert replayed() == [("bad_type:paid", 3), ("conflicting_revision", 3)]
    assert request_replay(root, feed="order_line")
    with closing(Lake(house.spark, root, CONTRACTS)) as lake:
        rollback(lake, 1)
    house.put("order_line", DAY[3], "d.csv", [line("last")])
    house.night(DAY[3])
    assert replayed() == [("bad_type:paid", 5)]
    house.put("order_line", DAY[4], "e.csv", [line("last of all")])
    assert house.night(DAY[4])[0].told()["feeds"][0]["rows_in"] == 1  # what was asked for is done


def test_a_file_that_was_mended_comes_in_whole_and_one_that_is_gone_is_told(house: House) -> None:
    """Only what still is as it was held is read again by a replay."""
    house.night(DAY[0])
    path = house.put("order_line", DAY[0], "b.csv", [line("kept"), line("worse", "y")])
    house.night(DAY[1])
    root = str(house.root / house.name)
    assert request_replay(root, reason="bad_type:paid") == 1
    assert house.night(DAY[2])[0].told()["feeds"][0]["rows_in"] == 2 + 1

    def rows() -> list[tuple[str, int, int | None]]:
        held = house.table("quarantine").where("path LIKE '%b.csv'").collect()
        return sorted((r["status"], r["release"], r["replayed_release"]) for r in held)

    assert rows() == [("held", 3, None), ("replayed", 2, 3), ("resent", 1, 2)]
    assert request_replay(root, reason="bad_type:paid") == 1
    path.unlink()
    house.put("order_line", DAY[3], "d.csv", [line("last")])
    told = house.night(DAY[3])[0].told()
    assert told["remarks"] == [
        "order_line/2026-03-01/b.csv  1 rows stay held: the file is gone\n    → put it back, or send the rows anew"
    ]
    assert rows() == [("held", 3, None), ("replayed", 2, 3), ("resent", 1, 2)]


def test_a_file_that_goes_back_to_an_earlier_content_is_read_again(house: House) -> None:
    """Else what was held of the content between would stay held, and what is there now would not be known."""
    path = house.root / "landing/order_line/2026-03-01/b.csv"
    first = path.read_bytes()
    house.night(DAY[0])
    house.put("order_line", DAY[0], "b.csv", [line("worse", "y")])
    house.night(DAY[0])
    path.write_bytes(first)
    assert house.night(DAY[0])[0].told()["feeds"][0]["rows_in"] == 3
    held = house.table("quarantine").collect()
    rows = sorted((r["status"], r["release"], r["replayed_release"]) for r in held)
    assert rows == [("held", 3, None), ("resent", 1, 2), ("resent", 2, 3)]
    assert house.night(DAY[0])[0].told()["feeds"] == []


def test_a_required_file_that_came_late_is_what_the_night_has(house: House) -> None:
    """It lies in the folder of a date whose night is over; what was refused there before is none."""
    house.put("order_line", DAY[2], "cut.csv", [], ["platform"])
    with closing(Lake(house.spark, str(house.root / house.name), CONTRACTS)) as lake:
        night = Night(house.spark, lake, begin(lake, DAY[2]), str(house.root / "landing"), DAY[2], Config())
        ingest(night)  # type: ignore[arg-type]
        publish(night.attempt)
    with pytest.raises(InputError, match="no file arrived after 2026-03-03 until 2026-03-04"):
        house.night(DAY[3])
    house.put("order_line", DAY[1], "late.csv", [line("late")])
    ledgers = [Known.light(str(house.root / house.name), "")]
    ingested = house.night(DAY[3], lambda night: ledgers.append(Known.of(night, "")))[0]
    assert [(f["feed"], f["rows_in"]) for f in ingested.told()["feeds"]] == [("order_line", 1)]
    seen, then = ledgers  # without Spark, and by the night that has read it
    assert then.newest.keys() - seen.newest.keys() == {("order_line", "order_line/2026-03-02/late.csv")}
    assert {key: then.newest[key] for key in seen.newest} == seen.newest
    assert seen.refused == then.refused


@pytest.mark.parametrize("mended", ["emptied", "made equal to another"])
def test_a_file_that_was_mended_and_brings_no_row_ends_what_was_held_of_it(house: House, mended: str) -> None:
    house.night(DAY[0])
    path = house.put("order_line", DAY[0], "b.csv", [])
    if mended != "emptied":
        path.write_bytes((path.parent / "a.csv").read_bytes())
    house.night(DAY[0])
    rows = [(r["status"], r["release"], r["replayed_release"]) for r in house.table("quarantine").collect()]
    assert rows == [("resent", 1, 2)]
    assert listed(str(house.root / house.name)) == []


def test_a_refused_file_is_told_once_and_read_when_it_can_be(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it can be is a matter of the source map, or of the contract, as much as of the file."""
    house.put("review", DAY[2], "s.csv", [["jd", "r1"]], ["platform", "review_id"])
    told = [house.night(day)[0].told() for day in DAY[1:3]]
    assert [[f["path"] for f in night["refused_files"]] for night in told] == [
        ["review/2026-03-02/r.csv"],
        ["review/2026-03-03/s.csv"],
    ]
    contract = CONTRACTS["review"]
    lenient = replace(contract, columns=tuple(replace(c, required=False) for c in contract.columns))
    monkeypatch.setitem(CONTRACTS._by_name, "review", lenient)
    house.put("order_line", DAY[3], "d.csv", [line("last")])
    told = [house.night(DAY[3])[0].told()]
    assert {f["feed"]: f["rows_in"] for f in told[0]["feeds"]} == {"order_line": 1, "review": 1}
    assert [f["path"] for f in told[0]["refused_files"]] == ["review/2026-03-02/r.csv"]  # for another reason
