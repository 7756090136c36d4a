"""Word of mouth from link to link: who shared, who clicked and bought through it, and who passed it on.

No feed says that a link passes another one on. Who shares a product or page within `WITHIN` days of somebody
else's link to it, after having clicked that, is taken to pass it on; of several links the one clicked last. What
somebody would have shared anyway passes as passed on, what was passed on without a click goes unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import Window
from pyspark.sql import functions as F

from huaxiang.clock import midnight
from huaxiang.frames import stacked
from huaxiang.insight.of_months import count_interval, first_month, per_brand_and_all
from huaxiang.models.cascades import chains
from huaxiang.numbered import numbered, taken

if TYPE_CHECKING:
    from datetime import date

    from pyspark.sql import Column, DataFrame

WITHIN = 7
"""Days from a link on within which it is passed on."""
MOST = 5_000_000
"""Passed-on shares of a year that the driver takes: two texts and some numbers each."""
SHARE = ("thing", "person")


def earliest_links(links: DataFrame, *, zone: str) -> DataFrame:
    """Return one row per link id: `link_id`, `platform`, `account`, `product_id`, `page`, `business_date`, `made`.

    `made` is the instant, of a link with a date alone its midnight in `zone`. Of two links of one id, on one platform
    or two, the earlier counts, an undated one last, ties by event key: as where orders look their links up.
    """
    instant = F.coalesce("at", midnight(F.col("business_date"), zone))
    columns = ("platform", "account", "product_id", "page", "business_date")
    dated = F.struct(instant.isNull().alias("_undated"), instant.alias("made"), "event_key", *columns)
    first = links.groupBy("link_id").agg(F.min(dated).alias("_first"))
    return first.select("link_id", *(f"_first.{name}" for name in columns), "_first.made")


def shared_links(
    links: DataFrame, products: DataFrame, persons: DataFrame, *, zone: str, as_of: date
) -> DataFrame:
    """Return the links of the months that are told, and of `WITHIN` days before, which may be passed on in these.

    `link_id`, `sharer`, `thing`, `brand_id`, `made`, `on`, `month`, and `began`, the date of the sharer's first link
    to the thing, however long ago. `thing` is the product or page, `brand_id` null for a page or unknown product; of
    products of one id in several shops the smallest brand. Of two links of one id one counts, as of `earliest_links`.
    """
    by_id = products.groupBy("product_id").agg(F.min("brand_id").alias("brand_id"))
    since = F.date_sub(first_month(as_of), WITHIN)
    return (
        earliest_links(links, zone=zone)
        .join(persons.select("account", F.col("person").alias("sharer")), "account")
        .join(by_id, "product_id", "left")
        .select(
            "link_id",
            "sharer",
            F.coalesce(F.concat(F.lit("p"), "product_id"), F.concat(F.lit("u"), "page")).alias("thing"),
            "brand_id",
            "made",
            F.col("business_date").alias("on"),
            F.trunc("business_date", "month").alias("month"),
        )
        .withColumn("began", F.min("on").over(Window.partitionBy("thing", "sharer")))
        .where(F.col("on").between(since, F.lit(as_of)))
    )


def led_to(events: DataFrame, links: DataFrame, persons: DataFrame, *, zone: str, as_of: date) -> DataFrame:
    """Return the rows of a shop's feed that others' links led to, with the link's columns, `person` and `instant`.

    Up to the night; what the sharer, or an account of theirs, did through a link of their own is left out, what
    accounts did that nobody knows, and what is older than its link. A date alone is as old as a link of that date.
    """
    known = F.col("business_date").isNull() | (F.col("business_date") <= F.lit(as_of))
    is_older = F.when(F.col("at").isNull(), F.col("business_date") < F.col("on")).otherwise(
        F.col("at") < F.col("made")
    )
    return (
        events.where(F.col("link_id").isNotNull() & known)
        .join(links, "link_id")
        .join(persons.select("account", "person"), "account")
        .where((F.col("person") != F.col("sharer")) & ~F.coalesce(is_older, F.lit(False)))
        .withColumn("instant", F.coalesce("at", midnight(F.col("business_date"), zone)))
    )


def shares(links: DataFrame, clicks: DataFrame) -> DataFrame:
    """Return one row per thing × person whose first share of it is among the links: after whose, and how many it brought.

    `made`, `on` and `month` are of the first share, `brought` counts the others, null for none. `clicks` are
    views as of `led_to`. `parent` is null for who came by themselves; it is the sharer of the link to the thing
    that the person clicked last before sharing it for the first time, made within `WITHIN` days before; ties go
    to the later link, then the greater id. A click at the very instant of sharing is none before it. A
    parent shared earlier than whom it brought, so that nobody is above themselves.
    """
    first = F.min(F.struct("made", "link_id", "on", "month", "brand_id")).alias("_first")
    shared = (
        links.where(F.col("thing").isNotNull() & (F.col("began") == F.col("on")))
        .groupBy("thing", F.col("sharer").alias("person"))
        .agg(first)
        .select(*SHARE, "_first.made", "_first.on", "_first.month", "_first.brand_id")
    )
    met = clicks.select(*SHARE, "sharer", "instant", F.col("made").alias("_made"), "link_id")
    age = F.col("made").cast("double") - F.col("_made").cast("double")
    came = (F.col("instant") < F.col("made")) & (age > 0) & (age <= WITHIN * 86_400)
    last = F.max(F.struct("instant", "_made", "link_id", "sharer"))["sharer"].alias("parent")
    parents = shared.select(*SHARE, "made").join(met, [*SHARE]).where(came).groupBy(*SHARE).agg(last)
    brought = parents.groupBy("thing", F.col("parent").alias("person")).agg(
        F.count(F.lit(1)).alias("brought")
    )
    return shared.join(parents, [*SHARE], "left").join(brought, [*SHARE], "left")


def chain_sizes(shared: DataFrame) -> DataFrame:
    """Return the `thing` and `person` who began each chain of two or more, with its `size` and `depth`.

    None at all where more than `MOST` passed something on. `shared` are `shares`. Sizes count persons; `depth`
    is the longest row of them, one after another.
    """
    kind = "thing string, person string, size bigint, depth bigint"
    found = shared.where(F.col("parent").isNotNull()).select(*SHARE, "parent").limit(MOST + 1).toArrow()
    if found.num_rows > MOST:
        found = found.slice(0, 0)
    things, (thing_of,) = numbered(found["thing"])
    people, ends = numbered(found["person"], found["parent"])
    code = np.tile(thing_of, 2) * len(people) + np.concatenate(ends)
    names, node = np.unique(code, return_inverse=True)
    told = chains(node[: len(thing_of)], node[len(thing_of) :], len(names))
    first = names[told.first]
    table = pa.table(
        {
            "thing": taken(things, first // max(len(people), 1)),
            "person": taken(people, first % max(len(people), 1)),
            "size": pa.array(told.size),
            "depth": pa.array(told.depth),
        }
    )
    return shared.sparkSession.createDataFrame(table, kind)


def share_chains(
    links: DataFrame,
    shared: DataFrame,
    sizes: DataFrame,
    clicks: DataFrame | None,
    orders: DataFrame | None,
    *,
    as_of: date,
) -> DataFrame:
    """Return brand (null: all) × month that is told: what was shared in it, and what that brought up to the night.

    `links` as of `shared_links`, `shared` of `shares`, `sizes` of `chain_sizes`, `clicks` and `orders` of `led_to`;
    None where no feed tells of them: what needs them is null then. Persons count once, however many accounts and
    links they have. Clicks and orders count for the month of the link; spend is before refunds, as in the
    measure `brought_spend`. A chain counts for the month in which it began. `snowball` is how many persons whoever
    shared a thing for the first time in the month brought to share it too, on average (the reproduction number
    of Farrington, Kanaar & Gay 2003), with its 95 % interval: of `judged` ones, shared `WITHIN` days before the
    night or earlier. Of more than `MOST` shares passed on, `largest` and `deepest` are null.
    """
    month = "month"
    parts = [
        per_brand_and_all(links)
        .groupBy("brand_id", month)
        .agg(F.count(F.lit(1)).alias("links"), F.count_distinct("sharer").alias("sharers"))
    ]
    if clicks is not None:
        clickers = F.count_distinct("person").alias("clickers")
        parts += [
            per_brand_and_all(clicks).groupBy("brand_id", month).agg(clickers),
            _snowballs(shared, sizes, as_of),
        ]
    if orders is not None:
        order = F.struct("platform", "order_id")
        parts.append(
            per_brand_and_all(orders)
            .groupBy("brand_id", month)
            .agg(
                F.count_distinct("person").alias("buyers"),
                F.count_distinct(order).alias("orders"),
                F.sum("paid_minor").alias("spend_minor"),
            )
        )
    names = ("links", "sharers", *_OF_CLICKS, *_OF_ORDERS)
    held = {column for part in parts for column in part.columns}
    none = {n: F.lit(None).cast("bigint") for n in names if n not in held}
    together = (
        stacked(parts)
        .groupBy("brand_id", month)
        .agg(*(F.max(n).alias(n) for n in (*names, _SQUARES) if n in held))
    )
    sides = ((_OF_CLICKS, clicks), (_OF_ORDERS, orders))
    zeros = {
        n: F.coalesce(n, F.lit(0)) for side, rows in sides if rows is not None for n in side if n in _COUNTED
    }
    if orders is not None:  # orders of which no amount is known were not for nothing
        zeros["spend_minor"] = F.when(F.col("orders").isNull(), 0).otherwise(F.col("spend_minor"))
    filled = together.where(F.col(month) >= first_month(as_of)).withColumns(
        {**none, **zeros, _SQUARES: F.col(_SQUARES) if clicks is not None else F.lit(0)}
    )
    return filled.select("brand_id", month, "links", "sharers", *_OF_CLICKS, *_snowball(), *_OF_ORDERS)


_OF_CLICKS = ("clickers", "chains", "passed_on", "largest", "deepest", "judged", "new_sharers")
_OF_ORDERS = ("buyers", "orders", "spend_minor")
_COUNTED = {*_OF_CLICKS, *_OF_ORDERS} - {"largest", "deepest", "spend_minor"}
_SQUARES = "_squares"


def _snowballs(shared: DataFrame, sizes: DataFrame, as_of: date) -> DataFrame:
    begun = F.col("parent").isNull()
    is_judged = F.date_add("on", WITHIN) <= F.lit(as_of)
    brought = F.when(is_judged, F.coalesce("brought", F.lit(0)))
    one = F.when(F.col("brought").isNull(), 1)  # of longer chains `sizes` tells, or nobody does
    rows = per_brand_and_all(shared.join(sizes, [*SHARE], "left"))
    size, depth = (F.when(begun, F.coalesce(name, one)) for name in ("size", "depth"))
    is_told = F.count_if(begun & size.isNull()) == 0
    return rows.groupBy("brand_id", "month").agg(
        F.count_if(begun).alias("chains"),
        F.count_if(~begun).alias("passed_on"),
        F.when(is_told, F.max(size)).cast("bigint").alias("largest"),
        F.when(is_told, F.max(depth)).cast("bigint").alias("deepest"),
        F.count_if(is_judged).alias("judged"),
        F.sum(brought).alias("new_sharers"),
        F.sum(brought * brought).alias(_SQUARES),
    )


def _snowball() -> list[Column]:
    """The mean number brought with its interval, wider by as much as sharers differ more than chance has them."""
    sharers = F.when(F.col("judged") > 0, F.col("judged"))
    brought = F.col("new_sharers")
    spread = (F.col(_SQUARES) - brought * brought / sharers) / (sharers - 1)
    over = F.when((brought > 0) & (sharers > 1), spread * sharers / brought)
    low, high = count_interval(brought, F.greatest(F.lit(1.0), F.coalesce(over, F.lit(1.0))))
    values = {"snowball": brought, "snowball_low": low, "snowball_high": high}
    return [(value / sharers).cast("double").alias(name) for name, value in values.items()]
