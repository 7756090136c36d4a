"""Checks of member lists: who on a brand's own list was found, and that nobody was who does not agree to be joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from huaxiang.models.interval import share_interval
from huaxiang.world.report import Check
from huaxiang.world.sides import true_persons

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from huaxiang.world.sides import Lake, Planted

TRUTH = "brand_member"
PRECISION, RECALL = 0.98, 0.9


def member_checks(lake: Lake, planted: Planted, as_of: date) -> Iterator[Check]:
    """Compare the members that the lake knows, as (brand, person), with the planted ones of `as_of`.

    Planted are current members with an account by then, also those of whose contacts no account claims any; whoever
    has withdrawn the consent to be joined stays out, and may not be found. A found person who is a mixture of true
    ones is wrong.
    """
    if not (planted.folder / f"{TRUTH}.parquet").is_file():
        yield Check(
            "members: precision and recall", "told", "this world's truth has no member lists", ok=None
        )
        return
    accounts: list[Any] = planted.until("person_account", as_of, "opened").to_pylist()
    left = {r["true_person"] for r in accounts if r["join_withdrawn"] and r["join_withdrawn"] <= as_of}
    known = {r["true_person"] for r in accounts} - left
    rows: list[Any] = planted.until(TRUTH, as_of, "joined").to_pylist()
    true = {
        (r["brand_id"], r["true_person"])
        for r in rows
        if r["true_person"] in known and (r["left"] is None or r["left"] > as_of)
    }
    owner = true_persons(lake, planted)
    pairs: list[Any] = lake.columns("brand_relation", "person", "brand_id", "is_member").to_pylist()
    said = {(r["brand_id"], owner.get(r["person"], r["person"])) for r in pairs if r["is_member"]}
    both = len(true & said)
    for name, whole, wanted in (("precision", len(said), PRECISION), ("recall", len(true), RECALL)):
        share = both / max(whole, 1)
        low, high = share_interval(both, max(whole, 1))
        told = f"{share:.4f} [{low:.3f}, {high:.3f}] of {whole:,}"
        yield Check(f"members: {name}", f"≥ {wanted}", told, share >= wanted)
    unwilling = len({person for _, person in said} & left)
    yield Check("members: found without consent", "0", f"{unwilling:,}", unwilling == 0)
