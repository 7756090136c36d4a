"""What `jobs/*.py` call: the arguments of a night, some of its steps, an exit code."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from huaxiang.cli.operators import dates_from
from huaxiang.config import load_config
from huaxiang.errors import ConfigurationError, HuaxiangError, Problem
from huaxiang.run import nights

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str], *, steps: Sequence[str]) -> int:
    """Run the steps for the dates given and return the exit code; the session of spark-submit is respected."""
    parser = argparse.ArgumentParser(description=f"huaxiang: {', '.join(steps)}")
    parser.add_argument("--as-of", required=True, help="last business date counted")
    parser.add_argument("--from", dest="first", help="first date of a range: one release for each date")
    parser.add_argument("--landing", default="landing")
    parser.add_argument("--lake", default="lake")
    parser.add_argument("--source", help="source map for outside data")
    parser.add_argument("--conf", type=Path, help="configuration folder")
    parser.add_argument(
        "--set", dest="sets", action="append", default=[], help="key=value, for this run only"
    )
    given = parser.parse_args(argv)
    try:
        dates = dates_from(given.first, given.as_of)
        if len(steps) == 1 and len(dates) > 1:
            raise ConfigurationError(Problem("--from", "a single step runs for one date"))
        nights(
            load_config(given.conf, tuple(given.sets)), dates,
            landing=given.landing, lake=given.lake, source=given.source, steps=steps,
        )  # fmt: skip
    except HuaxiangError as error:
        print(f"{error}\nexit {error.exit_code}", file=sys.stderr)
        return error.exit_code
    return 0
