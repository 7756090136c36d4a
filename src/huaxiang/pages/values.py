"""How a tag's value is written for people, by its type and unit, in both languages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.model import Text
from huaxiang.pages.words import THIN, count, day, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = Text("unknown", "未知")
MONEY, SHARE, SECONDS, YEAR = "minor currency unit", "share", "seconds", "year"
SIGNS = {"CNY": "¥", "JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "KRW": "₩", "HKD": "HK$"}
BARE = frozenset(["ratio", "date", "tier", "point", "hour"])
"""Units that are not said: the title does."""
ENTRIES = 6
"""Entries of a list that are shown; the others are counted."""
_UNITS = {
    "acts": "次", "brands": "个品牌", "categories": "个品类", "clicks": "次点击", "days": "天", "events": "次",
    "impressions": "次曝光", "lines": "行", "links": "条链接", "messages": "条私信", "orders": "单", "parcels": "个包裹",
    "persons": "人", "points": "分", "posts": "条", "products": "种商品", "returns": "次退货", "reviews": "条评价",
    "searches": "次搜索", "tickets": "张工单", "topics": "个话题", "triangles": "个三角关系", "units": "件", "views": "次浏览", "visits": "次访问",
    "pieces": "件", "years": "岁",
}  # fmt: skip
_UNCOUNTED = {
    MONEY: "最小货币单位", SHARE: "占比", SECONDS: "秒", YEAR: "年份", "ratio": "比值", "date": "日期", "tier": "级",
    "point": "分", "hour": "时",
}  # fmt: skip
"""Units that are not said after a number."""
_TYPES = {
    "bigint": Text("whole number", "整数"),
    "int": Text("whole number", "整数"),
    "double": Text("number", "数值"),
    "decimal": Text("number", "数值"),
    "boolean": Text("yes or no", "是否"),
    "string": Text("text", "文本"),
    "date": Text("date", "日期"),
}
_LIST = Text("list", "列表")
_OF_ONE = {"second": SECONDS, "day": "days", "piece": "pieces"}
"""Units that a contract names of one."""
_ONE = {"searches": "search", "categories": "category"}
_OF_ENTRIES = {
    "spread": Text("±", "±"),
    "gaps": Text("gaps", "次间隔"),
    "lift": Text("× others", "倍于他人"),
    "lines": Text("lines", "行"),
    "events": Text("events", "次"),
}
"""What is said beside the value of an entry, where its struct holds it."""


def unit_called(unit: str | None, kind: str) -> Text:
    """Return what a unit is called by itself, one that nobody translated as it is; without one, its Spark type."""
    if not unit:
        return _TYPES.get(kind.partition("(")[0], _LIST)
    return Text(unit, _UNITS.get(unit, _UNCOUNTED.get(unit, unit)).removeprefix("个"))


@dataclass(frozen=True)
class Manner:
    """How values are written: the lake's currency and its digits, and what keys and texts are called."""

    currency: str = "CNY"
    digits: int = 2
    names: Mapping[str, Text] = field(default_factory=dict)

    def money(self, minor: float) -> str:
        """Write minor units as an amount: ¥1 234.50; whole amounts without their zeros."""
        sign, amount = SIGNS.get(self.currency, self.currency + THIN), abs(minor) / 10**self.digits
        written = f"{amount:,.{self.digits}f}".replace(",", THIN)
        whole = written.removesuffix("." + "0" * self.digits) if self.digits else written
        return ("−" if minor < 0 else "") + sign + whole

    def said(self, value: Any, unit: str | None = None, values: Mapping[str, Text] | None = None) -> Text:
        """Write a value; `values` are what texts that it may be are called."""
        if value is None:
            return UNKNOWN
        if isinstance(value, bool):
            return Text("yes", "是") if value else Text("no", "否")
        if isinstance(value, date):
            return day(value)
        if isinstance(value, list | tuple):
            return self._listed(value, unit, values or {})
        if isinstance(value, int | float | Decimal):
            return self._number(float(value) if isinstance(value, Decimal) else value, unit)
        text = str(value)
        return {**self.names, **(values or {})}.get(text, Text(text, text))

    def _number(self, value: float, unit: str | None) -> Text:
        unit = _OF_ONE.get(unit or "", unit)
        if unit == MONEY:
            return Text(self.money(value), self.money(value))
        if unit == SHARE:
            return Text(*[_share(value)] * 2)
        if unit == SECONDS:
            return seconds(value)
        if unit == YEAR:
            return Text(str(value), f"{value}年")
        written = count(value) if isinstance(value, int) else count(float(f"{value:.3g}"))
        if unit is None or unit in BARE:
            return Text(written, written)
        english = _ONE.get(unit, unit.removesuffix("s")) if value == 1 else unit
        return Text(f"{written}{THIN}{english}", f"{written}{THIN}{_UNITS.get(unit, unit)}")

    def _listed(self, entries: Any, unit: str | None, values: Mapping[str, Text]) -> Text:
        if not entries:
            return Text("none", "无")
        if not isinstance(entries[0], dict):
            said = [self.said(entry, values=values) for entry in entries]
        else:
            ordered = sorted(entries, key=lambda e: (-(e.get("value") or 0), str(e.get("key"))))
            said = [self._entry(entry, unit, values) for entry in ordered]
        more = len(said) - ENTRIES
        rest = Text(f" · {more} more", f"，另有{more}项") if more > 0 else Text("", "")
        shown = said[:ENTRIES]
        return Text(" · ".join(t.en for t in shown) + rest.en, "，".join(t.zh for t in shown) + rest.zh)

    def _entry(self, entry: Mapping[str, Any], unit: str | None, values: Mapping[str, Text]) -> Text:
        key, value = self.said(str(entry.get("key")), values=values), entry.get("value")
        as_share = "lift" in entry
        number = self.said(value, SHARE if as_share else None if isinstance(value, int) else unit)
        beside = [
            Text(
                f"{count(_round(entry[name]))}{THIN}{words.en}",
                f"{count(_round(entry[name]))}{THIN}{words.zh}",
            )
            if name != "spread"
            else Text(*[f"±{count(_round(entry[name]))}"] * 2)
            for name, words in _OF_ENTRIES.items()
            if entry.get(name) is not None
        ]
        en, zh = ", ".join(t.en for t in beside), "、".join(t.zh for t in beside)
        return Text(
            f"{key.en}: {number.en}" + (f" ({en})" if en else ""),
            f"{key.zh}：{number.zh}" + (f"（{zh}）" if zh else ""),
        )


def _round(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.3g}")


def _share(value: float) -> str:
    """Write a share in per cent, whole from 10 % on."""
    percent = 100 * value
    written = f"{percent:.0f}" if abs(percent) >= 10 or percent == 0 else f"{percent:.2g}"
    if written == "100" and percent < 100:
        written = f">{THIN}99"  # nearly all is not all
    return f"{written.replace('-', '−')}{THIN}%"
