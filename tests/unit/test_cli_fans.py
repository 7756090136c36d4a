"""What `huaxiang fans` says of a lake: brands, the months of one, its accounts and whom they share."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from test_reader_light import put, release

from huaxiang.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (
    "fans",
    "gained",
    "lost",
    "lost_after_push",
    "active_fans",
    "buyers",
    "share",
    "share_low",
    "share_high",
)
KEYS = ("brand_id", "brand_account", "brand_role", "month", *NAMES, "converted", "median_days", "lost_by")
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
PUSHED = [{"key": "push", "value": 2}]
BASE: list[tuple[Any, ...]] = [
    ("b1", None, None, OCTOBER, 1203, 1205, 2, 2, 30, 12, 0.01, 0.006, 0.017, 3, 4.5, PUSHED),
    ("b1", None, None, NOVEMBER, 1204, 1, 0, 0, 31, 12, 0.01, 0.006, 0.017, 3, 4.5, []),
    ("b1", "weiwo:main", "main", NOVEMBER, 1204, 1, 0, 0, 31, 12, 0.01, 0.006, 0.017, 3, 4.5, []),
    ("b2", None, None, NOVEMBER, 0, 0, 1, 0, 0, None, None, None, None, None, None, []),
]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    causes = pa.array(
        [row[-1] for row in BASE], pa.list_(pa.struct({"key": pa.string(), "value": pa.int64()}))
    )
    columns = {name: [row[i] for row in BASE] for i, name in enumerate(KEYS[:-1])}
    columns["as_of"] = [date(2026, 11, 16)] * len(BASE)
    pairs = [f"weiwo:{n:02}" for n in range(25)]
    overlap = {
        "brand_id": ["b1"] * 25, "brand_account": ["douyue:a"] * 25, "other_account": pairs,
        "both": list(range(25)), "either": [50] * 25, "share": [n / 50 for n in range(25)],
    }  # fmt: skip
    pins = [put(tmp_path, "fan_base", {**columns, "lost_by": causes}), put(tmp_path, "fan_overlap", overlap)]
    release(tmp_path, None, pins)
    return tmp_path


def test_all_brands_as_they_are_now(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fans", "--lake", str(lake)]) == 0
    said = capsys.readouterr().out
    assert [line.split()[:2] for line in said.splitlines()[1:3]] == [["b1", "1,204"], ["b2", "0"]]
    assert "2 brands that ever had a fan; one of them: huaxiang fans --brand b1" in said
    assert main(["fans", "--lake", str(lake), "--json"]) == 0
    assert [row["fans"] for row in json.loads(capsys.readouterr().out)] == [1204, 0]


def test_one_brand_by_month_and_account(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fans", "--brand", "b1", "--lake", str(lake)]) == 0
    said = capsys.readouterr().out
    lines = [line.split() for line in said.splitlines()]
    assert ["2026-10", "1,203", "1,205", "2", "2", "30", "12", "1.0%", "0.6%", "–", "1.7%", "4.5"] in lines
    assert ["weiwo:main", "main", "1,204"] in [line[:3] for line in lines]
    assert [line[1] for line in lines if line[0] == "douyue:a"][:2] == ["weiwo:24", "weiwo:23"]
    assert said.splitlines()[-2:] == [
        "and 5 more pairs: --json",
        "b1: causes of its 2 losses: push 2. As of 2026-11-16.",
    ]
    assert main(["fans", "--brand", "b1", "--lake", str(lake), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {name: len(rows) for name, rows in told.items()} == {"months": 2, "accounts": 1, "overlap": 25}


def test_a_brand_that_is_not_there(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fans", "--brand", "b11", "--lake", str(lake)]) == 2
    said = capsys.readouterr().err
    assert "`b11` never had a fan that is known" in said
    assert "did you mean `b1`?" in said
