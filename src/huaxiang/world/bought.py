"""Checks of what people buy: gifts, price bands, sizes that fit, a taste for bargains, what brands cost more."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from huaxiang.models.interval import share_interval
from huaxiang.world.report import Check
from huaxiang.world.rows import compute
from huaxiang.world.sides import true_persons

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from huaxiang.world.sides import Lake, Planted

F1 = 0.9
RIGHT, FEWEST_LINES, CURVE = 0.9, 3, (1, 5, 10, 20)
IN_INTERVAL = 0.85
HOLDS = 0.8
"""The least share of brands whose 95 % interval must hold the planted premium: of twenty brands some miss it."""


def gift_checks(lake: Lake, planted: Planted, as_of: date) -> Iterator[Check]:
    """Compare the gifts with the planted ones: those with a known receiver as (giver, receiver, day), and all of them.

    The second is the order that is said to be a gift, as (giver, day), be it only wrapped or sent to somebody whom nobody
    knows: two gifts of a day are two. Every planted gift counts, also of orders that have not arrived and to receivers
    without a phone. A found person who is a mixture of true ones is wrong wherever they give or get.
    """
    owner = true_persons(lake, planted)
    table = planted.table("gifts")
    within = table.filter(compute.less_equal(table.column("on"), pa.scalar(as_of)))
    planted_gifts: list[Any] = within.to_pylist()
    true = {(row["giver"], row["receiver"], row["on"]) for row in planted_gifts}
    names = "platform", "order_id", "person", "receiver", "given_on"
    rows: list[Any] = lake.columns("gift", *names).to_pylist()
    said = {
        (
            owner.get(row["person"], row["person"]),
            owner.get(row["receiver"], row["receiver"]),
            row["given_on"],
        )
        for row in rows
        if row["receiver"]
    }
    yield _f1("gifts: F1 of giver, receiver and day", len(true & said), said=len(said), true=len(true))
    day_of: dict[Any, date] = {}
    for row in rows:
        order = owner.get(row["person"], row["person"]), row["platform"], row["order_id"]
        day_of[order] = min(row["given_on"], day_of.get(order, row["given_on"]))
    given = Counter((row["giver"], row["on"]) for row in planted_gifts)
    told = Counter((giver, day) for (giver, *_), day in day_of.items())
    name = "gifts: F1 of orders said to be one, with or without a receiver, by giver and day"
    yield _f1(name, (given & told).total(), said=told.total(), true=given.total())


def _f1(name: str, both: int, *, said: int, true: int) -> Check:
    """Judge the F1 of what is said and true, with intervals.

    F1 rises with the share of what is both among what is either (Jaccard's, j: 2 j / (1 + j)), and so do the ends of its interval.
    """
    if not true:
        return Check(name, f"≥ {F1}", f"none planted, {said:,} said: nothing to judge", ok=None)
    score, low, high = (
        2 * j / (1 + j) for j in (both / (said + true - both), *share_interval(both, said + true - both))
    )
    precision, recall = (_share(both, whole)[1] for whole in (said, true))
    told = f"{score:.3f} [{low:.3f}, {high:.3f}]; precision {precision} said, recall {recall} planted"
    return Check(name, f"≥ {F1}", told, score >= F1)


def price_band_checks(lake: Lake, planted: Planted) -> Iterator[Check]:
    """Compare the band in which people buy with the planted one, by how many order lines tell it.

    A planted buyer takes a neighbouring band once in three times, and prices of neighbouring bands overlap, so that
    few lines leave doubt: how often the lake expects itself to be right is the limit of any guess.
    """
    owner = true_persons(lake, planted)
    bands = {row["true_person"]: row["band"] + 1 for row in planted.table("price_band").to_pylist()}
    names = ("price_band_365d", "price_band_lines_365d", "price_band_365d_probability")
    rows: list[Any] = [
        row
        for row in lake.columns("portrait", "person", *names).to_pylist()
        if row["price_band_365d"] is not None and row["person"] in owner
    ]
    told = [(row[names[0]] == bands[owner[row["person"]]], row[names[1]]) for row in rows]
    check = _right("price band", told)
    sure = [row[names[2]] for row in rows if row[names[1]] >= FEWEST_LINES and row[names[2]] is not None]
    expected = f"; its probabilities expect {sum(sure) / len(sure):.2f}" if sure else ""
    yield replace(check, found=check.found + expected)


def size_checks(lake: Lake, planted: Planted) -> Iterator[Check]:
    """Compare the size kept most in each category with the wearer's, and the cut, by how many lines tell it.

    A shelf of the demo world does not hold every cut, so that people also keep what is not theirs: the cut has no
    wanted share.
    """
    owner = true_persons(lake, planted)
    sizes: dict[Any, str] = {}
    fits: dict[str, str] = {}
    for row in planted.table("size").to_pylist():
        sizes[row["true_person"], row["category"]] = row["size"]
        fits[row["true_person"]] = row["fit"]
    of_size, of_fit = [], []
    for row in lake.columns("portrait", "person", "sizes_365d", "fits_365d").to_pylist():
        person = owner.get(row["person"])
        kept: dict[str, dict[str, int]] = {}
        for one in row["sizes_365d"] or ():
            category, _, size = one["key"].rpartition(" ")
            kept.setdefault(category, {})[size] = one["value"]
        for category, lines in kept.items() if person else ():
            of_size.append((_most(lines) == sizes.get((person, category)), sum(lines.values())))
        cuts = {one["key"]: one["value"] for one in row["fits_365d"] or ()}
        if person and cuts:
            of_fit.append((_most(cuts) == fits.get(person), sum(cuts.values())))
    yield _right("size by category", of_size)
    yield _right("cut", of_fit, wanted=None)


def bargain_checks(lake: Lake, planted: Planted) -> Iterator[Check]:
    """Ask whether the 90 % interval of promotion sensitivity holds what was planted, of people with enough lines."""
    owner = true_persons(lake, planted)
    true = {row["true_person"]: row["bargain"] for row in planted.table("bargain").to_pylist()}
    name = "promotion_sensitivity_365d"
    rows: list[Any] = lake.columns(
        "portrait", "person", name, f"{name}_low", f"{name}_high", "order_lines_365d"
    ).to_pylist()
    held = [
        row[f"{name}_low"] <= true[owner[row["person"]]] <= row[f"{name}_high"]
        for row in rows
        if row[name] is not None and row["person"] in owner and row["order_lines_365d"] >= FEWEST_LINES
    ]
    share, told = _share(sum(held), len(held))
    title = f"promotion sensitivity: planted one in the 90 % interval, {FEWEST_LINES} lines or more"
    yield Check(title, f"≥ {IN_INTERVAL}", told, share >= IN_INTERVAL)


def _right(what: str, told: Sequence[tuple[bool, int]], *, wanted: float | None = RIGHT) -> Check:
    """Return how often it was told rightly by lines enough, and for how many lines how often."""

    def right(fewest: int) -> str:
        kept = [ok for ok, lines in told if lines >= fewest]
        return f"≥ {fewest}: {sum(kept) / max(len(kept), 1):.2f} of {len(kept):,}"

    held = [ok for ok, lines in told if lines >= FEWEST_LINES]
    share, found = _share(sum(held), len(held))
    found += f"; {', '.join(map(right, CURVE))}"
    asked = "told only" if wanted is None else f"≥ {wanted}"
    return Check(f"{what}: right, {FEWEST_LINES} lines or more", asked, found, share >= (wanted or 0))


def _share(part: int, whole: int) -> tuple[float, str]:
    share = part / max(whole, 1)
    low, high = share_interval(part, max(whole, 1))
    return share, f"{share:.3f} [{low:.2f}, {high:.2f}] of {whole:,}"


def _most(lines: Mapping[str, int]) -> str:
    return min(lines, key=lambda one: (-lines[one], one))


def premium_checks(lake: Lake, planted: Planted) -> Iterator[Check]:
    """Compare what brands cost above the products they name with the planted premiums, in the busiest month.

    The products that our world names ask no premium, so that the planted one is what there is to find. Intervals
    of one brand are wide: how far dear brands lie above ordinary ones, by all of them, is a check of its own,
    its interval the jackknife over brands.
    """
    true = {row["brand_id"]: row["premium"] for row in planted.table("premium").to_pylist()}
    names = (
        "brand_id", "month", "key_kind", "comparables", "lines", "groups", "premium", "premium_low", "premium_high",
    )  # fmt: skip
    rows: list[Any] = [
        row
        for row in lake.columns("premium", *names).to_pylist()
        if (row["key_kind"], row["comparables"]) == ("all", "stated") and row["premium_low"] is not None
    ]
    lines: dict[Any, int] = {}
    for row in rows:
        lines[row["month"]] = lines.get(row["month"], 0) + row["lines"]
    month = max(sorted(lines), key=lambda one: lines[one], default=None)
    told = [row for row in rows if row["month"] == month]
    holding = sum(row["premium_low"] <= true[row["brand_id"]] <= row["premium_high"] for row in told)
    share = holding / max(len(told), 1)
    low, high = share_interval(holding, max(len(told), 1))
    found = f"{share:.2f} [{low:.2f}, {high:.2f}] of {len(told)} brands in {month:%Y-%m}" if told else "none"
    yield Check("premium: brands whose interval holds the planted one", f"≥ {HOLDS}", found, share >= HOLDS)
    dear = np.array([true[row["brand_id"]] > 0 for row in told], np.bool_)
    name = "premium: dear brands against ordinary ones"
    if min(dear.sum(), (~dear).sum()) < 2:
        yield Check(name, "the planted one, in the interval", "too few brands to say", ok=None)
        return
    weight = np.array([row["groups"] for row in told], np.float64)
    logs = np.log1p(np.array([[row["premium"], true[row["brand_id"]]] for row in told], np.float64))
    apart, wanted, variance = 0.0, 0.0, 0.0
    for side, sign in ((dear, 1), (~dear, -1)):
        whole = weight[side].sum()
        mean = np.average(logs[side], axis=0, weights=weight[side])
        moved = weight[side] * (logs[side, 0] - mean[0]) / (whole - weight[side])  # by leaving one brand out
        apart, wanted, variance = apart + sign * mean[0], wanted + sign * mean[1], variance + (moved**2).sum()
    ends = apart - 1.96 * np.sqrt(variance), apart + 1.96 * np.sqrt(variance)
    shares = "{:.1%} [{:.1%}, {:.1%}]".format(*np.expm1([apart, *ends]))
    found = f"{shares} dearer, {int(dear.sum())} of {len(told)} brands"
    is_seen = ends[0] <= wanted <= ends[1]
    yield Check(name, f"{np.expm1(wanted):.1%}, in the interval", found, ok=bool(is_seen))
