"""The demo world: a seeded landing of any size with its planted truth, and the evaluation against it."""

from huaxiang.world.build import WorldSummary, make

__all__ = ["WorldSummary", "make"]
