"""What models must meet outside our own world: numbers of papers and of other software, comments that people have rated.

Each needs real data, which are not ours to ship: a folder with `cdnow/`, `filmtrust/`, `zh_sentiment/` and
`completejourney/`. What is not there is not checked, and said so.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from huaxiang.models import bgnbd, gamma_gamma, learned_sentiment
from huaxiang.models.interval import share_interval
from huaxiang.models.lexicon import shipped_lexicon
from huaxiang.models.rated import sure
from huaxiang.world.households import household_checks
from huaxiang.world.report import Check
from huaxiang.world.trust_network import trust_checks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from huaxiang.models.fit import Fit

BGNBD = {"r": (0.243, 0.001), "alpha": (4.414, 0.001), "a": (0.793, 0.001), "b": (2.426, 0.001)}
"""Fader, Hardie & Lee (2005), table 2: value and tolerance."""
GAMMA_GAMMA = {"p": (6.25, 0.01), "q": (3.74, 0.01), "v": (15.44, 0.01)}
"""Fader & Hardie (2013), section 4."""
CUSTOMERS = "cdnow/cdnow_customers_summary_with_transactions.csv"
TRUST = "filmtrust/trust.txt"
COMMENTS = "zh_sentiment/waimai_10k.csv"
HOUSEHOLDS = "completejourney/demographics.parquet"


def published_checks(data: Path) -> list[Check]:
    """Return what models say of published data beside what is published, with intervals; a missing file says so."""
    found: list[Check] = []
    for file, checks in (
        (CUSTOMERS, _purchases),
        (TRUST, trust_checks),
        (COMMENTS, _comments),
        (HOUSEHOLDS, _households),
    ):
        if (data / file).is_file():
            found += checks(data / file)
        else:
            found.append(Check(f"{file} is there", "the file, to be checked against", "not there", ok=False))
    return found


def _purchases(path: Path) -> list[Check]:
    with path.open(encoding="utf-8") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    again = [row for row in rows if row["x"] > 0]

    def columns(of: list[dict[str, float]], *names: str) -> list[NDArray[np.float64]]:
        return [*(np.array([row[name] for row in of]) for name in names), np.ones(len(of))]

    known = bgnbd.Histories(*columns(rows, "x", "t_x", "T"))
    values = gamma_gamma.Values(*columns(again, "x", "zbar"))
    return [
        *_parameters("BG/NBD on CDNOW", bgnbd.fit(known), BGNBD),
        *_parameters("Gamma-Gamma on CDNOW", gamma_gamma.fit(values), GAMMA_GAMMA),
    ]


def _parameters(title: str, fit: Fit, published: Mapping[str, tuple[float, float]]) -> list[Check]:
    checks = []
    for name, (value, tolerance) in published.items():
        found, error = fit.parameters.get(name), fit.errors.get(name)
        if found is None or error is None:
            checks.append(
                Check(f"{title}: {name}", f"{value} ± {tolerance}", fit.why or fit.status, ok=False)
            )
            continue
        low, high = (found * np.exp(sign * 1.96 * error) for sign in (-1, 1))
        told = f"{found:.4f} [{low:.3f}, {high:.3f}]"
        near = abs(found - value) <= tolerance
        checks.append(Check(f"{title}: {name}", f"{value} ± {tolerance}", told, ok=bool(near)))
    return checks


def rated_comments(path: Path) -> tuple[list[str], NDArray[np.bool_]]:
    """Return the comments of a file with `review` and `label`, and which of them praise."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["review"] for row in rows], np.array([row["label"] == "1" for row in rows])


def _comments(path: Path) -> list[Check]:
    texts, praises = rated_comments(path)
    lexicon = shipped_lexicon()
    told = [lexicon.opinion(text).sentiment for text in texts]
    spoke = np.array([one is not None for one in told])
    right = (np.array([one or 0.0 for one in told]) > 0) == praises
    lesson = learned_sentiment.learn(texts, praises.tolist())
    felt = lesson.held_out if lesson else np.full(len(texts), np.nan)
    known, said = ~np.isnan(felt), ~np.isnan(sure(felt))
    learned = (felt > 0) == praises
    guess = f", majority guess {max(praises.mean(), 1 - praises.mean()):.1%}"
    return [
        _share("comments the lexicon has a word for", spoke, 0.85),
        _share("the lexicon agrees with people, of these", right[spoke], 0.86, guess),
        _share("learned, 5-fold, agrees with people, were it to speak of all", learned[known], 0.885, guess),
        _share("comments of which it is sure", said, 0.8),
        _share("learned, 5-fold, agrees with people, of these", learned[said], 0.92, guess),
    ]  # fmt: skip


def _households(path: Path) -> list[Check]:
    return list(household_checks(path.parent))


def _share(name: str, right: NDArray[np.bool_], wanted: float, beside: str = "") -> Check:
    """A share with its 95 % interval."""
    share = float(right.mean())
    low, high = share_interval(int(right.sum()), len(right))
    told = f"{share:.1%} [{low:.1%}, {high:.1%}] of {len(right):,}{beside}"
    return Check(name, f"≥ {wanted:.1%}", told, ok=share >= wanted)
