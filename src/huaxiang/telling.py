"""What a run says while it runs: progress bars on a terminal, one JSON line per event without one."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from huaxiang.session import is_submitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pyspark.sql import SparkSession


@dataclass
class Step:
    """One step as it went: seconds, Spark jobs, and what it counted."""

    name: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    spark_jobs: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """The counts as words: `cells 12,345 · streams 16`."""
        return "   ".join(f"{v:,} {k.replace('_', ' ')}" for k, v in self.counts.items())


class Telling:
    """Tells a person or a log what happens; also keeps it for the summary."""

    def __init__(self, *, as_json: bool | None = None) -> None:
        self.console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self.as_json = (not sys.stderr.isatty()) if as_json is None else as_json
        self.steps: list[Step] = []
        self.spark: SparkSession | None = None
        self.peak = process_peak()

    def say(self, text: str) -> None:
        """Say one line."""
        if self.as_json:
            self._log({"event": "said", "text": text})
        else:
            self.console.print(text, soft_wrap=True)

    def counts(self, counts: Mapping[str, int]) -> None:
        """Note what the running step counted."""
        if self.steps:
            self.steps[-1].counts |= counts

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Run a step under a bar; afterwards its line with counts and seconds stays."""
        step = Step(name)
        self.steps.append(step)
        began, jobs, worked = time.monotonic(), self._jobs(), self.peak.cpu_seconds()
        if self.as_json:
            try:
                yield step
            finally:  # a step that fails took its time too
                self._finish(step, began, jobs, worked)
            told = {"step": name, "seconds": round(step.seconds, 1), "spark_jobs": step.spark_jobs}
            self._log({"event": "step", **told, **step.counts})
            return
        columns = (SpinnerColumn(), TextColumn("{task.description:<10}"), BarColumn(20), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as bar:
            bar.add_task(name, total=None)
            try:
                yield step
            finally:
                self._finish(step, began, jobs, worked)
        self.console.print(f"  {name:<10} {'█' * 20}  {step.line()}   {step.seconds:.0f} s", soft_wrap=True)

    def _finish(self, step: Step, began: float, jobs: int, worked: float) -> None:
        step.seconds = time.monotonic() - began
        step.cpu_seconds = self.peak.cpu_seconds() - worked
        step.spark_jobs = self._jobs() - jobs

    def _jobs(self) -> int:
        """How many jobs this Spark application has started."""
        if self.spark is None:
            return 0
        context: Any = self.spark.sparkContext
        return int(context._jsc.sc().dagScheduler().numTotalJobs())  # noqa: SLF001  (no public counter)

    def _log(self, event: dict[str, Any]) -> None:
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **event}
        print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)


@cache
def process_peak() -> Peak:
    """The one watcher of this process."""
    return Peak()


class Peak:
    """What this process, its JVM and their children use: the largest resident memory, looked at every five seconds, and CPU."""

    def __init__(self) -> None:
        self.bytes = 0
        mine = psutil.Process()
        self._process = (is_submitted() and mine.parent()) or mine  # spark-submit's JVM starts this process
        threading.Thread(target=self._watch, daemon=True, name="peak-memory").start()

    def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, self._now())
            time.sleep(5)  # the kernel walks every page for it

    def cpu_seconds(self) -> float:
        """CPU seconds that the living processes of the tree have used so far."""
        return self._sum(lambda p: sum(p.cpu_times()[:2]))

    def _now(self) -> int:
        return int(self._sum(_resident))

    def _sum(self, of: Callable[[psutil.Process], float]) -> float:
        total = 0.0
        try:
            processes = [self._process, *self._process.children(recursive=True)]
        except psutil.Error:
            return total
        for process in processes:
            try:
                total += of(process)
            except psutil.Error:  # it ended meanwhile
                continue
        return total


def _resident(process: psutil.Process) -> int:
    """Resident bytes, pages shared between processes counted once in all; plain resident where unknown."""
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return int(process.memory_info().rss)
    shares = [line.split() for line in lines if line.startswith("Pss:")]
    return int(shares[0][1]) * 1024 if shares else int(process.memory_info().rss)
