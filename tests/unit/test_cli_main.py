"""Whatever ends a command: explained, with its exit code, and nothing is made by a mistake."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tests.light import put, release

from huaxiang import doctor, run, world
from huaxiang.cli import bench, jobs
from huaxiang.cli import main as cli
from huaxiang.cli.answers import print_json
from huaxiang.contracts.load import load_contracts
from huaxiang.contracts.model import Text
from huaxiang.days.catalogue import load_catalogue
from huaxiang.errors import GateHeldError, InputError, Problem
from huaxiang.gates.report import GateResult
from huaxiang.held import Failure
from huaxiang.night import STEPS
from huaxiang.pepper import PEPPER
from huaxiang.sources.check import SourceCheck

if TYPE_CHECKING:
    from pathlib import Path

    from huaxiang.config import Config


@pytest.mark.parametrize(
    "argv", [["rollback", "--to", "1"], ["quarantine", "replay"], ["quarantine", "list"], ["releases"]]
)
def test_a_lake_that_is_not_there_is_said_and_not_made(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = tmp_path / "typo"
    assert cli.main([*argv, "--lake", str(lake)]) == 2
    assert f"--lake {lake}  no such folder" in capsys.readouterr().err
    assert not lake.exists()
    lake.mkdir()
    (lake / "letters").touch()
    assert cli.main([*argv, "--lake", str(lake)]) == 2
    assert f"--lake {lake}  a folder that holds no lake" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--lake", "--landing"])
def test_a_place_without_a_name_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["nightly", "--as-of", "2026-11-20", "--dry-run", option, ""]) == 2
    assert f"'{option}': it is empty" in capsys.readouterr().err


def test_a_grain_that_nothing_has_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["measures", "list", "--grain", "brands"]) == 2
    assert "'brands' is not one of 'person', 'brand'" in capsys.readouterr().err


def test_a_dry_run_tells_what_is_to_be_read_and_refuses_what_the_night_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PEPPER, raising=False)
    files = ("order_line/2024-03-02/a.csv", "order_line/2024-03-02/b.csv", "shop_account/2024-03-03/a.csv")
    for name in files:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    lake = tmp_path / "lake"
    night = ["nightly", "--landing", str(tmp_path / "in"), "--lake", str(lake), "--dry-run"]
    assert cli.main([*night, "--as-of", "2024-03-03"]) == 0
    assert "order_line                2 files until 2024-03-03, 2 to be read\n" in capsys.readouterr().out
    known = {
        "source": [""],
        "feed": ["order_line"],
        "path": ["order_line/2024-03-02/a.csv"],
        "arrival_date": [date(2024, 3, 2)],
        "content_hash": [hashlib.sha256(files[0].encode()).hexdigest()],
        "status": ["loaded"],
        "rows": [1],
        "problem": [None],
        "release": [1],
    }
    rules = load_catalogue(load_contracts()).ladder_rules()
    (version,) = rules["aipl"]
    flow = {"ladder": ["aipl"], "version": [int(version)]}
    release(lake, None, [put(lake, "file_ledger", known), put(lake, "stage_flow", flow)])
    settled = lake / "_settled.json"
    settled.write_text('{"contracts": {}, "currency": "CNY"}')
    assert cli.main([*night, "--as-of", "2024-03-03", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["files"] == {"order_line": 2, "shop_account": 1}
    assert told["to_be_read"] == {"order_line": 1, "shop_account": 1}
    assert cli.main([*night, "--as-of", "2024-02-28"]) == 2
    assert "night 2024-02-28  the lake is at 2024-03-01" in capsys.readouterr().err
    assert cli.main([*night, "--as-of", "2062-11-20"]) == 2
    assert (
        "14,143 days after the newest published night, 2024-03-01; expected at most 366"
        in capsys.readouterr().err
    )
    (lake / "_pepper_mark").write_text("of another key")
    changed = {"aipl": {version: "of old"}, "four_a": dict.fromkeys(rules["four_a"], "of old")}
    settled.write_text(json.dumps({"ladder_rules": {**changed, "life": {"1": "of old"}}}))
    assert cli.main([*night, "--as-of", "2024-02-28"]) == 2
    refused = capsys.readouterr().err
    assert f"ladder aipl, version {version}" in refused
    assert "ladder four_a" not in refused  # of whose moves nothing was told yet
    assert "ladder life" not in refused  # a ladder that is no more
    assert "pepper  no key; expected the same key" in refused
    assert "night 2024-02-28  the lake is at 2024-03-01" in refused  # all at once
    (lake / "_pepper_mark").unlink()
    settled.write_text('{"contracts": {"file_ledger": "0.9.0"}, "currency": "USD"}')
    assert cli.main([*night, "--as-of", "2024-03-03"]) == 2
    refused = capsys.readouterr().err
    assert "table file_ledger  contract 0.9.0" in refused
    assert "currency  CNY; expected USD" in refused
    for damaged in ("{", "[]", '{"contracts": []}'):
        settled.write_text(damaged)
        assert cli.main([*night, "--as-of", "2024-03-03"]) == 1
        assert "_settled.json  can't be read" in capsys.readouterr().err
    there = ["nightly", "--landing", str(tmp_path / "in"), "--dry-run", "--as-of", "2024-03-03"]
    assert cli.main([*there, "--lake", str(tmp_path / "in")]) == 2
    assert "a folder that holds no lake" in capsys.readouterr().err
    assert cli.main([*there, "--lake", str(settled / "lake")]) == 2
    assert f"`{settled}` is a file; expected a folder" in capsys.readouterr().err
    assert cli.main([*night, "--as-of", "2026-11-20", "--from", "1926-11-20"]) == 2
    assert "36,526 nights" in capsys.readouterr().err


def test_a_dry_run_tells_what_holds_the_release_before_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in/order_line/2024-03-03").mkdir(parents=True)
    (tmp_path / "in/order_line/2024-03-03/a.csv").write_text("new")
    lake = tmp_path / "lake"
    release(lake, None, [], status="held")
    failed = GateResult("order_line", "rows", 0, "≥ 1", "critical", False, False, Text("Rows", "行"))
    (lake / "_settled.json").write_text('{"contracts": {}, "currency": "CNY"}')
    (lake / "_held").mkdir()
    (lake / "_held/1.json").write_text(json.dumps([asdict(Failure(1, failed))]))
    night = ["nightly", "--landing", str(tmp_path / "in"), "--lake", str(lake), "--as-of", "2024-03-03"]
    monkeypatch.delenv(PEPPER, raising=False)
    assert cli.main([*night, "--dry-run", "--set", "pepper_file=nowhere"]) == 2
    assert "pepper_file nowhere  No such file or directory" in capsys.readouterr().err
    assert cli.main([*night, "--dry-run"]) == 0
    assert "release 1 is held back since 1: order_line rows: is 0, expected ≥ 1" in capsys.readouterr().out


def test_a_replay_of_what_is_not_held_names_what_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = {
        "source": [""], "feed": ["order_line"], "path": ["a.csv"], "record": [7], "reasons": [["bad_type:paid"]],
        "status": ["held"],
    }  # fmt: skip
    release(tmp_path, None, [put(tmp_path, "quarantine", held)])
    replay = ["quarantine", "replay", "--lake", str(tmp_path)]
    assert cli.main([*replay, "--feed", "order_lines"]) == 2
    assert "no row is held: feed order_lines\n    → did you mean `order_line`?" in capsys.readouterr().err
    assert cli.main([*replay, "--feed", "order_line", "--reason", "bad_type:payed"]) == 2
    assert "did you mean `bad_type:paid`?" in capsys.readouterr().err


def test_what_a_terminal_cannot_write_is_escaped_as_json_does(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="ascii", write_through=True))
    sums = {"会员 é 😀": Decimal(10**30), "share": Decimal("0.50"), "on": date(2026, 11, 20)}
    assert cli.ended(lambda **_: print_json(sums), []) == 0
    assert json.loads(out.getvalue()) == {"会员 é 😀": 10**30, "share": "0.50", "on": "2026-11-20"}


def test_arguments_that_are_no_text_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["query", "SELECT '\udcff'"]) == 2
    assert "`SELECT '?'` holds bytes that are not UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("died_of", "code", "said"),
    [
        (
            OSError(28, "No space left on device", "lake/runs"),
            1,
            "lake/runs  No space left on device\nexit 1\n",
        ),
        (OSError("no name"), 1, "system  no name\nexit 1\n"),
        (KeyboardInterrupt(), 130, "stopped; what was published before stays\n"),
    ],
)
def test_a_full_disk_and_a_stop_are_told(
    died_of: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def dies(**_: object) -> None:
        raise died_of

    monkeypatch.setattr(cli, "app", dies)
    assert cli.main([]) == code
    assert capsys.readouterr().err == said


KILLED = ["bench", "kill", "--times", "2", "--out", "OUT"]


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["evaluate"], 1, "evaluate  2 of 3 checks do not hold: b; c\nexit 1\n"),
        (["doctor"], 1, "doctor  1 of 2 checks do not hold: Java\nexit 1\n"),
        (
            ["sources", "check", "shop", "--no-values"],
            3,
            "sources check shop  not as the map says: returns-*.csv; shop: order_line\nexit 3\n",
        ),
        (KILLED, 1, "bench kill  2 of 2 killed nights broke the lake or gave another result\nexit 1\n"),
    ],
)
def test_a_report_that_something_is_wrong_says_what_on_stderr(
    argv: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    compared = [world.Check(name, "", "", name == "a") for name in "abc"]
    report = world.Report(date(2026, 11, 20), (*compared,))
    monkeypatch.setattr(import_module("huaxiang.world.evaluate"), "evaluate", lambda *_, **__: report)
    needs = [doctor.Check("Java", ok=False, found="none"), doctor.Check("disk", ok=True, found="9 GiB free")]
    monkeypatch.setattr(doctor, "checks", lambda _: needs)
    problems = Problem("returns-*.csv", "no file"), Problem("shop: order_line", "`where` leaves out all")
    found = SourceCheck("shop", "landing", (), (), None, (*problems, problems[0]))
    monkeypatch.setattr("huaxiang.sources.check.check_source", lambda *_, **__: found)
    (tmp_path / "before").mkdir()
    monkeypatch.setattr(bench, "_world", lambda *_: tmp_path)
    monkeypatch.setattr(bench, "_run", lambda lake, *_: lake.mkdir(exist_ok=True) or {"content_hash": "new"})
    monkeypatch.setattr(bench, "_command", lambda *_: [sys.executable, "-c", ""])
    seen = iter(["old", "neither", "neither"])
    monkeypatch.setattr(
        "huaxiang.tables.reader.release_light", lambda _: SimpleNamespace(content_hash=next(seen))
    )
    assert cli.main([str(tmp_path) if word == "OUT" else word for word in argv]) == code
    assert capsys.readouterr().err == said


def test_checks_that_hold_say_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "checks", lambda _: [doctor.Check("disk", ok=True, found="9 GiB free")])
    assert cli.main(["doctor"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (None, 0),
        (InputError(Problem("order_line", "no file arrived")), 3),
        (GateHeldError(Problem("order_line rows", "0")), 4),
        (OSError(28, "No space left on device", "lake/runs"), 1),
    ],
)
def test_the_last_line_of_a_night_is_where_to_look_however_it_ended(
    failure: Exception | None,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    there = SimpleNamespace(root=str(tmp_path), lock=lambda: None)
    there.spark = SimpleNamespace(sparkContext=SimpleNamespace(master="local"))
    begun = SimpleNamespace(follows=None, number=1, notes={})

    def run_night(*_: object) -> dict[str, str]:
        if failure:
            raise failure
        return {"status": "open"}

    for unasked in ("open_book", "import_module", "pepper_of", "is_small"):
        monkeypatch.setattr(run, unasked, lambda *_, **__: None)
    monkeypatch.setattr(run, "local_path", lambda *_: None)
    monkeypatch.setattr(run, "opened", lambda *_, **__: nullcontext(there))
    monkeypatch.setattr("huaxiang.tables.attempt.begin", lambda *_, **__: begun)
    monkeypatch.setattr(run, "run_night", run_night)
    monkeypatch.setattr(run, "_page", lambda *_: tmp_path / "index.html")
    argv = ["nightly", "--as-of", "2026-11-20", "--landing", str(tmp_path)]
    assert cli.main([*argv, "--json"]) == code
    assert "look:" not in str(capfd.readouterr())
    assert cli.main(argv) == code
    said = capfd.readouterr()
    assert (f"exit {code}\n" in said.err) == bool(code)
    assert said.out.splitlines()[-1] == f"look:  {tmp_path}/index.html"


def test_a_job_takes_the_options_of_the_command_and_tells_what_ended_it_as_the_command_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[dict[str, Any]] = []

    def nights(_: Config, dates: list[date], **options: Any) -> list[dict[str, Any]]:
        given.append({"dates": dates, **options})
        if options["lake"] == "full":
            raise OSError(28, "No space left on device", "full/runs")
        return [{"release": 7}]

    monkeypatch.setattr(run, "nights", nights)
    every = ["--as-of", "2026-11-20", "--landing", "in", "--lake", "there", "--source", "shop", "--json"]
    every += ["--master", "local[1]", "--dry-run", "--rebuild", "--set", "insights=nightly"]
    assert [cli.main(["nightly", *every]), jobs.main(every, steps=tuple(STEPS))] == [0, 0]
    assert given[0] == given[1]
    assert (given[0]["rebuild"], given[0]["master"], given[0]["steps"]) == (True, "local[1]", tuple(STEPS))
    assert capsys.readouterr().out == '{"release": 7}\n' * 2
    night = ["--as-of", "2026-11-20"]
    assert jobs.main([*night, "--lake", "full"], steps=("days",)) == 1
    assert capsys.readouterr().err == "full/runs  No space left on device\nexit 1\n"
    assert (len(given), given[-1]["steps"]) == (3, ("days",))
    both = [*night, "--from", "2026-11-19", "--dry-run", "--rebuild"]
    assert [jobs.main(both, steps=(step,)) for step in ("ingest", "days", "publish")] == [2, 2, 2]
    refused = [line.split()[0] for line in capsys.readouterr().err.splitlines() if line.startswith("--")]
    assert refused == ["--from", "--rebuild", "--from", "--dry-run", "--from", "--dry-run", "--rebuild"]
    assert jobs.main([*night, "--lakes", "x"], steps=("days",)) == 2
    assert "--lakes" in capsys.readouterr().err
    assert len(given) == 3


def test_a_bug_is_not_explained_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(**_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(cli, "app", dies)
    with pytest.raises(ValueError, match="a bug"):
        cli.main([])
