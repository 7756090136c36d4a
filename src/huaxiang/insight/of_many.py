"""The tables of many people that whole histories make: one function a group, each writes what it names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.days.cells import condition
from huaxiang.insight.chains import chain_sizes, earliest_links, led_to, share_chains, shared_links, shares
from huaxiang.insight.fans import brand_accounts, engagements, fan_base, fan_overlap, fan_spells
from huaxiang.insight.flows import flows
from huaxiang.insight.friend_lift import counted_days, exposures, friend_lift, friendships
from huaxiang.insight.gifts import gift_conversions
from huaxiang.insight.journeys import journeys
from huaxiang.insight.members import member_matches
from huaxiang.insight.newcomers import new_buyer_sources
from huaxiang.insight.of_months import first_month
from huaxiang.insight.premium import branded, premiums, sales
from huaxiang.insight.purchase_path import purchase_paths
from huaxiang.insight.talk_after import talks_after
from huaxiang.insight.turned_away import PUSHED, TURNED_BY
from huaxiang.portrait.coverage import covered_since, covers_by_feed
from huaxiang.relations.step import members_of
from huaxiang.together import THREADS, together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.night import Night

HEAVY = 1
"""Groups at once where people are many: each sends everybody's accounts to its joins, and all of that lies in memory."""


@dataclass(frozen=True)
class _Tonight:
    """What several groups read: the night, whom its feeds cover, and the entries of member lists (None: no list)."""

    night: Night
    coverage: Sequence[Mapping[str, Any]]
    members: DataFrame | None
    products: DataFrame
    accounts: DataFrame

    @property
    def as_of(self) -> date:
        return self.night.as_of

    @cached_property
    def orders_since(self) -> date | None:
        return covered_since("order_line", self.coverage)

    @property
    def persons(self) -> DataFrame:
        return self.read("person_account")

    def read(self, table: str) -> DataFrame:
        return self.night.lake.read(table)

    def write(self, name: str, frame: DataFrame) -> None:
        told = self.night.cut(frame).withColumn("as_of", F.lit(self.as_of)).repartition(1)
        self.night.attempt.replace(name, told)


def write_of_many(night: Night, coverage: Sequence[Mapping[str, Any]]) -> None:
    """Write every table of `OF_MANY`, as of tonight."""
    read, as_of, members = night.lake.read, night.as_of, members_of(night)
    products, accounts = night.cut_all(
        [
            branded(read("clean/product"), as_of=as_of),
            brand_accounts(read("clean/social_account"), as_of=as_of),
        ]
    )
    tonight = _Tonight(night, coverage, members, products, accounts)
    together([partial(group, tonight) for group in GROUPS], at_once=THREADS if night.small else HEAVY)


def _friend_lift(tonight: _Tonight) -> None:
    night, as_of = tonight.night, tonight.as_of
    day_rows, persons = night.day_rows(), tonight.persons
    opens = F.greatest(first_month(as_of), F.lit(tonight.orders_since).cast("date"))
    shared, orders = (
        counted_days(day_rows, persons, measure, opens=opens, as_of=as_of)
        for name in ("links_shared", "orders")
        for measure in night.catalogue.measures
        if measure.name == name
    )
    friends = friendships(tonight.read("clean/social_tie"), persons, zone=night.business_zone)
    sold, known = together([partial(night.set_aside, frame) for frame in (orders, friends)])
    exposed = night.set_aside(exposures(shared, known))
    tonight.write("friend_lift", friend_lift(exposed, sold, known, opens=opens, as_of=as_of))


def _journeys(tonight: _Tonight) -> None:
    night, as_of, persons = tonight.night, tonight.as_of, tonight.persons
    measures = night.catalogue.by_name
    made, told, said = journeys(
        night.day_rows(), persons, measures, tonight.coverage, tonight.read, tonight.products, as_of=as_of
    )
    bought = night.set_aside(made)
    tonight.write("purchase_path", purchase_paths(bought, told))
    tonight.write("talk_after", talks_after(bought, said, as_of=as_of))


def _chains(tonight: _Tonight) -> None:
    night, as_of, persons = tonight.night, tonight.as_of, tonight.persons
    zone, covers = night.business_zone, covers_by_feed(tonight.coverage)
    read = tonight.read("clean/share_link")
    links = night.set_aside(shared_links(read, tonight.products, persons, zone=zone, as_of=as_of))
    views = tonight.read("clean/browse_event").where(F.col("act") == "view")
    found = {"browse_event": views, "order_line": tonight.read("clean/order_line")}
    clicks, orders = (led_to(rows, links, persons, zone=zone, as_of=as_of) for rows in found.values())
    clicks = night.set_aside(clicks)
    shared = night.set_aside(shares(links, clicks))
    told = share_chains(
        links,
        shared,
        chain_sizes(shared),
        clicks if "browse_event" in covers else None,
        orders if "order_line" in covers else None,
        as_of=as_of,
    )
    tonight.write("share_chain", told)


def _flows(tonight: _Tonight) -> None:
    told = flows(tonight.night, tonight.coverage, tonight.members, tonight.accounts)
    tonight.write("conversion", told.conversion())
    tonight.write("push_cost", told.push_cost())


def _fans(tonight: _Tonight) -> None:
    as_of, accounts, persons = tonight.as_of, tonight.accounts, tonight.persons
    engaged = engagements(
        tonight.read("clean/social_post"),
        tonight.read("clean/social_interaction"),
        tonight.read("clean/social_message"),
        accounts,
        persons,
        as_of=as_of,
    )
    measures = tonight.night.catalogue.by_name
    follows, zone = tonight.read("clean/social_follow"), tonight.night.business_zone
    pushed = condition(measures[TURNED_BY[PUSHED]].part, zone)
    spells = fan_spells(follows, accounts, persons, pushed=pushed, zone=zone, as_of=as_of)
    spells = spells.localCheckpoint()  # both tables read it, one of them thrice
    known, related = tonight.orders_since is not None, tonight.read("brand_relation")
    tonight.write("fan_base", fan_base(spells, engaged, related, accounts, orders_known=known, as_of=as_of))
    tonight.write("fan_overlap", fan_overlap(spells))


def _premium(tonight: _Tonight) -> None:
    lines, portrait = tonight.read("clean/order_line"), tonight.read("portrait")
    sold = tonight.night.set_aside(sales(lines, tonight.persons, portrait, as_of=tonight.as_of))
    tonight.write("premium", premiums(sold, tonight.products))


def _newcomers(tonight: _Tonight) -> None:
    portrait, related = tonight.read("portrait"), tonight.read("brand_relation")
    links = earliest_links(tonight.read("clean/share_link"), zone=tonight.night.business_zone)
    told = new_buyer_sources(portrait, related, links, covered_from=tonight.orders_since, as_of=tonight.as_of)
    tonight.write("new_buyer_source", told)
    tonight.write("gift_conversion", gift_conversions(tonight.read("gift"), related))


def _members(tonight: _Tonight) -> None:
    if tonight.members is None:
        told = tonight.read("member_match").drop("as_of").limit(0)
    else:
        told = member_matches(tonight.members, minimum=tonight.night.config.minimum_group)
    tonight.write("member_match", told)


GROUPS: dict[Callable[[_Tonight], None], tuple[str, ...]] = {
    _friend_lift: ("friend_lift",),
    _journeys: ("purchase_path", "talk_after"),
    _chains: ("share_chain",),
    _flows: ("conversion", "push_cost"),
    _fans: ("fan_base", "fan_overlap"),
    _premium: ("premium",),
    _newcomers: ("new_buyer_source", "gift_conversion"),
    _members: ("member_match",),
}
"""What each group writes."""
OF_MANY = tuple(table for tables in GROUPS.values() for table in tables)
