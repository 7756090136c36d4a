"""The shape of a configuration folder: what is misplaced or misspelt is refused, never taken for nothing."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from huaxiang.cli.main import main
from huaxiang.conf_folder import FOLDERS, yaml_files
from huaxiang.config import load_config
from huaxiang.errors import ConfigurationError
from huaxiang.pepper import PEPPER, pepper_of
from huaxiang.shipped import shipped


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the copy of the shipped folder that README asks for, as a relative path."""
    monkeypatch.chdir(tmp_path)
    copytree(shipped("conf"), "mine/conf")
    Path("mine/conf/measures").mkdir()
    return Path("mine/conf")


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_config(folder)
    return str(caught.value)


def test_a_copy_of_the_shipped_folder_holds_with_hidden_files_and_a_readme(conf: Path) -> None:
    for name in (".DS_Store", "README.md", "segments/.gitkeep", "segments/._lapsed.yaml", "sources/.#a.yaml"):
        (conf / name).touch()
    assert load_config(conf).fingerprint == load_config().fingerprint
    assert [
        path.name[0] for folder in FOLDERS for path in yaml_files(conf / folder) if path.name[0] == "."
    ] == []
    assert len(yaml_files(conf / "segments")) == len(yaml_files(shipped("conf") / "segments")) > 0


def test_a_folder_around_the_right_one_is_refused_with_its_name(conf: Path) -> None:
    assert refusal(conf.parent) == (
        "mine  no file `huaxiang.yaml`; expected a configuration folder\n"
        "    → did you mean --conf mine/conf?\nNothing was read."
    )


def test_a_missing_folder_a_file_and_an_empty_folder_are_told_apart(conf: Path) -> None:
    assert refusal(Path("yours")).startswith("yours  there is no such folder; expected a configuration")
    assert refusal(conf / "huaxiang.yaml").startswith(
        "mine/conf/huaxiang.yaml  this is a file; expected a configuration folder\n    → --conf mine/conf"
    )
    assert "copy the shipped folder `conf`" in refusal(conf / "measures")


def test_a_misspelt_settings_file_is_named(conf: Path) -> None:
    (conf / "huaxiang.yaml").rename(conf / "huaxiang.yml")
    assert "no file `huaxiang.yaml`" in refusal(conf)
    assert "→ `huaxiang.yml` must be called `huaxiang.yaml`" in refusal(conf)


def test_every_stranger_is_named_with_what_was_meant(conf: Path) -> None:
    (conf / "segments").rename(conf / "segmens")
    (conf / "huaxiang.yml").touch()
    (conf / "measures").rmdir()
    (conf / "measures").touch()
    (conf / "sources/teashop.yml").touch()
    (conf / "sources/old").mkdir()
    assert refusal(conf) == (
        "mine/conf/huaxiang.yml  `huaxiang.yml` has no meaning here\n    → did you mean `huaxiang.yaml`?\n"
        "mine/conf/segmens  `segmens` has no meaning here\n    → did you mean `segments`?\n"
        "mine/conf/segments  there is no such folder\n"
        "    → without segments everybody leaves theirs: if that is meant, make an empty folder\n"
        "mine/conf/measures  this is no folder; expected a folder of .yaml files\n"
        "mine/conf/sources/old  `old` has no meaning here; expected a file that ends in .yaml\n"
        "mine/conf/sources/teashop.yml  `teashop.yml` has no meaning here; expected a file that ends in .yaml\n"
        "    → did you mean `teashop.yaml`?\nNothing was read."
    )


@pytest.mark.parametrize("named", ["pepper", "./pepper", "ABSOLUTE"])
def test_the_key_file_is_looked_for_beside_the_settings_and_is_no_stranger(
    conf: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PEPPER, raising=False)
    Path("pepper").write_text("of the working directory", encoding="utf-8")
    (conf / "pepper").write_text("ours", encoding="utf-8")
    settings = conf / "huaxiang.yaml"
    path = str((conf / "pepper").resolve()) if named == "ABSOLUTE" else named
    settings.write_text(f"pepper_file: {path}\n", encoding="utf-8")
    assert pepper_of(load_config(conf), None, print) == b"ours"
    typed = load_config(conf, ("pepper_file=pepper",))
    assert pepper_of(typed, None, print) == b"of the working directory"
    (conf / "peppers").touch()
    assert refusal(conf).startswith("mine/conf/peppers  `peppers` has no meaning here\n")


def test_a_key_file_elsewhere_stays_where_it_is_named(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PEPPER, raising=False)
    monkeypatch.setenv("HOME", str(conf.parent.resolve()))
    (conf.parent / "secret").write_text("at home", encoding="utf-8")
    settings = conf / "huaxiang.yaml"
    for named in ("~/secret", "../secret"):
        settings.write_text(f"pepper_file: {named}\n", encoding="utf-8")
        assert pepper_of(load_config(conf), None, print) == b"at home"
    settings.write_text("pepper_file: secret\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="pepper_file mine/conf/secret  No such file") as missed:
        pepper_of(load_config(conf), None, print)
    assert "→ in huaxiang.yaml a path begins in that file's folder" in str(missed.value)


def test_the_command_line_says_so_and_exits_with_2(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measures", "check", "--conf", str(conf.parent)]) == 2
    assert "did you mean --conf mine/conf?" in capsys.readouterr().err
