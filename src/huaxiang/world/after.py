"""What follows an order: the parcel, perhaps a return, a review, a ticket. All by latent satisfaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.world import comments, rows
from huaxiang.world.clock import DAY, Floats, Ints
from huaxiang.world.names import (
    CITIES,
    COURIERS,
    EXPECTED_DAYS,
    RETURN_REASONS,
    TICKET_TOPICS,
)
from huaxiang.world.people import REGION_CODES

if TYPE_CHECKING:
    from huaxiang.world.context import World
    from huaxiang.world.shopping import Lines

_TIER = np.array([c[3] for c in CITIES]) - 1
_SLOW = np.array([c[3] for c in COURIERS])
_COMPLAINTS = np.array([c[4] for c in COURIERS])
_COURIERS = rows.words([c[0] for c in COURIERS])
_REASONS = rows.words(RETURN_REASONS)
_KINDS = rows.words(("question", "complaint", "after_sale"))
_TICKETS = rows.words(TICKET_TOPICS)


@dataclass(frozen=True)
class Orders:
    """A day's orders: each one's first line, courier, the buyer's mood once it came, and when it came."""

    first: Ints
    courier: Ints
    mood: Floats
    delivered: Ints


def follow_up(world: World, lines: Lines, day: int) -> None:
    """Send everything that one day's orders lead to, each row on the day it happens."""
    rng = world.dice("after", day)
    first = np.flatnonzero(lines.line == 1)
    receiver = lines.receiver[first]
    region = world.people.region[receiver]
    courier = _courier(lines.order_id[first], region)
    expected = np.array(EXPECTED_DAYS)[_TIER[region]]
    shipped = lines.at[first] + rng.integers(2 * 3600, 26 * 3600, len(first))
    travel = expected * rng.uniform(0.45, 1.05, len(first))
    travel += _SLOW[courier] * rng.exponential(1.0, len(first))
    delivered = shipped + (travel * DAY).astype(np.int64)
    delivered += (22 - (delivered + 8 * 3600) % DAY // 3600).clip(max=0) * 3600  # nobody rings after ten
    promised = lines.at[first] + (expected + 1) * DAY
    late_days = np.maximum(delivered - promised, 0) / DAY
    count = len(first)
    due = world.clock.day_of(delivered)
    table = rows.table(
        "delivery",
        count,
        {
            "platform": world.who(lines.account[first])["platform"],
            "delivery_id": rows.ids(lines.order_id[first], "d"),
            "order_id": rows.ids(lines.order_id[first]),
            "courier_id": rows.pick(_COURIERS, courier),
            "promised_at": promised,
            "shipped_at": shipped,
            "delivered_at": delivered,
            "region_code": rows.pick(REGION_CODES, region),
        },
    )
    world.outbox.post(table, "delivery", day, due=due)
    mood = world.people.satisfaction[world.accounts.person[lines.account[first]]] - 0.12 * late_days
    orders = Orders(first, courier, np.clip(mood, 0, 1), delivered)
    _tickets(world, lines, orders, day)
    _reviews(world, lines, orders, day)
    _returns(world, lines, orders, day)


def _courier(order_id: Ints, region: Ints) -> Ints:
    """Return each order's courier: every region has its own mix, the bad one serves a tenth."""
    mixed = (order_id * 2_654_435_761 + region * 97) >> 9
    return np.searchsorted(np.array([30, 55, 72, 82, 90]), mixed % 100, side="right")


def _tickets(world: World, lines: Lines, orders: Orders, day: int) -> None:
    """Open tickets (revision 0), and close most of them some days later (revision 1 of the same row)."""
    rng, first, mood = world.dice("tickets", day), orders.first, orders.mood
    complains = rng.random(len(first)) < 0.006 * _COMPLAINTS[orders.courier] * (1.6 - mood)
    asks = ~complains & (rng.random(len(first)) < 0.03)
    which = np.flatnonzero(complains | asks)
    count = len(which)
    kind = np.where(complains[which], 1, np.where(rng.random(count) < 0.5, 0, 2))
    opened = orders.delivered[which] + rng.integers(600, 2 * DAY, count)
    answered = opened + (rng.exponential(0.5, count) * DAY).astype(np.int64) + 300
    closed = answered + (rng.exponential(1.5, count) * DAY).astype(np.int64) + 300
    topic = np.where(kind == 1, 0, rng.integers(0, len(TICKET_TOPICS), count))
    columns: dict[str, Any] = {
        **world.who(lines.account[first[which]]),
        "ticket_id": rows.ids(world.numbers("ticket", count), "k"),
        "order_id": rows.ids(lines.order_id[first[which]]),
        "kind": rows.pick(_KINDS, kind),
        "topic": rows.pick(_TICKETS, topic),
        "at": opened,
    }
    due = world.clock.day_of(opened)
    world.outbox.post(rows.table("service_ticket", count, columns), "service_ticket", day, due=due)
    ends = np.flatnonzero(rng.random(count) < 0.9)
    closing = rows.table(
        "service_ticket", count, {**columns, "answered_at": answered, "closed_at": closed, "revision": 1}
    ).take(ends)
    world.outbox.send(closing, "service_ticket", world.clock.day_of(closed[ends]))


def _reviews(world: World, lines: Lines, orders: Orders, day: int) -> None:
    rng = world.dice("reviews", day)
    which = np.flatnonzero(rng.random(len(lines.order)) < 0.22)
    count = len(which)
    order = lines.order[which]
    felt = np.clip(orders.mood[order] + rng.normal(0, 0.15, count), 0, 1)
    level = np.digitize(felt, [0.42, 0.6])
    topic = world.goods.product_category[lines.product[which]] // 2
    at = orders.delivered[order] + rng.integers(1800, 5 * DAY, count)
    table = rows.table(
        "review",
        count,
        {
            **world.who(lines.account[which]),
            "review_id": rows.ids(world.numbers("review", count), "r"),
            "product_id": rows.pick(world.goods.product_ident, lines.product[which]),
            "order_id": rows.ids(np.where(rng.random(count) < 0.95, lines.order_id[which], -1)),
            "line_id": rows.ids(lines.line[which]),
            "rating": 10 * np.clip(np.round(1 + 4.4 * felt), 1, 5).astype(np.int64),
            "text": comments.reviews(world.dice("review texts", day), level, topic),
            "at": at,
        },
    )
    world.outbox.post(table, "review", day, due=world.clock.day_of(at))


def _returns(world: World, lines: Lines, orders: Orders, day: int) -> None:
    """Send returns of lines that stand; what they refund, and when it counts, goes into the truth."""
    rng = world.dice("returns", day)
    stands = np.flatnonzero(lines.plan.is_kept)
    topic = world.goods.product_category[lines.product[stands]] // 2
    tried_on = np.where((topic == 1) | (topic == 2), 0.07, 0.0)
    chance = 0.02 + 0.08 * (1 - orders.mood[lines.order[stands]]) + tried_on
    chance += world.wear.sent_back(world.goods, lines.product, lines.size, lines.receiver)[stands]
    which = stands[rng.random(len(stands)) < chance]
    count = len(which)
    settled = lines.at[which] + rng.integers(4 * DAY, 18 * DAY, count)
    final = lines.plan.final(lines.paid, lines.revised)[which]
    amount = np.where(rng.random(count) < 0.2, final // 2 + 1, final)
    revised = amount - amount // 10
    due = world.clock.day_of(settled)
    plan = world.outbox.plan("order_return", due, day)
    table = rows.table(
        "order_return",
        count,
        {
            "platform": world.who(lines.account[which])["platform"],
            "return_id": rows.ids(world.numbers("return", count), "x"),
            "order_id": rows.ids(lines.order_id[which]),
            "line_id": rows.ids(lines.line[which]),
            "amount": amount,
            "currency": "CNY",
            "reason": rows.pick(_REASONS, rng.integers(0, len(RETURN_REASONS), count)),
            "asked_at": settled - rng.integers(DAY, 3 * DAY, count),
            "at": settled,
        },
    )
    world.outbox.post_planned(table, plan, revised)
    world.truth.refunds(lines, which, plan, amount, revised)
