"""What a good row becomes: accounts, join keys, money, time and text, checked against plain Python."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F
from tests.spec.landed import ARRIVAL, PEPPER, contract_of, landed, pepper

from huaxiang.clean.conform import conform
from huaxiang.clean.joinkeys import pepper_frame, peppered, pseudonym
from huaxiang.clean.text import case_folded, identifier, nfc
from huaxiang.config import Config

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

CONFIG = Config(rates={"USD": Decimal("7.1"), "JPY": Decimal("0.05")}, currency_digits={"JPY": 0})
PHONE = "13800138000"


def hmac_of(canonical: str) -> str:
    return hmac.new(PEPPER, hashlib.sha256(canonical.encode()).digest(), "sha256").hexdigest()


def by_record(frame: DataFrame) -> dict[int, dict[str, Any]]:
    return {row["_record"]: row.asDict() for row in frame.collect()}


def test_text_has_one_form(spark: SparkSession) -> None:
    texts = [
        "abc",
        "e\u0301",
        "ＡＢＣ１２",
        "ﬁ ㈱",
        "ｶﾞ",
        "中文",
        "\u1100\u1161",
        "Straße",
        "  x  ",
        "\u3000y",
    ]
    frame = spark.createDataFrame([(t,) for t in texts], "t string")
    forms = frame.select("t", nfc(F.col("t")), identifier(F.col("t")), case_folded(F.col("t"))).collect()
    for text, prose, code, folded in forms:
        assert prose == unicodedata.normalize("NFC", text)
        assert code == unicodedata.normalize("NFKC", text).strip(" ")
        assert folded == text.casefold()


def test_contacts_become_keys_and_nothing_else(spark: SparkSession) -> None:
    raw = {
        "phone": [
            PHONE,
            f"+86 {PHONE}",
            f"0086-{PHONE}",
            "86 138-0013-8000",
            "（138）00138000",
            f" {PHONE} ",
        ],
        "email": ["Li@Example.com", " li@example.com "],
        "union_id": ["oAbC-1"],
        "bind": ["Weibo:U1"],
    }
    canonical = {"phone": PHONE, "email": "li@example.com", "union_id": "oAbC-1", "bind": "weibo:u1"}
    cases = [(kind, value) for kind, values in raw.items() for value in values]
    cases += [(k, hashlib.sha256(c.encode()).hexdigest().upper()) for k, c in canonical.items()]
    rows = [{"platform": "jd", "account_id": "U1", "kind": kind, "value": value} for kind, value in cases]
    found = conform(
        landed(spark, "identity_claim", rows), contract_of("identity_claim"), CONFIG, pepper(spark)
    )
    assert "value" not in found.columns
    for record, row in by_record(found).items():
        kind, value = cases[record - 1]
        assert row["reasons"] == []
        assert row["value_key"] == hmac_of(canonical[kind]), (kind, value)
        assert row["event_key"] == "\x1f".join(["jd", "u1", kind, row["value_key"]])
        assert PHONE not in str(row)
    plan = found._jdf.queryExecution().toString()
    assert not any(bytes(pad).hex() in plan.lower() for pad in pepper_frame(spark, PEPPER).first())  # type: ignore[union-attr]


def test_long_peppers_and_pseudonyms(spark: SparkSession) -> None:
    secret = b"x" * 100
    frame = peppered(spark.createDataFrame([("order-1",)], "k string"), pepper_frame(spark, secret))
    found = frame.select(pseudonym(F.col("k"))).first()
    expected = hmac.new(secret, hashlib.sha256(b"order-1").digest(), "sha256").hexdigest()[:32]
    assert found is not None
    assert found[0] == expected


ORDER = {"platform": "jd", "order_id": "o", "line_id": "1", "account_id": "u", "paid": "1"}


def orders(spark: SparkSession, *changes: dict[str, Any]) -> list[dict[str, Any]]:
    frame = landed(spark, "order_line", ({**ORDER, **change} for change in changes))
    found = by_record(conform(frame, contract_of("order_line"), CONFIG, pepper(spark)))
    assert [row["reasons"] for row in found.values()] == [[]] * len(changes)
    return [found[n] for n in sorted(found)]


def test_money_is_minor_units_of_the_lake(spark: SparkSession) -> None:
    given = {
        "10.50": ("CNY", 1050), "0": ("CNY", 0), "999999999999.99": ("CNY", 99999999999999),
        "12.100000000000001": ("CNY", 1210), " 7 ": ("", 700), "1.5e1": ("CNY", 1500),
        "10": ("USD", 7100), "0.01": ("USD", 7), "0.05": ("USD", 36), "100": ("JPY", 500),
    }  # fmt: skip
    rows = orders(spark, *({"paid": paid, "currency": c} for paid, (c, _) in given.items()))
    assert [row["paid_minor"] for row in rows] == [minor for _, minor in given.values()]
    assert rows[0]["paid"] == Decimal("10.50")


def test_amounts_of_three_digits_differ_by_the_third(spark: SparkSession) -> None:
    config = Config(currency="KWD", currency_digits={"KWD": 3})
    rows = [{**ORDER, "paid": paid} for paid in ("12.345", "12.346", "12.345")]
    found = by_record(
        conform(landed(spark, "order_line", rows), contract_of("order_line"), config, pepper(spark))
    )
    assert [found[n]["paid_minor"] for n in (1, 2, 3)] == [12345, 12346, 12345]
    first, second, same = (found[n]["content_hash"] for n in (1, 2, 3))
    assert first != second
    assert first == same


def test_an_instant_has_a_zone_and_a_business_date(spark: SparkSession) -> None:
    utc = datetime(2026, 3, 1, 16, 30)  # noqa: DTZ001  (Spark hands out UTC without a zone)
    same = [
        "2026-03-02T00:30:00+08:00", "2026-03-02T00:30:00+0800", "2026-03-02T00:30:00+08", "2026-03-02 00:30:00",
        "2026-03-02T00:30", "2026-03-01T16:30:00Z", "2026-03-01T16:30Z", " 2026-03-01T16:30:00.000Z ",
        "2026-03-01T06:30:00-10:00",
    ]  # fmt: skip
    rows = orders(spark, *({"at": text} for text in same))
    assert {row["at"] for row in rows} == {utc}
    assert {row["business_date"] for row in rows} == {date(2026, 3, 2)}
    assert {row["part"] for row in rows} == {"2026-03"}
    dated, undated = orders(spark, {"on_date": "2026-02-28"}, {})
    assert (dated["at"], dated["business_date"], dated["part"]) == (None, date(2026, 2, 28), "2026-02")
    assert (undated["business_date"], undated["part"]) == (None, "undated")


def test_keys_join_whatever_their_width_and_case(spark: SparkSession) -> None:
    first, second = orders(
        spark, {"account_id": "Ｕ１", "order_id": "Ｏ-1 "}, {"account_id": "u1", "order_id": "O-1"}
    )
    assert first["account"] == second["account"] == "jd:u1"
    assert first["event_key"] == second["event_key"] == "jd\x1fO-1\x1f1"
    assert (first["revision"], first["op"], first["arrival_date"]) == (0, "upsert", ARRIVAL)
    assert first["content_hash"] != second["content_hash"]  # the account id stands there as it came


def test_lists_are_read_from_text(spark: SparkSession) -> None:
    post = {
        "platform": "weibo",
        "post_id": "p",
        "account_id": "u",
        "kind": "original",
        "at": "2026-03-01T10:00:00Z",
    }
    given = ['["a", "b"]', "a|b", " a | |b ", "[]", None, '["a", null]', '["a"]xyz']
    frame = landed(spark, "social_post", ({**post, "topics": topics} for topics in given))
    found = by_record(conform(frame, contract_of("social_post"), CONFIG, pepper(spark)))
    expected = [["a", "b"]] * 3 + [[], None, ["a"], None]
    assert [found[n]["topics"] for n in sorted(found)] == expected
    assert [found[n]["reasons"] for n in sorted(found)] == [[]] * 6 + [["bad_type:topics"]]


def test_typed_columns_keep_their_values_or_say_why_not(spark: SparkSession) -> None:
    cases = spark.sql(
        """select * from values
        (1, 'o', 12.10D, timestamp_ntz'2026-03-02 00:30:00', 3.0D, 12.0D, true),
        (2, 'o', 0.30000000000000004D, timestamp_ntz'2026-03-02 00:30:00', 3.5D, 1.5D, false),
        (3, 'o', double('NaN'), timestamp_ntz'2026-03-02 00:30:00', 1e30D, 1e16D, null),
        (4, 'o', 1e13D, timestamp_ntz'1800-01-01 00:00:00', null, null, null)
        as t(_record, order_id, paid, at, quantity, line_id, has_gift_wrap)"""
    )
    place = {"_path": F.lit("a.parquet"), "_arrival": F.lit(ARRIVAL), "_filtered": F.lit(False)}
    given = {
        "platform": F.lit("jd"),
        "account_id": F.lit(7).cast("bigint"),
        "_damage": F.lit(None).cast("string"),
    }
    frame = cases.withColumns({**place, **given})
    found = by_record(conform(frame, contract_of("order_line"), CONFIG, pepper(spark)))
    assert [found[n]["paid_minor"] for n in (1, 2)] == [1210, 30]
    assert [found[n]["line_id"] for n in (1, 2)] == ["12", "1.5"]
    assert found[1]["at"] == datetime(2026, 3, 1, 16, 30)  # noqa: DTZ001
    assert found[1]["account"] == "jd:7"
    reasons = {n: sorted(row["reasons"]) for n, row in found.items()}
    assert reasons[1] == []
    assert reasons[2] == ["bad_type:quantity"]
    assert reasons[3] == ["bad_type:paid", "bad_type:quantity"]
    assert reasons[4] == ["amount_overflow:paid", "instant_out_of_range:at", "missing:line_id"]


def test_milliseconds_taken_for_seconds_in_parquet_are_refused(spark: SparkSession) -> None:
    row = {k: F.lit(v) for k, v in ORDER.items()} | {
        "_record": F.lit(1),
        "_path": F.lit("a"),
        "_arrival": F.lit(ARRIVAL),
    }
    at = F.timestamp_seconds(F.lit(1772330400000))  # the year 58134
    frame = spark.range(1).withColumns(
        {**row, "at": at, "_filtered": F.lit(False), "_damage": F.lit(None).cast("string")}
    )
    found = conform(frame, contract_of("order_line"), CONFIG, pepper(spark)).select("reasons").first()
    assert found is not None
    assert sorted(found[0]) == ["future_dated", "instant_out_of_range:at"]


def test_content_hashes_tell_nulls_from_their_neighbours(spark: SparkSession) -> None:
    one, other = orders(spark, {"product_id": "x"}, {"promotion_id": "x"})
    assert one["content_hash"] != other["content_hash"]
