"""The page of one person: who they are in a few sentences, every tag with its why, in a file for its owner's eyes."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.model import Text
from huaxiang.days.groups import groups_of, load_groups
from huaxiang.days.vocabulary import vocabularies
from huaxiang.insight.touches import AFTER, LOOKBACK
from huaxiang.masked import account_said
from huaxiang.pages.events_said import EventWords
from huaxiang.pages.facts import KNOWN, UNKNOWN, ZERO, Facts, anchor
from huaxiang.pages.lede import lede
from huaxiang.pages.timeline import months_between, timeline
from huaxiang.pages.values import Manner
from huaxiang.pages.words import NOTHING, SOURCES, TALKS, TOUCHED, day
from huaxiang.pages.writing import PLOTLY, environment, put_plotly
from huaxiang.whole import PRIVATE, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from huaxiang.book import Book
    from huaxiang.explain.person import Portrayed, Purchase
    from huaxiang.pages.facts import Fact

PEOPLE = "people"
"""The folder below a lake's pages in which those of persons lie until its next night."""
FIGURES = (
    "experience", "satisfaction_365d", "expected_value_12m", "spend_365d", "orders_365d", "brought_orders_365d",
)  # fmt: skip
"""What stands in large type."""
ESTIMATED = ("expected_value_12m",)
"""Figures that stand in large type only where a fit gives them an interval."""
OF_PAIRS = ("relation", "journey", "experience")
"""Groups whose labels and scales of 0 to 1 the table of brands shows."""
BRANDS, PURCHASES, GIFTS = 8, 15, 15
"""How many brands are told tag by tag, and how many purchases and gifts are listed, at most."""


def write_person_page(person: Portrayed, book: Book, out: Path, *, scripts: Path | None = None) -> Path:
    """Write `out`/<person>.html and return it: for its owner's eyes only (0600), in a folder made so (0700).

    `scripts` is the folder that holds Plotly's script for many pages, `out` without one.
    """
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    put_plotly(scripts or out)
    plotly = os.path.relpath((scripts or out) / PLOTLY, out)
    page = environment().get_template("person.html.j2")
    text = page.render(person_view(person, book), plotly=plotly.replace(os.sep, "/"))
    return write_whole(out / f"{person.told.person}.html", text, mode=PRIVATE)


def take_away(pages: Path) -> str | None:
    """Delete the pages of single persons that lie below a lake's pages; returns what to say where that fails."""
    try:
        if (pages / PEOPLE).is_dir():
            shutil.rmtree(pages / PEOPLE)
    except OSError as cause:  # such as those that another user made
        return f"pages of single persons are still there ({cause.strerror or cause}): delete {pages / PEOPLE}"
    return None


def person_view(person: Portrayed, book: Book) -> dict[str, Any]:
    """Return the template's variables."""
    told, catalogue = person.told, book.catalogue
    money = person.money or (book.config.currency, book.config.digits)
    manner = Manner(*money, person.names)
    words = EventWords(catalogue, book.contracts, manner)
    facts = Facts(person, catalogue, vocabularies(catalogue), groups_of(catalogue), manner, words)
    mine = facts.of()
    values = {one.tag: one.value for one in told.tags if one.brand_id is None}
    brands = _brands(person, facts)
    segments = {s.name: s.title for s in book.segments}
    told_apart = [fact for b in brands["detailed"] for g in b["groups"] for fact in g["known"]]
    return {
        "present": {place for fact in (*mine, *told_apart) for place in (fact["id"], *fact["anchors"])},
        "person": told.person,
        "release": told.release,
        "as_of": told.as_of,
        "accounts": [account_said(account) for account in told.accounts],
        "lede": lede(values, facts.mentioned, lambda c: anchor(None, c)),
        "figures": _figures(mine),
        "groups": _grouped(mine),
        "unknown": [fact for fact in mine if fact["state"] == UNKNOWN],
        "facts": len(mine),
        "tags": len([one for one in told.tags if one.brand_id is None]),
        "brands": brands,
        "brands_more": max(0, len({t.brand_id for t in told.tags if t.brand_id}) - len(brands["detailed"])),
        "purchases": [_purchase(p, manner) for p in person.purchases[:PURCHASES]],
        "purchases_more": max(0, len(person.purchases) - PURCHASES),
        "before": LOOKBACK,
        "after": AFTER,
        "gifts": [
            {
                "on": day(g["given_on"]),
                "brand": manner.said(g["brand_id"]) if g["brand_id"] else Text(NOTHING, NOTHING),
                "spend": manner.said(g["spend_minor"], "minor currency unit") if g["given"] else None,
                "given": g["given"],
                "is_sent": g["is_sent"],
                "is_wrapped": g["is_wrapped"],
            }
            for g in person.gifts[:GIFTS]
        ],
        "gifts_more": max(0, len(person.gifts) - GIFTS),
        "segments": [
            {
                "title": segments.get(s["segment"], Text(s["segment"], s["segment"])),
                "brand": manner.said(s["brand_id"]) if s["brand_id"] else None,
                "since": s["since"],
            }
            for s in person.segments
        ],
        "sources": SOURCES,
        **_timeline(person, facts),
    }  # fmt: skip


def _figures(facts: list[Fact]) -> list[dict[str, Any]]:
    """Return what stands in large type: the value of one column of a fact."""
    shown = {w["column"]: (fact, w) for fact in facts for w in fact["windows"]}
    found = [shown[name] for name in FIGURES if name in shown]
    found = [one for one in found if one[0]["name"] not in ESTIMATED or one[0]["interval"]]
    return [{"fact": fact, "window": window} for fact, window in found]


def _grouped(facts: list[Fact]) -> list[dict[str, Any]]:
    """Return the groups in their order, with what is known and what is nothing but 0; empty ones are left out."""
    told = []
    for group in load_groups().values():
        mine = [fact for fact in facts if fact["group"] == group.name]
        mine.sort(key=lambda fact: fact["is_raw"])
        known = [fact for fact in mine if fact["state"] == KNOWN]
        zero = [fact for fact in mine if fact["state"] == ZERO]
        if known or zero:
            told.append({"group": group, "known": known, "zero": zero})
    return told


def _brands(person: Portrayed, facts: Facts) -> dict[str, Any]:
    """Return the table of all brands, the one with the most events behind it first, and the first few tag by tag."""
    counted: dict[str, int] = {}
    for one in person.told.tags:
        if one.brand_id:
            counted[one.brand_id] = counted.get(one.brand_id, 0) + one.evidence
    ordered = sorted(counted, key=lambda brand: (-counted[brand], brand))
    tags = [t for t in facts.catalogue.tags if t.grain == "brand" and facts.groups[t.name] in OF_PAIRS]
    shown = [t for t in tags if t.ladder or facts.groups[t.name] == OF_PAIRS[0]]
    return {
        "columns": [{"title": tag.title, "is_ladder": tag.ladder is not None} for tag in shown],
        "rows": [
            {
                "brand": brand,
                "title": facts.manner.said(brand),
                "is_detailed": place < BRANDS,
                "cells": [
                    {
                        "value": facts.said(brand, tag.name) if known is not None else None,
                        "strength": known if isinstance(known, float) else None,
                        "since": facts.since(tag, brand),
                        "is_ladder": tag.ladder is not None,
                    }
                    for tag in shown
                    for known in (facts.told[brand, tag.name].value,)
                ],
            }
            for place, brand in enumerate(ordered)
        ],
        "detailed": [
            {"brand": brand, "title": facts.manner.said(brand), "groups": _grouped(facts.of(brand))}
            for brand in ordered[:BRANDS]
        ],
    }


def _purchase(bought: Purchase, manner: Manner) -> dict[str, Any]:
    return {
        "on": day(bought.day),
        "brand": manner.said(bought.brand_id),
        "touches": [
            {"title": TOUCHED[kind], "times": times, "first": day(first)}
            for kind, (times, first) in bought.touches.items()
        ],
        "untold": [TOUCHED[kind] for kind in bought.untold],
        "talk": TALKS[bought.talk],
        "mood": bought.talk,
        "talked_on": day(bought.talked_on) if bought.talked_on else None,
    }


def _timeline(person: Portrayed, facts: Facts) -> dict[str, Any]:
    """Return the events by month and group: as a chart and as the rows of its table."""
    of_group: dict[str, dict[Any, int]] = {}
    for (event, month), number in person.months.items():
        held = of_group.setdefault(facts.catalogue.events[event].group, {})
        held[month] = held.get(month, 0) + number
    groups = {name: group for name, group in load_groups().items() if name in of_group}
    rows = {group.title: of_group[name] for name, group in groups.items() if name != "who"}
    dated = [month for held in rows.values() for month in held]
    months = months_between(min(dated), person.told.as_of) if dated else []
    drawn = timeline(rows, months[-LONGEST:], Text("events", "事件数"))
    return {
        "charts": {"months": drawn},
        "months": [f"{month:%Y-%m}" for month in months[-LONGEST:]],
        "by_month": [
            {"title": title, "counts": [held.get(month, 0) for month in months[-LONGEST:]]}
            for title, held in rows.items()
        ],
        "events": sum(held.get(month, 0) for held in rows.values() for month in months[-LONGEST:]),
    }


LONGEST = 24
"""Months that are drawn."""
