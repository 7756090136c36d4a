"""Who lives in the demo world: people with latent traits and the accounts they have on each platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from huaxiang.world.clock import Clock, Floats, Ints, Mask, dice
from huaxiang.world.life import Lives, live
from huaxiang.world.names import APPEAL, CITIES, TOPICS
from huaxiang.world.rows import compute, ids, joined, pick, words

PLATFORMS = ("weiwo", "douyue", "mall", "outlet")
SOCIAL = (0, 1)
SHOPS = (2, 3)
PLATFORM_WORDS = words(PLATFORMS)
REGION_CODES = words([c[0] for c in CITIES])
_OWNS = (0.86, 0.68, 0.84, 0.46)  # share of people with an account there
_PREFIXES = ("wx_", "7", "M", "OUT-")
NEVER = 1 << 30


@dataclass(frozen=True)
class People:
    """One entry per true person; every trait is latent: the pipeline never reads it."""

    count: int
    birth_year: Ints
    gender: Ints  # 0 female, 1 male
    region: Ints  # index into CITIES
    topics: npt.NDArray[np.int8]  # three favourite topics, strongest first
    leaning: npt.NDArray[np.float32]  # their shares; what is left to 1 goes anywhere
    band: Ints  # price band 0 … 4
    buying: Floats  # orders relative to the average person
    posting: Floats  # social activity relative to the average person
    influence: Floats  # how much others look at them, Pareto
    satisfaction: Floats  # 0 … 1
    gifting: Floats  # probability that an order is a gift
    bargain: Floats  # how often they buy below the list price, relative to the average person
    churn_day: Ints  # first day without purchases, NEVER when beyond the world
    shift: Ints  # seconds by which their day runs late
    household: Ints  # index of the household, −1 alone
    lives: Lives  # their stage of life, which moves much of the above

    def topic(self, rng: np.random.Generator, person: Ints) -> Ints:
        """Draw a topic for each person by their interests; one in ten is out of the blue."""
        u = rng.random(len(person), dtype=np.float32)
        shares = self.leaning[person]
        slot = (u > shares[:, 0]).astype(np.int8) + (u > shares[:, 0] + shares[:, 1])
        topic = self.topics[person, slot].astype(np.int64)
        return np.where(u > 0.9, rng.integers(0, len(TOPICS), len(person)), topic)


@dataclass(frozen=True)
class Accounts:
    """One entry per account: people's, grouped by platform, then the brands' own social accounts."""

    person: Ints  # −1: a brand's own account
    platform: Ints
    ident: pa.Array[Any]  # the id as the platform writes it
    key: pa.Array[Any]  # platform:id as a clean table writes it
    opened: Ints  # day number, negative before the world begins
    brand: Ints  # −1: a person's account
    home: Ints  # [platform, person] → a person's first account there, −1 without one
    owners: int  # accounts below this number belong to people

    def of(self, platforms: tuple[int, ...]) -> Ints:
        """Return the people's accounts on any of the platforms."""
        return np.flatnonzero(np.isin(self.platform[: self.owners], platforms))


class Crowd:
    """Accounts that act, each with a weight; `draw` picks among those open (and not churned) on a day."""

    def __init__(
        self,
        members: Ints,
        weights: Floats,
        opens: Ints,
        closes: Ints | None = None,
        *,
        at_weekends: Floats | None = None,
        is_weekend: Mask | None = None,
    ) -> None:
        """With `at_weekends`, the weights are so many times as large on days that `is_weekend` tells."""
        self.members = members
        self._at_weekends, self._is_weekend = at_weekends, is_weekend
        self._weights = weights
        self._opens = opens
        self._closes = closes
        self._total = float(weights.sum())
        self._day = -1
        self._steps = weights

    def _at(self, day: int) -> Floats:
        if day != self._day:
            active: Mask = self._opens <= day
            if self._closes is not None:
                active &= self._closes > day
            weights = self._weights
            if self._at_weekends is not None and self._is_weekend is not None and self._is_weekend[day]:
                weights = weights * self._at_weekends
            self._steps = np.cumsum(np.where(active, weights, 0.0))
            self._day = day
        return self._steps

    def share(self, day: int) -> float:
        """Return how much of the whole crowd's weight is active that day."""
        return float(self._at(day)[-1]) / self._total if self._total else 0.0

    def draw(self, rng: np.random.Generator, count: int, day: int) -> Ints:
        """Return `count` active members by weight; none when nobody is active."""
        steps = self._at(day)
        if not len(steps) or steps[-1] <= 0:
            return np.zeros(0, np.int64)
        spots = np.searchsorted(steps, rng.random(count) * steps[-1], side="right")
        drawn: Ints = self.members[np.minimum(spots, len(steps) - 1)]
        return drawn


def settle(count: int, clock: Clock, seed: int) -> People:
    """Create `count` people. Person 0 is the celebrity."""
    rng = dice(seed, "people")
    decade = rng.choice(np.arange(1950, 2010, 10), count, p=[0.05, 0.12, 0.2, 0.28, 0.25, 0.1])
    gender = (rng.random(count) < 0.47).astype(np.int64)
    weights = np.array([c[5] for c in CITIES], dtype=np.float64)
    region = rng.choice(len(CITIES), count, p=weights / weights.sum())
    tier = np.array([c[3] for c in CITIES])[region]
    taste = np.log(np.array(APPEAL, dtype=np.float32))[gender]
    taste += rng.gumbel(size=taste.shape).astype(np.float32)
    first = rng.uniform(0.36, 0.6, count)
    leaning = np.stack([first, (0.9 - first) * 0.62, (0.9 - first) * 0.38], axis=1).astype(np.float32)
    income = rng.normal(0.0, 0.8, count) + 0.25 * (3 - tier) + np.where(decade == 2000, -0.5, 0.0)
    satisfaction = rng.beta(5.0, 2.0, count)
    life = rng.exponential(700.0, count) * (0.4 + satisfaction)
    influence = (1.0 - rng.random(count)) ** -0.8
    posting = rng.lognormal(-0.5, 1.0, count)
    influence[0] = influence.sum() * 0.1 + 10.0
    birth_year = decade + rng.integers(0, 10, count)
    lives = live(birth_year, clock.until.year, seed)
    taste += np.log(lives.appeal()).astype(np.float32)
    return People(
        count=count,
        birth_year=birth_year,
        gender=gender,
        region=region,
        topics=np.argpartition(-taste, (0, 1, 2), axis=1)[:, :3].astype(np.int8),
        leaning=leaning,
        band=np.digitize(income + lives.income(), [-0.9, -0.3, 0.3, 0.9]),
        buying=rng.gamma(0.9, 1.0 / 0.9, count) * lives.buying(),
        posting=posting * lives.posting(),
        influence=influence,
        satisfaction=satisfaction,
        gifting=rng.beta(1.2, 22.0, count),
        bargain=dice(seed, "bargain").gamma(4.0, 0.25, count) * lives.bargain(),
        churn_day=np.where(life < clock.days, life.astype(np.int64) + 1, NEVER),
        shift=(rng.normal(0.0, 1.2, count) * 3600 + lives.seconds_late()).astype(np.int64),
        household=_households(rng, region),
        lives=lives,
    )


def _households(rng: np.random.Generator, region: Ints) -> Ints:
    """Put a good third of the people into households of two to four in one city."""
    order = np.lexsort((rng.random(len(region)), region))
    sizes = rng.choice([1, 1, 1, 1, 2, 3, 4], len(region))
    which = np.repeat(np.arange(len(sizes)), sizes)[: len(region)]
    same_city = region[order] == region[order][np.searchsorted(which, which)]
    members = np.bincount(which[same_city], minlength=len(sizes))
    shared = same_city & (members[which] > 1)
    household = np.full(len(region), -1, dtype=np.int64)
    household[order[shared]] = np.unique(which[shared], return_inverse=True)[1]
    return household


def open_accounts(people: People, brands: int, clock: Clock, seed: int) -> Accounts:
    """Give each person one to four accounts, and each brand one or two on every social platform."""
    rng = dice(seed, "accounts")
    n = people.count
    owns = rng.random((len(PLATFORMS), n)) < np.array(_OWNS)[:, None]
    owns[2] |= ~owns.any(axis=0)
    owns[0, 0] = True  # the celebrity
    second = owns[0] & (owns.sum(axis=0) < 4) & (rng.random(n) < 0.02)
    home = np.full(owns.shape, -1, dtype=np.int64)
    person, platform = [], []
    start = 0
    for p in range(len(PLATFORMS)):
        mine = np.flatnonzero(owns[p])
        home[p, mine] = start + np.arange(len(mine))
        extra = np.flatnonzero(second) if p == 0 else mine[:0]
        person += [mine, extra]
        platform.append(np.full(len(mine) + len(extra), p))
        start += len(mine) + len(extra)
    official = [np.arange(brands), np.flatnonzero(rng.random(brands) < 0.3)]
    platform.append(np.repeat(SOCIAL, sum(map(len, official))))
    own = np.concatenate(person)
    matrix = np.concatenate(official * len(SOCIAL))
    where = np.concatenate(platform).astype(np.int64)
    opened = -rng.integers(30, 2500, len(where))
    late = (rng.random(len(where)) < 0.05) & (np.arange(len(where)) < start) & (clock.days > 7)
    late[home[0, 0]] = False
    opened[late] = rng.integers(0, max(clock.days, 1), int(late.sum()))
    idents = _idents(rng, where)
    lowered = compute.utf8_lower(idents)
    return Accounts(
        person=np.concatenate([own, np.full(len(matrix), -1)]).astype(np.int64),
        platform=where,
        ident=idents,
        key=joined(pick(PLATFORM_WORDS, where), ":", lowered),
        opened=opened,
        brand=np.concatenate([np.full(start, -1), matrix]).astype(np.int64),
        home=home,
        owners=start,
    )


def _idents(rng: np.random.Generator, platform: Ints) -> pa.Array[Any]:
    """Return ids in each platform's style; their numbers tell nothing about the person."""
    numbers = 10 ** (len(str(len(platform))) + 1) + rng.permutation(len(platform))
    flat = pa.concat_arrays([ids(numbers[platform == p], prefix) for p, prefix in enumerate(_PREFIXES)])
    position = np.empty(len(platform), np.int64)
    position[np.argsort(platform, kind="stable")] = np.arange(len(platform))
    return pick(flat, position)
