"""The planted truth against the landing files themselves, read here by rules written down anew."""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from huaxiang.world import make

if TYPE_CHECKING:
    from pathlib import Path

UNTIL = date(2026, 11, 20)
SHANGHAI = timezone(timedelta(hours=8))
WIDE = {ord(wide): narrow for wide, narrow in zip("０１２３４５６７８９", "0123456789", strict=True)}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very dirty world: every class of fault occurs."""
    folder = tmp_path_factory.mktemp("dirty")
    make(folder, people=100, days=22, seed=11, events_per_person_day=5.0, dirt=0.3)
    return folder


def truth(out: Path, name: str) -> list[dict[str, Any]]:
    return pq.read_table(out / f"truth/{name}.parquet").to_pylist()


def arrived(out: Path, feed: str, until: date) -> list[tuple[date, dict[str, str]]]:
    """Every CSV row that arrived by a date, byte-identical files of one day once."""
    rows, seen = [], set()
    for path in sorted((out / "landing" / feed).rglob("*.csv*")):
        day = date.fromisoformat(path.parts[-2])
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if day > until or (day, raw) in seen:
            continue
        seen.add((day, raw))
        rows += [(day, row) for row in csv.DictReader(raw.decode("utf-8-sig").splitlines(keepends=True))]
    return rows


def when(row: dict[str, str]) -> date | None:
    """The business date of a row; None where it can't be read."""
    if not row["at"]:
        return date.fromisoformat(row["on_date"])
    try:
        return datetime.fromisoformat(row["at"]).astimezone(SHANGHAI).date() if "-" in row["at"] else None
    except ValueError:
        return None


def amount(text: str) -> int | None:
    try:
        minor = Decimal(text) * 100
    except InvalidOperation:
        return None
    return int(minor) if minor < 10**14 else None


def standing(
    rows: list[tuple[date, dict[str, str]]], key: list[str], money: str
) -> dict[str, dict[str, Any]]:
    """What a careful reader keeps: the highest revision of each key, if it is one and no deletion."""
    versions: dict[str, set[tuple[int, bool, tuple[str, ...]]]] = defaultdict(set)
    for arrival, row in rows:
        day, minor = when(row), amount(row[money])
        if not all(row[k] for k in key) or row["op"] not in ("", "upsert", "delete"):
            continue
        if row["op"] != "delete" and (minor is None or day is None or day > arrival + timedelta(days=1)):
            continue
        content = tuple(v for k, v in row.items() if k not in ("revision", "op"))
        order = (int(row["revision"] or 0), row["op"] == "delete")
        versions["/".join(row[k] for k in key)].add((*order, () if order[1] else content))
    kept = {}
    for name, found in versions.items():
        top = max(v[:2] for v in found)
        best = [v[2] for v in found if v[:2] == top]
        if not top[1] and len(best) == 1:
            columns = [c for c in rows[0][1] if c not in ("revision", "op")]
            kept[name] = dict(zip(columns, best[0], strict=True))
    return kept


def spent(out: Path, until: date) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Paid, returned and orders per account, from the landing files alone."""
    lines = standing(arrived(out, "order_line", until), ["platform", "order_id", "line_id"], "paid")
    refunds = standing(arrived(out, "order_return", until), ["platform", "return_id"], "amount")
    paid: dict[str, int] = defaultdict(int)
    returned: dict[str, int] = defaultdict(int)
    orders: dict[str, set[str]] = defaultdict(set)
    owner = {}
    for name, line in lines.items():
        account = f"{line['platform']}:{line['account_id'].translate(WIDE).lower()}"
        owner[name] = account
        paid[account] += amount(line["paid"]) or 0
        orders[account].add(line["order_id"])
    for refund in refunds.values():
        account = owner.get(f"{refund['platform']}/{refund['order_id']}/{refund['line_id']}", "")
        if account:  # else its line is not there (yet)
            returned[account] += amount(refund["amount"]) or 0
    return paid, returned, {a: len(o) for a, o in orders.items()}


def test_spend_per_account_is_what_the_files_say(out: Path) -> None:
    paid, returned, orders = spent(out, UNTIL)
    planted = {row["account"]: row for row in truth(out, "spend_account")}
    assert len(paid) > 50
    assert sum(returned.values()) > 0
    for account, row in planted.items():
        found = (paid.get(account, 0), returned.get(account, 0), orders.get(account, 0))
        assert found == (row["paid_minor"], row["returned_minor"], row["orders"]), account
    assert set(paid) <= set(planted)


@pytest.mark.parametrize("days_before", [0, 1, 4, 13])
def test_spend_is_known_for_any_night(out: Path, days_before: int) -> None:
    night = UNTIL - timedelta(days=days_before)
    paid, returned, _ = spent(out, night)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in truth(out, "spend_change"):
        if row["arrival_date"] <= night:
            sums[row["account"]][0] += row["paid_minor"]
            sums[row["account"]][1] += row["returned_minor"]
    everybody = set(sums) | set(paid)
    assert {a: tuple(sums[a]) for a in everybody} == {
        a: (paid.get(a, 0), returned.get(a, 0)) for a in everybody
    }


def test_spend_per_person_is_the_sum_of_their_accounts(out: Path) -> None:
    sums: dict[str, int] = defaultdict(int)
    for row in truth(out, "spend_account"):
        sums[row["true_person"]] += row["paid_minor"]
    assert {row["true_person"]: row["paid_minor"] for row in truth(out, "spend")} == {
        f"h{n}": sums[f"h{n}"] for n in range(1, 101)
    }


def test_every_class_of_fault_is_planted_and_counted(out: Path) -> None:
    counts: dict[str, int] = defaultdict(int)
    for row in truth(out, "faults"):
        if row["feed"] == "order_line":
            counts[row["fault"]] += row["rows"]
    rows = [row for _, row in arrived(out, "order_line", UNTIL)]
    assert counts["unknown_value"] == sum(row["op"] == "teleport" for row in rows) > 0
    assert counts["missing_key"] == sum(not row["line_id"] for row in rows) > 0
    assert counts["overflow"] == sum(len(row["paid"]) > 18 for row in rows) > 0
    assert counts["epoch_ms"] == sum(row["at"].isdigit() for row in rows) > 0
    assert counts["delete"] == sum(row["op"] == "delete" for row in rows) > 0
    assert counts["revision"] == sum(row["revision"] == "1" for row in rows) > 0
    assert counts["full_width"] == sum(any(ord(c) in WIDE for c in row["account_id"]) for row in rows) > 0
    assert counts["bad_date"] == sum(row["at"].startswith("2026-02-30") for row in rows) > 0
    classes = {row["fault"] for row in truth(out, "faults")}
    assert {"duplicate", "late", "conflict", "future_date", "nul", "file_twice"} <= classes
    assert {row["verdict"] for row in truth(out, "faults")} == {
        "loaded",
        "duplicates",
        "deleted",
        "quarantined",
    }


def test_the_share_of_dirt_is_what_was_asked_for(out: Path) -> None:
    planted = sum(
        r["rows"] for r in truth(out, "faults") if r["feed"] == "order_line" and r["fault"] != "file_twice"
    )
    lines = {(r["order_id"], r["line_id"] or id(r)) for _, r in arrived(out, "order_line", UNTIL)}
    assert 0.25 < planted / len(lines) < 0.35


def test_gifts_are_orders_that_others_receive(out: Path) -> None:
    gifts = truth(out, "gifts")
    assert gifts
    assert all(gift["giver"] != gift["receiver"] for gift in gifts)
    assert all(gift["on"] <= UNTIL for gift in gifts)


def test_truth_covers_everybody_and_every_account_once(out: Path) -> None:
    accounts = truth(out, "person_account")
    assert len({row["account"] for row in accounts}) == len(accounts)
    each: dict[str, int] = defaultdict(int)
    for row in accounts:
        each[row["true_person"]] += 1
    assert set(each) == {f"h{n}" for n in range(1, 101)}
    assert max(each.values()) <= 4
    for name in ("price_band", "satisfaction", "spend"):
        assert len(truth(out, name)) == 100
    assert len(truth(out, "interests")) == 300


def test_brands_cost_more_than_what_they_are_compared_with_by_their_premium(out: Path) -> None:
    premium = {row["brand_id"]: row["premium"] for row in truth(out, "premium")}
    (first,) = (out / "landing/product").glob("2026-10-30/*.jsonl")
    products = {row["product_id"]: row for row in map(json.loads, first.read_text().splitlines())}
    assert 0.05 < sum(share > 0 for share in premium.values()) / len(premium) < 0.6
    off: dict[str, list[float]] = defaultdict(list)
    for product in products.values():
        for other in (products[name] for name in product["comparables"]):
            assert other["category"] == product["category"]
            assert other["brand_id"] != product["brand_id"]
            assert premium[other["brand_id"]] == 0
            quotient = float(product["list_price"]) / float(other["list_price"])
            off[product["brand_id"]].append(math.log(quotient) - math.log1p(premium[product["brand_id"]]))
    for side in (True, False):
        logs = [log for brand, logs in off.items() for log in logs if (premium[brand] > 0) == side]
        assert len(logs) > 20
        assert abs(sum(logs) / len(logs)) < 4 * 0.2 / math.sqrt(len(logs) / 2)


def test_effects_are_planted_and_add_up(out: Path) -> None:
    links = truth(out, "friend_effect")
    assert sum(row["exposed"] for row in links) > sum(row["clicks"] for row in links) > 0
    assert all(row["orders"] <= row["clicks"] for row in links)
    ads = truth(out, "ad_effect")
    assert sum(row["impressions"] for row in ads) > 0
    assert all(row["people"] <= row["impressions"] for row in ads)
    reach = truth(out, "reach")
    assert any(row["raw_followers"] > row["unique_followers"] > 0 for row in reach)


def test_clicked_links_are_passed_on_the_day_after(out: Path) -> None:
    links = truth(out, "friend_effect")
    landed = {row["link_id"]: row for _, row in arrived(out, "share_link", UNTIL)}
    whose = {row["account"]: row["true_person"] for row in truth(out, "person_account")}
    again = [row for row in links if row["parent_link_id"]]
    assert 0.1 < len(again) / sum(row["clicks"] for row in links) < 0.5
    later: Counter[int] = Counter()
    for row in again:
        assert whose[row["came_as"]] == whose[row["sharer"]]
        if not landed.keys() >= {row["parent_link_id"], row["link_id"]}:
            continue  # one of the two is late, or was never sent
        other, mine = (landed[row[name]] for name in ("parent_link_id", "link_id"))
        assert mine["product_id"] == other["product_id"]
        days = [datetime.fromisoformat(one["at"]).astimezone(SHANGHAI).date() for one in (other, mine)]
        later[(days[1] - days[0]).days] += 1
    assert later[1] > 0.8 * later.total() > 0  # the others are rows with a planted fault


def test_every_entry_of_a_member_list_has_a_true_person(out: Path) -> None:
    def day(text: str) -> date:
        return datetime.fromisoformat(text).astimezone(SHANGHAI).date()

    landed = [row for _, row in arrived(out, "brand_member", UNTIL)]
    sent = [(r["brand_id"], day(r["joined_at"]), day(r["left_at"]) if r["left_at"] else None) for r in landed]
    planted = truth(out, "brand_member")
    assert Counter(sent) == Counter((r["brand_id"], r["joined"], r["left"]) for r in planted)
    assert len({(r["brand_id"], r["true_person"]) for r in planted}) == len(planted) > 20


def test_nobody_buys_after_leaving(out: Path) -> None:
    leaves = {row["true_person"]: row["churn_date"] for row in truth(out, "churn")}
    owner = {row["account"]: row["true_person"] for row in truth(out, "person_account")}
    assert leaves
    for row in truth(out, "spend_change"):
        if row["paid_minor"] > 0:
            assert row["business_date"] < leaves.get(owner[row["account"]], date.max)


def test_instants_stand_in_the_right_zone(out: Path) -> None:
    for path in list((out / "landing/social_interaction").rglob("*.parquet"))[:5]:
        arrival = date.fromisoformat(path.parts[-2])
        days = [
            at.astimezone(UTC).astimezone(SHANGHAI).date() for at in pq.read_table(path)["at"].to_pylist()
        ]
        assert sum(day == arrival for day in days) > len(days) * 0.5
