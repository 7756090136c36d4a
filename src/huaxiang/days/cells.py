"""Day rows ("cells"): what an account did on a business date under a key, as values that add up later.

Grain of `day_row`: stream (event and which of its dates counts) × key_kind × key × account × business_date.
The values are one column per measure part; a cell has values only in the columns of its own stream and key
kind. Cells never know persons, so identity can change without an event being read again.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.system import BY_MONTH, part_of
from huaxiang.days.measures import GRAIN
from huaxiang.expressions import compile_expression
from huaxiang.tables.content import row_hash
from huaxiang.tables.write import PARTITION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Part

STRUCTS = ("latest", "earliest", "at_max", "state")
"""Ways whose partial values are structs: Spark sorts for them what it adds up in a hash table otherwise."""
MOST = 10**15
"""What one event adds to a sum at most, either way: Spark's sums fail beyond 64 bits, and one absurd row is enough."""


def cells(
    rows: DataFrame, parts: list[tuple[Part, frozenset[str]]], stored_by: str = BY_MONTH, *, zone: str
) -> DataFrame:
    """Return the day rows of one stream from its event rows, with the value columns of this stream only.

    Hours and weekdays that a measure asks of an instant are those of `zone`, the business zone. An event that waits
    gives only `awaits:*` cells, without values, on its feed's own date.
    """
    first = parts[0][0]
    kinds = sorted(set().union(*(k for _, k in parts)) - {"none"})
    date = F.when(F.col("waiting"), F.col("business_date")).otherwise(F.col(first.date))
    said = _distinct_values(parts, zone)
    placed = rows.withColumns({"_date": date, **dict(said.values())}).repartition(
        "account"
    )  # the one exchange: narrow rows, and all of a cell's rows are together
    keyed = placed.withColumn("_under", F.explode(_keys(first, kinds, zone)))
    grain = {
        "key_kind": F.col("_under.kind"),
        "key": F.col("_under.key"),
        "account": F.col("account"),
        "business_date": F.col("_date"),
    }
    grouped = keyed.withColumns({f"_{name}": value for name, value in grain.items()})
    by = [f"_{name}" for name in grain]
    if any(
        part.way in STRUCTS for part, _ in parts
    ):  # these are sorted: by a number, most cells differ at once
        grouped = grouped.withColumn("_cell", F.xxhash64(*by))
        by = ["_cell", *by]
    values = {
        part.column: _partial(part, F.col("_under.kind").isin(*sorted(kinds)), zone) for part, kinds in parts
    }
    names = [name for name, _ in said.values()]
    made = grouped.groupBy(*by, *names).agg(*(value.alias(name) for name, value in values.items()))
    if names:
        made = made.groupBy(*by).agg(*(_merged(part, said).alias(part.column) for part, _ in parts))
    part = part_of(F.col("_business_date"), stored_by)
    return made.select(
        F.lit(first.stream).alias("stream"),
        *(F.col(f"_{name}").alias(name) for name in grain),
        F.concat(F.lit(first.stream + " "), part).alias(PARTITION),
        *(F.col(p.column).cast(p.stored).alias(p.column) for p, _ in parts),
    )


def _distinct_values(
    parts: Sequence[tuple[Part, frozenset[str]]], zone: str
) -> dict[str, tuple[str, Column]]:
    """Return what `count_of` counts, by its expression: the name of a column, and its values."""
    counted = sorted({part.arguments[0] for part, _ in parts if part.way == "count_of"})
    names = parts[0][0].event.names
    return {
        text: (f"_said_{n}", compile_expression(text, names).column(zone=zone))
        for n, text in enumerate(counted)
    }


def _merged(part: Part, said: Mapping[str, tuple[str, Column]]) -> Column:
    """Put together what a cell holds per distinct value."""
    value = F.col(part.column)
    if part.way == "count_of" and len(said) > 1:
        held = F.collect_set(F.when(value.isNotNull(), F.col(said[part.arguments[0]][0])))
        return F.when(F.size(held) > 0, F.size(held))
    if part.way in ("min", "earliest"):
        return F.min(value)
    if part.adds == ("instants",):
        return F.array_sort(F.flatten(F.collect_list(value)))
    return F.max(value) if part.way in ("max", *STRUCTS) else F.sum(value)


def said_by(cells: DataFrame) -> Column:
    """Return a hash of all that a day row says, whenever it was known: a column that is not there counts as an empty one."""
    return row_hash(sorted({*cells.columns} - {"release", PARTITION}))


def is_of_stream(*streams: str) -> Column:
    """Whether a day row is of one of the streams: no partition but theirs is looked at."""
    return reduce(
        or_, (F.col(PARTITION).startswith(f"{stream} ") for stream in sorted(streams)), F.lit(False)
    )


def widened(cells: DataFrame, wide: dict[str, str], *others: str) -> DataFrame:
    """Return the day rows with all value columns of the table, null where they lack one, and `others`."""
    held = set(cells.columns)
    values = [F.col(n) if n in held else F.lit(None).cast(t).alias(n) for n, t in wide.items()]
    return cells.select(*GRAIN, PARTITION, *values, *others)


def _keys(part: Part, kinds: list[str], zone: str) -> Column:
    """Every key an event counts under, as array<struct<kind,key>>: itself, its keys, and what it awaits."""
    found = [F.array(_key(F.lit("none"), F.lit("")))]
    for kind in kinds:
        compiled = compile_expression(str(part.event.key(kind)), part.event.names)
        value = compiled.column(zone=zone)
        if compiled.type.startswith("array"):
            held = F.filter(F.array_distinct(value), lambda v: v.isNotNull() & (v != ""))
            found.append(F.coalesce(_keys_of(kind, held), _none()))
        else:
            text = value.cast("string")
            found.append(
                F.when(text.isNotNull() & (text != ""), F.array(_key(F.lit(kind), text))).otherwise(_none())
            )
    awaits = F.col("awaits")
    return F.when(F.col("waiting"), awaits).otherwise(F.concat(*found, awaits))


def _keys_of(kind: str, values: Column) -> Column:
    return F.transform(values, lambda value: _key(F.lit(kind), value))


def _key(kind: Column, key: Column) -> Column:
    return F.struct(kind.alias("kind"), key.alias("key"))


def _none() -> Column:
    return F.array().cast("array<struct<kind:string,key:string>>")


def condition(part: Part, zone: str) -> Column:
    """Whether an event row counts for the part: its `where`; never null."""
    holds = F.lit(True)
    if part.where:
        holds = F.coalesce(compile_expression(part.where, part.event.names).column(zone=zone), F.lit(False))
    return holds


def _bounded(value: Column) -> Column:
    most = F.lit(MOST)
    return F.when(value > most, most).when(value < -most, -most).otherwise(value)


def _partial(part: Part, in_kind: Column, zone: str) -> Column:  # noqa: C901, PLR0911  (one case per way of adding up)
    holds = in_kind & condition(part, zone)
    names = part.event.names

    def argument(index: int) -> Column:
        return compile_expression(part.adds[index + 1], names).column(zone=zone)

    def when(value: Column) -> Column:
        return F.when(holds, value)

    instant = F.col("instant")
    match part.adds[0]:
        case "sum":
            return F.sum(when(_bounded(argument(0))))
        case "count_of":  # once per distinct value: `_merged` adds them up
            return F.max(F.when(holds & argument(0).isNotNull(), F.lit(1)))
        case "min":
            return F.min(when(argument(0)))
        case "max":
            return F.max(when(argument(0)))
        case "latest" | "earliest" as end:
            value = argument(0)
            said = F.struct(instant.alias("at"), F.col("event_key"), value.alias("value"))
            if end == "latest":
                return F.max(F.when(holds & value.isNotNull(), said))
            return F.min(F.when(holds & value.isNotNull() & instant.isNotNull(), said))
        case "at_max":
            value, by = argument(0), argument(1)
            said = F.struct(by.alias("by"), F.col("event_key"), value.alias("value"))
            return F.max(F.when(holds & value.isNotNull() & by.isNotNull(), said))
        case "state":
            brand = part.event.key("brand")
            owner = compile_expression(brand, names).column(zone=zone) if brand else F.lit(None)
            said = F.struct(
                instant.alias("at"),
                F.col("revision"),
                F.col("event_key"),
                F.coalesce(argument(0), F.lit(False)).alias("holds"),
                owner.cast("string").alias("brand"),
            )
            return F.max(when(said))
        case "instants":
            return F.array_sort(F.collect_list(when(instant)))
        case _:
            return F.sum(when(F.lit(1)))
