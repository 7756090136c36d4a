"""What an evaluation says: checks, each with what was wanted and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True)
class Check:
    """One thing that should hold: what was wanted, what was found."""

    name: str
    wanted: str
    found: str
    ok: bool


@dataclass(frozen=True)
class Report:
    """All checks of one lake."""

    as_of: date
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(check.ok for check in self.checks)

    def __str__(self) -> str:
        """One line per check, the failed ones marked."""
        width = max((len(c.name) for c in self.checks), default=0)
        lines = [
            f"{'✔' if c.ok else '✘'} {c.name:<{width}}  wanted {c.wanted}  found {c.found}"
            for c in self.checks
        ]
        held = sum(c.ok for c in self.checks)
        return "\n".join([*lines, f"{held} of {len(self.checks)} checks hold as of {self.as_of}"])
