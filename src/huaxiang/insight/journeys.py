"""What came before a purchase and what was said after it: one row per person, brand and day of buying.

Day rows tell what happened on which day, not in which order within it. What happened on the day of an order
therefore counts as before it, and after it, too; and of kinds of touch that begin on one day the one nearer to
buying, the later one in `TOUCHES`, counts as the later.
"""

from __future__ import annotations

from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from pyspark.sql import Window
from pyspark.sql import functions as F

from huaxiang.insight.of_months import first_month
from huaxiang.insight.touches import COMPARED, LOOKBACK, TALK, TOUCHES
from huaxiang.portrait.coverage import (
    covered_since,
    covers_by_feed,
    is_covered,
    is_told,
    people,
    unknown_by_feed,
)
from huaxiang.portrait.fold import KEY_SEPARATOR, of_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Measure, Part

ORDERS = "orders"
PURCHASE = ("person", "brand_id", "day")
COMPARED_FROM = ("order_line", "browse_event")
"""What `comparisons` reads, products aside."""

KindsTold = dict[str, tuple[tuple[str, ...], "Column"]]
"""By kind of touch or talk: the measures that tell of it, and whether they do of the person and day of a row."""


def journeys(
    day_rows: DataFrame,
    persons: DataFrame,
    measures: Mapping[str, Measure],
    coverage: Sequence[Mapping[str, Any]],
    read: Callable[[str], DataFrame],
    products: DataFrame,
    *,
    as_of: date,
) -> tuple[DataFrame, dict[str, Column], dict[str, Column]]:
    """Return `purchases` with whom feeds cover, and by kind of touch and of talk whether feeds tell of a row.

    Of all `persons`, accounts with whose they are; an account that is nobody's there counts as another's. `read` gives
    the clean feeds by their table, `products` are as of `premium.branded`.
    """
    touches = known_kinds(TOUCHES, measures, coverage, F.date_sub("day", LOOKBACK - 1))
    talk = known_kinds(TALK, measures, coverage, F.col("day"))
    counted = {kind: names for kind, (names, _) in (touches | talk).items() if names}
    days = brand_days(day_rows, persons, {ORDERS: (ORDERS,), **counted}, measures, as_of=as_of)
    compared = None
    if COMPARED in touches:
        lines, browses = (read(f"clean/{feed}") for feed in COMPARED_FROM)
        compared = comparisons(lines, browses, products, persons, as_of=as_of)
    buyers = people(persons, covers_by_feed(coverage))
    made = purchases(days, compared, tuple(touches), as_of=as_of).join(buyers, "person")
    told, said = ({kind: known for kind, (_, known) in kinds.items()} for kinds in (touches, talk))
    return made, told, said


def known_kinds(
    kinds: Mapping[str, Sequence[str]],
    measures: Mapping[str, Measure],
    coverage: Sequence[Mapping[str, Any]],
    since: Column,
) -> KindsTold:
    """Return the kinds of which some feed tells, each with its measures and whether these tell of a row.

    A row has what `people` says of its person; `since` is the first day that its window looks at. All feeds that came at
    all must cover the person, as `portrait.coverage` has it, from that day on and of all the feed's platforms:
    absence is then a fact, as far as the platforms go that deliver.
    """
    covers, unknown = covers_by_feed(coverage), unknown_by_feed(coverage)
    known: KindsTold = {}
    for kind, names in kinds.items():
        told = [
            measures[n]
            for n in names
            if set(_feeds(measures[n])) <= covers.keys() and is_told(measures[n], covers, unknown)
        ]
        feeds = {feed for m in told for feed in _feeds(m)}
        if kind == COMPARED and set(COMPARED_FROM) <= covers.keys():
            feeds = {"browse_event"}
        if feeds:
            began = {feed: F.lit(covered_since(feed, coverage)).cast("date") for feed in sorted(feeds)}
            covered = (
                is_covered(covers, f) & F.coalesce(day <= since, F.lit(False)) for f, day in began.items()
            )
            known[kind] = tuple(m.name for m in told), reduce(and_, covered)
    return known


def _feeds(measure: Measure) -> list[str]:
    """The feeds without which a measure counts nothing."""
    event = measure.part.event
    return [event.feed, *(lookup.feed for lookup in event.lookups if lookup.needs)]


def brand_days(
    day_rows: DataFrame,
    persons: DataFrame,
    kinds: Mapping[str, Sequence[str]],
    measures: Mapping[str, Measure],
    *,
    as_of: date,
) -> DataFrame:
    """Return person × brand × day on which any of `kinds` happened: how many times, a column each; null for none.

    `kinds` names measures that are counted by brand. Of the twelve calendar months up to the night and the `LOOKBACK`
    days ahead of them; events without a date don't count, nor what somebody did with an account of their own
    where a measure asks for others.
    """
    wanted = {name: [measures[n].part for n in names] for name, names in kinds.items()}
    read = [measures[n] for names in kinds.values() for n in names]
    opens = F.date_sub(first_month(as_of), LOOKBACK - 1)
    mine = F.col("key_kind").isin("brand", "brand_account")
    counted = reduce(or_, (_in_own_cells(m.part) > 0 for m in read))
    cells = of_streams(day_rows, read).where(
        mine & counted & F.col("business_date").between(opens, F.lit(as_of))
    )
    of_others = F.col("key_kind") == "brand_account"
    both = F.split("key", KEY_SEPARATOR)
    narrow = cells.select(
        F.when(of_others, both[1]).otherwise(F.col("account")).alias("account"),
        F.when(of_others, F.col("account")).alias("_other"),
        both[0].alias("brand_id"),
        F.col("business_date").alias("day"),
        *(_times(parts).alias(name) for name, parts in wanted.items()),
    )
    theirs = persons.select(F.col("account").alias("_other"), F.col("person").alias("_whose"))
    return (
        narrow.join(persons.select("account", "person"), "account")
        .join(theirs, "_other", "left")
        .where(~F.col("_whose").eqNullSafe(F.col("person")))
        .groupBy(*PURCHASE)
        .agg(*(F.sum(name).alias(name) for name in wanted))
    )


def _in_own_cells(part: Part) -> Column:
    """What a cell holds of a part: a column that two measures share is each one's under its own keys alone."""
    return F.when(F.col("key_kind").isin(*sorted(part.kinds(("brand",)))), F.col(part.column))


def _times(parts: Sequence[Part]) -> Column:
    values = map(_in_own_cells, parts)
    return F.nullif(reduce(lambda a, b: a + b, (F.coalesce(v, F.lit(0)) for v in values)), F.lit(0))


def comparisons(
    order_lines: DataFrame, browses: DataFrame, products: DataFrame, persons: DataFrame, *, as_of: date
) -> DataFrame:
    """Return the purchases before which the person compared: how many `times`, on which days `first` and `last`.

    A view of another brand's product of a category that was bought then, or an act of comparing on any product of
    it. `products` as of `premium.branded`. Days as in `purchases`.
    """
    shelf = products.select("platform", "product_id", "brand_id", "category")
    opens, last = F.date_sub(first_month(as_of), LOOKBACK - 1), F.lit(as_of)
    dated = F.col("business_date").between(opens, last) & F.col("product_id").isNotNull()
    whose, product = persons.select("account", "person"), ["platform", "product_id"]
    day = F.col("business_date").alias("day")
    bought = (
        order_lines.where(dated)
        .join(shelf, product)
        .join(whose, "account")
        .select(*PURCHASE[:2], "category", day)
        .distinct()
    )
    by_day = F.unix_date("day")
    earlier = (
        Window.partitionBy("person", "brand_id").orderBy(by_day).rangeBetween(Window.unboundedPreceding, -1)
    )
    bought = bought.withColumns(
        {"_since": F.max("day").over(earlier), "_block": F.floor(by_day / LOOKBACK)}
    ).where(F.col("day") >= first_month(as_of))
    looked = (
        browses.where(dated & F.col("act").isin("view", "compare"))
        .join(shelf.withColumnRenamed("brand_id", "_other"), product)
        .join(whose, "account")
        .groupBy(
            "person", "category", "_other", (F.col("act") == "compare").alias("_compares"), day.alias("_on")
        )
        .agg(F.count(F.lit(1)).alias("_times"))
    )
    block = F.floor(
        F.unix_date("_on") / LOOKBACK
    )  # a window touches its own block of days and the one before
    looked = looked.withColumn("_block", F.explode(F.array(block, block + 1)))
    age = F.date_diff("day", "_on")
    is_before = age.between(0, LOOKBACK - 1) & (F.col("_since").isNull() | (F.col("_on") > F.col("_since")))
    other = F.col("_compares") | (F.col("_other") != F.col("brand_id"))
    return (
        bought.join(looked, ["person", "category", "_block"])
        .where(is_before & other)
        .groupBy(*PURCHASE)
        .agg(F.sum("_times").alias("times"), F.min("_on").alias("first"), F.max("_on").alias("last"))
    )


def purchases(
    days: DataFrame, compared: DataFrame | None, touches: Sequence[str], *, as_of: date
) -> DataFrame:
    """Return person × brand × day of buying (`day`), with the touches before it and the days of talk after it.

    All orders of a day are one purchase, gross of returns; of the twelve calendar months up to the night. `days`
    are `brand_days` with `orders`, the talk and the `touches` that day rows count; `compared` are `comparisons`.
    Per touch `times_<touch>`, `first_<touch>` and `last_<touch>`, null without any: of the `LOOKBACK` days that
    end with the purchase, and after the day of the purchase of the brand before it, so that a touch leads to one
    purchase only. `recommended_on` and `complained_on` are the first days of talk from the purchase on,
    whenever.
    """
    talk = [kind for kind in TALK if kind in days.columns]
    counted = [touch for touch in touches if touch in days.columns]
    later = Window.partitionBy("person", "brand_id").orderBy("day").rowsBetween(0, Window.unboundedFollowing)

    def next_day(name: str) -> Column:
        return F.min(F.when(F.col(name) > 0, F.col("day"))).over(later)

    led = days.withColumns({"_to": next_day(ORDERS), **{f"_{kind}": next_day(kind) for kind in talk}})
    is_before = F.date_diff("_to", "day").between(0, LOOKBACK - 1) & (F.col("_to") >= first_month(as_of))
    is_last = F.col("day") == F.col("_to")
    found = (
        led.where(is_before)
        .groupBy("person", "brand_id", "_to")
        .agg(
            F.max("_to").alias("day"),
            *(F.max(F.when(is_last, F.col(f"_{kind}"))).alias(f"{kind}_on") for kind in talk),
            *(F.sum(touch).alias(f"times_{touch}") for touch in counted),
            *(F.min(F.when(F.col(touch) > 0, F.col("day"))).alias(f"first_{touch}") for touch in counted),
            *(F.max(F.when(F.col(touch) > 0, F.col("day"))).alias(f"last_{touch}") for touch in counted),
        )
        .drop("_to")
    )
    if compared is None:
        return found
    named = {n: f"{n}_{COMPARED}" for n in ("times", "first", "last")}
    return found.join(compared.withColumnsRenamed(named), [*PURCHASE], "left")
