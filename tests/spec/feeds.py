"""Clean frames by hand: give the columns a case is about, the rest is filled in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from huaxiang.contracts.clean import clean_contract
from huaxiang.contracts.load import load_contracts
from huaxiang.contracts.spark import struct_type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CONTRACTS = load_contracts()
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    """Read `2026-11-20 09:30` as a Shanghai clock; Spark gets the instant in UTC without a zone."""
    local = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    return local.astimezone(UTC).replace(tzinfo=None)


def clean(spark: SparkSession, feed: str, *rows: dict[str, Any], release: int = 1) -> DataFrame:
    """Return a clean frame of a feed; `key`, `who` (an account) and `on` (a date) are short for columns."""
    contract = clean_contract(CONTRACTS[feed])
    names = contract.names
    instant = CONTRACTS[feed].at
    made = []
    for number, given in enumerate(rows):
        row: dict[str, Any] = dict.fromkeys(names)
        row |= {"event_key": f"{feed}{number}", "revision": 0, "content_hash": number, "release": release}
        row |= {k: v for k, v in given.items() if k in names}
        if "who" in given:
            row["account"] = given["who"]
            row["platform"] = given["who"].split(":")[0]
        if "at" in given and instant:
            row[instant] = at(given["at"])
            row["business_date"] = date.fromisoformat(given["at"][:10])
        if "on" in given:
            row["business_date"] = date.fromisoformat(given["on"])
        day = row["business_date"]
        row["part"] = day.strftime("%Y-%m") if day else "undated"
        row["arrival_date"] = day or date(2026, 1, 1)
        unknown = set(given) - set(names) - {"who", "on", "at"}
        assert not unknown, f"{feed} has no {unknown}"
        made.append(tuple(row[n] for n in names))
    return spark.createDataFrame(made, struct_type(contract))
