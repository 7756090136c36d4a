"""What each function takes and gives: the allow-list of the language, which is also its reference.

`SCALARS` holds the functions every expression may use. A room with words of its own (segments:
`is_member`) passes `{**SCALARS, …}` and replaces those calls in the tree before it is built.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from huaxiang.expressions.families import Mismatch, common, decimal, decimal_of, element, family, is_whole
from huaxiang.expressions.patterns import BadPattern, check_format, check_replacement, regex_groups
from huaxiang.expressions.tree import Call, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from huaxiang.expressions.families import Family

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
WHOLE = Param(("number",))
LIST = Param(("list",))
ANY = Param(("number", "text", "boolean", "date", "instant", "list"))
ORDERED = Param(("number", "text", "date", "instant"))
WORD = Param(("text",), constant=True)


def number_between(low: float, high: float) -> Param:
    """Return the parameter for a number written in the text, within bounds."""
    return Param(("number",), constant=True, low=low, high=high)


def _first(call: Call) -> str:
    return call.args[0].type


def _common(call: Call) -> str:
    return common(a.type for a in call.args)


def _list(call: Call) -> str:
    inner = _common(call)
    if inner == "void":
        raise Mismatch("a list of nothing but nulls has no type")
    return f"array<{inner}>"


def _nullif(call: Call) -> str:
    common(a.type for a in call.args)
    return call.args[0].type


def _contained(call: Call) -> str:
    held, sought = call.args
    if held.type != "void":
        common([element(held.type), sought.type])
    return "boolean"


def _rounded(call: Call) -> str:
    """Return the type of a rounded number: whole numbers and floats keep theirs, decimals lose digits."""
    exact = decimal_of(call.args[0].type)
    if exact is None or is_whole(call.args[0].type):
        return call.args[0].type
    places = call.args[1].value if len(call.args) > 1 and isinstance(call.args[1], Literal) else 0
    scale = min(exact[1], int(places) if isinstance(places, int) else 0)
    return decimal(min(38, exact[0] - exact[1] + scale + 1), scale)


def _stepped(call: Call) -> str:
    """Return the type of floor and ceil: decimals stay exact, floats become bigint (null when too large)."""
    exact = decimal_of(call.args[0].type)
    if exact is None:
        return "bigint"
    if is_whole(call.args[0].type):
        return call.args[0].type
    return decimal(min(38, exact[0] - exact[1] + 1), 0)


def _whole(position: int) -> Callable[[Call], None]:
    def examine(call: Call) -> None:
        found = call.args[position] if position < len(call.args) else None
        if found is not None and found.type != "void" and not is_whole(found.type):
            raise BadPattern("a whole number is needed: cast(… as bigint)")

    return examine


def _word(call: Call, position: int) -> str:
    found = call.args[position]
    return str(found.value) if isinstance(found, Literal) else ""


def _extracting(call: Call) -> None:
    groups = regex_groups(_word(call, 1))
    group = call.args[2].value if len(call.args) > 2 and isinstance(call.args[2], Literal) else min(1, groups)
    if not isinstance(group, int) or group > groups:
        raise BadPattern(f"group {group} of a pattern with {groups} groups")


def _replacing(call: Call) -> None:
    check_replacement(_word(call, 2), regex_groups(_word(call, 1)))


def _dating(call: Call) -> None:
    check_format(_word(call, 1))


def _splitting(call: Call) -> None:
    if not _word(call, 1):
        raise BadPattern("the separator is empty")


def _parting(call: Call) -> None:
    _splitting(call)
    part = call.args[2].value if isinstance(call.args[2], Literal) else 1
    if part == 0 or not isinstance(part, int):
        raise BadPattern("parts count from 1, or from -1 backwards")


def _sized(position: int) -> Callable[[Call], None]:
    def examine(call: Call) -> None:
        found = call.args[position]
        if isinstance(found, Literal) and not isinstance(found.value, int):
            raise BadPattern("a whole number is needed")

    return examine


_LENGTH = number_between(0, 1000)
_PLACE = NUMBER

SCALARS: Mapping[str, Function] = {
    # any type
    "coalesce": Function("coalesce(value, value, …)", (ANY,), _common, repeats=True),
    "nullif": Function("nullif(value, value)", (ANY, ANY), _nullif),
    "least": Function("least(value, value, …)", (ORDERED,), _common, repeats=True),
    "greatest": Function("greatest(value, value, …)", (ORDERED,), _common, repeats=True),
    # numbers
    "abs": Function("abs(number)", (NUMBER,), _first),
    "round": Function("round(number, places)", (NUMBER, number_between(0, 18)), _rounded, optional=1),
    "floor": Function("floor(number)", (NUMBER,), _stepped),
    "ceil": Function("ceil(number)", (NUMBER,), _stepped),
    # text
    "concat": Function("concat(text, text, …)", (TEXT,), "string", repeats=True),
    "concat_ws": Function("concat_ws('separator', text or list, …)", (WORD, Param(("text", "list"))), "string", repeats=True),
    "length": Function("length(text)", (TEXT,), "int"),
    "upper": Function("upper(text)", (TEXT,), "string"),
    "lower": Function("lower(text)", (TEXT,), "string"),
    "trim": Function("trim(text)", (TEXT,), "string"),
    "substring": Function(
        "substring(text, from, length)", (TEXT, _PLACE, _PLACE), "string", optional=1,
        examine=lambda c: (_whole(1)(c), _whole(2)(c))[0],
    ),
    "left": Function("left(text, length)", (TEXT, _LENGTH), "string", examine=_sized(1)),
    "right": Function("right(text, length)", (TEXT, _LENGTH), "string", examine=_sized(1)),
    "lpad": Function("lpad(text, length, 'filling')", (TEXT, _LENGTH, WORD), "string", examine=_sized(1)),
    "replace": Function("replace(text, 'old', 'new')", (TEXT, WORD, WORD), "string"),
    "split_part": Function("split_part(text, 'separator', part)", (TEXT, WORD, number_between(-1000, 1000)), "string", examine=_parting),
    "regexp_extract": Function(
        "regexp_extract(text, r'pattern', group)", (TEXT, WORD, number_between(0, 9)), "string", optional=1, examine=_extracting
    ),
    "regexp_replace": Function("regexp_replace(text, r'pattern', 'new')", (TEXT, WORD, WORD), "string", examine=_replacing),
    "starts_with": Function("starts_with(text, text)", (TEXT, TEXT), "boolean"),
    "contains": Function("contains(text, text)", (TEXT, TEXT), "boolean"),
    "sha256": Function("sha256(text)", (TEXT,), "string"),
    # time
    "to_date": Function("to_date(text, 'yyyy-MM-dd')", (TEXT, WORD), "date", examine=_dating),
    "to_timestamp": Function("to_timestamp(text, 'yyyy-MM-dd HH:mm:ss')", (TEXT, WORD), "timestamp", examine=_dating),
    "from_unix_seconds": Function("from_unix_seconds(whole number)", (WHOLE,), "timestamp", examine=_whole(0)),
    "from_unix_millis": Function("from_unix_millis(whole number)", (WHOLE,), "timestamp", examine=_whole(0)),
    "year": Function("year(date)", (DAY,), "int"),
    "month": Function("month(date)", (DAY,), "int"),
    "day": Function("day(date)", (DAY,), "int"),
    "hour": Function("hour(instant)", (Param(("instant",)),), "int"),
    "weekday": Function("weekday(date)", (DAY,), "int"),
    "date_add": Function("date_add(date, days)", (DAY, WHOLE), "date", examine=_whole(1)),
    "date_diff": Function("date_diff(later date, earlier date)", (DAY, DAY), "int"),
    # lists
    "array": Function("array(value, value, …)", (ORDERED,), _list, repeats=True),
    "split": Function("split(text, 'separator')", (TEXT, WORD), "array<string>", examine=_splitting),
    "size": Function("size(list)", (LIST,), "int"),
    "array_contains": Function("array_contains(list, value)", (LIST, ORDERED), _contained),
}  # fmt: skip

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
NOT_REPEATABLE = frozenset(
    [
        "rand",
        "randn",
        "random",
        "uuid",
        "shuffle",
        "now",
        "current_date",
        "current_timestamp",
        "current_time",
        "localtimestamp",
        "curdate",
        "unix_timestamp",
        "monotonically_increasing_id",
        "spark_partition_id",
        "input_file_name",
        "current_user",
        "session_user",
        "user",
    ]
)
__all__ = [
    "ANY",
    "DAY",
    "INSTEAD",
    "LIST",
    "NUMBER",
    "SCALARS",
    "TEXT",
    "WORD",
    "Function",
    "Param",
    "family",
    "number_between",
]
