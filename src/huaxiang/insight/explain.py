"""Why a person is told as they are: every tag with its evidence, and the events behind it.

Evidence is counted on demand from the clean events of the person's accounts, by the same conditions and
windows as the fold; nothing of it is stored.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.days.cells import condition
from huaxiang.days.rows import event_rows
from huaxiang.days.vocabulary import vocabularies
from huaxiang.errors import ConfigurationError, Problem
from huaxiang.frames import stacked
from huaxiang.models.cards import CARDS
from huaxiang.settled import settled_zone

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import Column as Counted
    from pyspark.sql import DataFrame

    from huaxiang.contracts.model import Column
    from huaxiang.days.measures import Catalogue, Measure, Part, Tag
    from huaxiang.night import Book
    from huaxiang.tables.lake import Lake

HIDDEN = (
    "event_key",
    "content_hash",
    "part",
    "release",
    "revision",
    "arrival_date",
    "account",
    "instant",
    "awaits",
    "waiting",
)


@dataclass(frozen=True)
class Told:
    """One tag: `evidence` is the number of events counted in its window (of its inputs, if derived or modelled).

    `why` says what stands in the way of telling it, or of folding it again; `now` what is known today of the same
    date, where that was asked and can be told, and `differs` why it is another value.
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
    why: str | None = None
    now: Any = None
    differs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Everything a release says of a person; `counted` is what evidence is counted in, `notes` what to know first."""

    person: str
    release: int
    as_of: date
    accounts: tuple[str, ...]
    tags: tuple[Told, ...]
    events: tuple[dict[str, Any], ...] = ()
    counted: str = "events"
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def text(self) -> str:
        """As a page for a terminal: tags that say something first, then the newest events."""
        lines = [
            f"{self.person} · release {self.release} · as of {self.as_of} · {len(self.accounts)} accounts: {', '.join(self.accounts)}",
            *self.notes,
        ]
        brand: str | None = ""
        for told in self.tags:
            if told.brand_id != brand:
                brand = told.brand_id
                lines.append(f"\n{'portrait' if brand is None else 'brand ' + brand}")
            lines.append(
                f"  {told.tag:<28} {_shown(told.value):<24} {told.evidence:>6,} {self.counted}  {told.source:<9} "
                f"{told.window:<9} {told.title} / {told.title_zh}: {told.definition}"
            )
            if told.differs:
                lines.append(f"  {'':<28} now {_shown(told.now)}: {'; '.join(told.differs)}")
            if told.why:
                lines.append(f"  {'':<28} {told.why}")
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
        return " ".join(f"{v['key']}:{v['value']}" for v in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def explanation(lake: Lake, book: Book, person: str, *, tag: str | None, events: int) -> Explanation:
    """Return what the newest published release says of `person`; ConfigurationError when it knows no such person."""
    release = lake.release()
    rows = lake.read_release("portrait").where(F.col("person") == person).collect()
    if not rows:
        found = f"release {release.release} knows no person `{person}`"
        hint = 'see: huaxiang query "SELECT person FROM portrait LIMIT 5"'
        raise ConfigurationError(Problem("--person", found, hint=hint))
    catalogue, as_of = book.catalogue, rows[0]["as_of"]
    accounts = [
        r["account"]
        for r in lake.read_release("person_account")
        .where(F.col("person") == person)
        .orderBy("account")
        .collect()
    ]
    mine = _mine(lake, catalogue, accounts, settled_zone(lake, book.config), set(release.tables))
    counted = _evidence(mine, catalogue, accounts, as_of)
    person_types, brand_types = vocabularies(catalogue)
    told = tags_told(
        "portrait", None, rows[0].asDict(recursive=True), "person", catalogue, person_types, counted
    )
    for pair in (
        lake.read_release("brand_relation").where(F.col("person") == person).orderBy("brand_id").collect()
    ):
        told += tags_told(
            "brand_relation",
            pair["brand_id"],
            pair.asDict(recursive=True),
            "brand",
            catalogue,
            brand_types,
            counted,
        )
    wanted = [t for t in told if tag is None or t.tag.startswith(tag)]
    newest = _newest(mine, events)
    return Explanation(person, release.release, as_of, tuple(accounts), tuple(wanted), tuple(newest))


def _mine(
    lake: Lake, catalogue: Catalogue, accounts: list[str], zone: str, tables: set[str]
) -> dict[str, tuple[list[Part], DataFrame]]:
    """The event rows of the accounts per stream."""
    found = {}
    for stream, parts in catalogue.streams().items():
        event = parts[0][0].event
        if f"clean/{event.feed}" not in tables:
            continue

        def read(feed: str) -> DataFrame:
            return (
                lake.read_release(f"clean/{feed}")
                if f"clean/{feed}" in tables
                else lake.read(f"clean/{feed}")
            )

        base = read(event.feed)
        if not any(lookup.needs for lookup in event.lookups):
            base = base.where(F.col(event.account).isin(accounts))
        rows = event_rows(event, base, read, zone=zone)
        found[stream] = (
            [p for p, _ in parts],
            rows.where(F.col("account").isin(accounts) & ~F.col("waiting")),
        )
    return found


def _evidence(
    mine: dict[str, tuple[list[Part], DataFrame]], catalogue: Catalogue, accounts: list[str], as_of: date
) -> dict[tuple[str, str], int]:
    """(column, brand or '') → how many events count in its window; one Spark job for all."""
    columns: dict[str, list[tuple[str, Part, int | None]]] = {}
    for measure in catalogue.measures:
        for part in measure.parts:
            columns.setdefault(part.stream, []).extend((measure.column(w), part, w) for w in measure.windows)
    frames = []
    for stream, (_, rows) in mine.items():
        event = columns[stream][0][1].event
        brand = "brand_id" if "brand_id" in rows.columns else None
        brands = F.array(F.lit(""), F.col(brand)) if brand else F.array(F.lit(""))
        if event.key("brand") == "brand_ids":
            brands = F.concat(F.array(F.lit("")), F.coalesce("brand_ids", F.array().cast("array<string>")))
        counts: dict[str, Counted] = {}
        for name, part, window in columns[stream]:
            age = F.date_diff(F.lit(as_of), F.col(part.date))
            inside = F.coalesce(age >= 0, F.lit(True)) if window is None else (age >= 0) & (age < window)
            counts_in = condition(part) & F.coalesce(inside, F.lit(False))
            if part.by_others:
                counts_in &= ~F.coalesce(F.col(str(event.key("account"))).isin(accounts), F.lit(False))
            one = F.when(counts_in, 1).otherwise(0)
            counts[name] = counts[name] + F.sum(one) if name in counts else F.sum(one)
        per = rows.withColumn("_brand", F.explode(F.array_distinct(brands))).where(
            F.col("_brand").isNotNull()
        )
        told = F.to_json(F.struct(*(c.alias(n) for n, c in counts.items())))
        frames.append(per.groupBy("_brand").agg(told.alias("told")))
    found: dict[tuple[str, str], int] = {}
    for row in stacked(frames).collect() if frames else []:
        for name, count in json.loads(row["told"]).items():
            key = (name, row["_brand"])
            found[key] = found.get(key, 0) + int(count)
    return found


def tags_told(
    table: str, brand: str | None, row: dict[str, Any], grain: str, catalogue: Catalogue, types: dict[str, Column],
    counted: dict[tuple[str, str], int],
) -> list[Told]:  # fmt: skip
    """Return what a row of a table tells; `counted` is the evidence by column and brand, or an empty text."""
    at = brand or ""
    told = []
    for measure in catalogue.at(grain):
        for window in measure.windows:
            name = measure.column(window)
            told.append(
                Told(
                    table, brand, name, types[name].title.en, types[name].title.zh, row.get(name), counted.get((name, at), 0),
                    _source(measure), _window(window), measure.definition(),
                )
            )  # fmt: skip
    evidence = {t.tag: t.evidence for t in told}
    for tag in (t for t in catalogue.tags if t.grain == grain):
        counts = [evidence.get(name, 0) for name in inputs(tag, types)]
        behind = (
            max(counts, default=0) if tag.modelled else sum(counts)
        )  # a model reads one history's figures
        evidence[tag.name] = behind
        told.append(
            Told(
                table, brand, tag.name, tag.title.en, tag.title.zh, row.get(tag.name), behind,
                "modelled" if tag.modelled else "derived", "-", tag.definition(),
            )
        )  # fmt: skip
    return told


def inputs(tag: Tag, types: dict[str, Column]) -> set[str]:
    """Return the columns of its own table that a tag reads."""
    import re  # noqa: PLC0415

    if tag.modelled:
        return set(CARDS[tag.model].needs)
    return {w for w in re.findall(r"[a-z_0-9]+", tag.definition()) if w in types}


def _source(measure: Measure) -> str:
    return "declared" if measure.part.event.name.endswith("_account") else "measured"


def _window(window: int | None) -> str:
    return "all time" if window is None else f"{window} days"


def _newest(mine: dict[str, tuple[list[Part], DataFrame]], events: int) -> list[dict[str, Any]]:
    frames = []
    for stream, (parts, rows) in mine.items():
        if "@" in stream:
            continue
        whose = parts[0].event.account  # seen from another's side, it holds the account of who acted
        shown = [c for c in rows.columns if c not in (*HIDDEN, whose) and not c.startswith("_")]
        says = F.to_json(F.struct(*(F.col(c) for c in shown if c != "business_date")))
        newest = rows.orderBy(F.desc_nulls_last("business_date"), F.desc("event_key")).limit(events)
        frames.append(
            newest.select(
                F.lit(stream).alias("event"), F.col("business_date").cast("string"), says.alias("says")
            )
        )
    if not frames:
        return []
    found = [r.asDict() for r in stacked(frames).collect()]
    return sorted(found, key=lambda e: (e["business_date"] or "", e["event"]), reverse=True)
