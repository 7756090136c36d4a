"""Why a person is told as they are: every tag with its evidence, and the events behind it.

Evidence is counted on demand (`explain.evidence`); nothing of it is stored.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from huaxiang.days.definitions import standing
from huaxiang.days.tags import HIGH, LOW, PROBABILITY
from huaxiang.days.vocabulary import BRAND_RELATION, PORTRAIT, sources_of, vocabularies
from huaxiang.errors import ConfigurationError, Problem
from huaxiang.explain.evidence import each_once, evidence_of
from huaxiang.explain.released import rows_released
from huaxiang.explain.unknown import Unknown, redefined, unfitted, unheld
from huaxiang.masked import WRITTEN, account_said, without_contacts
from huaxiang.settled import settled_zone
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date, datetime

    from huaxiang.book import Book
    from huaxiang.contracts.model import Column, Text
    from huaxiang.days.definitions import Named
    from huaxiang.days.measures import Catalogue, Measure
    from huaxiang.explain.evidence import Event, Evidence
    from huaxiang.tables.lake import Lake
    from huaxiang.tables.release import Release

Row = dict[str, Any]
Counted = Mapping[tuple[str, str], Counter[str]]
"""Evidence by column and brand (an empty text for the person): how many events of each feed."""


@dataclass(frozen=True)
class ToldTag:
    """One tag: `evidence` is the number of events counted in its window, of its inputs if it reads others (`with_tags_counted`).

    `source` is measured, declared (told by the person, or made of nothing else), derived, modelled, or inferred, which
    is modelled of who somebody is; of an earlier day also released or none (`explain.known`).
    `interval` are the ends of what the value may be, `probability` how sure it is, where tags beside it tell
    (`PARTS`). It is valid up to the night, from `valid_from` on: the first day of its window, or since when somebody
    stands on a ladder's stage; None for all time, and for other tags. `why` says what stands in the way of telling it,
    or of folding it again; `now` what is known today of the same date, where that was asked and can be told, and
    `differs` why it is another value.
    """

    table: str
    brand_id: str | None
    tag: str
    title: str
    title_zh: str
    value: Any
    evidence: int
    source: str
    window: str
    definition: str
    interval: tuple[Any, Any] | None = None
    probability: float | None = None
    valid_from: date | None = None
    why: str | None = None
    now: Any = None
    differs: tuple[str, ...] = ()

    def valued(self, row: Mapping[str, Any]) -> ToldTag:
        """Return the tag with what a row tells of it and beside it; of an empty one, nothing."""
        low, high = row.get(self.tag + LOW), row.get(self.tag + HIGH)
        interval = None if low is None or high is None else (low, high)
        sure = row.get(self.tag + PROBABILITY)
        return replace(self, value=row.get(self.tag), interval=interval, probability=sure)

    def said(self) -> str:
        """As a terminal shows the value, with its interval or how sure it is."""
        said = _shown(self.value)
        if self.interval:
            said += f" ({_shown(self.interval[0])} – {_shown(self.interval[1])})"
        return said if self.probability is None else f"{said}, {self.probability:.0%}"


@dataclass(frozen=True)
class Explanation:
    """Everything a release says of a person, known since it was published (`known_at`).

    `counted` is what evidence is counted in, `notes` what to know first.
    """

    person: str
    release: int
    as_of: date
    accounts: tuple[str, ...]
    tags: tuple[ToldTag, ...]
    events: tuple[dict[str, Any], ...] = ()
    counted: str = "events"
    notes: tuple[str, ...] = ()
    known_at: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain data; every tag with the time that it is valid for, and the release that it is known by."""
        time = {"valid_to": self.as_of, "known_in": self.release, "known_at": self.known_at}
        return {**asdict(self), "tags": [asdict(told) | time for told in self.tags]}

    def text(self) -> str:
        """As a page for a terminal: tags that say something first, then the newest events."""
        known = f" of {self.known_at:%Y-%m-%d %H:%M} UTC" if self.known_at else ""
        lines = [
            f"{self.person} · release {self.release}{known} · as of {self.as_of} · {len(self.accounts)} accounts: {', '.join(map(account_said, self.accounts))}",
            *self.notes,
        ]
        brand: str | None = ""
        for told in self.tags:
            if told.brand_id != brand:
                brand = told.brand_id
                lines.append(f"\n{'portrait' if brand is None else 'brand ' + brand}")
            since = f"since {told.valid_from}" if told.window == "-" and told.valid_from else told.window
            lines += [
                f"  {told.tag:<30} {told.said():<26} {told.evidence:>6,} {self.counted} {told.source:<9} {since}",
                f"      {told.title} / {told.title_zh}: {told.definition}",
            ]
            if told.differs:
                lines.append(f"      now {_shown(told.now)}: {'; '.join(told.differs)}")
            if told.why:
                lines.append(f"      {told.why}")
        if self.events:
            lines.append("\nnewest events")
        lines += [
            f"  {e['business_date'] or 'undated':<11} {e['event']:<20} {e['says']}" for e in self.events
        ]
        return "\n".join(lines)


def _shown(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, list):
        return " ".join(f"{v['key']}:{v['value']}" if isinstance(v, dict) else str(v) for v in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def explanation(lake: Lake, book: Book, person: str, *, tag: str | None, events: int) -> Explanation:
    """Return what the newest published release says of `person`; ConfigurationError when it knows no such person.

    With `tag`, of the tags whose names begin so alone, and the events behind these.
    """
    found = looked_up(lake, book, [person], newest=events)
    told = explained(found, book, person)
    if tag is None:
        return replace(told, events=_listed(_newest(found, book, person)))
    wanted = tuple(t for t in told.tags if t.tag.startswith(tag))
    return replace(told, tags=wanted, events=_listed(events_behind(found, book, person, wanted)))


@dataclass(frozen=True)
class LookedUp:
    """What a release holds of a few persons: their rows of `portrait`, `brand_relation` and `person_account`, events.

    `stages` are their rows of `stage`, `coverage` and `models` all of these tables; `unheld` and `redefined` say of what it does not hold as the
    configuration means it (`explain.unknown`).
    """

    release: Release
    as_of: date
    portraits: Mapping[str, Row]
    relations: Mapping[str, Sequence[Row]]
    accounts: Mapping[str, tuple[str, ...]]
    evidence: Evidence
    stages: Sequence[Row] = ()
    coverage: Sequence[Row] = ()
    models: Sequence[Row] = ()
    unheld: Mapping[Named, Text] = field(default_factory=dict)
    redefined: Mapping[Named, Text] = field(default_factory=dict)


def looked_up(lake: Lake, book: Book, persons: Sequence[str], *, newest: int) -> LookedUp:
    """Return what the newest published release holds of persons; ConfigurationError names whom it doesn't know.

    `newest` are how many events of every kind are kept with what they say.
    """
    release = lake.release()
    rows = partial(rows_released, lake, book.catalogue, release=release)
    jobs: list[Callable[[], list[Row]]] = [
        *(partial(rows, name, of=persons) for name in (PORTRAIT, BRAND_RELATION, "person_account", "stage")),
        *(partial(rows, name) for name in ("measure_definition", "coverage", "model")),
    ]
    portraits, relations, accounts, stages, defined, coverage, models = together(jobs)
    known = {row["person"]: row for row in portraits}
    problems = [
        Problem(
            "--person",
            f"release {release.release} knows no person `{person}`",
            hint="see: huaxiang query \"SELECT person FROM person_account WHERE account = '<platform>:<id>'\"",
        )
        for person in persons
        if person not in known
    ]
    if problems:
        raise ConfigurationError(problems)
    whose = {row["account"]: row["person"] for row in accounts}
    as_of = portraits[0]["as_of"]
    zone = settled_zone(lake.storage, book.config)
    held = standing(defined, release.release)
    evidence = evidence_of(lake, book.catalogue, whose, zone, release, as_of=as_of, newest=newest)
    return LookedUp(
        release,
        as_of,
        known,
        {
            p: sorted((r for r in relations if r["person"] == p), key=lambda r: str(r["brand_id"]))
            for p in persons
        },
        {p: tuple(sorted(a for a, owner in whose.items() if owner == p)) for p in persons},
        evidence,
        stages,
        coverage,
        models,
        unheld(book.catalogue, held),
        redefined(book.catalogue, held),
    )


def explained(found: LookedUp, book: Book, person: str) -> Explanation:
    """Return what a release says of one of the persons, without the newest events."""
    catalogue = book.catalogue
    person_types, brand_types = vocabularies(catalogue)
    brands = {pair["brand_id"]: pair for pair in found.relations[person]}
    counted = with_tags_counted(
        {
            (measure.column(window), brand): _by_feed(found, person, measure, brand, window)
            for brand in ("", *brands)
            for measure in catalogue.at("brand" if brand else "person")
            for window in measure.windows
        },
        catalogue,
    )
    as_of = found.as_of
    told = tags_told(
        PORTRAIT, None, found.portraits[person], "person", catalogue, person_types, counted, as_of=as_of
    )
    for brand, pair in brands.items():
        told += tags_told(BRAND_RELATION, brand, pair, "brand", catalogue, brand_types, counted, as_of=as_of)
    told = with_since(told, [row for row in found.stages if row["person"] == person])
    why = told_otherwise(found, book, person) | unknown_of(found, book, person)
    # What is null by another definition has no reason of this one's.
    why |= _of_each(found, person, found.redefined)
    told = [
        replace(one, why=text.en) if (text := why.get((one.brand_id or "", one.tag))) else one for one in told
    ]
    release = found.release
    return Explanation(
        person, release.release, as_of, found.accounts[person], tuple(told), known_at=release.published_at
    )


def _by_feed(found: LookedUp, person: str, measure: Measure, brand: str, window: int | None) -> Counter[str]:
    counted: Counter[str] = Counter()
    for part in {part.counted_as: part for part in measure.parts}.values():
        counted[part.event.feed] += found.evidence.counted(person, part, brand, window, found.as_of)
    return counted


def with_tags_counted(counted: Counted, catalogue: Catalogue) -> dict[tuple[str, str], Counter[str]]:
    """Return the evidence of measures with that of the tags, which is that of what they read.

    Inputs may count the same events: of each feed a tag has as many as the input with the most of it. So no event counts
    twice; where inputs count different events of one feed, there are more than it tells. A brand's tag that reads
    `portrait.x` has the events of the person's `x`.
    """
    found = dict(counted)
    for brand in sorted({"", *(brand for _, brand in counted)}):  # the person's first
        for tag in catalogue.tags:
            if (tag.grain == "brand") is bool(brand):
                found[tag.name, brand] = Counter()
                for name in tag.reads:
                    whose = "" if name.startswith("portrait.") else brand
                    found[tag.name, brand] |= found.get((name.removeprefix("portrait."), whose), Counter())
    return found


def unknown_of(found: LookedUp, book: Book, person: str) -> dict[tuple[str, str], Text]:
    """Return why a release tells nothing of one of the persons, by brand (an empty text for none) and column."""
    platforms = {account.partition(":")[0] for account in found.accounts[person]}
    grains = zip(("person", "brand"), vocabularies(book.catalogue), strict=True)
    of = {grain: Unknown(book.catalogue, types, found.coverage, platforms) for grain, types in grains}
    rows = {"": ("person", found.portraits[person])}
    rows |= {row["brand_id"]: ("brand", row) for row in found.relations[person]}
    null = {
        (brand, column): reason
        for brand, (grain, row) in rows.items()
        for column, reason in of[grain].reasons(row, grain).items()
    }
    return null | _of_each(found, person, found.unheld)


def told_otherwise(found: LookedUp, book: Book, person: str) -> dict[tuple[str, str], Text]:
    """Return what is told of a person by another definition, or by a model that was not fitted; as in `unknown_of`."""
    return _of_each(found, person, {**unfitted(book.catalogue, found.models), **found.redefined})


def _of_each(found: LookedUp, person: str, said: Mapping[Named, Text]) -> dict[tuple[str, str], Text]:
    told_of = {PORTRAIT: ("",), BRAND_RELATION: tuple(row["brand_id"] for row in found.relations[person])}
    return {(brand, column): text for (table, column), text in said.items() for brand in told_of[table]}


def _newest(found: LookedUp, book: Book, person: str) -> list[Event]:
    """The newest events of every kind."""
    return [
        event
        for stream in book.catalogue.streams()
        if "@" not in stream
        for event in found.evidence.newest.get((person, stream, ""), ())
    ]


def events_behind(found: LookedUp, book: Book, person: str, tags: Iterable[ToldTag]) -> list[Event]:
    """Return the newest events behind tags: those that count for what they are made of, in its window."""
    measured = {m.column(window): (m, window) for m in book.catalogue.measures for window in m.windows}
    counted = {
        (part.counted_as, tag.brand_id or "", window)
        for tag in tags
        for name in _made_of(book.catalogue, tag.tag) & measured.keys()
        for measure, window in [measured[name]]
        for part in measure.parts
    }
    inside = (
        each_once([found.evidence.newest.get((person, name, brand), ())], window, found.as_of)
        for name, brand, window in sorted(counted, key=str)
    )
    return each_once(inside, None, found.as_of)


def _made_of(catalogue: Catalogue, column: str) -> set[str]:
    """The columns that a column is made of, itself and all that they read in turn."""
    tags, waiting, found = {tag.name: tag for tag in catalogue.tags}, [column], set()
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += tags[one].made_of if one in tags else ()
    return found


def _listed(events: Iterable[Event]) -> tuple[dict[str, Any], ...]:
    """Events, the newest first, with what their rows say; written texts without contacts."""
    listed = [
        {
            "event": event.stream,
            "business_date": str(event.on) if event.on else None,
            "says": json.dumps(
                {k: _masked(k, v) for k, v in event.says.items() if k != "business_date"}, ensure_ascii=False
            ),
        }
        for event in events
    ]
    return tuple(sorted(listed, key=lambda e: (e["business_date"] or "", e["event"] or ""), reverse=True))


def _masked(column: str, value: Any) -> Any:
    return without_contacts(value) if column in WRITTEN and isinstance(value, str) else value


def tags_told(
    table: str, brand: str | None, row: dict[str, Any], grain: str, catalogue: Catalogue, types: dict[str, Column],
    counted: Counted, *, as_of: date,
) -> list[ToldTag]:  # fmt: skip
    """Return what a row of a table tells; `counted` is the evidence of every column, tags too."""
    at, sources = brand or "", sources_of(catalogue)
    told = []
    for measure in catalogue.at(grain):
        for window in measure.windows:
            name = measure.column(window)
            told.append(
                ToldTag(
                    table, brand, name, types[name].title.en, types[name].title.zh, None, _total(counted, name, at),
                    sources[name], _window(window), measure.definition(),
                    valid_from=as_of - timedelta(days=window - 1) if window else None,
                )
            )  # fmt: skip
    told += [
        ToldTag(
            table, brand, tag.name, tag.title.en, tag.title.zh, None, _total(counted, tag.name, at),
            sources[tag.name], "-", tag.definition(),
        )
        for tag in catalogue.tags
        if tag.grain == grain
    ]  # fmt: skip
    return [one.valued(row) for one in told]


def with_since(told: Iterable[ToldTag], stages: Iterable[Row]) -> list[ToldTag]:
    """Return the tags with the day since which somebody stands on a stage; `stages` are the person's rows of `stage`."""
    since = {(row["brand_id"], row["ladder"], row["stage"]): row["since"] for row in stages}
    return [
        replace(one, valid_from=since.get((one.brand_id, one.tag, str(one.value)), one.valid_from))
        for one in told
    ]


def _total(counted: Counted, column: str, brand: str) -> int:
    return sum(counted.get((column, brand), {}).values())


def _window(window: int | None) -> str:
    return "all time" if window is None else f"{window} days"
