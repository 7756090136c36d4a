"""Who gives to whom: a phone that another claims, a phone that nobody claims, a wrap, a card."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from feeds import CONTRACTS, clean
from pyspark.sql import functions as F

from huaxiang.days.catalogue import load_catalogue
from huaxiang.insight.gifts import gift_conversions
from huaxiang.portrait.gifts import TOLD_BY, gifts_known, gifts_said

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
CATALOGUE = load_catalogue(CONTRACTS)
PERSON_OF = {
    "mall:anna": "anna", "weiwo:anna": "anna", "mall:ben": "ben", "weiwo:ben": "ben", "mall:cleo": "cleo", "mall:dan": "dan",
    "mall:shy": "shy", "mall:phoneless": "phoneless",
}  # fmt: skip
PHONES = {
    "weiwo:anna": ["A", "A old"], "mall:ben": ["B", "shared"], "mall:cleo": ["C"], "mall:dan": ["D", "shared"],
    "mall:shy": ["S"], "weiwo:ben": ["a pickup point's"],
}  # fmt: skip


def line(
    who: str, order: str, to: str | None, on: str = "2026-11-10", product: str = "p1", **more: Any
) -> dict[str, Any]:
    return {
        "who": who, "order_id": order, "line_id": product, "event_key": f"{order} {product}", "product_id": product,
        "recipient_hash_key": to, "paid_minor": 100, "at": f"{on} 10:00", **more,
    }  # fmt: skip


LINES = [
    line("mall:anna", "own", "A old"),  # to herself, by a phone of her other account
    line("mall:anna", "for ben", "B"),
    line("mall:anna", "for ben", "B", product="p2"),  # the same parcel, of another brand
    line("mall:anna", "for nobody", "unheard of"),
    line("mall:anna", "for two", "shared"),  # of Ben or of Dan: sent, but nobody knows to whom
    line("mall:anna", "for shy", "S"),  # who does not agree to be found by her phone
    line("mall:anna", "fetched", "a pickup point's"),  # which links nobody, whoever claims it
    line("mall:anna", "long ago", "B", on="2025-11-20"),  # the 366th day
    line("mall:anna", "a year ago", "C", on="2025-11-21"),
    line("mall:anna", "tomorrow", "C", on="2026-11-21"),
    line("mall:ben", "to a shared one", "shared"),  # his own too
    line("mall:cleo", "by hand", "C", has_gift_wrap=True),
    line("mall:cleo", "no phone", None, has_gift_card=True),
    line("mall:cleo", "nothing known", None),
    line("mall:phoneless", "perhaps own", "a phone"),  # nobody's, and the buyer has none that is known
]


def given(spark: SparkSession) -> tuple[DataFrame, DataFrame]:
    products = [
        {"platform": "mall", "product_id": f"p{n}", "brand_id": f"b{n}", "at": "2026-01-01 00:00"}
        for n in (1, 2)
    ]
    claims = [
        {"who": who, "kind": "phone", "value_key": phone}
        for who, phones in PHONES.items()
        for phone in phones
    ]
    claims.append({"who": "mall:dan", "kind": "device", "value_key": "unheard of"})  # no phone
    found = {
        "order_line": clean(spark, "order_line", *LINES),
        "product": clean(spark, "product", *products),
        "identity_claim": clean(spark, "identity_claim", *claims),
        "consent_event": clean(
            spark,
            "consent_event",
            {"who": "mall:shy", "purpose": "join", "action": "withdraw", "at": "2026-01-01 00:00"},
        ),
    }
    persons = spark.createDataFrame(list(PERSON_OF.items()), "account string, person string")
    blocked = spark.createDataFrame(
        [("phone", "a pickup point's"[:16])], "kind string, value_pseudonym string"
    )
    made = gifts_known(
        found.__getitem__,
        persons,
        blocked,
        CATALOGUE,
        as_of=AS_OF,
        zone="Asia/Shanghai",
        joins_by_default=True,
    )
    return made.localCheckpoint(), persons


def test_a_gift_has_a_giver_and_a_receiver_where_one_is_known(spark: SparkSession) -> None:
    made, persons = given(spark)
    rows = {(r["order_id"], r["brand_id"]): r for r in made.collect()}
    assert {key: (r["person"], r["receiver"], r["is_sent"], r["is_wrapped"]) for key, r in rows.items()} == {
        ("for ben", "b1"): ("anna", "ben", True, False),
        ("for ben", "b2"): ("anna", "ben", True, False),
        ("for nobody", "b1"): ("anna", None, True, False),
        ("for two", "b1"): ("anna", None, True, False),
        ("for shy", "b1"): ("anna", None, True, False),
        ("long ago", "b1"): ("anna", "ben", True, False),
        ("a year ago", "b1"): ("anna", "cleo", True, False),
        ("by hand", "b1"): ("cleo", None, False, True),
        ("no phone", "b1"): ("cleo", None, False, True),
    }
    measured = (
        persons.select("person").distinct().selectExpr("person", "if(person = 'dan', null, 0L) AS orders_all")
    )
    names = ("gifts_given_365d", "gift_receivers_365d", "gifts_received_365d", "gift_spend_365d")
    told = gifts_said(made, CATALOGUE, (), as_of=AS_OF).of(measured).collect()
    assert {r["person"]: tuple(r[name] for name in names) for r in told} == {
        "anna": (5, 2, 0, 600),
        "ben": (0, 0, 1, 0),
        "cleo": (2, 0, 1, 200),
        "dan": (None,) * 4,  # where orders are unknown
        "shy": (0, 0, 0, 0),
        "phoneless": (0, 0, 0, 0),
    }
    silent = (
        gifts_said(made, CATALOGUE, TOLD_BY, as_of=AS_OF).of(measured).select(*names).distinct().collect()
    )
    assert [tuple(r) for r in silent] == [(None,) * 4]
    wraps = (
        gifts_said(made, CATALOGUE, TOLD_BY[:1], as_of=AS_OF).of(measured).where("person = 'cleo'").collect()
    )
    assert [tuple(r[name] for name in names) for r in wraps] == [(2, None, None, 200)]  # no recipients told
    unpriced = made.withColumn("spend_minor", F.lit(None).cast("bigint"))
    priceless = (
        gifts_said(unpriced, CATALOGUE, (), as_of=AS_OF).of(measured).where("person IN ('anna', 'ben')")
    )
    spent = {r["person"]: (r["gifts_given_365d"], r["gift_spend_365d"]) for r in priceless.collect()}
    assert spent == {"anna": (5, None), "ben": (0, 0)}  # for nothing is who gave nothing
    amounts = (
        gifts_said(unpriced, CATALOGUE, ("paid_minor",), as_of=AS_OF).of(measured).where("person = 'ben'")
    )
    assert [tuple(r[name] for name in names) for r in amounts.collect()] == [(0, 0, 1, None)]


def test_a_receiver_who_buys_later_is_won(spark: SparkSession) -> None:
    gift = "order_id string, receiver string, brand_id string, given_on date"
    gave = [
        ("1", "ben", "b1", date(2026, 10, 1)),
        ("2", "ben", "b1", date(2026, 11, 1)),  # the first one counts
        ("3", "cleo", "b1", date(2026, 10, 1)),  # never bought
        ("4", "dan", "b1", date(2026, 10, 1)),  # had bought before
        ("5", "eve", "b1", date(2026, 10, 1)),  # bought on that very day
        ("6", "fay", "b1", date(2026, 10, 1)),
        ("7", None, "b1", date(2026, 10, 1)),
        ("8", "ben", "b2", date(2026, 10, 1)),
    ]
    bought = [
        ("ben", "b1", date(2026, 10, 11)), ("dan", "b1", date(2026, 9, 1)), ("eve", "b1", date(2026, 10, 1)),
        ("cleo", "b1", None), ("fay", "b1", date(2026, 10, 21)),
    ]  # fmt: skip
    related = spark.createDataFrame(bought, "person string, brand_id string, first_order_date date")
    rows = gift_conversions(spark.createDataFrame(gave, gift), related).collect()
    found = {r["brand_id"]: (r["receivers"], r["buyers"], r["share"], r["median_days"]) for r in rows}
    assert found == {"b1": (3, 2, 2 / 3, 15.0), "b2": (1, 0, 0.0, None)}
