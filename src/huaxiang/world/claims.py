"""Who is whom: the claims that let a pipeline find out, the noise in them, and the truth about both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from huaxiang.world import rows
from huaxiang.world.clock import DAY, Clock, Ints, Mask, dice
from huaxiang.world.contacts import TEST_EMAIL, TEST_PHONE, Contacts, opaque, sha256, written
from huaxiang.world.people import PLATFORM_WORDS, SOCIAL, Accounts, People

if TYPE_CHECKING:
    from huaxiang.world.outbox import Outbox

KINDS = ("phone", "email", "union_id", "device", "bind", "cookie")
LIMITS = np.array([4, 4, 6, 3, 2, 2])  # accounts per value that a careful pipeline links at most, as in conf
_PARTNER = 3  # the outlet uploads hashes only
_SOURCES = rows.words(("registration", "login", "app", "settings", "web"))


@dataclass(frozen=True)
class Claims:
    """One claim each: an account, the kind, a number that stands for the value, and the words of it."""

    account: Ints
    kind: Ints
    token: Ints  # equal tokens of one kind are equal values
    value: pa.Array[Any]
    withdrawn: Ints  # day of the withdrawal, −1 never


def make_claims(people: People, accounts: Accounts, contacts: Contacts, clock: Clock, seed: int) -> Claims:
    """Return every claim of people's accounts.

    Nearly all accounts of a person share a strong value. Noise: recycled phone numbers (some over the
    limit, some not, half of those withdrawn later), family devices, one device in a shop that over a
    thousand accounts use, and a tester's number and address.
    """
    rng = dice(seed, "claims")
    n, mine = people.count, np.arange(accounts.owners)
    person, platform = accounts.person[mine], accounts.platform[mine]
    parts: list[tuple[Ints, int, Ints]] = []  # accounts, kind, tokens

    def claim(which: Mask | Ints, kind: str, token: Ints) -> None:
        parts.append((mine[which], KINDS.index(kind), token[which]))

    has_phone = rng.random(len(mine)) < 0.95
    claim(has_phone, "phone", person)
    claim(rng.random(len(mine)) < 0.5, "email", person)
    union = person * 2 + platform % 2  # of weiwo and mall, of douyue and outlet
    claim(rng.random(len(mine)) < 0.85, "union_id", union)
    rank = _rank(person)
    claim((rng.random(len(mine)) < 0.75) & (rank < LIMITS[3]), "device", person)
    shops = np.isin(platform, SOCIAL, invert=True)
    claim(shops & (rng.random(n) < 0.3)[person], "cookie", person)
    for social, shop in ((0, 2), (1, 3)):
        binds = (accounts.home[social] >= 0) & (accounts.home[shop] >= 0) & (rng.random(n) < 0.12)
        for ends in (social, shop):
            claim(accounts.home[ends][binds], "bind", np.asarray(accounts.home[social])[person])
    claim(_in_families(people, person), "device", 2 * n + people.household[person])
    crowd = rng.permutation(len(mine))[: 1001 + n // 1000 if n >= 4000 else max(n // 4, 8)]
    claim(crowd, "device", np.full(len(mine), 4 * n))
    for tested in ("phone", "email"):
        claim(rng.permutation(len(mine))[: max(8, n // 500)], tested, np.full(len(mine), n))
    taken, numbers = _recycled(rng, people, person, has_phone)
    parts.append((taken, 0, numbers))

    account = np.concatenate([p[0] for p in parts])
    kinds = np.concatenate([np.full(len(p[0]), p[1]) for p in parts])
    token = np.concatenate([p[2] for p in parts])
    withdrawn = np.full(len(account), -1, dtype=np.int64)
    recycled = len(account) - len(taken) + np.arange(len(taken))
    if clock.days > 6:
        withdrawn[recycled[::2]] = clock.last - rng.integers(0, 3, len(recycled[::2]))
    value = _values(rng, accounts, contacts, account=account, kind=kinds, token=token)
    return Claims(account, kinds, token, value, withdrawn)


def _rank(person: Ints) -> Ints:
    """Return 0 for the first of a person's accounts, 1 for the second and so on."""
    order = np.argsort(person, kind="stable")
    sorted_person = person[order]
    rank = np.empty(len(person), np.int64)
    rank[order] = np.arange(len(person)) - np.searchsorted(sorted_person, sorted_person)
    return rank


def _in_families(people: People, person: Ints) -> Mask:
    """Return the accounts that also use their household's device: too many to link anybody by it."""
    household = people.household[person]
    size = np.bincount(household[household >= 0], minlength=1)
    shared: Mask = (household >= 0) & (size[household] > LIMITS[3])
    return shared


def _recycled(rng: np.random.Generator, people: People, person: Ints, has_phone: Mask) -> tuple[Ints, Ints]:
    """Return (account, owner of the number): about one person in a hundred uses another's old number.

    Most numbers taken are of people with four accounts, so that the number is over its limit; a few are
    of people with one or two, and glue two persons wrongly.
    """
    each = np.bincount(person, minlength=people.count)
    phones = np.bincount(person[has_phone], minlength=people.count)
    many, few = np.flatnonzero(phones >= LIMITS[0]), np.flatnonzero((each <= 2) & (phones == each))
    many, few = rng.permutation(many), rng.permutation(few)
    over, under = min(people.count // 120, len(many)), min(people.count // 800, len(few) // 2)
    first_account = np.searchsorted(person, np.arange(people.count), sorter=np.argsort(person, kind="stable"))
    account_of = np.argsort(person, kind="stable")[np.minimum(first_account, len(person) - 1)]
    others = rng.permutation(np.setdiff1d(np.arange(people.count), many))
    takers = np.concatenate([others[:over], few[under : 2 * under]])
    owners = np.concatenate([many[: len(takers) - under], few[:under]])
    return account_of[takers], owners


def _values(
    rng: np.random.Generator,
    accounts: Accounts,
    contacts: Contacts,
    *,
    account: Ints,
    kind: Ints,
    token: Ints,
) -> pa.Array[Any]:
    """Return the values as platforms write them: raw from one's own, SHA-256 from the partner."""
    hashed = accounts.platform[account] == _PARTNER
    found: list[pa.Array[Any]] = []
    spots: list[Ints] = []

    def add(where: Mask, values: pa.Array[Any]) -> None:
        spots.append(np.flatnonzero(where))
        found.append(values)

    for number, (own, own_digest, test) in enumerate(
        (
            (contacts.phone, contacts.phone_sha256, TEST_PHONE),
            (contacts.email, contacts.email_sha256, TEST_EMAIL),
        )
    ):
        plain = pa.concat_arrays([own, rows.words([test])])
        digest = pa.concat_arrays([own_digest, sha256(rows.words([test]))])
        raw = (kind == number) & ~hashed
        texts = rows.pick(plain, token[raw])
        if number == 0:
            texts = written(texts, rng.choice(4, len(texts), p=[0.8, 0.1, 0.05, 0.05]))
        add(raw, texts)
        add((kind == number) & hashed, rows.pick(digest, token[(kind == number) & hashed]))
    for name, prefix in (("union_id", "un"), ("device", "dv"), ("cookie", "ck")):
        where = kind == KINDS.index(name)
        add(where, opaque(token[where], prefix))
    where = kind == KINDS.index("bind")
    add(where, rows.pick(accounts.key, token[where]))
    position = np.empty(len(account), np.int64)
    position[np.concatenate(spots)] = np.arange(len(account))
    return rows.pick(pa.concat_arrays(found), position)


def linked_groups(accounts: Accounts, claims: Claims) -> Ints:
    """Return for each account the smallest account it is linked with by claims that stand at the end.

    Values over their limit link nobody; limits on whole components are not applied here.
    """
    stands = claims.withdrawn < 0
    account, kind, token = claims.account[stands], claims.kind[stands], claims.token[stands]
    tokens = int(token.max(initial=0)) + 1
    code = np.unique((kind * tokens + token) * accounts.owners + account)
    value, member = code // accounts.owners, code % accounts.owners
    starts = np.append(True, value[1:] != value[:-1])
    group = np.cumsum(starts) - 1
    usable = (np.bincount(group) <= LIMITS[value[starts] // tokens])[group]
    left, right = member[starts][group][usable], member[usable]
    root = np.arange(accounts.owners)
    while True:
        before = root.copy()
        low = np.minimum(root[left], root[right])
        np.minimum.at(root, left, low)
        np.minimum.at(root, right, low)
        root = root[root]
        if (root == before).all():
            return root


def send_claims(accounts: Accounts, claims: Claims, clock: Clock, outbox: Outbox, seed: int) -> None:
    """Send each claim when its account exists, later sightings of some, and the withdrawals."""
    rng = dice(seed, "sent claims")
    count = len(claims.account)
    due = np.maximum(accounts.opened[claims.account], 0)
    first = clock.midnight(0) + accounts.opened[claims.account] * DAY + rng.integers(0, DAY, count)
    table = rows.table(
        "identity_claim",
        count,
        {
            "platform": rows.pick(PLATFORM_WORDS, accounts.platform[claims.account]),
            "account_id": rows.pick(accounts.ident, claims.account),
            "kind": rows.pick(rows.words(KINDS), claims.kind),
            "value": claims.value,
            "seen_first": first,
            "seen_last": np.minimum(first + rng.integers(0, 20 * DAY, count), clock.midnight(1) + due * DAY),
            "claim_source": rows.pick(_SOURCES, rng.integers(0, len(_SOURCES), count)),
        },
    )
    outbox.post(table, "identity_claim", 0, due=due)
    seen = np.flatnonzero((rng.random(count) < 0.02) & (claims.withdrawn < 0) & (due < clock.last))
    again = due[seen] + 1 + (rng.random(len(seen)) * (clock.last - due[seen])).astype(np.int64)
    later = rows.replaced(table.take(seen), "seen_last", clock.midnight(0) + again * DAY + 3600)
    outbox.send(rows.replaced(later, "revision", 1), "identity_claim", again)
    gone = np.flatnonzero(claims.withdrawn >= 0)
    leaving = rows.replaced(table.take(gone), "op", "delete")
    outbox.send(leaving, "identity_claim", claims.withdrawn[gone])
