"""Great Expectations suites over a metrics row: one column per table and metric, one expectation per gate."""

from __future__ import annotations

import html
import math
import os
import re
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from huaxiang.gates.rules import expectation_text, implied_gates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation

    from huaxiang.contracts.model import Contract, Gate


@contextmanager
def quiet() -> Iterator[Any]:
    """Yield the `great_expectations` module: no analytics, its own deprecations hushed, imported only now."""
    _without_analytics()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"module 'sre_\w+' is deprecated", DeprecationWarning)
        import great_expectations  # noqa: PLC0415  (two seconds that most commands need not pay)

        yield great_expectations


def import_early() -> None:
    """Import Great Expectations in a thread that has time for it; what fails here fails again where it is needed."""
    _without_analytics()
    with suppress(Exception):
        import great_expectations  # noqa: F401, PLC0415


def _without_analytics() -> None:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"


def metric_column(table: str, metric: str) -> str:
    """Name a metric's column in the row: `review`, `null_share:rating` give `review__null_share__rating`."""
    return re.sub(r"[^0-9A-Za-z_]", "__", f"{table}__{metric}")


def expectation(table: str, gate: Gate) -> Expectation:
    """Return the expectation for one gate: the single value of its column lies between the bounds.

    The column's maximum is asked because a metrics row is one row: the maximum is the metric, an unmeasured
    one has none and fails, and results keep the number as `observed_value`. ValueError for a gate that
    anything or nothing could pass: without bounds Great Expectations would say that it holds.
    """
    low = -math.inf if gate.minimum is None else gate.minimum
    high = math.inf if gate.maximum is None else gate.maximum
    if (low, high) == (-math.inf, math.inf) or not low <= high:
        raise ValueError(f"{table}: the gate on {gate.metric} has no possible bounds")
    with quiet() as gx:
        built: Expectation = gx.expectations.ExpectColumnMaxToBeBetween(
            column=metric_column(table, gate.metric),
            min_value=gate.minimum,
            max_value=gate.maximum,
            severity=gate.severity,
            description=html.escape(
                f"{gate.metric} {expectation_text(gate)} · {gate.description.en} · {gate.description.zh}"
            ),
            meta={
                "table": table,
                "metric": gate.metric,
                "en": gate.description.en,
                "zh": gate.description.zh,
            },
        )
        return built


def suite(contract: Contract) -> ExpectationSuite:
    """Return all of a table's gates, declared and implied, as one suite named after the table."""
    gates = (*contract.gates, *implied_gates(contract))
    with quiet() as gx:
        built: ExpectationSuite = gx.ExpectationSuite(
            name=contract.name, expectations=[expectation(contract.name, gate) for gate in gates]
        )
        return built
