"""What a model says of people, apart from the people: models are fitted side by side, and then speak in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame

    from huaxiang.models.model_row import ModelRow


@dataclass(frozen=True)
class Said:
    """`of` returns people with the model's tags: they carry the measures that it was fitted on; `fits` tell of the model."""

    of: Callable[[DataFrame], DataFrame]
    fits: tuple[ModelRow, ...] = ()


SILENT = Said(lambda people: people)
"""What a model says of which no tag tells."""
