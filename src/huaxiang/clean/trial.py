"""What cleaning would refuse of staged rows, counted by reason: for whoever writes a source map."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.conform import conform
from huaxiang.clean.joinkeys import pepper_frame
from huaxiang.clean.verdicts import JUDGED, PRIOR_ROWS, TOMBSTONES, verdicts
from huaxiang.frames import local_frame
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

    A row with several reasons counts in each of them. Rows are judged among themselves, as on a first night: what is
    loaded already, a night knows.
    """
    if not staged.rows:
        return Counter()
    frame = feed_frame(spark, staged, contract, source)
    pepper = pepper_frame(spark, b"keys are not looked at")
    rows = conform(frame, contract, source.over(config), pepper)
    incoming = rows.select(F.lit(contract.name).alias("feed"), *JUDGED)
    before, buried = (local_frame(spark, [], schema) for schema in (PRIOR_ROWS, TOMBSTONES))
    judged = verdicts(incoming, before, buried).where(F.col("outcome").isin(QUARANTINED, FILTERED))
    reasons = F.when(F.col("outcome") == QUARANTINED, F.col("reasons")).otherwise(F.array())
    said = judged.select(F.explode(F.concat(F.array("outcome"), reasons)).alias("said"))
    return Counter({row["said"]: row["count"] for row in said.groupBy("said").count().collect()})
