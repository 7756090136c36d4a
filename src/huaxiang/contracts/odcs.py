"""From one file in the form of the Open Data Contract Standard v3.1 to one `Contract`.

Only the part of the standard that something here obeys is accepted: a key that nobody reads would be a
promise that nobody keeps. What is impossible is found in `column_checks` and `table_checks`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, cast

from huaxiang.contracts.column_checks import check_column
from huaxiang.contracts.model import Column, Contract, Privacy, Text
from huaxiang.contracts.part import Part
from huaxiang.contracts.quality import read_quality
from huaxiang.contracts.table_checks import check_feed, check_roles, key_columns

if TYPE_CHECKING:
    from huaxiang.contracts.yaml import Document
    from huaxiang.errors import Problem

Layer = Literal["landing", "lake", "published"]

_TOP = ("apiVersion", "kind", "id", "name", "version", "status", "description", "slaProperties", "schema")
_TABLE = ("name", "physicalType", "businessName", "description", "customProperties", "properties", "quality")
_COLUMN = (
    "name",
    "businessName",
    "description",
    "logicalType",
    "physicalType",
    "required",
    "primaryKey",
    "primaryKeyPosition",
    "classification",
    "logicalTypeOptions",
    "examples",
    "quality",
    "customProperties",
)
_STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
_PRIVACY = ("direct-id", "quasi-id", "sensitive", "free")
_TITLES = ("titleZh", "descriptionZh")
_TABLE_CUSTOM = ("byMonth", *_TITLES, "instantColumn", "dateColumn", "accounts")
_COLUMN_CUSTOM = (*_TITLES, "unit", "money", "contact", "hashed")


def read_contract(doc: Document, layer: Layer, stem: str) -> tuple[Contract | None, list[Problem]]:
    """Return the contract of one file and all that is wrong with it; `stem` is the file's name."""
    problems: list[Problem] = []
    top = Part.of(doc, (), "", doc.data, problems)
    if problems:
        return None, problems
    top.only(_TOP)
    top.word("apiVersion", ["v3.1.0"])
    top.word("kind", ["DataContract"])
    top.word("status", _STATUSES)
    name = top.text("name")
    if name and name != stem:
        top.refuse("name", f"the name is `{name}`", f"`{stem}`, like the file")
    top.word("id", [f"huaxiang.{layer}.{stem}"])
    version = top.text("version")
    if version and not re.fullmatch(r"\d+\.\d+\.\d+", version):
        top.refuse("version", f"version `{version}`", "three numbers, such as 1.0.0")
    tables = list(top.parts("schema", f"table `{stem}`"))
    if len(tables) != 1:
        top.refuse("schema", f"`schema` has {len(tables)} tables", "one")
        return None, problems
    contract = replace(
        _table(tables[0], layer, stem), version=version, purpose=_purpose(top), lateness_days=_lateness(top)
    )
    return contract, problems


def _purpose(top: Part) -> Text:
    purpose = top.part("description", "the purpose")
    purpose.only(("purpose", "customProperties"))
    chinese = purpose.custom(["purposeZh"]).text("purposeZh", "the Chinese text (`purposeZh`)")
    return Text(purpose.text("purpose", "the English text"), chinese)


def _lateness(top: Part) -> int | None:
    days = None
    for sla in top.parts("slaProperties", "service level"):
        sla.only(("property", "value", "unit"))
        sla.word("property", ["latency"])
        sla.word("unit", ["d"])
        value = sla.number("value")
        if value is None or value < 1 or value != int(value):
            sla.refuse("value", "`value` is not a number of days", "a whole number from 1")
        else:
            days = int(value)
    return days


def _table(table: Part, layer: Layer, stem: str) -> Contract:
    table.only(_TABLE)
    table.word("name", [stem])
    table.word("physicalType", ["table"])
    custom = table.custom(_TABLE_CUSTOM)
    title, description = _titles(table, custom)
    pairs = [(part, _column(part)) for part in map(_named, table.parts("properties"))]
    columns = tuple(column for _, column in pairs)
    rules, gates = read_quality(table, columns)
    accounts = custom.part("accounts")
    contract = Contract(
        name=stem,
        layer=layer,
        version="",
        title=title,
        description=description,
        key=key_columns(table, pairs),
        columns=columns,
        rules=rules,
        gates=gates,
        at=custom.text("instantColumn", required=False) or None,
        on_date=custom.text("dateColumn", required=False) or None,
        accounts=tuple((role, accounts.text(role)) for role in accounts.values),
        by_month=custom.flag("byMonth", default=True),
        file=table.doc.file,
    )
    check_roles(custom, contract)
    if layer == "landing":
        check_feed(table, contract)
    return contract


def _titles(part: Part, custom: Part) -> tuple[Text, Text]:
    title = Text(
        part.text("businessName", "the English title (`businessName`)"),
        custom.text("titleZh", "the Chinese title (`titleZh`)"),
    )
    description = Text(
        part.text("description", "the English description"),
        custom.text("descriptionZh", "the Chinese description (`descriptionZh`)"),
    )
    return title, description


def _named(part: Part) -> Part:
    """Return the part with its column's name in front of every problem."""
    name = part.values.get("name")
    return replace(part, what=f"column `{name}`" if isinstance(name, str) else "a column")


def _column(part: Part) -> Column:
    part.only(_COLUMN)
    custom = part.custom(_COLUMN_CUSTOM)
    title, description = _titles(part, custom)
    options = part.part("logicalTypeOptions")
    options.only(("minimum", "maximum", "pattern"))
    column = Column(
        name=part.text("name", "the name"),
        type=part.text("physicalType"),
        title=title,
        description=description,
        required=part.flag("required"),
        unit=custom.text("unit", required=False) or None,
        privacy=cast("Privacy", part.word("classification", _PRIVACY) or "free"),
        allowed=_allowed(part),
        minimum=options.number("minimum"),
        maximum=options.number("maximum"),
        pattern=options.text("pattern", required=False) or None,
        examples=_words(part, "examples"),
        money=custom.flag("money"),
        contact=custom.flag("contact"),
        hashed=custom.flag("hashed", default=True),
    )
    check_column(part, column)
    return column


def _allowed(part: Part) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    for quality in part.parts("quality"):
        quality.only(("metric", "mustBe", "arguments"))
        quality.word("metric", ["invalidValues"])
        if quality.number("mustBe") != 0:
            quality.refuse("mustBe", "`mustBe` is not 0", "0: each invalid value sends its row to quarantine")
        arguments = quality.part("arguments")
        arguments.only(["validValues"])
        found = _words(arguments, "validValues")
        if not found:
            arguments.refuse("validValues", "no value is allowed", "at least one in `validValues`")
        if len(set(found)) < len(found):
            arguments.refuse("validValues", "a value is allowed twice")
    return found


def _words(part: Part, key: str) -> tuple[str, ...]:
    """Return a list of values as they are written."""
    trail = part.trails.get(key, ())
    words = []
    for i, item in enumerate(part.items(key)):
        if item is None or isinstance(item, dict | list):
            part.refuse(key, f"`{key}` holds something that is no value", "words or numbers")
        else:
            words.append(part.doc.words[(*trail, i)])
    return tuple(words)
