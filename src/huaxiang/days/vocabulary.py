"""What can be said of a person, and of a person and a brand: the columns of both tables, as data. No Spark.

One compilation serves the tables' contracts, the dictionary and the names that segments may use.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from huaxiang.contracts.model import Column, Contract, Gate, Privacy, Text
from huaxiang.days.events import KEY_KINDS
from huaxiang.days.groups import WHO
from huaxiang.days.measures import GRAIN
from huaxiang.errors import ConfigurationError, Problem, did_you_mean
from huaxiang.expressions import NameInfo, compile_expression
from huaxiang.models.cards import CARDS, output_type
from huaxiang.models.traits import DECLARED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from huaxiang.days.measures import Catalogue, Measure
    from huaxiang.days.tags import Tag

PORTRAIT, BRAND_RELATION = "portrait", "brand_relation"


def vocabularies(
    catalogue: Catalogue, untyped: Iterable[str] = ()
) -> tuple[dict[str, Column], dict[str, Column]]:
    """Return the columns of `portrait` and of `brand_relation` by name, keys left out.

    Tags are typed in the catalogue's order, each after what it reads; what a text can only be is `allowed`, and so a
    gate of the table. ConfigurationError lists every tag that names something unknown or doesn't type. Tags
    `untyped`, and what reads them, are left out.
    """
    problems: list[Problem] = []
    without = set(untyped)  # tags with a problem, and what reads them: their own problem is enough
    person = _measured(catalogue, "person")
    _add_tags(person, catalogue, "person", {}, problems, without)
    brand = _measured(catalogue, "brand")
    _add_tags(brand, catalogue, "brand", person, problems, without)
    if problems:
        raise ConfigurationError(problems)
    return person, brand


def sources_of(catalogue: Catalogue) -> dict[str, str]:
    """Return where every column comes from, by its name: measured, declared, derived, modelled or inferred.

    What people say of themselves is declared, and so is what is made of nothing else; what a model says of who they are
    is inferred.
    """
    found = {
        measure.column(window): "declared" if measure.is_declared else "measured"
        for measure in catalogue.measures
        for window in measure.windows
    }
    for tag in catalogue.tags:
        read = {found[name] for name in tag.made_of if name in found}
        made = "declared" if read == {"declared"} else "derived"
        said = "inferred" if tag.group == WHO else "modelled"
        found[tag.name] = said if tag.modelled else made
    return found


def names_of(columns: dict[str, Column]) -> dict[str, NameInfo]:
    """The names an expression may use over these columns; lists are left out."""
    return {n: c.name_info for n, c in columns.items() if not c.type.startswith("array")}


def tag_names(columns: dict[str, Column], outer: dict[str, Column] | None = None) -> dict[str, NameInfo]:
    """The names a table's tags may use: its own columns, `as_of`, and `portrait.x` of `outer`."""
    there = {f"portrait.{n}": info for n, info in names_of(outer or {}).items()}
    return {**names_of(columns), **there, "as_of": NameInfo("date", "The night's date")}


STEADY = Gate(
    "rows_against_past", 0.5, 2, "warning",
    Text("The number of persons stays between 0.5 and 2 times that of the release before", "人数为上一版本的 0.5 至 2 倍"),
)  # fmt: skip


def compiled_contracts(catalogue: Catalogue) -> dict[str, Contract]:
    """Return the contracts of the tables whose columns the catalogue decides."""
    person, brand = vocabularies(catalogue)
    cells = [
        _plain(name, part.stored, f"What adds up to {part.says}", f"可累加为 {part.says}")
        for name, part in catalogue.cells().items()
    ]
    release = replace(
        _plain("release", "bigint", "Release in which the cell was made", "生成该单元的发布号"), hashed=False
    )
    keys = [
        _plain("stream", "string", "Event, and which of its dates counts", "事件及其所用日期"),
        _plain(
            "key_kind",
            "string",
            f"What the key is: none, {', '.join(KEY_KINDS)}, or what is awaited",
            "键的种类",
        ),
        _plain("key", "string", "The key", "键"),
        _plain(
            "account",
            "string",
            "Account the event counts for; empty while it waits",
            "事件所属账号；等待时为空",
            "quasi-id",
        ),
        _plain("business_date", "date", "Business date; null for undated events", "业务日期；无日期事件为空"),
        replace(
            _plain("part", "string", "Stream and month or date, the partition", "事件与月份或日期，存储分区"),
            hashed=False,
        ),
    ]
    past = _plain("known_to", "bigint", "Release that replaced the cell", "替换该单元的发布号")
    who = Column(
        "person", "string", Text("Person", "个人"),
        Text("Stable id of a person, a set of accounts", "个人的稳定编号，即一组账号"), required=True, privacy="quasi-id",
    )  # fmt: skip
    which = Column(
        "brand_id", "string", Text("Brand", "品牌"), Text("Id of the brand", "品牌编号"), required=True
    )
    as_of = Column(
        "as_of", "date", Text("Data as of", "数据截至"),
        Text("Last business date counted", "计入的最后业务日期"), required=True,
    )  # fmt: skip
    made = (
        Contract(
            "day_row", "lake", "2.0.0", Text("Day rows", "日单元"),
            Text("What an account did on a business date under a key, as values that add up", "账号在某业务日期某键下的可累加值"),
            GRAIN, (*keys, *cells, release),
        ),
        Contract(
            "day_row_past", "lake", "2.0.0", Text("Replaced day rows", "被替换的日单元"),
            Text("Day rows that a later night replaced, with the releases between which they were known", "被后续夜间批次替换的日单元及其已知区间"),
            (*GRAIN, "release"), (*keys, *cells, release, past),
        ),
        Contract(
            PORTRAIT, "published", "1.0.0", Text("Portrait", "画像"),
            Text("One row per person: everything measured and derived, as of the night", "每人一行：截至当夜的全部度量与标签"),
            ("person",), (who, as_of, *person.values()), gates=(*_published_gates(), STEADY),
        ),
        Contract(
            BRAND_RELATION, "published", "1.0.0", Text("Brand relation", "品牌关系"),
            Text("One row per person and brand with any evidence", "每个有证据的个人与品牌一行"),
            ("person", "brand_id"), (who, which, as_of, *brand.values()), gates=_published_gates(minimum=None),
        ),
    )  # fmt: skip
    return {c.name: c for c in made}


def _published_gates(minimum: float | None = 1) -> tuple[Gate, ...]:
    unique = Gate("duplicate_keys", maximum=0, description=Text("One row per key", "每键一行"))
    if minimum is None:
        return (unique,)
    return (Gate("rows", minimum=minimum, description=Text("Not empty", "非空")), unique)


def _plain(name: str, type_: str, en: str, zh: str, privacy: Privacy = "free") -> Column:
    return Column(
        name,
        type_,
        Text(name.replace("_", " ").capitalize(), zh.split("；", maxsplit=1)[0]),
        Text(en, zh),
        privacy=privacy,
    )


def _measured(catalogue: Catalogue, grain: str) -> dict[str, Column]:
    return {m.column(w): _measure_column(m, w) for m in catalogue.at(grain) for w in m.windows}


def _measure_column(measure: Measure, window: int | None) -> Column:
    en, zh = measure.title.en, measure.title.zh
    if not measure.bare:
        en += ", all time" if window is None else f", last {window} days"
        zh += "，全部" if window is None else f"，近{window}天"
    return Column(
        measure.column(window),
        measure.part.type,
        Text(en, zh),
        measure.means,
        unit=measure.unit,
        privacy=measure.privacy,  # type: ignore[arg-type]
        allowed=measure.part.words,
        hashed="double" not in measure.part.type,
    )


def _add_tags(
    columns: dict[str, Column],
    catalogue: Catalogue,
    grain: str,
    outer: dict[str, Column],
    problems: list[Problem],
    without: set[str],
) -> None:
    names = tag_names(columns, outer)
    for tag in (t for t in catalogue.tags if t.grain == grain):
        if tag.name in without or tag.made_of & without:
            without.add(tag.name)
            continue
        found = _tag_type(tag, names, problems)
        if found is None:
            without.add(tag.name)
            continue
        type_, words = found
        if tag.values and type_ != "string" and not type_.startswith("array"):
            problems.append(Problem(tag.written_in, f"`values` of what is {type_}", "a text, or a list"))
        problems += [
            Problem(
                tag.written_in, f"`values` has `{value}`, which it never is", hint=did_you_mean(value, words)
            )
            for value in tag.values
            if words and value not in words
        ]
        columns[tag.name] = Column(
            tag.name, type_, tag.title, tag.means, unit=tag.unit, privacy=tag.privacy, allowed=words,  # type: ignore[arg-type]
            hashed=type_ not in ("double", "float"),
        )  # fmt: skip
        names |= names_of({tag.name: columns[tag.name]})


def _tag_type(
    tag: Tag, names: dict[str, NameInfo], problems: list[Problem]
) -> tuple[str, tuple[str, ...]] | None:
    """Return a tag's type, and the words that it can be if it can't be any."""
    if tag.modelled:
        card = CARDS[tag.model]
        lacking = [name for name in card.needs if name not in names]
        problems += [
            Problem(tag.written_in, f"the model `{card.name}` reads `{name}`, which is not there")
            for name in lacking
        ]
        type_, learnt_from = output_type(tag.modelled), names.get(DECLARED.get(tag.model, ""))
        words = learnt_from.words if learnt_from and type_ == "string" else ()
        return (type_, words) if type_ else None
    if tag.ladder:
        for rung in tag.ladder.rungs:
            try:
                compile_expression(rung.when, names, rung.at, want="boolean")
            except ConfigurationError as error:
                problems += error.problems
        return "string", tuple(rung.stage for rung in tag.ladder.rungs)
    try:
        if tag.rank is None:
            compiled = compile_expression(str(tag.derived), names, tag.at)
            if compiled.type == "void":
                problems.append(Problem(tag.written_in, "`derived` is always null", "a value with a type"))
            return compiled.type, compiled.words
        compile_expression(tag.rank.among, names, tag.at, want="boolean")
    except ConfigurationError as error:
        problems += error.problems
        return None
    ranked = {name for name in names if name != "as_of"}
    if tag.rank.of not in ranked:
        problems.append(
            Problem(tag.written_in, f"unknown name `{tag.rank.of}`", hint=did_you_mean(tag.rank.of, ranked))
        )
        return None
    if (type_ := names[tag.rank.of].type) in ("string", "boolean"):
        problems.append(
            Problem(
                tag.written_in,
                f"a rank of `{tag.rank.of}`, which is {type_}",
                "a number, a date or an instant",
            )
        )
    return "int", ()
