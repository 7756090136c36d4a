"""Checks of people: who is whom, within which limits, and what each of them spent, to the minor unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from huaxiang.models.interval import share_interval
from huaxiang.world.report import Check
from huaxiang.world.rows import compute
from huaxiang.world.sides import codes, match, pairs, whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from huaxiang.world.clock import Ints, Mask
    from huaxiang.world.sides import Lake, Planted

PRECISION, RECALL = 0.99, 0.97
MOST_ACCOUNTS, MOST_ON_ONE_PLATFORM = 20, 3


def identity_checks(lake: Lake, planted: Planted, as_of: date) -> Iterator[Check]:
    """Compare pairs of accounts: those of one true person with those of one found person.

    Whoever has withdrawn the consent to be joined stays out on both sides.
    """
    found = lake.columns("person_account", "account", "person", "platform")
    truth = planted.until("person_account", as_of, "opened")
    left = compute.less_equal(truth.column("join_withdrawn"), pa.scalar(as_of)).fill_null(fill_value=False)
    joins = truth.filter(compute.invert(left))
    both = match(joins.column("account"), found.column("account"))
    true_person = codes(joins.column("true_person"))
    found_person = codes(found.column("person"))
    # An account that the lake does not know is a person of its own.
    says = np.where(both >= 0, found_person[both], found_person.max(initial=0) + 1 + np.arange(len(both)))
    agreed = pairs(true_person * (int(says.max(initial=0)) + 1) + says)
    yield _of_pairs("precision", PRECISION, agreed, says)
    yield _of_pairs("recall", RECALL, agreed, true_person)
    gone = match(truth.filter(left).column("account"), found.column("account"))
    size = np.bincount(found_person)
    still = int((size[found_person[gone[gone >= 0]]] > 1).sum())
    yield Check("identity: accounts joined without consent", "0", f"{still:,}", still == 0)
    platform = codes(found.column("platform"))
    per_platform = np.bincount(np.unique(found_person * 1000 + platform, return_inverse=True)[1])
    largest, on_one = int(size.max(initial=0)), int(per_platform.max(initial=0))
    yield Check(
        "identity: most accounts of a person", f"≤ {MOST_ACCOUNTS}", f"{largest}", largest <= MOST_ACCOUNTS
    )
    yield Check(
        "identity: most on one platform",
        f"≤ {MOST_ON_ONE_PLATFORM}",
        f"{on_one}",
        on_one <= MOST_ON_ONE_PLATFORM,
    )
    brands = planted.table("brand_account").column("account")
    nobodys = int((match(found.column("account"), brands) >= 0).sum())
    yield Check("identity: accounts of brands that are somebody's", "0", f"{nobodys:,}", nobodys == 0)
    repeated = len(found) - len(found.column("account").unique())
    yield Check("identity: accounts with two persons", "0", f"{repeated:,}", repeated == 0)


def _of_pairs(name: str, wanted: float, agreed: int, person: Ints) -> Check:
    """Return of the pairs of accounts of one `person` the share that the other side agrees to.

    Pairs of one person hold or fail together, so that the interval is as wide as if each person with a pair were one.
    """
    title = f"identity: {name} of pairs"
    whole, persons = pairs(person), int((np.unique(person, return_counts=True)[1] > 1).sum())
    if not whole:
        return Check(title, f"≥ {wanted}", "no pairs to judge", ok=None)
    share = agreed / whole
    low, high = share_interval(share * persons, persons)
    told = f"{share:.4f} [{low:.3f}, {high:.3f}] of {whole:,} pairs of {persons:,} persons"
    return Check(title, f"≥ {wanted}", told, share >= wanted)


def spend_checks(lake: Lake, planted: Planted, as_of: date) -> Iterator[Check]:
    """Compare each found person's money with the sum of the truth of their accounts, to the minor unit."""
    member = lake.columns("person_account", "account", "person")
    portrait = lake.columns("portrait", "person", "spend_all", "paid_all", "orders_all")
    person = codes(pa.chunked_array([*member.column("person").chunks, *portrait.column("person").chunks]))
    of_member, of_portrait = person[: len(member)], person[len(member) :]
    persons = int(person.max(initial=-1)) + 1
    change = planted.until("spend_change", as_of)
    at = match(change.column("account"), member.column("account"))
    paid, returned = (whole(change.column(name)) for name in ("paid_minor", "returned_minor"))
    lost = int(paid[at < 0].sum())
    owner = of_member[at[at >= 0]]
    true_paid, true_net = np.zeros(persons, np.int64), np.zeros(persons, np.int64)
    np.add.at(true_paid, owner, paid[at >= 0])
    np.add.at(true_net, owner, (paid - returned)[at >= 0])
    has_portrait = np.zeros(persons, np.bool_)
    has_portrait[of_portrait] = True
    repeated = len(of_portrait) - int(has_portrait.sum())
    yield Check("portrait: persons with more than one", "0", f"{repeated:,}", repeated == 0)
    yield from _unportrayed(planted, as_of, member, of_member, has_portrait)
    for name, truth in (("paid_all", true_paid), ("spend_all", true_net)):
        said = np.zeros(persons, np.int64)
        said[of_portrait] = whole(portrait.column(name))
        wrong = int(((said != truth) & has_portrait).sum())
        yield Check(f"{name}: persons off by any minor unit", "0", f"{wrong:,} of {persons:,}", wrong == 0)
        total = int(truth[has_portrait].sum())
        same = int(said.sum()) == total
        yield Check(f"{name}: everybody's sum", yuan(total), yuan(int(said.sum())), same)
    yield Check("spend: of accounts the lake does not know", "0.00", yuan(lost), lost == 0)
    yield from _exactly_linked(planted, as_of, member, portrait, person)


def _unportrayed(
    planted: Planted, as_of: date, member: pa.Table, of_member: Ints, has_portrait: Mask
) -> Iterator[Check]:
    """Only who withdrew personalisation may be missing from the portrait."""
    truth = planted.table("person_account")
    left = compute.less_equal(truth.column("personalise_withdrawn"), pa.scalar(as_of))
    gone = match(truth.filter(left.fill_null(fill_value=False)).column("account"), member.column("account"))
    excused = np.zeros(len(has_portrait), np.bool_)
    excused[of_member[gone[gone >= 0]]] = True
    missing = np.unique(of_member[~has_portrait[of_member] & ~excused[of_member]])
    yield Check("portrait: persons without one", "0", f"{len(missing):,}", len(missing) == 0)


def _exactly_linked(
    planted: Planted, as_of: date, member: pa.Table, portrait: pa.Table, person: Ints
) -> Iterator[Check]:
    """Compare true persons found with exactly their accounts, at the world's end, with `truth/spend`."""
    of_member, of_portrait = person[: len(member)], person[len(member) :]
    known = planted.until("person_account", as_of, "opened")
    at = match(known.column("account"), member.column("account"))
    true_person = codes(known.column("true_person"))
    seen = at >= 0
    found = np.where(seen, of_member[at], -1)
    lowest, highest = (np.full(int(true_person.max(initial=0)) + 1, fill) for fill in (1 << 40, -2))
    np.minimum.at(lowest, true_person, found)
    np.maximum.at(highest, true_person, found)
    one = (lowest == highest) & (lowest >= 0)
    accounts_of_found = np.bincount(of_member)
    exact = one & (accounts_of_found[np.maximum(lowest, 0)] == np.bincount(true_person))
    share = float(exact.mean())
    low, high = share_interval(int(exact.sum()), len(exact))
    told = f"{share:.4f} [{low:.3f}, {high:.3f}] of {len(exact):,}"
    yield Check("identity: true persons found exactly", "≥ 0.95", told, share >= 0.95)
    world = planted.table("spend_change")
    if len(world) != len(planted.until("spend_change", as_of)):
        return  # the truth per true person is of the world's last day
    ids = known.column("true_person").unique()
    truth = planted.table("spend")
    row = match(ids, truth.column("true_person"))
    said = np.zeros(len(accounts_of_found) + 1, np.int64), np.zeros(len(accounts_of_found) + 1, np.int64)
    for values, name in zip(said, ("spend_all", "orders_all"), strict=True):
        values[np.minimum(of_portrait, len(values) - 1)] = whole(portrait.column(name))
    portrayed = np.isin(lowest, of_portrait) & exact
    net = (whole(truth.column("paid_minor")) - whole(truth.column("returned_minor")))[row]
    orders = whole(truth.column("orders"))[row]
    for name, values, true in (("spend", said[0], net), ("orders", said[1], orders)):
        wrong = int((values[np.maximum(lowest, 0)] != true)[portrayed].sum())
        yield Check(f"{name}: true persons off", "0", f"{wrong:,} of {int(portrayed.sum()):,}", wrong == 0)


def yuan(minor: int) -> str:
    """Return minor units as an amount."""
    sign = "−" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100:,}.{abs(minor) % 100:02d}"
