"""What can be counted over staged files before Spark reads them: keys, damage, products that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from huaxiang.expressions.tree import Call, Name
from huaxiang.sources.fit import staged_tables
from huaxiang.sources.repeats import quoted, union_of_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from huaxiang.expressions.tree import Node
    from huaxiang.sources.outside import FeedMap, SourceMap
    from huaxiang.sources.stage import Staged


class Facts:
    """Counts over the staged files, in columns that are mapped by name or by a cast of one."""

    def __init__(self, source: SourceMap, staged: Mapping[str, Staged]) -> None:
        self._source, self._staged = source, staged

    def of(self, feed: str) -> list[str]:
        """Return sentences about a feed's rows."""
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
        different = (
            f"select count(*) from (select distinct {single}, _arrival from staged where _damage is null)"
        )
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
