"""What is inferred of people who don't declare it, and from what. No Spark here."""

from __future__ import annotations

from huaxiang.models.trait_numbers import TraitInputs

DECLARED = {
    "life_stage": "declared_life_stage",
    "generation": "declared_generation",
    "household": "declared_household",
}
"""Each model → the tag that tells it of who declares it: what is learnt from."""
LARGEST_SAMPLE = 20_000
"""People learnt from, those with the smallest hashes of what they declare and do: more would better an accuracy by less than 0.4 points."""
YOUNGEST = 15
"""Nothing is inferred of, or learnt from, who is by the declared year possibly under 14."""
EVIDENCE = ("interactions_90d", "views_90d", "order_lines_365d")
INPUTS = TraitInputs(
    amounts=(
        "order_lines_365d", "paid_365d", "units_365d", "categories_365d", "browsing_days_90d",
        "interactions_90d", "views_90d", "posts_90d", "comments_90d", "social_days_90d", "links_shared_90d",
        "followings", "followers", "message_partners_90d", "ad_impressions_90d",
    ),
    shares={
        "weekend_acts_90d": "interactions_90d",
        "evening_acts_90d": "interactions_90d",
        "promoted_lines_365d": "order_lines_365d",
        "gift_lines_365d": "order_lines_365d",
        "ad_clicks_90d": "ad_impressions_90d",
    },
    keyed={"category_lines_365d": "value", "interests_90d": "value", "acts_by_hour_90d": "value"},
)  # fmt: skip
"""Only what people do. Nothing they declare is among it, so that what is inferred can be held against theirs."""
