"""An attempt: all writes of one night, on its way to become a release or to leave no trace.

It is kept in the lake as `_attempt.json`, so that each step may be a process of its own. A night that
died before publishing is undone by the next `begin`: every table goes back to what the newest release pins.
"""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.errors import ConfigurationError, HuaxiangError, Problem
from huaxiang.tables import delta
from huaxiang.tables.content import Content, measure, measure_all
from huaxiang.tables.release import TABLE, Pin, check_date, table_path
from huaxiang.tables.write import PARTITION, Commit, write
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

    from pyspark.sql import DataFrame

    from huaxiang.tables.lake import Lake
    from huaxiang.tables.release import Release

FILE = "_attempt.json"
OBSOLETE = "obsolete"
"""The note of files of the lake that go when the attempt has become a release: what it was asked is done."""


@dataclass(frozen=True)
class Written:
    """A table after a write: `rows` and `content_hash` of all of it; `added` rows came with this write."""

    name: str
    version: int
    rows: int
    content_hash: str
    added: int = 0
    changed: bool = True


@dataclass
class Attempt:
    """The writes of one night. Safe to use from several threads, for different tables.

    `number` is the release it may become, `follows` the one whose tables it started from. `notes` are
    what steps tell each other across processes (`note` keeps them).
    """

    lake: Lake
    number: int
    as_of: date
    follows: int | None
    writer: str = field(default_factory=lambda: uuid.uuid4().hex)
    tables: dict[str, Pin] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)
    _guard: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def append(self, name: str, frame: DataFrame, *, evolve: bool = False) -> Written:
        """Add rows. No commit is made for an empty frame, except the first, which creates the table."""
        base = self.lake.pin(name)
        before = _content(base)
        done = self._commit(name, frame, mode="append" if base else "overwrite", evolve=evolve)
        return self._note(name, done, before + done.content, done.content.rows)

    def replace(self, name: str, frame: DataFrame, *, unless_equal: bool = False) -> Written:
        """Replace the whole table; with `unless_equal` nothing is written when it holds the same already."""
        base = self.lake.pin(name)
        if unless_equal and base:
            frame = frame.persist()
            try:
                if measure(frame, self.lake.contracts.get(name)).hex == base.content_hash:
                    return Written(name, base.version, base.rows, base.content_hash, changed=False)
                done = self._commit(name, frame, mode="overwrite")
            finally:
                frame.unpersist()
        else:
            done = self._commit(name, frame, mode="overwrite")
        return self._note(name, done, done.content, done.content.rows)

    def replace_parts(
        self,
        name: str,
        frame: DataFrame,
        parts: Sequence[str],
        *,
        left: Sequence[DataFrame],
        evolve: bool = False,
    ) -> Written:
        """Replace the partitions `parts` by `frame`, which holds all their new rows and no others.

        `left` are the rows that these partitions lose, perhaps without columns that are null in them. A row of
        `frame` whose column `content.ROW` is null was there before: it is copied, and only counted. The content
        hash follows what left and what came. HuaxiangError when the rows written are not those that this makes.
        """
        base = self.lake.pin(name)
        if base is None:
            return self.append(name, frame, evolve=evolve)
        if not parts:
            return Written(name, base.version, base.rows, base.content_hash, changed=False)
        before = self.lake.read(name).where(F.col(PARTITION).isin(list(parts)))
        contract = self.lake.contracts.get(name)
        three: list[Callable[[], Any]] = [
            before.count,
            partial(measure_all, left, contract),
            partial(self._commit, name, frame, mode="overwrite", parts=parts, evolve=evolve),
        ]
        held, leaving, done = together(three)
        expected = held - leaving.rows + done.content.rows
        if done.written != expected:
            found = f"{done.written:,} rows written to {len(parts)} partitions"
            raise HuaxiangError(
                Problem(name, found, f"{expected:,}: those before, less what left, and what came")
            )
        return self._note(name, done, _content(base) - leaving + done.content, done.content.rows)

    def rows(self, name: str) -> int:
        """Return how many rows the table holds now."""
        pin = self.lake.pin(name)
        return pin.rows if pin else 0

    def note(self, key: str, value: Any) -> None:
        """Keep a JSON value for later steps of this attempt."""
        with self._guard:
            self.notes[key] = value
            self.save()

    def undo(self, names: Iterable[str]) -> None:
        """Take back what this attempt wrote to `names`, so that a step can run again."""
        again = set(names)
        with self._guard:
            for name in again:
                self.tables.pop(name, None)
            self.save()
        tidy(self.lake, self, self.lake.releases(), only=again)

    def save(self) -> None:
        """Write the attempt into the lake."""
        known = {"number": self.number, "as_of": self.as_of.isoformat(), "follows": self.follows}
        pins = {name: asdict(pin) for name, pin in sorted(self.tables.items())}
        text = json.dumps({**known, "writer": self.writer, "tables": pins, "notes": self.notes}, indent=1)
        self.lake.storage.write_text(FILE, text)

    def _commit(self, name: str, frame: DataFrame, **how: Any) -> Commit:
        return write(
            self.lake, name, frame, head=self.heads.get(name), stamp=f"{self.writer}:{self.number}", **how
        )

    def _note(self, name: str, done: Commit, content: Content, added: int) -> Written:
        with self._guard:
            if done.version is not None:
                self.heads[name] = done.version
                self.tables[name] = Pin(name, table_path(name), done.version, content.rows, content.hex)
                self.save()
        pin = self.lake.pin(name)
        version = pin.version if pin else 0
        return Written(name, version, content.rows, content.hex, added, changed=done.version is not None)


def _content(pin: Pin | None) -> Content:
    return Content.parse(pin.rows, pin.content_hash) if pin else Content()


def begin(
    lake: Lake, as_of: date, *, resume: bool = False, check: Callable[[Lake], None] | None = None
) -> Attempt:
    """Lock the lake, undo what a dead attempt left, and start the attempt for the next release.

    With `resume` the attempt in the lake goes on; writes of it that were not recorded any more are undone.
    ConfigurationError when it is for another date than `as_of` or no longer follows the newest release, and for a
    lake that has lost its releases. What `check` refuses is refused before an open attempt is touched.
    """
    lake.lock()
    releases = lake.refresh()
    left = _saved(lake)
    if not releases and (lost := _without_release(lake, left)):
        lake.close()
        hint = f"bring the folder {table_path(TABLE)} back from where it was kept, or begin another lake; nothing was changed"
        raise ConfigurationError(Problem(lake.root, lost, "the table of its releases", hint))
    follows = lake.newest.release if lake.newest else None
    try:
        check_date(releases, as_of)
    except ConfigurationError:
        lake.close()
        raise
    saved = left if resume else None
    if resume and (saved is None or (saved.follows, saved.as_of) != (follows, as_of)):
        lake.close()
        found = (
            f"the open night is {saved.as_of}" if saved and saved.follows == follows else "no night is open"
        )
        hint = f"begin it with the ingest step for {as_of}"
        raise ConfigurationError(Problem(f"night {as_of}", found, "the steps of one night in order", hint))
    attempt = saved or Attempt(lake, (follows or 0) + 1, as_of, follows)
    lake.attempt = attempt
    if check:
        check(lake)
    attempt.save()
    tidy(lake, attempt, releases)
    return attempt


def _saved(lake: Lake) -> Attempt | None:
    text = lake.storage.read_text(FILE)
    if text is None:
        return None
    known = json.loads(text)
    tables = {name: Pin(**pin) for name, pin in known["tables"].items()}
    as_of = date.fromisoformat(known["as_of"])
    return Attempt(lake, known["number"], as_of, known["follows"], known["writer"], tables, known["notes"])


def _without_release(lake: Lake, left: Attempt | None) -> str:
    """Return what tells that a lake without a release had one; empty for a new one, or one whose first night died."""
    if left is not None:
        return f"an open night follows release {left.follows}, and there is none" if left.follows else ""
    ours = sorted(name for name in delta.tables_in(lake.storage) if name in lake.contracts and name != TABLE)
    named = ", ".join(ours[:3]) + (" …" if len(ours) > 3 else "")
    return f"{len(ours)} tables and no release that holds them: {named}" if ours else ""


def tidy(
    lake: Lake, attempt: Attempt, releases: Sequence[Release], *, only: Container[str] | None = None
) -> None:
    """Bring every table, or `only` some, to the version that `attempt` or else the newest release holds.

    A table of ours that no release ever held is deleted; one that only older releases hold, or that is somebody
    else's, stays as it is.
    """
    store = lake.storage
    ever = {name for release in releases for name in release.tables}
    late: list[tuple[str, int]] = []
    deleted = False
    for name in delta.tables_in(store):
        if name == TABLE or (only is not None and name not in only):
            continue
        attempt.heads.pop(name, None)
        head = delta.head_version(store, table_path(name))
        pin = lake.pin(name)
        if pin is None and name not in ever:
            if name in lake.contracts:
                store.delete(table_path(name))
                deleted = True
        elif head is not None:
            attempt.heads[name] = head
            if pin and head != pin.version and not delta.is_restore_to(store, pin.path, head, pin.version):
                late.append((name, pin.version))
    if deleted:
        lake.forget()
    if not late:
        return
    together([partial(delta.restore, store, table_path(name), version, lake.spark) for name, version in late])
    for name, _ in late:
        attempt.heads[name] = delta.head_version(store, table_path(name)) or 0
