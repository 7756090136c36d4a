"""Segment files: what is read of them, and every refusal as a person sees it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.vocabulary import vocabularies
from huaxiang.errors import ConfigurationError
from huaxiang.expressions import NameInfo
from huaxiang.segments.graph import rounds
from huaxiang.segments.load import load_segments
from huaxiang.segments.vocabulary import Vocabulary, vocabulary
from huaxiang.shipped import shipped

WORDS = Vocabulary(
    portrait={
        "orders_all": NameInfo("bigint", "Orders, all time"), "city_tier": NameInfo("int", "City tier"),
        "rfm_class": NameInfo("string", "RFM class", ("champions", "lapsed", "loyal")), "is_student_age": NameInfo("boolean"),
        "last_order_date": NameInfo("date"), "returned_share_365d": NameInfo("double"),
    },
    brand_relation={
        "orders_all": NameInfo("bigint", "Orders, all time"), "social_relation": NameInfo("double", "Social relation"),
        "is_follower": NameInfo("boolean", "Follows the brand"),
    },
)  # fmt: skip
EIGHT = {
    "student-age", "rfm-champions", "lapsed", "brand-loyal", "brand-best-ten-percent", "fans-who-never-bought",
    "buyers-who-dont-follow", "high-spenders-with-many-returns",
}  # fmt: skip
HEAD = "segment: {}\ntitle: {{en: A, zh: 甲}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "segments").mkdir()
    return Path("segments")


def put(folder: Path, name: str, body: str, *, head: bool = True) -> None:
    (folder / f"{name}.yaml").write_text((HEAD.format(name) if head else "") + body, encoding="utf-8")


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigurationError) as raised:
        load_segments(folder, WORDS)
    assert raised.value.exit_code == 2
    return str(raised.value)


def test_the_eight_are_ready_and_speak_two_languages() -> None:
    catalogue = load_catalogue(load_contracts(), shipped("conf"))
    found = load_segments(shipped("conf") / "segments", vocabulary(*vocabularies(catalogue)))
    assert {s.name for s in found} >= EIGHT
    for segment in found:
        assert segment.title.en
        assert segment.title.zh
        assert segment.about
        assert {e.is_in for e in segment.examples} == {True, False}


def test_what_is_read(folder: Path) -> None:
    put(
        folder,
        "warm",
        "about: {en: Why, zh: 为何}\nfor_each: brand\nwho: |\n  social_relation >= 0.6\n"
        "  and top_share(0.10, orders_all) and portrait.city_tier = 1\n  and not is_member('tired')\nnot_if: [tired, lapsed]\n"
        "examples:\n- {in: true, person: {city_tier: 1}, brand: {social_relation: 1}}\n- {in: false, because: no name}\n",
    )
    put(folder, "tired", "who: is_student_age")
    put(folder, "lapsed", "who: orders_all > 0 and last_order_date < DATE '2026-01-01'")
    lapsed, tired, warm = load_segments(folder, WORDS)
    assert (warm.name, warm.per_brand, warm.title.zh, warm.about and warm.about.en) == (
        "warm",
        True,
        "甲",
        "Why",
    )
    assert warm.names == {"social_relation", "orders_all", "portrait.city_tier"}
    assert (warm.needs, warm.not_if) == (("tired", "lapsed"), ("tired", "lapsed"))
    assert [(t.share, t.value.type) for t in warm.tops] == [(Decimal("0.10"), "bigint")]
    assert [(e.is_in, e.person, e.brand, e.because) for e in warm.examples] == [
        (True, {"city_tier": 1}, {"social_relation": 1.0}, ""),
        (False, {}, {}, "no name"),
    ]
    assert (lapsed.per_brand, lapsed.names) == (False, {"orders_all", "last_order_date"})
    assert tired.who == "is_student_age"


def test_no_folder_and_no_files_are_no_segments(folder: Path) -> None:
    assert load_segments(folder, WORDS) == load_segments(Path("nowhere"), WORDS) == ()


def test_mistakes_are_answered_at_their_character(folder: Path) -> None:
    put(folder, "other", "who: orders_all > 0")
    put(
        folder,
        "warm-strangers",
        "for_each: brand\nwho: |\n  social_relation >= 0.6\n  and order_all = 0\n"
        "  and times(social_interaction, where => act = 'share', last_days => 30) >= 1\n  and not is_member('othr')\n",
    )
    found = refusal(folder)
    functions = found[found.index("functions: ") : found.index("\n", found.index("functions: "))]
    assert "is_member" in functions
    assert "top_share" in functions
    assert found.replace(functions, "functions: …") == (
        "segments/warm-strangers.yaml:6:7  unknown name `order_all`\n"
        "        and order_all = 0\n"
        "            ^^^^^^^^^        did you mean `orders_all` (Orders, all time; brand_relation)?\n"
        "segments/warm-strangers.yaml:7:7  unknown function `times`\n"
        "        and times(social_interaction, where => act = 'share', last_days => 30) >= 1\n"
        "            ^^^^^        functions: …\n"
        "2 problems in 1 of 2 files. Nothing was changed."
    ).replace("        and", "    and").replace("            ^", "        ^")


def test_an_unknown_segment_is_answered_in_its_rule(folder: Path) -> None:
    put(folder, "tired", "who: orders_all > 0")
    put(folder, "warm", "who: orders_all > 0 and not is_member('tird')\nnot_if: [tired, tyred]")
    assert refusal(folder) == (
        "segments/warm.yaml:3:39  unknown segment `tird`\n"
        "    orders_all > 0 and not is_member('tird')\n"
        "                                     ^^^^^^        did you mean `tired`?\n"
        "segments/warm.yaml:4:17  unknown segment `tyred`\n"
        "    → did you mean `tired`?\n"
        "2 problems in 1 of 2 files. Nothing was changed."
    )


WHO = "who: orders_all > 0\n"
REFUSED = {
    # keys
    "whom: orders_all > 0": "segments/a.yaml:3:1  unknown key `whom`\n    → did you mean `who`?\nsegments/a.yaml:1:1  key `who` is missing\n    → who: a condition, such as orders_all > 0",
    "who: [orders_all]": "segments/a.yaml:3:6  `who` is one condition, not a list or a map\n    → join conditions by and, or",
    WHO
    + "for_each: product": "segments/a.yaml:4:11  `for_each: product` is not known\n    → for_each: brand, or leave it out",
    WHO
    + "about: because": "segments/a.yaml:4:8  `about` is said in two languages\n    → about: {en: …, zh: …}",
    WHO
    + "about: {en: Why, fr: P}": "segments/a.yaml:4:18  unknown language `fr`\n    → valid: en, zh\nsegments/a.yaml:4:8  `about` says nothing in `zh`",
    WHO
    + "not_if: tired": "segments/a.yaml:4:9  `not_if` is a list of segments\n    → not_if: [opted-out, tired]",
    WHO
    + "not_if: [{segment: tired}]": "segments/a.yaml:4:10  unknown segment `{'segment': 'tired'}`\n    → valid: a",
    WHO
    + "examples: [{in: false, person: {rfm_class: lapst}}]": "segments/a.yaml:4:44  `rfm_class` is never `lapst`\n    → did you mean `lapsed`?",
    # rules
    "who: orders_all >": "segments/a.yaml:3:17  something is missing beside `>`\n    orders_all >\n               ^",
    "who: orders_all": "segments/a.yaml:3:6  a number where true or false is needed\n    orders_all\n    ^^^^^^^^^^",
    "who: orders_all > '0'": "segments/a.yaml:3:6  a number compared with text: `orders_all > '0'`\n    orders_all > '0'\n    ^^^^^^^^^^^^^^^^        write cast(… as bigint), or the text in quotes",
    "who: social_relation > 1": "segments/a.yaml:3:6  `social_relation` is told of a person and a brand\n    → for_each: brand",
    "who: top_share(0.0, orders_all)": "segments/a.yaml:3:16  the share must be above 0\n    top_share(0.0, orders_all)\n              ^^^        write it as in 0.10",
    "who: top_share(10, orders_all)": "segments/a.yaml:3:16  10 is outside 0 to 1\n    top_share(10, orders_all)\n              ^^        write top_share(0.10, number)",
    "who: top_share(city_tier, orders_all)": "segments/a.yaml:3:16  `top_share` needs a constant here, written in the expression\n    top_share(city_tier, orders_all)\n              ^^^^^^^^^        write top_share(0.10, number)",
    "who: is_member(rfm_class)": "segments/a.yaml:3:16  `is_member` needs a constant here, written in the expression\n    is_member(rfm_class)\n              ^^^^^^^^^        write is_member('segment')",
    "who: is_member('a')": "segments/a.yaml  a circle: `a` needs `a`\n    → take one `is_member` or `not_if` out",
    # examples
    WHO
    + "examples: {in: true}": "segments/a.yaml:4:11  `examples` is a list\n    → - {in: true, person: {orders_all: 3}}",
    WHO
    + "examples: [3]": "segments/a.yaml:4:12  an example is a map\n    → {in: true, person: {orders_all: 3}}",
    WHO
    + "examples: [{in: maybe, persn: {}}]": "segments/a.yaml:4:24  unknown key `persn`\n    → did you mean `person`?\nsegments/a.yaml:4:17  an example says whether the person is in\n    → in: true, or in: false",
    WHO
    + "examples: [{in: true, person: [1]}]": "segments/a.yaml:4:31  `person` is a map of columns and values\n    → person: {orders_all: 3}",
    WHO
    + "examples: [{in: true, person: {order_all: 1, is_follower: true}}]": "segments/a.yaml:4:32  unknown name `order_all`\n    → did you mean `orders_all`?\nsegments/a.yaml:4:46  unknown name `is_follower`\n    → it stands below `brand`",
    WHO
    + "examples: [{in: true, person: {orders_all: 1.5, city_tier: one, last_order_date: soon}}]": "segments/a.yaml:4:44  `orders_all` is a number (bigint), not `1.5`\nsegments/a.yaml:4:60  `city_tier` is a number (int), not `one`\nsegments/a.yaml:4:82  `last_order_date` is a date (date), not `soon`",
}


@pytest.mark.parametrize("body", REFUSED)
def test_what_is_refused_and_how(folder: Path, body: str) -> None:
    put(folder, "a", body)
    said = refusal(folder)
    assert said[: said.rindex("\n")] == REFUSED[body]
    assert said.endswith("in 1 of 1 files. Nothing was changed.")


HEADLESS = {
    "": "segments/a.yaml:1:1  a segment is a map with the keys segment, title, about, for_each, who, not_if, examples",
    "- segment": "segments/a.yaml:1:1  a segment is a map with the keys segment, title, about, for_each, who, not_if, examples",
    "title: {en: A, zh: B}\n"
    + WHO: "segments/a.yaml:1:1  key `segment` is missing\n    → segment: a-name-of-small-letters",
    "segment: Big Fish\ntitle: {en: A, zh: B}\n"
    + WHO: "segments/a.yaml:1:10  `Big Fish` is not a name: small letters, digits and single hyphens are",
    "segment: a\n" + WHO: "segments/a.yaml:1:1  key `title` is missing\n    → title: {en: …, zh: …}",
    "segment: a\ntitle: {en: A}\n" + WHO: "segments/a.yaml:2:8  `title` says nothing in `zh`",
    "segment: a\nsegment: b\n": "segments/a.yaml:2:1  key `segment` appears twice\n    → the first is in line 1: keep one",
}


@pytest.mark.parametrize("body", HEADLESS)
def test_what_a_segment_must_have(folder: Path, body: str) -> None:
    put(folder, "a", body, head=False)
    said = refusal(folder)
    assert said[: said.rindex("\n")] == HEADLESS[body]


def test_problems_of_all_files_are_said_at_once(folder: Path) -> None:
    put(folder, "a", "who: is_member('b')")
    put(folder, "b", "who: orders_all > 0\nnot_if: [c]")
    put(folder, "c", "who: city_tier = 1 or is_member('a')")
    put(folder, "d", "segment: a\ntitle: {en: A, zh: B}\nwho: city_tiers = 1", head=False)
    assert refusal(folder) == (
        "segments/d.yaml:1:10  segment `a` is already in segments/a.yaml\n"
        "segments/d.yaml:3:6  unknown name `city_tiers`\n"
        "    city_tiers = 1\n"
        "    ^^^^^^^^^^        did you mean `city_tier` (City tier)?\n"
        "segments/a.yaml  a circle: `a` needs `b` needs `c` needs `a`\n"
        "    → take one `is_member` or `not_if` out\n"
        "3 problems in 2 of 4 files. Nothing was changed."
    )


def test_segments_come_after_what_they_need_in_as_few_rounds_as_can_be(folder: Path) -> None:
    put(folder, "a-person", "who: is_member('b-brand') and is_member('z-person')")
    put(folder, "b-brand", "for_each: brand\nwho: is_follower and is_member('z-person')")
    put(folder, "c-brand", "for_each: brand\nwho: is_member('a-person') and is_member('b-brand')")
    put(folder, "d-person", "who: orders_all > 1 and not is_member('z-person')")
    put(folder, "z-person", "who: orders_all > 0")
    found = [
        ([s.name for s in persons], [s.name for s in brands])
        for persons, brands in rounds(load_segments(folder, WORDS))
    ]
    assert found == [(["z-person", "d-person"], ["b-brand"]), (["a-person"], ["c-brand"])]
