"""A first look at an expression's characters, before any parser: what could confuse either is named."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from huaxiang.expressions.place import Place, Span, problem

if TYPE_CHECKING:
    from huaxiang.errors import Problem

LONGEST = 4000
DEEPEST = 20  # brackets inside brackets
_QUOTES = {"'": "'", '"': '"', "`": "`"}
_LOOKALIKES = {"‘": "'", "’": "'", "“": "'", "”": "'", "、": ",", "。": ".", "–": "-", "—": "-", "−": "-"}
_ESCAPED = set("\\'\"ntr0_%")


def scan(text: str, place: Place) -> list[Problem]:
    """Return what is wrong with the characters: length, nesting, comments, `;`, full-width signs, escapes."""
    if not text.strip():
        return [problem(text, place, Span(0, 1), "an empty expression")]
    if len(text) > LONGEST:
        return [problem(text, place, Span(0, 1), f"{len(text):,} characters; at most {LONGEST:,} are read")]
    return _Scan(text, place).run()


class _Scan:
    def __init__(self, text: str, place: Place) -> None:
        self.text, self.place = text, place
        self.problems: list[Problem] = []

    def refuse(self, start: int, end: int, found: str, hint: str = "") -> None:
        self.problems.append(problem(self.text, self.place, Span(start, end), found, hint))

    def run(self) -> list[Problem]:
        at, depth = 0, 0
        while at < len(self.text):
            char = self.text[at]
            if char in _QUOTES:
                at = self.quoted(at)
                continue
            if char == "(":
                depth += 1
                if depth == DEEPEST + 1:
                    self.refuse(at, at + 1, f"nested more than {DEEPEST} brackets deep")
                    return self.problems
            elif char == ")":
                depth -= 1
            elif self.text.startswith(("--", "/*"), at):
                self.refuse(
                    at,
                    at + 2,
                    "a comment; an expression has none",
                    "say it in `about`, or after # in the file",
                )
                return self.problems
            elif char == ";":
                self.refuse(at, at + 1, "`;` would end a statement; one expression is expected")
            else:
                self.character(at, char)
            at += 1
        return self.problems

    def character(self, at: int, char: str) -> None:
        if char in "\n\t":
            return
        if unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp"):
            self.refuse(at, at + 1, f"an invisible character (U+{ord(char):04X})")
            return
        plain = _LOOKALIKES.get(char) or unicodedata.normalize("NFKC", char)
        if plain != char and plain.isascii():
            said = "an unusual space" if plain == " " else f"`{char}`"
            self.refuse(
                at, at + 1, f"{said} outside a text", f"did you mean `{plain}`?" if plain.strip() else ""
            )

    def quoted(self, opens: int) -> int:
        """Read a text or quoted name from its opening quote; return where it ends."""
        quote = self.text[opens]
        is_raw = (
            quote != "`"
            and opens > 0
            and self.text[opens - 1] in "rR"
            and not self.text[opens - 2 : opens - 1].isalnum()
        )
        at = opens + 1
        while at < len(self.text):
            char = self.text[at]
            if char == "\0":
                self.refuse(at, at + 1, "an invisible character (U+0000)")
            if char == "\\" and quote != "`":
                after = self.text[at + 1 : at + 2]
                if not is_raw and after not in _ESCAPED:
                    self.refuse(
                        at,
                        at + 2,
                        f"`\\{after}` in a text loses its backslash",
                        f"write r'…' or `\\\\{after}`",
                    )
                at += 2
                continue
            if char == quote:
                if quote == "`" and self.text[at + 1 : at + 2] == "`":
                    at += 2
                    continue
                return at + 1
            at += 1
        self.refuse(opens, len(self.text), f"{quote} is not closed")
        return at
