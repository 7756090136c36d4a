"""What each function takes and gives: the allow-list of the language, which is also its reference.

`SCALARS` holds the functions every expression may use. A room with words of its own (segments:
`is_member`) passes `{**SCALARS, …}` and replaces those calls in the tree before it is built.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from huaxiang.expressions.results import (
    common_type,
    contained_type,
    dating,
    extracting,
    list_type,
    mirrored_type,
    nullif_type,
    parting,
    replacing,
    rounded_type,
    splitting,
    stepped_type,
    whole_number,
    written_whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from huaxiang.expressions.families import Family
    from huaxiang.expressions.tree import Call

    Result: TypeAlias = str | Callable[[Call], str]


@dataclass(frozen=True)
class Param:
    """What may stand at one place: families of types, and whether it must be a constant written there."""

    families: tuple[Family, ...]
    constant: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Function:
    """One function: how it is written, what it takes, what type it gives.

    The last `optional` parameters may be left out; the last one may `repeat`. `result` is a type, or
    finds one from the checked call (Mismatch when the arguments don't go together). `examine` says
    what else is wrong with the constants (BadPattern).
    """

    usage: str
    params: tuple[Param, ...]
    result: Result
    optional: int = 0
    repeats: bool = False
    examine: Callable[[Call], None] | None = field(default=None, compare=False)

    def accepts(self, count: int) -> bool:
        """Tell whether `count` arguments are neither too few nor too many."""
        return count >= len(self.params) - self.optional and (self.repeats or count <= len(self.params))

    def param(self, position: int) -> Param:
        """Return what may stand at `position` (from 0)."""
        return self.params[min(position, len(self.params) - 1)]


TEXT = Param(("text",))
NUMBER = Param(("number",))
DAY = Param(("date", "instant"))
INSTANT = Param(("instant",))
LIST = Param(("list",))
ANY = Param(("number", "text", "boolean", "date", "instant", "list"))
ORDERED = Param(("number", "text", "date", "instant"))
WORD = Param(("text",), constant=True)


def number_between(low: float, high: float) -> Param:
    """Return the parameter for a number written in the text, within bounds."""
    return Param(("number",), constant=True, low=low, high=high)


_LENGTH = number_between(0, 1000)

SCALARS: Mapping[str, Function] = {
    # any type
    "coalesce": Function("coalesce(value, value, …)", (ANY,), common_type, repeats=True),
    "nullif": Function("nullif(value, value)", (ANY, ANY), nullif_type),
    "least": Function("least(value, value, …)", (ORDERED,), common_type, repeats=True),
    "greatest": Function("greatest(value, value, …)", (ORDERED,), common_type, repeats=True),
    # numbers
    "abs": Function("abs(number)", (NUMBER,), mirrored_type),
    "round": Function("round(number, places)", (NUMBER, number_between(0, 18)), rounded_type, optional=1),
    "floor": Function("floor(number)", (NUMBER,), stepped_type),
    "ceil": Function("ceil(number)", (NUMBER,), stepped_type),
    # text
    "concat": Function("concat(text, text, …)", (TEXT,), "string", repeats=True),
    "concat_ws": Function(
        "concat_ws('separator', text or list, …)", (WORD, Param(("text", "list"))), "string", repeats=True
    ),
    "length": Function("length(text)", (TEXT,), "int"),
    "upper": Function("upper(text)", (TEXT,), "string"),
    "lower": Function("lower(text)", (TEXT,), "string"),
    "trim": Function("trim(text)", (TEXT,), "string"),
    "substring": Function(
        "substring(text, from, length)",
        (TEXT, NUMBER, NUMBER),
        "string",
        optional=1,
        examine=lambda c: (whole_number(1)(c), whole_number(2)(c))[0],
    ),
    "left": Function("left(text, length)", (TEXT, _LENGTH), "string", examine=written_whole(1)),
    "right": Function("right(text, length)", (TEXT, _LENGTH), "string", examine=written_whole(1)),
    "lpad": Function(
        "lpad(text, length, 'filling')", (TEXT, _LENGTH, WORD), "string", examine=written_whole(1)
    ),
    "replace": Function("replace(text, 'old', 'new')", (TEXT, WORD, WORD), "string"),
    "split_part": Function(
        "split_part(text, 'separator', part)",
        (TEXT, WORD, number_between(-1000, 1000)),
        "string",
        examine=parting,
    ),
    "regexp_extract": Function(
        "regexp_extract(text, r'pattern', group)",
        (TEXT, WORD, number_between(0, 9)),
        "string",
        optional=1,
        examine=extracting,
    ),
    "regexp_replace": Function(
        "regexp_replace(text, r'pattern', 'new')", (TEXT, WORD, WORD), "string", examine=replacing
    ),
    "starts_with": Function("starts_with(text, text)", (TEXT, TEXT), "boolean"),
    "contains": Function("contains(text, text)", (TEXT, TEXT), "boolean"),
    "sha256": Function("sha256(text)", (TEXT,), "string"),
    # time
    "to_date": Function("to_date(text, 'yyyy-MM-dd')", (TEXT, WORD), "date", examine=dating),
    "to_timestamp": Function(
        "to_timestamp(text, 'yyyy-MM-dd HH:mm:ss')", (TEXT, WORD), "timestamp", examine=dating
    ),
    "from_unix_seconds": Function(
        "from_unix_seconds(whole number)", (NUMBER,), "timestamp", examine=whole_number(0)
    ),
    "from_unix_millis": Function(
        "from_unix_millis(whole number)", (NUMBER,), "timestamp", examine=whole_number(0)
    ),
    "year": Function("year(date)", (DAY,), "int"),
    "month": Function("month(date)", (DAY,), "int"),
    "day": Function("day(date)", (DAY,), "int"),
    "hour": Function("hour(instant)", (INSTANT,), "int"),
    "weekday": Function("weekday(date)", (DAY,), "int"),
    "date_add": Function("date_add(date, days)", (DAY, NUMBER), "date", examine=whole_number(1)),
    "date_diff": Function("date_diff(later date, earlier date)", (DAY, DAY), "int"),
    "hours_diff": Function("hours_diff(later instant, earlier instant)", (INSTANT, INSTANT), "double"),
    # lists
    "array": Function("array(value, value, …)", (ORDERED,), list_type, repeats=True),
    "split": Function("split(text, 'separator')", (TEXT, WORD), "array<string>", examine=splitting),
    "size": Function("size(list)", (LIST,), "int"),
    "array_contains": Function("array_contains(list, value)", (LIST, ORDERED), contained_type),
}

# Words people try first, and what to write instead.
INSTEAD: Mapping[str, str] = {
    "if": "case when … then … else … end",
    "iff": "case when … then … else … end",
    "try_cast": "cast(… as …), which gives null for what doesn't fit",
    "int": "cast(… as int)",
    "string": "cast(… as string)",
    "date": "cast(… as date) or to_date(text, format)",
    "timestamp": "cast(… as timestamp) or to_timestamp(text, format)",
    "ifnull": "coalesce(…, …)",
    "nvl": "coalesce(…, …)",
    "isnull": "… is null",
    "substr": "substring(…)",
    "datediff": "date_diff(later, earlier)",
    "dateadd": "date_add(date, days)",
    "dayofweek": "weekday(date), 1 is Monday",
    "from_unixtime": "from_unix_seconds(number)",
    "len": "length(text)",
    "char_length": "length(text)",
    "like": "… like '…'",
    "sha2": "sha256(text)",
}
NOT_REPEATABLE = frozenset([
    "rand", "randn", "random", "uuid", "shuffle", "now", "current_date", "current_timestamp", "current_time",
    "localtimestamp", "curdate", "unix_timestamp", "monotonically_increasing_id", "spark_partition_id",
    "input_file_name", "current_user", "session_user", "user",
])  # fmt: skip
