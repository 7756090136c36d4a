"""The key of the HMACs that join accounts: where it comes from, and that a lake keeps the one it began with."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from huaxiang.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from huaxiang.config import Config
    from huaxiang.tables.lake import Lake
    from huaxiang.tables.storage import Storage

PEPPER = "HUAXIANG_PEPPER"
PEPPER_MARK = "_pepper_mark"
KEPT = ".pepper"
SHA256_HEX = "^[0-9a-fA-F]{64}$"
"""How a value looks that was hashed before it came here."""


def check_pepper(lake: Lake, pepper: bytes) -> None:
    """Refuse a key that is not the one this lake's join keys were made with: nothing would link any more.

    The lake keeps a mark of it, from which the key cannot be found.
    """
    if lake.storage.read_text(PEPPER_MARK) is None or lake.holds_nothing:
        lake.storage.write_text(PEPPER_MARK, _mark(pepper))
    elif problems := other_pepper(lake.storage, pepper):
        raise ConfigurationError(problems)


def other_pepper(store: Storage, pepper: bytes | None) -> list[Problem]:
    """Return what is wrong with a key, or with none, for a lake that was made with one."""
    known = store.read_text(PEPPER_MARK)
    if known is None or (pepper is not None and known.strip() == _mark(pepper)):
        return []
    hint = f"give the key of the nights before ({PEPPER} or pepper_file), or begin a new lake"
    found = "no key" if pepper is None else "another key than the one this lake was made with"
    return [Problem("pepper", found, "the same key", hint)]


def _mark(pepper: bytes) -> str:
    return hmac.new(pepper, b"huaxiang: the mark of a lake's key", hashlib.sha256).hexdigest()[:16]


def pepper_of(
    config: Config, folder: Path | None, say: Callable[[str], None], lake: Lake | None = None
) -> bytes:
    """Return the HMAC key that is there (`pepper_there`), or a new one, which the lake's `folder` then keeps.

    ConfigurationError for a lake that lies elsewhere (`folder` is None) and has no key, and for a `lake` that has lost
    the one it was made with.
    """
    found = pepper_there(config, folder)
    if found is not None:
        return found
    if lake and not lake.holds_nothing and (lost := other_pepper(lake.storage, None)):
        raise ConfigurationError(lost)
    if folder is None:
        raise ConfigurationError(
            Problem(
                "pepper",
                "a lake on shared storage has no key of its own",
                hint=f"set {PEPPER} or pepper_file",
            )
        )
    path = folder / KEPT
    path.parent.mkdir(parents=True, exist_ok=True)
    made = secrets.token_hex(32).encode()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(made)
    say(f"no {PEPPER} and no pepper_file: made a random key for this lake in {path} (only you can read it)")
    return made


def pepper_there(config: Config, folder: Path | None) -> bytes | None:
    """Return the HMAC key: HUAXIANG_PEPPER, else the configured file, else the private file in the lake's `folder`.

    None where there is none. ConfigurationError for a key that is empty wherever it stands, and a configured file that
    cannot be read.
    """
    given = os.environ.get(PEPPER)
    if given is not None:
        return _filled(given.encode(), PEPPER, "it is set, but empty", "set a key, or unset it")
    if config.pepper_file:
        try:
            secret = Path(config.pepper_file).expanduser().read_bytes().strip()
        except OSError as error:
            raise ConfigurationError(
                Problem(
                    f"pepper_file {config.pepper_file}",
                    str(error.strerror),
                    "a file with the key",
                    "in huaxiang.yaml a path begins in that file's folder",
                )
            ) from None
        return _filled(
            secret, f"pepper_file {config.pepper_file}", "the file is empty", "write a key into it"
        )
    if folder is None or not (folder / KEPT).exists():
        return None
    hint = "put the lake's key back from a copy; if nothing was published yet, remove the file"
    return _filled((folder / KEPT).read_bytes().strip(), str(folder / KEPT), "the file is empty", hint)


def _filled(key: bytes, place: str, found: str, hint: str) -> bytes:
    """Refuse an empty key: everybody knows it, and phone numbers could be found from their hashes."""
    if not key.strip():
        raise ConfigurationError(Problem(place, found, "a secret key", hint))
    return key
