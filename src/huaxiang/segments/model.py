"""What a segment is once it is read: a checked rule, exclusions, and examples of who is in and who is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from huaxiang.contracts.model import Text
    from huaxiang.expressions.tree import Node

MEMBER, TOP = "@in ", "@top "  # columns that stand for is_member and top_share while segments are assigned


@dataclass(frozen=True)
class Top:
    """A rank used as a condition: among the first `share` of all whose `value` is above 0."""

    name: str
    share: Decimal
    value: Node


@dataclass(frozen=True)
class Example:
    """A made-up person, and whether the segment holds them. Columns that aren't given are null."""

    is_in: bool
    person: Mapping[str, object]
    brand: Mapping[str, object]
    because: str
    place: str


@dataclass(frozen=True)
class Segment:
    """One definition. `rule` is `who` and not any of `not_if`, over columns, `@in …` and `@top …` names.

    `names` are the columns of the tables that the rule and its ranks use, `needs` the other segments.
    """

    name: str
    title: Text
    about: Text | None
    per_brand: bool
    who: str
    rule: Node
    names: frozenset[str]
    needs: tuple[str, ...]
    tops: tuple[Top, ...] = ()
    not_if: tuple[str, ...] = ()
    examples: tuple[Example, ...] = field(default=(), repr=False)
    file: str = ""
