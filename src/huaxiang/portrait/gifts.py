"""Gifts: what somebody bought for somebody else, and for whom.

An order line is a gift when its parcel goes to another person, or when it is wrapped as one or comes with a
card. It goes to another person when its recipient's phone is claimed by others and not by the buyer, or by
nobody while the buyer is known to have another phone; a phone that is nobody's, as a shop's, tells nothing.
Claims count as they are known tonight, also for orders of years ago: a number that changes hands changes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.days.rows import event_rows
from huaxiang.identity.contacts import phone_owners
from huaxiang.models.cards import GIFTS
from huaxiang.portrait.fold import MODEL_DAYS, in_window
from huaxiang.portrait.said import SILENT, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import date

    from pyspark.sql import DataFrame

    from huaxiang.days.measures import Catalogue

TOLD_BY = ("recipient_hash_key", "has_gift_wrap", "has_gift_card")
"""Columns of an order line that tell a gift; a source without any of them doesn't say who gives."""
OF_RECIPIENTS = ("receivers", "received")
"""Outputs that only the first of them tells."""


def gifts_known(
    read: Callable[[str], DataFrame],
    persons: DataFrame,
    blocked: DataFrame,
    catalogue: Catalogue,
    *,
    as_of: date,
    zone: str,
    joins_by_default: bool,
) -> DataFrame:
    """Return `gifts` of all order lines and claims; `read` gives a clean feed, `blocked` as of `phone_owners`."""
    event = catalogue.events["order_line"]
    owners = phone_owners(
        read("identity_claim"),
        read("consent_event"),
        persons,
        blocked,
        zone=zone,
        joins_by_default=joins_by_default,
    )
    return gifts(event_rows(event, read(event.feed), read, zone=zone), persons, owners, as_of=as_of)


def gifts(order_lines: DataFrame, persons: DataFrame, owners: DataFrame, *, as_of: date) -> DataFrame:
    """Return one row per order × receiver × brand that holds a gift, with `person`, who gives.

    `order_lines` are events with their `brand_id`, `owners` as `identity.contacts.phone_owners`. The receiver
    is null where nobody knows them, where they can't be told apart, and of what is only wrapped. `spend_minor` is
    gross of returns; `given_on` the order's date. Lines without a date, and those after `as_of`, are left out.
    """
    has_sign = F.coalesce("has_gift_wrap", F.lit(False)) | F.coalesce("has_gift_card", F.lit(False))
    lines = order_lines.where(
        (F.col("business_date") <= F.lit(as_of)) & (F.col("recipient_hash_key").isNotNull() | has_sign)
    )
    with_phone = owners.select(F.explode("claimants").alias("person")).distinct()
    whose = persons.select("account", "person").join(
        with_phone.withColumn("_has_phone", F.lit(True)), "person", "left"
    )
    known = lines.join(F.broadcast(whose), "account").join(
        owners, F.col("recipient_hash_key") == F.col("value_key"), "left"
    )
    is_claimed = F.col("claimants").isNotNull()
    of_others = is_claimed & ~F.col("is_shared") & ~F.array_contains("claimants", F.col("person"))
    of_nobody = F.col("recipient_hash_key").isNotNull() & ~is_claimed & F.col("_has_phone")
    is_sent = F.coalesce(of_others | of_nobody, F.lit(False))
    given = known.withColumns({"is_sent": is_sent, "is_wrapped": has_sign}).where(
        F.col("is_sent") | F.col("is_wrapped")
    )
    receiver = F.when(F.col("is_sent"), F.col("owner")).alias("receiver")
    return given.groupBy("platform", "order_id", "person", receiver, "brand_id").agg(
        F.min("business_date").alias("given_on"),
        F.sum("paid_minor").alias("spend_minor"),
        F.max("is_sent").alias("is_sent"),
        F.max("is_wrapped").alias("is_wrapped"),
    )


def gifts_said(given: DataFrame, catalogue: Catalogue, unknown: Collection[str], *, as_of: date) -> Said:
    """Return what the model `gifts` says of people, of the 365 days up to `as_of`.

    0 for who gave or got none; null where orders are unknown, as `orders_all` is, or where no source tells
    gifts, or recipients for those of them, or amounts (`unknown`: names of order lines). An order for two receivers is one
    order given, and one got by each.
    """
    tags = catalogue.said_by(GIFTS.name)
    if not tags:
        return SILENT
    recent = given.where(in_window(as_of, MODEL_DAYS, "given_on"))
    orders = F.count_distinct("platform", "order_id")
    gave = recent.groupBy("person").agg(
        orders.alias("_given"),
        F.sum("spend_minor").alias("_spend"),
        F.count_distinct("receiver").alias("_receivers"),
    )
    got = (
        recent.where(F.col("receiver").isNotNull())
        .groupBy(F.col("receiver").alias("person"))
        .agg(orders.alias("_received"))
    )
    told_by = {output: TOLD_BY[:1] if output in OF_RECIPIENTS else TOLD_BY for output in GIFTS.gives}
    lacking = {
        output
        for output, names in told_by.items()
        if set(names) <= set(unknown) or (output == "spend" and "paid_minor" in unknown)
    }
    counted = {
        "given": F.coalesce("_given", F.lit(0)),
        "receivers": F.coalesce("_receivers", F.lit(0)),
        "received": F.coalesce("_received", F.lit(0)),
        "spend": F.when(F.col("_given").isNull(), 0).otherwise(F.col("_spend")),
    }
    is_told = F.col("orders_all").isNotNull()
    named = {
        tag.name: F.when(is_told & F.lit(tag.output not in lacking), counted[tag.output]).cast("bigint")
        for tag in tags
    }

    def of(people: DataFrame) -> DataFrame:
        joined = people.join(gave, "person", "left").join(got, "person", "left")
        return joined.withColumns(named).select(*people.columns, *named)

    return Said(of)
