"""What a release's tables hold of a few persons, as plain data, but for what nobody may be told by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.days.definitions import TABLES

if TYPE_CHECKING:
    from collections.abc import Collection

    from huaxiang.days.measures import Catalogue
    from huaxiang.tables.lake import Lake
    from huaxiang.tables.release import Release

Row = dict[str, Any]
KEYS = ("person", "brand_id", "as_of")


def rows_released(
    lake: Lake,
    catalogue: Catalogue,
    table: str,
    release: Release,
    of: Collection[str] | None = None,
    *,
    by: str = "person",
) -> list[Row]:
    """Return the rows of a table of a release, those `of` some persons by the column `by`; none of a table it lacks.

    A release may be older than today's block list: no topic that is barred now is told from it, by a column that is
    made of topics, or by one that is defined no more.
    """
    frame = lake.held(table, release)
    mine = frame if of is None else frame.where(F.col(by).isin(*of))
    rows: list[Row] = [row.asDict(recursive=True) for row in mine.collect()]
    if table not in TABLES.values():
        return rows
    kept = {*catalogue.columns(), *KEYS} - catalogue.by_topic
    barred = catalogue.blocked.without_barred
    return [row | {name: barred(row[name]) for name in row.keys() - kept} for row in rows]
