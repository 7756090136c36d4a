"""The names that segments may use, and the words that only they have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from huaxiang.expressions import SCALARS, Function, NameInfo, Param

if TYPE_CHECKING:
    from collections.abc import Mapping

    from huaxiang.contracts.model import Column

PERSON = "portrait."

_NAME = Param(("text",), constant=True)
_SHARE = Param(("number",), constant=True, low=0, high=1)

WORDS: Mapping[str, Function] = {
    **SCALARS,
    "is_member": Function("is_member('segment')", (_NAME,), "boolean"),
    "top_share": Function("top_share(0.10, number)", (_SHARE, Param(("number",))), "boolean"),
}
"""The functions of the language, and two that need more than one row: another segment, and a rank."""


@dataclass(frozen=True)
class Vocabulary:
    """The columns of `portrait` and `brand_relation`, keys left out: name, type and title of each."""

    portrait: Mapping[str, NameInfo]
    brand_relation: Mapping[str, NameInfo]

    def names(self, *, per_brand: bool) -> dict[str, NameInfo]:
        """Return what a rule may name; per brand, bare names are the brand's, `portrait.x` the person's."""
        if not per_brand:
            return dict(self.portrait)
        own = {n: _titled(i, "brand_relation") for n, i in self.brand_relation.items()}
        return own | {PERSON + n: _titled(i, "portrait") for n, i in self.portrait.items()}


def _titled(info: NameInfo, table: str) -> NameInfo:
    return replace(info, title=f"{info.title}; {table}" if info.title else table)


def vocabulary(person: Mapping[str, Column], brand: Mapping[str, Column]) -> Vocabulary:
    """Return the names of two tables' columns."""
    return Vocabulary({n: c.name_info for n, c in person.items()}, {n: c.name_info for n, c in brand.items()})
