"""Rows that were refused: what the lake keeps of them, why, and how they come in again.

A replay is a request, kept in the lake until a night that has done it is published or held: it reads the
landing files of the held rows again, and they come in like any other row, counted in `rows_in`. What they
were held for is then `replayed`; if they are refused once more, a new row says so. A request that comes
while a night runs is the next one's, and a rollback takes none back: it is for the rows that are held when
it is done. Only files that still are what they were can be read again; a file
that was mended comes in whole, and the rows held of its former content are `resent`.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from huaxiang.clean.joinkeys import peppered, pseudonym
from huaxiang.errors import ConfigurationError, Problem, did_you_mean
from huaxiang.frames import local_frame, stacked
from huaxiang.sources.outside import QUARANTINED
from huaxiang.tables.attempt import OBSOLETE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pyspark.sql import Column

    from huaxiang.clean.known import Known
    from huaxiang.night import Night
    from huaxiang.sources.files import LandingFile

TABLE = "quarantine"
REQUESTS = "_replay"
"""The folder of the lake with a file for each request that no night has done yet."""
EXAMPLES = 3
HELD, REPLAYED, RESENT = "held", "replayed", "resent"


@dataclass(frozen=True)
class Replay:
    """The held rows of one feed to be read again."""

    places: DataFrame  # _path, _record, and _held: the release that holds the row
    rows: Mapping[str, int]  # by the file's name

    @property
    def total(self) -> int:
        """How many rows are read again."""
        return sum(self.rows.values())

    def without(self, names: Collection[str]) -> Replay:
        """Return the replay without some of its files."""
        if not names:
            return self
        return Replay(
            self.places.where(~F.col("_path").isin(*names)),
            {name: rows for name, rows in self.rows.items() if name not in names},
        )


def quarantined(judged: DataFrame, night: Night, pepper: DataFrame) -> DataFrame:
    """Return the rows of the table `quarantine` for tonight's refused rows; no value, and no key as it is."""
    refused = judged.where(F.col("outcome") == QUARANTINED)
    return peppered(refused, pepper).select(
        "feed",
        F.lit(night.source_name).alias("source"),
        "arrival_date",
        F.col("_path").alias("path"),
        F.col("_record").alias("record"),
        "reasons",
        pseudonym(F.nullif(F.col("event_key"), F.lit(""))).alias("event_pseudonym"),
        F.lit(night.number).cast("bigint").alias("release"),
        F.lit(HELD).alias("status"),
        F.lit(None).cast("bigint").alias("replayed_release"),
    )


def listed(lake_root: str) -> list[dict[str, Any]]:
    """Return the held rows of the newest release, by feed and reason, most frequent first.

    `source`, `feed`, `reason`, `rows` (a row with several reasons counts in each), in how many `files` they stand, and
    as `examples` the places of the first three.
    """
    places: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for row in _held(lake_root):
        for reason in row["reasons"]:
            kind = (row["source"], row["feed"], reason)
            places.setdefault(kind, []).append((row["path"], row["record"]))
    return [
        {
            **dict(zip(("source", "feed", "reason"), kind, strict=True)),
            "rows": len(found),
            "files": len({path for path, _ in found}),
            "examples": [{"path": path, "record": record} for path, record in sorted(found)[:EXAMPLES]],
        }
        for kind, found in sorted(places.items(), key=lambda one: (-len(one[1]), one[0]))
    ]


def request_replay(lake_root: str, *, feed: str | None = None, reason: str | None = None) -> int:
    """Ask the next night of each source to read its held rows again, besides those asked for before; returns how many."""
    from huaxiang.tables.storage import storage  # noqa: PLC0415  (no Spark for a request)

    held = _held(lake_root)
    rows = [r for r in held if feed in (None, r["feed"]) and (not reason or reason in r["reasons"])]
    if not rows:
        wanted = ", ".join(f"{k} {v}" for k, v in (("feed", feed), ("reason", reason)) if v)
        known = {
            "feed": {r["feed"] for r in held},
            "reason": {one for r in held for one in r["reasons"] if feed in (None, r["feed"])},
        }
        near = [
            did_you_mean(v, known[k])
            for k, v in (("feed", feed), ("reason", reason))
            if v and v not in known[k]
        ]
        hint = "; ".join(filter(None, near)) or ("see `huaxiang quarantine list`" if held else "")
        found = f"no row is held{': ' + wanted if wanted else ''}"
        raise ConfigurationError(Problem("quarantine", found, hint=hint))
    for source in sorted({row["source"] for row in rows}):
        request = json.dumps({"source": source, "feed": feed, "reason": reason})
        storage(lake_root).write_text(f"{REQUESTS}/{uuid.uuid4().hex}.json", request)
    return len(rows)


def _asked_for(night: Night) -> Column | None:
    """Return which held rows are asked for, None without a request; when the night is done, its requests go."""
    store = night.lake.storage
    names = [f"{REQUESTS}/{entry.name}" for entry in store.list(REQUESTS) if entry.name.endswith(".json")]
    requests = {name: json.loads(store.read_text(name) or "{}") for name in names}
    mine = {name: one for name, one in requests.items() if one.get("source") == night.source_name}
    if not mine:
        return None
    night.attempt.note(OBSOLETE, sorted(mine))
    wanted = F.lit(False)
    for request in mine.values():
        of_feed = F.col("feed") == request["feed"] if request.get("feed") else F.lit(True)
        of_reason = F.array_contains("reasons", request["reason"]) if request.get("reason") else F.lit(True)
        wanted |= of_feed & of_reason
    return wanted


def _held(lake_root: str) -> list[dict[str, Any]]:
    """Read the held rows of the newest release, also of one that gates hold back."""
    from huaxiang.tables.reader import read_pinned, releases_light  # noqa: PLC0415  (no Spark for a list)

    pin = next((release.tables.get(TABLE) for release in releases_light(lake_root)[-1:]), None)
    columns = ["source", "feed", "path", "record", "reasons"]
    held = pc.field("status") == HELD
    return read_pinned(lake_root, pin).to_table(columns, filter=held).to_pylist() if pin else []


def rows_to_replay(
    night: Night, files_there: Iterable[LandingFile], known: Known
) -> tuple[dict[str, Replay], list[Problem]]:
    """Return by feed the held rows that requests want read again, and remarks about those that can't be.

    Only of files that still are as they were held; another content comes in whole, as a new file.
    """
    wanted = _asked_for(night)
    if wanted is None:
        return {}, []
    held = _held_of(night).where(wanted)
    there = {(f.feed, f.relative): f for f in files_there}
    places: list[tuple[str, str, int]] = []
    remarks = []
    for row in held.groupBy("feed", "path", "release").agg(F.count(F.lit(1))).collect():
        feed, path, release, rows = row
        file = there.get((feed, path))
        read = known.newest.get((feed, path))
        if file is None:
            found = f"{rows:,} rows stay held: the file is gone"
            remarks.append(Problem(path, found, hint="put it back, or send the rows anew"))
            continue
        if read is None or known.is_new(file) or read["release"] > release:
            continue
        places.append((feed, path, release))
    if not places:
        return {}, remarks
    asked = F.broadcast(local_frame(night.spark, places, "feed string, path string, release bigint"))
    again = held.join(asked, ["feed", "path", "release"], "left_semi")
    counts: dict[str, dict[str, int]] = {}
    for feed, path, rows in again.groupBy("feed", "path").agg(F.count_distinct("record")).collect():
        counts.setdefault(feed, {})[path] = rows
    columns = (
        F.col("path").alias("_path"),
        F.col("record").alias("_record"),
        F.col("release").alias("_held"),
    )
    return {
        feed: Replay(again.where(F.col("feed") == feed).select(*columns), rows)
        for feed, rows in counts.items()
    }, remarks


def _held_of(night: Night) -> DataFrame:
    """Return the rows that are held of files which tonight's source reads."""
    rows = night.lake.read(TABLE)
    return rows.where((F.col("status") == HELD) & (F.col("source") == night.source_name))


def held_places(night: Night, feed: str, replay: Replay | None) -> DataFrame:
    """Return `_path`, `_record` of every held row of a feed, and whether it is `_asked` for."""
    held = _held_of(night).where(F.col("feed") == feed)
    every = held.select(F.col("path").alias("_path"), F.col("record").alias("_record")).distinct()
    if replay is None:
        return every.withColumn("_asked", F.lit(False))
    asked = replay.places.select("_path", "_record", F.lit(True).alias("_asked")).distinct()
    joined = every.join(asked, ["_path", "_record"], "left")
    return joined.withColumn("_asked", F.coalesce("_asked", F.lit(False)))


def after_replay(held: DataFrame, replayed: Mapping[str, DataFrame], release: int) -> DataFrame:
    """Return the table `quarantine` with the rows that came in again marked `replayed`."""
    marks = [
        places.select(
            F.lit(feed).alias("feed"),
            F.col("_path").alias("path"),
            F.col("_record").alias("record"),
            F.col("_held").alias("release"),
            F.lit(HELD).alias("status"),
        )
        for feed, places in replayed.items()
    ]
    again = stacked(marks).distinct().withColumn("_again", F.lit(True))
    joined = held.join(F.broadcast(again), ["feed", "path", "record", "release", "status"], "left")
    status = F.when(F.col("_again"), F.lit(REPLAYED)).otherwise(F.col("status"))
    number = F.when(F.col("_again"), F.lit(release).cast("bigint")).otherwise(F.col("replayed_release"))
    marked = joined.withColumns({"status": status, "replayed_release": number})
    return marked.select(*held.columns)


def after_resending(held: DataFrame, resent: Mapping[str, Collection[str]], night: Night) -> DataFrame:
    """Return the table `quarantine` with the held rows of files, by feed, that came with another content."""
    named = [(F.col("feed") == feed) & F.col("path").isin(*paths) for feed, paths in sorted(resent.items())]
    is_resent = (F.col("status") == HELD) & (F.col("source") == night.source_name) & reduce(or_, named)
    number = F.when(is_resent, F.lit(night.number).cast("bigint")).otherwise(F.col("replayed_release"))
    status = F.when(is_resent, F.lit(RESENT)).otherwise(F.col("status"))
    return held.withColumns({"status": status, "replayed_release": number})
