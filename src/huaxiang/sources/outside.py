"""What a source map says, as frozen data: outside files, and how a feed's columns come from one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from huaxiang.errors import Problem
from huaxiang.expressions.tree import names
from huaxiang.sources.delimited import PLAIN, Layout
from huaxiang.sources.shape import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from huaxiang.config import Config
    from huaxiang.contracts.model import Text
    from huaxiang.expressions.place import Place
    from huaxiang.expressions.tree import Node


GIVEN = ("currency", "revision", "op")  # known without being mapped


FILTERED = "filtered"
"""The fate of rows that a map's `where` leaves out."""
QUARANTINED = "quarantined"
"""The fate of rows that are refused, for one reason or several."""


@dataclass(frozen=True)
class OutsideFile:
    """One kind of outside file; in its `path`, below the landing folder, `*`, `?` and `{date}` vary.

    A file that arrives `once` is there from the first night; `arrived` is then the day on which it was
    complete, the night's own date when nobody knows. A `daily` file arrives on the date in its path.
    """

    name: str
    path: str
    format: Literal["csv", "jsonl", "parquet"]
    arrives: Literal["once", "daily"] = "once"
    arrived: date | None = None
    encoding: str | None = None
    layout: Layout = PLAIN


@dataclass(frozen=True)
class Expression:
    """An expression of a source map with where it stands, parsed; its types are checked against a file."""

    text: str
    place: Place
    node: Node

    @property
    def names(self) -> frozenset[str]:
        """The outside columns it reads."""
        return names(self.node)


@dataclass(frozen=True)
class FeedMap:
    """How one feed comes from an outside file.

    `key` holds the outside columns that make a row unique, completed by an occurrence number where they
    don't; empty when the content itself must; None when the feed's own key columns are all mapped.
    `filled` are the feed's key columns that the key is written to.
    """

    feed: str
    takes: str
    columns: Mapping[str, Expression]
    key: tuple[str, ...] | None = None
    filled: tuple[str, ...] = ()
    where: Expression | None = None
    covers: Literal["everybody", "accounts"] | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """The outside columns that are needed, sorted."""
        used = [e.names for e in self.columns.values()]
        if self.where is not None:
            used.append(self.where.names)
        return tuple(sorted(frozenset(self.key or ()).union(*used)))


@dataclass(frozen=True)
class SourceMap:
    """Outside data without code. `unknown` says in words what these data can't tell."""

    source: str
    about: Text
    zone: str
    business_zone: str
    currency: str
    covers: Literal["everybody", "accounts"]
    required: tuple[str, ...]
    files: Mapping[str, OutsideFile]
    feeds: Mapping[str, FeedMap]
    unknown: tuple[str, ...]
    file: str

    def file_of(self, feed: str) -> OutsideFile:
        """Return the outside file a feed is read from."""
        return self.files[self.feeds[feed].takes]

    def reads_once(self, feed: str) -> bool:
        """Tell whether the feed's file is there from the first night on, whatever its dates."""
        return self.file_of(feed).arrives == "once"

    def guesses_arrival(self, feed: str) -> bool:
        """Tell whether nobody knows when the feed's file was complete: it counts as of the night that finds it."""
        return self.reads_once(feed) and self.file_of(feed).arrived is None

    def counts_repeats(self, feed: str) -> bool:
        """Tell whether rows of one key, or of one content, are told apart by their number in the delivery."""
        return self.feeds[feed].key is not None

    def wanted(self, feed: str) -> Wanted:
        """Return what a file must have for this feed: every column its expressions read."""
        reads = self.feeds[feed].reads
        return Wanted(reads, frozenset(reads), strict=False)

    def gives(self, feed: str) -> frozenset[str]:
        """Return the columns of a feed that are known from here; the others stay unknown."""
        mapped = self.feeds[feed]
        return frozenset((*mapped.columns, *mapped.filled, *GIVEN))

    def covers_of(self, feed: str) -> Literal["everybody", "accounts"]:
        """Return whether no row means 0 (everybody is covered) or unknown."""
        return self.feeds[feed].covers or self.covers

    def over(self, config: Config) -> Config:
        """Return the configuration with what the source says: zones, currency, required feeds, coverage."""
        return replace(config, **self._says(config))

    def unheard(self, config: Config) -> list[Problem]:
        """Return a problem for each `--set` of a setting that the source says otherwise: it would do nothing."""
        found, hint = "of its files a source map says it", f"change it in {self.file}"
        says = self._says(config)
        return [Problem(f"--set {name}", found, hint=hint) for name in config.given if name in says]

    def _says(self, config: Config) -> dict[str, Any]:
        said = {
            "zone": self.zone,
            "business_zone": self.business_zone,
            "currency": self.currency,
            "required": self.required,
            "default_covers": dict.fromkeys(("shop", "social"), self.covers),
        }
        # what others cost in another currency says nothing here
        return said if self.currency == config.currency else {**said, "rates": {}}
