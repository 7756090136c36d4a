"""The measure catalogue: what is counted about people, as data. No Spark here.

Files under `schemas/measures/` and, beside them, an analyst's own under `<conf>/measures/`. A *measure* is
folded from day rows; a *tag* is derived from measures and other tags by an expression, or ranks people.
From here come the day-row columns, the folds, the contracts of `portrait` and `brand_relation`, the
dictionary and the vocabulary of segments.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from huaxiang.days.blocked import BlockList
from huaxiang.expressions import compile_expression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.contracts.model import Text
    from huaxiang.days.events import Event
    from huaxiang.days.tags import Tag

ALL = None  # the window without an opening
GRAINS = ("person", "brand")

# way of adding up: how many arguments; what its column is (None: as its argument); whether absence inside
# coverage is 0; whether it may be asked per brand
WAYS: dict[str, tuple[tuple[int, ...], str | None, bool, bool]] = {
    "count": ((0,), "bigint", True, True),
    "sum": ((1,), None, True, True),
    "count_of": ((1,), "bigint", True, True),
    "days": ((0,), "bigint", True, True),
    "min": ((1,), None, False, True),
    "max": ((1,), None, False, True),
    "first": ((0,), "date", False, True),
    "last": ((0,), "date", False, True),
    "latest": ((1,), None, False, True),
    "earliest": ((1,), None, False, True),
    "at_max": ((2,), None, False, True),
    "state": ((1,), "bigint", True, True),
    "distinct": ((1,), "bigint", True, False),
    "others": ((0,), "bigint", True, False),
    "top": ((1, 2), "string", False, False),
    "top_share": ((1, 2), "double", False, False),
    "by": ((1, 2), "array<struct<key:string,value:bigint>>", False, False),
    "ordered": ((1, 2), None, False, True),
}
# what `ordered(…)` makes of a person's events in their order: its column; whether absence inside coverage is 0
ORDERED: dict[str, tuple[str, bool]] = {
    "gap_median": ("double", False),
    "gap_spread": ("double", False),
    "cycles": ("array<struct<key:string,value:double,spread:double,gaps:bigint>>", False),
    "followed": ("bigint", True),
    "lag_median": ("double", False),
}
FOLLOWED = ("followed", "lag_median")
"""What of `ordered` asks for a second event, `then`."""
CELLS = 2
"""Raised when cells are made otherwise of the same declarations: every lake makes them again."""
GRAIN = ("stream", "key_kind", "key", "account", "business_date")
"""The key of the day rows."""
TOPIC = "topic"
"""The key kind of what posts are about: people are not told by topics that the block list names."""
OTHERS = {"person": "account", "brand": "brand_account"}
"""By grain: the key kind of the day rows that tell whose account did it."""
KEYED_WAYS = ("distinct", "top", "top_share", "by")
FADING = {"count": "double", "by": "array<struct<key:string,value:double,events:bigint>>"}
"""Ways that may have a half-life, with the column they then are: of keys also the events that count whole."""
COUNTED = ("count", "days", "first", "last", "others", "ordered", *KEYED_WAYS)
"""Ways that are folded from how many events a cell holds, or from the sum of their second argument."""


@dataclass(frozen=True)
class Part:
    """What a measure reads of the day rows: an event, which of its dates counts, a condition, a way of adding up.

    Ways that fold the same sums differently share a column: the first date, the active days and the top
    category of an order line all come from its count. `by_others`: only what accounts of other persons did, by
    the event's key `account`. With a `half_life` an event counts half as much after so many days, a quarter after
    twice as many. `words` are the only texts that it can find, none where it can find any.
    """

    event: Event
    dated_by: str
    where: str | None
    way: str
    arguments: tuple[str, ...]
    type: str
    by_others: bool = False
    half_life: int | None = None
    words: tuple[str, ...] = ()

    @property
    def adds(self) -> tuple[str, ...]:
        """What a cell holds: `count`, `instants`, or another way of adding up with its arguments."""
        if self.way == "ordered" and self.arguments[0] in FOLLOWED:
            return ("instants",)
        if self.way in COUNTED:
            weight = self.arguments[1:] if self.way in KEYED_WAYS else ()
            return ("sum", *weight) if weight else ("count",)
        return (self.way, *self.arguments)

    @cached_property
    def column(self) -> str:
        """The day-row column, named by what it holds, so that it means the same in every catalogue."""
        plain = [word for word in self.adds if word.isidentifier()]
        name = "_".join([self.stream.replace("@", "_by_") + "_", *plain])
        if self.where is None and len(plain) == len(self.adds):
            return name
        said = f"{self.adds}:{self.where}"
        return f"{name}_{hashlib.sha256(said.encode()).hexdigest()[:10]}"

    @property
    def counted_as(self) -> str:
        """The name by which evidence knows the events that count: the column, apart where only others' doing does."""
        return f"{self.column} by others" if self.by_others else self.column

    @property
    def stream(self) -> str:
        """The event with the date it counts on: what the day rows are kept by."""
        first = self.event.dates[0][0]
        return self.event.name if self.dated_by == first else f"{self.event.name}@{self.dated_by}"

    @property
    def date(self) -> str:
        """The event's column that holds the date."""
        return dict(self.event.dates)[self.dated_by]

    @property
    def stored(self) -> str:
        """The Spark type of its day-row column: a value that still adds up."""
        if self.way in ("min", "max", "sum"):
            return self.type
        if self.way in ("latest", "earliest"):
            return f"struct<at:timestamp,event_key:string,value:{self.type}>"
        if self.way == "at_max":
            by = compile_expression(self.arguments[1], self.event.names).type
            return f"struct<by:{by},event_key:string,value:{self.type}>"
        if self.adds == ("instants",):
            return "array<timestamp>"
        if self.way == "state":
            return "struct<at:timestamp,revision:bigint,event_key:string,holds:boolean,brand:string>"
        return "bigint"

    @property
    def says(self) -> str:
        """What a cell holds, as one line: `sum(paid_minor) of order_line where …`."""
        way, *arguments = self.adds
        called = f"{way}({', '.join(arguments)})" if arguments else way
        return f"{called} of {self.stream}" + (f" where {self.where}" if self.where else "")

    def kinds(self, grains: tuple[str, ...]) -> frozenset[str]:
        """The key kinds of the day rows in which this column has values."""
        if self.way in ("state", "others"):
            return frozenset({"account"})
        if self.by_others:
            return frozenset(OTHERS[grain] for grain in grains)
        if self.way in KEYED_WAYS:
            return frozenset({self.arguments[0], "none"} if self.way == "top_share" else {self.arguments[0]})
        if self.way == "ordered" and len(self.arguments) == 2:
            return frozenset({self.arguments[1]})
        return frozenset({"none" if g == "person" else "brand" for g in grains})


@dataclass(frozen=True)
class Then:
    """The event that follows another within so many days, counted in hours from its instant."""

    part: Part
    within_days: int


@dataclass(frozen=True)
class Measure:
    """A declared measure; in a table it becomes one column per window, `<name>_<n>d` or `<name>_all`."""

    name: str
    title: Text
    means: Text
    part: Part
    less: Part | None
    then: Then | None
    grains: tuple[str, ...]
    windows: tuple[int | None, ...]
    bare: bool
    unit: str | None
    privacy: str
    place: str
    group: str | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """The day-row columns it needs."""
        others = (self.less, self.then.part if self.then else None, self.evidence)
        return (self.part, *(part for part in others if part))

    @property
    def evidence(self) -> Part | None:
        """What counts the events behind values that fade, key by key."""
        fades = self.part.half_life is not None and self.part.way == "by"
        return replace(self.part, half_life=None) if fades else None

    @property
    def is_declared(self) -> bool:
        """Whether it is what people say of themselves: it reads records of accounts."""
        return self.part.event.name.endswith("_account")

    def is_by_topic(self, grain: str) -> bool:
        """Whether it is told from day rows under topics."""
        return any(TOPIC in part.kinds((grain,)) for part in self.parts)

    @property
    def counts_from_zero(self) -> bool:
        """Whether nobody-did-it is 0 (inside coverage) rather than unknown."""
        if self.part.way == "ordered":
            return ORDERED[self.part.arguments[0]][1]
        return WAYS[self.part.way][2]

    def column(self, window: int | None) -> str:
        """The column's name for a window."""
        if self.bare:
            return self.name
        return f"{self.name}_all" if window is None else f"{self.name}_{window}d"

    def definition(self) -> str:
        """What it computes, as one line; a changed line means a changed measure."""
        said = f"{self.part.way}({', '.join(self.part.arguments)}) of {self.part.stream}"
        if self.part.where:
            said += f" where {self.part.where}"
        if self.part.by_others:
            said += " by others"
        if self.part.half_life:
            said += f" halved every {self.part.half_life} days"
        if self.less:
            said += f" less {self.less.way}({', '.join(self.less.arguments)}) of {self.less.stream}"
            said += f" where {self.less.where}" if self.less.where else ""
        if self.then:
            said += f" then {self.then.part.stream} within {self.then.within_days} days"
            said += f" where {self.then.part.where}" if self.then.part.where else ""
        return said


@dataclass(frozen=True)
class Rate:
    """How often one thing happens per another, month by month: of everybody, and by each of the key kinds `by`.

    `of` and `per` are measures that count or sum; their windows don't matter here.
    """

    name: str
    title: Text
    means: Text
    of: Measure
    per: Measure
    by: tuple[str, ...]
    place: str

    @property
    def kinds(self) -> frozenset[str]:
        """The key kinds of the day rows that it is told from."""
        return frozenset({"none", *self.by})

    def definition(self) -> str:
        """What it computes, as one line."""
        return f"{self.of.name} per {self.per.name}"


@dataclass(frozen=True)
class Catalogue:
    """All events, measures, tags and rates, in the order of their files."""

    events: dict[str, Event]
    measures: tuple[Measure, ...]
    tags: tuple[Tag, ...]
    rates: tuple[Rate, ...] = ()
    files: tuple[str, ...] = field(default=())
    blocked: BlockList = field(default_factory=BlockList)

    def at(self, grain: str) -> tuple[Measure, ...]:
        """The measures of a grain."""
        return tuple(m for m in self.measures if grain in m.grains)

    @cached_property
    def by_topic(self) -> frozenset[str]:
        """The columns of either table that are told from day rows under topics, or made of such columns of any table."""
        told = [m for m in self.measures if any(map(m.is_by_topic, m.grains))]
        found = {measure.column(window) for measure in told for window in measure.windows}
        while made := {tag.name for tag in self.tags if found & tag.made_of} - found:
            found |= made
        return frozenset(found)

    @cached_property
    def by_name(self) -> Mapping[str, Measure]:
        """Every measure by its name."""
        return {m.name: m for m in self.measures}

    def said_by(self, model: str) -> tuple[Tag, ...]:
        """The tags that a model says."""
        return tuple(t for t in self.tags if t.model == model)

    def ladders(self) -> tuple[Tag, ...]:
        """The tags that say on which stage of a ladder somebody stands."""
        return tuple(t for t in self.tags if t.ladder)

    def ladder_rules(self) -> dict[str, dict[str, str]]:
        """Each ladder's rules by its version, with the definitions of all that they read, as one line."""
        said = {
            m.column(window): f"{m.definition()} in {window}" for m in self.measures for window in m.windows
        }
        said |= {tag.name: tag.definition() for tag in self.tags}
        made_of = {tag.name: tag.made_of for tag in self.tags}
        rules = {}
        for tag in self.ladders():
            found: dict[str, str] = {}
            unread = [*tag.made_of]
            while unread:
                name = unread.pop()
                if name in said and name not in (*found, tag.name):
                    found[name] = said[name]
                    unread += made_of.get(name, ())
            line = "; ".join([tag.definition(), *(f"{name} is {found[name]}" for name in sorted(found))])
            rules[tag.name] = {str(tag.ladder.version if tag.ladder else 0): line}
        return rules

    def columns(self) -> tuple[str, ...]:
        """All columns that measures, window by window, and tags give to portraits and relations."""
        measured = [m.column(window) for m in self.measures for window in m.windows]
        return tuple(dict.fromkeys([*measured, *(t.name for t in self.tags)]))

    def cells(self) -> dict[str, Part]:
        """All value columns of the day rows, each by one of the parts that it is read for."""
        return {part.column: part for parts in self.streams().values() for part, _ in parts}

    def cell_columns(self) -> dict[str, str]:
        """All value columns of the day rows with their types."""
        return {name: part.stored for name, part in self.cells().items()}

    def streams(self) -> dict[str, list[tuple[Part, frozenset[str]]]]:
        """The day-row columns of each stream, with the key kinds each has values in."""
        found: dict[str, dict[str, tuple[Part, frozenset[str]]]] = {}
        read = [(part, part.kinds(measure.grains)) for measure in self.measures for part in measure.parts]
        read += [(measure.part, rate.kinds) for rate in self.rates for measure in (rate.of, rate.per)]
        for part, kinds in read:
            held = found.setdefault(part.stream, {})
            known = held[part.column][1] if part.column in held else frozenset()
            held[part.column] = part, known | kinds
        return {stream: [*held.values()] for stream, held in found.items()}

    def stream_definition(self, stream: str) -> str:
        """A hash of everything the day rows of a stream depend on besides events; a change means a rebuild."""
        said = sorted(
            f"{p.column}:{p.adds}:{p.where}:{p.date}:{sorted(kinds)}" for p, kinds in self.streams()[stream]
        )
        event = self.streams()[stream][0][0].event
        said.append(f"{event.feed}:{event.account}:{event.keys}:{event.lookups}:{CELLS}")
        if event.opinion_of:
            said.append(f"{event.opinion_of}:{event.scorer.digest}")
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]
