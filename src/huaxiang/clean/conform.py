"""Rows as found → rows as their contract says, each with its keys, its dates and the reasons against it.

No row is dropped or mended here. A row with `reasons` must not be loaded; what could not be read is null.

Reason codes: `bad_type`, `control_character`, `instant_out_of_range` (before 1970 or from 2100 on),
`amount_overflow` (10^15 minor units and more), `fractional_minor_unit`, `currency_without_rate`, each with
`:<column>`; `future_dated` (more than a day after arrival); those of `contracts.spark.row_rules`; what
sources say of a damaged record; and `conflicting_revision` of `verdicts`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from huaxiang.clean.joinkeys import E_MAIL, PHONE, contact_digest, keyed, peppered
from huaxiang.clean.money import amount
from huaxiang.clean.readings import ARRAY_OF_TEXT, read
from huaxiang.clean.system import BY_MONTH, DELETE, NOT_CONTENT, business_date, system_columns
from huaxiang.clean.text import identifier, nfc
from huaxiang.contracts.spark import row_rules
from huaxiang.sources.fit import AND

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyspark.sql import Column, DataFrame

    from huaxiang.config import Config
    from huaxiang.contracts.model import Column as Declared
    from huaxiang.contracts.model import Contract

CONTROL = r"[\x00-\x1f\x7f]"
CONTROL_IN_PROSE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"  # tabs and line ends are fine there
EARLIEST, LATEST = "1970-01-01", "2100-01-01"
PLACE = ("_path", "_record", "_arrival", "_filtered", "_damage")
ANY_CONTROL = "?any_control"
SPOILT = ("bad_type", "control_character", "amount_overflow")
"""Reasons after which the column's own rules (missing, allowed, …) have nothing left to judge."""


@dataclass
class _Typed:
    """The typed columns, and each reason that was noted while reading them: a flag column of its own."""

    columns: list[Column] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def refuse(self, code: str, broken: Column) -> None:
        self.columns.append(broken.alias(f"?{code}"))
        self.reasons.append(code)


def conform(
    frame: DataFrame, contract: Contract, config: Config, pepper: DataFrame, stored_by: str = BY_MONTH
) -> DataFrame:
    """Return every row of a feed with its contract's types, system columns and reasons.

    `frame` holds contract columns as found (others are unknown), `_path`, `_record`, `_arrival`,
    `_filtered` and `_damage`. The result has the columns of the clean contract but `release`, then `op`
    (never null), `key_hash`, `_path`, `_record`, `_filtered`, and `reasons` (empty for a good row). A
    deletion is judged by its key, revision and op only.
    """
    found = {f.name: f.dataType for f in frame.schema.fields}
    named = [c for c in contract.columns if c.name in found]
    texts = [c for c in named if isinstance(found[c.name], T.StringType)]
    any_control = F.concat_ws("", *(F.col(c.name) for c in texts)).rlike(CONTROL)
    normal = [_normalised(c, contract, found).alias(c.name) for c in named]
    rows = frame.select(*PLACE, *normal, any_control.alias(ANY_CONTROL))
    if any(c.contact for c in named):
        rows = peppered(rows, pepper)
    typed = _Typed()
    for column in contract.columns:
        _read_column(typed, column, contract, config, found)
    _note_controls(typed, texts, contract)
    dated = business_date(contract, config.business_zone).alias("business_date")
    rows = rows.select(*PLACE, *typed.columns).select("*", dated)
    reasons = _reasons(contract, typed).alias("reasons")
    return rows.select(*system_columns(contract, stored_by), "_path", "_record", "_filtered", reasons)


def is_code(column: Declared, contract: Contract) -> bool:
    """Whether a text column identifies something: such values are folded, prose is kept as it came."""
    accounts = [name for _, name in contract.accounts]
    named = column.name in (*contract.key, *accounts) or column.name.endswith(("_id", "_ids", "_code"))
    return named or column.contact or bool(column.allowed or column.pattern)


def _normalised(column: Declared, contract: Contract, found: Mapping[str, T.DataType]) -> Column:
    """Bring text to its one form; numbers and dates stay as they came, so that ２ is never read as 2."""
    raw = F.col(column.name)
    if not isinstance(found[column.name], T.StringType) or column.type not in ("string", ARRAY_OF_TEXT):
        return raw
    return identifier(raw) if is_code(column, contract) else nfc(raw)


def _read_column(
    typed: _Typed, column: Declared, contract: Contract, config: Config, found: Mapping[str, T.DataType]
) -> None:
    name = column.name
    raw = F.col(name) if name in found else F.lit(None).cast(column.type)
    kind = found.get(name, T.NullType())
    if column.money:
        _read_money(typed, column, raw, kind, config, has_currency="currency" in found)
        return
    reading = read(raw, kind, column.type, zone=config.zone)
    is_bad = reading.is_bad
    if column.contact:
        digest = contact_digest(reading.value, _contact_kind(column, contract))
        key = keyed(digest) if name in found else F.lit(None).cast("string")
        typed.columns.append(key.alias(f"{name}_key"))
        is_bad |= F.isnotnull(reading.value) & F.isnull(digest)
    typed.columns.append(reading.value.alias(name))
    if name in found and (column.contact or not (column.type == "string" and isinstance(kind, T.StringType))):
        typed.refuse(f"bad_type:{name}", is_bad)
    if column.type == "timestamp" or name == contract.on_date:
        outside = (reading.value < EARLIEST) | (reading.value >= LATEST)
        typed.refuse(f"instant_out_of_range:{name}", outside)


def _read_money(
    typed: _Typed, column: Declared, raw: Column, kind: T.DataType, config: Config, *, has_currency: bool
) -> None:
    name = column.name
    given = F.col("currency").cast("string") if has_currency else F.lit(None)
    money = amount(raw, kind, column.type, F.coalesce(given, F.lit(config.currency)), config)
    typed.columns += [money.value.alias(name), money.minor.alias(f"{name}_minor")]
    typed.refuse(f"bad_type:{name}", money.is_bad)
    typed.refuse(f"amount_overflow:{name}", money.is_overflowing)
    typed.refuse(f"fractional_minor_unit:{name}", money.is_fractional)
    typed.refuse(f"currency_without_rate:{name}", money.lacks_rate)


def _contact_kind(column: Declared, contract: Contract) -> Column:
    if "kind" in contract.names:
        return F.col("kind")
    return F.lit(E_MAIL if column.name.startswith(E_MAIL) else PHONE)


def _note_controls(typed: _Typed, texts: list[Declared], contract: Contract) -> None:
    """Refuse control characters, column by column only in rows that hold any."""
    for column in texts:
        is_prose = column.type == "string" and not is_code(column, contract)
        has_any = F.col(column.name).rlike(CONTROL_IN_PROSE if is_prose else CONTROL)
        typed.refuse(f"control_character:{column.name}", F.col(ANY_CONTROL) & has_any)


def _reasons(contract: Contract, typed: _Typed) -> Column:
    """Return the reason codes of a row that has any, else an empty array. A condition that is null holds."""
    broken: dict[str, Column] = {code: F.col(f"`?{code}`") for code in typed.reasons}
    named = {code: F.when(condition, F.lit(code)) for code, condition in broken.items()}
    for code, rule in row_rules(contract):
        name = code.partition(":")[2]
        spoilt = [broken[s] for s in (f"{kind}:{name}" for kind in SPOILT) if name and s in broken]
        named[code] = (
            F.when(reduce(or_, spoilt), F.lit(None)).when(rule, F.lit(code))
            if spoilt
            else F.when(rule, F.lit(code))
        )
        broken[code] = rule
    named["future_dated"] = F.when(F.col("business_date") > F.date_add("_arrival", 1), F.lit("future_dated"))
    broken["future_dated"] = F.isnotnull(named["future_dated"])
    of_key = [c for c in named if c.partition(":")[2] in (*contract.key, *NOT_CONTENT)]
    listed = F.when(F.col("op") == DELETE, _list([named[c] for c in of_key])).otherwise(_list(named.values()))
    found = F.when(reduce(or_, broken.values()), listed).otherwise(_list([]))
    damage = F.split("_damage", AND)
    # what a source map's expression can't read is null here, and breaks other rules of its column for that;
    # so does a key, which may be the row's whole content
    keys = F.array(*map(F.lit, contract.key))
    consequent = F.concat(F.transform(damage, _column_of), keys)
    others = F.filter(found, lambda code: ~F.array_contains(consequent, _column_of(code)))
    every = F.when(F.col("_damage").startswith("bad_type:"), F.concat(damage, others)).otherwise(damage)
    return F.when(F.isnotnull("_damage"), every).otherwise(found)


def _column_of(code: Column) -> Column:
    return F.substring_index(code, ":", -1)


def _list(codes: Iterable[Column]) -> Column:
    return F.array_compact(F.array(*codes).cast("array<string>"))
