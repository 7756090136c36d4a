"""What a file says of a measure, checked and made a `Measure`: its event, its way of adding up, its windows."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from huaxiang.days.events import KEY_KINDS
from huaxiang.days.measures import (
    ALL,
    FADING,
    FOLLOWED,
    GRAINS,
    KEYED_WAYS,
    ORDERED,
    OTHERS,
    WAYS,
    Measure,
    Part,
    Then,
)  # fmt: skip
from huaxiang.errors import ConfigurationError, did_you_mean
from huaxiang.expressions import Place, compile_expression

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from huaxiang.days.entry import Entry
    from huaxiang.days.events import Event
    from huaxiang.expressions import Compiled, Family

KEYS = (
    "measure", "title", "means", "group", "from", "where", "by_others", "adds_up", "half_life", "dated_by", "less", "then", "grains", "windows", "unit", "privacy",
)  # fmt: skip
THEN_KEYS = ("from", "where", "within_days")
LESS_KEYS = ("from", "where", "adds_up", "dated_by")
SUBTRACTED = ("sum", "count", "count_of")
WHOLE_NUMBERS = ("tinyint", "smallint", "int", "bigint")
LONGEST_WINDOW = 3650


def read_measure(entry: Entry, events: Mapping[str, Event]) -> Measure | None:
    """Return the measure, or None when the entry has a problem, found here or before."""
    entry.only(KEYS)
    grains = tuple(entry.list_of("grains", "person"))
    for grain in grains:
        if grain not in GRAINS:
            entry.refuse("grains", f"grain `{grain}`", hint=did_you_mean(str(grain), GRAINS))
    windows = tuple(ALL if w == "all" else w for w in entry.list_of("windows", "all"))
    for n, window in enumerate(windows):
        if window is not ALL and not (type(window) is int and 0 < window <= LONGEST_WINDOW):  # true is 1
            found, expected = f"window `{window}`", f"days from 1 to {LONGEST_WINDOW}, or all"
            entry.refuse(("windows", n), found, expected)
    bare = entry.data.get("windows") is None
    part = _part(entry, grains, events)
    less = _less(entry, part, grains, events)
    then = _then(entry, part, grains, events)
    part = _fading(entry, part)
    if part is None or entry.problems:
        return None
    if not bare and part.way == "state":
        entry.refuse("windows", "a state has no windows", hint="leave `windows` out")
        return None
    return Measure(
        entry.name, entry.words("title"), entry.words("means"), part, less, then, grains, windows, bare,
        entry.data.get("unit"), entry.data.get("privacy", "free"), entry.place("measure"), entry.data.get("group"),
    )  # fmt: skip


def _fading(entry: Entry, part: Part | None) -> Part | None:
    """Return the part with its half-life, if it has one."""
    days = entry.data.get("half_life")
    if days is None or part is None:
        return part
    if not (type(days) is int and 0 < days <= LONGEST_WINDOW):
        entry.refuse("half_life", f"`half_life: {days}`", f"days from 1 to {LONGEST_WINDOW}")
        return None
    if part.way not in FADING or len(part.arguments) > 1 or entry.data.get("less"):
        found = f"`{part.way}` with a half-life"
        entry.refuse("half_life", found, "count or by(<key>), without a weight and without `less`")
        return None
    return replace(part, type=FADING[part.way], half_life=days)


def _less(
    entry: Entry, part: Part | None, grains: tuple[str, ...], events: Mapping[str, Event]
) -> Part | None:
    inside = entry.map_at("less", "{from: …, adds_up: …}")
    if inside is None:
        return None
    inside.only(LESS_KEYS, " of less")
    less = _part(inside, grains, events)
    for one, where in ((part, entry), (less, inside)):
        if one and one.way not in (*SUBTRACTED, *KEYED_WAYS):
            ways = f"{', '.join((*SUBTRACTED, *KEYED_WAYS))}, on both sides"
            where.refuse("adds_up", f"`less` with `{one.way}`", ways)
    if part and less and not entry.problems and _key_asked(part) != _key_asked(less):
        found = (
            f"`{less.way}({', '.join(less.arguments)})` less from `{part.way}({', '.join(part.arguments)})`"
        )
        inside.refuse("adds_up", found, "one way and one key on both sides")
    return less


def _key_asked(part: Part) -> tuple[str, ...]:
    """Return which of a person's keys a part asks about; nothing for one that only adds up."""
    return (part.way, part.arguments[0]) if part.way in KEYED_WAYS else ()


def _then(
    entry: Entry, part: Part | None, grains: tuple[str, ...], events: Mapping[str, Event]
) -> Then | None:
    inside = entry.map_at("then", "{from: …, within_days: …}")
    asks = part is not None and part.way == "ordered" and part.arguments[0] in FOLLOWED
    if ("then" in entry.data) != asks:
        if part is not None:
            found = "`then` is missing" if asks else "`then` has no meaning here"
            entry.refuse(
                "then", found, f"`then:` with ordered({' or '.join(FOLLOWED)}) and with nothing else"
            )
        return None
    if inside is None or part is None:
        return None
    inside.only(THEN_KEYS, " of then")
    within = inside.data.get("within_days")
    if not (type(within) is int and 0 < within <= LONGEST_WINDOW):
        inside.refuse("within_days", f"`within_days: {within}`", f"days from 1 to {LONGEST_WINDOW}")
    asked = replace(inside, data={**inside.data, "adds_up": entry.data["adds_up"]})
    follower = _part(asked, grains, events)
    return Then(follower, int(within)) if follower and isinstance(within, int) else None


def _part(entry: Entry, grains: tuple[str, ...], events: Mapping[str, Event]) -> Part | None:
    before = len(entry.problems)
    named = str(entry.data.get("from"))
    event = events.get(named)
    if event is None:
        entry.refuse("from", f"unknown event `{named}`", hint=did_you_mean(named, events))
        return None
    called = _called(entry)
    if called is None:
        return None
    way, arguments = called
    if way == "ordered" and not _is_ordered(entry, arguments):
        return None
    named_keys = arguments[:1] if way in KEYED_WAYS else arguments[1:] if way == "ordered" else ()
    keyed = arguments if way == "ordered" else named_keys
    _keys(entry, event, way, (*named_keys, *(("account",) if way in ("others", "state") else ())), grains)
    dates = dict(event.dates)
    dated_by = str(entry.data.get("dated_by", event.dates[0][0]))
    if dated_by not in dates:
        entry.refuse("dated_by", f"`dated_by: {dated_by}`", hint=did_you_mean(dated_by, dates))
    read = _compiled(entry, way, arguments[len(keyed) :], event)
    if len(entry.problems) > before:
        return None
    found = ORDERED[arguments[0]][0] if way == "ordered" else WAYS[way][1] or read[0].type
    if way == "sum":
        found = (
            "decimal(38,2)" if "decimal" in found else "double" if found in ("double", "float") else "bigint"
        )
    words = read[0].words if found == "string" and WAYS[way][1] is None else ()
    return Part(
        event, dated_by, entry.data.get("where"), way, arguments, found, _by_others(entry, event, way, grains),
        words=words,
    )  # fmt: skip


def _by_others(entry: Entry, event: Event, way: str, grains: tuple[str, ...]) -> bool:
    """Whether only what others did counts; refused where nobody can tell."""
    said = entry.data.get("by_others", False)
    if not isinstance(said, bool):
        entry.refuse("by_others", f"`by_others: {said}`", "true, or leave it out")
        return False
    if said and (way not in (*SUBTRACTED, "min", "max", "days", "first", "last") or entry.data.get("less")):
        entry.refuse(
            "by_others",
            f"`{way}` by others",
            f"{', '.join(SUBTRACTED)}, min, max, days, first or last, without `less`",
        )
    for kind in (OTHERS[grain] for grain in grains if said and grain in OTHERS):
        if event.key(kind) is None:
            entry.refuse(
                "by_others",
                f"`{event.name}` has no key `{kind}`",
                "an event that another account takes part in",
            )
    return said is True


def _called(entry: Entry) -> tuple[str, tuple[str, ...]] | None:
    """Return the way of adding up and its arguments."""
    written = entry.data.get("adds_up", "")
    match = re.fullmatch(r"\s*(\w+)\s*(?:\((.*)\))?\s*", str(written), re.DOTALL)
    way = match.group(1) if match else ""
    if not match or way not in WAYS:
        entry.refuse("adds_up", f"`adds_up: {entry.data.get('adds_up')}`", hint=did_you_mean(way, WAYS))
        return None
    arguments = _split(match.group(2)) if match.group(2) else ()
    counts = WAYS[way][0]
    if len(arguments) not in counts:
        found = f"`{way}` with {len(arguments)} arguments"
        entry.refuse("adds_up", found, " or ".join(map(str, counts)))
        return None
    return way, arguments


def _is_ordered(entry: Entry, arguments: tuple[str, ...]) -> bool:
    """Refuse what `ordered` does not make of events in their order."""
    what, keyed = arguments[0], len(arguments) == 2
    if what not in ORDERED:
        entry.refuse("adds_up", f"`ordered({what})`", " or ".join(ORDERED), did_you_mean(what, ORDERED))
    elif keyed != (what == "cycles"):
        entry.refuse(
            "adds_up", f"`ordered({', '.join(arguments)})`", "ordered(cycles, <key>), others without a key"
        )
    else:
        return True
    return False


def _keys(entry: Entry, event: Event, way: str, kinds: tuple[str, ...], grains: tuple[str, ...]) -> None:
    for kind in kinds:
        if event.key(kind) is None:
            hint = did_you_mean(kind, dict(event.keys) or KEY_KINDS)
            entry.refuse("adds_up", f"`{event.name}` has no key `{kind}`", hint=hint)
    if "brand" in grains and (event.key("brand") is None or not WAYS[way][3] or (way == "ordered" and kinds)):
        found = f"`{way}` of `{event.name}` cannot be asked per brand"
        entry.refuse("adds_up", found, hint="grains: [person]")


def _compiled(entry: Entry, way: str, arguments: Sequence[str], event: Event) -> list[Compiled]:
    """Return the arguments and, last, the condition, checked."""
    read = []
    needs: dict[str, Family] = {"state": "boolean", "sum": "number", **dict.fromkeys(KEYED_WAYS, "number")}
    wants: list[tuple[str, Place, Family | None]] = [
        (text, _argument_place(entry, text), needs.get(way)) for text in arguments
    ]
    where = entry.data.get("where")
    if isinstance(where, str):
        wants.append((where, entry.at("where"), "boolean"))
    elif where is not None:
        entry.refuse("where", f"`where: {where}`", "a condition", 'where: "paid_minor > 0"')
    for text, at, want in wants:
        try:
            read.append(compile_expression(text, event.names, at, want=want))
        except ConfigurationError as error:
            entry.problems.extend(error.problems)
    if "void" in [one.type for one in read]:
        entry.refuse("adds_up", f"`{way}` of null", "a value with a type")
    is_weight = way in KEYED_WAYS and bool(arguments) and len(read) == len(wants)
    if is_weight and read[0].type not in WHOLE_NUMBERS:
        found = f"`{way}` by `{arguments[0]}`, a {read[0].type}"
        entry.refuse("adds_up", found, "a whole number", "money in minor units: paid_minor")
    return read


def _argument_place(entry: Entry, text: str) -> Place:
    at, written = entry.at("adds_up"), str(entry.data.get("adds_up"))
    begins = max(0, written.find(text))
    return Place(at.file, at.line, at.column + begins) if "\n" not in written[:begins] else at


def _split(text: str) -> tuple[str, ...]:
    """Split arguments at commas outside brackets and quotes."""
    pieces, depth, quoted, start = [], 0, False, 0
    for i, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted and letter in "([":
            depth += 1
        elif not quoted and letter in ")]":
            depth -= 1
        elif letter == "," and not quoted and depth == 0:
            pieces.append(text[start:i].strip())
            start = i + 1
    return (*pieces, text[start:].strip())
