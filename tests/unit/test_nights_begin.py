"""What a night asks before it reads anything: required feeds, and settings that a lake keeps."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from rich.table import Table

from huaxiang.book import open_book
from huaxiang.clean.arrivals import missing
from huaxiang.clean.known import Known
from huaxiang.cli.operators import dates_from
from huaxiang.cli.options import console
from huaxiang.config import load_config
from huaxiang.errors import ConfigurationError, Problem
from huaxiang.pepper import PEPPER, pepper_of
from huaxiang.settled import FILE, check_settled
from huaxiang.sources.files import Landing, LandingFile
from huaxiang.sources.map import load_source
from huaxiang.tables.storage import LocalStorage, local_path
from huaxiang.together import together

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = replace(load_config(), required=("order_line",))


def day(number: int) -> date:
    return date(2026, 1, number)


def landed(*days: int) -> Landing:
    files = tuple(
        LandingFile("order_line", day(d), f"/in/{d}.csv", f"order_line/{d}.csv", 1, "") for d in days
    )
    return Landing(files, (Problem("order_line/2026-01-09/pipe.csv", "no file"),))


@pytest.mark.parametrize(
    ("files", "nights", "as_of", "found"),
    [
        ((), (), 3, "no file arrived until 2026-01-03"),
        ((1,), (), 3, None),
        ((4,), (), 3, "no file arrived until 2026-01-03"),
        ((1, 2), (1,), 2, None),
        ((1,), (1,), 2, "no file arrived after 2026-01-01 until 2026-01-02"),
        ((1,), (1,), 1, None),  # run again
        ((1, 3), (1, 9), 3, None),  # a held night of a mistyped date is no night before
        ((1,), (1, 9), 3, "no file arrived after 2026-01-01 until 2026-01-03"),
    ],
)
def test_a_required_feed_has_a_file_since_the_night_before(
    files: tuple[int, ...], nights: tuple[int, ...], as_of: int, found: str | None
) -> None:
    told = missing(CONFIG, None, landed(*files), "in", {day(n) for n in nights}, day(as_of))
    assert [p.found for p in told] == ([found, "no file"] if found else [])


@pytest.mark.parametrize(
    ("unread", "as_of", "found"),
    [
        ((1,), 3, []),  # it came after the night of its date
        ((1,), 2, []),
        ((4,), 3, ["no file arrived after 2026-01-02 until 2026-01-03"]),  # tomorrow's
        ((), 3, ["no file arrived after 2026-01-02 until 2026-01-03"]),  # all that lies there was read
    ],
)
def test_a_file_of_an_earlier_date_that_nobody_has_read_is_a_file(
    unread: tuple[int, ...], as_of: int, found: list[str]
) -> None:
    landing = landed(1, 2, 4)
    late = {file for file in landing.files if file.arrival in {day(n) for n in unread}}
    told = missing(CONFIG, None, landing, "in", {day(1), day(2)}, day(as_of), late)
    assert [p.found for p in told if p.found != "no file"] == found


def test_unread_is_what_was_neither_read_nor_refused_as_it_is() -> None:
    read, refused, mended, late = landed(1, 2, 3, 4).files
    ledger = [
        {"feed": f.feed, "path": f.relative, "content_hash": f.content_hash, "arrival_date": f.arrival}
        | {"rows": 1, "status": status, "problem": None, "release": 1}
        for f, status in (
            (read, "loaded"),
            (refused, "refused"),
            (replace(mended, content_hash="old"), "loaded"),
        )
    ]
    known = Known._from(ledger)
    assert [f for f in (read, refused, mended, late) if known.is_unread(f)] == [mended, late]


@pytest.mark.parametrize(
    ("files", "nights", "as_of", "lacking"),
    [
        ((1, 2, 3), (), 3, []),
        ((1, 3), (), 3, [2]),
        ((2, 3), (1,), 3, []),
        ((1, 3), (1,), 3, [2]),
        ((1, 2), (1,), 4, [3, 4]),
        ((1, 3), (1, 2), 3, []),  # that night ran without its file: it was not required then
        ((1,), (1,), 1, []),  # run again
    ],
)
def test_of_files_that_come_daily_none_may_be_missing(
    files: tuple[int, ...], nights: tuple[int, ...], as_of: int, lacking: list[int]
) -> None:
    daily: Any = SimpleNamespace(
        reads_once=lambda _: False, file_of=lambda _: SimpleNamespace(path="orders-{date}.csv")
    )
    told = missing(CONFIG, daily, landed(*files), "in", {day(n) for n in nights}, day(as_of))
    assert [(p.found, p.expected) for p in told] == [
        (f"no file of {day(n)}", "in/orders-{date}.csv") for n in lacking
    ]


def test_rates_say_what_others_cost_in_one_currency_only() -> None:
    config = replace(CONFIG, rates={"EUR": Decimal("7.8")})
    source = load_source("cdnow", config.conf_dir)
    assert (source.currency, source.over(config).rates) == ("USD", {})
    assert source.over(replace(config, currency="USD")).rates == config.rates


def test_what_a_source_map_says_is_not_to_be_set() -> None:
    """It would do nothing; what the map leaves open may be set, and what `huaxiang.yaml` says is no mistake."""
    sets = ("required=[]", "default_covers.shop=accounts", "rates={EUR: 7.8}", "insights=nightly")
    with pytest.raises(ConfigurationError) as refused:
        open_book(load_config(sets=sets), source="cdnow")
    told = [problem.place for problem in refused.value.problems]
    assert told == ["--set required", "--set default_covers", "--set rates"]
    assert re.search(
        r"of its files a source map says it\n    → change it in \S+cdnow\.yaml", str(refused.value)
    )
    source = load_source("cdnow", CONFIG.conf_dir)
    assert source.unheard(load_config(sets=("insights=nightly", "spark.driver.memory=4g"))) == []
    assert source.unheard(replace(CONFIG, currency="USD", given=("rates",))) == []  # they are heard
    assert load_config(sets=("insights=weekly",)).fingerprint == load_config().fingerprint


class Held:
    """A lake as far as it keeps settings."""

    def __init__(self, root: Path, *, holds_nothing: bool) -> None:
        self.storage, self.holds_nothing = LocalStorage(root), holds_nothing
        self.contracts: dict[str, Any] = {}


def test_only_a_lake_that_holds_something_keeps_its_currency(tmp_path: Path) -> None:
    def settle(currency: str, *, holds_nothing: bool) -> None:
        lake: Any = Held(tmp_path, holds_nothing=holds_nothing)
        check_settled(lake, replace(CONFIG, currency=currency), None)

    settle("CNY", holds_nothing=True)
    settle("USD", holds_nothing=True)  # the night before was refused
    settle("USD", holds_nothing=False)
    with pytest.raises(ConfigurationError, match="currency  EUR; expected USD"):
        settle("EUR", holds_nothing=False)
    assert json.loads((tmp_path / FILE).read_text("utf-8"))["currency"] == "USD"


def test_a_rate_stays_once_amounts_were_converted_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: set[str] = set()
    monkeypatch.setattr("huaxiang.settled._is_used", lambda _, code: code in used)
    lake: Any = Held(tmp_path, holds_nothing=False)

    def settle(**rates: str) -> None:
        check_settled(
            lake, replace(CONFIG, rates={code: Decimal(rate) for code, rate in rates.items()}), None
        )

    settle(USD="7.12")
    settle(USD="7.1", EUR="7.8")  # nothing came in dollars yet
    used.add("USD")
    settle(USD="7.10", EUR="8", GBP="9")
    settle()
    with pytest.raises(ConfigurationError, match=r"rates\.USD  7\.2; expected 7\.1"):
        settle(USD="7.2")
    with pytest.raises(ConfigurationError, match="currency_digits  0; expected 2"):
        check_settled(lake, replace(CONFIG, currency_digits={"CNY": 0}), None)


def test_a_lake_elsewhere_has_no_key_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PEPPER, raising=False)
    with pytest.raises(ConfigurationError, match="no key of its own"):
        pepper_of(CONFIG, local_path("hdfs:/lake"), print)
    made = pepper_of(CONFIG, local_path(f"file://{tmp_path}/lake"), print)
    assert (tmp_path / "lake/.pepper").read_bytes() == made == pepper_of(CONFIG, tmp_path / "lake", print)


def test_a_lake_that_lost_its_key_gets_no_other_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PEPPER, raising=False)
    lake: Any = SimpleNamespace(storage=SimpleNamespace(read_text=lambda _: "of the key that is gone"))
    lake.holds_nothing = False
    with pytest.raises(ConfigurationError, match="pepper  no key; expected the same key"):
        pepper_of(CONFIG, tmp_path, print, lake)
    assert not (tmp_path / ".pepper").exists()
    lake.holds_nothing = True  # its first night died: nothing was made with that key
    assert pepper_of(CONFIG, tmp_path, print, lake) == (tmp_path / ".pepper").read_bytes()


def test_an_empty_key_is_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PEPPER, " ")
    with pytest.raises(
        ConfigurationError, match="HUAXIANG_PEPPER  it is set, but empty; expected a secret key"
    ):
        pepper_of(CONFIG, tmp_path, print)
    monkeypatch.delenv(PEPPER)
    (tmp_path / ".pepper").touch()
    with pytest.raises(ConfigurationError, match=r"\.pepper  the file is empty; expected a secret key"):
        pepper_of(CONFIG, tmp_path, print)


def test_a_range_of_nights_goes_forward() -> None:
    assert dates_from("2026-01-30", "2026-02-01") == [date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1)]
    assert dates_from(None, "2026-02-01") == [date(2026, 2, 1)]
    with pytest.raises(ConfigurationError, match="is after --as-of"):
        dates_from("2026-02-02", "2026-02-01")


def test_a_table_shows_values_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("[n]", box=None)
    table.add_row("[new] green tea :tea: [/sale]")
    console().print(table)
    assert "[new] green tea :tea: [/sale]" in capsys.readouterr().out


def test_after_a_failure_what_has_not_begun_does_not_begin() -> None:
    began: list[int] = []

    def job(number: int) -> None:
        began.append(number)
        if number == 0:
            raise ValueError(number)
        time.sleep(0.005)

    with pytest.raises(ValueError, match="0"):
        together([lambda n=n: job(n) for n in [0] * 4 + list(range(1, 400))])
    assert len(began) < 400
