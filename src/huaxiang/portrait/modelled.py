"""The named models speak of people: each adds its tags to the measured portrait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from huaxiang.portrait.assemble import cells_of_persons
from huaxiang.portrait.influence import with_influence
from huaxiang.portrait.purchases import with_purchases

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Catalogue
    from huaxiang.models.told import Told


def with_models(
    measured: DataFrame, day_rows: DataFrame, persons: DataFrame, catalogue: Catalogue, *, as_of: date
) -> tuple[DataFrame, tuple[Told, ...]]:
    """Return `measured` with every tag that a model says, and what the models say of themselves.

    `measured` is read several times: hold it.
    """
    cells = cells_of_persons(day_rows, persons)
    bought, of_purchases = with_purchases(measured, cells, catalogue, as_of=as_of)
    followed, of_follows = with_influence(bought, cells, persons, catalogue, as_of=as_of)
    return followed, (*of_purchases, *of_follows)
