"""What a table is, as frozen data: read from Open Data Contract Standard YAML, known to every room.

No Spark here. `contracts.load` reads these, `contracts.spark` turns them into schemas and frames,
`contracts.dictionary` into the reference pages, `gates` into Great Expectations suites.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from huaxiang.expressions import NameInfo

if TYPE_CHECKING:
    from decimal import Decimal

Severity = Literal["warning", "critical"]
Privacy = Literal["direct-id", "quasi-id", "sensitive", "free"]


@dataclass(frozen=True)
class Text:
    """The same words in English and Chinese."""

    en: str
    zh: str


@dataclass(frozen=True)
class Column:
    """One column of a table.

    `type` is Spark's simple string (`string`, `bigint`, `int`, `decimal(18,2)`, `timestamp`, `date`,
    `boolean`, `array<string>`, `struct<…>`). `pattern` is anchored (`^…$`); `examples` are plausible
    values, shown in the dictionary and used in sample frames.

    `money` marks an amount in currency units, which cleaning turns into `<name>_minor`; `contact` marks a
    value that must become a join key at once (HMAC) and never reaches the lake as it came.
    `hashed=False` keeps the column out of content hashes.
    """

    name: str
    type: str
    title: Text
    description: Text
    required: bool = False
    unit: str | None = None
    privacy: Privacy = "free"
    allowed: tuple[str, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    pattern: str | None = None
    examples: tuple[str, ...] = ()
    money: bool = False
    contact: bool = False
    hashed: bool = True

    @property
    def name_info(self) -> NameInfo:
        """What an expression knows of the column by its name."""
        return NameInfo(self.type, self.title.en, self.allowed if self.type == "string" else ())


@dataclass(frozen=True)
class Rule:
    """A row rule in the safe language over this table's columns; a row that breaks it is quarantined.

    `holds` must be true or null for a good row. `name` is the reason code. `line` and `column` say where
    the expression begins in the contract's file.
    """

    name: str
    holds: str
    description: Text
    line: int = field(default=0, compare=False, repr=False)
    column: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True)
class Gate:
    """A rule about the table as a whole, judged by Great Expectations on its metrics row.

    `metric` is one of `rows`, `quarantined_share`, `duplicate_keys`, `null_share:<column>`,
    `rows_against_past` (of a feed tonight's rows divided by the median of earlier nights, of a made table its rows
    divided by those of the release before), `age_days` (freshness).
    """

    metric: str
    minimum: float | None = None
    maximum: float | None = None
    severity: Severity = "critical"
    description: Text = field(default_factory=lambda: Text("", ""))


@dataclass(frozen=True)
class Contract:
    """One table: its columns, key (grain), row rules and gates.

    `description` says what one row is, `purpose` what the table is for.

    For landing feeds: `key` are the columns that make a row unique apart from its revision; `at` is the
    column with the event's instant, `on_date` the one with a bare business date; `accounts` maps each
    account role (`account`, `other_account`) to the landing column with the account id on `platform`.
    `by_month`: whether its clean table and day rows are stored by month; feeds that grow slowly over many
    years are stored whole.
    """

    name: str
    layer: Literal["landing", "lake", "published"]
    version: str
    title: Text
    description: Text
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    gates: tuple[Gate, ...] = ()
    at: str | None = None
    on_date: str | None = None
    accounts: tuple[tuple[str, str], ...] = ()
    lateness_days: int | None = None
    by_month: bool = True
    purpose: Text = field(default_factory=lambda: Text("", ""))
    file: str = field(default="", compare=False, repr=False)

    def column(self, name: str) -> Column:
        """Return the column called `name`; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def allowed_by(self, reason: str) -> tuple[str, ...]:
        """Return the words that a column may hold, of the reason code `not_allowed:<column>`; nothing of another one."""
        code, _, name = reason.partition(":")
        return self.column(name).allowed if code == "not_allowed" and name in self.names else ()

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(c.name for c in self.columns)
