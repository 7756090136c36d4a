"""What people wear: each one's size per category and cut, which sizes they order, and what does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.world import rows
from huaxiang.world.clock import Floats, Ints, Mask, dice
from huaxiang.world.goods import BANDS
from huaxiang.world.names import FITS, SIZES, WORN

if TYPE_CHECKING:
    import pyarrow as pa

    from huaxiang.world.goods import Goods

RIGHT_SIZE, RIGHT_FIT = (
    0.85,
    0.85,
)  # of orders: in the wearer's own size; of their cut, where the shelf has it
SENT_BACK_SIZE, SENT_BACK_FIT = 0.7, 0.3  # of what is of another size, of another cut


@dataclass(frozen=True)
class Wear:
    """True sizes and cuts: `size[person, n]` in the n-th category of `WORN`, `fit[person]`, `cut[product]` (−1: not worn)."""

    size: Ints
    fit: Ints
    cut: Ints

    def order(
        self, rng: np.random.Generator, goods: Goods, product: Ints, wearer: Ints, is_free: Mask
    ) -> tuple[Ints, Ints]:
        """Return what is ordered for each wearer, and in which size (−1: it has none).

        Where the choice `is_free`, most take a product of their cut from the same shelf.
        """
        category = goods.product_category[product]
        worn = np.isin(category, WORN)
        shelf = category * BANDS + goods.product_band[product]
        wants = worn & is_free & (rng.random(len(product)) < RIGHT_FIT)
        turn = rng.integers(0, 1 << 30, len(product))
        for step in range(len(FITS) * 2):  # a few neighbours on the shelf, from anywhere on it
            other = goods.shelf_start[shelf] + (turn + step) % np.maximum(goods.shelf_size[shelf], 1)
            better = wants & (self.cut[product] != self.fit[wearer]) & (self.cut[other] == self.fit[wearer])
            product = np.where(better, other, product)
        off = np.where(rng.random(len(product)) < RIGHT_SIZE, 0, rng.choice([-1, 1], len(product)))
        own = self.size[wearer, np.searchsorted(WORN, np.where(worn, category, WORN[0]))]
        return product, np.where(worn, np.clip(own + off, 0, len(SIZES) - 1), -1)

    def sent_back(self, goods: Goods, product: Ints, size: Ints, wearer: Ints) -> Floats:
        """Return by how much likelier each line comes back because it does not fit."""
        category = goods.product_category[product]
        own = self.size[wearer, np.searchsorted(WORN, np.where(size >= 0, category, WORN[0]))]
        of_size = np.where((size >= 0) & (size != own), SENT_BACK_SIZE, 0.0)
        return of_size + np.where((size >= 0) & (self.cut[product] != self.fit[wearer]), SENT_BACK_FIT, 0.0)


def tailor(people: int, goods: Goods, seed: int) -> Wear:
    """Measure everybody, and cut every product."""
    rng = dice(seed, "wear")
    body = rng.normal(2.5, 1.2, people)
    size = np.clip(np.round(body[:, None] + rng.normal(0, 0.5, (people, len(WORN)))), 0, len(SIZES) - 1)
    cut = np.where(np.isin(goods.product_category, WORN), rng.integers(0, len(FITS), len(goods.price)), -1)
    return Wear(size.astype(np.int64), rng.integers(0, len(FITS), people), cut)


def sized(product: pa.Array[Any], size: Ints) -> pa.Array[Any]:
    """Return the ids under which products are sold in a size: their own where there is none (−1)."""
    return rows.joined(product, rows.pick(rows.words(("", *(f"-{size}" for size in SIZES))), size + 1))
