"""A page read back: its words by language, where its links lead, and whether every tag closes."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<script>alert('x')</script>"


class Reader(HTMLParser):
    """Collects tags, addresses, ids and the words of each language; fails on tags that do not close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.places: list[str] = []
        self.words: dict[str, str] = {"en": "", "zh": ""}
        self.language: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        self.addresses += [v for k, v in attrs if k in {"href", "src"} and v]
        self.places += [v for k, v in attrs if k == "id" and v]
        if tag in {"meta", "br", "link", "img", "input"}:
            return
        self.open.append(tag)
        self.language.append(found.get("class") or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.language.pop()

    def handle_data(self, data: str) -> None:
        for language in self.words:
            if language in self.language:
                self.words[language] += data + "\n"


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    assert reader.open == []
    return reader
