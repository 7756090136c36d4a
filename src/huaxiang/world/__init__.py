"""The demo world: a seeded landing of any size with its planted truth, and the evaluation against it."""

from huaxiang.world.evaluate import evaluate
from huaxiang.world.make import WorldSummary, make
from huaxiang.world.report import Check, Report

__all__ = ["Check", "Report", "WorldSummary", "evaluate", "make"]
