"""Checks of what people buy: who gave to whom on which day, and in which price band everybody buys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from huaxiang.world.report import Check, share_interval
from huaxiang.world.rows import compute
from huaxiang.world.sides import true_persons

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from huaxiang.world.sides import Lake, Planted

F1 = 0.9
RIGHT, FEWEST_LINES, CURVE = 0.9, 3, (1, 5, 10, 20)


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


def price_band_checks(lake: Lake, planted: Planted) -> Iterator[Check]:
    """Compare the band in which people buy with the planted one, by how many order lines tell it.

    A planted buyer takes a neighbouring band once in three times, so that few lines leave doubt.
    """
    owner = true_persons(lake, planted)
    bands = {row["true_person"]: row["band"] + 1 for row in planted.table("price_band").to_pylist()}
    rows: list[Any] = lake.columns(
        "portrait", "person", "price_band_365d", "price_band_lines_365d"
    ).to_pylist()
    told = [
        (row["price_band_365d"] == bands[owner[row["person"]]], row["price_band_lines_365d"])
        for row in rows
        if row["price_band_365d"] is not None and row["person"] in owner
    ]

    def right(fewest: int) -> str:
        kept = [ok for ok, lines in told if lines >= fewest]
        return f"≥ {fewest}: {sum(kept) / max(len(kept), 1):.2f} of {len(kept):,}"

    kept = [ok for ok, lines in told if lines >= FEWEST_LINES]
    share = sum(kept) / max(len(kept), 1)
    low, high = share_interval(sum(kept), max(len(kept), 1))
    found = f"{share:.3f} [{low:.2f}, {high:.2f}] of {len(kept):,} people; {', '.join(map(right, CURVE))}"
    yield Check(f"price band: right, {FEWEST_LINES} lines or more", f"≥ {RIGHT}", found, share >= RIGHT)
