"""Who is in which segment: one made-up person per case, all rules in one action; then night after night."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.vocabulary import vocabularies
from huaxiang.expressions import NameInfo
from huaxiang.identity.followed import taken_in
from huaxiang.segments.assign import assign
from huaxiang.segments.check import run_examples
from huaxiang.segments.load import load_segments
from huaxiang.segments.membership import compared, outcome
from huaxiang.segments.vocabulary import Vocabulary, vocabulary
from huaxiang.shipped import shipped

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from huaxiang.segments.model import Segment

LOG = "release bigint, action string, person string, other_person string, accounts bigint"
WORDS = Vocabulary(
    portrait={"age": NameInfo("int"), "orders": NameInfo("bigint"), "spend": NameInfo("bigint")},
    brand_relation={"bought": NameInfo("bigint"), "is_fan": NameInfo("boolean"), "paid": NameInfo("bigint")},
)
PEOPLE = """
    person             age   orders  spend
    young              20    1       10
    old                60    1       20
    ageless            -     1       30
    never_bought       21    0       0
    unknown_orders     22    -       -
    rich               40    9       1000
    tied_a             41    5       500
    tied_b             41    5       500
    tied_c             41    5       500
    owes_money         41    5       -70
"""
PAIRS = """
    person             brand_id  bought  is_fan  paid
    young              b1        0       true    0
    young              b2        3       false   7
    old                b1        1       true    9
    ageless            b1        1       -       9
    never_bought       b1        -       true    -
    rich               b1        9       false   100
    rich               b2        1       true    7
    tied_a             b2        1       true    7
    no_portrait        b1        1       false   50
"""
RULES = {
    "young": "who: age < 30",
    "not-young": "who: not (age < 30)",
    "young-buyers": "who: is_member('young') and orders > 0",
    "older-buyers": "who: orders > 0\nnot_if: [young]",
    "top-40": "who: top_share(0.40, spend)",
    "top-40-young": "who: top_share(0.40, spend) and is_member('young')",
    "best-one": "who: top_share(0.0001, spend)",
    "all-spenders": "who: top_share(1, spend)",
    "best-of-fractions": "who: top_share(0.3, spend / 4.0e0)",
    "best-of-computed": "who: top_share(0.2, case when is_member('young') then null else spend / 2 end)",
    "fans": "for_each: brand\nwho: is_fan",
    "no-fans": "for_each: brand\nwho: not is_fan",
    "young-fans": "for_each: brand\nwho: is_fan and is_member('young')",
    "fans-over-30": "for_each: brand\nwho: is_fan and portrait.age > 30",
    "best-of-brand": "for_each: brand\nwho: top_share(0.5, paid)",
    "fans-who-bought": "for_each: brand\nwho: is_member('fans') and bought > 0",
    "fans-of-any": "who: is_member('fans')",
    "no-fans-of-any": "who: not is_member('fans')",
    "brands-of-any-fans": "for_each: brand\nwho: is_member('fans-of-any') and not is_member('fans')",
    "both": "who: is_member('fans') and is_member('brands-of-any-fans')",
}
# Of 8 with a spend above 0, 40 % are 3.2, so 4: rich, and the three that tie. Of b1's 4 who paid, half are 2;
# of b2's 3, 1.5, so 2: all paid 7, the smaller ids win.
EXPECTED = """
    young               young never_bought unknown_orders
    not-young           old rich tied_a tied_b tied_c owes_money
    young-buyers        young
    older-buyers        old ageless rich tied_a tied_b tied_c owes_money
    top-40              rich tied_a tied_b
    top-40-young        -
    best-one            rich
    all-spenders        young old ageless rich tied_a tied_b tied_c
    best-of-fractions   rich tied_a tied_b
    best-of-computed    rich tied_a
    fans                young:b1 old:b1 never_bought:b1 rich:b2 tied_a:b2
    no-fans             young:b2 rich:b1 no_portrait:b1
    young-fans          young:b1 never_bought:b1
    fans-over-30        old:b1 rich:b2 tied_a:b2
    best-of-brand       rich:b1 no_portrait:b1 rich:b2 tied_a:b2
    fans-who-bought     old:b1 rich:b2 tied_a:b2
    fans-of-any         young old never_bought rich tied_a
    no-fans-of-any      ageless unknown_orders tied_b tied_c owes_money
    brands-of-any-fans  young:b2 rich:b1
    both                young rich
"""


def table(text: str) -> tuple[list[str], list[list[str | None]]]:
    head, *rows = [line.split() for line in text.strip().splitlines()]
    return head, [[None if word == "-" else word for word in row] for row in rows]


def frame(spark: SparkSession, text: str, types: str):
    head, rows = table(text)
    kinds = types.split()
    read = {
        "string": str,
        "int": int,
        "bigint": int,
        "boolean": lambda w: w == "true",
        "date": date.fromisoformat,
    }
    data = [tuple(None if w is None else read[k](w) for w, k in zip(row, kinds, strict=True)) for row in rows]
    return spark.createDataFrame(data, ", ".join(f"{n} {k}" for n, k in zip(head, kinds, strict=True)))


def read(folder: Path, rules: dict[str, str]) -> tuple[Segment, ...]:
    for name, rule in rules.items():
        (folder / f"{name}.yaml").write_text(
            f"segment: {name}\ntitle: {{en: A, zh: B}}\n{rule}\n", encoding="utf-8"
        )
    return load_segments(folder, WORDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("segments")


def test_everybody_is_assigned_to_all_segments_together(spark: SparkSession, folder: Path) -> None:
    people = frame(spark, PEOPLE, "string int bigint bigint")
    pairs = frame(spark, PAIRS, "string string bigint boolean bigint")
    found = assign(people, pairs, read(folder, RULES), zone="Asia/Shanghai")
    assert found.dtypes == [("segment", "string"), ("brand_id", "string"), ("person", "string")]
    got: dict[str, set[str]] = {name: set() for name in RULES}
    for row in found.collect():
        who = row["person"] + (f":{row['brand_id']}" if row["brand_id"] else "")
        assert who not in got[row["segment"]]
        got[row["segment"]].add(who)
    expected = {
        name: set(who) - {"-"} for name, *who in (line.split() for line in EXPECTED.strip().splitlines())
    }
    assert got == expected


def test_equal_values_are_settled_by_accounts_which_are_the_same_in_every_lake(
    spark: SparkSession, tmp_path: Path
) -> None:
    accounts = {
        "rich": "m:9",
        "tied_a": "m:3 w:8",
        "tied_b": "m:2",
        "tied_c": "m:7 a:1",
        "young": "m:1",
        "old": "m:4",
    }
    persons = spark.createDataFrame(
        [(person, one) for person, text in accounts.items() for one in text.split()],
        "person string, account string",
    )
    rules = {name: RULES[name] for name in ("top-40", "best-of-brand")}
    found = assign(
        frame(spark, PEOPLE, "string int bigint bigint"), frame(spark, PAIRS, "string string bigint boolean bigint"),
        read(tmp_path, rules), zone="Asia/Shanghai", persons=persons,
    )  # fmt: skip
    assert {(row["segment"], row["brand_id"], row["person"]) for row in found.collect()} == {
        *(("top-40", None, who) for who in ("rich", "tied_c", "tied_b")),
        *(("best-of-brand", "b1", who) for who in ("rich", "no_portrait")),
        *(("best-of-brand", "b2", who) for who in ("young", "tied_a")),
    }


def test_members_keep_their_since_and_changes_are_told(spark: SparkSession) -> None:
    previous = frame(
        spark,
        """
        segment  brand_id  person   since
        s        -         stays    2026-01-01
        s        -         leaves   2026-01-02
        s        b1        brand    2026-01-03
        s        b2        brand    2026-01-04
        gone     -         all      2026-01-05
        s        -         taken    2025-12-01
        s        b9        taken    2026-01-06
        """,
        "string string string date",
    )
    now = frame(
        spark,
        """
        segment  brand_id  person
        s        -         stays
        s        -         enters
        s        b1        brand
        s        b3        brand
        s        b9        stays
        """,
        "string string string",
    )
    log = [
        (7, "merge", "stays", "taken", 2),
        (7, "merge", "enters", "taken", 1),
        (6, "merge", "enters", "leaves", 9),
    ]
    taken = taken_in(spark.createDataFrame(log, LOG), 7)  # most of whose accounts are `stays`' now
    members, changes = outcome(compared(previous, now, taken), as_of=date(2026, 2, 1), release=7)
    assert {tuple(r) for r in members.collect()} == {
        ("s", None, "stays", date(2025, 12, 1)),
        ("s", "b9", "stays", date(2026, 1, 6)),
        ("s", None, "enters", date(2026, 2, 1)),
        ("s", "b1", "brand", date(2026, 1, 3)),
        ("s", "b3", "brand", date(2026, 2, 1)),
    }
    tonight = (date(2026, 2, 1), 7)
    assert {tuple(r) for r in changes.collect()} == {
        ("s", None, "leaves", "left", *tonight),
        ("s", None, "enters", "entered", *tonight),
        ("s", "b2", "brand", "left", *tonight),
        ("s", "b3", "brand", "entered", *tonight),
        ("gone", None, "all", "left", *tonight),
    }


def test_examples_are_tried_and_the_wrong_ones_named(spark: SparkSession, tmp_path: Path) -> None:
    young = "examples:\n- {in: true, person: {age: 20}}\n- {in: false, person: {age: 40}}\n- {in: false}"
    rules = {
        "young": f"who: age < 30\n{young}",
        "wrong": "who: age < 30\nexamples:\n- {in: true, person: {age: 31}, because: nearly}\n"
        "- {in: false, person: {age: 1}}",
        "best": "for_each: brand\nwho: top_share(0.1, paid) and is_member('young')\n"
        "examples:\n- {in: true, person: {age: 20}, brand: {paid: 9}}\n"
        "- {in: false, person: {age: 20}, brand: {paid: 8}}",
    }
    segments = read(tmp_path, rules)
    found = [
        (p.place.rsplit("/", 1)[-1], p.found)
        for p in run_examples(spark, segments, WORDS, zone="Asia/Shanghai")
    ]
    assert found == [
        ("wrong.yaml:5:3", "this example is said to be in `wrong` (nearly), but the rule leaves it out"),
        ("wrong.yaml:6:3", "this example is said not to be in `wrong`, but the rule takes it in"),
    ]
    assert run_examples(spark, (), WORDS, zone="Asia/Shanghai") == []


def test_the_eight_that_are_ready_hold_their_own_examples(spark: SparkSession) -> None:
    words = vocabulary(*vocabularies(load_catalogue(load_contracts(), shipped("conf"))))
    assert (
        run_examples(spark, load_segments(shipped("conf") / "segments", words), words, zone="Asia/Shanghai")
        == []
    )


def test_nobody_is_in_no_segment(spark: SparkSession) -> None:
    people = frame(spark, PEOPLE, "string int bigint bigint")
    pairs = frame(spark, PAIRS, "string string bigint boolean bigint")
    assert assign(people, pairs, (), zone="Asia/Shanghai").isEmpty()
