"""A lake: tables below one folder, and the releases that say which of their versions belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from huaxiang.contracts.spark import empty_frame
from huaxiang.errors import HuaxiangError, Problem, did_you_mean
from huaxiang.tables.delta import forget_logs, head_version, pinned_frame
from huaxiang.tables.local_write import DRAFTS
from huaxiang.tables.reader import releases_light
from huaxiang.tables.release import TABLE, Pin, Release, choose, newest, table_path
from huaxiang.tables.storage import LocalStorage, storage
from huaxiang.tables.write import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame, SparkSession

    from huaxiang.contracts.model import Contract
    from huaxiang.tables.attempt import Attempt
    from huaxiang.tables.storage import Lock


class Lake:
    """Tables of one lake as a job sees them: the newest release's, plus what its own attempt wrote.

    `contracts` gives schema, comments and privacy of the tables by name (`clean/order_line`, `portrait`, …).
    """

    def __init__(self, spark: SparkSession, root: str, contracts: Mapping[str, Contract]) -> None:
        self.spark = spark
        self.storage = storage(root, spark)
        self.root = self.storage.root
        self.contracts = contracts
        self.attempt: Attempt | None = None
        self._newest: Release | None = newest(self.releases())
        self._lock: Lock | None = None
        self._frames: dict[tuple[str, int], DataFrame] = {}

    def lock(self) -> None:
        """Keep other processes from writing this lake until `close` or the process's end."""
        if self._lock is None:
            self._lock = self.storage.lock()
            if self._lock is not None:
                self.storage.delete(DRAFTS)

    def close(self) -> None:
        """Let others write."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def releases(self) -> list[Release]:
        """Return every row of the table `release`, oldest first."""
        if isinstance(self.storage, LocalStorage):
            return releases_light(self.root)
        path = table_path(TABLE)
        if head_version(self.storage, path) is None:
            return []
        rows = self.spark.read.format("delta").load(self.storage.uri(path)).collect()
        return sorted((Release.from_row(row.asDict(recursive=True)) for row in rows), key=lambda r: r.release)

    def release(self, number: int | None = None) -> Release:
        """Return a published release, by default the newest; ConfigurationError names those there are."""
        return choose(self.releases(), number)

    @property
    def newest(self) -> Release | None:
        """The newest release, published or held, when this lake was opened or last began or published."""
        return self._newest

    def refresh(self) -> list[Release]:
        """Look for releases that others made; returns all of them."""
        releases = self.releases()
        self._newest = newest(releases)
        return releases

    def pin(self, name: str) -> Pin | None:
        """Return the table as of the open attempt; None when it holds nothing yet."""
        written = self.attempt.tables.get(name) if self.attempt else None
        return written or self.pinned(name)

    @property
    def holds_nothing(self) -> bool:
        """Whether neither a release nor the open attempt has stored anything yet."""
        return self._newest is None and not (self.attempt and self.attempt.tables)

    def pinned(self, name: str) -> Pin | None:
        """Return the table as the newest release holds it; None when that has no such table."""
        return self._newest.tables.get(name) if self._newest else None

    def exists(self, name: str) -> bool:
        """Whether the newest release or the open attempt holds the table."""
        return self.pin(name) is not None

    def read(self, name: str) -> DataFrame:
        """Return the table as of the open attempt; by its contract without rows when it holds nothing yet."""
        return self._load(name, self.pin(name))

    def read_pinned(self, name: str) -> DataFrame:
        """Return the table as the newest release holds it, whatever the open attempt has written."""
        return self._load(name, self.pinned(name))

    def read_release(self, name: str, number: int | None = None) -> DataFrame:
        """Return the table as a published release holds it, by default the newest one."""
        return self._load(name, self.release(number).pin(name))

    def held(self, name: str, release: Release) -> DataFrame:
        """Return the table as a release holds it; by its contract without rows when it holds none."""
        return self._load(name, release.tables.get(name))

    def _load(self, name: str, pin: Pin | None) -> DataFrame:
        if pin is None:
            return empty_frame(self.spark, self.contract(name))
        known = pin.path, pin.version
        if known not in self._frames:
            self._frames[known] = self._opened(pin)
        return self._frames[known]

    def _opened(self, pin: Pin) -> DataFrame:
        uri = self.storage.uri(pin.path)
        if isinstance(self.storage, LocalStorage):
            return pinned_frame(self.spark, uri, pin.version)
        return self.spark.read.format("delta").option("versionAsOf", pin.version).load(uri)

    def partitions(self, name: str) -> list[str]:
        """Return every partition the table has had, by its folders."""
        mark = f"{PARTITION}="
        folders = (entry.name for entry in self.storage.list(table_path(name)) if entry.is_folder)
        return [unquote(folder.removeprefix(mark)) for folder in folders if folder.startswith(mark)]

    def forget(self) -> None:
        """Read logs and files anew, after folders were deleted: their versions may come again."""
        self._frames.clear()
        forget_logs(self.spark)

    def contract(self, name: str) -> Contract:
        """Return the table's contract."""
        if name not in self.contracts:
            raise HuaxiangError(
                Problem(name, "no contract of this name", "", did_you_mean(name, self.contracts))
            )
        return self.contracts[name]
