"""What a Chinese comment feels and speaks of, by words alone: the scorer of the first day.

Clauses are read from left to right. A word of praise or complaint counts as its strength, more or less by the
degree before it, turned over by each negation before it; an adjective of measure ("高") by what it is said of
("性价比" or "价格"). What stands after a turn ("但是") weighs more. A negated complaint is half a praise,
a negated praise a whole complaint: "不难吃" is less than "好吃", "不好吃" is "难吃". (The usual treatment of
valence shifters: Polanyi & Zaenen 2006; Taboada et al. 2011, Lexicon-Based Methods for Sentiment Analysis.)
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from math import tanh
from typing import TYPE_CHECKING, Any

import yaml

from huaxiang.models.characters import characters_said, simplified
from huaxiang.shipped import shipped

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "2"
"""Of the reading: raise it when the same words come to mean something else."""
LONGEST = 2_000
"""Characters of a comment that are read: what somebody thinks stands in the first ones."""
_CLAUSES = re.compile(r"[,，。.!！?？;；~～…、\s]+")
_FELT, _MEASURE, _NOUN, _NEGATION, _DEGREE, _TURN, _NOTHING = range(7)
_NOT_BAD = -0.5
_AFTER_TURN = 1.5
_REACH = 6
"""Characters between a negation, degree or noun and the word it belongs to, at most."""


@dataclass(frozen=True)
class Opinion:
    """`sentiment` from -1 to 1, None where nothing was said that is known; what is spoken of."""

    sentiment: float | None
    topics: tuple[str, ...]

    @property
    def points(self) -> int | None:
        """What is felt in whole points from -100 to 100, as nights count it."""
        return None if self.sentiment is None else round(self.sentiment * 100)


@dataclass(frozen=True)
class Lexicon:
    """Words with what they do, their strength, and the pattern that finds the longest of them."""

    meanings: dict[str, tuple[int, float]]
    words: re.Pattern[str]
    topics: tuple[tuple[str, re.Pattern[str]], ...]

    def opinion(self, text: str | None) -> Opinion:
        """Return what a comment says; nothing for none, for emoji alone, or for another language."""
        spoken = self.spoken(text)
        total = sum(value for _, value in spoken)
        return Opinion(tanh(total / 2) if spoken else None, self.topics_in(text))

    def topics_in(self, text: str | None) -> tuple[str, ...]:
        """Return what a comment speaks of."""
        plain = _plain(text)
        return tuple(name for name, pattern in self.topics if pattern.search(plain))

    def spoken(self, text: str | None) -> list[tuple[str, float]]:
        """Return the words that feel something, with what turns or strengthens them, and what each feels; as they come."""
        found: list[tuple[str, float]] = []
        weight = 1.0
        for clause in _CLAUSES.split(_plain(text)):
            said, turns = self._clause(clause)
            weight = _AFTER_TURN if turns else weight
            found += [(word, value * weight) for word, value in said]
        return found

    def _clause(self, clause: str) -> tuple[list[tuple[str, float]], bool]:
        """Return what in a clause feels how much, and whether it turns against what came before."""
        said: list[tuple[str, float]] = []
        turns = False
        sign, degree, noun, reach = 1.0, 1.0, 0.0, -1
        shifted, named = (
            None,
            0,
        )  # where what turns or strengthens the next word begins, and what it is said of
        tokens = [(m.start(), m.end(), *self.meanings[m.group()]) for m in self.words.finditer(clause)]
        for index, (start, end, meaning, strength) in enumerate(tokens):
            what = meaning
            if start > reach:
                sign, degree, shifted = 1.0, 1.0, None
            follower = tokens[index + 1] if index + 1 < len(tokens) else None
            if clause[start:end] == "好" and follower and follower[0] == end and follower[2] == _FELT:
                what = _DEGREE  # "好难吃": very
            if what in (_NEGATION, _DEGREE) and shifted is None:
                shifted = start
            if what == _TURN:
                turns = True
            elif what == _NEGATION:
                sign, reach = -sign, end + _REACH
            elif what == _DEGREE:
                degree, reach = degree * strength, max(reach, end + _REACH)
            elif what == _NOUN:
                noun, named = strength, start
            elif value := {_FELT: strength, _MEASURE: noun * strength}.get(what, 0.0):
                value *= degree * (sign if value > 0 or sign > 0 else _NOT_BAD)
                begins = named if what == _MEASURE else start if shifted is None else shifted
                said.append((clause[begins:end], value))
                sign, degree, shifted = 1.0, 1.0, None
        return said, turns


def _plain(text: str | None) -> str:
    return simplified((text or "")[:LONGEST])


@cache
def shipped_lexicon() -> Lexicon:
    """Return the lexicon that comes with the project."""
    return load_lexicon(_shipped_file())


@cache
def lexicon_digest() -> str:
    """Return a hash of the shipped lexicon and of how it is read: what it says changes with it."""
    read = f"{VERSION}{characters_said()}"
    return hashlib.sha256(_shipped_file().read_bytes() + read.encode()).hexdigest()[:16]


def _shipped_file() -> Path:
    return shipped("schemas") / "text" / "sentiment.yaml"


def load_lexicon(path: Path) -> Lexicon:
    """Read a lexicon file; of a word that stands in several lists, the later list counts."""
    data: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    meanings: dict[str, tuple[int, float]] = {}
    lists = (
        ("high", _MEASURE, 1.0),
        ("low", _MEASURE, -1.0),
        ("praise", _FELT, 1.0),
        ("complaint", _FELT, -1.0),
        ("good_when_high", _NOUN, 1.0),
        ("bad_when_high", _NOUN, -1.0),
        ("strong_praise", _FELT, 2.0),
        ("strong_complaint", _FELT, -2.0),
        ("negations", _NEGATION, 1.0),
        ("turns", _TURN, 1.0),
        ("nothing", _NOTHING, 0.0),
    )
    for key, what, strength in lists:
        for entry in data[key]:
            for word in entry if isinstance(entry, list) else [entry]:
                meanings[word] = what, strength
    for word, strength in data["degrees"].items():
        meanings.setdefault(word, (_DEGREE, float(strength)))
    return Lexicon(meanings, _any_of(meanings), tuple((n, _any_of(w)) for n, w in data["topics"].items()))


def _any_of(words: Any) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(w) for w in sorted(words, key=lambda w: (-len(w), w))))
