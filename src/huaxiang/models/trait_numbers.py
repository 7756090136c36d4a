"""What somebody does, as numbers from which a trait is inferred: stated columns, one reading for Spark and here.

Amounts go in as log(1 + amount); a share as its Pearson residual against everybody's, (part − whole · p) over
√(whole · p + 1), and so does every key of a list (Lause, Berens & Kobak 2021: such residuals keep few counts from
speaking loudly). Nothing known is the sample's mean, and for an amount a number of its own besides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

MOST_KEYS = 150
"""Of each list, the keys that the sample holds most of; ties: the smaller key."""
FARTHEST = 6.0
"""A residual further from 0 than this counts as this: a few people are not to decide a weight."""
DIGITS = 4


@dataclass(frozen=True)
class TraitInputs:
    """Which columns are read: `amounts`; `shares`, each of a whole; `keyed`, lists of a key and its count."""

    amounts: tuple[str, ...]
    shares: Mapping[str, str] = field(default_factory=dict)
    keyed: Mapping[str, str] = field(default_factory=dict)  # column → field with the count

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, once."""
        return tuple(dict.fromkeys([*self.amounts, *self.shares, *self.shares.values(), *self.keyed]))


@dataclass(frozen=True)
class Basis:
    """What a sample says of everybody: shares, the keys of each list with theirs, the mean log amount."""

    inputs: TraitInputs
    shares: Mapping[str, float]
    keys: Mapping[str, Mapping[str, float]]
    typical: Mapping[str, float]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the numbers, in order."""
        keyed = [f"{column}={key}" for column, keys in self.keys.items() for key in keys]
        unknown = [f"{name} unknown" for name in self.typical]
        return (*self.typical, *unknown, *(f"{part}/{whole}" for part, whole in self._pairs()), *keyed)

    def _pairs(self) -> list[tuple[str, str]]:
        return list(self.inputs.shares.items())

    def numbers(self, people: pa.Table) -> Numbers:
        """Return one row of numbers per person."""
        columns: list[Numbers] = []
        for name, typical in self.typical.items():
            amount = _floats(people, name)
            columns.append(np.where(np.isnan(amount), typical, np.log1p(np.maximum(amount, 0))))
        columns += [np.isnan(_floats(people, name)).astype(float) for name in self.typical]
        for part, whole in self._pairs():
            some, every = (np.nan_to_num(_floats(people, name)) for name in (part, whole))
            columns.append(_residual(some, every, self.shares[part]))
        for column, keys in self.keys.items():
            person, key, count = _listed(people, column, self.inputs.keyed[column])
            of: Numbers = np.bincount(person, count, people.num_rows).astype(float)
            found = pc.index_in(key, value_set=pa.array(keys, pa.string())).fill_null(-1)
            place = found.to_numpy(zero_copy_only=False).astype(np.int64)
            cell, is_known = person * len(keys) + place, place >= 0
            held = np.bincount(cell[is_known], count[is_known], people.num_rows * len(keys)).astype(float)
            residual = _residual(
                held.reshape(people.num_rows, len(keys)), of[:, None], np.array([*keys.values()])
            )
            columns += list(residual.T)
        return np.stack(columns, axis=1) if columns else np.zeros((people.num_rows, 0))


def basis(inputs: TraitInputs, sample: pa.Table) -> Basis:
    """Return what the sample says of everybody, rounded, so that no machine's last digit matters.

    A column of which the sample knows nothing is left out.
    """
    typical, shares, keys = {}, {}, {}
    for name in inputs.amounts:
        amount = _floats(sample, name)
        known = amount[~np.isnan(amount)]
        if len(known):
            typical[name] = round(float(np.log1p(np.maximum(known, 0)).mean()), DIGITS)
    for part, whole in inputs.shares.items():
        counts, of = (np.nan_to_num(_floats(sample, name)).sum() for name in (part, whole))
        shares[part] = round(float(counts / of), DIGITS) if of else 0.0
    for column, weight in inputs.keyed.items():
        _, key, count = _listed(sample, column, weight)
        names, place = np.unique(np.asarray(key.to_pylist(), dtype=str), return_inverse=True)
        total = np.bincount(place, count, len(names))
        most = sorted(range(len(names)), key=lambda n: (-total[n], names[n]))[:MOST_KEYS]
        keys[column] = {str(names[n]): round(float(total[n] / total.sum()), DIGITS) for n in most}
    return Basis(inputs, shares, keys, typical)


def _floats(people: pa.Table, name: str) -> Numbers:
    return people[name].cast(pa.float64()).to_numpy(zero_copy_only=False).astype(float)


def _listed(people: pa.Table, column: str, weight: str) -> tuple[NDArray[np.int64], Any, Numbers]:
    """Return for each entry of the lists whose it is, its key and its count."""
    lists: Any = people[column].combine_chunks()
    lists = lists.fill_null([]) if lists.null_count else lists
    held = lists.flatten()
    person = np.repeat(np.arange(len(lists)), np.diff(lists.offsets.to_numpy()))
    return person, held.field("key"), held.field(weight).to_numpy(zero_copy_only=False).astype(float)


def _residual(count: Numbers, of: Numbers, share: float | Numbers) -> Numbers:
    return np.clip((count - of * share) / np.sqrt(of * share + 1), -FARTHEST, FARTHEST)
