"""Three kinds of person worth looking at, each found by a query over the released tables. No Spark."""

from __future__ import annotations

from dataclasses import dataclass

from huaxiang.contracts.model import Text
from huaxiang.tables.reader import query


@dataclass(frozen=True)
class Kind:
    """What is looked for: who it is in words, and the query whose first row that is nobody else's yet is taken."""

    title: Text
    sql: str


KINDS = (
    Kind(
        Text("a loyal sharer", "忠诚的分享者"),
        "SELECT person FROM portrait WHERE experience = 'loyal' AND brought_orders_90d > 0"
        " ORDER BY brought_orders_90d DESC, brought_visits_90d DESC, person",
    ),
    Kind(
        Text("a locked-in unhappy buyer", "被锁定但不满的买家"),
        "SELECT person FROM portrait WHERE experience = 'locked_in'"
        " ORDER BY satisfaction_365d NULLS LAST, orders_90d DESC, person",
    ),
    Kind(
        Text("a gift giver", "送礼者"),
        "SELECT person FROM portrait WHERE gifts_given_365d >= 3 AND gift_receivers_365d > 0"
        " AND gifts_given_365d * 2 <= orders_365d"  # who sends everything elsewhere may just live elsewhere
        " ORDER BY gifts_given_365d DESC, gift_receivers_365d DESC, person",
    ),
)


def picked(lake: str) -> list[tuple[Kind, str | None]]:
    """Return by kind the first person its query finds in the newest published release; None where nobody fits.

    Who was taken for one kind is not taken for another.
    """
    taken: list[tuple[Kind, str | None]] = []
    for kind in KINDS:
        known = {person for _, person in taken}
        people = query(lake, f"{kind.sql} LIMIT {len(KINDS)}").column("person").to_pylist()
        taken.append((kind, next((person for person in people if person not in known), None)))
    return taken
