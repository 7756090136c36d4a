"""What the command tells of premiums, and how it answers a wrong name; without Spark."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from test_reader_light import put, release

from huaxiang.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
ROWS: list[dict[str, Any]] = [
    {
        "brand_id": brand, "month": month, "key_kind": kind, "key": key, "comparables": comparables, "lines": lines,
        "lines_without": 2, "products": 3, "premium": premium, "premium_low": low, "premium_high": high,
        "as_of": date(2026, 11, 16),
    }
    for brand, month, kind, key, comparables, lines, premium, low, high in (
        ("b001", OCTOBER, "all", "all", "stated", 40, 0.2, 0.1, 0.3),
        ("b001", NOVEMBER, "all", "all", "category", 4, -0.4, None, None),
        ("b001", NOVEMBER, "all", "all", "stated", 20, 0.25, 0.05, 0.5),
        ("b001", NOVEMBER, "rfm_class", "loyal", "stated", 12, 0.1, -0.1, 0.35),
        ("b002", NOVEMBER, "all", "all", "stated", 0, None, None, None),
    )
]  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> str:
    columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    brands = {"brand_id": ["b001"], "name_zh": ["花间"], "name_en": ["Garden"]}
    release(tmp_path, None, [put(tmp_path, "premium", columns), put(tmp_path, "clean/brand", brands)])
    return str(tmp_path)


def told(lake: str, capsys: pytest.CaptureFixture[str], *more: str) -> list[tuple[str, str, str, str]]:
    assert main(["premium", "--lake", lake, "--json", *more]) == 0
    rows = json.loads(capsys.readouterr().out)
    return [(row["brand_id"], row["month"], row["key"], row["comparables"]) for row in rows]


def test_all_brands_are_told_of_the_newest_month_and_one_of_every_month(
    lake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(lake, capsys) == [
        ("b001", "2026-11-01", "all", "stated"),
        ("b002", "2026-11-01", "all", "stated"),
        ("b001", "2026-11-01", "all", "category"),
    ]
    assert told(lake, capsys, "--brand", "b001") == [
        ("b001", "2026-10-01", "all", "stated"),
        ("b001", "2026-11-01", "all", "stated"),
        ("b001", "2026-11-01", "all", "category"),
    ]
    assert told(lake, capsys, "--by", "rfm_class") == [("b001", "2026-11-01", "loyal", "stated")]


def test_the_table_says_what_is_not_known(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["premium", "--lake", lake]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "2026-11 b001 花间 all stated +25.0% +5.0% … +50.0% 20 2 3" in lines
    assert "2026-11 b002 all stated – – 0 2 3" in lines


def test_wrong_names_are_answered(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["premium", "--lake", lake, "--brand", "b01"]) == 2
    assert "did you mean `b001`?" in capsys.readouterr().err
    assert main(["premium", "--lake", lake, "--by", "rfm"]) == 2
    assert "premiums are not told by `rfm`" in capsys.readouterr().err
