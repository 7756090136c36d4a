"""`huaxiang paths` and `huaxiang chains`: what they print, and wrong names answered."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from huaxiang.cli.journeys import chains, paths
from huaxiang.errors import ConfigurationError
from huaxiang.tables import reader

Rows = dict[str, list[dict[str, Any]]]


def path(brand: str | None, touch: str | None, month: int = 11, share: float | None = 0.5) -> dict[str, Any]:
    low, high = (None, None) if share is None else (0.2, 0.8)
    return {
        "brand_id": brand, "month": date(2026, month, 1), "as_of": date(2026, 11, 20), "touch": touch, "orders": 12, "orders_known": 10, "orders_with": 5,
        "share": share, "share_low": low, "share_high": high, "first_orders": 3, "last_orders": 2, "median_touches": 2.0,
        "median_days": None,
    }  # fmt: skip


def talk(brand: str | None) -> dict[str, Any]:
    ends = {
        f"{kind}_{end}": 0.25 for kind in ("recommended", "complained") for end in ("share", "low", "high")
    }
    counts = {
        "orders": 12,
        "open_orders": 4,
        "unknown_orders": 0,
        "recommended": None,
        "silent": 5,
        "complained": 1,
        "mixed": 2,
    }
    return {"brand_id": brand, "month": date(2026, 11, 1), "as_of": date(2026, 11, 20), **counts, **ends}


def chain(brand: str | None, snowball: float | None) -> dict[str, Any]:
    names = (
        "links",
        "sharers",
        "clickers",
        "buyers",
        "orders",
        "spend_minor",
        "chains",
        "passed_on",
        "largest",
        "deepest",
    )
    ends = (None, None) if snowball is None else (snowball / 2, snowball * 2)
    factor = dict(zip(("snowball", "snowball_low", "snowball_high"), (snowball, *ends), strict=True))
    return {
        "brand_id": brand,
        "month": date(2026, 11, 1),
        "as_of": date(2026, 11, 20),
        **dict.fromkeys(names, 1_234),
        **factor,
    }


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Rows:
    related = [
        {"person": who, "brand_id": brand, "brought_orders_365d": orders, "brought_spend_365d": spend}
        for who, brand, orders, spend in (
            ("Pa", "b001", 1, 900), ("Pb", "b001", 3, 100), ("Pc", "b001", 1, 1_000), ("Pd", "b001", 0, 0), ("Pe", "b002", 9, 1),
            ("Pf", "b001", None, None),
        )
    ]  # fmt: skip
    tables: Rows = {
        "purchase_path": [
            path(None, None), path("b001", None), path("b001", "viewed"), path("b001", "ad_seen"),
            path("b001", "viewed", 10, None),
        ],
        "talk_after": [talk(None), talk("b001")],
        "share_chain": [chain(None, 0.2), chain("b001", None)],
        "brand_relation": related,
        "clean/brand": [
            {"brand_id": "b001", "name_zh": "青青坊", "name_en": "Qingqing Works"},
            {"brand_id": "b002", "name_zh": "双子", "name_en": None},
            {"brand_id": "b003", "name_zh": "双子", "name_en": None},
        ],
    }  # fmt: skip

    def read(_: str, table: str) -> ds.Dataset:
        return ds.dataset(pa.Table.from_pylist(tables[table]))

    monkeypatch.setattr(reader, "read_light", read)
    return tables


def test_touches_are_told_in_the_order_of_nearness_and_any_last(
    lake: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    paths(brand="b001", lake="lake", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert [(row["month"], row["touch"]) for row in told["touches"]] == [
        ("2026-11-01", touch) for touch in ("ad_seen", "viewed", None)
    ]
    assert [row["brand_id"] for row in told["talk"]] == ["b001"]
    paths(brand="b001", lake="lake")
    said = capsys.readouterr().out
    assert "20.0% – 80.0%" in said
    assert "12 purchases, 10 of whose" in said
    assert "5 of these came directly" in said
    assert "青青坊 b001, 2026-11" in said
    paths(brand="b001", month="2026-10", lake="lake", as_json=True)
    assert [row["touch"] for row in json.loads(capsys.readouterr().out)["touches"]] == ["viewed"]


def test_who_brings_most_orders_comes_first_then_most_spend(
    lake: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    chains(brand="b001", lake="lake", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert [row["person"] for row in told["key_sharers"]] == ["Pb", "Pc", "Pa"]
    assert [row["snowball"] for row in told["months"]] == [None]
    chains(lake="lake")
    said = capsys.readouterr().out
    assert "0.10 – 0.40" in said
    assert "All brands" in said


@pytest.mark.parametrize("name", ["青青坊", "qingqing works", " Qingqing Works "])
def test_a_brand_is_found_by_its_names(lake: Rows, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    chains(brand=name, lake="lake", as_json=True)
    assert [row["brand_id"] for row in json.loads(capsys.readouterr().out)["months"]] == ["b001"]


def test_a_name_of_two_brands_asks_which(lake: Rows) -> None:
    lake["share_chain"] += [chain("b002", None), chain("b003", None)]
    with pytest.raises(ConfigurationError, match="2 brands are called `双子`; expected b002 or b003"):
        chains(brand="双子", lake="lake")


def test_a_name_nearly_right_is_offered_as_it_is_written(lake: Rows) -> None:
    with pytest.raises(ConfigurationError, match="did you mean `Qingqing Works`"):
        paths(brand="Qing Works", lake="lake")


def test_a_month_of_nothing_is_no_mistake(lake: Rows, capsys: pytest.CaptureFixture[str]) -> None:
    for rows in lake.values():
        rows.clear()
    chains(lake="lake", month="2026-11")
    assert "Nobody shared a link in twelve months." in capsys.readouterr().out


def test_chains_of_one_month_and_their_money(lake: Rows, capsys: pytest.CaptureFixture[str]) -> None:
    chains(lake="lake", month="2026-11")
    assert "¥12.34" in capsys.readouterr().out
    with pytest.raises(ConfigurationError, match="`2026-10` is not told; expected 2026-11 to 2026-11"):
        chains(lake="lake", month="2026-10")


def test_wrong_names_are_answered(lake: Rows) -> None:
    with pytest.raises(ConfigurationError, match="nobody bought `b010` in twelve months"):
        paths(brand="b010", lake="lake")
    with pytest.raises(ConfigurationError, match="2026-10 to 2026-11"):
        paths(brand="b001", month="2026-1", lake="lake")
    with pytest.raises(ConfigurationError, match="nobody shared `b010` in twelve months"):
        chains(brand="b010", lake="lake")


def test_a_lake_without_orders_or_links_says_so(lake: Rows, capsys: pytest.CaptureFixture[str]) -> None:
    lake["purchase_path"], lake["talk_after"], lake["share_chain"] = [], [], []
    paths(lake="lake")
    assert "Nobody bought anything in twelve months" in capsys.readouterr().out
    chains(lake="lake")
    assert "Nobody shared a link" in capsys.readouterr().out
