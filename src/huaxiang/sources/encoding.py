"""Which encoding a text is in: strict UTF-8, else strict GB18030 (GBK is part of it), else refused."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Literal

import numpy as np

from huaxiang.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

Encoding = Literal["utf-8", "gb18030"]
ENCODINGS = ("utf-8", "gbk", "gb18030")
FIX = "save it as UTF-8"
ALL_THE_SAME = (
    f"{FIX}; if it is Chinese all the same and a source map reads it, state `encoding: gb18030` there"
)


class StrictDecoder:
    """Decodes chunk by chunk; `see` and `end` give the offset of the first byte that breaks it."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._seen = 0
        self.text = ""

    def see(self, chunk: bytes, *, final: bool = False) -> int | None:
        """Decode a chunk into `text`; return the offset in the whole stream of what can't be."""
        held = len(self._decoder.getstate()[0])
        try:
            self.text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            return self._seen - held + error.start
        self._seen += len(chunk)
        return None

    def end(self) -> int | None:
        """Return the offset of a last character that is cut off."""
        return self.see(b"", final=True)


def gb18030_problem(
    chunks: Iterable[bytes], name: str, *, stated: str | None, broken_at: int | None, is_cut: bool
) -> Problem | None:
    """Return why the text is not GB18030, None when it is.

    `broken_at` is where UTF-8 broke, unless another encoding was `stated`; `is_cut` says that only the
    last character was incomplete, so that the file is UTF-8 and cut off.
    """
    expected = stated or "UTF-8, GBK or GB18030"
    decoder, chinese, utf8 = StrictDecoder("gb18030"), _ChineseLook(), _Utf8Look()
    bad_at = None
    for chunk in chunks:
        utf8.see(chunk)
        if bad_at is None:
            bad_at = decoder.see(chunk)
            chinese.see(chunk, decoder.text)
    bad_at = decoder.end() if bad_at is None else bad_at
    if stated is None and (is_cut or utf8.is_broken_utf8()):
        return Problem(
            name, f"wrong encoding: UTF-8, but byte {broken_at} is not", expected, "send the file again"
        )
    if bad_at is not None:
        other = "" if broken_at is None else f", byte {broken_at} not UTF-8"
        hint = "" if stated else FIX
        return Problem(name, f"wrong encoding: byte {bad_at} is not GB18030{other}", expected, hint)
    if stated is None and utf8.holds_halves():
        found = f"wrong encoding: CESU-8 (halves of characters, byte {broken_at})"
        return Problem(name, found, expected, FIX)
    if stated is None and utf8.is_mixed_with(chinese.signs):
        found = f"wrong encoding: some of it is UTF-8, but byte {broken_at} and others are not"
        return Problem(name, found, f"one of {expected}", f"{FIX}, all of it")
    if stated is None and not chinese.is_plausible():
        found = f"wrong encoding: byte {broken_at} is not UTF-8, and read as GB18030 it is hardly Chinese"
        return Problem(name, found, expected, ALL_THE_SAME)
    return None


class _ChineseLook:
    """Tells Chinese from what only decodes as it, by the second bytes of two-byte characters.

    Of common characters they lie above 0x7F, all but a few in a hundred. A Latin-1 letter with an
    accent takes the plain letter after it as its second byte; of Big5 four in ten are low, and many are read as
    signs that nobody has given a meaning.
    """

    def __init__(self) -> None:
        self._pairs = 0
        self._low = 0
        self._private = 0

    @property
    def signs(self) -> int:
        """How many two-byte characters there were."""
        return self._pairs

    def see(self, chunk: bytes, text: str) -> None:
        codes = _codes(text)
        quads = int(np.count_nonzero(codes > 0xFFFF))  # emoji and rare characters: two high bytes, two digits
        pairs = int(np.count_nonzero(codes > 0x7F)) - quads
        high = int(np.count_nonzero(np.frombuffer(chunk, dtype=np.uint8) >= 0x80)) - 2 * quads
        self._pairs += pairs
        self._low += 2 * pairs - high
        self._private += int(np.count_nonzero((codes >= 0xE000) & (codes <= 0xF8FF)))

    def is_plausible(self) -> bool:
        return self._low <= 0.25 * self._pairs and self._private <= 0.01 * self._pairs


class _Utf8Look:
    """Tells UTF-8 with a few broken bytes from other encodings: of its high characters most decode.

    Such a file can decode as GB18030 throughout, three bytes read as one and a half characters. Of Chinese in GBK,
    hardly one sign in a hundred looks like Chinese in UTF-8: many more are pieces of another encoding in one file.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._halves = codecs.getincrementaldecoder("utf-8")("surrogatepass")
        self._is_whole_with_halves = True
        self._whole = 0
        self._broken = 0
        self._chinese = 0

    def see(self, chunk: bytes) -> None:
        if self._is_whole_with_halves:
            try:
                self._halves.decode(chunk)
            except UnicodeDecodeError:
                self._is_whole_with_halves = False
        codes = _codes(self._decoder.decode(chunk))
        self._chinese += int(np.count_nonzero((codes >= 0x4E00) & (codes <= 0x9FFF)))
        broken = int(np.count_nonzero(codes == 0xFFFD))
        self._broken += broken
        self._whole += int(np.count_nonzero(codes > 0x7F)) - broken

    def is_broken_utf8(self) -> bool:
        return self._whole > self._broken

    def holds_halves(self) -> bool:
        """Whether it is UTF-8 but for characters written as two halves each, as some databases do."""
        return self._is_whole_with_halves

    def is_mixed_with(self, signs: int) -> bool:
        """Whether too much of it is Chinese in UTF-8 for a text of so many signs in GB18030."""
        return self._chinese >= 3 and self._chinese > 0.15 * signs


def _codes(text: str) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
