"""All contracts, read once: `schemas/<layer>/<table>.yaml` to frozen dataclasses, or all problems at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, get_args

from huaxiang.contracts.model import Contract
from huaxiang.contracts.odcs import Layer, read_contract
from huaxiang.contracts.yaml import read_yaml, shown
from huaxiang.errors import ConfigurationError, Problem, did_you_mean
from huaxiang.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Contracts", "load_contracts", "read_yaml"]

LAYERS: tuple[Layer, ...] = get_args(Layer)


class Contracts(Mapping[str, Contract]):
    """The contracts by table name, in the order of layers and names."""

    def __init__(self, contracts: Iterable[Contract]) -> None:
        self._by_name = {contract.name: contract for contract in contracts}

    def __getitem__(self, name: str) -> Contract:
        """Return the contract of a table; `KeyError` names the nearest table."""
        if name not in self._by_name:
            raise KeyError(f"no contract for `{name}`; {did_you_mean(name, self._by_name)}")
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the table names."""
        return iter(self._by_name)

    def __len__(self) -> int:
        """Count the tables."""
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        """Tell whether a table has a contract."""
        return name in self._by_name

    def layer(self, name: Layer) -> tuple[Contract, ...]:
        """Return the contracts of one layer."""
        return tuple(contract for contract in self._by_name.values() if contract.layer == name)

    @property
    def landing(self) -> tuple[Contract, ...]:
        """The feeds."""
        return self.layer("landing")

    @property
    def lake(self) -> tuple[Contract, ...]:
        """The tables of the lake that are not published."""
        return self.layer("lake")

    @property
    def published(self) -> tuple[Contract, ...]:
        """The tables that readers are given."""
        return self.layer("published")

    def plus(self, more: Iterable[Contract]) -> Contracts:
        """Return these contracts and others, such as those compiled from measures."""
        return Contracts([*self._by_name.values(), *more])

    @property
    def digest(self) -> str:
        """SHA-256 of all that the contracts say, free of paths and line numbers: a release keeps it."""
        said = "\n".join(map(repr, self._by_name.values()))
        return hashlib.sha256(said.encode()).hexdigest()


def load_contracts(folder: Path | None = None) -> Contracts:
    """Return every contract below `folder` (default: the shipped ones, read once), or raise all problems at once."""
    return _read(folder) if folder else _shipped()


@cache
def _shipped() -> Contracts:
    return _read(shipped("schemas"))


def _read(folder: Path) -> Contracts:
    contracts: dict[str, Contract] = {}
    problems: list[Problem] = []
    files = [(layer, path) for layer in LAYERS for path in sorted((folder / layer).glob("*.yaml"))]
    if not files:
        found = f"no contract in {', '.join(LAYERS)}"
        raise ConfigurationError(Problem(shown(folder), found, "a folder like the shipped `schemas`"))
    for layer, path in files:
        try:
            doc = read_yaml(path)
        except ConfigurationError as error:
            problems += error.problems
            continue
        contract, wrong = read_contract(doc, layer, path.stem)
        problems += sorted(wrong, key=_line)
        if contract is None:
            continue
        if contract.name in contracts:
            first = contracts[contract.name].file
            problems.append(Problem(doc.file, f"table `{contract.name}` has a contract in {first} already"))
        contracts[contract.name] = contract
    if problems:
        files_hit = len({problem.place.split(":")[0] for problem in problems})
        raise ConfigurationError(problems, f"{_count(problems)} in {files_hit} of {len(files)} contracts.")
    return Contracts(contracts.values())


def _line(problem: Problem) -> tuple[int, ...]:
    numbers = problem.place.split(":")[1:]
    return tuple(int(number) for number in numbers if number.isdigit())


def _count(problems: list[Problem]) -> str:
    return f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
