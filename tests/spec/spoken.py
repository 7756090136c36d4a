"""People as a model tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from huaxiang.models.model_row import ModelRow
    from huaxiang.portrait.said import Said


def spoken(said: Said, people: DataFrame) -> tuple[DataFrame, tuple[ModelRow, ...]]:
    """Return people with what a model says of them, and what it says of itself."""
    return said.of(people), said.fits
