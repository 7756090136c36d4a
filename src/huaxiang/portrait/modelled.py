"""The named models speak of people: each adds its tags to the measured portrait."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from huaxiang.portrait.affinity import LINES, affinities_said
from huaxiang.portrait.assemble import cells_of_persons
from huaxiang.portrait.bargains import bargains_said
from huaxiang.portrait.fold import of_streams
from huaxiang.portrait.gifts import gifts_said
from huaxiang.portrait.influence import FOLLOWS, influence_said
from huaxiang.portrait.price_bands import price_bands_said
from huaxiang.portrait.purchases import purchases_said
from huaxiang.portrait.traits import traits_said
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Catalogue
    from huaxiang.models.model_row import ModelRow
    from huaxiang.portrait.said import Said


def with_models(
    measured: DataFrame,
    day_rows: DataFrame,
    persons: DataFrame,
    given: Callable[[], DataFrame],
    products: Callable[[], DataFrame],
    catalogue: Catalogue,
    *,
    as_of: date,
    zone: str,
    unknown: Collection[str] = (),
    at_once: int = 1,
) -> tuple[DataFrame, tuple[ModelRow, ...]]:
    """Return `measured` with every tag that a model says, and what the fitted ones say of themselves.

    Models are fitted so many `at_once`, those that take longest first. `measured` is read several times: hold it.
    `given` and `products` make the frames that their models need, as of `portrait.gifts` and of
    `portrait.price_bands.banded`; `unknown` are the names of order lines that no source tells.
    """
    told = [catalogue.by_name[name] for name in (FOLLOWS, LINES) if name in catalogue.by_name]
    cells = cells_of_persons(of_streams(day_rows, told), persons)
    models: list[Callable[[], Said]] = [
        lambda: gifts_said(given(), catalogue, unknown, as_of=as_of),
        partial(purchases_said, measured, cells, catalogue, as_of=as_of),
        lambda: price_bands_said(cells, products(), catalogue, as_of=as_of),
        partial(traits_said, measured, catalogue, as_of=as_of, zone=zone),
        partial(affinities_said, cells, catalogue, as_of=as_of),
        partial(influence_said, cells, persons, catalogue, as_of=as_of),
        partial(bargains_said, cells, catalogue, unknown, as_of=as_of),
    ]
    people = measured
    fits: list[ModelRow] = []
    for said in together(models, at_once=at_once):
        people = said.of(people)
        fits += said.fits
    return people, tuple(fits)
