"""The block list: what sensitive attributes no definition may read, name or infer, and what is still allowed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from huaxiang.contracts.load import load_contracts
from huaxiang.days.blocked import load_block_list
from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.definitions import meanings
from huaxiang.errors import ConfigurationError
from huaxiang.expressions import NameInfo
from huaxiang.segments.load import load_segments
from huaxiang.segments.vocabulary import Vocabulary

BLOCKED = load_block_list()
WORDS = "  title: {en: a, zh: b}\n  means: {en: a, zh: b}\n"


def objections(**given: object) -> list[tuple[str, str]]:
    """Return the key and the word of every objection."""
    return [(str(way[0]), found.split("`")[1]) for way, found, _ in BLOCKED.objections(given)]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"tag": "income_band"}, [("tag", "income")]),
        ({"tag": "incomes"}, [("tag", "income")]),
        ({"measure": "hiv_tests"}, [("measure", "hiv")]),
        ({"segment": "mosque-goers"}, [("segment", "mosque")]),
        ({"title": {"en": "Estimated income", "zh": "甲"}}, [("title", "income")]),
        ({"title": {"en": "A", "zh": "孕期人群"}}, [("title", "孕期")]),
        ({"derived": "latitude > 30.5"}, [("derived", "latitude")]),
        ({"where": "category = 'medicine/insulin'"}, [("where", "medicine")]),
        ({"where": "contains(query, '糖尿病')"}, [("where", "糖尿病")]),
        ({"adds_up": "top(home_address)"}, [("adds_up", "home_address")]),
        ({"less": {"where": "contains(text, 'loan')"}}, [("less", "loan")]),
        ({"ladder": {"stages": [{"when": "debts > 0"}]}}, [("ladder", "debt")]),
        ({"rank": {"of": "credit_used"}}, [("rank", "credit")]),
        ({"who": "religion = 'any' and gps is not null"}, [("who", "religion"), ("who", "gps")]),
        # however it is spelt
        ({"title": {"en": "ｈｅａｌｔｈ", "zh": "甲"}}, [("title", "health")]),
        ({"where": "query like 'pregnan%'"}, [("where", "pregnan")]),
        ({"where": "query = concat('怀','孕')"}, [("where", "怀孕")]),
        ({"where": "query like '%怀\u200b孕 %'"}, [("where", "怀孕")]),
        ({"where": "contains(query, '藥品')"}, [("where", "药品")]),
        ({"title": {"en": "A", "zh": "醫院訪客"}}, [("title", "医院")]),
        ({"tag": "salaries"}, [("tag", "salary")]),
        ({"measure": "chronic_illnesses"}, [("measure", "illness")]),
        ({"segment": "churches-nearby"}, [("segment", "church")]),
        ({"derived": "lat > 30.5 and lng < 121.0"}, [("derived", "lat")]),
        ({"where": "category = 'Blood pressure'"}, [("where", "blood_pressure")]),
        ({"tag": "net_worth", "title": {"en": "A", "zh": "理财人群"}}, [("tag", "net_worth"), ("title", "理财")]),
        ({"title": {"en": "Likely voters", "zh": "教徒"}}, [("title", "voter"), ("title", "教徒")]),
        ({"measure": "ispregnant"}, [("measure", "ispregnant")]),
        ({"measure": "weeks", "unit": "pregnancy"}, [("unit", "pregnancy")]),
        # what only looks like it
        ({"tag": "incoming_links"}, []),
        ({"tag": "streetwear_lines"}, []),
        ({"tag": "latest_visit", "title": {"en": "Late, flat, long", "zh": "运费险、料理、住宅家具"}}, []),
        ({"segment": "healthier-snackers"}, []),
        ({"tag": "purchase_power", "title": {"en": "Purchase power", "zh": "购买力"}}, []),
        ({"where": "city_tier = 1 and region_code = '310000'"}, []),
        # prose may say what is not read
        ({"means": {"en": "Not income", "zh": "不含收入"}, "about": {"en": "no health", "zh": "无健康"}}, []),
    ],
)  # fmt: skip
def test_sensitive_words_are_seen_where_they_name_or_read(
    given: dict[str, object], found: list[tuple[str, str]]
) -> None:
    assert objections(**given) == found


def test_a_word_with_a_star_is_one_word_and_never_two() -> None:
    health = BLOCKED.attributes[0]
    starred = replace(health, english=("net_w*", "wort*"), chinese=(), values=())
    assert [starred.named_in(text) for text in ("net_worth", "net_wages", "nets")] == ["worth", None, None]


def refusal(conf: Path, entry: str) -> str:
    (conf / "measures").mkdir(exist_ok=True)
    (conf / "measures/mine.yaml").write_text(entry, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_catalogue(load_contracts(), conf)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_measure_and_a_tag_are_refused_with_place_and_reason(tmp_path: Path) -> None:
    read = f"- measure: syringes\n{WORDS}  from: order_line\n  where: contains(category, 'medical')\n  adds_up: count\n"
    said = refusal(tmp_path, read)
    assert "mine.yaml:5 syringes  `medical` is blocked: Health (健康)" in said
    assert "must not tell of their body or mind" in said
    named = refusal(tmp_path, f"- tag: income_band\n{WORDS}  derived: paid_365d > 100000\n")
    assert "mine.yaml:1 income_band  `income` is blocked: Finances (财务状况)" in named
    assert "purchase_power tells of prices paid" in named


def test_an_installation_adds_what_stands_for_such_things_with_it(tmp_path: Path) -> None:
    entry = f"- measure: quiet\n{WORDS}  from: order_line\n  where: category = '4711'\n  adds_up: count\n"
    (tmp_path / "blocked.yaml").write_text(
        "- attribute: adult\n  title: {en: Adult goods, zh: 成人用品}\n  because: {en: not ours, zh: 不便}\n"
        "  values: ['4711']\n",
        encoding="utf-8",
    )
    assert "mine.yaml:5 quiet  `4711` is blocked: Adult goods (成人用品)" in refusal(tmp_path, entry)
    assert "`income` is blocked" in refusal(
        tmp_path, f"- tag: income\n{WORDS}  derived: 1 > 2\n"
    )  # and takes nothing off
    (tmp_path / "blocked.yaml").write_text("- attribute: adult\n  word: [x]\n", encoding="utf-8")
    said = refusal(tmp_path, entry)
    assert "unknown key `word`" in said
    assert "neither `words` nor `values` are given" in said


@pytest.mark.parametrize("words", ["{en: union}", "{zh: 工会}", "{en: 5}", "{en: [工会]}", "{en: ['']}", "{zh: [' ']}"])  # fmt: skip
def test_a_list_that_would_block_something_else_or_nothing_is_refused(tmp_path: Path, words: str) -> None:
    (tmp_path / "blocked.yaml").write_text(
        f"- attribute: union\n  title: {{en: Union, zh: 工会}}\n  because: {{en: no, zh: 不}}\n  words: {words}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigurationError, match=r"blocked\.yaml:4"):
        load_block_list(tmp_path)


def test_a_changed_list_changes_what_columns_by_topic_mean_and_no_day_row(tmp_path: Path) -> None:
    before = meanings(load_catalogue(load_contracts(), tmp_path))
    (tmp_path / "blocked.yaml").write_text(
        "- attribute: union\n  title: {en: Union, zh: 工会}\n  because: {en: no, zh: 不}\n  words: {zh: [工会]}\n",
        encoding="utf-8",
    )
    catalogue = load_catalogue(load_contracts(), tmp_path)
    after = meanings(catalogue)
    changed = {named for named in before if before[named] != after[named]}
    by_topic = ("current_interests", "interests_90d", "top_topic_30d", "top_topic_90d", "top_topic_all")
    assert changed == {("portrait", name) for name in (*by_topic, "top_topic_share_90d", "topics_90d")}
    assert [catalogue.blocked.bars(topic) for topic in ("工會活動", "工作")] == [True, False]


def test_where_somebody_is_bars_no_topic_and_other_attributes_do(tmp_path: Path) -> None:
    blocked = load_block_list()
    topics = ("street food", "上海坐标", "糖尿病飲食", "tea")
    assert [blocked.bars(topic) for topic in topics] == [False, False, True, False]
    wrong = "- attribute: a\n  title: {en: A, zh: 甲}\n  because: {en: B, zh: 乙}\n  words: {en: [tea]}\n  topics: yes\n"
    (tmp_path / "blocked.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"blocked\.yaml:5.*topics: told"):
        load_block_list(tmp_path)


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ("糖尿病飲食", None),
        ("tea", "tea"),
        (None, None),
        (0.5, 0.5),
        (["糖尿病飲食", "tea"], ["tea"]),
        (["糖尿病飲食"], None),
        ([{"key": "tea", "value": 1.0}, {"key": "糖尿病飲食", "value": 9.0}], [{"key": "tea", "value": 1.0}]),
    ],
)
def test_what_is_told_by_topic_is_told_without_the_barred(held: object, told: object) -> None:
    assert BLOCKED.without_barred(held) == told


def test_a_segment_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    text = "segment: quiet-ones\ntitle: {en: A, zh: 甲}\nwho: top_category = 'medicine/insulin'\n"
    (tmp_path / "segments/quiet-ones.yaml").write_text(text, encoding="utf-8")
    words = Vocabulary({"top_category": NameInfo("string", "Top category")}, {})
    with pytest.raises(ConfigurationError) as caught:
        load_segments(tmp_path / "segments", words)
    assert "quiet-ones.yaml:3:6  `medicine` is blocked: Health (健康)" in str(caught.value)
