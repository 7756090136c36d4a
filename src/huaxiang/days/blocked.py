"""The block list: sensitive attributes that no definition may read, name or infer. No Spark here."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.yaml import read_yaml
from huaxiang.days.entry import Entry
from huaxiang.errors import ConfigurationError
from huaxiang.models.characters import simplified
from huaxiang.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from huaxiang.contracts.model import Text
    from huaxiang.contracts.yaml import Step, Trail

FILE = "blocked.yaml"
KEYS, WORD_KEYS = ("attribute", "title", "because", "words", "values", "topics"), ("en", "zh")
TOLD = "told"
SAID = ("measure", "tag", "rate", "segment", "title", "unit", "values")
RULES = (
    "from", "where", "adds_up", "less", "then", "derived", "rank", "ladder", "modelled", "of", "per", "by", "who",
)  # fmt: skip
"""Where a definition names and reads things. `means` and `about` are prose: they may say what is *not* read."""
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_JOINED = re.compile(r"'\s*(?:,|\|\|)\s*'")
"""What lies between two texts that a rule puts together, or lists."""
_LATIN = re.compile(r"[^a-z0-9*]+")


@dataclass(frozen=True)
class Blocked:
    """One sensitive attribute: the words that stand for it, English and Chinese, and whole values that do.

    `bars_topics` is whether nobody is told by a topic that names it.
    """

    attribute: str
    title: Text
    because: Text
    english: tuple[str, ...]
    chinese: tuple[str, ...]
    values: tuple[str, ...] = ()
    bars_topics: bool = True

    @cached_property
    def _any_english(self) -> re.Pattern[str]:
        """Whether any of the words is said: hundreds are asked of every line of a catalogue, and hardly one is there."""
        forms = (form.replace("*", "[^_]*") for word in self.english for form in _forms(word))
        return re.compile(f"(?<![^_])(?:{'|'.join(forms)})(?![^_])" if self.english else "(?!)")

    def _first_english(self, spoken: str) -> str | None:
        return next((found for word in self.english if (found := _said(word, spoken))), None)

    def named_in(self, text: str) -> str | None:
        """Return what in a name or a rule stands for the attribute; None for nothing.

        Full-width letters, traditional characters, signs that show nothing, and words that are put together of two
        texts, are seen through.
        """
        plain = _plain(text)
        spoken = _LATIN.sub("_", plain).strip("_")
        if self._any_english.search(spoken) and (found := self._first_english(spoken)):
            return found
        together = re.sub(r"\s+", "", _JOINED.sub("", plain))
        if found := next((word for word in self.chinese if word in together), None):
            return found
        quoted = {text.replace("''", "'").strip(" %") for text in _QUOTED.findall(plain)} | {plain}
        return next((value for value in self.values if _plain(value).strip() in quoted), None)


@dataclass(frozen=True)
class BlockList:
    """All blocked attributes."""

    attributes: tuple[Blocked, ...] = ()

    def bars(self, topic: str) -> bool:
        """Whether nobody is told by a topic of posts."""
        return any(one.bars_topics and one.named_in(topic) for one in self.attributes)

    def without_barred(self, value: Any) -> Any:
        """Return what a column by topic holds (a topic, topics, or structs with such a `key`) but the barred; None for nothing."""
        if isinstance(value, list):
            topics = ((one, one.get("key") if isinstance(one, dict) else one) for one in value)
            return [one for one, topic in topics if not self.bars(str(topic))] or None
        return None if isinstance(value, str) and self.bars(value) else value

    @cached_property
    def digest(self) -> str:
        """A hash of all words and values by which a topic is barred."""
        said = [(one.english, one.chinese, one.values) for one in self.attributes if one.bars_topics]
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]

    def objections(self, given: Mapping[str, Any]) -> Iterator[tuple[Trail, str, str]]:
        """Yield for every text of a definition that names an attribute: its way, what is wrong, and why."""
        for key in (*SAID, *RULES):
            for way, text in _texts(given.get(key), (key,)):
                for one in self.attributes:
                    word = one.named_in(text)
                    if word:
                        yield (
                            way,
                            f"`{word}` is blocked: {one.title.en} ({one.title.zh})",
                            f"{one.because.en} · {one.because.zh}",
                        )


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Return a text as it is read: simplified, lower case, without signs that show nothing."""
    shown = (sign for sign in simplified(text) if unicodedata.category(sign) != "Cf")
    return "".join(shown).lower()


def _said(word: str, spoken: str) -> str | None:
    """Return a word that stands among `_`-separated ones, itself or in its plural; with `*` the longer one that holds it."""
    if "*" in word:
        return next((one for one in spoken.split("_") if fnmatchcase(one, word)), None)
    return word if any(f"_{form}_" in f"_{spoken}_" for form in _forms(word)) else None


def _forms(word: str) -> tuple[str, ...]:
    """Return the forms in which a word is said; one with `*` has none but itself."""
    return (word,) if "*" in word else (word, f"{word}s", _plural(word))


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "z", "ch", "sh")) else f"{word}s"


def load_block_list(conf_dir: Path | None = None) -> BlockList:
    """Return the shipped list and what `<conf_dir>/blocked.yaml` adds; ConfigurationError for one that is unclear."""
    paths = [shipped("schemas") / FILE]
    if conf_dir and (conf_dir / FILE).is_file():
        paths.append(conf_dir / FILE)
    found: list[Blocked] = []
    problems = []
    for path in paths:
        doc = read_yaml(path)
        for index, given in enumerate(doc.data if isinstance(doc.data, list) else [doc.data]):
            named = str(given.get("attribute", "")) if isinstance(given, dict) else ""
            entry = Entry(doc, (index,), named, given if isinstance(given, dict) else {})
            one = _read(entry)
            problems += entry.problems
            found += [one] if one else []
    if problems:
        raise ConfigurationError(problems)
    return BlockList(tuple(found))


def _read(entry: Entry) -> Blocked | None:
    entry.only(KEYS)
    if not entry.name:
        entry.refuse(
            "attribute", "`attribute` is missing", "attribute: health, with its title, because and words"
        )
        return None
    words = entry.data.get("words") or {}
    both = entry.has_words("title"), entry.has_words("because")
    if not isinstance(words, dict) or any(key not in WORD_KEYS for key in words):
        entry.refuse("words", f"`words: {words}`", "{en: [income, salary], zh: [收入]}")
        words = {}
    for key, listed in words.items():
        if not isinstance(listed, list) or not listed:
            entry.refuse("words", f"`{key}: {listed}`", f"a list: {key}: [{listed}]")
        elif bad := [word for word in listed if not _is_word(key, word)]:
            entry.refuse("words", f"`{key}: {bad[0]}`", _WORD[key])
    if entry.data.get("topics", TOLD) != TOLD:
        entry.refuse(
            "topics", f"`topics: {entry.data['topics']}`", f"`topics: {TOLD}`, or nothing: they are barred"
        )
    if not (words or entry.data.get("values")):
        entry.refuse("words", "neither `words` nor `values` are given", "{en: [income, salary], zh: [收入]}")
    if not all(both) or entry.problems:
        return None
    english = tuple(_LATIN.sub("_", _plain(word)).strip("_") for word in words.get("en", ()))
    chinese = tuple(_plain(word).strip() for word in words.get("zh", ()))
    values = tuple(map(str, entry.list_of("values", ""))) if entry.data.get("values") else ()
    title, because, bars = entry.words("title"), entry.words("because"), "topics" not in entry.data
    return Blocked(entry.name, title, because, english, chinese, values, bars)


_WORD = {
    "en": "a word of Latin letters, or with `*` for what may stand before or after it",
    "zh": "a Chinese word",
}


def _is_word(language: str, word: Any) -> bool:
    if not isinstance(word, str):
        return False
    plain = _plain(word).strip()
    is_latin = plain.isascii() and any(sign.isalnum() for sign in plain)
    return is_latin if language == "en" else bool(plain) and not plain.isascii()


def _texts(value: Any, way: tuple[Step, ...]) -> Iterator[tuple[Trail, str]]:
    """Yield every text inside a value with its way; numbers as text too, since a value may be one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*way, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*way, index))
    elif value is not None:
        yield way, str(value)
