"""What a file says of a tag, checked and made a `Tag`; its expression waits for the columns it may name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from huaxiang.days.entry import NAME, NAMED
from huaxiang.days.measures import GRAINS
from huaxiang.days.tags import Ladder, Rank, Rung, Tag
from huaxiang.errors import did_you_mean
from huaxiang.models.cards import CARDS, output_type, outputs

if TYPE_CHECKING:
    from collections.abc import Container

    from huaxiang.contracts.model import Text
    from huaxiang.days.entry import Entry

WAYS = ("derived", "rank", "modelled", "ladder")
KEYS = ("tag", "title", "means", "group", "grain", *WAYS, "unit", "values", "privacy")
RANK_KEYS = ("of", "into", "best", "among")
LADDER_KEYS, STAGE_KEYS = ("version", "stages"), ("stage", "title", "when")


def read_tag(entry: Entry) -> Tag | None:
    """Return the tag, or None when the entry has a problem, found here or before."""
    entry.only(KEYS)
    given = entry.data
    grain = given.get("grain", "person")
    if grain not in GRAINS:
        entry.refuse("grain", f"grain `{grain}`", hint=did_you_mean(str(grain), GRAINS))
    if sum(way in given for way in WAYS) != 1:
        entry.refuse("derived", "a tag needs one of `derived`, `rank`, `modelled` or `ladder`")
    if not isinstance(given.get("derived", ""), str):
        entry.refuse("derived", f"`derived: {given['derived']}`", "an expression", 'derived: "a > 0"')
    rank = _rank(entry, grain)
    _check_model(entry, grain)
    ladder = _ladder(entry)
    values = _values(entry)
    if entry.problems:
        return None
    if rank is not None:
        at = entry.at("rank", "among" if "among" in given["rank"] else "of")
    else:
        at = entry.at(next(way for way in WAYS if way in given))
    return Tag(
        entry.name, grain, entry.words("title"), entry.words("means"), given.get("derived"), rank,
        given.get("modelled"), ladder, given.get("unit"), given.get("privacy", "free"), entry.place("tag"), at,
        given.get("group"), values,
    )  # fmt: skip


def _values(entry: Entry) -> dict[str, Text]:
    """Return what the texts are called that a tag may say; a ladder's are its stages' titles."""
    given = entry.data.get("values")
    if given is None:
        return {}
    if not isinstance(given, dict) or "ladder" in entry.data:
        found = f"`values: {given}`" if not isinstance(given, dict) else "`values` of a ladder"
        entry.refuse("values", found, "{a_value: {en: …, zh: …}, …}; a ladder's stages have titles")
        return {}
    inside = entry.inside("values")
    return {str(value): inside.words(value) for value in given if inside.has_words(value)}


def _ladder(entry: Entry) -> Ladder | None:
    """Return the ladder with its stages, the lowest first; None without one, or when something in it is wrong."""
    inside = entry.map_at("ladder", "{version: 1, stages: [{stage: …, title: …, when: …}, …]}")
    if inside is None:
        return None
    inside.only(LADDER_KEYS, " of ladder")
    version = inside.data.get("version")
    if type(version) is not int or version < 1:
        inside.refuse("version", f"`version: {version}`", "a number from 1, raised whenever a rule changes")
    rungs: dict[str, Rung] = {}
    for number, given in enumerate(inside.list_of("stages", "")):
        rung = _rung(inside, number, given, rungs)
        if rung is not None:
            rungs[rung.stage] = rung
    if len(rungs) < 2 and not entry.problems:
        inside.refuse("stages", "fewer than two stages", "stages from the lowest to the highest")
        return None
    return Ladder(version, tuple(rungs.values())) if type(version) is int else None


def _rung(ladder: Entry, number: int, given: object, before: Container[str]) -> Rung | None:
    """Return one stage of a ladder."""
    if not isinstance(given, dict):
        ladder.refuse(("stages", number), f"`{given}` is no stage", "{stage: …, title: …, when: …}")
        return None
    at = replace(ladder, trail=(*ladder.trail, "stages", number), data=given)
    at.only(STAGE_KEYS, " of a stage")
    stage, when = given.get("stage"), given.get("when")
    if not isinstance(stage, str) or not re.fullmatch(NAME, stage):
        at.refuse("stage", f"stage `{stage}`", NAMED)
    elif stage in before:
        at.refuse("stage", f"stage `{stage}` stands twice", hint="choose another name")
    if not isinstance(when, str) or not when.strip():
        at.refuse("when", f"`when: {when}`", "a condition", 'when: "orders_365d > 0"')
    if not at.has_words("title") or at.problems:
        return None
    return Rung(str(stage), at.words("title"), str(when), at.at("when"))


def _check_model(entry: Entry, grain: object) -> None:
    if "modelled" not in entry.data:
        return
    said = entry.data["modelled"]
    if output_type(str(said)) is None:
        hint = did_you_mean(str(said), outputs())
        entry.refuse("modelled", f"`modelled: {said}`", "<model>.<output>", hint)
        return
    card = CARDS[str(said).partition(".")[0]]
    if grain in GRAINS and grain != card.grain:
        found = f"the model `{card.name}` speaks of another grain than `{grain}`"
        entry.refuse("modelled", found, f"grain: {card.grain}")


def _rank(entry: Entry, grain: object) -> Rank | None:
    inside = entry.map_at("rank", "{of: column, into: 5, best: low|high}")
    if inside is None:
        return None
    inner = inside.data
    inside.only(RANK_KEYS, " of rank")
    if grain != "person":
        entry.refuse("rank", "a rank per brand", "grain: person")
    best, into = inner.get("best"), inner.get("into")
    if best not in ("low", "high") or not (type(into) is int and 2 <= into <= 1000):
        entry.refuse("rank", f"rank {inner}", "{of: column, into: 5, best: low|high, among: condition}")
        return None
    return Rank(str(inner.get("of")), into, best, str(inner.get("among", "true")))
