"""What brand teams ask of many people: how it was, where new buyers came from, who the fans are, what a brand is worth to them."""

from __future__ import annotations

import json
from collections import Counter
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
MOST_PAIRS = 20
"""Pairs of a brand's accounts that a terminal takes: those with most fans in common."""
PREMIUM_BY = ("all", "rfm_class", "declared_generation")


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
        own = "" if conf else "; one of your own is known with --conf"
        hint = did_you_mean(name, declared) + own
        raise ConfigurationError(Problem("rate", f"no rate is called `{name}`", hint=hint))
    kinds = ("all", *declared[name].by)
    if by not in kinds:
        found = f"`{name}` is not told by `{by}`"
        raise ConfigurationError(Problem("--by", found, " or ".join(kinds), did_you_mean(by, kinds)))
    of_kind = [row for row in _told(lake, name) if row["key_kind"] == by]
    _check_asked(of_kind, by, key=key, month=month)
    told = [row for row in of_kind if key in (None, row["key"])]
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
    if not of_kind:
        print("A new rate is told after the next night; one whose feeds never came, not at all.")


def new_buyers(
    brand: Annotated[
        str | None, typer.Option("--brand", help="A brand; without it, first orders of any brand")
    ] = None,
    lake: LakeRoot = "lake",
    as_json: AsJson = False,
) -> None:
    """Which channels brought new buyers, month by month: how many, their share, and its 95 % interval."""
    from huaxiang.tables.reader import read_light  # noqa: PLC0415

    rows = read_light(lake, "new_buyer_source").to_table().to_pylist()
    told = [row for row in rows if row["brand_id"] == brand]
    known = {str(row["brand_id"]) for row in rows if row["brand_id"]} | set(_names(lake, "brand"))
    if brand is not None and brand not in known:
        raise ConfigurationError(
            Problem("--brand", f"no brand is called `{brand}`", hint=did_you_mean(brand, known))
        )
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
        f"{brand or 'Any brand'}; orders of every shop are known since {told[0]['covered_from']}: soon after it, old buyers look new."
        f" {as_of(told)}"
    )


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
    from huaxiang.tables.reader import read_light  # noqa: PLC0415

    base = read_light(lake, "fan_base").to_table().to_pylist()
    base.sort(key=lambda row: (row["month"], -row["fans"], row["brand_id"], row["brand_account"] or ""))
    newest = max((row["month"] for row in base), default=None)
    of_brands = [row for row in base if row["brand_account"] is None and row["month"] == newest]
    if brand is None:
        _fans_of_all(lake, of_brands, as_json=as_json)
        return
    known = {row["brand_id"] for row in of_brands}
    if brand not in known:
        raise ConfigurationError(
            Problem("--brand", f"`{brand}` never had a fan that is known", hint=did_you_mean(brand, known))
        )
    mine = [row for row in base if row["brand_id"] == brand]
    overlap = [r for r in read_light(lake, "fan_overlap").to_table().to_pylist() if r["brand_id"] == brand]
    overlap.sort(key=lambda row: (-row["both"], row["brand_account"], row["other_account"]))
    told = {
        "months": [row for row in mine if row["brand_account"] is None],
        "accounts": [row for row in mine if row["brand_account"] and row["month"] == newest],
        "overlap": overlap,
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False, default=str))
        return
    _fans_of_one(f"{_names(lake, 'brand').get(brand, '')} {brand}".strip(), **told)


def _fans_of_all(lake: str, now: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(now, ensure_ascii=False, default=str))
        return
    names = _names(lake, "brand")
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
        share = "–" if row["share"] is None else f"{row['share']:.1%}"
        days = "–" if row["median_days"] is None else f"{row['median_days']:g}"
        told = ("–" if row[name] is None else f"{row[name]:,}" for name in counts)
        table.add_row(*titles, *told, share, _interval(row), days)
    console().print(table)


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
    from huaxiang.tables.reader import read_light  # noqa: PLC0415

    rows: list[dict[str, Any]] = read_light(lake, "premium").to_table().to_pylist()
    brands = {row["brand_id"] for row in rows}
    if by not in PREMIUM_BY:
        found = f"premiums are not told by `{by}`"
        raise ConfigurationError(
            Problem("--by", found, " or ".join(PREMIUM_BY), did_you_mean(by, PREMIUM_BY))
        )
    if brand not in {None, *brands}:
        hint = did_you_mean(brand or "", brands)
        raise ConfigurationError(Problem("--brand", f"nobody bought `{brand}` in twelve months", hint=hint))
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
        print(json.dumps(told, ensure_ascii=False, default=str))
        return
    names = _names(lake, "brand")
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
        share = "–" if row["premium"] is None else f"{row['premium']:+,.1%}"
        ends = (
            "–" if row["premium_low"] is None else f"{row['premium_low']:+,.1%} … {row['premium_high']:+,.1%}"
        )
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
    from huaxiang.tables.reader import read_light  # noqa: PLC0415

    told = read_light(lake, "member_match").to_table().to_pylist()
    told.sort(key=lambda row: (row["is_withheld"], -(row["members"] or 0), row["brand_id"]))
    if as_json:
        print(json.dumps(told, ensure_ascii=False, default=str))
        return
    names = _names(lake, "brand")
    table = Table("brand", "名称", "members", "matched", "share", "95 % interval", box=None)
    for row in told:
        numbers = ("–", "–", "withheld", "–")
        if not row["is_withheld"]:
            numbers = f"{row['members']:,}", f"{row['matched']:,}", f"{row['share']:.1%}", _interval(row)
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
        f" {as_of(told)}"
    )


def as_of(rows: Sequence[dict[str, Any]]) -> str:
    """Return up to which day a table that isn't told every night tells; nothing of no rows."""
    return f"As of {rows[0]['as_of']}." if rows else ""


def _check_asked(rows: Sequence[dict[str, Any]], by: str, *, key: str | None, month: str | None) -> None:
    """Refuse a key or month that no row has, if there are any rows."""
    keys, months = {row["key"] for row in rows}, sorted({f"{row['month']:%Y-%m}" for row in rows})
    problems = []
    if rows and key is not None and key not in keys:
        problems.append(Problem("--key", f"no {by} is called `{key}`", hint=did_you_mean(key, keys)))
    if rows and month is not None and month not in months:
        problems.append(Problem("--month", f"`{month}` is not told", f"{months[0]} to {months[-1]}"))
    if problems:
        raise ConfigurationError(problems)


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


def brand_names(lake: str) -> dict[str, str]:
    """Return the Chinese names of brands, as far as the lake knows any."""
    return _names(lake, "brand")


def _interval(row: dict[str, Any]) -> str:
    if row["share_low"] is None:
        return "–"
    return f"{row['share_low']:.1%} – {row['share_high']:.1%}"


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    app.command()(rates)
    app.command()(new_buyers)
    app.command()(fans)
    app.command()(premium)
    app.command()(members)
    app.command()(friend_lift)
