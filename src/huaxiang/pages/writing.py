"""Templates that escape everything, Plotly's script from its wheel, and files that are written whole or not at all."""

from __future__ import annotations

import importlib.resources
import json
import os
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from huaxiang.pages import words

if TYPE_CHECKING:
    from pathlib import Path

PLOTLY = "plotly.min.js"
OPEN, PRIVATE = 0o644, 0o600
"""Who may read a page: what holds counts, whom the folder lets; what tells of one person, its owner only."""


def environment() -> Environment:
    """Return templates that escape everything and fail on a name they do not know."""
    environment = Environment(
        loader=PackageLoader("huaxiang.pages", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": words.count,
        "change": words.change,
        "day": words.day,
        "memory": words.memory,
        "moment": words.moment,
        "seconds": words.seconds,
        "share": words.share,
        "text_of": words.text_of,
        "script": _script,
    }
    return environment


def _script(data: Any) -> str:
    """Write data as JSON that no text in it can end: `<` is written as an escape."""
    from markupsafe import Markup  # noqa: PLC0415

    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))  # noqa: S704


def put_plotly(out: Path) -> None:
    """Put the script into a folder, once for all pages that draw with it."""
    target = out / PLOTLY
    source = importlib.resources.files("plotly") / "package_data" / PLOTLY
    script = source.read_bytes()
    if not target.exists() or target.stat().st_size != len(script):
        _whole(target, script, OPEN)


def write_whole(path: Path, text: str, *, mode: int = OPEN) -> Path:
    """Write whole or not at all; what is private never lies there for others, not for a moment."""
    return _whole(path, text.encode(), mode)


def _whole(path: Path, content: bytes, mode: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    half.unlink(missing_ok=True)  # it may be a link
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return path
