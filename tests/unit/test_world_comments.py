"""What people of the demo world write, and that scorers are tried on none of what they were fitted on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from huaxiang.world.comments import HAPPY, SO_SO, UNHAPPY, dialogues, meant, reviews
from huaxiang.world.feelings import FEEDS, feeling_checks
from huaxiang.world.sides import Lake

MANY = 12_000


@pytest.fixture(scope="module")
def texts() -> dict[str, list[str | None]]:
    rng = np.random.default_rng(5)
    mood, topic = rng.integers(0, 3, MANY), rng.integers(0, 12, MANY)
    said = dialogues(rng, rng.random(MANY), rng.random(MANY) < 0.3)
    return {"review": reviews(rng, mood, topic).to_pylist(), "social_message": said.to_pylist(), "social_post": ["今天美食踩雷了，别买", "美食踩雷了，别买"]}  # fmt: skip


def test_every_text_is_known_by_its_mood_and_phrases(texts: dict[str, list[str | None]]) -> None:
    written = {text for text in texts["review"] if text}
    assert len(written) > 2_000
    assert {meant(text)[0] for text in written} == {UNHAPPY, SO_SO, HAPPY}
    assert meant("美食质量太差，和描述不符，心累。别买") == (
        UNHAPPY,
        {"{}质量太差，和描述不符", "，心累", "。别买"},
    )
    assert meant("美食质量太差，和描述不符，爱了") is None
    assert meant("今天美食踩雷了，别买") is None


def test_half_of_dialogue_only_asks(texts: dict[str, list[str | None]]) -> None:
    moods = [meant(text)[0] for text in texts["social_message"] if text]
    assert 0.25 < len(moods) / MANY < 0.35
    shares = np.bincount(moods) / len(moods)
    assert shares[SO_SO] > 0.4
    assert min(shares) > 0.1


def test_scorers_are_tried_on_phrases_they_were_not_fitted_on(texts: dict[str, list[str | None]]) -> None:
    def read(_: Path, table: str) -> pa.Table:
        return pa.table({"text": texts[table.removeprefix("clean/")]})

    told = {check.name: check for check in feeling_checks(Lake(Path(), read), None)}
    assert [*told] == [
        *(f"feelings: the lexicon, of {feed}" for feed in FEEDS),
        "feelings: the lexicon, questions that feel nothing",
        "feelings: learned from other phrases, of review",
    ]
    few = told.pop("feelings: the lexicon, of social_post")
    assert (few.ok, few.found.endswith("too few to say")) == (None, True)
    assert all(check.ok for check in told.values()), told
    unseen = told["feelings: learned from other phrases, of review"]
    assert unseen.wanted == "≥ 50%"
    assert (
        float(unseen.found.rpartition(" ")[2].rstrip("%")) > 60
    )  # silent: words that nobody taught are not known
