"""What was said of a person from what was known on an earlier day: one person folded again, not a copy a night.

Events that came later, and what a later night learned of who is who, don't count. Where a column can't be folded of
one person as it was then, the tables of that release tell it, if they can still be read; else it is unknown.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.days.cells import said_by, widened
from huaxiang.days.definitions import TABLES, meanings, standing
from huaxiang.days.untold import told_of
from huaxiang.days.vocabulary import BRAND_RELATION, PORTRAIT, vocabularies
from huaxiang.errors import ConfigurationError, Problem
from huaxiang.explain.refold import KEYS, Row, Sight, day_rows_behind, refolded, untold_columns
from huaxiang.explain.released import rows_released
from huaxiang.explain.told import Explanation, ToldTag, tags_told, with_since, with_tags_counted
from huaxiang.explain.traced import Traced, traced
from huaxiang.explain.unknown import meant_otherwise
from huaxiang.failure import SPARK_FAILURES, is_missing_file
from huaxiang.portrait.coverage import covers_by_feed, unknown_by_feed
from huaxiang.settled import settled_zone
from huaxiang.summary import FILE as SUMMARY
from huaxiang.tables.known import GONE, known_then
from huaxiang.tables.release import known_on

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.book import Book
    from huaxiang.days.definitions import Named
    from huaxiang.days.measures import Catalogue, Measure
    from huaxiang.explain.told import Counted
    from huaxiang.tables.lake import Lake
    from huaxiang.tables.release import Release

COUNTED = "day rows"
Reasons = dict[str, dict[str, str]]
"""By table and column: why it can't be folded of one person as it was then."""


@dataclass(frozen=True)
class Then:
    """A release that told what was known, the newest one, and what was defined in the former."""

    lake: Lake
    catalogue: Catalogue
    zone: str
    release: Release
    newest: Release
    defined: Mapping[Named, Mapping[str, Any]]

    def persons(self) -> DataFrame:
        """Return whose accounts were, as `person_account`, without what links them."""
        now, past = (self.lake.held(name, self.newest) for name in ("person_account", "person_account_past"))
        known = now.drop("linked_by")
        return known_then(known, past, self.release.release, since="since_release")

    def day_rows(self, accounts: Collection[str], release: Release) -> DataFrame:
        """Return what the day rows of some accounts were in a release, worked out."""
        wide = self.catalogue.cell_columns()
        of_accounts = F.col("account").isin(*accounts)
        now, past = (self.lake.held(n, self.newest).where(of_accounts) for n in ("day_row", "day_row_past"))
        then = known_then(
            widened(now, wide, "release"), widened(past, wide, "release", "known_to"), release.release
        )
        return told_of(then.localCheckpoint(), self.catalogue)


def explanation_then(
    lake: Lake, book: Book, person: str, day: date, *, tag: str | None, compare: bool = False
) -> Explanation:
    """Return what the last night not after `day` said of a person, who may be one of then or of now.

    With `compare` each tag also tells what is known now of the same date, and why that is another value.
    ConfigurationError for a day before the first night, and for a person whom nobody knew then.
    """
    release, newest = known_on(lake.releases(), day), lake.release()
    rows = [row.asDict() for row in lake.held("measure_definition", newest).collect()]
    then = Then(
        lake,
        book.catalogue,
        settled_zone(lake.storage, book.config),
        release,
        newest,
        standing(rows, release.release),
    )
    found = traced(then.persons(), lake.held("person_account", newest), person, release)
    why = unfolded(book.catalogue, then.defined, standing(rows), release)
    given, tables = _given(then, found.person, why)
    sight = _sight(then, release, found.accounts, then.persons(), why, given)
    told = refolded(sight, book.catalogue, found.person)
    behind = day_rows_behind(sight.day_rows, book.catalogue, as_of=release.as_of)
    counted = with_tags_counted(behind, book.catalogue)
    listed = _listed(then, told, counted, why, sight, tables)
    listed = with_since(listed, _rows_of(then, "stage", release, found.person) or ())
    notes = list(found.notes)
    if PORTRAIT not in tables:
        notes.append(
            f"The tables of release {release.release} are gone: only what can be folded again is told."
        )
    if compare:
        listed = _compared(then, found, sight, listed, standing(rows))
    wanted = tuple(one for one in listed if tag is None or one.tag.startswith(tag))
    return Explanation(
        found.person,
        release.release,
        release.as_of,
        found.accounts,
        wanted,
        counted=COUNTED,
        notes=tuple(notes),
        known_at=release.published_at,
    )


def unfolded(
    catalogue: Catalogue,
    then: Mapping[Named, Mapping[str, Any]],
    now: Mapping[Named, Mapping[str, Any]],
    release: Release,
) -> Reasons:
    """Return which columns of a catalogue can't be folded of one person as a release defined them, and why."""
    found: Reasons = {table: {} for table in TABLES.values()}
    for (table, name), meaning in meanings(catalogue).items():
        if table not in found:
            continue
        held = then.get((table, name))
        if held is None:
            since = (
                f"since release {now[table, name]['release']}"
                if (table, name) in now
                else "in no release yet"
            )
            found[table][name] = f"it is defined {since}, and was not in release {release.release}"
        elif held["definition"] != meaning.definition:
            found[table][name] = f"it was defined otherwise then: {meant_otherwise(held, meaning).en}"
    for tag in catalogue.tags:
        if tag.modelled:
            found[TABLES[tag.grain]].setdefault(
                tag.name, f"the model `{tag.model}` speaks of everybody together"
            )
        elif tag.rank:
            found[TABLES[tag.grain]].setdefault(tag.name, "it ranks a person among everybody")
    return found


def _sight(
    then: Then, known: Release, accounts: Collection[str], persons: DataFrame, why: Reasons,
    given: Mapping[str, Sequence[Row]],
) -> Sight:  # fmt: skip
    """What a release knew of accounts as of the date of `then`."""
    coverage = _coverage(then, known)
    return Sight(
        then.day_rows(accounts, known), persons, covers_by_feed(coverage), unknown_by_feed(coverage),
        then.release.as_of, then.zone, why, given,
    )  # fmt: skip


def _coverage(then: Then, release: Release) -> list[dict[str, Any]]:
    """Return what feeds covered in a release: from its table, else from what the night's summary kept."""
    rows = _rows_of(then, "coverage", release)
    if rows is not None:
        return rows
    text = then.lake.storage.read_text(f"runs/{release.as_of}-r{release.release}/{SUMMARY}")
    if text is None:
        found = f"neither the table of release {release.release} nor the summary of its night is there"
        raise ConfigurationError(
            Problem("coverage", found, "one of them", "unknown and 0 can't be told apart")
        )
    kept: list[dict[str, Any]] = json.loads(text)["coverage"]
    return kept


def _rows_of(then: Then, name: str, release: Release, person: str | None = None) -> list[Row] | None:
    """Return the rows of a table of a release, of one person; None where its files are there no more."""
    try:
        return rows_released(then.lake, then.catalogue, name, release, None if person is None else [person])
    except GONE:
        return None
    except SPARK_FAILURES as cause:
        if not is_missing_file(cause):
            raise
        return None


def _given(then: Then, person: str, why: Reasons) -> tuple[dict[str, list[Row]], dict[str, list[Row]]]:
    """Return what the release itself told: of the columns in `why` that are of the same type now, and all of it."""
    types = dict(zip((PORTRAIT, BRAND_RELATION), vocabularies(then.catalogue), strict=True))
    given, whole = {}, {}
    for table, key in KEYS.items():
        rows = _rows_of(then, table, then.release, person)
        if rows is None:
            continue
        whole[table] = rows
        stored = dict(then.lake.held(table, then.release).dtypes)
        same = [name for name in why[table] if stored.get(name) == types[table][name].type]
        given[table] = [{name: row[name] for name in (*key, *same)} for row in rows]
    return given, whole


def _listed(
    then: Then, told: Mapping[str | None, Row], counted: Counted, why: Reasons, sight: Sight,
    tables: Mapping[str, list[Row]],
) -> list[ToldTag]:  # fmt: skip
    """Return all tags in the order of the catalogue, then those that are defined no more; portrait first."""
    types = vocabularies(then.catalogue)
    untold = untold_columns(sight, then.catalogue)
    listed: list[ToldTag] = []
    released = {row.get("brand_id"): row for rows in tables.values() for row in rows}
    for brand in [None, *sorted({b for b in (*told, *released) if b})]:
        table = PORTRAIT if brand is None else BRAND_RELATION
        grain, known = ("person", types[0]) if brand is None else ("brand", types[1])
        row = told.get(brand)
        said = tags_told(table, brand, row or {}, grain, then.catalogue, known, counted, as_of=sight.as_of)
        listed += [
            _with_source(one, then, why[table], untold[table], released.get(brand), is_folded=row is not None)
            for one in said
        ]
        listed += _gone(then, table, brand, released.get(brand), known)
    return listed


def _with_source(
    one: ToldTag,
    then: Then,
    why: Mapping[str, str],
    untold: Mapping[str, str],
    released: Row | None,
    *,
    is_folded: bool,
) -> ToldTag:
    """Return a tag with where it comes from, when it is not folded again, and why."""
    reason = why.get(one.tag) if is_folded else "only the brand's own list told of the person"
    if reason is None and one.tag in untold:
        reason = f"it reads `{untold[one.tag]}`, of which nothing is left"
        return replace(one.valued({}), why=reason)
    if reason is None:
        return one
    held = then.defined.get((one.table, one.tag))
    definition = str(held["says"]) if held else one.definition
    if released is None or one.tag not in released or held is None:
        return replace(one.valued({}), definition=definition, source="none", why=reason)
    return replace(one.valued(released), definition=definition, source="released", why=reason)


def _gone(
    then: Then, table: str, brand: str | None, released: Row | None, known: Collection[str]
) -> list[ToldTag]:
    """Return what was told then of columns that are defined no more."""
    names = [name for of, name in then.defined if of == table and name not in known]
    return [
        ToldTag(
            table, brand, name, name, name, None, 0, "released" if released else "none", "-",
            str(then.defined[table, name]["says"]), why="it is defined no more",
        ).valued(released or {})
        for name in sorted(names)
    ]  # fmt: skip


def _compared(
    then: Then, found: Traced, sight: Sight, listed: Sequence[ToldTag], now: Mapping[Named, Mapping[str, Any]]
) -> list[ToldTag]:
    """Return the tags with what is known now of the same date, where both can be folded, and why it differs."""
    catalogue, newest = then.catalogue, then.newest
    why = unfolded(catalogue, now, now, newest)
    persons = then.lake.held("person_account", newest).drop("linked_by")
    late = _sight(then, newest, found.accounts_now, persons, why, {})
    told = refolded(late, catalogue, found.person_now)
    moved = _moved(sight.day_rows, late.day_rows, then.release.as_of)
    changed = set(found.accounts) ^ set(found.accounts_now)
    measures = {m.column(w): m for m in catalogue.measures for w in m.windows}
    tags = {tag.name: tag for tag in catalogue.tags}
    compared = []
    for one in listed:
        row = told.get(one.brand_id, {})
        if one.why or one.tag not in row or row[one.tag] == one.value:
            compared.append(one if one.why or one.tag not in row else replace(one, now=row[one.tag]))
            continue
        measure = measures.get(one.tag)
        if measure is not None:
            reasons = _reasons(measure, moved, len(changed))
        else:
            reasons = (f"follows from {', '.join(sorted(tags[one.tag].reads)) or 'other tables'}",)
        compared.append(replace(one, now=row[one.tag], differs=reasons))
    return [*compared, *learnt_later(told, {one.brand_id for one in listed}, catalogue, as_of=sight.as_of)]


def learnt_later(
    told: Mapping[str | None, Mapping[str, Any]],
    known: Collection[str | None],
    catalogue: Catalogue,
    *,
    as_of: date,
) -> list[ToldTag]:
    """Return what is told now of brands that were not among the `known` then: where something happened."""
    _, types = vocabularies(catalogue)
    why, differs = "nothing was known of the person and the brand", ("of the brand something came since",)
    return [
        replace(one, now=told[brand][one.tag], why=why, differs=differs)
        for brand in sorted(brand for brand in told if brand and brand not in known)
        for one in tags_told(BRAND_RELATION, brand, {}, "brand", catalogue, types, {}, as_of=as_of)
        if told[brand].get(one.tag)
    ]


def _reasons(measure: Measure, moved: Mapping[str, int], accounts: int) -> tuple[str, ...]:
    late = [
        f"day rows of {stream} that came or changed since, several an event: {moved[stream]}"
        for stream in dict.fromkeys(part.stream for part in measure.parts)
        if moved.get(stream)
    ]
    joined = [f"accounts that joined or left the person since: {accounts}"] if accounts else []
    return (*late, *joined) or ("whose other accounts are, or what feeds cover, is known better since",)


def _moved(then: DataFrame, now: DataFrame, as_of: date) -> dict[str, int]:
    """Return by stream how many day rows up to a date are in one of both only."""
    sides = [
        rows.where(F.coalesce(F.col("business_date") <= F.lit(as_of), F.lit(True))) for rows in (then, now)
    ]
    marked = [
        side.select("stream", said_by(then).alias("_content"), F.lit(sign).alias("_sign"))
        for side, sign in zip(sides, (1, -1), strict=True)
    ]
    apart = marked[0].unionByName(marked[1]).groupBy("stream", "_content").agg(F.sum("_sign").alias("_sum"))
    counts = apart.where(F.col("_sum") != 0).groupBy("stream").agg(F.count(F.lit(1)).alias("rows"))
    return {row["stream"]: row["rows"] for row in counts.collect()}
