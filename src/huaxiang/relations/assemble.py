"""`brand_relation` from day rows: one row per person and brand with any evidence."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.portrait.assemble import absence_filled, cells_of_persons, people
from huaxiang.portrait.fold import folded, standing_edges

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Catalogue

PAIR = ["person", "brand_id"]


def measured_relations(
    day_rows: DataFrame,
    persons: DataFrame,
    catalogue: Catalogue,
    coverage: Mapping[str, Mapping[str, str]],
    *,
    as_of: date,
) -> DataFrame:
    """Return person × brand with every measure of the brand grain, only pairs with an event or a standing tie.

    Nulls and zeros as in `measured_portrait`.
    """
    cells = cells_of_persons(day_rows, persons)
    measures = catalogue.at("brand")
    plain = [m for m in measures if m.part.way != "state"]
    branded = cells.where(F.col("key_kind") == "brand").withColumnRenamed("key", "brand_id")
    pieces = [folded(branded, PAIR, plain, as_of=as_of)]
    for measure in (m for m in measures if m.part.way == "state"):
        edges = cells.where((F.col("key_kind") == "account") & (F.col("stream") == measure.part.stream))
        standing = standing_edges(edges, measure, persons, as_of=as_of).where(F.col("brand").isNotNull())
        pieces.append(
            standing.groupBy("person", F.col("brand").alias("brand_id")).agg(
                F.count_distinct("key").alias(measure.column(None))
            )
        )
    joined = reduce(lambda left, right: left.join(right, PAIR, "full"), pieces)
    return joined.join(people(persons), "person").select(*PAIR, *absence_filled(measures, coverage))
