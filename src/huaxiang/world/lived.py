"""Checks of how it was for people: states of satisfaction and value, and the courier that people complain of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.world.names import COURIERS
from huaxiang.world.report import Check
from huaxiang.world.sides import true_persons

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date

    from numpy.typing import NDArray

    from huaxiang.world.sides import Lake, Planted

    Words = NDArray[np.str_]

STATES = ("lost", "unhappy", "locked_in", "satisfied", "loyal")
UNHAPPY_STATES = ("unhappy", "locked_in")
UNHAPPY = 0.5
"""Planted satisfaction below which somebody is unhappy: reviews then give 3 of 5 stars or fewer."""
KEEPS_BUYING = 3  # orders in 90 days, as the ladder has it
MACRO_F1, FEWEST_REVIEWS, CURVE = 0.8, 3, (1, 5, 8)
FEWEST_OF_STATE = 10
DRAWS = 400


def experience_checks(lake: Lake, planted: Planted, as_of: date) -> Iterator[Check]:
    """Compare the stage of `experience` with what was planted, of who has bought and has a stage.

    Planted are satisfaction and the day on which somebody stops; orders, the other axis, are counted in the
    lake, where other checks compare them to the unit. Whoever is not exactly one true person stays out. What limits
    it is told beside: who stopped of late is as silent as who pauses, and no history as short as a demo's tells them
    apart (`lost`); who has reviewed much has bought much, so that hardly anybody is in some of the states, and the F1 of
    one person is a coin's; and how well a few ratings tell who is unhappy.
    """
    said, true, reviews = _states(lake, planted, as_of)

    def at_least(fewest: int) -> tuple[float, int]:
        kept = reviews >= fewest
        return macro_f1(true[kept], said[kept]), int(kept.sum())

    score, people = at_least(FEWEST_REVIEWS)
    kept = reviews >= FEWEST_REVIEWS
    low, high = _interval(true[kept], said[kept])
    curve = ", ".join(f"≥ {n}: {at_least(n)[0]:.2f} of {at_least(n)[1]:,}" for n in CURVE)
    yield Check(
        f"experience: macro-F1 of states, {FEWEST_REVIEWS} reviews or more",
        f"≥ {MACRO_F1}",
        f"{score:.3f} [{low:.2f}, {high:.2f}] of {people:,} people; {curve}",
        score >= MACRO_F1,
    )
    people_in = {state: int((true[kept] == state).sum()) for state in STATES}
    few = {state for state, count in people_in.items() if count < FEWEST_OF_STATE}
    each = ", ".join(
        f"{state} {_f1(true[kept], said[kept], state):.2f} of {count:,}"
        for state, count in people_in.items()
        if count
    )
    more, most = (macro_f1(true[kept], said[kept], but=but) for but in (few, few | {"lost"}))
    found = f"{each}; of those with {FEWEST_OF_STATE} people {more:.2f}, but for lost {most:.2f}"
    yield Check("experience: F1 of each state", "told", found, ok=True)
    stays = true != "lost"
    felt = [np.where(np.isin(one, UNHAPPY_STATES), "unhappy", "") for one in (true, said)]

    def unhappy_at_least(fewest: int) -> str:
        rows = stays & (reviews >= fewest)
        return f"≥ {fewest}: {_f1(felt[0][rows], felt[1][rows], 'unhappy'):.2f} of {int(rows.sum()):,}"

    told = ", ".join(map(unhappy_at_least, sorted((*CURVE, FEWEST_REVIEWS))))
    yield Check("experience: F1 of unhappy or not, of who had not stopped, by reviews", "told", told, ok=True)
    yield from _couriers(lake)


def macro_f1(true: Words, said: Words, *, but: Collection[str] = ()) -> float:
    """Return the mean of the F1 of every state that somebody is in, or is said to be in, but some; NaN without any."""
    held = sorted({*true.tolist(), *said.tolist()} - {*but})
    return float(np.mean([_f1(true, said, state) for state in held])) if held else float("nan")


def _f1(true: Words, said: Words, state: str) -> float:
    both = int(((true == state) & (said == state)).sum())
    either = int((true == state).sum() + (said == state).sum())
    return 2 * both / either if either else float("nan")


def _interval(true: Words, said: Words) -> tuple[float, float]:
    """The 95 % interval of the macro-F1, by drawing people again (Efron 1979)."""
    if not len(true):
        return float("nan"), float("nan")
    rng = np.random.default_rng(0)
    drawn = (rng.integers(0, len(true), len(true)) for _ in range(DRAWS))
    low, high = np.quantile([macro_f1(true[rows], said[rows]) for rows in drawn], [0.025, 0.975])
    return float(low), float(high)


def _states(lake: Lake, planted: Planted, as_of: date) -> tuple[Words, Words, NDArray[np.int64]]:
    """Return what the lake says, what was planted, and how many reviews say something, person by person."""
    owner = true_persons(lake, planted)
    satisfaction: dict[Any, Any] = {
        row["true_person"]: row["satisfaction"] for row in planted.table("satisfaction").to_pylist()
    }
    left = planted.table("churn")
    gone = {
        row["true_person"] for row in left.to_pylist() if row["churn_date"] and row["churn_date"] <= as_of
    }
    names = ("person", "experience", "orders_all", "orders_90d", "ratings_365d", "felt_reviews_365d")
    found: list[tuple[str, str, int]] = []
    for row in lake.columns("portrait", *names).to_pylist():
        true = owner.get(row["person"])
        if true is None or not row["orders_all"] or row["experience"] is None:
            continue
        keeps = (row["orders_90d"] or 0) >= KEEPS_BUYING
        state = _planted_state(satisfaction[true], is_gone=true in gone, keeps_buying=keeps)
        found.append((row["experience"], state, row["ratings_365d"] or row["felt_reviews_365d"] or 0))
    said, true_, reviews = zip(*found, strict=True) if found else ((), (), ())
    return np.array(said, np.str_), np.array(true_, np.str_), np.array(reviews, np.int64)


def _planted_state(satisfaction: float, *, is_gone: bool, keeps_buying: bool) -> str:
    if is_gone:
        return "lost"
    if satisfaction < UNHAPPY:
        return "locked_in" if keeps_buying else "unhappy"
    return "loyal" if keeps_buying else "satisfied"


def _couriers(lake: Lake) -> Iterator[Check]:
    """Check that the courier whose parcels are complained of most is seen, over all months.

    Planted is how much more often the same mood complains of it; being late, which spoils moods, comes on top.
    The interval is that of a ratio of two rates on the logarithmic scale (Katz et al. 1978).
    """
    worst = max(COURIERS, key=lambda courier: courier[4])
    rows = lake.columns("rate", "rate", "key_kind", "key", "happened", "of_all").to_pylist()
    told = [row for row in rows if row["rate"] == "complaint_rate" and row["key_kind"] == "courier"]
    mine, others = (
        [
            sum(row[name] for row in told if (row["key"] == worst[0]) == is_worst)
            for name in ("happened", "of_all")
        ]
        for is_worst in (True, False)
    )
    usual = np.average([c[4] for c in COURIERS if c is not worst], weights=_parcels(told, worst[0]))
    planted = worst[4] / usual
    name = f"complaints: {worst[2]} against the other couriers"
    if not (mine[0] and others[0]):
        yield Check(name, f"≥ {planted:.1f} times", "too few complaints to say", ok=None)
        return
    ratio = mine[0] / mine[1] / (others[0] / others[1])
    spread = np.exp(1.96 * np.sqrt(1 / mine[0] - 1 / mine[1] + 1 / others[0] - 1 / others[1]))
    found = (
        f"{ratio:.1f} times [{ratio / spread:.1f}, {ratio * spread:.1f}], {mine[0]:,} of {mine[1]:,} parcels"
    )
    is_seen = ratio / spread > 1 and ratio * spread >= planted
    yield Check(name, f"≥ {planted:.1f} times, in the interval", found, ok=bool(is_seen))


def _parcels(told: list[dict[str, Any]], worst: str) -> list[int]:
    """Return how many parcels each of the other couriers carried, in their order."""
    return [
        max(1, sum(row["of_all"] for row in told if row["key"] == c[0])) for c in COURIERS if c[0] != worst
    ]
