"""Stages of life and generations in the demo world: who studies, works, brings up children or has retired, and how that shows.

Everybody is in one of five stages, after the family life cycle (Wells & Gubar 1966) as the trade cuts it: students
up to 24; young white-collar workers to 35 without children; young families, the youngest child under six; midlife,
36 to 59, with older children or none; seniors from 60, as the law counts them (老年人权益保障法, article 2). Stages
move tastes, hours, weekends, spending and posting, each of which other traits move more: they can be learnt, and
never told apart for certain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huaxiang.world.clock import Floats, Ints, Mask, dice
from huaxiang.world.rows import words

STAGES = ("student", "young_white_collar", "young_family", "midlife", "senior")
STUDENT, YOUNG_WHITE_COLLAR, YOUNG_FAMILY, MIDLIFE, SENIOR = range(len(STAGES))
OCCUPATIONS = ("student", "employee", "self_employed", "homemaker", "retired", "other")
HOUSEHOLDS = ("alone", "couple", "young_children", "older_children", "parents", "shared", "other")
OCCUPATION_WORDS, HOUSEHOLD_WORDS = words(OCCUPATIONS), words(HOUSEHOLDS)
GENERATIONS = ("before 70s", "70s", "80s", "90s", "00s", "10s")
FIRST_DECADE = 1970
TELLS, IN_ACCOUNT, WRONG = 0.4, 0.7, 0.03
"""Of people, who says what they do and with whom they live; in how many of their accounts; and how often wrongly."""

# How much each stage looks at each topic, in the order of `names.TOPICS`.
APPEAL = (
    (1.4, 1.2, 1.3, 0.1, 1.9, 0.3, 1.8, 0.4, 1.3, 0.8, 1.8, 0.4),
    (1.7, 1.7, 1.4, 0.2, 1.3, 0.7, 1.2, 0.6, 1.4, 1.2, 0.6, 0.8),
    (0.7, 0.8, 0.7, 7.0, 0.7, 1.2, 0.8, 1.2, 0.5, 0.6, 1.2, 1.4),
    (0.9, 0.9, 1.0, 0.4, 0.8, 1.7, 0.8, 1.5, 0.9, 1.3, 0.8, 1.5),
    (0.3, 0.5, 0.6, 0.5, 0.4, 1.8, 0.8, 3.5, 0.6, 1.0, 0.7, 1.6),
)
_INCOME = (-0.4, 0.2, 0.1, 0.1, -0.3)  # added to the logarithm from which price bands follow
_BUYING = (0.8, 1.1, 1.3, 1.0, 0.7)
_POSTING = (1.6, 1.2, 0.9, 0.8, 0.5)
_BARGAIN = (1.2, 0.9, 1.0, 0.9, 1.2)
_HOURS_LATE = (1.5, 0.7, -0.2, -0.4, -2.5)
_WEEKENDS = (0.9, 1.5, 1.1, 1.0, 0.7)
_OCCUPATION = (  # of each stage, the shares of OCCUPATIONS
    (1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    (0.0, 0.92, 0.08, 0.0, 0.0, 0.0),
    (0.0, 0.72, 0.14, 0.14, 0.0, 0.0),
    (0.0, 0.7, 0.2, 0.08, 0.0, 0.02),
    (0.0, 0.12, 0.04, 0.02, 0.82, 0.0),
)
_HOUSEHOLD = (  # of each stage, the shares of HOUSEHOLDS
    (0.05, 0.03, 0.0, 0.0, 0.4, 0.52, 0.0),
    (0.35, 0.35, 0.0, 0.0, 0.15, 0.15, 0.0),
    (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0),
    (0.1, 0.2, 0.0, 0.65, 0.05, 0.0, 0.0),
    (0.2, 0.6, 0.0, 0.15, 0.0, 0.0, 0.05),
)


@dataclass(frozen=True)
class Lives:
    """The stage of everybody, what they do and with whom they live, and who says so."""

    stage: Ints
    occupation: Ints
    household: Ints
    tells: Mask

    def appeal(self) -> Floats:
        """Return by how much more each person looks at each topic."""
        return np.array(APPEAL)[self.stage]

    def income(self) -> Floats:
        """Return what is added to everybody's logarithm of income."""
        return np.array(_INCOME)[self.stage]

    def buying(self) -> Floats:
        """Return how much more everybody buys."""
        return np.array(_BUYING)[self.stage]

    def posting(self) -> Floats:
        """Return how much more everybody is on social platforms."""
        return np.array(_POSTING)[self.stage]

    def bargain(self) -> Floats:
        """Return how much more often everybody buys below the list price."""
        return np.array(_BARGAIN)[self.stage]

    def seconds_late(self) -> Floats:
        """Return by how many seconds everybody's day runs late."""
        return np.array(_HOURS_LATE)[self.stage] * 3600

    def weekends(self) -> Floats:
        """Return how much more everybody is on social platforms on Saturdays and Sundays."""
        return np.array(_WEEKENDS)[self.stage]

    def declared(self, person: Ints, seed: int, feed: str) -> tuple[Ints, Ints]:
        """Return the occupation and the household that accounts of these people declare, −1 for nothing."""
        rng, count = dice(seed, f"declared life/{feed}"), len(person)
        says = self.tells[person] & (rng.random(count) < IN_ACCOUNT)
        told = []
        for true, kinds in ((self.occupation, OCCUPATIONS), (self.household, HOUSEHOLDS)):
            other = rng.integers(0, len(kinds), count)
            told.append(np.where(says, np.where(rng.random(count) < WRONG, other, true[person]), -1))
        return told[0], told[1]


def live(birth_year: Ints, year: int, seed: int) -> Lives:
    """Give everybody a stage by their age in a year and by chance, from random numbers of its own."""
    rng, age = dice(seed, "life"), year - birth_year
    studies = rng.random(len(age)) < np.select([age <= 18, age <= 22, age <= 24], [1.0, 0.85, 0.4], 0.0)
    has_child = rng.random(len(age)) < np.select(
        [age <= 18, age <= 24, age <= 29, age <= 35, age <= 40], [0.0, 0.03, 0.25, 0.5, 0.35], 0.0
    )
    stage = np.select(
        [studies, has_child, age <= 35, age < 60],
        [STUDENT, YOUNG_FAMILY, YOUNG_WHITE_COLLAR, MIDLIFE],
        SENIOR,
    ).astype(np.int64)
    occupation, household = (
        (rng.random(len(age))[:, None] > np.cumsum(shares, axis=1)[stage][:, :-1]).sum(axis=1)
        for shares in (_OCCUPATION, _HOUSEHOLD)
    )
    return Lives(stage, occupation, household, rng.random(len(age)) < TELLS)


def generations(birth_year: Ints) -> Ints:
    """Return the place in `GENERATIONS` of people born in a year."""
    decades: Ints = (birth_year - FIRST_DECADE) // 10 + 1
    return np.clip(decades, 0, len(GENERATIONS) - 1)
