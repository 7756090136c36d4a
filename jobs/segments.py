"""The step `segments` of a night, for spark-submit; it goes on with the attempt that the step before left open."""

from __future__ import annotations

import sys

from huaxiang.cli.jobs import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], steps=("segments",)))
