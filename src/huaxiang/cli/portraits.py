"""What an analyst looks at: the page of one person, and the dictionary of tags."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huaxiang.cli.options import Conf, LakeRoot, Sets, waiting
from huaxiang.config import load_config
from huaxiang.errors import ConfigurationError, LostRaceError, Problem
from huaxiang.tables.storage import local_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from huaxiang.config import Config


def portrait(
    persons: Annotated[list[str], typer.Argument(help="Ids of persons; a page for each")],
    lake: LakeRoot = "lake",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the pages; without it, the lake's own until its next night"),
    ] = None,
    conf: Conf = None,
    sets: Sets = None,
) -> None:
    """Make a page of a person: who they are in a few sentences, every tag with its why, and the events behind it.

    It tells of one person, so that only you can read the file (0600). Pages that lie in the lake go with its next
    night; those elsewhere are yours to delete.
    """
    for page in pages_of(load_config(conf, tuple(sets or ())), lake, persons, out):
        print(f"look:  {page}")


def pages_of(config: Config, lake: str, persons: Sequence[str], out: Path | None = None) -> list[Path]:
    """Write the pages of persons, in one pass over the lake, and return them."""
    from huaxiang.book import open_book  # noqa: PLC0415
    from huaxiang.explain.person import portrayed  # noqa: PLC0415
    from huaxiang.pages.person import PEOPLE, write_person_page  # noqa: PLC0415
    from huaxiang.run import opened  # noqa: PLC0415
    from huaxiang.session import INTERPRETED  # noqa: PLC0415
    from huaxiang.tables.reader import release_light  # noqa: PLC0415

    root = local_path(lake)
    if root is not None:  # before Spark starts
        release_light(lake)
    elif out is None:
        raise ConfigurationError(
            Problem(f"--lake {lake}", "pages lie on this machine's own disks", "--out", "add --out people")
        )
    pages = root / "pages" if root is not None and out is None else None
    folder = out or (root or Path()) / "pages" / PEOPLE
    place = "--out" if out else "--lake"
    with _writing(place, folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    book = open_book(config)
    config = replace(config, spark={**INTERPRETED, **config.spark})  # a few rows: read sooner than compiled
    with waiting("looking up the persons"), opened(config, lake, book=book) as there:
        found = portrayed(there, book, list(dict.fromkeys(persons)))
    with _writing(place, folder):
        written = [write_person_page(one, book, folder, scripts=pages) for one in found]
    if pages is not None and release_light(lake).release != found[0].told.release:
        for page in written:
            page.unlink(missing_ok=True)
        night = "a night was published meanwhile, and takes away the pages of the one before"
        raise LostRaceError(Problem(f"--lake {lake}", night, "", "run it again"))
    return written


@contextmanager
def _writing(place: str, folder: Path) -> Iterator[None]:
    """Say where pages can't be written, and why."""
    try:
        yield
    except OSError as cause:
        found = f"pages can't be written ({cause.strerror or cause})"
        raise ConfigurationError(
            Problem(f"{place} {folder}", found, "a folder that can be written into", "choose another --out")
        ) from cause


def portraits_of_three(config: Config, lake: str) -> list[str]:
    """Make the pages of three kinds of person, and return a line for each: where it lies, and how it was found."""
    from huaxiang.explain.picked import picked  # noqa: PLC0415

    found = picked(lake)
    persons = [person for _, person in found if person]
    pages = {page.stem: page for page in pages_of(config, lake, persons)} if persons else {}
    lines = []
    for kind, person in found:
        where = pages[person] if person else "nobody is one"
        lines.append(f"who:   {kind.title.en} / {kind.title.zh}: {where}\n       {kind.sql}")
    return lines


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    app.command()(portrait)
