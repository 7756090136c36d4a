"""`conf/segments/*.yaml` to segments: all problems of all files at once, or none of the files counts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from huaxiang.conf_folder import yaml_files
from huaxiang.contracts.model import Text
from huaxiang.contracts.yaml import read_yaml
from huaxiang.days.blocked import load_block_list
from huaxiang.errors import ConfigurationError, Problem, did_you_mean
from huaxiang.expressions import Place, names_read
from huaxiang.segments.examples import read_examples
from huaxiang.segments.graph import circles
from huaxiang.segments.model import Segment
from huaxiang.segments.rule import Rule, read_rule, without

if TYPE_CHECKING:
    from pathlib import Path

    from huaxiang.contracts.yaml import Document, Step
    from huaxiang.days.blocked import BlockList
    from huaxiang.segments.vocabulary import Vocabulary

__all__ = ["Segment", "load_segments"]

KEYS = ("segment", "title", "about", "for_each", "who", "not_if", "examples")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def load_segments(folder: Path, vocabulary: Vocabulary) -> tuple[Segment, ...]:
    """Return the segments of a folder by name; ConfigurationError lists what is wrong in any file."""
    problems: list[Problem] = []
    documents: list[Document] = []
    paths = yaml_files(folder)
    for path in paths:
        try:
            documents.append(read_yaml(path))
        except ConfigurationError as error:
            problems += error.problems
    block_list = load_block_list(folder.parent)
    readers = [_Reader(document, vocabulary, block_list) for document in documents]
    declared: dict[str, _Reader] = {}
    for reader in readers:
        first = declared.setdefault(reader.name, reader)
        if reader.name and first is not reader:
            reader.say(("segment",), f"segment `{reader.name}` is already in {first.doc.file}")
    found = [segment for segment in (r.read(set(declared) - {""}) for r in readers) if segment]
    problems += [p for r in readers for p in r.problems]
    problems += circles({s.name: s for s in found})
    if problems:
        raise ConfigurationError(problems, _summary(problems, len(paths)))
    return tuple(sorted(found, key=lambda s: s.name))


def _summary(problems: list[Problem], files: int) -> str:
    hit = len({p.place.split(":")[0] for p in problems})
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return f"{count} in {hit} of {files} files. Nothing was changed."


class _Reader:
    """One file; collects its problems."""

    def __init__(self, doc: Document, vocabulary: Vocabulary, block_list: BlockList) -> None:
        self.doc, self.vocabulary, self.block_list = doc, vocabulary, block_list
        self.problems: list[Problem] = []
        self.data: dict[str, Any] = doc.data if isinstance(doc.data, dict) else {}
        name = self.data.get("segment")
        self.name = name if isinstance(name, str) and _NAME.fullmatch(name) else ""

    def say(self, trail: tuple[Step, ...], found: str, hint: str = "", *, value: bool = True) -> None:
        """Note a problem at the value (or the key) of a trail."""
        at = self.doc.position(trail, value=value)
        self.problems.append(Problem(f"{self.doc.file}:{at.line}:{at.column}", found, hint=hint))

    def read(self, declared: set[str]) -> Segment | None:
        """Return the segment, or None when something in it is wrong."""
        if not isinstance(self.doc.data, dict):
            self.say((), "a segment is a map with the keys " + ", ".join(KEYS))
            return None
        for key in self.data:
            if key not in KEYS:
                self.say((key,), f"unknown key `{key}`", did_you_mean(str(key), KEYS), value=False)
        self._check_name()
        for trail, found, why in self.block_list.objections(self.data):
            self.say(trail, found, why)
        title, about = self._text("title", required=True), self._text("about")
        per_brand = self._per_brand()
        rule = self._rule(declared, per_brand=per_brand)
        not_if = self._not_if(declared)
        examples = read_examples(self.doc, self.vocabulary, self.say)
        if self.problems or title is None or rule is None:
            return None
        needs = tuple(dict.fromkeys([*(name for name, _ in rule.members), *not_if]))
        tree = without(rule.tree, not_if)
        return Segment(
            self.name, title, about, per_brand, rule.text, tree, rule.names, needs,
            tops=rule.tops, not_if=not_if, examples=examples, file=self.doc.file,
        )  # fmt: skip

    def _check_name(self) -> None:
        if "segment" not in self.data:
            self.say((), "key `segment` is missing", "segment: a-name-of-small-letters")
        elif not self.name:
            found = f"`{self.data['segment']}` is not a name: small letters, digits and single hyphens are"
            self.say(("segment",), found)

    def _text(self, key: str, *, required: bool = False) -> Text | None:
        words = self.data.get(key)
        if words is None:
            if required:
                self.say((), f"key `{key}` is missing", f"{key}: {{en: …, zh: …}}")
            return None
        if not isinstance(words, dict):
            self.say((key,), f"`{key}` is said in two languages", f"{key}: {{en: …, zh: …}}")
            return None
        for language in words:
            if language not in ("en", "zh"):
                self.say((key, language), f"unknown language `{language}`", "valid: en, zh", value=False)
        said = [words.get(language) for language in ("en", "zh")]
        for language, text in zip(("en", "zh"), said, strict=True):
            if not isinstance(text, str) or not text.strip():
                self.say((key, language), f"`{key}` says nothing in `{language}`")
        return Text(str(said[0]), str(said[1]))

    def _per_brand(self) -> bool:
        each = self.data.get("for_each")
        if each not in (None, "brand"):
            self.say(("for_each",), f"`for_each: {each}` is not known", "for_each: brand, or leave it out")
        return each is not None

    def _rule(self, declared: set[str], *, per_brand: bool) -> Rule | None:
        text = self.data.get("who")
        if text is None:
            self.say((), "key `who` is missing", "who: a condition, such as orders_all > 0")
            return None
        at = self.doc.position(("who",), value=True)
        words = text if isinstance(text, str) else self.doc.words.get(("who",))
        if words is None:
            self.say(("who",), "`who` is one condition, not a list or a map", "join conditions by and, or")
            return None
        known = self.vocabulary.names(per_brand=per_brand)
        words, place = words.rstrip("\n"), Place(self.doc.file, at.line, at.column)
        try:
            for name in sorted((names_read(words, place) & set(self.vocabulary.brand_relation)) - set(known)):
                self.say(("who",), f"`{name}` is told of a person and a brand", "for_each: brand")
                known[name] = self.vocabulary.brand_relation[name]
            rule = read_rule(self.name, words, place, known)
        except ConfigurationError as error:
            self.problems += error.problems
            return None
        self.problems += [
            rule.problem(span, f"unknown segment `{name}`", did_you_mean(name, declared))
            for name, span in rule.members
            if name not in declared
        ]
        return rule

    def _not_if(self, declared: set[str]) -> tuple[str, ...]:
        listed = self.data.get("not_if")
        if listed is None:
            return ()
        if not isinstance(listed, list):
            self.say(("not_if",), "`not_if` is a list of segments", "not_if: [opted-out, tired]")
            return ()
        for k, name in enumerate(listed):
            if not isinstance(name, str) or name not in declared:
                self.say(("not_if", k), f"unknown segment `{name}`", did_you_mean(str(name), declared))
        return tuple(dict.fromkeys(str(name) for name in listed))
