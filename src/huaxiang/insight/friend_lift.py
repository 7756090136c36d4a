"""Whether friends make friends buy: what people buy right after a friend shared a brand, against what they would have.

Friends are alike, so they buy alike although nobody influences anybody (homophily). The null here therefore
keeps who buys what, and how much, and only gives the dates away, as the shuffle test does (Anagnostopoulos,
Kumar & Mahdian 2008): each order of a person and a brand falls on any day of its calendar month as the brand's
sales do, to everybody but the person and the person's friends. Who is exposed is so compared with themselves in
the same month, which matches interests, activity and number of friends more closely than a propensity can
(Aral, Muchnik & Sundararajan 2009), and what moves all buyers of a brand, a promotion or a weekend, moves both
sides. Friends who all at once take to a brand within a month, by themselves, would pass as an effect (La Fond &
Neville 2010); what an effect adds after the longest window goes unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.clock import clock_in
from huaxiang.days.cells import is_of_stream
from huaxiang.frames import stacked
from huaxiang.insight.of_months import Z, count_interval, per_brand_and_all

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import Column, DataFrame

    from huaxiang.days.measures import Measure

WINDOWS = (1, 3, 7)
"""Days from the share on that are told, its own day the first; those beyond the longest are what they are compared with."""
FEWEST = 100
"""Exposed persons below which a brand is not told."""
METHOD = "own-month-shuffle 1"
"""The method with its version: another one whenever numbers of the same data would change."""
PAIR = ("person", "brand_id")
_NOTHING = 1e-9  # of a sum of shares that should be nothing


def counted_days(
    day_rows: DataFrame, persons: DataFrame, measure: Measure, *, opens: Column, as_of: date
) -> DataFrame:
    """Return person × brand × day (`on`): how many `times` what a measure counts by brand happened.

    From `opens` less the longest window, since what was shared then is still felt, to `as_of`; events without a
    date don't count.
    """
    is_mine = is_of_stream(measure.part.stream) & (F.col("key_kind") == "brand")
    dated = F.col("business_date").between(F.date_sub(opens, WINDOWS[-1]), F.lit(as_of))
    times = F.col(measure.part.column)
    return (
        day_rows.where(is_mine & dated & (times > 0))
        .join(persons.select("account", "person"), "account")
        .groupBy("person", F.col("key").alias("brand_id"), F.col("business_date").alias("on"))
        .agg(F.sum(times).alias("times"))
    )


def friendships(ties: DataFrame, persons: DataFrame, *, zone: str) -> DataFrame:
    """Return one row per person × friend, each pair both ways, with `spells`: from when until when they were tied.

    `ties` is the clean feed. A tie without a date has always been, one without an end still is. Two accounts of
    one person are no friends.
    """
    one, other = (persons.select(F.col("account").alias(a), F.col("person").alias(p)) for a, p in _SIDES)
    until = clock_in(F.col("until"), zone).cast("date")
    spell = F.struct(F.col("business_date").alias("since"), until.alias("until")).alias("_spell")
    tied = ties.select("account", "other_account", spell).join(one, "account").join(other, "other_account")
    ways = [F.struct(F.col(a).alias("person"), F.col(b).alias("friend")) for a, b in (_ENDS, _ENDS[::-1])]
    return (
        tied.where(F.col("_one") != F.col("_other"))
        .select(F.explode(F.array(*ways)).alias("_way"), "_spell")
        .groupBy("_way")
        .agg(F.collect_list("_spell").alias("spells"))
        .select("_way.*", "spells")
    )


_ENDS = ("_one", "_other")
_SIDES = tuple(zip(("account", "other_account"), _ENDS, strict=True))


def exposures(shares: DataFrame, friends: DataFrame) -> DataFrame:
    """Return one row per person × brand × day (`on`) on which a friend, or several, shared the brand.

    `shares` are `counted_days`, `friends` are `friendships`; who was no friend on that day is not exposed.
    """
    by_friend = shares.select(F.col("person").alias("friend"), "brand_id", "on")
    return by_friend.join(friends, "friend").where(_stands()).select(*PAIR, "on").distinct()


def friend_lift(
    exposed: DataFrame, orders: DataFrame, friends: DataFrame, *, opens: Column, as_of: date
) -> DataFrame:
    """Return brand (null: all brands) × window: what the exposed bought, would have bought, and the lift.

    `exposed` are `exposures`, `orders` are `counted_days`; days from `opens` to `as_of` count, those of windows
    that began before them too. `exposures` are days on which a friend of a person, or several, shared a brand,
    `exposed` the persons who had one. Orders within the window of any of them are `bought`, each once;
    `expected` are those of the null, freed of what the effect itself added. `lift` is orders more per exposure,
    `ratio` bought over expected, null where nothing is expected. The ends of the 95 % interval put together
    score limits of what was bought and the spread of what was expected (Zou & Donner 2008), and are further
    apart by as much as whole persons vary more than their orders would by chance. A month in which no day of
    a person lies beyond the windows tells nothing and is left out; brands of fewer than `FEWEST` exposed
    persons are not told.
    """
    counts = F.col("day").between(opens, F.lit(as_of))
    sold = orders.withColumnRenamed("on", "day").where(counts)
    met = exposed.join(sold.select(*PAIR).distinct(), [*PAIR], "left_semi")
    people = _people(exposed.where(F.col("on").between(opens, F.lit(as_of))))
    windows = F.explode(F.array(*map(F.lit, WINDOWS))).alias("window_days")
    told = _sums(_strata(met, sold, friends, counts)).withColumnRenamed("brand_id", "_brand")
    same = F.col("brand_id").eqNullSafe(F.col("_brand")) & (F.col("window_days") == F.col("_window"))
    both = people.select("*", windows).join(F.broadcast(told), same, "left")
    is_told = F.col("brand_id").isNull() | (F.col("exposed") >= FEWEST)
    return _lifts(both.where(is_told)).withColumns({"method": F.lit(METHOD), "since": opens})


def _stands() -> Column:
    """Whether one of the `spells` of a friendship holds on the day `on`."""
    on = F.col("on")

    def holds(spell: Column) -> Column:
        since, until = spell["since"], spell["until"]
        return (since.isNull() | (since <= on)) & (until.isNull() | (until > on))

    return F.exists("spells", holds)


def _people(exposed: DataFrame) -> DataFrame:
    """Return brand (null: all): persons with an exposure, and exposures."""
    each = exposed.groupBy(*PAIR).agg(F.count(F.lit(1)).alias("_days"))
    counted = F.count_distinct("person").alias("exposed"), F.sum("_days").alias("exposures")
    return per_brand_and_all(each).groupBy("brand_id").agg(*counted)


def _strata(met: DataFrame, sold: DataFrame, friends: DataFrame, counts: Column) -> DataFrame:
    """Return person × brand × month × window: orders `inside` it and `outside` of all, and the null's `share` inside.

    The share is that of the brand's sales to others that fall into the window, of those in it and outside of all.
    """
    month = F.trunc("day", "month").alias("month")
    by_day = sold.groupBy("brand_id", "day").agg(F.sum("times").alias("_sales"))
    in_month = by_day.groupBy("brand_id", month).agg(F.sum("_sales").alias("_in_month"))
    days = (
        _days(met, sold, friends, counts)
        .join(by_day, ["brand_id", "day"], "left")
        .join(F.broadcast(_usual(by_day)), "day", "left")
    )
    own, theirs, sales, usual = (F.coalesce(n, F.lit(0)) for n in ("_own", "_theirs", "_sales", "_usual"))
    said = {"in": own, "others": sales - own - theirs + usual}
    within = [
        F.sum(F.when(F.col("_age") < width, value).otherwise(F.lit(0))).alias(f"_{name}_{width}")
        for width in WINDOWS
        for name, value in said.items()
    ]
    whole = (
        days.groupBy(*PAIR, month)
        .agg(F.sum(own).alias("_orders"), F.sum(own + theirs).alias("_known"), *within)
        .where(F.col("_orders") > 0)
        .join(in_month, ["brand_id", "month"])
    )
    rest = F.col("_in_month") + 1 - F.col("_known") - F.col(f"_others_{WINDOWS[-1]}")
    each = [
        F.struct(
            F.lit(width).alias("_window"),
            F.col(f"_in_{width}").alias("inside"),
            (F.col(f"_others_{width}") / (F.col(f"_others_{width}") + rest)).alias("share"),
        )
        for width in WINDOWS
    ]
    outside = (F.col("_orders") - F.col(f"_in_{WINDOWS[-1]}")).alias("outside")
    return whole.where(rest > _NOTHING).select(*PAIR, outside, F.inline(F.array(*each)))


def _days(met: DataFrame, sold: DataFrame, friends: DataFrame, counts: Column) -> DataFrame:
    """Return person × brand × day of who was exposed and bought: days since a share, one's own orders, and one's friends'.

    A day has a row when it lies in the longest window, `_age` is null when not, or when one or a friend ordered.
    """
    pairs = met.select(*PAIR).distinct()
    by_friend = sold.select(F.col("person").alias("friend"), "brand_id", F.col("day").alias("on"), "times")
    of_friends = pairs.join(friends, "person").join(by_friend, ["friend", "brand_id"]).where(_stands())
    day = F.explode(F.sequence("on", F.date_add("on", WINDOWS[-1] - 1))).alias("day")
    seen = [
        met.select(*PAIR, "on", day).select(*PAIR, "day", F.date_diff("day", "on").alias("_age")),
        sold.join(pairs, [*PAIR], "left_semi").select(*PAIR, "day", F.col("times").alias("_own")),
        of_friends.select(*PAIR, F.col("on").alias("day"), F.col("times").alias("_theirs")),
    ]
    sums = F.min("_age").alias("_age"), F.sum("_own").alias("_own"), F.sum("_theirs").alias("_theirs")
    return stacked(seen).where(counts).groupBy(*PAIR, "day").agg(*sums)


def _usual(by_day: DataFrame) -> DataFrame:
    """Return one order per month, spread over its days as all brands' orders are.

    It is added to the sales of each brand: so one that others hardly buy has a calendar too.
    """
    month = F.trunc("day", "month").alias("month")
    daily = by_day.groupBy("day").agg(F.sum("_sales").alias("_all")).withColumn("month", month)
    monthly = daily.groupBy("month").agg(F.sum("_all").alias("_month"))
    return daily.join(F.broadcast(monthly), "month").select(
        "day", (F.col("_all") / F.col("_month")).alias("_usual")
    )


def _sums(strata: DataFrame) -> DataFrame:
    """Return brand (null: all) × window: the sums that lift and interval are made of."""
    share, inside, outside = F.col("share"), F.col("inside"), F.col("outside")
    drawn = (inside + outside) * share  # what the shuffle puts inside
    terms = {
        "_inside": inside,
        "_outside": share * outside,
        "_drawn": drawn,
        "_spread": drawn * (1 - share),
        "_excess": (1 - share) * inside - share * outside,
        "_chance": (1 - share) * (1 - share) * inside + share * share * outside,
        "_unsure": share * share * outside,
    }
    each = per_brand_and_all(strata).groupBy("brand_id", "_window", "person")
    of_person = each.agg(*(F.sum(value).alias(name) for name, value in terms.items()))
    squares = F.sum(F.col("_excess") * F.col("_excess")).alias("_squares")
    return of_person.groupBy("brand_id", "_window").agg(squares, *(F.sum(n).alias(n) for n in terms))


def _lifts(both: DataFrame) -> DataFrame:
    bought, per = F.coalesce("_inside", F.lit(0)).cast("bigint"), F.col("exposures")
    freed = F.when(F.col("_spread") > 0, F.col("_drawn") / F.col("_spread"))
    expected = F.coalesce(F.col("_outside") * freed, F.lit(0.0))
    over = F.when(F.col("_chance") > 0, F.col("_squares") / F.col("_chance"))
    varies = F.greatest(F.lit(1.0), F.coalesce(over, F.lit(1.0)))
    unsure = Z * Z * varies * F.coalesce(F.col("_unsure") * freed * freed, F.lit(0.0))
    fewest, most = count_interval(bought, varies)
    excess = bought - expected
    low = excess - F.sqrt((bought - fewest) * (bought - fewest) + unsure)
    high = excess + F.sqrt((most - bought) * (most - bought) + unsure)
    return both.select(
        "brand_id",
        "window_days",
        "exposed",
        "exposures",
        bought.alias("bought"),
        expected.alias("expected"),
        (excess / per).alias("lift"),
        (low / per).alias("lift_low"),
        (high / per).alias("lift_high"),
        F.when(expected > 0, bought / expected).alias("ratio"),
    )
