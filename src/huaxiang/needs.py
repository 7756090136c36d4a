"""What needs what, of definitions that name each other: circles, and an order to make them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Needs = Mapping[str, Iterable[str]]
    """By name: what it needs, in a settled order. Names that nothing stands for are left out of account."""


def circles(needs: Needs) -> list[tuple[str, ...]]:
    """Return each circle of names that need each other once, from its least name on."""
    found: dict[tuple[str, ...], None] = {}
    done: set[str] = set()
    for start in sorted(needs):
        _follow(start, needs, [], done, found)
    return list(found)


def _follow(
    name: str, needs: Needs, way: list[str], done: set[str], found: dict[tuple[str, ...], None]
) -> None:
    if name in way:
        circle = way[way.index(name) :]
        least = circle.index(min(circle))
        found[(*circle[least:], *circle[:least])] = None
        return
    if name in done or name not in needs:
        return
    way.append(name)
    for need in needs[name]:
        _follow(need, needs, way, done, found)
    way.pop()
    done.add(name)


def circle_told(circle: tuple[str, ...], reads: str) -> str:
    """Return what a problem says of a circle; `reads` is the verb between two names."""
    return f"a circle: {f' {reads} '.join(f'`{name}`' for name in (*circle, circle[0]))}"


def in_order(needs: Needs) -> list[str]:
    """Return the names, each after what it needs, and else as they are given; within a circle one comes too soon."""
    order: list[str] = []
    seen: set[str] = set()

    def place(name: str) -> None:
        if name in needs and name not in seen:
            seen.add(name)
            for need in needs[name]:
                place(need)
            order.append(name)

    for name in needs:
        place(name)
    return order
