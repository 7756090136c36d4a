"""The summary of a run: `run_summary.json`, from which the page of the night and the last line come."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import huaxiang
from huaxiang.errors import in_words
from huaxiang.tables.release import newest
from huaxiang.tables.storage import local_path

if TYPE_CHECKING:
    from pathlib import Path

    from huaxiang.night import Night

FILE = "run_summary.json"


def summarise(
    night: Night, *, started: float, exit_code: int, failure: BaseException | None
) -> dict[str, Any]:
    """Return what happened, in the shape that pages and people read, and keep it in the lake.

    It lies at `runs/<as_of>-r<release>/run_summary.json`; `runs/run_summary.json` is always the newest.
    """
    release = night.released[-1] if night.released else None
    is_held = release is not None and release.status == "held"
    kept_one = newest(night.lake.releases(), published_only=True) if is_held else None
    steps = night.tell.steps
    summary: dict[str, Any] = {
        "as_of": night.as_of.isoformat(),
        "release": night.number,
        "status": release.status if release else "failed" if exit_code else "open",
        "exit_code": exit_code,
        "error": in_words(failure) if failure else None,
        "follows": night.attempt.follows,
        "readers_keep": kept_one.release if kept_one else None,
        "landing": night.landing,
        "lake": night.lake.root,
        "source": night.source.source if night.source else None,
        "started_at": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.time() - started, 1),
        "cpu_seconds": round(sum(s.cpu_seconds for s in steps), 1),
        "spark_jobs": sum(s.spark_jobs for s in steps),
        "peak_memory_bytes": night.tell.peak.bytes,
        "content_hash": release.content_hash if release else None,
        "code_version": huaxiang.__version__,
        "steps": [
            {
                "name": s.name,
                "seconds": round(s.seconds, 1),
                "cpu_seconds": round(s.cpu_seconds, 1),
                "spark_jobs": s.spark_jobs,
                "counts": s.counts,
            }
            for s in steps
        ],
        **_told(night),
        "tables": [
            {"name": p.name, "version": p.version, "rows": p.rows, "content_hash": p.content_hash}
            for p in sorted(release.tables.values(), key=lambda p: p.name)
        ]
        if release
        else [],
    }
    keep(night, summary)
    return summary


def _told(night: Night) -> dict[str, Any]:
    """What the steps said, those of earlier processes too, in the pages' shape."""
    told = night.told
    nothing: dict[str, Any] = {"feeds": [], "refused_files": [], "reasons": [], "remarks": []}
    ingested = {k: v for k, v in {**nothing, **told.get("ingest", {})}.items() if k in nothing}
    parts = {k: told[k] for k in ("identity", "days", "portrait", "relations") if k in told}
    gates = told.get("gates", {"rules": 0, "held": 0, "warnings": [], "critical": []})
    return {
        **ingested,
        **parts,
        "rates": told.get("rates", []),
        "stages": told.get("stages", []),
        "segments": told.get("segments", []),
        "coverage": told.get("coverage", []),
        "gates": gates,
    }


def keep(night: Night, summary: dict[str, Any]) -> None:
    """Write the summary into the lake's folder for runs."""
    text = json.dumps(summary, ensure_ascii=False, indent=1, default=str)
    name = f"{summary['as_of']}-r{summary['release']}"
    night.lake.storage.write_text(f"runs/{name}/{FILE}", text)
    night.lake.storage.write_text(f"runs/{FILE}", text)


def kept(lake_root: str) -> list[dict[str, Any]]:
    """Return the summaries of a local lake's runs, oldest release first."""
    root = local_path(lake_root)
    if root is None:
        return []
    found = [json.loads(p.read_text(encoding="utf-8")) for p in sorted((root / "runs").glob(f"*/{FILE}"))]
    return sorted(found, key=lambda s: (s["release"], s["as_of"]))


def pages(lake_root: str, summary: dict[str, Any]) -> Path | None:
    """Write the page of the night and the index of nights; returns the page, or None without a local lake."""
    from huaxiang.pages.night import write_index, write_night_page  # noqa: PLC0415
    from huaxiang.pages.tags import TAGS  # noqa: PLC0415

    root = local_path(lake_root)
    if root is None:
        return None
    every = kept(lake_root)
    earlier = [s for s in every if s["release"] < summary["release"]]
    folder = root / "pages" / summary["as_of"]
    page = write_night_page(summary, folder, previous=earlier, tags=(folder / TAGS).is_file())
    write_index(every, root / "pages")
    return page
