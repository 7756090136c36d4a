"""Claims to persons: one letter per made-up world, all worlds of a test in one run."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pytest
from people import LIMITS, ZONE, claim_frame, consent_frame, in_parts, night
from pyspark.sql import functions as F

from huaxiang.clean.joinkeys import pepper_frame
from huaxiang.config import IdentityLimits
from huaxiang.identity.claims import judged_values, links
from huaxiang.identity.components import component_labels, components
from huaxiang.identity.persons import named_components

if TYPE_CHECKING:
    from people import Claim, Found
    from pyspark.sql import SparkSession

# p, q, r are platforms. An account's number begins with its world's letter.
CLAIMS: list[Claim] = [
    # a: two accounts share a phone, a third an e-mail with one of them
    ("p:a1", "phone", "a-phone"),
    ("q:a2", "phone", "a-phone"),
    ("q:a2", "email", "a-mail"),
    ("r:a3", "email", "a-mail"),
    # b: equal words of different kinds are different values
    ("p:b1", "phone", "b-word"),
    ("q:b2", "email", "b-word"),
    # c: a device of a thousand accounts; two of them share a phone as well
    *((f"p:c{n:04}", "device", "c-tablet") for n in range(1000)),
    ("p:c0007", "phone", "c-phone"),
    ("q:c1", "phone", "c-phone"),
    # d: exactly at the limit of a phone (4), and one over it
    *((f"{p}:d{p}", "phone", "d-at-limit") for p in "pqrs"),
    *((f"{p}:dd{p}", "phone", "d-over") for p in "pqrst"),
    # e: a listed test number
    ("p:e1", "phone", "e-test"),
    ("q:e2", "phone", "e-test"),
    # f: f2 withdraws the consent to be joined: f1 and f3 stay together, by the same value
    ("p:f1", "phone", "f-phone"),
    ("q:f2", "phone", "f-phone"),
    ("r:f3", "phone", "f-phone"),
    ("q:f2", "email", "f-mail"),
    ("r:f4", "email", "f-mail"),
    # g: withdrew, then granted again
    ("p:g1", "phone", "g-phone"),
    ("q:g2", "phone", "g-phone"),
    # h: five claim the number, three of them withdraw: it is still a shared number
    *((f"{p}:h{p}", "phone", "h-shared") for p in "pqrst"),
    # i: seven accounts, six allowed; the cookie is what holds too many together
    *((f"{p}:i{p}", "phone", "i-phone") for p in "pqr"),
    *((f"{p}:ii{p}", "email", "i-mail") for p in "pqrs"),
    ("p:ip", "cookie", "i-cookie"),
    ("p:iip", "cookie", "i-cookie"),
    # j: four accounts on one platform, three allowed
    *((f"p:j{n}", "union_id", "j-union") for n in range(3)),
    ("p:j0", "device", "j-device"),
    ("p:j3", "device", "j-device"),
    # k: a kind without a limit links nobody
    ("p:k1", "fax", "k-fax"),
    ("q:k2", "fax", "k-fax"),
    # l: the same claim twice is one account
    ("p:l1", "cookie", "l-cookie"),
    ("p:l1", "cookie", "l-cookie"),
    ("q:l2", "cookie", "l-cookie"),
    # m, n, o, w, x, y, z: what was said on a date alone, in Shanghai
    *((f"{p}:{world}{p}", "phone", f"{world}-phone") for world in "mnowxyz" for p in "pq"),
]
WORDS = [
    ("q:f2", "withdraw", 1),
    ("p:g1", "withdraw", 1),
    ("p:g1", "grant", 2),
    ("r:hr", "withdraw", 1),
    ("s:hs", "withdraw", 1),
    ("t:ht", "withdraw", 1),
    ("p:b1", "grant", 5),
    # m: a date after the instant of the grant
    ("p:mp", "grant", 1),
    ("p:mp", "withdraw", date(2024, 1, 2)),
    # n: of two dates the later one
    ("p:np", "grant", date(2024, 1, 2)),
    ("p:np", "withdraw", date(2024, 1, 1)),
    # o: at one instant, 16:00 UTC, the withdrawal is the last word
    ("p:op", "grant", 16 * 60),
    ("p:op", "withdraw", 16 * 60),
    # w: a withdrawal at no hour is the last word of its day
    ("p:wp", "grant", 40 * 60 - 1),
    ("p:wp", "withdraw", date(2024, 1, 2)),
    # x: a minute after that day
    ("p:xp", "grant", 40 * 60 + 1),
    ("p:xp", "withdraw", date(2024, 1, 2)),
    # y, z: nobody knows when it was withdrawn: at the latest on the day the word came in
    ("p:yp", "grant", date(2024, 1, 2)),
    ("p:yp", "withdraw", None),
    ("p:zp", "withdraw", None),
    ("p:zp", "grant", date(2024, 1, 6)),
]


@pytest.fixture(scope="module")
def found_once() -> dict[str, Found]:
    return {}


@pytest.fixture
def found(spark: SparkSession, found_once: dict[str, Found]) -> Found:
    """All worlds at once, worked out once."""
    if not found_once:
        found_once["all"] = night(
            spark, CLAIMS, words=WORDS, accounts=["p:z", "q:z"], listed=[("phone", "e-test")]
        )
    return found_once["all"]


@pytest.mark.parametrize(
    ("account", "mates"),
    [
        ("p:a1", "p:a1 q:a2 r:a3"),
        ("p:b1", "p:b1"),
        ("p:c0007", "p:c0007 q:c1"),
        ("p:c0008", "p:c0008"),
        ("p:dp", "p:dp q:dq r:dr s:ds"),
        ("p:ddp", "p:ddp"),
        ("p:e1", "p:e1"),
        ("p:f1", "p:f1 r:f3"),
        ("q:f2", "q:f2"),
        ("r:f4", "r:f4"),
        ("p:g1", "p:g1 q:g2"),
        ("p:hp", "p:hp"),
        ("p:ip", "p:ip q:iq r:ir"),
        ("p:iip", "p:iip q:iiq r:iir s:iis"),
        ("p:j0", "p:j0 p:j1 p:j2"),
        ("p:j3", "p:j3"),
        ("p:k1", "p:k1"),
        ("p:l1", "p:l1 q:l2"),
        ("p:mp", "p:mp"),
        ("p:np", "p:np q:nq"),
        ("p:op", "p:op"),
        ("p:wp", "p:wp"),
        ("p:xp", "p:xp q:xq"),
        ("p:yp", "p:yp"),
        ("p:zp", "p:zp q:zq"),
        ("p:z", "p:z"),
    ],
)
def test_who_is_one_person(found: Found, account: str, mates: str) -> None:
    assert found.mates(account) == set(mates.split())


def test_every_account_has_exactly_one_row(found: Found) -> None:
    accounts = [row[0] for row in found.person_account]
    assert sorted(accounts) == sorted({a for a, _, _ in CLAIMS} | {"p:z", "q:z"})


def test_kinds_that_hold_a_person_together_are_told(found: Found) -> None:
    linked_by = {row[0]: row[3] for row in found.person_account}
    assert linked_by["q:a2"] == ["email", "phone"]
    assert linked_by["p:c0007"] == ["phone"]
    assert linked_by["p:ip"] == ["phone"]
    assert linked_by["p:z"] == linked_by["q:f2"] == []


def test_values_that_link_nobody_are_told_with_their_reason(found: Found) -> None:
    assert set(found.blocked) == {
        ("device", "c-tablet", 1000, "over_limit", 1),
        ("phone", "d-over", 5, "over_limit", 1),
        ("phone", "e-test", 2, "listed", 1),
        ("phone", "h-shared", 5, "over_limit", 1),
        ("cookie", "i-cookie", 2, "demoted", 1),
        ("device", "j-device", 2, "demoted", 1),
    }


def test_the_first_night_logs_new_persons_without_accounts(found: Found) -> None:
    assert {row[1] for row in found.log} == {"new"}
    assert sorted((p, n) for _, _, p, _, n in found.log) == sorted(
        (found.person[min(accounts)], len(accounts)) for accounts in found.sets
    )
    assert not [row for row in found.log if any(":" in str(cell) for cell in row)]


def test_ids_are_keyed_and_differ(found: Found, spark: SparkSession) -> None:
    ids = set(found.person.values())
    assert len(ids) == len(found.sets)
    assert all(len(i) == 16 and i[0] == "P" and int(i[1:], 16) >= 0 for i in ids)
    component = spark.createDataFrame([("p:a1",)], "component string")
    nobody = spark.createDataFrame([], "component string, person string")
    drawn = [
        named_components(nobody, component, pepper_frame(spark, pepper), release=release)
        for pepper, release in ((b"pepper", 1), (b"another", 1), (b"pepper", 2))
    ]
    rows = drawn[0].union(drawn[1]).union(drawn[2]).collect()
    assert len({row["person"] for row in rows}) == 3
    assert rows[0]["person"] == found.person["p:a1"]


def test_an_id_that_is_taken_is_drawn_again(found: Found, spark: SparkSession) -> None:
    nameless = spark.createDataFrame([("p:a1",), ("p:b1",), ("p:z",)], "component string")
    kept = spark.createDataFrame([("q:other", found.person["p:a1"])], "component string, person string")
    others = spark.createDataFrame([(found.person["p:b1"],), (found.person["p:b1"],)], "person string")
    pepper = pepper_frame(spark, b"pepper")
    named = named_components(kept, nameless, pepper, release=1, others=others)
    now = {r["component"]: (r["person"], r["is_new"]) for r in named.collect()}
    assert now["q:other"] == (found.person["p:a1"], False)
    assert now["p:z"] == (found.person["p:z"], True)
    assert len({found.person["p:b1"], *(person for person, _ in now.values())}) == 5


def test_without_the_default_only_those_join_who_said_so(spark: SparkSession) -> None:
    claims = claim_frame(spark, [("p:1", "phone", "x"), ("q:2", "phone", "x"), ("r:3", "phone", "x")])
    words = consent_frame(spark, [("p:1", "grant", 1), ("r:3", "grant", 1)])
    judged = judged_values(claims, words, LIMITS, zone=ZONE, joins_by_default=False)
    assert [tuple(r) for r in links(judged).collect()] == [("r:3", "p:1", "phone", "x", 3)]


def random_claims(seed: int, accounts: int, claims: int) -> list[Claim]:
    random = np.random.default_rng(seed)
    kinds = list(LIMITS.limits)
    found = []
    for _ in range(claims):
        account, kind, value = (int(n) for n in random.integers(0, [accounts, len(kinds), claims // 3]))
        found.append((f"{'pqrs'[account % 4]}:{account}", kinds[kind], f"v{value}"))
    return found


def test_without_limits_on_persons_components_are_those_of_networkx(spark: SparkSession) -> None:
    """Random claims, a cycle, a path and a star, on the driver and contracted on Spark down to nothing."""
    claims = random_claims(1, 300, 350)
    claims += [(f"p:cycle{n}", "email", f"c{m % 20}") for n in range(20) for m in (n, n + 1)]
    claims += [(f"p:path{n:03}", "phone", f"w{m}") for n in range(150) for m in (n, n + 1)]
    claims += [(f"q:ray{n}", "email", f"ray{n}") for n in range(60)]
    claims += [("p:hub", "email", f"ray{n}") for n in range(60)]
    loose = IdentityLimits(LIMITS.limits, max_accounts=10**6, max_accounts_per_platform=10**6)
    sharers: dict[tuple[str, str], set[str]] = {}
    for account, kind, value in claims:
        sharers.setdefault((kind, value), set()).add(account)
    graph = nx.Graph()
    for (kind, _), accounts in sharers.items():
        if len(accounts) <= LIMITS.limits[kind]:
            nx.add_star(graph, sorted(accounts))
    expected = {a: min(c) for c in nx.connected_components(graph) for a in c if len(c) > 1}

    frame = claim_frame(spark, claims)
    consent = consent_frame(spark, [])
    judged = judged_values(frame, consent, loose, zone=ZONE, joins_by_default=True).localCheckpoint()
    found = components(judged, loose, claims=len(claims))
    assert {r["account"]: r["component"] for r in found.membership.collect()} == expected
    pairs = links(judged).select(F.col("account").alias("left"), F.col("first").alias("right"))
    contracted = component_labels(in_parts(pairs, 3), driver_links=0)
    assert {r["node"]: r["label"] for r in contracted.collect()} == expected


def test_large_and_small_graphs_are_cut_alike_whatever_the_order(spark: SparkSession) -> None:
    claims = random_claims(2, 160, 420)
    small = night(spark, claims)
    large = night(spark, claims[::-1], driver_links=40)
    assert large == small
    assert any(row[3] == "demoted" for row in small.blocked)
    assert max(len(accounts) for accounts in small.sets) <= LIMITS.max_accounts
    for accounts in small.sets:
        platforms = [account.split(":")[0] for account in accounts]
        assert max(platforms.count(p) for p in platforms) <= LIMITS.max_accounts_per_platform
