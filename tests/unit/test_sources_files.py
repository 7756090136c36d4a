"""What lies in the landing folder: which files a night sees, and what it says about the rest."""

from __future__ import annotations

import os
from datetime import date
from typing import TYPE_CHECKING

from huaxiang.sources.files import format_of, list_landing, without_repeats
from huaxiang.sources.map import load_source

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FEEDS = ("order_line", "social_follow")
UNTIL = date(2026, 1, 2)
EXPECTED = "; expected order_line/<yyyy-mm-dd>/<file>"


def put(root: Path, *names: str, data: bytes = b"x") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


def test_files_that_arrived_until_the_night_are_listed_with_their_hash(tmp_path: Path) -> None:
    put(
        tmp_path,
        "order_line/2026-01-01/b.csv",
        "order_line/2026-01-01/a.csv.gz",
        "order_line/2026-01-02/deep/part-0.parquet",
        "order_line/20260102/c.csv",
        "order_line/2026-01-03/later.csv",
        "order_line/2026-01-01/_SUCCESS",
        "order_line/2026-01-01/.hidden.csv",
        "order_line/2026-01-01/_temporary/d.csv",
        "social_follow/2026-01-02/a.jsonl",
    )
    found = list_landing(tmp_path, FEEDS, UNTIL)
    assert found.problems == ()
    assert [(f.feed, f.arrival, f.relative) for f in found.files] == [
        ("order_line", date(2026, 1, 1), "order_line/2026-01-01/a.csv.gz"),
        ("order_line", date(2026, 1, 1), "order_line/2026-01-01/b.csv"),
        ("order_line", date(2026, 1, 2), "order_line/2026-01-02/deep/part-0.parquet"),
        ("order_line", date(2026, 1, 2), "order_line/20260102/c.csv"),
        ("social_follow", date(2026, 1, 2), "social_follow/2026-01-02/a.jsonl"),
    ]
    first = found.files[0]
    assert (first.bytes, first.format, first.compression) == (1, "csv", "gzip")
    assert first.content_hash == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert [f.relative for f in found.of("social_follow")] == ["social_follow/2026-01-02/a.jsonl"]


def test_what_lies_where_nothing_should_is_told_and_ends_nothing(tmp_path: Path) -> None:
    put(
        tmp_path,
        "readme.txt",
        "order_lines/2026-01-01/a.csv",
        "order_lines/2026-01-01/b.csv",
        "order_line/loose.csv",
        "order_line/2026-02-30/a.csv",
        "order_line/yesterday/a.csv",
        "order_line/2026-01-01/a.csv",
    )
    found = list_landing(str(tmp_path), FEEDS, UNTIL)
    assert [f.relative for f in found.files] == ["order_line/2026-01-01/a.csv"]
    assert [str(p) for p in found.problems] == [
        "order_line/2026-02-30/  not an arrival date; expected a folder named yyyy-mm-dd",
        f"order_line/loose.csv  a file outside any arrival date's folder{EXPECTED}",
        "order_line/yesterday/  not an arrival date; expected a folder named yyyy-mm-dd",
        "order_lines/  no feed is called `order_lines`\n    → did you mean `order_line`?",
        "readme.txt  a file outside any feed's folder; expected <feed>/<arrival date>/<file>",
    ]


def test_what_is_no_file_is_told_and_its_neighbours_are_read(tmp_path: Path) -> None:
    put(tmp_path, "order_line/2026-01-01/a.csv")
    there = tmp_path / "order_line/2026-01-01"
    (there / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    (there / "round.csv").symlink_to(there / "round.csv")
    (there / "up").symlink_to(tmp_path / "order_line")
    (there / "beside.csv").symlink_to(there / "a.csv")
    os.mkfifo(there / "pipe.csv")
    (there / os.fsdecode(b"\xc4\xe3.csv")).write_bytes(b"x")
    found = list_landing(tmp_path, FEEDS, UNTIL)
    assert [f.relative for f in found.files] == [
        "order_line/2026-01-01/a.csv",
        "order_line/2026-01-01/beside.csv",
    ]
    assert [(p.place.rpartition("/")[2], p.found) for p in found.problems] == [
        ("gone.csv", "no file"),
        ("pipe.csv", "no file"),
        ("round.csv", "no file"),
        ("up", "no file"),
        ("\\udcc4\\udce3.csv", "its name is not UTF-8"),
    ]


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    assert list_landing(tmp_path / "nowhere", FEEDS, UNTIL).files == ()


def test_hashes_are_remembered_while_a_file_does_not_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing, memory = tmp_path / "landing", tmp_path / "lake" / "hashes.json"
    name = "order_line/2026-01-01/a.csv"
    put(landing, name)
    (before,) = list_landing(landing, FEEDS, UNTIL, remembered=memory).files

    def never(*_: object) -> str:
        raise AssertionError

    with monkeypatch.context() as forbidden:
        forbidden.setattr("huaxiang.tables.storage.LocalStorage.sha256", never)
        assert list_landing(landing, FEEDS, UNTIL, remembered=memory).files == (before,)
    put(landing, name, data=b"y")
    os.utime(landing / name, (1, 1))
    (after,) = list_landing(landing, FEEDS, UNTIL, remembered=memory).files
    assert after.content_hash != before.content_hash
    put(landing, name, data=b"z")
    os.utime(landing / name, (1, 1))  # as tar and rsync do: the same size, the same time
    (again,) = list_landing(landing, FEEDS, UNTIL, remembered=memory).files
    assert again.content_hash != after.content_hash
    after = again
    memory.write_text("{torn", encoding="utf-8")
    assert list_landing(landing, FEEDS, UNTIL, remembered=memory).files == (after,)


def test_byte_identical_files_of_one_delivery_are_repeats(tmp_path: Path) -> None:
    put(tmp_path, "order_line/2026-01-01/b.csv", "order_line/2026-01-01/a.csv", "order_line/2026-01-02/a.csv")
    put(tmp_path, "order_line/2026-01-01/c.csv", data=b"y")
    files = list_landing(tmp_path, FEEDS, UNTIL).files
    first, again = without_repeats(reversed(files))
    assert [f.relative[-16:] for f in first] == ["2026-01-01/a.csv", "2026-01-01/c.csv", "2026-01-02/a.csv"]
    assert [f.relative[-16:] for f in again] == ["2026-01-01/b.csv"]
    loaded = [(files[0].arrival, files[0].content_hash)]
    first, again = without_repeats(files, loaded)
    assert [f.relative[-16:] for f in again] == ["2026-01-01/a.csv", "2026-01-01/b.csv"]


def test_formats_by_name() -> None:
    names = [
        "a.csv",
        "a.CSV.GZ",
        "a.json",
        "a.ndjson.zst",
        "a.jsonl",
        "x/a.parquet",
        "a.b.parquet.gz",
        "csv",
        "a.txt",
    ]
    assert [format_of(n) for n in names] == ["csv", "csv", *["jsonl"] * 3, *["parquet"] * 2, None, None]


MAP = """
source: shop
about: {en: A shop, zh: 商店}
zone: UTC
business_zone: UTC
currency: USD
covers: everybody
files:
  lines: {path: "export/orders_{date}_*.csv", arrives: daily}
  people: {path: people.csv, arrives: once, arrived: 2026-06-30}
  goods: {path: goods.csv}
feeds:
  order_line:
    from: lines
    key: none
    columns: {platform: "'shop'", account_id: who, paid: paid}
  shop_account:
    from: people
    columns: {platform: "'shop'", account_id: who, changed_at: since}
  product:
    from: goods
    columns: {platform: "'shop'", product_id: id, changed_at: since}
"""


def test_a_source_map_names_its_files_and_their_arrival(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(MAP, encoding="utf-8")
    source = load_source(str(tmp_path / "shop.yaml"))
    landing = tmp_path / "landing"
    days = ("2026-01-01_x", "20260102_y", "2026-01-03_z", "2026-13-01_x", "2026")
    names = [f"export/orders_{day}" for day in days]
    put(
        landing,
        *(f"{name}.csv" for name in names),
        "export/more/orders_2026-01-01_x.csv",
        "people.csv",
    )
    found = list_landing(landing, (), UNTIL, source)
    assert [(f.feed, f.arrival, f.relative) for f in found.files] == [
        ("order_line", date(2026, 1, 1), "export/orders_2026-01-01_x.csv"),
        ("order_line", date(2026, 1, 2), "export/orders_20260102_y.csv"),
        ("shop_account", date(2026, 6, 30), "people.csv"),  # once: there from the first night on
    ]
    assert [str(p) for p in found.problems] == [
        f"{names[3]}.csv  `2026-13-01` is not a date; expected {{date}} as yyyy-mm-dd or yyyymmdd",
        "goods.csv  no file for product\n    → is --landing the folder that holds it?",
    ]
    put(landing, "goods.csv")
    goods = list_landing(landing, (), UNTIL, source).of("product")
    assert [f.arrival for f in goods] == [UNTIL]  # nobody knows: the night's own date
