"""What the gates said: one result per rule, and what of it stops a night."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from huaxiang.contracts.model import Severity, Text


@dataclass(frozen=True)
class GateResult:
    """One rule about one table, judged.

    `severity` is the one that counts: a rule that crashed or had nothing to judge is critical, whatever
    its contract says. `value` is None when the metric was not measured. `expectation` is written in signs
    ("≥ 1", "≤ 0.05", "0.5 … 2") and reads the same in both languages.
    """

    table: str
    metric: str
    value: float | int | None
    expectation: str
    severity: Severity
    success: bool
    crashed: bool
    description: Text

    @property
    def found(self) -> str:
        """What came, in words."""
        return "could not be evaluated" if self.crashed or self.value is None else f"is {self.value:,}"


@dataclass(frozen=True)
class GateReport:
    """All results of one night in the order of tables and rules, and the page that shows them."""

    results: tuple[GateResult, ...]
    docs: Path

    @property
    def critical(self) -> tuple[GateResult, ...]:
        """The failures that hold a release back (the caller knows which feeds are required)."""
        return tuple(r for r in self.results if not r.success and r.severity == "critical")

    @property
    def warnings(self) -> tuple[GateResult, ...]:
        """The failures that are told and hold nothing back."""
        return tuple(r for r in self.results if not r.success and r.severity == "warning")

    @property
    def holding(self) -> int:
        """How many rules hold."""
        return sum(r.success for r in self.results)

    def summary(self) -> dict[str, Any]:
        """Return the `gates` part of run_summary.json: counts, and each failure with its number."""
        return {
            "rules": len(self.results),
            "held": self.holding,
            "warnings": [_line(r) for r in self.warnings],
            "critical": [_line(r) for r in self.critical],
        }


def _line(result: GateResult) -> dict[str, Any]:
    return {
        "table": result.table,
        "metric": result.metric,
        "value": result.value,
        "expected": result.expectation,
        "text": {"en": result.description.en, "zh": result.description.zh},
    }
