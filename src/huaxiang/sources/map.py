"""Reads source maps: `conf/sources/<name>.yaml` to frozen data, or every mistake in it at once."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from huaxiang.conf_folder import yaml_files
from huaxiang.config import COVERS, is_zone
from huaxiang.contracts.load import load_contracts
from huaxiang.contracts.model import Text
from huaxiang.contracts.part import Part
from huaxiang.contracts.yaml import Document, read_yaml
from huaxiang.errors import ConfigurationError, Problem, did_you_mean
from huaxiang.expressions.parse import parse
from huaxiang.expressions.place import Place
from huaxiang.shipped import shipped
from huaxiang.sources.delimited import SEPARATORS, Layout
from huaxiang.sources.encoding import ENCODINGS
from huaxiang.sources.files import format_of
from huaxiang.sources.fit import PLACES, compiled_columns
from huaxiang.sources.outside import Expression, FeedMap, OutsideFile, SourceMap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.contracts.model import Contract

__all__ = ["Expression", "FeedMap", "OutsideFile", "SourceMap", "load_source", "source_names"]

FORMATS = ("csv", "jsonl", "parquet")
_TOP = (
    "source",
    "about",
    "zone",
    "business_zone",
    "currency",
    "covers",
    "required",
    "files",
    "feeds",
    "unknown",
)
_FILE = ("path", "format", "encoding", "separator", "header", "arrives", "arrived")
_FEED = ("from", "key", "where", "columns", "covers")


def source_names(conf_dir: Path | None = None) -> tuple[str, ...]:
    """Return the names of the source maps in a configuration folder."""
    return tuple(path.stem for path in yaml_files((conf_dir or shipped("conf")) / "sources"))


def load_source(name_or_path: str, conf_dir: Path | None = None) -> SourceMap:
    """Read the source map of this name in `<conf_dir>/sources/`, or at a path that ends in `.yaml`."""
    path = Path(name_or_path)
    if path.suffix != ".yaml":
        path = (conf_dir or shipped("conf")) / "sources" / f"{name_or_path}.yaml"
        if not path.is_file():
            hint = did_you_mean(name_or_path, source_names(conf_dir))
            raise ConfigurationError(
                Problem(str(path.parent), f"no source is called `{name_or_path}`", hint=hint)
            )
    doc = read_yaml(path)
    landing = {c.name: c for c in (load_contracts()).values() if c.layer == "landing"}
    problems: list[Problem] = []
    source = _Source(doc, landing, problems).read(path.stem)
    if not problems:
        problems += _type_problems(source, landing)
    if problems:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        raise ConfigurationError(problems, f"{count} in {doc.file}. Nothing was read.")
    return source


def _type_problems(source: SourceMap, landing: Mapping[str, Contract]) -> list[Problem]:
    """Check the expressions over text formats, whose columns are all text; Parquet's wait for a file."""
    problems: list[Problem] = []
    for feed in source.feeds.values():
        if source.file_of(feed.feed).format != "parquet":
            try:
                compiled_columns(feed, dict.fromkeys(feed.reads, "string"), landing[feed.feed])
            except ConfigurationError as error:
                problems += error.problems
    return problems


class _Source:
    """One pass over a source map; what is wrong goes to `problems`, and reading goes on."""

    def __init__(self, doc: Document, landing: Mapping[str, Contract], problems: list[Problem]) -> None:
        self.doc, self.landing, self.problems = doc, landing, problems

    def read(self, stem: str) -> SourceMap:
        top = Part.of(self.doc, (), "", self.doc.data, self.problems)
        top.only(_TOP)
        source = top.text("source")
        if source and source != stem:
            top.refuse("source", f"`{source}`", f"the file's own name, `{stem}`")
        about = top.part("about", "about")
        about.only(("en", "zh"))
        files = top.part("files", "files")
        outside = {
            name: self.outside(
                Part.of(self.doc, files.trails[name], f"file `{name}`", value, self.problems), name
            )
            for name, value in files.values.items()
        }
        feeds = self.feeds(top, outside)
        for key in ("files", "feeds"):
            if not top.values.get(key):
                top.refuse(key, f"no `{key}`", "at least one")
        return SourceMap(
            source=source,
            about=Text(about.text("en"), about.text("zh")),
            zone=self.zone(top, "zone"),
            business_zone=self.zone(top, "business_zone"),
            currency=self.currency(top),
            covers=top.word("covers", COVERS) or "accounts",  # type: ignore[arg-type]
            required=self.required(top, feeds),
            files=outside,
            feeds=feeds,
            unknown=tuple(str(words) for words in top.items("unknown")),
            file=self.doc.file,
        )

    def zone(self, top: Part, key: str) -> str:
        name = top.text(key)
        if name and not is_zone(name):
            top.refuse(key, f"unknown time zone `{name}`", hint="an IANA name such as America/New_York")
        return name

    def currency(self, top: Part) -> str:
        code = top.text("currency")
        if code and not re.fullmatch("[A-Z]{3}", code):
            top.refuse("currency", f"`{code}`", "a code of three capitals, such as USD")
        return code

    def required(self, top: Part, feeds: Mapping[str, FeedMap]) -> tuple[str, ...]:
        if "required" not in top.values:
            return tuple(feeds)
        names = [str(name) for name in top.items("required")]
        for name in names:
            if name not in feeds:
                top.refuse("required", f"no feed `{name}` is mapped here", hint=did_you_mean(name, feeds))
        return tuple(names)

    def outside(self, part: Part, name: str) -> OutsideFile:
        part.only(_FILE)
        path = part.text("path")
        kind = part.word("format", FORMATS, required=False) or format_of(path) or ""
        if not kind and path and "format" not in part.values:
            part.refuse("path", f"`{path}` doesn't say its format", "`format:` " + ", ".join(FORMATS))
        if kind != "csv":
            for key in ("separator", "header"):
                if key in part.values:
                    part.refuse(key, f"`{key}` has no meaning here", "only in files of format csv")
        if kind == "parquet" and "encoding" in part.values:
            part.refuse("encoding", "`encoding` has no meaning here", "Parquet is UTF-8")
        header = tuple(str(word) for word in part.items("header"))
        for word in header:
            if header.count(word) > 1:
                part.refuse("header", f"the column `{word}` appears twice", "each name once")
        arrives = part.word("arrives", ("once", "daily"), required=False) or "once"
        if path.count("{date}") > 1:
            part.refuse("path", f"`{path}` has {{date}} twice", "write `*` for the others")
        if (arrives == "daily") != ("{date}" in path) and path:
            part.refuse(
                "arrives", f"`{path}` arrives {arrives}", "`daily` with {date} in the path, `once` without"
            )
        return OutsideFile(
            name=name,
            path=path,
            format=kind,  # type: ignore[arg-type]
            arrives=arrives,  # type: ignore[arg-type]
            arrived=self.arrived(part, arrives),
            encoding=part.word("encoding", ENCODINGS, required=False) or None,
            layout=Layout(part.word("separator", SEPARATORS, required=False) or ",", header),
        )

    def arrived(self, part: Part, arrives: str) -> date | None:
        text = part.text("arrived", required=False)
        if not text:
            return None
        if arrives == "daily":
            part.refuse("arrived", "a file that comes daily arrives on the date in its path")
        try:
            return date.fromisoformat(text)
        except ValueError:
            part.refuse("arrived", f"`{text}` is not a date", "yyyy-mm-dd")
            return None

    def feeds(self, top: Part, files: Mapping[str, OutsideFile]) -> dict[str, FeedMap]:
        part = top.part("feeds", "")
        part.only(self.landing, "feed")
        return {
            name: self.feed(
                Part.of(self.doc, part.trails[name], f"feed `{name}`", value, self.problems), name, files
            )
            for name, value in part.values.items()
            if name in self.landing
        }

    def feed(self, part: Part, name: str, files: Mapping[str, OutsideFile]) -> FeedMap:
        part.only(_FEED)
        contract = self.landing[name]
        takes = part.text("from")
        if takes and takes not in files:
            part.refuse("from", f"no file is called `{takes}`", hint=did_you_mean(takes, files))
        mapped = part.part("columns", f"feed `{name}`")
        mapped.only(contract.names, "column")
        columns = {c: e for c in mapped.values if c in contract.names and (e := self.expression(mapped, c))}
        header = files[takes].layout.header if takes in files else ()
        key, filled = self.key(part, contract, frozenset(mapped.values))
        feed = FeedMap(
            feed=name,
            takes=takes,
            columns=columns,
            key=key,
            filled=filled,
            where=self.expression(part, "where") if "where" in part.values else None,
            covers=part.word("covers", COVERS, required=False) or None,  # type: ignore[arg-type]
        )
        for word in feed.reads if header else ():
            if word not in header:
                part.refuse(None, f"`{takes}` has no column `{word}`", hint=did_you_mean(word, header))
        self.distinct(part, feed.reads)
        return feed

    def distinct(self, part: Part, reads: tuple[str, ...]) -> None:
        """Refuse outside columns that Spark, to which case is nothing, takes for each other or for ours."""
        for i, word in enumerate(reads):
            like = next((w for w in reads[:i] if w.lower() == word.lower()), None)
            if word.lower() in PLACES:
                found = f"`{word}` is a name of the pipeline's own"
                part.refuse(None, found, hint="give the file's column another name")
            elif like:
                found = f"the columns `{like}` and `{word}` differ only in case"
                part.refuse(None, found, "names that differ otherwise", "give one in the file another name")

    def key(
        self, part: Part, contract: Contract, mapped: frozenset[str]
    ) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
        """Return the outside columns of the key, and the feed's key columns that it is written to."""
        kinds = {c.name: c.type for c in contract.columns}
        open_keys = tuple(c for c in contract.key if c not in mapped)
        filled = tuple(c for c in open_keys if kinds[c] == "string" and c != "platform")
        needed = [c.name for c in contract.columns if c.required] + list(contract.key)
        for column in dict.fromkeys(needed):
            if (
                column not in mapped
                and column != "currency"
                and (column not in filled or "key" not in part.values)
            ):
                hint = (
                    "map it, or give `key:` (the outside columns that make a row unique, or none)"
                    if column in filled
                    else ""
                )
                part.refuse("columns", f"the column `{column}` must be known", "an expression", hint)
        if "key" not in part.values:
            return None, ()
        if not filled:
            part.refuse(
                "key",
                "every key column is mapped",
                hint="leave `key:` out, or leave an id unmapped for it to fill",
            )
        value = part.values["key"]
        if value == "none":
            return (), filled
        if not isinstance(value, list) or not value:
            part.refuse("key", f"`{value}`", "a list of outside columns, or none")
            return (), filled
        return tuple(str(word) for word in value), filled

    def expression(self, part: Part, key: str) -> Expression | None:
        trail = part.trails[key]
        text = self.doc.words.get(trail, "")
        if not text.strip():
            part.refuse(key, f"`{key}` is empty", "an expression, such as a column of the file")
            return None
        at = self.doc.position(trail, value=True)
        place = Place(self.doc.file, at.line, at.column)
        try:
            return Expression(text, place, parse(text, place))
        except ConfigurationError as error:
            self.problems += error.problems
            return None
