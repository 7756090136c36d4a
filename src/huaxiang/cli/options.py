"""What commands share: their options, where their tables are printed, and how they read a date."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from huaxiang.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDE = 1000  # without a terminal a line is as long as it must be: ids are copied from there


def _named(place: str) -> str:
    """Refuse a place without a name: it would be the folder one happens to stand in."""
    if not place.strip():
        raise typer.BadParameter("it is empty")
    return place


Landing = Annotated[
    str,
    typer.Option(
        "--landing", help="Folder with the feeds: <landing>/<feed>/<arrival date>/…", callback=_named
    ),
]
LakeRoot = Annotated[str, typer.Option("--lake", help="Folder of the lake; any Hadoop path", callback=_named)]
Conf = Annotated[Path | None, typer.Option("--conf", help="Configuration folder (default: the shipped one)")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="key=value, for this run only; spark.* reaches Spark")
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output")]
Master = Annotated[
    str | None, typer.Option("--master", help="Spark master (default: the running session, else local[*])")
]


def console() -> Console:
    """Return where tables are printed: what stands in them is text, whatever brackets it has."""
    wide = None if Console().is_terminal else WIDE
    return Console(width=wide, markup=False, emoji=False)


@contextmanager
def waiting(for_what: str) -> Iterator[None]:
    """Show that work goes on, and for how long, under the body; without a terminal nothing."""
    screen = Console(stderr=True, markup=False, emoji=False)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    if not screen.is_terminal:
        yield
        return
    with Progress(
        *columns, console=screen, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        bar.add_task(for_what, total=None)
        yield


def day(text: str, option: str) -> date:
    """Read a date of the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(Problem(option, f"`{text}`", "a date such as 2026-11-20")) from None
