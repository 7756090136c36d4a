"""How many rows hold a value: from footers where they say so, from the values of lists where they can't."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from huaxiang.tables.filled import filled
from huaxiang.tables.release import Pin

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES = pa.list_(pa.struct([("key", pa.string()), ("value", pa.int64())]))
FIRST = {
    "person": ["a", "b", "c"],
    "orders": [1, None, 0],  # 0 is a value
    "nothing": [None, None, None],
    "topics": [["x", None], [], None],  # an empty list is a value
    "by_topic": [[{"key": "x", "value": 1}], None, None],
    "is_member": [False, None, True],
}
SECOND = {
    "person": ["d"],
    "orders": [None],
    "nothing": [None],
    "topics": [["y"]],
    "by_topic": [[]],
    "is_member": [None],
}
SCHEMA = pa.schema(
    [
        ("person", pa.string()),
        ("orders", pa.int64()),
        ("nothing", pa.string()),
        ("topics", pa.list_(pa.string())),
        ("by_topic", ENTRIES),
        ("is_member", pa.bool_()),
    ]
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    for rows in (FIRST, SECOND):
        write_deltalake(root / "tables/portrait", pa.table(rows, SCHEMA), mode="append")
    return root


@pytest.mark.parametrize(
    ("version", "found"),
    [
        (0, {"person": 3, "orders": 2, "nothing": 0, "topics": 2, "by_topic": 1, "is_member": 2}),
        (1, {"person": 4, "orders": 2, "nothing": 0, "topics": 3, "by_topic": 2, "is_member": 2}),
    ],
)
def test_every_column_of_a_release_is_counted(lake: Path, version: int, found: dict[str, int]):
    assert filled(lake, Pin("portrait", "tables/portrait", version, 0, "")) == found
