"""What is sold: brands with Zipf popularity, products in price bands, campaigns and promotions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.world.clock import Clock, Floats, Ints, dice
from huaxiang.world.names import CATEGORIES, TOPICS, TYPICAL_PRICE
from huaxiang.world.rows import ids, words

if TYPE_CHECKING:
    import pyarrow as pa

BANDS = 5
DEAR = 0.3
"""The share of brands that ask a premium, of 10 to 25 %."""
SPREAD = 0.127
"""How far prices of like goods lie apart. With what premiums add it is 0.15, which leaves the bands told apart."""
PAYMENT_MODELS = ("CPM", "CPC", "CPA", "CPS")


@dataclass(frozen=True)
class Campaigns:
    """One entry per advertising campaign; `effect` is the planted purchase probability per impression."""

    brand: Ints
    topic: Ints
    model: Ints  # index into PAYMENT_MODELS
    rate: Ints  # minor units; for CPS basis points of the sale
    first: Ints  # day numbers, both inclusive
    last: Ints
    effect: Floats
    ident: pa.Array[Any]


@dataclass(frozen=True)
class Goods:
    """Brands and products. Products of one (category, band) stand together, the most popular first."""

    brands: int
    brand_topic: Ints
    brand_popularity: Floats
    brand_premium: Floats  # planted: its prices are this share above those of like goods
    brand_ident: pa.Array[Any]
    product_brand: Ints
    product_category: Ints
    product_band: Ints
    price: Ints  # minor units in the mall
    product_ident: pa.Array[Any]
    shelf_start: Ints  # [category * BANDS + band]
    shelf_size: Ints
    by_brand: Ints  # products ordered by brand
    brand_start: Ints
    brand_size: Ints
    campaigns: Campaigns
    promotion_brand: Ints  # promotion i belongs to this brand; ids are pr1, pr2, …

    def choose(self, rng: np.random.Generator, person: Ints, topic: Ints, band: Ints) -> Ints:
        """Choose a product for each (person, topic): by popularity, or what this person always takes."""
        count = len(person)
        category = topic * 2 + (rng.random(count) < 0.4)
        stretched = np.clip(band + rng.choice([-1, 0, 0, 0, 0, 1], count), 0, BANDS - 1)
        shelf = category * BANDS + stretched
        habit = ((person * 2_654_435_761 + shelf * 40_503) & 0xFFFF) / 65_536.0
        u = np.where(rng.random(count) < 0.4, habit, rng.random(count))
        size = self.shelf_size[shelf]
        chosen: Ints = self.shelf_start[shelf] + (size * u**2.5).astype(np.int64)
        return chosen

    def of_brand(self, rng: np.random.Generator, brand: Ints) -> Ints:
        """Choose a product of each brand."""
        spot = (self.brand_size[brand] * rng.random(len(brand)) ** 1.5).astype(np.int64)
        chosen: Ints = self.by_brand[self.brand_start[brand] + spot]
        return chosen

    def alike(self) -> Ints:
        """Return what each product is compared with: the next one round its shelf that is of another brand.

        Of a brand without a premium, so that the planted one is what the comparison tells; −1 without any.
        """
        shelf = self.product_category * BANDS + self.product_band
        start, size = self.shelf_start[shelf], self.shelf_size[shelf]
        here = np.arange(len(shelf))
        found = np.full(len(shelf), -1)
        for step in range(1, int(size.max())):
            near = start + (here - start + step) % size
            brand = self.product_brand[near]
            fits = (found < 0) & (brand != self.product_brand) & (self.brand_premium[brand] == 0)
            found[fits] = near[fits]
        return found

    def price_in(self, product: Ints, platform: Ints) -> Ints:
        """Return the unit price in minor units; the outlet (platform 3) is a tenth cheaper."""
        return np.where(platform == 3, self.price[product] * 9 // 10, self.price[product])


def stock(people: int, clock: Clock, seed: int) -> Goods:
    """Fill the shelves: more products and brands in a larger world, never fewer than one per shelf."""
    rng = dice(seed, "goods")
    brands = int(np.clip(people // 60, 36, 240))
    products = int(np.clip(people // 8, 480, 12_000))
    brand_topic = np.concatenate([np.arange(12), rng.integers(0, 12, brands - 12)])
    popularity: Floats = 1.0 / np.arange(1, brands + 1, dtype=np.float64) ** 1.05
    rng.shuffle(popularity)

    shelves = len(CATEGORIES) * BANDS
    shelf = np.sort(np.concatenate([np.arange(shelves), rng.integers(0, shelves, products - shelves)]))
    brand = np.zeros(products, dtype=np.int64)
    for topic in range(len(TOPICS)):
        at = np.flatnonzero(shelf // BANDS // 2 == topic)
        candidates = np.flatnonzero(brand_topic == topic)
        weight = popularity[candidates] / popularity[candidates].sum()
        brand[at] = rng.choice(candidates, len(at), p=weight)
        brand[rng.permutation(at)[: len(candidates)]] = candidates[: len(at)]  # every brand sells something
    order = np.lexsort((rng.random(products) / popularity[brand], shelf))
    brand = brand[order]
    band = shelf % BANDS
    typical = np.array(TYPICAL_PRICE)[shelf // BANDS] * np.array([0.45, 0.75, 1.0, 1.7, 3.2])[band]
    premium = _premiums(brands, seed)
    asked = typical * rng.lognormal(0, SPREAD, products) * (1 + premium[brand])
    price = np.maximum(asked.astype(np.int64) // 100 * 100 - 10, 190)
    by_brand = np.argsort(brand, kind="stable")
    size = np.bincount(brand, minlength=brands)
    shelf_size = np.bincount(shelf, minlength=shelves)
    return Goods(
        brands=brands,
        brand_topic=brand_topic,
        brand_popularity=popularity / popularity.sum(),
        brand_premium=premium,
        brand_ident=words([f"b{i + 1:03d}" for i in range(brands)]),
        product_brand=brand,
        product_category=shelf // BANDS,
        product_band=band,
        price=price,
        product_ident=ids(np.arange(products) + 10_001, "p"),
        shelf_start=np.cumsum(shelf_size) - shelf_size,
        shelf_size=shelf_size,
        by_brand=by_brand,
        brand_start=np.cumsum(size) - size,
        brand_size=size,
        campaigns=_campaigns(rng, brand_topic, popularity, clock),
        promotion_brand=np.flatnonzero(rng.random(brands) < 0.4),
    )


def _premiums(brands: int, seed: int) -> Floats:
    """Draw each brand's premium by dice of their own, which leaves all others as they fall."""
    rng = dice(seed, "premium")
    return np.where(rng.random(brands) < DEAR, rng.uniform(0.10, 0.25, brands).round(3), 0.0)


def _campaigns(rng: np.random.Generator, brand_topic: Ints, popularity: Floats, clock: Clock) -> Campaigns:
    count = max(6, len(brand_topic) // 6)
    brand = rng.choice(len(brand_topic), count, replace=False, p=popularity / popularity.sum())
    first = rng.integers(0, max(1, clock.days * 2 // 3), count)
    first[: count // 3] = 0  # some run from the first day
    model = np.arange(count) % len(PAYMENT_MODELS)
    rate = np.array([3_000, 120, 2_500, 800])[model] * rng.integers(8, 16, count) // 10
    return Campaigns(
        brand=brand,
        topic=brand_topic[brand],
        model=model,
        rate=rate,
        first=first,
        last=np.minimum(first + rng.integers(14, 60, count), clock.last),
        effect=rng.uniform(0.0, 0.012, count).round(5),
        ident=words([f"cmp{i + 1:03d}" for i in range(count)]),
    )
