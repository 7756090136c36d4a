"""Whatever ends a command: explained, with its exit code, and nothing is made by a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from huaxiang.cli import main as cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "argv", [["rollback", "--to", "1"], ["quarantine", "replay"], ["quarantine", "list"], ["releases"]]
)
def test_a_lake_that_is_not_there_is_said_and_not_made(
    argv: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = tmp_path / "typo"
    assert cli.main([*argv, "--lake", str(lake)]) == 2
    assert f"--lake {lake}  no such folder" in capsys.readouterr().err
    assert not lake.exists()


@pytest.mark.parametrize(
    ("died_of", "code", "said"),
    [
        (
            OSError(28, "No space left on device", "lake/runs"),
            1,
            "lake/runs  No space left on device\nexit 1\n",
        ),
        (OSError("no name"), 1, "system  no name\nexit 1\n"),
        (KeyboardInterrupt(), 130, "stopped; what was published before stays\n"),
    ],
)
def test_a_full_disk_and_a_stop_are_told(
    died_of: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def dies(**_: object) -> None:
        raise died_of

    monkeypatch.setattr(cli, "app", dies)
    assert cli.main([]) == code
    assert capsys.readouterr().err == said


def test_a_bug_is_not_explained_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(**_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(cli, "app", dies)
    with pytest.raises(ValueError, match="a bug"):
        cli.main([])
