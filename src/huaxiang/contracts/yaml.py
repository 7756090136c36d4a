"""YAML that remembers where every word stood: the reader behind each file people write.

Plain data come out (text, numbers, true/false, null, lists, maps), with the line and column of every key
and value, so that an error can point at the character. Only the safe core of YAML 1.2 is read: `no` and
`12:30` are text, dates are text, and anchors, tags, duplicate keys, second documents and more than `DEEPEST`
levels are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml as pyyaml

from huaxiang.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Step = str | int
Trail = tuple[Step, ...]
"""The way to a value from the top of the file: map keys and list positions."""

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE_FALSE = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,40})")
_DECIMAL = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]{1,2})?")
_LOADER: Any = getattr(pyyaml, "CBaseLoader", pyyaml.BaseLoader)  # in C: eight times faster
DEEPEST = 50  # no file that people write comes near it
_TOO_DEEP, _FLATTEN = f"nested more than {DEEPEST} levels deep", "no key is so deep: write it flat"
_PLAIN_TAGS = {None, *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))}


@dataclass(frozen=True, order=True)
class Position:
    """A character of a file; both numbers begin at 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """One YAML file as plain data, with the place of everything in it.

    `keys` and `values` map a trail to where its key, or its value's first character, stands; in a block
    scalar (`|`, `>`) that is the first character of the text below. `words` keeps scalars as written.
    """

    file: str
    data: Any
    keys: Mapping[Trail, Position] = field(default_factory=dict, repr=False)
    values: Mapping[Trail, Position] = field(default_factory=dict, repr=False)
    words: Mapping[Trail, str] = field(default_factory=dict, repr=False)

    def position(self, trail: Iterable[Step] = (), *, value: bool = False) -> Position:
        """Where the key (or, if asked, the value) stands; of its nearest parent when it is not there."""
        way = tuple(trail)
        while way and way not in self.values:
            way = way[:-1]
        first, second = (self.values, self.keys) if value else (self.keys, self.values)
        return first.get(way) or second.get(way) or Position(1, 1)

    def line_of(self, trail: Iterable[Step] = ()) -> int:
        """Line of the key at `trail`, of its nearest parent when it is not there."""
        return self.position(trail).line

    def place(self, trail: Iterable[Step] = ()) -> str:
        """`file:line` of the key at `trail`, ready for a `Problem`."""
        return f"{self.file}:{self.line_of(trail)}"

    def problem(self, trail: Iterable[Step], found: str, expected: str = "", hint: str = "") -> Problem:
        """Return a problem that points at the key at `trail`."""
        return Problem(self.place(trail), found, expected, hint)


def shown(path: Path) -> str:
    """Return the path as a person would type it: relative to where they stand, when it lies below."""
    here = Path.cwd()
    full = path if path.is_absolute() else here / path
    return str(full.relative_to(here)) if full.is_relative_to(here) else str(full)


def read_yaml(path: Path | str) -> Document:
    """Read one YAML file; ConfigurationError names all that is wrong with its form.

    An empty file has the data `None`.
    """
    path = Path(path)
    name = shown(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise ConfigurationError(Problem(name, f"the file {reason}", "a YAML file")) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        found = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise ConfigurationError(Problem(f"{name}:{line}", found, hint="save the file as UTF-8")) from None
    return parse_yaml(text, name)


def parse_yaml(text: str, file: str) -> Document:
    """Read YAML from text; `file` is the name that errors give."""
    try:
        top = pyyaml.compose(text, Loader=_LOADER)  # nodes only: nothing is constructed
    except pyyaml.MarkedYAMLError as error:
        raise ConfigurationError(_syntax_problem(error, text, file)) from None
    except pyyaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        found = f"character U+{ord(text[int(error.position)]):04X} may not stand in YAML"
        raise ConfigurationError(Problem(f"{file}:{line}", found, hint="remove it")) from None
    except RecursionError:  # where YAML is read by Python
        raise ConfigurationError(Problem(file, _TOO_DEEP, hint=_FLATTEN)) from None
    walk = _Walk(file, text.split("\n"))
    data = None if top is None else walk.value(top, ())
    if walk.problems:
        raise ConfigurationError(walk.problems)
    return Document(file, data, walk.keys, walk.values, walk.words)


def _syntax_problem(error: pyyaml.MarkedYAMLError, text: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    found = "this is not YAML: " + ", ".join(part for part in (error.context, error.problem) if part)
    if mark is None:
        return Problem(file, found)
    lines = text.split("\n")
    excerpt = f"{lines[mark.line]}\n{' ' * mark.column}^" if mark.line < len(lines) else ""
    return Problem(f"{file}:{mark.line + 1}:{mark.column + 1}", found, excerpt=excerpt)


class _Walk:
    """One pass over the nodes: data out, positions and problems kept."""

    def __init__(self, file: str, lines: list[str]) -> None:
        self.file, self.lines = file, lines
        self.keys: dict[Trail, Position] = {}
        self.values: dict[Trail, Position] = {}
        self.words: dict[Trail, str] = {}
        self.problems: list[Problem] = []
        self.seen: set[int] = set()

    def value(self, node: pyyaml.Node, trail: Trail) -> Any:
        self.values[trail] = self._start(node)
        if len(trail) > DEEPEST:
            self._refuse(node, _TOO_DEEP, _FLATTEN)
            return None
        if node.tag not in _PLAIN_TAGS:
            self._refuse(node, f"tag `{node.tag}` is not used here", "write the plain value")
            return None
        if id(node) in self.seen:
            self._refuse(node, "anchors and aliases are not used here", "write the value out")
            return None
        self.seen.add(id(node))
        if isinstance(node, pyyaml.MappingNode):
            return self._mapping(node, trail)
        if isinstance(node, pyyaml.SequenceNode):
            return [self.value(item, (*trail, i)) for i, item in enumerate(node.value)]
        self.words[trail] = node.value
        return _scalar(node.value) if _is_plain(node) else node.value

    def _mapping(self, node: pyyaml.MappingNode, trail: Trail) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, pyyaml.ScalarNode):
                self._refuse(key_node, "a key is a list or a map", "quote it, or write one word")
                continue
            key = _scalar(key_node.value) if _is_plain(key_node) else key_node.value
            way = (*trail, key)
            if key in found:
                first = self.keys[way].line
                hint = f"the first is in line {first}: keep one"
                self._refuse(key_node, f"key `{key}` appears twice", hint)
                continue
            self.keys[way] = self._start(key_node)
            found[key] = self.value(value_node, way)
        return found

    def _start(self, node: pyyaml.Node) -> Position:
        line, column = node.start_mark.line, node.start_mark.column
        style = getattr(node, "style", None)
        if style in ("|", ">"):
            below = line + 1
            while below < len(self.lines) and not self.lines[below].strip():
                below += 1
            text = self.lines[below] if below < len(self.lines) else ""
            return Position(line + 2, len(text) - len(text.lstrip(" ")) + 1)
        return Position(line + 1, column + 1 + (style in ("'", '"')))

    def _refuse(self, node: pyyaml.Node, found: str, hint: str) -> None:
        mark = node.start_mark
        self.problems.append(Problem(f"{self.file}:{mark.line + 1}:{mark.column + 1}", found, hint=hint))


def _is_plain(node: pyyaml.Node) -> bool:
    """Tell whether a scalar is written without quotes; only then is `true` more than a word."""
    return not getattr(node, "style", None)


def _scalar(word: str) -> Any:
    """Return the value of an unquoted word by the core schema of YAML 1.2; `007` is a code, so text."""
    if word in _TRUE_FALSE:
        return _TRUE_FALSE[word]
    if _NULL.fullmatch(word):
        return None
    if _WHOLE.fullmatch(word):
        return int(word)
    return float(word) if _DECIMAL.fullmatch(word) else word
