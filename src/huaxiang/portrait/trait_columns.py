"""What somebody does as numbers, and the scores that a fit makes of them, as columns: see `models.trait_numbers`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.models.trait_numbers import FARTHEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import Column

    from huaxiang.models.trait_fit import TraitFit
    from huaxiang.models.trait_numbers import Basis

KEYS = "array<struct<key:string,share:double>>"


def trait_numbers(basis: Basis) -> Column:
    """Return the numbers of `basis.names`, a one for the bias before them, as one list."""
    amounts = [F.col(name).cast("double") for name in basis.typical]
    known = [
        F.coalesce(F.log1p(F.greatest(amount, F.lit(0.0))), F.lit(typical))
        for amount, typical in zip(amounts, basis.typical.values(), strict=True)
    ]
    unknown = [F.when(amount.isNull(), 1.0).otherwise(0.0) for amount in amounts]
    shares = [
        _residual(_or_zero(F.col(part)), _or_zero(F.col(whole)), F.lit(basis.shares[part]))
        for part, whole in basis.inputs.shares.items()
    ]
    keyed = [_keyed(column, basis.inputs.keyed[column], keys) for column, keys in basis.keys.items() if keys]
    return F.concat(F.array(F.lit(1.0), *known, *unknown, *shares), *keyed)


def scores(inferred: TraitFit, numbers: Column) -> Column:
    """Return one score per kind. The weights stand in the plan as one text, not as hundreds of literals."""
    weights = F.from_json(F.lit(json.dumps(inferred.weights.tolist())), "array<array<double>>")

    def score(values: Column, weight: Column) -> Column:
        products = F.zip_with(values, weight, lambda number, each: number * each)
        return F.aggregate(products, F.lit(0.0), lambda total, one: total + one)

    return once(numbers, lambda values: F.transform(weights, lambda weight: score(values, weight)))


def once(value: Column, then: Callable[[Column], Column]) -> Column:
    """Return `then` of a value that is worked out once, however often a lambda inside `then` reads it.

    Spark works out whatever stands in a lambda anew for every element, and puts there what another column held.
    """
    return F.transform(F.array(value), then)[0]


def _keyed(column: str, weight: str, keys: Mapping[str, float]) -> Column:
    held = F.map_from_entries(
        F.transform(F.col(column), lambda entry: F.struct(entry["key"], entry[weight].cast("double")))
    )
    whole = F.aggregate(F.col(column), F.lit(0.0), lambda total, entry: total + entry[weight].cast("double"))
    listed = F.from_json(
        F.lit(json.dumps([{"key": key, "share": share} for key, share in keys.items()])), KEYS
    )

    def residuals(of: Column) -> Column:
        return F.transform(
            listed,
            lambda one: _residual(
                _or_zero(F.try_element_at(of["held"], one["key"])), _or_zero(of["whole"]), one["share"]
            ),
        )

    return once(F.struct(held.alias("held"), whole.alias("whole")), residuals)


def _or_zero(count: Column) -> Column:
    return F.coalesce(count.cast("double"), F.lit(0.0))


def _residual(count: Column, of: Column, share: Column) -> Column:
    apart = (count - of * share) / F.sqrt(of * share + 1)
    return F.greatest(F.least(apart, F.lit(FARTHEST)), F.lit(-FARTHEST))
