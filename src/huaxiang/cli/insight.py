"""What brand teams ask of many people: how it was for them, month by month, and where new buyers came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from huaxiang.cli.operators import AsJson, Conf, LakeRoot, console
from huaxiang.config import load_config
from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.errors import ConfigurationError, Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from huaxiang.days.measures import Rate

NAMES = {"courier": "clean/courier", "brand": "clean/brand", "category": "clean/category"}
"""Where keys have names, when the lake holds them."""


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
        _list(list(declared.values()), as_json=as_json)
        return
    if name not in declared:
        raise ConfigurationError(
            Problem("rate", f"no rate is called `{name}`", hint=did_you_mean(name, declared))
        )
    kinds = ("all", *declared[name].by)
    if by not in kinds:
        found = f"`{name}` is not told by `{by}`"
        raise ConfigurationError(Problem("--by", found, " or ".join(kinds), did_you_mean(by, kinds)))
    told = [row for row in _told(lake, name) if row["key_kind"] == by and key in (None, row["key"])]
    shown = month or (
        None if key or by == "all" else max((f"{r['month']:%Y-%m}" for r in told), default=None)
    )
    told = [row for row in told if shown in (None, f"{row['month']:%Y-%m}")]
    told.sort(key=lambda row: (row["month"], -row["share"], row["key"]))
    if as_json:
        print(json.dumps(told, ensure_ascii=False, default=str))
        return
    names = _names(lake, by)
    table = Table("month", by, "名称", "share", "95 % interval", "happened", "of all", box=None)
    for row in told:
        counts = f"{row['happened']:,}", f"{row['of_all']:,}"
        title = names.get(row["key"], "")
        table.add_row(
            f"{row['month']:%Y-%m}", row["key"], title, f"{row['share']:.2%}", _interval(row), *counts
        )
    console().print(table)
    rate = declared[name]
    where = f"by {by}" if by != "all" else "of everybody"
    print(f"{rate.title.en} · {rate.title.zh} ({rate.definition()}), {where}: {len(told)} rows of {lake}")


def new_buyers(
    brand: Annotated[
        str | None, typer.Option("--brand", help="A brand; without it, first orders of any brand")
    ] = None,
    lake: LakeRoot = "lake",
    as_json: AsJson = False,
) -> None:
    """Which channels brought new buyers, month by month: how many, their share, and its 95 % interval."""
    from huaxiang.tables.reader import read_light  # noqa: PLC0415

    told = [
        row for row in read_light(lake, "new_buyer_source").to_table().to_pylist() if row["brand_id"] == brand
    ]
    told.sort(key=lambda row: (row["month"], -row["new_buyers"], row["channel"]))
    if as_json:
        print(json.dumps(told, ensure_ascii=False, default=str))
        return
    table = Table("month", "channel", "new buyers", "of all", "share", "95 % interval", box=None)
    for row in told:
        counts = f"{row['new_buyers']:,}", f"{row['of_all']:,}", f"{row['share']:.1%}"
        table.add_row(f"{row['month']:%Y-%m}", row["channel"], *counts, _interval(row))
    console().print(table)
    if not told:
        print(f"Nobody bought {brand or 'anything'} for the first time in twelve months.")
        return
    print(
        f"{brand or 'Any brand'}; orders are known since {told[0]['covered_from']}: soon after it, old buyers look new."
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
    from huaxiang.tables.reader import read_light  # noqa: PLC0415

    whole = read_light(lake, "friend_lift").to_table().to_pylist()
    windows = sorted({row["window_days"] for row in whole})
    if whole and window not in windows:
        raise ConfigurationError(Problem("--days", str(window), " or ".join(map(str, windows))))
    known = sorted({row["brand_id"] for row in whole if row["brand_id"]})
    if whole and brand not in (None, *known):
        found, expected = f"nothing is told of `{brand}`", "a brand that friends of enough people shared"
        raise ConfigurationError(Problem("--brand", found, expected, did_you_mean(str(brand), known)))
    told = [r for r in whole if r["window_days"] == window and brand in (None, r["brand_id"])]
    told.sort(key=lambda row: (row["brand_id"] is not None, -row["lift"], row["brand_id"]))
    if as_json:
        print(json.dumps(told, ensure_ascii=False, default=str))
        return
    names = _names(lake, "brand")
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
        times = "–" if row["ratio"] is None else f"{row['ratio']:.2f}"
        more = f"{row['expected']:,.1f}", times, f"{1000 * row['lift']:.1f}"
        table.add_row(row["brand_id"] or "all", names.get(row["brand_id"], ""), *counts, *more, ends)
    console().print(table)
    if not told:
        print("No friend of anybody shared a brand in twelve months.")
        return
    days = "on the day of the share" if window == 1 else f"within {window} days of the share"
    print(
        f"Orders {days}, more than expected per 1,000 exposures, since {told[0]['since']} ({told[0]['method']})."
    )


def _list(declared: Sequence[Rate], *, as_json: bool) -> None:
    names = ("name", "by", "title", "标题", "definition")
    rows = [(r.name, ", ".join(r.by), r.title.en, r.title.zh, r.definition()) for r in declared]
    if as_json:
        print(json.dumps([dict(zip(names, row, strict=True)) for row in rows], ensure_ascii=False))
        return
    table = Table(*names, box=None)
    for row in rows:
        table.add_row(*row)
    console().print(table)
    print(f"{len(rows)} rates; one of them: huaxiang rates {rows[0][0] if rows else '…'} --by courier")


def _told(lake: str, name: str) -> list[dict[str, Any]]:
    from huaxiang.tables.reader import read_light  # noqa: PLC0415

    rows: list[dict[str, Any]] = read_light(lake, "rate").to_table().to_pylist()
    return [row for row in rows if row["rate"] == name]


def _names(lake: str, by: str) -> dict[str, str]:
    """Return the Chinese names of the keys, as far as the lake knows any."""
    from huaxiang.tables.reader import read_light  # noqa: PLC0415

    if by not in NAMES:
        return {}
    try:
        rows = read_light(lake, NAMES[by]).to_table().to_pylist()
    except ConfigurationError:  # the feed never came
        return {}
    return {
        str(row["category" if by == "category" else f"{by}_id"]): str(row["name_zh"] or "") for row in rows
    }


def _interval(row: dict[str, Any]) -> str:
    if row["share_low"] is None:
        return "–"
    return f"{row['share_low']:.1%} – {row['share_high']:.1%}"


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    app.command()(rates)
    app.command()(new_buyers)
    app.command()(friend_lift)
