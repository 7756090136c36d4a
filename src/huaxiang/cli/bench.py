"""`huaxiang bench`: speed, memory and survival, measured by whoever wants to know; never a test."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from huaxiang.config import load_config
from huaxiang.errors import HuaxiangError, Problem

UNTIL = date(2026, 11, 20)
Out = Annotated[Path, typer.Option("--out", help="Folder for the world and the lakes")]
People = Annotated[int, typer.Option("--people")]
Days = Annotated[int, typer.Option("--days")]


def _command(lake: Path, landing: Path, as_of: date, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "huaxiang", "nightly", "--as-of", as_of.isoformat(), "--landing", str(landing),
        "--lake", str(lake), *more,
    ]  # fmt: skip


def _run(lake: Path, landing: Path, as_of: date, *more: str) -> dict[str, Any]:
    done = subprocess.run(_command(lake, landing, as_of, *more), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise HuaxiangError(
            Problem(f"night {as_of}", f"ended with {done.returncode}", hint=done.stderr[-2000:])
        )
    told: dict[str, Any] = json.loads((lake / "runs" / "run_summary.json").read_text(encoding="utf-8"))
    return told


def _world(out: Path, people: int, days: int) -> Path:
    from huaxiang.world.make import make  # noqa: PLC0415

    world = out / "world"
    if not (world / "truth").exists():
        began = time.monotonic()
        made = make(world, people=people, days=days, seed=1, until=UNTIL)
        took = time.monotonic() - began
        print(
            f"world: {made.events:,} events in {took:.0f} s = {made.events / took:,.0f} events/s", flush=True
        )
    return world / "landing"


def night(people: People = 20_000, days: Days = 90, out: Out = Path("bench")) -> None:
    """A night against a rebuild: what tonight's arrivals cost beside making everything again.

    Backfill, a night, an empty night, a rebuild; each in its own process, seconds and CPU of the whole process tree.
    """
    landing = _world(out, people, days)
    lake = out / "lake"
    shutil.rmtree(lake, ignore_errors=True)
    none = ("--set", "required=[]")
    runs = {
        "backfill": _run(lake, landing, UNTIL - timedelta(days=1)),
        "night": _run(lake, landing, UNTIL),
    }
    nothing = out / "nothing"
    nothing.mkdir(exist_ok=True)
    runs["empty night"] = _run(lake, nothing, UNTIL, *none)
    runs["rebuild"] = _run(lake, nothing, UNTIL, *none, "--rebuild")
    for name, told in runs.items():
        steps = "  ".join(f"{s['name']} {s['cpu_seconds']:.0f}" for s in told["steps"])
        print(
            f"{name:<12} {told['cpu_seconds']:>7.1f} CPU-s  {told['seconds']:>7.1f} s  "
            f"peak {told['peak_memory_bytes'] / 2**30:.2f} GiB  ({steps})"
        )
    for unit in ("seconds", "cpu_seconds"):
        made, empty, rebuilt = (runs[name][unit] for name in ("night", "empty night", "rebuild"))
        print(f"(night - empty) / (rebuild - empty) = {(made - empty) / (rebuilt - empty):.1%} of {unit}")


def kill(
    times: Annotated[int, typer.Option("--times", help="How many nights are killed")] = 20,
    people: People = 300,
    days: Days = 20,
    out: Out = Path("bench-kill"),
    seed: Annotated[int, typer.Option("--seed", help="Of the moments at which it is killed")] = 1,
) -> None:
    """Kill a night with SIGKILL at random moments; readers must keep the release before, a rerun must give equal hashes."""
    from huaxiang.tables.reader import release_light  # noqa: PLC0415

    os.environ.setdefault("HUAXIANG_PEPPER", "bench")
    landing = _world(out, people, days)
    before, reference = out / "before", out / "reference"
    for folder in (before, reference):
        shutil.rmtree(folder, ignore_errors=True)
    _run(before, landing, UNTIL - timedelta(days=1))
    shutil.copytree(before, reference)
    began = time.monotonic()
    wanted = _run(reference, landing, UNTIL)["content_hash"]
    lasts = time.monotonic() - began
    old = release_light(before).content_hash
    moments = random.Random(seed)  # noqa: S311  (chooses moments, not secrets)
    wrong = 0
    for number in range(1, times + 1):
        lake = out / "killed"
        shutil.rmtree(lake, ignore_errors=True)
        shutil.copytree(before, lake)
        process = subprocess.Popen(  # noqa: S603
            _command(lake, landing, UNTIL),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        moment = moments.uniform(0.1, lasts)
        time.sleep(moment)
        finished = process.poll() is not None
        os.killpg(process.pid, signal.SIGKILL) if not finished else None
        process.wait()
        kept = release_light(lake).content_hash
        again = _run(lake, landing, UNTIL)["content_hash"] if kept == old else kept
        fine = kept in (old, wanted) and again == wanted
        wrong += not fine
        print(
            f"{'✔' if fine else '✘'} {number:>3} killed after {moment:5.1f} s{' (it had ended)' if finished else ''}: "
            f"readers saw {kept}, the rerun gave {again}, wanted {wanted}", flush=True,
        )  # fmt: skip
    print(f"{times - wrong} of {times} as they should be")
    if wrong:
        raise HuaxiangError(
            Problem("bench kill", f"{wrong} of {times} killed nights broke the lake or gave another result")
        )


def measures(lake: Annotated[str, typer.Option("--lake")] = "lake", rounds: int = 5) -> None:
    """What more measures cost: the person fold of a lake with 8 measures and with 40, in turn, in CPU seconds.

    The 8 are one of each of eight events, the 40 are of the same eight: both read the same cells.
    """
    from huaxiang.book import open_book  # noqa: PLC0415
    from huaxiang.days.measures import WAYS, Catalogue, Measure  # noqa: PLC0415
    from huaxiang.portrait.assemble import measured_portrait  # noqa: PLC0415
    from huaxiang.run import opened  # noqa: PLC0415
    from huaxiang.telling import process_peak  # noqa: PLC0415

    config = load_config()
    book = open_book(config)
    plain = [
        m
        for m in book.catalogue.at("person")
        if WAYS[m.part.way][3] and m.part.way not in ("state", "ordered")
    ]
    streams: dict[str, list[Measure]] = {}
    for measure in plain:
        streams.setdefault(measure.part.stream, []).append(measure)
    largest = sorted(streams.values(), key=len, reverse=True)[:8]
    one_of_each = [measures[0] for measures in largest]
    many = [*one_of_each, *(m for measures in largest for m in measures[1:])][:40]
    peak = process_peak()
    taken: dict[int, list[float]] = {len(one_of_each): [], len(many): []}
    with opened(config, lake, book=book) as there:
        release = there.release()
        persons, rows = there.read_release("person_account"), there.read_release("day_row")
        for turn in range(rounds + 1):
            for count, times in taken.items():
                few = Catalogue(book.catalogue.events, tuple(many[:count]), ())
                began = peak.cpu_seconds()
                made = measured_portrait(rows, persons, few, {}, as_of=release.as_of, apart=True)
                made.write.format("noop").mode("overwrite").save()
                if turn:
                    times.append(peak.cpu_seconds() - began)
    middle = {n: sorted(t)[len(t) // 2] for n, t in taken.items()}
    costs = "   ".join(f"{count} measures {cost:.1f} CPU-s" for count, cost in middle.items())
    print(f"{costs}   ratio {middle[len(many)] / middle[len(one_of_each)]:.2f}")


def add_to(app: typer.Typer) -> None:
    """Give the commands their names."""
    group = typer.Typer(help="Measure speed, memory and survival on this machine.", no_args_is_help=True)
    for command in (night, kill, measures):
        group.command()(command)
    app.add_typer(group, name="bench")
