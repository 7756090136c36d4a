"""The page of the night: every section in both languages, offline, and no text of the data becomes markup."""

from __future__ import annotations

import html
import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.pages import HOSTILE, read

from huaxiang import summary as run_summary
from huaxiang.errors import GateHeldError, InputError, Problem, in_words
from huaxiang.pages import write_index, write_night_page
from huaxiang.pages.view import night_view

if TYPE_CHECKING:
    from pathlib import Path


def words(en: str, zh: str) -> dict[str, str]:
    return {"en": en, "zh": zh}


FEEDS = {
    "social_account": ("Social accounts", "社交账号", 2_140, 0),
    "social_follow": ("Follows", "关注", 18_204, 3),
    "social_post": ("Posts", "帖子", 41_077, 12),
    "social_interaction": ("Interactions", "互动", 512_880, 41),
    "ad_event": ("Ad events", "广告事件", 388_104, 22),
    "order_line": ("Order lines", "订单行", 96_411, 88),
    "order_return": ("Returns", "退货", 5_120, 6),
    "identity_claim": ("Identity claims", "身份声明", 3_100, 7),
    "region": ("Regions", "地区", 340, 0),
}


def feed(name: str) -> dict[str, Any]:
    en, zh, rows, bad = FEEDS[name]
    numbers = {
        "duplicates": rows // 1500,
        "superseded": rows // 9000,
        "deleted": rows // 12000,
        "filtered": 0,
    }
    return {
        "feed": name,
        "title": words(en, zh),
        "files": 1 + rows // 200_000,
        "rows_in": rows,
        "loaded": rows - bad - sum(numbers.values()),
        "quarantined": bad,
        **numbers,
        "replaced": rows // 9000,
        "removed": rows // 12000,
        "withdrawn": 0,
        "erased": 0,
    }


def night(**changes: Any) -> dict[str, Any]:
    """A night like any other: published, two warnings, one refused file."""
    segments = (
        ("rfm-champions", "RFM champions", "RFM 冠军", False, 14_820, 14_655, 410, 245),
        ("lapsed", "Lapsed", "已流失", False, 38_112, 38_560, 620, 1_068),
        ("student-age", "People of student age", "学生年龄", False, 22_407, 22_401, 12, 6),
        ("loyal-to-a-brand", "Loyal to a brand", "忠于某品牌", True, 9_310, 9_122, 301, 113),
        ("fans-who-never-bought", "Fans who never bought", "从未购买的粉丝", True, 27_604, None, 27_604, 0),
    )
    return {
        "as_of": "2026-11-20",
        "release": 42,
        "status": "published",
        "exit_code": 0,
        "follows": 41,
        "readers_keep": 40,  # release 41 was held too
        "landing": "landing",
        "lake": "lake",
        "source": None,
        "started_at": "2026-11-21T01:00:05+08:00",
        "finished_at": "2026-11-21T01:01:03+08:00",
        "seconds": 58.2,
        "spark_jobs": 96,
        "peak_memory_bytes": 3_113_851_290,
        "content_hash": "9f3a61c07be1d254",
        "code_version": "0.1.0+a8d971d",
        "steps": [
            {"name": n, "seconds": s, "spark_jobs": j, "counts": {}, "text": words(en, zh)}
            for n, s, j, en, zh in (
                ("clean", 14.1, 31, "9 feeds, 1,067,376 rows in", "9 个数据源，收到 1,067,376 行"),
                ("identity", 3.2, 12, "212 persons new, 9 merged, 1 split", "新增 212 人，合并 9，拆分 1"),
                ("portrait", 12.4, 8, "200,311 persons × 214 tags", "200,311 人 × 214 个标签"),
            )
        ],
        "feeds": [feed(name) for name in FEEDS],
        "refused_files": [
            {
                "feed": "review",
                "path": f"review/2026-11-20/{HOSTILE}.csv",
                "problem": "column `rating` is missing",
            }
        ],
        "reasons": [
            {"feed": "order_line", "reason": "paid_negative", "rows": 61},
            {"feed": "social_interaction", "reason": "at_in_the_future", "rows": 41},
            {"feed": "order_line", "reason": "conflicting_revision", "rows": 27},
            {"feed": "ad_event", "reason": "scene_unknown", "rows": 22},
        ],
        "identity": {
            "accounts": 311_204,
            "persons": 200_311,
            "new": 212,
            "merged": 9,
            "split": 1,
            "blocked_claims": 37,
            "of_brands": 214,
        },
        "days": {"cells_touched": 88_120, "cells": 31_402_118, "events": 1_066_730},
        "portrait": {"persons": 200_311, "tags": 214},
        "rates": [
            {
                "rate": name,
                "title": words(name, name),
                "month": month,
                "key_kind": kind,
                "key": key,
                "key_title": words(f"Courier {HOSTILE}", "快递") if kind == "courier" else None,
                "happened": 3,
                "of_all": whole,
                "share": 3 / whole,
                "share_low": None if whole < 3 else 0.01,
                "share_high": None if whole < 3 else 0.2,
            }
            for name, kind, key, month, whole in (
                ("complaint_rate", "all", "all", "2026-11-01", 70),
                ("complaint_rate", "courier", "c1", "2026-10-01", 30),
                ("complaint_rate", "courier", "c1", "2026-11-01", 60),
                ("complaint_rate", "courier", "c2", "2026-11-01", 2),
                ("late_share", "courier", "c2", "2026-11-01", 40),
            )
        ],
        "stages": [
            {
                "ladder": "aipl",
                "title": words("AIPL stage", "AIPL阶段"),
                "version": 2,
                "per_brand": True,
                "restated": False,
                "stages": [
                    {
                        "stage": name,
                        "title": words(en, zh),
                        "people": people,
                        "before": people - 12,
                        "came": 9,
                        "rose": 8,
                        "fell": 2,
                        "left": 7,
                        "person_days": people * 31,
                    }
                    for name, en, zh, people in (
                        ("interest", "Interest", "兴趣", 81_200),
                        ("purchase", "Purchase", "购买", 0),
                    )
                ],
            }
        ],
        "segments": [
            {
                "segment": name,
                "title": words(en, zh),
                "per_brand": brand,
                "people": people,
                "yesterday": before,
                "entered": entered,
                "left": left,
            }
            for name, en, zh, brand, people, before, entered, left in segments
        ],
        "gates": {
            "rules": 312,
            "held": 310,
            "warnings": [
                {
                    "table": "order_line",
                    "metric": "quarantined_share",
                    "value": 0.00091,
                    "expected": "≤ 0.0005",
                    "text": words("Few order lines are refused", "订单行很少被拒收"),
                },
                {
                    "table": "review",
                    "metric": "rows_against_past",
                    "value": None,
                    "expected": "0.2 … 5",
                    "text": "",
                },
            ],
            "critical": [],
        },
        "tables": [
            {"name": n, "version": v, "rows": r, "content_hash": h}
            for n, v, r, h in (
                ("person_account", 17, 311_204, "54c1f0aa8812bd03"),
                ("portrait", 41, 200_311, "b7710d35c2e4a961"),
                ("brand_relation", 41, 1_804_377, "0c8e4b9d77f1a2e6"),
                ("segment_membership", 41, 112_253, "e1a9930f5b6c2d48"),
            )
        ],
        "coverage": [
            {
                "feed": "order_line",
                "title": {"en": "Order lines", "zh": "订单行"},
                "platform": "tmall",
                "covers": "everybody",
                "covered_from": "2024-01-01",
            },
            {
                "feed": "order_return",
                "title": {"en": "Returns", "zh": "退货"},
                "platform": "tmall",
                "covers": "everybody",
                "covered_from": "2024-03-01",
            },
            {
                "feed": "social_follow",
                "platform": "weibo",
                "covers": "accounts",
                "covered_from": "2025-06-01",
            },
        ],
        **changes,
    }


def held() -> dict[str, Any]:
    gates = night()["gates"]
    critical = {"table": "order_line", "metric": "rows", "value": 0, "expected": "≥ 1"}
    text = words("Empty is not fine", "空文件不算正常")
    return night(status="held", exit_code=4, gates={**gates, "critical": [{**critical, "text": text}]})


def test_each_section_stands_in_both_languages(tmp_path: Path) -> None:
    page = read(
        write_night_page(night(), tmp_path / "2026-11-20", previous=[night(as_of="2026-11-19", release=41)])
    )
    english = ("What came in", "What was refused", "What changed", "Segments", "Data quality", "Release")
    chinese = ("收到了什么", "拒收了什么", "变化了什么", "人群", "数据质量", "版本")
    assert [title for title in english if title not in page.words["en"]] == []
    assert [title for title in chinese if title not in page.words["zh"]] == []
    for phrase in ("Data as of", "Few order lines are refused", "Fans who never bought", "20 November 2026"):
        assert phrase in page.words["en"]
    for phrase in ("数据截至", "订单行很少被拒收", "从未购买的粉丝", "2026年11月20日"):
        assert phrase in page.words["zh"]


def test_the_page_needs_no_network(tmp_path: Path) -> None:
    path = write_night_page(night(), tmp_path / "2026-11-20")
    assert "://" not in path.read_text(encoding="utf-8").replace("file://", "")
    assert set(read(path).addresses) == {"../plotly.min.js", "../index.html"}
    assert path == tmp_path / "2026-11-20" / "index.html"
    assert (tmp_path / "plotly.min.js").stat().st_size > 1_000_000


def test_text_of_the_data_never_becomes_markup(tmp_path: Path) -> None:
    hostile = night(
        segments=[
            {"segment": HOSTILE, "title": words(HOSTILE, HOSTILE), "people": 3, "yesterday": 2, "entered": 1}
        ],
        reasons=[{"feed": "order_line", "reason": HOSTILE, "rows": 9}],
        tables=[{"name": HOSTILE, "version": 1, "rows": 1, "content_hash": HOSTILE}],
        source=HOSTILE,
    )
    path = write_night_page(hostile, tmp_path / "2026-11-20")
    text = path.read_text(encoding="utf-8")
    assert "alert(" in text
    assert "<script>alert" not in text
    assert read(path).open == []
    figures = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text)
    assert "<script" not in "".join(
        json.dumps(json.loads(figure)) for figure in figures
    )  # Plotly draws labels


def test_a_held_night_says_so_before_anything_else(tmp_path: Path) -> None:
    text = write_night_page(held(), tmp_path / "2026-11-20").read_text(encoding="utf-8")
    alarm = text.index('role="alert"')
    assert alarm < text.index("What came in")
    assert "Held back: this night is not published." in text
    assert "暂缓发布：今晚的数据没有对外发布。" in text
    assert "readers still see release 40" in text
    assert "Empty is not fine" in text[alarm : text.index('id="came-in"')]


def test_remarks_of_a_night_are_in_its_summary_and_on_its_page(tmp_path: Path) -> None:
    """Also those that an earlier process left in the attempt's notes; without any the page has no such part."""
    remarks = [f"ordr_line/  no feed is called `{HOSTILE}`\n    → did you mean `order_line`?"]
    attempt: Any = SimpleNamespace(told={"ingest": {"feeds": [], "remarks": remarks}})
    told = run_summary._told(attempt)
    assert told["remarks"] == remarks
    page = write_night_page(night(remarks=told["remarks"]), tmp_path / "2026-11-20")
    text = page.read_text(encoding="utf-8")
    assert "did you mean `order_line`?" in text
    assert "<script>alert" not in text
    assert ("Remarks" in read(page).words["en"], "备注" in read(page).words["zh"]) == (True, True)
    assert "Remarks" not in write_night_page(night(), tmp_path / "2026-11-19").read_text(encoding="utf-8")


def test_brands_own_accounts_are_told_beside_peoples(tmp_path: Path) -> None:
    words = read(write_night_page(night(), tmp_path / "2026-11-20")).words
    assert "214 more accounts are brands' own." in words["en"]
    assert "另有 214 个账号为品牌自有。" in words["zh"]
    older = night()
    del older["identity"]["of_brands"]
    assert "brands' own" not in read(write_night_page(older, tmp_path / "2026-11-19")).words["en"]


def test_a_published_night_raises_no_alarm(tmp_path: Path) -> None:
    assert 'role="alert"' not in write_night_page(night(), tmp_path / "2026-11-20").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("summary", [{}, {"as_of": "2026-11-20", "status": "failed", "exit_code": 3}])
def test_a_night_that_died_early_still_has_a_page(tmp_path: Path, summary: dict[str, Any]) -> None:
    path = write_night_page(summary, tmp_path / "2026-11-20")
    assert "This night failed" in read(path).words["en"]


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (
            InputError(
                Problem(f"order_line/{HOSTILE}.csv", "0 bytes", "a csv file"), "Nothing was ingested."
            ),
            f"order_line/{HOSTILE}.csv  0 bytes; expected a csv file\nNothing was ingested.",
        ),
        (GateHeldError(Problem("order_line rows", "0", "≥ 1"), "It stays held."), "It stays held."),
        (OSError(28, "No space left on device", "lake/runs"), "lake/runs  No space left on device"),
        (ValueError("phone 13800138000"), "ValueError"),  # its words may quote a row
    ],
)
def test_what_ended_a_night_stands_at_the_top_of_its_page(
    tmp_path: Path, failure: Exception, said: str
) -> None:
    told = {"as_of": "2026-11-20", "exit_code": 1, "error": in_words(failure)}
    ended = held() | told if isinstance(failure, GateHeldError) else {**told, "status": "failed"}
    path = write_night_page(ended, tmp_path / "2026-11-20")
    text = path.read_text(encoding="utf-8")
    alarm = html.unescape(text[text.index('role="alert"') : text.index('class="figures"')])
    assert said in alarm
    assert "13800138000" not in text
    assert "<script>alert" not in text
    page = read(path)
    assert ("What stopped it:" in page.words["en"], "停止的原因：" in page.words["zh"]) == (True, True)


def test_a_night_of_which_steps_are_still_to_run_is_no_failure(tmp_path: Path) -> None:
    open_one = {**night(), "status": "open", "tables": []}
    page = write_night_page(open_one, tmp_path / "2026-11-20")
    assert 'role="alert"' not in page.read_text(encoding="utf-8")
    assert "This night is not finished" in read(page).words["en"]


def test_the_ledger_adds_up_on_the_page() -> None:
    view = night_view(night(), ())
    totals = view["totals"]
    assert totals["rows_in"] == sum(
        totals[name] for name in ("loaded", "duplicates", "superseded", "deleted")
    ) + (totals["quarantined"] + totals["filtered"])
    assert view["net"] == totals["loaded"] - totals["replaced"] - totals["removed"]
    assert [w.en for w in view["all_zero"]] == ["filtered", "withdrawn", "erased"]


def test_usual_is_the_median_of_the_nights_a_feed_came() -> None:
    def earlier(share: float) -> dict[str, Any]:
        return {"feeds": [{"feed": "order_line", "rows_in": 1000, "quarantined": round(1000 * share)}]}

    view = night_view(night(), [earlier(0.01), earlier(0.03), earlier(0.02), {"feeds": []}])
    usual = {row["feed"]: (row["usual"], row["nights"]) for row in view["shares"]}
    assert usual["order_line"] == (0.02, 3)
    assert usual["region"] == (None, 0)


def test_segments_of_one_title_are_told_apart() -> None:
    rows = [
        {"segment": name, "title": words("Fans", zh), "people": 1}
        for name, zh in (("a", "粉丝"), ("b", "追随者"))
    ]
    titles = [row["title"] for row in night_view(night(segments=rows), ())["segments"]]
    assert [(t.en, t.zh) for t in titles] == [("Fans (a)", "粉丝（a）"), ("Fans (b)", "追随者（b）")]


def test_coverage_is_told_once_per_platform() -> None:
    first, second = night_view(night(), ())["coverage"]
    assert (first["platform"], first["since"]) == ("tmall", "2024-01-01")
    assert first["feeds"].en == "Order lines, Returns (2024-03-01)"
    assert second["means"].en == "its own accounts: elsewhere unknown"


def test_a_step_without_words_tells_its_counts() -> None:
    steps = [{"name": "publish", "seconds": 4, "spark_jobs": 2, "counts": {"rules": 312, "warnings": 2}}]
    assert night_view(night(steps=steps), ())["steps"][0]["text"].en == "rules 312 · warnings 2"


def test_moves_between_stages_are_told_unless_the_rules_are_new() -> None:
    ladder = night()["stages"][0]
    (known,) = night_view(night(), ())["ladders"]
    interest, purchase = known["stages"]
    assert (interest["yesterday"], interest["came"], interest["left"], interest["mean_days"]) == (
        81_188,
        9,
        7,
        31,
    )
    assert purchase["mean_days"] is None  # nobody stands there
    (fresh,) = night_view(night(stages=[{**ladder, "restated": True}]), ())["ladders"]
    assert [stage["people"] for stage in fresh["stages"]] == [81_200, 0]
    assert {
        fresh["stages"][0][how] for how in ("yesterday", "came", "rose", "fell", "left", "mean_days")
    } == {None}


def test_rates_of_the_month_stand_beside_the_month_before() -> None:
    told = night_view(night(), ())["rates"]
    assert told["month"] == "2026-11"
    everybody, couriers = told["tables"]
    assert [row["title"].en for row in everybody["rows"]] == ["Everybody"]
    one, two = (row["cells"] for row in couriers["rows"])
    assert (one["complaint_rate"]["whole"], one["complaint_rate"]["before"]) == (60, 0.1)
    assert "late_share" not in one  # nothing to be late
    assert (two["complaint_rate"]["share"], two["complaint_rate"]["low"]) == (1.5, None)
    assert not night_view(night(rates=[]), ())["rates"]["tables"]


def test_plotly_accepts_every_chart() -> None:
    graph_objects = pytest.importorskip("plotly.graph_objects")
    view = night_view(night(), [night()])
    assert set(view["charts"]) == {"outcomes", "reasons", "complaints", "stages", "segments", "quality"}
    for figures in view["charts"].values():
        for figure in figures.values():
            graph_objects.Figure(figure)  # raises on a property Plotly does not know


def test_every_chart_has_its_company_and_its_data_as_a_table(tmp_path: Path) -> None:
    text = write_night_page(night(), tmp_path / "2026-11-20").read_text(encoding="utf-8")
    charts = text.split("<figure>")[1:]
    assert len(charts) == 6
    for chart in charts:
        caption = chart[: chart.index("</figcaption>")]
        assert "2026-11-20" in caption
        assert re.search(r"n = \d", caption)
        assert "<table>" in chart[: chart.index("</section>")]


def test_the_index_has_one_line_per_night_newest_first(tmp_path: Path) -> None:
    nights = [night(), held() | {"as_of": "2026-11-21", "release": 43}, night(as_of="2026-11-21", release=44)]
    page = read(write_index(nights, tmp_path))
    assert page.addresses == ["2026-11-21/index.html", "2026-11-20/index.html"]
    assert "Held back" not in page.words["en"]  # the later attempt of that night was published
    assert "No night yet" in read(write_index([], tmp_path)).words["en"]
