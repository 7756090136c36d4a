"""The file `sentiment.tsv`: written whole, read back the same, refused with the place of what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import copytree

import pytest

from huaxiang.cli.main import main
from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.definitions import meanings
from huaxiang.days.weights import Learned, load_learned, load_scorer, write_learned
from huaxiang.errors import ConfigurationError
from huaxiang.models.learned_sentiment import LearnedSentiment
from huaxiang.models.scorer import LEXICON
from huaxiang.shipped import shipped

MODEL = LearnedSentiment({"好吃": 1.25, "差": -2.0}, 0.125)
LEARNED = Learned(MODEL, 300, 210, date(2026, 8, 1), date(2026, 11, 20), 0.9, 0.88, 0.92)


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    copytree(shipped("conf"), "mine")
    return Path("mine")


def refusal(conf: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_scorer(conf)
    return str(caught.value)


def changed(conf: Path, old: str, new: str) -> str:
    path = write_learned(LEARNED, conf)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return refusal(conf)


def test_what_is_written_is_read_back(conf: Path) -> None:
    assert load_learned(conf) is None
    assert load_scorer(conf) is LEXICON
    path = write_learned(LEARNED, conf)
    assert load_learned(conf) == LEARNED
    assert path.read_text("utf-8") == (
        "# huaxiang sentiment 1\n# praise: 300\n# complaints: 210\n# from: 2026-08-01\n# to: 2026-11-20\n"
        "# agreement: 0.9000\n# low: 0.8800\n# high: 0.9200\n# bias: 0.125\n"
        f"# digest: {MODEL.digest}\n好吃\t1.250\n差\t-2.000\n"
    )
    assert [one.name for one in conf.iterdir() if one.name.startswith(".")] == []
    write_learned(replace(LEARNED, praise=301), conf)
    assert load_learned(conf).praise == 301


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("sentiment 1", "sentiment 9", "mine/sentiment.tsv:1  `# huaxiang sentiment 9`"),
        (
            "# praise: 300",
            "# praise: many",
            "mine/sentiment.tsv:2  `# praise: many`; expected a whole number",
        ),
        ("# to: 2026-11-20", "# to: 2026-13-20", "mine/sentiment.tsv:5  `# to: 2026-13-20`; expected a date"),
        (
            "# praise: 300",
            "# praise: -300",
            "mine/sentiment.tsv:2  `# praise: -300`; expected a whole number",
        ),
        ("0.9000", "nan", "mine/sentiment.tsv:6  `# agreement: nan`; expected a number from 0 to 1"),
        ("bias: 0.125", "bias: inf", "mine/sentiment.tsv:9  `# bias: inf`; expected a number"),
        ("2026-11-20", "2026-07-31", "its comments are from 2026-08-01 to 2026-07-31"),
        ("# low: 0.8800\n", "", "mine/sentiment.tsv:1  the head lacks `low`"),
        ("# high", "# hihg", "did you mean `high`?"),
        ("好吃\t1.250", "好吃 1.250", "mine/sentiment.tsv:11  `好吃 1.250`; expected one to three Chinese"),
        ("好吃\t1.250", "13812345678\t1.250", "mine/sentiment.tsv:11"),
        ("好吃\t1.250", "好吃\tnan", "mine/sentiment.tsv:11"),
        ("差\t", "好吃\t", "mine/sentiment.tsv:12  `好吃` stands twice"),
        ("差\t-2.000\n", "差\t-2.0", "mine/sentiment.tsv:12  the last line has no end"),
        ("差\t-2.000\n", "", "mine/sentiment.tsv:10  the weights of this file have the digest"),
        ("1.250", "1.251", "mine/sentiment.tsv:10  the weights of this file have the digest"),
    ],
)
def test_what_was_changed_or_lost_is_refused_with_its_line(conf: Path, old: str, new: str, said: str) -> None:
    assert said in changed(conf, old, new)


def test_many_problems_are_counted(conf: Path) -> None:
    write_learned(LEARNED, conf).write_text("junk\n" * 20, "utf-8")
    assert refusal(conf).endswith("… and 15 more")


def test_what_is_no_text_file_is_refused(conf: Path) -> None:
    (conf / "sentiment.tsv").write_bytes(b"\xff\xfe")
    assert "this is no UTF-8 text" in refusal(conf)
    (conf / "sentiment.tsv").unlink()
    (conf / "sentiment.tsv").mkdir()
    assert "this is no file" in refusal(conf)


def test_what_cannot_be_read_or_written_is_said(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_learned(LEARNED, conf)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as no_rights:
        no_rights.setattr(Path, "read_text", denied)
        assert "mine/sentiment.tsv  Permission denied; expected a file that can be read" in refusal(conf)
    monkeypatch.setattr(Path, "replace", denied)
    with pytest.raises(ConfigurationError, match="Permission denied; expected a folder that can be written"):
        write_learned(LEARNED, conf)
    assert [one.name for one in conf.iterdir() if one.name.startswith(".")] == []


def test_a_night_refuses_it_before_anything_is_read(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(conf, "1.250", "1.251")
    assert (
        main(["nightly", "--as-of", "2026-11-20", "--conf", "mine", "--landing", "none", "--lake", "none"])
        == 2
    )
    assert "mine/sentiment.tsv:10" in capsys.readouterr().err
    assert not Path("none").exists()


def test_only_what_reads_a_feeling_means_something_else_with_another_scorer(conf: Path) -> None:
    contracts = load_contracts()
    before = meanings(load_catalogue(contracts, conf))
    assert before == meanings(load_catalogue(contracts))
    write_learned(LEARNED, conf)
    after = meanings(load_catalogue(contracts, conf))
    changed = {named for named in before if before[named] != after[named]}
    assert {name for kind, name in changed if kind == "day_row"} == {
        "review",
        "social_post",
        "social_message",
    }
    assert ("portrait", "complained_aspects_365d") in changed
    assert ("brand_relation", "dialogue_points_90d") in changed
    assert ("portrait", "reviews_90d") not in changed
    (conf / "sentiment.tsv").unlink()
    assert meanings(load_catalogue(contracts, conf)) == before
