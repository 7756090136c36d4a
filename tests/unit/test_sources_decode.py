"""Bytes to rows: every format, encoding and fault, one table; no record is lost, none is changed."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huaxiang.contracts.model import Column, Contract, Text
from huaxiang.sources.files import list_landing
from huaxiang.sources.parquet import parquet_batches
from huaxiang.sources.shape import Said, Wanted
from huaxiang.sources.stage import Staged, stage
from huaxiang.sources.stream import RefusalError

if TYPE_CHECKING:
    from pathlib import Path

T = Text("x", "x")


def column(name: str, kind: str = "string", **more: Any) -> Column:
    return Column(name, kind, T, T, **more)


LINE = Contract(
    name="line",
    layer="landing",
    version="1.0.0",
    title=T,
    description=T,
    key=("id",),
    columns=(
        column("id", required=True),
        column("paid", "decimal(18,2)", required=True),
        column("quantity", "bigint"),
        column("pieces", "int"),
        column("tags", "array<string>"),
        column("at", "timestamp"),
        column("on_date", "date"),
        column("is_won", "boolean"),
    ),
)
ARRIVAL = date(2026, 1, 2)
MIDNIGHT = datetime.fromisoformat("2026-01-02")


def landed(tmp_path: Path, files: dict[str, bytes]) -> Staged:
    folder = tmp_path / "landing" / "line" / ARRIVAL.isoformat()
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    found = list_landing(tmp_path / "landing", ["line"], ARRIVAL)
    assert found.problems == ()
    return stage(found.files, LINE, tmp_path / "staged")


def rows(staged: Staged) -> list[dict[str, Any]]:
    """Return all staged records by path and number, without what is null."""
    folders = [*([staged.text] if staged.text else []), *staged.typed]
    found = [row for folder in folders for row in pq.read_table(folder, partitioning=None).to_pylist()]
    found.sort(key=lambda r: (r["_path"], r["_record"]))
    return [{k: v for k, v in row.items() if v is not None} for row in found]


def values(staged: Staged) -> list[tuple[Any, ...]]:
    """Return (record, id, paid, damage) of every staged record."""
    return [(r["_record"], r.get("id"), r.get("paid"), r.get("_damage")) for r in rows(staged)]


def zstd(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, "zstd", asbytes=True)
    return packed


PLAIN = b"id,paid\n1,2.50\n2,3\n"
TWO = [(1, "1", "2.50", None), (2, "2", "3", None)]
CHINESE = "id,paid\n张三,2.50\n李四的店铺,3\n"
CHINESE_ROWS = [(1, "张三", "2.50", None), (2, "李四的店铺", "3", None)]
BROKEN = "broken_quotes"
COUNT = "wrong_field_count"
JSON_TWO = b'{"id": "1", "paid": "2.50"}\n{"id": "2", "paid": 3}\n'

READ: dict[str, tuple[str, bytes, list[tuple[Any, ...]]]] = {
    "plain": ("a.csv", PLAIN, TWO),
    "upper-case ending": ("A.CSV", PLAIN, TWO),
    "windows line ends": ("a.csv", PLAIN.replace(b"\n", b"\r\n"), TWO),
    "old mac line ends": ("a.csv", PLAIN.replace(b"\n", b"\r"), TWO),
    "no last line end": ("a.csv", PLAIN.rstrip(), TWO),
    "empty lines": ("a.csv", PLAIN.replace(b"\n", b"\n\n"), TWO),
    "gzip": ("a.csv.gz", gzip.compress(PLAIN), TWO),
    "gzip in two members": ("a.csv.gz", gzip.compress(PLAIN[:10]) + gzip.compress(PLAIN[10:]), TWO),
    "zstd": ("a.csv.zst", zstd(PLAIN), TWO),
    "byte order mark": ("a.csv", b"\xef\xbb\xbf" + PLAIN, TWO),
    "byte order mark before a quote": ("a.csv", b'\xef\xbb\xbf"id",paid\n1,2.50\n2,3\n', TWO),
    "utf-8": ("a.csv", CHINESE.encode(), CHINESE_ROWS),
    "gbk": ("a.csv", CHINESE.encode("gbk"), CHINESE_ROWS),
    "gb18030": ("a.csv.gz", gzip.compress(CHINESE.encode("gb18030")), CHINESE_ROWS),
    "gb18030 with an emoji": (
        "a.csv",
        "id,paid\n好评好评😀,1\n".encode("gb18030"),
        [(1, "好评好评😀", "1", None)],
    ),
    "gbk json": ("a.jsonl", '{"id": "张三", "paid": 1}\n'.encode("gbk"), [(1, "张三", "1", None)]),
    "quoted newline": (
        "a.csv",
        b'id,paid\n"a\nb",1\n"c ""d"", e",2\n',
        [(1, "a\nb", "1", None), (2, 'c "d", e', "2", None)],
    ),
    "quoted and plain empty are null": (
        "a.csv",
        b'id,paid\n"",1\n,2\n',
        [(1, None, "1", None), (2, None, "2", None)],
    ),
    "NUL kept": ("a.csv", b"id,paid\na\x00b,1\n", [(1, "a\x00b", "1", None)]),
    "full-width digits kept": ("a.csv", "id,paid\n１,２.５０\n".encode(), [(1, "１", "２.５０", None)]),
    "too few and too many fields": (
        "a.csv",
        b"id,paid\n1,1\n2\n3,3\n4,4,4\n5,5\n",
        [
            (1, "1", "1", None),
            (2, None, None, COUNT),
            (3, "3", "3", None),
            (4, None, None, COUNT),
            (5, "5", "5", None),
        ],
    ),
    "wrong first and last": (
        "a.csv",
        b"id,paid\n1\n2,2\n3\n",
        [(1, None, None, COUNT), (2, "2", "2", None), (3, None, None, COUNT)],
    ),
    "text after a closing quote": (
        "a.csv",
        b'id,paid\n1,1\n"2"x,2\n3,3\n',
        [(1, "1", "1", None), (2, None, None, BROKEN), (3, "3", "3", None)],
    ),
    "a quote inside plain text": (
        "a.csv",
        b'id,paid\n5" pipe,1\n2\n',
        [(1, '5" pipe', "1", None), (2, None, None, COUNT)],
    ),
    "header only": ("a.csv", b"id,paid\n", []),
    "header only, no line end": ("a.csv", b"id,paid", []),
    "unknown column": ("a.csv", b"id,weather,paid\n1,rain,2\n", [(1, "1", "2", None)]),
    "json lines": ("a.jsonl", JSON_TWO, TWO),
    "json lines, blank ones too": ("a.ndjson", b"\n" + JSON_TWO.replace(b"\n", b"\n \n"), TWO),
    "json lines, no last line end": ("a.json.zst", zstd(JSON_TWO.rstrip()), TWO),
    "json numbers as written": (
        "a.jsonl",
        b'{"id": 123456789012345678901234567890, "paid": 1e400}\n{"id": 1.10, "paid": NaN}\n',
        [(1, "123456789012345678901234567890", "1e400", None), (2, "1.10", "NaN", None)],
    ),
    "json damage": (
        "a.jsonl",
        b"\n".join(
            [
                b'{"id": "1", "paid": 1}',
                b'{"id": "2", ',
                b'{"id": "3", "id": "4", "paid": 1}',
                b"[1]",
                b"7",
                b'{"id": "\\ud800", "paid": 1}',
                b'{"id": "6", "paid": 6}',
                b'{"id": "7", "paid": 7, "\\udfff": 1}',
            ]
        ),
        [
            (1, "1", "1", None),
            (2, None, None, "invalid_json"),
            (3, None, None, "duplicate_json_key"),
            (4, None, None, "not_a_json_object"),
            (5, None, None, "not_a_json_object"),
            (6, None, None, "invalid_json"),
            (7, "6", "6", None),
            (8, None, None, "invalid_json"),
        ],
    ),
    "json pairs of surrogates": ("a.jsonl", b'{"id": "\\ud83d\\ude00", "paid": 1}\n', [(1, "😀", "1", None)]),
    "json nested too deeply": (
        "a.jsonl",
        b'{"id": ' + b"[" * 5000 + b"]" * 5000 + b', "paid": 1}\n{"id": "2", "paid": 2}\n',
        [(1, None, None, "invalid_json"), (2, "2", "2", None)],
    ),
    "pretty JSON": (
        "a.json",
        json.dumps({"id": 1, "paid": 1}, indent=1).encode(),
        [(i, None, None, "invalid_json") for i in range(1, 5)],
    ),
    "json, only blank lines": ("a.jsonl", b"\n\n", []),
}


@pytest.mark.parametrize("case", READ, ids=list(READ))
def test_every_record_is_there_under_its_number(case: str, tmp_path: Path) -> None:
    name, data, expected = READ[case]
    staged = landed(tmp_path, {name: data})
    assert staged.refused == ()
    assert values(staged) == expected
    assert staged.rows == len(expected)


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def typed(**columns: pa.Array) -> bytes:
    given = {"id": pa.array(["1"]), "paid": pa.array([Decimal("2.50")], pa.decimal128(18, 2)), **columns}
    return parquet(pa.table({k: v for k, v in given.items() if v is not None}))


def with_a_flipped_bit() -> bytes:
    ids = pa.array([f"account-{i:05}" for i in range(2000)])
    money = pa.array([Decimal(i) for i in range(2000)], pa.decimal128(18, 2))
    data = bytearray(
        parquet(
            pa.table({"id": ids, "paid": money}),
            write_page_checksum=True,
            compression="none",
            use_dictionary=False,
        )
    )
    data[5000] ^= 1
    return bytes(data)


LATIN = "id,paid\nRenée Fléchier,1\nJosé Hernández,2\n".encode("latin-1")
REFUSED: dict[str, tuple[str, bytes, str]] = {
    "0 bytes": ("a.csv", b"", "0 bytes"),
    "0 bytes of Parquet": ("a.parquet", b"", "0 bytes"),
    "gzip of nothing": ("a.csv.gz", gzip.compress(b""), "nothing in it after decompression"),
    "no header": ("a.csv", b"\n\n", "no header line"),
    "gzip cut off": ("a.csv.gz", gzip.compress(PLAIN * 100)[:-20], "cut off or damaged"),
    "zstd cut off": ("a.csv.zst", zstd(PLAIN * 100)[:-5], "cut off or damaged"),
    "not gzip": ("a.csv.gz", PLAIN, "cut off or damaged"),
    "garbage after gzip": ("a.jsonl.gz", gzip.compress(JSON_TWO) + b"xx", "cut off or damaged"),
    "gzip that lies": (
        "a.csv.gz",
        gzip.compress(PLAIN)[:-8] + b"abcd" + gzip.compress(PLAIN)[-4:],
        "cut off or damaged",
    ),
    "latin-1": (
        "a.csv",
        LATIN,
        "wrong encoding: byte 28 is not GB18030, byte 11 not UTF-8; expected UTF-8, GBK or GB18030\n    → save it as UTF-8",
    ),
    "latin-1 that decodes as Chinese": (
        "a.csv",
        "id,paid\nRenéxFléch,1\n".encode("latin-1"),
        "hardly Chinese; expected UTF-8, GBK or GB18030\n    → save it as UTF-8; if it is Chinese all the same and a source map reads it, state `encoding: gb18030` there",
    ),
    "big5 that reads as GB18030": (
        "a.csv",
        "id,paid\n網站會員購買紀錄,1\n".encode("big5"),
        "read as GB18030 it is hardly Chinese",
    ),
    "two encodings in one file": (
        "a.csv",
        "id,paid\n咖啡热茶,1\n".encode() + "又买咖啡，还买了面包和牛奶,2\n".encode("gbk"),
        "wrong encoding: some of it is UTF-8, but byte 23 and others are not",
    ),
    "characters in halves": (
        "a.csv",
        b"id,paid\n\xed\xa0\xbd\xed\xb8\x80,1\n",
        "wrong encoding: CESU-8 (halves of characters, byte 8)",
    ),
    "big5": ("a.csv", "id,paid\n陳大文的商店在台北市，歡迎光臨小店選購,1\n".encode("big5"), "wrong encoding"),
    "utf-8 cut in a character": (
        "a.jsonl",
        '{"id": "张三", "paid": 1}'.encode()[:10],
        "UTF-8, but byte 8 is not",
    ),
    "utf-8 with a broken byte": (
        "a.csv",
        CHINESE.encode().replace("四".encode(), b"\xe5\x9b"),
        "UTF-8, but byte 23 is not",
    ),
    "utf-16": ("a.csv", CHINESE.encode("utf-16"), "UTF-16"),
    "missing column": ("a.csv", b"id,when\n1,2\n", "no column `paid`"),
    "renamed column": (
        "a.csv",
        b"id,paidd\n1,2\n",
        "no column `paid`, but one `paidd`\n    → give the column its name",
    ),
    "renamed column that is optional": (
        "a.csv",
        b"id,paid,Quantity\n1,2,3\n",
        "no column `quantity`, but one `Quantity`",
    ),
    "header with an open quote": ("a.csv", b'"id,paid\n1,2\n', "the header can't be read"),
    "JSON list without a line end": ("a.json", b"[1, 2]", "a JSON list"),
    "no header, but a record": ("a.csv", b"13800138000,2.50\n1,2\n", "is the first line a header?"),
    "column twice": ("a.csv", b"id,paid,paid\n1,2,3\n", "`paid` is there 2 times"),
    "other separator": ("a.csv", b"id;paid\n1;2\n", "the file is separated by `;`"),
    "quote that never closes": (
        "a.csv",
        b'id,paid\n1,1\n2,"2\n3,3\n',
        "opens in the record at line 3 never closes",
    ),
    "missing key in every JSON object": ("a.jsonl", b'{"id": 1}\n{"id": 2}\n', "no column `paid`"),
    "renamed JSON key": ("a.jsonl", b'{"id": 1, "Paid": 1}\n', "no column `paid`, but one `Paid`"),
    "JSON list": ("a.json", b'[{"id": 1, "paid": 1}]', "a JSON list"),
    "unknown format": ("a.xlsx", b"PK", "doesn't say which format"),
    "not Parquet": ("a.parquet", PLAIN * 10, "can't be read as Parquet"),
    "Parquet, a column twice": (
        "a.parquet",
        parquet(pa.table([pa.array(["1"]), pa.array(["2"])], names=["id", "id"])),
        "the column `id` is there 2 times",
    ),
    "Parquet cut off": ("a.parquet", typed()[:-30], "can't be read as Parquet"),
    "Parquet with a flipped bit": ("a.parquet", with_a_flipped_bit(), "can't be read as Parquet"),
    "packed Parquet cut off": ("a.parquet.gz", gzip.compress(typed())[:-9], "cut off or damaged"),
    "Parquet, missing column": ("a.parquet", typed(paid=None), "no column `paid`"),
    "Parquet, renamed column": (
        "a.parquet",
        typed(paid=None, payd=pa.array([1])),
        "no column `paid`, but one `payd`",
    ),
    "float for an amount": (
        "a.parquet",
        typed(paid=pa.array([2.5])),
        "`paid` is double; expected decimal(18,2)",
    ),
    "whole number for an amount": ("a.parquet", typed(paid=pa.array([2])), "`paid` is int64"),
    "amount without cents": (
        "a.parquet",
        typed(paid=pa.array([Decimal(2)], pa.decimal128(18, 0))),
        "already have cut",
    ),
    "fewer digits": (
        "a.parquet",
        typed(paid=pa.array([Decimal("2.50")], pa.decimal128(9, 2))),
        "already have cut",
    ),
    "int for bigint": (
        "a.parquet",
        typed(quantity=pa.array([2], pa.int32())),
        "`quantity` is int32; expected bigint",
    ),
    "smallint for int": (
        "a.parquet",
        typed(pieces=pa.array([2], pa.int16())),
        "`pieces` is int16; expected int",
    ),
    "float for bigint": (
        "a.parquet",
        typed(quantity=pa.array([2.0])),
        "`quantity` is double; expected bigint",
    ),
    "float for text": ("a.parquet", typed(id=pa.array([2.0])), "`id` is double; expected string"),
    "date for an instant": (
        "a.parquet",
        typed(at=pa.array([ARRIVAL])),
        "`at` is date32[day]; expected timestamp",
    ),
    "number for an instant": (
        "a.parquet",
        typed(at=pa.array([1767312000])),
        "`at` is int64; expected timestamp",
    ),
    "bytes for text": ("a.parquet", typed(id=pa.array([b"1"])), "`id` is binary"),
    "numbers of floats in a list": ("a.parquet", typed(tags=pa.array([[1.5]])), "`tags` is list"),
}


@pytest.mark.parametrize("case", REFUSED, ids=list(REFUSED))
def test_a_file_that_cannot_be_trusted_is_refused_whole_and_named(case: str, tmp_path: Path) -> None:
    name, data, expected = REFUSED[case]
    staged = landed(tmp_path, {name: data, "z.csv": PLAIN})
    (refused,) = staged.refused
    assert refused.problem is not None
    assert refused.problem.place == f"line/2026-01-02/{name}"
    assert expected in str(refused.problem)
    assert "13800138000" not in str(refused.problem)
    assert values(staged) == TWO  # the good file beside it
    assert staged.rows == 2


def test_what_a_file_without_a_header_says_is_not_told(tmp_path: Path) -> None:
    (refused,) = landed(tmp_path, {"a.csv": b"paid5,Li Si\n"}).refused
    assert "no column `paid`\n    → is the first line a header?" in str(refused.problem)
    assert "paid5" not in str(refused.problem)


@dataclass
class _Wide:
    """A Parquet column that holds all that its contract's type can."""

    array: pa.Array
    value: Any


WIDE = {
    "large text": ("id", _Wide(pa.array(["1"], pa.large_string()), "1")),
    "dictionary": ("id", _Wide(pa.array(["1"]).dictionary_encode(), "1")),
    "whole number for text": ("id", _Wide(pa.array([7]), 7)),
    "text for an amount": ("paid", _Wide(pa.array(["2.50"]), "2.50")),
    "wider amount": ("paid", _Wide(pa.array([Decimal("2.5000")], pa.decimal128(38, 4)), Decimal("2.5000"))),
    "bigint for int": ("pieces", _Wide(pa.array([3_000_000_000]), 3_000_000_000)),
    "unsigned": ("quantity", _Wide(pa.array([2**64 - 1], pa.uint64()), Decimal(2**64 - 1))),
    "list": ("tags", _Wide(pa.array([["a", "b"]]), ["a", "b"])),
    "list as text": ("tags", _Wide(pa.array(["a|b"]), "a|b")),
    "date": ("on_date", _Wide(pa.array([ARRIVAL]), ARRIVAL)),
    "midnight": ("on_date", _Wide(pa.array([MIDNIGHT]), MIDNIGHT)),
    "nanoseconds": (
        "at",
        _Wide(
            pa.array([1_767_312_000_123_456_789], pa.timestamp("ns")), MIDNIGHT.replace(microsecond=123456)
        ),
    ),
    "boolean": ("is_won", _Wide(pa.array([True]), True)),
}


@pytest.mark.parametrize("case", WIDE, ids=list(WIDE))
def test_parquet_types_that_hold_every_value_are_kept(case: str, tmp_path: Path) -> None:
    name, wide = WIDE[case]
    staged = landed(tmp_path, {"a.parquet": typed(**{name: wide.array})})
    assert staged.refused == ()
    (row,) = rows(staged)
    assert row[name] == wide.value


def test_old_instants_of_parquet_keep_their_years(tmp_path: Path) -> None:
    """INT96 as nanoseconds wraps: Buddhist years became ours, in silence."""
    years = [1400, 2026, 2569]
    instants = [datetime(year, 11, 20, 10) for year in years]  # noqa: DTZ001
    paid = pa.array([Decimal("2.50")] * 3, pa.decimal128(18, 2))
    table = pa.table({"id": ["1", "2", "3"], "paid": paid, "at": pa.array(instants, pa.timestamp("us"))})
    data = parquet(table, use_deprecated_int96_timestamps=True)
    staged = landed(tmp_path, {"a.parquet": data})
    assert [row["at"].year for row in rows(staged)] == years


def test_what_json_nests_stays_json_with_its_numbers_as_written(tmp_path: Path) -> None:
    line = (
        '{"id": {"a": [1.10, null], "é": false}, "paid": 1, "tags": ["甲", "b"], "is_won": true, "at": ""}\n'
    )
    (row,) = rows(landed(tmp_path, {"a.jsonl": line.encode()}))
    assert (row["id"], row["tags"], row["is_won"]) == ('{"a":[1.10,null],"é":false}', '["甲","b"]', "true")
    assert "at" not in row  # an empty text is null, as in CSV


def test_instants_with_a_zone_are_staged_in_utc(tmp_path: Path) -> None:
    at = pa.array([datetime.fromisoformat("2026-01-02T08:00:00+08:00")], pa.timestamp("ms", "Asia/Shanghai"))
    (row,) = rows(landed(tmp_path, {"a.parquet": typed(at=at)}))
    assert row["at"] == datetime.fromisoformat("2026-01-02T00:00:00+00:00")


@pytest.mark.parametrize(("unit", "number"), [("ms", 2**55), ("ms", -(2**63))])
def test_instants_beyond_microseconds_stay_far_away(tmp_path: Path, unit: str, number: int) -> None:
    """Else they come round to a date like any other."""
    at = pa.array([number], pa.int64()).cast(pa.timestamp(unit))
    (folder,) = landed(tmp_path, {"a.parquet": typed(at=at)}).typed
    micros = pq.read_table(folder, partitioning=None)["at"].cast(pa.int64())[0].as_py()
    assert abs(micros) > 9 * 10**18
    assert (micros > 0) == (number > 0)


def test_packed_parquet_is_read(tmp_path: Path) -> None:
    staged = landed(tmp_path, {"a.parquet.gz": gzip.compress(typed()), "b.parquet.zst": zstd(typed())})
    assert [(r["_path"], r["id"]) for r in rows(staged)] == [
        ("line/2026-01-02/a.parquet.gz", "1"),
        ("line/2026-01-02/b.parquet.zst", "1"),
    ]


def test_parquet_without_rows_is_readable(tmp_path: Path) -> None:
    staged = landed(tmp_path, {"a.parquet": parquet(pq.read_table(pa.BufferReader(typed())).slice(0, 0))})
    assert staged.refused == ()
    assert staged.rows == 0


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    data = typed(paid=pa.array([2.5]), quantity=pa.array([2], pa.int32()))
    (refused,) = landed(tmp_path, {"a.parquet": data}).refused
    assert "`paid` is double" in str(refused.problem)
    assert "also: `quantity` is int32" in str(refused.problem)


def test_a_column_nobody_reads_is_noted(tmp_path: Path) -> None:
    staged = landed(tmp_path, {"a.csv": b"id,weather,paid\n1,rain,2\n"})
    assert [str(note) for note in staged.notes] == [
        "line/2026-01-02/a.csv  the column `weather` is in no contract and was not read"
    ]


def test_it_is_told_which_columns_a_file_has(tmp_path: Path) -> None:
    """Of JSON lines those that any of its objects has; of a file that is refused none."""
    files = {
        "a.csv": b"paid,id\n1,x\n",
        "b.csv": b"id,paid\n",
        "c.jsonl": b'{"id": "x", "paid": 1}\n{"id": "y", "at": "2026-01-01"}\n',
        "d.parquet": typed(id=pa.array(["x"]), paid=pa.array(["1"])),
        "e.csv": b"paid\n1\n",
    }
    told = {f.file.relative.rsplit("/")[-1]: f.columns for f in landed(tmp_path, files).files}
    assert told == {
        "a.csv": ("id", "paid"),
        "b.csv": ("id", "paid"),
        "c.jsonl": ("id", "paid", "at"),
        "d.parquet": ("id", "paid"),
        "e.csv": (),
    }


def test_every_row_knows_where_it_came_from(tmp_path: Path) -> None:
    files = {"a.csv": PLAIN, "b.jsonl": JSON_TWO, "c.parquet": typed()}
    staged = landed(tmp_path, files)
    assert [(r["_path"], r["_arrival"], r["_record"]) for r in rows(staged)] == [
        ("line/2026-01-02/a.csv", ARRIVAL, 1),
        ("line/2026-01-02/a.csv", ARRIVAL, 2),
        ("line/2026-01-02/b.jsonl", ARRIVAL, 1),
        ("line/2026-01-02/b.jsonl", ARRIVAL, 2),
        ("line/2026-01-02/c.parquet", ARRIVAL, 1),
    ]
    assert staged.rows == 5


@pytest.mark.parametrize("damage", [b"", b'"", "\n"'], ids=["fast", "careful"])
def test_a_file_of_many_blocks_keeps_its_numbers(
    damage: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huaxiang.sources.delimited.BLOCK", 4096)
    monkeypatch.setattr("huaxiang.sources.delimited.ROWS", 100)
    monkeypatch.setattr("huaxiang.sources.parts.SMALL", 20_000)
    wrong = {i for i in range(1, 5001) if i % 7 == 0 or i in (1, 5000)}
    first = b"x" if not damage else b'x" y'
    lines = [b"%d,1,2" % i if i in wrong else b'%d,"a\n%s"' % (i, b"y" * (i % 90)) for i in range(1, 5001)]
    lines[1] = b"%s,1" % first
    staged = landed(tmp_path, {"a.csv": b"id,paid\n" + b"\n".join(lines) + b"\n", "b.csv": PLAIN})
    found = [r for r in rows(staged) if r["_path"].endswith("a.csv")]
    assert [r["_record"] for r in found] == list(range(1, 5001))
    assert {r["_record"] for r in found if r.get("_damage") == COUNT} == wrong
    assert all(r["id"] == str(r["_record"]) for r in found[2:] if "_damage" not in r)
    assert staged.rows == 5002


def test_a_big_file_refused_at_its_end_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huaxiang.sources.jsonlines.ROWS", 10)
    monkeypatch.setattr("huaxiang.sources.parts.SMALL", 1000)
    lines = b"".join(b'{"id": %d}\n' % i for i in range(500))
    staged = landed(tmp_path, {"a.jsonl": lines, "b.csv": PLAIN})
    assert len(staged.refused) == 1
    assert values(staged) == TWO


def test_quotes_across_chunks_are_seen_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b'id,paid\n"a ""b""",1\n"c\n""",2\n'
    for size in range(1, 12):
        monkeypatch.setattr("huaxiang.sources.stream.CHUNK", size)
        staged = landed(tmp_path / str(size), {"a.csv": data})
        assert values(staged) == [(1, 'a "b"', "1", None), (2, 'c\n"', "2", None)]


def test_encodings_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in range(1, 8):
        monkeypatch.setattr("huaxiang.sources.stream.CHUNK", size)
        for encoding in ("utf-8", "gb18030"):
            staged = landed(tmp_path / f"{size}{encoding}", {"a.csv": CHINESE.encode(encoding)})
            assert values(staged) == CHINESE_ROWS
        (refused,) = landed(tmp_path / f"{size}latin", {"a.csv": LATIN}).refused
        assert "byte 28 is not GB18030, byte 11 not UTF-8" in str(refused.problem)


def test_parquet_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """Replaced by one sign each, two ids would be one."""
    names = pa.array(["张三".encode("gbk"), "李四".encode("gbk")], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"id": names, "paid": [1, 2]}), tmp_path / "a.parquet")
    with pytest.raises(RefusalError, match="UTF8"):
        list(
            parquet_batches(tmp_path / "a.parquet", "a.parquet", Wanted(("id", "paid"), frozenset()), Said())
        )
