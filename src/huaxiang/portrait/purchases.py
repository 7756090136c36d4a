"""What the model `purchases` says of people: histories are counted on Spark, fitted on the driver, and joined back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as F

from huaxiang.models import bgnbd
from huaxiang.models.cards import PURCHASES
from huaxiang.models.model_row import ModelRow
from huaxiang.models.purchases import (
    BINS,
    HORIZON_DAYS,
    Counted,
    Foretold,
    Later,
    foretell,
    held_out,
    value_fit,
    value_held_out,
)
from huaxiang.portrait.counted import counted, numbers
from huaxiang.portrait.fold import folded
from huaxiang.portrait.said import SILENT, Said
from huaxiang.together import together

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Catalogue

LONGEST_HOLDOUT, SHORTEST_HOLDOUT = 182, 7
_HISTORY = ("_repeats", "_span", "_age")
_VALUE = ("_bought", "_bin")
_LATER = ("_came", "_worth", "_squares")
_FORETOLD = pa.schema(
    [pa.field(name, pa.int32()) for name in ("_of_repeats", "_of_span", "_of_age")]
    + [pa.field(name, pa.float64()) for name in ("_chance", "_days")]
    + [pa.field(name, pa.int32()) for name in ("_low", "_high")]
)


def purchases_said(measured: DataFrame, cells: DataFrame, catalogue: Catalogue, *, as_of: date) -> Said:
    """Return what the model `purchases` says of the people of `measured`; null for who never bought.

    `cells` are day rows that carry `person`, for the check on what a fit has not seen. Each distinct history
    is fitted and foretold once. `measured` is read several times: hold it.
    """
    tags = catalogue.said_by(PURCHASES.name)
    if not tags:
        return SILENT
    histories = measured.select(*_history(as_of))
    values = _with_value(measured).select(*_VALUE)
    bought = histories.where(F.col("_repeats").isNotNull())
    histories_of, worth = together([partial(counted, bought), partial(counted, values)])
    known = Counted(*(numbers(histories_of, name) for name in (*_HISTORY, "count")))
    of_days, of_value = _checked(measured, cells, catalogue, known, as_of)
    days = ModelRow(PURCHASES.name, "days", bgnbd.fit(known.histories()), of_days)
    value = value_fit(*(numbers(worth, name) for name in ("_bought", "_bin", "count")))
    value = replace(value, quality={**value.quality, **of_value})
    said = foretell(days.fit, known)
    seen = min(int(known.age.max(initial=0)) + 1, HORIZON_DAYS)
    outputs = _outputs(value, is_foretold=said is not None, yearly=HORIZON_DAYS / seen)
    named = {tag.name: outputs[tag.output] for tag in tags}

    def of(people: DataFrame) -> DataFrame:
        frame = people.withColumns(dict(zip(_HISTORY, _history(as_of), strict=True)))
        if said is not None:
            frame = _with_foretold(frame, known, said)
        return frame.withColumns(named).select(*people.columns, *named)

    return Said(of, (days, value))


def _with_foretold(frame: DataFrame, known: Counted, said: Foretold) -> DataFrame:
    """Return `frame` with what is foretold of each one's history."""
    columns = (known.repeats, known.span, known.age, said.chance, said.days, said.low, said.high)
    held = [pa.array(values).cast(field.type) for values, field in zip(columns, _FORETOLD, strict=True)]
    foretold = frame.sparkSession.createDataFrame(pa.table(held, schema=_FORETOLD))
    same = [F.col(name) == F.col(f"_of{name}") for name in _HISTORY]
    return frame.join(F.broadcast(foretold), same, "left")


def _history(as_of: date) -> list[Column]:
    """Return repeats, span and age of a person's buying, in days; null for who has bought on no date."""
    first, last = F.col("first_order_date"), F.col("last_order_date")
    repeats = F.when(first.isNotNull() & (F.col("buying_days_all") > 0), F.col("buying_days_all") - 1)
    values = repeats.cast("int"), F.date_diff(last, first), F.date_diff(F.lit(as_of), first)
    return [value.alias(name) for value, name in zip(values, _HISTORY, strict=True)]


def _outputs(value: ModelRow, *, is_foretold: bool, yearly: float) -> dict[str, Column]:
    """Return the model's outputs over the history, its foretelling and the portrait's own columns.

    `yearly` is how many times as long a year is as what was seen of the last one.
    """
    bought = F.col("_repeats").isNotNull()
    nothing = F.lit(None)
    as_before = F.when(bought, F.col("buying_days_365d") * F.lit(yearly))
    days = F.col("_days") if is_foretold else as_before
    low, high, chance = (
        F.col(name) if is_foretold else nothing.cast(kind)
        for name, kind in (("_low", "int"), ("_high", "int"), ("_chance", "double"))
    )
    own = F.col("paid_all").cast("double")
    mean = own / F.col("buying_days_all")
    if value.fit.usable:  # between one's own mean and everybody's, by how much is known of one
        p, q, v = (F.lit(value.fit.parameters[name]) for name in ("p", "q", "v"))
        mean = p * (v + F.greatest(own, F.lit(0.0))) / (p * F.col("buying_days_all") + q - 1)
    worth = F.when(bought, mean)

    def minor(times: Column) -> Column:
        return F.round(times * worth).cast("bigint")

    return {
        "chance_active": chance,
        "expected_days": days,
        "lowest_days": low,
        "highest_days": high,
        "expected_value": minor(days),
        "lowest_value": minor(low),
        "highest_value": minor(high),
    }


def _with_value(frame: DataFrame) -> DataFrame:
    """Return who has paid for something, with the bin of what a buying day is worth to them."""
    paid = frame.where((F.col("paid_all") > 0) & (F.col("buying_days_all") > 0))
    worth = F.log(F.col("paid_all") / F.col("buying_days_all"))
    return paid.withColumns({"_bought": F.col("buying_days_all"), "_bin": F.round(worth * BINS).cast("int")})


def _checked(
    measured: DataFrame, cells: DataFrame, catalogue: Catalogue, known: Counted, as_of: date
) -> tuple[dict[str, float], dict[str, float]]:
    """Return how fits on the first three quarters of the time, or all but its last half year, foretold the rest.

    Of buying days, and of what such a day is worth.
    """
    days = min(int(known.age.max(initial=0)) // 4, LONGEST_HOLDOUT)
    if days < SHORTEST_HOLDOUT:
        return {}, {}
    cut = as_of - timedelta(days=days)
    read = ("buying_days", "first_order_date", "last_order_date", "paid")
    measures = [catalogue.by_name[name] for name in read]
    stream = measures[0].part.stream
    bought = cells.where((F.col("key_kind") == "none") & (F.col("stream") == stream))
    before = folded(bought, ["person"], measures, as_of=cut)
    now = measured.select("person", F.col("buying_days_all").alias("_now"), F.col("paid_all").alias("_paid"))
    later = (F.col("_now") - F.col("buying_days_all")).alias("_later")
    both = before.join(now, "person").select("*", later, *_history(cut)).localCheckpoint()
    rows, values = together(
        [
            partial(counted, both.where(F.col("_repeats").isNotNull()).select(*_HISTORY, "_later")),
            partial(_later_values, both),
        ]
    )
    calibration = Counted(*(numbers(rows, name) for name in (*_HISTORY, "count")))
    came = Later(*(numbers(values, name) for name in _LATER))
    of_value = value_held_out(*(numbers(values, name) for name in (*_VALUE, "count")), later=came)
    return held_out(calibration, numbers(rows, "_later"), days), of_value


def _later_values(both: DataFrame) -> pa.Table:
    """Return per distinct history of value its people, and of those who bought later what such a day was worth."""
    worth = F.round((F.col("_paid") - F.col("paid_all")) / F.col("_later")).cast("decimal(19,0)")
    came = F.when(F.col("_later") > 0, worth)
    found = _with_value(both).groupBy(*_VALUE).agg(
        F.count(F.lit(1)).alias("count"), F.count(came).alias("_came"), F.coalesce(F.sum(came), F.lit(0)).alias("_worth"),
        F.coalesce(F.sum(came * came), F.lit(0)).alias("_squares"),
    )  # fmt: skip
    return found.toArrow().sort_by([(name, "ascending") for name in _VALUE])
