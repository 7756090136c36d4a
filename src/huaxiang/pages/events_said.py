"""One event in words: what kind it is, and what its row says, by the titles of its columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.clean import clean_name
from huaxiang.masked import NEVER, without_contacts
from huaxiang.pages.values import UNKNOWN
from huaxiang.pages.words import CALLED, day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.contracts.model import Column, Contract, Text
    from huaxiang.days.measures import Catalogue
    from huaxiang.pages.values import Manner

HUSHED = frozenset(
    ["platform", "currency", "on_date", "at", "business_date", "order_date", "birth_date", "region_code", "ship_region_code", "list_price"]
)  # fmt: skip
"""Columns that say nothing more, or more than a reason needs: a date of birth where a year was told, a district."""
IDS = frozenset(["brand_id", "product_id", "link_id", "campaign_id", "promotion_id", "courier_id"])
"""Ids that say something; the others only tell rows apart."""
LONGEST = 120
"""Letters of a text that are shown."""


@dataclass(frozen=True)
class EventWords:
    """Words for events, by the contracts of the clean tables."""

    catalogue: Catalogue
    contracts: Mapping[str, Contract]
    manner: Manner

    def line(self, event: Any) -> dict[str, Any]:
        """Return the date, the kind and what the row says as titles and values; only what a reason needs."""
        declared = self.catalogue.events[event.stream.partition("@")[0]]
        columns = self._shown[declared.name]
        facts = [
            (column.title, self._value(column, event.says[name]))
            for name, column in columns.items()
            if event.says.get(name) not in (None, [], "", False)
        ]
        on = day(event.on) if event.on else UNKNOWN
        return {"on": on, "kind": declared.title, "facts": facts}

    def called(self, column: Column) -> Mapping[str, Text]:
        """What the words of a column with a list of them are called: as the first tag says that names all of them."""
        tags = (tag.values for tag in self.catalogue.tags if tag.values.keys() >= set(column.allowed))
        return next(tags, CALLED)

    @cached_property
    def _shown(self) -> dict[str, dict[str, Column]]:
        return {name: self._columns(name) for name in self.catalogue.events}

    def _columns(self, name: str) -> dict[str, Column]:
        """The columns of an event that are shown, by its own names."""
        event = self.catalogue.events[name]
        contract = self.contracts[clean_name(event.feed)]
        keys = self.contracts[event.feed].key
        shown = {c.name: c for c in contract.columns if c.name not in keys}
        for lookup in event.lookups:
            theirs = self.contracts[clean_name(lookup.feed)]
            shown |= {ours: theirs.column(other) for ours, other in lookup.take}
        amounts = {n.removesuffix("_minor") for n in shown if n.endswith("_minor")}
        shown |= {
            f"{n}_minor": replace(shown[f"{n}_minor"], title=shown[n].title) for n in amounts & shown.keys()
        }
        return {
            name: column
            for name, column in shown.items()
            if column.privacy not in NEVER
            and name not in HUSHED | amounts
            and (not name.endswith("_id") or name in IDS)
            and not column.type.startswith(("timestamp", "array<struct"))
        }

    def _value(self, column: Column, value: Any) -> Text:
        if column.allowed:
            return self.manner.said(value, column.unit, self.called(column))
        if column.name.endswith(("_id", "_ids")):
            return self.manner.said(value, column.unit)
        if isinstance(value, list):
            value = [without_contacts(one) if isinstance(one, str) else one for one in value]
        if isinstance(value, str):
            value = without_contacts(value)
            value = value[:LONGEST] + "…" if len(value) > LONGEST else value
        return self.manner.said(value, column.unit)
