"""Where an expression stands in a file, and how a mistake in it is shown: the line and a caret underline."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from huaxiang.errors import Problem

WIDEST = 100  # terminal columns of an excerpt; longer lines are cut around the mistake


@dataclass(frozen=True)
class Place:
    """Where a text starts: file, line and column, both from 1.

    Later lines of the text are taken to start at the same column, as those of a YAML block do.
    """

    file: str
    line: int = 1
    column: int = 1

    def at(self, text: str, offset: int) -> str:
        """Return `file:line:column` of the character at `offset` of `text`."""
        before = text[:offset]
        line = self.line + before.count("\n")
        column = self.column + len(before) - (before.rfind("\n") + 1)
        return f"{self.file}:{line}:{column}"


@dataclass(frozen=True)
class Span:
    """The characters `start` (inclusive) to `end` (exclusive) of an expression's text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the words themselves on one line, shortened when long."""
        words = " ".join(text[self.start : self.end].split())
        return words if len(words) <= 60 else words[:57] + "…"

    def join(self, other: Span) -> Span:
        """Return the smallest span that holds both."""
        return Span(min(self.start, other.start), max(self.end, other.end))


def problem(text: str, place: Place, span: Span, found: str, hint: str = "") -> Problem:
    """Return the problem at `span`, with the line it stands on, underlined; the hint follows the carets."""
    return Problem(place.at(text, span.start), found, excerpt=_excerpt(text, span, hint))


def _excerpt(text: str, span: Span, hint: str) -> str:
    opens = text.rfind("\n", 0, span.start) + 1
    closes = text.find("\n", span.start)
    closes = len(text) if closes < 0 else closes
    until = max(min(span.end, closes), span.start + 1)
    if closes - opens > WIDEST:  # keep what is around the mistake
        opens = max(opens, span.start - WIDEST // 2)
        closes = min(closes, max(until, opens + WIDEST))
    line = _printable(text[opens:closes])
    lead = " " * _width(_printable(text[opens : span.start]))
    carets = "^" * max(1, _width(_printable(text[span.start : min(until, closes)])))
    return f"{line}\n{lead}{carets}" + (f"        {hint}" if hint else "")


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else " " for c in line)


def _width(line: str) -> int:
    """Return how many terminal columns `line` takes: Chinese and full-width characters take two."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line
    )
