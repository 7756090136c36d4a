"""The gates: what fails, how badly, and that only numbers are kept and shown."""

from __future__ import annotations

import json
import re
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from huaxiang.contracts.model import Column, Contract, Gate, Rule, Text
from huaxiang.gates import GateReport, judge
from huaxiang.gates.suite import expectation, suite

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2026, 11, 20)
WORDS = Text("Rows must come", "必须有行")


def column(name: str, **more: Any) -> Column:
    return Column(name, "string", Text(name, name), WORDS, **more)


def contract(name: str, layer: Any = "landing", gates: tuple[Gate, ...] = (), **more: Any) -> Contract:
    columns = (column("id", required=True), column("act", allowed=("view", "click")))
    return Contract(name, layer, "1.0.0", WORDS, WORDS, ("id",), columns, gates=gates, **more)


ORDERS = contract(
    "order_line",
    gates=(
        Gate(
            "quarantined_share",
            maximum=0.05,
            severity="warning",
            description=Text("Few bad rows", "坏行很少"),
        ),
        Gate("age_days", maximum=2, severity="warning"),
        Gate("rows_against_past", minimum=0.5, maximum=2, severity="warning"),
    ),
)
REVIEWS = contract("review")
PORTRAIT = contract("portrait", "published", rules=(Rule("spend_adds_up", "a = b", WORDS),))
CONTRACTS = {c.name: c for c in (ORDERS, REVIEWS, PORTRAIT)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake") / "gates"


@pytest.fixture(scope="module")
def report(folder: Path) -> GateReport:
    """One run for most tests: a table that holds, one that breaks rules, one that was not measured fully."""
    metrics: dict[str, dict[str, Any]] = {
        "order_line": {
            "rows": 2**60,
            "quarantined_share": 0.25,
            "age_days": None,
            "duplicate_keys": 1,
        },
        "review": {"rows": 3, "duplicate_keys": "13800138000"},
        "portrait": {
            "rows": 0,
            "duplicate_keys": 0,
            "shape_differences": 0,
            "broken:missing:id": float("nan"),
        },
        "stranger": {"rows": 1},
    }
    return judge(metrics, CONTRACTS, folder, as_of=AS_OF, release=42)


def verdicts(report: GateReport, table: str) -> dict[str, str]:
    return {
        r.metric: "holds" if r.success else ("crashed " if r.crashed else "") + r.severity
        for r in report.results
        if r.table == table
    }


def test_declared_and_implied_rules_bind_and_keep_their_severity(report: GateReport) -> None:
    assert verdicts(report, "order_line") == {
        "quarantined_share": "warning",
        "age_days": "critical",  # declared, not measured: a rule that can't be evaluated is a failed critical
        "duplicate_keys": "critical",
        "rows": "holds",
    }  # and no rows_against_past: this feed has no past yet


def test_a_value_that_is_no_number_is_not_measured_and_not_kept(report: GateReport) -> None:
    assert verdicts(report, "review") == {"duplicate_keys": "critical", "rows": "holds"}
    value = next(r.value for r in report.results if (r.table, r.metric) == ("review", "duplicate_keys"))
    assert value is None


def test_a_published_table_must_be_measured_in_full(report: GateReport) -> None:
    assert verdicts(report, "portrait") == {
        "duplicate_keys": "holds",
        "shape_differences": "holds",
        "broken:missing:id": "critical",
        "broken:not_allowed:act": "critical",
        "broken:spend_adds_up": "critical",
    }  # 0 rows is no failure of a made table: nobody may have changed segment tonight


def test_a_table_without_a_contract_is_a_critical_failure(report: GateReport) -> None:
    assert verdicts(report, "stranger") == {"contract": "critical"}


def test_the_summary_is_what_the_page_reads(report: GateReport) -> None:
    summary = report.summary()
    assert (summary["rules"], summary["held"]) == (12, 4)
    assert summary["warnings"] == [
        {
            "table": "order_line",
            "metric": "quarantined_share",
            "value": 0.25,
            "expected": "≤ 0.05",
            "text": {"en": "Few bad rows", "zh": "坏行很少"},
        }
    ]
    assert len(summary["critical"]) == len(report.critical) == 7
    assert report.warnings[0].found == "is 0.25"
    assert report.critical[0].found == "could not be evaluated"


def test_pages_and_history_hold_metrics_only_and_need_no_network(folder: Path, report: GateReport) -> None:
    page = (folder / "docs" / "2026-11-20-r42.html").read_text(encoding="utf-8")
    kept = "".join(p.read_text(encoding="utf-8") for p in folder.rglob("*.json"))
    assert report.docs == folder / "docs" / "index.html"
    assert "13800138000" not in page + kept
    assert not re.search(r"https?:|//cdn|<script|<img", page)
    assert "order_line__quarantined_share" in page
    assert "Few bad rows · 坏行很少" in page
    shown = {result["result"].get("observed_value") for result in json.loads(kept)["results"]}
    assert shown == {0.25, 2**60, 1, 3, 0, None}


def test_history_grows_and_the_index_lists_every_night(folder: Path, report: GateReport) -> None:
    judge({"review": {"rows": 3}}, CONTRACTS, folder, as_of=date(2026, 11, 21), release=43)
    index = report.docs.read_text(encoding="utf-8")
    assert len(list((folder / "validations").rglob("*.json"))) == 2
    assert re.findall(r'href="([^"]*)"', index) == ["2026-11-21-r43.html", "2026-11-20-r42.html"]
    assert "2026-11-21 · release 43 · 1 of 1 rules hold · 0 warnings · 0 critical" in index


def test_a_crash_is_critical_whatever_the_rule_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two ways to die: a rule that cannot be built (no bounds), and one that dies while it is judged."""
    dying = contract(
        "dying",
        gates=(
            Gate("rows", severity="warning"),
            Gate("age_days", 0, 1, "warning"),
            Gate("rows_against_past", 2, 1),
        ),
    )

    def elsewhere(table: str, gate: Gate) -> Any:
        return expectation("not_in_the_row" if gate.metric == "age_days" else table, gate)

    monkeypatch.setattr(import_module("huaxiang.gates.judge"), "expectation", elsewhere)
    measured = {"dying": {"rows": 1, "age_days": 0, "rows_against_past": 1.5, "duplicate_keys": 0}}
    found = judge(measured, {"dying": dying}, tmp_path, as_of=AS_OF, release=1)
    assert verdicts(found, "dying") == {
        "rows": "crashed critical",
        "age_days": "crashed critical",
        "rows_against_past": "crashed critical",
        "duplicate_keys": "holds",  # the living are judged all the same
    }


def test_nothing_measured_is_nothing_judged(tmp_path: Path) -> None:
    assert judge({}, CONTRACTS, tmp_path, as_of=AS_OF, release=1).results == ()


def test_a_contract_has_its_own_suite() -> None:
    asked = {e.column: (e.min_value, e.max_value) for e in suite(ORDERS).expectations}
    assert asked == {
        "order_line__quarantined_share": (None, 0.05),
        "order_line__age_days": (None, 2),
        "order_line__rows_against_past": (0.5, 2),
        "order_line__duplicate_keys": (None, 0),
        "order_line__rows": (1, None),
    }
