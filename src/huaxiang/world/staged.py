"""Checks of who people are: their stage of life as inferred, of those who don't declare it, against the planted one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.models.calibration import calibration_error
from huaxiang.models.interval import share_interval
from huaxiang.world.report import Check
from huaxiang.world.sides import true_persons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from huaxiang.world.sides import Lake, Planted

    Numbers = NDArray[np.float64]
    Mask = NDArray[np.bool_]

CALIBRATED, DRAWS, FEWEST = 0.05, 400, 100
"""The error wanted, draws of its interval, and people of whom it can be told at all."""


def life_stage_checks(lake: Lake, planted: Planted) -> Iterator[Check]:
    """Compare the stages that are said of who declares none with the planted ones; mixtures of people are left out.

    Nobody here was learnt from. The majority guess is the commonest planted stage of the same people. A calibration
    error is above 0 by chance alone, so its interval must reach down to what is wanted.
    """
    owner = true_persons(lake, planted)
    true: dict[Any, Any] = {r["true_person"]: r["stage"] for r in planted.table("life_stage").to_pylist()}
    names = ("person", "declared_life_stage", "life_stage", "life_stage_probability")
    asked = [
        (true[owner[row["person"]]], row["life_stage"], row["life_stage_probability"])
        for row in lake.columns("portrait", *names).to_pylist()
        if row["person"] in owner
        and row["declared_life_stage"] is None
        and row["life_stage_probability"] is not None
    ]
    said = [one for one in asked if one[1] is not None]
    fits: list[dict[str, Any]] = lake.columns(
        "model", "model", "release", "status", "why", "quality"
    ).to_pylist()
    mine = [fit for fit in fits if fit["model"] == "life_stage"]
    last = max(
        mine, key=lambda fit: fit["release"], default={"status": "none", "why": "no fit", "quality": []}
    )
    if len(said) < FEWEST:
        found = f"{len(said)} of {len(asked)} people; {last['status']}: {last['why']}"
        yield Check("life stage: told at all", f"told; {FEWEST} people to judge it", found, ok=True)
        return
    right = np.array([stage == planted_ for planted_, stage, _ in said])
    chance = np.array([chance for *_, chance in said], dtype=float)
    stages, counts = np.unique([planted_ for planted_, *_ in said], return_counts=True)
    low, high = share_interval(int(right.sum()), len(right))
    guess = counts.max() / counts.sum()
    yield Check(
        "life stage: right, of those said",
        f"> {guess:.3f}, always {stages[counts.argmax()]}",
        f"{right.mean():.3f} [{low:.3f}, {high:.3f}] of {len(said):,}; of {len(asked):,} {1 - len(said) / len(asked):.0%} not said",
        bool(low > guess),
    )
    error = calibration_error(chance, right)
    low, high = _interval(chance, right)
    held = {one["name"]: one["value"] for one in list[Any](last["quality"])}
    yield Check(
        "life stage: expected calibration error",
        f"≤ {CALIBRATED}, in the interval",
        f"{error:.3f} [{low:.3f}, {high:.3f}]; held out in the fit {held.get('calibration_error', float('nan')):.3f}",
        bool(low <= CALIBRATED),
    )


def _interval(chance: Numbers, right: Mask) -> tuple[float, float]:
    """The 95 % interval of the error by drawing people again (Efron 1979), less what drawing alone adds to it.

    The basic interval: a drawn sample's error is above that of the people themselves as theirs is above the true one.
    """
    rng = np.random.default_rng(0)
    error = calibration_error(chance, right)
    drawn = [
        calibration_error(chance[rows], right[rows])
        for rows in (rng.integers(0, len(right), len(right)) for _ in range(DRAWS))
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return max(0.0, 2 * error - float(high)), max(0.0, 2 * error - float(low))
