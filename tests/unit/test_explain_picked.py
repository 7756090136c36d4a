"""Three kinds of person, each found by a stated query over a release: ties by id, nobody twice, or nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from tests.unit.test_reader_light import put, release

from huaxiang.explain.picked import KINDS, picked

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = (
    "brought_orders_90d", "brought_visits_90d", "orders_90d", "orders_365d", "gifts_given_365d", "gift_receivers_365d",
)  # fmt: skip


def lake(root: Path, **people: dict[str, Any]) -> str:
    rows = {
        "person": list(people),
        "experience": pa.array([p.get("experience") for p in people.values()], pa.string()),
        "satisfaction_365d": pa.array([p.get("satisfaction_365d") for p in people.values()], pa.float64()),
        **{name: pa.array([p.get(name) for p in people.values()], pa.int64()) for name in NUMBERS},
    }
    release(root, None, [put(root, "portrait", rows)])
    return str(root)


def found(lake: str) -> list[str | None]:
    return [person for _, person in picked(lake)]


def test_the_first_of_each_query_is_taken_and_nobody_twice(tmp_path: Path):
    loyal = {"experience": "loyal", "brought_orders_90d": 4, "brought_visits_90d": 9}
    giver = {"gifts_given_365d": 3, "gift_receivers_365d": 1, "orders_365d": 9}
    people = {
        "b": loyal,
        "a": {**loyal, **giver},  # ties: the smaller id; and a giver too, but taken already
        "c": {"experience": "locked_in", "orders_90d": 9},  # nothing tells how unhappy
        "d": {"experience": "locked_in", "satisfaction_365d": 0.5, "orders_90d": 3},
        "e": {**giver, "gifts_given_365d": 8},  # nearly all that they order goes elsewhere
        "f": giver,
    }
    assert found(lake(tmp_path, **people)) == ["a", "d", "f"]


def test_where_nobody_fits_nobody_is_told(tmp_path: Path):
    nobody = lake(tmp_path, a={"experience": "loyal", "brought_orders_90d": 0}, b={"experience": "satisfied"})
    assert found(nobody) == [None] * len(KINDS)
