"""What brand teams ask of the way to a purchase and on from it: what led there, what was said, who passed it on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from huaxiang.cli.answers import (
    Row,
    as_of,
    brand_asked,
    brands_in,
    check_month,
    interval,
    months_of,
    number,
    of_month,
    print_json,
    rows_of,
    titled,
)
from huaxiang.cli.options import AsJson, Conf, LakeRoot, console
from huaxiang.config import load_config
from huaxiang.insight.touches import AFTER, LOOKBACK, TOUCHES
from huaxiang.pages.values import Manner
from huaxiang.settled import settled_money
from huaxiang.tables.storage import storage

if TYPE_CHECKING:
    from collections.abc import Iterable

Brand = Annotated[
    str | None, typer.Option("--brand", help="A brand, by id or name; without it, all brands together")
]
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
    every = rows_of(lake, "purchase_path")
    if every:
        brand = brand_asked(lake, brand, brands_in(every), "nobody bought {} in twelve months")
    mine = [row for row in every if row["brand_id"] == brand]
    months = months_of(mine)
    check_month(month, months)
    shown = month or max(months, default="")
    order = {touch: place for place, touch in enumerate(TOUCHES)}
    told = sorted(
        of_month(mine, shown),
        key=lambda row: order.get(row["touch"], len(order)),
    )
    talk = [row for row in rows_of(lake, "talk_after") if row["brand_id"] == brand]
    talk.sort(key=lambda row: row["month"])
    if as_json:
        print_json({"touches": told, "talk": talk})
        return
    if not told:
        print(f"Nobody bought {brand or 'anything'} in twelve months.")
        return
    _path_table(told)
    _talk_table(talk)
    whole = told[-1]
    direct = whole["orders_known"] - whole["orders_with"]
    print(
        f"{titled(lake, brand)}, {shown}: {whole['orders']:,} purchases, {whole['orders_known']:,} of whose {LOOKBACK} days before"
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
        medians = (number(row[name], "g") for name in ("median_touches", "median_days"))
        share = number(row["share"], ".1%"), interval(row)
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
            for text in (number(row[f"{kind}_share"], ".1%"), interval(row, kind))
        ]
        table.add_row(f"{row['month']:%Y-%m}", *(number(row[name]) for name in counts), *shares)
    console().print(table)


def chains(
    brand: Brand = None,
    month: Annotated[str | None, typer.Option("--month", help="Such as 2026-11; without it, each")] = None,
    lake: LakeRoot = "lake",
    conf: Conf = None,
    as_json: AsJson = False,
) -> None:
    """Word of mouth from link to link: who shared, clicked, bought and passed it on, and who brings most.

    Clicks and orders of others count for the month of the link that led to them; a person counts once, however
    many accounts they have. Who shares the same thing within 7 days of a link that they clicked passes it on. The
    snowball factor is how many new sharers each share brings: at 1 or more it feeds itself.
    """
    every = rows_of(lake, "share_chain")
    if every:
        brand = brand_asked(lake, brand, brands_in(every), "nobody shared {} in twelve months")
    told = sorted((row for row in every if row["brand_id"] == brand), key=lambda row: row["month"])
    check_month(month, months_of(told))
    told = of_month(told, month)
    key = _key_sharers(lake, brand) if brand else []
    if as_json:
        print_json({"months": told, "key_sharers": key})
        return
    if not told:
        print("Nobody shared a link in twelve months.")
        return
    config = load_config(conf)
    money = Manner(*settled_money(storage(lake), config)).money
    heads = ("month", "links", "sharers", "clickers", "buyers", "orders", "spend", "chains", "passed on")
    table = Table(*heads, "largest", "deepest", "snowball", "95 % interval", box=None)
    for row in told:
        people = (number(row[name]) for name in ("links", "sharers", "clickers", "buyers", "orders"))
        passed = (number(row[name]) for name in ("chains", "passed_on", "largest", "deepest"))
        factor = number(row["snowball"], ".2f"), interval(row, "snowball", ".2f")
        spend = "–" if row["spend_minor"] is None else money(row["spend_minor"])
        table.add_row(f"{row['month']:%Y-%m}", *people, spend, *passed, *factor)
    console().print(table)
    if key:
        table = Table("key sharer", "orders brought in a year", "spend brought", box=None)
        for row in key:
            orders, spend = (row[name] for name in BROUGHT)
            table.add_row(row["person"], number(orders), "–" if spend is None else money(spend))
        console().print(table)
    more = "" if brand else "; one brand with its key sharers: --brand"
    print(f"{titled(lake, brand)}: what links of each month brought up to the night{more}. {as_of(told)}")


def _key_sharers(lake: str, brand: str) -> list[Row]:
    """Return who brought most orders of a brand, and what they brought; at most `KEY_SHARERS`."""
    from pyarrow import compute  # noqa: PLC0415

    from huaxiang.tables.reader import read_light  # noqa: PLC0415

    mine = (compute.field("brand_id") == brand) & (compute.field(BROUGHT[0]) > 0)
    rows: list[Row] = read_light(lake, "brand_relation").to_table(["person", *BROUGHT], mine).to_pylist()
    rows.sort(key=lambda row: (*(-(row[name] or 0) for name in BROUGHT), row["person"]))
    return rows[:KEY_SHARERS]


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    app.command()(paths)
    app.command()(chains)
