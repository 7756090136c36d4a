"""What bad input gets, row by row: every class of fault has its reason code, and nothing is mended in silence."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F
from tests.spec.landed import contract_of, landed, pepper

from huaxiang.clean.conform import conform
from huaxiang.config import Config

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONFIG = Config(rates={"USD": Decimal("7.1"), "JPY": Decimal("0.05")}, currency_digits={"JPY": 0})

GOOD: dict[str, dict[str, str]] = {
    "order_line": {
        "platform": "jd", "order_id": "o1", "line_id": "1", "account_id": "u1", "paid": "10.50",
        "at": "2026-03-01T10:00:00+08:00",
    },
    "social_post": {
        "platform": "weibo", "post_id": "p1", "account_id": "u1", "kind": "original", "at": "2026-03-01 10:00:00",
    },
    "identity_claim": {"platform": "jd", "account_id": "u1", "kind": "phone", "value": "13800138000"},
    "social_follow": {
        "platform": "weibo", "follow_id": "f1", "account_id": "a", "followee_id": "b", "action": "follow",
        "at": "2026-03-01T10:00:00Z",
    },
    "review": {"platform": "jd", "review_id": "r1", "account_id": "u1", "rating": "4.5", "at": "2026-03-01T10:00Z"},
}  # fmt: skip

NUL, FULL_WIDTH = "\0", "１２"
FAULTS: list[tuple[str, str, dict[str, Any], list[str]]] = [
    # (what is wrong, feed, the columns that say so, its reasons)
    ("nothing", "order_line", {}, []),
    ("key missing", "order_line", {"order_id": None}, ["missing:order_id"]),
    ("key blank", "order_line", {"order_id": "  "}, ["missing:order_id"]),
    ("required column missing", "order_line", {"paid": None}, ["missing:paid"]),
    ("word for a number", "order_line", {"quantity": "two"}, ["bad_type:quantity"]),
    ("full-width digits in a whole number", "order_line", {"quantity": FULL_WIDTH}, ["bad_type:quantity"]),
    ("full-width digits in an amount", "order_line", {"paid": FULL_WIDTH}, ["bad_type:paid"]),
    ("fraction for a whole number", "order_line", {"quantity": "1.5"}, ["bad_type:quantity"]),
    ("grouped amount", "order_line", {"paid": "1,050.00"}, ["bad_type:paid"]),
    ("not a number", "order_line", {"paid": "NaN"}, ["bad_type:paid"]),
    ("1e400", "order_line", {"paid": "1e400"}, ["bad_type:paid"]),
    ("amount overflows its type", "order_line", {"paid": "9" * 40}, ["amount_overflow:paid"]),
    ("amount of 10^15 minor units", "order_line", {"discount": "10000000000000"}, ["amount_overflow:discount"]),
    ("whole number overflows", "order_line", {"quantity": "9" * 20}, ["bad_type:quantity"]),
    ("half a cent", "order_line", {"paid": "10.505"}, ["fractional_minor_unit:paid"]),
    ("half a yen", "order_line", {"paid": "10.5", "currency": "JPY"}, ["fractional_minor_unit:paid"]),
    ("currency without a rate", "order_line", {"currency": "XAU"}, ["currency_without_rate:paid"]),
    ("currency in lower case", "order_line", {"currency": "cny"},
     ["bad_pattern:currency", "currency_without_rate:paid"]),
    ("negative quantity", "order_line", {"quantity": "-1"}, ["out_of_range:quantity"]),
    ("NUL in an id", "order_line", {"product_id": f"p{NUL}1"}, ["control_character:product_id"]),
    ("NUL beside a number", "order_line", {"quantity": f"1{NUL}"}, ["control_character:quantity"]),
    ("line end in an id", "order_line", {"account_id": "u\n1"}, ["control_character:account_id"]),
    ("key's own joiner in a key", "order_line", {"line_id": "1\x1f2"}, ["control_character:line_id"]),
    ("date in the future", "order_line", {"at": "2026-03-05T10:00:00+08:00"}, ["future_dated"]),
    ("a day ahead is a time zone", "order_line", {"at": "2026-03-03T10:00:00+08:00"}, []),
    ("epoch seconds", "order_line", {"at": "1772330400"}, ["bad_type:at"]),
    ("epoch milliseconds", "order_line", {"at": "1772330400000"}, ["bad_type:at"]),
    ("milliseconds read as seconds", "order_line", {"at": "58134-08-02T00:00:00Z"}, ["bad_type:at"]),
    ("before 1970", "order_line", {"at": "1969-12-31T23:59:59Z"}, ["instant_out_of_range:at"]),
    ("a date of Parquet seconds", "order_line", {"at": "2100-01-01T00:00:00Z"},
     ["future_dated", "instant_out_of_range:at"]),
    ("CST, China's or Chicago's", "order_line", {"at": "2026-03-01T10:00:00CST"}, ["bad_type:at"]),
    ("a region for an offset", "order_line", {"at": "2026-03-01 10:00:00 Asia/Shanghai"}, ["bad_type:at"]),
    ("an hour without its day", "order_line", {"at": "10:30"}, ["bad_type:at"]),
    ("a day where an instant belongs", "order_line", {"at": "2026-03-01"}, ["bad_type:at"]),
    ("30 February", "order_line", {"at": None, "on_date": "2026-02-30"}, ["bad_type:on_date"]),
    ("day first", "order_line", {"at": None, "on_date": "01/03/2026"}, ["bad_type:on_date"]),
    ("neither instant nor day", "order_line", {"at": None}, []),
    ("unknown op", "order_line", {"op": "remove"}, ["not_allowed:op"]),
    ("negative revision", "order_line", {"revision": "-1"}, ["out_of_range:revision"]),
    ("revision is a word", "order_line", {"revision": "new"}, ["bad_type:revision"]),
    ("boolean is a word", "order_line", {"has_gift_wrap": "perhaps"}, ["bad_type:has_gift_wrap"]),
    ("record of too many fields", "order_line", {"_damage": "wrong_field_count"}, ["wrong_field_count"]),
    ("deletion needs its key only", "order_line", {"op": "delete", "paid": None, "at": "?"}, []),
    ("deletion without its key", "order_line", {"op": "delete", "line_id": None}, ["missing:line_id"]),
    ("several at once", "order_line", {"paid": "x", "quantity": "y"}, ["bad_type:paid", "bad_type:quantity"]),
    ("quoted newline in prose", "social_post", {"text": "one\ntwo\tthree"}, []),
    ("NUL in prose", "social_post", {"text": f"one{NUL}two"}, ["control_character:text"]),
    ("broken list", "social_post", {"topics": '["a"'}, ["bad_type:topics"]),
    ("unknown word", "social_post", {"kind": "advert"}, ["not_allowed:kind"]),
    ("phone without digits", "identity_claim", {"value": "unknown"}, ["bad_type:value"]),
    ("e-mail without @", "identity_claim", {"kind": "email", "value": "somebody"}, ["bad_type:value"]),
    ("claim without a value", "identity_claim", {"value": None}, ["missing:value"]),
    ("claim of an unknown kind", "identity_claim", {"kind": "fax"}, ["not_allowed:kind"]),
    ("follows oneself", "social_follow", {"followee_id": "a"}, ["not_oneself"]),
    ("followee missing", "social_follow", {"followee_id": ""}, ["missing:followee_id"]),
    ("a rating between two steps", "review", {"rating": "4.55"}, ["bad_type:rating"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest, _session: SparkSession) -> dict[str, list[str]]:
    """The reasons of every case, by its name: one action per feed."""
    reasons = {}
    for feed, good in GOOD.items():
        cases = [(name, change) for name, of, change, _ in FAULTS if of == feed]
        rows = landed(_session, feed, ({**good, **change} for _, change in cases))
        judged = conform(rows, contract_of(feed), CONFIG, pepper(_session))
        for row in judged.select("_record", "reasons").collect():
            reasons[cases[row["_record"] - 1][0]] = sorted(row["reasons"])
    return reasons


@pytest.mark.parametrize(("name", "expected"), [(name, expected) for name, _, _, expected in FAULTS])
def test_a_faulty_row_says_why(found: dict[str, list[str]], name: str, expected: list[str]) -> None:
    assert found[name] == sorted(expected)


@pytest.mark.parametrize("kind", ["timestamp", "timestamp_ntz"])
@pytest.mark.parametrize("micros", [2**63 - 1, -(2**63)])
def test_the_last_instant_there_is_ends_no_night(spark: SparkSession, kind: str, micros: int) -> None:
    """A typed file may hold any 64 bits: the clock of no zone shows them."""
    rows = landed(spark, "order_line", [GOOD["order_line"]])
    extreme = rows.withColumn("at", F.timestamp_micros(F.lit(micros)).cast(kind))
    (row,) = conform(extreme, contract_of("order_line"), CONFIG, pepper(spark)).select("reasons").collect()
    assert "instant_out_of_range:at" in row["reasons"]


def test_no_row_is_lost(found: dict[str, list[str]]) -> None:
    assert len(found) == len(FAULTS) >= 25
