"""What held a release back, and whether it still does: a night that brings something else mends nothing.

What failed of a feed stays until it is mended, whatever tonight's files say of themselves:

- too many rows refused (`quarantined_share`): until no row of the files of that night is held any more, since
  each file came again with another content, or a replay took its rows without refusing one;
- no row at all (`rows`): until each of those files, or another one of its delivery, has brought rows;
- anything else: until each of those files came again with another content.

What failed of a table of ours stays until the table is written, and so judged, anew. Only an operator lets it
pass unmended, by a night for which the feed is not required.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.clean.known import Known
from huaxiang.clean.quarantine import HELD, TABLE
from huaxiang.contracts.model import Text
from huaxiang.gates.report import GateResult

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from huaxiang.night import Night
    from huaxiang.tables.release import Release
    from huaxiang.tables.storage import Storage

FOLDER = "_held"
"""The folder of the lake with a file for each held release: what it failed at."""


@dataclass(frozen=True)
class Failure:
    """A critical failure, and the release that failed at it first."""

    since: int
    result: GateResult
    source: str = ""  # whose files it read

    @property
    def told(self) -> GateResult:
        """The result as a later night tells it."""
        words = self.result.description
        en, zh = f"{words.en} (since release {self.since})", f"{words.zh}（自版本 {self.since} 起）"
        return replace(self.result, description=Text(en, zh))


def remember(night: Night, failures: Iterable[Failure]) -> None:
    """Write down what tonight's release is held back for."""
    text = json.dumps([asdict(failure) for failure in failures])
    night.lake.storage.write_text(f"{FOLDER}/{night.number}.json", text)


def standing(night: Night, measured: Collection[str]) -> list[Failure]:
    """Return what the release before was held back for and nobody mended; `measured` tables were judged anew."""
    failures = held_for(night.lake.storage, night.lake.newest)
    known = {source: Known.of(night, source) for source in {f.source for f in failures}}
    return [f for f in failures if _stands(night, known[f.source], f, measured)]


def held_for(store: Storage, release: Release | None) -> list[Failure]:
    """Return what a release is held back for; nothing for one that is not."""
    if release is None or release.status != "held":
        return []
    text = store.read_text(f"{FOLDER}/{release.release}.json")
    return [_failure(**known) for known in json.loads(text or "[]")]


def way_out(night: Night, failures: Iterable[Failure]) -> str:
    """Return in one sentence what an operator does about feeds that hold a night back; nothing without any."""
    feeds = {f.result.table for f in failures} & set(night.feeds)
    if not feeds:
        return ""
    rest = [feed for feed in night.config.required if feed not in feeds]
    unless = f"--set 'required=[{', '.join(rest)}]'"
    if night.source:
        unless = f"{', '.join(sorted(feeds))} not in `required:` of {night.source.file}"
    return (
        "It stays held until its files come again mended, under the same names, or `huaxiang quarantine replay` "
        f"lets in every row held of them. To publish as it is: a night with {unless}."
    )


def _failure(since: int, result: dict[str, Any], source: str) -> Failure:
    return Failure(since, GateResult(**{**result, "description": Text(**result["description"])}), source)


def _stands(night: Night, known: Known, failure: Failure, measured: Collection[str]) -> bool:
    feed, since = failure.result.table, failure.since
    if feed not in night.feeds:
        return feed not in measured
    paths = _paths(night, "file_ledger", feed, since)
    if failure.result.metric == "rows":
        return not all(known.brought_rows(feed, path) for path in paths)
    if failure.result.metric == "quarantined_share":
        paths |= _paths(night, TABLE, feed, since)  # rows that were read again that night
    unmended = [path for path in paths if known.newest[feed, path]["release"] <= since]
    if failure.result.metric != "quarantined_share":
        return bool(unmended)
    held = (F.col("feed") == feed) & (F.col("status") == HELD) & F.col("path").isin(unmended)
    held &= F.col("source") == failure.source
    return not night.lake.read(TABLE).where(held).isEmpty()


def _paths(night: Night, table: str, feed: str, release: int) -> set[str]:
    """Return the files of a feed that a release read, or held rows of; a refused file is neither."""
    rows = night.lake.read(table).where((F.col("feed") == feed) & (F.col("release") == release))
    return {row["path"] for row in rows.where("status <> 'refused'").select("path").distinct().collect()}
