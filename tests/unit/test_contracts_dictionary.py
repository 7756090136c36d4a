"""The dictionary page says what the contracts say, in both languages, and is refused when stale."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from huaxiang.contracts.dictionary import render, table_page, write
from huaxiang.contracts.load import load_contracts
from huaxiang.contracts.model import Column, Contract, Gate, Rule, Text
from huaxiang.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

LIKE = Contract(
    name="like",
    layer="published",
    version="1.2.0",
    title=Text("Like", "点赞"),
    description=Text("One like.", "一次点赞。"),
    purpose=Text("What people like.", "人们喜欢什么。"),
    key=("account", "brand_id"),
    at="at",
    lateness_days=30,
    columns=(
        Column("account", "string", Text("Account", "账号"), Text("Who.", "谁。"), True, None, "direct-id"),
        Column("brand_id", "string", Text("Brand", "品牌"), Text("Which.", "哪个。")),
        Column("act", "string", Text("Act", "行为"), Text("A | B.", "甲。"), True, allowed=("like", "share")),
        Column(
            "strength",
            "decimal(9,2)",
            Text("Strength", "强度"),
            Text("How much.", "多少。"),
            unit="point",
            minimum=Decimal("0.5"),
            maximum=Decimal(1000000),
        ),
        Column(
            "code",
            "string",
            Text("Code", "代码"),
            Text("A code.", "代码。"),
            pattern="^[A-Z]{3}$",
            examples=("CNY", "USD"),
        ),
        Column("at", "timestamp", Text("At", "时间"), Text("When.", "何时。"), unit="instant"),
    ),
    rules=(Rule("strong", "strength > 2", Text("Weak is noise.", "弱者为噪声。")),),
    gates=(
        Gate("rows", 1, None, "critical", Text("Not empty.", "非空。")),
        Gate("duplicate_keys", 0, 0, "critical", Text("Unique.", "唯一。")),
        Gate("null_share:code", None, 0.25, "warning", Text("Mostly known.", "多数已知。")),
        Gate("rows_against_past", 0.3, 3, "warning", Text("As usual.", "如常。")),
    ),
)
PAGE = """\
### like

**Like · 点赞** — One like. 一次点赞。
What people like. 人们喜欢什么。

Version 版本 1.2.0 · key 主键 `account, brand_id` · instant 时刻 `at` · late after 迟到界限 30 days 天

| Column 列 | Title 名称 | Type 类型 | Unit 单位 | Null 可空 | Values 取值 | Privacy 隐私 | Meaning 含义 |
|---|---|---|---|---|---|---|---|
| `account` | Account · 账号 | `string` |  | *key* |  | direct-id | Who. 谁。 |
| `brand_id` | Brand · 品牌 | `string` |  | *key*, yes |  | free | Which. 哪个。 |
| `act` | Act · 行为 | `string` |  | **no** | `like`, `share` | free | A \\| B. 甲。 |
| `strength` | Strength · 强度 | `decimal(9,2)` | point | yes | 0.5 … 1,000,000 | free | How much. 多少。 |
| `code` | Code · 代码 | `string` |  | yes | `^[A-Z]{3}$`; such as 如 `CNY`, `USD` | free | A code. 代码。 |
| `at` | At · 时间 | `timestamp` | instant | yes |  | free | When. 何时。 |

| Row rule 行规则 | Holds 条件 | Meaning 含义 |
|---|---|---|
| `strong` | `strength > 2` | Weak is noise. 弱者为噪声。 |

| Gate 质量门 | Limits 界限 | Severity 级别 | Meaning 含义 |
|---|---|---|---|
| rows · 行数 | ≥ 1 | critical | Not empty. 非空。 |
| keys that occur twice · 重复主键数 | = 0 | critical | Unique. 唯一。 |
| share of nulls in · 空值占比 `code` | ≤ 0.25 | warning | Mostly known. 多数已知。 |
| rows against those before · 行数与以往之比 | 0.3 … 3 | warning | As usual. 如常。 |
"""


def test_a_table_reads_like_this() -> None:
    assert table_page(LIKE) == PAGE


def test_the_page_has_an_index_every_table_and_what_cleaning_adds() -> None:
    contracts = load_contracts()
    page = render(contracts, [LIKE])
    for name in [*contracts, "like"]:
        assert f"[`{name}`](#{name})" in page
        assert f"\n### {name}\n" in page
    assert page.index("## Landing feeds") < page.index("## Clean tables") < page.index("## Lake tables")
    assert page.index("## Lake tables") < page.index("## Published tables") < page.index("### like")
    assert "| `event_key` | Event key · 事件主键 | `string` |  | *key* |" in page
    assert page == render(contracts, [LIKE])


def test_a_stale_page_is_refused_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "DICTIONARY.md"
    with pytest.raises(ConfigurationError) as refused:
        write(path, {"like": LIKE}, check=True)
    assert str(refused.value) == "DICTIONARY.md  is missing\n    → run `huaxiang docs` and commit the result"
    write(path, {"like": LIKE})
    write(path, {"like": LIKE}, check=True)
    path.write_text(path.read_text(encoding="utf-8") + "by hand", encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        write(path, {"like": LIKE}, check=True)
    assert str(refused.value) == (
        "DICTIONARY.md  is stale: the contracts say something else by now\n"
        "    → run `huaxiang docs` and commit the result"
    )
