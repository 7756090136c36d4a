"""What every part of a day needs at hand: the clock, who and what exists, the outbox and the truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.world.clock import dice
from huaxiang.world.people import PLATFORM_WORDS
from huaxiang.world.rows import pick

if TYPE_CHECKING:
    from huaxiang.world.clock import Clock, Ints
    from huaxiang.world.goods import Goods
    from huaxiang.world.graph import Friends
    from huaxiang.world.outbox import Outbox
    from huaxiang.world.people import Accounts, Crowd, People
    from huaxiang.world.truth import Truth
    from huaxiang.world.wear import Wear

# Events of each kind per 1 of `events_per_person_day`; what follows from orders makes up the rest.
VOLUME = {
    "interaction": 0.44,
    "ad": 0.15,
    "browse": 0.15,
    "post": 0.06,
    "order": 0.030,
    "follow": 0.02,
    "message": 0.03,
    "share": 0.006,
}


@dataclass
class World:
    """One world under way."""

    seed: int
    clock: Clock
    people: People
    accounts: Accounts
    goods: Goods
    wear: Wear
    friends: Friends
    outbox: Outbox
    truth: Truth
    events_per_person_day: float
    _numbers: Counter[str] = field(default_factory=Counter)

    def dice(self, purpose: str, day: int) -> np.random.Generator:
        """Return the random numbers of one purpose on one day."""
        return dice(self.seed, purpose, day)

    def count(self, kind: str, rng: np.random.Generator, day: int, crowd: Crowd) -> int:
        """Draw how many events of a kind happen on a day, fewer when part of the crowd is away."""
        season = self.clock.shop_season if kind in ("order", "browse") else self.clock.social_season
        mean = VOLUME[kind] * self.events_per_person_day * self.people.count * float(season[day])
        return int(rng.poisson(mean * crowd.share(day)))

    def numbers(self, kind: str, count: int) -> Ints:
        """Return the next `count` serial numbers of a kind, from 1."""
        start = self._numbers[kind] + 1
        self._numbers[kind] += count
        return np.arange(start, start + count)

    def who(self, accounts: Ints) -> dict[str, Any]:
        """Return the columns `platform` and `account_id` of events by these accounts."""
        return {
            "platform": pick(PLATFORM_WORDS, self.accounts.platform[accounts]),
            "account_id": pick(self.accounts.ident, accounts),
        }

    def is_open(self, accounts: Ints, day: int) -> Any:
        """Tell for which accounts (−1: none) the account exists on that day."""
        return (accounts >= 0) & (self.accounts.opened[accounts] <= day)
