"""Source maps: what is read from one, and that every mistake in one is answered at once, at its place."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from huaxiang.config import Config
from huaxiang.contracts.load import load_contracts
from huaxiang.errors import ConfigurationError, InputError
from huaxiang.sources.check import check_source
from huaxiang.sources.files import list_landing
from huaxiang.sources.fit import compiled_columns
from huaxiang.sources.map import load_source, source_names
from huaxiang.sources.stage import stage

if TYPE_CHECKING:
    from pathlib import Path

    from huaxiang.sources.map import SourceMap

GOOD = """\
source: shop
about: {en: A shop, zh: 商店}
zone: UTC
business_zone: America/New_York
currency: USD
covers: everybody
required: [order_line]
files:
  lines:
    path: lines.csv
    separator: ";"
    header: [order, sku, who, cents, day]
    encoding: gbk
    arrived: 2026-01-31
  goods: {path: "goods/{date}.parquet", arrives: daily}
feeds:
  order_line:
    from: lines
    key: [order, sku]
    where: cast(cents as bigint) >= 0
    columns:
      platform: "'shop'"
      order_id: order
      account_id: who
      paid: cast(cents as decimal(18,2)) / 100
      on_date: to_date(day, 'yyyyMMdd')
  product:
    from: goods
    covers: accounts
    columns: {platform: "'shop'", product_id: sku, changed_at: since}
unknown: [gifts]
"""


def read(tmp_path: Path, text: str) -> SourceMap:
    path = tmp_path / "shop.yaml"
    path.write_text(text, encoding="utf-8")
    return load_source(str(path))


def test_a_source_map_is_read_into_frozen_data(tmp_path: Path) -> None:
    source = read(tmp_path, GOOD)
    assert (source.source, source.about.zh, source.required, source.unknown) == (
        "shop",
        "商店",
        ("order_line",),
        ("gifts",),
    )
    lines, goods = source.file_of("order_line"), source.file_of("product")
    assert (lines.format, lines.encoding, lines.layout.separator, lines.layout.header[0]) == (
        "csv",
        "gbk",
        ";",
        "order",
    )
    assert (lines.arrives, lines.arrived, goods.arrives, goods.format) == (
        "once",
        date(2026, 1, 31),
        "daily",
        "parquet",
    )
    assert source.reads_once("order_line")
    assert not source.reads_once("product")
    orders = source.feeds["order_line"]
    assert (orders.key, orders.filled) == (("order", "sku"), ("line_id",))
    assert orders.reads == ("cents", "day", "order", "sku", "who")
    assert source.wanted("product").required == {"sku", "since"}
    assert (source.covers_of("order_line"), source.covers_of("product")) == ("everybody", "accounts")


def test_a_source_speaks_for_its_zones_currency_and_feeds(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD).over(Config())
    assert (config.zone, config.business_zone, config.currency) == ("UTC", "America/New_York", "USD")
    assert config.required == ("order_line",)
    assert config.default_covers == {"shop": "everybody", "social": "everybody"}


def test_without_a_list_all_feeds_are_required(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD.replace("required: [order_line]\n", "")).required == ("order_line", "product")


MISTAKES = {
    "unknown key": ("unknown: [gifts]", "unknow: [gifts]", "unknown key `unknow`", "did you mean `unknown`?"),
    "another name": ("source: shop", "source: store", "`store`; expected the file's own name, `shop`", ""),
    "no meaning": ("{en: A shop, zh: 商店}", "{en: A shop}", "about: `zh` is missing", ""),
    "zone": ("zone: UTC", "zone: Mars/Olympus", "unknown time zone `Mars/Olympus`", "an IANA name"),
    "currency": ("currency: USD", "currency: dollar", "`dollar`; expected a code of three capitals", ""),
    "covers": (
        "covers: everybody",
        "covers: everyone",
        "unknown covers `everyone`",
        "did you mean `everybody`?",
    ),
    "required": (
        "required: [order_line]",
        "required: [order_lines]",
        "no feed `order_lines` is mapped",
        "`order_line`",
    ),
    "file key": (
        "encoding: gbk",
        "encodin: gbk",
        "file `lines`: unknown key `encodin`",
        "did you mean `encoding`?",
    ),
    "encoding": ("encoding: gbk", "encoding: latin1", "unknown encoding `latin1`", ""),
    "separator": ('separator: ";"', 'separator: "::"', "unknown separator `::`", ""),
    "format": ("lines.csv", "lines.dat", "`lines.dat` doesn't say its format", ""),
    "header of Parquet": (
        "arrives: daily}",
        "arrives: daily, header: [a]}",
        "`header` has no meaning here",
        "",
    ),
    "encoding of Parquet": (
        "arrives: daily}",
        "arrives: daily, encoding: gbk}",
        "`encoding` has no meaning here",
        "",
    ),
    "header twice": ("[order, sku, who,", "[order, sku, sku,", "the column `sku` appears twice", ""),
    "daily without date": (
        "goods/{date}.parquet",
        "goods/x.parquet",
        "arrives daily; expected `daily` with {date}",
        "",
    ),
    "date twice": (
        "goods/{date}.parquet",
        "goods/{date}/{date}.parquet",
        "`goods/{date}/{date}.parquet` has {date} twice",
        "write `*` for the others",
    ),
    "arrived": ("arrived: 2026-01-31", "arrived: 2026-02-31", "`2026-02-31` is not a date", ""),
    "arrived and daily": (
        "arrives: daily}",
        "arrives: daily, arrived: 2026-01-31}",
        "arrives on the date in its path",
        "",
    ),
    "feed": ("  product:", "  produce:", "unknown feed `produce`", "did you mean `product`?"),
    "feed key": ("    where:", "    were:", "feed `order_line`: unknown key `were`", "did you mean `where`?"),
    "file": ("from: lines", "from: line", "no file is called `line`", "did you mean `lines`?"),
    "column": ("      paid:", "      payd:", "unknown column `payd`", "did you mean `paid`?"),
    "required column": ("      account_id: who\n", "", "the column `account_id` must be known", ""),
    "no key": ("    key: [order, sku]\n", "", "the column `line_id` must be known", "give `key:`"),
    "nothing to fill": ("{platform:", "{revision: 1, platform:", "", ""),
    "key of words": (
        "key: [order, sku]",
        "key: order",
        "`order`; expected a list of outside columns, or none",
        "",
    ),
    "name in the header": (
        "account_id: who",
        "account_id: whom",
        "`lines` has no column `whom`",
        "did you mean `who`?",
    ),
    "syntax": ("order_id: order", "order_id: order +", "", ""),
    "empty": ("order_id: order", "order_id:", "`order_id` is empty", ""),
    "code": ("order_id: order", "order_id: (select 1)", "a subquery", ""),
}


@pytest.mark.parametrize("case", MISTAKES, ids=list(MISTAKES))
def test_a_mistake_is_answered_at_its_line_with_the_nearest_word(case: str, tmp_path: Path) -> None:
    before, after, found, hint = MISTAKES[case]
    assert before in GOOD
    text = GOOD.replace(before, after, 1)
    if case == "nothing to fill":
        assert read(tmp_path, text).feeds["product"].key is None
        return
    with pytest.raises(ConfigurationError) as error:
        read(tmp_path, text)
    said = str(error.value)
    assert found in said
    assert hint in said
    assert all(p.place.split(":")[0].endswith("shop.yaml") for p in error.value.problems)


def test_a_key_needs_a_column_to_fill(tmp_path: Path) -> None:
    text = GOOD.replace("      order_id: order\n", "      order_id: order\n      line_id: sku\n")
    with pytest.raises(ConfigurationError, match="every key column is mapped"):
        read(tmp_path, text)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("zone: UTC", "zone: Mars", 1)
        .replace("from: goods", "from: good")
        .replace("who\n", "whom +\n")
    )
    with pytest.raises(ConfigurationError) as error:
        read(tmp_path, text)
    assert len(error.value.problems) >= 3
    assert str(error.value).endswith("shop.yaml. Nothing was read.")


def test_an_unknown_source_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="did you mean `cdnow`"):
        load_source("cdnaw")


def test_expressions_over_text_are_checked_before_any_file_is_there(tmp_path: Path) -> None:
    text = GOOD.replace("cast(cents as decimal(18,2)) / 100", "cents / 100").replace(
        "'yyyyMMdd'", "'yyyy-QQ'"
    )
    with pytest.raises(ConfigurationError) as error:
        read(tmp_path, text)
    assert len(error.value.problems) == 2
    assert "`/` takes numbers, but this is text" in str(error.value)


def test_shipped_maps_are_right() -> None:
    assert set(source_names()) >= {"completejourney", "cdnow", "filmtrust"}
    for name in source_names():
        assert load_source(name).source == name


TEXTS = dict.fromkeys(("order", "sku", "who", "cents", "day"), "string")


def test_expressions_are_checked_against_what_was_found(tmp_path: Path) -> None:
    source, contracts = read(tmp_path, GOOD), load_contracts()
    compiled = compiled_columns(source.feeds["order_line"], TEXTS, contracts["order_line"])
    assert {name: c.type for name, c in compiled.items()}["where"] == "boolean"
    goods = {"sku": "bigint", "since": "bigint"}
    with pytest.raises(ConfigurationError) as error:
        compiled_columns(source.feeds["product"], goods, contracts["product"])
    (problem,) = error.value.problems
    assert (problem.found, problem.expected) == ("a number for `changed_at`", "an instant")
    assert problem.place.endswith("shop.yaml:30:64")
    with pytest.raises(ConfigurationError, match="unknown name `cents`"):
        compiled_columns(source.feeds["order_line"], goods, contracts["order_line"])


COUNT = "wrong_field_count"


@pytest.mark.parametrize(
    ("encoding", "lines", "expected"),
    [
        ("gbk", "1;p;张三;5;d\n2;p\n3;p;b;7;d", [(1, "张三", None), (2, None, COUNT), (3, "b", None)]),
        (
            "gbk",
            '1;p;"张"三;5;d\n2;p\n3;p;b;7;d\n',
            [(1, None, "broken_quotes"), (2, None, COUNT), (3, "b", None)],
        ),
        ("gbk", "1;p;a;5;d", [(1, "a", None)]),
        ("utf-8", "1;p;张三;5;d\n", "byte 4 is not UTF-8; expected utf-8, as stated"),
        ("latin", "1;p;Zoë;5;d\n", "byte 6 is not GB18030; expected gbk"),
    ],
    ids=["fast", "careful", "one record", "not as stated", "not even Chinese"],
)
def test_a_file_is_read_as_its_map_says(
    encoding: str, lines: str, expected: list[tuple[Any, ...]] | str, tmp_path: Path
) -> None:
    written = {"latin": "latin-1"}.get(encoding, "gbk")
    stated = {"latin": "gbk"}.get(encoding, encoding)
    source = read(tmp_path, GOOD.replace("encoding: gbk", f"encoding: {stated}"))
    folder = tmp_path / "landing"
    folder.mkdir()
    (folder / "lines.csv").write_bytes(lines.encode(written))
    files = list_landing(folder, (), date(2026, 1, 1), source).of("order_line")
    staged = stage(files, load_contracts()["order_line"], tmp_path / "staged", source)
    if isinstance(expected, str):
        (refused,) = staged.refused
        assert expected in str(refused.problem)
        return
    assert staged.text is not None
    rows = pq.read_table(staged.text, partitioning=None).to_pylist()
    assert sorted((r["_record"], r["who"], r["_damage"]) for r in rows) == expected


def landing(tmp_path: Path, lines: str, goods: str = "") -> Path:
    folder = tmp_path / "landing"
    folder.mkdir()
    (folder / "lines.csv").write_text(lines, encoding="utf-8")
    if goods:
        (folder / "goods.csv").write_text(goods, encoding="utf-8")
    return folder


CHECKED = """\
source: shop
about: {en: A shop, zh: 商店}
zone: UTC
business_zone: UTC
currency: USD
covers: everybody
required: [order_line]
files:
  lines: {path: lines.csv, arrived: 2026-02-01}
  goods: {path: goods.csv}
feeds:
  order_line:
    from: lines
    key: [order]
    columns:
      platform: "'shop'"
      order_id: order
      account_id: who
      paid: paid
      product_id: sku
      quantity: cast(n as bigint)
  product:
    from: goods
    columns: {platform: "'shop'", product_id: sku, changed_at: since}
unknown: [gifts]
"""
LINES = "order,who,paid,sku,n\n1,a,1,p1,1\n1,a,2,p2,0\n2,b,3,p9,0\n3,c\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("key: [order]", "key: [_record]", "feed `order_line`: `_record` is a name of the pipeline's own"),
        ("key: [order]", "key: [order, _PATH]", "`_PATH` is a name of the pipeline's own"),
        ("account_id: who", "account_id: _damage", "`_damage` is a name of the pipeline's own"),
        (
            "account_id: who",
            "account_id: Order",
            "the columns `Order` and `order` differ only in case; expected names that differ otherwise",
        ),
    ],
)
def test_names_that_a_night_could_not_tell_apart_are_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, CHECKED.replace(old, new))
    assert said in str(caught.value)
    assert "shop.yaml:12  " in str(caught.value)


def test_the_check_counts_over_columns_with_dots(tmp_path: Path) -> None:
    dotted = CHECKED.replace("[order]", "[order.no]").replace("order_id: order", "order_id: '`order.no`'")
    (tmp_path / "shop.yaml").write_text(dotted, encoding="utf-8")
    folder = landing(tmp_path, LINES.replace("order,", "order.no,", 1))
    (orders, _) = check_source(str(tmp_path / "shop.yaml"), folder).feeds
    assert orders.facts[0] == "key completed by an occurrence number in 1 rows"


def test_the_check_says_what_maps_and_what_will_be_empty(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CHECKED, encoding="utf-8")
    folder = landing(tmp_path, LINES, "sku,since\np1,2026-01-01T00:00:00Z\np2,2026-01-01T00:00:00Z\n")
    report = check_source(str(tmp_path / "shop.yaml"), folder)
    assert report.ok
    orders, products = report.feeds
    assert (orders.rows, products.rows) == (4, 2)
    assert orders.facts == (
        "key completed by an occurrence number in 1 rows",
        "1 damaged records (to quarantine)",
        "2 lines of quantity 0 (kept)",
        "1 rows name a product that is not there (kept: brand and category unknown)",
    )
    assert "recipient_hash" in orders.unknown
    assert "currency" not in orders.unknown
    assert "everything social" in report.empty
    assert report.unknown == ("gifts",)
    assert str(report).splitlines()[-1].endswith("--as-of 2026-01-31 --lake LAKE")


def test_the_check_refuses_what_a_night_would(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(CHECKED, encoding="utf-8")
    folder = landing(tmp_path, LINES.replace("paid", "amount", 1))
    with pytest.raises(InputError, match="no column `paid`"):
        check_source(str(tmp_path / "shop.yaml"), folder)
    (folder / "lines.csv").unlink()
    with pytest.raises(InputError, match="no file for order_line"):
        check_source(str(tmp_path / "shop.yaml"), folder)
    (folder / "lines.csv").write_text(LINES, encoding="utf-8")
    report = check_source(str(tmp_path / "shop.yaml"), folder)  # a feed that isn't required may be missing
    assert [problem.found for problem in report.problems] == ["no file for product"]
    assert not report.ok
    (tmp_path / "shop.yaml").write_text(CHECKED.replace("cast(n as bigint)", "n + 1"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="takes numbers"):
        check_source(str(tmp_path / "shop.yaml"), folder)
