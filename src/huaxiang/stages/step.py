"""The stages step: on which stage of every ladder each person stands tonight, and how they came there."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from huaxiang.days.definitions import meanings
from huaxiang.days.definitions import standing as standing_definitions
from huaxiang.identity.followed import taken_in
from huaxiang.stages.moves import compared, moves, standing
from huaxiang.together import together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from huaxiang.contracts.model import Text
    from huaxiang.days.tags import Ladder, Rung, Tag
    from huaxiang.night import Night


@dataclass(frozen=True)
class Stock:
    """How many stand on a stage tonight and stood there before, and how tonight's came and yesterday's went.

    Per brand, a person counts once for each. `came` from outside the ladder, `rose` from a lower stage, `fell`
    from a higher one, `left` for outside; `person_days` are since when tonight's stand there, in all.
    """

    stage: str
    title: dict[str, str]
    people: int
    before: int
    came: int
    rose: int
    fell: int
    left: int
    person_days: int


@dataclass(frozen=True)
class Standing:
    """A ladder and the stock of its stages, the lowest first. `restated`: tonight's moves come from new rules."""

    ladder: str
    title: dict[str, str]
    version: int
    per_brand: bool
    restated: bool
    stages: tuple[Stock, ...]


@dataclass(frozen=True)
class StagesOutcome:
    """Every ladder's standing, and how many people moved in all."""

    ladders: tuple[Standing, ...]
    moved: int

    def totals(self) -> dict[str, int]:
        """Return what a terminal is told."""
        return {"ladders": len(self.ladders), "moved": self.moved}

    def rows(self) -> list[dict[str, Any]]:
        """Return one row per ladder for the summary of the run."""
        return [asdict(one) for one in self.ladders]


def run(night: Night) -> StagesOutcome:
    """Write `stage`, `stage_change` and `stage_flow`; of these only the last is touched when nobody moved.

    A night that repeats another and moves nobody adds nothing to it either.
    """
    lake, attempt = night.lake, night.attempt
    ladders = night.catalogue.ladders()
    previous = lake.read_pinned("stage")
    versions = {tag.name: tag.ladder.version for tag in ladders if tag.ladder}
    restated = _restated(night, ladders)
    now = (
        standing(lake.read("portrait"), lake.read("brand_relation"), ladders)
        if ladders
        else previous.limit(0)
    )
    taken = taken_in(lake.read("identity_log"), night.number)
    both = night.held(compared(previous, now, taken))
    made = moves(both, versions=versions, restated=restated, as_of=night.as_of, release=night.number)
    flow = made.flow.localCheckpoint()
    counted = flow.groupBy("ladder", "from_stage", "to_stage").agg(F.sum("people"), F.sum("person_days"))
    flows = {(row[0], row[1], row[2]): (row[3], row[4]) for row in counted.collect()}
    moved = sum(people for (_, was, is_), (people, _) in flows.items() if was != is_)
    told_before = night.repeats and not (moved or restated)
    writes = [partial(attempt.append, "stage_flow", flow.coalesce(1))] if flows and not told_before else []
    if moved or restated or night.told["identity"]["merged"]:  # who was taken in has another id
        writes += [
            partial(attempt.replace, "stage", made.stage),
            partial(attempt.append, "stage_change", made.change),
        ]
    together(writes)
    told = [_standing(tag, tag.ladder, flows, restated=tag.name in restated) for tag in ladders if tag.ladder]
    return StagesOutcome(tuple(told), moved)


def _restated(night: Night, ladders: Sequence[Tag]) -> set[str]:
    """Return the ladders that are new, gone or of other rules tonight; one on which nobody stood is not new for that."""
    lake = night.lake
    held = standing_definitions(row.asDict() for row in lake.read_pinned("measure_definition").collect())
    before = {name: row["definition"] for (_, name), row in held.items()}
    now = {name: meaning.definition for (_, name), meaning in meanings(night.catalogue).items()}
    stood = {row[0] for row in lake.read_pinned("stage").select("ladder").distinct().collect()}
    names = {tag.name for tag in ladders}
    return (stood - names) | {name for name in names if before.get(name) != now[name]}


HOW = ("people", "before", "came", "rose", "fell", "left")
Flows = dict[tuple[str, str | None, str | None], tuple[int, int]]
"""(ladder, from, to) → people, and since when they stood on `from`, in days in all."""


def _standing(tag: Tag, ladder: Ladder, flows: Flows, *, restated: bool) -> Standing:
    place = {rung.stage: n for n, rung in enumerate(ladder.rungs)}
    came: Counter[tuple[str, str]] = Counter()
    days: Counter[str] = Counter()
    for (name, was, is_), (people, person_days) in flows.items():
        if name != tag.name:
            continue
        before, after = place.get(str(was), -1), place.get(str(is_), -1)  # a stage that is gone lies outside
        if was is not None:
            came[was, "before"] += people
        if is_ is None:
            came[str(was), "left"] += people
            continue
        came[is_, "people"] += people
        if before == after:
            days[is_] += person_days
        else:
            came[is_, "came" if before < 0 else "rose" if before < after else "fell"] += people

    def stock(rung: Rung) -> Stock:
        people, before, new, rose, fell, left = (came[rung.stage, how] for how in HOW)
        return Stock(rung.stage, _words(rung.title), people, before, new, rose, fell, left, days[rung.stage])

    stocks = tuple(map(stock, ladder.rungs))
    return Standing(tag.name, _words(tag.title), ladder.version, tag.grain == "brand", restated, stocks)


def _words(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}
