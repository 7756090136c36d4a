"""Stages from night to night: since when somebody stands where, who moved, and how many in all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.frames import stacked
from huaxiang.identity.followed import followed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.tags import Tag

KEY = ("ladder", "brand_id", "person")


def standing(portrait: DataFrame, brand_relation: DataFrame, ladders: Sequence[Tag]) -> DataFrame:
    """Return `ladder`, `brand_id` (null for a ladder of persons), `person`, `stage`; nobody without a stage."""
    nobody = F.lit(None).cast("string")
    sides = (("person", portrait, nobody), ("brand", brand_relation, F.col("brand_id")))
    found = [
        _stages_of(frame, brand, [tag for tag in ladders if tag.grain == grain])
        for grain, frame, brand in sides
        if any(tag.grain == grain for tag in ladders)
    ]
    return stacked(found)


def _stages_of(frame: DataFrame, brand: Column, ladders: Sequence[Tag]) -> DataFrame:
    said = [
        F.when(
            F.col(tag.name).isNotNull(),
            F.struct(F.lit(tag.name).alias("ladder"), F.col(tag.name).alias("stage")),
        )
        for tag in ladders
    ]
    on = F.explode(F.array_compact(F.array(*said))).alias("_on")
    told = frame.select(brand.alias("brand_id"), "person", on)
    return told.select("_on.ladder", "brand_id", "person", "_on.stage")


def compared(previous: DataFrame, now: DataFrame, taken: DataFrame) -> DataFrame:
    """Return one row per ladder, brand and person of either night: the stage before (`was`), `since`, tonight's (`is`).

    Who was taken in (`identity.followed`) is not lost; of several who stood on a stage, the one whose id stays counts,
    else who has stood there longest (ties: the first stage by name).
    """
    stood = F.struct((~F.col("own")).alias("taken_in"), "since", F.col("stage").alias("was")).alias("_stood")
    before = followed(previous, taken).select(*KEY, stood, F.lit(None).cast("string").alias("is"))
    nothing = F.lit(None).cast(before.schema["_stood"].dataType).alias("_stood")
    tonight = now.select(*KEY, nothing, F.col("stage").alias("is"))
    both = before.unionByName(tonight).groupBy(*KEY)
    stands = both.agg(F.min("_stood").alias("_stood"), F.max("is").alias("is"))
    return stands.select(*KEY, "_stood.was", "_stood.since", "is")


@dataclass(frozen=True)
class Moves:
    """Tonight's `stage`, `stage_change` and `stage_flow`."""

    stage: DataFrame
    change: DataFrame
    flow: DataFrame


def moves(
    both: DataFrame, *, versions: Mapping[str, int], restated: Collection[str], as_of: date, release: int
) -> Moves:
    """Return who stands where since when, who moved, and how many did and didn't, from `compared`.

    `since` stays for who stays on a stage and is `as_of` for who comes to it. `from_stage` and `to_stage` are
    null for outside the ladder, `version` for a ladder that is gone. Of the ladders in `restated`, which are
    new, gone or of other rules, moves are told but are not people's own.
    """
    known = [F.when(F.col("ladder") == name, F.lit(number)) for name, number in sorted(versions.items())]
    version = F.coalesce(*known, F.lit(None)).cast("int").alias("version")
    stays = F.col("was").eqNullSafe(F.col("is"))
    days = F.date_diff(F.lit(as_of), F.col("since"))
    told = both.select(
        *KEY,
        F.col("was").alias("from_stage"),
        F.col("is").alias("to_stage"),
        days.alias("days"),
        F.col("ladder").isin(*sorted(restated)).alias("restated"),
    )
    dated = F.lit(as_of).alias("as_of"), F.lit(release).cast("bigint").alias("release")
    flow = told.groupBy("ladder", "brand_id", "from_stage", "to_stage").agg(
        F.count(F.lit(1)).alias("people"),
        F.coalesce(F.sum("days"), F.lit(0)).cast("bigint").alias("person_days"),
        F.max("restated").alias("restated"),
    )
    moved = ~F.col("from_stage").eqNullSafe(F.col("to_stage"))
    return Moves(
        both.where(F.col("is").isNotNull()).select(
            *KEY,
            F.col("is").alias("stage"),
            F.when(stays, F.col("since")).otherwise(F.lit(as_of)).alias("since"),
            version,
        ),
        told.where(moved).select(*KEY, "from_stage", "to_stage", "days", "restated", *dated),
        flow.select("*", version, *dated),
    )
