"""What is inferred: learnt from who declares it, said of who is like them, and of nobody else."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from feeds import CONTRACTS
from spoken import spoken

from huaxiang.days.catalogue import load_catalogue
from huaxiang.frames import local_frame
from huaxiang.models.fit import NO_BETTER, TOO_LITTLE
from huaxiang.models.trait_fit import infer
from huaxiang.models.trait_numbers import basis
from huaxiang.models.traits import DECLARED, INPUTS
from huaxiang.portrait.tags import derivation
from huaxiang.portrait.traits import traits_said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
CATALOGUE = load_catalogue(CONTRACTS)
STAGE = DECLARED["life_stage"]
TAGS = tuple(tag.name for model in DECLARED for tag in CATALOGUE.said_by(model))
TOLD = (
    "shop_birth_year",
    "social_birth_year",
    "shop_occupation",
    "social_occupation",
    "shop_household",
    "social_household",
)
LISTS = "array<struct<key:string,value:bigint>>"
SCHEMA = ", ".join(
    ["person string"]
    + [f"{name} {LISTS if name in INPUTS.keyed else 'bigint'}" for name in INPUTS.columns]
    + [f"{name} {'int' if 'year' in name else 'string'}" for name in TOLD]
)
STUDENT = {"shop_occupation": "student", "shop_birth_year": 2005}
SENIOR = {"social_occupation": "retired", "social_birth_year": 1955}
Row = dict[str, Any]


def frame(spark: SparkSession, rows: Iterable[Row]) -> DataFrame:
    names = ["person", *INPUTS.columns, *TOLD]
    return local_frame(spark, [[row.get(name) for name in names] for row in rows], SCHEMA)


def someone(name: str, *, young: float, rng: np.random.Generator, **told: Any) -> Row:
    """A person whose acts are about games with probability `young`, else about gardens."""
    games = int(rng.binomial(12, young))
    topics = [{"key": key, "value": n} for key, n in (("games", games), ("garden", 12 - games)) if n]
    return {
        "person": name,
        "interactions_90d": 12,
        "views_90d": 30,
        "order_lines_365d": 0,
        "interests_90d": topics,
        **told,
    }


def crowd(people: int, seed: int = 5) -> list[Row]:
    """Students and retired people, half and half, who differ somewhat."""
    rng = np.random.default_rng(seed)
    kinds = ((0.66, STUDENT), (0.34, SENIOR))
    return [someone(f"p{n}", young=kinds[n % 2][0], rng=rng, **kinds[n % 2][1]) for n in range(people)]


def said(found: DataFrame) -> dict[str, tuple[str | None, float | None, int | None]]:
    tags = ("life_stage", "life_stage_probability", "life_stage_evidence")
    return {row["person"]: tuple(row[tag] for tag in tags) for row in found.select("person", *tags).collect()}  # type: ignore[misc]


def test_what_a_stage_is_declared_by(spark: SparkSession) -> None:
    """Occupation, household and age settle it, or nothing is said."""
    cases: dict[str, tuple[Row, str | None]] = {
        "nothing": ({}, None),
        "an age alone": ({"shop_birth_year": 1990}, None),
        "student of 24": ({"shop_occupation": "student", "shop_birth_year": 2002}, "student"),
        "student of unknown age": ({"shop_occupation": "student"}, "student"),
        "student of 25": ({"shop_occupation": "student", "shop_birth_year": 2001}, None),
        "may be under 14": ({"shop_occupation": "student", "shop_birth_year": 2012}, None),
        "15 by the year": ({"shop_occupation": "student", "shop_birth_year": 2011}, "student"),
        "employee, no household": ({"shop_occupation": "employee", "shop_birth_year": 1995}, None),
        "employee of 35": (
            {"shop_occupation": "employee", "shop_birth_year": 1991, "shop_household": "couple"}, "young_white_collar",
        ),
        "employee of 36": (
            {"shop_occupation": "employee", "shop_birth_year": 1990, "shop_household": "couple"}, "midlife",
        ),
        "young children": ({"social_occupation": "homemaker", "social_household": "young_children"}, "young_family"),
        "older children": ({"social_occupation": "employee", "social_household": "older_children"}, "midlife"),
        "60, at work": ({"social_occupation": "employee", "social_birth_year": 1966}, "senior"),
        "59, a household": (
            {"social_occupation": "other", "social_birth_year": 1967, "social_household": "alone"}, "midlife",
        ),
        "shop before social": ({"shop_occupation": "retired", "social_occupation": "student"}, "senior"),
    }  # fmt: skip
    rows = [{"person": name, **told} for name, (told, _) in cases.items()]
    found = derivation(CATALOGUE, (STAGE,), as_of=AS_OF, zone="Asia/Shanghai")(frame(spark, rows))
    assert {r["person"]: r[STAGE] for r in found.collect()} == {k: v for k, (_, v) in cases.items()}


def test_who_does_not_tell_is_held_to_be_like_those_who_do(spark: SparkSession) -> None:
    rng = np.random.default_rng(1)
    specials = [
        someone("gamer", young=1.0, rng=rng),
        someone("gardener", young=0.0, rng=rng),
        someone("between", young=0.5, rng=rng)
        | {"interests_90d": [{"key": "games", "value": 6}, {"key": "garden", "value": 6}]},
        someone("a child", young=1.0, rng=rng, shop_birth_year=2013),
        {"person": "idle", "interactions_90d": 0, "views_90d": 0, "order_lines_365d": 0},
        {"person": "outside all sources"},
        someone("retired gamer", young=1.0, rng=rng, **SENIOR),
    ]
    rows = [*crowd(600), *specials]
    people = frame(spark, rows)
    asked, fits = spoken(traits_said(people, CATALOGUE, as_of=AS_OF, zone="Asia/Shanghai"), people)
    assert asked.columns == [*people.columns, *TAGS]
    found = said(asked)
    told, of_generations, of_households = fits
    assert [one.model for one in fits] == ["life_stage", "generation", "household"]
    assert told.fit.usable
    assert told.why is None
    assert told.fit.people == of_generations.fit.people == 601  # nobody learns from a child
    assert told.quality["accuracy"] > told.quality["majority"] + 0.2
    assert told.quality["calibration_error"] < 0.1
    assert found["gamer"][0] == "student"
    assert found["gardener"][0] == "senior"
    assert found["retired gamer"][0] == "student"  # an opinion of its own: what is declared is not read
    assert found["gamer"][2] == 42
    stage, probability, _ = found["between"]
    assert stage is None  # nobody knows, and it says how little is known
    assert 0.5 <= (probability or 0) < 0.6
    assert found["a child"] == (None, None, 42)
    assert found["idle"] == (None, None, 0)
    assert found["outside all sources"] == (None, None, None)
    others = [
        row | {"person": row["person"][::-1]} for row in rows[::-1]
    ]  # the nights decide who is called what
    again = frame(spark, others).repartition(5)
    shuffled, told_again = spoken(traits_said(again, CATALOGUE, as_of=AS_OF, zone="Asia/Shanghai"), again)
    assert {name[::-1]: one for name, one in said(shuffled).items()} == found
    assert told_again == fits
    sample = derivation(CATALOGUE, (STAGE,), as_of=AS_OF, zone="Asia/Shanghai")(people).where(
        f"{STAGE} is not null"
    )
    held = sample.orderBy("person").toArrow()
    common = basis(INPUTS, held)
    here = infer(common, held, [str(stage) for stage in held[STAGE].to_pylist()])
    chances = np.round(here.weights.chances(common.numbers(held)).max(axis=1), 2)
    there = [round(found[str(who)][1] or 0, 2) for who in held["person"].to_pylist()]
    assert np.abs(chances - np.array(there)).max() < 0.05  # other folds, so nearly another temperature
    assert of_households.fit.status == TOO_LITTLE  # each trait by itself: nobody told of a household
    others = ("generation", "household", "household_probability")
    born = {row["person"]: row for row in asked.select("person", *others, "generation_probability").collect()}
    assert [born[who]["generation"] for who in ("gamer", "gardener", "a child", "idle")] == [
        "00s", "before 70s", None, None,
    ]  # fmt: skip
    assert born["a child"]["generation_probability"] is None
    assert {(row["household"], row["household_probability"]) for row in born.values()} == {(None, None)}


def test_what_is_not_known_of_somebody_is_the_mean_and_a_number_of_its_own() -> None:
    listed = pa.list_(pa.struct([("key", pa.string()), ("value", pa.int64())]))
    types = {name: listed if name in INPUTS.keyed else pa.int64() for name in INPUTS.columns}
    rows: list[Row] = [
        {"interactions_90d": 0, "evening_acts_90d": 0, "interests_90d": []},
        {"interactions_90d": 8, "evening_acts_90d": 4, "interests_90d": [{"key": "games", "value": 3}]},
        {},
    ]
    people = pa.Table.from_pylist([{name: row.get(name) for name in types} for row in rows], pa.schema(types))
    common = basis(INPUTS, people)
    found = [dict(zip(common.names, row, strict=True)) for row in common.numbers(people).round(3).tolist()]
    assert [row["interactions_90d"] for row in found] == [0, 2.197, 1.099]  # log(1 + 8), and half of it
    assert [row["interactions_90d unknown"] for row in found] == [0, 0, 1]
    assert [row["evening_acts_90d/interactions_90d"] for row in found] == [
        0,
        0,
        0,
    ]  # half is what is expected
    assert [row["interests_90d=games"] for row in found] == [0, 0, 0]
    assert not {name for name in common.names if name.startswith("views_90d")}  # nobody's are known


def test_what_nobody_declares_or_nothing_tells_is_not_inferred(spark: SparkSession) -> None:
    quiet = frame(spark, ({**row, **dict.fromkeys(TOLD)} for row in crowd(40)))
    found, fits = spoken(traits_said(quiet, CATALOGUE, as_of=AS_OF, zone="Asia/Shanghai"), quiet)
    assert {one.fit.status for one in fits} == {TOO_LITTLE}
    assert {one.why for one in fits} == {
        "fewer than 200 people declare it, or fewer than two kinds have 20 each; nothing is inferred"
    }
    assert set(said(found).values()) == {(None, None, 42)}


def test_a_fit_that_knows_no_better_than_the_commonest_is_not_used() -> None:
    rng = np.random.default_rng(2)
    rows = [{name: someone("x", young=0.5, rng=rng).get(name) for name in INPUTS.columns} for _ in range(400)]
    listed = pa.list_(pa.struct([("key", pa.string()), ("value", pa.int64())]))
    types = [(name, listed if name in INPUTS.keyed else pa.int64()) for name in INPUTS.columns]
    people = pa.Table.from_pylist(rows, pa.schema(types))
    declared = rng.choice(["student", "midlife", "odd"], 400, p=[0.38, 0.6, 0.02]).tolist()
    common = basis(INPUTS, people)
    found = infer(common, people, declared)
    assert found.fit.status == NO_BETTER
    assert not found.fit.usable
    assert "the commonest" in found.fit.why
    assert found.weights.kinds == ("midlife", "student")  # what fewer than 20 declare is never inferred
    assert found.weights.chances(common.numbers(people)).sum(axis=1) == pytest.approx(np.ones(400))
