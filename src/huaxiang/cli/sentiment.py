"""What reads comments: the scorer in use, what could be learned from a shop's own rated ones, and why a text feels so."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from math import isnan
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from huaxiang.cli.answers import print_json
from huaxiang.cli.options import AsJson, Conf, LakeRoot, Sets, console
from huaxiang.config import load_config
from huaxiang.errors import ConfigurationError, Problem
from huaxiang.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from huaxiang.config import Config
    from huaxiang.days.weights import Learned
    from huaxiang.models.rated import Agreement, Appraisal, Comments
    from huaxiang.models.scorer import Scorer

SHOWN = 8
"""Words by which a text feels as it does, at most."""
HEAVIEST = 10


@dataclass(frozen=True)
class _Found:
    """A lake's rated comments, the scorer in use (`used`: learned, and from what), and what could be learned now."""

    known: Comments
    scorer: Scorer
    used: Learned | None
    told: Appraisal
    could: Learned | None


def learn(
    lake: LakeRoot = "lake",
    conf: Conf = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Write it also where it is not surely better")
    ] = False,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Learn from a shop's own rated reviews what texts feel; if that pays, write it to sentiment.tsv of --conf.

    Different comments rated 4 or more, and 2 or less, of the newest published release, at most 50,000. It pays where weights learned from
    other comments agree with people surely (95 %) more often than the scorer in use, either side weighing the same. The
    next night with that configuration scores all texts again. The file is a table: delete it, and the lexicon is back.
    """
    from huaxiang.days.weights import write_learned  # noqa: PLC0415

    config = load_config(_own(conf), tuple(sets or ()))
    found = _found(lake, config)
    writes = found.could is not None and (found.told.pays or anyway)
    path = write_learned(found.could, config.conf_dir) if found.could and writes else None
    if as_json:
        _print_json(found, written=path)
        return
    _print_found(lake, found)
    if found.could is None:
        return
    heaviest = sorted(found.could.model.weights.items(), key=lambda one: (-abs(one[1]), one[0]))[:HEAVIEST]
    print(f"{len(found.could.model.weights):,} n-grams, the heaviest: {_said(heaviest)}")
    if path is None:
        print("Nothing was written; --anyway does.")
        return
    print(f"wrote {path} (digest {found.could.model.digest}). {_costs(lake, config)}")


def check(lake: LakeRoot = "lake", conf: Conf = None, sets: Sets = None, as_json: AsJson = False) -> None:
    """Which scorer is in use, how it agrees with comments rated since it was learned, and whether to learn again pays."""
    config = load_config(conf, tuple(sets or ()))
    found = _found(lake, config)
    if as_json:
        _print_json(found, written=None)
        return
    _print_found(lake, found)
    if found.told.pays:
        print(f"To take it over: huaxiang sentiment learn --lake {lake} --conf {conf or 'my-conf'}")
    if anew := _read_anew(lake, config):
        print(
            f"The newest release does not hold what this says of {', '.join(anew)}: the next night scores them."
        )


def _lines() -> Iterator[str]:
    """Return the lines of stdin; refused where they are not UTF-8."""
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            yield line.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError as cause:
            problem = Problem(
                f"stdin line {number}", "no UTF-8", "text in UTF-8", "iconv -f GB18030 -t UTF-8"
            )
            raise ConfigurationError(problem) from cause


def _printable(text: str) -> Text:
    """Return a text as it is read: neither a terminal's signs nor markup in it do anything."""
    return Text("".join(sign if sign.isprintable() else " " for sign in text))


def read(
    texts: Annotated[list[str] | None, typer.Argument(help="Texts; without any, the lines of stdin")] = None,
    conf: Conf = None,
    as_json: AsJson = False,
) -> None:
    """What the scorer in use says of texts, and by which words: from -100 to 100, little felt within 20 of 0.

    What was learned says nothing within 40 of 0, though it knows words of a text.
    """
    from huaxiang.days.weights import load_learned  # noqa: PLC0415
    from huaxiang.models.scorer import LEXICON, Scorer  # noqa: PLC0415

    used = load_learned(load_config(conf).conf_dir)
    scorer = Scorer(used.model) if used else LEXICON
    rows: list[dict[str, Any]] = []
    for text in texts or _lines():
        opinion = scorer.opinion(text)
        words = [{"word": word, "weight": weight} for word, weight in scorer.spoken(text)]
        said = {"sentiment": opinion.points, "aspects": list(opinion.topics)}
        rows.append({"text": text, **said, "words": words})
    if as_json:
        print_json(rows)
        return
    table = Table("text", "sentiment", "aspects", "by", box=None)
    for row in rows:
        points = "–" if row["sentiment"] is None else f"{row['sentiment']:+d}"
        by = _said([(word["word"], word["weight"]) for word in row["words"][:SHOWN]])
        table.add_row(_printable(row["text"]), points, ", ".join(row["aspects"]), by)
    console().print(table)
    silent = "nothing in it is known, or not surely either way" if used else "nothing in it is known"
    print(f"By {_titled(used)}; –: {silent}.")


def _own(conf: Path | None) -> Path:
    """Refuse to write into what is shipped."""
    if conf is None or conf.resolve() == shipped("conf").resolve():
        found = "the shipped configuration is not to be written into" if conf else "no folder to write into"
        raise ConfigurationError(
            Problem("--conf", found, "a folder of your own", "cp -r conf my-conf, then --conf my-conf")
        )
    return conf


def _found(lake: str, config: Config) -> _Found:
    from huaxiang.days.weights import Learned, load_learned  # noqa: PLC0415
    from huaxiang.insight.comments import rated_comments  # noqa: PLC0415
    from huaxiang.models.rated import appraise  # noqa: PLC0415
    from huaxiang.models.scorer import LEXICON, Scorer  # noqa: PLC0415
    from huaxiang.settled import settled_zone  # noqa: PLC0415
    from huaxiang.tables.storage import storage  # noqa: PLC0415

    used = load_learned(config.conf_dir)
    scorer = Scorer(used.model) if used else LEXICON
    known = rated_comments(
        lake, zone=settled_zone(storage(lake), config), personalises_by_default=config.personalises_by_default
    )
    felt = [scorer.opinion(text).sentiment for text in known.texts]
    told = appraise(known, felt, seen_until=used.last if used else None)
    could = None
    if told.model is not None:
        praise = int(known.praises.sum())
        days = min(one.first for one in known.written), max(one.last for one in known.written)
        could = Learned(told.model, praise, len(known.written) - praise, *days, *told.whole.both)
    return _Found(known, scorer, used, told, could)


def _print_found(lake: str, found: _Found) -> None:
    from huaxiang.models.learned_sentiment import FEWEST  # noqa: PLC0415

    praise = int(found.known.praises.sum())
    complaints = len(found.known.written) - praise
    print(
        f"Rated comments of {lake}, each text once: {praise:,} praise (4 points or more), {complaints:,} complain (2 or less)"
        + (f", {found.could.first} to {found.could.last}." if found.could else ".")
    )
    table = Table(
        "scorer", "judged by", "agreement", "95 % interval", "of praise", "of complaints", "silent", box=None
    )
    table.add_row(_titled(found.used), *_agreed(found.told.in_use))
    if found.could:
        table.add_row("learned anew", *_agreed(found.told.anew))
    console().print(table)
    if found.could is None:
        few = found.known.fewest
        lacking = "" if few < FEWEST else ", but no words that enough people write"
        print(f"To learn, it takes {FEWEST} different comments of either side; {few:,} are there{lacking}.")
        return
    since = f" written after {found.used.last}" if found.used else ""
    if isnan(found.told.gain):
        print(f"Whether learning again pays can't be told: too few comments{since}.")
        return
    gain, error = 100 * found.told.gain, 196 * found.told.error
    said = "it pays" if found.told.pays else "it does not pay"
    print(
        f"Of comments{since} that neither has seen, learned anew agrees on {gain:+.1f} points ± {error:.1f} (95 %)"
        f" more than what is in use: {said}."
    )


def _titled(used: Learned | None) -> str:
    if used is None:
        return "the lexicon"
    return f"learned {used.model.digest} (of {used.comments:,} comments, {used.first} to {used.last})"


def _agreed(one: Agreement) -> tuple[str, ...]:
    def share(value: float) -> str:
        return "–" if isnan(value) else f"{value:.1%}"

    mean, low, high = one.both
    ends = "–" if isnan(mean) else f"{low:.1%} – {high:.1%}"
    of_sides = share(one.praise[0]), share(one.complaints[0])
    return f"{one.judged:,} comments", share(mean), ends, *of_sides, share(one.silent)


def _said(words: list[tuple[str, float]]) -> str:
    return " ".join(f"{word} {weight:+.2f}" for word, weight in words)


def _costs(lake: str, config: Config) -> str:
    """Say what a night with other weights does once."""
    from huaxiang.contracts.load import load_contracts  # noqa: PLC0415
    from huaxiang.days.events import load_events  # noqa: PLC0415
    from huaxiang.insight.comments import texts_read  # noqa: PLC0415

    counts = texts_read(lake, load_events(load_contracts()).values())
    told = ", ".join(f"{count:,} of {feed}" for feed, count in counts.items())
    return (
        f"The next night with --conf {config.conf_dir} scores {sum(counts.values()):,} texts again ({told})"
        " and makes those feeds' day rows anew."
    )


def _read_anew(lake: str, config: Config) -> list[str]:
    """Return the feeds whose texts the newest release reads otherwise than a configuration says."""
    from huaxiang.cli.answers import rows_of  # noqa: PLC0415
    from huaxiang.contracts.load import load_contracts  # noqa: PLC0415
    from huaxiang.days.catalogue import load_catalogue  # noqa: PLC0415
    from huaxiang.days.definitions import DAY_ROW, meanings, standing  # noqa: PLC0415

    catalogue = load_catalogue(load_contracts(), config.conf_dir)
    held, meant = standing(rows_of(lake, "measure_definition")), meanings(catalogue)
    streams = {stream: parts[0][0].event for stream, parts in catalogue.streams().items()}
    return [
        event.feed
        for stream, event in streams.items()
        if event.opinion_of
        and (named := (DAY_ROW, stream)) in held
        and held[named]["definition"] != meant[named].definition
    ]


def _print_json(found: _Found, *, written: Path | None) -> None:
    def plain(one: Agreement) -> dict[str, Any]:
        return {name: _known(value) for name, value in asdict(one).items()}

    told = found.told
    known = None if isnan(told.gain) else {"gain": told.gain, "error": told.error}
    print_json(
        {
            "comments": len(found.known.written),
            "in_use": {
                "scorer": _titled(found.used),
                "digest": found.scorer.digest,
                **plain(told.in_use),
            },
            "anew": {"digest": told.model.digest, **plain(told.anew)} if told.model else None,
            "compared": known,
            "pays": told.pays,
            "written": str(written) if written else None,
        }
    )


def _known(value: Any) -> Any:
    """Return None for what can't be told, also inside a tuple: JSON has no nan."""
    if isinstance(value, tuple):
        return [_known(one) for one in value]
    return None if isinstance(value, float) and isnan(value) else value


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    group = typer.Typer(help="What reads comments, posts and dialogue.", no_args_is_help=True)
    for command in (learn, check, read):
        group.command()(command)
    app.add_typer(group, name="sentiment")
