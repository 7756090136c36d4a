"""From a file's bytes to UTF-8 text: compression, encoding and whether its quotes can be trusted."""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from huaxiang.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK = 1 << 22
BOM = b"\xef\xbb\xbf"
ENCODINGS = ("utf-8", "gbk", "gb18030")
QUOTE = 0x22


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
    encoding: Literal["utf-8", "gb18030"]
    quotes: Literal["none", "regular", "irregular"]
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
    quotes = _Quotes(separator)
    stated = None if encoding is None else encoding.lower()
    utf8, broken_at = _decodes("utf-8"), None
    first, any_bytes, lines = True, False, False
    for chunk in _chunks(path, name, compression):
        any_bytes = True
        if first and chunk[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise RefusalError(Problem(name, "UTF-16 text", "UTF-8, GBK or GB18030"))
        quotes.see(chunk.removeprefix(BOM) if first else chunk)
        lines = lines or b"\n" in chunk or b"\r" in chunk
        if broken_at is None and stated in (None, "utf-8"):
            broken_at = utf8.see(chunk)
        first = False
    if not any_bytes:
        raise RefusalError(Problem(name, "nothing in it after decompression", "a header line or records"))
    if stated in (None, "utf-8") and broken_at is None:
        broken_at = utf8.end()
    found: Literal["utf-8", "gb18030"] = "utf-8"
    if stated in ("gbk", "gb18030") or broken_at is not None:
        _refuse_unless_chinese(path, name, compression, stated, broken_at)
        found = "gb18030"
    return Text(path, name, compression, found, quotes.verdict(), lines)


def _refuse_unless_chinese(
    path: Path, name: str, compression: str | None, stated: str | None, broken_at: int | None
) -> None:
    expected = "UTF-8, GBK or GB18030" if stated is None else stated
    if stated == "utf-8":
        raise RefusalError(Problem(name, f"wrong encoding: byte {broken_at} is not UTF-8", expected))
    decoder, look = _decodes("gb18030"), _ChineseLook()
    bad_at = None
    for chunk in _chunks(path, name, compression):
        bad_at = decoder.see(chunk)
        if bad_at is not None:
            break
        look.see(chunk, decoder.text)
    if bad_at is None:
        bad_at = decoder.end()
    if bad_at is not None:
        where = f"byte {bad_at} is not GB18030" + (
            "" if broken_at is None else f", byte {broken_at} not UTF-8"
        )
        raise RefusalError(Problem(name, f"wrong encoding: {where}", expected))
    if stated is None and not look.is_plausible():
        raise RefusalError(
            Problem(
                name,
                f"wrong encoding: byte {broken_at} is not UTF-8, and read as GB18030 it is hardly Chinese",
                expected,
                "save it as UTF-8, or state `encoding:` in a source map",
            )
        )


class _decodes:  # noqa: N801  (reads as a verb: `_decodes("utf-8").see(chunk)`)
    """Strict decoding chunk by chunk; gives the offset of the first byte that breaks it."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._seen = 0
        self.text = ""

    def see(self, chunk: bytes, *, final: bool = False) -> int | None:
        held = len(self._decoder.getstate()[0])
        try:
            self.text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            return self._seen - held + error.start
        self._seen += len(chunk)
        return None

    def end(self) -> int | None:
        return self.see(b"", final=True)


class _ChineseLook:
    """Tells Chinese from what only decodes as it, by the second bytes of two-byte characters.

    Of common characters they lie above 0x7F, all but a few in a hundred. A Latin-1 letter with an
    accent takes the plain letter after it as its second byte; of Big5 four in ten are low.
    """

    def __init__(self) -> None:
        self._pairs = 0
        self._low = 0

    def see(self, chunk: bytes, text: str) -> None:
        codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
        quads = int(np.count_nonzero(codes > 0xFFFF))  # emoji and rare characters: two high bytes, two digits
        pairs = int(np.count_nonzero(codes > 0x7F)) - quads
        high = int(np.count_nonzero(np.frombuffer(chunk, dtype=np.uint8) >= 0x80)) - 2 * quads
        self._pairs += pairs
        self._low += 2 * pairs - high

    def is_plausible(self) -> bool:
        return self._low <= 0.25 * self._pairs


class _Quotes:
    """Watches that every quote opens a field, closes one or is doubled, without parsing records."""

    def __init__(self, separator: str) -> None:
        self._around = np.zeros(256, dtype=bool)
        self._around[[QUOTE, 0x0A, 0x0D, *separator.encode()]] = True
        self._before = 0x0A
        self._inside = False
        self._held = b""
        self._any = False
        self._regular = True

    def see(self, chunk: bytes, *, final: bool = False) -> None:
        data = self._held + chunk
        self._held = b""
        if not final and data.endswith(b'"'):  # what follows it is in the next chunk
            data, self._held = data[:-1], data[-1:]
        if not data:
            return
        seen = np.frombuffer(data, dtype=np.uint8)
        at = np.flatnonzero(seen == QUOTE)
        if at.size:
            self._any = True
            opens = (np.arange(at.size) + int(self._inside)) % 2 == 0
            before = np.where(at > 0, seen[at - 1], self._before)
            after = seen[np.minimum(at + 1, seen.size - 1)]
            self._regular &= bool(np.all(self._around[np.where(opens, before, after)]))
            self._inside ^= bool(at.size % 2)
        self._before = int(seen[-1])

    def verdict(self) -> Literal["none", "regular", "irregular"]:
        self.see(b"\n", final=True)
        if not self._any:
            return "none"
        return "regular" if self._regular and not self._inside else "irregular"


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
