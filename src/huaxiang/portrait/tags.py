"""Derived tags: expressions over columns that are already there, stages of ladders, and ranks in the population."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.vocabulary import tag_names, vocabularies
from huaxiang.expressions import compile_expression
from huaxiang.frames import column_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from pyspark.sql import Column as Values
    from pyspark.sql import DataFrame

    from huaxiang.contracts.model import Column
    from huaxiang.days.measures import Catalogue
    from huaxiang.days.tags import Rank, Tag
    from huaxiang.expressions import NameInfo


def tagged_portrait(measured: DataFrame, catalogue: Catalogue, *, as_of: date, zone: str) -> DataFrame:
    """Return `person`, `as_of`, every measure and every tag, in the contract's order.

    Hours and dates of instants are those of `zone`, the business zone. Ranks read `measured` again: persist it.
    """
    types, _ = vocabularies(catalogue)
    tags = [t for t in catalogue.tags if t.grain == "person"]
    tagged = with_tags(measured, tags, tag_names(types), types, as_of=as_of, zone=zone)
    return tagged.select("person", F.lit(as_of).alias("as_of"), *types)


def with_tags(
    frame: DataFrame,
    tags: Iterable[Tag],
    names: dict[str, NameInfo],
    types: dict[str, Column],
    *,
    as_of: date,
    zone: str,
) -> DataFrame:
    """Return `frame` with the tags, each computed in order over what stands before it.

    `names` are all names the tags may use; `portrait.x` is read from the column `portrait.x`.
    """
    ready: dict[
        str, Values
    ] = {}  # tags that don't read each other: Spark analyses the whole plan at every step
    for tag in tags:
        if tag.modelled:  # it stands in the frame already, by its name
            continue
        if ready and (tag.rank or not ready.keys().isdisjoint(tag.reads)):
            frame, ready = frame.withColumns(ready), {}
        if tag.rank is not None:
            frame = with_rank(frame, tag.name, tag.rank, names, as_of=as_of, zone=zone)
            continue
        ready[tag.name] = _said(tag, names, as_of, zone).cast(types[tag.name].type)
    return frame.withColumns(ready) if ready else frame


def derivation(
    catalogue: Catalogue, names: Iterable[str], *, as_of: date, zone: str
) -> Callable[[DataFrame], DataFrame]:
    """Return what adds some derived tags of persons, and those that they read, to a frame of measures.

    For models, which speak before the tags are derived.
    """
    types, _ = vocabularies(catalogue)
    known = tag_names(types)
    wanted, chosen = set(names), []
    for tag in reversed(catalogue.tags):
        if tag.grain == "person" and tag.name in wanted:
            chosen.append(tag)
            wanted |= tag.reads
    return lambda frame: with_tags(frame, chosen[::-1], known, types, as_of=as_of, zone=zone)


def _said(tag: Tag, names: dict[str, NameInfo], as_of: date, zone: str) -> Values:
    """What an expression says, or which stage of a ladder: the highest whose condition holds."""
    found = [_column(text, names, as_of, zone) for text in tag.texts]
    if tag.ladder is None:
        return found[0]
    stages = [F.when(when, F.lit(rung.stage)) for rung, when in zip(tag.ladder.rungs, found, strict=True)]
    return F.coalesce(*reversed(stages))


def _column(text: str, names: dict[str, NameInfo], as_of: date, zone: str) -> Values:
    compiled = compile_expression(text, names)
    return compiled.column(lambda n: F.lit(as_of) if n == "as_of" else column_named(n), zone=zone)


def with_rank(
    frame: DataFrame, name: str, rank: Rank, names: dict[str, NameInfo], *, as_of: date, zone: str
) -> DataFrame:
    """Return `frame` with the quantile score 1…`into` of a column among those the condition holds for.

    The score is 1 + floor(into * (people with a strictly worse value) / (people)), so equal values have
    equal scores whatever the order or partitioning; null outside the condition or for a null value.
    """
    among = F.coalesce(_column(rank.among, names, as_of, zone), F.lit(False))
    value = F.when(among, F.col(rank.of))
    scores = quantile_scores(
        frame.select(value.alias("_value")), rank.into, best=rank.best
    ).withColumnRenamed("_score", name)
    return frame.withColumn("_value", value).join(F.broadcast(scores), "_value", "left").drop("_value")


def quantile_scores(values: DataFrame, into: int, *, best: str) -> DataFrame:
    """Return one row per distinct non-null `_value` with its `_score`; few rows: as many as there are values."""
    from pyspark.sql.window import Window  # noqa: PLC0415

    counts = values.where(F.col("_value").isNotNull()).groupBy("_value").agg(F.count("*").alias("_n"))
    order: Values = F.col("_value").desc() if best == "low" else F.col("_value").asc()
    upto = Window.orderBy(order).rowsBetween(Window.unboundedPreceding, -1)
    whole = Window.partitionBy()
    worse = F.coalesce(F.sum("_n").over(upto), F.lit(0))
    score = F.floor(worse * into / F.sum("_n").over(whole)) + 1
    return counts.select("_value", score.cast("int").alias("_score"))
