"""Tags of the catalogue: derived from measures and other tags, ranked, said by a model, or the stage of a ladder. No Spark here."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

from huaxiang.errors import ConfigurationError
from huaxiang.expressions import names_read
from huaxiang.models.cards import CARDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.contracts.model import Text
    from huaxiang.expressions import Place

LOW, HIGH, PROBABILITY, EVIDENCE = "_low", "_high", "_probability", "_evidence"
PARTS = (LOW, HIGH, PROBABILITY, EVIDENCE)
"""What a tag's name ends in that belongs to another: the ends of its interval, how sure it is, how much it read."""


@dataclass(frozen=True)
class Rank:
    """Quantile score in the population: equal values get equal scores; `best` says which end scores highest."""

    of: str
    into: int
    best: Literal["low", "high"]
    among: str


@dataclass(frozen=True)
class Rung:
    """One stage of a ladder and the condition under which somebody stands on it or higher."""

    stage: str
    title: Text
    when: str
    at: Place


@dataclass(frozen=True)
class Ladder:
    """Stages from the lowest to the highest; the highest whose condition holds counts, none: no stage.

    Other rules are another `version`, so that a flow between nights never mixes two meanings unseen.
    """

    version: int
    rungs: tuple[Rung, ...]

    def definition(self) -> str:
        """The rules, from the highest stage down, as one line."""
        return "; ".join(f"{rung.stage} if {rung.when}" for rung in reversed(self.rungs))


@dataclass(frozen=True)
class Tag:
    """A tag: derived from other columns of its grain by an expression, a rank, a ladder, or said by a model.

    `modelled` is `<model>.<output>`; `at` is where one of the four is written. `values` are what texts that it may say
    are called.
    """

    name: str
    grain: str
    title: Text
    means: Text
    derived: str | None
    rank: Rank | None
    modelled: str | None
    ladder: Ladder | None
    unit: str | None
    privacy: str
    place: str
    at: Place
    group: str | None = None
    values: Mapping[str, Text] = field(default_factory=dict)

    @property
    def written_in(self) -> str:
        """`file:line name` of where it is written."""
        return f"{PurePath(self.at.file).name}:{self.at.line} {self.name}"

    @property
    def model(self) -> str:
        """The model that says it; empty for a tag that none does."""
        return (self.modelled or "").partition(".")[0]

    @property
    def output(self) -> str:
        """Which of the model's outputs it is."""
        return (self.modelled or "").partition(".")[2]

    @property
    def texts(self) -> tuple[str, ...]:
        """Its expressions: of a derived tag, of a rank whom it ranks, of a ladder each stage's, lowest first."""
        if self.ladder:
            return tuple(rung.when for rung in self.ladder.rungs)
        return (self.rank.among,) if self.rank else (self.derived,) if self.derived else ()

    @cached_property
    def reads(self) -> frozenset[str]:
        """The columns that it is made of, but for the date; a person's, of a brand's tag, are `portrait.x`.

        None of one that doesn't parse: that is told where it is typed.
        """
        if self.modelled:
            return frozenset(CARDS[self.model].needs)
        of = {self.rank.of} if self.rank else set()
        try:
            return frozenset(of.union(*map(names_read, self.texts)) - {"as_of"})
        except ConfigurationError:
            return frozenset()

    @property
    def made_of(self) -> frozenset[str]:
        """The columns that it is made of, of either table, by their bare names."""
        return frozenset(name.removeprefix("portrait.") for name in self.reads)

    def definition(self) -> str:
        """What it computes, as one line."""
        if self.rank:
            return f"quantile 1-{self.rank.into} of {self.rank.of}, best {self.rank.best}, among {self.rank.among}"
        if self.modelled:
            return f"{self.modelled}: {CARDS[self.model].method}"
        if self.ladder:
            return f"version {self.ladder.version}: {self.ladder.definition()}"
        return str(self.derived)
