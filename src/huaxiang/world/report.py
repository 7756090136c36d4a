"""What an evaluation says: checks, each with what was wanted and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from huaxiang.models.interval import share_interval

if TYPE_CHECKING:
    from datetime import date

_MARKS = {True: "✔", False: "✘", None: "–"}


@dataclass(frozen=True)
class Check:
    """One thing that should hold: what was wanted, what was found; `ok` is None where there was too little to judge it."""

    name: str
    wanted: str
    found: str
    ok: bool | None


@dataclass(frozen=True)
class Report:
    """All checks of one lake."""

    as_of: date
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check holds: one that could not be judged does not."""
        return not self.broken

    @property
    def broken(self) -> list[str]:
        """The names of the checks that do not hold, those that could not be judged among them."""
        return [check.name for check in self.checks if not check.ok]

    def __str__(self) -> str:
        """One line per check, marked where it failed (✘) or could not be judged (–)."""
        width = max((len(c.name) for c in self.checks), default=0)
        lines = [f"{_MARKS[c.ok]} {c.name:<{width}}  wanted {c.wanted}  found {c.found}" for c in self.checks]
        held, unjudged = sum(bool(c.ok) for c in self.checks), sum(c.ok is None for c in self.checks)
        rest = f", {unjudged} could not be judged" if unjudged else ""
        return "\n".join([*lines, f"{held} of {len(self.checks)} checks hold{rest} as of {self.as_of}"])


def share_check(name: str, wanted: float, part: int, whole: int) -> Check:
    """Judge how many of so many hold, with the 95 % interval of the share; of none there is nothing to judge."""
    if not whole:
        return Check(name, f"≥ {wanted:.0%}", "nothing to judge", ok=None)
    low, high = share_interval(part, whole)
    found = f"{part:,} of {whole:,} [{low:.0%}, {high:.0%}]"
    return Check(name, f"≥ {wanted:.0%}", found, ok=part >= wanted * whole)
