"""What `jobs/*.py` call: the command `huaxiang nightly` for all steps of a night, or one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from huaxiang.cli.main import ended
from huaxiang.cli.operators import nightly

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str], *, steps: Sequence[str]) -> int:
    """Run the steps for the dates given and return the exit code; the session of spark-submit is respected."""
    job = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    job.command(help=f"Of a night: {', '.join(steps)}.")(nightly)
    return ended(job, argv, obj=tuple(steps))
