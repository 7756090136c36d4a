"""Values as people read them: money, shares, dates, lists, and what is unknown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from huaxiang.contracts.model import Text
from huaxiang.pages.values import ENTRIES, MONEY, Manner

MANNER = Manner(names={"b1": Text("Qinglane", "青青坊")})
T = "\u202f"


@pytest.mark.parametrize(
    ("value", "unit", "en", "zh"),
    [
        (None, "orders", "unknown", "未知"),
        (0, "orders", f"0{T}orders", f"0{T}单"),
        (1, "orders", f"1{T}order", f"1{T}单"),
        (1, "searches", f"1{T}search", f"1{T}次搜索"),
        (1, "categories", f"1{T}category", f"1{T}个品类"),
        (12345, MONEY, "¥123.45", "¥123.45"),
        (120000, MONEY, f"¥1{T}200", f"¥1{T}200"),
        (-5, MONEY, "−¥0.05", "−¥0.05"),
        (0.834, "share", f"83{T}%", f"83{T}%"),
        (0.0312, "share", f"3.1{T}%", f"3.1{T}%"),
        (0.0, "share", f"0{T}%", f"0{T}%"),
        (1994, "year", "1994", "1994年"),
        (250, "seconds", f"4{T}min 10{T}s", f"4{T}分 10{T}秒"),
        (4.4999, "days", f"4.5{T}days", f"4.5{T}天"),
        (Decimal("4.5"), None, "4.5", "4.5"),
        (True, None, "yes", "是"),
        (False, None, "no", "否"),
        (date(2026, 11, 9), None, "9 November 2026", "2026年11月9日"),
        ("b1", None, "Qinglane", "青青坊"),
        ("<b>", None, "<b>", "<b>"),
        ([], "acts", "none", "无"),
        (["a", "b1"], None, "a · Qinglane", "a，青青坊"),
        (
            [{"key": "b1", "value": 2}, {"key": "x", "value": 5}],
            "lines",
            "x: 5 · Qinglane: 2",
            "x：5，青青坊：2",
        ),
        (
            [{"key": "b1", "value": 0.5, "lift": 2.04, "lines": 3}],
            None,
            f"Qinglane: 50{T}% (2.04{T}× others, 3{T}lines)",
            f"青青坊：50{T}%（2.04{T}倍于他人、3{T}行）",
        ),
        (24, "second", f"24{T}s", f"24{T}秒"),
        (1, "day", f"1{T}day", f"1{T}天"),
        (3, "piece", f"3{T}pieces", f"3{T}件"),
        (0.9992, "share", f">{T}99{T}%", f">{T}99{T}%"),
        (1.0, "share", f"100{T}%", f"100{T}%"),
        (3, "visitors", f"3{T}visitors", f"3{T}visitors"),  # a unit of somebody's own
    ],
)
def test_a_value_is_written_for_people(value: Any, unit: str | None, en: str, zh: str):
    assert MANNER.said(value, unit) == Text(en, zh)


def test_a_tag_names_its_values_before_keys_are_named():
    assert MANNER.said("b1", values={"b1": Text("B", "乙")}) == Text("B", "乙")


def test_other_currencies_have_their_digits_and_signs():
    assert Manner("JPY", 0).money(1200) == f"¥1{T}200"
    assert Manner("XYZ", 3).money(1200) == f"XYZ{T}1.200"


def test_a_long_list_says_how_much_is_left_out():
    entries = [{"key": str(n), "value": n} for n in range(ENTRIES + 3)]
    said = MANNER.said(entries)
    assert said.en.startswith("8: 8 · 7: 7")
    assert said.en.endswith(" · 3 more")
    assert said.zh.endswith("，另有3项")
