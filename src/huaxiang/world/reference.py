"""What everybody knows: regions, brands, categories, couriers, holidays, products, campaigns, promotions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from huaxiang.world import rows
from huaxiang.world.ads import HOLDOUT
from huaxiang.world.clock import DAY
from huaxiang.world.goods import PAYMENT_MODELS
from huaxiang.world.names import (
    BRAND_EN,
    BRAND_EN_LAST,
    BRAND_FIRST,
    BRAND_LAST,
    CATEGORIES,
    CITIES,
    COLOURS,
    COURIERS,
    EXPECTED_DAYS,
    FITS,
    HOLIDAYS,
    SIZES,
    TOPICS,
)
from huaxiang.world.people import PLATFORM_WORDS, SHOPS
from huaxiang.world.wear import sized

if TYPE_CHECKING:
    from huaxiang.world.context import World

_SCENES = ("feed", "search", "splash", "live")
_KINDS = rows.words(("coupon", "discount", "gift_with_purchase"))
_TERMS = rows.words(("满300减40", "第二件半价", "满额赠礼"))


def send_reference(world: World) -> None:
    """Send all reference feeds on the first day, and the products' later price changes."""
    for feed, columns in (
        ("region", _regions()),
        ("brand", _brands(world)),
        ("category", _categories()),
        ("courier", _couriers()),
        ("holiday", _holidays()),
        ("campaign", _campaigns(world)),
        ("promotion", _promotions(world)),
    ):
        count = len(next(iter(columns.values())))
        world.outbox.send(rows.table(feed, count, columns), feed, 0)
    _send_products(world)


def _regions() -> dict[str, Any]:
    code, zh, en, tier, province, _ = zip(*CITIES, strict=True)
    return {
        "region_code": rows.words(code),
        "name_zh": rows.words(zh),
        "name_en": rows.words(en),
        "city_tier": np.array(tier),
        "province": rows.words(province),
    }


def brand_name(number: int) -> tuple[str, str]:
    """Return a brand's invented name in Chinese and English."""
    first = BRAND_FIRST[number * 2 % len(BRAND_FIRST)] + BRAND_FIRST[number * 7 % len(BRAND_FIRST)]
    last = BRAND_LAST[number % len(BRAND_LAST)]
    english = BRAND_EN[number % len(BRAND_EN)] + BRAND_EN_LAST[number // len(BRAND_EN) % len(BRAND_EN_LAST)]
    return f"{first}{last}{number + 1}", f"{english} {number + 1}"


def _brands(world: World) -> dict[str, Any]:
    goods = world.goods
    names = [brand_name(b) for b in range(goods.brands)]
    ident = goods.brand_ident.to_pylist()
    alike = [
        [ident[o] for o in np.flatnonzero(goods.brand_topic == topic).tolist() if o != b][:3]
        for b, topic in enumerate(goods.brand_topic.tolist())
    ]
    return {
        "brand_id": goods.brand_ident,
        "name_zh": rows.words([n[0] for n in names]),
        "name_en": rows.words([n[1] for n in names]),
        "comparables": pa.array(alike, pa.list_(pa.string())),
    }


def _categories() -> dict[str, Any]:
    tops = [(t[0], t[1], t[0].capitalize(), None) for t in TOPICS]
    leaves = [(f"{t[0]}/{c[0]}", c[2], c[1], t[0]) for t in TOPICS for c in (t[2], t[3])]
    path, zh, en, parent = zip(*tops, *leaves, strict=True)
    return {
        "category": rows.words(path),
        "name_zh": rows.words(zh),
        "name_en": rows.words(en),
        "parent": rows.words(parent),
    }


def _couriers() -> dict[str, Any]:
    ident, zh, en, slow, _ = zip(*COURIERS, strict=True)
    expected = np.array(EXPECTED_DAYS)[None, :] + np.round(np.array(slow))[:, None].astype(np.int64)
    return {
        "courier_id": rows.words(ident),
        "name_zh": rows.words(zh),
        "name_en": rows.words(en),
        **{f"expected_days_tier_{tier + 1}": expected[:, tier] for tier in range(5)},
    }


def _holidays() -> dict[str, Any]:
    day, zh, en, works = zip(*HOLIDAYS, strict=True)
    return {
        "holiday_date": pa.array(day),
        "name_zh": rows.words(zh),
        "name_en": rows.words(en),
        "is_workday": np.array(works),
    }


def _campaigns(world: World) -> dict[str, Any]:
    campaigns, clock = world.goods.campaigns, world.clock
    topics = rows.words([t[0] for t in TOPICS])
    scenes = [list(_SCENES[: 2 + brand % 3]) for brand in campaigns.brand.tolist()]
    return {
        "campaign_id": campaigns.ident,
        "changed_at": np.full(len(campaigns.brand), clock.midnight(0) - 5 * DAY),
        "brand_id": rows.pick(world.goods.brand_ident, campaigns.brand),
        "payment_model": rows.pick(rows.words(PAYMENT_MODELS), campaigns.model),
        "rate": campaigns.rate,
        "currency": "CNY",
        "target_return": 10_000 * (2 + campaigns.brand % 14),
        "budget": campaigns.rate * 100_000,
        "audience": rows.pick(topics, campaigns.topic),
        "scenes": pa.array(scenes, pa.list_(pa.string())),
        "valid_from": clock.midnight(0) + campaigns.first * DAY,
        "valid_until": clock.midnight(0) + (campaigns.last + 1) * DAY - 1,
        "holdout_share": np.full(len(campaigns.brand), int(HOLDOUT * 10_000)),
    }


def _promotions(world: World) -> dict[str, Any]:
    rng, clock = world.dice("promotions", 0), world.clock
    brand = world.goods.promotion_brand
    count, both = len(brand), np.tile(brand, len(SHOPS))
    kind = np.tile(rng.integers(0, 3, count), len(SHOPS))
    start = clock.midnight(0) + np.tile(rng.integers(-20, 1, count), len(SHOPS)) * DAY
    return {
        "platform": rows.pick(PLATFORM_WORDS, np.repeat(SHOPS, count)),
        "promotion_id": rows.ids(np.tile(np.arange(count) + 1, len(SHOPS)), "pr"),
        "brand_id": rows.pick(world.goods.brand_ident, both),
        "kind": rows.pick(_KINDS, kind),
        "valid_from": start,
        "valid_until": start + (clock.days + 40) * DAY,
        "terms": rows.pick(_TERMS, kind),
    }


def _send_products(world: World) -> None:
    rng, clock, goods = world.dice("products", 0), world.clock, world.goods
    count = len(goods.price)
    leaf_names = rows.words([c[2] for t in TOPICS for c in (t[2], t[3])])
    picked = rng.integers(0, 1 << 30, count)
    changed = np.flatnonzero(rng.random(count) < 0.05) if clock.last > 0 else np.arange(0)
    since = rng.integers(1, max(clock.days, 2), len(changed))
    alike = goods.alike()
    brand_zh = rows.words([brand_name(b)[0] for b in range(goods.brands)])
    # What is worn is sold under an id of its own in each size.
    worn = np.flatnonzero(world.wear.cut >= 0)
    style = np.append(np.arange(count), np.repeat(worn, len(SIZES)))
    size = np.append(np.full(count, -1), np.tile(np.arange(len(SIZES)), len(worn)))
    ident = sized(rows.pick(goods.product_ident, style), size)
    # and is compared with all sizes of another style
    many = np.where(alike[style] < 0, 0, np.where(world.wear.cut[style] >= 0, len(SIZES), 1))
    other = np.repeat(alike[style], many)
    each = np.arange(len(other)) - np.repeat(np.cumsum(many) - many, many)
    beside = sized(rows.pick(goods.product_ident, other), np.where(world.wear.cut[other] >= 0, each, -1))
    day = np.full(count, -1)
    day[changed] = since
    for platform in SHOPS:
        on = np.full(len(style), platform)
        price = goods.price_in(style, on)
        columns: dict[str, Any] = {
            "platform": rows.pick(PLATFORM_WORDS, on),
            "product_id": ident,
            "changed_at": clock.midnight(0) - (1 + picked[style] % 400) * DAY,
            "brand_id": rows.pick(goods.brand_ident, goods.product_brand[style]),
            "category": rows.pick(rows.words(CATEGORIES), goods.product_category[style]),
            "title": rows.joined(
                rows.pick(brand_zh, goods.product_brand[style]),
                " ",
                rows.pick(leaf_names, goods.product_category[style]),
                rows.ids(style + 1, " "),
            ),
            "list_price": price,
            "currency": "CNY",
            "size": rows.pick(rows.words(SIZES), size),
            "fit": rows.pick(rows.words(FITS), world.wear.cut[style]),
            "colour": rows.pick(rows.words(COLOURS), picked[style] // 31 % len(COLOURS)),
            "comparables": rows.grouped(many, beside),
        }
        table = rows.table("product", len(style), columns)
        world.outbox.send(table, "product", 0)
        which = np.flatnonzero(day[style] >= 0)
        due = day[style[which]]
        later = rows.replaced(table.take(which), "changed_at", clock.midnight(0) + due * DAY)
        world.outbox.send(rows.replaced(later, "list_price", price[which] * 95 // 100), "product", due)
