"""The night's flows: between which kinds of relation people can be followed, and what turned them away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.spark import empty_frame
from huaxiang.frames import stacked
from huaxiang.insight.conversion import GIFT, MEMBERSHIP, MOVES, TOLD_BY, conversions, first_days
from huaxiang.insight.push_cost import ads_shown, messages_sent, push_costs
from huaxiang.insight.turned_away import HIDE, TURNED_BY, UNFOLLOW, campaign_brands, turned_away
from huaxiang.portrait.coverage import covered_since, covers_by_feed, is_told, unknown_by_feed
from huaxiang.portrait.gifts import TOLD_BY as GIFT_TOLD_BY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Measure
    from huaxiang.night import Night

LISTS = "brand_member"
IMPRESSIONS, MESSAGES = "ad_impressions", "messages_sent"


@dataclass(frozen=True)
class ToldOfBrands:
    """What the feeds of a lake tell: its brand measures by name, whether orders tell gifts, and since when feeds are known."""

    measures: Mapping[str, Measure]
    tells_gifts: bool
    since: Mapping[str, date | None]

    def has(self, *names: str) -> bool:
        """Whether all these measures are told."""
        return all(name in self.measures for name in names)


def known(measures: Iterable[Measure], coverage: Sequence[Mapping[str, Any]]) -> ToldOfBrands:
    """Return what is told of brands, from rows of the table `coverage`.

    A measure is when its feed came and told all that it reads, and which brand it concerns.
    """
    covers, unknown = covers_by_feed(coverage), unknown_by_feed(coverage)

    told = {
        measure.name: measure
        for measure in measures
        if measure.part.event.key("brand") and is_told(measure, covers, unknown, "brand")
    }
    tells_gifts = "orders" in told and not set(GIFT_TOLD_BY) <= unknown.get("order_line", frozenset())
    return ToldOfBrands(told, tells_gifts, {feed: covered_since(feed, coverage) for feed in covers})


@dataclass(frozen=True)
class Flows:
    """One night's flows; `members` are the entries of member lists, None where no list came."""

    night: Night
    known: ToldOfBrands
    members: DataFrame | None
    accounts: DataFrame
    brands: DataFrame
    away: DataFrame

    def conversion(self) -> DataFrame:
        """Return the table `conversion`."""
        night, told = self.night, self.known
        measures = {
            kind: tuple(told.measures[name] for name in names)
            for kind, names in TOLD_BY.items()
            if told.has(*names)
        }
        since = {kind: told.since[of_kind[0].part.event.feed] for kind, of_kind in measures.items()}
        others, listed = {}, None
        if self.members is not None:
            others[MEMBERSHIP] = self.members.withColumnRenamed("joined_on", "on")
            since[MEMBERSHIP] = told.since.get(LISTS)
            listed = self.members.select("brand_id").distinct()
        if told.tells_gifts:
            others[GIFT] = night.lake.read("gift").withColumnRenamed("given_on", "on")
            since[GIFT] = since["purchase"]
        ways = [
            (*way, max((day for kind in way if (day := since[kind])), default=None))
            for way in MOVES
            if since.keys() >= {*way}
        ]
        if not ways:
            return empty_frame(night.spark, night.contracts["conversion"])
        firsts = first_days(
            night.day_rows(), night.lake.read("person_account"), measures, others, as_of=night.as_of
        )
        away = self.away if self._tells_losses else None
        return conversions(firsts, away, listed, ways, as_of=night.as_of)

    def push_cost(self) -> DataFrame:
        """Return the table `push_cost`."""
        night, told = self.night, self.known
        day_rows, persons = night.day_rows(), night.lake.read("person_account")
        pushed = []
        if told.has(IMPRESSIONS):
            impressions = told.measures[IMPRESSIONS]
            pushed.append(ads_shown(day_rows, persons, self.brands, impressions, as_of=night.as_of))
        if told.has(MESSAGES):
            messages = told.measures[MESSAGES]
            pushed.append(messages_sent(day_rows, persons, self.accounts, messages, as_of=night.as_of))
        if not pushed:
            return empty_frame(night.spark, night.contracts["push_cost"])
        hows = [how for how, name in TURNED_BY.items() if told.has(name)]
        return push_costs(stacked(pushed), self.away, hows)

    @property
    def _tells_losses(self) -> bool:
        return self.known.has(TURNED_BY[UNFOLLOW], TURNED_BY[HIDE])


def flows(
    night: Night, coverage: Sequence[Mapping[str, Any]], members: DataFrame | None, accounts: DataFrame
) -> Flows:
    """Return the night's flows; `accounts` as of `insight.fans.brand_accounts`."""
    lake, told = night.lake, known(night.catalogue.measures, coverage)
    brands = campaign_brands(lake.read("clean/campaign"), as_of=night.as_of)
    measures = {how: told.measures[name] for how, name in TURNED_BY.items() if told.has(name)}
    away = turned_away(night.day_rows(), lake.read("person_account"), brands, measures, as_of=night.as_of)
    return Flows(night, told, members, accounts, brands, night.set_aside(away))
