"""What comments feel, beside the events they stand in: scored inside Spark, in batches of Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark import Broadcast, SparkContext
    from pyspark.sql import DataFrame

    from huaxiang.models.scorer import Scorer

_SAID = "struct<sentiment:int,aspects:array<string>>"
_ARROW = pa.struct([("sentiment", pa.int32()), ("aspects", pa.list_(pa.string()))])
_SHIPPED: dict[tuple[str, str], Broadcast[Scorer]] = {}
"""By application and digest: weights go to each worker once, not with every task."""


def with_opinion(rows: DataFrame, text: str, scorer: Scorer) -> DataFrame:
    """Return `rows` with `sentiment`, whole points from -100 to 100, and `aspects`, what the text speaks of.

    By the scorer in use (`models.scorer`). Sentiment is null where nothing was said that it knows: in another
    language, by emoji alone, without any text; `aspects` is then what is spoken of all the same, or empty.
    """
    udf: Any = arrow_udf  # its stubs know no struct
    scored = udf(_scoring(_shipped(rows.sparkSession.sparkContext, scorer)), _SAID)
    return rows.withColumn("_opinion", scored(F.col(text))).withColumns(
        {"sentiment": F.col("_opinion.sentiment"), "aspects": F.col("_opinion.aspects")}
    ).drop("_opinion")  # fmt: skip


def _shipped(context: SparkContext, scorer: Scorer) -> Broadcast[Scorer]:
    place = str(context.applicationId), scorer.digest
    if place not in _SHIPPED:
        _SHIPPED[place] = context.broadcast(scorer)
    return _SHIPPED[place]


def _scoring(held: Broadcast[Scorer]) -> Callable[[Any], Any]:
    # Spark evaluates the annotations, and takes the kind of function from them.
    def scored(texts: pa.Array) -> pa.Array:  # type: ignore[type-arg]
        said: pa.Array = opinions(texts, held.value)  # type: ignore[type-arg]
        return said

    return scored


def opinions(texts: Any, scorer: Scorer) -> Any:
    """Return what each text of an Arrow array says; one that repeats in it, as canned praise does, is read once."""
    encoded = texts.dictionary_encode()
    known = []
    for text in encoded.dictionary.to_pylist():
        opinion = scorer.opinion(text)
        known.append({"sentiment": opinion.points, "aspects": list(opinion.topics)})
    nothing: dict[str, Any] = {"sentiment": None, "aspects": []}
    places = encoded.indices.to_pylist()
    return pa.array([nothing if place is None else known[place] for place in places], _ARROW)
