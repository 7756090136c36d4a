"""Phone numbers, e-mail addresses and device ids of the people; and how they write or hash them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from huaxiang.world.clock import dice
from huaxiang.world.rows import ids, joined

if TYPE_CHECKING:
    from huaxiang.world.clock import Ints

TEST_PHONE = "13800138000"  # the number that testers type in
TEST_EMAIL = "test@example.com"
_RANGE = 6_999_999_967  # a prime: person → number is one to one below it


@dataclass(frozen=True)
class Contacts:
    """Each person's phone number and e-mail address, canonical and as SHA-256."""

    phone: pa.Array[Any]
    email: pa.Array[Any]
    phone_sha256: pa.Array[Any]
    email_sha256: pa.Array[Any]

    @classmethod
    def of(cls, people: int, seed: int) -> Contacts:
        """Give everybody a number and an address of their own."""
        start = int(dice(seed, "contacts").integers(0, _RANGE))
        person = np.arange(people, dtype=np.int64)
        number = 13_000_000_000 + (person * 4_271_828_183 + start) % _RANGE
        phone = ids(number)
        email = joined(ids(number % 10_007 + 100, "u"), ids(person + 1, "."), "@mail.example")
        return cls(phone, email, sha256(phone), sha256(email))


def sha256(values: pa.Array[Any]) -> pa.Array[Any]:
    """Return each text's SHA-256 in hex, what partners upload instead of a contact."""
    texts: list[Any] = values.to_pylist()
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    return pa.array(digests, pa.string())


def written(phone: pa.Array[Any], style: Ints) -> pa.Array[Any]:
    """Return numbers as people type them: plain, with +86, with spaces, with 0086."""
    plain: list[Any] = phone.to_pylist()
    typed = [
        (p, f"+86{p}", f"+86 {p[:3]} {p[3:7]} {p[7:]}", f"0086{p}")[s]
        for p, s in zip(plain, style.tolist(), strict=True)
    ]
    return pa.array(typed, pa.string())


def opaque(number: Ints, prefix: str) -> pa.Array[Any]:
    """Return ids that say nothing: a mixed 60-bit number behind a prefix."""
    mixed = (np.asarray(number, dtype=np.int64) + 1) * 0x9E3779B97F4A7 & 0xFFFFFFFFFFFFFFF
    return ids(mixed, prefix)
