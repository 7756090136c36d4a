"""What rated comments teach, and whether taking it over pays. No Spark here.

A comment that many people wrote word for word counts once, by what most of them rated (as many as many: not at all):
canned praise must neither teach nor judge a hundred times. How well a scorer agrees is the mean of its shares of praise
and of complaints read as such, where silence counts one half: people mostly praise, and who always says so is right
on half of this scale.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from math import hypot, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from huaxiang.models.interval import ONE_SIDED, share_interval
from huaxiang.models.learned_sentiment import RAREST, SURE, grams, learn, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from huaxiang.models.learned_sentiment import Flags, LearnedSentiment, Numbers

JUDGES = 30
"""Comments of either side that it takes to compare two scorers."""


@dataclass(frozen=True)
class Written:
    """One text as people rated it, of several spellings the first.

    How many praised and how many complained by it, `RAREST` of those who wrote it, and its first and last day.
    """

    text: str
    praised: int
    complained: int
    writers: frozenset[str]
    first: date
    last: date


@dataclass(frozen=True)
class Comments:
    """Different rated comments, in an order of their content alone."""

    written: tuple[Written, ...]

    @property
    def texts(self) -> list[str]:
        """Their texts."""
        return [one.text for one in self.written]

    @property
    def praises(self) -> Flags:
        """Which of them praise; the others complain."""
        return np.array([one.praised > one.complained for one in self.written], dtype=np.bool_)

    @property
    def fewest(self) -> int:
        """Comments of the rarer side."""
        return int(min(self.praises.sum(), (~self.praises).sum()))

    def after(self, day: date | None) -> Flags:
        """Which of them nobody had written up to a day; without one, all."""
        return np.array([day is None or one.first > day for one in self.written], dtype=np.bool_)


def comments(rows: Iterable[Written]) -> Comments:
    """Return the different comments among rows, as n-grams are taken from them; none that holds no Chinese."""
    found: dict[str, Written] = {}
    for row in rows:
        text = plain(row.text)
        known = found.get(text, Written(row.text, 0, 0, frozenset(), row.first, row.last))
        found[text] = Written(
            min(known.text, row.text),
            known.praised + row.praised,
            known.complained + row.complained,
            frozenset(sorted(known.writers | row.writers)[:RAREST]),
            min(known.first, row.first),
            max(known.last, row.last),
        )
    kept = [one for one in found.values() if one.praised != one.complained and grams(one.text)]
    return Comments(tuple(sorted(kept, key=lambda one: _place(plain(one.text)))))


def _place(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True)
class Agreement:
    """How often a scorer reads comments as they were rated: a share with its 95 % interval, of either side and of both."""

    praise: tuple[float, float, float] = (nan, nan, nan)
    complaints: tuple[float, float, float] = (nan, nan, nan)
    both: tuple[float, float, float] = (nan, nan, nan)
    silent: float = nan
    judged: int = 0


def sure(felt: Numbers) -> Numbers:
    """Return what comments feel as a learned scorer says it: nan where it is not sure."""
    return np.where(np.abs(np.nan_to_num(felt)) >= SURE, felt, nan)


def rightness(praises: Flags, felt: Numbers) -> Numbers:
    """Return for each comment 1 where a scorer feels as it was rated, 0 where it does not, ½ where it feels nothing."""
    told = np.nan_to_num(felt)
    return np.where(told == 0, 0.5, np.where((told > 0) == praises, 1.0, 0.0))


def agreement(praises: Flags, felt: Numbers) -> Agreement:
    """Return how a scorer agrees; of a side without comments, and then of both, nan."""
    right, silent = rightness(praises, felt), np.nan_to_num(felt) == 0
    if not praises.any() or praises.all():
        return Agreement(judged=len(praises))
    praise, complaints = _side(right[praises]), _side(right[~praises])
    both = _mean_of(praise, complaints)
    return Agreement(praise, complaints, both, float(silent.mean()), len(praises))


def _side(right: Numbers) -> tuple[float, float, float]:
    return float(right.mean()), *share_interval(float(right.sum()), len(right))


def _mean_of(
    one: tuple[float, float, float], other: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Return the mean of two independent shares with its interval, recovered from theirs (Zou & Donner 2008)."""
    mean = (one[0] + other[0]) / 2
    below, above = (hypot(one[0] - one[end], other[0] - other[end]) / 2 for end in (1, 2))
    return mean, mean - below, mean + above


def _balanced(praises: Flags, values: Numbers) -> tuple[float, float]:
    """Return the mean of the means of both sides, and its standard error; nan with fewer than `JUDGES` of a side."""
    sides = values[praises], values[~praises]
    if min(map(len, sides)) < JUDGES:
        return nan, nan
    error = sqrt(sum(float(side.var(ddof=1)) / len(side) for side in sides)) / 2
    return float(np.mean([side.mean() for side in sides])), error


@dataclass(frozen=True)
class Appraisal:
    """What comments teach, and how it compares with the scorer in use on comments that neither has seen.

    `gain` is by how much what is learned anew agrees better, `error` its standard error; nan where it can't be told.
    """

    in_use: Agreement
    anew: Agreement = field(default_factory=Agreement)
    model: LearnedSentiment | None = None
    whole: Agreement = field(default_factory=Agreement)
    gain: float = nan
    error: float = nan

    @property
    def pays(self) -> bool:
        """Whether what is learned anew is better by more than its error."""
        return self.gain > ONE_SIDED * self.error


def appraise(known: Comments, in_use: Sequence[float | None], *, seen_until: date | None) -> Appraisal:
    """Return what comments teach, beside what the scorer `in_use` feels of each of them.

    It has seen those up to `seen_until`, the last day it was learned from: they judge neither it nor what is learned anew.
    """
    praises, unseen = known.praises, known.after(seen_until)
    felt = np.array([nan if one is None else one for one in in_use], dtype=np.float64)
    now = agreement(praises[unseen], felt[unseen])
    writers = [one.writers for one in known.written]
    lesson = learn(known.texts, praises.tolist(), writers)
    if lesson is None:
        return Appraisal(now)
    held_out = sure(lesson.held_out)
    anew = agreement(praises[unseen], held_out[unseen])
    more = rightness(praises, held_out) - rightness(praises, felt)
    gain, error = _balanced(praises[unseen], more[unseen])
    whole = agreement(praises, held_out)
    return Appraisal(now, anew, lesson.model, whole, gain, error)
