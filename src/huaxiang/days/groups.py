"""The groups that a portrait is told in, and which of them a measure or a tag belongs to. No Spark here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from huaxiang.contracts.yaml import read_yaml
from huaxiang.days.entry import Entry
from huaxiang.errors import ConfigurationError, did_you_mean
from huaxiang.models.cards import CARDS
from huaxiang.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from huaxiang.contracts.model import Text
    from huaxiang.days.measures import Catalogue
    from huaxiang.days.tags import Tag

FILE = "groups.yaml"
KEYS = ("group", "title", "means")
WHO, OF_LADDERS, REST = "who", "journey", "other"
"""The groups of what people are, of ladders, and of tags that read nothing of any group."""


@dataclass(frozen=True)
class Group:
    """A part of the portrait."""

    name: str
    title: Text
    means: Text


@cache
def load_groups(path: Path | None = None) -> dict[str, Group]:
    """Return the groups by name in the order in which they are told; ConfigurationError lists what is wrong."""
    doc = read_yaml(path or shipped("schemas") / FILE)
    found: dict[str, Group] = {}
    problems = []
    for index, given in enumerate(doc.data or []):
        entry = Entry(doc, (index,), str(given.get("group", "")), given)
        entry.only(KEYS)
        entry.check("group", found)
        problems += entry.problems
        if not entry.problems:
            found[entry.name] = Group(entry.name, entry.words("title"), entry.words("means"))
    if problems:
        raise ConfigurationError(problems)
    return found


def check_group(entry: Entry, groups: Collection[str]) -> None:
    """Refuse a measure or a tag of a group that is not there."""
    group = entry.data.get("group")
    if group is not None and str(group) not in groups:
        entry.refuse("group", f"unknown group `{group}`", hint=did_you_mean(str(group), groups))


def groups_of(catalogue: Catalogue) -> dict[str, str]:
    """Return the group of every measure and tag by its name, that of every column that they give too.

    Their own, where one is said; else a measure has its event's, a ladder `journey`, and another tag that of the first
    column it reads; `other` where that has none.
    """
    found: dict[str, str] = {}
    for measure in catalogue.measures:
        group = measure.group or measure.part.event.group
        found |= dict.fromkeys((measure.name, *(measure.column(w) for w in measure.windows)), group)
    for tag in catalogue.tags:
        found[tag.name] = tag.group or (OF_LADDERS if tag.ladder else _of_what_is_read(tag, found))
    return found


def _of_what_is_read(tag: Tag, known: dict[str, str]) -> str:
    read = list(CARDS[tag.model].needs) if tag.modelled else re.findall(r"\w+", tag.definition())
    return next((known[name] for name in read if name in known), REST)
