"""Checks of word of mouth: how many new sharers each share brings, against the clicks after which people shared."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from huaxiang.world.report import Check, share_check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from huaxiang.world.sides import Lake, Planted

    Row = dict[str, Any]

WITHIN = 7  # days from a link on in which it is passed on, as the table has it
INSIDE = 0.8  # of brands: 95 % are meant, and of a few more may lie outside by chance
FEWEST = 5  # judged shares of which a brand's interval says something


def chain_checks(lake: Lake, planted: Planted, as_of: date) -> Iterator[Check]:
    """Compare the snowball factor with the planted shares that clicks caused, of months and brands with shares to judge.

    Planted is which link each link passes on. What the lake can't know is no part of it: a link that never came,
    a click by an account that is not joined with the one that shared. The table may be some nights old.
    """
    names = (
        "brand_id",
        "month",
        "judged",
        "new_sharers",
        "snowball",
        "snowball_low",
        "snowball_high",
        "as_of",
    )
    rows: list[Row] = [row for row in lake.columns("share_chain", *names).to_pylist() if row["judged"]]
    told_on = min((row["as_of"] for row in rows), default=as_of)
    true = _planted(lake, planted, told_on)

    def holds(row: Row) -> bool:
        brought = true.get((row["brand_id"], row["month"]), 0)
        return bool(row["snowball_low"] <= brought / row["judged"] <= row["snowball_high"])

    whole = [row for row in rows if row["brand_id"] is None]
    for row in sorted(whole, key=lambda row: row["month"]):
        factor = true.get((None, row["month"]), 0) / row["judged"]
        yield Check(
            f"chains: snowball factor of {row['month']:%Y-%m}",
            f"{factor:.3f}, in the interval",
            f"{row['snowball']:.3f} [{row['snowball_low']:.3f}, {row['snowball_high']:.3f}] of {row['judged']:,} shares",
            holds(row),
        )
    if not whole:
        yield Check("chains: snowball factor", "told", "no shares to judge", ok=None)
    brands = [row for row in rows if row["brand_id"] and row["judged"] >= FEWEST]
    inside = sum(map(holds, brands))
    yield share_check(
        "chains: brands and months whose planted factor lies in the interval", INSIDE, inside, len(brands)
    )


def _planted(lake: Lake, planted: Planted, as_of: date) -> dict[tuple[str | None, date], int]:
    """Return brand (None: all) × month of a share that can be judged: who came to share because of it."""
    whose: dict[str, str] = {
        row["account"]: row["person"]
        for row in lake.columns("person_account", "account", "person").to_pylist()
    }
    links: dict[str, Row] = {
        row["link_id"]: row
        for row in lake.columns(
            "clean/share_link", "link_id", "account", "product_id", "business_date", "at"
        ).to_pylist()
        if row["at"] and row["business_date"] <= as_of and row["account"] in whose
    }
    truth: dict[str, Row] = {row["link_id"]: row for row in planted.table("friend_effect").to_pylist()}
    first: dict[tuple[str, str], Row] = {}
    for row in sorted(links.values(), key=lambda row: (row["at"], row["link_id"])):
        first.setdefault((row["product_id"], whose[row["account"]]), row)
    found: dict[tuple[str | None, date], int] = {}
    for (product, person), row in first.items():
        said = truth[row["link_id"]]
        parent = links.get(said["parent_link_id"])
        if parent is None or whose.get(said["came_as"]) != person or whose[parent["account"]] == person:
            continue
        begun = first[product, whose[parent["account"]]]["business_date"]
        if begun + timedelta(days=WITHIN) <= as_of:
            for brand in (None, said["brand_id"]):
                key = brand, begun.replace(day=1)
                found[key] = found.get(key, 0) + 1
    return found
