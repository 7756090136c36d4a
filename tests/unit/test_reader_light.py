"""Readers without Spark: releases, tables at their pins, and SQL that can do nothing but read."""

from __future__ import annotations

import json
from shutil import rmtree
from typing import TYPE_CHECKING

import pytest
from tests.light import AT, COLUMNS, put, release

from huaxiang.cli.main import main
from huaxiang.errors import ConfigurationError, HuaxiangError, LostRaceError
from huaxiang.tables import reader
from huaxiang.tables.release import Pin, Release, choose, followed_by, newest, republished
from huaxiang.tables.storage import LocalStorage, local_path, storage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    first = release(tmp_path, None, [put(tmp_path, "portrait", {"person": ["a", "b"], "spend": [1, 2]})])
    pins = [
        put(tmp_path, "portrait", {"person": ["a", "b", "c"], "spend": [1, 2, 3]}),
        put(tmp_path, "clean/order_line", {"event_key": ["o1"], "at": [AT]}),
    ]
    release(tmp_path, release(tmp_path, first, pins), [put(tmp_path, "portrait", {"person": ["z"]})], "held")
    return tmp_path


def test_readers_pin_a_published_release(lake: Path) -> None:
    assert [r.status for r in reader.releases_light(lake)] == ["published", "published", "held"]
    assert reader.release_light(lake).release == 2
    assert reader.read_light(lake, "portrait").count_rows() == 3
    assert reader.read_light(lake, "portrait", release=1).to_table().column("person").to_pylist() == [
        "a",
        "b",
    ]
    assert reader.releases_light(lake / "nowhere") == []


def test_a_damaged_table_is_named_with_what_to_do(lake: Path) -> None:
    pin = reader.release_light(lake).pin("portrait")
    for file in (lake / pin.path).glob("*.parquet"):
        file.unlink()
    with pytest.raises(HuaxiangError, match=r"table portrait  its files can't be read(.|\n)*from a copy"):
        reader.query(lake, "SELECT max(spend) FROM portrait")
    rmtree(lake / pin.path / "_delta_log")
    with pytest.raises(HuaxiangError, match=r"table portrait  its files can't be read"):
        reader.query(lake, "SELECT max(spend) FROM portrait")
    for log in (lake / "tables/release/_delta_log").glob("*.json"):
        log.write_text("garbage")
    with pytest.raises(HuaxiangError, match=r"table release  its files can't be read"):
        reader.releases_light(lake)


def test_sql_reads_one_release(lake: Path) -> None:
    joined = reader.query(lake, "SELECT count(*) n, sum(spend) s FROM portrait, clean_order_line")
    assert joined.to_pylist() == [{"n": 3, "s": 6}]
    assert reader.query(lake, "select sum(spend) as s from Portrait", release=1).to_pylist() == [{"s": 3}]
    assert reader.query(lake, "SELECT max(release) AS r FROM release").to_pylist() == [{"r": 3}]
    at = reader.query(lake, 'WITH o AS (FROM clean_order_line) SELECT hour("at") AS h FROM o').to_pylist()
    assert at == [{"h": 1}]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM portrat", r"no table `portrat`(.|\n)*did you mean `portrait`\?"),
        ("SELECT spent FROM portrait", r"Binder Error.*spent.*(.|\n)*Candidate bindings: \"spend\""),
        ("SELEC 1", r"syntax error at or near \"SELEC\"(.|\n)*LINE 1: SELEC 1(.|\n)*\^"),
        ("SELECT hour(at) FROM clean_order_line", 'is quoted: "at"'),
        (
            "SELECT cast(event_key AS int) FROM clean_order_line",
            "Could not convert string … to INT32",
        ),  # not what stood there
        ("DROP TABLE portrait", "a statement of the kind DROP; expected one SELECT"),
        ("SELECT 1; SELECT 2", "2 statements; expected one SELECT"),
        ("", "0 statements"),
        ("COPY portrait TO '/tmp/x.csv'", "of the kind COPY"),
        ("SET enable_external_access = true", "of the kind SET"),
        ("ATTACH '/tmp/x.db'", "of the kind ATTACH"),
        ("SELECT * FROM '/etc/passwd'", "(?i)no table|permission|disabled"),
        ("SELECT * FROM read_csv('/etc/passwd')", "(?i)disabled"),
        ("SELECT * FROM read_text('/etc/passwd')", "(?i)disabled"),
        ("SELECT getenv('HOME')", "(?i)getenv"),
        ("SELECT * FROM views", "no table `views`"),  # a name of this module, not of the lake
    ],
)
def test_mistakes_and_mischief_are_refused(lake: Path, sql: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        reader.query(lake, sql)


@pytest.mark.parametrize("sql", ["SHOW TABLES", "SELECT table_name AS name FROM information_schema.tables"])
def test_which_tables_there_are_can_be_asked(lake: Path, sql: str) -> None:
    found = {row["name"] for row in reader.query(lake, sql).to_pylist()}
    assert found == {"portrait", "clean_order_line", "release"}


def test_a_date_that_python_has_not_is_shown_as_text(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dates = "date '12345-01-01' AS d, [timestamptz '20000-01-01 00:00:00+08'] AS t, date '2024-03-01' AS e"
    assert main(["query", f"SELECT {dates} FROM portrait LIMIT 1", "--lake", str(lake), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == [{"d": "12345-01-01", "t": "['19999-12-31 16:00:00+00']", "e": "2024-03-01"}]


def test_a_program_gets_all_rows_and_a_reader_as_many_as_can_be_read(
    lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(*options: str) -> str:
        sql = "SELECT a.n FROM portrait p, (SELECT unnest(range(20)) AS n) a"
        assert main(["query", sql, "--lake", str(lake), *options]) == 0
        return capsys.readouterr().out

    assert [len(json.loads(asked("--json", *more))) for more in ([], ["--limit", "7"])] == [60, 7]
    assert asked().splitlines()[-1] == "… 10 more rows; --limit shows them"
    assert len(asked("--limit", "60").splitlines()) == 1 + 60


def test_held_rows_are_listed_with_three_places_and_the_words_that_are_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = [("b.csv", 9), ("a.csv", 7), ("a.csv", 12), ("b.csv", 1)]
    rows = {
        "status": ["held"] * 4,
        "source": [""] * 4,
        "feed": ["order_line"] * 4,
        "path": [path for path, _ in held],
        "record": [record for _, record in held],
        "reasons": [
            ["not_allowed:op"],
            ["not_allowed:op"],
            ["not_allowed:op", "missing:op"],
            ["not_allowed:op"],
        ],
    }
    release(tmp_path, None, [put(tmp_path, "quarantine", rows)])
    assert main(["quarantine", "list", "--lake", str(tmp_path)]) == 0
    _, first, second, *more = capsys.readouterr().out.splitlines()
    assert first.split()[1:] == ["not_allowed:op", "4", "2", "a.csv", "7,", "a.csv", "12,", "b.csv", "1"]
    assert second.split()[1:] == ["missing:op", "1", "1", "a.csv", "12"]
    assert more[0] == "not_allowed:op of order_line: one of upsert, delete"
    assert len(more) == 3
    assert more[1].startswith("Held in ")
    assert more[2].startswith(
        "A file mended in place is read by the next night; what is due by now (future_dated)"
    )
    assert main(["quarantine", "list", "--lake", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(row["files"], len(row["examples"])) for row in told] == [(2, 3), (1, 1)]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["query", "SELECT 1", "--limit", "-1"], "Invalid value for '--"),
        (["explain", "--person", "P1", "--events", "-1"], "Invalid value for '--"),
        (["explain", "--person", "P1", "--tag", "spend_30"], ""),
        (["explain", "--person", "P1", "--tag", "spend_30dd"], "did you mean `spend_30d`?"),
        (["rates", "complaint_rat"], "did you mean `complaint_rate`?"),
        (
            ["rates", "return_rate", "--by", "courier"],
            "`return_rate` is not told by `courier`; expected all or brand",
        ),
        (["explain", "--person", "P1", "--tag", "Ω"], "no tag is called `Ω`, or begins so"),
    ],
)
def test_the_command_line_refuses_what_means_nothing(
    lake: Path,
    argv: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def opened(*_: object, **__: object) -> None:
        raise ConfigurationError([], "the lake was opened")

    monkeypatch.setattr("huaxiang.run.opened", opened)
    assert main([*argv, "--lake", str(lake)]) == 2
    assert (said or "the lake was opened") in capsys.readouterr().err


def test_a_release_that_is_not_there_is_named(lake: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"release 3 was held back(.|\n)*published: 1, 2"):
        reader.query(lake, "SELECT 1", release=3)
    with pytest.raises(ConfigurationError, match="release 9 is not there"):
        reader.read_light(lake, "portrait", release=9)
    with pytest.raises(ConfigurationError, match=r"has no table `portrats`(.|\n)*did you mean `portrait`"):
        reader.read_light(lake, "portrats")
    (lake / "empty").mkdir()
    with pytest.raises(ConfigurationError, match=r"nothing is published yet(.|\n)*nightly"):
        reader.query(lake / "empty", "SELECT 1")
    with pytest.raises(ConfigurationError, match=r"nowhere  no such folder(.|\n)*nightly"):
        reader.query(lake / "nowhere", "SELECT 1")


def test_the_hash_of_a_release_is_free_of_paths_versions_and_times() -> None:
    one = followed_by(
        None, tables={"t": Pin("t", "p", 1, 5, "ab")}, status="published", writer="w", **COLUMNS
    )
    moved = followed_by(
        one,
        tables={"t": Pin("t", "q", 7, 5, "ab")},
        status="held",
        writer="v",
        **{**COLUMNS, "code_version": "2"},
    )
    assert one.content_hash == moved.content_hash
    assert (
        followed_by(one, tables={"t": Pin("t", "p", 1, 5, "ac")}, status="held", writer="w", **COLUMNS) != one
    )
    assert newest([one, moved]) == moved
    assert newest([one, moved], published_only=True) == one
    again = republished(one, moved, writer="x", at=AT)
    assert (again.release, again.follows, again.tables) == (3, 2, one.tables)
    assert Release.from_row(one.row()) == one
    assert choose([one, moved], None) == one


def test_local_storage(tmp_path: Path) -> None:
    store = storage(f"file://{tmp_path}")
    assert isinstance(store, LocalStorage)
    assert local_path("s3a://bucket/lake") is None
    with pytest.raises(ConfigurationError, match="not a folder of this machine"):
        storage("hdfs://name/lake")
    store.write_text("x/note.json", json.dumps({"名": 1}))
    assert store.read_text("x/note.json") == '{"\\u540d": 1}'
    assert [(e.name, e.is_folder) for e in store.list("x")] == [("note.json", False)]
    assert store.list("none") == []
    assert store.local_copy("x/note.json", tmp_path).is_file()
    assert len(store.sha256("x/note.json")) == 64
    store.delete("x")
    store.delete("x")
    assert not store.exists("x")


def test_a_lake_is_held_by_one_process(tmp_path: Path) -> None:
    held = storage(str(tmp_path)).lock()
    assert held is not None
    with pytest.raises(LostRaceError, match=r"process \d+ is writing this lake"):
        storage(str(tmp_path)).lock()
    held.close()
    again = storage(str(tmp_path)).lock()
    assert again is not None
    again.close()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="can't be written"):
        storage(str(tmp_path / "file")).lock()
