"""What comments feel: by words alone, and learned from rated ones; both on 11,987 real comments."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from tests import realdata

from huaxiang.models import learned_sentiment
from huaxiang.models.learned_sentiment import LearnedSentiment
from huaxiang.models.lexicon import lexicon_digest, shipped_lexicon
from huaxiang.models.scorer import LEXICON, Scorer

PRAISE, COMPLAINT, NOTHING = 1, -1, None
SAID = [
    ("性价比不高", COMPLAINT, {"price"}),
    ("性价比高", PRAISE, {"price"}),
    ("价格不高", PRAISE, {"price"}),
    ("价格有点高", COMPLAINT, {"price"}),
    ("一点也不油腻，很喜欢", PRAISE, {"taste"}),
    ("好难吃", COMPLAINT, {"taste"}),
    ("不难吃", PRAISE, {"taste"}),
    ("不是很好吃", COMPLAINT, {"taste"}),
    ("没有想象的好", COMPLAINT, set()),
    ("不得不说真的很棒", PRAISE, set()),
    ("不是不好吃", PRAISE, {"taste"}),
    ("物流很快，但是质量太差了", COMPLAINT, {"delivery", "quality"}),
    ("尺码偏大，不过质量很好，很喜欢", PRAISE, {"size", "quality"}),
    ("客服态度恶劣", COMPLAINT, {"service"}),
    ("包裹被压坏了", COMPLAINT, {"packaging", "quality"}),
    ("不要太好吃", PRAISE, {"taste"}),
    ("没有比这更差的了", COMPLAINT, set()),
    ("没有比这更好吃的了", PRAISE, {"taste"}),
    ("没见过更差的外卖", COMPLAINT, set()),
    ("不能再差了", COMPLAINT, set()),
    ("不能再订了", NOTHING, set()),
    ("质量没问题", PRAISE, {"quality"}),
    ("很不高兴", COMPLAINT, set()),
    ("好難吃", COMPLAINT, {"taste"}),
    ("質量真的好爛", COMPLAINT, {"quality"}),
    ("難吃死了，便宜而已", COMPLAINT, {"taste", "price"}),
    ("服務態度差", COMPLAINT, {"service"}),
    ("質量很好，物流太慢了，噁心", COMPLAINT, {"quality", "delivery"}),
    ("性價比高，味道不錯", PRAISE, {"price", "taste"}),
    ("牛肉面", NOTHING, set()),
    ("收到了", NOTHING, set()),
    ("😀😀😀", NOTHING, set()),
    ("Great product, love it", NOTHING, set()),
    ("", NOTHING, set()),
    (None, NOTHING, set()),
    ("好" * 5000, PRAISE, set()),
]


@pytest.mark.parametrize(("text", "felt", "topics"), SAID, ids=[str(t)[:12] for t, *_ in SAID])
def test_the_lexicon_reads(text, felt, topics):
    opinion = shipped_lexicon().opinion(text)
    assert (None if opinion.sentiment is None else np.sign(opinion.sentiment)) == felt
    assert set(opinion.topics) == topics


def test_more_is_more():
    feel = [shipped_lexicon().opinion(t).sentiment for t in ("有点好吃", "好吃", "很好吃", "非常好吃")]
    assert feel == sorted(feel)
    assert len(set(feel)) == 4
    either = [shipped_lexicon().opinion(t).sentiment for t in ("好吃", "不难吃", "不好吃")]
    assert either[0] > either[1] > 0 > either[2]
    bad = [shipped_lexicon().opinion(t).sentiment for t in ("不是不好", "差", "没有比这更差的了")]
    assert bad[0] > 0 > bad[1] > bad[2]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("性价比不高", [("性价比不高", -1.0)]),
        ("一点也不油腻，很喜欢", [("一点也不油腻", 0.5), ("很喜欢", 1.25)]),
        ("物流很快，但是质量太差了", [("很快", 1.0), ("太差", -1.5)]),
        ("收到了", []),
    ],
)
def test_the_lexicon_says_by_which_words(text, spoken):
    assert shipped_lexicon().spoken(text) == spoken


@pytest.mark.parametrize(
    ("written", "also"),
    [
        ("物流很快，但是質量太差了", "物流很快，但是质量太差了"),
        ("裏面乾淨，麵條鹹", "里面干净，面条咸"),
        ("質量很好，服务態度差", "质量很好，服务态度差"),  # of both in one
        ("性价比不高", "性价比不高"),
    ],
)
def test_traditional_and_simplified_characters_are_read_alike(written, also):
    learned = Scorer(LearnedSentiment({"质量": -1.0, "面条咸": -2.0, "很好": 3.0}, 0.5))
    for scorer in (LEXICON, learned):
        assert scorer.opinion(written) == scorer.opinion(also)
        assert scorer.spoken(written) == scorer.spoken(also)
    assert learned_sentiment.grams(written) == learned_sentiment.grams(also)


def test_weights_learned_of_traditional_characters_stand_for_the_simplified_ones():
    old = LearnedSentiment({"難吃": -3.0, "質量": 1.0, "质量": 2.0}, 0.0)
    assert old.spoken("質量好，難吃") == [("难吃", -3.0), ("质量", 2.0)]  # its own weight comes first
    assert old.digest == LearnedSentiment(dict(reversed(old.weights.items())), 0.0).digest


@pytest.fixture(scope="module")
def rated():
    with (realdata.needed("zh_sentiment") / "waimai_10k.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["review"] for row in rows], np.array([row["label"] == "1" for row in rows])


def test_the_lexicon_agrees_with_people_on_real_comments(rated):
    texts, praises = rated
    told = [shipped_lexicon().opinion(text).sentiment for text in texts]
    spoke = np.array([one is not None for one in told])
    right = np.array([(one or 0) > 0 for one in told]) == praises
    assert spoke.mean() > 0.85
    assert right[spoke].mean() > 0.86


def test_the_learned_scorer_does_better_on_comments_it_has_not_seen(rated):
    texts, praises = rated
    felt = learned_sentiment.learn(texts, praises.tolist()).held_out
    known = ~np.isnan(felt)
    assert known.mean() > 0.99
    assert ((felt > 0) == praises)[known].mean() > 0.885


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("好吃", {"好", "吃", "好吃"}),
        ("不 好\n吃", {"不", "好", "吃", "不好", "好吃", "不好吃"}),
        ("打138１２３", {"打"}),
        ("加wx_abc，快", {"加", "快"}),
        ("fast 😀！", set()),
    ],
)
def test_n_grams_are_of_chinese_characters_side_by_side(text, expected):
    found = learned_sentiment.grams(text)
    assert set(found) == expected
    assert len(found) == len(expected)


def test_too_few_rated_comments_teach_nothing():
    assert learned_sentiment.learn(["好吃"] * 900 + ["难吃"] * 50, [True] * 900 + [False] * 50) is None
    few = learned_sentiment.learn(["很好吃"] * 300 + ["太难吃"] * 300, [True] * 300 + [False] * 300).model
    assert few.sentiment("好吃") > 0 > few.sentiment("难吃")
    assert few.sentiment("abc") is None
    assert few.sentiment(None) is None


def test_a_weight_of_one_side_says_which_words_and_how_much():
    model = LearnedSentiment({"好": 1.0, "好吃": 2.5, "不好": -3.0}, 0.5)
    assert model.spoken("不好吃") == [("不好", -3.0), ("好吃", 2.5), ("好", 1.0)]
    assert model.sentiment("好吃好吃") == pytest.approx(np.tanh(2.0))  # each n-gram counts once


def test_a_scorer_is_known_by_all_it_depends_on():
    one = Scorer(LearnedSentiment({"好": 1.0}, 0.5))
    assert one.digest == Scorer(LearnedSentiment({"好": 1.0}, 0.5)).digest
    assert len({one.digest, LEXICON.digest, Scorer(LearnedSentiment({"好": 1.001}, 0.5)).digest}) == 3
    assert LEXICON.digest == lexicon_digest()


def test_topics_are_the_lexicons_whoever_scores():
    scorer = Scorer(LearnedSentiment({"好": -2.0}, 0.0))
    assert scorer.opinion("物流很好").points == -76
    assert scorer.opinion("物流很好").topics == ("delivery",)
    assert LEXICON.opinion("物流很好").points > 0
