"""Which regular expressions, like-patterns and date formats are accepted: those that cannot fail at night.

A pattern is judged when it is read, so that a bad one is a message and not a dead job. The subset of
regular expressions means the same in Java and elsewhere, and leaves out look-around, back references and
whatever can be matched in too many ways, since Java tries them all before it gives up: `(a+)+`, `(a|aa){1,50}`,
thirty times `a?`. The ways are counted as if no two parts could ever be told apart by their characters, an open
repeat (`*`, `+`, `{n,}`) as `OPEN_WAYS`: some harmless patterns are refused too. What is left is never
exponential, but where four open repeats can match the same characters (`a*a*a*a*b`) the time grows with the
fourth power of a text's length.
"""

from __future__ import annotations

import re

LONGEST_PATTERN = 200
MOST_GROUP_REPEATS = 50
OPEN_WAYS = 100
MOST_WAYS = OPEN_WAYS**4
MOST_LIKE_SIGNS = 4
_ESCAPES = set("dDwWsSbBtnr")
_REPEAT = re.compile(r"\{(\d{1,4})(,(\d{0,4}))?\}")
_FORMAT = re.compile(
    r"yyyy|yy|y|MMM|MM|M|dd|d|HH|H|hh|h|mm|m|ss|s|S{1,9}|a|XXX|XX|X|xxx|xx|x|'(?:[^']|'')+'|''|[^A-Za-z'#{}\[\]]"
)


class BadPattern(ValueError):  # noqa: N818 - a verdict, shown as part of a Problem
    """Why a pattern is refused."""


def regex_groups(pattern: str) -> int:
    """Return how many groups a regular expression captures; BadPattern when it is outside the subset."""
    if len(pattern) > LONGEST_PATTERN:
        raise BadPattern(f"longer than {LONGEST_PATTERN} characters")
    reader = _Regex(pattern)
    ways = reader.alternatives()
    if reader.at < len(pattern):
        raise BadPattern("`)` without `(`")
    if ways > MOST_WAYS:
        raise BadPattern(
            "it can match in too many ways and take forever: fewer `*` and `+` (4 at most), no repeat inside "
            "a repeat, `[ab]` for `(a|b)`"
        )
    return reader.groups


class _Regex:
    """A reader of the subset; `at` is the next character."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 4 if pattern.startswith("(?i)") else 0
        self.groups = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        self.at += 1
        return self.text[self.at - 1 : self.at]

    def alternatives(self) -> int:
        """Read until `)` or the end; return in how many ways it can match, `MOST_WAYS` + 1 for any more."""
        others, ways = 0, 1
        while self.peek() not in ("", ")"):
            if self.peek() == "|":
                self.take()
                others, ways = others + ways, 1
                continue
            is_group, inside = self.atom()
            low, high = self.quantifier()
            if is_group and high > MOST_GROUP_REPEATS:  # Java's stack ends
                raise BadPattern(f"a group may be repeated at most {MOST_GROUP_REPEATS} times: `(…){{1,50}}`")
            ways = min(ways * _repeated(inside, low, high), MOST_WAYS + 1)
        return min(others + ways, MOST_WAYS + 1)

    def atom(self) -> tuple[bool, int]:
        """Read one; tell whether it was a group, and in how many ways it can match."""
        char = self.take()
        if char == "(":
            if self.peek() == "?":
                if self.text[self.at : self.at + 2] != "?:":
                    raise BadPattern("only `(…)` and `(?:…)` groups are known")
                self.at += 2
            else:
                self.groups += 1
            inside = self.alternatives()
            if self.take() != ")":
                raise BadPattern("`(` is not closed")
            return True, inside
        if char == "[":
            self.character_class()
        elif char == "\\":
            self.escape()
        elif char in "*+?{":
            raise BadPattern(f"`{char}` has nothing to repeat; write `\\{char}` for the character")
        return False, 1

    def escape(self) -> str:
        char = self.take()
        if char in _ESCAPES or (char and char.isascii() and not char.isalnum()):
            return char
        raise BadPattern(f"unknown escape `\\{char}`")

    def character_class(self) -> None:
        if self.peek() == "^":
            self.take()
        if self.peek() == "]":
            raise BadPattern("an empty `[]`; write `\\]` for the bracket itself")
        last = ""
        while True:
            char = self.take()
            if char == "":
                raise BadPattern("`[` is not closed")
            if char == "]":
                return
            if char == "[" or (char == "&" and self.peek() == "&"):
                raise BadPattern(f"`{char}` inside `[…]` must be written `\\{char}`")
            if char == "-" and last and self.peek() not in ("]", ""):
                high = self.take()
                high = self.escape() if high == "\\" else high
                if high in "[&" or high < last:
                    raise BadPattern(f"`{last}-{high}` is not a range")
                last = ""
                continue
            last = self.escape() if char == "\\" else char

    def quantifier(self) -> tuple[int, int]:
        """Read an optional repeat; return the fewest and the most repeats (1 and 1 without one)."""
        char = self.peek()
        if char in ("*", "+", "?") and char:
            self.take()
            low = int(char == "+")
            high = 1 if char == "?" else low + OPEN_WAYS - 1
        elif char == "{":
            found = _REPEAT.match(self.text, self.at)
            if not found:
                raise BadPattern("`{` must be `{n}`, `{n,}` or `{n,m}`; write `\\{` for the brace itself")
            self.at = found.end()
            low = int(found[1])
            high = low if found[2] is None else int(found[3]) if found[3] else low + OPEN_WAYS - 1
            if high < low or low > 1000:
                raise BadPattern(f"`{found[0]}` repeats out of order or too often")
        else:
            return 1, 1
        if self.peek() == "?":
            self.take()
        if self.peek() in ("*", "+", "{", "?") and self.peek():
            raise BadPattern("a repeat of a repeat")
        return low, high


def _repeated(ways: int, low: int, high: int) -> int:
    """Return in how many ways something can match `low` to `high` times, when once it can in `ways`."""
    return high - low + 1 if ways == 1 else sum(ways**times for times in range(low, high + 1))


def check_replacement(text: str, groups: int) -> None:
    """Refuse a replacement that names a group which isn't there."""
    rest = re.sub(r"\$(\d)", lambda m: "" if int(m[1]) <= groups else "$", text)
    if "$" in rest or "\\" in rest:
        raise BadPattern(
            f"a replacement may hold `$1` to `$9` for groups of the pattern ({groups}), no other `$` or `\\`"
        )


def check_like(pattern: str) -> None:
    """Refuse a like-pattern with a stray backslash, or with more `%` than Java gets through."""
    if "\\" in re.sub(r"\\[_%\\]", "", pattern):
        raise BadPattern("in a like-pattern a backslash may stand only before `_`, `%` or `\\`")
    if re.sub(r"\\.", "", pattern).count("%") > MOST_LIKE_SIGNS:
        raise BadPattern(f"a like-pattern with more than {MOST_LIKE_SIGNS} `%` can take forever")


def check_format(pattern: str) -> None:
    """Refuse a date format with letters that have no meaning, or that read differently by place."""
    at = 0
    while at < len(pattern):
        found = _FORMAT.match(pattern, at)
        if not found:
            raise BadPattern(
                f"`{pattern[at]}` means nothing here; letters are y M d H h m s S a X x, and text in quotes"
            )
        at = found.end()
        if found[0][0].isalpha() and pattern[at : at + 1] == found[0][0]:
            raise BadPattern(f"too many `{found[0][0]}` in a row")
