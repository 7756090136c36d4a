"""The named models: what each reads of a portrait, what it says of a person (and a brand), and where its method comes from.

No Spark and no arithmetic here: the catalogue's tags of the form `modelled: <model>.<output>` are checked
against these cards, and the dictionary quotes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from huaxiang.contracts.model import Text
from huaxiang.models.traits import DECLARED, INPUTS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Card:
    """A model: its version, its method, the portrait columns it reads, and its outputs with their types.

    `otherwise` says what holds when it can't be fitted; `grain` whether it speaks of a `person`, or of a person and a
    `brand`. `parts` are the outputs that depend on each part of the fit; on a part that isn't there, all do.
    """

    name: str
    version: str
    method: str
    needs: tuple[str, ...]
    gives: Mapping[str, str]
    otherwise: Text
    grain: str = "person"
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def depends(self, output: str, part: str) -> bool:
        """Whether what the model says as `output` depends on a part of its fit."""
        return output in self.parts.get(part, self.gives)


PURCHASES = Card(
    name="purchases",
    version="2",
    method=(
        "BG/NBD (Fader, Hardie & Lee 2005) for buying days and Gamma-Gamma (Fader & Hardie 2013) for their value,"
        " by maximum likelihood on distinct histories"
    ),
    needs=("buying_days_all", "buying_days_365d", "first_order_date", "last_order_date", "paid_all"),
    gives={
        "chance_active": "double",
        "expected_days": "double",
        "lowest_days": "int",
        "highest_days": "int",
        "expected_value": "bigint",
        "lowest_value": "bigint",
        "highest_value": "bigint",
    },
    otherwise=Text(
        "a person's next 365 days are taken to be as the last, or as all days since anybody's first order where these"
        " are fewer: no chance and no interval; without a fit of values, a buying day is worth one's own mean",
        "未来365天视同过去365天，若自首笔订单起不足365天则视同此间：不给概率与区间；金额未能拟合时，一个购买日按本人均值计",
    ),
    parts={"value": ("expected_value", "lowest_value", "highest_value")},
)
INFLUENCE = Card(
    name="influence",
    version="2",
    method=(
        "PageRank (Page, Brin, Motwani & Winograd 1999) over the follows that stand between persons, damping 0.85,"
        " the mass of who follows nobody spread; in averages of all who follow or are followed. Triangles among the"
        " same follows, taken without direction, by the forward algorithm (Schank & Wagner 2005; Latapy 2008), and the"
        " local clustering coefficient (Watts & Strogatz 1998)"
    ),
    needs=("followings", "followers"),
    gives={"pagerank": "double", "triangles": "bigint", "clustering": "double"},
    otherwise=Text("nobody is ranked, and no triangle is told", "不作排名，也不给出三角关系"),
)
GIFTS = Card(
    name="gifts",
    version="1",
    method=(
        "orders sent to a phone that another person claims, or nobody while the buyer has another one; or wrapped"
        " as a gift, or with a card"
    ),
    needs=("orders_all",),
    gives={"given": "bigint", "receivers": "bigint", "received": "bigint", "spend": "bigint"},
    otherwise=Text(
        "nothing is said where no source tells recipients, wraps or cards",
        "无数据源提供收件人、包装或贺卡时不作判断",
    ),
)
PRICE_BANDS = Card(
    name="price_bands",
    version="2",
    method=(
        "natural breaks (Jenks 1967) in the logarithms of the list prices with which a category began the quarter; who"
        " buys in which band by a mixture of multinomials (Dawid & Skene 1979) fitted on distinct counts of products"
    ),
    needs=("products_365d",),
    gives={
        "band": "int",
        "probability": "double",
        "lines": "bigint",
        "by_category": "array<struct<key:string,value:bigint,lines:bigint>>",
    },
    otherwise=Text(
        "a category with fewer than 10 priced products has no bands; without a fit of who buys in which, a person's band"
        " is the mean of their lines, without a probability",
        "有价商品不足10件的品类不分价格带；未能拟合买家时，取订单行所在价格带的均值，不给概率",
    ),
    parts={"buyers": ("band", "probability")},
)
AFFINITY = Card(
    name="affinity",
    version="1",
    method=(
        "shares of order lines by category and by brand, shrunk towards everybody's by a Dirichlet-multinomial"
        " (Mosimann 1962; Minka 2000) fitted by maximum likelihood on distinct counts; lift is the share over everybody's"
    ),
    needs=("order_lines_365d",),
    gives={
        "category": "string",
        "by_category": "array<struct<key:string,value:double,lift:double,error:double,lines:bigint>>",
        "brand": "string",
        "by_brand": "array<struct<key:string,value:double,lift:double,error:double,lines:bigint>>",
    },
    otherwise=Text("no affinity is told", "不给出偏好"),
    parts={"category": ("category", "by_category"), "brand": ("brand", "by_brand")},
)
BARGAINS = Card(
    name="bargains",
    version="1",
    method=(
        "order lines below the list price against the share of others' lines of the same category and month, by a"
        " beta-binomial (Skellam 1948) fitted by maximum likelihood on distinct counts"
    ),
    needs=("order_lines_365d",),
    gives={
        "share": "double",
        "expected": "double",
        "sensitivity": "double",
        "lowest": "double",
        "highest": "double",
    },
    otherwise=Text("the shares are told, and no sensitivity", "只给出占比，不给出敏感度"),
)
INFERRED = tuple(
    Card(
        name=name,
        version="3" if name == "life_stage" else "2",
        method=(
            "multinomial logistic regression on what people buy, when they are active and what about, learnt each night"
            f" from {declared}; one temperature calibrates it (Guo, Pleiss, Sun & Weinberger 2017); said from a"
            " probability of 0.6 on"
        ),
        needs=tuple(
            column for column in INPUTS.columns if column not in INPUTS.keyed
        ),  # lists have no names here
        gives={"kind": "string", "probability": "double", "evidence": "bigint"},
        otherwise=Text("nothing is inferred", "不作推断"),
    )
    for name, declared in DECLARED.items()
)
MEMBERSHIP = Card(
    name="membership",
    version="1",
    method=(
        "entries of the brand's own list whose phone one agreeing person claims; where nobody claims the phone, whose"
        " e-mail address"
    ),
    needs=(),
    gives={"is_member": "boolean", "since": "date", "level": "string"},
    otherwise=Text("nothing is said of a brand that sent no list", "未提交名单的品牌不作判断"),
    grain="brand",
)
CARDS = {
    card.name: card
    for card in (PURCHASES, INFLUENCE, GIFTS, PRICE_BANDS, AFFINITY, BARGAINS, *INFERRED, MEMBERSHIP)
}


def output_type(said: str) -> str | None:
    """Return the type of `<model>.<output>`; None when there is no such output."""
    model, _, output = said.partition(".")
    card = CARDS.get(model)
    return card.gives.get(output) if card else None


def outputs() -> tuple[str, ...]:
    """Every `<model>.<output>`."""
    return tuple(f"{card.name}.{output}" for card in CARDS.values() for output in card.gives)
