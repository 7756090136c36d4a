"""All that a release says of a few persons, with why: what a page of one person shows, gathered in one pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.days.cells import widened
from huaxiang.explain.released import rows_released
from huaxiang.explain.told import explained, looked_up, told_otherwise, unknown_of
from huaxiang.insight.journeys import journeys
from huaxiang.insight.premium import branded
from huaxiang.insight.touches import AFTER, COMPLAINED, RECOMMENDED, TALK
from huaxiang.named import NAMED, name_in
from huaxiang.portrait.fold import KEY_SEPARATOR
from huaxiang.settled import settled_money
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.book import Book
    from huaxiang.contracts.model import Text
    from huaxiang.explain.evidence import Event
    from huaxiang.explain.told import Explanation, LookedUp, Row
    from huaxiang.tables.lake import Lake

SHOWN = 5
"""Events that stand behind a tag at most."""
CALLED = ("brand", "category")
"""Feeds whose names a person's page shows."""


@dataclass(frozen=True)
class Purchase:
    """A brand bought on a day: kinds of touch before it with how often and since when, and the talk after it.

    `talk` is recommended, complained, mixed, silent, open while its days last, or unknown; `untold` are the kinds of
    touch of which no feed tells.
    """

    brand_id: str
    day: date
    touches: Mapping[str, tuple[int, date]]
    untold: tuple[str, ...]
    talk: str
    talked_on: date | None = None


@dataclass(frozen=True)
class Portrayed:
    """One person: tags with evidence, the events `behind` them by `Part.counted_as` and brand, and why some are unknown.

    `unknown` is by brand (an empty text for none) and column, and so is `otherwise`: what the release tells by another
    definition than the configuration's, or by a model that was not fitted. `stages`, `segments` and `gifts` are rows
    of these tables; `given` of a gift says whether the person gave it. `names` are what brands and categories are
    called, `money` the lake's currency and its digits.
    """

    told: Explanation
    behind: Mapping[tuple[str, str], Sequence[Event]] = field(default_factory=dict)
    unknown: Mapping[tuple[str, str], Text] = field(default_factory=dict)
    otherwise: Mapping[tuple[str, str], Text] = field(default_factory=dict)
    months: Mapping[tuple[str, date], int] = field(default_factory=dict)
    stages: Sequence[Row] = ()
    segments: Sequence[Row] = ()
    gifts: Sequence[Row] = ()
    purchases: Sequence[Purchase] = ()
    names: Mapping[str, Text] = field(default_factory=dict)
    money: tuple[str, int] | None = None


def portrayed(lake: Lake, book: Book, persons: Sequence[str]) -> list[Portrayed]:
    """Return what the newest published release says of each of the persons; ConfigurationError names whom it doesn't know."""
    found = looked_up(lake, book, persons, newest=SHOWN)
    rows = partial(rows_released, lake, book.catalogue, release=found.release)
    jobs: dict[str, Any] = {
        "purchases": partial(_purchases, lake, book, found),
        "segments": partial(rows, "segment_membership", of=persons),
        "given": partial(rows, "gift", of=persons),
        "received": partial(rows, "gift", of=persons, by="receiver"),
        **{feed: partial(rows, f"clean/{feed}") for feed in CALLED},
    }
    held = dict(zip(jobs, together(jobs.values()), strict=True))
    names = {str(row[NAMED[feed]]): name_in(row, feed) for feed in CALLED for row in held[feed]}
    money = settled_money(lake.storage, book.config)
    return [_one(book, found, person, held, names, money) for person in persons]


def _one(
    book: Book,
    found: LookedUp,
    person: str,
    held: Mapping[str, Any],
    names: Mapping[str, Text],
    money: tuple[str, int],
) -> Portrayed:
    gifts = [
        {key: gift[key] for key in ("given_on", "brand_id", "spend_minor", "is_sent", "is_wrapped")}
        | {"given": side == "given"}
        for side in ("given", "received")
        for gift in held[side]
        if gift["person" if side == "given" else "receiver"] == person
    ]  # the other one's id stays away from this person's page
    mine = {
        name: [r for r in rows if r["person"] == person]
        for name, rows in (("stages", found.stages), ("segments", held["segments"]))
    }
    return Portrayed(
        explained(found, book, person),
        {at[1:]: events for at, events in found.evidence.newest.items() if at[0] == person},
        unknown_of(found, book, person),
        told_otherwise(found, book, person),
        _by_month(found, book, person),
        sorted(mine["stages"], key=lambda row: (row["ladder"], row["brand_id"] or "")),
        sorted(mine["segments"], key=lambda row: (row["segment"], row["brand_id"] or "")),
        sorted(gifts, key=lambda row: (str(row["given_on"]), str(row["brand_id"])), reverse=True),
        held["purchases"].get(person, []),
        names,
        money,
    )


def _by_month(found: LookedUp, book: Book, person: str) -> dict[tuple[str, date], int]:
    """Return the person's dated events by their kind and the first day of the month."""
    counted: Counter[tuple[str, date]] = Counter()
    for event in book.catalogue.events:
        for day, number in found.evidence.days.get((person, event, ""), {}).items():
            if day is not None:
                counted[event, day.replace(day=1)] += number
    return dict(counted)


def _purchases(lake: Lake, book: Book, found: LookedUp) -> dict[str, list[Purchase]]:
    """Return by person the purchases of the twelve months up to the night, newest first."""
    release, as_of = found.release, found.as_of
    accounts = [account for theirs in found.accounts.values() for account in theirs]
    persons = lake.held("person_account", release).where(F.col("account").isin(*accounts))
    cells = widened(lake.held("day_row", release), book.catalogue.cell_columns(), "release")
    mine = cells.where(
        F.col("account").isin(*accounts)
        | ((F.col("key_kind") == "brand_account") & F.split("key", KEY_SEPARATOR)[1].isin(*accounts))
    )

    def read(table: str) -> DataFrame:
        rows = lake.held(table, release)
        return rows.where(F.col("account").isin(*accounts)) if "account" in rows.columns else rows

    made, touches, talk = journeys(
        mine,
        persons,
        book.catalogue.by_name,
        found.coverage,
        read,
        branded(read("clean/product"), as_of=as_of),
        as_of=as_of,
    )
    flags = {f"_of_{kind}": known for kind, known in (touches | talk).items()}
    bought: dict[str, list[Purchase]] = {}
    for row in sorted(
        (r.asDict() for r in made.withColumns(flags).collect()),
        key=lambda r: (r["day"], r["brand_id"]),
        reverse=True,
    ):
        told = [kind for kind in touches if row[f"_of_{kind}"]]
        met = {k: (row[f"times_{k}"], row[f"first_{k}"]) for k in touches if row.get(f"times_{k}")}
        said = {kind: row.get(f"{kind}_on") for kind in TALK if kind in talk and row[f"_of_{kind}"]}
        bought.setdefault(row["person"], []).append(
            Purchase(
                row["brand_id"],
                row["day"],
                met,
                tuple(kind for kind in touches if kind not in told),
                *_talk(row["day"], said, as_of, is_known=all(row[f"_of_{kind}"] for kind in talk)),
            )
        )
    return bought


def _talk(
    day: date, said: Mapping[str, date | None], as_of: date, *, is_known: bool
) -> tuple[str, date | None]:
    """Return what was said after a purchase, and when first; as `talk_after.talks_after` counts it.

    `is_known`: all feeds of talk that came tell of the buyer. What has been said already is told while the days are
    open, though they are judged by when they are over.
    """
    is_open = day + timedelta(days=AFTER - 1) > as_of
    if not is_known and not is_open:
        return "unknown", None
    days = {kind: on for kind, on in said.items() if on and on < day + timedelta(days=AFTER)}
    first = min(days.values(), default=None)
    if len(days) == len(TALK):
        return "mixed", first
    if days:
        return next(iter(days)), first
    if is_open:
        return "open", None
    return ("silent" if {RECOMMENDED, COMPLAINED} <= set(said) else "unknown"), None
