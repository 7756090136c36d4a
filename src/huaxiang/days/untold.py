"""Topics that name a sensitive attribute: day rows know who read of them, and nothing that is told of people does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.cells import is_of_stream
from huaxiang.days.measures import TOPIC

if TYPE_CHECKING:
    from collections.abc import Collection

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Catalogue


def untold_topics(day_rows: DataFrame, catalogue: Catalogue) -> list[str]:
    """Return which topics of the day rows the block list names, sorted: one Spark job over their distinct topics."""
    streams = [stream for stream, parts in catalogue.streams().items() if any(TOPIC in k for _, k in parts)]
    if not streams:
        return []
    by_topic = day_rows.where(is_of_stream(*streams) & (F.col("key_kind") == TOPIC))
    topics = map(str, by_topic.select("key").distinct().toArrow()["key"].to_pylist())
    return sorted(topic for topic in topics if catalogue.blocked.bars(topic))


def without_topics(day_rows: DataFrame, topics: Collection[str]) -> DataFrame:
    """Return the day rows but those under one of the topics."""
    if not topics:
        return day_rows
    return day_rows.where(~((F.col("key_kind") == TOPIC) & F.col("key").isin(*topics)))


def told_of(day_rows: DataFrame, catalogue: Catalogue) -> DataFrame:
    """Return the day rows of which people may be told: but those under topics that the block list names."""
    return without_topics(day_rows, untold_topics(day_rows, catalogue))
