"""What people agree to, take back, and ask to be forgotten; and the brands' own member lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from huaxiang.world import rows
from huaxiang.world.clock import DAY, Ints
from huaxiang.world.truth import true_ids

if TYPE_CHECKING:
    from huaxiang.world.contacts import Contacts
    from huaxiang.world.context import World

_PURPOSES = ("join", "personalise", "share", "automated")
_GRANTS = (0.4, 0.3, 0.2, 0.1)  # share of people who say yes; the others never say anything
_LEAVES = (0.006, 0.004, 0.002, 0.002)  # share of people who say no one day
_LEVELS = rows.words(("silver", "gold", "platinum"))


@dataclass(frozen=True)
class Withdrawals:
    """Who withdraws which purpose for all accounts on which day; nobody takes it back."""

    person: Ints
    purpose: Ints
    day: Ints


def send_consent(world: World) -> Withdrawals:
    """Send consent events of people's accounts and the few erasure requests."""
    clock, accounts, rng = world.clock, world.accounts, world.dice("consent", 0)
    begins, person = clock.midnight(0), accounts.person[: accounts.owners]
    parts: list[tuple[Ints, int, int, Ints, Ints]] = []  # account, purpose, is withdrawal, day, instant
    gone: list[tuple[Ints, int, Ints]] = []
    for purpose in range(len(_PURPOSES)):
        granted = np.flatnonzero((rng.random(world.people.count) < _GRANTS[purpose])[person])
        opened = accounts.opened[granted]
        at = begins + opened * DAY + np.where(opened < 0, rng.integers(0, DAY, len(granted)), 1)
        parts.append((granted, purpose, 0, np.maximum(opened, 0), at))
        others = 1 + rng.permutation(world.people.count - 1)  # the celebrity stays
        leaver = np.sort(others[: max(1, round(world.people.count * _LEAVES[purpose]))])
        day = rng.integers(min(1, clock.last), clock.days, len(leaver))
        when = np.full(world.people.count, -1, dtype=np.int64)
        when[leaver] = day
        leaving = np.flatnonzero(when[person] >= 0)
        due = np.maximum(when[person[leaving]], accounts.opened[leaving])
        parts.append((leaving, purpose, 1, due, begins + due * DAY + rng.integers(3600, DAY, len(due))))
        gone.append((leaver, purpose, day))
    account = np.concatenate([p[0] for p in parts])
    purposes = np.concatenate([np.full(len(p[0]), p[1]) for p in parts])
    withdraws = np.concatenate([np.full(len(p[0]), p[2]) for p in parts])
    columns = {
        **world.who(account),
        "consent_id": rows.ids(world.numbers("consent", len(account)), "n"),
        "purpose": rows.pick(rows.words(_PURPOSES), purposes),
        "action": rows.pick(rows.words(("grant", "withdraw")), withdraws),
        "text_version": "2026-1",
        "at": np.concatenate([p[4] for p in parts]),
    }
    table = rows.table("consent_event", len(account), columns)
    world.outbox.post(table, "consent_event", 0, due=np.concatenate([p[3] for p in parts]))
    _send_erasures(world)
    return Withdrawals(
        np.concatenate([g[0] for g in gone]),
        np.concatenate([np.full(len(g[0]), g[1]) for g in gone]),
        np.concatenate([g[2] for g in gone]),
    )


def _send_erasures(world: World) -> None:
    rng = world.dice("erasure", 0)
    clock, accounts = world.clock, world.accounts
    asking = np.sort(rng.permutation(accounts.owners)[: max(2, accounts.owners // 2000)])
    due = np.maximum(rng.integers(0, clock.days, len(asking)), accounts.opened[asking])
    columns = {
        **world.who(asking),
        "request_id": rows.ids(world.numbers("erasure", len(asking)), "e"),
        "at": clock.midnight(0) + due * DAY + rng.integers(3600, DAY, len(asking)),
    }
    world.outbox.send(rows.table("erasure_request", len(asking), columns), "erasure_request", due)


def send_members(world: World, contacts: Contacts) -> None:
    """Send the ten largest brands' member lists: contacts as SHA-256, later joins and leaves included.

    The truth keeps who is behind each entry, by the days of joining and leaving.
    """
    rng, clock, goods = world.dice("members", 0), world.clock, world.goods
    planted: list[tuple[Ints, ...]] = []  # brand, person, day of joining, and of leaving, NULL for none
    for brand in np.argsort(-goods.brand_popularity)[:10].tolist():
        likes = (world.people.topics == goods.brand_topic[brand]).any(axis=1)
        member = np.flatnonzero(likes & (rng.random(world.people.count) < 0.12))
        count = len(member)
        fresh = rng.random(count) < 0.1
        due = np.where(fresh, rng.integers(0, clock.days, count), 0)
        day = due - np.where(fresh, 0, rng.integers(30, 900, count))
        with_phone = rng.random(count) < 0.9
        with_email = ~with_phone | (rng.random(count) < 0.4)
        level = rng.choice(3, count, p=[0.7, 0.25, 0.05])
        leaves = rng.random(count) < 0.03
        columns = {
            "brand_id": rows.pick(goods.brand_ident, np.full(count, brand)),
            "member_id": rows.ids(np.arange(count) + 1, "v"),
            "phone_sha256": rows.pick(contacts.phone_sha256, np.where(with_phone, member, -1)),
            "email_sha256": rows.pick(contacts.email_sha256, np.where(with_email, member, -1)),
            "member_level": rows.pick(_LEVELS, level),
            "joined_at": clock.midnight(0) + day * DAY,
            "left_at": np.where(leaves, clock.midnight(20) + day * DAY, rows.NULL),
        }
        world.outbox.send(rows.table("brand_member", count, columns), "brand_member", due)
        left = np.where(leaves, clock.epoch_day(day + 20), rows.NULL)
        planted.append((np.full(count, brand), member, clock.epoch_day(day), left))
    brands, person, joined, left = (np.concatenate(part) for part in zip(*planted, strict=True))
    world.truth.save(
        "brand_member",
        brand_id=rows.pick(goods.brand_ident, brands),
        true_person=true_ids(person),
        joined=rows.dates(joined),
        left=rows.dates(left),
    )
