"""The contracts that come with the package: complete, bilingual, and fit for cleaning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from huaxiang.contracts.clean import clean_contract
from huaxiang.contracts.load import load_contracts
from huaxiang.contracts.model import Column, Contract, Text
from huaxiang.contracts.sample import sample_rows
from huaxiang.contracts.types import UnknownTypeError, bounds, element, family, type_json

if TYPE_CHECKING:
    from huaxiang.contracts.load import Contracts

FEEDS = """
    social_account social_follow social_post social_interaction social_message social_tie share_link ad_event
    shop_account product browse_event order_line order_return delivery review service_ticket promotion
    identity_claim brand_member consent_event erasure_request region brand category courier holiday campaign
"""


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return load_contracts()


def test_every_feed_has_a_contract(contracts: Contracts) -> None:
    assert {contract.name for contract in contracts.landing} == set(FEEDS.split())


def test_titles_and_descriptions_are_in_both_languages(contracts: Contracts) -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    for contract in contracts.values():
        texts = [contract.title, contract.description, contract.purpose]
        texts += [text for column in contract.columns for text in (column.title, column.description)]
        texts += [ruled.description for ruled in (*contract.rules, *contract.gates)]
        for text in texts:
            assert chinese.search(text.zh), (contract.name, text)
            assert not chinese.search(text.en), (contract.name, text)
        for text in (contract.description, *(column.description for column in contract.columns)):
            assert text.en.endswith("."), (contract.name, text)
            assert text.zh.endswith("。"), (contract.name, text)


def test_numbers_and_times_have_units(contracts: Contracts) -> None:
    without = {
        (contract.name, column.name)
        for contract in contracts.values()
        for column in contract.columns
        if family(column.type) in ("decimal", "timestamp", "date") and column.unit is None
    }
    assert without == set()


def test_every_feed_may_be_corrected_and_is_never_empty(contracts: Contracts) -> None:
    for feed in contracts.landing:
        assert feed.column("revision").type == "bigint"
        assert feed.column("op").allowed == ("upsert", "delete")
        metrics = {(gate.metric, gate.severity) for gate in feed.gates}
        assert {
            ("rows", "critical"),
            ("quarantined_share", "critical"),
            ("quarantined_share", "warning"),
        } <= metrics
        assert all(feed.column(name).required for name in feed.key)


def test_a_bare_date_stands_in_for_the_instant_of_an_event(contracts: Contracts) -> None:
    for feed in contracts.landing:
        if feed.on_date is not None:
            assert feed.at is not None
            assert not feed.column(feed.at).required, feed.name


def test_the_ledger_adds_up(contracts: Contracts) -> None:
    (rule,) = contracts["load_ledger"].rules
    assert rule.holds == "rows_in = loaded + duplicates + superseded + deleted + quarantined + filtered"


def test_sample_rows_are_the_same_each_time_and_hold_to_the_contract(contracts: Contracts) -> None:
    derived = [clean_contract(feed) for feed in contracts.landing]
    for contract in (*contracts.values(), *derived):
        rows = sample_rows(contract, 7)
        assert rows == sample_rows(contract, 7)
        keys = {tuple(row[contract.names.index(name)] for name in contract.key) for row in rows}
        assert len(keys) == 7, contract.name
        for i, column in enumerate(contract.columns):
            values = [row[i] for row in rows if row[i] is not None]
            assert len(values) == 7 or not column.required
            assert all(str(value) in column.allowed for value in values if column.allowed)
            assert all(column.minimum <= value for value in values if column.minimum is not None)
            assert all(value <= column.maximum for value in values if column.maximum is not None)


def test_clean_rows_of_a_follow(contracts: Contracts) -> None:
    clean = clean_contract(contracts["social_follow"])
    assert (clean.name, clean.layer, clean.key) == ("clean/social_follow", "lake", ("event_key",))
    assert clean.names == (
        *("platform", "follow_id", "account_id", "followee_id", "action", "at", "on_date", "cause"),
        *("account", "other_account", "business_date", "revision", "event_key", "content_hash"),
        *("arrival_date", "release", "part"),
    )
    unhashed = [column.name for column in clean.columns if not column.hashed]
    assert unhashed == ["arrival_date", "release", "part"]


def test_clean_rows_turn_money_into_minor_units(contracts: Contracts) -> None:
    clean = clean_contract(contracts["order_line"])
    assert [name for name in clean.names if name.endswith("_minor")] == [
        "list_price_minor",
        "paid_minor",
        "discount_minor",
    ]
    assert clean.column("paid_minor").type == "bigint"
    assert clean.column("paid_minor").privacy == "sensitive"


def test_clean_rows_hold_no_contact_value(contracts: Contracts) -> None:
    claim = clean_contract(contracts["identity_claim"])
    assert "value" not in claim.names
    assert claim.column("value_key").type == "string"
    assert not any(column.contact for column in claim.columns)
    member = clean_contract(contracts["brand_member"])
    assert {"phone_sha256_key", "email_sha256_key"} <= {*member.names}
    assert "account" not in member.names


@pytest.mark.parametrize(
    ("word", "json"),
    [
        ("string", "string"),
        ("bigint", "long"),
        ("int", "integer"),
        ("decimal(18,2)", "decimal(18,2)"),
        ("array<string>", {"type": "array", "elementType": "string", "containsNull": True}),
        (
            "map<string,bigint>",
            {"type": "map", "keyType": "string", "valueType": "long", "valueContainsNull": True},
        ),
        (
            "struct<at:timestamp,top:decimal(9,4)>",
            {
                "type": "struct",
                "fields": [
                    {"name": "at", "type": "timestamp", "nullable": True, "metadata": {}},
                    {"name": "top", "type": "decimal(9,4)", "nullable": True, "metadata": {}},
                ],
            },
        ),
    ],
)
def test_types_become_the_json_of_spark(word: str, json: object) -> None:
    assert type_json(word) == json


@pytest.mark.parametrize(
    ("word", "unknown"),
    [
        ("text", "text"),
        ("decimal(39,2)", "decimal(39,2)"),
        ("decimal(2,3)", "decimal(2,3)"),
        ("array<text>", "text"),
        ("map<string>", "map<string>"),
        ("struct<at>", "at"),
        ("struct<at:when>", "when"),
        ("array<>", "array<>"),
        ("", ""),
    ],
)
def test_what_is_no_type_is_named(word: str, unknown: str) -> None:
    with pytest.raises(UnknownTypeError) as refused:
        type_json(word)
    assert refused.value.args == (unknown,)


def test_families_elements_and_bounds() -> None:
    assert family("decimal(18,2)") == "decimal"
    assert element("array<int>") == "int"
    assert element("int") == "int"
    assert tuple(map(str, bounds("decimal(4,2)") or ())) == ("-99.99", "99.99")
    assert tuple(map(int, bounds("int") or ())) == (-(2**31), 2**31 - 1)
    assert bounds("double") is None


def test_samples_of_compiled_contracts_know_every_type() -> None:
    """Day rows bring types that no contract file has: structs, maps, sketches."""
    kinds = ["struct<at:timestamp,keys:array<string>,deep:struct<n:bigint>,m:map<string,int>>"]
    kinds += ["map<string,bigint>", "binary", "double", "decimal(9,4)", "array<bigint>", "boolean"]
    title = Text("x", "x")
    columns = [Column("key", "string", title, title, required=True)]
    columns += [Column(f"c{i}", kind, title, title) for i, kind in enumerate(kinds)]
    contract = Contract("rows", "lake", "1.0.0", title, title, ("key",), tuple(columns))
    (row,) = sample_rows(contract, 1)
    assert row[0] == "key-1"
    assert row[1][1:] == (["keys-1"], (0,), {})
    assert row[2] == {}
    assert row[3] == b"c2-1"
    assert row[6] == [0]
