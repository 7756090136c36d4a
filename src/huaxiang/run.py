"""From settings to nights: what the command line, the jobs and the demo share."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from huaxiang.book import Book, open_book
from huaxiang.dry_run import dry_run_of
from huaxiang.gates.suite import import_early
from huaxiang.night import ROOMS, STEPS, Night, run_night
from huaxiang.pepper import check_pepper, pepper_of
from huaxiang.session import is_submitted, spark_session
from huaxiang.settled import check_contracts, check_settled
from huaxiang.sources.files import check_landing
from huaxiang.tables.reader import releases_light
from huaxiang.tables.storage import local_path
from huaxiang.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from pyspark.sql import SparkSession

    from huaxiang.config import Config
    from huaxiang.tables.lake import Lake


UNPROVEN = "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
"""Spark's own classes need no proof that they are sound: it takes longer than compiling them."""
# What pays where a night's work is shorter than the compilers that would speed it up. Results are the same.
SMALL = {
    "spark.driver.memory": "2g",
    "spark.buffer.pageSize": "1m",
    "spark.driver.extraJavaOptions": f"-XX:TieredStopAtLevel=1 {UNPROVEN}",  # no optimising compiler
    "spark.sql.constraintPropagation.enabled": "false",  # wide plans, few rows
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.files.minPartitionNum": "1",  # a task costs more than some small files
    "spark.sql.files.openCostInBytes": "65536",
    "spark.sql.files.maxPartitionBytes": "8m",
}
SEVERAL, COMPILING = 3, {"spark.driver.extraJavaOptions": UNPROVEN}
"""From how many nights of one process on the optimising compiler pays: the third took 60 s with it, 80 s without."""
SMALL_BYTES, SMALL_ROWS = 150_000_000, 5_000_000
"""Of a landing and a lake. A night on 3.1 million rows took 300 s and 2.7 GiB with these settings, 537 s and 4.1 GiB
without; one on 4.8 million 349 s and 3.0 GiB."""
PACKED, PACKED_AS = 5, (".gz", ".zst", ".parquet")
"""What a packed byte counts for."""


def is_small(lake: str, landing: str | None, spark: SparkSession | None = None) -> bool:
    """Whether a local lake and its landing are so small that starting up outweighs the work."""
    folder = local_path(landing, spark) if landing else None
    if local_path(lake, spark) is None or (landing and folder is None):
        return False
    files = [path for path in folder.rglob("*") if path.is_file()] if folder and folder.is_dir() else []
    size = sum(path.stat().st_size * (PACKED if path.suffix in PACKED_AS else 1) for path in files)
    newest = releases_light(lake)[-1:]
    rows = sum(pin.rows for release in newest for pin in release.tables.values())
    return size < SMALL_BYTES and rows < SMALL_ROWS


def _small(dates: int) -> dict[str, str]:
    """Return the settings of so many small nights."""
    return {**SMALL, **(COMPILING if dates >= SEVERAL else {})}


@contextmanager
def spark_meanwhile(config: Config, dates: int) -> Iterator[None]:
    """Start the Spark of so many small nights while the body runs; who opens a lake then finds it, or is told why there is none.

    A process that has one already keeps it.
    """
    from pyspark import SparkContext  # noqa: PLC0415

    with ThreadPoolExecutor(1) as aside:
        if not is_submitted() and SparkContext._active_spark_context is None:  # noqa: SLF001
            aside.submit(spark_session, {**_small(dates), **config.spark})
        yield


@contextmanager
def opened(
    config: Config,
    lake: str,
    *,
    landing: str | None = None,
    master: str | None = None,
    book: Book | None = None,
    dates: int = 1,
) -> Iterator[Lake]:
    """Open a lake with a Spark session, for so many nights; configuration has been read before, and is checked first of all."""
    from huaxiang.failure import SPARK_FAILURES, what_spark_died_of  # noqa: PLC0415
    from huaxiang.tables.lake import Lake  # noqa: PLC0415

    book = book or open_book(config)
    small = not is_submitted() and is_small(lake, landing)  # a cluster's pace is its administrator's
    settings = {**(_small(dates) if small else {}), **config.spark}
    try:
        there = Lake(spark_session(settings, master=master), lake, book.contracts)
        check_contracts(there)
        try:
            yield there
        finally:
            there.close()
    except SPARK_FAILURES as cause:
        raise what_spark_died_of(cause, local_path(lake)) from cause


def nights(
    config: Config, dates: Sequence[date], *, landing: str, lake: str, source: str | None = None,
    master: str | None = None, dry_run: bool = False, as_json: bool = False, steps: Sequence[str] = tuple(STEPS),
    opening: bool = True, rebuild: bool = False,
) -> list[dict[str, Any]]:  # fmt: skip
    """Run one night per date and return their summaries; the first failure ends the row with its exit code.

    `steps` runs only a part of the road: a part continues the attempt that an earlier part left open.
    `rebuild` makes all day rows again from clean events; the result is the same.
    """
    from huaxiang.tables.attempt import begin  # noqa: PLC0415

    book = open_book(config, source=source)
    if "ingest" in steps:
        check_landing(landing)
    if dry_run:
        say = partial(print, file=sys.stderr) if as_json else print
        return [dry_run_of(book, landing, lake, dates, say)]
    import_module("pyspark.sql.functions")  # whole, and first: two threads would see each other's half
    threading.Thread(target=_enter_rooms, args=(steps,), daemon=True).start()
    summaries = []
    with opened(config, lake, landing=landing, master=master, book=book, dates=len(dates)) as there:
        small = is_small(there.root, landing, there.spark)  # as the session's settings: these stay, too
        for as_of in dates:
            tell = Telling(as_json=True if as_json else None)
            tell.spark = there.spark
            there.lock()
            pepper = pepper_of(config, local_path(there.root, there.spark), tell.say, there)
            check = partial(_check, book, pepper)
            attempt = begin(there, as_of, resume=steps[0] != next(iter(STEPS)), check=check)
            follows = f" follows {attempt.follows}" if attempt.follows else ", the first"
            tell.say(
                f"night {as_of} · release {attempt.number}{follows} · Spark {there.spark.sparkContext.master}"
            )
            night = Night(
                there.spark,
                book,
                there,
                attempt,
                landing,
                as_of,
                pepper,
                tell,
                rebuild,
                small,
            )
            shows = opening and not as_json
            try:
                summary = run_night(night, tuple(steps))
            except BaseException as failure:
                page = _page(there.root, night)
                if page and shows:
                    failure.add_note(_look(page))
                raise
            page = _page(there.root, night)
            summaries.append(summary)
            if summary["status"] == "published":
                hours = f"{summary['seconds']:.0f} s in {summary['spark_jobs']} Spark jobs"
                tell.say(
                    f"published release {summary['release']} · {hours} · peak {summary['peak_memory_bytes'] / 2**30:.1f} GiB"
                )
            if page and shows:
                print(_look(page))
    return summaries


def _enter_rooms(steps: Sequence[str]) -> None:
    """Import what steps of a night do, in their order: it takes as long as a JVM takes to start."""
    for room in (room for step in steps for room in ROOMS[step]):
        import_module(f"huaxiang.{room}")
    if "publish" in steps:
        import_early()  # Great Expectations alone takes as long as all rooms


def _look(page: Path) -> str:
    """The last line of a night: a failure carries it as a note, to be said after what went wrong."""
    return f"look:  {page}"


def _check(book: Book, pepper: bytes, lake: Lake) -> None:
    """Refuse a key or settings that are not those of the nights before."""
    check_pepper(lake, pepper)
    check_settled(lake, book.config, book.source, book.catalogue.ladder_rules())


def _page(root: str, night: Night) -> Path | None:
    from huaxiang.summary import kept, pages  # noqa: PLC0415

    mine = [s for s in kept(root) if s["release"] == night.number and s["as_of"] == night.as_of.isoformat()]
    try:
        _page_of_tags(root, night)
        return pages(root, mine[-1]) if mine else None
    except OSError as cause:  # what is published stays so without a page
        night.tell.say(f"the page could not be written ({cause.strerror or cause}): {cause.filename or root}")
        return None


def _page_of_tags(root: str, night: Night) -> None:
    """Write the dictionary of the tags that tonight published, and take away the pages of single persons.

    What they tell is of an older release, perhaps of people who have asked to be forgotten since.
    """
    from huaxiang.explain.tag_coverage import tag_coverage  # noqa: PLC0415
    from huaxiang.pages.person import take_away  # noqa: PLC0415
    from huaxiang.pages.tags import write_tag_page  # noqa: PLC0415

    folder = local_path(root)
    if folder is None or not night.released:
        return
    if left := take_away(folder / "pages"):
        night.tell.say(left)
    release = night.released[-1]
    if release.status == "published":
        write_tag_page(night.book, tag_coverage(root, release), folder / "pages" / night.as_of.isoformat())
