"""The reference page of all tables, in English and Chinese: `schemas/DICTIONARY.md`, from the contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from huaxiang.contracts.clean import clean_contract
from huaxiang.contracts.yaml import shown
from huaxiang.errors import ConfigurationError, Problem
from huaxiang.expressions import SCALARS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from huaxiang.contracts.model import Column, Contract, Gate, Text

LAYERS = {
    "landing": "Landing feeds · 落地数据",
    "lake": "Lake tables · 湖内表",
    "published": "Published tables · 发布表",
}
_METRICS = {
    "rows": "rows · 行数",
    "quarantined_share": "share of rows quarantined · 隔离行占比",
    "duplicate_keys": "keys that occur twice · 重复主键数",
    "rows_against_past": "rows against those before · 行数与以往之比",
    "age_days": "days since the newest event · 最新事件距今天数",
}
_COLUMN_HEAD = (
    "Column 列",
    "Title 名称",
    "Type 类型",
    "Unit 单位",
    "Null 可空",
    "Values 取值",
    "Privacy 隐私",
    "Meaning 含义",
)
_INTRODUCTION = """\
# Dictionary · 数据字典

Made from the contracts by `huaxiang docs`; change a contract, not this page.
本页由 `huaxiang docs` 依据数据契约生成；请修改契约，不要修改本页。

Null: **no** = a row without it is quarantined; *key* = part of what makes a row unique.
Privacy: `direct-id` names a person or account, `quasi-id` may do so in combination, `sensitive` tells
something about one, `free` does neither.
可空：**no** 表示缺失即隔离，*key* 表示主键的一部分。
隐私：`direct-id` 直接指向人或账号，`quasi-id` 组合后可能指向，`sensitive` 透露个人情况，`free` 两者皆非。
"""
_CLEAN = """\
## Clean tables · 清洗表

Each feed has a table `clean/<feed>`: the newest revision of every key, the feed's columns without `op`,
each contact column `x` replaced by `x_key` (its keyed hash), each amount also as `x_minor` (minor units of
the lake's currency), and these columns; `other_account` where the feed has a second account.
每种落地数据都有一张 `clean/<feed>` 表：保留每个主键的最新修订，去掉 `op`，
联系方式列 `x` 换成 `x_key`（加密哈希），金额列另有 `x_minor`（湖的基准货币最小单位），并附下列各列；
`other_account` 仅在有对方账号时出现。
"""
_LANGUAGE = """\
## Expressions · 表达式

Source maps, row rules, measures, tags, ladders and segments are written in one language: `and or not`,
`= <> < <= > >= between in like`, `is null`, `is true`, `is false`, `+ - * / %`, `||`, `case when … then … else … end`,
`cast(… as …)` to string, int, bigint, double, decimal(p,s), boolean, date or timestamp, `DATE '2026-01-31'`,
`r'pattern'`, and these functions (a segment has `is_member` and `top_share` too). What doesn't fit or can't be
computed is null; nothing depends on when or where it runs. Names are: in a source map the file's columns, in a row
rule the table's, in a measure those of its event (schemas/events.yaml; amounts only as `<name>_minor`, which add up),
in tags and ladders the columns of `portrait` and `brand_relation` that are no lists, in segments all of them.
数据源映射、行规则、度量、标签、阶梯与人群共用一种表达式语言，可用上述运算符与下列函数（人群另有 `is_member` 与 `top_share`）；
无法计算时为空值，结果与运行的时间和地点无关。可用名称：映射用文件的列，行规则用本表的列，度量用其事件的名称
（见 schemas/events.yaml，金额仅限 `<name>_minor`），标签与阶梯用两张画像表中非列表的列，人群可用全部列。

"""


def render(contracts: Mapping[str, Contract], extra: Iterable[Contract] = ()) -> str:
    """Return the whole page; `extra` are contracts that are compiled, such as those of the measures."""
    everything = [*contracts.values(), *extra]
    layers = {layer: [c for c in everything if c.layer == layer] for layer in LAYERS}
    blocks = [_INTRODUCTION, *(_index(layer, tables) for layer, tables in layers.items() if tables)]
    for layer, tables in layers.items():
        if tables:
            blocks += [f"## {LAYERS[layer]}\n", *map(table_page, tables)]
        if layer == "landing" and tables:
            blocks.append(_clean_page(tables))
    functions = [f"- `{function.usage}`" for function in SCALARS.values()]
    return "\n".join([*blocks, _LANGUAGE + "\n".join([*functions, ""])])


def table_page(contract: Contract) -> str:
    """Return the section of one table: what a row is, its columns, row rules and gates."""
    title, description, purpose = contract.title, contract.description, contract.purpose
    lines = [
        f"### {contract.name}",
        "",
        f"**{title.en} · {title.zh}** — {_both(description)}",
        *([_both(purpose)] if purpose.en else []),
        "",
        _facts(contract),
        "",
        *_table(_COLUMN_HEAD, [_column_row(column, contract.key) for column in contract.columns]),
    ]
    if contract.rules:
        rules = [(f"`{rule.name}`", f"`{rule.holds}`", _both(rule.description)) for rule in contract.rules]
        lines += ["", *_table(("Row rule 行规则", "Holds 条件", "Meaning 含义"), rules)]
    if contract.gates:
        gates = [
            (_metric(g), _between(g.minimum, g.maximum), g.severity, _both(g.description))
            for g in contract.gates
        ]
        lines += ["", *_table(("Gate 质量门", "Limits 界限", "Severity 级别", "Meaning 含义"), gates)]
    return "\n".join([*lines, ""])


def write(
    path: Path, contracts: Mapping[str, Contract], extra: Iterable[Contract] = (), *, check: bool = False
) -> None:
    """Write the page; with `check`, write nothing, and raise when the file is not what would be written."""
    text = render(contracts, extra)
    if not check:
        path.write_text(text, encoding="utf-8")
        return
    there = path.read_text(encoding="utf-8") if path.exists() else None
    if there != text:
        state = "is missing" if there is None else "is stale: the contracts say something else by now"
        raise ConfigurationError(
            Problem(shown(path), state, hint="run `huaxiang docs` and commit the result")
        )


def _index(layer: str, tables: Sequence[Contract]) -> str:
    rows = [
        (f"[`{c.name}`](#{c.name})", f"{c.title.en} · {c.title.zh}", _both(c.description)) for c in tables
    ]
    return "\n".join(
        ["", f"**{LAYERS[layer]}**", "", *_table(("Table 表", "Title 名称", "One row is 一行"), rows), ""]
    )


def _facts(contract: Contract) -> str:
    facts = [f"Version 版本 {contract.version}", f"key 主键 `{', '.join(contract.key)}`"]
    if contract.at:
        facts.append(f"instant 时刻 `{contract.at}`")
    if contract.on_date:
        facts.append(f"date 日期 `{contract.on_date}`")
    if contract.accounts:
        facts.append("accounts 账号 " + ", ".join(f"`{column}`" for _, column in contract.accounts))
    if contract.lateness_days:
        facts.append(f"late after 迟到界限 {contract.lateness_days} days 天")
    return " · ".join(facts)


def _clean_page(feeds: Sequence[Contract]) -> str:
    """Return the columns that cleaning adds, shown on the feed that gets most of them."""
    feed = max(feeds, key=lambda contract: len(contract.accounts))
    brought = {*feed.names} - {"revision"}
    amounts = {f"{name}_minor" for name in feed.names} | {f"{name}_key" for name in feed.names}
    added = [c for c in clean_contract(feed).columns if c.name not in brought | amounts]
    return "\n".join([_CLEAN, *_table(_COLUMN_HEAD, [_column_row(c, ["event_key"]) for c in added]), ""])


def _column_row(column: Column, key: Sequence[str]) -> tuple[str, ...]:
    null = "**no**" if column.required else "yes"
    if column.name in key:
        null = "*key*" if column.required else "*key*, yes"
    return (
        f"`{column.name}`",
        f"{column.title.en} · {column.title.zh}",
        f"`{column.type}`",
        column.unit or "",
        null,
        _values(column),
        column.privacy,
        _both(column.description),
    )


def _values(column: Column) -> str:
    if column.allowed:
        return ", ".join(f"`{value}`" for value in column.allowed)
    said = []
    if column.minimum is not None or column.maximum is not None:
        said.append(_between(column.minimum, column.maximum))
    if column.pattern is not None:
        said.append(f"`{column.pattern}`")
    if column.examples:
        said.append("such as 如 " + ", ".join(f"`{value}`" for value in column.examples))
    return "; ".join(said)


def _metric(gate: Gate) -> str:
    word, _, column = gate.metric.partition(":")
    return f"share of nulls in · 空值占比 `{column}`" if word == "null_share" else _METRICS.get(word, word)


def _between(low: Decimal | float | None, high: Decimal | float | None) -> str:
    least, most = (f"{limit:,}".removesuffix(".0") if limit is not None else "" for limit in (low, high))
    if not least or not most:
        return f"≥ {least}" if least else f"≤ {most}"
    return f"= {least}" if low == high else f"{least} … {most}"


def _both(text: Text) -> str:
    return f"{text.en} {text.zh}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_line(head), "|" + "---|" * len(head), *map(_line, rows)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
