"""Staged files as one Spark frame of a feed's columns, as found or as a source map says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from huaxiang.clock import instant_of
from huaxiang.frames import backticked, column_named, local_frame, parquet_frame, stacked
from huaxiang.sources.fit import AND, PLACES, StagedTable, compiled_columns, staged_tables
from huaxiang.sources.occurrences import ReadBefore, key_parts, keyed, of_tonight, placed_in_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column

    from huaxiang.contracts.model import Contract
    from huaxiang.expressions.compiled import Compiled
    from huaxiang.sources.outside import FeedMap, SourceMap
    from huaxiang.sources.stage import Staged

DAMAGE = "_damage"


def feed_frame(
    spark: SparkSession,
    staged: Staged,
    contract: Contract,
    source: SourceMap | None = None,
    before: ReadBefore | None = None,
) -> DataFrame:
    """Return all staged records: the contract's columns, `PLACES` and `_filtered`.

    Texts stay text and Parquet's types stay theirs; where a column came in several types it is text
    (instants then with `Z`). Columns that nobody brought are null text. A source map's expressions give
    the columns, `_filtered` is true where its `where` is not true, and its key fills the key columns
    that it doesn't map; texts that expressions can't read are the row's `_damage`. Of files that were read
    `before` only the rows that are asked for are returned. Raises ConfigurationError when an expression
    doesn't fit the file's types.
    """
    tables = staged_tables(staged)
    if source is None:
        frames = [_as_found(_read(spark, table), table, contract) for table in tables]
    else:
        feed = source.feeds[contract.name]
        compiled = [compiled_columns(feed, table.types, contract) for table in tables]
        frames = [
            _mapped(_read(spark, table), table, feed, columns, source)
            for table, columns in zip(tables, compiled, strict=True)
        ]
    if not frames:
        return _nothing(spark, contract)
    frame = placed_in_time(stacked(_alike(frames)), before)
    if source is not None:
        repeats = _read(spark, StagedTable.at(staged.repeats)) if staged.repeats else None
        frame = keyed(frame, source.feeds[contract.name], repeats)
    frame = of_tonight(frame)
    missing = {name: F.lit(None).cast("string") for name in contract.names if name not in frame.columns}
    if source is not None and "currency" in missing:
        missing["currency"] = F.lit(source.currency)
    return frame.select(
        *(missing[name].alias(name) if name in missing else F.col(name) for name in contract.names),
        *PLACES,
        "_filtered",
    )


def _read(spark: SparkSession, table: StagedTable) -> DataFrame:
    schema = ", ".join(f"{backticked(name)} {kind}" for name, kind in table.types.items())
    return parquet_frame(spark, [str(table.path.absolute())], schema)


def _as_found(frame: DataFrame, table: StagedTable, contract: Contract) -> DataFrame:
    there = [name for name in contract.names if name in table.types]
    return frame.select(*there, *PLACES, F.lit(False).alias("_filtered"))


def _mapped(
    frame: DataFrame, table: StagedTable, feed: FeedMap, compiled: Mapping[str, Compiled], source: SourceMap
) -> DataFrame:
    clocks = {
        name: instant_of(column_named(name).cast("timestamp"), source.zone)
        for name, kind in table.types.items()
        if kind == "timestamp_ntz"
    }
    frame = frame.withColumns(clocks)
    unread = {name: found.unread(zone=source.zone) for name, found in compiled.items()}
    columns = {name: found.column(zone=source.zone) for name, found in compiled.items()}
    where = columns.pop("where", None)
    is_wanted = F.lit(True) if where is None else F.coalesce(where, F.lit(False))
    of_where = unread.pop("where", None)  # a row of which nobody can tell is no row that is left out
    kept = is_wanted | F.col(DAMAGE).isNotNull() | (F.lit(False) if of_where is None else of_where)
    selected = [column.alias(name) for name, column in columns.items()]
    selected += key_parts(feed, table.types)
    spoilt = [
        F.when(is_unread, F.lit(f"bad_type:{name}"))
        for name, is_unread in unread.items()
        if is_unread is not None
    ]
    said = [F.nullif(F.concat_ws(AND, *spoilt), F.lit(""))]
    if of_where is not None:
        said.append(F.when(of_where, F.lit("bad_type:where")))
    damage = F.coalesce(DAMAGE, *said)
    places = [damage.alias(name) if name == DAMAGE else F.col(name) for name in PLACES]
    return frame.select(*selected, *places, (~kept).alias("_filtered"))


def _alike(frames: list[DataFrame]) -> list[DataFrame]:
    """Give all frames the same columns and types, by way of text where they differ."""
    kinds: dict[str, set[str]] = {}
    for frame in frames:
        for name, kind in frame.dtypes:
            kinds.setdefault(name, set()).add(kind)
    if all(len(found) == 1 for found in kinds.values()) and len({tuple(f.columns) for f in frames}) == 1:
        return frames
    return [
        frame.select(*(_in_common(frame, name, found) for name, found in kinds.items())) for frame in frames
    ]


def _in_common(frame: DataFrame, name: str, kinds: set[str]) -> Column:
    mine = dict(frame.dtypes).get(name)
    if mine is None:
        return F.lit(None).cast("string" if len(kinds) > 1 else next(iter(kinds))).alias(name)
    return (F.col(name) if len(kinds) == 1 else _as_text(F.col(name), mine)).alias(name)


def _as_text(column: Column, kind: str) -> Column:
    if kind == "timestamp":
        return F.date_format(column, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")  # the session's zone is UTC
    return F.to_json(column) if kind.startswith("array") else column.cast("string")


def _nothing(spark: SparkSession, contract: Contract) -> DataFrame:
    places = "_path string, _arrival date, _record bigint, _damage string, _filtered boolean"
    columns = ", ".join(f"`{name}` string" for name in contract.names)
    return local_frame(spark, [], f"{columns}, {places}")
