"""What goes wrong, and with which exit code: every user-facing failure is a list of `Problem`s.

Exit codes: 0 ok · 1 other · 2 usage or configuration · 3 input missing or against its contract,
nothing ingested · 4 ingested, a gate held publication back · 5 lost a race, retry.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_ECHO = 60


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what was found, what was expected, what to do.

    `excerpt` is an optional source line with a caret line below it. No field may hold a person's data.
    """

    place: str
    found: str
    expected: str = ""
    hint: str = ""
    excerpt: str = ""

    def __str__(self) -> str:
        """One to four lines, ready for a terminal."""
        head = f"{self.place}  {self.found}" if self.place else self.found
        if self.expected:
            head += f"; expected {self.expected}"
        lines = [head]
        if self.excerpt:
            lines += ["    " + line for line in self.excerpt.splitlines()]
        if self.hint:
            lines.append(f"    → {self.hint}")
        return "\n".join(lines)


class HuaxiangError(Exception):
    """A failure that is explained, not traced. Carries every problem found, not only the first."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problems: Problem | Iterable[Problem], summary: str = "") -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        self.summary = summary
        super().__init__(str(self))

    def __str__(self) -> str:
        """All problems, one below the other, then the summary."""
        return "\n".join([*(str(p) for p in self.problems), *([self.summary] if self.summary else [])])


class ConfigurationError(HuaxiangError):
    """Usage or configuration: nothing was read, nothing was changed."""

    exit_code = 2


class InputError(HuaxiangError):
    """A required input is missing or against its contract: nothing was ingested."""

    exit_code = 3


class GateHeldError(HuaxiangError):
    """Ingested, but a critical gate failed: the previous release stays."""

    exit_code = 4


class LostRaceError(HuaxiangError):
    """Another night published first, or holds the lake: retry."""

    exit_code = 5


def in_words(error: BaseException) -> str:
    """Return what ended a run as anybody may read it: of what is nobody's mistake only its kind, since its words may quote a row."""
    match error:
        case HuaxiangError():
            return str(error)
        case OSError():
            return f"{error.filename or 'system'}  {error.strerror or error}"
    return type(error).__name__


def shortened(text: str) -> str:
    """Return what somebody typed as an error may repeat it: one line, not too long, without signs a terminal obeys."""
    plain = "".join(sign if sign.isprintable() else "·" for sign in text[: LONGEST_ECHO + 1])
    return plain if len(plain) <= LONGEST_ECHO else plain[:LONGEST_ECHO] + "…"


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the valid word that is nearly `word`, else the shortest that it begins, else the one most like it, or None.

    Capital letters make no difference.
    """
    valid, word = {name.lower(): name for name in words}, word.lower()
    begun = sorted(
        (name for name in valid if name.startswith(f"{word}_")), key=lambda name: (len(name), name)
    )
    nearly, like = (difflib.get_close_matches(word, valid, n=1, cutoff=share) for share in (0.85, 0.6))
    found = nearly or begun or like
    return valid[found[0]] if found else None


def words_of(cause: BaseException) -> str:
    """Return what an error of a library says, as one line without terminal colours; its kind when it says nothing."""
    said = re.sub(r"\x1b\[[0-9;]*m", "", str(cause))
    return " ".join(said.split()) or type(cause).__name__


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return "did you mean `x`?", or the list of valid words when nothing is near."""
    valid = sorted(words)
    near = nearest(word, valid)
    if near:
        return f"did you mean `{near}`?"
    return "valid: " + ", ".join(valid) if valid else ""
