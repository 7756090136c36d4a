"""What the released tables say of ladders, without Spark: flows between stages, and where two ladders disagree."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from huaxiang.errors import ConfigurationError, Problem
from huaxiang.tables.reader import read_light, release_light

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    import pyarrow as pa


@dataclass(frozen=True)
class Cross:
    """A table of counts: (row, column) → persons, per brand once for each; `None` stands for no stage."""

    rows: tuple[str | None, ...]
    columns: tuple[str | None, ...]
    counts: Counter[tuple[str | None, str | None]]

    def as_rows(self) -> list[dict[str, Any]]:
        """Return the counts that are not 0, in order."""
        return [
            {"row": row, "column": column, "people": self.counts[row, column]}
            for row in self.rows
            for column in self.columns
            if self.counts[row, column]
        ]


@dataclass(frozen=True)
class Flow:
    """Moves of a ladder over some nights but the `restated` ones, and how long who moved had stood on each stage."""

    ladder: str
    first: date
    last: date
    restated: tuple[date, ...]
    moves: Cross
    mean_days: dict[str, float]


def flow(
    root: str | Path, ladder: str, stages: Iterable[str], *, brand: str | None, since: date | None
) -> Flow:
    """Return who moved, stage by stage, on the nights from `since` to the release (default: its night alone).

    Rows are where people came from, columns where to, each move once; the diagonal counts who stayed on the last of
    these nights, nobody if that one was restated. Nights on which the ladder was new or of another version are named
    and don't count: no move there was people's own. `mean_days` are of those who left a stage.
    """
    table = read_light(root, "stage_flow").to_table(filter=pc.field("ladder") == ladder)
    table = _of_brand(table, brand)
    if not len(table):
        raise _nothing(ladder, brand)
    last = release_light(root).as_of
    first = since or last
    if first > last:
        raise ConfigurationError(Problem("--from", f"{first} is after the newest night", f"until {last}"))
    asked = table.filter(pc.field("as_of") >= first)
    restated = sorted({row["as_of"] for row in asked.filter(pc.field("restated")).to_pylist()})
    kept = asked.filter(~pc.field("as_of").isin(restated))
    counts: Counter[tuple[str | None, str | None]] = Counter()
    days: Counter[str] = Counter()
    left: Counter[str] = Counter()
    newest = pc.max(asked.filter(pc.field("as_of") == last)["release"]).as_py()
    for row in kept.select(["release", "from_stage", "to_stage", "people", "person_days"]).to_pylist():
        was, is_ = row["from_stage"], row["to_stage"]
        if was == is_ and row["release"] != newest:
            continue
        counts[was, is_] += row["people"]
        if was is not None and was != is_:
            days[was] += row["person_days"]
            left[was] += row["people"]
    names = _in_order(stages, {stage for move in counts for stage in move})
    mean = {stage: days[stage] / left[stage] for stage in names if stage and left[stage]}
    return Flow(ladder, first, last, tuple(restated), Cross(names, names, counts), mean)


def disagreement(
    root: str | Path,
    ladders: tuple[str, str],
    stages: tuple[Iterable[str], Iterable[str]],
    *,
    brand: str | None,
) -> Cross:
    """Return how many stand where on one ladder (rows) and on the other (columns), of who stands on either."""
    sides = []
    for ladder in ladders:
        rows = read_light(root, "stage").to_table(
            columns=["brand_id", "person", "stage"], filter=pc.field("ladder") == ladder
        )
        rows = _of_brand(rows, brand)
        if not len(rows):
            raise _nothing(ladder, brand)
        sides.append(rows)
    keys = ["brand_id", "person"] if pc.count(sides[0]["brand_id"]).as_py() else ["person"]
    both = sides[0].join(sides[1], keys, join_type="full outer", left_suffix="_row", right_suffix="_column")
    told = both.group_by(["stage_row", "stage_column"]).aggregate([([], "count_all")])
    counts = Counter({(row["stage_row"], row["stage_column"]): row["count_all"] for row in told.to_pylist()})
    return Cross(
        _in_order(stages[0], {row for row, _ in counts}),
        _in_order(stages[1], {column for _, column in counts}),
        counts,
    )


def _of_brand(table: pa.Table, brand: str | None) -> pa.Table:
    return table if brand is None else table.filter(pc.field("brand_id") == brand)


def _in_order(stages: Iterable[str], found: set[str | None]) -> tuple[str | None, ...]:
    """The ladder's stages from the lowest, then those that it once had, then outside if anybody was there."""
    known = list(stages)
    gone = sorted(stage for stage in found if stage is not None and stage not in known)
    return (*known, *gone, *([None] if None in found else []))


def _nothing(ladder: str, brand: str | None) -> ConfigurationError:
    where = f" of brand `{brand}`" if brand else ""
    hint = 'a new one is there after the next night; see: huaxiang query "SELECT DISTINCT ladder, brand_id FROM stage"'
    return ConfigurationError(
        Problem(f"ladder {ladder}", f"nobody{where} stands on it in this release", hint=hint)
    )
