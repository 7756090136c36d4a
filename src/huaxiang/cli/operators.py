"""What an operator runs: nights, releases, quarantine, the doctor, the demo."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from huaxiang.cli.answers import print_json
from huaxiang.cli.options import AsJson, Conf, LakeRoot, Landing, Master, Sets, console, day, waiting
from huaxiang.config import load_config
from huaxiang.errors import ConfigurationError, HuaxiangError, Problem
from huaxiang.night import STEPS

if TYPE_CHECKING:
    from collections.abc import Sequence


SMALL_WORLD = 500_000  # people times days: of so many, nights are small, as `huaxiang.run.is_small` will find
SHOWN = 50  # rows of a query, for who reads them
MOST_NIGHTS = 3_660
"""Ten years: who asks for more has mistyped a year."""


def dates_from(first: str | None, last: str) -> list[date]:
    """Read `--from` and `--as-of` as the dates of the nights between them, both included."""
    until = day(last, "--as-of")
    since = day(first, "--from") if first else until
    if since > until:
        raise ConfigurationError(Problem("--from", f"`{first}` is after --as-of `{last}`"))
    if (until - since).days >= MOST_NIGHTS:
        found = f"{(until - since).days + 1:,} nights from `{since}` on"
        raise ConfigurationError(Problem("--from", found, f"at most {MOST_NIGHTS:,}"))
    return [since + timedelta(days=n) for n in range((until - since).days + 1)]


def refuse_broken(command: str, broken: Sequence[str], of: int) -> None:
    """Raise HuaxiangError (exit 1) that names the checks that do not hold; nothing happens without one."""
    if broken:
        raise HuaxiangError(
            Problem(command, f"{len(broken)} of {of} checks do not hold: {'; '.join(broken)}")
        )


def refuse_of_one(step: str, dates: Sequence[date], *, dry_run: bool, rebuild: bool) -> None:
    """Raise ConfigurationError for what means nothing to a step that runs alone."""
    senseless = {
        "--from": (len(dates) > 1, "a single step runs for one date"),
        "--dry-run": (dry_run and step != "ingest", "of the steps only ingest reads files"),
        "--rebuild": (rebuild and step != "days", "of the steps only days makes day rows"),
    }
    problems = [Problem(option, found) for option, (is_given, found) in senseless.items() if is_given]
    if problems:
        raise ConfigurationError(problems)


def nightly(
    ctx: typer.Context,
    as_of: Annotated[str, typer.Option("--as-of", help="Last business date counted, e.g. 2026-11-20")],
    landing: Landing = "landing",
    lake: LakeRoot = "lake",
    from_: Annotated[
        str | None, typer.Option("--from", help="First date of a range: one release for each date")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Source map in conf/sources/ for outside data")
    ] = None,
    conf: Conf = None,
    sets: Sets = None,
    master: Master = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything and say what would be read; change nothing")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make all day rows again from the clean events")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a night: landing files → clean events → persons → portraits → segments → a published release.

    The first night on an empty lake is the backfill of everything that arrived until then.
    """
    dates = dates_from(from_, as_of)
    steps: tuple[str, ...] = ctx.obj or tuple(STEPS)  # a job of jobs/ has its own
    if len(steps) == 1:
        refuse_of_one(steps[0], dates, dry_run=dry_run, rebuild=rebuild)
    from huaxiang.run import nights  # noqa: PLC0415

    config = load_config(conf, tuple(sets or ()))
    summaries = nights(
        config,
        dates,
        landing=landing,
        lake=lake,
        source=source,
        master=master,
        dry_run=dry_run,
        as_json=as_json,
        steps=steps,
        rebuild=rebuild,
    )
    if as_json:
        print_json(summaries[-1] if summaries else {})


def releases(lake: LakeRoot = "lake", as_json: AsJson = False) -> None:
    """List the releases of a lake, newest last."""
    from huaxiang.tables.reader import check_folder, releases_light  # noqa: PLC0415

    check_folder(lake)
    found = releases_light(lake)
    if as_json:
        rows = [
            {
                **r.row(),
                "as_of": str(r.as_of),
                "published_at": str(r.published_at),
                "content_hash": r.content_hash,
            }
            for r in found
        ]
        print_json(rows)
        return
    table = Table("release", "status", "as of", "published at (UTC)", "tables", "rows", "content", box=None)
    for r in found:
        at, held = f"{r.published_at:%Y-%m-%d %H:%M:%S}", f"{sum(p.rows for p in r.tables.values()):,}"
        table.add_row(str(r.release), r.status, str(r.as_of), at, str(len(r.tables)), held, r.content_hash)
    console().print(table if found else f"no release in {lake} yet: run `huaxiang nightly`")


def rollback(
    to: Annotated[int, typer.Option("--to", help="Number of the release whose tables are published again")],
    lake: LakeRoot = "lake",
    conf: Conf = None,
    sets: Sets = None,
) -> None:
    """Publish an older release's tables under a new number."""
    from huaxiang.pages.person import take_away  # noqa: PLC0415
    from huaxiang.run import opened  # noqa: PLC0415
    from huaxiang.tables.publish import rollback as run  # noqa: PLC0415
    from huaxiang.tables.reader import check_folder  # noqa: PLC0415
    from huaxiang.tables.storage import local_path  # noqa: PLC0415

    if local_path(lake) is not None:  # before Spark starts
        check_folder(lake)
    with waiting("publishing again"), opened(load_config(conf, tuple(sets or ())), lake) as there:
        release = run(there, to)
        local = local_path(there.root, there.spark)
        left = take_away(local / "pages") if local else None  # they tell of a release that holds no more
    print(f"release {release.release} holds again what release {to} held, as of {release.as_of}")
    if left:
        print(left, file=sys.stderr)


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over the tables of the current release")],
    lake: LakeRoot = "lake",
    release: Annotated[int | None, typer.Option("--release", help="A release instead of the newest")] = None,
    as_json: AsJson = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=0, help="Rows shown (default: 50; with --json all)")
    ] = None,
) -> None:
    """Ask the current release with SQL, without starting Spark. Instants are UTC. Nothing outside the lake can be reached."""
    from huaxiang.tables.reader import as_python  # noqa: PLC0415
    from huaxiang.tables.reader import query as run  # noqa: PLC0415

    found = run(lake, sql, release)
    if limit is None:
        limit = found.num_rows if as_json else SHOWN
    columns = [as_python(column) for column in found.slice(0, limit).columns]
    rows: list[tuple[Any, ...]] = list(zip(*columns, strict=True))
    if as_json:
        names = found.column_names
        if len(set(names)) < len(names):
            raise ConfigurationError(
                Problem("query", "two columns of one name", hint="name them: … AS other")
            )
        told = [dict(zip(names, row, strict=True)) for row in rows]
        print_json(told)
        return
    table = Table(*found.column_names, box=None)
    for row in rows:
        table.add_row(*("" if v is None else str(v) for v in row))
    console().print(table)
    if found.num_rows > limit:
        print(f"… {found.num_rows - limit:,} more rows; --limit shows them")


def doctor(
    lake: Annotated[Path | None, typer.Option("--lake", help="A lake whose folder must be writable")] = None,
) -> None:
    """Check Java, JARs, versions, write access, memory, disk and fonts; each with its fix."""
    from huaxiang.doctor import checks  # noqa: PLC0415

    found = checks(lake)
    for check in found:
        print(
            f"{'✔' if check.ok else '✘'} {check.name:<14} {check.found}"
            + ("" if check.ok else f"\n    → {check.fix}")
        )
    refuse_broken("doctor", [c.name for c in found if not c.ok], len(found))


def world(
    people: Annotated[int, typer.Option("--people", help="People in the world")] = 2000,
    days: Annotated[int, typer.Option("--days", help="Days of events, ending on --until")] = 90,
    seed: Annotated[int, typer.Option("--seed", help="Equal seeds make equal files")] = 1,
    out: Annotated[Path, typer.Option("--out", help="Folder to make: <out>/landing and <out>/truth")] = Path(
        "world"
    ),
    until: Annotated[str, typer.Option("--until", help="Last day")] = "2026-11-20",
    dirt: Annotated[float, typer.Option("--dirt", help="Share of rows with a planted fault")] = 0.02,
    friend_effect: Annotated[
        float,
        typer.Option(
            "--friend-effect",
            help="Share of clicks on a friend's link that buy because of it; 0: friends only are alike",
        ),
    ] = 0.06,
    passes_on: Annotated[
        float,
        typer.Option(
            "--passes-on",
            help="Share of clicks on a friend's link after which the same is shared the next day",
        ),
    ] = 0.3,
) -> None:
    """Make a demo world with planted truth: landing files to run nights on, and what a perfect night would say."""
    from huaxiang.world.make import make  # noqa: PLC0415

    made = make(
        out,
        people=people,
        days=days,
        seed=seed,
        until=day(until, "--until"),
        dirt=dirt,
        friend_effect=friend_effect,
        passes_on=passes_on,
        tell=lambda text: print(text, file=sys.stderr),
    )
    print(f"{made.events:,} events of {people:,} people in {days} days\nlook:  {out}/landing  {out}/truth")


def evaluate(
    lake: LakeRoot = "lake",
    truth: Annotated[Path, typer.Option("--truth", help="The world's truth folder")] = Path("world/truth"),
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Also estimates, and models against published numbers and real data (--data)"
        ),
    ] = False,
    data: Annotated[
        Path,
        typer.Option("--data", help="Folder with cdnow/, filmtrust/, zh_sentiment/ and completejourney/"),
    ] = Path("data"),
    as_json: AsJson = False,
) -> None:
    """Compare what a lake says with what the demo world planted; exit code 0 when every check holds.

    ✔ holds, ✘ fails, – could not be judged, as too few people tell of it: that is no holding either.
    """
    from huaxiang.world.evaluate import evaluate as run  # noqa: PLC0415
    from huaxiang.world.published import published_checks  # noqa: PLC0415

    report = run(lake, truth, estimates=everything, data=data)
    if everything:
        report = replace(report, checks=(*report.checks, *published_checks(data)))
    if as_json:
        print_json([c.__dict__ for c in report.checks])
    else:
        print(report)
    refuse_broken("evaluate", report.broken, len(report.checks))


def demo(
    lake: Annotated[Path, typer.Option("--lake", help="Folder to make the demo in")] = Path("demo"),
    people: Annotated[int, typer.Option("--people", min=1)] = 800,
    days: Annotated[int, typer.Option("--days", min=1)] = 60,
    following: Annotated[int, typer.Option("--nights", min=0, help="Nights after the backfill")] = 1,
    seed: Annotated[int, typer.Option("--seed")] = 1,
    sets: Sets = None,
) -> None:
    """Make a world, backfill it, run the nights after it, compare with what was planted, show the page and three persons.

    What `evaluate --all` estimates asks for more: --people 2000 --days 90 --nights 3 takes eight minutes on two cores.
    """
    from huaxiang.cli.portraits import portraits_of_three  # noqa: PLC0415
    from huaxiang.run import nights, spark_meanwhile  # noqa: PLC0415
    from huaxiang.world.evaluate import evaluate as compare  # noqa: PLC0415
    from huaxiang.world.make import make  # noqa: PLC0415

    config = load_config(None, tuple(sets or ()))
    until = date(2026, 11, 20)
    made, tables = lake / "world", lake / "lake"
    there = [Problem(str(p), "it is there already") for p in (tables, made) if p.exists()]
    if there:
        raise ConfigurationError(there, "Remove them, or pass another --lake.")
    print(f"a world of {people:,} people and {days} days …", file=sys.stderr)
    dates = [until - timedelta(days=n) for n in range(following, -1, -1)]
    with spark_meanwhile(config, len(dates)) if people * days <= SMALL_WORLD else nullcontext():
        make(made, people=people, days=days, seed=seed, until=until)
    nights(config, dates, landing=str(made / "landing"), lake=str(tables), opening=False)
    with ThreadPoolExecutor(1) as aside:  # one asks Spark, the other the tables
        pages = aside.submit(portraits_of_three, config, str(tables))
        report = compare(str(tables), made / "truth")
        print(report)
    print(
        f"look:  {tables}/pages/{until}/index.html\n       {tables}/pages/{until}/tags.html   the dictionary of tags"
    )
    print(*pages.result(), sep="\n")
    print(f'ask:   huaxiang query "SELECT rfm_class, count(*) FROM portrait GROUP BY 1" --lake {tables}')
    refuse_broken("demo", report.broken, len(report.checks))


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    for command in (nightly, demo, world, evaluate, doctor, releases, rollback, query):
        app.command()(command)
