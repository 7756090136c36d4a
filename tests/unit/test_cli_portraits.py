"""`huaxiang portrait`: where pages of persons can't lie is said before Spark starts, and none of an older release stays."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from tests.light import put, release
from tests.unit.test_pages_person import ann

from huaxiang import run
from huaxiang.cli.main import main
from huaxiang.explain import person
from huaxiang.pages.person import PEOPLE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    release(tmp_path / "lake", None, [put(tmp_path / "lake", "portrait", {"person": ["Pann"]})])
    return tmp_path / "lake"


def told_of(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    one = ann()
    object.__setattr__(one.told, "release", number)
    monkeypatch.setattr(run, "opened", lambda *_, **__: nullcontext())
    monkeypatch.setattr(person, "portrayed", lambda *_: [one])


def test_a_place_that_is_no_folder_is_said(
    lake: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "opened", None)  # Spark is not asked for
    (lake / "taken").write_text("mine")
    assert main(["portrait", "Pann", "--lake", str(lake), "--out", str(lake / "taken")]) == 2
    assert f"--out {lake}/taken  pages can't be written (File exists)" in capsys.readouterr().err
    (lake / "pages").write_text("mine")
    assert main(["portrait", "Pann", "--lake", str(lake)]) == 2
    assert f"--lake {lake}/pages/people  pages can't be written (Not a directory)" in capsys.readouterr().err


def test_a_page_of_a_release_that_is_no_longer_the_newest_does_not_stay(
    lake: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told_of(1, monkeypatch)
    assert main(["portrait", "Pann", "--lake", str(lake)]) == 0
    assert (lake / "pages" / PEOPLE / "Pann.html").is_file()
    told_of(0, monkeypatch)  # a night was published while it was made
    assert main(["portrait", "Pann", "--lake", str(lake)]) == 5
    assert "a night was published meanwhile" in capsys.readouterr().err
    assert list((lake / "pages" / PEOPLE).iterdir()) == []
    assert main(["portrait", "Pann", "--lake", str(lake), "--out", str(lake / "mine")]) == 0


def test_pages_of_persons_that_cannot_be_deleted_are_told_of(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lake / "elsewhere").mkdir()
    (lake / "pages").mkdir()
    (lake / "pages" / PEOPLE).symlink_to(lake / "elsewhere")
    said: list[str] = []
    held = SimpleNamespace(status="held")
    night = SimpleNamespace(released=[held], tell=SimpleNamespace(say=said.append))
    run._page_of_tags(str(lake), night)
    assert len(said) == 1
    assert said[0].endswith(f"delete {lake}/pages/people")
