"""What the world writes: each landing feed as its contract says, in a file format of the world's choice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

import pyarrow as pa

from huaxiang.contracts.load import load_contracts

Format = Literal["parquet", "csv", "csv-bom", "csv-gb18030", "csv.gz", "jsonl", "jsonl.zst"]

# Every format that a landing folder may hold occurs; feeds not named here are plain CSV.
_FORMATS: dict[str, Format] = {
    "social_interaction": "parquet",
    "social_post": "parquet",
    "browse_event": "parquet",
    "ad_event": "parquet",
    "social_follow": "csv.gz",
    "identity_claim": "csv.gz",
    "social_account": "jsonl.zst",
    "service_ticket": "jsonl",
    "social_message": "jsonl",
    "consent_event": "jsonl",
    "product": "jsonl",
    "campaign": "jsonl",
    "review": "csv-gb18030",
    "order_return": "csv-bom",
}
_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "array<string>": pa.list_(pa.string()),
}


@dataclass(frozen=True)
class Shape:
    """One feed: its columns as Arrow types, its key, and the column with the event's instant if any."""

    feed: str
    schema: pa.Schema
    key: tuple[str, ...]
    at: str | None
    format: Format


@cache
def shapes() -> dict[str, Shape]:
    """Return every landing feed's shape, from the shipped contracts."""
    return {
        contract.name: Shape(
            contract.name,
            pa.schema([pa.field(c.name, _arrow(c.type)) for c in contract.columns]),
            contract.key,
            contract.at,
            _FORMATS.get(contract.name, "csv"),
        )
        for contract in load_contracts().landing
    }


def _arrow(kind: str) -> pa.DataType:
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    return pa.decimal128(int(decimal[1]), int(decimal[2])) if decimal else _TYPES[kind]
