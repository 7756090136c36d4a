"""`huaxiang friend-lift`: what is told, best first, and a wrong name answered."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from huaxiang.cli.insight import friend_lift
from huaxiang.errors import ConfigurationError
from huaxiang.tables import reader

SCHEMA = pa.schema(
    {
        "brand_id": pa.string(), "window_days": pa.int32(), "exposed": pa.int64(), "exposures": pa.int64(),
        "bought": pa.int64(), "expected": pa.float64(), "lift": pa.float64(), "lift_low": pa.float64(),
        "lift_high": pa.float64(), "ratio": pa.float64(), "method": pa.string(), "since": pa.date32(), "as_of": pa.date32(),
    }
)  # fmt: skip


def row(brand: str | None, days: int, lift: float) -> dict[str, Any]:
    ends = {"lift": lift, "lift_low": lift - 0.001, "lift_high": lift + 0.001}
    counts = {"exposed": 900, "exposures": 1000, "bought": 12, "expected": 4.0, "ratio": 3.0}
    return {
        "brand_id": brand,
        "window_days": days,
        **counts,
        **ends,
        "method": "m 1",
        "since": date(2026, 9, 1),
        "as_of": date(2026, 11, 16),
    }


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    rows = [row(None, 1, 0.008), row("b001", 1, 0.002), row("b002", 1, 0.009), row(None, 7, 0.001)]

    def read(_: str, table: str) -> ds.Dataset:
        if table != "friend_lift":
            raise ConfigurationError([])
        return ds.dataset(pa.Table.from_pylist(rows, SCHEMA))

    monkeypatch.setattr(reader, "read_light", read)
    return rows


def test_all_brands_come_first_then_the_best(lake: Any, capsys: pytest.CaptureFixture[str]) -> None:
    friend_lift(lake="lake", as_json=True)
    assert [r["brand_id"] for r in json.loads(capsys.readouterr().out)] == [None, "b002", "b001"]
    friend_lift(brand="b001", lake="lake")
    said = capsys.readouterr().out
    assert "1.0 – 3.0" in said
    assert "on the day of the share" in said


def test_a_wrong_brand_or_window_is_answered(lake: Any) -> None:
    with pytest.raises(ConfigurationError, match="no friends of enough people shared `b003`"):
        friend_lift(brand="b003", lake="lake")
    with pytest.raises(ConfigurationError, match="1 or 7"):
        friend_lift(window=2, lake="lake")


def test_a_lake_without_shares_says_so(lake: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    lake.clear()
    friend_lift(lake="lake")
    assert "No friend of anybody shared a brand" in capsys.readouterr().out
