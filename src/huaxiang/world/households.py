"""Who households are from what they buy, on a real grocer's year: The Complete Journey, 801 of whose households tell.

`models.trait_fit`, asked for another target. What it can't tell better than the commonest answer it does not say, and
that is what is checked here. Income is asked here alone: the block list keeps it out of every catalogue.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from huaxiang.models.fit import NO_BETTER
from huaxiang.models.interval import share_interval
from huaxiang.models.trait_fit import infer
from huaxiang.models.trait_numbers import TraitInputs, basis
from huaxiang.world.report import Check
from huaxiang.world.rows import compute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TARGETS = ("household_size", "age", "income")
CALIBRATED = 0.09
"""Of 800 people a perfect model's calibration error is 0.04 by chance alone."""
INPUTS = TraitInputs(
    amounts=("lines", "products", "baskets", "units", "paid"),
    shares={"weekend_lines": "lines"},
    keyed={"categories": "value", "hours": "value"},
)
_NAMES = {
    "product_id_count": "lines", "product_id_count_distinct": "products", "basket_id_count_distinct": "baskets",
    "quantity_sum": "units", "sales_value_sum": "paid", "weekend_sum": "weekend_lines",
}  # fmt: skip
_LISTS = pa.list_(pa.struct([("key", pa.string()), ("value", pa.int64())]))


def household_checks(folder: Path) -> Iterator[Check]:
    """Return what can be told of households that were held out (5-fold), beside the commonest answer.

    A check holds where the model is better and says so, or is not and says so, calibrated in either case.
    """
    bought = households(folder)
    for target in TARGETS:
        known = bought.filter(compute.is_valid(bought[target]))
        found = infer(basis(INPUTS, known), known, [str(value) for value in known[target].to_pylist()])
        quality, people = found.quality, found.fit.people
        low, high = share_interval(round(quality["accuracy"] * people), people)
        honest = found.fit.usable or (found.fit.status == NO_BETTER and quality["said"] < 0.1)
        yield Check(
            f"{target.replace('_', ' ')} of held-out households",
            f"beyond {quality['majority']:.1%}, or not said; calibration error ≤ {CALIBRATED}",
            f"{quality['accuracy']:.1%} [{low:.1%}, {high:.1%}] of {people}: {found.fit.status};"
            f" sure of {quality['said']:.1%}; calibration error {quality['calibration_error']:.3f}",
            ok=honest and quality["calibration_error"] <= CALIBRATED,
        )


def households(folder: Path) -> pa.Table:
    """Return what each household that said something of itself bought, and what it said, in an order by chance."""
    said = pq.read_table(folder / "demographics.parquet")
    columns = ["household_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]
    lines = pq.read_table(folder / "transactions.parquet", columns=columns)
    lines = lines.filter(
        compute.is_in(lines["household_id"], value_set=said["household_id"].combine_chunks())
    )
    products = pq.read_table(folder / "products.parquet", columns=["product_id", "product_category"])
    lines = lines.join(products, "product_id")
    at = lines["transaction_timestamp"]
    is_weekend = compute.greater_equal(compute.day_of_week(at), 5)
    lines = lines.append_column("hour", compute.hour(at)).append_column(
        "weekend", is_weekend.cast(pa.int64())
    )
    found = lines.group_by("household_id").aggregate([
        ("product_id", "count"), ("product_id", "count_distinct"), ("basket_id", "count_distinct"),
        ("quantity", "sum"), ("sales_value", "sum"), ("weekend", "sum"),
    ])  # fmt: skip
    found = found.rename_columns([_NAMES.get(name, name) for name in found.column_names])
    found = found.join(said, "household_id").sort_by("household_id")
    for name, key in (("categories", "product_category"), ("hours", "hour")):
        found = found.append_column(name, _counts(lines, key, found["household_id"].to_pylist()))
    return found.take(np.random.default_rng(0).permutation(found.num_rows))


def _counts(lines: pa.Table, key: str, of: list[Any]) -> pa.Array[Any]:
    """Return each household's lines per key."""
    held: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    rows = lines.group_by(["household_id", key]).aggregate([("basket_id", "count")])
    for household, name, count in zip(
        *(rows[c].to_pylist() for c in ("household_id", key, "basket_id_count")), strict=True
    ):
        held[household].append({"key": str(name), "value": count})
    return pa.array([held[household] for household in of], _LISTS)
