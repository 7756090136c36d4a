"""Dirt: which rows go wrong in which way, decided before they are written so that the truth knows.

`plan` draws a fate per row; `spoil` turns clean rows and their plan into what really arrives and when.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from huaxiang.world.clock import DAY, Ints
from huaxiang.world.rows import compute, money, replaced
from huaxiang.world.shape import shapes
from huaxiang.world.text import BAD_DATE, BROKEN, EPOCH_MS, FAULT, OVERFLOW

if TYPE_CHECKING:
    from collections.abc import Callable

# Fault class → (relative frequency, what cleaning says about the row that carries it).
CLASSES: dict[str, tuple[float, str]] = {
    "clean": (0.0, "loaded"),
    "duplicate": (20, "duplicates"),
    "late": (30, "loaded"),
    "revision": (14, "loaded"),
    "delete": (5, "deleted"),
    "conflict": (3, "quarantined"),
    "future_date": (5, "quarantined"),
    "bad_date": (4, "quarantined"),
    "epoch_ms": (4, "quarantined"),
    "overflow": (3, "quarantined"),
    "unknown_value": (4, "quarantined"),
    "missing_key": (5, "quarantined"),
    "full_width": (2, "loaded"),
    "nul": (3, "quarantined"),
}
_NAMES = tuple(CLASSES)
CODE = {name: code for code, name in enumerate(_NAMES)}
_NEVER_LOADED = [CODE[n] for n in _NAMES if CLASSES[n][1] == "quarantined" and n != "conflict"]
_TEXT_ONLY = {"bad_date": BAD_DATE, "epoch_ms": EPOCH_MS, "overflow": OVERFLOW}
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")

_EVERY = ("duplicate", "late", "future_date", "missing_key")
_TEXT = (*_EVERY, "bad_date", "epoch_ms")
# The faults each feed can have, and the column a revision or a conflict changes.
FEEDS: dict[str, tuple[tuple[str, ...], str]] = {
    "order_line": (
        (*_TEXT, "revision", "delete", "conflict", "overflow", "unknown_value", "full_width"),
        "paid",
    ),
    "order_return": ((*_TEXT, "revision", "overflow"), "amount"),
    "delivery": ((*_TEXT, "revision"), "promised_at"),
    "review": ((*_TEXT, "revision", "full_width", "nul"), "text"),
    "service_ticket": ((*_TEXT, "unknown_value"), "topic"),
    "social_follow": ((*_TEXT, "unknown_value", "full_width"), "cause"),
    "social_message": ((*_TEXT, "unknown_value"), "text"),
    "share_link": (_TEXT, "channel"),
    "social_post": ((*_EVERY, "revision", "unknown_value", "nul"), "text"),
    "social_interaction": ((*_EVERY, "revision", "conflict", "unknown_value"), "dwell_seconds"),
    "browse_event": ((*_EVERY, "unknown_value", "full_width"), "query"),
    "ad_event": ((*_EVERY, "conflict", "unknown_value"), "hour_slot"),
    "identity_claim": (("duplicate",), "claim_source"),
    "consent_event": (("duplicate",), "text_version"),
}
# Where an unknown value appears, if not in `act`.
_CHOICE = {
    "order_line": "op",
    "service_ticket": "kind",
    "social_follow": "action",
    "social_message": "kind",
    "social_post": "kind",
}


@dataclass(frozen=True)
class Plan:
    """The fate of each of a feed's rows: its class, when it is due, when its second copy arrives."""

    feed: str
    code: npt.NDArray[np.int8]
    due: Ints  # day number on which the row should arrive
    second: Ints  # when it arrives if late; when its revision, deletion or rival copy arrives

    def rows(self, name: str) -> Ints:
        """Return the rows of one class."""
        return np.flatnonzero(self.code == CODE[name])

    @property
    def arrival(self) -> Ints:
        """The day on which each row itself arrives."""
        return np.where(self.code == CODE["late"], self.second, self.due)

    @property
    def is_kept(self) -> npt.NDArray[np.bool_]:
        """True where the row is in the clean table for good once it has arrived."""
        return ~np.isin(self.code, [*_NEVER_LOADED, CODE["delete"], CODE["conflict"]])

    def final(self, amount: Ints, revised: Ints) -> Ints:
        """Return the amount that stands at the end; 0 for rows that do not stand."""
        stands = np.where(self.code == CODE["revision"], revised, amount)
        return np.where(self.is_kept, stands, 0)

    def changes(self, amount: Ints, revised: Ints) -> tuple[Ints, Ints, Ints]:
        """Return (row, arrival, change): what a perfect pipeline adds to a sum as files arrive."""
        loads = np.flatnonzero(~np.isin(self.code, _NEVER_LOADED))
        change = {"revision": revised - amount, "delete": -amount, "conflict": -amount}
        rows, arrivals, amounts = [loads], [self.arrival[loads]], [amount[loads]]
        for name, delta in change.items():
            at = self.rows(name)
            rows.append(at)
            arrivals.append(self.second[at])
            amounts.append(delta[at])
        return np.concatenate(rows), np.concatenate(arrivals), np.concatenate(amounts)


def plan(feed: str, due: Ints, last: int, share: float, rng: np.random.Generator) -> Plan:
    """Draw fates: `share` of the rows get a fault of a class that the feed can have."""
    code = np.zeros(len(due), dtype=np.int8)
    second = due.copy()
    if feed in FEEDS and share > 0:
        names = FEEDS[feed][0]
        weights = np.array([CLASSES[n][0] for n in names])
        hit = np.flatnonzero(rng.random(len(due), dtype=np.float32) < share)
        code[hit] = rng.choice([CODE[n] for n in names], len(hit), p=weights / weights.sum())
        # What is due after the last day stays there: it never arrives at all.
        second[hit] = np.minimum(due[hit] + rng.integers(1, 6, len(hit)), np.maximum(due[hit], last))
    return Plan(feed, code, due, second)


def spoil(
    table: pa.Table,
    plan: Plan,
    revised: Ints | None,
    send: Callable[[pa.Table, Ints], None],
    record: Callable[[str, Ints], None],
) -> None:
    """Send every row as planned. `revised` holds the corrected minor amounts of money feeds.

    `record(class, arrivals)` is told each fault once, on the day its evidence arrives.
    """
    if not plan.code.any():
        send(table, plan.due)
        return
    clean = plan.code == 0
    send(table.filter(pa.array(clean)), plan.due[clean])
    for name in FEEDS[plan.feed][0]:
        at = plan.rows(name)
        if not len(at):
            continue
        rows = table.take(at)
        first, second = plan.due[at], plan.second[at]
        news = None if revised is None else revised[at]
        if name == "late":
            send(rows, second)
        elif name == "duplicate":
            second = np.where(at % 2 == 0, first, second)
            send(rows, first)
            send(rows, second)
        elif name in ("revision", "conflict"):
            send(rows, first)
            send(_other_version(rows, plan.feed, news, is_revision=name == "revision"), second)
        elif name == "delete":
            send(rows, first)
            send(_marked(replaced(rows, "op", "delete"), BROKEN), second)
        elif name == "full_width":
            wide: list[Any] = rows.column("account_id").to_pylist()
            accounts = pa.array([text.translate(_WIDE) for text in wide], pa.string())
            send(replaced(rows, "account_id", accounts), first)
        else:
            broken = _broken(rows, plan.feed, name)
            send(_marked(broken, _TEXT_ONLY.get(name, BROKEN)), first)
        with_copy = name in ("duplicate", "revision", "conflict", "delete", "late")
        record(name, second if with_copy else first)


def _other_version(rows: pa.Table, feed: str, news: Ints | None, *, is_revision: bool) -> pa.Table:
    column = FEEDS[feed][1]
    old: Any = rows.column(column)
    if news is not None:
        if feed == "order_line":
            rows = replaced(rows, "discount", compute.subtract(rows.column("list_price"), money(news)))
        rows = replaced(rows, column, money(news))
    elif pa.types.is_integer(old.type):
        rows = replaced(rows, column, compute.add(old.fill_null(0), 1))
    elif pa.types.is_timestamp(old.type):
        rows = replaced(rows, column, compute.add(old.cast(pa.int64()), 600_000_000))
    else:
        rows = replaced(rows, column, compute.binary_join_element_wise(old.fill_null(""), "改", ""))
    return replaced(rows, "revision", 1) if is_revision else _marked(rows, BROKEN)


def _marked(rows: pa.Table, fault: int) -> pa.Table:
    return rows.append_column(FAULT, pa.array(np.full(len(rows), fault, np.int8)))


def _broken(rows: pa.Table, feed: str, name: str) -> pa.Table:
    shape = shapes()[feed]
    if name in _TEXT_ONLY:
        return rows  # done while it is rendered
    if name == "future_date" and shape.at:
        ahead = np.arange(len(rows)) % 300 + 40
        stamps = rows.column(shape.at).combine_chunks().cast(pa.int64()).to_numpy() + ahead * DAY * 1_000_000
        return replaced(rows, shape.at, pa.array(stamps).view(rows.schema.field(shape.at).type))
    if name == "missing_key":
        return replaced(rows, shape.key[-1], None)
    if name == "unknown_value":
        return replaced(rows, _CHOICE.get(feed, "act"), "teleport")
    if name == "nul":
        return replaced(rows, "text", compute.binary_join_element_wise(rows.column("text"), "\0", ""))
    raise KeyError(name)
