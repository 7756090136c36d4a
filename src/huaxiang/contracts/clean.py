"""The contract of `clean/<feed>`, derived from the feed's own: what came in, typed, keyed and dated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from huaxiang.contracts.model import Column, Contract, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLES = {
    "account": Text(
        "Platform and normalised account id, joined by a colon.", "平台与规范化账号，以冒号连接。"
    ),
    "other_account": Text(
        "The account at the other end, platform and normalised id joined by a colon.",
        "另一端的账号：平台与规范化账号，以冒号连接。",
    ),
}
"""The columns of a clean row that say which accounts its event is of."""
_ROLE_TITLES = {
    "account": Text("Account key", "账号键"),
    "other_account": Text("Other account key", "对方账号键"),
}


def clean_name(feed: str) -> str:
    """Return the table name of a feed's clean rows."""
    return f"clean/{feed}"


def clean_contract(landing: Contract) -> Contract:
    """Return the contract of the clean rows of a feed: one row per key, the newest revision that holds.

    Contact columns are replaced by their keyed hash (`<name>_key`); `op` is gone (deleted rows leave the
    table); then come the system columns. `part` (the month, or `undated`) partitions the table.
    """
    kept = [column for column in landing.columns if column.name not in ("revision", "op")]
    columns = [_join_key(column) if column.contact else column for column in kept]
    title, description = landing.title, landing.description
    return Contract(
        name=clean_name(landing.name),
        layer="lake",
        version=landing.version,
        title=Text(f"{title.en}, clean", f"{title.zh}（清洗后）"),
        description=description,
        key=("event_key",),
        columns=(*columns, *_system_columns(landing)),
        at=landing.at,
        on_date=landing.on_date,
        accounts=landing.accounts,
        lateness_days=landing.lateness_days,
        purpose=landing.purpose,
        file=landing.file,
    )


def landing_columns(landing: Contract, name: str) -> tuple[str, ...]:
    """Return the landing columns of which any gives what events call `name`; none for what is always there."""
    instant = (landing.at,) if landing.at else ()
    dates = (*instant, landing.on_date) if landing.on_date else instant
    made: dict[str, tuple[str, ...]] = {"business_date": dates, "local_hour": instant, "weekday": instant}
    for column in landing.columns:
        suffix = "_minor" if column.money else "_key" if column.contact else ""
        made |= {column.name: (column.name,), f"{column.name}{suffix}": (column.name,)}
    made |= {role: (column,) for role, column in landing.accounts}
    return made.get(name, ())


def _join_key(contact: Column) -> Column:
    return replace(
        contact,
        name=f"{contact.name}_key",
        title=Text(f"{contact.title.en}, join key", f"{contact.title.zh}（关联键）"),
        description=Text(
            f"HMAC under the pepper of the SHA-256 of the canonical `{contact.name}`, in hexadecimal.",
            f"规范化 `{contact.name}` 的 SHA-256 再经密钥 HMAC，十六进制。",
        ),
        contact=False,
    )


def _system_columns(landing: Contract) -> Iterator[Column]:
    for role, _ in landing.accounts:
        yield Column(role, "string", _ROLE_TITLES[role], ROLES[role], required=True, privacy="direct-id")
    yield Column(
        "business_date",
        "date",
        Text("Business date", "业务日期"),
        Text(
            "Date of the event in the business zone; absent when the event is undated.",
            "事件在业务时区的日期；无日期的事件为空。",
        ),
        unit="date",
        privacy="quasi-id",
    )
    for column in landing.columns:
        if column.money:
            yield _minor(column)
    yield Column(
        "revision",
        "bigint",
        Text("Revision", "修订号"),
        Text("Revision of the row, 0 when the source gave none.", "本行的修订号；来源未给出时为 0。"),
        required=True,
    )
    yield Column(
        "event_key",
        "string",
        Text("Event key", "事件主键"),
        Text(
            "The key columns joined by U+001F; of a source without keys the content hash and its occurrence.",
            "主键各列以 U+001F 连接；无主键来源为内容哈希与出现序号。",
        ),
        required=True,
        privacy="direct-id",
    )
    yield Column(
        "content_hash",
        "bigint",
        Text("Content hash", "内容哈希"),
        Text(
            "xxhash64 of the contract's columns: equal rows have equal hashes.",
            "契约各列的 xxhash64：内容相同则哈希相同。",
        ),
        required=True,
    )
    yield Column(
        "arrival_date",
        "date",
        Text("Arrival date", "到达日期"),
        Text("Date of the folder the row's file lay in.", "本行所在文件的目录日期。"),
        required=True,
        unit="date",
        hashed=False,  # the same rows in another order of arrival are the same events
    )
    yield Column(
        "release",
        "bigint",
        Text("Known from release", "自哪次发布已知"),
        Text("Number of the release whose night loaded this revision.", "载入此修订的那一晚的发布编号。"),
        required=True,
        hashed=False,  # nights one by one and all at once give equal events
    )
    yield Column(
        "part",
        "string",
        Text("Partition", "分区"),
        Text(
            "Month of the business date as yyyy-MM, in a large feed the date itself, or `undated`; the partition.",
            "业务日期的月份 yyyy-MM，数据量大时为日期本身，或 `undated`；表的分区。",
        ),
        required=True,
        examples=("2026-01", "undated"),
        hashed=False,  # it says again what the business date says
    )


def _minor(money: Column) -> Column:
    return Column(
        f"{money.name}_minor",
        "bigint",
        Text(f"{money.title.en}, minor units", f"{money.title.zh}（最小货币单位）"),
        Text(
            f"`{money.name}` in minor units of the lake's currency, converted where it came in another.",
            f"以湖的基准货币最小单位表示的 `{money.name}`，其他币种已换算。",
        ),
        unit="minor currency unit",
        privacy=money.privacy,
    )
