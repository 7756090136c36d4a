"""What the model `influence` says of people: the graph of who follows whom, ranked and its triangles counted on the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from huaxiang.models.cards import INFLUENCE
from huaxiang.models.fit import FITTED, TOO_LARGE, TOO_LITTLE, Fit
from huaxiang.models.model_row import ModelRow
from huaxiang.models.pagerank import DAMPING, pagerank
from huaxiang.models.triangles import triangles
from huaxiang.numbered import numbered
from huaxiang.portrait.fold import standing_edges
from huaxiang.portrait.said import SILENT, Said

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Catalogue

MOST_EDGES = 20_000_000
"""What the driver takes: the ids at both ends of an edge and some numbers, about 250 bytes each."""
FOLLOWS = "followings"
DIGITS = 6
"""Of a rank that are told: the last ones of a float depend on the order of the people."""


def influence_said(cells: DataFrame, persons: DataFrame, catalogue: Catalogue, *, as_of: date) -> Said:
    """Return what the model `influence` says of people; null for who neither follows nor is followed.

    `cells` are day rows that carry `person`; only follows that still stand, between two known persons, count,
    each pair of persons once. Triangles take them without direction, and nobody as their own neighbour; the clustering
    is null for who has fewer than two neighbours.
    """
    tags = catalogue.said_by(INFLUENCE.name)
    follows = catalogue.by_name.get(FOLLOWS)
    if not tags or follows is None:
        return SILENT
    mine = cells.where((F.col("key_kind") == "account") & (F.col("stream") == follows.part.stream))
    standing = standing_edges(mine, follows, persons, as_of=as_of).where(F.col("other_person").isNotNull())
    edges = standing.select("person", "other_person").distinct()
    found = edges.limit(MOST_EDGES + 1).toArrow()
    count = found.num_rows
    if not 0 < count <= MOST_EDGES:
        why = "nobody follows anybody" if count == 0 else f"more than {MOST_EDGES:,} follows"
        fit = Fit(TOO_LARGE if count else TOO_LITTLE, histories=min(count, MOST_EDGES), why=why)
        unknown = {t.name: F.lit(None).cast(INFLUENCE.gives[t.output]) for t in tags}
        nothing = ModelRow(INFLUENCE.name, "follows", fit, {})
        return Said(lambda people: people.withColumns(unknown), (nothing,))
    names, (follower, followed) = numbered(found["person"], found["other_person"])
    whole = len(names)
    code = np.sort(follower * whole + followed)  # sums of floats depend on the order
    follower, followed = code // whole, code % whole
    ranks = pagerank(follower, followed, whole)
    known = triangles(follower, followed, whole)
    clustering = known.clustering
    said = {
        "pagerank": pa.array(np.round(ranks.ranks * whole, DIGITS)),
        "triangles": pa.array(known.corners),
        "clustering": pa.array(clustering, mask=np.isnan(clustering)),
    }
    columns = {f"_{output}": column for output, column in said.items()}
    schema = ", ".join(["_whose string", *(f"_{output} {INFLUENCE.gives[output]}" for output in said)])
    ranked = cells.sparkSession.createDataFrame(pa.table({"_whose": names, **columns}), schema)
    fit = Fit(FITTED, {"damping": DAMPING}, {"damping": None}, people=whole, histories=count)
    quality = {"rounds": float(ranks.rounds), "last_change": ranks.change}
    named = {t.name: F.col(f"_{t.output}") for t in tags}

    def of(people: DataFrame) -> DataFrame:
        joined = people.join(ranked, F.col("person") == F.col("_whose"), "left")
        return joined.withColumns(named).select(*people.columns, *named)

    return Said(of, (ModelRow(INFLUENCE.name, "follows", fit, quality),))
