"""What brand teams ask of the way to a purchase and on from it: what led there, what was said, who passed it on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from huaxiang.cli.insight import as_of, brand_names
from huaxiang.cli.operators import AsJson, LakeRoot, console
from huaxiang.errors import ConfigurationError, Problem, did_you_mean
from huaxiang.insight.touches import AFTER, BEFORE, TOUCHES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Brand = Annotated[str | None, typer.Option("--brand", help="A brand; without it, all brands together")]
Row = dict[str, Any]
KEY_SHARERS = 10
"""Sharers of a brand that a terminal takes: those who brought most orders."""
BROUGHT = ("brought_orders_365d", "brought_spend_365d")


def paths(
    brand: Brand = None,
    month: Annotated[
        str | None, typer.Option("--month", help="Such as 2026-11; without it, the newest one")
    ] = None,
    lake: LakeRoot = "lake",
    as_json: AsJson = False,
) -> None:
    """What people did with a brand before they bought it, and what they said after it.

    A purchase is a person, a brand and a day. A touch belongs to it within the 30 days that end with that day, and
    since the purchase of the brand before; talk within the 30 that begin with it. Of two kinds on one day the one
    nearer to buying is the later. The order of days is known, not that of hours.
    """
    every = _rows(lake, "purchase_path")
    _check_brand(brand, every, "nobody bought `{}` in twelve months")
    mine = [row for row in every if row["brand_id"] == brand]
    shown = _month(month, mine)
    order = {touch: place for place, touch in enumerate(TOUCHES)}
    told = sorted(
        (row for row in mine if f"{row['month']:%Y-%m}" == shown),
        key=lambda row: order.get(row["touch"], len(order)),
    )
    talk = sorted(_of_brand(lake, "talk_after", brand), key=lambda row: row["month"])
    if as_json:
        print(json.dumps({"touches": told, "talk": talk}, ensure_ascii=False, default=str))
        return
    if not told:
        print(f"Nobody bought {brand or 'anything'} in twelve months.")
        return
    _path_table(told)
    _talk_table(talk)
    whole = told[-1]
    direct = whole["orders_known"] - whole["orders_with"]
    print(
        f"{_title(lake, brand)}, {shown}: {whole['orders']:,} purchases, {whole['orders_known']:,} of whose {BEFORE} days before"
        f" all feeds tell; {direct:,} of these came directly. Talk: {AFTER} days from the purchase on. {as_of(told)}"
    )


def _path_table(told: Iterable[Row]) -> None:
    heads = (
        "touch",
        "told of",
        "had one",
        "share",
        "95 % interval",
        "was first",
        "was last",
        "touches",
        "days",
    )
    table = Table(*heads, box=None)
    for row in told:
        counts = (f"{row[name]:,}" for name in ("orders_known", "orders_with"))
        ends = ("", "") if row["touch"] is None else (f"{row[n]:,}" for n in ("first_orders", "last_orders"))
        medians = (_number(row[name]) for name in ("median_touches", "median_days"))
        share = _share(row, "share", "share_low", "share_high")
        table.add_row(row["touch"] or "any", *counts, *share, *ends, *medians)
    console().print(table)


def _talk_table(talk: Iterable[Row]) -> None:
    counts = ("orders", "open_orders", "unknown_orders", "recommended", "silent", "complained", "mixed")
    heads = (
        "month",
        "purchases",
        "open",
        "unknown",
        *counts[3:6],
        "both",
        "recommend",
        "95 % interval",
        "complain",
    )
    table = Table(*heads, "95 % interval", box=None)
    for row in talk:
        shares = [
            text
            for kind in ("recommended", "complained")
            for text in _share(row, f"{kind}_share", f"{kind}_low", f"{kind}_high")
        ]
        table.add_row(f"{row['month']:%Y-%m}", *(_count(row[name]) for name in counts), *shares)
    console().print(table)


def chains(brand: Brand = None, lake: LakeRoot = "lake", as_json: AsJson = False) -> None:
    """Word of mouth from link to link: who shared, clicked, bought and passed it on, and who brings most.

    Clicks and orders of others count for the month of the link that led to them; a person counts once, however
    many accounts they have. Who shares the same thing within 7 days of a link that they clicked passes it on. The
    snowball factor is how many new sharers each share brings: at 1 or more it feeds itself.
    """
    every = _rows(lake, "share_chain")
    _check_brand(brand, every, "nobody shared `{}` in twelve months")
    told = sorted((row for row in every if row["brand_id"] == brand), key=lambda row: row["month"])
    key = _key_sharers(lake, brand) if brand else []
    if as_json:
        print(json.dumps({"months": told, "key_sharers": key}, ensure_ascii=False, default=str))
        return
    if not told:
        print("Nobody shared a link in twelve months.")
        return
    counts = ("links", "sharers", "clickers", "buyers", "orders", "spend_minor", "chains", "passed_on")
    heads = (
        "month",
        "links",
        "sharers",
        "reach",
        "buyers",
        "orders",
        "spend, minor units",
        "chains",
        "passed on",
    )
    table = Table(*heads, "largest", "deepest", "snowball", "95 % interval", box=None)
    for row in told:
        values = (_count(row[name]) for name in (*counts, "largest", "deepest"))
        ends = "–" if row["snowball"] is None else f"{row['snowball_low']:.2f} – {row['snowball_high']:.2f}"
        factor = "–" if row["snowball"] is None else f"{row['snowball']:.2f}"
        table.add_row(f"{row['month']:%Y-%m}", *values, factor, ends)
    console().print(table)
    if key:
        table = Table("key sharer", "orders brought in a year", "spend brought, minor units", box=None)
        for row in key:
            table.add_row(row["person"], *(_count(row[name]) for name in BROUGHT))
        console().print(table)
    more = "" if brand else "; one brand with its key sharers: --brand"
    print(f"{_title(lake, brand)}: what links of each month brought up to the night{more}. {as_of(told)}")


def _key_sharers(lake: str, brand: str) -> list[Row]:
    """Return who brought most orders of a brand, and what they brought; at most `KEY_SHARERS`."""
    from pyarrow import compute  # noqa: PLC0415

    from huaxiang.tables.reader import read_light  # noqa: PLC0415

    mine = (compute.field("brand_id") == brand) & (compute.field(BROUGHT[0]) > 0)
    rows: list[Row] = read_light(lake, "brand_relation").to_table(["person", *BROUGHT], mine).to_pylist()
    rows.sort(key=lambda row: (*(-(row[name] or 0) for name in BROUGHT), row["person"]))
    return rows[:KEY_SHARERS]


def _rows(lake: str, table: str) -> list[Row]:
    from huaxiang.tables.reader import read_light  # noqa: PLC0415

    rows: list[Row] = read_light(lake, table).to_table().to_pylist()
    return rows


def _of_brand(lake: str, table: str, brand: str | None) -> list[Row]:
    return [row for row in _rows(lake, table) if row["brand_id"] == brand]


def _check_brand(brand: str | None, rows: Sequence[Mapping[str, Any]], found: str) -> None:
    """Refuse a brand that no row tells of, if there are any rows."""
    known = sorted({row["brand_id"] for row in rows if row["brand_id"]})
    if rows and brand not in {None, *known}:
        raise ConfigurationError(
            Problem("--brand", found.format(brand), hint=did_you_mean(str(brand), known))
        )


def _month(asked: str | None, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the month to tell: the one asked for, if any row is of it, or the newest."""
    months = sorted({f"{row['month']:%Y-%m}" for row in rows})
    if asked is not None and months and asked not in months:
        raise ConfigurationError(Problem("--month", f"`{asked}` is not told", f"{months[0]} to {months[-1]}"))
    return asked or (months[-1] if months else "")


def _title(lake: str, brand: str | None) -> str:
    return f"{brand_names(lake).get(brand, '')} {brand}".strip() if brand else "All brands"


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _share(row: Mapping[str, Any], share: str, low: str, high: str) -> tuple[str, str]:
    if row[share] is None:
        return "–", "–"
    return f"{row[share]:.1%}", f"{row[low]:.1%} – {row[high]:.1%}"


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    app.command()(paths)
    app.command()(chains)
