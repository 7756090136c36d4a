"""The one door to what texts feel: the lexicon, or weights that somebody learned and put into their configuration.

A scorer is a definition, like a measure: a night never learns from what it happens to hold, so that nights one by one,
one batch and a rebuild say the same. With a learned scorer all texts are read by it, also the rated reviews it was learned
from: one scale for reviews, posts and dialogue; it is never judged by those. What a text speaks of is the lexicon's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from huaxiang.models.learned_sentiment import READING
from huaxiang.models.lexicon import Opinion, lexicon_digest, shipped_lexicon

if TYPE_CHECKING:
    from huaxiang.models.learned_sentiment import LearnedSentiment


@dataclass(frozen=True)
class Scorer:
    """Reads texts: what they feel by what was `learned`, else by the shipped lexicon; what they speak of by the lexicon."""

    learned: LearnedSentiment | None = None

    @cached_property
    def digest(self) -> str:
        """Return a hash of all that it says depends on; without anything learned, the lexicon's."""
        if self.learned is None:
            return lexicon_digest()
        said = f"{lexicon_digest()} {READING} {self.learned.digest}"
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def opinion(self, text: str | None) -> Opinion:
        """Return what a text says; `sentiment` is None where nothing in it is known, as in another language."""
        lexicon = shipped_lexicon()
        if self.learned is None:
            return lexicon.opinion(text)
        return Opinion(self.learned.sentiment(text), lexicon.topics_in(text))

    def spoken(self, text: str | None) -> list[tuple[str, float]]:
        """Return by which words a text feels so, and by how much each; for praise above 0, the strongest first."""
        if self.learned is not None:
            return self.learned.spoken(text)
        return sorted(shipped_lexicon().spoken(text), key=lambda one: (-abs(one[1]), one[0]))


LEXICON = Scorer()
"""The scorer of the first day."""
