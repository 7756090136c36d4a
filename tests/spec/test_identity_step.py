"""The step through nights on tables in memory: what is written, when nothing is, and the laws of the sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from people import LIMITS, ZONE

from huaxiang import __version__
from huaxiang.clean.changes import NOTE
from huaxiang.identity.step import run

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

COMMON = "event_key string, release bigint, part string"
SCHEMAS = {
    "clean/identity_claim": f"account string, kind string, value_key string, {COMMON}",
    "clean/consent_event": "account string, purpose string, action string, at timestamp, "
    f"business_date date, arrival_date date, {COMMON}",
    "clean/social_account": f"account string, brand_id string, {COMMON}",
    "clean/social_follow": f"account string, other_account string, {COMMON}",
    "clean/delivery": f"order_id string, {COMMON}",
    "person_account": "account string, person string, platform string, linked_by array<string>, "
    "since_release bigint",
    "person_account_past": "account string, person string, platform string, since_release bigint, known_to bigint",
    "identity_log": "release bigint, action string, person string, other_person string, accounts bigint",
    "blocked_claim": "kind string, value_pseudonym string, accounts bigint, reason string, release bigint",
}
FEEDS = tuple(name.removeprefix("clean/") for name in SCHEMAS if name.startswith("clean/"))

Rows = list[tuple[Any, ...]]


@dataclass
class Tables:
    """A lake and its attempt in memory: `pins` is the newest release, `tables` what the attempt wrote."""

    spark: SparkSession
    pins: dict[str, Rows] = field(default_factory=dict)
    tables: dict[str, Rows] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    newest: Any = None
    log: list[str] = field(default_factory=list)

    def read(self, name: str) -> DataFrame:
        return self._frame(name, self.tables.get(name, self.pins.get(name, [])))

    def read_pinned(self, name: str) -> DataFrame:
        return self._frame(name, self.pins.get(name, []))

    def exists(self, name: str) -> bool:
        return name in self.tables or name in self.pins

    def pinned(self, name: str) -> Rows | None:
        return self.pins.get(name)

    def rows(self, name: str) -> int:
        return len(self.tables.get(name, self.pins.get(name, [])))

    def append(self, name: str, frame: DataFrame) -> object:
        if new := self._collect(name, frame):
            self.tables[name] = self.tables.get(name, self.pins.get(name, [])) + new
            self.log.append(f"append {name}")
        return SimpleNamespace(changed=bool(new))

    def replace(self, name: str, frame: DataFrame, *, unless_equal: bool = False) -> object:
        rows = self._collect(name, frame)
        if (
            unless_equal
            and name in self.pins
            and sorted(map(repr, rows)) == sorted(map(repr, self.pins[name]))
        ):
            return SimpleNamespace(changed=False)
        self.tables[name] = rows
        self.log.append(f"replace {name}")
        return SimpleNamespace(changed=True)

    def undo(self, names: list[str]) -> None:
        for name in names:
            self.tables.pop(name)

    def _collect(self, name: str, frame: DataFrame) -> Rows:
        columns = [part.split(" ")[0] for part in SCHEMAS[name].split(", ")]
        return [tuple(row) for row in frame.select(*columns).collect()]

    def _frame(self, name: str, rows: Rows) -> DataFrame:
        return self.spark.createDataFrame(rows, SCHEMAS[name])


class Walk:
    """A lake that walks from night to night; each says what its clean tables now hold, by their keys."""

    def __init__(self, spark: SparkSession) -> None:
        self.lake = Tables(spark)
        self.number = 0
        self.clean: dict[str, dict[str, tuple[Any, ...]]] = {feed: {} for feed in FEEDS}

    def night(
        self,
        add: dict[str, dict[str, tuple[Any, ...]]] | None = None,
        drop: dict[str, list[str]] | None = None,
        *,
        settings: str = "same",
        rebuild: bool = False,
    ) -> dict[str, int]:
        self.number += 1
        lake = self.lake
        lake.tables, lake.log, parts_left = {}, [], {}
        for feed in {*(add or {}), *(drop or {})}:
            new, gone = (add or {}).get(feed, {}), (drop or {}).get(feed, [])
            if gone or any(key in self.clean[feed] for key in new):
                parts_left[feed] = ["now"]
            for key in gone:
                del self.clean[feed][key]
            self.clean[feed] |= {key: (*row, key, self.number, "now") for key, row in new.items()}
            lake.tables[f"clean/{feed}"] = list(self.clean[feed].values())
        lake.notes = {NOTE: parts_left}
        night = SimpleNamespace(
            expect=lambda _: None,
            spark=lake.spark,
            lake=lake,
            attempt=lake,
            feeds=FEEDS,
            changed_feeds=frozenset(name.removeprefix("clean/") for name in lake.tables),
            number=self.number,
            business_zone=ZONE,
            rebuild=rebuild,
            pepper=b"pepper",
            config=SimpleNamespace(identity=LIMITS, joins_by_default=True, fingerprint=settings),
        )
        told = run(night).told()
        lake.pins = {**lake.pins, **lake.tables}
        lake.newest = SimpleNamespace(config_hash=settings, code_version=__version__)
        return told

    @property
    def sets(self) -> set[frozenset[str]]:
        members: dict[str, set[str]] = {}
        for account, person, *_ in self.lake.pins["person_account"]:
            members.setdefault(person, set()).add(account)
        return {frozenset(accounts) for accounts in members.values()}

    def rebuilt(self) -> set[frozenset[str]]:
        """The persons of another lake that gets everything in one night."""
        other = Walk(self.lake.spark)
        keys = {f: {k: row[:-3] for k, row in rows.items()} for f, rows in self.clean.items() if rows}
        other.night(keys)
        return other.sets


def test_nights_one_by_one_write_only_what_changed_and_give_the_sets_of_a_rebuild(
    spark: SparkSession,
) -> None:
    walk = Walk(spark)
    follow = {"f1": ("p:1", "p:9"), "f2": ("p:2", "p:1")}
    claims = {f"c{n}": (a, "phone", "x") for n, a in enumerate(["p:1", "q:2", "r:3"])}
    first = walk.night({"social_follow": follow, "identity_claim": claims, "delivery": {"d": ("o",)}})
    assert first == {
        "accounts": 5, "persons": 3, "new": 3, "merged": 0, "split": 0, "moved": 0, "blocked_claims": 0,
        "of_brands": 0,
    }  # fmt: skip
    assert walk.sets == {frozenset({"p:1", "q:2", "r:3"}), frozenset({"p:2"}), frozenset({"p:9"})}
    before = dict(walk.lake.pins)

    # nothing at all, and nothing about accounts: no table is touched
    assert walk.night() == {**first, "new": 0}
    assert walk.night({"delivery": {"d2": ("o2",)}}) == {**first, "new": 0}
    assert walk.lake.log == []

    # new accounts without claims become persons of their own; known ones do nothing
    told = walk.night({"social_follow": {"f3": ("p:5", "p:1"), "f4": ("p:1", "p:2")}})
    assert (told["accounts"], told["persons"], told["new"]) == (6, 4, 1)
    assert walk.lake.log[:2] == ["append identity_log", "append person_account"]
    assert before["person_account"] == walk.lake.pins["person_account"][:5]

    # a deleted follow: p:9 is gone, p:1 is seen elsewhere; a revised one brings p:6 instead of p:5
    told = walk.night({"social_follow": {"f3": ("p:6", "p:1")}}, {"social_follow": ["f1"]})
    assert (told["accounts"], told["new"]) == (5, 1)
    assert walk.lake.log == [
        "append identity_log", "replace person_account", "append person_account_past",
    ]  # fmt: skip

    # a withdrawn claim splits; the claimant's last row is gone with it
    told = walk.night({}, {"identity_claim": ["c2"]})
    assert (told["accounts"], told["split"]) == (4, 0)
    assert frozenset({"p:1", "q:2"}) in walk.sets

    # a consent withdrawn splits, and the other keeps the id; a word alone makes an account known
    known = {row[0]: row[1] for row in walk.lake.pins["person_account"]}
    words = {
        a: (a, "join", say, None, date(2024, 1, 1), date(2024, 1, 1))
        for a, say in (("q:2", "withdraw"), ("s:7", "grant"))
    }
    told = walk.night({"consent_event": words})
    assert (told["accounts"], told["new"], told["split"]) == (5, 1, 1)
    now = {row[0]: row[1] for row in walk.lake.pins["person_account"]}
    assert now["p:1"] == known["p:1"] != now["q:2"]
    assert walk.sets == walk.rebuilt()

    # judged again from scratch, for other settings, with the same result: nothing is written
    walk.night(settings="other", rebuild=True)
    assert walk.lake.log == []


def test_accounts_of_brands_are_nobodys(spark: SparkSession) -> None:
    walk = Walk(spark)
    follow = {"f1": ("p:1", "p:shop"), "f2": ("p:2", "p:late")}
    claims = {f"c{n}": (a, "phone", "x") for n, a in enumerate(["p:1", "p:shop"])}
    claims |= {f"d{n}": (a, "phone", "y") for n, a in enumerate(["p:2", "p:late", "q:3"])}
    profiles = {"s1": ("p:1", None), "s2": ("p:shop", "b1")}
    walk.night({"social_follow": follow, "identity_claim": claims, "social_account": profiles})
    assert walk.sets == {frozenset({"p:1"}), frozenset({"p:2", "p:late", "q:3"})}

    # one whose profile comes late was somebody's until then, and links nobody any more
    told = walk.night({"social_account": {"s3": ("p:late", "b2"), "s4": ("q:3", None)}})
    assert walk.sets == walk.rebuilt() == {frozenset({"p:1"}), frozenset({"p:2", "q:3"})}
    assert (told["accounts"], told["of_brands"], told["new"]) == (3, 2, 0)
    assert [row[0] for row in walk.lake.pins["person_account_past"]] == ["p:late"]

    # it acts and claims on: still nobody's, and nothing is written
    walk.night({"social_follow": {"f3": ("p:late", "p:1"), "f4": ("p:shop", "p:1")}})
    assert walk.lake.log == []

    # a profile that is corrected or taken back gives the account to its person again
    told = walk.night({"social_account": {"s2": ("p:shop", None)}}, {"social_account": ["s3"]})
    assert walk.sets == walk.rebuilt() == {frozenset({"p:1", "p:shop"}), frozenset({"p:2", "p:late", "q:3"})}
    assert (told["accounts"], told["new"]) == (5, 0)

    # in a lake that took brands for persons the next night, whatever comes, takes them out
    walk.clean["social_account"]["s2"] = ("p:shop", "b1", "s2", 1, "now")
    walk.lake.pins["clean/social_account"] = list(walk.clean["social_account"].values())
    walk.night({"social_follow": {"f5": ("p:1", "p:2")}})
    assert walk.sets == walk.rebuilt() == {frozenset({"p:1"}), frozenset({"p:2", "p:late", "q:3"})}


def test_a_value_that_a_brand_claims_too_is_shared_by_one_more(spark: SparkSession) -> None:
    most = LIMITS.limits["phone"]
    staff = [f"p:{n}" for n in range(most)]
    claims = {f"c{account}": (account, "phone", "hotline") for account in [*staff, "p:shop"]}
    walk = Walk(spark)
    told = walk.night({"identity_claim": claims, "social_account": {"s": ("p:shop", "b1")}})
    assert (told["persons"], told["blocked_claims"]) == (most, 1)


def test_a_lake_without_accounts_has_no_persons(spark: SparkSession) -> None:
    walk = Walk(spark)
    told = walk.night({"delivery": {"d": ("o",)}})
    assert set(told.values()) == {0}
    assert walk.night()["accounts"] == 0
