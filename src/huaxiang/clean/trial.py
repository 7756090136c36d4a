"""What cleaning would refuse of staged rows, counted by reason: for whoever writes a source map."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.conform import conform
from huaxiang.clean.joinkeys import pepper_frame
from huaxiang.sources.feed import feed_frame
from huaxiang.sources.outside import FILTERED, QUARANTINED

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from huaxiang.config import Config
    from huaxiang.contracts.model import Contract
    from huaxiang.sources.outside import SourceMap
    from huaxiang.sources.stage import Staged


def refused_by_reason(
    spark: SparkSession, staged: Staged, contract: Contract, source: SourceMap, config: Config
) -> Counter[str]:
    """Return how many of the staged rows a night would put into quarantine, in all as `QUARANTINED` and by reason, and leave out, as `FILTERED`.

    A row with several reasons counts in each of them. Rows are not compared with each other: `conflicting_revision`
    is a night's to find.
    """
    if not staged.rows:
        return Counter()
    frame = feed_frame(spark, staged, contract, source)
    pepper = pepper_frame(spark, b"keys are not looked at")
    rows = conform(frame, contract, source.over(config), pepper)
    refused = F.when(F.size("reasons") > 0, F.concat(F.array(F.lit(QUARANTINED)), F.col("reasons")))
    said = F.when(F.col("_filtered"), F.array(F.lit(FILTERED))).otherwise(refused)
    reasons = rows.select(F.explode(said).alias("reason")).groupBy("reason").count()
    return Counter({row["reason"]: row["count"] for row in reasons.collect()})
