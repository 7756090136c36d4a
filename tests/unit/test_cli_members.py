"""`huaxiang members`: long lists with their share, short ones without a number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from huaxiang.cli.main import main
from huaxiang.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [
    {"brand_id": "b3", "members": None, "matched": None, "share": None, "share_low": None, "share_high": None, "is_withheld": True, "as_of": "2026-11-16"},
    {"brand_id": "b1", "members": 60, "matched": 45, "share": 0.75, "share_low": 0.628, "share_high": 0.842, "is_withheld": False, "as_of": "2026-11-16"},
    {"brand_id": "b2", "members": 4000, "matched": 0, "share": 0.0, "share_low": 0.0, "share_high": 0.001, "is_withheld": False, "as_of": "2026-11-16"},
]  # fmt: skip


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What the lake's table holds; tests may change it."""
    held = [dict(row) for row in ROWS]

    def read(_: Path, table: str) -> ds.Dataset:
        if table != "member_match":
            raise ConfigurationError(Problem("table", f"no table `{table}`"))
        return ds.dataset(pa.Table.from_pylist(held, pa.Table.from_pylist(ROWS).schema))

    monkeypatch.setattr("huaxiang.tables.reader.read_light", read)
    return held


def test_the_longest_list_comes_first_and_short_ones_last(
    rows: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["members"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told] == ["brand", "b2", "b1", "b3", "3"]
    assert told[1].split()[1:] == ["4,000", "0", "0.0%", "0.0%", "–", "0.1%"]
    assert told[2].split()[1:] == ["60", "45", "75.0%", "62.8%", "–", "84.2%"]
    assert told[3].split()[1:] == ["–", "–", "withheld", "–"]
    assert told[4].startswith("3 member lists, counts in whole fives; 1 too short to tell")


def test_the_same_as_json(rows: list[dict[str, object]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["members", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [ROWS[2], ROWS[1], ROWS[0]]


def test_a_lake_without_lists_says_so(
    rows: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    rows.clear()
    assert main(["members"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("0 member lists")
