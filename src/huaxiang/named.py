"""What keys are called: the feeds that name them. No Spark here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from huaxiang.contracts.model import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMED = {"brand": "brand_id", "category": "category", "courier": "courier_id"}
"""Each feed that names keys, and its column that holds the key."""


def name_in(row: Mapping[str, Any], feed: str) -> Text:
    """Return what a row of such a feed calls its key: in a language that it lacks by the other, else by the key itself."""
    key = row[NAMED[feed]]
    english, chinese = row["name_en"], row["name_zh"]
    return Text(str(english or chinese or key), str(chinese or english or key))
