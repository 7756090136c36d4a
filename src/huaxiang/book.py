"""The book of a night, without Spark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.clean import clean_contract
from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.days.vocabulary import compiled_contracts, vocabularies
from huaxiang.errors import ConfigurationError, Problem
from huaxiang.segments.load import load_segments
from huaxiang.segments.vocabulary import vocabulary
from huaxiang.sources.map import load_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from huaxiang.config import Config
    from huaxiang.contracts.load import Contracts
    from huaxiang.days.measures import Catalogue
    from huaxiang.segments.load import Segment
    from huaxiang.sources.map import SourceMap


@dataclass(frozen=True)
class Book:
    """Everything that is written down before a night begins, read and checked as one."""

    config: Config
    contracts: Contracts
    catalogue: Catalogue
    segments: tuple[Segment, ...]
    source: SourceMap | None


def open_book(config: Config, *, source: str | None = None) -> Book:
    """Read contracts, measures, segments and the source map; ConfigurationError lists every problem in them."""
    contracts = load_contracts()
    problems: list[Problem] = []
    catalogue = load_catalogue(contracts, config.conf_dir)
    found: dict[str, Any] = {"segments": (), "source": None}
    readers: dict[str, Callable[[], Any]] = {
        "segments": lambda: load_segments(config.conf_dir / "segments", vocabulary(*vocabularies(catalogue))),
        "source": lambda: load_source(source, config.conf_dir) if source else None,
    }
    for name, read in readers.items():
        try:
            found[name] = read()
        except ConfigurationError as error:
            problems += error.problems
    if found["source"]:
        problems += found["source"].unheard(config)
        config = found["source"].over(config)
    problems += [
        Problem("required", f"unknown feed `{feed}`", hint="see schemas/DICTIONARY.md")
        for feed in config.required
        if feed not in {c.name for c in contracts.landing}
    ]
    if problems:
        raise ConfigurationError(problems)
    cleaned = [clean_contract(c) for c in contracts.landing]
    every = contracts.plus([*compiled_contracts(catalogue).values(), *cleaned])
    return Book(config, every, catalogue, **found)
