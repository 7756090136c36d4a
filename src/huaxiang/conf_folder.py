"""What a configuration folder holds: a slip in its shape must not run a night with nothing in it.

`huaxiang.yaml` and the folder `segments/` are always there; `blocked.yaml`, `sentiment.tsv`, `measures/` and `sources/` may be. In the folders
lie `.yaml` files and nothing else. Hidden files and a README.md are nobody's business.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from huaxiang.errors import Problem, did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS_FILE = "huaxiang.yaml"
FOLDERS = ("segments", "measures", "sources")
NEEDED = "segments"
IGNORED = "README.md"
WEIGHTS_FILE = "sentiment.tsv"
NAMES = (SETTINGS_FILE, "blocked.yaml", WEIGHTS_FILE, *FOLDERS)


def folder_problems(folder: Path, *, key: str = "") -> list[Problem]:
    """Return all that is wrong with the shape of a configuration folder; the files are not read.

    The file `key`, which `pepper_file` names, may lie beside `huaxiang.yaml` under any name.
    Of a folder without `huaxiang.yaml` nothing else is said: it is another folder than the one that was meant.
    """
    if not folder.is_dir():
        found = "this is a file" if folder.exists() else "there is no such folder"
        hint = f"--conf {folder.parent}" if folder.name == SETTINGS_FILE else "pass another --conf"
        return [Problem(str(folder), found, "a configuration folder", hint)]
    if not (folder / SETTINGS_FILE).is_file():
        return [_without_settings(folder)]
    problems = [
        Problem(str(path), f"`{path.name}` has no meaning here", hint=did_you_mean(path.name, NAMES))
        for path in _visible(folder)
        if path.name not in NAMES and not (key and path.resolve() == Path(key).resolve())
    ]
    for name in FOLDERS:
        problems += _inner_problems(folder / name)
    return problems


def yaml_files(folder: Path) -> list[Path]:
    """Return the files of one of the folders, by name; none when it is not there."""
    return [path for path in _visible(folder) if path.suffix == ".yaml"] if folder.is_dir() else []


def _without_settings(folder: Path) -> Problem:
    there = [path.name for path in _visible(folder)]
    inside = next((p for p in _visible(folder) if (p / SETTINGS_FILE).is_file()), None)
    near = nearest(SETTINGS_FILE, there)
    hint = "copy the shipped folder `conf` and change what is yours"
    if inside:
        hint = f"did you mean --conf {inside}?"
    elif near:
        hint = f"`{near}` must be called `{SETTINGS_FILE}`"
    return Problem(str(folder), f"no file `{SETTINGS_FILE}`", "a configuration folder", hint)


def _inner_problems(folder: Path) -> list[Problem]:
    if not folder.is_dir():
        if folder.exists() or folder.is_symlink():
            return [Problem(str(folder), "this is no folder", "a folder of .yaml files")]
        hint = "without segments everybody leaves theirs: if that is meant, make an empty folder"
        return [Problem(str(folder), "there is no such folder", hint=hint)] if folder.name == NEEDED else []
    return [
        Problem(str(path), f"`{path.name}` has no meaning here", "a file that ends in .yaml", _renamed(path))
        for path in _visible(folder)
        if path.suffix != ".yaml" or not path.is_file()
    ]


def _renamed(path: Path) -> str:
    return f"did you mean `{path.stem}.yaml`?" if path.suffix.lower() in (".yml", ".yaml") else ""


def _visible(folder: Path) -> Iterator[Path]:
    return (p for p in sorted(folder.iterdir()) if not p.name.startswith(".") and p.name != IGNORED)
