"""Checks of gifts: who gave to whom on which day, against what was planted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from huaxiang.world.report import Check
from huaxiang.world.rows import compute
from huaxiang.world.sides import true_persons

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from huaxiang.world.sides import Lake, Planted

F1 = 0.9


def gift_checks(lake: Lake, planted: Planted, as_of: date) -> Iterator[Check]:
    """Compare the gifts with a known receiver, as (giver, receiver, day), with the planted ones.

    Every planted gift counts, also of orders that have not arrived and to receivers without a phone. A found
    person who is a mixture of true ones is wrong wherever they give or get.
    """
    owner = true_persons(lake, planted)
    table = planted.table("gifts")
    within = table.filter(compute.less_equal(table.column("on"), pa.scalar(as_of)))
    true = {(row["giver"], row["receiver"], row["on"]) for row in within.to_pylist()}
    rows: list[Any] = lake.columns("gift", "person", "receiver", "given_on").to_pylist()
    said = {
        (
            owner.get(row["person"], row["person"]),
            owner.get(row["receiver"], row["receiver"]),
            row["given_on"],
        )
        for row in rows
        if row["receiver"]
    }
    both = len(true & said)
    precision, recall = both / max(len(said), 1), both / max(len(true), 1)
    score = 2 * both / max(len(said) + len(true), 1)
    told = f"{score:.3f} of {len(true):,} planted; precision {precision:.3f}, recall {recall:.3f}"
    yield Check("gifts: F1 of giver, receiver and day", f"≥ {F1}", told, score >= F1)
