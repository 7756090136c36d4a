"""Who knows whom and who follows whom.

Friendships form among people of one city and one leading interest (homophily), so friends buy alike
even where no friend influenced another: the planted friend effect comes on top, in `sharing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from huaxiang.world.clock import Ints, Mask, dice
from huaxiang.world.people import SOCIAL, Accounts, People

if TYPE_CHECKING:
    from huaxiang.world.goods import Goods

_NEAR = 24  # friends stand at most this many places apart in a line-up of like people


@dataclass(frozen=True)
class Friends:
    """Undirected ties between persons, and each person's friends as a slice of `friend`."""

    left: Ints
    right: Ints
    platform: Ints  # where the tie is declared; both have an account there
    is_family: Mask
    start: Ints
    degree: Ints
    friend: Ints

    def one_of(self, rng: np.random.Generator, person: Ints) -> Ints:
        """Return a random friend of each person; −1 for those without."""
        degree = self.degree[person]
        spot = self.start[person] + (rng.random(len(person)) * degree).astype(np.int64)
        if not len(self.friend):
            return np.full(len(person), -1, dtype=np.int64)
        return np.where(degree > 0, self.friend[np.minimum(spot, len(self.friend) - 1)], -1)

    def all_of(self, person: Ints) -> tuple[Ints, Ints]:
        """Return (index into `person`, friend) for every friend of each person."""
        degree = self.degree[person]
        row = np.repeat(np.arange(len(person)), degree)
        within = np.arange(len(row)) - np.repeat(np.cumsum(degree) - degree, degree)
        return row, self.friend[self.start[person][row] + within]


def befriend(people: People, accounts: Accounts, seed: int) -> Friends:
    """Tie people together: about six friends each, most of them alike, and their households."""
    rng = dice(seed, "friends")
    n = people.count
    line = np.lexsort((rng.random(n), people.topics[:, 0], people.region))
    pairs = []
    for _ in range(3):
        far = rng.random(n) < 0.15
        step = np.where(far, rng.integers(1, max(n, 2), n), rng.integers(1, min(_NEAR, max(n, 2)), n))
        pairs.append(np.stack([line, line[(np.arange(n) + step) % n]]))
    family = _pairs_in(people.household)
    both = np.concatenate([family, *pairs], axis=1)
    low, high = both.min(axis=0), both.max(axis=0)
    code, first = np.unique(low * n + high, return_index=True)
    left, right = code // n, code % n
    platform = np.full(len(code), -1)
    for p in reversed(SOCIAL):
        platform[(accounts.home[p, left] >= 0) & (accounts.home[p, right] >= 0)] = p
    kept = (platform >= 0) & (left != right)
    left, right = left[kept], right[kept]
    ends = np.concatenate([left, right])
    order = np.argsort(ends, kind="stable")
    degree = np.bincount(ends, minlength=n)
    return Friends(
        left=left,
        right=right,
        platform=platform[kept],
        is_family=(first < family.shape[1])[kept],
        start=np.cumsum(degree) - degree,
        degree=degree,
        friend=np.concatenate([right, left])[order],
    )


def _pairs_in(household: Ints) -> Ints:
    """Return every pair of people who share a household, as two rows."""
    member = np.flatnonzero(household >= 0)
    member = member[np.argsort(household[member], kind="stable")]
    home = household[member]
    pairs = [
        np.stack([member[:-gap], member[gap:]])[:, home[:-gap] == home[gap:]]
        for gap in (1, 2, 3)
        if len(member) > gap
    ]
    return np.concatenate(pairs, axis=1) if pairs else np.zeros((2, 0), np.int64)


class Follows:
    """The follow edges between accounts, as they stand after the days so far."""

    def __init__(self, follower: Ints, followee: Ints) -> None:
        self.follower = follower
        self.followee = followee
        self._alive = np.ones(len(follower), dtype=np.bool_)
        self._turn = np.full(len(follower), -1, dtype=np.int32)  # the day an edge was last made or ended

    def add(self, follower: Ints, followee: Ints, day: int) -> None:
        """Append new edges."""
        self.follower = np.concatenate([self.follower, follower])
        self.followee = np.concatenate([self.followee, followee])
        self._alive = np.concatenate([self._alive, np.ones(len(follower), np.bool_)])
        self._turn = np.concatenate([self._turn, np.full(len(follower), day, np.int32)])

    def leave(self, rng: np.random.Generator, count: int, day: int) -> tuple[Ints, Ints]:
        """End up to `count` random edges of earlier days and return them."""
        if not len(self._alive):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        chosen = np.unique(rng.integers(0, len(self._alive), count))
        chosen = chosen[self._alive[chosen] & (self._turn[chosen] < day)]
        self._alive[chosen] = False
        self._turn[chosen] = day
        return self.follower[chosen], self.followee[chosen]

    def current(self, accounts: int) -> tuple[Ints, Ints]:
        """Return the distinct edges that stand; of one edge made twice the latest turn counts."""
        code = self.follower * accounts + self.followee
        order = np.lexsort((self._turn, code))
        latest = order[np.append(code[order][1:] != code[order][:-1], True)] if len(order) else order
        standing = latest[self._alive[latest]]
        return self.follower[standing], self.followee[standing]


class Followees:
    """Whom people choose to follow: friends, brands they like, and whoever is influential."""

    def __init__(self, people: People, accounts: Accounts, friends: Friends, goods: Goods) -> None:
        self._people, self._accounts, self._friends = people, accounts, friends
        self._stars, self._steps, self._brands, self._brand_steps = [], [], [], []
        for p in SOCIAL:
            stars = accounts.of((p,))
            self._stars.append(stars)
            self._steps.append(np.cumsum(people.influence[accounts.person[stars]]))
            own = np.flatnonzero((accounts.brand >= 0) & (accounts.platform == p))
            self._brands.append(own)
            self._brand_steps.append(np.cumsum(goods.brand_popularity[accounts.brand[own]]))

    def choose(self, rng: np.random.Generator, follower: Ints) -> tuple[Ints, Ints]:
        """Return (follower, followee) for whom somebody was found; never oneself."""
        count = len(follower)
        person = self._accounts.person[follower]
        platform = self._accounts.platform[follower]
        u = rng.random(count)
        friend = self._friends.one_of(rng, person)
        followee = np.where((u < 0.35) & (friend >= 0), self._accounts.home[platform, friend], -1)
        for p in SOCIAL:
            for wants, members, steps in (
                ((platform == p) & (followee < 0) & (u < 0.7), self._brands[p], self._brand_steps[p]),
                ((platform == p) & (followee < 0) & (u >= 0.7), self._stars[p], self._steps[p]),
            ):
                if len(members):
                    spots = np.searchsorted(steps, rng.random(int(wants.sum())) * steps[-1])
                    followee[wants] = members[np.minimum(spots, len(members) - 1)]
        found = (followee >= 0) & (followee != follower)
        return follower[found], followee[found]

    def brands_for(self, rng: np.random.Generator, account: Ints) -> tuple[Ints, Ints]:
        """Return (account, a brand's account on the same platform), by the brands' popularity."""
        own = np.full(len(account), -1, dtype=np.int64)
        for p in SOCIAL:
            here = self._accounts.platform[account] == p
            steps = self._brand_steps[p]
            spots = np.searchsorted(steps, rng.random(int(here.sum())) * steps[-1])
            own[here] = self._brands[p][np.minimum(spots, len(self._brands[p]) - 1)]
        return account, own


def first_follows(people: People, accounts: Accounts, choose: Followees, seed: int) -> Follows:
    """Return the edges that exist when the world begins, a few per social account, each once."""
    rng = dice(seed, "follows")
    crowd = accounts.of(SOCIAL)
    crowd = crowd[accounts.opened[crowd] < 0]
    each = rng.poisson(3.0 + 2.0 * np.minimum(people.posting[accounts.person[crowd]], 5.0))
    follower, followee = choose.choose(rng, np.repeat(crowd, each))
    size = len(accounts.person)
    code = np.unique(follower * size + followee)
    code = code[rng.permutation(len(code))]
    return Follows(code // size, code % size)
