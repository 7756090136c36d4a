"""How numbers, shares, durations and dates are written, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from huaxiang.pages import words

THIN = "\u202f"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1_204_311, f"1{THIN}204{THIN}311"),
        (-9, "−9"),
        (0.00091, "0.00091"),
        (1234567.8, f"1{THIN}234{THIN}568"),
        (None, "–"),
        ("13800138000", "–"),
    ],
)
def test_counts(value: Any, text: str) -> None:
    assert words.count(value) == text


@pytest.mark.parametrize(("value", "text"), [(212, "+212"), (-9, "−9"), (0, "±0"), (None, "–")])
def test_changes(value: Any, text: str) -> None:
    assert words.change(value) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, f"0{THIN}%"),
        (1, 3, f"33.3{THIN}%"),
        (179, 1_067_376, f"0.02{THIN}%"),
        (1, 10_000_000, f"< 0.01{THIN}%"),
        (5, 0, "–"),
        (None, 5, "–"),
        (5, None, "–"),
    ],
)
def test_shares(part: Any, whole: Any, text: str) -> None:
    assert words.share(part, whole) == text


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (3.21, "3.2 s", "3.2 秒"),
        (58.2, "58 s", "58 秒"),
        (59.97, "1 min 0 s", "1 分 0 秒"),
        (250, "4 min 10 s", "4 分 10 秒"),
        (4_800, "1 h 20 min", "1 小时 20 分"),
        (None, "–", "–"),
    ],
)
def test_durations(value: Any, en: str, zh: str) -> None:
    found = words.seconds(value)
    assert (found.en.replace(THIN, " "), found.zh.replace(THIN, " ")) == (en, zh)


def test_dates_and_instants() -> None:
    assert words.day("2026-11-02") == words.Text("2 November 2026", "2026年11月2日")
    assert words.day("soon").zh == "soon"
    assert words.moment("2026-11-21T01:00:05+08:00") == "2026-11-21 01:00 UTC+08:00"
    assert words.moment("2026-11-21T01:00:05+00:00") == "2026-11-21 01:00 UTC"
    assert words.moment(None) == "–"


def test_memory() -> None:
    assert words.memory(3_113_851_290) == f"2.9{THIN}GiB"
    assert words.memory(52_428_800) == f"50{THIN}MiB"
    assert words.memory(None) == "–"


@pytest.mark.parametrize(
    ("given", "en", "zh"),
    [
        ({"en": "Returns", "zh": "退货"}, "Returns", "退货"),
        ({"zh": "退货"}, "退货", "退货"),
        ("review", "review", "review"),
        (None, "else", "else"),
        ({}, "else", "else"),
    ],
)
def test_words_fall_back_on_the_other_language_then_on_the_name(given: Any, en: str, zh: str) -> None:
    assert words.text_of(given, "else") == words.Text(en, zh)
