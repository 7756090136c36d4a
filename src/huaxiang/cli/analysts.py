"""What an analyst runs: sources, measures, segments, quarantine, and why a person is told as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from huaxiang.cli.answers import print_json
from huaxiang.cli.options import AsJson, Conf, LakeRoot, Landing, Sets, console, day, waiting
from huaxiang.config import load_config
from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.errors import ConfigurationError, InputError, Problem, did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from huaxiang.contracts.model import Contract
    from huaxiang.days.measures import Catalogue
    from huaxiang.sources.outside import SourceMap
    from huaxiang.sources.stage import Staged

Grain = Annotated[
    Literal["person", "brand"] | None, typer.Option("--grain", help="Only what is told of these")
]


def sources_check(
    name: Annotated[str, typer.Argument(help="Name in conf/sources/, or a path that ends in .yaml")],
    landing: Landing = "landing",
    conf: Conf = None,
    values: Annotated[
        bool, typer.Option(help="Read the values of 10,000 rows a feed as a night does; starts Spark")
    ] = True,
) -> None:
    """Read outside files through a source map: what maps, what is missing, what stays empty, what would be refused."""
    from huaxiang.sources.check import check_source  # noqa: PLC0415

    config = load_config(conf)

    def trial(staged: Staged, contract: Contract, source: SourceMap) -> Mapping[str, int]:
        """Start Spark only when the map fits the files."""
        from huaxiang.clean.trial import refused_by_reason  # noqa: PLC0415
        from huaxiang.run import SMALL  # noqa: PLC0415
        from huaxiang.session import INTERPRETED, spark_session  # noqa: PLC0415

        with waiting(f"reading values of {contract.name}"):
            spark = spark_session({**SMALL, **INTERPRETED, **config.spark})
            return refused_by_reason(spark, staged, contract, source, config)

    report = check_source(name, landing, config.conf_dir, trial=trial if values else None)
    print(replace(report, conf=str(conf or "")))
    if not report.ok:
        places = "; ".join(dict.fromkeys(problem.place for problem in report.problems))
        raise InputError(Problem(f"sources check {name}", f"not as the map says: {places}"))


def measures_list(conf: Conf = None, grain: Grain = None, as_json: AsJson = False) -> None:
    """List every measure and tag with what it means and how it is computed."""
    catalogue = load_catalogue(load_contracts(), load_config(conf).conf_dir)
    rows = [
        (m.name, ", ".join(m.grains), " ".join("all" if w is None else f"{w}d" for w in m.windows) if not m.bare else "-",
         m.title.en, m.title.zh, m.definition())
        for m in catalogue.measures
        if grain is None or grain in m.grains
    ]  # fmt: skip
    rows += [
        (t.name, t.grain, "-", t.title.en, t.title.zh, t.definition())
        for t in catalogue.tags
        if grain in (None, t.grain)
    ]
    names = ("name", "grains", "windows", "title", "标题", "definition")
    if as_json:
        print_json([dict(zip(names, r, strict=True)) for r in rows])
        return
    table = Table(*names, box=None)
    for row in rows:
        table.add_row(*row)
    console().print(table)
    print(f"{len(catalogue.measures)} measures, {len(catalogue.tags)} tags; rates: huaxiang rates")


def measures_check(conf: Conf = None) -> None:
    """Check the catalogue, yours included, without touching any lake."""
    from huaxiang.days.vocabulary import vocabularies  # noqa: PLC0415

    catalogue = load_catalogue(load_contracts(), load_config(conf).conf_dir)
    person, brand = vocabularies(catalogue)
    print(
        f"{len(catalogue.measures)} measures, {len(catalogue.tags)} tags and {len(catalogue.rates)} rates "
        f"in {len(catalogue.files)} files hold: "
        f"{len(person)} columns of portrait, {len(brand)} of brand_relation"
    )


def measures_diff(
    lake: LakeRoot = "lake", conf: Conf = None, sets: Sets = None, as_json: AsJson = False
) -> None:
    """What your changed definitions would change: folds the current release again and counts differing people."""
    from huaxiang.book import open_book  # noqa: PLC0415
    from huaxiang.explain.diff import definition_diff  # noqa: PLC0415
    from huaxiang.run import opened  # noqa: PLC0415

    config = load_config(conf, tuple(sets or ()))
    book = open_book(config)
    with waiting("folding the release again"), opened(config, lake, book=book) as there:
        found = definition_diff(there, book)
    if as_json:
        print_json(found)
        return
    if not found:
        print("Every column of the current release means what the catalogue says: nothing would change.")
        return
    would = {"added": "rows would have one", "removed": "rows would lose it", "differs": "rows would differ"}
    table = Table(box=None, show_header=False)
    for row in found:
        said = f"{row['rows']:,}", would[row["change"]]
        table.add_row(f"{row['table']}.{row['column']}", row["change"], *said)
    console().print(table)


def segments_check(conf: Conf = None) -> None:
    """Check the segment files: names, types, places of mistakes; and run their examples."""
    from huaxiang.book import open_book  # noqa: PLC0415
    from huaxiang.days.vocabulary import vocabularies  # noqa: PLC0415
    from huaxiang.run import SMALL  # noqa: PLC0415
    from huaxiang.segments.check import run_examples  # noqa: PLC0415
    from huaxiang.segments.vocabulary import vocabulary  # noqa: PLC0415
    from huaxiang.session import INTERPRETED, spark_session  # noqa: PLC0415

    book = open_book(load_config(conf))
    names = vocabulary(*vocabularies(book.catalogue))
    with waiting("running the examples"):
        spark = spark_session({**SMALL, **INTERPRETED, **book.config.spark})
        problems = run_examples(spark, book.segments, names, zone=book.config.business_zone)
    if problems:
        raise ConfigurationError(problems)
    for segment in book.segments:
        print(f"✔ {segment.name:<36} {segment.title.en} / {segment.title.zh}")
    print(f"{len(book.segments)} segments hold, examples too.")


def quarantine_list(lake: LakeRoot = "lake", as_json: AsJson = False) -> None:
    """Why rows were refused: reasons and counts per feed, with files and record numbers, never values."""
    from huaxiang.clean.quarantine import listed  # noqa: PLC0415
    from huaxiang.clean.verdicts import CONFLICTING  # noqa: PLC0415
    from huaxiang.tables.reader import check_folder  # noqa: PLC0415

    check_folder(lake)
    rows = listed(lake)
    if as_json:
        print_json(rows)
        return
    if not rows:
        print(f"No row is held in {lake}.")
        return
    table = Table("source", "feed", "reason", "rows", "files", "e.g. file and record", box=None)
    for row in rows:
        places = ", ".join(f"{place['path']} {place['record']}" for place in row["examples"])
        table.add_row(
            row["source"], row["feed"], row["reason"], f"{row['rows']:,}", f"{row['files']:,}", places
        )
    console().print(table)
    contracts = load_contracts()
    for feed, reason in sorted({(row["feed"], row["reason"]) for row in rows}):
        if feed in contracts and (allowed := contracts[feed].allowed_by(reason)):
            print(f"{reason} of {feed}: one of {', '.join(allowed)}")
    if any(row["reason"] == CONFLICTING for row in rows):
        print(
            f"{CONFLICTING}: one key with two values; whichever is right comes again with a higher `revision`"
        )
    print(f"Held in {lake}: {sum(r['rows'] for r in rows):,} reasons (a row may have several).")
    print(
        "A file mended in place is read by the next night; what is due by now (future_dated), or what another map "
        "reads, comes in by: huaxiang quarantine replay"
    )


def quarantine_replay(
    feed: Annotated[str | None, typer.Option("--feed", help="Only this feed")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Only rows with this reason")] = None,
    lake: LakeRoot = "lake",
) -> None:
    """Ask the next night to read held rows again from their landing files."""
    from huaxiang.clean.quarantine import request_replay  # noqa: PLC0415
    from huaxiang.tables.reader import check_folder  # noqa: PLC0415

    check_folder(lake)
    rows = request_replay(lake, feed=feed, reason=reason)
    print(f"{rows:,} rows come in again with the next night of their source")


def explain(
    person: Annotated[str, typer.Option("--person", help="Id of a person")],
    lake: LakeRoot = "lake",
    tag: Annotated[str | None, typer.Option("--tag", help="Only this tag, or tags that begin so")] = None,
    events: Annotated[int, typer.Option("--events", min=0, help="Newest events shown per kind")] = 5,
    as_known_on: Annotated[
        str | None,
        typer.Option("--as-known-on", help="What the last night up to this day said, from what it knew"),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="Beside it, what is known now of the same date, and why it differs"),
    ] = False,
    conf: Conf = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Every tag of a person with value, interval or probability, evidence, source, times and definition, and the events behind it.

    With --as-known-on, what was known on an earlier day: also after late data, merges and splits. The person may be
    an id of then or of now. What can't be folded again is told from that night's release, and says why.
    """
    from huaxiang.book import open_book  # noqa: PLC0415
    from huaxiang.explain.known import explanation_then  # noqa: PLC0415
    from huaxiang.explain.told import explanation  # noqa: PLC0415
    from huaxiang.run import opened  # noqa: PLC0415
    from huaxiang.session import INTERPRETED  # noqa: PLC0415
    from huaxiang.tables.reader import release_light, releases_light  # noqa: PLC0415
    from huaxiang.tables.release import known_on  # noqa: PLC0415
    from huaxiang.tables.storage import local_path  # noqa: PLC0415

    known_day = day(as_known_on, "--as-known-on") if as_known_on else None
    if compare and known_day is None:
        raise ConfigurationError(
            Problem("--compare", "with nothing", "--as-known-on", "add --as-known-on 2026-11-20")
        )
    config = load_config(conf, tuple(sets or ()))
    book = open_book(config)
    _check_tag(book.catalogue, tag)
    if local_path(lake) is not None:  # before Spark starts
        release_light(lake)
        if known_day:
            known_on(releases_light(lake), known_day)
    if known_day:  # one person's rows are read sooner than code for them is compiled
        config = replace(config, spark={**INTERPRETED, **config.spark})
    with waiting("looking up the person"), opened(config, lake, book=book) as there:
        if known_day:
            told = explanation_then(there, book, person, known_day, tag=tag, compare=compare)
        else:
            told = explanation(there, book, person, tag=tag, events=events)
    if as_json:
        print_json(told.as_dict())
        return
    print(told.text())


def _check_tag(catalogue: Catalogue, tag: str | None) -> None:
    """Refuse a tag that is neither a column of the catalogue nor the beginning of one."""
    names = catalogue.columns()
    if tag is not None and not any(name.startswith(tag) for name in names):
        near = did_you_mean(tag, names) if nearest(tag, names) else "see: huaxiang measures list"
        hint = f"{near}; one of your own needs its --conf"
        raise ConfigurationError(Problem("--tag", f"no tag is called `{tag}`, or begins so", hint=hint))


def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Only tell whether the dictionary is current")
    ] = False,
) -> None:
    """Write DICTIONARY.md of the schemas in use from contracts and measures, or check that it is current."""
    from huaxiang.contracts.dictionary import write  # noqa: PLC0415
    from huaxiang.days.vocabulary import compiled_contracts  # noqa: PLC0415
    from huaxiang.shipped import shipped  # noqa: PLC0415

    contracts = load_contracts()
    extra = compiled_contracts(load_catalogue(contracts)).values()
    path = shipped("schemas") / "DICTIONARY.md"
    write(Path(path), contracts, extra, check=check)
    print(f"{path} is current" if check else f"wrote {path}")


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    groups: dict[str, tuple[str, dict[str, Callable[..., object]]]] = {
        "sources": ("Outside data: source maps in conf/sources/.", {"check": sources_check}),
        "measures": (
            "The measure catalogue.",
            {"list": measures_list, "check": measures_check, "diff": measures_diff},
        ),
        "segments": ("Segment files in conf/segments/.", {"check": segments_check}),
        "quarantine": ("Rows that were refused.", {"list": quarantine_list, "replay": quarantine_replay}),
    }
    for name, (about, commands) in groups.items():
        group = typer.Typer(help=about, no_args_is_help=True)
        for verb, command in commands.items():
            group.command(verb)(command)
        app.add_typer(group, name=name)
    app.command()(explain)
    app.command()(docs)
