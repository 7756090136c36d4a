"""Do a source map's expressions fit what was staged? Types of the outside columns, checked without Spark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyarrow import parquet as pq

from huaxiang.errors import ConfigurationError, Problem
from huaxiang.expressions.check import NameInfo
from huaxiang.expressions.compiled import compile_expression
from huaxiang.expressions.families import SAID, family
from huaxiang.sources.shape import spark_type

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from huaxiang.contracts.model import Contract
    from huaxiang.expressions.compiled import Compiled
    from huaxiang.sources.outside import FeedMap
    from huaxiang.sources.stage import Staged

PLACES = ("_path", "_arrival", "_record", "_damage")
AND = "\n"
"""Between the reasons in `_damage`, where a row has several."""


@dataclass(frozen=True)
class StagedTable:
    """One staged folder and the Spark types of its columns."""

    path: Path
    types: Mapping[str, str]

    @classmethod
    def at(cls, path: Path) -> StagedTable:
        """Read the types from the folder's first file; all its files have the same."""
        schema = pq.read_schema(min(path.glob("*.parquet")))
        return cls(path, {field.name: spark_type(field.type) for field in schema})


def staged_tables(staged: Staged) -> list[StagedTable]:
    """Return the staged table of texts, if any, and those of typed rows."""
    folders = [*([staged.text] if staged.text else []), *staged.typed]
    return [StagedTable.at(folder) for folder in folders]


def compiled_columns(feed: FeedMap, types: Mapping[str, str], contract: Contract) -> dict[str, Compiled]:
    """Check a feed's expressions against the outside types; `where` stands under its own name.

    ConfigurationError names every expression that reads an unknown column, mixes types, or gives what
    the feed's column can't be read from.
    """
    names = {
        name: NameInfo("timestamp" if kind == "timestamp_ntz" else kind)
        for name, kind in types.items()
        if name not in PLACES
    }
    problems: list[Problem] = []
    compiled = {}
    for column, expression in feed.columns.items():
        try:
            found = compile_expression(expression.text, names, expression.place)
        except ConfigurationError as error:
            problems += error.problems
            continue
        compiled[column] = found
        needed = contract.column(column).type
        if not _can_be_read(found.type, needed):
            where = expression.place.at(expression.text, 0)
            problems.append(
                Problem(where, f"{SAID[family(found.type)]} for `{column}`", SAID[family(needed)])
            )
    if feed.where is not None:
        try:
            compiled["where"] = compile_expression(feed.where.text, names, feed.where.place, want="boolean")
        except ConfigurationError as error:
            problems += error.problems
    if problems:
        raise ConfigurationError(problems)
    return compiled


def _can_be_read(found: str, needed: str) -> bool:
    given, wanted = family(found), family(needed)
    if given in ("text", "null") or given == wanted:
        return True
    return wanted == "text" and given in ("number", "boolean")
