"""The front door: text in, a checked expression out, which becomes a Spark column on demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from huaxiang.expressions.check import NameInfo, check
from huaxiang.expressions.functions import SCALARS
from huaxiang.expressions.parse import parse
from huaxiang.expressions.place import Place
from huaxiang.expressions.tree import names as names_of
from huaxiang.expressions.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import Column

    from huaxiang.expressions.families import Family
    from huaxiang.expressions.functions import Function
    from huaxiang.expressions.tree import Node

NOWHERE = Place("(expression)")


@dataclass(frozen=True)
class Compiled:
    """A checked expression. `type` is the Spark simple type it gives, `void` when it is always null.

    `words` are the only texts that it can give, none where it can give any.
    """

    text: str
    place: Place
    tree: Node
    names: frozenset[str]
    words: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The Spark simple type of the value."""
        return self.tree.type

    def column(self, resolve: Callable[[str], Column] | None = None, *, zone: str = "UTC") -> Column:
        """Return the Spark column; `resolve` turns a name into one (by default: the frame's).

        `zone` is whose clock is meant where a text without an offset becomes an instant and where an
        instant is asked for its date, hour or weekday; the session itself must run in UTC.
        """
        from huaxiang.expressions.build import to_column  # noqa: PLC0415 - checking must not load Spark

        return to_column(self.tree, resolve, zone=zone)

    def unread(self, *, zone: str = "UTC") -> Column | None:
        """Return whether a text was there that no date, instant or number could be read from; never null.

        It holds where the whole is null and a `to_date`, `to_timestamp` or `cast` in it found a text that is
        not blank but gave nothing. None for an expression that reads no text.
        """
        from huaxiang.expressions.build import unread  # noqa: PLC0415

        return unread(self.tree, zone=zone)


def names_read(text: str, place: Place | None = None) -> frozenset[str]:
    """Return every name that an expression reads, known or not; ConfigurationError where it doesn't parse."""
    return names_of(parse(text, place or NOWHERE))


def compile_expression(
    text: str,
    names: Mapping[str, NameInfo],
    place: Place | None = None,
    *,
    functions: Mapping[str, Function] = SCALARS,
    want: Family | None = None,
) -> Compiled:
    """Return the checked expression; ConfigurationError with every problem in it, each with its place.

    `want` refuses another family of values than the one needed (a null literal is let through).
    """
    where = place or NOWHERE
    typed = check(parse(text, where), text, where, names, functions=functions, want=want)
    return Compiled(text, where, typed, names_of(typed), tuple(sorted(words_of(typed, names) or ())))
