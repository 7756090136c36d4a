"""Of how many people every tag tells something in a release, and up to when its feeds came. Without Spark."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from huaxiang.days.vocabulary import BRAND_RELATION, PORTRAIT
from huaxiang.tables.filled import filled
from huaxiang.tables.reader import read_pinned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from huaxiang.tables.release import Release

LOADED = "loaded"


@dataclass(frozen=True)
class TagCoverage:
    """By table its `rows`, and how many of them hold a value by column; by feed the newest arrival, and whom it covers.

    `coverage` are rows of the table of that name.
    """

    release: int
    as_of: date
    rows: Mapping[str, int]
    filled: Mapping[str, Mapping[str, int]]
    newest: Mapping[str, date] = field(default_factory=dict)
    coverage: Sequence[Mapping[str, Any]] = ()


def tag_coverage(root: str | Path, release: Release) -> TagCoverage:
    """Return what the tables of a release say: from their footers, the file ledger and `coverage`."""
    tables = [release.tables[name] for name in (PORTRAIT, BRAND_RELATION) if name in release.tables]
    newest: dict[str, date] = {}
    if "file_ledger" in release.tables:
        ledger = read_pinned(root, release.tables["file_ledger"])
        for batch in ledger.to_batches(columns=["feed", "arrival_date", "status"]):
            for row in batch.to_pylist():
                if row["status"] == LOADED:
                    newest[row["feed"]] = max(
                        newest.get(row["feed"], row["arrival_date"]), row["arrival_date"]
                    )
    held = release.tables.get("coverage")
    return TagCoverage(
        release.release,
        release.as_of,
        {pin.name: pin.rows for pin in tables},
        {pin.name: filled(root, pin) for pin in tables},
        newest,
        read_pinned(root, held).to_table().to_pylist() if held else (),
    )
