"""Templates that escape everything, and Plotly's script from its wheel."""

from __future__ import annotations

import importlib.resources
import json
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from huaxiang.pages import words
from huaxiang.whole import write_whole

if TYPE_CHECKING:
    from pathlib import Path

PLOTLY = "plotly.min.js"


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
        write_whole(target, script)
