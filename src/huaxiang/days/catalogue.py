"""Reading the measure catalogue: files to checked declarations, every problem at once. No Spark here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.model import Text
from huaxiang.contracts.yaml import read_yaml
from huaxiang.days.events import KEY_KINDS, Event, load_events
from huaxiang.days.measures import ALL, GRAIN, GRAINS, KEYED_WAYS, WAYS, Catalogue, Measure, Part, Rank, Tag
from huaxiang.errors import ConfigurationError, HuaxiangError, Problem, did_you_mean
from huaxiang.expressions import Place, compile_expression
from huaxiang.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from huaxiang.contracts.model import Contract
    from huaxiang.expressions import Family

_MEASURE_KEYS = (
    "measure", "title", "means", "from", "where", "adds_up", "dated_by", "less", "grains", "windows", "unit", "privacy",
)  # fmt: skip
_TAG_KEYS = ("tag", "title", "means", "grain", "derived", "rank", "unit", "privacy")
_LESS_KEYS = ("from", "where", "adds_up", "dated_by")
RESERVED = frozenset(["person", "person_id", "brand_id", "platforms", "as_of", "release", "known"])
"""Columns that every portrait or brand relation has, or will have."""
OF_CELLS = frozenset([*GRAIN, "part", "person", "release", "known_to"])
"""Columns that the day rows have beside their values, whose columns are named like measures."""
WHOLE_NUMBERS = ("tinyint", "smallint", "int", "bigint")
_RANK_KEYS = ("of", "into", "best", "among")


def load_catalogue(contracts: Mapping[str, Contract], conf_dir: Path | None = None) -> Catalogue:
    """Read the shipped catalogue and, beside it, `<conf_dir>/measures/*.yaml`; all problems at once.

    An analyst's file may add measures and tags but not redefine ours: a name stands once.
    """
    events = load_events(contracts)
    files = sorted((shipped("schemas") / "measures").glob("*.yaml"), key=lambda p: (p.stem == "tags", p.name))
    if conf_dir and (conf_dir / "measures").is_dir():
        files += sorted((conf_dir / "measures").glob("*.yaml"))
    problems: list[Problem] = []
    measures: dict[str, Measure] = {}
    tags: dict[str, Tag] = {}
    for path in files:
        read = read_yaml(path)
        entries = read.data or []
        if not isinstance(entries, list):
            problems.append(
                Problem(path.name, "this is no list", "- measure: … or - tag: …, one after another")
            )
            continue
        for index, entry in enumerate(entries):
            line = read.line_of((index,))
            try:
                _entry(entry, events, measures, tags, path, line)
            except HuaxiangError as error:
                problems += error.problems
    catalogue = Catalogue(
        events, tuple(measures.values()), tuple(tags.values()), tuple(str(p) for p in files)
    )
    if not problems:
        problems += _tag_problems(catalogue)
    if problems:
        raise ConfigurationError(problems)
    return catalogue


def _entry(
    entry: Any,
    events: dict[str, Event],
    measures: dict[str, Measure],
    tags: dict[str, Tag],
    path: Path,
    line: int,
) -> None:
    if not isinstance(entry, dict):
        raise ConfigurationError(
            Problem(f"{path.name}:{line}", f"`{entry}` is no entry", "measure: … or tag: … with its keys")
        )
    kind = "measure" if "measure" in entry else "tag"
    keys = _MEASURE_KEYS if kind == "measure" else _TAG_KEYS
    name = str(entry.get(kind, ""))
    place = f"{path.name}:{line} {name}"
    problems = _unknown_keys(entry, keys, place)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        problems.append(
            Problem(place, f"name `{name}`", "lower-case letters, digits and _ , beginning with a letter")
        )
    if name in measures or name in tags:
        problems.append(Problem(place, f"`{name}` is defined twice", hint="choose another name"))
    for words in ("title", "means"):
        given = entry.get(words) or {}
        if not (isinstance(given, dict) and given.get("en") and given.get("zh")):
            problems.append(Problem(place, f"`{words}` is incomplete", "{en: …, zh: …}"))
    privacy = entry.get("privacy", "free")
    if privacy not in ("free", "quasi-id", "sensitive", "direct-id"):
        problems.append(
            Problem(
                place,
                f"privacy `{privacy}`",
                hint=did_you_mean(str(privacy), ("free", "quasi-id", "sensitive")),
            )
        )
    if kind == "tag":
        _tag(entry, name, tags, path, line, place, problems)
    else:
        _measure(entry, name, events, measures, path, line, place, problems)
    if problems:
        raise ConfigurationError(problems)


def _unknown_keys(given: dict[str, Any], known: tuple[str, ...], place: str, of: str = "") -> list[Problem]:
    return [
        Problem(place, f"unknown key `{key}`{of}", hint=did_you_mean(str(key), known))
        for key in given
        if key not in known
    ]


def _list_of(entry: dict[str, Any], key: str, default: str, place: str, problems: list[Problem]) -> list[Any]:
    given = entry.get(key)
    if given is None:
        return [default]
    if not isinstance(given, list):
        problems.append(Problem(place, f"`{key}: {given}`", "a list", f"{key}: [{given}]"))
        return [default]
    return given


def _measure(
    entry: dict[str, Any], name: str, events: dict[str, Event], measures: dict[str, Measure],
    path: Path, line: int, place: str, problems: list[Problem],
) -> None:  # fmt: skip
    grains = tuple(_list_of(entry, "grains", "person", place, problems))
    problems += [
        Problem(place, f"grain `{g}`", hint=did_you_mean(str(g), GRAINS)) for g in grains if g not in GRAINS
    ]
    bare = entry.get("windows") is None
    windows = tuple(ALL if w == "all" else w for w in _list_of(entry, "windows", "all", place, problems))
    for window in windows:
        if window is not ALL and not (type(window) is int and 0 < window <= 3650):  # true is 1 to Python
            problems.append(Problem(place, f"window `{window}`", "days from 1 to 3650, or all"))
    part = _part(entry, name, grains, events, Place(str(path), line, 1), place, problems)
    less = None
    inner = entry.get("less")
    if inner is not None and not isinstance(inner, dict):
        problems.append(Problem(place, f"`less: {inner}`", "{from: …, adds_up: …}"))
    elif inner:
        problems += _unknown_keys(inner, _LESS_KEYS, place, " of less")
        less = _part(inner, f"{name}__less", grains, events, Place(str(path), line, 1), place, problems)
        problems += [
            Problem(place, f"`less` with `{one.way}`", "sum, count or count_of, on both sides")
            for one in (part, less)
            if one and one.way not in ("sum", "count", "count_of")
        ]
    if part and not problems:
        if not bare and part.way == "state":
            problems.append(Problem(place, "a state has no windows", hint="leave `windows` out"))
        measures[name] = Measure(
            name, _words(entry["title"]), _words(entry["means"]), part, less, grains, windows, bare,
            entry.get("unit"), entry.get("privacy", "free"), place,
        )  # fmt: skip


def _part(
    entry: dict[str, Any], column: str, grains: tuple[str, ...], events: dict[str, Event],
    at: Place, place: str, problems: list[Problem],
) -> Part | None:  # fmt: skip
    before = len(problems)
    event = events.get(str(entry.get("from")))
    if event is None:
        problems.append(
            Problem(
                place,
                f"unknown event `{entry.get('from')}`",
                hint=did_you_mean(str(entry.get("from")), events),
            )
        )
        return None
    match = re.fullmatch(r"\s*(\w+)\s*(?:\((.*)\))?\s*", str(entry.get("adds_up", "")), re.DOTALL)
    way = match.group(1) if match else ""
    if not match or way not in WAYS:
        problems.append(Problem(place, f"`adds_up: {entry.get('adds_up')}`", hint=did_you_mean(way, WAYS)))
        return None
    arguments = _split(match.group(2)) if match.group(2) else ()
    counts, made, _, per_brand = WAYS[way]
    if len(arguments) not in counts:
        problems.append(
            Problem(place, f"`{way}` with {len(arguments)} arguments", " or ".join(map(str, counts)))
        )
        return None
    where = entry.get("where")
    keyed = arguments[:1] if way in KEYED_WAYS else ()
    for kind in (*keyed, *(("account",) if way in ("others", "state") else ())):
        if event.key(kind) is None:
            had = dict(event.keys)
            problems.append(
                Problem(
                    place, f"`{event.name}` has no key `{kind}`", hint=did_you_mean(kind, had or KEY_KINDS)
                )
            )
    if "brand" in grains and (event.key("brand") is None or not per_brand):
        problems.append(
            Problem(place, f"`{way}` of `{event.name}` cannot be asked per brand", hint="grains: [person]")
        )
    dated_by = str(entry.get("dated_by", event.dates[0][0]))
    if dated_by not in dict(event.dates):
        problems.append(
            Problem(place, f"`dated_by: {dated_by}`", hint=did_you_mean(dated_by, dict(event.dates)))
        )
    types = _types(way, arguments[len(keyed) :], where, event, at, place, problems)
    if len(problems) > before:
        return None
    found = made or types[0]
    if way == "sum":
        found = (
            "decimal(38,2)" if "decimal" in found else "double" if found in ("double", "float") else "bigint"
        )
    return Part(column, event, dated_by, where, way, tuple(arguments), found)


def _types(
    way: str, arguments: Sequence[str], where: object, event: Event,
    at: Place, place: str, problems: list[Problem],
) -> list[str]:  # fmt: skip
    types = []
    needs: dict[str, Family] = {"state": "boolean", "sum": "number", **dict.fromkeys(KEYED_WAYS, "number")}
    wants: list[tuple[str, Family | None]] = [(a, needs.get(way)) for a in arguments]
    if isinstance(where, str):
        wants.append((where, "boolean"))
    elif where is not None:
        problems.append(Problem(place, f"`where: {where}`", "a condition", 'where: "paid > 0"'))
    for text, want in wants:
        try:
            types.append(compile_expression(text, event.names, at, want=want).type)
        except ConfigurationError as error:
            problems += error.problems
    if "void" in types:
        problems.append(Problem(place, f"`{way}` of null", "a value with a type"))
    is_weight = way in KEYED_WAYS and bool(arguments) and len(types) == len(wants)
    if is_weight and types[0] not in WHOLE_NUMBERS:
        found = f"`{way}` by `{arguments[0]}`, a {types[0]}"
        problems.append(Problem(place, found, "a whole number", "money in minor units: paid_minor"))
    return types


def _split(text: str) -> tuple[str, ...]:
    """Split arguments at commas outside brackets and quotes."""
    pieces, depth, quoted, start = [], 0, False, 0
    for i, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted and letter in "([":
            depth += 1
        elif not quoted and letter in ")]":
            depth -= 1
        elif letter == "," and not quoted and depth == 0:
            pieces.append(text[start:i].strip())
            start = i + 1
    return (*pieces, text[start:].strip())


def _tag(
    entry: dict[str, Any],
    name: str,
    tags: dict[str, Tag],
    path: Path,
    line: int,
    place: str,
    problems: list[Problem],
) -> None:
    grain = entry.get("grain", "person")
    if grain not in GRAINS:
        problems.append(Problem(place, f"grain `{grain}`", hint=did_you_mean(str(grain), GRAINS)))
    if ("derived" in entry) == ("rank" in entry):
        problems.append(Problem(place, "a tag needs one of `derived` or `rank`"))
    if not isinstance(entry.get("derived", ""), str):
        problems.append(Problem(place, f"`derived: {entry['derived']}`", "an expression", 'derived: "a > 0"'))
    rank = None
    inner = entry.get("rank")
    if inner is not None and not isinstance(inner, dict):
        problems.append(Problem(place, f"`rank: {inner}`", "{of: column, into: 5, best: low|high}"))
    elif inner:
        problems += _unknown_keys(inner, _RANK_KEYS, place, " of rank")
        if grain != "person":
            problems.append(Problem(place, "a rank per brand", "grain: person"))
        if (
            inner.get("best") not in ("low", "high")
            or not isinstance(inner.get("into"), int)
            or inner["into"] < 2
        ):
            problems.append(
                Problem(place, f"rank {inner}", "{of: column, into: 5, best: low|high, among: condition}")
            )
        else:
            rank = Rank(str(inner.get("of")), inner["into"], inner["best"], str(inner.get("among", "true")))
    if not problems:
        tags[name] = Tag(
            name, grain, _words(entry["title"]), _words(entry["means"]), entry.get("derived"), rank,
            entry.get("unit"), entry.get("privacy", "free"), place, str(path), line,
        )  # fmt: skip


def _tag_problems(catalogue: Catalogue) -> list[Problem]:
    from huaxiang.portrait.vocabulary import vocabularies  # noqa: PLC0415  (the vocabulary is compiled from this)

    columns = [(m.column(window), m.place) for m in catalogue.measures for window in m.windows]
    columns += [(tag.name, tag.place) for tag in catalogue.tags]
    taken = set(RESERVED)
    problems = [
        Problem(m.place, f"`{m.name}` is a column of the day rows already", hint="choose another name")
        for m in catalogue.measures
        if m.name in OF_CELLS
    ]
    for name, place in columns:
        if name in taken:
            problems.append(Problem(place, f"`{name}` is a column already", hint="choose another name"))
        taken.add(name)
    if problems:
        return problems
    try:
        vocabularies(catalogue)
    except ConfigurationError as error:
        return error.problems
    return []


def _words(data: dict[str, str]) -> Text:
    return Text(str(data["en"]), str(data["zh"]))
