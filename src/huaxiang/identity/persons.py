"""Ids that stay: components of tonight matched with the persons of the night before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from huaxiang.clean.joinkeys import keyed, peppered

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

ID_DIGITS = 15


def everybody(stay: DataFrame, came: DataFrame | None, membership: DataFrame) -> DataFrame:
    """Return one row per account: `account`, `component`, `linked_by`, `was`, `since`.

    `stay`: rows of the `person_account` before, which tell `was` and `since`, its person and since which
    release; `came`: accounts that are not in it, for which both are null. An account that nothing in
    `membership` links is a component of its own.
    """
    known = stay.select("account", F.col("person").alias("was"), F.col("since_release").alias("since"))
    if came is not None:
        known = known.unionByName(came.select("account"), allowMissingColumns=True)
    return known.join(membership, "account", "left").select(
        "account",
        F.coalesce("component", "account").alias("component"),
        F.coalesce("linked_by", F.array().cast("array<string>")).alias("linked_by"),
        "was",
        "since",
    )


def assign_persons(
    members: DataFrame,
    claims: DataFrame,
    pepper: DataFrame,
    *,
    release: int,
    others: DataFrame | None = None,
) -> tuple[DataFrame, DataFrame]:
    """Return the table `person_account` for `members` (as of `everybody`), and tonight's `identity_log`.

    A person that was split goes on in the component whose accounts of it have made most of `claims`, then
    in the one with most of its accounts, then with the smallest account key. A component keeps the id of
    the oldest person that goes on in it (by the first release in which one of its present accounts was in
    it, then by id); the others are merged into it. Where none goes on, the id is new, and none that a
    `person` of `others`, who are not among `members`, has. `since_release`: since when the account is in
    this person.
    """
    members = members.repartition("component").localCheckpoint()  # each of the three is read several times
    sizes = F.count(F.lit(1)).alias("accounts"), F.min("since").alias("since")
    overlap = members.groupBy("component", "was").agg(*sizes).localCheckpoint()
    kept = _kept(overlap, members, claims)
    nameless = overlap.select("component").join(kept, "component", "left_anti").distinct()
    named = named_components(kept, nameless, pepper, release=release, others=others).localCheckpoint()
    return _person_accounts(members, named, release), _log(overlap, named, release)


def named_components(
    kept: DataFrame,
    nameless: DataFrame,
    pepper: DataFrame,
    *,
    release: int,
    others: DataFrame | None = None,
) -> DataFrame:
    """Return `component`, `person`, `is_new`: those of `kept`, and a new person for each of `nameless`.

    A new id is an HMAC of the smallest account key (which names the component) and the release: without
    the pepper nobody can tell whose it is. Should it be taken (by one that is kept, one of `others`, or a
    new one of a smaller account key) it is drawn again.
    """
    first = _drawn(release, F.lit(0)).alias("person")
    drawn = peppered(nameless, pepper).select("component", first, F.lit(True).alias("is_new"))
    living = kept.select("component", "person", F.lit(False).alias("is_new"))
    if others is not None:
        same = others.join(drawn, "person", "left_semi").select("person").distinct()
        living = living.unionByName(same.withColumn("is_new", F.lit(False)), allowMissingColumns=True)
    place = F.row_number().over(Window.partitionBy("person").orderBy("is_new", "component"))
    ranked = living.unionByName(drawn).withColumn(
        "tries", F.when(F.col("is_new"), place - 1).otherwise(F.lit(0))
    )
    again = F.when(F.col("tries") == 0, F.col("person")).otherwise(_drawn(release, F.col("tries")))
    named = peppered(ranked.where(F.col("component").isNotNull()), pepper)
    return named.select("component", again.alias("person"), "is_new")


def _person_accounts(members: DataFrame, named: DataFrame, release: int) -> DataFrame:
    stays = F.col("person") == F.col("was")
    return members.join(named, "component").select(
        "account",
        "person",
        F.split_part("account", F.lit(":"), F.lit(1)).alias("platform"),
        "linked_by",
        F.when(stays, F.col("since")).otherwise(F.lit(release)).cast("bigint").alias("since_release"),
    )


def _log(overlap: DataFrame, named: DataFrame, release: int) -> DataFrame:
    """Return what happened to persons, without any account.

    `new`: a person of accounts never seen before. `split`: `person` is new, its accounts come from
    `other_person`. `merge`: `other_person` is no more, its accounts are `person`'s. `move`: accounts went
    from `other_person` to `person`, and both live on. `accounts`: how many came that way. New accounts
    that join a person are not logged.
    """
    origins = F.count("was").over(Window.partitionBy("component"))
    alive = named.where(~F.col("is_new")).select(F.col("person").alias("was"), F.lit(True).alias("is_alive"))
    told = overlap.withColumn("origins", origins).join(named, "component").join(alive, "was", "left")
    came = F.col("was").isNotNull() & (F.col("was") != F.col("person"))
    action = (
        F.when(F.col("is_new") & (F.col("origins") == 0), "new")
        .when(came & F.col("is_new"), "split")
        .when(came & F.col("is_alive").isNull(), "merge")
        .when(came, "move")
    )
    logged = told.withColumn("action", action).where(F.col("action").isNotNull())
    at = F.lit(release).cast("bigint").alias("release")
    return logged.select(at, "action", "person", F.col("was").alias("other_person"), "accounts")


def _kept(overlap: DataFrame, members: DataFrame, claims: DataFrame) -> DataFrame:
    """Return `component`, `person` of the components in which a person goes on."""
    person = Window.partitionBy("was")
    parts = overlap.where(F.col("was").isNotNull()).select(
        "*", F.count(F.lit(1)).over(person).alias("parts"), F.min("since").over(person).alias("born")
    )
    whole = parts.where(F.col("parts") == 1).select("component", "was", "born")
    heirs = whole.unionByName(_heirs(parts.where(F.col("parts") > 1), members, claims))
    oldest = F.array_min(F.collect_list(F.struct("born", "was")))[
        "was"
    ]  # min of a struct would sort the rows
    return heirs.groupBy("component").agg(oldest.alias("person"))


def _heirs(torn: DataFrame, members: DataFrame, claims: DataFrame) -> DataFrame:
    """Return `component`, `was`, `born`: for each person in several components the one it goes on in."""
    part = ["component", "was", "born"]
    mine = members.join(F.broadcast(torn.select(*part)), ["component", "was"]).select("account", *part)
    made = claims.join(F.broadcast(mine), "account").groupBy("account").agg(F.count(F.lit(1)).alias("claims"))
    sizes = F.sum("claims").alias("claims"), F.count(F.lit(1)).alias("accounts")
    weighed = (
        mine.join(made, "account", "left").groupBy(*part).agg(*sizes, F.min("account").alias("smallest"))
    )
    rank = F.struct(-F.coalesce("claims", F.lit(0)), -F.col("accounts"), "smallest", "component")
    return weighed.groupBy("was", "born").agg(F.min(rank)["component"].alias("component"))


def _drawn(release: int, tries: Column) -> Column:
    """Return the id that the `tries`-th draw gives."""
    text = F.concat_ws("\u001f", "component", F.lit(release), tries)
    return F.concat(F.lit("P"), F.left(keyed(F.sha2(text, 256)), F.lit(ID_DIGITS)))
