"""Data docs of the gates: Great Expectations' own page of a night, made to stand without a network.

Its pages load styles, scripts and pictures from six public servers. Here every outside address is taken
out, a small style sheet put in, and the nights are listed in an index that only names files.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huaxiang.gates.suite import quiet
from huaxiang.whole import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from great_expectations.core import ExpectationSuiteValidationResult

    from huaxiang.gates.report import GateResult

_STYLE = (Path(__file__).parent / "docs.css").read_text(encoding="utf-8")
_OUTSIDE = re.compile(
    r"<script\b.*?</script>"
    r"|<link\b[^>]*>"
    r"|<img\b[^>]*>"
    r"|<style\b.*?</style>"
    r"|<title>.*?</title>"
    r"|<footer\b.*?</footer>",
    re.DOTALL,
)
_ADDRESS = re.compile(r"https?://[^\s\"'<>)]*")
_LINK_AWAY = re.compile(r' href="(?!#)[^"]*"')
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


def write_docs(
    validation: ExpectationSuiteValidationResult,
    results: Sequence[GateResult],
    folder: Path,
    *,
    name: str,
    as_of: date,
    release: int,
) -> Path:
    """Write the page of this night and list it in the index; return the index.

    Costs the same on the thousandth night as on the first: no earlier result is read again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    held = sum(r.success for r in results)
    critical = sum(not r.success and r.severity == "critical" for r in results)
    warned = len(results) - held - critical
    title = (
        f"{as_of.isoformat()} · release {release} · {held} of {len(results)} rules hold · "
        f"{warned} warnings · {critical} critical"
    )
    write_whole(folder / f"{name}.html", offline(_rendered(validation), title))
    index = folder / "index.html"
    write_whole(index, _index(folder))
    return index


def offline(page: str, title: str) -> str:
    """Return a page of Great Expectations without a single outside address, under our title and style."""
    bare = _LINK_AWAY.sub("", _ADDRESS.sub("", _OUTSIDE.sub("", page)))
    head = f"<head><title>{html.escape(title)}</title><style>{_STYLE}</style>"
    bare = bare.replace("<head>", head, 1)
    bare = re.sub(
        r"<body>", f'<body><p class="night"><a href="index.html">←</a> {html.escape(title)}</p>', bare
    )
    return re.sub(r"\s*\n\s*", "\n", bare)


def _rendered(validation: ExpectationSuiteValidationResult) -> str:
    with quiet():
        from great_expectations.render.renderer.page_renderer import (  # noqa: PLC0415
            ValidationResultsPageRenderer,
        )
        from great_expectations.render.view.view import DefaultJinjaPageView  # noqa: PLC0415

        content = ValidationResultsPageRenderer().render(validation)
        view: Any = DefaultJinjaPageView()
        return str(view.render(content, show_how_to_buttons=False))


def _index(folder: Path) -> str:
    """List the nights, newest first, by the titles of their pages."""
    pages = sorted((p for p in folder.glob("*.html") if p.name != "index.html"), reverse=True)
    rows = []
    for page in pages:
        with page.open(encoding="utf-8") as file:
            found = _TITLE.search(file.read(1000))
        rows.append(f'<li><a href="{html.escape(page.name)}">{found[1] if found else page.stem}</a></li>')
    return (
        '<!DOCTYPE html><html><head><meta charset="UTF-8"><title>Gates</title>'
        f"<style>{_STYLE}</style></head><body><h1>Gates, night by night · 逐夜质量闸门</h1>"
        f"<ol class='nights'>{''.join(rows)}</ol></body></html>\n"
    )
