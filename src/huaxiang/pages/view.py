"""From run_summary.json to what the page says: every key has a default, since a failed night has few."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.model import Text
from huaxiang.pages import charts
from huaxiang.pages.words import COVERS, LEAVING, OUTCOMES, STATUS, count, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Summary = Mapping[str, Any]

REASONS_DRAWN = 15
_FIGURES = (*OUTCOMES, *LEAVING)
_NIGHT = [
    "as_of",
    "exit_code",
    "error",
    "follows",
    "readers_keep",
    "landing",
    "lake",
    "source",
    "release",
    "started_at",
    "finished_at",
    "seconds",
    "spark_jobs",
    "peak_memory_bytes",
    "content_hash",
    "code_version",
]
_IDENTITY = ("accounts", "persons", "new", "merged", "split", "blocked_claims", "of_brands")


def night_view(summary: Summary, previous: Sequence[Summary]) -> dict[str, Any]:
    """Return the template's variables: figures as numbers, words as Text, charts as Plotly figures."""
    feeds = [_feed(feed) for feed in summary.get("feeds") or ()]
    titles = {feed["feed"]: feed["title"] for feed in feeds}
    came = [feed for feed in feeds if feed["rows_in"]]
    totals = {name: sum(feed[name] for feed in feeds) for name in ("rows_in", "files", *_FIGURES)}
    reasons = sorted(
        (
            {**row, "title": titles.get(row["feed"], text_of(row["feed"]))}
            for row in summary.get("reasons") or ()
        ),
        key=lambda row: (-row["rows"], row["feed"], row["reason"]),
    )
    segments = _told_apart([_segment(row) for row in summary.get("segments") or ()])
    ladders = [_ladder(row) for row in summary.get("stages") or ()]
    rates = _rates(summary.get("rates") or ())
    shares = _shares(came, previous)
    status = str(summary.get("status") or "failed")
    return {
        "night": _known(summary, _NIGHT),
        "status": status,
        "status_words": STATUS.get(status, text_of(status)),
        "feeds": feeds,
        "totals": totals,
        "net": totals["loaded"] - sum(totals[name] for name in LEAVING),
        "outcomes": {n: words for n, words in OUTCOMES.items() if n == "loaded" or totals[n]},
        "leaving": {n: words for n, words in LEAVING.items() if totals[n]},
        "all_zero": [words for n, words in (*OUTCOMES.items(), *LEAVING.items()) if not totals[n]],
        "refused_files": list(summary.get("refused_files") or ()),
        "remarks": list(summary.get("remarks") or ()),
        "reasons": reasons,
        "reasons_left_out": max(0, len(reasons) - REASONS_DRAWN),
        "identity": _known(summary.get("identity"), _IDENTITY),
        "days": _known(summary.get("days"), ("cells_touched", "cells", "streams")),
        "portrait": _known(summary.get("portrait"), ("persons", "tags")),
        "rates": rates,
        "ladders": ladders,
        "segments": segments,
        "gates": _gates(summary.get("gates") or {}),
        "shares": shares,
        "nights_before": len(previous),
        "tables": list(summary.get("tables") or ()),
        "steps": [_step(step) for step in summary.get("steps") or ()],
        "coverage": _coverage(summary.get("coverage") or ()),
        "charts": _charts(came, reasons[:REASONS_DRAWN], rates, ladders, segments, shares),
    }


def _charts(
    came: list[dict[str, Any]],
    reasons: list[dict[str, Any]],
    rates: dict[str, Any],
    ladders: list[dict[str, Any]],
    segments: list[dict[str, Any]],
    shares: list[dict[str, Any]],
) -> dict[str, Any]:
    now, before = Text("tonight", "今晚"), Text("the night before", "前一晚")
    usual = Text("usual (median of the nights before)", "常态（此前各夜中位数）")
    return {
        "outcomes": charts.outcomes(came, Text("rows, logarithmic scale", "行数（对数刻度）")),
        "reasons": charts.reasons(reasons, Text("rows quarantined", "隔离行数")),
        "complaints": charts.shares(
            sorted(rates["complaints"], key=lambda row: -row["share"]),
            (
                Text("complaints per parcel, with 95 % interval", "每包裹投诉数（含95%区间）"),
                Text("this month so far", "本月至今"),
                Text("the month before", "上月"),
            ),
        ),
        "stages": charts.sizes(
            [stage | {"title": stage["of_ladder"]} for ladder in ladders for stage in ladder["stages"]],
            (Text("people, or pairs of a person and a brand", "人数（按品牌的为人与品牌对数）"), now, before),
        ),
        "segments": charts.sizes(segments, (Text("people", "人数"), now, before)),
        "quality": charts.refused_share(
            shares, (Text("share of rows quarantined", "隔离行占比"), now, usual)
        ),
    }


def _known(part: Mapping[str, Any] | None, names: Sequence[str]) -> dict[str, Any]:
    """Return a part of the summary with None for what it does not say."""
    return {**dict.fromkeys(names), **(part or {})}


def _gates(gates: Mapping[str, Any]) -> dict[str, Any]:
    failures = {
        kind: [
            {**_known(g, ("table", "metric", "value", "expected")), "text": text_of(g.get("text"))}
            for g in rows
        ]
        for kind in ("warnings", "critical")
        for rows in (gates.get(kind) or (),)
    }
    return {"rules": gates.get("rules") or 0, "held": gates.get("held") or 0, **failures}


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step with its words, or, of one that says nothing, its counts."""
    counted = " · ".join(f"{name} {count(value)}" for name, value in (step.get("counts") or {}).items())
    return {**_known(step, ("name", "seconds", "spark_jobs")), "text": text_of(step.get("text"), counted)}


def _feed(feed: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: int(feed.get(name) or 0) for name in ("files", "rows_in", *_FIGURES)}
    net = numbers["loaded"] - sum(numbers[name] for name in LEAVING)
    return {"feed": feed["feed"], "title": text_of(feed.get("title"), feed["feed"]), **numbers, "net": net}


def _segment(row: Mapping[str, Any]) -> dict[str, Any]:
    yesterday = row.get("yesterday")
    people = int(row.get("people") or 0)
    return {
        "segment": row["segment"],
        "title": text_of(row.get("title"), row["segment"]),
        "per_brand": bool(row.get("per_brand")),
        "people": people,
        "yesterday": yesterday,
        "difference": None if yesterday is None else people - yesterday,
        "entered": row.get("entered"),
        "left": row.get("left"),
    }


def _ladder(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ladder with its stages; on its first night, and with new rules, nobody's move is their own."""
    title, restated = text_of(row.get("title"), row["ladder"]), bool(row.get("restated"))
    stages = []
    for stage in row.get("stages") or ():
        name, people = text_of(stage.get("title"), stage["stage"]), int(stage.get("people") or 0)
        moved = {how: None if restated else stage.get(how) for how in ("came", "rose", "fell", "left")}
        stages.append(
            {
                "stage": stage["stage"],
                "title": name,
                "of_ladder": Text(f"{title.en} · {name.en}", f"{title.zh} · {name.zh}"),
                "people": people,
                "yesterday": None if restated else stage.get("before"),
                "mean_days": stage["person_days"] / people if people and not restated else None,
                **moved,
            }
        )
    known = {"ladder": row["ladder"], "version": row.get("version"), "per_brand": bool(row.get("per_brand"))}
    return {**known, "title": title, "restated": restated, "stages": stages}


COMPLAINTS, COURIER = "complaint_rate", "courier"
_KINDS = {
    "all": Text("Everybody", "全体"),
    COURIER: Text("Courier", "快递"),
    "tier": Text("City tier", "城市级别"),
}


def _rates(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the rates of the newest month: the names of all, a table per kind of key, couriers' complaints."""
    month = max((str(row["month"]) for row in rows), default=None)
    before = {
        (row["rate"], row["key_kind"], row["key"]): row["share"] for row in rows if row["month"] != month
    }
    names = {row["rate"]: text_of(row.get("title"), row["rate"]) for row in rows}
    cells: dict[str, dict[str, dict[str, Any]]] = {}
    titles: dict[tuple[str, str], Text] = {}
    for row in rows:
        if row["month"] != month:
            continue
        place = row["key_kind"], row["key"]
        kind = _KINDS.get(row["key_kind"], text_of(row["key_kind"]))
        titles[place] = kind if row["key"] == "all" else text_of(row.get("key_title"), row["key"])
        cells.setdefault(row["key_kind"], {}).setdefault(row["key"], {})[row["rate"]] = {
            "title": titles[place],
            "share": row["share"],
            "low": row["share_low"],
            "high": row["share_high"],
            "part": row["happened"],
            "whole": row["of_all"],
            "before": before.get((row["rate"], *place)),
        }
    tables = [
        {
            "kind": _KINDS.get(kind, text_of(kind)),
            "rates": {
                name: words for name, words in names.items() if any(name in row for row in held.values())
            },
            "rows": [{"title": titles[kind, key], "cells": row} for key, row in sorted(held.items())],
        }
        for kind, held in cells.items()
    ]
    complaints = [row[COMPLAINTS] for row in cells.get(COURIER, {}).values() if COMPLAINTS in row]
    return {"month": month and month[:7], "tables": tables, "complaints": complaints}


def _told_apart(segments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the segments, with the name behind a title that two carry: a chart has one line per title."""
    carried = Counter(words for row in segments for words in {row["title"].en, row["title"].zh})

    def apart(row: dict[str, Any]) -> dict[str, Any]:
        title, name = row["title"], row["segment"]
        if max(carried[title.en], carried[title.zh]) == 1:
            return row
        return {**row, "title": Text(f"{title.en} ({name})", f"{title.zh}（{name}）")}

    return [apart(row) for row in segments]


def _coverage(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per platform and whom it covers: its feeds, with a date where one opens later."""
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        key = (str(row.get("platform")), str(row.get("covers")))
        groups.setdefault(key, {})[str(row.get("feed"))] = str(row.get("covered_from") or "")
    named = {str(row.get("feed")): text_of(row.get("title"), str(row.get("feed"))) for row in rows}
    found = []
    for (platform, covers), feeds in sorted(groups.items()):
        since = min(feeds.values())
        late = {feed: "" if opened == since else f" ({opened})" for feed, opened in feeds.items()}
        words = Text(
            ", ".join(named[feed].en + late[feed] for feed in feeds),
            "、".join(named[feed].zh + late[feed] for feed in feeds),
        )
        found.append(
            {
                "platform": platform,
                "means": COVERS.get(covers, text_of(covers)),
                "since": since,
                "feeds": words,
            }
        )
    return found


def _shares(came: list[dict[str, Any]], previous: Sequence[Summary]) -> list[dict[str, Any]]:
    """Return per feed the share of its rows quarantined tonight, and its median over the nights it came."""
    before: dict[str, list[float]] = {}
    for summary in previous:
        for feed in summary.get("feeds") or ():
            if feed.get("rows_in"):
                share = (feed.get("quarantined") or 0) / feed["rows_in"]
                before.setdefault(feed["feed"], []).append(share)
    return [
        {
            **feed,
            "share": feed["quarantined"] / feed["rows_in"],
            "usual": median(before[feed["feed"]]) if feed["feed"] in before else None,
            "nights": len(before.get(feed["feed"], ())),
        }
        for feed in came
    ]
