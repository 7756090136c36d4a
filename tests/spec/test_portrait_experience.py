"""Who is unhappy, and on which stage of experience that puts them: by ratings, feelings and complaints."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from feeds import CONTRACTS

from huaxiang.days.catalogue import load_catalogue
from huaxiang.frames import local_frame
from huaxiang.portrait.tags import derivation

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

COLUMNS = (
    "ratings_365d", "rating_points_365d", "felt_reviews_365d", "review_points_365d", "complaints_90d",
    "orders_90d", "orders_all",
)  # fmt: skip
CASES: dict[str, tuple[tuple[int | None, ...], float | None, bool | None, str | None]] = {
    # stars as points, feelings, complaints, orders: satisfaction, unhappy, stage
    "nothing said": ((0, 0, 0, 0, 0, 2, 9), None, None, None),
    "five stars": ((1, 100, 0, 0, 0, 2, 9), 0.875, False, "satisfied"),
    "one star": ((1, 0, 0, 0, 0, 2, 9), 0.375, True, "unhappy"),
    "one star, buys on": ((1, 0, 0, 0, 0, 3, 9), 0.375, True, "locked_in"),
    "five stars, buys on": ((1, 100, 0, 0, 0, 3, 9), 0.875, False, "loyal"),
    "three stars, twice": ((2, 100, 0, 0, 0, 2, 9), 1.75 / 3, False, "satisfied"),
    "three stars, three times": ((3, 150, 0, 0, 0, 2, 9), 0.5625, True, "unhappy"),
    "two stars": ((1, 25, 0, 0, 0, 2, 9), 0.5, True, "unhappy"),
    "a review that feels bad": ((0, 0, 1, -100, 0, 2, 9), 0.375, True, "unhappy"),
    "one complaint alone": ((0, 0, 0, 0, 1, 1, 9), None, None, None),
    "two of ten orders": ((4, 400, 0, 0, 2, 10, 10), 0.95, True, "locked_in"),
    "two of eleven": ((4, 400, 0, 0, 2, 11, 11), 0.95, False, "loyal"),
    "two, and no order of late": ((0, 0, 0, 0, 2, 0, 9), None, True, "unhappy"),
    "two, of unknown orders": ((None, None, None, None, 2, None, None), None, True, None),
}


def test_few_ratings_say_little_and_complaints_are_held_against_orders(spark: SparkSession) -> None:
    read = ", ".join(f"{name} bigint" for name in COLUMNS)
    rows = [(name, *told, 0.9, date(2026, 11, 15)) for name, (told, *_) in CASES.items()]
    frame = local_frame(spark, rows, f"person string, {read}, chance_active double, last_order_date date")
    names = ("satisfaction_365d", "is_unhappy", "experience")
    catalogue = load_catalogue(CONTRACTS)
    found = derivation(catalogue, names, as_of=date(2026, 11, 20), zone="Asia/Shanghai")(frame).collect()
    said = {row["person"]: tuple(row[name] for name in names) for row in found}
    assert said == {
        name: (pytest.approx(satisfied) if satisfied else None, *rest)
        for name, (_, satisfied, *rest) in CASES.items()
    }
