"""Who is listened to: the model `influence` over the follows that stand between persons."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import networkx as nx
import pytest
from feeds import CONTRACTS, clean
from spoken import spoken

from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.cells import cells
from huaxiang.days.rows import event_rows
from huaxiang.models.fit import FITTED, TOO_LARGE, TOO_LITTLE
from huaxiang.portrait import influence
from huaxiang.portrait.assemble import cells_of_persons
from huaxiang.portrait.influence import influence_said

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CATALOGUE = load_catalogue(CONTRACTS)
FOLLOWS = [("a", "star", "follow"), ("b", "star", "follow"), ("b2", "star", "follow"), ("star", "a", "follow"),
           ("c", "star", "follow"), ("c", "star", "unfollow"), ("c", "a", "follow"), ("a", "b2", "follow"),
           ("b", "b2", "follow"), ("a", "stranger", "follow")]  # fmt: skip
PERSON_OF = {"a": "A", "b": "B", "b2": "B", "c": "C", "star": "S", "quiet": "Q"}  # the stranger is nobody's
EDGES = [("A", "S"), ("B", "S"), ("S", "A"), ("C", "A"), ("A", "B")]


def said(spark: SparkSession, follows: list[tuple[str, str, str]]) -> Any:
    rows = [
        {
            "who": f"weiwo:{one}",
            "other_account": f"weiwo:{other}",
            "action": act,
            "at": f"2026-01-{n + 1:02} 10:00",
        }
        for n, (one, other, act) in enumerate(follows)
    ]
    found = {
        "social_follow": clean(spark, "social_follow", *rows),
        "social_account": clean(spark, "social_account"),
    }
    parts = CATALOGUE.streams()["social_follow"]
    made = cells(
        event_rows(parts[0][0].event, found["social_follow"], found.__getitem__, zone="Asia/Shanghai"),
        parts,
        zone="Asia/Shanghai",
    )
    who = [(f"weiwo:{account}", person, "weiwo") for account, person in PERSON_OF.items()]
    persons = spark.createDataFrame(who, "account string, person string, platform string")
    measured = persons.select("person").distinct()
    mine = cells_of_persons(made.repartition(3), persons)
    ranked, told = spoken(influence_said(mine, persons, CATALOGUE, as_of=date(2026, 11, 20)), measured)
    names = "influence", "follow_triangles", "follow_clustering"
    return told[0], {row["person"]: tuple(row[name] for name in names) for row in ranked.collect()}


def test_follows_that_stand_rank_persons_as_elsewhere(spark: SparkSession) -> None:
    fit, found = said(spark, FOLLOWS)
    graph = nx.DiGraph(EDGES)
    expected = {p: rank * 4 for p, rank in nx.pagerank(graph, alpha=0.85, tol=1e-12, max_iter=1000).items()}
    assert found.pop("Q") == (None, None, None)
    assert {person: one[0] for person, one in found.items()} == pytest.approx(expected, abs=1e-6)
    assert {person: one[1:] for person, one in found.items()} == {
        "A": (1, 1 / 3),  # B and S know each other, C neither
        "B": (1, 1.0),
        "S": (1, 1.0),
        "C": (0, None),  # knows one person
    }
    assert (fit.fit.status, fit.fit.people, fit.fit.histories) == (FITTED, 4, 5)


def test_without_follows_or_with_too_many_nobody_is_ranked(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit, found = said(spark, FOLLOWS[:0])
    assert (fit.fit.status, set(found.values())) == (TOO_LITTLE, {(None, None, None)})
    monkeypatch.setattr(influence, "MOST_EDGES", 3)
    fit, found = said(spark, FOLLOWS)
    assert (fit.fit.status, set(found.values())) == (TOO_LARGE, {(None, None, None)})
    assert fit.why == "more than 3 follows; nobody is ranked, and no triangle is told"
