"""The posts of the last days, found by platform and topic, the most influential authors first."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from huaxiang.world.names import TOPICS

if TYPE_CHECKING:
    from huaxiang.world.clock import Floats, Ints

_KEEP_DAYS = 3


@dataclass(frozen=True)
class Written:
    """Posts: number, author, topic, instant, number of the root post (−1: none), share link (−1: none)."""

    number: Ints
    author: Ints
    topic: Ints
    at: Ints
    root: Ints
    link: Ints


class Pool:
    """Recent posts; `pick` and `latest` return row numbers into it, −1 where there is no post."""

    def __init__(self, accounts: int) -> None:
        empty = np.zeros(0, np.int64)
        self._days: list[tuple[int, Written, Ints, Floats]] = []
        self._posts = Written(empty, empty, empty, empty, empty, empty)
        self._start = np.zeros(0, np.int64)
        self._size = np.zeros(0, np.int64)
        self._latest = np.full(accounts, -1, dtype=np.int64)

    def add(self, day: int, posts: Written, platform: Ints, pull: Floats) -> None:
        """Take in one day's posts, forget the old ones and sort the shelves anew."""
        self._days = [d for d in self._days if d[0] > day - _KEEP_DAYS]
        self._days.append((day, posts, platform * len(TOPICS) + posts.topic, pull))
        shelf = np.concatenate([d[2] for d in self._days])
        order = np.lexsort((-np.concatenate([d[3] for d in self._days]), shelf))
        self._posts = Written(
            *(np.concatenate([getattr(d[1], f.name) for d in self._days])[order] for f in fields(Written))
        )
        self._size = np.bincount(shelf, minlength=2 * len(TOPICS))
        self._start = np.cumsum(self._size) - self._size
        self._latest.fill(-1)
        newest = np.argsort(self._posts.at, kind="stable")
        self._latest[self._posts.author[newest]] = newest

    def pick(self, rng: np.random.Generator, platform: Ints, topic: Ints) -> Ints:
        """Pick a post on each platform about each topic, mostly one of the popular ones."""
        if not len(self._start):
            return np.full(len(platform), -1, dtype=np.int64)
        shelf = platform * len(TOPICS) + topic
        size = self._size[shelf]
        row = self._start[shelf] + (size * rng.random(len(shelf)) ** 2.5).astype(np.int64)
        return np.where(size > 0, row, -1)

    def latest(self, account: Ints) -> Ints:
        """Return the newest post of each account."""
        return self._latest[account]

    def ancestry(self, row: Ints) -> tuple[Ints, Ints]:
        """Return the numbers of the post and of the first post of its thread; −1 for no post."""
        if not len(self._posts.number):
            return row, row
        at = np.maximum(row, 0)
        number = np.where(row >= 0, self._posts.number[at], -1)
        root = np.where(row >= 0, self._posts.root[at], -1)
        return number, np.where(root >= 0, root, number)

    def number(self, row: Ints) -> Ints:
        """Return the serial number of each post."""
        return self._posts.number[row]

    def at(self, row: Ints) -> Ints:
        """Return when each was posted."""
        return self._posts.at[row]

    def link(self, row: Ints) -> Ints:
        """Return the share link each carries, −1 for none."""
        return self._posts.link[row]
