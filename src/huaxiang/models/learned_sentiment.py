"""What a Chinese comment feels, learned from the shop's own rated comments.

Character n-grams (of one to three characters, there or not) and a logistic regression, as scikit-learn fits
them: no segmentation to go wrong, and short texts keep their word order. (Zhang & LeCun 2017, Which Encoding
is the Best for Text Classification in Chinese, English, Japanese and Korean?: n-grams with a linear model are
on a par with deep ones on such comments.) The model is its weights: a table anybody can read, no pickle.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.model_selection import StratifiedKFold  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

LONGEST = 400
GRAMS = (1, 2, 3)
RAREST = 3
"""N-grams of fewer comments than this are of one shop or person, not of what is felt."""
FEWEST = 200
"""Comments of the rarer side it takes to learn from."""
FOLDS = 5
_STRENGTH = 0.3
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class LearnedSentiment:
    """Weights of n-grams: above 0 they speak for praise."""

    weights: Mapping[str, float]
    bias: float

    def chance_of_praise(self, text: str | None) -> float | None:
        """Return the probability that the comment praises; None when it holds no n-gram that was learned."""
        known = [self.weights[gram] for gram in set(grams(text or "")) if gram in self.weights]
        return 1 / (1 + exp(-min(max(self.bias + sum(known), -30.0), 30.0))) if known else None


def plain(text: str) -> str:
    """Return the text as n-grams are taken from it: NFKC, lower case, no white space, its first characters."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", text[:LONGEST]).lower())


def grams(text: str) -> Iterator[str]:
    """Yield the character n-grams of a text."""
    read = plain(text)
    for size in GRAMS:
        for start in range(len(read) - size + 1):
            yield read[start : start + size]


def learn(texts: Sequence[str], praises: Sequence[bool]) -> LearnedSentiment | None:
    """Return the weights learned from rated comments; None when either side has fewer than `FEWEST`."""
    said = np.asarray(praises, dtype=bool)
    if min(said.sum(), (~said).sum()) < FEWEST:
        return None
    vectors = CountVectorizer(analyzer=grams, binary=True, min_df=RAREST, dtype=np.float32)
    seen = vectors.fit_transform(texts)
    model = LogisticRegression(C=_STRENGTH, class_weight="balanced", solver="liblinear", random_state=0)
    model.fit(seen, said)
    terms = vectors.get_feature_names_out()
    weights = {str(term): float(weight) for term, weight in zip(terms, model.coef_[0], strict=True)}
    return LearnedSentiment(weights, float(model.intercept_[0]))


def held_out(texts: Sequence[str], praises: Sequence[bool]) -> NDArray[np.float64]:
    """Return for each comment the chance of praise by a model that has not seen it (5-fold, seeded); nan: none."""
    said = np.asarray(praises, dtype=bool)
    told = np.full(len(texts), np.nan)
    for rest, fold in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(texts, said):
        model = learn([texts[i] for i in rest], said[rest].tolist())
        if model:
            for i in fold:
                chance = model.chance_of_praise(texts[i])
                told[i] = np.nan if chance is None else chance
    return told
