"""`huaxiang sentiment`: whose comments teach, when a table of weights is written and where, and why a text feels so."""

from __future__ import annotations

import io
import json
import random
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from tests.light import put, release

from huaxiang.cli.main import main
from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.definitions import meanings
from huaxiang.insight.comments import rated_comments
from huaxiang.shipped import shipped

AS_OF = date(2026, 11, 20)
THINGS = "锅碗瓢盆刀叉杯盘桌椅灯伞"
GOOD, BAD = ("绝绝子", "真香", "爱了", "好使", "值了"), ("拉胯", "翻车", "劝退", "坏掉", "白买")
Row = dict[str, Any]
SHIPPED = meanings(load_catalogue(load_contracts()))


def review(text: str, rating: float | None, who: str = "shop:1", on: date = AS_OF) -> Row:
    return {"account": who, "text": text, "rating": rating, "business_date": on}


def shop(side: int = 300) -> list[Row]:
    """Return different reviews of 40 people, in words that the lexicon mostly does not know."""
    made = []
    for number, (thing, words, end) in enumerate(product(THINGS, zip(GOOD, BAD, strict=True), "呀啊吧嘛了")):
        for rating, word in zip((5, 1), words, strict=True):
            on = AS_OF - timedelta(days=number % 30)
            made.append(review(f"{thing}{word}{end}", rating, f"shop:{number % 40}", on))
    return made[: 2 * side]


def lake_of(
    folder: Path,
    reviews: list[Row],
    *,
    ages: dict[int, int] | None = None,
    said: list[Row] | None = None,
    forgotten: str = "",
) -> str:
    numbers = range(50)
    tables: dict[str, dict[str, list[Any]]] = {
        "clean/review": {name: [row[name] for row in reviews] for name in review("", 1)},
        "person_account": {
            "account": [f"shop:{n}" for n in numbers],
            "person": [f"P{n}" for n in numbers],
        },
        "portrait": {
            "person": [f"P{n}" for n in numbers],
            "youngest_age": [(ages or {}).get(n, 30) for n in numbers],
            "as_of": [AS_OF for _ in numbers],
        },
    }
    meant = {name: meaning.definition for (kind, name), meaning in SHIPPED.items() if kind == "day_row"}
    tables["measure_definition"] = {
        "kind": ["day_row" for _ in meant],
        "name": [*meant],
        "definition": [*meant.values()],
        "release": [1 for _ in meant],
        "known_to": [None for _ in meant],
    }
    if said:
        tables["clean/consent_event"] = {name: [row[name] for row in said] for name in said[0]}
    if forgotten:
        tables["clean/erasure_request"] = {"account": [forgotten]}
    release(folder, None, [put(folder, name, rows) for name, rows in tables.items()])
    return str(folder)


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    copytree(shipped("conf"), "mine")
    return Path("mine")


def learned(lake: str, *more: str) -> int:
    return main(["sentiment", "learn", "--lake", lake, "--conf", "mine", *more])


def test_what_pays_is_written_and_in_use(
    conf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = lake_of(tmp_path / "lake", shop())
    assert learned(lake) == 0
    told = capsys.readouterr().out
    assert "300 praise (4 points or more), 300 complain (2 or less), 2026-10-22 to 2026-11-20" in told
    assert "it pays." in told
    assert "wrote mine/sentiment.tsv" in told
    assert "scores 600 texts again (600 of review)" in told
    assert main(["sentiment", "read", "锅拉胯呀", "收到", "--conf", "mine"]) == 0
    told = capsys.readouterr().out
    assert "拉胯 -" in told
    assert "By learned" in told
    assert main(["sentiment", "read", "锅", "--conf", "mine"]) == 0
    assert "–: nothing in it is known, or not surely either way." in capsys.readouterr().out
    assert main(["sentiment", "check", "--lake", lake, "--conf", "mine", "--json"]) == 0
    told = capsys.readouterr().out
    assert "NaN" not in told  # which no other reader of JSON takes
    assert json.loads(told)["in_use"]["both"] == [None, None, None]
    assert learned(lake) == 0
    told = capsys.readouterr().out
    assert "can't be told: too few comments written after 2026-11-20." in told
    assert "Nothing was written" in told


def test_the_file_is_the_same_for_the_same_comments_in_any_order(conf: Path, tmp_path: Path) -> None:
    rows = shop()
    assert learned(lake_of(tmp_path / "one", rows)) == 0
    first = (conf / "sentiment.tsv").read_bytes()
    (conf / "sentiment.tsv").unlink()
    random.Random(7).shuffle(rows)
    assert learned(lake_of(tmp_path / "other", rows)) == 0
    assert (conf / "sentiment.tsv").read_bytes() == first


def test_too_few_are_counted_and_nothing_is_written(
    conf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = lake_of(tmp_path / "lake", shop(side=80))
    assert learned(lake, "--anyway") == 0
    assert "it takes 100 different comments of either side; 80 are there." in capsys.readouterr().out
    two_people = [{**row, "account": f"shop:{n % 2}"} for n, row in enumerate(shop())]
    assert learned(lake_of(tmp_path / "two", two_people), "--anyway") == 0
    assert "are there, but no words that enough people write." in capsys.readouterr().out
    assert not (conf / "sentiment.tsv").exists()


def test_what_does_not_pay_is_written_only_anyway(
    conf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = dict(
        zip(
            (*GOOD, *BAD),
            ("好用", "满意", "喜欢", "好吃", "划算", "难用", "失望", "差劲", "难吃", "垃圾"),
            strict=True,
        )
    )
    rows = [{**row, "text": row["text"][0] + words[row["text"][1:-1]] + row["text"][-1]} for row in shop()]
    lake = lake_of(tmp_path / "lake", rows)
    assert learned(lake) == 0
    assert "it does not pay" in capsys.readouterr().out
    assert not (conf / "sentiment.tsv").exists()
    assert learned(lake, "--anyway", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["pays"], told["written"], told["comments"]) == (False, "mine/sentiment.tsv", 600)


def test_whose_comments_teach(tmp_path: Path) -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)

    def says(who: str, action: str, hour: int, purpose: str = "personalise") -> Row:
        moment = at + timedelta(hours=hour)
        return {
            "account": who,
            "purpose": purpose,
            "action": action,
            "at": moment,
            "business_date": moment.date(),
            "arrival_date": moment.date(),
        }

    said = [
        says("shop:2", "grant", 1), says("shop:2", "withdraw", 2),
        says("shop:3", "withdraw", 1), says("shop:3", "grant", 2), says("shop:4", "withdraw", 1, "join"),
        says("shop:8", "grant", 1), says("shop:8", "withdraw", 0) | {"at": None},  # at some hour of the same day
        says("shop:9", "grant", 1), says("shop:9", "withdraw", 1),  # of one instant
        says("shop:10", "grant", 1), says("shop:10", "withdraw", 2) | {"at": None, "business_date": None},
    ]  # fmt: skip
    reviews = [
        review("自己写的", 5), review("不同意的", 5, "shop:2"), review("又同意的", 5, "shop:3"),
        review("不合并的", 5, "shop:4"), review("小孩写的", 5, "shop:5"), review("十五岁的", 5, "shop:6"),
        review("没人写的", 5, "shop:99"), review("中不溜的", 3), review("没打分的", None), review("明天写的", 5, on=date(2026, 11, 21)),
        review("ok", 5), review("差评", 2), review("两说", 5), review("两说", 1, "shop:3"),
        review("想忘掉的", 5, "shop:7"), review("次日撤回的", 5, "shop:8"), review("同时撤回的", 5, "shop:9"),
        review("无日期撤回的", 5, "shop:10"),
    ]  # fmt: skip
    lake = lake_of(tmp_path, reviews, ages={5: 14, 6: 15}, said=said, forgotten="shop:7")
    found = {
        one.text for one in rated_comments(lake, zone="Asia/Shanghai", personalises_by_default=True).written
    }
    assert found == {"自己写的", "又同意的", "不合并的", "十五岁的", "差评"}
    asked = {
        one.text for one in rated_comments(lake, zone="Asia/Shanghai", personalises_by_default=False).written
    }
    assert asked == {"又同意的", "两说"}


def test_what_is_in_use_is_judged_by_what_came_since(
    conf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = shop()
    assert (
        learned(
            lake_of(tmp_path / "first", [row for row in rows if row["business_date"] <= date(2026, 11, 15)])
        )
        == 0
    )
    assert capsys.readouterr().out
    lake = lake_of(tmp_path / "lake", rows)
    assert main(["sentiment", "check", "--lake", lake, "--conf", "mine"]) == 0
    told = capsys.readouterr().out
    assert "to 2026-11-15)" in told
    assert (
        "Of comments written after 2026-11-15 that neither has seen, learned anew agrees on +0.0 points"
        in told
    )
    assert "does not hold what this says of review, social_post, social_message" in told
    assert main(["sentiment", "check", "--lake", lake]) == 0
    told = capsys.readouterr().out
    assert f"To take it over: huaxiang sentiment learn --lake {lake} --conf my-conf" in told
    assert "does not hold" not in told


@pytest.mark.parametrize("where", [[], ["--conf", str(shipped("conf"))]])
def test_the_shipped_configuration_is_not_written_into(
    where: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = lake_of(tmp_path, shop())
    assert main(["sentiment", "learn", "--lake", lake, *where]) == 2
    assert "cp -r conf my-conf" in capsys.readouterr().err


def test_a_lake_without_reviews_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release(tmp_path, None, [put(tmp_path, "portrait", {"person": ["a"]})])
    assert main(["sentiment", "check", "--lake", str(tmp_path)]) == 2
    assert "no table `clean/review`, `person_account`" in capsys.readouterr().err


def test_texts_are_read_from_the_command_line_or_from_stdin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("性价比不高\nhello\n".encode())))
    assert main(["sentiment", "read", "--json"]) == 0
    low, none = json.loads(capsys.readouterr().out)
    assert (low["sentiment"], low["aspects"]) == (-46, ["price"])
    assert low["words"] == [{"word": "性价比不高", "weight": -1.0}]
    assert (none["sentiment"], none["words"]) == (None, [])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("好\n性价比不高".encode("gb18030"))))
    assert main(["sentiment", "read"]) == 2
    assert capsys.readouterr().err.startswith("stdin line 1  no UTF-8; expected text in UTF-8\n")
    assert main(["sentiment", "read", "\x1b[2J[red]好"]) == 0
    said = capsys.readouterr().out
    assert ("\x1b" in said, "[red]好" in said) == (False, True)
    assert main(["sentiment", "read", "一点也不油腻，很喜欢"]) == 0
    assert "+70        taste    很喜欢 +1.25 一点也不油腻 +0.50" in capsys.readouterr().out
