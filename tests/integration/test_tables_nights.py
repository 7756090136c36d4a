"""A lake through nights, dead attempts, races and rollbacks: what is pinned is what is read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as F

from huaxiang.contracts.load import load_contracts
from huaxiang.contracts.model import Column, Contract, Text
from huaxiang.errors import ConfigurationError, HuaxiangError, LostRaceError, Problem
from huaxiang.tables.attempt import Attempt, begin
from huaxiang.tables.content import hashed, measure
from huaxiang.tables.lake import Lake
from huaxiang.tables.publish import publish, rollback
from huaxiang.tables.storage import HadoopStorage, storage

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

WORDS = Text("word", "词")
DAY = date(2024, 3, 1)


def column(name: str, kind: str, **more: object) -> Column:
    return replace(Column(name, kind, WORDS, Text(f"what {name} is", "说明")), **more)


EVENT = Contract(
    "clean/event", "lake", "1.0.0", WORDS, WORDS, ("event_key",),
    (
        column("event_key", "string", privacy="direct-id"),
        column("account", "string", privacy="direct-id"),
        column("amount_minor", "bigint"),
        column("score", "double"),
        column("business_date", "date"),
        column("birth_date", "date", privacy="quasi-id"),
        column("release", "bigint", hashed=False),
        column("part", "string"),
    ),
)  # fmt: skip
TOTAL = Contract(
    "total", "published", "1.0.0", WORDS, WORDS, ("n",), (column("n", "bigint"), column("release", "bigint"))
)


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    return Lake(
        spark, str(tmp_path / "lake"), load_contracts().plus([EVENT, TOTAL, replace(TOTAL, name="extra")])
    )


def events(spark: SparkSession, first: int, last: int, *, release: int = 1, months: int = 3) -> DataFrame:
    """Rows numbered `first` to `last` - 1, dealt over `months` months from January on."""
    at = F.add_months(F.lit("2024-01-05").cast("date"), (F.col("id") % months).cast("int"))
    return spark.range(first, last, numPartitions=1).select(
        F.concat(F.lit("e"), "id").alias("event_key"),
        F.when(F.col("id") % 7 > 0, F.concat(F.lit("p:"), F.col("id") % 5)).alias("account"),
        (F.col("id") * 100).alias("amount_minor"),
        F.rand(1).alias("score"),
        at.alias("business_date"),
        F.lit("2000-01-01").cast("date").alias("birth_date"),
        F.lit(release).cast("bigint").alias("release"),
        F.date_format(at, "yyyy-MM").alias("part"),
    )


def totals(spark: SparkSession, number: int, rows: int = 4) -> DataFrame:
    return spark.range(rows).select(F.col("id").alias("n"), F.lit(number).cast("bigint").alias("release"))


def of_months(lake: Lake, *months: str) -> DataFrame:
    return lake.read("clean/event").where(F.col("part").isin(*months))


def full_hash(lake: Lake, name: str) -> tuple[int, str]:
    found = measure(lake.read(name), lake.contracts.get(name))
    return found.rows, found.hex


def reopened(lake: Lake) -> Lake:
    """The same lake as another process would see it after this one died."""
    lake.close()
    return Lake(lake.spark, lake.root, lake.contracts)


def night(lake: Lake, rows: DataFrame, number: int) -> Attempt:
    attempt = begin(lake, DAY)
    attempt.append("clean/event", rows)
    attempt.replace("total", totals(lake.spark, number))
    return attempt


def test_nights_add_replace_and_keep_the_hash(lake: Lake, spark: SparkSession) -> None:
    assert lake.read("clean/event").count() == 0  # by contract, before anything is there
    attempt = begin(lake, DAY)
    first = attempt.append("clean/event", events(spark, 0, 30))
    assert (first.version, first.rows, first.added) == (0, 30, 30)
    assert not lake.read_pinned("clean/event").head(1)
    released = publish(attempt, config_hash="c", contracts_hash="k")
    assert (released.release, released.follows, lake.newest) == (1, None, released)

    attempt = begin(lake, DAY)
    empty = attempt.append("clean/event", events(spark, 0, 0))
    assert (empty.version, empty.changed) == (0, False)  # nothing to add: no commit
    more = attempt.append("clean/event", events(spark, 30, 45, release=2))
    assert (more.version, more.rows, more.content_hash) == (1, *full_hash(lake, "clean/event"))
    part = events(spark, 0, 9).where("part = '2024-02'").limit(2)
    parts = attempt.replace_parts("clean/event", part, ["2024-02"], left=[of_months(lake, "2024-02")])
    assert (parts.rows, parts.content_hash) == full_hash(lake, "clean/event")
    assert parts.rows == 32
    assert lake.read_pinned("clean/event").count() == 30
    held = of_months(lake, "2024-02")
    leaving = held.orderBy("event_key").limit(1)
    coming = hashed(events(spark, 60, 62).withColumn("part", F.lit("2024-02")), lake.contract("clean/event"))
    staying = held.join(leaving, "event_key", "left_anti")
    copied = staying.unionByName(coming, allowMissingColumns=True)
    swapped = attempt.replace_parts("clean/event", copied, ["2024-02"], left=[leaving])
    assert (swapped.rows, swapped.content_hash) == full_hash(lake, "clean/event")
    assert (swapped.rows, swapped.added) == (33, 2)  # of the rows that stay only the number is looked at
    with pytest.raises(HuaxiangError, match=r"2 rows written to 1 partitions; expected 4: those before"):
        attempt.replace_parts("clean/event", coming, ["2024-02"], left=[leaving])
    publish(attempt, "held")
    assert [r.status for r in lake.releases()] == ["published", "held"]
    assert lake.release().release == 1  # readers stay with the published one
    assert lake.read_release("clean/event").count() == 30

    attempt = begin(lake, DAY)
    gone = attempt.replace_parts(
        "clean/event",
        events(spark, 0, 0),
        ["2024-01", "2024-03"],
        left=[of_months(lake, "2024-01", "2024-03")],
    )
    assert (gone.rows, gone.content_hash) == full_hash(lake, "clean/event")
    same = attempt.replace("clean/event", lake.read("clean/event").repartition(3), unless_equal=True)
    assert (same.version, same.changed) == (gone.version, False)
    other = attempt.replace("clean/event", events(spark, 0, 5), unless_equal=True)
    assert (other.rows, other.changed) == (5, True)
    assert other.content_hash == full_hash(lake, "clean/event")[1]


def test_the_log_holds_no_identifier_and_the_oldest_protocol(
    lake: Lake, spark: SparkSession, tmp_path: Path
) -> None:
    begin(lake, DAY).append("clean/event", events(spark, 0, 10))
    log = (tmp_path / "lake/tables/clean/event/_delta_log/00000000000000000000.json").read_text()
    actions = [json.loads(line) for line in log.splitlines()]
    kinds = {kind: action for one in actions for kind, action in one.items()}
    assert kinds["protocol"] == {"minReaderVersion": 1, "minWriterVersion": 2}
    assert kinds["metaData"]["partitionColumns"] == ["part"]
    assert set(json.loads(kinds["add"]["stats"])["minValues"]) == {"business_date", "release"}
    assert '"what account is' in kinds["metaData"]["schemaString"]
    assert "p:1" not in log


def test_a_frame_against_its_contract_is_refused_with_every_difference(
    lake: Lake, spark: SparkSession
) -> None:
    wrong = spark.range(1).select(F.lit("1").alias("n"), F.lit(1).alias("relese"))
    with pytest.raises(HuaxiangError) as caught:
        begin(lake, DAY).replace("total", wrong)
    assert [p.place for p in caught.value.problems] == ["total.n", "total.release", "total.relese"]
    assert "did you mean `release`?" in str(caught.value)


def refuse(_: Lake) -> None:
    raise ConfigurationError(Problem("pepper", "another key"))


def test_what_a_dead_attempt_wrote_is_undone(lake: Lake, spark: SparkSession) -> None:
    begin(lake, DAY).append("clean/event", events(spark, 0, 3))  # dies before its first release
    lake = reopened(lake)
    publish(night(lake, events(spark, 0, 12), 1))
    hashes = lake.newest.content_hash if lake.newest else ""
    dead = begin(lake, DAY)
    dead.replace_parts("clean/event", events(spark, 90, 91), ["2024-01"], left=[of_months(lake, "2024-01")])
    dead.append("clean/event", events(spark, 50, 60))
    dead.replace("extra", totals(spark, 2))
    somebodys = "tables/somebody/s_own"
    lake.storage.write_text(f"{somebodys}/_delta_log/{0:020}.json", "{}")

    lake = reopened(lake)
    attempt = begin(lake, DAY)
    assert attempt.number == 2
    assert not lake.storage.exists("tables/extra")
    assert lake.storage.exists(somebodys)  # what we don't know is not ours to take away
    heads = dict(attempt.heads)
    latest = spark.read.format("delta").load(lake.storage.uri("tables/clean/event"))
    assert measure(latest, EVENT).hex == lake.newest.tables["clean/event"].content_hash
    lake = reopened(lake)
    assert begin(lake, DAY).heads == heads  # gone back once is enough
    again = publish(begin(lake, DAY))
    assert again.content_hash == hashes

    step = begin(lake, DAY)
    step.append("clean/event", events(spark, 12, 15))
    step.note("seen", 3)
    written = step.tables
    lake = reopened(lake)
    with pytest.raises(ConfigurationError, match="another key"):  # whoever is refused touches nothing
        begin(lake, DAY, check=refuse)
    lake = reopened(lake)
    assert begin(lake, DAY, resume=True).tables == written  # the next step's process goes on
    assert lake.attempt.notes == {"seen": 3}
    assert (lake.read("clean/event").count(), lake.attempt.rows("clean/event")) == (15, 15)
    lake.attempt.undo(["clean/event"])
    assert lake.read("clean/event").count() == 12
    lake.attempt.append("clean/event", events(spark, 12, 14))
    assert publish(lake.attempt).tables["clean/event"].rows == 14
    with pytest.raises(ConfigurationError, match="no night is open"):  # that attempt is over
        begin(lake, DAY, resume=True)


def test_a_lake_that_lost_its_releases_is_refused_and_left_as_it_is(lake: Lake, spark: SparkSession) -> None:
    publish(night(lake, events(spark, 0, 12), 1))
    lake.storage.delete("tables/release")
    for _ in range(2):
        lake = reopened(lake)
        with pytest.raises(
            ConfigurationError, match=r"2 tables and no release that holds them: clean/event, total"
        ):
            begin(lake, DAY)
        assert lake.storage.exists("tables/clean/event/_delta_log")


def test_of_two_publishers_one_wins(lake: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(night(lake, events(spark, 0, 3), 1))
    rival = Lake(spark, lake.root, lake.contracts)
    with pytest.raises(LostRaceError, match=r"process \d+ is writing this lake"):
        begin(rival, DAY)
    monkeypatch.setattr(Lake, "lock", lambda _: None)  # as on a filesystem without locks
    ours = night(lake, events(spark, 3, 6), 2)
    theirs = begin(rival, DAY)  # goes back to the pins below our feet
    theirs.append("clean/event", events(spark, 6, 9))
    with pytest.raises(LostRaceError):
        ours.append("clean/event", events(spark, 9, 12))
    won = publish(theirs)
    with pytest.raises(LostRaceError, match="published release 2 first"):
        publish(ours)
    assert [r.writer for r in lake.refresh()][1:] == [won.writer]
    assert sorted(r[0] for r in lake.read_release("clean/event").select("event_key").collect()) == sorted(
        f"e{n}" for n in (0, 1, 2, 6, 7, 8)
    )


def test_a_rollback_publishes_old_versions_under_a_new_number(lake: Lake, spark: SparkSession) -> None:
    publish(night(lake, events(spark, 0, 6), 1))
    attempt = night(lake, events(spark, 6, 9), 2)
    attempt.replace("extra", totals(spark, 2))
    publish(attempt)
    back = rollback(lake, 1)
    assert (back.release, back.follows, back.status) == (3, 2, "published")
    assert back.content_hash == lake.releases()[0].content_hash
    assert lake.read("clean/event").count() == 6
    assert not lake.exists("extra")

    attempt = begin(lake, DAY)
    written = attempt.append("clean/event", events(spark, 20, 22))
    assert (written.rows, written.content_hash) == (8, full_hash(lake, "clean/event")[1])
    extra = attempt.append("extra", totals(spark, 4, rows=2))
    assert (extra.rows, lake.read("extra").count()) == (2, 2)  # nothing of release 2 is left in it
    publish(attempt)
    assert lake.read_release("extra", 2).count() == 4
    with pytest.raises(ConfigurationError, match="release 9 is not there"):
        rollback(lake, 9)


def test_hadoop_paths_do_what_local_paths_do(spark: SparkSession, tmp_path: Path) -> None:
    here = storage(str(tmp_path), spark)
    there = HadoopStorage(tmp_path.as_uri(), spark)
    there.write_text("a/b.txt", "画像")
    there.write_text("a/b.txt", "画像 2")
    assert here.read_text("a/b.txt") == there.read_text("a/b.txt") == "画像 2"
    assert [e for e in here.list("a") if not e.name.endswith(".crc")] == there.list("a")
    assert here.sha256("a/b.txt") == there.sha256("a/b.txt")
    assert there.local_copy("a/b.txt", tmp_path / "copy").read_text("utf-8") == "画像 2"
    assert there.read_text("none") is None
    assert there.list("none") == here.list("none") == []
    there.delete("a")
    assert not here.exists("a")


def test_a_lake_on_another_filesystem(
    lake: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huaxiang.tables.storage.local_path", lambda *_: None)
    far = Lake(spark, f"file://{lake.root}", lake.contracts)
    publish(night(far, events(spark, 0, 6), 1))
    dead = begin(far, DAY)
    dead.append("clean/event", events(spark, 6, 8))
    far = reopened(far)
    begin(far, DAY)
    latest = spark.read.format("delta").load(far.storage.uri("tables/clean/event"))
    assert latest.count() == 6
    assert lake.refresh()[0] == far.releases()[0]
    second = far.attempt
    assert second is not None
    more = events(spark, 9, 10, months=1).withColumn("spend", F.lit(5))
    left = of_months(far, "2024-01", "2024-02")
    parts = second.replace_parts("clean/event", more, ["2024-01", "2024-02"], left=[left], evolve=True)
    assert (parts.rows, parts.content_hash) == full_hash(far, "clean/event")
    assert second.replace("total", totals(spark, 2, rows=1)).rows == far.read("total").count() == 1
