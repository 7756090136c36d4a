"""The last part of the portrait step: what tables of many people tell, `rate` and `new_buyer_source`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from huaxiang.insight.newcomers import new_buyer_sources
from huaxiang.insight.rates import rates
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from pyspark.sql import DataFrame

    from huaxiang.night import Night


def write(night: Night, coverage: Iterable[Mapping[str, Any]]) -> None:
    """Write `rate` and `new_buyer_source` over tonight's day rows, portraits and relations."""
    lake, as_of = night.lake, night.as_of
    opened = [row["covered_from"] for row in coverage if row["feed"] == "order_line" and row["covered_from"]]
    made = {
        "rate": rates(lake.read("day_row"), night.catalogue.rates, as_of=as_of),
        "new_buyer_source": new_buyer_sources(
            lake.read("portrait"),
            lake.read("brand_relation"),
            lake.read("clean/share_link"),
            covered_from=min(opened, default=None),
            as_of=as_of,
        ),
    }

    def replace(name: str, frame: DataFrame) -> None:
        night.attempt.replace(name, night.cut(frame).coalesce(1), unless_equal=True)

    together([partial(replace, name, frame) for name, frame in made.items()])
