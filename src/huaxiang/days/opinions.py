"""What comments feel, beside the events they stand in: scored inside Spark, in batches of Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from huaxiang.models.lexicon import shipped_lexicon

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SAID = "struct<sentiment:int,aspects:array<string>>"
_ARROW = pa.struct([("sentiment", pa.int32()), ("aspects", pa.list_(pa.string()))])


def with_opinion(rows: DataFrame, text: str) -> DataFrame:
    """Return `rows` with `sentiment`, whole points from -100 to 100, and `aspects`, what the text speaks of.

    By the lexicon (`models.lexicon`). Sentiment is null where nothing was said that it knows: in another
    language, by emoji alone, without any text; `aspects` is then what is spoken of all the same, or empty.
    """
    udf: Any = arrow_udf  # its stubs know no struct
    scored = udf(_scored, _SAID)  # built here: a function of Spark's needs a session
    return rows.withColumn("_opinion", scored(F.col(text))).withColumns(
        {"sentiment": F.col("_opinion.sentiment"), "aspects": F.col("_opinion.aspects")}
    ).drop("_opinion")  # fmt: skip


# Spark evaluates the annotations, and takes the kind of function from them.
def _scored(texts: pa.Array) -> pa.Array:  # type: ignore[type-arg]
    """Score a batch; a text that repeats in it, as canned praise does, is read once."""
    lexicon = shipped_lexicon()
    encoded = texts.dictionary_encode()
    known = []
    for text in encoded.dictionary.to_pylist():
        opinion = lexicon.opinion(text)
        points = None if opinion.sentiment is None else round(opinion.sentiment * 100)
        known.append({"sentiment": points, "aspects": list(opinion.topics)})
    nothing: dict[str, Any] = {"sentiment": None, "aspects": []}
    places = encoded.indices.to_pylist()
    return pa.array([nothing if place is None else known[place] for place in places], _ARROW)
