"""Publishing: one new row of the table `release`, by compare-and-set, or none."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from delta.exceptions import DeltaConcurrentModificationException
from delta.tables import DeltaTable

import huaxiang
from huaxiang.contracts.spark import contract_frame, empty_frame
from huaxiang.errors import LostRaceError, Problem
from huaxiang.tables import delta
from huaxiang.tables.attempt import FILE, OBSOLETE, Attempt
from huaxiang.tables.local_write import Change, TakenError, write_locally
from huaxiang.tables.release import TABLE, Release, Status, choose, followed_by, republished, table_path
from huaxiang.tables.storage import LocalStorage

if TYPE_CHECKING:
    from huaxiang.tables.lake import Lake


def publish(
    attempt: Attempt, status: Status = "published", *, config_hash: str = "", contracts_hash: str = ""
) -> Release:
    """Make the attempt's tables visible together, or keep them as `held` for the next night to build on.

    LostRaceError when another attempt took the number first; then nothing of this one is visible.
    """
    lake = attempt.lake
    release = followed_by(
        lake.newest,
        tables=attempt.tables,
        status=status,
        as_of=attempt.as_of,
        published_at=datetime.now(UTC),
        code_version=huaxiang.__version__,
        config_hash=config_hash,
        contracts_hash=contracts_hash,
        writer=attempt.writer,
    )
    if release.release != attempt.number:
        raise _lost(attempt.number)
    _compare_and_set(lake, release)
    for name in (*attempt.notes.get(OBSOLETE, ()), FILE):
        lake.storage.delete(name)
    lake.attempt = None
    lake.refresh()
    return release


def rollback(lake: Lake, to: int) -> Release:
    """Publish again what release `to` held, under the next number.

    The tables themselves are brought back by the next `begin`.
    """
    lake.lock()
    releases = lake.refresh()
    old = choose(releases, to)
    release = republished(old, releases[-1], writer=uuid.uuid4().hex, at=datetime.now(UTC))
    _compare_and_set(lake, release)
    lake.refresh()
    return release


def _compare_and_set(lake: Lake, release: Release) -> None:
    """Add the row unless its number is taken; LostRaceError when it is."""
    path = table_path(TABLE)
    head = delta.head_version(lake.storage, path)
    row = contract_frame(lake.spark, lake.contract(TABLE), [release.row()])
    if isinstance(lake.storage, LocalStorage):
        if any(known.release == release.release for known in lake.releases()):
            raise _lost(release.release)
        added = Change(head, release.writer, lambda: 1, properties=delta.KEEP)
        try:  # right after the version that was the newest before they were read, or not at all
            write_locally(lake.storage, path, row.coalesce(1), added)
        except TakenError as cause:
            raise _lost(release.release) from cause
        return
    table = lake.storage.uri(path)
    try:
        if head is None:
            empty = empty_frame(lake.spark, lake.contract(TABLE)).coalesce(1)
            empty.write.format("delta").mode("ignore").options(**delta.KEEP).save(table)
        target = DeltaTable.forPath(lake.spark, table).alias("old")
        merge = target.merge(row.alias("new"), "old.release = new.release")
        merge.whenNotMatchedInsertAll().execute()
    except DeltaConcurrentModificationException as cause:
        raise _lost(release.release) from cause
    if not any(r.release == release.release and r.writer == release.writer for r in lake.releases()):
        raise _lost(release.release)


def _lost(number: int) -> LostRaceError:
    found = f"another attempt published release {number} first"
    return LostRaceError(Problem("release", found, "", "retry: the next attempt builds on that release"))
