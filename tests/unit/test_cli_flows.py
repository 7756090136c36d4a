"""What `huaxiang flows` says of a lake: how kinds of relation convert, and what pushes cost."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from test_reader_light import put, release

from huaxiang.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2026, 11, 20)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
MOVES = (
    "brand_id", "month", "from_kind", "to_kind", "entered", "already", "same_day", "open", "observed",
    "converted", "lost", "share", "share_low", "share_high", "median_days", "covered_from",
)  # fmt: skip
PUSHES = (
    "brand_id", "month", "push", "campaign_id", "pushes", "persons", "unfollowed", "unfollowed_for_push", "hid",
    "refused", "turned_away", "per_thousand", "per_thousand_low", "per_thousand_high",
)  # fmt: skip
CONVERSION: list[tuple[Any, ...]] = [
    ("b1", OCTOBER, "purchase", "gift", 9, 0, 0, 0, 9, 1, None, 0.11, 0.02, 0.44, 3.0, OCTOBER),
    ("b1", OCTOBER, "dialogue", "purchase", 1400, 100, 50, 0, 1250, 500, 7, 0.4, 0.37, 0.43, 4.5, OCTOBER),
    ("b1", NOVEMBER, "dialogue", "purchase", 20, 0, 0, 20, 0, 0, 0, None, None, None, None, OCTOBER),
    (None, OCTOBER, "dialogue", "purchase", 2, 0, 0, 0, 2, 1, 0, 0.5, 0.1, 0.9, 2.0, OCTOBER),
]
PUSH_COST: list[tuple[Any, ...]] = [
    ("b1", OCTOBER, "ad", "c1", 3000, 1000, 2, 1, 3, 4, 8, 8.0, 4.06, 15.7),
    ("b1", OCTOBER, "ad", None, 3000, 1000, 2, 1, 3, 4, 8, 8.0, 4.06, 15.7),
    ("b1", OCTOBER, "message", None, 7, 7, None, None, 0, None, None, None, None, None),
]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    tables = {"conversion": (MOVES, CONVERSION), "push_cost": (PUSHES, PUSH_COST)}
    pins = [
        put(
            tmp_path, name, {c: [(*row, AS_OF)[i] for row in rows] for i, c in enumerate((*columns, "as_of"))}
        )
        for name, (columns, rows) in tables.items()
    ]
    release(tmp_path, None, pins)
    return tmp_path


def test_a_brand_in_the_newest_month_whose_outcome_is_known(
    lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["flows", "--brand", "b1", "--lake", str(lake)]) == 0
    said = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "dialogue purchase 1,400 100 50 0 1,250 500 7 40.0% 37.0% – 43.0% 4.5" in lines
    assert "purchase gift 9 0 0 0 9 1 – 11.0% 2.0% – 44.0% 3" in lines
    assert "b1: first in 2026-10, gone on within 30 days. As of 2026-11-20." in lines
    assert "2026-10 ad all 3,000 1,000 2 1 3 4 8 8.0 4.1 – 15.7" in lines
    assert "2026-10 message all 7 7 – – 0 – – – –" in lines
    assert [line.split()[2] for line in lines if line.startswith("2026-10 ad")] == ["all", "c1"]


def test_a_month_and_all_brands(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flows", "--brand", "b1", "--month", "2026-11", "--lake", str(lake), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["open"] for row in told["conversion"]] == [20]
    assert len(told["push_cost"]) == 3
    assert main(["flows", "--lake", str(lake)]) == 0
    assert "All brands: no push that is seven days old is known" in capsys.readouterr().out


def test_a_brand_or_month_that_is_not_there(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flows", "--brand", "b11", "--lake", str(lake)]) == 2
    said = capsys.readouterr().err
    assert "no flow of `b11` is known" in said
    assert "did you mean `b1`?" in said
    assert main(["flows", "--month", "2026-09", "--lake", str(lake)]) == 2
    assert "`2026-09` is not told" in capsys.readouterr().err
