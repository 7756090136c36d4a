"""Components of linked accounts on Spark: contracted while large, finished on the driver once small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from huaxiang.identity.claims import DEMOTED, links, unusable_values
from huaxiang.identity.settle import labelled, settled

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from huaxiang.config import IdentityLimits

DRIVER_LINKS = 3_000_000  # about 250 MB as Arrow; some seconds of numpy


@dataclass(frozen=True)
class Components:
    """Who belongs together, and what was not believed.

    `membership`: `account`, `component` (its smallest account key), `linked_by`; only of accounts that are
    linked to another. `unusable`: `kind`, `value` (pseudonym), `accounts`, `reason`, demoted values too.
    """

    membership: DataFrame
    unusable: DataFrame


def components(
    judged: DataFrame, limits: IdentityLimits, *, claims: int, driver_links: int = DRIVER_LINKS
) -> Components:
    """Find the components of the links in `judged` (`claims.judged_values`) and cut those over the limits.

    `claims` is how many there were, more than there are rows. Up to `driver_links` the graph comes to the
    driver; beyond that it is first contracted on Spark, and only components over a limit come.
    """
    if claims <= driver_links:
        return _on_driver(judged, judged.toArrow(), limits)
    judged = judged.localCheckpoint()
    if judged.count() <= driver_links:
        return _on_driver(judged, judged.toArrow(), limits)
    membership, demotions = _contracted(links(judged), limits, driver_links)
    demoted = demotions.withColumn("reason", F.lit(DEMOTED))
    return Components(membership, unusable_values(judged).unionByName(demoted))


def _on_driver(judged: DataFrame, table: pa.Table, limits: IdentityLimits) -> Components:
    has_reason = pc.is_valid(table["reason"])
    membership, demotions = settled(table.filter(pc.invert(has_reason)), limits)
    reason = pa.nulls(len(demotions), pa.string()).fill_null(DEMOTED)
    demoted = demotions.append_column("reason", reason)
    told = table.filter(has_reason).select(demoted.column_names).cast(demoted.schema)
    unusable = pa.concat_tables([told, demoted])
    return Components(_frame(judged, membership), _frame(judged, unusable))


def component_labels(edges: DataFrame, *, driver_links: int = DRIVER_LINKS) -> DataFrame:
    """Return `node`, `label` of the graph with the edges `left`–`right`: the smallest node of its component.

    Each round replaces a node by its neighbour (or itself) with the smallest hash, seeded by the round,
    and the edges by those between the replacements.
    """
    rounds: list[DataFrame] = []
    edges = edges.where("left != right").distinct().localCheckpoint()
    while edges.count() > driver_links:
        parents = _parents(edges, len(rounds)).localCheckpoint()
        rounds.append(parents)
        for end in ("left", "right"):
            moved = edges.join(parents.withColumnRenamed("node", end), end)
            edges = moved.drop(end).withColumnRenamed("parent", end)
        edges = edges.where("left != right").distinct().localCheckpoint()
    ends = edges.toArrow()
    labels = _frame(edges, labelled(ends["left"], ends["right"]))
    for parents in reversed(rounds):
        above = labels.withColumnRenamed("node", "parent")
        label = F.coalesce("label", "parent").alias("label")
        labels = parents.join(above, "parent", "left").select("node", label)
    smallest = labels.groupBy("label").agg(F.min("node").alias("smallest"))
    return labels.join(smallest, "label").select("node", F.col("smallest").alias("label"))


def _parents(edges: DataFrame, seed: int) -> DataFrame:
    turned = edges.select(F.col("right").alias("left"), F.col("left").alias("right"))
    near = F.min(F.struct(F.xxhash64(F.lit(seed), "right").alias("hash"), F.col("right").alias("node")))
    own = F.struct(F.xxhash64(F.lit(seed), "left").alias("hash"), F.col("left").alias("node"))
    nearest = edges.unionByName(turned).groupBy("left").agg(near.alias("near"))
    return nearest.select(F.col("left").alias("node"), F.least("near", own)["node"].alias("parent"))


def _contracted(edges: DataFrame, limits: IdentityLimits, driver_links: int) -> tuple[DataFrame, DataFrame]:
    pairs = edges.select(F.col("account").alias("left"), F.col("first").alias("right"))
    labels = component_labels(pairs, driver_links=driver_links).select(
        F.col("node").alias("account"), F.col("label").alias("component")
    )
    labels = labels.localCheckpoint()
    over = (
        labels.groupBy("component", F.split_part("account", F.lit(":"), F.lit(1)).alias("platform"))
        .agg(F.count(F.lit(1)).alias("accounts"))
        .groupBy("component")
        .agg(F.sum("accounts").alias("all"), F.max("accounts").alias("most"))
        .where((F.col("all") > limits.max_accounts) | (F.col("most") > limits.max_accounts_per_platform))
        .select("component")
    )
    placed = edges.join(labels, "account").localCheckpoint()
    over = over.localCheckpoint()
    cut, demotions = settled(placed.join(over, "component", "left_semi").drop("component").toArrow(), limits)
    fitting = placed.join(over, "component", "left_anti")
    kinds = fitting.groupBy("component").agg(F.sort_array(F.collect_set("kind")).alias("linked_by"))
    membership = labels.join(kinds, "component").select("account", "component", "linked_by")
    return membership.unionByName(_frame(edges, cut)), _frame(edges, demotions)


def _frame(like: DataFrame, table: pa.Table) -> DataFrame:
    return like.sparkSession.createDataFrame(table)
