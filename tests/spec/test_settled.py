"""What a lake keeps as it began: rates that were used, and what the keys of rows without keys are made of."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from feeds import CONTRACTS, clean

from huaxiang.config import Config
from huaxiang.contracts.clean import clean_contract
from huaxiang.days.catalogue import load_catalogue
from huaxiang.errors import ConfigurationError, Problem
from huaxiang.settled import FILE, check_contracts, check_settled, read_otherwise
from huaxiang.sources.map import load_source
from huaxiang.tables.storage import LocalStorage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from huaxiang.days.tags import Ladder, Tag


def lake_of(lines: DataFrame, folder: Path, told: Sequence[tuple[str, int]] = ()) -> Any:
    """Of such order lines; `told` are the ladders, and their versions, of which a release told moves."""
    there = {"clean/order_line": lines}
    if told:
        there["stage_flow"] = lines.sparkSession.createDataFrame(told, "ladder string, version int")
    return SimpleNamespace(
        storage=LocalStorage(folder),
        holds_nothing=False,
        contracts={c.name: c for c in map(clean_contract, CONTRACTS.landing)},
        pinned=there.get,
        read_pinned=there.__getitem__,
    )


def test_only_a_rate_that_was_used_stays(spark: SparkSession, tmp_path: Path) -> None:
    lake = lake_of(clean(spark, "order_line", {"currency": "USD"}, {"currency": "CNY"}), tmp_path)
    check_settled(lake, Config(rates={"USD": Decimal("7.1"), "EUR": Decimal("7.8")}), None)
    check_settled(lake, Config(rates={"USD": Decimal("7.1"), "EUR": Decimal("7.9")}), None)
    kept = (tmp_path / FILE).read_text("utf-8")
    with pytest.raises(ConfigurationError) as refused:
        check_settled(lake, Config(rates={"USD": Decimal("7.2"), "EUR": Decimal(8)}), None)
    assert [str(p.place) for p in refused.value.problems] == ["rates.USD"]
    assert (tmp_path / FILE).read_text("utf-8") == kept


KEYLESS = """\
source: shop
about: {en: A shop, zh: 商店}
zone: UTC
business_zone: Asia/Shanghai
currency: CNY
covers: everybody
files: {lines: {path: lines.csv, format: csv}}
feeds:
  order_line:
    from: lines
    key: none
    columns: {platform: "'shop'", order_id: order, account_id: who, %s}
"""


def test_columns_that_are_the_key_stay(spark: SparkSession, tmp_path: Path) -> None:
    lake = lake_of(clean(spark, "order_line", {}), tmp_path)

    def check(columns: str) -> list[Problem]:
        path = tmp_path / "shop.yaml"
        path.write_text(KEYLESS % columns, encoding="utf-8")
        try:
            check_settled(lake, Config(), load_source(str(path)))
        except ConfigurationError as refused:
            return refused.problems
        return []

    assert not check("paid: cents, quantity: pieces")
    assert not check("quantity:  pieces , paid: cents")
    changed = check("paid: upper(cents), on_date: bought")
    assert [(p.place, p.found, p.expected) for p in changed] == [
        ("shop: order_line.on_date", "bought", "not mapped"),
        ("shop: order_line.paid", "upper(cents)", "cents"),
        ("shop: order_line.quantity", "not mapped", "pieces"),
    ]
    check_settled(lake, Config(), None)
    assert check("paid: cents")


def test_a_map_that_reads_otherwise_is_told_once(spark: SparkSession, tmp_path: Path) -> None:
    lake = lake_of(clean(spark, "order_line", {}), tmp_path)

    def told(columns: str, key: str = "[order]", *, read: bool = True) -> list[str]:
        path = tmp_path / "shop.yaml"
        path.write_text(KEYLESS.replace("key: none", f"key: {key}") % columns, encoding="utf-8")
        source = load_source(str(path))
        check_settled(lake, Config(), source)
        return [f"{p.place} {p.found}" for p in read_otherwise(lake, source, ["order_line"] if read else [])]

    assert not told("paid: cents, quantity: pieces")
    assert not told("quantity:  pieces , paid: cents")
    where = "[order]\n    where: who <> 'x'"
    assert not told("paid: upper(cents)", where, read=False)  # nothing came that it could read
    assert told("paid: upper(cents)", where) == [
        "shop: order_line from now on its map reads paid, quantity, where otherwise"
    ]
    assert not told("paid: upper(cents)", where)
    check_settled(lake, Config(), None)  # a night without a source map keeps what was said
    assert told("paid: upper(cents)", where.replace("order", "order, who")) == [
        "shop: order_line from now on its map reads key otherwise"
    ]


def test_other_rules_of_a_ladder_need_another_version(spark: SparkSession, tmp_path: Path) -> None:
    catalogue = load_catalogue(CONTRACTS)
    (aipl,) = (tag for tag in catalogue.ladders() if tag.name == "aipl")
    ladder = aipl.ladder
    assert ladder

    def settle(ladder: Ladder, **others: Tag) -> None:
        named = {"aipl": replace(aipl, ladder=ladder), **others}
        tags = tuple(
            named.get(tag.name, tag) for tag in catalogue.tags if not tag.ladder or tag.name == "aipl"
        )
        check_settled(lake, Config(), None, replace(catalogue, tags=tags).ladder_rules())

    lake = lake_of(clean(spark, "order_line", {}), tmp_path)
    settle(replace(ladder, rungs=ladder.rungs[1:]))  # nothing was told by it yet: it may still change
    settle(ladder)
    lake = lake_of(clean(spark, "order_line", {}), tmp_path, [("aipl", ladder.version), ("aipl", 9)])
    shorter = replace(ladder, rungs=ladder.rungs[:-1])
    with pytest.raises(ConfigurationError) as refused:
        settle(shorter)
    assert [p.place for p in refused.value.problems] == [f"ladder aipl, version {ladder.version}"]
    settle(replace(shorter, version=9))
    settle(ladder)  # and back: both are known by now
    with pytest.raises(ConfigurationError, match="version 9"):
        settle(replace(ladder, version=9))


def test_what_a_ladder_reads_is_part_of_its_rules(spark: SparkSession, tmp_path: Path) -> None:
    catalogue = load_catalogue(CONTRACTS)
    ladders = {tag.name: tag.ladder for tag in catalogue.ladders() if tag.ladder}
    told = [(name, ladders[name].version) for name in ("experience", "brand_experience")]
    lake = lake_of(clean(spark, "order_line", {}), tmp_path, told)
    check_settled(lake, Config(), None, catalogue.ladder_rules())
    tags = tuple(
        replace(tag, derived="recency_days > 999") if tag.name == "has_left" else tag
        for tag in catalogue.tags
    )
    measures = tuple(  # which only a model reads that says whether somebody has left
        replace(one, part=replace(one.part, where="paid_minor > 1")) if one.name == "paid" else one
        for one in catalogue.measures
    )
    for other in (replace(catalogue, tags=tags), replace(catalogue, measures=measures)):
        with pytest.raises(ConfigurationError) as refused:
            check_settled(lake, Config(), None, other.ladder_rules())
        places = [p.place for p in refused.value.problems]
        assert places == [f"ladder {name}, version {version}" for name, version in told]


def test_a_lake_of_another_contract_is_refused_by_name(spark: SparkSession, tmp_path: Path) -> None:
    lake = lake_of(clean(spark, "order_line", {}), tmp_path)
    with pytest.raises(ConfigurationError, match="no versions are kept"):
        check_contracts(lake)
    check_settled(lake, Config(), None)
    check_contracts(lake)
    settled = json.loads((tmp_path / FILE).read_text("utf-8"))
    settled["contracts"] |= {"clean/order_line": "0.9.0", "clean/review": "0.9.0"}  # no review is there yet
    (tmp_path / FILE).write_text(json.dumps(settled), encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        check_contracts(lake)
    version = lake.contracts["clean/order_line"].version
    told = [(p.place, p.found, p.expected) for p in refused.value.problems]
    assert told == [("table clean/order_line", "contract 0.9.0", version)]
    lake.holds_nothing = True
    check_contracts(lake)
