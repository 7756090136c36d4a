"""Who a person is in a few plain sentences made from tags: what they say, what is inferred and what was counted, apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from huaxiang.contracts.model import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


@dataclass(frozen=True)
class Part:
    """A part of a sentence that is said when all tags in its braces are known, and `above` none of them is 0 or false."""

    en: str
    zh: str
    above: bool = True

    @property
    def reads(self) -> list[str]:
        """The tags that it tells."""
        return re.findall(r"{(\w+)}", self.en)


@dataclass(frozen=True)
class Line:
    """What is said under a label, and what is said when no part of it can be; nothing: the line is left out."""

    label: Text
    source: str
    parts: tuple[Part, ...]
    otherwise: Text | None = None


LINES = (
    Line(
        Text("Says", "本人申报"),
        "declared",
        (
            Part("{declared_gender}", "{declared_gender}"),
            Part("{declared_occupation}", "{declared_occupation}"),
            Part("{declared_household}", "{declared_household}"),
            Part("{declared_generation}", "{declared_generation}"),
            Part("of a tier {city_tier} city", "{city_tier}线城市"),
            Part("in all: {declared_life_stage}", "综合为{declared_life_stage}"),
        ),
        Text("Nothing of themselves.", "未申报任何信息。"),
    ),
    Line(
        Text("Inferred", "行为推断"),
        "inferred",
        (
            Part(
                "{life_stage}, with a probability of {life_stage_probability} from {life_stage_evidence}",
                "{life_stage}，概率{life_stage_probability}，依据{life_stage_evidence}",
            ),
            Part(
                "{generation}, with a probability of {generation_probability}",
                "{generation}，概率{generation_probability}",
            ),
            Part(
                "{household}, with a probability of {household_probability}",
                "{household}，概率{household_probability}",
            ),
        ),
        Text("Nothing: what they do is not clear enough to say who they are.", "未作推断：行为不足以判断。"),
    ),
    Line(
        Text("Buys", "购买"),
        "measured",
        (
            Part(
                "{orders_365d} in a year for {spend_365d} net of refunds",
                "一年内{orders_365d}，净消费{spend_365d}",
            ),
            Part("most of it {top_category_365d}", "以{top_category_365d}为主"),
            Part(
                "{top_brand_365d} before other brands ({top_brand_share_365d})",
                "首选{top_brand_365d}（{top_brand_share_365d}）",
            ),
            Part("again after {repurchase_gap_365d} as a rule", "通常隔{repurchase_gap_365d}再买"),
            Part("last on {last_order_date}", "最近一次在{last_order_date}"),
            Part("purchase power: {purchase_power}", "购买力：{purchase_power}"),
            Part("RFM class: {rfm_class}", "RFM分层：{rfm_class}"),
        ),
        Text("Nothing that is known of.", "未知有任何购买。"),
    ),
    Line(
        Text("How it was", "体验"),
        "measured",
        (
            Part("{experience}", "{experience}"),
            Part("satisfaction {satisfaction_365d}", "满意度{satisfaction_365d}"),
            Part("{complaints_90d} opened as complaints in 90 days", "90天内投诉{complaints_90d}"),
            Part(
                "{late_deliveries_365d} came late of {deliveries_365d}",
                "{deliveries_365d}中{late_deliveries_365d}迟到",
            ),
        ),
        Text("Nothing tells how it was for them.", "没有任何信息表明其体验如何。"),
    ),
    Line(
        Text("Shares", "分享"),
        "measured",
        (
            Part("{links_shared_90d} in 90 days", "90天内分享{links_shared_90d}"),
            Part("through which others made {brought_visits_90d}", "他人由此访问{brought_visits_90d}"),
            Part("{brought_orders_90d} made through them", "由此下单{brought_orders_90d}"),
            Part("worth {brought_spend_90d}", "金额{brought_spend_90d}"),
            Part("{followers} as followers", "粉丝{followers}"),
        ),
    ),
    Line(
        Text("Gives", "送礼"),
        "modelled",
        (
            Part("gifts in {gifts_given_365d} within a year", "一年内送礼{gifts_given_365d}"),
            Part("to {gift_receivers_365d} who are known", "送给{gift_receivers_365d}（已知身份）"),
            Part("for {gift_spend_365d}", "金额{gift_spend_365d}"),
            Part("{gifts_received_365d} received from others", "收到他人所送{gifts_received_365d}"),
        ),
    ),
    Line(
        Text("Expected", "预期"),
        "modelled",
        (
            Part(
                "{expected_buying_days_12m} with a purchase in the twelve months ahead (four of five such people from"
                " {expected_buying_days_12m_low} to {expected_buying_days_12m_high})",
                "未来十二个月预期购买{expected_buying_days_12m}（五人中有四人在{expected_buying_days_12m_low}至{expected_buying_days_12m_high}之间）",
                above=False,
            ),
            Part(
                "worth {expected_value_12m} ({expected_value_12m_low} to {expected_value_12m_high})",
                "价值{expected_value_12m}（{expected_value_12m_low}至{expected_value_12m_high}）",
                above=False,
            ),
            Part("a customer still with a chance of {chance_active}", "仍为活跃客户的概率{chance_active}"),
        ),
    ),
)


def lede(
    values: Mapping[str, Any], said: Callable[[str], Text], link: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Return label, source and sentence per line that has something to say.

    `values` are the person's by column, `said` writes a column's value, `link` is where the page tells why.
    """
    told = []
    for line in LINES:
        parts = [part for part in line.parts if _holds(part, values)]
        if not parts and line.otherwise is None:
            continue
        sentence = line.otherwise or Text("", "")
        if parts:
            english = ", ".join(_filled(part.en, said, link, "en") for part in parts)
            chinese = "，".join(_filled(part.zh, said, link, "zh") for part in parts)
            sentence = Text(Markup(english + "."), Markup(chinese + "。"))  # noqa: S704  (escaped piece by piece)
        told.append({"label": line.label, "source": line.source, "sentence": sentence})
    return told


def _holds(part: Part, values: Mapping[str, Any]) -> bool:
    found = [values.get(name) for name in part.reads]
    return all(value is not None for value in found) and (not part.above or all(found))


def _filled(words: str, said: Callable[[str], Text], link: Callable[[str], str], language: str) -> str:
    def value(match: re.Match[str]) -> str:
        text = getattr(said(match[1]), language)
        return f'<a href="#{escape(link(match[1]))}">{escape(text)}</a>'

    pieces = re.split(r"({\w+})", words)
    return "".join(
        re.sub(r"{(\w+)}", value, piece) if piece.startswith("{") else str(escape(piece)) for piece in pieces
    )
