"""The charts of a night as plain Plotly figures, one per language; the page draws them.

They are dictionaries, not `plotly.graph_objects`: a night need not import two thousand classes for four
charts (the tests let Plotly check every one). One idiom throughout: ● tonight, ○ before.
"""

from __future__ import annotations

import html
from math import log10
from typing import TYPE_CHECKING, Any

from huaxiang.pages.words import OUTCOMES, count, share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from huaxiang.contracts.model import Text

Figure = dict[str, Any]

INK, SOFT, LINE = "#26241f", "#77736a", "#e6e2d9"
ACCENT, PALE, ALARM = "#2f5d7c", "#9db4c2", "#b3402e"
FEW = 6
"""An axis up to so many is counted one by one; beyond it Plotly's own steps are whole."""
COLOURS = {
    "loaded": (ACCENT, "circle"),
    "duplicates": ("#8d97a0", "circle"),
    "superseded": ("#b48a3c", "diamond"),
    "deleted": ("#6d5a86", "square"),
    "quarantined": (ALARM, "x"),
    "filtered": ("#6f9a83", "triangle-up"),
}
FONT = (
    "Inter, 'Helvetica Neue', Arial, 'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', "
    "'Microsoft YaHei', sans-serif"
)


def both(draw: Callable[[Callable[[Text], str]], Figure]) -> dict[str, Figure]:
    """Draw a figure once per language; `draw` gets the function that picks the words, made harmless."""
    return {
        "en": draw(lambda text: html.escape(text.en)),
        "zh": draw(lambda text: html.escape(text.zh)),
    }


def outcomes(feeds: Sequence[Mapping[str, Any]], axis: Text) -> dict[str, Figure] | None:
    """Return rows by outcome per feed as dots on a logarithmic scale; None when nothing came.

    Dots, because feeds differ by six powers of ten and the few refused rows matter as much as the many
    loaded: in stacked bars neither small feeds nor small outcomes can be seen. Zero has no dot.
    """
    came = [feed for feed in feeds if feed["rows_in"]]
    if not came:
        return None

    def draw(say: Callable[[Text], str]) -> Figure:
        traces = []
        for outcome, (colour, symbol) in COLOURS.items():
            dots = [(feed[outcome], say(feed["title"])) for feed in came if feed[outcome]]
            if dots:
                traces.append(
                    _dots(
                        [value for value, _ in dots],
                        [name for _, name in dots],
                        name=say(OUTCOMES[outcome]),
                        marker={"color": colour, "symbol": symbol, "size": 9},
                        hover=[f"{count(v)} · {share(v, f['rows_in'])}" for f in came if (v := f[outcome])],
                    )
                )
        figure = _figure(traces, [say(feed["title"]) for feed in came], say(axis))
        most = max(feed[outcome] for feed in came for outcome in COLOURS)
        figure["layout"]["xaxis"] |= {"type": "log", "dtick": 1, "range": [-0.1, max(log10(most), 1) + 0.1]}
        return figure

    return both(draw)


def reasons(rows: Sequence[Mapping[str, Any]], axis: Text) -> dict[str, Figure] | None:
    """Return quarantined rows by feed and reason as bars, the most first; None when nothing was refused."""
    if not rows:
        return None

    def draw(say: Callable[[Text], str]) -> Figure:
        names = [f"{html.escape(row['reason'])}<br><span>{say(row['title'])}</span>" for row in rows]
        values = [row["rows"] for row in rows]
        figure = _figure([_bars(values, names, ALARM)], names, say(axis), row_height=40)
        figure["layout"]["xaxis"] |= _from_nought(values)
        return figure

    return both(draw)


def sizes(rows: Sequence[Mapping[str, Any]], words: tuple[Text, Text, Text]) -> dict[str, Figure] | None:
    """Return each group's people tonight as a bar and yesterday's as a ring; `words`: axis, now, before."""
    if not rows:
        return None
    axis, now, before = words

    def draw(say: Callable[[Text], str]) -> Figure:
        names = [say(row["title"]) for row in rows]
        bars = _bars([row["people"] for row in rows], names, PALE) | {"name": say(now), "showlegend": True}
        known = [(row["yesterday"], say(row["title"])) for row in rows if row["yesterday"] is not None]
        rings = _dots(
            [value for value, _ in known],
            [name for _, name in known],
            name=say(before),
            marker={"color": INK, "symbol": "circle-open", "size": 10, "line": {"width": 1.6}},
            hover=[count(value) for value, _ in known],
        )
        figure = _figure([bars, rings] if known else [bars], names, say(axis))
        figure["layout"]["xaxis"] |= _from_nought([*bars["x"], *rings["x"]])
        return figure

    return both(draw)


def shares(rows: Sequence[Mapping[str, Any]], words: tuple[Text, Text, Text]) -> dict[str, Figure] | None:
    """Return each group's share with its interval as a dot and a line, and the month before as a ring.

    `words`: axis, now, before. None without rows.
    """
    if not rows:
        return None
    axis, now, before = words

    def draw(say: Callable[[Text], str]) -> Figure:
        known = [row for row in rows if row["before"] is not None]
        dots = _dots(
            [row["share"] for row in rows],
            [say(row["title"]) for row in rows],
            name=say(now),
            marker={"color": ACCENT, "symbol": "circle", "size": 9},
            hover=[
                f"{share(row['part'], row['whole'])} · {count(row['part'])} / {count(row['whole'])}"
                for row in rows
            ],
        )
        dots["error_x"] = {
            "type": "data",
            "symmetric": False,
            "array": [row["high"] - row["share"] if row["high"] is not None else 0 for row in rows],
            "arrayminus": [row["share"] - row["low"] if row["low"] is not None else 0 for row in rows],
            "color": ACCENT,
            "thickness": 1.2,
            "width": 3,
        }
        rings = _dots(
            [row["before"] for row in known],
            [say(row["title"]) for row in known],
            name=say(before),
            marker={"color": SOFT, "symbol": "circle-open", "size": 10, "line": {"width": 1.6}},
            hover=[f"{100 * row['before']:.3g} %" for row in known],
        )
        figure = _figure([rings, dots] if known else [dots], [say(row["title"]) for row in rows], say(axis))
        figure["layout"]["xaxis"] |= {"rangemode": "tozero", "tickformat": ".0%"}
        return figure

    return both(draw)


def refused_share(
    rows: Sequence[Mapping[str, Any]], words: tuple[Text, Text, Text]
) -> dict[str, Figure] | None:
    """Return per feed the share of rows quarantined tonight and its median before; axis, now, before."""
    if not rows:
        return None
    axis, now, before = words

    def draw(say: Callable[[Text], str]) -> Figure:
        names = [say(row["title"]) for row in rows]
        earlier = [row for row in rows if row["usual"] is not None]
        traces = [
            _dots(
                [row["usual"] for row in earlier],
                [say(row["title"]) for row in earlier],
                name=say(before),
                marker={"color": SOFT, "symbol": "circle-open", "size": 10, "line": {"width": 1.6}},
                hover=[f"{100 * row['usual']:.3g} %" for row in earlier],
            ),
            _dots(
                [row["share"] for row in rows],
                names,
                name=say(now),
                marker={"color": ALARM, "symbol": "circle", "size": 8},
                hover=[f"{100 * row['share']:.3g} % · n = {count(row['rows_in'])}" for row in rows],
            ),
        ]
        figure = _figure(traces if earlier else traces[1:], names, say(axis))
        figure["layout"]["xaxis"] |= {"tickformat": ".2~%", "rangemode": "tozero"}
        return figure

    return both(draw)


def _from_nought(counts: Sequence[int]) -> Figure:
    """Return how an axis of counts runs: from nought, and never in halves of one."""
    return {"rangemode": "tozero"} | ({"dtick": 1} if max(counts) < FEW else {})


def _dots(x: list[Any], y: list[str], *, name: str, marker: Figure, hover: list[str]) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": x,
        "y": y,
        "name": name,
        "marker": marker,
        "text": hover,
        "hovertemplate": f"%{{y}}<br>{name} %{{text}}<extra></extra>",
        "cliponaxis": False,
    }


def _bars(x: list[Any], y: list[str], colour: str) -> Figure:
    return {
        "type": "bar",
        "orientation": "h",
        "x": x,
        "y": y,
        "width": 0.5,
        "marker": {"color": colour},
        "text": [count(value) for value in x],
        "textposition": "none",
        "hovertemplate": "%{y}<br>%{text}<extra></extra>",
        "showlegend": False,
    }


def _figure(traces: list[Figure], names: list[str], axis: str, row_height: int = 24) -> Figure:
    """Return the common quiet frame: one line per name, first on top, no boxes, no drag, no zoom."""
    named = len(traces) > 1
    layout: Figure = {
        "height": 84 + row_height * len(names) + (34 if named else 0),
        "margin": {"l": 8, "r": 20, "t": 40 if named else 8, "b": 8},
        "font": {"family": FONT, "size": 12.5, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": named,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "bottom",
            "itemclick": False,
        },
        "hoverlabel": {"bgcolor": "#fff", "bordercolor": LINE, "font": {"family": FONT, "color": INK}},
        "dragmode": False,
        "xaxis": {
            "title": {"text": axis, "font": {"size": 12, "color": SOFT}, "standoff": 10},
            "gridcolor": LINE,
            "zeroline": False,
            "fixedrange": True,
            "automargin": True,
            "tickformat": ",~r",
            "tickfont": {"color": SOFT},
        },
        "yaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": names[::-1],
            "range": [-0.6, len(names) - 0.4],
            "gridcolor": LINE,
            "fixedrange": True,
            "automargin": True,
            "ticklabelstandoff": 8,
        },
        "separators": ".\u202f",
    }
    return {"data": traces, "layout": layout}
