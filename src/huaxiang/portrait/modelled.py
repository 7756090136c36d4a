"""The named models speak of people: each adds its tags to the measured portrait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from huaxiang.portrait.affinity import LINES, with_affinities
from huaxiang.portrait.assemble import cells_of_persons
from huaxiang.portrait.bargains import with_bargains
from huaxiang.portrait.fold import of_streams
from huaxiang.portrait.gifts import with_gifts
from huaxiang.portrait.influence import FOLLOWS, with_influence
from huaxiang.portrait.price_bands import with_price_bands
from huaxiang.portrait.purchases import with_purchases
from huaxiang.portrait.traits import with_inferred

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Catalogue
    from huaxiang.models.model_row import ModelRow


def with_models(
    measured: DataFrame,
    day_rows: DataFrame,
    persons: DataFrame,
    given: DataFrame,
    products: DataFrame,
    catalogue: Catalogue,
    *,
    as_of: date,
    zone: str,
    unknown: Collection[str] = (),
) -> tuple[DataFrame, tuple[ModelRow, ...]]:
    """Return `measured` with every tag that a model says, and what the fitted ones say of themselves.

    `measured` and `given`, as of `portrait.gifts`, are read several times: hold them. `products` are those of
    `portrait.price_bands.banded`; `unknown` the names of order lines that no source tells.
    """
    told = [catalogue.by_name[name] for name in (FOLLOWS, LINES) if name in catalogue.by_name]
    cells = cells_of_persons(of_streams(day_rows, told), persons)
    bought, of_purchases = with_purchases(measured, cells, catalogue, as_of=as_of)
    followed, of_follows = with_influence(bought, cells, persons, catalogue, as_of=as_of)
    gave = with_gifts(followed, given, catalogue, unknown, as_of=as_of)
    banded, of_bands = with_price_bands(gave, cells, products, catalogue, as_of=as_of)
    inclined, of_affinity = with_affinities(banded, cells, catalogue, as_of=as_of)
    bargained, of_bargains = with_bargains(inclined, cells, catalogue, unknown, as_of=as_of)
    guessed, of_guesses = with_inferred(bargained, measured, catalogue, as_of=as_of, zone=zone)
    return guessed, (*of_purchases, *of_follows, *of_bands, *of_affinity, *of_bargains, *of_guesses)
