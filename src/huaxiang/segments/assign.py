"""Who is in which segment: one pass over the portraits, one over the brand relations, all rules together.

A rule that is null holds nobody. Ranks (`top_share`) need a look at everybody first: their boundary,
the last one in, is found on its own, so that membership stays a comparison.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from huaxiang.expressions.build import to_column
from huaxiang.expressions.families import decimal
from huaxiang.expressions.tree import names
from huaxiang.segments.graph import rounds
from huaxiang.segments.model import MEMBER
from huaxiang.segments.vocabulary import PERSON

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from huaxiang.segments.model import Segment, Top

PLACE = "@place"
ANY = "@any "  # a person's membership of a per-brand segment for at least one brand


def assign(
    portrait: DataFrame,
    brand_relation: DataFrame,
    segments: Sequence[Segment],
    *,
    zone: str,
    persons: DataFrame | None = None,
    within: tuple[str, ...] = (),
) -> DataFrame:
    """Return `segment`, `brand_id` (null for segments of persons), `person`: one row per membership.

    Hours and dates of instants are those of `zone`, the business zone. Of people with equal values at the edge of a
    rank those with the smaller first account (`persons`: `person`, `account`) are in, so that no id decides it, which
    is another one in another lake; without `persons` those with the smaller id.

    `within` are columns of both tables that split everybody into populations ranked apart.
    """
    per_brand = {s.name: s.per_brand for s in segments}
    if any(s.tops for s in segments):
        portrait, brand_relation = (_placed(table, persons) for table in (portrait, brand_relation))
    people, pairs = portrait, brand_relation
    carried: set[str] = set()
    flagged: set[str] = set()
    for of_persons, of_brands in rounds(segments):
        wanted = {n for s in of_persons for n in s.needs if per_brand[n]} - flagged
        people = _with_flags(people, pairs, wanted)
        flagged |= wanted
        people = _with_members(people, portrait, of_persons, _person_name(per_brand), within, zone)
        needed = {n for s in of_brands for n in _of_person(s, per_brand)} - carried
        pairs = _joined(pairs, people, needed)
        carried |= needed
        pairs = _with_members(pairs, brand_relation, of_brands, _quoted, (*within, "brand_id"), zone)
    return _listed(
        people, [s.name for s in segments if not s.per_brand], F.lit(None).cast("string")
    ).unionByName(_listed(pairs, [s.name for s in segments if s.per_brand], F.col("brand_id")))


def _placed(table: DataFrame, persons: DataFrame | None) -> DataFrame:
    """Return the table with what settles equal values."""
    if persons is None:
        return table.withColumn(PLACE, F.col("person"))
    first = persons.groupBy("person").agg(F.min("account").alias(PLACE))
    return table.join(first, "person", "left").withColumn(PLACE, F.coalesce(_quoted(PLACE), F.col("person")))


def _quoted(name: str) -> Column:
    return F.col(f"`{name}`")


def _person_name(per_brand: dict[str, bool]) -> Callable[[str], Column]:
    def resolve(name: str) -> Column:
        segment = name.removeprefix(MEMBER)
        return _quoted(ANY + segment if name.startswith(MEMBER) and per_brand[segment] else name)

    return resolve


def _of_person(segment: Segment, per_brand: dict[str, bool]) -> set[str]:
    """Return what a per-brand rule takes from the person: columns as `portrait.x`, memberships as `@in x`."""
    columns = {n for n in segment.names if n.startswith(PERSON)}
    return columns | {MEMBER + n for n in segment.needs if not per_brand[n]}


def _joined(pairs: DataFrame, people: DataFrame, needed: set[str]) -> DataFrame:
    if not needed:
        return pairs
    theirs = [_quoted(n.removeprefix(PERSON)).alias(n) for n in sorted(needed)]
    return pairs.join(people.select("person", *theirs), "person", "left")


def _with_flags(people: DataFrame, pairs: DataFrame, wanted: set[str]) -> DataFrame:
    """Return people with `@any <segment>`: whether they are in it for any brand."""
    if not wanted:
        return people
    asked = sorted(wanted)
    flags = pairs.groupBy("person").agg(*(F.bool_or(_quoted(MEMBER + n)).alias(ANY + n) for n in asked))
    return people.join(flags, "person", "left").withColumns(
        {ANY + n: F.coalesce(_quoted(ANY + n), F.lit(False)) for n in asked}
    )


def _with_members(
    frame: DataFrame,
    table: DataFrame,
    segments: Sequence[Segment],
    resolve: Callable[[str], Column],
    within: tuple[str, ...],
    zone: str,
) -> DataFrame:
    """Return the frame with a column `@in <segment>`, never null, for each segment, in their order.

    Ranks over plain columns are taken from the `table` itself: the frame's own past would be planned
    once more for each of them.
    """
    plain = {t.name for s in segments for t in s.tops if names(t.value) <= set(table.columns)}
    for top in (t for s in segments for t in s.tops if t.name in plain):
        frame = _with_top(frame, table, top, resolve, within, zone)
    for segment in segments:
        for top in (t for t in segment.tops if t.name not in plain):
            frame = _with_top(frame, frame, top, resolve, within, zone)
        rule = F.coalesce(to_column(segment.rule, resolve, zone=zone).cast("boolean"), F.lit(False))
        frame = frame.withColumn(MEMBER + segment.name, rule)
    return frame.drop(*(t.name for s in segments for t in s.tops))


def _with_top(
    frame: DataFrame,
    everybody: DataFrame,
    top: Top,
    resolve: Callable[[str], Column],
    within: tuple[str, ...],
    zone: str,
) -> DataFrame:
    """Return the frame with a boolean column for a rank; equal values are settled by `PLACE`.

    Of n people whose value is above 0, the first ceil(share × n) are in; an unknown value is out.
    """
    value = to_column(top.value, resolve, zone=zone)
    if top.value.type in ("double", "float"):
        value = F.nanvl(value, F.lit(None).cast("double"))  # Spark holds NaN above every number
    ranked = everybody.select(*within, _quoted(PLACE).alias("_person"), value.alias("_value"))
    ranked = ranked.where(F.col("_value") > 0)
    all_ = Window.partitionBy(*within)
    place = F.row_number().over(all_.orderBy(F.col("_value").desc(), "_person"))
    share = F.lit(str(top.share)).cast(decimal(18, 17))
    last = F.ceil(F.count(F.lit(1)).over(all_).cast(decimal(18, 0)) * share)
    edge = ranked.withColumns({"_place": place, "_last": last}).where(F.col("_place") == F.col("_last"))
    edge = F.broadcast(
        edge.select(*within, F.col("_value").alias("_edge"), F.col("_person").alias("_edge_person"))
    )
    joined = frame.join(edge, list(within), "left") if within else frame.join(edge, how="left")
    is_tied_in = (value == F.col("_edge")) & (_quoted(PLACE) <= F.col("_edge_person"))
    return joined.withColumn(top.name, (value > F.col("_edge")) | is_tied_in).drop("_edge", "_edge_person")


def _listed(frame: DataFrame, held: list[str], brand: Column) -> DataFrame:
    found = F.array(*(F.when(_quoted(MEMBER + n), F.lit(n)) for n in held)).cast("array<string>")
    return frame.select(
        F.explode(F.array_compact(found)).alias("segment"), brand.alias("brand_id"), F.col("person")
    )
