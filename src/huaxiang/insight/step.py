"""The last part of the portrait step: what tables of many people tell, from rates and fans to paths and chains."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.config import NIGHTLY
from huaxiang.contracts.spark import empty_frame
from huaxiang.insight.chains import chain_sizes, led_to, share_chains, shared_links, shares
from huaxiang.insight.fans import brand_accounts, engagements, fan_base, fan_overlap, fan_spells
from huaxiang.insight.friend_lift import counted_days, exposures, friend_lift, friendships
from huaxiang.insight.gifts import gift_conversions
from huaxiang.insight.interval import first_month
from huaxiang.insight.journeys import (
    COMPARED_FROM,
    ORDERS,
    brand_days,
    comparisons,
    known_kinds,
    purchases,
)
from huaxiang.insight.members import member_matches
from huaxiang.insight.newcomers import new_buyer_sources
from huaxiang.insight.premium import branded, premiums, sales
from huaxiang.insight.purchase_path import purchase_paths
from huaxiang.insight.rates import ALL, is_told, rates
from huaxiang.insight.talk_after import talks_after
from huaxiang.insight.touches import BEFORE, COMPARED, TALK, TOUCHES
from huaxiang.portrait.assemble import people
from huaxiang.portrait.coverage import covers_by_feed, unknown_by_feed
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.night import Night

OF_MANY = (
    "purchase_path",
    "talk_after",
    "share_chain",
    "friend_lift",
    "new_buyer_source",
    "gift_conversion",
    "fan_base",
    "fan_overlap",
    "premium",
    "member_match",
)
"""What `are_due` speaks of; the slowest first."""
ON_THE_PAGE = (ALL, "courier", "tier")
"""Kinds of key of which there are few: the night's page tells them all."""


def write(
    night: Night, coverage: Iterable[Mapping[str, Any]], members: DataFrame | None
) -> list[dict[str, Any]]:
    """Write the tables that tell of many people: `rate` each night, the others when they `are_due`.

    They tell of tonight's day rows, portraits, relations and `members`, as of `relations.step`. Returns what the page
    of the night tells: the rates of its month and of the one before, with the words of each rate, and of each
    courier where it has some.
    """
    coverage = list(coverage)
    if are_due(night):
        together([partial(_write_rates, night, coverage), partial(_write_others, night, coverage, members)])
    else:
        _write_rates(night, coverage)
    return _on_the_page(night)


def are_due(night: Night) -> bool:
    """Whether tonight tells of many people: the first night of a week does, and with `insights: nightly` each.

    They read whole histories, and tell of months. A week begins on Monday; a night that makes a lake, or its day
    rows anew, tells too.
    """
    before = night.lake.newest
    if before is None or night.rebuild or night.config.insights == NIGHTLY:
        return True
    if not all(night.lake.exists(name) for name in OF_MANY):
        return True
    return before.as_of.isocalendar()[:2] != night.as_of.isocalendar()[:2]


def _write_rates(night: Night, coverage: list[Mapping[str, Any]]) -> None:
    covers, unknown = covers_by_feed(coverage), unknown_by_feed(coverage)
    declared = [rate for rate in night.catalogue.rates if is_told(rate, covers, unknown)]
    if declared:
        told = rates(night.day_rows(), declared, as_of=night.as_of)
    else:
        told = empty_frame(night.spark, night.contracts["rate"])
    night.attempt.replace("rate", night.cut(told).coalesce(1), unless_equal=True)


def _write_others(night: Night, coverage: list[Mapping[str, Any]], members: DataFrame | None) -> None:
    lake, as_of = night.lake, night.as_of
    opened = max(
        (row["covered_from"] for row in coverage if row["feed"] == "order_line" and row["covered_from"]),
        default=None,
    )
    related, portrait = lake.read("brand_relation"), lake.read("portrait")
    products = night.cut(branded(lake.read("clean/product"), as_of=as_of))
    sold = sales(lake.read("clean/order_line"), lake.read("person_account"), portrait, as_of=as_of).persist()
    made = {
        "new_buyer_source": new_buyer_sources(
            portrait,
            related,
            lake.read("clean/share_link"),
            covered_from=opened,
            as_of=as_of,
        ),
        "gift_conversion": gift_conversions(lake.read("gift"), related),
        **_of_fans(night, orders_known=opened is not None),
        "premium": premiums(sold, products),
        "member_match": (
            lake.read("member_match").drop("as_of").limit(0)
            if members is None
            else member_matches(members, minimum=night.config.minimum_group)
        ),
    }

    def replace(name: str, frame: DataFrame) -> None:
        told = night.cut(frame).withColumn("as_of", F.lit(as_of)).coalesce(1)
        night.attempt.replace(name, told)

    def lifted() -> None:
        replace("friend_lift", _friend_lift(night, opened))

    def journeyed() -> None:
        bought, told, said = _journeys(night, coverage, products)
        paths, talk = purchase_paths(bought, told), talks_after(bought, said, as_of=as_of)
        try:
            together([partial(replace, "purchase_path", paths), partial(replace, "talk_after", talk)])
        finally:
            bought.unpersist()

    def chained() -> None:
        replace("share_chain", _chains(night, covers_by_feed(coverage), products))

    steps: list[Callable[[], None]] = [journeyed, chained, lifted]
    steps += [partial(replace, name, frame) for name, frame in made.items()]
    try:
        together(steps)
    finally:
        sold.unpersist()


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


def _friend_lift(night: Night, covered_from: date | None) -> DataFrame:
    lake, as_of = night.lake, night.as_of
    day_rows, persons = night.day_rows(), lake.read("person_account")
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


def _journeys(
    night: Night, coverage: Sequence[Mapping[str, Any]], products: DataFrame
) -> tuple[DataFrame, dict[str, Column], dict[str, Column]]:
    """Return the purchases, worked out once, and of which touches and of which talk feeds tell."""
    lake, as_of = night.lake, night.as_of
    measures, persons = {m.name: m for m in night.catalogue.measures}, lake.read("person_account")
    touches = known_kinds(TOUCHES, measures, coverage, F.date_sub("day", BEFORE - 1))
    talk = known_kinds(TALK, measures, coverage, F.col("day"))
    counted = {kind: names for kind, (names, _) in (touches | talk).items() if names}
    days = brand_days(night.day_rows(), persons, {ORDERS: (ORDERS,), **counted}, measures, as_of=as_of)
    compared = None
    if COMPARED in touches:
        lines, browses = (lake.read(f"clean/{feed}") for feed in COMPARED_FROM)
        compared = comparisons(lines, browses, products, persons, as_of=as_of)
    made = purchases(days, compared, tuple(touches), as_of=as_of).join(people(persons), "person")
    bought = night.cut(made) if night.small else made.persist()
    told, said = ({kind: known for kind, (_, known) in kinds.items()} for kinds in (touches, talk))
    return bought, told, said


def _chains(night: Night, covers: Mapping[str, object], products: DataFrame) -> DataFrame:
    lake, as_of, zone = night.lake, night.as_of, night.business_zone
    persons = lake.read("person_account")
    links = night.cut(shared_links(lake.read("clean/share_link"), products, persons, zone=zone, as_of=as_of))
    views = lake.read("clean/browse_event").where(F.col("act") == "view")
    found = {"browse_event": views, "order_line": lake.read("clean/order_line")}
    clicks, orders = (led_to(rows, links, persons, zone=zone, as_of=as_of) for rows in found.values())
    clicks = night.cut(clicks)
    shared = night.cut(shares(links, clicks))
    return share_chains(
        links,
        shared,
        chain_sizes(shared),
        clicks if "browse_event" in covers else None,
        orders if "order_line" in covers else None,
        as_of=as_of,
    )


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
