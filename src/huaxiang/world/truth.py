"""The planted truth, kept beside the landing files and never read by the pipeline.

Left out, because it is not planted: the best plan of a campaign (reach by a target comes later).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from huaxiang.world import rows
from huaxiang.world.dirt import CLASSES
from huaxiang.world.life import GENERATIONS, HOUSEHOLD_WORDS, STAGES, generations
from huaxiang.world.names import CATEGORIES, FITS, SIZES, TOPICS, WORN
from huaxiang.world.people import NEVER, PLATFORM_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from huaxiang.world.clock import Clock, Ints
    from huaxiang.world.dirt import Plan
    from huaxiang.world.goods import Goods
    from huaxiang.world.graph import Follows
    from huaxiang.world.outbox import Outbox
    from huaxiang.world.people import Accounts, People
    from huaxiang.world.shopping import Lines
    from huaxiang.world.wear import Wear

_CHANGE_FIELDS: dict[str, pa.DataType] = {
    "account": pa.string(),
    "arrival_date": pa.date32(),
    "business_date": pa.date32(),
    "paid_minor": pa.int64(),
    "returned_minor": pa.int64(),
}
_CHANGE = pa.schema(_CHANGE_FIELDS)


class Links:
    """Every share link with the one it passes on, and what it did: who saw it, clicked, and bought because of it."""

    def __init__(self) -> None:
        self._parts: list[tuple[Ints, ...]] = []
        self._orders: list[tuple[Ints, Ints]] = []

    def append(self, *columns: Ints) -> None:
        """Note one day's links: numbers, sharers, brands, the links they pass on and who clicked these, seen, clicked."""
        self._parts.append(columns)

    def bought(self, link: Ints, paid: Ints) -> None:
        """Note purchases that a link caused."""
        self._orders.append((link, paid))

    def columns(self) -> dict[str, Ints]:
        """Return one entry per link, in the order of their numbers."""
        names = ("link", "account", "brand", "parent", "came", "exposed", "clicks")
        empty = np.zeros(0, np.int64)
        found = {n: np.concatenate([empty, *(p[i] for p in self._parts)]) for i, n in enumerate(names)}
        link = np.concatenate([empty, *(o[0] for o in self._orders)])
        paid = np.concatenate([empty, *(o[1] for o in self._orders)])
        size = len(found["link"])
        found["orders"] = np.bincount(link - 1, minlength=size)
        found["paid_minor"] = np.bincount(link - 1, weights=paid, minlength=size).astype(np.int64)
        return found


class AdEffects:
    """What each campaign did beyond what would have happened anyway."""

    def __init__(self, campaigns: int, people: int) -> None:
        self.impressions = np.zeros(campaigns, np.int64)
        self.orders = np.zeros(campaigns, np.int64)
        self.paid = np.zeros(campaigns, np.int64)
        self._reached = np.zeros((campaigns, people), np.bool_)

    def shown(self, campaign: Ints, person: Ints) -> None:
        """Note impressions."""
        self.impressions += np.bincount(campaign, minlength=len(self.impressions))
        self._reached[campaign, person] = True

    def bought(self, campaign: Ints, paid: Ints) -> None:
        """Note purchases that a campaign caused."""
        self.orders += np.bincount(campaign, minlength=len(self.orders))
        self.paid += np.bincount(campaign, weights=paid, minlength=len(self.orders)).astype(np.int64)

    @property
    def people(self) -> Ints:
        """How many people saw each campaign."""
        people: Ints = self._reached.sum(axis=1)
        return people


class Truth:
    """Collects what is true while the world is made; money goes to disk day by day."""

    def __init__(
        self, folder: Path, people: People, accounts: Accounts, goods: Goods, wear: Wear, clock: Clock
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._clock = folder, clock
        self._people, self._accounts, self._goods, self._wear = people, accounts, goods, wear
        self._changes = pq.ParquetWriter(folder / "spend_change.parquet", _CHANGE, compression="zstd")
        size = len(accounts.person)
        self.paid, self.returned, self.order_count = (np.zeros(size, np.int64) for _ in range(3))
        self._gifts: list[Ints] = []
        self.links = Links()
        self.ads = AdEffects(len(goods.campaigns.brand), people.count)

    def orders(self, lines: Lines, business_day: Ints) -> None:
        """Book a day's order lines by their fates, and what links and campaigns caused among them."""
        final = lines.plan.final(lines.paid, lines.revised)
        np.add.at(self.paid, lines.account, final)
        kept = np.flatnonzero(lines.plan.is_kept)
        _, first = np.unique(lines.order[kept], return_index=True)
        np.add.at(self.order_count, lines.account[kept[first]], 1)
        row, arrival, change = lines.plan.changes(lines.paid, lines.revised)
        self._change(lines.account[row], arrival, business_day[row], change, np.zeros(len(row), np.int64))
        caused = kept[lines.caused[kept]]
        by_link = caused[lines.link[caused] >= 0]
        self.links.bought(lines.link[by_link], final[by_link])
        by_ad = caused[lines.campaign[caused] >= 0]
        self.ads.bought(lines.campaign[by_ad], final[by_ad])
        giver = self._accounts.person[lines.account]
        gift = kept[(lines.receiver != giver)[kept] & (lines.line[kept] == 1)]
        self._gifts.append(np.stack([giver[gift], lines.receiver[gift], business_day[gift]]))

    def refunds(self, lines: Lines, which: Ints, plan: Plan, amount: Ints, revised: Ints) -> None:
        """Book refunds of lines that stand; one counts once both it and its line have arrived."""
        last = self._clock.last
        in_time = plan.due <= last
        final = np.where(in_time, plan.final(amount, revised), 0)
        np.add.at(self.returned, lines.account[which], final)
        row, arrival, change = plan.changes(amount, revised)
        shown = np.flatnonzero(in_time[row])
        row, arrival, change = row[shown], arrival[shown], change[shown]
        known = np.maximum(arrival, lines.plan.arrival[which[row]])
        account = lines.account[which[row]]
        self._change(account, known, plan.due[row], np.zeros(len(row), np.int64), change)

    def _change(self, account: Ints, arrival: Ints, day: Ints, paid: Ints, returned: Ints) -> None:
        if len(account):
            columns = [
                rows.pick(self._accounts.key, account),
                self._dates(arrival),
                self._dates(day),
                pa.array(paid),
                pa.array(returned),
            ]
            self._changes.write_table(pa.table(columns, schema=_CHANGE))

    def write(self, follows: Follows, outbox: Outbox, summary: Mapping[str, Any]) -> None:
        """Write every truth table but those of identity, which `claims` knows."""
        self._changes.close()
        people, accounts, goods = self._people, self._accounts, self._goods
        person = np.arange(people.count)
        mine = np.arange(accounts.owners)
        self.save(
            "spend_account",
            account=rows.pick(accounts.key, mine),
            true_person=true_ids(accounts.person[mine]),
            paid_minor=self.paid[mine],
            returned_minor=self.returned[mine],
            orders=self.order_count[mine],
        )
        sums = [np.zeros(people.count, np.int64) for _ in range(3)]
        for total, of_account in zip(sums, (self.paid, self.returned, self.order_count), strict=True):
            np.add.at(total, accounts.person[mine], of_account[mine])
        self.save(
            "spend", true_person=true_ids(person), paid_minor=sums[0], returned_minor=sums[1], orders=sums[2]
        )
        topics = rows.words([t[0] for t in TOPICS])
        self.save(
            "interests",
            true_person=true_ids(np.repeat(person, 3)),
            topic=rows.pick(topics, people.topics.reshape(-1)),
            share=people.leaning.reshape(-1).astype(np.float64).round(6),
        )
        together = np.flatnonzero(people.household >= 0)
        self.save("households", true_person=true_ids(together), household=people.household[together])
        leaves = np.flatnonzero(people.churn_day != NEVER)
        self.save("churn", true_person=true_ids(leaves), churn_date=self._dates(people.churn_day[leaves]))
        self.save("price_band", true_person=true_ids(person), band=people.band)
        self.save(
            "lives",
            true_person=true_ids(person),
            life_stage=rows.pick(rows.words(STAGES), people.lives.stage),
            generation=rows.pick(rows.words(GENERATIONS), generations(people.birth_year)),
            household=rows.pick(HOUSEHOLD_WORDS, people.lives.household),
        )
        self.save("bargain", true_person=true_ids(person), bargain=people.bargain.round(6))
        self.save(
            "size",
            true_person=true_ids(np.repeat(person, len(WORN))),
            category=rows.pick(rows.words(CATEGORIES), np.tile(WORN, people.count)),
            size=rows.pick(rows.words(SIZES), self._wear.size.reshape(-1)),
            fit=rows.pick(rows.words(FITS), np.repeat(self._wear.fit, len(WORN))),
        )
        self.save("premium", brand_id=goods.brand_ident, premium=goods.brand_premium)
        self.save("satisfaction", true_person=true_ids(person), satisfaction=people.satisfaction.round(6))
        gifts = np.concatenate([np.zeros((3, 0), np.int64), *self._gifts], axis=1)
        self.save("gifts", giver=true_ids(gifts[0]), receiver=true_ids(gifts[1]), on=self._dates(gifts[2]))
        self._write_effects()
        self._write_reach(follows)
        brands = np.flatnonzero(accounts.brand >= 0)
        self.save(
            "brand_account",
            account=rows.pick(accounts.key, brands),
            brand_id=rows.pick(goods.brand_ident, accounts.brand[brands]),
        )
        self._write_faults(outbox)
        (self._folder / "world.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n")

    def _write_effects(self) -> None:
        goods, links = self._goods, self.links.columns()
        self.save(
            "friend_effect",
            link_id=rows.ids(links["link"], "l"),
            platform=rows.pick(PLATFORM_WORDS, self._accounts.platform[links["account"]]),
            sharer=rows.pick(self._accounts.key, links["account"]),
            brand_id=rows.pick(goods.brand_ident, links["brand"]),
            parent_link_id=rows.ids(links["parent"], "l"),
            came_as=rows.pick(self._accounts.key, links["came"]),
            **{name: links[name] for name in ("exposed", "clicks", "orders", "paid_minor")},
        )
        self.save(
            "ad_effect",
            campaign_id=goods.campaigns.ident,
            brand_id=rows.pick(goods.brand_ident, goods.campaigns.brand),
            impressions=self.ads.impressions,
            people=self.ads.people,
            effect_per_impression=goods.campaigns.effect,
            incremental_orders=self.ads.orders,
            incremental_paid_minor=self.ads.paid,
        )

    def _write_reach(self, follows: Follows) -> None:
        """Per brand and platform: followers of all who shared it, counted raw and once, at the end."""
        accounts, links = self._accounts, self.links.columns()
        follower, followee = follows.current(len(accounts.person))
        order = np.argsort(followee, kind="stable")
        follower, followee = follower[order], followee[order]
        found: list[tuple[int, int, int, int, int]] = []
        for p in range(2):
            for brand in range(self._goods.brands):
                mine = (links["brand"] == brand) & (accounts.platform[links["account"]] == p)
                sharers = np.unique(links["account"][mine])
                starts, stops = (np.searchsorted(followee, sharers, side=s) for s in ("left", "right"))
                reached = [follower[a:b] for a, b in zip(starts.tolist(), stops.tolist(), strict=True)]
                fans = np.concatenate([np.zeros(0, np.int64), *reached])
                found.append((p, brand, len(sharers), len(fans), len(np.unique(fans))))
        table = np.array(found, dtype=np.int64)
        self.save(
            "reach",
            platform=rows.pick(PLATFORM_WORDS, table[:, 0]),
            brand_id=rows.pick(self._goods.brand_ident, table[:, 1]),
            sharers=table[:, 2],
            raw_followers=table[:, 3],
            unique_followers=table[:, 4],
        )

    def _write_faults(self, outbox: Outbox) -> None:
        listed = sorted(outbox.faults.items())
        verdicts = {**{name: verdict for name, (_, verdict) in CLASSES.items()}, "file_twice": "duplicates"}
        self.save(
            "faults",
            feed=[feed for (feed, _, _), _ in listed],
            arrival_date=self._dates(np.array([day for (_, day, _), _ in listed], np.int64)),
            fault=[name for (_, _, name), _ in listed],
            verdict=[verdicts[name] for (_, _, name), _ in listed],
            rows=[count for _, count in listed],
        )
        landed = sorted(outbox.landed)
        self.save(
            "landed",
            feed=[entry[0] for entry in landed],
            arrival_date=self._dates(np.array([entry[1] for entry in landed], np.int64)),
            files=[entry[2] for entry in landed],
            rows=[entry[3] for entry in landed],
        )

    def _dates(self, day: Ints) -> pa.Array[Any]:
        return rows.dates(self._clock.epoch_day(day))

    def save(self, name: str, **columns: Any) -> None:
        """Write one truth table."""
        pq.write_table(pa.table(columns), self._folder / f"{name}.parquet", compression="zstd")


def true_ids(person: Ints) -> pa.Array[Any]:
    """Return the names of true persons: h1, h2 and so on."""
    return rows.ids(np.asarray(person) + 1, "h")
