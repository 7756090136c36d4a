"""A whole night for spark-submit: `spark-submit jobs/nightly.py --as-of 2026-11-20 --landing … --lake …`."""

from __future__ import annotations

import sys

from huaxiang.cli.jobs import main
from huaxiang.night import STEPS

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], steps=tuple(STEPS)))
