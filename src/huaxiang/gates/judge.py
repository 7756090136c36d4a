"""Judge a night: all rules of all tables in one Great Expectations run over one row of numbers.

The tables were measured by Spark, one aggregation each; Great Expectations never sees a person's row, so
neither its results, its history nor its pages can hold a person's value.
"""

from __future__ import annotations

import math
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.model import Gate, Text
from huaxiang.gates.docs import write_docs
from huaxiang.gates.report import GateReport, GateResult
from huaxiang.gates.rules import bound_gates, expectation_text
from huaxiang.gates.suite import expectation, metric_column, quiet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from great_expectations.core import ExpectationSuiteValidationResult

    from huaxiang.contracts.model import Contract

Number = float | int | None
_NO_CONTRACT = Gate("contract", minimum=1, description=Text("The table has a contract", "该表有契约"))


def judge(
    metrics: Mapping[str, Mapping[str, Number]],
    contracts: Mapping[str, Contract],
    folder: Path,
    *,
    as_of: date,
    release: int,
) -> GateReport:
    """Judge every table in `metrics` by its contract's gates and those implied, in one run.

    A metric that is missing, None, not finite or no number fails its gate, critically; so does an
    expectation that crashes, whatever its severity, and a table without a contract. The results are kept
    under `folder`/validations, one per run, and shown in `folder`/docs.
    """
    rules = [
        (table, gate)
        for table, measured in metrics.items()
        for gate in (bound_gates(contracts[table], measured) if table in contracts else (_NO_CONTRACT,))
    ]
    values = [_number(metrics[table].get(gate.metric)) for table, gate in rules]
    columns = [metric_column(table, gate.metric) for table, gate in rules]
    expectations: list[Any] = []
    for place, (table, gate) in enumerate(rules):
        try:
            built = expectation(table, gate)
        except Exception:  # noqa: BLE001, S112  (whatever a rule dies of: it has no outcome below)
            continue
        built.meta = {**(built.meta or {}), "rule": place}
        expectations.append(built)
    name = f"{as_of.isoformat()}-r{release}"
    validation = _validate(dict(zip(columns, values, strict=True)), expectations, folder, name)
    outcomes = _outcomes(validation)
    results = tuple(
        _result(table, gate, value, outcomes.get(place))
        for place, ((table, gate), value) in enumerate(zip(rules, values, strict=True))
    )
    docs = write_docs(validation, results, folder / "docs", name=name, as_of=as_of, release=release)
    return GateReport(results, docs)


def _result(table: str, gate: Gate, value: Number, outcome: bool | None) -> GateResult:
    broken = outcome is None or value is None
    return GateResult(
        table=table,
        metric=gate.metric,
        value=value,
        expectation=expectation_text(gate),
        severity="critical" if broken else gate.severity,
        success=bool(outcome) and not broken,
        crashed=outcome is None,
        description=gate.description,
    )


def _outcomes(validation: ExpectationSuiteValidationResult) -> dict[int, bool]:
    """Return by rule whether it holds; a rule that crashed has no outcome."""
    found = {}
    for outcome in validation.results:
        config: Any = outcome.expectation_config
        if not _has_crashed(outcome.exception_info):
            found[int(config.meta["rule"])] = bool(outcome.success)
    return found


def _number(value: object) -> Number:
    """Return what may be judged, and shown: a finite number. Anything else was not measured."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return None
    if isinstance(value, int):
        return value
    number = float(value)
    return number if math.isfinite(number) else None


def _has_crashed(info: Mapping[str, Any] | None) -> bool:
    """Tell whether an expectation raised; Great Expectations nests this per metric when a metric did."""
    if not info:
        return False
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(bool(part.get("raised_exception")) for part in info.values())


def _validate(
    row: Mapping[str, Number], expectations: Sequence[Any], folder: Path, name: str
) -> ExpectationSuiteValidationResult:
    """Run the expectations on the one row and add the result to the history in `folder`/validations."""
    with quiet() as gx:
        import pandas as pd  # noqa: PLC0415  (as lazy as Great Expectations)
        from great_expectations.core.run_identifier import RunIdentifier  # noqa: PLC0415
        from great_expectations.data_context.types.resource_identifiers import (  # noqa: PLC0415
            ExpectationSuiteIdentifier,
            ValidationResultIdentifier,
        )

        context = gx.get_context(mode="ephemeral", project_config=_project(folder))
        frame = pd.DataFrame({c: [math.nan if v is None else v] for c, v in row.items()}, index=[0])
        asset = context.data_sources.add_pandas("metrics").add_dataframe_asset("night")
        batch = asset.add_batch_definition_whole_dataframe("row").get_batch({"dataframe": frame})
        suite = gx.ExpectationSuite(name="night", expectations=list(expectations))
        result: ExpectationSuiteValidationResult = batch.validate(suite, result_format="BASIC")
        for outcome in result.results:  # its pages render plain numbers, not NumPy's
            seen: Any = outcome.result.get("observed_value")
            if hasattr(seen, "item"):
                outcome.result["observed_value"] = seen.item()
        run = RunIdentifier(run_name=name)
        result.meta["run_id"] = run
        key = ValidationResultIdentifier(ExpectationSuiteIdentifier("night"), run, "metrics")
        context.validation_results_store.set(key, result)
        return result


def _project(folder: Path) -> Any:
    """Describe a context that keeps validation results in a folder and nothing else, and draws no bars."""
    from great_expectations.data_context.types.base import (  # noqa: PLC0415
        DataContextConfig,
        ProgressBarsConfig,
    )

    memory = {"class_name": "InMemoryStoreBackend"}
    files = {
        "class_name": "TupleFilesystemStoreBackend",
        "base_directory": str(folder.resolve() / "validations"),
    }
    stores = {
        "expectations_store": {"class_name": "ExpectationsStore", "store_backend": memory},
        "checkpoint_store": {"class_name": "CheckpointStore", "store_backend": memory},
        "validation_definition_store": {"class_name": "ValidationDefinitionStore", "store_backend": memory},
        "validation_results_store": {"class_name": "ValidationResultsStore", "store_backend": files},
    }
    return DataContextConfig(
        stores=stores,
        expectations_store_name="expectations_store",
        checkpoint_store_name="checkpoint_store",
        validation_results_store_name="validation_results_store",
        data_docs_sites={},
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
