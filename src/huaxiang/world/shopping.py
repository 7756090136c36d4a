"""A day in the shops: visits, orders and their lines, with the truth of every yuan kept on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.world import rows
from huaxiang.world.clock import DAY, Ints, Mask
from huaxiang.world.names import QUERIES, TOPICS
from huaxiang.world.people import REGION_CODES, SHOPS, Crowd
from huaxiang.world.sharing import Visits
from huaxiang.world.wear import sized

if TYPE_CHECKING:
    import pyarrow as pa

    from huaxiang.world.ads import Ads
    from huaxiang.world.context import World
    from huaxiang.world.dirt import Plan
    from huaxiang.world.sharing import Sharing

_ACTS = rows.words(("view", "search", "cart", "favourite", "compare", "ask"))
_ACT_SHARE = (0.58, 0.18, 0.1, 0.06, 0.05, 0.03)
_QUERIES = rows.words([q.format(t[1]) for t in TOPICS for q in QUERIES])
_MEMORY_DAYS = 7  # a click still explains a purchase this long


@dataclass(frozen=True)
class Lines:
    """The order lines of one day; `order` numbers the day's orders, `plan` holds the lines' fates."""

    order: Ints
    order_id: Ints
    line: Ints
    account: Ints
    product: Ints
    size: Ints  # index into SIZES, −1 for what has none
    quantity: Ints
    list_price: Ints
    paid: Ints
    revised: Ints
    link: Ints
    campaign: Ints
    caused: Mask  # would not have happened without the link or the campaign
    receiver: Ints  # person who gets the parcel
    at: Ints
    plan: Plan


class Shopping:
    """The shops' customers."""

    def __init__(self, world: World, sharing: Sharing, ads: Ads, phone_hash: pa.Array[Any]) -> None:
        people, accounts = world.people, world.accounts
        self.world, self.sharing, self.ads, self.phone_hash = world, sharing, ads, phone_hash
        crowd = accounts.of(SHOPS)
        person = accounts.person[crowd]
        weight = people.buying[person] * np.where(accounts.platform[crowd] == SHOPS[0], 1.0, 0.4)
        self.buyers = Crowd(crowd, weight, accounts.opened[crowd], people.churn_day[person])
        self.visitors = Crowd(crowd, weight**0.7 + 0.05, accounts.opened[crowd], people.churn_day[person])

    def live(self, day: int, clicks: Visits, caused: Visits) -> Lines:
        """Make one day: ordinary orders, those `caused` by links and ads, and all visits."""
        world, rng = self.world, self.world.dice("orders", day)
        lines = self._lines(rng, day, caused)
        self._send_lines(rng, lines)
        self._browse(day, clicks, lines)
        world.truth.orders(lines, world.clock.day_of(lines.at))
        return lines

    def _lines(self, rng: np.random.Generator, day: int, caused: Visits) -> Lines:
        world = self.world
        buyers = self.buyers.draw(rng, world.count("order", rng, day, self.buyers), day)
        base = len(buyers)
        each = np.append(1 + np.minimum(rng.poisson(0.6, base), 5), np.ones(len(caused.account), np.int64))
        order = np.repeat(np.arange(len(each)), each)
        account = np.append(buyers, caused.account)[order]
        person = world.accounts.person[account]
        begins = world.clock.midnight(day)
        times = world.clock.shop_times(rng, base, world.people.shift[world.accounts.person[buyers]])
        at = np.minimum(np.append(begins + times, caused.at), begins + DAY - 1)[order]
        by_cause = order >= base
        product = world.goods.choose(rng, person, world.people.topic(rng, person), world.people.band[person])
        product[by_cause] = caused.product
        receiver = self._receivers(rng, world.accounts.person[np.append(buyers, caused.account)])[order]
        product, size = world.wear.order(world.dice("wear", day), world.goods, product, receiver, ~by_cause)
        quantity = 1 + np.where(rng.random(len(order)) < 0.12, rng.integers(1, 4, len(order)), 0)
        price = world.goods.price_in(product, world.accounts.platform[account]) * quantity
        season = float(world.clock.shop_season[day])
        below = (0.25 + 0.1 * season) * world.people.bargain[person]
        cut = np.where(rng.random(len(order)) < below, rng.integers(3, 30, len(order)), 0)
        paid = price - price * cut // 100
        link, campaign = self._memories(rng, day, person, product)
        link[by_cause], campaign[by_cause] = caused.link, caused.campaign
        starts = np.cumsum(each) - each
        stamp = int(world.clock.date(day).strftime("%Y%m%d")) * 10_000_000
        return Lines(
            order=order,
            order_id=(stamp + 1 + np.arange(len(each)))[order],
            line=np.arange(len(order)) - starts[order] + 1,
            account=account,
            product=product,
            size=size,
            quantity=quantity,
            list_price=price,
            paid=paid,
            revised=paid - paid * rng.integers(5, 50, len(order)) // 100,
            link=link,
            campaign=campaign,
            caused=by_cause,
            receiver=receiver,
            at=at,
            plan=world.outbox.plan("order_line", np.full(len(order), day), day),
        )

    def _memories(self, rng: np.random.Generator, day: int, person: Ints, product: Ints) -> tuple[Ints, Ints]:
        """Return link and campaign that last-touch would credit, though the purchase came by itself."""
        sharing, ads, goods = self.sharing, self.ads, self.world.goods
        fresh_link = (sharing.last_day[person] > day - _MEMORY_DAYS) & (
            sharing.last_brand[person] == goods.product_brand[product]
        )
        campaign = ads.last_campaign[person]
        same = goods.campaigns.brand[campaign] == goods.product_brand[product]
        fresh_ad = (ads.last_day[person] > day - _MEMORY_DAYS) & (same | (rng.random(len(person)) < 0.08))
        return np.where(fresh_link, sharing.last_link[person], -1), np.where(fresh_ad, campaign, -1)

    def _receivers(self, rng: np.random.Generator, person: Ints) -> Ints:
        """Return who gets each order: a friend when it is a gift, else the buyer."""
        friend = self.world.friends.one_of(rng, person)
        is_gift = (rng.random(len(person)) < self.world.people.gifting[person]) & (friend >= 0)
        return np.where(is_gift, friend, person)

    def _send_lines(self, rng: np.random.Generator, lines: Lines) -> None:
        world, count = self.world, len(lines.order)
        gift = lines.receiver != world.accounts.person[lines.account]
        wrap = gift & (lines.order_id % 10 < 7)
        bargain = (lines.paid < lines.list_price) & np.isin(
            world.goods.product_brand[lines.product], world.goods.promotion_brand
        )
        promotion = np.searchsorted(world.goods.promotion_brand, world.goods.product_brand[lines.product])
        date_only = (rng.random(count) < 0.01) & (lines.plan.code == 0)
        epoch_day = world.clock.epoch_day(world.clock.day_of(lines.at))
        table = rows.table(
            "order_line",
            count,
            {
                **world.who(lines.account),
                "order_id": rows.ids(lines.order_id),
                "line_id": rows.ids(lines.line),
                "product_id": sized(rows.pick(world.goods.product_ident, lines.product), lines.size),
                "quantity": lines.quantity,
                "list_price": lines.list_price,
                "paid": lines.paid,
                "discount": lines.list_price - lines.paid,
                "promotion_id": rows.ids(np.where(bargain, promotion + 1, -1), "pr"),
                "currency": "CNY",
                "recipient_hash": rows.pick(self.phone_hash, lines.receiver),
                "ship_region_code": rows.pick(REGION_CODES, world.people.region[lines.receiver]),
                "has_gift_wrap": wrap,
                "has_gift_card": gift & (~wrap | (lines.order_id % 3 == 0)),
                "link_id": rows.ids(lines.link, "l"),
                "campaign_id": rows.pick(world.goods.campaigns.ident, lines.campaign),
                "at": np.where(date_only, rows.NULL, lines.at),
                "on_date": np.where(date_only, epoch_day, rows.NULL),
            },
        )
        world.outbox.post_planned(table, lines.plan, lines.revised)

    def _browse(self, day: int, clicks: Visits, lines: Lines) -> None:
        """Send visits: those by themselves, by links and ads, and the views before purchases."""
        world, rng = self.world, self.world.dice("browse", day)
        own = self.visitors.draw(rng, world.count("browse", rng, day, self.visitors), day)
        person = world.accounts.person[own]
        topic = world.people.topic(rng, person)
        begins = world.clock.midnight(day)
        before = np.flatnonzero(rng.random(len(lines.account)) < 0.8)
        carts = before[rng.random(len(before)) < 0.4]
        visits = Visits(
            own,
            world.goods.choose(rng, person, topic, world.people.band[person]),
            begins + world.clock.shop_times(rng, len(own), world.people.shift[person]),
            np.full(len(own), -1),
            np.full(len(own), -1),
        ).and_also(clicks)
        looks = np.concatenate([before, carts])
        visits = visits.and_also(
            Visits(
                lines.account[looks],
                lines.product[looks],
                lines.at[looks] - rng.integers(60, 5400, len(looks)),
                lines.link[looks],
                lines.campaign[looks],
            )
        )
        count = len(visits.account)
        act = np.zeros(count, np.int64)
        act[: len(own)] = np.searchsorted(np.cumsum(_ACT_SHARE)[:-1], rng.random(len(own)))
        act[count - len(carts) :] = 2
        query = np.full(count, -1)
        asked = np.flatnonzero(act[: len(own)] == 1)
        query[asked] = topic[asked] * len(QUERIES) + rng.integers(0, len(QUERIES), len(asked))
        table = rows.table(
            "browse_event",
            count,
            {
                **world.who(visits.account),
                "browse_id": rows.ids(world.numbers("browse", count)),
                "act": rows.pick(_ACTS, act),
                "product_id": rows.pick(world.goods.product_ident, np.where(query >= 0, -1, visits.product)),
                "query": rows.pick(_QUERIES, query),
                "link_id": rows.ids(visits.link, "l"),
                "campaign_id": rows.pick(world.goods.campaigns.ident, visits.campaign),
                "at": np.clip(visits.at, begins, begins + DAY - 1),
            },
        )
        world.outbox.post(table, "browse_event", day)
