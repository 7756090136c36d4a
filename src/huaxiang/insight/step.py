"""The last part of the portrait step: what tables of many people tell: rates, new buyers, gifts that make buyers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.insight.friend_lift import counted_days, exposures, friend_lift, friendships
from huaxiang.insight.gifts import gift_conversions
from huaxiang.insight.interval import first_month
from huaxiang.insight.newcomers import new_buyer_sources
from huaxiang.insight.rates import ALL, rates
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.night import Night

ON_THE_PAGE = (ALL, "courier", "tier")
"""Kinds of key of which there are few: the night's page tells them all."""


def write(night: Night, coverage: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Write `rate`, `new_buyer_source`, `gift_conversion` and `friend_lift` over tonight's day rows, portraits and relations.

    Returns what the page of the night tells: the rates of its month and of the one before, with the words of
    each rate, and of each courier where it has some.
    """
    lake, as_of = night.lake, night.as_of
    opened = min(
        (row["covered_from"] for row in coverage if row["feed"] == "order_line" and row["covered_from"]),
        default=None,
    )
    related = lake.read("brand_relation")
    made = {
        "rate": rates(lake.read("day_row"), night.catalogue.rates, as_of=as_of),
        "new_buyer_source": new_buyer_sources(
            lake.read("portrait"),
            related,
            lake.read("clean/share_link"),
            covered_from=opened,
            as_of=as_of,
        ),
        "gift_conversion": gift_conversions(lake.read("gift"), related),
    }

    def replace(name: str) -> None:
        frame = made[name] if name in made else _friend_lift(night, opened)
        night.attempt.replace(name, night.cut(frame).coalesce(1), unless_equal=True)

    together([partial(replace, name) for name in ("friend_lift", *made)])
    return _on_the_page(night)


def _friend_lift(night: Night, covered_from: date | None) -> DataFrame:
    lake, as_of = night.lake, night.as_of
    day_rows, persons = lake.read("day_row"), lake.read("person_account")
    opens = F.greatest(first_month(as_of), F.lit(covered_from).cast("date"))
    shares, orders = (
        counted_days(day_rows, persons, measure, opens=opens, as_of=as_of)
        for name in ("links_shared", "orders")
        for measure in night.catalogue.measures
        if measure.name == name
    )
    friends = friendships(lake.read("clean/social_tie"), persons, zone=night.business_zone)
    sold, known = night.cut_all([orders, friends])
    exposed = night.cut(exposures(shares, known))
    return friend_lift(exposed, sold, known, opens=opens, as_of=as_of)


def _on_the_page(night: Night) -> list[dict[str, Any]]:
    words = {rate.name: {"en": rate.title.en, "zh": rate.title.zh} for rate in night.catalogue.rates}
    couriers = night.lake.read("clean/courier").select("courier_id", "name_en", "name_zh").collect()
    names = {("courier", row[0]): {"en": row[1], "zh": row[2]} for row in couriers}
    since = F.add_months(F.trunc(F.lit(night.as_of), "month"), -1)
    shown = F.col("key_kind").isin(*ON_THE_PAGE) & (F.col("month") >= since)
    order = {name: number for number, name in enumerate(words)}
    rows = [row.asDict() for row in night.lake.read("rate").where(shown).collect()]
    rows.sort(key=lambda row: (order[row["rate"]], row["key_kind"], row["key"], row["month"]))
    return [
        row
        | {
            "month": row["month"].isoformat(),
            "title": words[row["rate"]],
            "key_title": names.get((row["key_kind"], row["key"])),
        }
        for row in rows
    ]
