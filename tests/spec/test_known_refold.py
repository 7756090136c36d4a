"""Known time: a table as an earlier release held it, and one person folded again from it as that night did."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from feeds import CONTRACTS, clean
from pyspark.sql import functions as F

from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.cells import cells, widened
from huaxiang.days.definitions import kept_up, meanings, standing
from huaxiang.days.rewrite import known_since, no_more
from huaxiang.days.rows import event_rows
from huaxiang.days.vocabulary import vocabularies
from huaxiang.explain.known import unfolded
from huaxiang.explain.refold import Sight, day_rows_behind, refolded, untold_columns
from huaxiang.frames import local_frame, stacked
from huaxiang.portrait.assemble import measured_portrait
from huaxiang.portrait.tags import tagged_portrait
from huaxiang.relations.assemble import measured_relations, tagged_relations
from huaxiang.tables.known import known_then
from huaxiang.tables.release import Release

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
COVERS = {"order_line": {"mall": "everybody"}, "order_return": {"mall": "everybody"}}
COVERS["social_follow"] = {"weiwo": "accounts"}
MEASURES = (
    "orders",
    "spend",
    "brands",
    "top_brand",
    "buying_days",
    "order_lines",
    "followings",
    "last_order_date",
)
RANKS = ("rfm_recency", "rfm_frequency", "rfm_monetary")
TAGS = (
    *RANKS,
    "rfm_class",
    "recency_days",
    "is_follower",
    "days_since_purchase",
    "spend_share_365d",
    "thing_relation",
)
Whose = list[tuple[str, str, str, int, int | None]]
PERSONS: Whose = [
    # account, person, platform, since, and in which release it left
    ("mall:ann", "Pann", "mall", 1, None),
    ("weiwo:ann", "Pann", "weiwo", 1, None),
    ("mall:bob", "Pbob", "mall", 1, 2),
    ("mall:bob", "Pann", "mall", 2, None),  # bob turns out to be ann
    ("weiwo:cat", "Pcat", "weiwo", 1, None),
    ("mall:dan", "Pdan", "mall", 2, None),  # dan comes with the second night
    ("mall:eve", "Peve", "mall", 1, None),
]


CATALOGUE = load_catalogue(CONTRACTS)
CATALOGUE = replace(
    CATALOGUE,
    measures=tuple(m for m in CATALOGUE.measures if m.name in MEASURES),
    tags=tuple(t for t in CATALOGUE.tags if t.name in TAGS),
    rates=(),
)


def line(who: str, order: str, on: str, paid: int, product: str = "p1", revision: int = 0) -> dict[str, Any]:
    return {
        "who": who, "order_id": order, "line_id": "1", "product_id": product, "paid_minor": paid, "quantity": 1,
        "event_key": f"{who}|{order}", "on": on, "revision": revision,
    }  # fmt: skip


FIRST = [
    line("mall:ann", "a1", "2026-11-01", 1000),
    line("mall:ann", "a2", "2026-11-20", 500, "p2"),
    line("mall:bob", "b1", "2026-11-18", 70),
    line("mall:eve", "e1", "2026-11-19", 30),
    line("mall:eve", "e2", "2026-11-21", 9),  # counts from the next date on
]
SECOND = [
    *FIRST[1:4],
    line("mall:ann", "a1", "2026-11-01", 900, revision=1),  # revised
    line("mall:ann", "a3", "2026-10-05", 44, "p2"),  # late
    line("mall:dan", "d1", "2026-11-15", 5),  # of somebody who was not known
]  # and eve's e2 is taken back
FOLLOWS = [
    {"who": "weiwo:ann", "other_account": "weiwo:cat", "action": "follow", "at": "2026-11-10 10:00"},
    {"who": "weiwo:cat", "other_account": "weiwo:nobody", "action": "follow", "at": "2026-11-11 10:00"},
]


def day_rows_of(spark: SparkSession, lines: list[dict[str, Any]]) -> DataFrame:
    product = [
        {"platform": "mall", "product_id": p, "brand_id": b, "event_key": p, "on": "2026-01-01"}
        for p, b in (("p1", "b1"), ("p2", "b2"))
    ]
    frames = {
        "order_line": clean(spark, "order_line", *lines),
        "social_follow": clean(spark, "social_follow", *FOLLOWS),
        "product": clean(spark, "product", *product),
        "social_account": clean(
            spark,
            "social_account",
            {"who": "weiwo:cat", "brand_id": "b9", "event_key": "cat", "on": "2026-01-01"},
        ),
    }

    def read(feed: str) -> DataFrame:
        return frames[feed] if feed in frames else clean(spark, feed)

    made = []
    for parts in CATALOGUE.streams().values():
        event = parts[0][0].event
        made.append(
            cells(
                event_rows(event, read(event.feed), read, zone="Asia/Shanghai"), parts, zone="Asia/Shanghai"
            )
        )
    return widened(stacked(made), CATALOGUE.cell_columns()).localCheckpoint()


@pytest.fixture(scope="module")
def nights(_session: SparkSession) -> dict[str, DataFrame]:
    """What the first night held, and `day_row` and `day_row_past` as the second one leaves them."""
    first, second = (day_rows_of(_session, lines) for lines in (FIRST, SECOND))
    one, two = F.lit(1).cast("bigint"), F.lit(2).cast("bigint")
    keys = [F.coalesce(F.to_json(F.struct(*first.columns)), F.lit("")).alias("_all")]
    marked = [rows.select("*", *keys) for rows in (first, second)]
    same = marked[0].join(marked[1], "_all", "left_semi").drop("_all").withColumn("release", one)
    new = marked[1].join(marked[0], "_all", "left_anti").drop("_all").withColumn("release", two)
    gone = marked[0].join(marked[1], "_all", "left_anti").drop("_all")
    past = gone.withColumns({"release": one, "known_to": two})
    return {"first": first, "now": same.unionByName(new).localCheckpoint(), "past": past.localCheckpoint()}


def persons(spark: SparkSession, release: int) -> DataFrame:
    schema = "account string, person string, platform string, since_release bigint"
    now = local_frame(spark, [row[:4] for row in PERSONS if row[4] is None], schema)
    past = local_frame(spark, [row for row in PERSONS if row[4]], f"{schema}, known_to bigint")
    return known_then(now, past, release, since="since_release")


def rows_of(frame: DataFrame) -> list[str]:
    return sorted(repr(row.asDict(recursive=True)) for row in frame.collect())


def test_a_table_is_what_it_was(spark: SparkSession, nights: dict[str, DataFrame]) -> None:
    then = known_then(nights["now"], nights["past"], 1)
    assert rows_of(then.drop("release")) == rows_of(nights["first"])
    assert rows_of(known_then(nights["now"], nights["past"], 2)) == rows_of(nights["now"])
    assert known_then(nights["now"], nights["past"], 0).isEmpty()
    lacking = known_then(nights["now"], nights["past"].drop("part"), 1)  # a column that came later
    assert rows_of(lacking.drop("release", "part")) == rows_of(nights["first"].drop("part"))
    whose = {row["account"]: row["person"] for row in persons(spark, 1).collect()}
    assert whose == {
        "mall:ann": "Pann", "weiwo:ann": "Pann", "mall:bob": "Pbob", "weiwo:cat": "Pcat", "mall:eve": "Peve",
    }  # fmt: skip
    assert {r["person"] for r in persons(spark, 2).collect() if r["account"] == "mall:bob"} == {"Pann"}


def test_day_rows_made_anew_that_are_equal_are_known_since_before(nights: dict[str, DataFrame]) -> None:
    """Also where a new measure gives all of them another column; what is no more stays as it was."""
    before = nights["first"].withColumn("release", F.lit(1).cast("bigint"))
    anew = nights["now"].withColumn("release", F.lit(2).cast("bigint"))
    assert rows_of(known_since(anew, before)) == rows_of(nights["now"])
    wider = anew.withColumn("of_a_new_measure", F.lit(None).cast("bigint"))
    assert rows_of(known_since(wider, before).drop("of_a_new_measure")) == rows_of(nights["now"])
    known = nights["now"].where(F.col("release") < 2)
    assert rows_of(no_more(before, known)) == rows_of(nights["past"].drop("known_to"))
    assert no_more(before, before.repartition(3)).isEmpty()


def sight(spark: SparkSession, nights: dict[str, DataFrame], person: str, **more: Any) -> Sight:
    """What is known of a person in the first release, of which the tables know more by now."""
    whose = persons(spark, 1)
    mine = [row["account"] for row in whose.where(F.col("person") == person).collect()]
    then = known_then(nights["now"], nights["past"], 1).where(F.col("account").isin(mine))
    unfolded = {"portrait": RANKS, "brand_relation": ()}
    return replace(Sight(then, whose, COVERS, {}, AS_OF, "Asia/Shanghai", unfolded), **more)


def test_a_person_folded_again_is_what_the_night_said(
    spark: SparkSession, nights: dict[str, DataFrame]
) -> None:
    """Also after late and revised events, a deletion and a merge: of every measure, and of every tag over them."""
    whose = persons(spark, 1)
    measured = measured_portrait(nights["first"], whose, CATALOGUE, COVERS, as_of=AS_OF).localCheckpoint()
    portrait = tagged_portrait(measured, CATALOGUE, as_of=AS_OF, zone="Asia/Shanghai").localCheckpoint()
    pairs = measured_relations(nights["first"], whose, CATALOGUE, COVERS, as_of=AS_OF)
    related = tagged_relations(pairs, portrait, CATALOGUE, as_of=AS_OF, zone="Asia/Shanghai").collect()
    for row in portrait.where(F.col("person").isin("Pann", "Pbob")).collect():
        said = {name: value for name, value in row.asDict().items() if name not in ("person", "as_of")}
        given = {"portrait": [{"person": row["person"], **{name: said[name] for name in RANKS}}]}
        told = refolded(sight(spark, nights, row["person"], given=given), CATALOGUE, row["person"])
        assert told.pop(None) == said, row["person"]
        assert told == {
            r["brand_id"]: {n: v for n, v in r.asDict().items() if n not in ("person", "brand_id", "as_of")}
            for r in related
            if r["person"] == row["person"]
        }
    assert {row["person"]: row["orders_all"] for row in portrait.collect()} == {
        "Pann": 2, "Pbob": 1, "Pcat": 0, "Peve": 1,
    }  # fmt: skip
    assert sorted(r["brand_id"] for r in related if r["person"] == "Pann") == ["b1", "b2", "b9"]


def test_what_cannot_be_folded_and_is_not_given_is_unknown(
    spark: SparkSession, nights: dict[str, DataFrame]
) -> None:
    """With all that reads it, in the other table too; what is given counts as if it were folded."""
    unfolded = {"portrait": (*RANKS, "spend_365d"), "brand_relation": ("orders_365d",)}
    blind = sight(spark, nights, "Pann", unfolded=unfolded)
    assert untold_columns(blind, CATALOGUE) == {
        "portrait": {**{name: name for name in unfolded["portrait"]}, "rfm_class": "rfm_frequency"},
        "brand_relation": {
            "orders_365d": "orders_365d", "thing_relation": "orders_365d", "spend_share_365d": "spend_365d",
        },
    }  # fmt: skip
    told = refolded(blind, CATALOGUE, "Pann")
    of_person, of_pairs = vocabularies(CATALOGUE)
    assert of_person.keys() - told[None].keys() == {*unfolded["portrait"], "rfm_class"}
    assert of_pairs.keys() - told["b1"].keys() == {"orders_365d", "thing_relation", "spend_share_365d"}
    assert told[None]["spend_all"] == 1500
    given = {
        "portrait": [{"person": "Pann", **dict.fromkeys(RANKS, 5), "spend_365d": 4000}],
        "brand_relation": [{"person": "Pann", "brand_id": "b1", "orders_365d": 1}],
    }
    told = refolded(replace(blind, given=given), CATALOGUE, "Pann")
    assert (told[None]["rfm_class"], told["b1"]["spend_share_365d"], told["b1"]["thing_relation"]) == (
        "champions", 0.25, 0.25,
    )  # fmt: skip


def test_what_is_defined_otherwise_now_is_not_folded_as_then() -> None:
    """By name and reason; other columns of the same stream keep their meaning."""
    orders = next(m for m in CATALOGUE.measures if m.name == "orders")
    dear = replace(orders, part=replace(orders.part, where="paid_minor > 100"))
    added = replace(orders, name="all_orders", windows=(None,), grains=("person",))
    recency = next(t for t in CATALOGUE.tags if t.name == "recency_days")
    later = replace(
        CATALOGUE,
        measures=(*(dear if m is orders else m for m in CATALOGUE.measures), added),
        tags=tuple(replace(t, derived="1 + 1") if t is recency else t for t in CATALOGUE.tags),
    )
    first = kept_up([], meanings(CATALOGUE), release=1)
    second = kept_up(first, meanings(later), release=2)
    night = Release(1, "published", AS_OF, datetime(2026, 11, 21, tzinfo=UTC), None, {}, "", "", "", "")
    told = unfolded(later, standing(second, 1), standing(second), night)
    assert told["portrait"] == {
        **dict.fromkeys(
            [orders.column(window) for window in orders.windows],
            f"it was defined otherwise then: {orders.definition()}",
        ),
        "all_orders_all": "it is defined since release 2, and was not in release 1",
        "recency_days": f"it was defined otherwise then: {recency.derived}",
        **dict.fromkeys(RANKS, "it ranks a person among everybody"),
    }
    assert set(told["brand_relation"]) == {orders.column(window) for window in orders.windows}
    assert unfolded(CATALOGUE, standing(first), standing(first), night) == {
        "portrait": dict.fromkeys(RANKS, "it ranks a person among everybody"), "brand_relation": {},
    }  # fmt: skip


def test_evidence_is_the_day_rows_in_the_window(spark: SparkSession, nights: dict[str, DataFrame]) -> None:
    ann = day_rows_behind(sight(spark, nights, "Pann").day_rows, CATALOGUE, as_of=AS_OF)
    assert {name: ann[name, ""] for name in ("orders_all", "orders_7d", "followings", "brands_all")} == {
        "orders_all": {"order_line": 2}, "orders_7d": {"order_line": 1}, "followings": {"social_follow": 1},
        "brands_all": {"order_line": 2},
    }  # fmt: skip
    assert ann["followings", "b9"] == {"social_follow": 1}
    spent = ann["spend_all", "b1"], ann["spend_all", "b2"], ann["spend_7d", "b1"]
    assert [dict(one) for one in spent] == [{"order_line": n, "order_return": 0} for n in (1, 1, 0)]
    eve = day_rows_behind(sight(spark, nights, "Peve").day_rows, CATALOGUE, as_of=AS_OF)
    assert eve["orders_all", ""] == {"order_line": 1}
