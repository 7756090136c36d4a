"""What brand teams ask of ladders: how people moved between stages, and where two ladders disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from huaxiang.cli.answers import brand_asked, names_of, print_json
from huaxiang.cli.options import AsJson, Conf, LakeRoot, console, day
from huaxiang.config import load_config
from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.errors import ConfigurationError, Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from huaxiang.days.tags import Ladder, Tag
    from huaxiang.stages.told import Cross

Brand = Annotated[
    str | None, typer.Option("--brand", help="Only this brand; without it, all of them together")
]
LadderName = Annotated[str, typer.Argument(help="A ladder, such as aipl")]


def stages_list(conf: Conf = None, as_json: AsJson = False) -> None:
    """List every ladder with its version, its stages from the highest down, and the rule of each."""
    ladders = _ladders(conf).values()
    rows = [
        (tag.name, str(ladder.version), tag.grain, rung.stage, rung.title.en, rung.title.zh, rung.when)
        for tag, ladder in ladders
        for rung in reversed(ladder.rungs)
    ]
    names = ("ladder", "version", "grain", "stage", "title", "标题", "when")
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    table = Table(*names, box=None)
    for row in rows:
        table.add_row(*row)
    console().print(table)
    print(f"{len(ladders)} ladders")


def stages_flow(
    ladder: LadderName = "aipl",
    brand: Brand = None,
    since: Annotated[
        str | None, typer.Option("--from", help="First night, such as 2026-11-01; else the last one")
    ] = None,
    lake: LakeRoot = "lake",
    conf: Conf = None,
    as_json: AsJson = False,
) -> None:
    """Who moved from which stage to which, who was lost, and how long they had stood there."""
    from huaxiang.stages.told import flow  # noqa: PLC0415

    ((tag, mine),) = _named((ladder,), conf)
    first = day(since, "--from") if since is not None else None
    if brand is not None and tag.grain == "person":
        found = f"`{ladder}` is climbed once per person, not per brand"
        raise ConfigurationError(Problem("--brand", found, hint="leave --brand out"))
    brand = _brand_asked(lake, brand)
    told = flow(lake, ladder, _stages(mine), brand=brand, since=first)
    if as_json:
        rows = told.moves.as_rows()
        moves = [{"from": r["row"], "to": r["column"], "people": r["people"]} for r in rows]
        said = {
            "ladder": ladder,
            "brand": brand,
            "from": told.first,
            "to": told.last,
            "restated": told.restated,
            "moves": moves,
            "mean_days": told.mean_days,
        }
        print_json(said)
        return
    _print(
        told.moves,
        "from \\ to",
        {stage: f"{days:.1f}" for stage, days in told.mean_days.items()},
        "days before leaving",
    )
    nights = (
        f"the night of {told.last}" if told.first == told.last else f"nights from {told.first} to {told.last}"
    )
    stayed = "" if told.last in told.restated else " The diagonal stayed on the last of them."
    whose = "everybody once" if tag.grain == "person" else brand or "all brands, a person once for each"
    print(f"{ladder}, {whose}; {nights}.{stayed}")
    if told.restated:
        left_out = ", ".join(map(str, told.restated))
        print(
            f"Left out, for the ladder was new or of another version there and no move people's own: {left_out}."
        )


def stages_compare(
    ladder: LadderName,
    other: Annotated[str, typer.Argument(help="The ladder to hold beside it")],
    brand: Brand = None,
    lake: LakeRoot = "lake",
    conf: Conf = None,
    as_json: AsJson = False,
) -> None:
    """Where two ladders disagree: how many stand on which stage of the one and of the other."""
    from huaxiang.stages.told import disagreement  # noqa: PLC0415

    (tag, rows_of), (beside, columns_of) = _named((ladder, other), conf)
    if tag.grain != beside.grain:
        found = "one ladder is climbed per brand, the other once"
        raise ConfigurationError(Problem(f"{ladder}, {other}", found, "two ladders of one grain"))
    stages = _stages(rows_of), _stages(columns_of)
    brand = _brand_asked(lake, brand)
    cross = disagreement(lake, (ladder, other), stages, brand=brand)
    if as_json:
        rows = [{ladder: r["row"], other: r["column"], "people": r["people"]} for r in cross.as_rows()]
        print_json(rows)
        return
    _print(cross, f"{ladder} \\ {other}")
    print(f"{brand or 'All brands, a person once for each'}; – stands on no stage of that ladder.")


def _brand_asked(lake: str, brand: str | None) -> str | None:
    """Return the id of the brand that was asked for; of a lake that names no brand, what was asked."""
    known = names_of(lake, "brand")
    return brand_asked(lake, brand, known, "no brand is called {}") if known else brand


def _ladders(conf: Path | None) -> dict[str, tuple[Tag, Ladder]]:
    catalogue = load_catalogue(load_contracts(), load_config(conf).conf_dir)
    return {tag.name: (tag, tag.ladder) for tag in catalogue.ladders() if tag.ladder}


def _named(names: Sequence[str], conf: Path | None) -> list[tuple[Tag, Ladder]]:
    """Return the ladders asked for; every name that none has is refused, with the nearest that one has."""
    known = _ladders(conf)
    problems = [
        Problem("ladder", f"no ladder is called `{name}`", hint=did_you_mean(name, known))
        for name in names
        if name not in known
    ]
    if problems:
        raise ConfigurationError(problems)
    return [known[name] for name in names]


def _stages(ladder: Ladder) -> list[str]:
    return [rung.stage for rung in ladder.rungs]


def _print(cross: Cross, corner: str, more: dict[str, str] | None = None, more_title: str = "") -> None:
    table = Table(corner, box=None)
    for column in cross.columns:
        table.add_column(column or "–", justify="right")
    if more_title:
        table.add_column(more_title, justify="right")
    for row in cross.rows:
        counts = [
            f"{cross.counts[row, column]:,}" if cross.counts[row, column] else "·" for column in cross.columns
        ]
        table.add_row(row or "–", *counts, *([(more or {}).get(row or "", "")] if more_title else []))
    console().print(table)


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    group = typer.Typer(help="Ladders such as AIPL: stages, flows, disagreement.", no_args_is_help=True)
    group.command("list")(stages_list)
    group.command("flow")(stages_flow)
    group.command("compare")(stages_compare)
    app.add_typer(group, name="stages")
