"""Which segment needs which: circles, and the order in which segments can be assigned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from huaxiang import needs
from huaxiang.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from huaxiang.segments.model import Segment


def circles(segments: Mapping[str, Segment]) -> list[Problem]:
    """Return one problem for each circle of segments that need each other, named from its first member."""
    return [
        Problem(
            segments[circle[0]].file,
            needs.circle_told(circle, "needs"),
            hint="take one `is_member` or `not_if` out",
        )
        for circle in needs.circles({name: segment.needs for name, segment in segments.items()})
    ]


def rounds(segments: Iterable[Segment]) -> list[tuple[list[Segment], list[Segment]]]:
    """Return the segments in rounds of (persons', brands'), each after what it needs.

    Within a round the persons' come first; only a person's segment that asks for membership of any brand
    opens another round.
    """
    by_name = {s.name: s for s in sorted(segments, key=lambda s: s.name)}
    order = [by_name[name] for name in needs.in_order({name: s.needs for name, s in by_name.items()})]
    round_of: dict[str, int] = {}
    for segment in order:
        needed = [by_name[name] for name in segment.needs]
        levels = [round_of[n.name] + (n.per_brand and not segment.per_brand) for n in needed]
        round_of[segment.name] = max(levels, default=0)
    return [
        (
            [s for s in order if round_of[s.name] == k and not s.per_brand],
            [s for s in order if round_of[s.name] == k and s.per_brand],
        )
        for k in range(max(round_of.values(), default=-1) + 1)
    ]
