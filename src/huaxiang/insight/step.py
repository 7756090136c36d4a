"""The last part of the portrait step: what tables of many people tell: rates, new buyers, gifts, fans, premiums, lists."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.contracts.spark import empty_frame
from huaxiang.insight.fans import brand_accounts, engagements, fan_base, fan_overlap, fan_spells
from huaxiang.insight.gifts import gift_conversions
from huaxiang.insight.members import member_matches
from huaxiang.insight.newcomers import new_buyer_sources
from huaxiang.insight.premium import branded, premiums, sales
from huaxiang.insight.rates import ALL, is_told, rates
from huaxiang.portrait.coverage import covers_by_feed, unknown_by_feed
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyspark.sql import DataFrame

    from huaxiang.night import Night

ON_THE_PAGE = (ALL, "courier", "tier")
"""Kinds of key of which there are few: the night's page tells them all."""


def write(
    night: Night, coverage: Iterable[Mapping[str, Any]], members: DataFrame | None
) -> list[dict[str, Any]]:
    """Write `rate`, `new_buyer_source`, `gift_conversion`, `fan_base`, `fan_overlap`, `premium` and `member_match`.

    They tell of tonight's day rows, portraits, relations and `members`, as of `relations.step`. Returns what the page
    of the night tells: the rates of its month and of the one before, with the words of each rate, and of each
    courier where it has some.
    """
    lake, as_of = night.lake, night.as_of
    coverage = list(coverage)
    covers, unknown = covers_by_feed(coverage), unknown_by_feed(coverage)
    declared = [rate for rate in night.catalogue.rates if is_told(rate, covers, unknown)]
    opened = [row["covered_from"] for row in coverage if row["feed"] == "order_line" and row["covered_from"]]
    related, portrait = lake.read("brand_relation"), lake.read("portrait")
    sold = sales(lake.read("clean/order_line"), lake.read("person_account"), portrait, as_of=as_of).persist()
    made = {
        "rate": rates(night.day_rows(), declared, as_of=as_of)
        if declared
        else empty_frame(night.spark, night.contracts["rate"]),
        "new_buyer_source": new_buyer_sources(
            portrait,
            related,
            lake.read("clean/share_link"),
            covered_from=max(opened, default=None),
            as_of=as_of,
        ),
        "gift_conversion": gift_conversions(lake.read("gift"), related),
        **_of_fans(night, orders_known=bool(opened)),
        "premium": premiums(sold, night.cut(branded(lake.read("clean/product"), as_of=as_of))),
        "member_match": (
            lake.read("member_match").limit(0)
            if members is None
            else member_matches(members, minimum=night.config.minimum_group)
        ),
    }

    def replace(name: str) -> None:
        night.attempt.replace(name, night.cut(made[name]).coalesce(1), unless_equal=True)

    try:
        together([partial(replace, name) for name in made])
    finally:
        sold.unpersist()
    return _on_the_page(night)


def _of_fans(night: Night, *, orders_known: bool) -> dict[str, DataFrame]:
    lake, as_of = night.lake, night.as_of
    persons, related = lake.read("person_account"), lake.read("brand_relation")
    accounts = brand_accounts(lake.read("clean/social_account"), as_of=as_of).localCheckpoint()
    engaged = engagements(
        lake.read("clean/social_post"),
        lake.read("clean/social_interaction"),
        lake.read("clean/social_message"),
        accounts,
        persons,
        as_of=as_of,
    )
    spells = fan_spells(lake.read("clean/social_follow"), accounts, persons, as_of=as_of)
    spells = spells.localCheckpoint()  # both tables read it, one of them thrice
    return {
        "fan_base": fan_base(spells, engaged, related, accounts, orders_known=orders_known, as_of=as_of),
        "fan_overlap": fan_overlap(spells),
    }


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
