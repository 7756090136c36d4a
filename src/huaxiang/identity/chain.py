"""The chain of claims between two accounts: over values that both ends of a hop claim. No Spark here."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Value = tuple[str, str]
"""A kind of claim, and the pseudonym of what is claimed."""


@dataclass(frozen=True)
class Claimed:
    """One account claims one value, first on `since`; `bar` says why that links nobody, None where it links."""

    account: str
    kind: str
    value: str
    since: str | None = None
    bar: str | None = None

    @property
    def place(self) -> Value:
        """What is claimed."""
        return self.kind, self.value


@dataclass(frozen=True)
class Hop:
    """Two accounts that claim one value; `label` stands for it, as `phone #1`: the first phone of the chain."""

    left: Claimed
    right: Claimed
    label: str

    @property
    def bars(self) -> tuple[str, ...]:
        """Why the hop links nobody, each reason once; nothing where it links."""
        return tuple(dict.fromkeys(claim.bar for claim in (self.left, self.right) if claim.bar))


Key = tuple[int, int, tuple[tuple[int, str], ...], tuple[str, ...]]
"""What makes a chain better, the smaller the better: barred claims, hops, kinds, accounts and values."""
Way = tuple[Key, tuple[Claimed, ...]]


def chain(
    claims: Iterable[Claimed], start: str, goal: str, priority: Sequence[str]
) -> tuple[Hop, ...] | None:
    """Return the hops from one account to another, or None where no claims lead there.

    The chain with the fewest barred claims, then the fewest hops, then the kinds that come first in `priority`
    (others after them, by name) from the start on, then the smallest account keys and values. Every account and
    every value is left once, so a value of many accounts costs no more than its claims.
    """
    graph = _Graph(claims, priority)
    ways: list[Way] = [((0, 0, (), (start,)), ())]
    left: set[str | Value] = set()
    while ways:
        key, way = heapq.heappop(ways)
        at_value = len(way) % 2 == 1  # a way goes from an account to a value, and on to an account
        place: str | Value = way[-1].place if at_value else (way[-1].account if way else start)
        if place == goal:
            return _labelled(way)
        if place in left:
            continue
        left.add(place)
        on = graph.from_value(key, way) if at_value else graph.from_account(key, way, str(place))
        for longer in on:
            heapq.heappush(ways, longer)
    return None


class _Graph:
    """Accounts and values with a claim between each pair."""

    def __init__(self, claims: Iterable[Claimed], priority: Sequence[str]) -> None:
        self.rank = {kind: (place, "") for place, kind in enumerate(priority)}
        self.of_account: dict[str, dict[Value, Claimed]] = defaultdict(dict)
        self.of_value: dict[Value, list[Claimed]] = defaultdict(list)
        for claim in sorted(claims, key=lambda c: (c.account, c.kind, c.value, c.bar or "", c.since or "")):
            if self.of_account[claim.account].setdefault(claim.place, claim) is claim:
                self.of_value[claim.place].append(claim)

    def from_account(self, key: Key, way: tuple[Claimed, ...], account: str) -> Iterator[Way]:
        bars, hops, kinds, texts = key
        for claim in self.of_account.get(account, {}).values():
            ranked = (*kinds, self.rank.get(claim.kind, (len(self.rank), claim.kind)))
            yield (bars + bool(claim.bar), hops + 1, ranked, (*texts, claim.value)), (*way, claim)

    def from_value(self, key: Key, way: tuple[Claimed, ...]) -> Iterator[Way]:
        bars, hops, kinds, texts = key
        last = way[-1]
        for claim in self.of_value[last.place]:
            if claim.account != last.account:
                more = bool(
                    claim.bar and claim.bar != last.bar
                )  # of a value that is barred, both say the same
                yield (bars + more, hops, kinds, (*texts, claim.account)), (*way, claim)


def _labelled(way: Sequence[Claimed]) -> tuple[Hop, ...]:
    labels: dict[Value, str] = {}
    counts: dict[str, int] = defaultdict(int)
    hops = []
    for left, right in zip(way[::2], way[1::2], strict=True):
        if left.place not in labels:
            counts[left.kind] += 1
            labels[left.place] = f"{left.kind} #{counts[left.kind]}"
        hops.append(Hop(left, right, labels[left.place]))
    return tuple(hops)
