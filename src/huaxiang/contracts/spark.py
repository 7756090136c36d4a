"""Contracts as Spark understands them: schemas with comments, empty and sample frames, row rules as Columns.

Columns are only built where a session lives; `struct_type` needs none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from huaxiang.contracts.sample import sample_rows
from huaxiang.contracts.types import element, family, type_json
from huaxiang.errors import Problem, did_you_mean, nearest
from huaxiang.expressions import Place, compile_expression
from huaxiang.frames import local_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyspark.sql import DataFrame, SparkSession

    from huaxiang.contracts import model

Broken = tuple[str, Column]
"""A reason code, and the Column that is true (never null) for a row that has it."""


def struct_type(contract: model.Contract) -> StructType:
    """Return the schema: names, order and types of the contract, its descriptions as comments.

    All columns are nullable: what is required is judged row by row, and aggregates come back nullable.
    """
    return StructType.fromJson({"type": "struct", "fields": [_field(column) for column in contract.columns]})


def contract_frame(
    spark: SparkSession, contract: model.Contract, rows: Iterable[Mapping[str, Any]]
) -> DataFrame:
    """Return a few rows that the driver holds as a frame of the contract's shape, in one file if written."""
    listed = [[row[name] for name in contract.names] for row in rows]
    return local_frame(spark, listed, struct_type(contract)).coalesce(1)


def empty_frame(spark: SparkSession, contract: model.Contract) -> DataFrame:
    """Return a frame of the contract's shape without rows."""
    return local_frame(spark, [], struct_type(contract))


def sample_frame(spark: SparkSession, contract: model.Contract, rows: int = 5) -> DataFrame:
    """Return `rows` plausible rows of the contract, the same ones each time; see `sample_rows`."""
    return spark.createDataFrame(sample_rows(contract, rows), struct_type(contract))


def row_rules(contract: model.Contract) -> list[Broken]:
    """Return what can be wrong with a row, in the order of the columns, then of the rules.

    Reason codes: `missing:<column>` (required, and null or blank), `not_allowed:<column>`,
    `out_of_range:<column>`, `bad_pattern:<column>`, and the names of the row rules. A null breaks nothing
    but "required": a rule that is null for a row holds.
    """
    broken = [reason for column in contract.columns for reason in _column_rules(column)]
    return broken + compiled_rules(contract)


def compiled_rules(contract: model.Contract) -> list[Broken]:
    """Return the row rules of the safe language; the names in them are the contract's columns."""
    names = {column.name: column.name_info for column in contract.columns}
    broken = []
    for rule in contract.rules:
        compiled = compile_expression(rule.holds, names, Place(contract.file, rule.line, rule.column))
        broken.append((rule.name, ~F.coalesce(compiled.column(), F.lit(True))))
    return broken


def same_shape(frame: DataFrame, contract: model.Contract) -> list[Problem]:
    """Return how a frame's names, order and types differ from the contract; nullability does not count."""
    place = f"table {contract.name}"
    found = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
    wanted = {field.name: field.dataType.simpleString() for field in struct_type(contract).fields}
    extra = [name for name in found if name not in wanted]
    problems = [
        Problem(place, f"column `{name}` is missing", f"type {wanted[name]}", _renamed(name, extra))
        for name in wanted
        if name not in found
    ]
    problems += [
        Problem(place, f"column `{name}` is not in the contract", hint=did_you_mean(name, wanted))
        for name in extra
    ]
    problems += [
        Problem(place, f"column `{name}` has type {found[name]}", f"type {wanted[name]}")
        for name in wanted
        if name in found and found[name] != wanted[name]
    ]
    if len(found) < len(frame.schema.fields):
        problems.append(Problem(place, "a column name appears twice", "each name once"))
    elif not problems and list(found) != list(wanted):
        problems.append(
            Problem(place, f"the columns stand as {', '.join(found)}", f"the order {', '.join(wanted)}")
        )
    return problems


def _field(column: model.Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": type_json(column.type),
        "nullable": True,
        "metadata": {"comment": column.description.en},
    }


def _column_rules(column: model.Column) -> list[Broken]:
    here = F.col(column.name)
    kind = family(element(column.type))
    broken: dict[str, Column] = {}
    if column.required:
        blank = F.trim(here) == "" if column.type == "string" else F.lit(False)
        broken["missing"] = here.isNull() | blank
    if column.allowed:
        known = [int(word) if kind in ("int", "bigint") else word for word in column.allowed]
        if family(column.type) == "array":
            broken["not_allowed"] = F.exists(here, lambda item: ~item.isin(known))
        else:
            broken["not_allowed"] = ~here.isin(known)
    limits = [here < F.lit(column.minimum)] if column.minimum is not None else []
    limits += [here > F.lit(column.maximum)] if column.maximum is not None else []
    if limits:
        broken["out_of_range"] = limits[0] if len(limits) == 1 else limits[0] | limits[1]
    if column.pattern is not None:
        broken["bad_pattern"] = ~here.rlike(column.pattern)
    return [(f"{code}:{column.name}", F.coalesce(rule, F.lit(False))) for code, rule in broken.items()]


def _renamed(name: str, extra: list[str]) -> str:
    """Return a hint when a column that is not in the contract may be the missing one."""
    near = nearest(name, extra)
    return f"is `{near}` the same, renamed?" if near else ""
