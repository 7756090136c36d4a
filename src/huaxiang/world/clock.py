"""Time in the demo world: which days it has, how busy each is, and a seeded dice for every purpose."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

DAY = 86_400
ZONE_SECONDS = 8 * 3600  # Asia/Shanghai has had no summer time since 1991
_EPOCH = date(1970, 1, 1)

# Share of a day's acts per hour: screens in the evening, shops at noon and around nine.
_SOCIAL_HOURS = (3, 2, 1, 1, 1, 1, 3, 6, 8, 8, 7, 7, 10, 9, 7, 7, 7, 8, 9, 11, 13, 14, 12, 7)
_SHOP_HOURS = (3, 1, 1, 1, 1, 1, 2, 4, 6, 9, 11, 10, 10, 9, 8, 8, 8, 7, 7, 10, 13, 14, 10, 6)


def dice(seed: int, purpose: str, day: int = 0) -> np.random.Generator:
    """Return the random numbers of one purpose on one day: no purpose disturbs another."""
    words = [seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF, zlib.crc32(purpose.encode()), day]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


@dataclass(frozen=True)
class Clock:
    """The business days `first` … `until`, numbered 0 … days − 1; instants are UTC epoch seconds."""

    until: date
    days: int

    @property
    def last(self) -> int:
        """The number of the last day."""
        return self.days - 1

    @cached_property
    def first_epoch_day(self) -> int:
        """Day 0 as days since 1970-01-01."""
        return (self.until - _EPOCH).days - self.days + 1

    def date(self, day: int) -> date:
        """Return the calendar date of day number `day`."""
        return _EPOCH + timedelta(days=self.first_epoch_day + day)

    def midnight(self, day: int) -> int:
        """Return the instant at which the business day begins."""
        return (self.first_epoch_day + day) * DAY - ZONE_SECONDS

    def day_of(self, instants: Ints) -> Ints:
        """Return the day number each instant falls on."""
        return (instants + ZONE_SECONDS) // DAY - self.first_epoch_day

    def epoch_day(self, day: Ints) -> Ints:
        """Return day numbers as days since 1970-01-01, the way Arrow stores dates."""
        return day + self.first_epoch_day

    @cached_property
    def shop_season(self) -> Floats:
        """How busy shops are on each day; mean 1 over the world's days."""
        return _mean_one([_shop_factor(self.date(d)) for d in range(self.days)])

    @cached_property
    def is_weekend(self) -> Mask:
        """Which days are Saturdays or Sundays."""
        return np.array([self.date(d).weekday() >= 5 for d in range(self.days)], dtype=np.bool_)

    @cached_property
    def social_season(self) -> Floats:
        """How busy social platforms are on each day; mean 1 over the world's days."""
        return _mean_one(np.where(self.is_weekend, 1.18, 1.0).tolist())

    def social_times(self, rng: np.random.Generator, count: int, shift: Ints | int = 0) -> Ints:
        """Draw seconds after midnight by the social day's rhythm, moved by a person's own `shift`."""
        return _times(rng, count, _SOCIAL_HOURS, shift)

    def shop_times(self, rng: np.random.Generator, count: int, shift: Ints | int = 0) -> Ints:
        """Draw seconds after midnight by the shopping day's rhythm, moved by a person's own `shift`."""
        return _times(rng, count, _SHOP_HOURS, shift)


def _mean_one(factors: list[float]) -> Floats:
    values = np.array(factors, dtype=np.float64)
    scaled: Floats = values / values.mean()
    return scaled


def _shop_factor(day: date) -> float:
    """Weekend trade, the 618 and 11.11 festivals with their run-up and the slump after 11.11."""
    peaks = {(6, 1): 1.6, (6, 18): 3.2, (11, 1): 1.6, (11, 10): 1.8, (11, 11): 4.2, (12, 12): 1.9}
    weekly = (1.0, 0.95, 0.95, 1.0, 1.05, 1.2, 1.2)[day.weekday()]
    if (day.month, day.day) in peaks:
        return weekly * peaks[day.month, day.day]
    if (day.month == 6 and day.day < 18) or (day.month == 11 and day.day < 11):
        return weekly * 1.25
    if day.month == 11 and day.day < 15:
        return weekly * 0.7
    return weekly


def _times(rng: np.random.Generator, count: int, hours: tuple[int, ...], shift: Ints | int) -> Ints:
    cumulated = np.concatenate([[0.0], np.cumsum(hours)]) / sum(hours)
    seconds = np.interp(rng.random(count), cumulated, np.arange(25) * 3600.0).astype(np.int64)
    moved: Ints = (seconds + shift) % DAY
    return moved
