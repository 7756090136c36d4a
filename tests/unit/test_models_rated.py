"""Rated comments: each text once, in an order of their content; learned from many people, and only where it pays."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import product

import numpy as np
import pytest

from huaxiang.models.learned_sentiment import RAREST
from huaxiang.models.rated import Written, agreement, appraise, comments, rightness

DAY = date(2026, 11, 1)
THINGS = "锅碗瓢盆刀叉杯盘桌椅灯伞"
GOOD, BAD = ("好用", "真香", "喜欢", "满意", "值了"), ("难用", "坏了", "失望", "退货", "白买")
ENDS = ("", "呀", "啊", "吧", "嘛")


def wrote(text: str, praised: int = 0, complained: int = 0, who: str = "p", day: date = DAY) -> Written:
    return Written(text, praised, complained, frozenset({who}), day, day)


def shop(days: int = 1) -> list[Written]:
    """Return 300 texts of praise and 300 of complaint, of 40 people, over so many days."""
    made = []
    for number, (thing, words, end) in enumerate(product(THINGS, zip(GOOD, BAD, strict=True), ENDS)):
        for praise, word in zip((1, 0), words, strict=True):
            day = DAY + timedelta(days=number % days)
            made.append(wrote(f"{thing}{word}{end}", praise, 1 - praise, f"p{number % 40:02}", day))
    return made


def test_a_text_counts_once_by_what_most_rated():
    rows = [
        wrote("好 吃", 3, 1, "a"),
        wrote("好吃", 0, 1, "b"),
        wrote("一般", 1, 1),
        wrote("ok", 5),
        wrote("差", 0, 1),
    ]
    found = comments(rows)
    assert {one.text: one.praised > one.complained for one in found.written} == {"好 吃": True, "差": False}
    assert next(one for one in found.written if one.text == "好 吃").writers == {"a", "b"}
    assert comments(reversed(rows)) == found


def test_what_is_learned_depends_on_no_order_of_comments():
    rows = shop()
    told = appraise(comments(rows), [None] * 600, seen_until=None)
    random.Random(1).shuffle(rows)
    again = appraise(comments(rows), [None] * 600, seen_until=None)
    assert told.model is not None
    assert told.model.digest == again.model.digest
    assert told.model.weights == again.model.weights


def test_what_few_people_write_is_not_learned():
    own = [
        wrote(f"{thing}找阿珍{word}", 1, who="one" if n % 2 else "two")
        for n, (thing, word) in enumerate(product(THINGS, GOOD))
    ]
    model = appraise(comments([*shop(), *own]), [None] * 660, seen_until=None).model
    assert not [gram for gram in model.weights if "珍" in gram]
    many = [wrote(one.text, 1, who=f"p{n % RAREST}") for n, one in enumerate(own)]
    model = appraise(comments([*shop(), *many]), [None] * 660, seen_until=None).model
    assert [gram for gram in model.weights if "珍" in gram]


def test_silence_is_half_right():
    praises = np.array([True, True, False, False, False])
    felt = np.array([0.3, np.nan, -0.1, 0.2, 0.0])
    assert rightness(praises, felt).tolist() == [1, 0.5, 1, 0, 0.5]
    found = agreement(praises, felt)
    assert (found.praise[0], found.complaints[0], found.both[0]) == (0.75, 0.5, 0.625)
    assert (found.silent, found.judged) == (0.4, 5)
    assert np.isnan(agreement(praises[:2], felt[:2]).both[0])


@pytest.mark.parametrize(("right", "pays"), [(0.5, True), (1.0, False)])
def test_it_pays_where_it_is_surely_better(right, pays):
    known = comments(shop())
    sides = np.where(known.praises, 0.5, -0.5)
    felt = [one if n < right * 600 else -one for n, one in enumerate(sides.tolist())]
    told = appraise(known, felt, seen_until=None)
    assert told.pays is pays
    assert told.anew.judged == 600


def test_a_learned_scorer_is_judged_by_what_was_written_since():
    known = comments(shop(days=2))
    felt = [None] * 600
    told = appraise(known, felt, seen_until=DAY)
    assert told.in_use.judged == told.anew.judged == int(known.after(DAY).sum()) < 600
    assert told.whole.judged == 600
    none = appraise(known, felt, seen_until=DAY + timedelta(days=5))
    assert np.isnan(none.gain)
    assert not none.pays


def test_too_few_comments_are_judged_but_teach_nothing():
    told = appraise(comments(shop()[:100]), [0.5] * 100, seen_until=None)
    assert (told.model, told.pays, told.in_use.judged) == (None, False, 100)
