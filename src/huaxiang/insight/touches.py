"""What can come before a purchase and be said after it, and which measures count it; no Spark, for commands need it too."""

from __future__ import annotations

LOOKBACK = 30
"""Days that end with the day of the order, within which a touch belongs to it."""
AFTER = 30
"""Days that begin with the day of the order, within which talk belongs to it."""
COMPARED = "compared"
TOUCHES: dict[str, tuple[str, ...]] = {
    "ad_seen": ("ad_impressions",),
    "share_seen": ("shares_seen",),
    "ad_clicked": ("ad_clicks",),
    "share_clicked": ("brought_visits",),
    "followed": ("follow_events",),
    "commented": ("comments",),
    COMPARED: (),
    "viewed": ("visits",),
    "asked": ("questions_asked", "messages_sent"),
}
"""Kinds of touch, the nearer to buying the later, and the measures that count them; `comparisons` counts its own."""
RECOMMENDED, COMPLAINED = "recommended", "complained"
TALK: dict[str, tuple[str, ...]] = {
    RECOMMENDED: ("links_shared", "high_ratings", "praising_mentions"),
    COMPLAINED: ("complaints", "low_ratings", "complaining_mentions"),
}
