"""What `huaxiang rates` and `new-buyers` answer, and what they refuse: a key, a month or a brand that nobody knows."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from test_reader_light import put, release

from huaxiang.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    rows = [
        ("complaint_rate", "courier", key, month) for key in ("c01", "c06") for month in (OCTOBER, NOVEMBER)
    ]
    rate = {
        **{name: [row[n] for row in rows] for n, name in enumerate(("rate", "key_kind", "key", "month"))},
        "happened": [1, 2, 3, 4], "of_all": [100] * 4, "share": [0.01, 0.02, 0.03, 0.04],
        "share_low": [0.0] * 4, "share_high": [0.1] * 4,
    }  # fmt: skip
    new = {
        "brand_id": ["b017"], "month": [NOVEMBER], "channel": ["direct"], "new_buyers": [3], "of_all": [3],
        "share": [1.0], "share_low": [0.4], "share_high": [1.0], "covered_from": [OCTOBER],
    }  # fmt: skip
    release(tmp_path, None, [put(tmp_path, "rate", rate), put(tmp_path, "new_buyer_source", new)])
    return tmp_path


def test_the_newest_month_is_told_the_highest_share_first(
    lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rates", "complaint_rate", "--by", "courier", "--lake", str(lake)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in said[1:3]] == [["2026-11", "c06"], ["2026-11", "c01"]]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["rates", "complaint_rate", "--by", "courier", "--key", "c60"], "did you mean `c06`?"),
        (["rates", "complaint_rate", "--by", "courier", "--month", "2026-13"], "expected 2026-10 to 2026-11"),
        (["rates", "complaint_rat"], "known with --conf"),
        (["new-buyers", "--brand", "b17"], "no brand is called `b17`"),
    ],
)
def test_what_nobody_knows_is_refused(
    lake: Path, argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*argv, "--lake", str(lake)]) == 2
    assert said in capsys.readouterr().err


def test_a_rate_without_a_row_says_why(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rates", "return_rate", "--lake", str(lake)]) == 0
    assert "told after the next night" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv", [["releases"], ["quarantine", "list"], ["explain", "--person", "P1"], ["rates", "return_rate"]]
)
def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*argv, "--lake", str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err
