"""What type a call gives, and whether the constants in it make sense: the rules that `functions` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from huaxiang.expressions.families import Mismatch, common, decimal, decimal_of, element, is_whole, mirrored
from huaxiang.expressions.patterns import BadPattern, check_format, check_replacement, regex_groups
from huaxiang.expressions.tree import Call, Literal, word

if TYPE_CHECKING:
    from collections.abc import Callable


def mirrored_type(call: Call) -> str:
    """Give the type of the first argument, whose sign can be turned exactly."""
    return mirrored(call.args[0].type)


def common_type(call: Call) -> str:
    """Give the type that holds all arguments."""
    return common(a.type for a in call.args)


def list_type(call: Call) -> str:
    """Give a list of what holds all arguments."""
    inner = common_type(call)
    if inner == "void":
        raise Mismatch("a list of nothing but nulls has no type")
    return f"array<{inner}>"


def nullif_type(call: Call) -> str:
    """Give the type of the first argument, which must be comparable with the second."""
    common(a.type for a in call.args)
    return call.args[0].type


def contained_type(call: Call) -> str:
    """Give a boolean, when the value could be in the list."""
    held, sought = call.args
    if held.type != "void":
        common([element(held.type), sought.type])
    return "boolean"


def rounded_type(call: Call) -> str:
    """Return the type of a rounded number: whole numbers and floats keep theirs, decimals lose digits."""
    exact = decimal_of(call.args[0].type)
    if exact is None or is_whole(call.args[0].type):
        return call.args[0].type
    places = call.args[1].value if len(call.args) > 1 and isinstance(call.args[1], Literal) else 0
    scale = min(exact[1], int(places) if isinstance(places, int) else 0)
    return decimal(min(38, exact[0] - exact[1] + scale + 1), scale)


def stepped_type(call: Call) -> str:
    """Return the type of floor and ceil: decimals stay exact, floats become bigint (null when too large)."""
    exact = decimal_of(call.args[0].type)
    if exact is None:
        return "bigint"
    if is_whole(call.args[0].type):
        return call.args[0].type
    return decimal(min(38, exact[0] - exact[1] + 1), 0)


def whole_number(position: int) -> Callable[[Call], None]:
    """Ask for a whole number at a position."""

    def examine(call: Call) -> None:
        found = call.args[position] if position < len(call.args) else None
        if found is not None and found.type != "void" and not is_whole(found.type):
            raise BadPattern("a whole number is needed: cast(… as bigint)")

    return examine


def extracting(call: Call) -> None:
    """Ask for a pattern of the subset that has the group."""
    groups = regex_groups(word(call, 1))
    group = call.args[2].value if len(call.args) > 2 and isinstance(call.args[2], Literal) else min(1, groups)
    if not isinstance(group, int) or group > groups:
        raise BadPattern(f"group {group} of a pattern with {groups} groups")


def replacing(call: Call) -> None:
    """Ask for a pattern of the subset and a replacement that fits it."""
    check_replacement(word(call, 2), regex_groups(word(call, 1)))


def dating(call: Call) -> None:
    """Ask for a date format that cannot fail."""
    check_format(word(call, 1))


def splitting(call: Call) -> None:
    """Ask for a separator."""
    if not word(call, 1):
        raise BadPattern("the separator is empty")


def parting(call: Call) -> None:
    """Ask for a separator and a part that can be there."""
    splitting(call)
    part = call.args[2].value if isinstance(call.args[2], Literal) else 1
    if part == 0 or not isinstance(part, int):
        raise BadPattern("parts count from 1, or from -1 backwards")


def written_whole(position: int) -> Callable[[Call], None]:
    """Ask for a whole number written at a position."""

    def examine(call: Call) -> None:
        found = call.args[position]
        if isinstance(found, Literal) and not isinstance(found.value, int):
            raise BadPattern("a whole number is needed")

    return examine
