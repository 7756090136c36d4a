"""The YAML reader: plain data, the place of every word, and an answer to each kind of mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from huaxiang.contracts.yaml import Position, parse_yaml, read_yaml, shown
from huaxiang.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

SEGMENT = """\
segment: warm
title: {en: "Warm", zh: 亲近}
who: |
  orders_all = 0
    and follows > 1
examples:
  - in: true
  - in: false
"""


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True),
        ("False", False),
        ("", None),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("-3", -3),
        ("0.2", 0.2),
        ("1e3", 1000.0),
        ("no", "no"),
        ("on", "on"),
        ("007", "007"),
        ("12:30", "12:30"),
        ("2026-01-02", "2026-01-02"),
        ("1_000", "1_000"),
        ("'12'", "12"),
        ('"true"', "true"),
    ],
)
def test_a_word_becomes_the_value_a_reader_expects(word: str, value: object) -> None:
    assert parse_yaml(f"x: {word}", "f.yaml").data == {"x": value}


def test_every_key_and_value_has_its_place() -> None:
    doc = parse_yaml(SEGMENT, "warm.yaml")
    assert doc.data["examples"] == [{"in": True}, {"in": False}]
    assert doc.line_of(("examples", 1, "in")) == 8
    assert doc.place(("title", "zh")) == "warm.yaml:2"
    assert doc.position(("title", "en"), value=True) == Position(2, 14)  # inside the quotes
    assert doc.position(("who",)) == Position(3, 1)
    assert doc.position(("who",), value=True) == Position(4, 3)  # the text, not the bar
    assert doc.position(("title", "missing", "deep")) == Position(2, 1)  # its nearest parent


def test_an_empty_block_still_has_a_place() -> None:
    assert parse_yaml("who: |\n\n", "f.yaml").position(("who",), value=True) == Position(2, 1)


def test_an_empty_file_is_none() -> None:
    assert parse_yaml("# only a comment\n", "f.yaml").data is None


def test_words_are_kept_as_they_were_written() -> None:
    assert parse_yaml("rate: 7.10", "f.yaml").words["rate",] == "7.10"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: 1\nb: 2\na: 3\n",
            "f.yaml:3:1  key `a` appears twice\n    → the first is in line 1: keep one",
        ),
        (
            "a: {b: 1, b: 2}\nc: {d: 1, d: 2}\n",
            (
                "f.yaml:1:11  key `b` appears twice\n    → the first is in line 1: keep one\n"
                "f.yaml:2:11  key `d` appears twice\n    → the first is in line 2: keep one"
            ),
        ),
        (
            "a: [1\nb: 2\n",
            (
                "f.yaml:2:2  this is not YAML: while parsing a flow sequence, "
                "did not find expected ',' or ']'\n"
                "    b: 2\n     ^"
            ),
        ),
        (
            "a: &x 1\nb: *x\n",
            "f.yaml:1:4  anchors and aliases are not used here\n    → write the value out",
        ),
        (
            "a: !!python/object:os.system x\n",
            (
                "f.yaml:1:4  tag `tag:yaml.org,2002:python/object:os.system` is not used here\n"
                "    → write the plain value"
            ),
        ),
        (
            "a: 1\n---\nb: 2\n",
            (
                "f.yaml:2:1  this is not YAML: expected a single document in the stream, but found another "
                "document\n    ---\n    ^"
            ),
        ),
        ("? [a]\n: 1\n", "f.yaml:1:3  a key is a list or a map\n    → quote it, or write one word"),
        ("a: 1\nb: \x01\n", "f.yaml:2  character U+0001 may not stand in YAML\n    → remove it"),
    ],
)
def test_what_is_not_plain_yaml_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_yaml(text, "f.yaml")
    assert str(refused.value) == message


@pytest.mark.parametrize("levels", [60, 500, 3000])
def test_what_is_nested_without_end_is_refused(levels: int) -> None:
    for text in ("[" * levels + "]" * levels, "\n".join("  " * i + "a:" for i in range(levels))):
        with pytest.raises(ConfigurationError, match=r"nested more than 50 levels deep|this is not YAML"):
            parse_yaml(text, "f.yaml")


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bom.yaml").write_bytes("\ufefftitle: 画像\n".encode())
    assert read_yaml("bom.yaml").data == {"title": "画像"}
    (tmp_path / "gbk.yaml").write_bytes("a: 1\ntitle: 画像\n".encode("gbk"))
    with pytest.raises(ConfigurationError) as refused:
        read_yaml(tmp_path / "gbk.yaml")
    assert str(refused.value) == "gbk.yaml:2  byte 0xbb is not UTF-8\n    → save the file as UTF-8"
    with pytest.raises(ConfigurationError) as refused:
        read_yaml("absent.yaml")
    assert str(refused.value) == "absent.yaml  the file is not there; expected a YAML file"
    with pytest.raises(ConfigurationError) as refused:
        read_yaml(tmp_path)
    assert "the file cannot be read" in str(refused.value)


def test_paths_are_shown_as_one_would_type_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    assert shown(inside / "a.yaml") == "a.yaml"
    assert shown(tmp_path / "a.yaml") == str(tmp_path / "a.yaml")
