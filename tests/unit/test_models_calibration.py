"""How far probabilities lie from how often they come true, and what a fit says of itself by it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from huaxiang.models.calibration import calibration_error
from huaxiang.models.trait_fit import figures


@pytest.mark.parametrize(
    ("chance", "right", "error"),
    [
        ([0.8] * 10, [1] * 8 + [0] * 2, 0.0),
        ([0.8] * 10, [0] * 2 + [1] * 8, 0.0),  # equal chances are one bin, in whatever order
        ([0.9] * 10, [1] * 5 + [0] * 5, 0.4),
        ([0.9] * 10 + [0.5] * 10, [1] * 9 + [0] + [1] * 10, 0.25),  # half the people are off by 0.5
        ([1.0], [1], 0.0),
    ],
)
def test_the_error_of_known_chances(chance: list[float], right: list[int], error: float) -> None:
    assert calibration_error(np.array(chance), np.array(right, bool)) == pytest.approx(error)


def test_of_nobody_nothing_is_told() -> None:
    assert math.isnan(calibration_error(np.zeros(0), np.zeros(0, bool)))


def test_a_perfect_model_has_a_small_error_that_falls_with_people() -> None:
    rng = np.random.default_rng(0)
    errors = []
    for people in (800, 80_000):
        chance = rng.uniform(0.4, 1, people)
        errors.append(calibration_error(chance, rng.random(people) < chance))
    assert 0.01 < errors[0] < 0.06
    assert errors[1] < 0.006


def test_what_is_said_is_what_is_sure() -> None:
    chances = np.array([[0.6, 0.4], [0.3, 0.7], [0.59, 0.41], [0.45, 0.55]])
    found = figures(chances, np.array([0, 0, 0, 1]))
    assert (found["accuracy"], found["majority"]) == (0.75, 0.75)
    assert (found["said"], found["said_accuracy"]) == (0.5, 0.5)
