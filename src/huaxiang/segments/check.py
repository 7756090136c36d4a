"""The examples beside the rules, tried: every made-up person is assigned, in one Spark action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.errors import ConfigurationError, Problem
from huaxiang.segments.assign import assign
from huaxiang.segments.vocabulary import PERSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, SparkSession

    from huaxiang.segments.model import Example, Segment
    from huaxiang.segments.vocabulary import Vocabulary

BRAND = "the brand of the example"


def run_examples(
    spark: SparkSession, segments: Sequence[Segment], vocabulary: Vocabulary, *, zone: str
) -> list[Problem]:
    """Return one problem for each example that its segment doesn't hold as it says.

    The examples of one segment are one small population, whose ranks are their own. What an example
    doesn't mention is null; other segments are tried on the same people.
    """
    listed = [(s.name, f"{s.name} {k}", e) for s in segments for k, e in enumerate(s.examples)]
    if not listed:
        return []
    people = _frame(spark, vocabulary, segments, listed, table="portrait")
    pairs = _frame(spark, vocabulary, segments, listed, table="brand_relation")
    members = assign(people, pairs, segments, zone=zone, within=("example_of",))
    own = members.where(F.col("segment") == F.regexp_replace("person", " [0-9]+$", ""))
    found = {row["person"] for row in own.select("person").collect()}
    return [_problem(name, example) for name, person, example in listed if (person in found) != example.is_in]


def _problem(name: str, example: Example) -> Problem:
    because = f" ({example.because})" if example.because else ""
    told = (
        f"this example is said to be in `{name}`{because}, but the rule leaves it out"
        if example.is_in
        else f"this example is said not to be in `{name}`{because}, but the rule takes it in"
    )
    return Problem(example.place, told, hint="change the example or the rule")


def _frame(
    spark: SparkSession,
    vocabulary: Vocabulary,
    segments: Sequence[Segment],
    listed: list[tuple[str, str, Example]],
    *,
    table: str,
) -> DataFrame:
    """Return the examples as rows of a table, with the columns that any rule uses."""
    is_person = table == "portrait"
    columns = vocabulary.portrait if is_person else vocabulary.brand_relation
    used = {
        name.removeprefix(PERSON)
        for s in segments
        for name in s.names
        if (not s.per_brand or name.startswith(PERSON)) == is_person
    }
    names = sorted(used & set(columns))
    keys = [("example_of", "string"), ("person", "string")] + ([] if is_person else [("brand_id", "string")])
    schema = ", ".join(f"`{n}` {t}" for n, t in [*keys, *((n, columns[n].type) for n in names)])
    rows = []
    unfit = []
    for name, person, example in listed:
        given = example.person if is_person else example.brand
        ids = (name, person) if is_person else (name, person, BRAND)
        rows.append((*ids, *(given.get(n) for n in names)))
        try:
            spark.createDataFrame(rows[-1:], schema)
        except (ValueError, OverflowError):
            unfit.append(Problem(example.place, "a value of this example is too large for its column"))
    if unfit:
        raise ConfigurationError(unfit)
    return spark.createDataFrame(rows, schema)
