"""The page of the night: one static folder that opens anywhere, without a network, and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from huaxiang.pages.view import night_view
from huaxiang.pages.writing import environment, put_plotly
from huaxiang.whole import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Summary = Mapping[str, Any]


def write_night_page(
    summary: Summary, out: Path, *, previous: Sequence[Summary] = (), tags: bool = False
) -> Path:
    """Write `out`/index.html from one night's summary and return it.

    `out` is the night's own folder (pages/<as_of>): Plotly's script, from its wheel, is put beside it once
    for all nights. `previous` are the summaries of earlier nights, for "usual";
    `tags` says that the dictionary of tags lies beside it.
    """
    put_plotly(out.parent)
    page = environment().get_template("night.html.j2")
    return write_whole(out / "index.html", page.render(night_view(summary, previous), tags=tags))


def write_index(summaries: Sequence[Summary], out: Path) -> Path:
    """Write `out`/index.html, the list of all nights, newest first, and return it; `out` holds their folders.

    A night has one line: of several attempts the one with the highest release, else the last in the list.
    """
    nights: dict[str, Summary] = {}
    for summary in sorted(summaries, key=lambda s: s.get("release") or 0):
        nights[str(summary.get("as_of") or "unknown")] = summary
    views = [night_view(nights[as_of], ()) for as_of in sorted(nights, reverse=True)]
    return write_whole(out / "index.html", environment().get_template("index.html.j2").render(nights=views))
