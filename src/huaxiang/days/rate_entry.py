"""What a file says of a rate, checked and made a `Rate`: which measure per which, and by which keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from huaxiang.days.events import KEY_KINDS
from huaxiang.days.measures import Rate
from huaxiang.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.days.entry import Entry
    from huaxiang.days.measures import Measure

KEYS = ("rate", "title", "means", "of", "per", "by")
ADDED_UP = ("count", "sum")
NO_REPORT = ("account",)
"""Key kinds that name people."""


def read_rate(entry: Entry, measures: Mapping[str, Measure]) -> Rate | None:
    """Return the rate, or None when the entry has a problem, found here or before."""
    entry.only(KEYS)
    of, per = (_measure(entry, key, measures) for key in ("of", "per"))
    by = tuple(entry.list_of("by", "brand"))
    known = tuple(kind for kind in KEY_KINDS if kind not in NO_REPORT)
    for number, kind in enumerate(by):
        if kind not in known:
            entry.refuse(("by", number), f"`by: {kind}`", hint=did_you_mean(str(kind), known))
            continue
        for measure in (of, per):
            if measure and measure.part.event.key(kind) is None:
                found = f"`{measure.name}` is of `{measure.part.event.name}`, which has no key `{kind}`"
                entry.refuse(("by", number), found, " or ".join(dict(measure.part.event.keys)))
    if of is None or per is None or entry.problems:
        return None
    return Rate(entry.name, entry.words("title"), entry.words("means"), of, per, by, entry.place("rate"))


def _measure(entry: Entry, key: str, measures: Mapping[str, Measure]) -> Measure | None:
    """Return the measure that `of` or `per` names, one of whole numbers that only add up."""
    named = str(entry.data.get(key))
    measure = measures.get(named)
    if measure is None:
        entry.refuse(key, f"unknown measure `{named}`", hint=did_you_mean(named, measures))
        return None
    part = measure.part
    if part.way not in ADDED_UP or part.type != "bigint" or measure.less:
        found, expected = f"`{named}` is {measure.definition()}", "a count, or a sum of whole numbers"
        entry.refuse(key, found, f"{expected}, without `less`")
        return None
    if part.by_others:
        entry.refuse(key, f"`{named}` counts what others do alone", "a measure that counts everybody's")
        return None
    return measure
