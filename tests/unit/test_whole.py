"""Files written whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from huaxiang.whole import PRIVATE, write_whole

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_there_as_a_whole_with_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "made" / "page.html"
    assert write_whole(path, "画像\n") == path
    assert write_whole(path, b"\xff", mode=PRIVATE) == path
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"\xff", 0o600)
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_whole(tmp_path / "page.html", "before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_the_draft_s_place_is_not_written_through(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / f".page.html.{os.getpid()}").symlink_to(other)
    write_whole(tmp_path / "page.html", "page")
    assert (other.read_text(), (tmp_path / "page.html").read_text()) == ("mine", "page")
