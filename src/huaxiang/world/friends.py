"""Checks of what friends do to each other: orders that shared links caused, beyond friends being alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from huaxiang.world.report import Check, share_check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from huaxiang.world.sides import Lake, Planted


INSIDE = 0.8  # of brands: 95 % are meant, and of some twenty a few more may lie outside by chance


def friend_checks(lake: Lake, planted: Planted, as_of: date) -> Iterator[Check]:
    """Compare the orders that followed friends' shares beyond those expected with the ones that links caused.

    Planted are orders that would not have been without the link, of all links that the lake knows of the days
    that its table tells, wherever they lead; whoever is not joined, or tied later than the share, is missed. The
    shortest window is judged, of which chance makes least.
    """
    rows: list[dict[str, Any]] = lake.columns(
        "friend_lift",
        "brand_id",
        "window_days",
        "exposures",
        "lift",
        "lift_low",
        "lift_high",
        "since",
        "as_of",
    ).to_pylist()
    since = min((row["since"] for row in rows), default=as_of)
    as_of = max((row["as_of"] for row in rows), default=as_of)
    links: list[dict[str, Any]] = lake.columns("clean/share_link", "link_id", "business_date").to_pylist()
    known = {
        row["link_id"] for row in links if row["business_date"] and since <= row["business_date"] <= as_of
    }
    caused: dict[str | None, int] = {None: 0}
    effects: list[dict[str, Any]] = planted.table("friend_effect").to_pylist()
    for row in effects:
        if row["link_id"] in known:
            caused[row["brand_id"]] = caused.get(row["brand_id"], 0) + row["orders"]
            caused[None] += row["orders"]
    found = {
        row["window_days"]: [row["exposures"] * row[name] for name in ("lift", "lift_low", "lift_high")]
        for row in sorted(rows, key=lambda row: row["window_days"])
        if row["brand_id"] is None
    }
    told = "; ".join(
        f"{days} d: {m:,.0f} [{low:,.0f}, {high:,.0f}]" for days, (m, low, high) in found.items()
    )
    _, low, high = next(iter(found.values()), (0, 0, 0))
    wanted = f"{caused[None]:,}, in the first interval"
    holds = bool(low <= caused[None] <= high) if found else None
    yield Check("friends: orders that shares caused", wanted, told or "nothing to judge", ok=holds)
    brands = [row for row in rows if row["brand_id"] and row["window_days"] == 1]
    inside = sum(
        row["lift_low"] * row["exposures"]
        <= caused.get(row["brand_id"], 0)
        <= row["lift_high"] * row["exposures"]
        for row in brands
    )
    yield share_check("friends: brands whose planted orders lie in the interval", INSIDE, inside, len(brands))
