"""Members from night to night: since when somebody is in, who entered, who left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.identity.followed import followed

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import DataFrame

KEY = ("segment", "brand_id", "person")


def compared(previous: DataFrame, now: DataFrame, taken: DataFrame) -> DataFrame:
    """Return one row per membership of either night: key, `since` (null for who enters), `was`, `is`.

    Who was taken in (`identity.followed`) has not left: the person is in since the first of both was.
    """
    nobody = F.lit(None).cast("date").alias("since")
    before = followed(previous, taken).select(
        *KEY, "since", F.lit(True).alias("was"), F.lit(False).alias("is")
    )
    tonight = now.select(*KEY, nobody, F.lit(False).alias("was"), F.lit(True).alias("is"))
    both = before.unionByName(tonight)
    return both.groupBy(*KEY).agg(
        F.min("since").alias("since"), F.max("was").alias("was"), F.max("is").alias("is")
    )


def outcome(both: DataFrame, *, as_of: date, release: int) -> tuple[DataFrame, DataFrame]:
    """Return tonight's `segment_membership`, and `segment_change`: who entered or left since, from `compared`.

    `since` stays for a person who stays (by person id) and is `as_of` for one who enters. A segment
    that isn't defined any more is left by all.
    """
    since = F.coalesce("since", F.lit(as_of)).alias("since")
    change = F.when(F.col("is"), "entered").otherwise("left").alias("change")
    dated = (F.lit(as_of).alias("as_of"), F.lit(release).cast("bigint").alias("release"))
    return (
        both.where(F.col("is")).select(*KEY, since),
        both.where(F.col("was") != F.col("is")).select(*KEY, change, *dated),
    )
