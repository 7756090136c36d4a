"""A measure or tag of one's own takes no column that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from huaxiang.contracts.load import load_contracts
from huaxiang.days.catalogue import load_catalogue
from huaxiang.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "  title: {en: a, zh: b}\n  means: {en: a, zh: b}\n"


@pytest.mark.parametrize(
    ("entry", "taken"),
    [
        (f"- tag: orders_30d\n{WORDS}  derived: 1 > 2\n", "orders_30d"),
        (f"- tag: person\n{WORDS}  derived: 1 > 2\n", "person"),
        (f"- measure: as_of\n{WORDS}  from: browse_event\n  adds_up: count\n", "as_of"),
        (f"- measure: orders_30d\n{WORDS}  from: browse_event\n  adds_up: count\n", "orders_30d"),
    ],
)
def test_a_column_stands_once(tmp_path: Path, entry: str, taken: str) -> None:
    (tmp_path / "measures").mkdir()
    (tmp_path / "measures/mine.yaml").write_text(entry, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"mine.yaml:1 {taken}  `{taken}` is a column already"):
        load_catalogue(load_contracts(), tmp_path)
