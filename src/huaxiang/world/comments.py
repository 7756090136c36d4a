"""What people of the demo world write, by their mood, and what a text of theirs was meant to feel.

A review is a phrase, often a second one, sometimes an ending, so that few are alike; posts and dialogue are phrases of
their own. Moods are 0 unhappy, 1 so-so, 2 happy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.world import rows
from huaxiang.world.names import (
    DIALOGUES,
    POSTS_THAT_COMPLAIN,
    POSTS_THAT_PRAISE,
    REVIEWS,
    REVIEWS_END,
    REVIEWS_MORE,
    TOPICS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from huaxiang.world.clock import Floats, Ints, Mask

UNHAPPY, SO_SO, HAPPY = range(3)
MORE, ENDS = 0.6, 0.4
"""Shares of reviews with a second phrase, and with an ending."""


def reviews(rng: np.random.Generator, mood: Ints, topic: Ints) -> Any:
    """Return a review's text for each mood and topic (its place in `TOPICS`)."""
    first = rows.pick(_FIRST, _drawn(rng, mood, REVIEWS) * len(TOPICS) + topic)
    more = np.where(rng.random(len(mood)) < MORE, _drawn(rng, mood, REVIEWS_MORE) + 1, 0)
    ends = np.where(rng.random(len(mood)) < ENDS, _drawn(rng, mood, REVIEWS_END) + 1, 0)
    return rows.joined(first, rows.pick(_MORE, more), rows.pick(_ENDS, ends))


def dialogues(rng: np.random.Generator, satisfaction: Floats, to_brand: Mask) -> Any:
    """Return what somebody asks or tells a brand, null where it is none: the unsatisfied complain, many only ask."""
    dice = rng.random(len(satisfaction))
    mood = np.where(
        dice < 0.5 * (1 - satisfaction), UNHAPPY, np.where(dice > 1 - 0.3 * satisfaction, HAPPY, SO_SO)
    )
    text = _drawn(rng, mood, DIALOGUES) * len(TOPICS) + rng.integers(0, len(TOPICS), len(mood))
    return rows.pick(_DIALOGUES, np.where(to_brand, text, -1))


def meant(text: str) -> tuple[int, frozenset[str]] | None:
    """Return a text's mood and the phrases it is made of, whatever their topic; None for one that is not of this world."""
    found = next((one for one in _MEANT if text.startswith(one)), None)
    if found is None:
        return None
    mood, phrase = _MEANT[found]
    rest, phrases = text.removeprefix(found), {phrase}
    for one in (*REVIEWS_MORE[mood], *REVIEWS_END[mood]):
        if rest.startswith(one):
            rest = rest.removeprefix(one)
            phrases.add(one)
    return None if rest else (mood, frozenset(phrases))


def _drawn(rng: np.random.Generator, mood: Ints, by_mood: Sequence[Sequence[str]]) -> Ints:
    """Draw a phrase of each mood: its place among those of all moods, one after another."""
    starts = np.cumsum([0, *map(len, by_mood)])
    return starts[mood] + (rng.random(len(mood)) * np.diff(starts)[mood]).astype(np.int64)


def _listed(by_mood: Sequence[Sequence[str]]) -> list[str]:
    return [text for texts in by_mood for text in texts]


def _of_topics(phrases: Iterable[str], mood: int) -> dict[str, tuple[int, str]]:
    return {phrase.format(topic[1]): (mood, phrase) for phrase in phrases for topic in TOPICS}


def _with_topics(by_mood: Sequence[Sequence[str]]) -> Any:
    return rows.words([text.format(topic[1]) for text in _listed(by_mood) for topic in TOPICS])


_FIRST, _DIALOGUES = _with_topics(REVIEWS), _with_topics(DIALOGUES)
_MORE = rows.words(["", *_listed(REVIEWS_MORE)])
_ENDS = rows.words(["", *_listed(REVIEWS_END)])
_ALL = {
    **_of_topics(POSTS_THAT_COMPLAIN, UNHAPPY),
    **_of_topics(POSTS_THAT_PRAISE, HAPPY),
    **{
        text: said
        for by_mood in (REVIEWS, DIALOGUES)
        for mood, phrases in enumerate(by_mood)
        for text, said in _of_topics(phrases, mood).items()
    },
}
_MEANT = {text: _ALL[text] for text in sorted(_ALL, key=len, reverse=True)}  # the longest that fits
