"""The evaluation: a lake that says the truth passes, and every kind of untruth is found and named."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests import realdata

from huaxiang.errors import ConfigurationError
from huaxiang.world import Check, Report, evaluate, make
from huaxiang.world.bought import bargain_checks, gift_checks, premium_checks, price_band_checks, size_checks
from huaxiang.world.chains import chain_checks
from huaxiang.world.friends import friend_checks
from huaxiang.world.listed import member_checks
from huaxiang.world.lived import experience_checks, macro_f1
from huaxiang.world.published import published_checks
from huaxiang.world.report import share_check
from huaxiang.world.sides import Lake, Planted
from huaxiang.world.trait_checks import inferred_checks
from huaxiang.world.trust_network import (
    COMPONENTS,
    EDGES,
    LARGEST,
    PEOPLE,
    RANKS,
    TRIANGLES,
    trust_checks,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AS_OF = date(2026, 11, 20)
VERDICTS = ("loaded", "duplicates", "superseded", "deleted", "quarantined", "filtered")
LATER = ("replaced", "removed", "withdrawn", "erased")
Tables = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("world")
    make(out, people=100, days=8, seed=3, events_per_person_day=5.0, dirt=0.1)
    return out / "truth"


@pytest.fixture
def lake(truth: Path) -> Tables:
    """What a perfect pipeline would publish, as rows; tests spoil it."""
    accounts = pq.read_table(truth / "person_account.parquet").to_pylist()
    person = {
        row["account"]: row["account"] if row["join_withdrawn"] else row["true_person"] for row in accounts
    }
    money: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in pq.read_table(truth / "spend_account.parquet").to_pylist():
        sums = money[person[row["account"]]]
        sums[0] += row["paid_minor"]
        sums[1] += row["paid_minor"] - row["returned_minor"]
        sums[2] += row["orders"]
    portrait = [
        {"person": p, "as_of": AS_OF, "paid_all": paid or None, "spend_all": net, "orders_all": orders}
        for p, (paid, net, orders) in money.items()
    ]
    rows: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys((*VERDICTS, "rows_in"), 0))
    for row in pq.read_table(truth / "landed.parquet").to_pylist():
        rows[row["feed"]]["rows_in"] += row["rows"]
    for row in pq.read_table(truth / "faults.parquet").to_pylist():
        if row["verdict"] != "loaded":
            rows[row["feed"]][row["verdict"]] += row["rows"]
    tables: Tables = {
        "person_account": [
            {"account": r["account"], "person": person[r["account"]], "platform": r["platform"]}
            for r in accounts
        ],
        "portrait": portrait,
        "load_ledger": [],
    }
    for feed, counts in rows.items():
        counts["loaded"] = counts["rows_in"] - sum(counts[v] for v in VERDICTS[1:])
        ledger = {"feed": feed, "as_of": AS_OF, **counts, **dict.fromkeys(LATER, 0)}
        tables["load_ledger"].append(ledger)
        tables[f"clean/{feed}"] = [{"n": 1}] * counts["loaded"]
    return tables


def judged(lake: Tables, truth: Path, *, estimates: bool = False) -> Report:
    def read(_: Path, table: str) -> pa.Table:
        return pa.Table.from_pylist(lake[table])

    return evaluate(Path("no lake"), truth, read=read, estimates=estimates)


def accounts(truth: Path) -> list[dict[str, Any]]:
    return pq.read_table(truth / "person_account.parquet").to_pylist()


def failed(lake: Tables, truth: Path) -> set[str]:
    return {check.name for check in judged(lake, truth).checks if not check.ok}


def ledger(lake: Tables, feed: str) -> dict[str, Any]:
    return next(row for row in lake["load_ledger"] if row["feed"] == feed)


def test_a_lake_that_says_the_truth_passes(lake: Tables, truth: Path) -> None:
    report = judged(lake, truth)
    assert report.ok, str(report)
    assert len(report.checks) >= 15
    assert str(report).endswith("checks hold as of 2026-11-20")
    told = {check.name: check.found for check in report.checks}
    for share in ("precision of pairs", "recall of pairs"):
        assert re.match(
            r"1\.0000 \[0\.9\d\d, 1\.000\] of \d+ pairs of \d+ persons", told[f"identity: {share}"]
        )
    assert told["identity: true persons found exactly"] == "0.9900 [0.946, 0.998] of 100"


def test_what_could_not_be_judged_does_not_hold() -> None:
    good, bad, unknown = (
        Check(name, "≥ 1", "x", ok) for name, ok in (("a", True), ("b", False), ("c", None))
    )
    report = Report(AS_OF, (good, unknown))
    assert not report.ok
    assert report.broken == ["c"]
    assert str(report).splitlines()[1:] == [
        "– c  wanted ≥ 1  found x",
        "1 of 2 checks hold, 1 could not be judged as of 2026-11-20",
    ]
    assert str(Report(AS_OF, (good, bad))).endswith("1 of 2 checks hold as of 2026-11-20")
    assert share_check("d", 0.5, 0, 0) == Check("d", "≥ 50%", "nothing to judge", ok=None)
    assert share_check("d", 0.5, 5, 10) == Check("d", "≥ 50%", "5 of 10 [24%, 76%]", ok=True)
    assert share_check("d", 0.5, 4, 10).ok is False


def test_a_lake_that_joins_nobody_has_no_precision(lake: Tables, truth: Path) -> None:
    for row in lake["person_account"]:
        row["person"] = row["account"]
    told = {check.name: check for check in judged(lake, truth).checks}
    assert told["identity: precision of pairs"].found == "no pairs to judge"
    assert told["identity: precision of pairs"].ok is None
    assert told["identity: recall of pairs"].ok is False


def test_a_folder_without_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no world's truth here"):
        evaluate(tmp_path, tmp_path)


def test_one_minor_unit_too_much_is_found(lake: Tables, truth: Path) -> None:
    lake["portrait"][7]["spend_all"] += 1
    assert failed(lake, truth) == {
        "spend_all: persons off by any minor unit",
        "spend_all: everybody's sum",
        "spend: true persons off",
    }


def test_money_moved_between_persons_is_found(lake: Tables, truth: Path) -> None:
    first, second = lake["portrait"][:2]
    first["paid_all"], second["paid_all"] = second["paid_all"], first["paid_all"]
    assert failed(lake, truth) == {"paid_all: persons off by any minor unit"}


def test_a_missing_order_is_found(lake: Tables, truth: Path) -> None:
    next(row for row in lake["portrait"] if row["orders_all"] > 0)["orders_all"] -= 1
    assert failed(lake, truth) == {"orders: true persons off"}


def test_a_person_without_portrait_is_found(lake: Tables, truth: Path) -> None:
    spender = next(row for row in lake["portrait"] if row["paid_all"] and row["person"].startswith("h"))
    lake["portrait"].remove(spender)
    assert failed(lake, truth) == {"portrait: persons without one"}


def test_a_person_with_two_portraits_is_found(lake: Tables, truth: Path) -> None:
    lake["portrait"].append(dict(lake["portrait"][0]))
    assert "portrait: persons with more than one" in failed(lake, truth)


def test_accounts_glued_together_cost_precision_and_break_limits(lake: Tables, truth: Path) -> None:
    for row in lake["person_account"][:40]:
        row["person"] = "everybody"
    found = failed(lake, truth)
    assert {
        "identity: precision of pairs",
        "identity: most accounts of a person",
        "identity: most on one platform",
    } <= found


def test_accounts_left_apart_cost_recall(lake: Tables, truth: Path) -> None:
    for row in lake["person_account"][::3]:
        row["person"] = row["account"]
    assert {"identity: recall of pairs", "identity: true persons found exactly"} <= failed(lake, truth)


def test_an_account_of_nobody_is_found(lake: Tables, truth: Path) -> None:
    spent = pq.read_table(truth / "spend_account.parquet").to_pylist()
    account = next(row["account"] for row in spent if row["paid_minor"])
    lake["person_account"] = [row for row in lake["person_account"] if row["account"] != account]
    assert "spend: of accounts the lake does not know" in failed(lake, truth)


def test_joining_without_consent_is_found(lake: Tables, truth: Path) -> None:
    accounts = pq.read_table(truth / "person_account.parquet").to_pylist()
    gone = {row["account"] for row in accounts if row["join_withdrawn"]}
    for row in lake["person_account"]:
        if row["account"] in gone:
            row["person"] = lake["person_account"][0]["person"]
    assert "identity: accounts joined without consent" in failed(lake, truth)


def test_a_night_that_does_not_add_up_is_found(lake: Tables, truth: Path) -> None:
    ledger(lake, "review")["superseded"] += 1
    assert failed(lake, truth) == {"ledger: feeds and nights (1) that don't add up"}


def test_a_clean_table_of_another_size_is_found(lake: Tables, truth: Path) -> None:
    lake["clean/delivery"] = lake["clean/delivery"][1:]
    report = judged(lake, truth)
    (wrong,) = (check for check in report.checks if not check.ok)
    assert wrong.name == "ledger: clean tables of another size than it says"
    assert wrong.found == "delivery"


def test_rows_that_never_came_in_are_found(lake: Tables, truth: Path) -> None:
    ledger(lake, "share_link")["rows_in"] -= 1
    ledger(lake, "share_link")["loaded"] -= 1
    lake["clean/share_link"] = lake["clean/share_link"][1:]
    assert failed(lake, truth) == {"ledger: feeds with rows that never came in"}


def test_bad_rows_that_got_through_are_found(lake: Tables, truth: Path) -> None:
    row = ledger(lake, "order_line")
    row["loaded"] += row["quarantined"]
    row["quarantined"] = 0
    lake["clean/order_line"] = [{"n": 1}] * row["loaded"]
    report = judged(lake, truth)
    (wrong,) = (check for check in report.checks if not check.ok)
    assert wrong.name == "faults: rows quarantined"
    assert "fewer: order_line" in wrong.found
    assert f"✘ {wrong.name}" in str(report)


def test_states_are_compared_person_by_person() -> None:
    true = np.array(["lost", "loyal", "loyal", "satisfied"])
    assert macro_f1(true, true) == 1
    said = np.array(["lost", "loyal", "satisfied", "satisfied"])
    assert macro_f1(true, said) == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    assert macro_f1(true, np.array(["lost"] * 4)) == pytest.approx(0.4 / 3)  # two of three are never found
    assert macro_f1(true, said, but={"satisfied", "loyal"}) == 1


def told_by(
    lake: Tables, truth: Path, *asked: Callable[..., Iterator[Check]], as_of: date | None = None
) -> dict[str, Check]:
    """What some checks of estimates say, by name."""
    there = Lake(Path("no lake"), lambda _, table: pa.Table.from_pylist(lake[table]))
    on = () if as_of is None else (as_of,)
    return {check.name: check for one in asked for check in one(there, Planted(truth), *on)}


def of(truth: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a truth table."""
    found: list[dict[str, Any]] = pq.read_table(truth / f"{name}.parquet").to_pylist()
    return found


def test_states_and_couriers_are_compared(lake: Tables, truth: Path) -> None:
    felt = {r["true_person"]: r["satisfaction"] for r in of(truth, "satisfaction")}
    left = {r["true_person"] for r in of(truth, "churn")}
    for row in lake["portrait"]:
        keeps, unhappy = row["orders_all"] >= 3, felt.get(row["person"], 1) < 0.5
        state = (
            "locked_in" if keeps and unhappy else "unhappy" if unhappy else "loyal" if keeps else "satisfied"
        )
        row |= {"orders_90d": row["orders_all"], "ratings_365d": 9, "felt_reviews_365d": 0}
        row["experience"] = "lost" if row["person"] in left else state
    lake["rate"] = [
        {"rate": "complaint_rate", "key_kind": "courier", "key": key, "happened": part, "of_all": 1000}
        for key, part in (("c01", 10), ("c06", 130))
    ]
    told = told_by(lake, truth, experience_checks, as_of=AS_OF)
    states = told["experience: macro-F1 of states, 3 reviews or more"]
    assert states.ok
    assert states.found.startswith("1.000 [1.00, 1.00] of ")
    assert told["experience: F1 of each state"].found == (
        "unhappy 1.00 of 6, locked_in 1.00 of 1, satisfied 1.00 of 32, loyal 1.00 of 15; "
        "of those with 10 people 1.00, but for lost 1.00"
    )
    unhappy = told["experience: F1 of unhappy or not, of who had not stopped, by reviews"].found
    assert unhappy == "≥ 1: 1.00 of 54, ≥ 3: 1.00 of 54, ≥ 5: 1.00 of 54, ≥ 8: 1.00 of 54"
    courier = told["complaints: Take It Easy against the other couriers"]
    assert courier.ok
    assert courier.found.startswith("13.0 times [6.9, 24.6], 130 of 1,000")
    for row in lake["portrait"]:
        row["experience"] = "satisfied"
    lake["rate"][1]["happened"] = 11
    told = told_by(lake, truth, experience_checks, as_of=AS_OF)
    assert not told[states.name].ok
    assert not told[courier.name].ok


def test_gifts_and_price_bands_are_compared(lake: Tables, truth: Path) -> None:
    bands = {r["true_person"]: r["band"] for r in of(truth, "price_band")}
    for row in lake["portrait"]:
        row |= {"price_band_365d": bands.get(row["person"], 0) + 1, "price_band_lines_365d": 4}
        row |= {"price_band_365d_probability": 0.875}
    lake["gift"] = [
        {
            "platform": "mall",
            "order_id": f"o{n}",
            "person": row["giver"],
            "receiver": row["receiver"],
            "given_on": row["on"],
        }
        for n, row in enumerate(of(truth, "gifts"))
    ]
    lake["gift"] += [dict(row) for row in lake["gift"]]  # of two brands

    def held() -> list[bool | None]:
        told = {
            **told_by(lake, truth, gift_checks, as_of=AS_OF),
            **told_by(lake, truth, price_band_checks),
        }
        return [check.ok for check in told.values()]

    assert held() == [True, True, True]
    (bands_told,) = told_by(lake, truth, price_band_checks).values()
    assert bands_told.found.endswith("; its probabilities expect 0.88")
    for row in lake["portrait"]:
        row["price_band_365d"] = 3
        row["price_band_365d_probability"] = None  # without a fit
    for row in lake["gift"]:
        row["receiver"] = row["person"]
    assert held() == [False, True, False]


def test_a_gift_without_a_receiver_is_judged_by_giver_and_day(tmp_path: Path) -> None:
    """Of 30 planted gifts 24 are found, 6 of them only wrapped, and 6 orders are said to be gifts that are none."""
    planted = [{"giver": f"h{n // 2}", "receiver": f"h{n + 50}", "on": AS_OF} for n in range(30)]  # two a day
    people = [{"account": f"mall:{n}", "true_person": f"h{n}"} for n in range(100)]
    for name, rows in (("gifts", planted), ("person_account", people)):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    said = [(r["giver"], r["receiver"] if n < 18 else None) for n, r in enumerate(planted[:24])]
    said += [(f"h{n + 40}", None) for n in range(6)]
    lake = {
        "person_account": [{"account": row["account"], "person": row["true_person"]} for row in people],
        "gift": [
            {
                "platform": "mall",
                "order_id": f"o{n}",
                "person": giver,
                "receiver": receiver,
                "given_on": AS_OF,
            }
            for n, (giver, receiver) in enumerate(said)
        ],
    }
    triples, orders = told_by(lake, tmp_path, gift_checks, as_of=AS_OF).values()
    assert triples.found == (
        "0.750 [0.595, 0.860]; precision 1.000 [0.82, 1.00] of 18 said, recall 0.600 [0.42, 0.75] of 30 planted"
    )
    assert orders.found == (
        "0.800 [0.670, 0.888]; precision 0.800 [0.63, 0.90] of 30 said, recall 0.800 [0.63, 0.90] of 30 planted"
    )
    assert (triples.ok, orders.ok) == (False, False)
    pq.write_table(pa.Table.from_pylist(planted)[:0], tmp_path / "gifts.parquet")
    none = told_by(lake, tmp_path, gift_checks, as_of=AS_OF).values()
    assert [(check.ok, check.found) for check in none] == [
        (None, "none planted, 18 said: nothing to judge"),
        (None, "none planted, 30 said: nothing to judge"),
    ]


def test_what_fits_and_who_waits_for_bargains_is_compared(lake: Tables, truth: Path) -> None:
    worn: dict[str, list[Any]] = {}
    for r in of(truth, "size"):
        worn.setdefault(r["true_person"], []).append(r)
    waits = {r["true_person"]: r["bargain"] for r in of(truth, "bargain")}
    for row in lake["portrait"]:
        sizes = worn.get(row["person"], [])
        row["sizes_365d"] = [{"key": f"{r['category']} {r['size']}", "value": 3} for r in sizes]
        row["fits_365d"] = [{"key": r["fit"], "value": 3} for r in sizes[:1]]
        for end, off in (("", 0.0), ("_low", -0.1), ("_high", 0.1)):
            row[f"promotion_sensitivity_365d{end}"] = waits.get(row["person"], 1.0) + off
        row["order_lines_365d"] = 9

    def held() -> list[tuple[str, bool]]:
        told = told_by(lake, truth, size_checks, bargain_checks)
        return [(name.partition(":")[0], check.ok) for name, check in told.items()]

    assert held() == [("size by category", True), ("cut", True), ("promotion sensitivity", True)]
    for row in lake["portrait"]:
        row["sizes_365d"] = [{"key": "fashion/men nobody's", "value": 3}]
        row["promotion_sensitivity_365d_high"] = row["promotion_sensitivity_365d_low"]
    assert held() == [("size by category", False), ("cut", True), ("promotion sensitivity", False)]


def test_premiums_are_compared(lake: Tables, truth: Path) -> None:
    lake["premium"] = [
        {
            "brand_id": row["brand_id"], "month": AS_OF.replace(day=1), "key_kind": "all", "comparables": "stated",
            "lines": 50, "groups": 5, "premium": (1 + row["premium"]) * (1.01 + 0.04 * (n % 2)) - 1,
            "premium_low": row["premium"] - 0.05, "premium_high": row["premium"] + 0.1,
        }
        for n, row in enumerate(of(truth, "premium"))
    ]  # fmt: skip
    holding, apart = told_by(lake, truth, premium_checks).values()
    assert holding.ok
    assert holding.found == "1.00 [0.90, 1.00] of 36 brands in 2026-11"
    assert apart.ok
    for row in lake["premium"]:
        row |= {"premium": 0.01 * (len(row["brand_id"]) % 2), "premium_low": 0.2, "premium_high": 0.3}
    assert [check.ok for check in told_by(lake, truth, premium_checks).values()] == [False, False]
    for row in lake["premium"]:
        row["premium_low"] = None
    found = [(check.ok, check.found) for check in told_by(lake, truth, premium_checks).values()]
    assert found == [(False, "none"), (None, "too few brands to say")]


def test_members_are_compared(lake: Tables, truth: Path) -> None:
    left = {row["true_person"] for row in accounts(truth) if row["join_withdrawn"]}
    lake["brand_relation"] = [
        {
            "person": r["true_person"],
            "brand_id": r["brand_id"],
            "is_member": not r["left"] or r["left"] > AS_OF,
        }
        for r in of(truth, "brand_member")
        if r["true_person"] not in left
    ]
    told = told_by(lake, truth, member_checks, as_of=AS_OF)
    for share in ("members: precision", "members: recall"):
        assert told[share].ok
        assert told[share].found.startswith("1.0000 [0.")
    for row in lake["brand_relation"][::2]:
        row["person"] = lake["brand_relation"][1]["person"]
    assert not told_by(lake, truth, member_checks, as_of=AS_OF)["members: recall"].ok


def test_what_friends_brought_is_compared(lake: Tables, truth: Path, tmp_path: Path) -> None:
    links = of(truth, "friend_effect")
    links[0]["orders"], links[1]["orders"] = 30, 70
    shutil.copytree(truth, tmp_path / "planted")
    pq.write_table(pa.Table.from_pylist(links), tmp_path / "planted/friend_effect.parquet")
    lake["clean/share_link"] = [{"link_id": r["link_id"], "business_date": AS_OF} for r in links[1:]]
    lake["clean/share_link"] += [{"link_id": links[0]["link_id"], "business_date": date(2026, 10, 1)}]
    caused = sum(r["orders"] for r in links[1:])  # the first link is of before the table's days
    lake["friend_lift"] = [
        {
            "brand_id": None, "window_days": days, "exposures": 2000, "since": date(2026, 11, 1), "as_of": AS_OF,
            "lift": caused / 2000, "lift_low": caused / 2000 - 0.005, "lift_high": caused / 2000 + 0.005,
        }
        for days in (1, 3)
    ]  # fmt: skip

    def friends() -> Check:
        return told_by(lake, tmp_path / "planted", friend_checks, as_of=AS_OF)[
            "friends: orders that shares caused"
        ]

    assert friends().ok
    assert friends().found == "; ".join(
        f"{days} d: {caused} [{caused - 10}, {caused + 10}]" for days in (1, 3)
    )
    lake["friend_lift"][0] |= {"lift": 0.2, "lift_low": 0.19, "lift_high": 0.21}
    assert friends().ok is False
    told = told_by(lake, tmp_path / "planted", friend_checks, as_of=AS_OF)
    assert told["friends: brands whose planted orders lie in the interval"].ok is None  # none is told


def test_what_shares_bring_is_compared_as_far_as_the_lake_can_know_it(
    lake: Tables, truth: Path, tmp_path: Path
) -> None:
    def link(name: str, sharer: str, parent: str | None = None, came: str | None = None) -> dict[str, Any]:
        return {
            "link_id": name, "sharer": sharer, "brand_id": "b1", "parent_link_id": parent, "came_as": came,
        }  # fmt: skip

    planted = [
        link("l1", "w:ann"),
        link("l2", "w:bob", "l1", "m:bob"),  # brought by a share that can be judged
        link("l3", "w:cat", "l1", "m:stranger"),  # whose shop account is somebody else's here
        link("l4", "w:dan", "l9", "m:dan"),  # the link passed on never came
        link("l5", "w:eve", "l2", "m:eve"),  # by one that is too young
    ]
    shutil.copytree(truth, tmp_path / "planted")
    pq.write_table(pa.Table.from_pylist(planted), tmp_path / "planted/friend_effect.parquet")
    lake["person_account"] = [
        {"account": f"{side}:{who}", "person": who}
        for who in ("ann", "bob", "cat", "dan", "eve")
        for side in "wm"
    ]
    days = {"l1": 13, "l2": 14, "l3": 14, "l4": 14, "l5": 15}
    lake["clean/share_link"] = [
        {
            "link_id": r["link_id"], "account": r["sharer"], "product_id": "p", "business_date": date(2026, 11, days[r["link_id"]]),
            "at": datetime(2026, 11, days[r["link_id"]], tzinfo=UTC),
        }
        for r in planted
    ]  # fmt: skip
    row = {
        "month": date(2026, 11, 1),
        "as_of": AS_OF,
        "judged": 10,
        "new_sharers": 1,
        "snowball": 0.1,
        "snowball_low": 0.02,
        "snowball_high": 0.5,
    }
    lake["share_chain"] = [
        {"brand_id": None, **row},
        {"brand_id": "b1", **row},
        {"brand_id": "b2", **row, "judged": 0},
    ]

    def told() -> dict[str, Check]:
        return told_by(lake, tmp_path / "planted", chain_checks, as_of=AS_OF)

    assert {check.wanted for check in told().values()} == {"0.100, in the interval", "≥ 80%"}
    assert all(check.ok for check in told().values())
    assert list(told().values())[1].found == "1 of 1 [21%, 100%]"
    lake["share_chain"][0] |= {"snowball": 0.4, "snowball_low": 0.3}
    assert [check.ok for check in told().values()] == [False, True]
    lake["share_chain"] = lake["share_chain"][2:]
    assert [(check.ok, check.found) for check in told().values()] == [
        (None, "no shares to judge"),
        (None, "nothing to judge"),
    ]


def test_what_is_inferred_of_who_declares_nothing_is_compared(lake: Tables, truth: Path) -> None:
    true = {row["true_person"]: row["life_stage"] for row in of(truth, "lives")}
    other = {
        "declared_generation": "90s",
        "declared_household": "alone",
        "generation": None,
        "household": None,
    }
    other |= {"generation_probability": None, "household_probability": None}
    owners = sorted({row["true_person"] for row in of(truth, "person_account")})
    lake["person_account"] = [
        {"account": row["account"], "person": row["true_person"]} for row in of(truth, "person_account")
    ]
    lake["model"] = [
        {"model": "life_stage", "release": n, "status": "fitted", "why": None, "quality": [{"name": "calibration_error", "value": n}]}
        for n in (1, 2)
    ]  # fmt: skip

    def told(wrong: int, chance: float, *, said: int = 1000, declared: str | None = None) -> dict[str, Check]:
        lake["portrait"] = [
            {
                "person": who, "as_of": AS_OF, "declared_life_stage": declared, "life_stage_probability": chance,
                "life_stage": None if n >= said else "none" if n < wrong else true[who], **other,
            }
            for n, who in enumerate(owners * 2)
        ]  # fmt: skip
        found = told_by(lake, truth, inferred_checks)
        none = {name: check for name, check in found.items() if not name.startswith("life stage")}
        assert [(check.ok, check.found) for check in none.values()] == [
            (None, "0 of 0 people, too few to judge; none: no fit")
        ] * 2  # who declares was learnt from
        return {name: check for name, check in found.items() if name not in none}

    calibrated = told(20, 0.9)
    right, error = calibrated.values()
    assert right.ok
    assert "of 200; of 200 0% not said" in right.found
    assert error.ok
    assert error.wanted == "low end of the 95 % interval ≤ 0.05"
    assert re.match(r"0\.0\d\d \[0\.0\d\d, 0\.\d{3}\] of 200; ", error.found)
    assert error.found.endswith("held out in the fit 2.000")
    assert not list(told(100, 0.99).values())[1].ok  # surer than it is right
    assert not next(iter(told(180, 0.99).values())).ok  # the commonest answer would be better
    (few,) = told(0, 0.9, said=99).values()
    assert (few.ok, few.found) == (None, "99 of 200 people, too few to judge; fitted: None")
    (none,) = told(0, 0.9, declared="student").values()  # who declares was learnt from: they are no test
    assert none.found.startswith("0 of 0 people")


def test_published_numbers_are_met_and_what_is_not_there_is_told(tmp_path: Path) -> None:
    missing = published_checks(tmp_path)
    assert [(check.ok, check.found) for check in missing] == [(False, "not there")] * 4
    (tmp_path / "cdnow").symlink_to(realdata.needed("cdnow"))
    checks = published_checks(tmp_path)
    told = {check.name: check for check in checks}
    assert [name for name, check in told.items() if not check.ok and "is there" not in name] == []
    assert told["BG/NBD on CDNOW: r"].found.startswith("0.2426 [0.219, 0.268]")


def test_a_trust_network_is_measured_as_networkx_measures_it(tmp_path: Path) -> None:
    """The numbers wanted are networkx's own, and what is found meets them; another network does not."""
    given = realdata.needed("filmtrust") / "trust.txt"
    graph = nx.DiGraph([line.split()[:2] for line in given.read_text("utf-8").splitlines()])
    around = graph.to_undirected()
    ranks = nx.pagerank(graph, alpha=0.85, tol=1e-12, max_iter=1000)
    assert pytest.approx({name: ranks[name] for name in RANKS}, abs=1e-9) == RANKS
    sizes = [len(one) for one in nx.connected_components(around)]
    assert (len(graph), graph.size(), len(sizes), max(sizes)) == (PEOPLE, EDGES, COMPONENTS, LARGEST)
    assert sum(nx.triangles(around).values()) == 3 * TRIANGLES
    assert [(check.name, check.ok) for check in trust_checks(given)] == [
        ("people and edges on FilmTrust", True),
        ("PageRank on FilmTrust: farthest from networkx's", True),
        ("components on FilmTrust", True),
        ("triangles on FilmTrust", True),
    ]
    other = tmp_path / "trust.txt"
    other.write_text("509 188 1\n188 272 1\n272 509 1\n")
    assert [check.ok for check in trust_checks(other)] == [False] * 4


def test_what_households_buy_tells_who_they_are_or_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "completejourney").symlink_to(realdata.needed("completejourney"))
    told = {check.name: check for check in published_checks(tmp_path) if "households" in check.name}
    assert [check.ok for check in told.values()] == [True] * 3
    assert "of 801: no_better" in told["age of held-out households"].found
    assert "of 774: no_better" in told["income of held-out households"].found
