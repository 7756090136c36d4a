"""Whether a rate was used is seen in the clean rows."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from feeds import CONTRACTS, clean

from huaxiang.config import Config
from huaxiang.contracts.clean import clean_contract
from huaxiang.errors import ConfigurationError
from huaxiang.settled import FILE, check_settled
from huaxiang.tables.storage import LocalStorage

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


def test_only_a_rate_that_was_used_stays(spark: SparkSession, tmp_path: Path) -> None:
    there = {"clean/order_line": clean(spark, "order_line", {"currency": "USD"}, {"currency": "CNY"})}
    lake: Any = SimpleNamespace(
        storage=LocalStorage(tmp_path),
        holds_nothing=False,
        contracts={c.name: c for c in map(clean_contract, CONTRACTS.landing)},
        pinned=there.get,
        read_pinned=there.__getitem__,
    )
    check_settled(lake, Config(rates={"USD": Decimal("7.1"), "EUR": Decimal("7.8")}))
    check_settled(lake, Config(rates={"USD": Decimal("7.1"), "EUR": Decimal("7.9")}))
    kept = (tmp_path / FILE).read_text("utf-8")
    with pytest.raises(ConfigurationError) as refused:
        check_settled(lake, Config(rates={"USD": Decimal("7.2"), "EUR": Decimal(8)}))
    assert [str(p.place) for p in refused.value.problems] == ["rates.USD"]
    assert (tmp_path / FILE).read_text("utf-8") == kept
