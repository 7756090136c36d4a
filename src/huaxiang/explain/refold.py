"""One person folded again from what was known: a night's own functions, over the day rows of their accounts.

What a model or a rank says of everybody together can't be folded of one person, nor can a column that meant
something else then. Such columns are *given* instead, as a release told them; tags that read them are derived from
that. Where nothing is given, the column is unknown, and so is every tag that reads it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.days.definitions import TABLES
from huaxiang.days.vocabulary import BRAND_RELATION, PORTRAIT, tag_names, vocabularies
from huaxiang.frames import local_frame
from huaxiang.portrait.assemble import measured_portrait
from huaxiang.portrait.fold import KEY_SEPARATOR, in_window
from huaxiang.portrait.tags import with_tags
from huaxiang.relations.assemble import PAIR, measured_relations

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from pyspark.sql import Column as Values
    from pyspark.sql import DataFrame

    from huaxiang.contracts.model import Column
    from huaxiang.days.measures import Catalogue
    from huaxiang.days.tags import Tag
    from huaxiang.expressions import NameInfo

Row = dict[str, Any]
KEYS = {PORTRAIT: ["person"], BRAND_RELATION: PAIR}
"""By table: its key."""


@dataclass(frozen=True)
class Sight:
    """What was known of a person: day rows of their accounts, everybody's accounts, what feeds cover.

    `unfolded` names by table the columns that can't be folded of one person; `given` holds rows with those of them
    that are told otherwise, all rows of a table with the same columns, keys included.
    """

    day_rows: DataFrame
    persons: DataFrame
    covers: Mapping[str, Mapping[str, str]]
    unknown: Mapping[str, frozenset[str]]
    as_of: date
    zone: str
    unfolded: Mapping[str, Collection[str]]
    given: Mapping[str, Sequence[Row]] = field(default_factory=dict)


def refolded(sight: Sight, catalogue: Catalogue, person: str) -> dict[str | None, Row]:
    """Return the person's row of `portrait`, under None, and those of `brand_relation` by their brands.

    Columns that can't be told are left out. Pairs are those with an event or a standing tie.
    """
    types, of_pairs = vocabularies(catalogue)
    known = sight.day_rows, sight.persons, catalogue, sight.covers
    is_theirs = F.col("person") == person
    measured = measured_portrait(*known, as_of=sight.as_of, unknown=sight.unknown).where(is_theirs)
    told = _tagged(measured, sight, catalogue, PORTRAIT, types, tag_names(types)).localCheckpoint()
    theirs = told.select("person", *(F.col(name).alias(f"portrait.{name}") for name in types))
    measured = measured_relations(*known, as_of=sight.as_of, unknown=sight.unknown).where(is_theirs)
    pairs = measured.join(F.broadcast(theirs), "person")
    related = _tagged(pairs, sight, catalogue, BRAND_RELATION, of_pairs, tag_names(of_pairs, types))
    untold = untold_columns(sight, catalogue)
    found: dict[str | None, Row] = {}
    for row in (row.asDict(recursive=True) for row in told.collect()):
        found[None] = {name: row[name] for name in types if name not in untold[PORTRAIT]}
    for row in (row.asDict(recursive=True) for row in related.select("brand_id", *of_pairs).collect()):
        found[row["brand_id"]] = {name: row[name] for name in of_pairs if name not in untold[BRAND_RELATION]}
    return found


def _tagged(
    frame: DataFrame, sight: Sight, catalogue: Catalogue, table: str, types: Mapping[str, Column],
    names: dict[str, NameInfo],
) -> DataFrame:  # fmt: skip
    """Return `frame` with what is given instead of what can't be folded, and every tag that is derived."""
    key, unfolded = KEYS[table], sorted(sight.unfolded[table])
    schema = ", ".join([*(f"`{name}` string" for name in key), *(f"`{n}` {types[n].type}" for n in unfolded)])
    rows = [[row.get(name) for name in (*key, *unfolded)] for row in sight.given.get(table, ())]
    given = F.broadcast(local_frame(frame.sparkSession, rows, schema))
    whole = frame.drop(*unfolded).join(given, key, "left")
    derived = [tag for tag in _tags_of(catalogue, table) if tag.name not in sight.unfolded[table]]
    return with_tags(whole, derived, names, dict(types), as_of=sight.as_of, zone=sight.zone)


def _tags_of(catalogue: Catalogue, table: str) -> list[Tag]:
    return [tag for tag in catalogue.tags if TABLES[tag.grain] == table]


def untold_columns(sight: Sight, catalogue: Catalogue) -> dict[str, dict[str, str]]:
    """Return by table the columns that can't be told, each with the one that stands in the way: itself, or what it reads."""
    found: dict[str, dict[str, str]] = {}
    for table in (PORTRAIT, BRAND_RELATION):
        given = set(next(iter(sight.given.get(table, ())), {}))
        untold = {name: name for name in sight.unfolded[table] if name not in given}
        theirs = {f"portrait.{name}": cause for name, cause in found.get(PORTRAIT, {}).items()}
        for tag in _tags_of(catalogue, table):
            if tag.name in sight.unfolded[table]:
                continue
            lacking = sorted(cause for name, cause in {**untold, **theirs}.items() if name in tag.reads)
            if lacking:
                untold[tag.name] = lacking[0]
        found[table] = untold
    return found


def day_rows_behind(
    day_rows: DataFrame, catalogue: Catalogue, *, as_of: date
) -> dict[tuple[str, str], Counter[str]]:
    """Return how many of a person's day rows hold a value for a column in its window: of each feed, by column and brand.

    The brand is an empty text for `portrait`; what somebody follows counts for the brand whose account it is.
    """
    is_branded = F.col("key_kind").isin("brand", "brand_account")
    brand = F.when(is_branded, F.split("key", KEY_SEPARATOR)[0])
    states = [F.col(m.part.column)["brand"] for m in catalogue.at("brand") if m.part.way == "state"]
    whose = F.explode(F.array_distinct(F.array_compact(F.array(F.lit(""), brand, *states))))
    counts: dict[str, Values] = {}
    for grain in TABLES:
        for measure in catalogue.at(grain):
            for window in measure.windows:
                inside = F.coalesce(F.col("business_date") <= F.lit(as_of), F.lit(True))
                if window is not None:
                    inside = F.coalesce(in_window(as_of, window), F.lit(False))
                for part in measure.parts:
                    kinds = sorted(part.kinds((grain,)))
                    holds = inside & F.col("key_kind").isin(*kinds) & F.col(part.column).isNotNull()
                    name = f"{TABLES[grain]}.{measure.column(window)}.{part.event.feed}"
                    counts[name] = counts.get(name, F.lit(0)) + F.count_if(holds)
    told = (
        day_rows.withColumn("_brand", whose)
        .groupBy("_brand")
        .agg(*(n.alias(name) for name, n in counts.items()))
    )
    found: dict[tuple[str, str], Counter[str]] = {}
    for row in told.collect():
        here = BRAND_RELATION if row["_brand"] else PORTRAIT
        for name in counts:
            table, column, feed = name.split(".")
            if table == here:
                found.setdefault((column, row["_brand"]), Counter())[feed] = row[name]
    return found
