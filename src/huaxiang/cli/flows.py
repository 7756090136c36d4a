"""What brand teams ask of flows: who goes from one kind of relation to another, and what pushes cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from huaxiang.cli.answers import (
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
from huaxiang.cli.options import AsJson, LakeRoot, console

if TYPE_CHECKING:
    from collections.abc import Sequence

Rows = list[dict[str, Any]]


def flows(
    brand: Annotated[
        str | None, typer.Option("--brand", help="A brand; without it, all brands, each person once")
    ] = None,
    month: Annotated[
        str | None,
        typer.Option("--month", help="Such as 2026-10; without it, the newest whose outcome is known"),
    ] = None,
    lake: LakeRoot = "lake",
    as_json: AsJson = False,
) -> None:
    """How people go from content, dialogue or purchase to another kind of relation, and what pushes cost.

    Entered are persons whose first day of a kind lies in the month. Converted
    began the other kind within 30 days after it, lost did not and turned away
    from the brand; who had both before, or began both on one day, and whose 30
    days are not over, are counted apart and not in the share. Turned away after
    a push: unfollowed, hid, reported or refused an ad within seven days of one.
    """
    moves, pushes = (rows_of(lake, name) for name in ("conversion", "push_cost"))
    brand = brand_asked(lake, brand, brands_in([*moves, *pushes]), "no flow of {} is known")
    moves, pushes = ([row for row in rows if row["brand_id"] == brand] for rows in (moves, pushes))
    moves, asked = _of_month(moves, month)
    moves.sort(key=lambda row: (row["from_kind"], row["to_kind"]))
    pushes.sort(key=lambda row: (row["month"], row["push"], row["campaign_id"] or ""))
    if as_json:
        print_json({"conversion": moves, "push_cost": pushes})
        return
    name = titled(lake, brand)
    _conversions(moves)
    if moves:
        print(f"{name}: first in {asked}, gone on within 30 days. {as_of(moves)}")
    else:
        print(f"{name}: nobody began a kind of relation that is known")
    if pushes:
        _pushes(pushes)
        print(
            f"{name}: who turned away within seven days of a push; some would have without. {as_of(pushes)}"
        )
    else:
        print(f"{name}: no push that is seven days old is known")


def _of_month(rows: Rows, month: str | None) -> tuple[Rows, str]:
    """Return the rows of a month and its name; without one, the newest in which anybody's days are over."""
    months = months_of(rows)
    check_month(month, months)
    over = months_of(row for row in rows if row["observed"])
    asked = month or max(over or months, default="")
    return of_month(rows, asked), asked


def _conversions(rows: Sequence[dict[str, Any]]) -> None:
    counts = ("entered", "already", "same_day", "open", "observed", "converted", "lost")
    heads = ("entered", "before", "same day", "open", "observed", "converted", "lost")
    table = Table("from", "to", *heads, "share", "95 % interval", "median days", box=None)
    for row in rows:
        numbers = (number(row[name]) for name in counts)
        share, days = number(row["share"], ".1%"), number(row["median_days"], "g")
        table.add_row(row["from_kind"], row["to_kind"], *numbers, share, interval(row), days)
    console().print(table)


def _pushes(rows: Sequence[dict[str, Any]]) -> None:
    counts = ("pushes", "persons", "unfollowed", "unfollowed_for_push", "hid", "refused", "turned_away")
    heads = ("pushes", "persons", "unfollowed", "for a push", "hid", "refused", "turned away")
    table = Table("month", "push", "campaign", *heads, "per 1,000", "95 % interval", box=None)
    for row in rows:
        rate, ends = number(row["per_thousand"], ".1f"), interval(row, "per_thousand", ".1f")
        numbers = (number(row[name]) for name in counts)
        where = f"{row['month']:%Y-%m}", row["push"], row["campaign_id"] or "all"
        table.add_row(*where, *numbers, rate, ends)
    console().print(table)


def add_to(app: typer.Typer) -> None:
    """Give the command its name."""
    app.command()(flows)
