"""What a file says of a tag, checked and made a `Tag`; its expression waits for the columns it may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from huaxiang.days.measures import GRAINS, Rank, Tag
from huaxiang.errors import did_you_mean
from huaxiang.models.cards import output_type, outputs

if TYPE_CHECKING:
    from huaxiang.days.entry import Entry

KEYS = ("tag", "title", "means", "grain", "derived", "rank", "modelled", "unit", "privacy")
WAYS = ("derived", "rank", "modelled")
RANK_KEYS = ("of", "into", "best", "among")


def read_tag(entry: Entry) -> Tag | None:
    """Return the tag, or None when the entry has a problem, found here or before."""
    entry.only(KEYS)
    given = entry.data
    grain = given.get("grain", "person")
    if grain not in GRAINS:
        entry.refuse("grain", f"grain `{grain}`", hint=did_you_mean(str(grain), GRAINS))
    if sum(way in given for way in WAYS) != 1:
        entry.refuse("derived", "a tag needs one of `derived`, `rank` or `modelled`")
    if not isinstance(given.get("derived", ""), str):
        entry.refuse("derived", f"`derived: {given['derived']}`", "an expression", 'derived: "a > 0"')
    rank = _rank(entry, grain)
    _check_model(entry, grain)
    if entry.problems:
        return None
    if rank is not None:
        at = entry.at("rank", "among" if "among" in given["rank"] else "of")
    else:
        at = entry.at("modelled" if "modelled" in given else "derived")
    return Tag(
        entry.name, grain, entry.words("title"), entry.words("means"), given.get("derived"), rank,
        given.get("modelled"),        given.get("unit"), given.get("privacy", "free"), entry.place("tag"), at,
    )  # fmt: skip


def _check_model(entry: Entry, grain: object) -> None:
    said = entry.data.get("modelled")
    if said is None:
        return
    if grain != "person":
        entry.refuse("modelled", "a model of a pair", "grain: person")
    if output_type(str(said)) is None:
        hint = did_you_mean(str(said), outputs())
        entry.refuse("modelled", f"`modelled: {said}`", "<model>.<output>", hint)


def _rank(entry: Entry, grain: object) -> Rank | None:
    inner = entry.data.get("rank")
    if inner is not None and not isinstance(inner, dict):
        entry.refuse("rank", f"`rank: {inner}`", "{of: column, into: 5, best: low|high}")
    if not inner or not isinstance(inner, dict):
        return None
    entry.inside("rank").only(RANK_KEYS, " of rank")
    if grain != "person":
        entry.refuse("rank", "a rank per brand", "grain: person")
    best, into = inner.get("best"), inner.get("into")
    if best not in ("low", "high") or not (type(into) is int and 2 <= into <= 1000):
        entry.refuse("rank", f"rank {inner}", "{of: column, into: 5, best: low|high, among: condition}")
        return None
    return Rank(str(inner.get("of")), into, best, str(inner.get("among", "true")))
