"""Why nothing is told of a person by a measure or a tag: words for null, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.model import Text
from huaxiang.days.definitions import DAY_ROW, TABLES, Meaning, Named, meanings
from huaxiang.models.cards import CARDS
from huaxiang.models.fit import BOUNDARY, NO_BETTER, TOO_LARGE, TOO_LITTLE
from huaxiang.portrait.coverage import covers_by_feed, is_unknown, unknown_by_feed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from huaxiang.contracts.model import Column
    from huaxiang.days.measures import Catalogue, Measure
    from huaxiang.days.tags import Tag
    from huaxiang.explain.told import Row


IN_CHINESE = {
    TOO_LITTLE: "数据太少",
    TOO_LARGE: "数据量超出可计算的范围",
    BOUNDARY: "参数落在边界，无从得出",
    NO_BETTER: "不比只说最常见的一类更准",
}
"""Why a fit is not used."""
Defined = Mapping[Named, Mapping[str, Any]]
"""The rows of a release's `measure_definition` by what they define."""


def unheld(catalogue: Catalogue, held: Defined) -> dict[Named, Text]:
    """Return by table and column what a release does not hold yet; nothing of one without definitions."""
    new = Text(
        "This release does not hold it yet: the next night with this configuration does.",
        "本版本尚不包含此项，以此配置运行的下一夜起才有。",
    )
    return {named: new for named in meanings(catalogue) if held and named[0] != DAY_ROW and named not in held}


def redefined(catalogue: Catalogue, held: Defined) -> dict[Named, Text]:
    """Return by table and column what a release holds by another definition than the catalogue's."""
    found = {}
    for named, meaning in meanings(catalogue).items():
        if named[0] != DAY_ROW and named in held and held[named]["definition"] != meaning.definition:
            said = meant_otherwise(held[named], meaning)
            found[named] = Text(
                f"This release tells it by another definition than this configuration's: {said.en}.",
                f"本版本所依据的定义与此配置的不同：{said.zh}。",
            )
    return found


def meant_otherwise(held: Mapping[str, Any], meaning: Meaning) -> Text:
    """Return what a column was, by its row of `measure_definition`, that means something else now."""
    if held["says"] != meaning.says:
        return Text(str(held["says"]), str(held["says"]))
    return Text(
        "of the same words, but what they read meant something else", "文字相同，但其所读取的内容含义不同"
    )


def unfitted(catalogue: Catalogue, models: Sequence[Row]) -> dict[Named, Text]:
    """Return by table and column why its model was not fitted that night, and by what it is told instead.

    `models` are rows of `model`: of each model those of its newest release hold.
    """
    newest = {
        row["model"]: int(row["release"]) for row in sorted(models, key=lambda row: int(row["release"]))
    }
    parts = sorted(
        (r for r in models if int(r["release"]) == newest[r["model"]]), key=lambda r: str(r["part"])
    )
    found = {}
    for tag in catalogue.tags:
        if not tag.modelled:
            continue
        card = CARDS[tag.model]
        mine = [
            row
            for row in parts
            if row["model"] == tag.model and row["why"] and card.depends(tag.output, row["part"])
        ]
        if mine:
            why = "; ".join(dict.fromkeys(row["why"] for row in mine))
            reasons = "、".join(dict.fromkeys(IN_CHINESE[row["status"]] for row in mine))
            found[TABLES[tag.grain], tag.name] = Text(
                f"That night the model “{card.name}” was not fitted for it: {why}.",
                f"当晚模型“{card.name}”未能为此拟合：{reasons}；{card.otherwise.zh}。",
            )
    return found


@dataclass(frozen=True)
class Unknown:
    """What feeds cover, as rows of `coverage`, and on which platforms a person has accounts."""

    catalogue: Catalogue
    types: Mapping[str, Column]
    coverage: Sequence[Row]
    platforms: Collection[str]

    def reasons(self, row: Mapping[str, object], grain: str) -> dict[str, Text]:
        """Return by column why it is null in a row of `portrait` (grain person) or `brand_relation` (brand)."""
        found = {
            measure.column(window): self._of_measure(measure, window, grain)
            for measure in self.catalogue.at(grain)
            for window in measure.windows
            if row.get(measure.column(window)) is None
        }
        for tag in self.catalogue.tags:
            if tag.grain == grain and row.get(tag.name) is None:
                found[tag.name] = self._of_tag(tag, row)
        return found

    def _of_measure(self, measure: Measure, window: int | None, grain: str) -> Text:
        event = measure.part.event
        platforms = covers_by_feed(self.coverage).get(event.feed, {})
        if not platforms:
            return Text(
                f"The feed {event.feed} never came, so nothing can be said.",
                f"从未收到数据源 {event.feed}，无从得知。",
            )
        if "everybody" not in platforms.values() and not set(platforms) & set(self.platforms):
            names = sorted(platforms)
            return Text(
                f"The feed {event.feed} tells of the accounts of {', '.join(names)} only, and no such account is known to"
                " be theirs.",
                f"数据源 {event.feed} 只涵盖{'、'.join(names)}的账号，而此人在其上没有已知账号。",
            )
        if is_unknown(measure, window, unknown_by_feed(self.coverage), grain):
            return Text(
                f"No source of {event.feed} gives what it reads.",
                f"数据源 {event.feed} 未提供其所读取的内容。",
            )
        title = event.title
        if measure.part.way == "ordered":
            return Text(
                f"Too few events of the kind “{title.en}” to say.", f"“{title.zh}”类事件太少，无法得出。"
            )
        kind = f"“{title.en}”{' that counts' if measure.part.where else ''}"
        counts = "可计入的"
        if measure.is_by_topic(grain):
            kind, counts = f"{kind} of a topic that people are told by", "可计入且话题可用于标签的"
        if window is None:
            return Text(
                f"No event of the kind {kind} is known of them.", f"没有已知的{counts}“{title.zh}”类事件。"
            )
        return Text(
            f"No event of the kind {kind} in these {window} days.",
            f"近{window}天没有{counts}“{title.zh}”类事件。",
        )

    def _of_tag(self, tag: Tag, row: Mapping[str, object]) -> Text:
        lacking = sorted(name for name in tag.reads & self.types.keys() if row.get(name) is None)
        named = [self.types[name].title for name in lacking]
        because = Text("", "")
        if lacking:
            because = Text(
                f" Unknown of what it reads: {', '.join(t.en for t in named)}.",
                f"其所读取的内容中未知的有：{'、'.join(t.zh for t in named)}。",
            )
        if tag.modelled:
            card = CARDS[tag.model]
            return Text(
                f"The model “{card.name}” says nothing here: {tag.means.en}.{because.en}",
                f"模型“{card.name}”在此不作判断：{tag.means.zh}。{because.zh}",
            )
        if tag.rank:
            return Text(
                f"They are not among those who are ranked.{because.en}", f"此人不在排名范围之内。{because.zh}"
            )
        if tag.ladder:
            return Text(f"No stage's condition holds.{because.en}", f"不满足任何阶段的条件。{because.zh}")
        if lacking:
            return Text(f"Its rule can't be settled.{because.en}", f"规则无从判断。{because.zh}")
        return Text("Its rule says nothing for these values.", "规则对这些取值不作判断。")
