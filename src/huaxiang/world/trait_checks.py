"""Checks of who people are: what is inferred of those who don't declare it, against the planted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.models.calibration import calibration_error
from huaxiang.models.interval import share_interval
from huaxiang.models.traits import DECLARED
from huaxiang.world.report import Check
from huaxiang.world.sides import true_persons

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from huaxiang.world.sides import Lake, Planted

    Numbers = NDArray[np.float64]
    Mask = NDArray[np.bool_]

CALIBRATED, DRAWS, FEWEST = 0.05, 400, 100
"""The error wanted, draws of its interval, and people of whom it can be told at all."""


def inferred_checks(lake: Lake, planted: Planted) -> Iterator[Check]:
    """Compare what is said of who declares nothing with the planted, trait by trait; mixtures of people are left out.

    Nobody here was learnt from. The majority guess is the commonest planted kind of the same people. A calibration
    error is above 0 by chance alone, so that not the value is judged but the low end of its interval, which must reach
    down to what is wanted. Of too few people nothing is judged.
    """
    owner = true_persons(lake, planted)
    true: dict[Any, dict[str, Any]] = {r["true_person"]: r for r in planted.table("lives").to_pylist()}
    names = [name for model, tag in DECLARED.items() for name in (tag, model, f"{model}_probability")]
    people: list[dict[str, Any]] = lake.columns("portrait", "person", *names).to_pylist()
    fits: list[dict[str, Any]] = lake.columns(
        "model", "model", "release", "status", "why", "quality"
    ).to_pylist()
    none = {"status": "none", "why": "no fit", "quality": []}
    for model, tag in DECLARED.items():
        asked = [
            (true[owner[row["person"]]][model], row[model], row[f"{model}_probability"])
            for row in people
            if row["person"] in owner and row[tag] is None and row[f"{model}_probability"] is not None
        ]
        mine = [fit for fit in fits if fit["model"] == model]
        last = max(mine, key=lambda fit: fit["release"], default=none)
        yield from _checks(model.replace("_", " "), asked, last)


def _checks(trait: str, asked: Sequence[tuple[Any, Any, Any]], last: Mapping[str, Any]) -> Iterator[Check]:
    """Judge a trait of people by what is planted, said, and how probable; `last` is its newest fit."""
    said = [one for one in asked if one[1] is not None]
    if len(said) < FEWEST:
        found = f"{len(said)} of {len(asked)} people, too few to judge; {last['status']}: {last['why']}"
        yield Check(f"{trait}: told at all", f"told of {FEWEST} people or more", found, ok=None)
        return
    right = np.array([kind == planted_ for planted_, kind, _ in said])
    chance = np.array([chance for *_, chance in said], dtype=float)
    kinds, counts = np.unique([planted_ for planted_, *_ in said], return_counts=True)
    low, high = share_interval(int(right.sum()), len(right))
    guess = counts.max() / counts.sum()
    yield Check(
        f"{trait}: right, of those said",
        f"> {guess:.3f}, always {kinds[counts.argmax()]}",
        f"{right.mean():.3f} [{low:.3f}, {high:.3f}] of {len(said):,}; of {len(asked):,} {1 - len(said) / len(asked):.0%} not said",
        bool(low > guess),
    )
    error = calibration_error(chance, right)
    low, high = _interval(chance, right)
    held = {one["name"]: one["value"] for one in list[Any](last["quality"])}
    yield Check(
        f"{trait}: expected calibration error",
        f"low end of the 95 % interval ≤ {CALIBRATED}",
        f"{error:.3f} [{low:.3f}, {high:.3f}] of {len(right):,}; held out in the fit {held.get('calibration_error', float('nan')):.3f}",
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
