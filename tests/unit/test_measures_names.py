"""A measure or tag of one's own takes no column that is there, and a file in another shape is explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.vocabulary import vocabularies
from huaxiang.errors import ConfigurationError, nearest

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "  title: {en: a, zh: b}\n  means: {en: a, zh: b}\n"
COUNTED = f"- measure: x\n{WORDS}  from: social_interaction\n  adds_up: count\n"


def refusal(conf: Path, entry: str) -> str:
    """Return what is said of a measures file of one's own that is refused."""
    (conf / "measures").mkdir()
    (conf / "measures/mine.yaml").write_text(entry, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_catalogue(load_contracts(), conf)
    return str(caught.value)


def ladder(*stages: str) -> str:
    return f"- tag: x\n{WORDS}  ladder:\n    version: 1\n    stages: [{', '.join(stages)}]"


@pytest.mark.parametrize(
    ("entry", "taken"),
    [
        (f"- tag: orders_30d\n{WORDS}  derived: 1 > 2\n", "orders_30d"),
        (f"- tag: person\n{WORDS}  derived: 1 > 2\n", "person"),
        (f"- measure: as_of\n{WORDS}  from: browse_event\n  adds_up: count\n", "as_of"),
        (f"- measure: orders_30d\n{WORDS}  from: browse_event\n  adds_up: count\n", "orders_30d"),
        (f"- measure: key\n{WORDS}  from: browse_event\n  adds_up: count\n", "key"),
    ],
)
def test_a_column_stands_once(tmp_path: Path, entry: str, taken: str) -> None:
    assert f"mine.yaml:1 {taken}  `{taken}` is a column already" in refusal(tmp_path, entry)


def test_what_adds_up_the_same_is_one_column_of_the_day_rows(tmp_path: Path) -> None:
    ways = (
        "count",
        "first",
        "last",
        "days",
        "distinct(product)",
        "sum(paid_minor)",
        "top(brand, paid_minor)",
    )
    where = {"asked": "  where: paid_minor > 0\n", "asked_too": "  where: paid_minor > 0\n"}
    entries = [
        f"- measure: m{n}\n{WORDS}  from: order_line\n  adds_up: {way}\n" for n, way in enumerate(ways)
    ]
    entries += [
        f"- measure: {name}\n{WORDS}  from: order_line\n  adds_up: count\n{said}"
        for name, said in where.items()
    ]
    (tmp_path / "measures").mkdir()
    (tmp_path / "measures/mine.yaml").write_text("".join(entries), encoding="utf-8")
    catalogue = load_catalogue(load_contracts(), tmp_path)
    mine = {m.name: m.part.column for m in catalogue.measures if "mine.yaml" in m.place}
    assert {mine[f"m{n}"] for n in range(5)} == {"order_line__count"}
    assert {mine["m5"], mine["m6"]} == {"order_line__sum_paid_minor"}
    assert mine["asked"] == mine["asked_too"] != "order_line__count"
    kinds = {part.column: kinds for part, kinds in catalogue.streams()["order_line"]}
    assert kinds["order_line__count"] == {"none", "brand", "category", "product"}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("measure: x", "mine.yaml  this is no list"),
        ("- 5", "mine.yaml:1  `5` is no entry"),
        (
            f"- measure: x\n{WORDS}  from: browse_event\n  adds_up: count\n  grains: 5",
            "`grains: 5`; expected a list",
        ),
        (f"- measure: x\n{WORDS}  from: browse_event\n  adds_up: count\n  grains: [5]", "grain `5`"),
        (f"- measure: x\n{WORDS}  from: browse_event\n  adds_up: count\n  less: 5", "`less: 5`"),
        (f"- measure: x\n{WORDS}  from: browse_event\n  adds_up: count\n  less:", "`less: None`"),
        (f"- measure: x\n{WORDS}  from: browse_event\n  adds_up: count\n  less: {{}}", "`less: {}`"),
        (f"- measure: x\n{WORDS}  from: browse_event\n  adds_up: count\n  then:", "`then: None`"),
        (f"- tag: x\n{WORDS}  rank: {{}}", "`rank: {}`"),
        (f"- tag: x\n{WORDS}  ladder:", "`ladder: None`"),
        (f"- tag: x\n{WORDS}  modelled:", "`modelled: None`"),
        (
            f"- tag: x\n{WORDS}  grain: brand\n  derived: size(portrait.category_lines_365d) > 2",
            "unknown name `portrait.category_lines_365d`",
        ),
        (f"- measure: x\n{WORDS}  from: browse_event\n  adds_up: count\n  5: 6", "unknown key `5`"),
        (
            f"- measure: x\n{WORDS}  from: browse_event\n  adds_up: count\n  where: false",
            "`where: False`; expected a condition",
        ),
        (
            f"- measure: x\n{WORDS}  from: order_line\n  adds_up: top(brand, paid)",
            "did you mean `paid_minor`",
        ),
        (
            f"- measure: x\n{WORDS}  from: order_line\n  adds_up: sum(paid)",
            "did you mean `paid_minor`",
        ),
        (
            f"- measure: x\n{WORDS}  from: order_line\n  adds_up: top(brand, paid_minor / 2)",
            "`top` by `paid_minor / 2`, a double; expected a whole number\n    → money in minor units: paid_minor",
        ),
        (
            f"- measure: x\n{WORDS}  from: order_line\n  adds_up: count\n  where: category = null",
            "nothing is = null",
        ),
        (
            f"- measure: x\n{WORDS}  from: social_post\n  adds_up: by(topic, text)",
            "text where a number is needed",
        ),
        (f"- measure: x\n{WORDS}  from: order_line\n  adds_up: latest(null)", "`latest` of null"),
        (f"- tag: x\n{WORDS}  derived: 'null'", "`derived` is always null"),
        (f"- measure: x\n{WORDS}  from: order_line\n  adds_up: count\n  windows: [true]", "window `True`"),
        (f"- measure: x\n{WORDS}  from: order_line\n  adds_up: count\n  windows: []", "`windows` is empty"),
        (f"- measure: x\n{WORDS}  from: order_line\n  adds_up: count\n  grains: []", "`grains` is empty"),
        (
            (
                f"- measure: x\n{WORDS}  from: order_line\n  adds_up: count\n"
                "  less: {from: order_line, adds_up: min(on_date)}"
            ),
            "`less` with `min`; expected sum, count, count_of, distinct, top, top_share, by, on both sides",
        ),
        (
            (
                f"- measure: x\n{WORDS}  from: order_line\n  adds_up: top(size)\n"
                "  less: {from: order_return, adds_up: top(fit)}"
            ),
            "`top(fit)` less from `top(size)`; expected one way and one key on both sides",
        ),
        (
            f"- measure: x\n{WORDS}  from: order_line\n  adds_up: count\n  by_others: true",
            "`order_line` has no key `account`",
        ),
        (
            f"- measure: x\n{WORDS}  from: brought_order\n  adds_up: others\n  by_others: true",
            "`others` by others",
        ),
        (
            f"- measure: x\n{WORDS}  from: brought_order\n  adds_up: count\n  by_others: 3",
            "`by_others: 3`; expected true",
        ),
        (
            f"- measure: x\n{WORDS}  from: order_line\n  adds_up: count\n  half_life: true",
            "`half_life: True`; expected days from 1 to 3650",
        ),
        *(
            (
                f"- measure: x\n{WORDS}  from: order_line\n  {how}\n  half_life: 30",
                "with a half-life; expected count",
            )
            for how in (
                "adds_up: sum(paid_minor)",
                "adds_up: by(category, paid_minor)",
                "adds_up: top(category)",
                "adds_up: count\n  less: {from: order_return, adds_up: count}",
            )
        ),
        (f"- tag: x\n{WORDS}  derived: true", "`derived: True`; expected an expression"),
        (f"- tag: x\n{WORDS}  grain: []\n  derived: 1 > 2", "grain `[]`"),
        (f"- tag: x\n{WORDS}  rank: 5", "`rank: 5`"),
        (
            f"- tag: x\n{WORDS}  modelled: membership.is_member",
            "the model `membership` speaks of another grain than `person`; expected grain: brand",
        ),
        (
            f"- tag: x\n{WORDS}  grain: brand\n  modelled: purchases.chance_active",
            "the model `purchases` speaks of another grain than `brand`; expected grain: person",
        ),
        (
            f"- tag: x\n{WORDS}  grain: brand\n  modelled: membership.sinse",
            "did you mean `membership.since`?",
        ),
        (
            "- tag: x\n  title: {en: [30], zh: b}\n  means: {en: a, zh: b}\n  derived: 1 > 2",
            "`title` is incomplete",
        ),
        (
            f"- tag: x\n{WORDS}  modelled: price_bands.band\n  values: {{low: {{en: a, zh: b}}}}",
            "`values` of what is int",
        ),
        (
            f"- tag: x\n{WORDS}  modelled: life_stage.kind\n  values: {{studnt: {{en: a, zh: b}}}}",
            "`values` has `studnt`, which it never is\n    → did you mean `student`?",
        ),
        (
            f"- tag: x\n{WORDS}  derived: case when orders_all > 1 then 'many' end\n  values: {{few: {{en: a, zh: b}}}}",
            "`values` has `few`, which it never is",
        ),
        (f"{COUNTED}  group: [who]\n", "unknown group `['who']`"),
        (f"{COUNTED}  unit: [days]\n", "unit `['days']`; expected text"),
        (f"{COUNTED}  grains: [persn]\n  by_others: true\n", "did you mean `person`?"),
        (f"- rate: x\n{WORDS}  of: ordersz\n  per: deliveries", "unknown measure `ordersz`"),
        (f"- rate: x\n{WORDS}  of: orders\n  per: deliveries", "expected a count, or a sum of whole numbers"),
        (f"- rate: x\n{WORDS}  of: spend\n  per: order_lines", "without `less`"),
        (f"- rate: x\n{WORDS}  of: returns\n  per: deliveries\n  by: [account]", "`by: account`"),
        (f"- rate: x\n{WORDS}  of: returns\n  per: searches\n  by: [courier]", "which has no key `courier`"),
        (f"- rate: orders\n{WORDS}  of: returns\n  per: deliveries", "`orders` is defined twice"),
        (f"- tag: x\n{WORDS}  ladder: 5", "`ladder: 5`; expected {version: 1, stages: [{stage:"),
        (f"- tag: x\n{WORDS}  ladder: {{version: 0, stages: []}}", "`version: 0`; expected a number from 1"),
        (f"- tag: x\n{WORDS}  ladder: {{version: 1, stages: []}}", "`stages` is empty"),
        (f"- tag: x\n{WORDS}  ladder: {{version: 1, stages: [5]}}", "`5` is no stage"),
        (
            ladder("{stage: A b, title: {en: a, zh: b}, when: 1 > 2}"),
            "stage `A b`; expected lower-case letters",
        ),
        (ladder("{stage: a, title: {en: a}, when: 1 > 2}"), "`title` is incomplete"),
        (ladder("{stage: a, title: {en: a, zh: b}, when: 5}"), "`when: 5`; expected a condition"),
        (ladder("{stage: a, title: {en: a, zh: b}, when: 1 > 2}"), "fewer than two stages"),
        (ladder(*["{stage: a, title: {en: a, zh: b}, when: 1 > 2}"] * 2), "stage `a` stands twice"),
        (
            ladder(*(f"{{stage: {s}, title: {{en: a, zh: b}}, when: oders_30d > 0}}" for s in "ab")),
            "did you mean `orders_30d` (Orders, last 30 days)?",
        ),
        (
            ladder(*(f"{{stage: {s}, title: {{en: a, zh: b}}, when: orders_30d}}" for s in "ab")),
            "a number where true or false is needed",
        ),
    ],
)
def test_another_shape_is_explained(tmp_path: Path, entry: str, said: str) -> None:
    assert said in refusal(tmp_path, entry)


def test_each_mistake_of_an_entry_is_told_at_the_line_of_its_key(tmp_path: Path) -> None:
    entry = """\
- measure: night_views
  title: {en: Night views}
  means: {en: "Views, by night", zh: 夜间浏览}
  from: browse_event
  where: local_hours <= 5
  adds_up: top(brand, act)
  grains: [person, shop]
  windows:
    - 30
    - forever
  less:
    from: browse_evnt
  unit: views
  privacy: public
- tag: is_night_owl
  title: {en: Night owl, zh: 夜猫子}
  means: {en: Views by night, zh: 夜间浏览}
  rank:
    of: nights
    at: 5
"""
    told = [line for line in refusal(tmp_path, entry).splitlines() if "mine.yaml" in line]
    places = [line.split("mine.yaml:")[1].split("  ")[0] for line in told]
    assert places == [
        "2 night_views",  # title
        "14 night_views",  # privacy
        "7 night_views",  # grains
        "10 night_views",  # the second window
        "6:23",  # act, in top(brand, act)
        "5:10",  # local_hours
        "12 night_views",  # from, of less
        "20 is_night_owl",  # at, of rank
        "18 is_night_owl",  # rank
    ]


def test_what_is_ranked_is_a_column_and_whom_it_ranks_may_name_the_night(tmp_path: Path) -> None:
    rank = f"- tag: x\n{WORDS}  rank: {{of: OF, into: 5, best: high, among: 'date_diff(as_of, last_order_date) < 30'}}\n"
    text = rank.replace("tag: x", "tag: y").replace("OF", "top_brand_365d")
    told = refusal(tmp_path, rank.replace("OF", "as_of") + text)
    assert "unknown name `as_of`" in told
    assert "a rank of `top_brand_365d`, which is string; expected a number, a date or an instant" in told
    (tmp_path / "measures/mine.yaml").write_text(rank.replace("OF", "paid_30d"), encoding="utf-8")
    assert "x" in {tag.name for tag in load_catalogue(load_contracts(), tmp_path).tags}


def test_a_tag_is_judged_at_the_line_of_its_expression(tmp_path: Path) -> None:
    told = refusal(tmp_path, f"- tag: x\n{WORDS}  derived: orders_30 > 2\n")
    assert "mine.yaml:4:12  unknown name `orders_30`" in told
    assert "did you mean `orders_30d` (Orders, last 30 days)?" in told


def test_tags_stand_in_any_order_and_a_circle_of_them_is_told(tmp_path: Path) -> None:
    def tag(name: str, derived: str) -> str:
        return f'- tag: {name}\n{WORDS}  derived: "{derived}"\n'

    later = [tag("again", "likely + 1"), tag("likely", "orders_30d + 1")]
    (tmp_path / "free/measures").mkdir(parents=True)
    (tmp_path / "free/measures/mine.yaml").write_text("".join(later), encoding="utf-8")
    names = [one.name for one in load_catalogue(load_contracts(), tmp_path / "free").tags]
    assert names.index("likely") < names.index("again")

    entries = [
        tag("a", "b + 1"),
        tag("b", "c + orders_30d"),
        tag("c", "a"),
        tag("d", "a > 1"),
        tag("e", "d + no"),
    ]
    assert refusal(tmp_path, "".join(entries)) == (
        "mine.yaml:4 a  a circle: `a` reads `b` reads `c` reads `a`\n    → let one of them read measures alone"
    )


def test_a_tag_is_no_circle_for_saying_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "measures").mkdir()
    student = f"- tag: student\n{WORDS}  derived: \"life_stage = 'student'\"\n"
    (tmp_path / "measures/mine.yaml").write_text(student, encoding="utf-8")
    told = next(tag for tag in load_catalogue(load_contracts(), tmp_path).tags if tag.name == "student")
    assert told.reads == {"life_stage"}


def test_tags_are_typed_beside_what_else_is_wrong_but_not_those_that_read_it(tmp_path: Path) -> None:
    entries = [
        f"- measure: nights\n{WORDS}  from: browse_events\n  adds_up: count\n  windows: [7]\n",
        f"- tag: owl\n{WORDS}  derived: nights_7d > 3\n",
        f"- tag: owlish\n{WORDS}  derived: not owl\n",
        f"- tag: odd\n{WORDS}  derived: orders_30 > 3\n",
        f"- tag: odder\n{WORDS}  derived: not odd\n",
    ]
    told = [line for line in refusal(tmp_path, "".join(entries)).splitlines() if "mine.yaml" in line]
    assert [line.split("  ")[1] for line in told] == [
        "unknown event `browse_events`",
        "unknown name `orders_30`",
    ]


def test_only_what_a_text_can_be_and_no_other_is_allowed(tmp_path: Path) -> None:
    """Words of a shop's own data are open, whatever some of them are called."""
    (tmp_path / "measures").mkdir()
    some = "  values: {food: {en: Food lover, zh: 吃货}}\n"
    (tmp_path / "measures/mine.yaml").write_text(
        f"- tag: fav\n{WORDS}  modelled: affinity.category\n{some}"
        f"- tag: stage\n{WORDS}  modelled: life_stage.kind\n"
        f"- tag: made\n{WORDS}  derived: coalesce(stage, declared_gender, case when orders_all > 1 then 'many' end)\n"
        f"- tag: joined\n{WORDS}  derived: stage || declared_gender\n",
        encoding="utf-8",
    )
    columns, _ = vocabularies(load_catalogue(load_contracts(), tmp_path))
    stages = ("midlife", "senior", "student", "young_family", "young_white_collar")
    assert columns["fav"].allowed == columns["joined"].allowed == ()
    assert columns["stage"].allowed == columns["declared_life_stage"].allowed == stages
    assert columns["made"].allowed == tuple(sorted((*stages, "f", "m", "x", "many")))
    assert columns["shop_gender"].allowed == ("f", "m", "x")
    assert columns["rfm_class"].allowed[0] == "at_risk"
    assert columns["experience"].allowed == ("lost", "unhappy", "locked_in", "satisfied", "loyal")


@pytest.mark.parametrize(
    ("word", "words", "near"),
    [
        ("order", ("order_lines", "orders"), "orders"),
        ("amount", ("account", "amount_minor"), "amount_minor"),
        ("IS_FOLLOWER", ("is_follower", "follows"), "is_follower"),
        ("spend", ("spend_365d", "spend_30d", "sped"), "sped"),
        ("spend", ("spend_365d", "spend_30d"), "spend_30d"),
        ("thing", ("order",), None),
    ],
)
def test_the_nearest_word_is_a_slip_then_a_beginning(
    word: str, words: tuple[str, ...], near: str | None
) -> None:
    assert nearest(word, words) == near
