"""Files of this machine that are written whole or not at all: no reader, and no kill, meets half of one."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OPEN, PRIVATE, RUNNABLE = 0o644, 0o600, 0o755
"""Who may read a file: whom its folder lets; its owner only; and who may run it."""


def write_whole(path: Path, content: str | bytes, *, mode: int = OPEN) -> Path:
    """Write a file and return its path; its folder is made. What is private never lies there for others, not for a moment.

    Text is written as UTF-8. Who reads it meanwhile reads the one before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)  # it may be a link
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return path
