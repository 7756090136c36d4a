"""A person's events by month as plain Plotly figures, one per language, and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from huaxiang.pages.charts import ACCENT, FONT, INK, LINE, PALE, SOFT, both
from huaxiang.pages.words import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from huaxiang.contracts.model import Text
    from huaxiang.pages.charts import Figure

COLOURS = (ACCENT, "#b48a3c", "#6f9a83", "#6d5a86", PALE, "#b3402e", "#8d97a0", SOFT, INK)


def months_between(first: date, last: date) -> list[date]:
    """Return the first days of the months from one to the other, both included."""
    found = [first.replace(day=1)]
    while found[-1] < last.replace(day=1):
        year, month = divmod(found[-1].year * 12 + found[-1].month, 12)
        found.append(found[-1].replace(year=year, month=month + 1))
    return found


def timeline(
    rows: Mapping[Text, Mapping[date, int]], months: Sequence[date], axis: Text
) -> dict[str, Figure] | None:
    """Return events per month as stacked bars, one colour per group; None when there are none."""
    if not rows or not months:
        return None

    def draw(say: Callable[[Text], str]) -> Figure:
        traces = [
            {
                "type": "bar",
                "name": say(title),
                "x": [f"{month:%Y-%m}" for month in months],
                "y": [by_month.get(month, 0) for month in months],
                "marker": {"color": COLOURS[place % len(COLOURS)]},
                "text": [count(by_month.get(month, 0)) for month in months],
                "textposition": "none",
                "hovertemplate": f"%{{x}}<br>{say(title)} %{{text}}<extra></extra>",
            }
            for place, (title, by_month) in enumerate(rows.items())
        ]
        return {"data": traces, "layout": _layout(say(axis), len(months))}

    return both(draw)


def _layout(axis: str, months: int) -> Figure:
    quiet: dict[str, Any] = {"fixedrange": True, "automargin": True, "tickfont": {"color": SOFT}}
    return {
        "height": 300,
        "barmode": "stack",
        "bargap": max(0.25, 0.8 - 0.06 * months),
        "margin": {"l": 8, "r": 8, "t": 56, "b": 8},
        "font": {"family": FONT, "size": 12.5, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "traceorder": "normal",
            "itemclick": False,
        },
        "hoverlabel": {"bgcolor": "#fff", "bordercolor": LINE, "font": {"family": FONT, "color": INK}},
        "dragmode": False,
        "xaxis": {"type": "category", **quiet},
        "yaxis": {
            "title": {"text": axis, "font": {"size": 12, "color": SOFT}},
            "gridcolor": LINE,
            "zeroline": False,
            "rangemode": "tozero",
            "tickformat": ",~r",
            **quiet,
        },
        "separators": ".\u202f",
    }
