"""What brand teams ask of fans: how many, gained and lost by what, active, buying, and shared by two accounts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from huaxiang.cli.answers import (
    as_of,
    brand_asked,
    brands_in,
    interval,
    names_of,
    number,
    print_json,
    rows_of,
    titled,
)
from huaxiang.cli.options import AsJson, LakeRoot, console

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_PAIRS = 20
"""Pairs of a brand's accounts that a terminal takes: those with most fans in common."""


def fans(
    brand: Annotated[
        str | None, typer.Option("--brand", help="A brand, with its months and accounts; else all brands now")
    ] = None,
    lake: LakeRoot = "lake",
    as_json: AsJson = False,
) -> None:
    """Fans of a brand by month, of each of its accounts now, and whom two accounts share.

    Two accounts of a person are one fan; gained and lost count each time.
    Active fans liked, clicked, kept, shared or answered a post of the brand in
    the month, or wrote to it. Buyers had bought it by the month's end; median
    days are from follow to order, of buyers who had followed before.
    """
    base = rows_of(lake, "fan_base")
    base.sort(key=lambda row: (row["month"], -row["fans"], row["brand_id"], row["brand_account"] or ""))
    newest = max((row["month"] for row in base), default=None)
    of_brands = [row for row in base if row["brand_account"] is None and row["month"] == newest]
    if brand is None:
        _fans_of_all(lake, of_brands, as_json=as_json)
        return
    brand = brand_asked(lake, brand, brands_in(of_brands), "{} never had a fan that is known")
    mine = [row for row in base if row["brand_id"] == brand]
    overlap = [row for row in rows_of(lake, "fan_overlap") if row["brand_id"] == brand]
    overlap.sort(key=lambda row: (-row["both"], row["brand_account"], row["other_account"]))
    told = {
        "months": [row for row in mine if row["brand_account"] is None],
        "accounts": [row for row in mine if row["brand_account"] and row["month"] == newest],
        "overlap": overlap,
    }
    if as_json:
        print_json(told)
        return
    _fans_of_one(titled(lake, brand), **told)


def _fans_of_all(lake: str, now: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(now)
        return
    names = names_of(lake, "brand")
    _fan_table(["brand", "名称"], [((r["brand_id"], names.get(r["brand_id"], "")), r) for r in now])
    one = now[0]["brand_id"] if now else "…"
    print(f"{len(now)} brands that ever had a fan; one of them: huaxiang fans --brand {one}. {as_of(now)}")


def _fans_of_one(
    name: str,
    months: Sequence[dict[str, Any]],
    accounts: Sequence[dict[str, Any]],
    overlap: Sequence[dict[str, Any]],
) -> None:
    _fan_table(["month"], [((f"{row['month']:%Y-%m}",), row) for row in months])
    _fan_table(["account now", "role"], [((r["brand_account"], r["brand_role"] or ""), r) for r in accounts])
    table = Table("account", "and", "fans of both", "of either", "overlap", box=None)
    for row in overlap[:MOST_PAIRS]:
        counts = f"{row['both']:,}", f"{row['either']:,}", f"{row['share']:.1%}"
        table.add_row(row["brand_account"], row["other_account"], *counts)
    console().print(table)
    if len(overlap) > MOST_PAIRS:
        print(f"and {len(overlap) - MOST_PAIRS:,} more pairs: --json")
    causes: Counter[str] = Counter()
    for row in months:
        causes.update({cause["key"]: cause["value"] for cause in row["lost_by"]})
    told = ", ".join(f"{cause} {count:,}" for cause, count in causes.most_common(5)) or "none told"
    print(f"{name}: causes of its {sum(row['lost'] for row in months):,} losses: {told}. {as_of(months)}")


def _fan_table(first: Sequence[str], rows: Sequence[tuple[Sequence[str], dict[str, Any]]]) -> None:
    names = (
        "fans",
        "gained",
        "lost",
        "after push",
        "active",
        "buyers",
        "share",
        "95 % interval",
        "median days",
    )
    table = Table(*first, *names, box=None)
    counts = ("fans", "gained", "lost", "lost_after_push", "active_fans", "buyers")
    for titles, row in rows:
        told = (number(row[name]) for name in counts)
        share, days = number(row["share"], ".1%"), number(row["median_days"], "g")
        table.add_row(*titles, *told, share, interval(row), days)
    console().print(table)


def add_to(app: typer.Typer) -> None:
    """Give the command its name."""
    app.command()(fans)
