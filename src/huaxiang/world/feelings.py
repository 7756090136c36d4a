"""Checks of what texts feel: each scorer against what the demo world meant, fitted on none of what it is tried on.

The world writes from phrases, so that weights learned from some of its people would know the words of all others. What
is tried here was learned elsewhere (from real comments), or from other phrases: of no text tried does it know any.
The lexicon and the phrases have one author, though: its figure flatters it, and the one on real comments (`published`)
does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.models.learned_sentiment import FEWEST, learn
from huaxiang.models.rated import agreement
from huaxiang.models.scorer import LEXICON
from huaxiang.world.comments import HAPPY, SO_SO, meant
from huaxiang.world.names import REVIEWS, REVIEWS_END, REVIEWS_MORE
from huaxiang.world.published import COMMENTS, rated_comments
from huaxiang.world.report import Check, share_check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from huaxiang.world.sides import Lake

    Said = dict[str, tuple[int, frozenset[str]]]
    Meant = dict[str, tuple[bool, frozenset[str]]]
    Feels = Callable[[str], float | None]

FEEDS = ("review", "social_post", "social_message")
WANTED = {"the lexicon": 0.85, "learned elsewhere": 0.75, "learned from other phrases": 0.5}
"""Two thirds of what is gained over guessing, one half, and, of words that nobody taught, silence rather than mistakes."""
LITTLE = 0.2
"""Of -1 to 1: what the catalogue counts neither as praise nor as complaint."""
FEW = 20
"""Different texts of either side, below which a share says nothing."""


def feeling_checks(lake: Lake, data: Path | None) -> Iterator[Check]:
    """Return how often scorers feel what was meant: different texts that praise or complain, either side weighing the same.

    The lexicon; weights learned from the real comments under `data`, if they are there; and weights learned from reviews
    made of half of the world's phrases, tried on those made of the other half.
    """
    said = {feed: _said(lake, feed) for feed in FEEDS}
    scorers: dict[str, Feels] = {"the lexicon": _lexicon}
    if data is not None and (data / COMMENTS).is_file():
        texts, praises = rated_comments(data / COMMENTS)
        lesson = learn(texts, praises.tolist())
        scorers |= {"learned elsewhere": lesson.model.sentiment} if lesson else {}
    for scorer, feels in scorers.items():
        yield from (_check(scorer, feed, _felt(found), feels) for feed, found in said.items())
        yield _left_alone(
            scorer, [text for text, (mood, _) in said["social_message"].items() if mood == SO_SO], feels
        )
    yield _other_phrases(_felt(said["review"]))


def _lexicon(text: str) -> float | None:
    return LEXICON.opinion(text).sentiment


def _said(lake: Lake, feed: str) -> Said:
    """Return the different texts of a feed with their mood and the phrases they are made of, sorted."""
    texts: list[Any] = lake.columns(f"clean/{feed}", "text").column("text").unique().to_pylist()
    said = {text: meant(text) for text in sorted(text for text in texts if text)}
    return {text: one for text, one in said.items() if one}


def _felt(said: Said) -> Meant:
    """Return those that praise or complain, and which of it."""
    return {text: (mood == HAPPY, made_of) for text, (mood, made_of) in said.items() if mood != SO_SO}


def _left_alone(scorer: str, asked: list[str], feels: Feels) -> Check:
    """Of the different texts that only ask something of a brand, how many feel little or nothing."""
    alone = sum(abs(feels(text) or 0.0) < LITTLE for text in asked)
    return share_check(f"feelings: {scorer}, questions that feel nothing", 0.5, alone, len(asked))


def _check(scorer: str, feed: str, texts: Meant, feels: Feels) -> Check:
    praises = np.array([praise for praise, _ in texts.values()], dtype=np.bool_)
    name, wanted = f"feelings: {scorer}, of {feed}", WANTED[scorer]
    if min(praises.sum(), (~praises).sum()) < FEW:
        return Check(name, "told", f"{len(texts)} different texts: too few to say", ok=None)
    felt = np.array([np.nan if (one := feels(text)) is None else one for text in texts], dtype=np.float64)
    found = agreement(praises, felt)
    share, low, high = found.both
    told = (
        f"{share:.1%} [{low:.1%}, {high:.1%}] of {found.judged:,} texts; praise {found.praise[0]:.1%},"
        f" complaints {found.complaints[0]:.1%}; silent {found.silent:.1%}"
    )
    return Check(name, f"≥ {wanted:.0%}", told, ok=share >= wanted)


def _other_phrases(texts: Meant) -> Check:
    """Learn from reviews that are made of one half of the phrases alone, and try those made of the other half alone."""
    by_mood = (*REVIEWS, *REVIEWS_MORE, *REVIEWS_END)
    half = frozenset(phrase for phrases in by_mood for phrase in phrases[::2])
    taught = {text: said for text, said in texts.items() if said[1] <= half}
    tried = {text: said for text, said in texts.items() if not said[1] & half}
    lesson = learn([*taught], [praise for praise, _ in taught.values()])
    if lesson is None:
        told = f"{len(taught):,} different texts of half of the phrases; it takes {FEWEST} of either side"
        return Check("feelings: learned from other phrases, of review", "told", told, ok=None)
    return _check("learned from other phrases", "review", tried, lesson.model.sentiment)
