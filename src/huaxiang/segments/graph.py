"""Which segment needs which: circles, and the order in which segments can be assigned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from huaxiang.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from huaxiang.segments.model import Segment

    Found = dict[tuple[str, ...], Problem]


def circles(segments: Mapping[str, Segment]) -> list[Problem]:
    """Return one problem for each circle of segments that need each other, named from its first member."""
    found: dict[tuple[str, ...], Problem] = {}
    done: set[str] = set()
    for start in sorted(segments):
        way: list[str] = []
        _follow(start, segments, way, done, found)
    return list(found.values())


def _follow(name: str, segments: Mapping[str, Segment], way: list[str], done: set[str], found: Found) -> None:
    if name in way:
        circle = way[way.index(name) :]
        least = circle.index(min(circle))
        circle = circle[least:] + circle[:least]
        told = f"a circle: {' needs '.join(f'`{n}`' for n in [*circle, circle[0]])}"
        hint = "take one `is_member` or `not_if` out"
        found[tuple(circle)] = Problem(segments[circle[0]].file, told, hint=hint)
        return
    if name in done or name not in segments:
        return
    way.append(name)
    for need in segments[name].needs:
        _follow(need, segments, way, done, found)
    way.pop()
    done.add(name)


def rounds(segments: Iterable[Segment]) -> list[tuple[list[Segment], list[Segment]]]:
    """Return the segments in rounds of (persons', brands'), each after what it needs.

    Within a round the persons' come first; only a person's segment that asks for membership of any brand
    opens another round.
    """
    by_name = {s.name: s for s in segments}
    round_of: dict[str, int] = {}
    order: list[Segment] = []

    def place(segment: Segment) -> int:
        if segment.name not in round_of:
            needs = [by_name[n] for n in segment.needs]
            levels = [place(n) + (n.per_brand and not segment.per_brand) for n in needs]
            round_of[segment.name] = max(levels, default=0)
            order.append(segment)
        return round_of[segment.name]

    for segment in sorted(by_name.values(), key=lambda s: s.name):
        place(segment)
    return [
        (
            [s for s in order if round_of[s.name] == k and not s.per_brand],
            [s for s in order if round_of[s.name] == k and s.per_brand],
        )
        for k in range(max(round_of.values(), default=-1) + 1)
    ]
