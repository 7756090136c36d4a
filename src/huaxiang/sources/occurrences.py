"""Keys of rows that bring none: content or some columns, and a number where that repeats within a delivery.

A number stays: rows of one delivery that come later, in another file or from quarantine, go on counting where
those that were there before left off. Else a row would take another's number, and count as its duplicate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from huaxiang.frames import column_named, local_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyspark.sql import Column

    from huaxiang.sources.outside import FeedMap

KEY, CONTENT, AGAIN = "?key", "?content", "?again"
READ, ASKED = "?read", "?asked"
_TIME = (READ, ASKED)


@dataclass(frozen=True)
class ReadBefore:
    """Files that were read before: by name, in which release; and which of their rows are held.

    `held` has `_path`, `_record`, and `_asked`: whether the row is to come in again.
    """

    files: Mapping[str, int]
    held: DataFrame


def placed_in_time(frame: DataFrame, before: ReadBefore | None) -> DataFrame:
    """Add when each row was read: the release, null for tonight; `ASKED` is true or false for a held row."""
    if before is None:
        return frame.withColumns({READ: F.lit(None).cast("bigint"), ASKED: F.lit(None).cast("boolean")})
    read = local_frame(frame.sparkSession, list(before.files.items()), f"_path string, `{READ}` bigint")
    held = before.held.withColumnRenamed("_asked", ASKED)
    there = frame.join(F.broadcast(read), "_path", "left").join(
        F.broadcast(held), ["_path", "_record"], "left"
    )
    return there.withColumn(ASKED, F.when(F.col(READ).isNotNull(), F.col(ASKED)))


def of_tonight(frame: DataFrame) -> DataFrame:
    """Return the rows that come in tonight: of tonight's files, and those asked for."""
    return frame.where(F.col(READ).isNull() | F.coalesce(ASKED, F.lit(False))).drop(*_TIME)


def key_parts(feed: FeedMap, types: Mapping[str, str]) -> list[Column]:
    """Return of the outside columns the key, and the content that orders rows of one key; none without a key.

    The content as it came, not as it is read: other casts must not change a number. A map that reads other
    columns may number rows of one key anew.
    """
    if not feed.key:
        return []
    raw = _hashed(column_named(name) for name in feed.reads if name in types)
    return [_joined(feed.key, types).alias(KEY), raw.alias(CONTENT)]


def keyed(frame: DataFrame, feed: FeedMap, repeats: DataFrame | None) -> DataFrame:
    """Write the key to the feed's open key columns, with `#2`, `#3` … where it repeats within a delivery.

    Rows of one key are numbered by when they were read and then in the order of their content, so that
    neither files nor records need an order. Without a key the content's hash is the key: such rows are
    interchangeable, so that one that comes in again is numbered after all that came in.
    """
    if feed.key is None:
        return frame
    tonight = F.lit(2**62)
    if not feed.key:
        mapped = _hashed(F.col(name) for name in sorted(feed.columns))
        frame = frame.withColumns({KEY: F.when(F.col("_damage").isNull(), mapped), CONTENT: F.lit("")})
        stays = F.when(~F.col(ASKED), tonight + 1)
        done = _numbered(frame, F.coalesce(stays, F.when(F.col(ASKED), tonight), F.col(READ), tonight))
    elif repeats is None:
        done = frame
    else:
        mark = repeats.select("_path", "_record", F.lit(True).alias(AGAIN))
        marked = frame.join(mark, on=["_path", "_record"], how="left")
        again = _numbered(marked.where(F.col(AGAIN)), F.coalesce(F.col(READ), tonight))
        done = marked.where(F.col(AGAIN).isNull()).unionByName(again).drop(AGAIN)
    return done.withColumns({name: F.col(KEY) for name in feed.filled}).drop(KEY, CONTENT)


def _joined(key: tuple[str, ...], types: Mapping[str, str]) -> Column:
    """Return the key columns as one text, `a:b`, colons inside escaped; null when one of them is."""
    parts = []
    for name in key:
        part = column_named(name).cast("string")
        if types[name] == "string" and len(key) > 1:
            part = F.regexp_replace(part, r"([\\:])", r"\\$1")
        parts.append(part)
    between = [parts[0], *(piece for part in parts[1:] for piece in (F.lit(":"), part))]
    return F.concat(*between)  # null as soon as one part is


def _hashed(columns: Iterable[Column]) -> Column:
    values = (F.coalesce(column.cast("string"), F.lit("\x00")) for column in columns)
    return F.substring(F.sha2(F.concat_ws("\x1f", *values), 256), 1, 32)


def _numbered(frame: DataFrame, turn: Column) -> DataFrame:
    alone = F.concat_ws("\x1f", "_path", "_record")  # a row without a key repeats nobody
    repeats = Window.partitionBy("_arrival", "_filtered", F.coalesce(KEY, alone)).orderBy(
        turn, CONTENT, "_path", "_record"
    )
    number = F.row_number().over(repeats)
    return frame.withColumn(
        KEY, F.concat(KEY, F.when(number > 1, F.concat(F.lit("#"), number)).otherwise(""))
    )
