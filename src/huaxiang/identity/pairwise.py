"""How right the persons are: pairs of accounts held together, against a known truth."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Pairwise:
    """Pairs of accounts of one person: in truth, as found, and in both."""

    true_pairs: int
    found_pairs: int
    right_pairs: int

    @property
    def precision(self) -> float:
        """Share of the found pairs that are true; 1 when none was found."""
        return self.right_pairs / self.found_pairs if self.found_pairs else 1.0

    @property
    def recall(self) -> float:
        """Share of the true pairs that were found; 1 when there is none."""
        return self.right_pairs / self.true_pairs if self.true_pairs else 1.0


def pairwise(truth: pa.Table, found: pa.Table) -> Pairwise:
    """Compare two tables of `account`, `person` with one row per account.

    An account that was never found is alone in what was found; one that the truth does not know is alone
    in truth, so that every link to it counts as wrong.
    """
    real = truth.select(["account", "person"]).rename_columns(["account", "real"])
    both = found.select(["account", "person"]).join(real, keys="account", join_type="full outer")
    return Pairwise(_pairs(both, ["real"]), _pairs(both, ["person"]), _pairs(both, ["real", "person"]))


def _pairs(table: pa.Table, keys: list[str]) -> int:
    known = table
    for key in keys:
        known = known.filter(pc.is_valid(known[key]))
    sizes = known.group_by(keys).aggregate([([], "count_all")])["count_all"]
    return int(pc.sum(pc.divide(pc.multiply(sizes, pc.subtract(sizes, 1)), 2)).as_py() or 0)
