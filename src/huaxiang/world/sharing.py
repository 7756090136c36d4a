"""Share links: who shares what, which friends see it, click it, buy because of it, and pass it on (planted)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from huaxiang.world import rows
from huaxiang.world.clock import DAY, Floats, Ints
from huaxiang.world.people import SHOPS, SOCIAL, Crowd

if TYPE_CHECKING:
    from huaxiang.world.context import World

SEES, CLICKS, BUYS = 0.5, 0.3, 0.06
"""Of friends see a shared link, of those click, of those buy because of it, unless a world says otherwise."""
PASSES_ON = 0.3
"""Of those who click, share the same product the day after, with a link of their own, unless a world says otherwise."""
_CHANNELS = ("moments", "group", "direct", "qr_code")


@dataclass(frozen=True)
class Shared:
    """The links shared on one day; `parent` is the link through which the shop account `came` to it (−1: none)."""

    account: Ints
    product: Ints
    brand: Ints
    topic: Ints
    at: Ints
    link: Ints
    parent: Ints
    came: Ints


@dataclass(frozen=True)
class PassedOn:
    """What people will share the day after they clicked it, and through which link which shop account came to it."""

    account: Ints
    product: Ints
    topic: Ints
    parent: Ints
    came: Ints

    @classmethod
    def none(cls) -> PassedOn:
        """Return nothing."""
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, empty, empty, empty)


@dataclass(frozen=True)
class Visits:
    """Shop visits that something led to: a share link or a campaign (−1: none)."""

    account: Ints
    product: Ints
    at: Ints
    link: Ints
    campaign: Ints

    @classmethod
    def none(cls) -> Visits:
        """Return no visits."""
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, empty, empty, empty)

    def where(self, kept: Ints) -> Visits:
        """Return the visits at these positions."""
        return Visits(
            self.account[kept], self.product[kept], self.at[kept], self.link[kept], self.campaign[kept]
        )

    def and_also(self, other: Visits) -> Visits:
        """Return these visits, then the others."""
        return Visits(
            np.append(self.account, other.account),
            np.append(self.product, other.product),
            np.append(self.at, other.at),
            np.append(self.link, other.link),
            np.append(self.campaign, other.campaign),
        )


class Sharing:
    """Who shares, what will be passed on, and through which link each person last came to a brand."""

    def __init__(self, world: World, buys: float = BUYS, passes_on: float = PASSES_ON) -> None:
        people, accounts = world.people, world.accounts
        self.world, self.buys, self.passes_on = world, buys, passes_on
        self.tomorrow = PassedOn.none()
        crowd = accounts.of(SOCIAL)
        person = accounts.person[crowd]
        weight: Floats = people.posting[person] * people.influence[person] ** 0.5
        self.sharers = Crowd(crowd, weight, accounts.opened[crowd])
        self.last_link = np.full(people.count, -1, dtype=np.int64)
        self.last_brand = np.full(people.count, -1, dtype=np.int64)
        self.last_day = np.full(people.count, -99, dtype=np.int64)
        self._channels = rows.words(_CHANNELS)

    def live(self, day: int) -> tuple[Shared, Visits, Visits]:
        """Make one day's links; return them, the clicks they got, and the purchases they caused."""
        world, rng = self.world, self.world.dice("sharing", day)
        account = self.sharers.draw(rng, world.count("share", rng, day, self.sharers), day)
        person = world.accounts.person[account]
        topic = world.people.topic(rng, person)
        product = world.goods.choose(rng, person, topic, world.people.band[person])
        again = self.tomorrow
        none = np.full(len(account), -1)
        account, product = np.append(account, again.account), np.append(product, again.product)
        topic = np.append(topic, again.topic)
        begins = world.clock.midnight(day)
        times = np.minimum(world.clock.social_times(rng, len(account)), DAY - 4 * 3600)
        shared = Shared(
            account=account,
            product=product,
            brand=world.goods.product_brand[product],
            topic=topic,
            at=begins + times,
            link=world.numbers("link", len(account)),
            parent=np.append(none, again.parent),
            came=np.append(none, again.came),
        )
        channel = rng.integers(0, len(_CHANNELS), len(account))
        columns = {
            **world.who(account),
            "link_id": rows.ids(shared.link, "l"),
            "product_id": rows.pick(world.goods.product_ident, product),
            "channel": rows.pick(self._channels, channel),
            "at": shared.at,
        }
        world.outbox.post(rows.table("share_link", len(account), columns), "share_link", day)
        clicks, buys = self._consequences(rng, day, shared)
        return shared, clicks, buys

    def _passed_on(self, day: int, shared: Shared, which: Ints, shop: Ints) -> PassedOn:
        """Return what those who clicked the links at the positions `which` will share, where they read them."""
        world, rng = self.world, self.world.dice("passed on", day)
        chosen = np.flatnonzero(rng.random(len(shop)) < self.passes_on)
        which, shop = which[chosen], shop[chosen]
        read_on = world.accounts.platform[shared.account[which]]
        reader = world.accounts.home[read_on, world.accounts.person[shop]]
        return PassedOn(reader, shared.product[which], shared.topic[which], shared.link[which], shop)

    def _consequences(self, rng: np.random.Generator, day: int, shared: Shared) -> tuple[Visits, Visits]:
        world = self.world
        which, friend = world.friends.all_of(world.accounts.person[shared.account])
        platform = world.accounts.platform[shared.account][which]
        reads = world.is_open(world.accounts.home[platform, friend], day)
        seen = np.flatnonzero(reads & (rng.random(len(which)) < SEES))
        clicking = seen[rng.random(len(seen)) < CLICKS]
        which_click, who = which[clicking], friend[clicking]
        shop = shop_of(world, rng, who)
        can = np.flatnonzero(world.is_open(shop, day))
        which_click, who, shop = which_click[can], who[can], shop[can]
        clicks = Visits(
            account=shop,
            product=shared.product[which_click],
            at=shared.at[which_click] + rng.integers(60, 2 * 3600, len(can)),
            link=shared.link[which_click],
            campaign=np.full(len(can), -1),
        )
        self.last_link[who] = clicks.link
        self.last_brand[who] = shared.brand[which_click]
        self.last_day[who] = day
        self.tomorrow = self._passed_on(day, shared, which_click, clicks.account)
        alive = world.people.churn_day[who] > day
        buying = np.flatnonzero(alive & (rng.random(len(who)) < self.buys))
        buys = clicks.where(buying)
        world.truth.links.append(
            shared.link,
            shared.account,
            shared.brand,
            shared.parent,
            shared.came,
            np.bincount(which[seen], minlength=len(shared.link)),
            np.bincount(which_click, minlength=len(shared.link)),
        )
        return clicks, Visits(buys.account, buys.product, buys.at + 900, buys.link, buys.campaign)


def shop_of(world: World, rng: np.random.Generator, person: Ints) -> Ints:
    """Return the shop account each person would use: mostly the mall; −1 without any."""
    mall, outlet = (world.accounts.home[p, person] for p in SHOPS)
    prefers_outlet = (rng.random(len(person)) < 0.25) | (mall < 0)
    shop: Ints = np.where(prefers_outlet & (outlet >= 0), outlet, mall)
    return shop
