"""`brand_relation` from day rows: one row per person and brand with any evidence."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.vocabulary import tag_names, vocabularies
from huaxiang.identity.members import memberships
from huaxiang.models.cards import MEMBERSHIP
from huaxiang.portrait.assemble import absence_filled, cells_of_persons
from huaxiang.portrait.coverage import people
from huaxiang.portrait.fold import by_kind, by_others, folded, of_streams, standing_edges
from huaxiang.portrait.sequences import in_sequence
from huaxiang.portrait.tags import with_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Catalogue

PAIR = ["person", "brand_id"]


def measured_relations(
    day_rows: DataFrame,
    persons: DataFrame,
    catalogue: Catalogue,
    coverage: Mapping[str, Mapping[str, str]],
    *,
    as_of: date,
    members: DataFrame | None = None,
    unknown: Mapping[str, frozenset[str]] | None = None,
    apart: bool = False,
    cut_all: Callable[[list[DataFrame]], list[DataFrame]] = list,
) -> DataFrame:
    """Return person × brand with every measure of the brand grain, and the tags that the model `membership` says.

    Only pairs with an event, a standing tie, or a membership, also one that ended. `members` as of
    `identity.members.matched_members`, None where no list came. Nulls, zeros and the last three arguments as in
    `measured_portrait`; who is on no list of a brand that sent one is no member of it, and null where it sent none.
    """
    cells = cells_of_persons(day_rows, persons)
    measures = catalogue.at("brand")
    plain = [m for m in measures if m.part.way not in ("state", "ordered")]
    shared = [m for m in plain if m.part.by_others]
    branded = cells.where(F.col("key_kind") == "brand").withColumnRenamed("key", "brand_id")
    pieces = [
        folded(rows, PAIR, kind, as_of=as_of, apart=apart)
        for rows, held in (
            (branded, [m for m in plain if not m.part.by_others]),
            (by_others(of_streams(cells, shared), persons, "brand"), shared),
        )
        for kind in by_kind(held)
    ]
    if in_order := [m for m in measures if m.part.way == "ordered"]:
        pieces.append(in_sequence(branded, PAIR, in_order, as_of=as_of))
    for measure in (m for m in measures if m.part.way == "state"):
        edges = of_streams(cells, [measure]).where(F.col("key_kind") == "account")
        standing = standing_edges(edges, measure, persons, as_of=as_of).where(F.col("brand").isNotNull())
        pieces.append(
            standing.groupBy("person", F.col("brand").alias("brand_id")).agg(
                F.count_distinct("key").alias(measure.column(None))
            )
        )
    said = catalogue.said_by(MEMBERSHIP.name)
    names = [tag.name for tag in said]
    if members is not None and said:
        outputs = (F.col(tag.output).alias(tag.name) for tag in said)
        pieces.append(memberships(members).select(*PAIR, *outputs))
    # What a full join returns lies nowhere in particular: the first piece, the widest, is the last to be joined.
    joined = reduce(lambda left, right: left.join(right, PAIR, "full"), reversed(cut_all(pieces)))
    if members is None:
        unsaid = {tag.name: F.lit(None).cast(MEMBERSHIP.gives[tag.output]) for tag in said}
        joined = joined.withColumns(unsaid)
    elif said:
        lists = members.select("brand_id", F.lit(True).alias("_has_list")).distinct()
        is_no_member = F.when(F.col("_has_list"), F.lit(False))
        known = {t.name: F.coalesce(t.name, is_no_member) for t in said if t.output == "is_member"}
        joined = joined.join(F.broadcast(lists), "brand_id", "left").withColumns(known)
    return joined.join(people(persons, coverage), "person").select(
        *PAIR, *absence_filled(measures, coverage, unknown or {}, "brand"), *names
    )


def tagged_relations(
    measured: DataFrame, portrait: DataFrame, catalogue: Catalogue, *, as_of: date, zone: str
) -> DataFrame:
    """Return `person`, `brand_id`, `as_of`, every measure and every tag, in the contract's order.

    Tags may name the person's own columns as `portrait.x`.
    """
    person_types, types = vocabularies(catalogue)
    tags = [t for t in catalogue.tags if t.grain == "brand"]
    used = sorted(n for n in person_types if any(f"portrait.{n}" in t.reads for t in tags))
    theirs = portrait.select("person", *(F.col(n).alias(f"portrait.{n}") for n in used))
    tagged = with_tags(
        measured.join(theirs, "person"), tags, tag_names(types, person_types), types, as_of=as_of, zone=zone
    )
    return tagged.select(*PAIR, F.lit(as_of).alias("as_of"), *types)
