"""What a Chinese comment feels, learned from the shop's own rated comments.

Character n-grams (of one to three Chinese characters, there or not) and a logistic regression, as scikit-learn fits
them: no segmentation to go wrong, and short texts keep their word order. (Zhang & LeCun 2017, Which Encoding
is the Best for Text Classification in Chinese, English, Japanese and Korean?: n-grams with a linear model are
on a par with deep ones on such comments.) Both sides weigh the same, however many more people praise; chances are
calibrated by one temperature (Guo, Pleiss, Sun & Weinberger 2017). The model is its weights: a table anybody can
read, no pickle.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, compress
from math import tanh
from typing import TYPE_CHECKING

import numpy as np

from huaxiang.models.characters import simplified

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    Numbers = NDArray[np.float64]
    Flags = NDArray[np.bool_]

VERSION = "2"
"""Of the reading: raise it when the same weights come to say something else."""
LONGEST = 400
GRAMS = (1, 2, 3)
RAREST = 5
"""N-grams of fewer comments, or of fewer people, than this are of one shop or person, not of what is felt."""
FEWEST = 100
"""Comments of the rarer side it takes to learn from."""
FOLDS = 5
SURE = 0.4
"""The least that is said, a chance of 70 %: then it is silent as often, and where it speaks right as often, as the lexicon."""
READING = f"{VERSION} {LONGEST} {GRAMS} {SURE}"
"""On what it depends, besides the weights, what a text is said to feel."""
DIGITS = 3
"""Decimals of a weight; what rounds to 0 says nothing and is not kept."""
_STRENGTH = 0.3
_SPACE = re.compile(r"\s+")
_CHINESE = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+")


@dataclass(frozen=True)
class LearnedSentiment:
    """Weights of n-grams: above 0 they speak for praise."""

    weights: Mapping[str, float]
    bias: float

    def sentiment(self, text: str | None) -> float | None:
        """Return what a text feels from -1 to 1; None when it holds no n-gram that was learned, as in another language.

        It is 2p - 1 of the chance of praise p, were praise and complaint equally frequent: as the lexicon's, the tanh
        of half a sum. None too where that is within `SURE` of 0: rated comments all feel something, many a question
        or post nothing.
        """
        total = self.total(text)
        felt = 0.0 if total is None else tanh(total / 2)
        return felt if abs(felt) >= SURE else None

    def total(self, text: str | None) -> float | None:
        """Return the sum of the bias and of the weights found in a text; None when it holds no learned n-gram."""
        found = [self._heard[gram] for gram in grams(text or "") if gram in self._heard]
        return self.bias + sum(found) if found else None

    def spoken(self, text: str | None) -> list[tuple[str, float]]:
        """Return the learned n-grams of a text with their weights, the heaviest first; ties by themselves."""
        found = [(gram, self._heard[gram]) for gram in grams(text or "") if gram in self._heard]
        return sorted(found, key=lambda one: (-abs(one[1]), one[0]))

    @cached_property
    def _heard(self) -> Mapping[str, float]:
        """The weights of n-grams as texts are read now.

        Weights from before texts were simplified may be of traditional characters: they stand for the simplified
        n-gram, unless that has its own.
        """
        return {simplified(gram): self.weights[gram] for gram in sorted(self.weights)} | dict(self.weights)

    @cached_property
    def digest(self) -> str:
        """Return a hash of bias and weights."""
        said = [f"{self.bias:.{DIGITS}f}"]
        said += [f"{gram}\t{self.weights[gram]:.{DIGITS}f}" for gram in sorted(self.weights)]
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def plain(text: str) -> str:
    """Return the text as n-grams are taken from it: simplified, no white space, its first characters."""
    return _SPACE.sub("", simplified(text[:LONGEST]))


def grams(text: str) -> list[str]:
    """Return the different n-grams of a text, each once, as they first come: of Chinese characters side by side alone.

    No digit, letter or sign is ever part of one: no telephone number, no name of an account.
    """
    return list(dict.fromkeys(_grams(text)))


def _grams(text: str) -> Iterator[str]:
    for run in _CHINESE.findall(plain(text)):
        for size in GRAMS:
            for start in range(len(run) - size + 1):
                yield run[start : start + size]


def is_gram(text: str) -> bool:
    """Whether a text can be an n-gram."""
    return len(text) in GRAMS and _CHINESE.fullmatch(text) is not None


@dataclass(frozen=True)
class Lesson:
    """What rated comments teach: `model`, and what each feels by a model that has not seen it, also if unsure (nan: nothing)."""

    model: LearnedSentiment
    held_out: Numbers


def learn(
    texts: Sequence[str], praises: Sequence[bool], writers: Sequence[Collection[str]] | None = None
) -> Lesson | None:
    """Return what is learned from rated comments, in the order given; None when either side has fewer than `FEWEST`.

    Every fifth comment is held out together. `writers` says who wrote each: what fewer than `RAREST` people write is
    then not learned either.
    """
    said = np.asarray(praises, dtype=np.bool_)
    if int(min(said.sum(), (~said).sum())) < FEWEST:
        return None
    sums, fold = _held_out(texts, said, writers), np.arange(len(texts)) % FOLDS
    known = ~np.isnan(sums)
    told = np.full(len(texts), np.nan)
    for n in range(FOLDS):  # a fold's temperature is that of the others
        others = (fold != n) & known
        told[fold == n] = np.tanh(sums[fold == n] / _temperature(sums[others], said[others]) / 2)
    model = _calmed(_fit(texts, said, writers), _temperature(sums[known], said[known]))
    return Lesson(model, told) if model.weights else None


def _fit(texts: Sequence[str], said: Flags, writers: Sequence[Collection[str]] | None) -> LearnedSentiment:
    """Return the weights of the n-grams that are frequent enough; none of one-sided comments, or where none is."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    terms, seen = _there(texts)
    if writers is not None:
        spread = _people(seen, writers) >= RAREST
        seen, terms = seen[:, spread], list(compress(terms, spread.tolist()))
    if not terms or len(set(said.tolist())) < 2:
        return LearnedSentiment({}, 0.0)
    model = LogisticRegression(
        C=_STRENGTH, class_weight="balanced", solver="liblinear", tol=1e-6, max_iter=1000, random_state=0
    )
    with threadpool_limits(1):  # sums must not depend on the number of cores
        model.fit(seen, said)
    weights = {term: float(weight) for term, weight in zip(terms, model.coef_[0], strict=True)}
    return LearnedSentiment(weights, float(model.intercept_[0]))


def _there(texts: Sequence[str]) -> tuple[list[str], csr_matrix]:
    """Return the n-grams of at least `RAREST` texts, sorted, and by text which of them are there."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    found = [grams(text) for text in texts]
    counts = Counter(chain.from_iterable(found))
    terms = sorted(gram for gram, count in counts.items() if count >= RAREST)
    place = {term: n for n, term in enumerate(terms)}
    columns = [sorted(place[gram] for gram in held if gram in place) for held in found]
    ends = np.cumsum([0, *map(len, columns)])
    flat = np.fromiter(chain.from_iterable(columns), dtype=np.int64, count=int(ends[-1]))
    return terms, csr_matrix((np.ones(len(flat)), flat, ends), shape=(len(texts), len(terms)))


def _people(seen: csr_matrix, writers: Sequence[Collection[str]]) -> NDArray[np.int64]:
    """Return how many people wrote each n-gram, in whichever of the comments."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    number = {who: n for n, who in enumerate(sorted(set().union(*writers)))}
    pairs = [(number[who], row) for row, by in enumerate(writers) for who in by]
    who, row = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    wrote = csr_matrix((np.ones(len(pairs)), (who, row)), shape=(len(number), len(writers)))
    return np.asarray((wrote @ seen > 0).sum(axis=0), dtype=np.int64).ravel()


def _held_out(texts: Sequence[str], said: Flags, writers: Sequence[Collection[str]] | None) -> Numbers:
    """Return each comment's sum of weights by a fit that has not seen it; nan where it knows no n-gram of it."""
    told, fold = np.full(len(texts), np.nan), np.arange(len(texts)) % FOLDS
    for n in range(FOLDS):
        rest = np.flatnonzero(fold != n).tolist()
        model = _fit([texts[i] for i in rest], said[rest], writers and [writers[i] for i in rest])
        for i in np.flatnonzero(fold == n).tolist():
            total = model.total(texts[i])
            told[i] = np.nan if total is None else total
    return told


def _temperature(logits: Numbers, said: Flags) -> float:
    """Return by what sums are divided so that the chances are likeliest, both sides weighing the same; at least 1.

    Canned comments are told apart without fail: that makes nobody surer of others.
    """
    from scipy.optimize import minimize_scalar  # noqa: PLC0415

    if len(set(said.tolist())) < 2:
        return 1.0
    weight = np.where(said, 0.5 / said.sum(), 0.5 / (~said).sum())
    signed = np.where(said, logits, -logits)

    def loss(log: float) -> float:
        return float((weight * np.logaddexp(0, -signed / np.exp(log))).sum())

    best = minimize_scalar(loss, bounds=(0.0, 2.0), method="bounded", options={"xatol": 1e-6})
    return round(float(np.exp(best.x)), DIGITS)


def _calmed(model: LearnedSentiment, temperature: float) -> LearnedSentiment:
    """Return the model with its weights divided and rounded; what rounds to 0 is left out."""
    rounded = {gram: round(weight / temperature, DIGITS) for gram, weight in model.weights.items()}
    kept = {gram: rounded[gram] for gram in sorted(rounded) if rounded[gram]}
    return LearnedSentiment(kept, round(model.bias / temperature, DIGITS))
