"""Which rules bind a table tonight: those its contract declares, and those that being a table implies.

No Great Expectations here: `suite` turns these into expectations, `judge` runs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from huaxiang.contracts.model import Gate, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.contracts.model import Column, Contract

BROKEN, NULL_SHARE = "broken:", "null_share:"
"""Metrics of one rule, or of one column: rows that break it, and the share of nulls."""

NEEDS_A_PAST = frozenset({"rows_against_past"})
"""Metrics that a first night cannot have: their gates bind only when the metric is there."""


def implied_gates(contract: Contract) -> tuple[Gate, ...]:
    """Return what no contract needs to say: keys are unique, the shape is the contract's, empty is not fine.

    A feed that came must bring rows (its row rules were settled row by row, in quarantine); of a made table
    no row may break a rule. A metric whose gate is declared is not implied again: the contract may ask for
    more or less, and is believed.
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
            gates.extend(
                Gate(f"{BROKEN}{code}:{column.name}", maximum=0, description=_about(column, meant))
                for code, meant in column_reasons(column).items()
            )
        gates.extend(
            Gate(BROKEN + rule.name, maximum=0, description=rule.description) for rule in contract.rules
        )
    declared = {gate.metric for gate in contract.gates}
    return tuple(gate for gate in gates if gate.metric not in declared)


def column_reasons(column: Column) -> dict[str, Text]:
    """Return the reason codes a column's own limits can give, as `contracts.spark.row_rules` names them."""
    limited = column.minimum is not None or column.maximum is not None
    codes = {
        "missing": (column.required, Text("always known", "必填")),
        "not_allowed": (bool(column.allowed), Text("one of the allowed values", "属于允许值")),
        "out_of_range": (limited, Text("within its range", "在允许范围内")),
        "bad_pattern": (column.pattern is not None, Text("in its pattern", "符合格式")),
    }
    return {code: meant for code, (applies, meant) in codes.items() if applies}


def _about(column: Column, meant: Text) -> Text:
    return Text(f"{column.title.en}: {meant.en}", f"{column.title.zh}：{meant.zh}")


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
