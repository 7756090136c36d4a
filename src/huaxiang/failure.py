"""What Spark died of, in words: the kinds of its errors, never their messages, which may quote a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException

from huaxiang.errors import HuaxiangError, Problem
from huaxiang.session import said_by_the_jvm

if TYPE_CHECKING:
    from pathlib import Path

FILE = "failure.txt"
SPARK_FAILURES = (Py4JError, PySparkException, ConnectionError)
MISSING = ("FileNotFound", "VersionNotFound")
LONGEST = 20
MENDED_BY = {
    "OutOfMemoryError": "give it more memory: --set spark.driver.memory=4g",
    "No space left on device": "make room where the lake and spark.local.dir are",
    "Too many open files": "raise the limit: ulimit -n 65536",
}


def what_spark_died_of(cause: Exception, lake: Path | None) -> HuaxiangError:
    """Return the failure with its chain of causes; the trace goes into a private file of a lake on this machine.

    Call it before the session ends: the words are the JVM's.
    """
    try:
        kinds, words = _told(cause)
    except (Py4JError, OSError):  # nobody is there to ask
        kinds, words = ["the JVM ended"], f"{type(cause).__name__}\n{said_by_the_jvm()}"
    hints = [hint for sign, hint in MENDED_BY.items() if sign in words]
    if lake is not None:
        try:
            kept = _kept(words, lake)
            hints.append(f"the whole trace, which may quote rows, is kept in {kept}")
        except OSError as full:
            hints.append(f"the trace could not be kept: {full.strerror}")
    return HuaxiangError(Problem("Spark", " ← ".join(dict.fromkeys(kinds)), hint="; ".join(hints)))


def is_missing_file(cause: Exception) -> bool:
    """Whether Spark failed because a file, or version of a table, that it was to read is not there, and not of anything else."""
    try:
        kinds, words = _told(cause)
    except (Py4JError, OSError):
        return False
    return any(sign in kind for sign in MISSING for kind in kinds) or "[PATH_NOT_FOUND]" in words


def _kept(words: str, lake: Path) -> Path:
    path = lake / "runs" / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(words, encoding="utf-8")
    return path


def _told(cause: Exception) -> tuple[list[str], str]:
    """Return the kinds of a failure and of its causes, and all their words."""
    java: Any = getattr(cause, "java_exception", None) or getattr(cause, "_origin", None)
    if java is None and isinstance(cause, (Py4JError, ConnectionError)):
        raise cause
    if java is None:
        return [type(cause).__name__], str(cause)
    kinds: list[str] = []
    words = str(cause) + (getattr(cause, "_stackTrace", None) or "")
    while java is not None and len(kinds) < LONGEST:  # a chain may be a ring
        kinds.append(java.getClass().getSimpleName())
        words += f"\n{java}"
        java = java.getCause()
    return kinds, words
