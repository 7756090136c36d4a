"""What a person's events say in their order: gaps, cycles, and what followed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from feeds import CONTRACTS, clean

from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.cells import cells
from huaxiang.days.rows import event_rows
from huaxiang.errors import ConfigurationError
from huaxiang.frames import stacked
from huaxiang.portrait.assemble import measured_portrait
from huaxiang.relations.assemble import measured_relations

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

AS_OF = date(2026, 11, 20)
NAMES = (
    "repurchase_gap",
    "repurchase_gap_spread",
    "repurchase_cycles",
    "link_visits_bought",
    "click_to_order_lag",
    "bought_again",
)
FOLLOWED = """\
- measure: link_visits_bought
  title: {en: Visits by shared link that led to a purchase, zh: 分享链接到访后购买次数}
  means: {en: "Views that a shared link led to, followed by an order of the same person within seven days", zh: 经分享链接到访且七天内同一人下单的次数}
  from: browse_event
  where: act = 'view' and link_id is not null
  adds_up: ordered(followed)
  then: {from: order_line, within_days: 7}
  grains: [person, brand]
  windows: [90]
  unit: visits
- measure: click_to_order_lag
  title: {en: Days from ad click to order, zh: 广告点击到下单天数}
  means: {en: "Median days from a click on an ad to the next order within thirty days", zh: 点击广告后三十天内下一次下单的间隔天数中位数}
  from: ad_event
  where: act = 'click'
  adds_up: ordered(lag_median)
  then: {from: order_line, within_days: 30}
  grains: [person]
  windows: [90]
  unit: days
- measure: bought_again
  title: {en: Orders followed by another, zh: 复购次数}
  means: {en: "Order lines followed by a later one within thirty days", zh: 三十天内再次下单的订单行数}
  from: order_line
  adds_up: ordered(followed)
  then: {from: order_line, within_days: 30}
  grains: [person]
  windows: [365]
"""
COVERS = {f: {"mall": "everybody"} for f in ("order_line", "browse_event", "ad_event")}


def order(who: str, day: str, product: str = "tea", clock: str = "12:00") -> dict[str, Any]:
    return {"who": who, "order_id": f"{who}{day}{product}", "line_id": "1", "product_id": product, "at": f"{day} {clock}",
            "event_key": f"{who}|{day}|{product}|{clock}", "paid_minor": 1, "quantity": 1}  # fmt: skip


def visit(who: str, at: str, link: str | None = "l1") -> dict[str, Any]:
    return {
        "who": who,
        "act": "view",
        "link_id": link,
        "at": at,
        "product_id": "tea",
        "event_key": f"{who}|{at}",
    }


def click(who: str, at: str) -> dict[str, Any]:
    return {"who": who, "act": "click", "at": at, "campaign_id": "c", "event_key": f"{who}|{at}"}


ORDERS = [
    *(order("mall:regular", f"2026-{m:02}-01") for m in range(5, 12)),  # gaps of 31, 30, 31, 31, 30, 31
    order("mall:regular", "2026-05-11", "soap"),
    order("mall:regular", "2026-11-19", "soap"),
    order("mall:once", "2026-11-01"),
    order("mall:twice", "2026-11-01", clock="09:00"),
    order("mall:twice", "2026-11-01", clock="21:00"),  # one day
    order("mall:one", "2026-10-01"),  # two accounts of one person
    order("mall:other", "2026-10-11"),
    order("mall:old", "2025-01-01"),
    order("mall:old", "2025-01-31"),
    order("mall:old", "2025-12-01"),  # 304 days: the gap ends in the window
    order("mall:tomorrow", "2026-11-20"),
    order("mall:tomorrow", "2026-11-21"),
    {k: v for k, v in order("mall:dated", "2026-11-10").items() if k != "at"} | {"on": "2026-11-10"},
    order("mall:clicked", "2026-11-10"),
    order("mall:clicked", "2026-11-18"),
]
VISITS = [
    visit("mall:clicked", "2026-11-03 12:00"),  # seven days to the second
    visit("mall:clicked", "2026-11-03 11:59"),  # a minute more
    visit("mall:clicked", "2026-11-10 12:00"),  # at the same instant
    visit("mall:clicked", "2026-11-10 12:01"),  # 7 days 23:59 to the next order
    visit("mall:clicked", "2026-11-17 12:00", None),  # no link
    visit("mall:clicked", "2026-11-18 12:01"),  # nothing after
    visit("mall:once", "2026-08-22 12:00"),  # 90 days before the night: outside
    visit("mall:once", "2026-11-02 12:00"),
    visit("mall:dated", "2026-11-09 23:30"),  # half an hour before the day of the order
    visit("mall:dated", "2026-11-10 00:30"),  # and after its midnight, which is all that is known of it
]
CLICKS = [
    click("mall:clicked", "2026-11-09 00:00"),
    click("mall:clicked", "2026-11-16 12:00"),
    click("mall:once", "2026-11-02 00:00"),
]
PERSON_OF = {
    **{a: a for a in {e["who"] for e in (*ORDERS, *VISITS, *CLICKS)}},
    "mall:other": "mall:one",
    "mall:nobody": "mall:nobody",
}


def told(spark: SparkSession, catalogue: Any, rows: int) -> tuple[dict[str, Any], dict[Any, Any]]:
    """The measures of everybody, from the events in another order for each `rows`."""
    products = [{"platform": "mall", "product_id": p, "brand_id": f"b-{p}", "category": f"home/{p}", "at": "2025-01-01 00:00"}
                for p in ("tea", "soap")]  # fmt: skip
    given = {"order_line": ORDERS, "browse_event": VISITS, "ad_event": CLICKS, "product": products}
    found: dict[str, DataFrame] = {
        f: clean(spark, f, *sorted(given.get(f, []), key=lambda e: crc32(f"{rows}{e}".encode()))).repartition(
            rows
        )
        for f in ("order_line", "browse_event", "ad_event", "product", "campaign")
    }
    made = []
    for parts in catalogue.streams().values():
        event = parts[0][0].event
        made.append(
            cells(
                event_rows(event, found[event.feed], found.__getitem__, zone="Asia/Shanghai"),
                parts,
                zone="Asia/Shanghai",
            )
        )
    day_rows = stacked(made).localCheckpoint()
    who = [(a, p, "mall") for a, p in PERSON_OF.items()]
    persons = spark.createDataFrame(who, "account string, person string, platform string")
    people = measured_portrait(day_rows, persons, catalogue, COVERS, as_of=AS_OF)
    pairs = measured_relations(day_rows, persons, catalogue, COVERS, as_of=AS_OF)
    return (
        {r["person"].removeprefix("mall:"): r.asDict(recursive=True) for r in people.collect()},
        {(r["person"].removeprefix("mall:"), r["brand_id"]): r.asDict() for r in pairs.collect()},
    )


@pytest.fixture(scope="module")
def both(_session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Any:
    conf = tmp_path_factory.mktemp("conf")
    (conf / "measures").mkdir()
    (conf / "measures/mine.yaml").write_text(FOLLOWED, encoding="utf-8")
    known = load_catalogue(CONTRACTS, conf)
    catalogue = type(known)(known.events, tuple(m for m in known.measures if m.name in NAMES), ())
    first, second = (told(_session, catalogue, rows) for rows in (1, 3))
    assert first == second
    return first


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("regular", {"repurchase_gap_all": 30.0, "repurchase_gap_365d": 30.0}),  # 10 18 21 30 30 31 31 31
        ("regular", {"repurchase_cycles": [
            {"key": "home/soap", "value": 192.0, "spread": 0.0, "gaps": 1},
            {"key": "home/tea", "value": 31.0, "spread": 0.375, "gaps": 6},
        ]}),
        ("once", {"repurchase_gap_all": None, "repurchase_gap_spread_all": None, "repurchase_cycles": None}),
        ("twice", {"repurchase_gap_all": None, "repurchase_cycles": None}),
        ("one", {"repurchase_gap_all": 10.0, "repurchase_gap_spread_all": 0.0}),
        ("old", {"repurchase_gap_all": 167.0, "repurchase_gap_365d": 304.0, "repurchase_gap_spread_all": 68.5}),
        ("tomorrow", {"repurchase_gap_all": None}),
        ("clicked", {"link_visits_bought_90d": 2, "click_to_order_lag_90d": 1.75}),
        ("dated", {"link_visits_bought_90d": 1}),
        ("twice", {"bought_again_365d": 1}),  # nothing follows itself
        ("once", {"bought_again_365d": 0}),
        ("clicked", {"bought_again_365d": 1}),
        ("once", {"link_visits_bought_90d": 0, "click_to_order_lag_90d": None}),
        ("nobody", {"link_visits_bought_90d": 0, "repurchase_gap_all": None, "repurchase_cycles": None}),
    ],
)  # fmt: skip
def test_a_person_is_told(both: Any, person: str, expected: dict[str, Any]) -> None:
    found = both[0][person]
    names = {n: n if n in found else f"{n}_all" for n in expected}
    assert {n: found[names[n]] for n in expected} == expected


def test_a_pair_is_told_by_what_concerns_the_brand(both: Any) -> None:
    pairs = both[1]
    assert pairs["regular", "b-tea"]["repurchase_gap_all"] == 31.0
    assert pairs["regular", "b-soap"]["repurchase_gap_all"] == 192.0
    assert pairs["clicked", "b-tea"]["link_visits_bought_90d"] == 2
    assert pairs["once", "b-tea"]["repurchase_gap_365d"] is None


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("from: order_line\n  adds_up: ordered(gap)", "`ordered(gap)`"),
        ("from: order_line\n  adds_up: ordered(gap_median, category)", "ordered(cycles, <key>)"),
        ("from: order_line\n  adds_up: ordered(cycles)", "ordered(cycles, <key>)"),
        ("from: order_line\n  adds_up: ordered(cycles, colour)", "has no key `colour`"),
        ("from: order_line\n  adds_up: ordered(cycles, category)\n  grains: [brand]", "cannot be asked per brand"),
        ("from: order_line\n  adds_up: ordered(followed)", "`then` is missing"),
        ("from: order_line\n  adds_up: count\n  then: {from: review, within_days: 3}", "`then` has no meaning here"),
        ("from: order_line\n  adds_up: ordered(followed)\n  then: 3", "`then: 3`"),
        ("from: order_line\n  adds_up: ordered(followed)\n  then: {from: reviews, within_days: 3}", "unknown event `reviews`"),
        ("from: order_line\n  adds_up: ordered(followed)\n  then: {from: review, within_days: 0}", "`within_days: 0`"),
        ("from: order_line\n  adds_up: ordered(followed)\n  then: {from: review, days: 2}", "unknown key `days` of then"),
        ("from: order_line\n  adds_up: ordered(followed)\n  then: {from: review, where: ratin > 1, within_days: 2}", "ratin"),
    ],
)  # fmt: skip
def test_a_mistake_is_told(tmp_path: Path, entry: str, said: str) -> None:
    folder = tmp_path / "measures"
    folder.mkdir()
    words = "  title: {en: a, zh: b}\n  means: {en: a, zh: b}\n"
    (folder / "mine.yaml").write_text(f"- measure: mine\n{words}  {entry}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_catalogue(CONTRACTS, tmp_path)
    assert said in str(refused.value)
