"""What a lake says against what was planted: identity, money to the minor unit, every row accounted for.

Reads the newest published release without Spark. Effects of ads, interests and reach have their truth beside
these tables, but no check here yet: the lake does not estimate them so far.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.errors import ConfigurationError, Problem
from huaxiang.world.bought import bargain_checks, gift_checks, premium_checks, price_band_checks, size_checks
from huaxiang.world.chains import chain_checks
from huaxiang.world.feelings import feeling_checks
from huaxiang.world.friends import friend_checks
from huaxiang.world.judged import identity_checks, spend_checks
from huaxiang.world.listed import member_checks
from huaxiang.world.lived import experience_checks
from huaxiang.world.report import Check, Report
from huaxiang.world.rows import compute
from huaxiang.world.sides import Lake, Planted, sums, whole
from huaxiang.world.trait_checks import inferred_checks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import pyarrow as pa
    import pyarrow.dataset as ds

    from huaxiang.world.sides import Reader

__all__ = ["Check", "Report", "evaluate"]

_INCOMING = ("loaded", "duplicates", "superseded", "deleted", "quarantined", "filtered")
_LEAVING = ("replaced", "removed", "withdrawn", "erased")


def evaluate(
    lake_root: Path | str,
    truth: Path,
    *,
    read: Reader | None = None,
    estimates: bool = False,
    data: Path | None = None,
) -> Report:
    """Compare a lake with the truth of its world, as of the lake's newest published night.

    `read` is `tables.reader.read_light` unless given. With `estimates` also what the lake can only estimate,
    the better the more is known of somebody: a small or short world may miss what is wanted. `data` is the folder of
    real data, for what is learned there and tried here.
    """
    if not (truth / "world.json").is_file():
        found = Problem(str(truth), "no world's truth here", hint="`huaxiang world --out X` writes X/truth")
        raise ConfigurationError(found)
    lake = Lake(Path(lake_root), read or _read_light)
    planted = Planted(truth)
    ledger = lake.columns("load_ledger", "feed", "as_of", "rows_in", *_INCOMING, *_LEAVING)
    dates: list[Any] = lake.columns("portrait", "as_of").column("as_of").unique().to_pylist()
    as_of: date = max(dates)
    checks = [
        *identity_checks(lake, planted, as_of),
        *spend_checks(lake, planted, as_of),
        *_ledger(lake, planted, ledger, as_of),
    ]
    if estimates:
        checks += [*experience_checks(lake, planted, as_of), *gift_checks(lake, planted, as_of)]
        for told in (price_band_checks, size_checks, bargain_checks, premium_checks):
            checks += told(lake, planted)
        checks += member_checks(lake, planted, as_of)
        checks += friend_checks(lake, planted, as_of)
        checks += chain_checks(lake, planted, as_of)
        checks += inferred_checks(lake, planted)
        checks += feeling_checks(lake, data)
    return Report(as_of, tuple(checks))


def _read_light(root: Path, table: str) -> ds.Dataset | pa.Table:
    from huaxiang.tables.reader import read_light  # noqa: PLC0415  (the generator needs no reader)

    return read_light(root, table)


def _ledger(lake: Lake, planted: Planted, ledger: pa.Table, as_of: date) -> Iterator[Check]:
    """Check that every row that came in has one verdict, and that the clean tables hold what is left."""
    counts = {name: whole(ledger.column(name)) for name in ("rows_in", *_INCOMING, *_LEAVING)}
    feed: list[Any] = ledger.column("feed").to_pylist()
    unequal = counts["rows_in"] != sum(counts[name] for name in _INCOMING)
    nights = len(set(ledger.column("as_of").to_pylist()))
    odd = sorted({feed[i] for i in np.flatnonzero(unequal)})
    yield Check(f"ledger: feeds and nights ({nights}) that don't add up", "none", _names(odd), not odd)
    totals = {
        name: {k: int(v[[f == name for f in feed]].sum()) for k, v in counts.items()}
        for name in sorted(set(feed))
    }
    left = {f: t["loaded"] - sum(t[name] for name in _LEAVING) for f, t in totals.items()}
    odd = [f for f, rest in left.items() if rest != lake.rows(f"clean/{f}")]
    yield Check("ledger: clean tables of another size than it says", "none", _names(odd), not odd)
    landed = sums(planted.until("landed", as_of))
    odd = sorted(f for f in landed | left if landed.get(f, 0) != totals.get(f, {}).get("rows_in", 0))
    yield Check("ledger: feeds with rows that never came in", "none", _names(odd), not odd)
    faults = planted.until("faults", as_of)
    for verdict in ("quarantined", "duplicates", "deleted"):
        chosen = faults.filter(compute.equal(faults.column("verdict"), verdict))
        wanted = sums(chosen)
        odd = sorted(f for f, count in wanted.items() if totals.get(f, {}).get(verdict, 0) < count)
        found = sum(totals.get(f, {}).get(verdict, 0) for f in wanted)
        note = f" (fewer: {', '.join(odd)})" if odd else ""
        yield Check(f"faults: rows {verdict}", f"≥ {sum(wanted.values()):,}", f"{found:,}{note}", not odd)


def _names(names: list[str]) -> str:
    return ", ".join(names) or "none"
