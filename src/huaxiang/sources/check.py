"""What a source map makes of the files at hand: `huaxiang sources check`, without Spark."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from huaxiang.contracts.load import load_contracts
from huaxiang.errors import ConfigurationError, InputError, Problem
from huaxiang.expressions.tree import Call, Name
from huaxiang.sources.files import list_landing
from huaxiang.sources.fit import compiled_columns, staged_tables
from huaxiang.sources.map import load_source
from huaxiang.sources.repeats import quoted, union_of_texts
from huaxiang.sources.stage import stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from huaxiang.contracts.model import Contract
    from huaxiang.expressions.tree import Node
    from huaxiang.sources.outside import FeedMap, SourceMap
    from huaxiang.sources.stage import Staged

SOCIAL = {
    "followings": "social_follow",
    "posts and interests": "social_post",
    "interactions": "social_interaction",
    "messages": "social_message",
    "friends": "social_tie",
    "advertising": "ad_event",
}
SHOPPING = {
    "orders": "order_line",
    "brands and categories": "product",
    "browsing": "browse_event",
    "returns": "order_return",
    "delivery": "delivery",
    "reviews": "review",
    "service": "service_ticket",
}
"""Parts of a portrait, and the feed that gives each."""


@dataclass(frozen=True)
class FeedCheck:
    """One feed as its files and expressions are; `facts` are sentences about its rows."""

    feed: str
    rows: int
    columns: int
    unknown: tuple[str, ...]
    facts: tuple[str, ...]

    def __str__(self) -> str:
        """One line, the missing columns on a second."""
        columns = f"{self.columns - len(self.unknown)} of {self.columns} columns"
        head = f"{self.feed:<16} {self.rows:>12,} rows   {columns}   " + "   ".join(self.facts)
        return head.rstrip() + (f"\n{'':<16} unknown: {', '.join(self.unknown)}" if self.unknown else "")


@dataclass(frozen=True)
class SourceCheck:
    """What the check found, ready to be printed; `problems` are files that a night can do without."""

    source: str
    landing: str
    feeds: tuple[FeedCheck, ...]
    empty: tuple[str, ...]
    as_of: date | None
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    conf: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every file that the map names is there and can be read."""
        return not self.problems

    def __str__(self) -> str:
        """Return the report as the terminal shows it."""
        conf = f" --conf {self.conf}" if self.conf else ""
        command = f"huaxiang nightly --source {self.source}{conf} --landing {self.landing}"
        lines = [str(line) for line in (*self.feeds, *self.problems, *self.notes)]
        lines.append("Not covered → empty in the portrait: " + (", ".join(self.empty) or "nothing") + ".")
        if self.unknown:
            lines.append(f"Unknown to this source, whatever a 0 says: {', '.join(self.unknown)}.")
        lines.append(f"Next: {command} --as-of {self.as_of or 'DATE'} --lake LAKE")
        return "\n".join(lines)


def check_source(
    name: str,
    landing: Path | str,
    conf_dir: Path | None = None,
    contracts: Mapping[str, Contract] | None = None,
) -> SourceCheck:
    """Read a source map and all its files, and say what maps, what is missing and what will be empty.

    ConfigurationError for a map that is wrong in itself or doesn't fit its files, InputError for files
    of a required feed that are missing or can't be read.
    """
    contracts = contracts or load_contracts()
    source = load_source(name, conf_dir, contracts)
    found = list_landing(landing, (), date.max, source)
    with tempfile.TemporaryDirectory(prefix="huaxiang-check-") as folder:
        staged = {feed: stage(found.of(feed), contracts[feed], Path(folder), source) for feed in source.feeds}
        _refuse(source, staged, list(found.problems), contracts)
        facts = _Facts(source, staged)
        feeds = tuple(
            FeedCheck(
                feed=feed,
                rows=staged[feed].rows,
                columns=len(contracts[feed].names),
                unknown=tuple(c for c in contracts[feed].names if c not in source.gives(feed)),
                facts=tuple(facts.of(feed)),
            )
            for feed in source.feeds
        )
    others = [problem for feed in staged.values() for f in feed.refused if (problem := f.problem)]
    return SourceCheck(
        source=name,
        landing=str(landing),
        feeds=feeds,
        empty=_empty(source),
        as_of=_last_day(source),
        unknown=source.unknown,
        problems=(*found.problems, *others),
        notes=tuple(note for feed in staged.values() for note in feed.notes),
    )


def _refuse(
    source: SourceMap, staged: Mapping[str, Staged], missing: list[Problem], contracts: Mapping[str, Contract]
) -> None:
    wrong: list[Problem] = []
    for feed in source.feeds:
        for table in staged_tables(staged[feed]):
            try:
                compiled_columns(source.feeds[feed], table.types, contracts[feed])
            except ConfigurationError as error:
                wrong += error.problems
    if wrong:
        raise ConfigurationError(wrong)
    unread = [f.problem for feed in source.required for f in staged[feed].refused if f.problem]
    unfound = [p for p in missing if any(not staged[feed].files for feed in source.required)]
    if unread or unfound:
        raise InputError([*unread, *unfound], "A required feed can't be read.")


def _empty(source: SourceMap) -> tuple[str, ...]:
    """Return the parts of a portrait that no feed here gives."""
    empty: list[str] = []
    for world, parts in (("social", SOCIAL), ("bought", SHOPPING)):
        lacking = [part for part, feed in parts.items() if feed not in source.feeds]
        empty += [f"everything {world}"] if len(lacking) == len(parts) else lacking
    if not {"shop_account", "social_account"} & set(source.feeds):
        empty.append("age, gender and region")
    if "identity_claim" not in source.feeds:
        empty.append("links between accounts")
    return tuple(dict.fromkeys(empty))


def _last_day(source: SourceMap) -> date | None:
    days = [f.arrived for f in source.files.values() if f.arrived]
    return max(days) - timedelta(days=1) if days else None


class _Facts:
    """Counts over the staged files, in columns that are mapped by name or by a cast of one."""

    def __init__(self, source: SourceMap, staged: Mapping[str, Staged]) -> None:
        self._source, self._staged = source, staged

    def of(self, feed: str) -> list[str]:
        mapped = self._source.feeds[feed]
        facts = self._key(feed, mapped)
        damaged = self._count(feed, (), "_damage is not null")
        if damaged:
            facts.append(f"{damaged:,} damaged records (to quarantine)")
        quantity = _plain(mapped, "quantity")
        if quantity and (
            zero := self._count(feed, [quantity], f"try_cast({quoted(quantity)} as double) = 0")
        ):
            facts.append(f"{zero:,} lines of quantity 0 (kept)")
        product = _plain(mapped, "product_id")
        if product and feed != "product" and "product" in self._source.feeds:
            facts += self._unknown_products(feed, product)
        return facts

    def _key(self, feed: str, mapped: FeedMap) -> list[str]:
        if mapped.key is None:
            return []
        names = mapped.key or mapped.reads
        rows = self._count(feed, names, "_damage is null")
        single = ", ".join(quoted(n) for n in names)
        different = f"select count(*) from (select distinct {single} from staged where _damage is null)"
        again = rows - self._number(feed, names, different)
        if not mapped.key:
            return [f"no key: the content is, {again:,} rows repeat exactly (numbered)"]
        return [f"key completed by an occurrence number in {again:,} rows" if again else "key unique"]

    def _unknown_products(self, feed: str, product: str) -> list[str]:
        goods = _plain(self._source.feeds["product"], "product_id")
        folders = [table.path for table in staged_tables(self._staged["product"])]
        if goods is None or not folders:
            return []
        known = f"select {quoted(goods)} from ({union_of_texts(folders, [goods])})"
        lost = self._count(
            feed, [product], f"{quoted(product)} not in ({known} where {quoted(goods)} is not null)"
        )
        what = f"{lost:,} rows name a product that is not there (kept: brand and category unknown)"
        return [what] if lost else []

    def _count(self, feed: str, names: Sequence[str], where: str) -> int:
        return self._number(feed, names, f"select count(*) from staged where {where}")

    def _number(self, feed: str, names: Sequence[str], query: str) -> int:
        folders = [table.path for table in staged_tables(self._staged[feed])]
        if not folders:
            return 0
        with duckdb.connect() as connection:
            found = connection.execute(
                f"with staged as ({union_of_texts(folders, names)}) {query}"
            ).fetchall()
        return int(found[0][0])


def _plain(mapped: FeedMap, column: str) -> str | None:
    """Return the outside column that a feed's column is, give or take a cast; None when it is computed."""
    expression = mapped.columns.get(column)
    node: Node | None = expression.node if expression else None
    while isinstance(node, Call) and node.op == "cast":
        node = node.args[0]
    return node.name if isinstance(node, Name) else None
