"""Everybody: the accounts that the clean feeds speak of, kept up from night to night."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROLES = ("account", "other_account")


def accounts_in(frames: Iterable[DataFrame]) -> DataFrame | None:
    """Return the distinct `account`s of clean rows, at both ends where there are two; None without any.

    Frames without account columns (a delivery, a region) speak of nobody.
    """
    ends = [end.where(F.col("account").isNotNull()).distinct() for end in _ends(frames)]
    return reduce(DataFrame.unionByName, ends).distinct() if ends else None


def vanished_accounts(gone: DataFrame, feeds: Iterable[DataFrame]) -> DataFrame:
    """Return the accounts of `gone` of which the clean `feeds` hold no row any more."""
    sought = F.broadcast(gone.select("account"))
    still = [end.join(sought, "account", "left_semi").distinct() for end in _ends(feeds)]
    return gone.join(reduce(DataFrame.unionByName, still), "account", "left_anti") if still else gone


def _ends(frames: Iterable[DataFrame]) -> Iterator[DataFrame]:
    for frame in frames:
        for role in ROLES:
            if role in frame.columns:
                yield frame.select(F.col(role).alias("account"))
