"""Which rules bind a table tonight: those its contract declares, and those that being a table implies.

No Great Expectations here: `suite` turns these into expectations, `judge` runs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from huaxiang.contracts.model import Gate, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.contracts.model import Column, Contract

NEEDS_A_PAST = frozenset({"rows_against_past"})
"""Metrics that a first night cannot have: their gates bind only when the metric is there."""


def implied_gates(contract: Contract) -> tuple[Gate, ...]:
    """Return what no contract needs to say: keys are unique, the shape is the contract's, empty is not fine.

    A feed that came must bring rows (its row rules and required columns were settled row by row, in
    quarantine). A made table must keep its row rules and have no null in a required column. A metric whose
    gate is declared is not implied again: the contract may ask for more or less, and is believed.
    """
    gates: list[Gate] = []
    if contract.key:
        unique = Text(f"One row per {', '.join(contract.key)}", f"每个 {'、'.join(contract.key)} 只有一行")
        gates.append(Gate("duplicate_keys", maximum=0, description=unique))
    if contract.layer == "landing":
        gates.append(Gate("rows", minimum=1, description=Text("Empty is not fine", "空文件不算正常")))
    else:
        shape = Text("Columns and types are the contract's", "列与类型符合契约")
        gates.append(Gate("shape_differences", maximum=0, description=shape))
        for column in contract.columns:
            if column.required:
                known = Text(f"{column.title.en}: always known", f"{column.title.zh}：必填")
                gates.append(Gate(f"null_share:{column.name}", maximum=0, description=known))
            if has_limits(column):
                limits = Text(f"{column.title.en}: within its limits", f"{column.title.zh}：在允许范围内")
                gates.append(Gate(f"broken:{column.name}", maximum=0, description=limits))
        gates.extend(Gate(f"broken:{r.name}", maximum=0, description=r.description) for r in contract.rules)
    declared = {gate.metric for gate in contract.gates}
    return tuple(gate for gate in gates if gate.metric not in declared)


def has_limits(column: Column) -> bool:
    """Tell whether a column's values are limited beyond their type."""
    return bool(column.allowed or column.pattern) or (column.minimum, column.maximum) != (None, None)


def bound_gates(contract: Contract, measured: Mapping[str, object]) -> tuple[Gate, ...]:
    """Return the gates that bind a table of which `measured` is known, declared ones first.

    Every declared gate binds, measured or not (a rule that can't be evaluated is a failed one), but for
    `NEEDS_A_PAST`. Implied gates bind on a published table, elsewhere when their metric was measured.
    """
    declared = (g for g in contract.gates if g.metric in measured or g.metric not in NEEDS_A_PAST)
    always = contract.layer == "published"
    implied = (g for g in implied_gates(contract) if always or g.metric in measured)
    return (*declared, *implied)


def expectation_text(gate: Gate) -> str:
    """Write a gate's bounds in signs: "= 0", "≥ 1", "≤ 0.05", "0.5 … 2"."""
    low, high = gate.minimum, gate.maximum
    if low is not None and high is not None:
        return f"= {low:,g}" if low == high else f"{low:,g} … {high:,g}"
    if low is not None:
        return f"≥ {low:,g}"
    return f"≤ {high:,g}" if high is not None else "a bound (the gate has none)"
