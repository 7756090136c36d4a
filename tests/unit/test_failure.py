"""What Spark died of is told by its kinds; words that may quote a row stay in a private file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from py4j.protocol import Py4JNetworkError

from huaxiang import failure
from huaxiang.failure import is_missing_file, what_spark_died_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Java:
    """A throwable of the JVM as py4j shows it."""

    def __init__(self, kind: str, message: str, cause: Java | None = None) -> None:
        self.kind, self.message, self.cause = kind, message, cause

    def getClass(self) -> Java:  # noqa: N802
        return self

    def getSimpleName(self) -> str:  # noqa: N802
        if self.kind == "gone":
            raise ConnectionRefusedError
        return self.kind

    def getCause(self) -> Java | None:  # noqa: N802
        return self.cause

    def __str__(self) -> str:
        return self.message


class RaisedError(Exception):
    """What PySpark raises."""

    def __init__(self, java: Java) -> None:
        super().__init__("13800138000 is no number")
        self._origin = java


def test_the_chain_is_named_and_its_words_are_kept_apart(tmp_path: Path) -> None:
    disk = Java("IOException", "No space left on device")
    error = what_spark_died_of(RaisedError(Java("SparkException", "13800138000", disk)), tmp_path)
    assert str(error).startswith("Spark  SparkException ← IOException\n    → make room where the lake")
    kept = tmp_path / "runs/failure.txt"
    assert "138" not in str(error).replace(str(kept), "")  # a folder may be called anything
    assert str(kept) in str(error)
    assert "13800138000" in kept.read_text("utf-8")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_jvm_that_is_gone_is_explained_by_what_it_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failure, "said_by_the_jvm", lambda: "java.lang.OutOfMemoryError: Java heap space")
    told = "Spark  the JVM ended\n    → give it more memory: --set spark.driver.memory=4g"
    for cause in (
        RaisedError(Java("gone", "")),
        ConnectionRefusedError(111, "refused"),
        Py4JNetworkError("gone"),
    ):
        assert str(what_spark_died_of(cause, None)) == told


def test_a_file_that_is_gone_is_told_from_everything_else() -> None:
    gone = Java("SparkException", "task failed", Java("SparkFileNotFoundException", "part-1.parquet"))
    full = Java("SparkException", "task failed", Java("OutOfMemoryError", "Java heap space"))
    assert is_missing_file(RaisedError(gone))
    assert not is_missing_file(RaisedError(full))
    assert not is_missing_file(Py4JNetworkError("no answer"))
