"""Day rows ("cells"): what an account did on a business date under a key, as values that add up later.

Grain of `day_row`: stream (event and which of its dates counts) × key_kind × key × account × business_date.
The values are one column per measure part; a cell has values only in the columns of its own stream and key
kind. Cells never know persons, so identity can change without an event being read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.system import part_of
from huaxiang.days.rows import NOBODY
from huaxiang.expressions import compile_expression

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Part

GRAIN = ("stream", "key_kind", "key", "account", "business_date")
PARTITION = "part"


def cells(rows: DataFrame, parts: list[tuple[Part, frozenset[str]]]) -> DataFrame:
    """Return the day rows of one stream from its event rows, with the value columns of this stream only.

    An event that waits gives only `awaits:*` cells, without values, on its feed's own date.
    """
    first = parts[0][0]
    kinds = sorted(set().union(*(k for _, k in parts)) - {"none"})
    keyed = rows.withColumn("_key", F.explode(_keys(first, kinds)))
    own, date = F.col("business_date"), F.col(first.date)
    grouped = keyed.groupBy(
        F.lit(first.stream).alias("stream"),
        F.col("_key.kind").alias("key_kind"),
        F.col("_key.key").alias("key"),
        F.when(F.col("waiting"), F.lit(NOBODY)).otherwise(F.col("account")).alias("account"),
        F.when(F.col("waiting"), own).otherwise(date).alias("business_date"),
    )
    values = {part.column: _partial(part, F.col("_key.kind").isin(*sorted(kinds))) for part, kinds in parts}
    stored = {part.column: part.stored for part, _ in parts}
    made = grouped.agg(*(value.cast(stored[name]).alias(name) for name, value in values.items()))
    part = part_of(F.col("business_date"), by_month=first.event.by_month)
    return made.select(
        *GRAIN,
        F.concat(F.lit(first.stream + " "), part).alias(PARTITION),
        *values,
    )


def widened(cells: DataFrame, wide: dict[str, str], *others: str) -> DataFrame:
    """Return the day rows with all value columns of the table, null where they lack one, and `others`."""
    held = set(cells.columns)
    values = [F.col(n) if n in held else F.lit(None).cast(t).alias(n) for n, t in wide.items()]
    return cells.select(*GRAIN, PARTITION, *values, *others)


def _keys(part: Part, kinds: list[str]) -> Column:
    """Every key an event counts under, as array<struct<kind,key>>: itself, its keys, and what it awaits."""
    found = [F.array(_key(F.lit("none"), F.lit("")))]
    for kind in kinds:
        compiled = compile_expression(str(part.event.key(kind)), part.event.names)
        value = compiled.column()
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


def condition(part: Part) -> Column:
    """Whether an event row counts for the part: its `where`, and a value where it needs one; never null."""
    holds = F.lit(True)
    if part.where:
        holds = F.coalesce(compile_expression(part.where, part.event.names).column(), F.lit(False))
    return holds


def _partial(part: Part, in_kind: Column) -> Column:  # noqa: C901, PLR0911  (one case per way of adding up)
    holds = in_kind & condition(part)
    names = part.event.names

    def argument(index: int) -> Column:
        return compile_expression(part.arguments[index], names).column()

    def when(value: Column) -> Column:
        return F.when(holds, value)

    said_at = [F.col(c) for c in ("at", "changed_at") if c in names][:1]
    instant = F.coalesce(*said_at, F.col(part.date).cast("timestamp"))
    match part.way:
        case "sum":
            return F.sum(when(argument(0)))
        case "count_of":
            held = F.collect_set(when(argument(0)))
            return F.when(F.size(held) > 0, F.size(held))
        case "min":
            return F.min(when(argument(0)))
        case "max":
            return F.max(when(argument(0)))
        case "latest":
            value = argument(0)
            said = F.struct(instant.alias("at"), F.col("event_key"), value.alias("value"))
            return F.max(F.when(holds & value.isNotNull(), said))
        case "at_max":
            value, by = argument(0), argument(1)
            said = F.struct(by.alias("by"), F.col("event_key"), value.alias("value"))
            return F.max(F.when(holds & value.isNotNull() & by.isNotNull(), said))
        case "state":
            brand = part.event.key("brand")
            owner = compile_expression(brand, names).column() if brand else F.lit(None)
            said = F.struct(
                instant.alias("at"),
                F.col("revision"),
                F.col("event_key"),
                F.coalesce(argument(0), F.lit(False)).alias("holds"),
                owner.cast("string").alias("brand"),
            )
            return F.max(when(said))
        case "top" | "top_share" | "by" if len(part.arguments) == 2:
            return F.sum(when(argument(1)))
        case _:
            return F.sum(when(F.lit(1)))
