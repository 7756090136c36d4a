"""Text in one form: NFC for prose, NFKC and trimmed for identifiers, case folded where cases don't differ.

Spark has no function for this, its collations carry ICU: the exact forms are computed by ICU inside
the JVM, without Python workers, and only for values that are not plain ASCII.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column

NORMALIZER = "com.ibm.icu.text.Normalizer"
CHARACTER = "com.ibm.icu.lang.UCharacter"


def nfc(text: Column) -> Column:
    """Return prose with composed characters; nothing else changes."""
    return _unless_ascii(text, text, F.java_method(F.lit(NORMALIZER), F.lit("compose"), text, F.lit(False)))


def identifier(text: Column) -> Column:
    """Return an identifier as it joins: NFKC (full-width letters are ASCII) and trimmed; blank is null."""
    plain = _unless_ascii(text, text, F.java_method(F.lit(NORMALIZER), F.lit("compose"), text, F.lit(True)))
    return trimmed(plain)


def trimmed(text: Column) -> Column:
    """Return text without spaces at its ends; blank is null."""
    return F.nullif(F.trim(text), F.lit(""))


def case_folded(text: Column) -> Column:
    """Return text in which letters of different case are equal."""
    folded = F.java_method(F.lit(CHARACTER), F.lit("foldCase"), text, F.lit(True))
    return _unless_ascii(text, F.lower(text), folded)


def _unless_ascii(text: Column, if_ascii: Column, otherwise: Column) -> Column:
    is_ascii = F.octet_length(text) == F.char_length(text)
    return F.when(is_ascii, if_ascii).when(F.isnotnull(text), otherwise)
