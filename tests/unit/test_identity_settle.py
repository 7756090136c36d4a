"""Links between account keys settled: who belongs together, by what, and what was demoted for it."""

from __future__ import annotations

import pyarrow as pa

from huaxiang.config import IdentityLimits
from huaxiang.identity.settle import settled

LIMITS = IdentityLimits(limits={}, max_accounts=4, max_accounts_per_platform=2)


def links(*rows: tuple[str, str, str, str, int]) -> pa.Table:
    names = ["account", "first", "kind", "value", "accounts"]
    types = [pa.string(), pa.string(), pa.string(), pa.string(), pa.int64()]
    return pa.table(
        [pa.chunked_array([pa.array([r[i] for r in rows], t)]) for i, t in enumerate(types)], names=names
    )


def members(table: pa.Table) -> dict[str, tuple[str, list[str]]]:
    return {r["account"]: (r["component"], r["linked_by"]) for r in table.to_pylist()}


def test_no_links_give_no_members() -> None:
    membership, demoted = settled(links(), LIMITS)
    assert membership.num_rows == demoted.num_rows == 0


def test_a_component_is_named_after_its_smallest_account_and_lists_its_kinds() -> None:
    membership, demoted = settled(
        links(("shop:2", "app:1", "phone", "p", 2), ("web:3", "shop:2", "device", "d", 2)), LIMITS
    )
    together = ("app:1", ["device", "phone"])
    assert members(membership) == {"app:1": together, "shop:2": together, "web:3": together}
    assert demoted.num_rows == 0


def test_an_over_large_component_loses_its_weakest_kind_only() -> None:
    """Five accounts, four allowed: the cookie goes, phone and e-mail stay; another's cookie stays too."""
    membership, demoted = settled(
        links(
            ("a:2", "a:1", "phone", "p", 2),
            ("b:3", "a:1", "email", "e", 2),
            ("b:4", "a:2", "cookie", "c", 3),
            ("c:5", "a:2", "cookie", "c", 3),
            ("b:9", "a:9", "cookie", "other", 2),
        ),
        LIMITS,
    )
    assert members(membership) == {
        **dict.fromkeys(["a:1", "a:2", "b:3"], ("a:1", ["email", "phone"])),
        **dict.fromkeys(["a:9", "b:9"], ("a:9", ["cookie"])),
    }
    assert demoted.to_pylist() == [{"kind": "cookie", "value": "c", "accounts": 3}]


def test_too_many_accounts_of_one_platform_are_split_too() -> None:
    membership, demoted = settled(
        links(("a:2", "a:1", "phone", "p", 2), ("a:3", "a:1", "device", "d", 2)), LIMITS
    )
    assert members(membership) == dict.fromkeys(["a:1", "a:2"], ("a:1", ["phone"]))
    assert [r["value"] for r in demoted.to_pylist()] == ["d"]


def test_when_one_kind_is_left_its_most_shared_values_go_first() -> None:
    membership, demoted = settled(
        links(
            ("a:2", "a:1", "phone", "narrow", 2),
            *((f"a:{n}", "a:2", "phone", "wide", 4) for n in (3, 4, 5)),
        ),
        LIMITS,
    )
    assert set(members(membership)) == {"a:1", "a:2"}
    assert [r["value"] for r in demoted.to_pylist()] == ["wide"]


def test_a_kind_outside_the_priority_is_the_weakest() -> None:
    limits = IdentityLimits(priority=("phone",), max_accounts=2, max_accounts_per_platform=2)
    membership, _ = settled(links(("a:2", "a:1", "phone", "p", 2), ("b:3", "a:1", "bind", "b", 2)), limits)
    assert set(members(membership)) == {"a:1", "a:2"}
