"""The demo world's landing files: what lies there, in which form, and always the same for one seed."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from huaxiang.cli.main import main
from huaxiang.contracts.load import load_contracts
from huaxiang.errors import ConfigurationError
from huaxiang.world import WorldSummary, make

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL: dict[str, Any] = {"people": 60, "days": 12, "seed": 5, "events_per_person_day": 6.0, "dirt": 0.08}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, WorldSummary]:
    out = tmp_path_factory.mktemp("world")
    return out, make(out, **SMALL)


def digests(out: Path) -> dict[str, str]:
    files = sorted(p for p in out.rglob("*") if p.is_file())
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Read a text landing file with nothing of the package's own."""
    if path.suffix == ".parquet":
        yield from pq.read_table(path).to_pylist()
        return
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    if path.suffix == ".zst":
        raw = pa.CompressedInputStream(io.BytesIO(raw), "zstd").read()
    text = raw.decode("gb18030" if path.parts[-3] == "review" else "utf-8-sig")
    if ".jsonl" in path.name:
        yield from (json.loads(line) for line in text.splitlines())
    else:
        yield from csv.DictReader(io.StringIO(text, newline=""))


def test_the_same_seed_writes_the_same_bytes(made: tuple[Path, WorldSummary], tmp_path: Path) -> None:
    again = make(tmp_path / "again", **SMALL)
    assert again == made[1]
    assert digests(tmp_path / "again") == digests(made[0])


def test_another_seed_makes_another_world(made: tuple[Path, WorldSummary], tmp_path: Path) -> None:
    make(tmp_path, **{**SMALL, "seed": 6, "days": 2})
    mine, other = (Path(out, "landing/region").rglob("*.csv") for out in (made[0], tmp_path))
    assert next(mine).read_bytes() == next(other).read_bytes()
    mine, other = (Path(out, "landing/shop_account").rglob("*.csv") for out in (made[0], tmp_path))
    assert next(mine).read_bytes() != next(other).read_bytes()


def test_every_feed_has_exactly_the_columns_of_its_contract(made: tuple[Path, WorldSummary]) -> None:
    contracts = {c.name: c for c in load_contracts().landing}
    seen = set()
    for path in sorted((made[0] / "landing").rglob("*.*")):
        feed = path.parts[-3]
        names = pq.read_schema(path).names if path.suffix == ".parquet" else list(next(records(path)))
        assert tuple(names) == contracts[feed].names, path.name
        seen.add(feed)
    assert seen == set(contracts)


def test_parquet_columns_are_typed_as_their_contract_says(made: tuple[Path, WorldSummary]) -> None:
    path = next((made[0] / "landing/ad_event").rglob("*.parquet"))
    schema = pq.read_schema(path)
    assert schema.field("price_paid").type == pa.decimal128(18, 2)
    assert schema.field("at").type == pa.timestamp("us", tz="UTC")
    assert schema.field("hour_slot").type == pa.int32()
    posts = pq.read_schema(next((made[0] / "landing/social_post").rglob("*.parquet")))
    assert posts.field("topics").type.value_type == pa.string()


def test_files_come_in_many_forms(made: tuple[Path, WorldSummary]) -> None:
    endings = {"".join(p.suffixes) for p in (made[0] / "landing").rglob("*.*")}
    assert endings == {".csv", ".csv.gz", ".jsonl", ".jsonl.zst", ".parquet"}
    returned = next((made[0] / "landing/order_return").rglob("*.csv"))
    assert returned.read_bytes().startswith(b"\xef\xbb\xbf")
    review = next((made[0] / "landing/review").rglob("*.csv"))
    with pytest.raises(UnicodeDecodeError):
        review.read_bytes().decode("utf-8")
    names = {p.stem.partition(".")[0] for p in (made[0] / "landing").rglob("*.*")}
    assert any(name.endswith("-2") for name in names)


def test_rows_arrive_on_their_day_or_a_few_days_late(made: tuple[Path, WorldSummary]) -> None:
    late = set()
    for path in (made[0] / "landing/browse_event").rglob("*.parquet"):
        arrival = date.fromisoformat(path.parts[-2])
        for row in records(path):
            happened = (row["at"].timestamp() + 8 * 3600) // 86400
            late.add((arrival - date(1970, 1, 1)).days - int(happened))
    assert {0, 1, 2} <= {days for days in late if days >= 0} <= set(range(6))
    assert any(days < -30 for days in late)  # dated in the future: planted


def test_what_is_counted_is_what_lies_there(made: tuple[Path, WorldSummary]) -> None:
    out, summary = made
    counted: dict[str, int] = {}
    for path in (out / "landing").rglob("*.*"):
        counted[path.parts[-3]] = counted.get(path.parts[-3], 0) + sum(1 for _ in records(path))
    assert counted == dict(summary.rows)
    landed = pq.read_table(out / "truth/landed.parquet").to_pydict()
    assert sum(landed["rows"]) == sum(counted.values())
    assert sum(landed["files"]) == summary.files
    told = json.loads((out / "truth/world.json").read_text())
    assert told["seed"] == 5
    assert told["until"] == "2026-11-20"


def test_a_world_may_be_clean_and_a_day_long(tmp_path: Path) -> None:
    summary = make(tmp_path, people=12, days=1, seed=1, dirt=0.0)
    assert summary.first == summary.until
    faults = pq.read_table(tmp_path / "truth/faults.parquet")
    assert len(faults) == 0


def test_progress_is_told(tmp_path: Path) -> None:
    heard: list[str] = []
    make(tmp_path, people=12, days=2, seed=1, tell=heard.append)
    assert heard[-1].startswith("2026-11-20  day 2 of 2")


def test_a_world_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "world").touch()
    for out in ("world", "world/inside"):
        assert main(["world", "--people", "12", "--days", "1", "--out", str(tmp_path / out)]) == 2
        assert f"{tmp_path / 'world'}  this is a file; expected a folder to make" in capsys.readouterr().err


def test_impossible_worlds_are_refused_with_every_reason(made: tuple[Path, WorldSummary]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make(made[0], people=1, days=0, seed=1, dirt=2.0)
    assert [problem.place for problem in refused.value.problems] == ["people", "days", "dirt", str(made[0])]
    assert "people  1; expected at least 10" in str(refused.value)
    assert "there is a world already" in str(refused.value)
