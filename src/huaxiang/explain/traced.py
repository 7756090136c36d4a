"""Who a person was in an earlier release: by which id, with which accounts, and who they are now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from huaxiang.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import DataFrame

    from huaxiang.tables.release import Release

Whose = tuple[str, str | None, str | None]
"""An account, and the person it belonged to then, and belongs to now; None where there was none."""


@dataclass(frozen=True)
class Traced:
    """The person of then with their accounts, whom most of these are now with theirs, and what became of them."""

    person: str
    accounts: tuple[str, ...]
    person_now: str
    accounts_now: tuple[str, ...]
    notes: tuple[str, ...]


def traced(then: DataFrame, now: DataFrame, person: str, release: Release) -> Traced:
    """Return who `person`, an id of then or of now, was in a release; `then` and `now` as `person_account`.

    ConfigurationError for who was not known then, and for an id of now whose accounts were several persons'.
    """
    both = then.select("account", F.col("person").alias("then")).join(
        now.select("account", F.col("person").alias("now")), "account", "full"
    )
    held = both.localCheckpoint()
    mine = held.where((F.col("then") == person) | (F.col("now") == person))
    met = [row[name] for row in mine.collect() for name in ("then", "now") if row[name]]
    rows = held.where(F.col("then").isin(*met) | F.col("now").isin(*met)).collect()
    return trace([(row["account"], row["then"], row["now"]) for row in rows], person, release)


def trace(rows: Iterable[Whose], person: str, release: Release) -> Traced:
    """Return what `traced` returns, from the accounts of all whom the person was or is one of."""
    whose = sorted(rows)
    then, notes = person, []
    if not any(was == person for _, was, _ in whose):
        before = sorted({was for _, was, now in whose if now == person and was})
        then = _only(before, person, release, is_known=any(now == person for *_, now in whose))
        notes.append(f"{person} is a later id: in release {release.release} these accounts were {then}'s.")
    accounts = tuple(account for account, was, _ in whose if was == then)
    became = Counter(now for _, was, now in whose if was == then and now)
    if not became:
        notes.append("Nothing is known of these accounts any more.")
    now = then if then in became else min(became, key=lambda one: (-became[one], one), default=then)
    accounts_now = tuple(account for account, _, is_now in whose if is_now == now)
    if now != then:
        notes.append(f"{then} was merged into {now} since." if len(became) == 1 else f"{then} is no more.")
    notes += [
        f"Went to {other} since: {', '.join(moved)}."
        for other in sorted(became)
        if other != now and (moved := [a for a, was, is_now in whose if was == then and is_now == other])
    ]
    for origin in sorted({was or "" for _, was, is_now in whose if is_now == now and was != then}):
        came = [a for a, was, is_now in whose if is_now == now and (was or "") == origin]
        known = f"then {origin}'s" if origin else "not known then"
        notes.append(f"Joined since, {known}: {', '.join(came)}.")
    return Traced(then, accounts, now, accounts_now, tuple(notes))


def _only(before: list[str], person: str, release: Release, *, is_known: bool) -> str:
    """Return the one person of then; ConfigurationError where there is none, or are several."""
    if len(before) == 1:
        return before[0]
    if before:
        found = f"the accounts of `{person}` were several persons' in release {release.release}: {', '.join(before)}"
        raise ConfigurationError(Problem("--person", found, "one of them"))
    if is_known:
        found = f"`{person}` was not known on {release.as_of}, in release {release.release}"
        raise ConfigurationError(Problem("--person", found, hint="ask for a later day"))
    found = f"neither release {release.release} nor the newest one knows a person `{person}`"
    hint = 'see: huaxiang query "SELECT person FROM portrait LIMIT 5"'
    raise ConfigurationError(Problem("--person", found, hint=hint))
