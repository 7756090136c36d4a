"""What brand teams ask of many people: where new buyers came from, what a brand is worth to them, what friends do."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from huaxiang.cli.answers import (
    as_of,
    brand_asked,
    brands_in,
    check_month,
    interval,
    months_of,
    names_of,
    number,
    of_month,
    print_json,
    rows_of,
    titled,
)
from huaxiang.cli.options import AsJson, LakeRoot, console
from huaxiang.errors import ConfigurationError, Problem, did_you_mean

PREMIUM_BY = ("all", "rfm_class", "declared_generation")


def new_buyers(
    brand: Annotated[
        str | None, typer.Option("--brand", help="A brand; without it, first orders of any brand")
    ] = None,
    month: Annotated[str | None, typer.Option("--month", help="Such as 2026-11; without it, each")] = None,
    lake: LakeRoot = "lake",
    as_json: AsJson = False,
) -> None:
    """Which channels brought new buyers, month by month: how many, their share, and its 95 % interval."""
    rows = rows_of(lake, "new_buyer_source")
    known = brands_in(rows) | set(names_of(lake, "brand"))
    brand = brand_asked(lake, brand, known, "no brand is called {}")
    told = [row for row in rows if row["brand_id"] == brand]
    check_month(month, months_of(told))
    told = of_month(told, month)
    told.sort(key=lambda row: (row["month"], -row["new_buyers"], row["channel"]))
    if as_json:
        print_json(told)
        return
    table = Table("month", "channel", "new buyers", "of all", "share", "95 % interval", box=None)
    for row in told:
        counts = f"{row['new_buyers']:,}", f"{row['of_all']:,}", f"{row['share']:.1%}"
        table.add_row(f"{row['month']:%Y-%m}", row["channel"], *counts, interval(row))
    console().print(table)
    if not told:
        print(f"Nobody bought {brand or 'anything'} for the first time in twelve months.")
        return
    print(
        f"{titled(lake, brand) if brand else 'Any brand'}; orders of every shop are known since {told[0]['covered_from']}: soon after it, old buyers look new."
        f" {as_of(told)}"
    )


def premium(
    brand: Annotated[
        str | None,
        typer.Option("--brand", help="A brand, month by month; without it, all in the newest month"),
    ] = None,
    by: Annotated[
        str,
        typer.Option("--by", help="Of which buyers: rfm_class, declared_generation; or all of them together"),
    ] = "all",
    lake: LakeRoot = "lake",
    as_json: AsJson = False,
) -> None:
    """What people pay for a brand above comparable goods: the premium of a piece and its 95 % interval.

    Comparable are goods of other brands sold in the same shop and month: those that the product itself names
    (stated) or, where it names none, those of its category (category), which may be of another quality.
    """
    rows = rows_of(lake, "premium")
    if by not in PREMIUM_BY:
        found = f"premiums are not told by `{by}`"
        raise ConfigurationError(
            Problem("--by", found, " or ".join(PREMIUM_BY), did_you_mean(by, PREMIUM_BY))
        )
    brand = brand_asked(lake, brand, brands_in(rows), "nobody bought {} in twelve months")
    newest = max((row["month"] for row in rows), default=None)
    told = [
        row
        for row in rows
        if row["key_kind"] == by and (row["brand_id"] == brand if brand else row["month"] == newest)
    ]
    told.sort(
        key=lambda r: (
            r["comparables"] != "stated",
            r["month"],
            r["key"],
            -(r["premium"] or 0),
            r["brand_id"],
        )
    )
    if as_json:
        print_json(told)
        return
    names = names_of(lake, "brand")
    heads = (
        "month",
        "brand",
        "名称",
        by,
        "comparables",
        "premium",
        "95 % interval",
        "lines",
        "without",
        "products",
    )
    table = Table(*heads, box=None)
    for row in told:
        share, ends = number(row["premium"], "+,.1%"), interval(row, "premium", "+,.1%", " … ")
        counts = (f"{row[name]:,}" for name in ("lines", "lines_without", "products"))
        title = names.get(row["brand_id"], "")
        place = f"{row['month']:%Y-%m}", row["brand_id"], title, row["key"], row["comparables"]
        table.add_row(*place, share, ends, *counts)
    console().print(table)
    print(
        f"{len(told)} rows of {lake}; `without`: lines whose comparables nobody bought in that month, or none exist."
        f" {as_of(told)}"
    )


def members(lake: LakeRoot = "lake", as_json: AsJson = False) -> None:
    """How much of each brand's member list is known here: members, matched persons, their share, its 95 % interval.

    Counts are told in whole fives, and not at all of a list with fewer current members than the setting
    `minimum_group`. Who they are is told nowhere.
    """
    told = rows_of(lake, "member_match")
    told.sort(key=lambda row: (row["is_withheld"], -(row["members"] or 0), row["brand_id"]))
    if as_json:
        print_json(told)
        return
    names = names_of(lake, "brand")
    table = Table("brand", "名称", "members", "matched", "share", "95 % interval", box=None)
    for row in told:
        numbers = ("–", "–", "withheld", "–")
        if not row["is_withheld"]:
            numbers = f"{row['members']:,}", f"{row['matched']:,}", f"{row['share']:.1%}", interval(row)
        table.add_row(row["brand_id"], names.get(row["brand_id"], ""), *numbers)
    console().print(table)
    withheld = sum(row["is_withheld"] for row in told)
    print(
        f"{len(told)} member lists, counts in whole fives; {withheld} too short to tell (setting `minimum_group`)."
        f" {as_of(told)}"
    )


def friend_lift(
    brand: Annotated[
        str | None, typer.Option("--brand", help="A brand; without it, all together and each")
    ] = None,
    window: Annotated[int, typer.Option("--days", help="Days from a share on that count: 1, 3 or 7")] = 1,
    lake: LakeRoot = "lake",
    as_json: AsJson = False,
) -> None:
    """Whether word of mouth sells: orders right after a friend shared a brand, against what the same people buy anyway.

    Friends are alike, so that they buy alike without any influence. What the exposed would have bought is
    therefore their own orders of the brand in the same months, on the days on which others buy it. An effect
    is found where the interval of the lift does not hold 0.
    """
    whole = rows_of(lake, "friend_lift")
    windows = sorted({row["window_days"] for row in whole})
    if whole and window not in windows:
        raise ConfigurationError(Problem("--days", str(window), " or ".join(map(str, windows))))
    if whole:
        brand = brand_asked(lake, brand, brands_in(whole), "no friends of enough people shared {}")
    told = [r for r in whole if r["window_days"] == window and brand in (None, r["brand_id"])]
    told.sort(key=lambda row: (row["brand_id"] is not None, -row["lift"], row["brand_id"]))
    if as_json:
        print_json(told)
        return
    names = names_of(lake, "brand")
    heads = (
        "brand",
        "名称",
        "exposed",
        "exposures",
        "bought",
        "expected",
        "times",
        "more per 1,000",
        "95 % interval",
    )
    table = Table(*heads, box=None)
    for row in told:
        counts = (f"{row[name]:,}" for name in ("exposed", "exposures", "bought"))
        ends = f"{1000 * row['lift_low']:.1f} – {1000 * row['lift_high']:.1f}"
        more = f"{row['expected']:,.1f}", number(row["ratio"], ".2f"), f"{1000 * row['lift']:.1f}"
        table.add_row(row["brand_id"] or "all", names.get(row["brand_id"], ""), *counts, *more, ends)
    console().print(table)
    if not told:
        print("No friend of anybody shared a brand in twelve months.")
        return
    days = "on the day of the share" if window == 1 else f"within {window} days of the share"
    print(
        f"Orders {days}, more than expected per 1,000 exposures, since {told[0]['since']} ({told[0]['method']})."
        f" {as_of(told)}"
    )


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    app.command()(new_buyers)
    app.command()(premium)
    app.command()(members)
    app.command()(friend_lift)
