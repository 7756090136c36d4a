"""Which events there are: a clean feed seen as something an account did on a date, with what it looks up.

Read from `schemas/events.yaml`; no Spark here. `days.rows` turns a declaration into rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.clean import clean_contract
from huaxiang.contracts.model import Text
from huaxiang.contracts.yaml import read_yaml
from huaxiang.errors import ConfigurationError, Problem, did_you_mean
from huaxiang.expressions import NameInfo, compile_expression
from huaxiang.models.scorer import LEXICON
from huaxiang.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from huaxiang.contracts.model import Contract
    from huaxiang.models.scorer import Scorer

KEY_KINDS = (
    "account", "brand", "category", "product", "size", "fit", "topic", "aspect", "hour", "weekday", "courier", "tier", "campaign",
    "scene", "brand_account",
)  # fmt: skip
OWN_DATE = "business_date"
_EVENT_KEYS = ("world", "group", "feed", "title", "account", "lookups", "opinion_of", "keys", "dates")
_OPINION = {
    "sentiment": NameInfo("int", "What the text feels, from -100 to 100"),
    "aspects": NameInfo("array<string>", "What the text speaks of"),
}
OPINION = frozenset(_OPINION)
"""Names that an event with a text has: what it feels, and what it speaks of."""
_LOOKUP_KEYS = ("feed", "on", "take", "gather", "as_at", "dated_by", "needs")


@dataclass(frozen=True)
class Lookup:
    """Columns taken from another clean feed.

    `on` maps that feed's columns to this event's, `take` names for this event to that feed's columns;
    `gather` too, but of every row found: a list of distinct values, without nulls, in ascending order.
    `each` is the column of `on` that holds a list: every one of its values is looked up.
    `is_whole_key`: at most one row of the other feed can be found for a value.
    `as_at` names the column that dates the other feed's versions: the last one on or before the date in
    `dated_by` counts (the event's own unless said), and the first one also before it. Without `as_at`, several
    rows for one key: the earliest by (`at`, event key) counts; `at` is None for a feed without instants. With
    `needs`, an event without its other side waits.
    """

    feed: str
    on: tuple[tuple[str, str], ...]
    take: tuple[tuple[str, str], ...]
    as_at: str | None
    needs: bool
    is_whole_key: bool
    gather: tuple[tuple[str, str], ...] = ()
    each: str | None = None
    dated_by: str = OWN_DATE
    at: str | None = None

    @property
    def awaits(self) -> str:
        """The key kind of the day rows that remember what is being waited for."""
        return f"awaits:{self.feed}"


@dataclass(frozen=True)
class Event:
    """One kind of event: its group (`days.groups`), its feed, the column with its account, its dates (the first is the default), keys.

    `opinion_of` is the column with a comment's text: `sentiment` and `aspects` are then names too, as `scorer` reads it.
    `keys` maps a key kind to an expression over `names`: a scalar, or an array for many keys at once.
    """

    name: str
    world: str
    group: str
    feed: str
    title: Text
    account: str
    lookups: tuple[Lookup, ...]
    keys: tuple[tuple[str, str], ...]
    dates: tuple[tuple[str, str], ...]
    names: Mapping[str, NameInfo]
    at: str | None
    opinion_of: str | None = None
    scorer: Scorer = LEXICON

    @property
    def needs_others(self) -> bool:
        """Whether its account or date stands in another feed."""
        return any(lookup.needs for lookup in self.lookups)

    def key(self, kind: str) -> str | None:
        """Return the expression of a key kind; None when the event has no such key."""
        return dict(self.keys).get(kind)


def load_events(
    contracts: Mapping[str, Contract], path: Path | None = None, *, scorer: Scorer = LEXICON
) -> dict[str, Event]:
    """Return the declared events by name, their texts read by `scorer`; ConfigurationError lists everything wrong."""
    path = path or shipped("schemas") / "events.yaml"
    read = read_yaml(path)
    problems: list[Problem] = []
    events = {}
    for name, data in (read.data or {}).get("events", {}).items():
        place = f"{path.name}:{read.line_of(('events', name))} {name}"
        event = _event(name, data, contracts, place, problems)
        if event:
            events[name] = replace(event, scorer=scorer)
    if problems:
        raise ConfigurationError(problems)
    return events


def _event(
    name: str, data: dict[str, Any], contracts: Mapping[str, Contract], place: str, problems: list[Problem]
) -> Event | None:
    before = len(problems)
    problems += [
        Problem(place, f"unknown key `{k}`", hint=did_you_mean(k, _EVENT_KEYS))
        for k in data
        if k not in _EVENT_KEYS
    ]
    feed = str(data.get("feed", ""))
    if feed not in contracts:
        problems.append(Problem(place, f"unknown feed `{feed}`", hint=did_you_mean(feed, contracts)))
        return None
    # An amount has the currency of its row: only what cleaning made of it, in the lake's, adds up and compares.
    names = {c.name: c.name_info for c in clean_contract(contracts[feed]).columns if not c.money}
    names |= {
        "local_hour": NameInfo("int", "Hour of the business zone"),
        "weekday": NameInfo("int", "Weekday, 1 = Monday"),
    }
    lookups = []
    for entry in data.get("lookups") or []:
        lookup = _lookup(entry, contracts, names, place, problems)
        if lookup:
            lookups.append(lookup)
            there = clean_contract(contracts[lookup.feed])
            names |= {ours: there.column(theirs).name_info for ours, theirs in lookup.take}
            names |= {ours: NameInfo(f"array<{there.column(theirs).type}>") for ours, theirs in lookup.gather}
    text = data.get("opinion_of")
    if text is not None and (text not in names or names[str(text)].type != "string"):
        problems.append(
            Problem(place, f"`opinion_of: {text}` is no text", hint=did_you_mean(str(text), names))
        )
    names |= _OPINION if text is not None else {}
    keys = tuple((data.get("keys") or {}).items())
    for kind, expression in keys:
        if kind not in KEY_KINDS:
            problems.append(Problem(place, f"unknown key kind `{kind}`", hint=did_you_mean(kind, KEY_KINDS)))
        try:
            compile_expression(str(expression), names)
        except ConfigurationError as error:
            problems += error.problems
    dates = tuple((data.get("dates") or {"own": OWN_DATE}).items())
    problems += [
        Problem(place, f"unknown date column `{column}`", hint=did_you_mean(column, names))
        for _, column in dates
        if column not in names
    ]
    title, account = data.get("title") or {}, str(data.get("account", "account"))
    if account not in names:
        problems.append(Problem(place, f"unknown account `{account}`", hint=did_you_mean(account, names)))
    if len(problems) > before:
        return None
    return Event(
        name=name,
        world=str(data["world"]),
        group=str(data["group"]),
        feed=feed,
        title=Text(title.get("en", name), title.get("zh", name)),
        account=account,
        lookups=tuple(lookups),
        keys=tuple((k, str(v)) for k, v in keys),
        dates=dates,
        names=names,
        at=contracts[feed].at,
        opinion_of=text,
    )


def _lookup(
    data: dict[str, Any],
    contracts: Mapping[str, Contract],
    names: Mapping[str, NameInfo],
    place: str,
    problems: list[Problem],
) -> Lookup | None:
    before = len(problems)
    problems += [
        Problem(place, f"unknown key `{k}` of a lookup", hint=did_you_mean(k, _LOOKUP_KEYS))
        for k in data
        if k not in _LOOKUP_KEYS
    ]
    feed = str(data.get("feed", ""))
    if feed not in contracts:
        problems.append(Problem(place, f"looks up unknown feed `{feed}`", hint=did_you_mean(feed, contracts)))
        return None
    there = clean_contract(contracts[feed]).names
    on, take, gather = (dict(data.get(key) or {}) for key in ("on", "take", "gather"))
    as_at = data.get("as_at")
    for theirs in [*on, *take.values(), *gather.values(), *([as_at] if as_at else [])]:
        if theirs not in there:
            problems.append(
                Problem(place, f"`{feed}` has no column `{theirs}`", hint=did_you_mean(theirs, there))
            )
    dated_by = _dated_by(data, names, place, problems)
    for ours in on.values():
        if ours not in names:
            problems.append(Problem(place, f"unknown name `{ours}`", hint=did_you_mean(ours, names)))
    lists = [ours for ours in on.values() if ours in names and names[ours].type.startswith("array")]
    if len(lists) > 1 or (lists and (take or data.get("needs"))) or (as_at and gather and not lists):
        found = f"`on: {on}` with `take: {take}` and `gather: {gather}`"
        expected = (
            "one list at most, and of its values `gather:` without `needs:`; `gather:` of a version's only so"
        )
        problems.append(Problem(place, found, expected))
    for ours in [*take, *gather]:
        # the account and date of a needed other side replace this event's missing ones
        if ours in names and ours not in ("account", OWN_DATE):
            problems.append(
                Problem(place, f"`{ours}` is already a name of this event", hint="take it by another name")
            )
    if len(problems) > before:
        return None
    whole = set(contracts[feed].key) <= set(on)
    return Lookup(
        feed, tuple(on.items()), tuple(take.items()), as_at, bool(data.get("needs", False)), whole,
        tuple(gather.items()), lists[0] if lists else None, dated_by, contracts[feed].at,
    )  # fmt: skip


def _dated_by(
    data: dict[str, Any], names: Mapping[str, NameInfo], place: str, problems: list[Problem]
) -> str:
    """Return which of the event's dates chooses among versions."""
    said = str(data.get("dated_by", OWN_DATE))
    is_date = said in names and names[said].type == "date"
    if "dated_by" in data and not (is_date and data.get("as_at")):
        expected = "a date of this event, for a lookup `as_at`"
        problems.append(Problem(place, f"`dated_by: {said}`", expected))
    return said
