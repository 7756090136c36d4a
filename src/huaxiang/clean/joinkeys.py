"""Keys that join across feeds and platforms: accounts, and HMACs of contact values."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clean.text import case_folded
from huaxiang.frames import local_frame
from huaxiang.pepper import SHA256_HEX

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

BLOCK = 64  # bytes in a SHA-256 block
E_MAIL, PHONE, BIND = "email", "phone", "bind"
PSEUDONYM_DIGITS = 32


def account_key(platform: Column, account_id: Column) -> Column:
    """Return `platform:account id` of two identifiers, case folded; null when either is missing."""
    return case_folded(F.concat(platform, F.lit(":"), account_id))


def canonical(value: Column, kind: Column) -> Column:
    """Return an identifier of a kind as everybody writes it before hashing; null for what cannot be one.

    E-mail and bind: case folded. Phone: digits and a leading `+`; spaces, hyphens, dots and brackets go,
    `00` means `+`, and `86` before an 11-digit mainland mobile number goes too. Other kinds are kept.
    """
    dialled = F.regexp_replace(F.regexp_replace(value, r"[\s\-.()]", ""), "^00", "+")
    national = F.regexp_replace(dialled, r"^\+?86(?=1[0-9]{10}$)", "")
    phone = F.when(national.rlike(r"^\+?[0-9]{5,15}$"), national)
    e_mail = F.when(value.rlike("^[^@ ]+@[^@ ]+$"), case_folded(value))
    bind = case_folded(value)
    return F.when(kind == PHONE, phone).when(kind == E_MAIL, e_mail).when(kind == BIND, bind).otherwise(value)


def contact_digest(value: Column, kind: Column) -> Column:
    """Return the SHA-256 (lower-case hex) of a contact value; 64 hex digits are taken as already hashed."""
    hashed = F.sha2(canonical(value, kind), 256)
    return F.when(value.rlike(SHA256_HEX), F.lower(value)).otherwise(hashed)


def keyed(digest: Column) -> Column:
    """Return HMAC-SHA256(pepper, the 32 bytes of `digest`) as hex.

    The frame must carry the columns of `pepper_frame`: as columns they stand in no plan and no log.
    """
    inner = F.sha2(F.concat(F.col("ipad"), F.unhex(digest)), 256)
    return F.sha2(F.concat(F.col("opad"), F.unhex(inner)), 256)


def pseudonym(text: Column) -> Column:
    """Return what stands for `text` in quarantine and logs: the same text, the same 32 hex digits."""
    return F.substring(keyed(F.sha2(text, 256)), 1, PSEUDONYM_DIGITS)


def pepper_frame(spark: SparkSession, secret: bytes) -> DataFrame:
    """Return one row: the inner and outer HMAC pads of `secret`, to be broadcast."""
    block = (hashlib.sha256(secret).digest() if len(secret) > BLOCK else secret).ljust(BLOCK, b"\0")
    pads = (bytearray(b ^ 0x36 for b in block), bytearray(b ^ 0x5C for b in block))
    return local_frame(spark, [pads], "ipad binary, opad binary")


def peppered(frame: DataFrame, pepper: DataFrame) -> DataFrame:
    """Return `frame` with the pads beside every row."""
    return frame.crossJoin(F.broadcast(pepper))
