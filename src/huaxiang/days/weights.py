"""The file `sentiment.tsv` of a configuration: what was learned of comments, from which, and how well it agrees.

A head of `# name: value` lines, then a line per n-gram, `n-gram<TAB>weight`, in their order. Written whole or not at
all; weights that were changed or lost by hand are refused, and of the head what can't be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import TYPE_CHECKING, Any

from huaxiang.conf_folder import WEIGHTS_FILE
from huaxiang.errors import ConfigurationError, Problem, did_you_mean
from huaxiang.models.learned_sentiment import DIGITS, LearnedSentiment, is_gram
from huaxiang.models.scorer import LEXICON, Scorer
from huaxiang.whole import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TITLE = "# huaxiang sentiment 1"


def _amount(text: str) -> int:
    if (number := int(text)) < 0:
        raise ValueError(text)
    return number


def _number(text: str) -> float:
    if not isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _share(text: str) -> float:
    if not 0 <= (share := float(text)) <= 1:
        raise ValueError(text)
    return share


HEAD: dict[str, tuple[Callable[[str], Any], str]] = {
    **dict.fromkeys(("praise", "complaints"), (_amount, "a whole number")),
    **dict.fromkeys(("from", "to"), (date.fromisoformat, "a date")),
    **dict.fromkeys(("agreement", "low", "high"), (_share, "a number from 0 to 1")),
    "bias": (_number, "a number"),
    "digest": (str, "a digest"),
}
"""What the head says, in its order: how it is read, and what that is called."""
AGAIN = "huaxiang sentiment learn writes it anew"
MOST = 5
"""Problems that are shown of one file."""


@dataclass(frozen=True)
class Learned:
    """Weights with where they come from: `comments` different ones, their first and last day.

    `agreement` is the mean of the shares of praise and of complaints that weights from other comments read as such,
    `low` and `high` its 95 % interval.
    """

    model: LearnedSentiment
    praise: int
    complaints: int
    first: date
    last: date
    agreement: float
    low: float
    high: float

    @property
    def comments(self) -> int:
        """Different comments that were learned from."""
        return self.praise + self.complaints

    def text(self) -> str:
        """As the file is written; the same for the same comments."""
        head = (
            f"{self.praise}",
            f"{self.complaints}",
            *(self.first.isoformat(), self.last.isoformat()),
            *(f"{share:.4f}" for share in (self.agreement, self.low, self.high)),
            *(f"{self.model.bias:.{DIGITS}f}", self.model.digest),
        )
        lines = [TITLE, *(f"# {name}: {value}" for name, value in zip(HEAD, head, strict=True))]
        lines += [f"{gram}\t{weight:.{DIGITS}f}" for gram, weight in sorted(self.model.weights.items())]
        return "\n".join(lines) + "\n"


def load_scorer(conf_dir: Path | None) -> Scorer:
    """Return what reads texts under a configuration: its learned weights, else the lexicon."""
    learned = load_learned(conf_dir)
    return Scorer(learned.model) if learned else LEXICON


def load_learned(conf_dir: Path | None) -> Learned | None:
    """Return what `<conf_dir>/sentiment.tsv` holds; None when it is not there, ConfigurationError for one that is unclear."""
    path = conf_dir / WEIGHTS_FILE if conf_dir else None
    if path is None or not (path.exists() or path.is_symlink()):
        return None
    if not path.is_file():
        raise ConfigurationError(Problem(str(path), "this is no file", "a file of weights", AGAIN))
    try:
        lines = path.read_text("utf-8").split("\n")
    except UnicodeDecodeError:
        raise ConfigurationError(Problem(str(path), "this is no UTF-8 text", TITLE, AGAIN)) from None
    except OSError as cause:
        raise _unusable(path, "a file that can be read", cause) from None
    return _read(path, lines)


def write_learned(learned: Learned, conf_dir: Path) -> Path:
    """Write the file, as a whole: who reads it meanwhile reads the one before. Return where it lies."""
    path = conf_dir / WEIGHTS_FILE
    try:
        return write_whole(path, learned.text())
    except OSError as cause:
        raise _unusable(path, "a folder that can be written into", cause) from None


def _unusable(path: Path, expected: str, cause: OSError) -> ConfigurationError:
    return ConfigurationError(Problem(str(path), str(cause.strerror or cause), expected))


def _read(path: Path, lines: list[str]) -> Learned:
    found = _Reading(path)
    if lines[0] != TITLE:
        found.refuse(1, f"`{lines[0][:40]}`", f"`{TITLE}`")
    for number, line in enumerate(lines[1:-1], 2):
        if line.startswith("#"):
            found.read_head(number, line)
        else:
            found.read_weight(number, line)
    if lines[-1]:
        found.refuse(len(lines), "the last line has no end", "a whole file")
    return found.whole()


@dataclass
class _Reading:
    """What lines of the file have said so far, and what is wrong with them."""

    path: Path
    head: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    digest_at: int = 1

    def refuse(self, line: int, found: str, expected: str, hint: str = AGAIN) -> None:
        self.problems.append(Problem(f"{self.path}:{line}", found, expected, hint))

    def read_head(self, number: int, line: str) -> None:
        name, _, value = line.removeprefix("#").strip().partition(": ")
        if name not in HEAD or name in self.head:
            expected = "each line of the head once"
            self.refuse(number, f"`{line[:40]}`", expected, did_you_mean(name, HEAD))
            return
        reads, called = HEAD[name]
        self.digest_at = number if name == "digest" else self.digest_at
        try:
            self.head[name] = reads(value)
        except ValueError:
            self.refuse(number, f"`{line[:40]}`", called)

    def read_weight(self, number: int, line: str) -> None:
        gram, _, value = line.partition("\t")
        try:
            weight = _number(value) if is_gram(gram) else None
        except ValueError:
            weight = None
        if weight is None:
            self.refuse(number, f"`{line[:40]}`", "one to three Chinese characters, a tab, a weight")
        elif gram in self.weights:
            self.refuse(number, f"`{gram}` stands twice", "each n-gram once")
        else:
            self.weights[gram] = weight

    def whole(self) -> Learned:
        """Return what the file holds; ConfigurationError with the first things that are wrong with it."""
        said = self.head
        if not self.problems and (lacking := [f"`{name}`" for name in HEAD if name not in said]):
            self.refuse(1, f"the head lacks {', '.join(lacking)}", "a whole file")
        if not self.problems and said["from"] > said["to"]:
            self.refuse(
                1, f"its comments are from {said['from']} to {said['to']}", "the first day before the last"
            )
        if not self.problems:
            model = LearnedSentiment(self.weights, said["bias"])
            if model.digest == said["digest"]:
                return Learned(model, *(said[name] for name in HEAD if name not in ("bias", "digest")))
            found = f"the weights of this file have the digest {model.digest}"
            self.refuse(self.digest_at, found, "the one they were written with")
        more = len(self.problems) - MOST
        raise ConfigurationError(self.problems[:MOST], f"… and {more:,} more" if more > 0 else "")
