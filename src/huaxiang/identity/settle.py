"""Links between account keys, settled on one machine: Arrow tables in, Arrow tables out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huaxiang.identity.graph import Bounds, Links, connected, within_bounds
from huaxiang.numbered import integers, numbered, taken

if TYPE_CHECKING:
    from huaxiang.config import IdentityLimits
    from huaxiang.identity.graph import Flags, Integers

_TEXT: Any = pa.string()
MEMBERSHIP = pa.schema([("account", _TEXT), ("component", _TEXT), ("linked_by", pa.list_(_TEXT))])
DEMOTIONS = pa.schema([("kind", _TEXT), ("value", _TEXT), ("accounts", pa.int64())])


def settled(links: pa.Table, limits: IdentityLimits) -> tuple[pa.Table, pa.Table]:
    """Return who belongs together within the limits, and which values were demoted for it.

    `links` as made by `claims.links`. Membership: `account`, `component` (its smallest account key),
    `linked_by` (the kinds that hold it together, sorted); accounts that end up alone have no row.
    Demotions: `kind`, `value`, `accounts`, one row per value.
    """
    names, (left, right) = numbered(links["account"], links["first"])
    kinds = _from_strongest(links["kind"], limits.priority)
    kind = integers(pc.index_in(links["kind"], value_set=pa.array(kinds, pa.string())))
    bounds = Bounds(limits.max_accounts, limits.max_accounts_per_platform)
    graph = Links(left, right, weakness=kind, sharers=integers(links["accounts"]))
    label, kept = within_bounds(len(names), graph, _platforms(names), bounds)

    held = np.zeros((len(names), len(kinds)), dtype=np.bool_)  # by which kinds each component is held
    held[label[left[kept]], kind[kept]] = True
    linked = np.flatnonzero(held[label].any(axis=1))
    columns = [taken(names, linked), taken(names, label[linked]), _names_of(held[label[linked]], kinds)]
    membership = pa.table(columns, schema=MEMBERSHIP)
    dropped = links.filter(pa.array(list(~kept), pa.bool_())).group_by(["kind", "value"])
    sizes = dropped.aggregate([("accounts", "max")])
    return membership, pa.table([sizes["kind"], sizes["value"], sizes["accounts_max"]], schema=DEMOTIONS)


def labelled(left: Any, right: Any) -> pa.Table:
    """Return `node`, `label` (the smallest node of its component) of the graph with these edges."""
    names, (one, other) = numbered(left, right)
    return pa.table({"node": names, "label": taken(names, connected(len(names), one, other))})


def _platforms(names: Any) -> Integers:
    heads: Any = pc.list_element(pc.split_pattern(names, ":", max_splits=1), 0)
    return integers(heads.dictionary_encode().indices)


def _from_strongest(kind: Any, priority: tuple[str, ...]) -> list[str]:
    """Return the kinds present from the strongest; those that `priority` does not name come last."""
    present = set(kind.unique().to_pylist())
    return [k for k in priority if k in present] + sorted(present.difference(priority))


def _names_of(held: Flags, kinds: list[str]) -> Any:
    """Turn each row of flags into the sorted list of the kinds that are set."""
    order = sorted(range(len(kinds)), key=kinds.__getitem__)
    row, column = np.nonzero(held[:, order])
    offsets = np.searchsorted(row, np.arange(held.shape[0] + 1)).astype(np.int32)
    words = taken(pa.array([kinds[i] for i in order], pa.string()), column)
    return pa.ListArray.from_arrays(pa.array(offsets.tolist(), pa.int32()), words)
