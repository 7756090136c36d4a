"""The columns that cleaning adds to a row: accounts, business date, keys, hashes, partition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.joinkeys import account_key
from huaxiang.clean.text import case_folded
from huaxiang.clock import clock_in
from huaxiang.contracts.clean import clean_contract, clean_name
from huaxiang.tables.content import row_hash
from huaxiang.tables.write import PARTITION

if TYPE_CHECKING:
    from pyspark.sql import Column

    from huaxiang.contracts.model import Column as Declared
    from huaxiang.contracts.model import Contract
    from huaxiang.tables.lake import Lake

JOINER = "\u001f"  # between the parts of a key; an identifier that holds one is refused (`control_character`)
UNDATED, WHOLE = "undated", "all"
BY_MONTH, BY_DATE = "month", "date"
DELETE, UPSERT = "delete", "upsert"
NOT_CONTENT = ("revision", "op")


def business_date(contract: Contract, zone: str) -> Column:
    """Return the date of the instant in the business zone, else the bare date, else null."""
    dates = [clock_in(F.col(contract.at), zone).cast("date")] if contract.at else []
    dates += [F.col(contract.on_date)] if contract.on_date else []
    return F.coalesce(*dates) if dates else F.lit(None).cast("date")


def part_of(date: Column, stored_by: str) -> Column:
    """Return the storage partition of a business date: itself or its month, `undated`, or `all` for `WHOLE`."""
    if stored_by == WHOLE:
        return F.lit(WHOLE)
    length = len("2026-11") if stored_by == BY_MONTH else len("2026-11-20")
    return F.coalesce(F.substring(date.cast("string"), 1, length), F.lit(UNDATED))


def stored_by(lake: Lake, contract: Contract) -> str:
    """Return how a feed's clean rows and day rows are cut: by month, by date if it began large, or not at all."""
    if not contract.by_month:
        return WHOLE
    parts = lake.partitions(clean_name(contract.name))
    return BY_DATE if any(re.fullmatch(r"\d{4}-\d\d-\d\d", part) for part in parts) else BY_MONTH


def system_columns(contract: Contract, stored_by: str) -> list[Column]:
    """Return the columns of the clean contract but `release`, then `op` and `key_hash`.

    They read typed landing columns, `<money>_minor`, `<contact>_key`, `business_date` and `_arrival`.
    """
    clean = clean_contract(contract)
    content = [name for c in contract.columns if c.name not in NOT_CONTENT for name in _clean_names(c)]
    key = _event_key(contract)
    made = {
        **{role: account_key(F.col("platform"), F.col(name)) for role, name in contract.accounts},
        "revision": F.coalesce("revision", F.lit(0).cast("bigint")),
        "event_key": key,
        "content_hash": row_hash(content),
        "arrival_date": F.col("_arrival"),
        PARTITION: part_of(F.col("business_date"), stored_by),
    }
    columns = [made.get(name, F.col(name)).alias(name) for name in clean.names if name != "release"]
    op = F.coalesce("op", F.lit(UPSERT))
    return [*columns, op.alias("op"), F.xxhash64(key).alias("key_hash")]


def _clean_names(column: Declared) -> tuple[str, ...]:
    """Where what a column says stands; of an amount also the minor units, as its own type has two digits at most."""
    if column.money:
        return column.name, f"{column.name}_minor"
    return (f"{column.name}_key" if column.contact else column.name,)


def _event_key(contract: Contract) -> Column:
    accounts = [name for _, name in contract.accounts]
    parts = []
    for name in contract.key:
        part = F.col(_clean_names(contract.column(name))[0]).cast("string")
        parts.append(case_folded(part) if name in accounts else part)
    return F.concat_ws(JOINER, *parts)
