"""Can a delimited file's quotes be trusted? Seen from its bytes, without parsing records."""

from __future__ import annotations

from typing import Literal

import numpy as np

QUOTE = 0x22
Verdict = Literal["none", "regular", "irregular"]


class Quotes:
    """Watches that every quote opens a field at its beginning, closes it at its end, or is doubled.

    In such a file odd quotes open and even ones close (a doubled quote closes and opens), so that each
    can be judged by the byte beside it.
    """

    def __init__(self, separator: str) -> None:
        self._around = np.zeros(256, dtype=bool)
        self._around[[QUOTE, 0x0A, 0x0D, *separator.encode()]] = True
        self._before = 0x0A
        self._inside = False
        self._held = b""
        self._any = False
        self._regular = True

    def see(self, chunk: bytes, *, final: bool = False) -> None:
        """Watch the next bytes."""
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

    def verdict(self) -> Verdict:
        """Return what all quotes have shown; one that is left open makes them irregular."""
        self.see(b"\n", final=True)
        if not self._any:
            return "none"
        return "regular" if self._regular and not self._inside else "irregular"
