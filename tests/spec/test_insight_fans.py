"""Fans of a brand by hand: who follows its accounts, came, left, wrote to it and bought."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from feeds import CONTRACTS, clean
from people import in_parts
from scipy.stats import binomtest

from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.cells import condition
from huaxiang.insight.fans import brand_accounts, engagements, fan_base, fan_overlap, fan_spells
from huaxiang.insight.turned_away import PUSHED, TURNED_BY

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
MAIN, HELP, OTHER = "weiwo:main", "weiwo:help", "weiwo:rival"
ZONE = "Asia/Shanghai"
PUSHES = next(m.part for m in load_catalogue(CONTRACTS).measures if m.name == TURNED_BY[PUSHED])
PERSON_OF = {
    "weiwo:anna": "anna", "weiwo:anna2": "anna", "weiwo:ben": "ben", "weiwo:cleo": "cleo", "weiwo:dan": "dan",
    "weiwo:eve": "eve", "weiwo:fay": "fay",
}  # fmt: skip
ACCOUNTS: list[dict[str, Any]] = [
    {"who": MAIN, "brand_id": "b1", "brand_role": "main", "at": "2025-01-01 00:00"},
    {"who": HELP, "brand_id": "b1", "brand_role": "store", "at": "2025-01-01 00:00"},
    {"who": HELP, "brand_id": "b1", "brand_role": "help", "at": "2026-01-01 00:00"},
    {"who": HELP, "brand_id": "b1", "brand_role": "tomorrow's", "at": "2026-11-21 00:00"},
    {"who": OTHER, "brand_id": "b2", "brand_role": "main", "at": "2025-01-01 00:00"},
    {"who": "weiwo:sold", "brand_id": "b2", "at": "2025-01-01 00:00"},
    {"who": "weiwo:sold", "at": "2025-01-02 00:00"},
]


def act(who: str, whom: str, when: str | None, action: str = "follow", **more: Any) -> dict[str, Any]:
    """A follow at noon of a date, or at no known time."""
    time = {"at": f"{when} 12:00"} if when else {}
    return {"who": f"weiwo:{who}", "other_account": whom, "action": action, **time, **more}


def unfollow(who: str, whom: str, when: str | None, cause: str | None = None, **more: Any) -> dict[str, Any]:
    return act(who, whom, when, "unfollow", cause=cause, **more)


def known(spark: SparkSession, *follows: dict[str, Any]) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Spells, the brands' accounts, and who is who."""
    persons = spark.createDataFrame(list(PERSON_OF.items()), "account string, person string")
    accounts = brand_accounts(clean(spark, "social_account", *ACCOUNTS), as_of=AS_OF)
    made = clean(spark, "social_follow", *follows)
    spells = fan_spells(made, accounts, persons, pushed=condition(PUSHES, ZONE), zone=ZONE, as_of=AS_OF)
    return spells.localCheckpoint(), accounts, persons


def nobody(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame([], "brand_id string, brand_account string, person string, month date")


def base(
    spark: SparkSession,
    *follows: dict[str, Any],
    bought: dict[str, date | None] | None = None,
    engaged: DataFrame | None = None,
    orders_known: bool = True,
) -> dict[tuple[str, str | None, date], Any]:
    """The fan base after these follows; `bought` are first orders of b1."""
    spells, accounts, _ = known(spark, *follows)
    orders = [("b1", person, day) for person, day in (bought or {}).items()]
    relation = spark.createDataFrame(orders, "brand_id string, person string, first_order_date date")
    rows = fan_base(
        spells, engaged or nobody(spark), relation, accounts, orders_known=orders_known, as_of=AS_OF
    ).collect()
    told = {(r["brand_id"], r["brand_account"], r["month"]): r for r in rows}
    assert len(told) == len(rows)
    return told


def flow(row: Any) -> tuple[int, int, int]:
    return row["fans"], row["gained"], row["lost"]


def test_the_accounts_of_a_brand_are_those_it_has_now(spark: SparkSession) -> None:
    _, accounts, _ = known(spark)
    assert {tuple(r) for r in accounts.select("brand_account", "brand_id", "brand_role").collect()} == {
        (MAIN, "b1", "main"),
        (HELP, "b1", "help"),
        (OTHER, "b2", "main"),
    }


def test_a_person_is_one_fan_until_the_last_account_is_left(spark: SparkSession) -> None:
    told = base(
        spark,
        act("anna", MAIN, "2026-08-03"),
        act("anna2", MAIN, "2026-09-03"),  # she again
        act("anna", HELP, "2026-09-04"),
        unfollow("anna", MAIN, "2026-10-05"),  # and still a fan of it by her second account
        unfollow("anna2", MAIN, "2026-10-06", "friend"),  # of the brand, still by the other one
        unfollow("anna", HELP, "2026-11-07", "push"),
        unfollow("anna", HELP, "2026-11-08", "push"),  # twice is once
    )
    whole = {month: flow(row) for (_, account, month), row in told.items() if account is None}
    assert whole == {
        date(2026, 8, 1): (1, 1, 0),
        date(2026, 9, 1): (1, 0, 0),
        OCTOBER: (1, 0, 0),
        NOVEMBER: (0, 0, 1),
    }
    assert [flow(told["b1", MAIN, date(2026, m, 1)]) for m in (8, 9, 10, 11)] == [
        (1, 1, 0),
        (1, 0, 0),
        (0, 0, 1),
        (0, 0, 0),
    ]
    assert min(month for _, account, month in told if account == HELP) == date(2026, 9, 1)
    assert [told["b1", a, NOVEMBER]["brand_role"] for a in (None, MAIN, HELP)] == [None, "main", "help"]
    assert told["b1", None, NOVEMBER]["share"] is None  # of no fan


def test_who_comes_back_is_lost_and_gained(spark: SparkSession) -> None:
    told = base(
        spark,
        act("ben", MAIN, "2026-11-02"),
        unfollow("ben", MAIN, "2026-11-03", "push"),
        act("ben", MAIN, "2026-11-03", at="2026-11-03 13:00"),
        unfollow("cleo", MAIN, "2026-11-04", "push"),  # who never followed, as far as is known
        act("dan", MAIN, "2026-11-20"),
        unfollow("dan", MAIN, "2026-11-21"),  # not yet
        act("nobody known", MAIN, "2026-11-02"),
        act("eve", "weiwo:sold", "2026-11-02"),  # no brand's any more
    )
    assert {key: (*flow(row), row["lost_after_push"]) for key, row in told.items()} == {
        ("b1", None, NOVEMBER): (2, 3, 1, 1),
        ("b1", MAIN, NOVEMBER): (2, 3, 1, 1),
    }


def test_losses_have_the_causes_that_are_told(spark: SparkSession) -> None:
    causes = ["Push 11.11", "push", "推送：双十一", "search", None, None]
    names = ["anna", "ben", "cleo", "dan", "eve", "fay"]
    told = base(
        spark,
        *(act(who, MAIN, "2026-11-01", cause="friend") for who in names),
        *(unfollow(who, MAIN, "2026-11-09", cause) for who, cause in zip(names, causes, strict=True)),
    )
    row = told["b1", None, NOVEMBER]
    assert (flow(row), row["lost_after_push"]) == ((0, 6, 6), 3)
    assert [tuple(cause) for cause in row["lost_by"]] == [
        ("Push 11.11", 1), ("push", 1), ("search", 1), ("推送：双十一", 1),
    ]  # fmt: skip


def test_of_one_instant_the_later_revision_decides_then_the_key(spark: SparkSession) -> None:
    told = base(
        spark,
        act("ben", MAIN, "2026-11-02", revision=1),
        unfollow("ben", MAIN, "2026-11-02", event_key="z"),  # of a lower revision, so before it
        unfollow("cleo", MAIN, "2026-11-02", event_key="a"),
        act("cleo", MAIN, "2026-11-02", event_key="b"),
        act("dan", MAIN, "2026-11-02", event_key="a"),
        unfollow("dan", MAIN, "2026-11-02", event_key="b"),
    )
    assert flow(told["b1", MAIN, NOVEMBER]) == (2, 3, 1)


def test_a_follow_with_a_date_alone_is_of_its_midnight_in_the_business_zone(spark: SparkSession) -> None:
    """Shanghai's date begins at 16:00 UTC of the day before; 08:00 there would be after who left at 01:00."""
    alone = {"who": "weiwo:ben", "other_account": MAIN, "action": "follow", "on": "2026-11-02"}
    told = base(
        spark,
        alone,
        {**unfollow("ben", MAIN, "2026-11-02"), "at": "2026-11-02 01:00"},
        {**act("cleo", MAIN, "2026-11-02"), "at": "2026-11-02 01:00"},
        {**alone, "who": "weiwo:cleo", "action": "unfollow"},  # of one who did not follow yet
    )
    assert flow(told["b1", MAIN, NOVEMBER]) == (1, 2, 1)


def test_a_follow_without_a_date_is_from_before(spark: SparkSession) -> None:
    told = base(
        spark,
        act("anna", MAIN, None),
        act("ben", MAIN, None),
        unfollow("ben", MAIN, "2026-11-05"),
        act("cleo", MAIN, None, event_key="a"),
        unfollow("cleo", MAIN, None, event_key="b"),  # over before the first month
        act("dan", MAIN, "2024-05-05"),
        bought={"anna": date(2026, 11, 1), "ben": date(2026, 10, 31), "cleo": date(2026, 1, 1)},
    )
    whole = {month: row for (_, account, month), row in told.items() if account is None}
    assert sorted(whole) == [date(2025, 12, 1), *(date(2026, m, 1) for m in range(1, 12))]
    assert {flow(row) for month, row in whole.items() if month < NOVEMBER} == {(3, 0, 0)}
    assert flow(whole[NOVEMBER]) == (2, 0, 1)
    assert [whole[month]["buyers"] for month in (date(2026, 9, 1), OCTOBER, NOVEMBER)] == [0, 1, 1]
    assert [(row["converted"], row["median_days"]) for row in whole.values()] == [(0, None)] * 12


def test_an_account_of_a_brand_is_nobodys_fan(spark: SparkSession) -> None:
    assert not base(spark, act("main", HELP, "2026-11-02"), act("rival", MAIN, "2026-11-03"))


def test_fans_who_buy(spark: SparkSession) -> None:
    told = base(
        spark,
        act("anna", MAIN, "2026-10-01"),
        act("anna", HELP, "2026-10-11"),
        act("ben", MAIN, "2026-10-02"),
        act("cleo", MAIN, "2026-10-03"),
        act("dan", MAIN, "2026-10-04"),
        act("eve", MAIN, "2026-10-05"),
        unfollow("eve", MAIN, "2026-11-10"),
        act("fay", MAIN, "2026-10-06"),
        unfollow("fay", MAIN, "2026-10-20"),
        act("fay", MAIN, "2026-11-01"),
        bought={
            "anna": date(2026, 10, 15),  # 14 days after she followed the brand, 4 after its second account
            "ben": date(2026, 10, 2),  # on the same day: nobody knows which came first
            "cleo": date(2026, 1, 1),  # long before
            "dan": None,
            "eve": date(2026, 10, 30),  # is no fan any more
            "fay": date(2026, 10, 26),  # while she was none: 20 days after she first followed
        },
    )
    row, before = told["b1", None, NOVEMBER], told["b1", None, OCTOBER]
    assert (row["fans"], row["buyers"], row["converted"], row["median_days"]) == (5, 4, 2, 17.0)
    assert (before["fans"], before["buyers"], before["converted"], before["median_days"]) == (5, 4, 2, 19.5)
    wilson = binomtest(4, 5).proportion_ci(method="wilson")
    shares = row["share"], row["share_low"], row["share_high"]
    assert shares == pytest.approx((0.8, wilson.low, wilson.high), abs=1e-4)
    helped = told["b1", HELP, NOVEMBER]
    assert (helped["fans"], helped["buyers"], helped["median_days"]) == (1, 1, 4.0)


def test_where_no_orders_are_known_nobody_says_who_buys(spark: SparkSession) -> None:
    row = base(spark, act("anna", MAIN, "2026-11-01"), orders_known=False)["b1", None, NOVEMBER]
    names = ("fans", "buyers", "share", "share_low", "share_high", "converted", "median_days")
    assert [row[name] for name in names] == [1, *[None] * 6]


def test_active_fans_do_something_with_the_brand(spark: SparkSession) -> None:
    follows = [act(who, MAIN, "2026-10-01") for who in ("anna", "ben", "cleo", "dan", "eve")]
    follows += [act("ben", HELP, "2026-11-10"), unfollow("eve", MAIN, "2026-11-10")]
    _, accounts, persons = known(spark, *follows)
    posts = [
        {"who": MAIN, "post_id": "1", "kind": "original", "at": "2024-01-01 00:00"},
        {"who": OTHER, "post_id": "2", "kind": "original", "at": "2024-01-01 00:00"},
        {
            "who": "weiwo:cleo",
            "post_id": "3",
            "kind": "comment",
            "parent_post_id": "1",
            "at": "2026-10-09 00:00",
        },
    ]
    acts = [
        ("anna", "1", "like", "2026-10-09"), ("anna2", "1", "share", "2026-10-09"), ("anna", "1", "like", "2025-11-30"),
        ("ben", "1", "view", "2026-10-09"), ("ben", "1", "hide", "2026-10-09"), ("ben", "2", "like", "2026-10-09"),
        ("eve", "1", "click", "2026-11-09"), ("fay", "1", "like", "2026-10-09"), ("dan", "1", "like", "2026-11-21"),
    ]  # fmt: skip
    messages = [("ben", HELP, "2026-11-09"), ("main", "weiwo:dan", "2026-10-09")]
    engaged = engagements(
        clean(spark, "social_post", *posts),
        clean(
            spark,
            "social_interaction",
            *(
                {"who": f"weiwo:{who}", "post_id": post, "act": did, "at": f"{day} 09:00"}
                for who, post, did, day in acts
            ),
        ),
        clean(
            spark,
            "social_message",
            *(
                {"who": f"weiwo:{who}", "other_account": to, "at": f"{day} 09:00"}
                for who, to, day in messages
            ),
        ),
        accounts,
        persons,
        as_of=AS_OF,
    ).localCheckpoint()
    told = base(spark, *follows, engaged=engaged)
    assert {key: row["active_fans"] for key, row in told.items()} == {
        ("b1", None, OCTOBER): 2,  # Anna and Cleo; Fay is no fan
        ("b1", MAIN, OCTOBER): 2,
        ("b1", None, NOVEMBER): 1,  # Ben; Eve left
        ("b1", MAIN, NOVEMBER): 0,
        ("b1", HELP, NOVEMBER): 1,
    }


def test_accounts_share_fans(spark: SparkSession) -> None:
    spells, _, _ = known(
        spark,
        act("anna", MAIN, "2026-10-01"),
        act("anna2", HELP, "2026-10-01"),  # the same person
        act("ben", MAIN, "2026-10-01"),
        act("ben", HELP, "2026-10-01"),
        unfollow("ben", HELP, "2026-10-02"),
        act("cleo", HELP, "2026-10-01"),
        act("dan", OTHER, "2026-10-01"),
    )
    assert [tuple(row) for row in fan_overlap(spells).collect()] == [
        ("b1", HELP, MAIN, 1, 3, pytest.approx(1 / 3))
    ]
    apart, _, _ = known(spark, act("anna", MAIN, "2026-10-01"), act("ben", HELP, "2026-10-01"))
    assert [tuple(row) for row in fan_overlap(apart).collect()] == [("b1", HELP, MAIN, 0, 2, 0.0)]


def test_no_follow_makes_no_row(spark: SparkSession) -> None:
    spells, _, _ = known(spark)
    assert base(spark) == {}
    assert fan_overlap(spells).collect() == []


def test_partitions_and_order_change_nothing(spark: SparkSession) -> None:
    names = ("anna", "anna2", "ben", "cleo", "dan")
    follows = [
        act(
            who,
            whom,
            f"2026-{8 + n % 4:02}-{1 + n % 3:02}",
            ("follow", "unfollow")[n * 7 % 5 > 2],
            revision=n % 2,
        )
        for n, (who, whom) in enumerate((w, a) for w in names * 4 for a in (MAIN, HELP))
    ]
    persons = spark.createDataFrame(list(PERSON_OF.items()), "account string, person string")
    accounts = brand_accounts(clean(spark, "social_account", *ACCOUNTS), as_of=AS_OF)
    made = clean(spark, "social_follow", *follows)
    pushed = condition(PUSHES, ZONE)
    found = [
        sorted(
            map(repr, fan_spells(frame, accounts, persons, pushed=pushed, zone=ZONE, as_of=AS_OF).collect())
        )
        for frame in (made, in_parts(made, 7))
    ]
    assert len(found[0]) > 5
    assert found[0] == found[1]
