"""Stages of life in the demo world: by age and chance, with what people say of them, and the same every time."""

from __future__ import annotations

import numpy as np

from huaxiang.world.life import (
    HOUSEHOLDS,
    IN_ACCOUNT,
    MIDLIFE,
    OCCUPATIONS,
    SENIOR,
    STAGES,
    STUDENT,
    TELLS,
    YOUNG_FAMILY,
    YOUNG_WHITE_COLLAR,
    live,
)

YEARS = np.repeat(np.arange(1950, 2010), 200)
LIVES = live(YEARS, 2026, seed=3)
AGE = 2026 - YEARS


def ages(stage: int) -> tuple[int, int]:
    return int(AGE[LIVES.stage == stage].min()), int(AGE[LIVES.stage == stage].max())


def test_everybody_has_a_stage_that_their_age_allows() -> None:
    assert set(LIVES.stage.tolist()) == set(range(len(STAGES)))
    assert ages(STUDENT) == (17, 24)
    assert ages(SENIOR) == (60, 76)
    low, high = ages(YOUNG_WHITE_COLLAR)
    assert low >= 19
    assert high == 35
    assert ages(YOUNG_FAMILY)[1] == 40
    assert ages(MIDLIFE) == (36, 59)


def test_a_part_of_people_tells_and_a_few_tell_wrongly() -> None:
    person = np.arange(len(YEARS))
    occupation, household = LIVES.declared(person, 3, "shop_account")
    told = occupation >= 0
    assert abs(told.mean() - TELLS * IN_ACCOUNT) < 0.02
    assert np.array_equal(told, household >= 0)
    assert 0.96 < (occupation == LIVES.occupation)[told].mean() < 1
    students = LIVES.stage == STUDENT
    assert {OCCUPATIONS[n] for n in LIVES.occupation[students].tolist()} == {"student"}
    families = LIVES.stage == YOUNG_FAMILY
    assert {HOUSEHOLDS[n] for n in LIVES.household[families].tolist()} == {"young_children"}
    assert not np.array_equal(occupation, LIVES.declared(person, 3, "social_account")[0])


def test_equal_seeds_live_equal_lives() -> None:
    again = live(YEARS, 2026, seed=3)
    assert np.array_equal(again.stage, LIVES.stage)
    assert np.array_equal(again.tells, LIVES.tells)
    assert not np.array_equal(live(YEARS, 2026, seed=4).stage, LIVES.stage)
