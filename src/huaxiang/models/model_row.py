"""What a model said of itself on a night: a row of the table `model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from huaxiang.models.cards import CARDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.models.fit import Fit


@dataclass(frozen=True)
class ModelRow:
    """A part of a model, its fit, and figures of how good it is, by name."""

    model: str
    part: str
    fit: Fit
    quality: Mapping[str, float]

    @property
    def why(self) -> str | None:
        """Why the fit is not used and what holds instead; None for one that is."""
        return None if self.fit.usable else f"{self.fit.why}; {CARDS[self.model].otherwise.en}"
