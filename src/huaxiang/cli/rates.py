"""What brand teams ask of rates: how often one thing happened per another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from huaxiang.cli.answers import interval, months_of, names_of, of_month, print_json, rows_of, untold_month
from huaxiang.cli.options import AsJson, Conf, LakeRoot, console
from huaxiang.config import load_config
from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.errors import ConfigurationError, Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from huaxiang.days.measures import Rate


def rates(
    name: Annotated[
        str | None, typer.Argument(help="A rate, such as complaint_rate; without it: all of them listed")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="brand, category, courier, tier … or all")] = "all",
    key: Annotated[
        str | None, typer.Option("--key", help="Only this brand, courier …; then of every month")
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", help="Such as 2026-11; without it, the newest one")
    ] = None,
    lake: LakeRoot = "lake",
    conf: Conf = None,
    as_json: AsJson = False,
) -> None:
    """How often one thing happens per another: complaints per parcel of a courier, a brand's returns, and so on."""
    declared = {r.name: r for r in load_catalogue(load_contracts(), load_config(conf).conf_dir).rates}
    if name is None:
        _listed(list(declared.values()), as_json=as_json)
        return
    if name not in declared:
        own = "" if conf else "; one of your own is known with --conf"
        hint = did_you_mean(name, declared) + own
        raise ConfigurationError(Problem("rate", f"no rate is called `{name}`", hint=hint))
    kinds = ("all", *declared[name].by)
    if by not in kinds:
        found = f"`{name}` is not told by `{by}`"
        raise ConfigurationError(Problem("--by", found, " or ".join(kinds), did_you_mean(by, kinds)))
    of_kind = [row for row in rows_of(lake, "rate") if row["rate"] == name and row["key_kind"] == by]
    _check_asked(of_kind, by, key=key, month=month)
    told = [row for row in of_kind if key in (None, row["key"])]
    shown = month or (
        None if key or by == "all" else max((f"{r['month']:%Y-%m}" for r in told), default=None)
    )
    told = of_month(told, shown)
    told.sort(key=lambda row: (row["month"], -row["share"], row["key"]))
    if as_json:
        print_json(told)
        return
    names = names_of(lake, by)
    table = Table("month", by, "名称", "share", "95 % interval", "happened", "of all", box=None)
    for row in told:
        counts = f"{row['happened']:,}", f"{row['of_all']:,}"
        title = names.get(row["key"], "")
        table.add_row(
            f"{row['month']:%Y-%m}", row["key"], title, f"{row['share']:.2%}", interval(row), *counts
        )
    console().print(table)
    rate = declared[name]
    where = f"by {by}" if by != "all" else "of everybody"
    print(f"{rate.title.en} · {rate.title.zh} ({rate.definition()}), {where}: {len(told)} rows of {lake}")
    if not of_kind:
        print("A new rate is told after the next night; one whose feeds never came, not at all.")


def _check_asked(rows: Sequence[dict[str, Any]], by: str, *, key: str | None, month: str | None) -> None:
    """Refuse a key or month that no row has, if there are any rows."""
    keys = {row["key"] for row in rows}
    problems = []
    if rows and key is not None and key not in keys:
        problems.append(Problem("--key", f"no {by} is called `{key}`", hint=did_you_mean(key, keys)))
    if wrong := untold_month(month, months_of(rows)):
        problems.append(wrong)
    if problems:
        raise ConfigurationError(problems)


def _listed(declared: Sequence[Rate], *, as_json: bool) -> None:
    names = ("name", "by", "title", "标题", "definition")
    rows = [(r.name, ", ".join(r.by), r.title.en, r.title.zh, r.definition()) for r in declared]
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    table = Table(*names, box=None)
    for row in rows:
        table.add_row(*row)
    console().print(table)
    print(f"{len(rows)} rates; one of them: huaxiang rates {rows[0][0] if rows else '…'} --by courier")


def add_to(app: typer.Typer) -> None:
    """Give the command its name."""
    app.command()(rates)
