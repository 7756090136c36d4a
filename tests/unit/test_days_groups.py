"""The groups that portraits are told in: everything has one, an analyst's own too."""

from __future__ import annotations

from pathlib import Path

import pytest

from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.groups import REST, groups_of, load_groups
from huaxiang.errors import ConfigurationError

CONTRACTS = load_contracts()
WORDS = "  title: {en: a, zh: b}\n  means: {en: a, zh: b}\n"
VIEWS = "  from: browse_event\n  adds_up: count\n"


def catalogue(conf: Path, text: str):
    (conf / "measures").mkdir()
    (conf / "measures" / "mine.yaml").write_text(text, encoding="utf-8")
    return load_catalogue(CONTRACTS, conf)


def test_everything_that_is_shipped_belongs_to_a_group():
    shipped = load_catalogue(CONTRACTS)
    groups = groups_of(shipped)
    assert {event.group for event in shipped.events.values()} <= load_groups().keys()
    assert set(shipped.columns()) <= groups.keys()
    assert set(groups.values()) <= load_groups().keys()
    assert [name for name, group in groups.items() if group == REST] == []


def test_what_is_ones_own_belongs_where_what_it_reads_does(tmp_path: Path):
    mine = catalogue(
        tmp_path,
        f"- measure: night_views\n{WORDS}{VIEWS}  windows: [30]\n"
        f"- measure: quiet_views\n{WORDS}{VIEWS}  group: social\n"
        f"- tag: night_owl\n{WORDS}  derived: night_views_30d > links_shared_30d\n"
        f"- tag: sharer\n{WORDS}  derived: links_shared_30d > night_views_30d\n"
        f"- tag: elsewhere\n{WORDS}  group: gifts\n  derived: night_views_30d > 3\n"
        f"- tag: year_of_the_night\n{WORDS}  derived: year(as_of)\n"
        f"- tag: warmth\n{WORDS}  ladder: {{version: 1, stages: ["
        "{stage: cold, title: {en: a, zh: b}, when: quiet_views > 0}, {stage: warm, title: {en: a, zh: b}, when: quiet_views > 9}]}\n",
    )
    groups = groups_of(mine)
    assert {name: groups[name] for name in ("night_views", "night_views_30d", "quiet_views")} == {
        "night_views": "buying",
        "night_views_30d": "buying",
        "quiet_views": "social",
    }
    told = {
        name: groups[name] for name in ("night_owl", "sharer", "elsewhere", "year_of_the_night", "warmth")
    }
    assert told == {
        "night_owl": "buying",
        "sharer": "sharing",
        "elsewhere": "gifts",
        "year_of_the_night": REST,
        "warmth": "journey",
    }


@pytest.mark.parametrize(
    ("entry", "place", "found"),
    [
        ("  group: bying\n  derived: 1\n", "mine.yaml:4", "did you mean `buying`?"),
        ("  derived: \"'a'\"\n  values: {a: {en: A}}\n", "mine.yaml:5", "`a` is incomplete"),
        ("  derived: \"'a'\"\n  values: [a]\n", "mine.yaml:5", "`values: ['a']`"),
        (
            "  derived: \"'a'\"\n  values: {a: {en: In debt, zh: 甲}}\n",
            "mine.yaml:5",
            "`debt` is blocked",
        ),
    ],
)
def test_what_is_unclear_is_refused_with_its_place(tmp_path: Path, entry: str, place: str, found: str):
    with pytest.raises(ConfigurationError) as refused:
        catalogue(tmp_path, f"- tag: mine\n{WORDS}{entry}")
    text = str(refused.value)
    assert place in text
    assert found in text


def test_stages_are_titled_by_the_ladder(tmp_path: Path):
    stages = "{stage: b, title: {en: a, zh: b}, when: orders_all > 0}, {stage: c, title: {en: a, zh: b}, when: orders_all > 1}"
    text = f"- tag: mine\n{WORDS}  ladder: {{version: 1, stages: [{stages}]}}\n  values: {{b: {{en: B, zh: 乙}}}}\n"
    with pytest.raises(ConfigurationError, match="`values` of a ladder"):
        catalogue(tmp_path, text)
