"""From a file's bytes to UTF-8 text: compression, encoding and whether its quotes can be trusted."""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from huaxiang.errors import Problem
from huaxiang.sources.encoding import StrictDecoder, gb18030_problem
from huaxiang.sources.quotes import Quotes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from huaxiang.sources.encoding import Encoding
    from huaxiang.sources.quotes import Verdict

CHUNK = 1 << 22
BOM = b"\xef\xbb\xbf"


class RefusalError(Exception):
    """A file can't be read as it is, and none of its rows is taken; carries why. Never leaves the room."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))

    @classmethod
    def of(cls, problems: list[Problem]) -> RefusalError:
        """Refuse for several reasons at once: the first is told in full, the others follow in its hint."""
        first, *others = problems
        hints = [first.hint, *(f"also: {str(p).removeprefix(p.place).strip()}" for p in others)]
        hint = "\n    → ".join(h for h in hints if h)
        return cls(Problem(first.place, first.found, first.expected, hint, first.excerpt))


@dataclass(frozen=True)
class Text:
    """What one look at all of a text file's bytes has shown.

    `encoding` is `utf-8` or `gb18030` (which includes GBK). `quotes` are `none`, `regular` (every quote
    opens a field at its beginning, closes it at its end, or is doubled) or `irregular`.
    `lines` is false when no line ever ends: a header alone, or one record.
    """

    path: Path
    name: str
    compression: str | None
    encoding: Encoding
    quotes: Verdict
    lines: bool

    def open_bytes(self) -> pa.NativeFile:
        """Open the decompressed bytes, in the file's own encoding."""
        return open_bytes(self.path, self.compression)

    def open_text(self) -> io.TextIOWrapper:
        """Open the decoded text, without BOM, line ends as they are."""
        encoding = "utf-8-sig" if self.encoding == "utf-8" else self.encoding
        opened: Any = self.open_bytes()  # a NativeFile does all that a TextIOWrapper asks for
        return io.TextIOWrapper(opened, encoding=encoding, newline="")


def examine(path: Path, name: str, *, compression: str | None, encoding: str | None, separator: str) -> Text:
    """Read all bytes once and say how to decode them; refuse what is cut off, empty or not text.

    Without a stated encoding strict UTF-8 is tried, then strict GB18030. Text that is neither, or that
    only happens to decode as GB18030 (Latin-1 with its single accented letters does), is refused with
    the byte at which UTF-8 breaks: guessing would change values silently.
    """
    stated = None if encoding is None else encoding.lower()
    quotes, utf8 = Quotes(separator), StrictDecoder("utf-8")
    broken_at, is_cut = None, False
    first, lines = True, False
    for chunk in _chunks(path, name, compression):
        if first and chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise RefusalError(Problem(name, "UTF-16 text", "UTF-8, GBK or GB18030"))
        quotes.see(chunk.removeprefix(BOM) if first else chunk)
        lines = lines or b"\n" in chunk or b"\r" in chunk
        broken_at = utf8.see(chunk) if broken_at is None else broken_at
        first = False
    if first:
        raise RefusalError(Problem(name, "nothing in it after decompression", "a header line or records"))
    if broken_at is None:
        broken_at = utf8.end()
        is_cut = broken_at is not None
    found: Encoding = "utf-8"
    if stated in ("gbk", "gb18030") or (stated is None and broken_at is not None):
        again = _chunks(path, name, compression)
        broken_at = None if stated else broken_at
        problem = gb18030_problem(again, name, stated=stated, broken_at=broken_at, is_cut=is_cut)
        if problem is not None:
            raise RefusalError(problem)
        found = "gb18030"
    elif broken_at is not None:
        raise RefusalError(
            Problem(name, f"wrong encoding: byte {broken_at} is not UTF-8", "utf-8, as stated")
        )
    return Text(path, name, compression, found, quotes.verdict(), lines)


def _chunks(path: Path, name: str, compression: str | None) -> Iterator[bytes]:
    try:
        with open_bytes(path, compression) as opened:
            while chunk := opened.read(CHUNK):
                yield chunk
    except OSError as error:
        raise RefusalError(
            Problem(name, f"cut off or damaged: {error}", f"a whole {compression} file")
        ) from error


def open_bytes(path: Path, compression: str | None) -> pa.NativeFile:
    """Open a file's bytes, decompressed when `compression` says how."""
    how: Any = compression  # None means plain, which the type stubs forget
    return pa.input_stream(str(path), compression=how)
