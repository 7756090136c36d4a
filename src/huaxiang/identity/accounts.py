"""Everybody: the accounts that the clean feeds speak of, kept up from night to night."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from huaxiang.contracts.clean import ROLES
from huaxiang.frames import stacked

if TYPE_CHECKING:
    from collections.abc import Iterable


def owned_by_brands(social_accounts: DataFrame) -> DataFrame:
    """Return the distinct `account`s that any known version says are a brand's own: they are nobody's, then and now."""
    return social_accounts.where(F.col("brand_id").isNotNull()).select("account").distinct()


def accounts_in(frames: Iterable[DataFrame]) -> DataFrame | None:
    """Return the distinct `account`s of clean rows, at both ends where there are two; None without any.

    Frames without account columns (a delivery, a region) speak of nobody.
    """
    everybody = _mentions(frames)
    return None if everybody is None else everybody.where(F.col("account").isNotNull()).distinct()


def without_mention(accounts: DataFrame, frames: Iterable[DataFrame]) -> DataFrame:
    """Return those of (few) `accounts` of which the clean rows `frames` say nothing."""
    mentions = _mentions(frames)
    if mentions is None:
        return accounts
    found = mentions.join(F.broadcast(accounts), "account", "left_semi").distinct()
    return accounts.join(found, "account", "left_anti")


def _mentions(frames: Iterable[DataFrame]) -> DataFrame | None:
    """Return `account`, each time one is mentioned: every frame is read once."""
    found = []
    for frame in frames:
        roles = [F.col(role) for role in ROLES if role in frame.columns]
        if roles:
            found.append(
                frame.select((F.explode(F.array(*roles)) if len(roles) > 1 else roles[0]).alias("account"))
            )
    return stacked(found) if found else None
