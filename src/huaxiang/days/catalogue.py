"""Reading the measure catalogue: files to checked declarations, every problem at once. No Spark here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from huaxiang.conf_folder import yaml_files
from huaxiang.contracts.yaml import read_yaml
from huaxiang.days.blocked import load_block_list
from huaxiang.days.entry import Entry
from huaxiang.days.events import load_events
from huaxiang.days.groups import check_group, load_groups
from huaxiang.days.measure_entry import read_measure
from huaxiang.days.measures import GRAIN, Catalogue, Measure, Rate
from huaxiang.days.rate_entry import read_rate
from huaxiang.days.tag_entry import read_tag
from huaxiang.days.vocabulary import vocabularies
from huaxiang.days.weights import load_scorer
from huaxiang.errors import ConfigurationError, Problem
from huaxiang.needs import circle_told, circles, in_order
from huaxiang.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from huaxiang.contracts.model import Contract
    from huaxiang.contracts.yaml import Document
    from huaxiang.days.blocked import BlockList
    from huaxiang.days.events import Event
    from huaxiang.days.groups import Group
    from huaxiang.days.tags import Tag

RESERVED = frozenset(["person", "person_id", "brand_id", "as_of", "release", "known", *GRAIN])
"""Columns that every portrait or brand relation has, or will have, and those by which day rows are folded."""
LAST = ("tags", "stages", "rates")
"""Files that are read after the others, in this order: what stands in them is made of what stands before."""


def load_catalogue(contracts: Mapping[str, Contract], conf_dir: Path | None = None) -> Catalogue:
    """Read the shipped catalogue and, beside it, `<conf_dir>/measures/*.yaml`; all problems at once.

    Texts are read by what `<conf_dir>/sentiment.tsv` holds, if it is there.

    An analyst's file may add measures, tags and rates but not redefine ours: a name stands once.
    """
    events = load_events(contracts, scorer=load_scorer(conf_dir))
    files = sorted((shipped("schemas") / "measures").glob("*.yaml"), key=_turn)
    files += yaml_files(conf_dir / "measures") if conf_dir else []
    problems: list[Problem] = []
    measures: dict[str, Measure] = {}
    tags: dict[str, Tag] = {}
    rates: dict[str, Rate] = {}
    refused: set[str] = set()
    block_list, groups = load_block_list(conf_dir), load_groups()
    for path in files:
        doc = read_yaml(path)
        entries = doc.data or []
        if not isinstance(entries, list):
            problems.append(
                Problem(doc.file, "this is no list", "- measure: …, - tag: … or - rate: …, one after another")
            )
            continue
        for index, given in enumerate(entries):
            found = _read(doc, index, given, events, block_list, groups, measures, tags, rates)
            if found and isinstance(given, dict):
                refused |= {str(given.get(kind)) for kind in ("measure", "tag")}
            problems += found
    made_of = {name: tag.made_of for name, tag in tags.items()}
    read = {name: [other for other in tags if other in made_of[name]] for name in tags}
    for circle in circles(read):
        told = circle_told(circle, "reads")
        problems.append(Problem(tags[circle[0]].written_in, told, hint="let one of them read measures alone"))
        refused.update(circle)
    catalogue = Catalogue(
        events, tuple(measures.values()), tuple(tags[name] for name in in_order(read)), tuple(rates.values()),
        tuple(map(str, files)), block_list,
    )  # fmt: skip
    problems += _tag_problems(catalogue, refused)
    if problems:
        raise ConfigurationError(problems)
    return catalogue


def _turn(path: Path) -> tuple[int, str]:
    """When a shipped file is read."""
    return LAST.index(path.stem) + 1 if path.stem in LAST else 0, path.name


def _read(
    doc: Document, index: int, given: Any, events: Mapping[str, Event], block_list: BlockList, groups: Mapping[str, Group],
    measures: dict[str, Measure], tags: dict[str, Tag], rates: dict[str, Rate],
) -> list[Problem]:  # fmt: skip
    """Add one entry to the measures, the tags or the rates; return what is wrong with it."""
    if not isinstance(given, dict):
        place = Entry(doc, (index,), "", {}).place().rstrip()
        return [Problem(place, f"`{given}` is no entry", "measure: …, tag: … or rate: … with its keys")]
    kind = next((kind for kind in ("measure", "rate") if kind in given), "tag")
    entry = Entry(doc, (index,), str(given.get(kind, "")), given)
    entry.check(kind, {*measures, *tags, *rates})
    check_group(entry, groups)
    for way, found, why in block_list.objections(given):
        entry.refuse(way, found, hint=why)
    if kind == "measure" and (measure := read_measure(entry, events)):
        measures[entry.name] = measure
    if kind == "tag" and (tag := read_tag(entry)):
        tags[entry.name] = tag
    if kind == "rate" and (rate := read_rate(entry, measures)):
        rates[entry.name] = rate
    return entry.problems


def _tag_problems(catalogue: Catalogue, refused: AbstractSet[str]) -> list[Problem]:
    """Return what is wrong with columns' names and with tags; not with those that read what was `refused` already."""
    columns = [(m.column(window), m.place) for m in catalogue.measures for window in m.windows]
    columns += [(tag.name, tag.place) for tag in catalogue.tags]
    taken = set(RESERVED)
    problems = []
    for name, place in columns:
        if name in taken:
            problems.append(Problem(place, f"`{name}` is a column already", hint="choose another name"))
        taken.add(name)
    if problems:
        return problems
    lacking = {tag.name for tag in catalogue.tags if any(_is_of(name, refused) for name in tag.made_of)}
    try:
        vocabularies(catalogue, lacking)
    except ConfigurationError as error:
        return error.problems
    return []


def _is_of(column: str, refused: AbstractSet[str]) -> bool:
    """Whether a column is, or may be, one of a refused measure's or tag's."""
    return column in refused or column.rpartition("_")[0] in refused
