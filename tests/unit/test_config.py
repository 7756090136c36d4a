"""Settings: every mistake is named with its place before anything is read."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from huaxiang.config import load_config
from huaxiang.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _segments(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- currency", "this is no mapping"),
        ("currency", "this is no mapping"),
        ("currencies: CNY", "unknown key `currencies`\n    → did you mean `currency`?"),
        ("zone: Asia", "zone  unknown time zone `Asia`"),
        ("business_zone: localtime", "business_zone  unknown time zone `localtime`"),
        ("identity: {limits: {phone: 99999999999}}", "expected a whole number from 0 to 2147483647"),
        ("currency: cny", "currency  `cny` is no currency code; expected three capital letters"),
        ("rates: {usd: 7}", "rates  `usd` is no currency code"),
        ("rates: {USD: nan}", "rates.USD  `nan`; expected a number above 0"),
        ("rates: {USD: -1}", "rates.USD  `-1`; expected a number above 0"),
        ("rates: {IDR: '0.0000000000004'}", "with at most 12 decimals"),
        ("rates: {BTC: 10000000}", "below 10,000,000"),
        ("currency_digits: {CNY: 99}", "currency_digits.CNY  `99`; expected 0 to 4"),
        ("required: order_line", "required  `order_line`; expected a list"),
        ("identity: {blocked: {phone: 5}}", "blocked phone  `5`; expected a list"),
        ("identity: {blocked: {fax: [a]}}", "unknown key `fax`"),
        ("identity: {blocked: {phone: ['13800138000']}}", "blocked phone  entry 1 is no SHA-256"),
        ("identity: {max_accounts: 0}", "max_accounts  `0`; expected a whole number of at least 1"),
        ("spark: {spark.sql.session.timeZone: Asia/Shanghai}", "is not to be set; expected UTC"),
        ("minimum_group: 4", "minimum_group  `4`; expected a whole number from 5"),
        ("minimum_group: true", "minimum_group  `True`; expected a whole number"),
        ("insights: weakly", "insights  `weakly`; expected weekly or nightly"),
        ("insights: 7", "insights  `7`; expected weekly or nightly"),
        ("minimum_group: 99999999999999999999999", "expected a whole number from 5 to 1,000,000,000"),
        ("minimum_group: fifty", "minimum_group  `fifty`; expected a whole number"),
        ("spark: {master: local}", "`master` is not a Spark setting"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "huaxiang.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_config(tmp_path)
    assert said in str(caught.value)
    assert "huaxiang.yaml" in str(caught.value)


def test_all_mistakes_are_told_at_once_and_a_setting_may_mend_one(tmp_path: Path) -> None:
    (tmp_path / "huaxiang.yaml").write_text("zone: Asia\ncurrency: 5\nrates: {USD: x}", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_config(tmp_path, ("zone=Asia/Tokyo", "currencie=CNY"))
    told = [p.place.rpartition(" ")[2] for p in caught.value.problems]
    assert told == ["currencie=CNY", "currency", "rates.USD"]
    assert "did you mean `currency`?" in str(caught.value)
    mended = load_config(tmp_path, ("zone=Asia/Tokyo", "currency=JPY", "rates={USD: 0.000000000004}"))
    assert (mended.zone, mended.digits, mended.rates) == ("Asia/Tokyo", 2, {"USD": Decimal("4E-12")})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2026-13-45", "required  `2026-13-45`"),
        ("[" * 3000 + "]" * 3000, "--set required"),
        ("[a", "this is not YAML"),
        ("{a: 1, a: 2}", "key `a` appears twice"),
    ],
)
def test_a_setting_is_read_as_its_file_is(value: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_config(sets=(f"required={value}",))
    assert said in str(caught.value)


def test_no_is_a_word_in_a_setting_as_in_the_file() -> None:
    with pytest.raises(ConfigurationError, match="consent_defaults"):
        load_config(sets=("consent_defaults.join=no",))
