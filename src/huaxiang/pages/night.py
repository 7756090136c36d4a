"""The page of the night: one static folder that opens anywhere, without a network, and prints."""

from __future__ import annotations

import importlib.resources
import json
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from huaxiang.pages import words
from huaxiang.pages.view import night_view

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Summary = Mapping[str, Any]

PLOTLY = "plotly.min.js"


def write_night_page(summary: Summary, out: Path, *, previous: Sequence[Summary] = ()) -> Path:
    """Write `out`/index.html from one night's summary and return it.

    `out` is the night's own folder (pages/<as_of>): Plotly's script, from its wheel, is put beside it once
    for all nights. `previous` are the summaries of earlier nights, for "usual".
    """
    _put_plotly(out.parent)
    page = _environment().get_template("night.html.j2")
    return _write(out / "index.html", page.render(night_view(summary, previous)))


def write_index(summaries: Sequence[Summary], out: Path) -> Path:
    """Write `out`/index.html, the list of all nights, newest first, and return it; `out` holds their folders.

    A night has one line: of several attempts the one with the highest release, else the last in the list.
    """
    nights: dict[str, Summary] = {}
    for summary in sorted(summaries, key=lambda s: s.get("release") or 0):
        nights[str(summary.get("as_of") or "unknown")] = summary
    views = [night_view(nights[as_of], ()) for as_of in sorted(nights, reverse=True)]
    return _write(out / "index.html", _environment().get_template("index.html.j2").render(nights=views))


def _environment() -> Environment:
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


def _put_plotly(out: Path) -> None:
    target = out / PLOTLY
    source = importlib.resources.files("plotly") / "package_data" / PLOTLY
    script = source.read_bytes()
    if not target.exists() or target.stat().st_size != len(script):
        out.mkdir(parents=True, exist_ok=True)
        half = target.with_suffix(".part")
        half.write_bytes(script)
        half.replace(target)


def _write(path: Path, text: str) -> Path:
    """Write whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    half.write_text(text, encoding="utf-8")
    half.replace(path)
    return path
