"""Charts of ``rules doc``: the share of the funds against the size of the bill, drawn by Altair, written as SVG by vl-convert.

Every place in a chart is fixed in advance and none depends on the width of a text: the same rules give the same bytes on every
machine, whichever fonts it has. Words stand in Chinese and in English (or a sign), so that a chart can be read without Chinese fonts.
"""

from __future__ import annotations

import re
from typing import Any
from xml.sax.saxutils import escape

from settlement import codes
from settlement.author.curves import Curve, Picture
from settlement.errors import NotAvailable

WIDTH, HEIGHT, GAP, LEGEND = 300, 220, 46, 170
PADDING = {"left": 62, "top": 34, "right": 8, "bottom": 48}
DOTS_WIDTH, DOTS_ROW, NAMES = 460, 26, 130  # the chart of areas side by side: its plot, one area, and their names
FONT = "sans-serif"
# Colours that differ for colour-blind eyes, with a dash and a shape each, for print in black.
COLOURS = {
    "community": "#009e73",
    "1": "#0072b2",
    "2": "#e69f00",
    "3": "#d55e00",
    "provincial": "#cc79a7",
    "ungraded": "#555555",
}
DASHES = {"community": [1, 3], "1": [6, 2], "2": [2, 2], "3": [1, 0], "provincial": [8, 2, 2, 2], "ungraded": [4, 4]}
SHAPES = {
    "community": "cross",
    "1": "circle",
    "2": "square",
    "3": "diamond",
    "provincial": "triangle-up",
    "ungraded": "stroke",
}
SIGNS = {"community": "C", "1": "L1", "2": "L2", "3": "L3", "provincial": "L3+", "ungraded": "U"}
GROUP_EN = {"working": "working", "retired": "retired", "minor": "minors", "adult": "adults", "elderly": "elderly"}
SHARE, SHARES = "基金支付占比 paid by the funds", list(range(0, 10_001, 2_000))
PERCENT = "datum.value / 100 + '%'"


def level_names(levels: tuple[str, ...]) -> str:
    """Return hospital levels in Chinese with their signs, 一级 L1、二级 L2."""
    return "、".join(f"{codes.LEVEL_ZH[level]} {SIGNS[level]}" for level in levels)


def svg(picture: Picture, title: str, description: str) -> str:
    """Return a chart as SVG text with a title and a description. Raises NotAvailable F14 without the ``docs`` extra."""
    altair = _library()
    views = [_panel(altair, picture, groups, curves, at) for at, (groups, curves) in enumerate(picture.panels)]
    sets = dict.fromkeys(curve.levels for _, curves in picture.panels for curve in curves)
    names = {
        levels[0]: level_names(levels) for levels in sorted(sets, key=lambda levels: codes.LEVELS.index(levels[0]))
    }
    views.append(_legend(altair, names, HEIGHT, DASHES))
    return _drawn(altair, views, (len(picture.panels) * (WIDTH + GAP) + LEGEND, HEIGHT, PADDING), (title, description))


def dots(rows: list[tuple[str, str, int]], title: str, description: str) -> str:
    """Return the chart of areas side by side as SVG text: rows of (area, level, share in basis points). Raises NotAvailable F14."""
    altair = _library()
    names = list(dict.fromkeys(name for name, _, _ in rows))
    shown = [level for level in codes.LEVELS if any(row[1] == level for row in rows)]
    values = [{"name": name, "level": level, "share": share} for name, level, share in rows]
    height = DOTS_ROW * len(names)
    axis = altair.Axis(labelOverlap=False, labelBound=False, labelLimit=0, grid=True, ticks=False, domain=False)
    points = (
        altair.Chart(altair.Data(values=values))
        .mark_point(size=60, strokeWidth=2, opacity=1, aria=False)
        .encode(
            y=altair.Y("name:N", sort=names, title=None, axis=axis),
            x=altair.X("share:Q", title=SHARE, scale=_share_scale(altair), axis=_share_axis(altair)),
            color=altair.Color("level:N", legend=None, scale=_scale(altair, shown, COLOURS)),
            shape=altair.Shape("level:N", legend=None, scale=_scale(altair, shown, SHAPES)),
        )
        .properties(width=DOTS_WIDTH, height=height)
    )
    legend = _legend(altair, {level: level_names((level,)) for level in shown}, height, None)
    padding = {**PADDING, "left": NAMES, "top": 12}
    return _drawn(altair, [points, legend], (DOTS_WIDTH + GAP + LEGEND, height, padding), (title, description))


def _library() -> Any:
    try:
        import altair  # noqa: PLC0415
        import vl_convert  # noqa: F401, PLC0415
    except ModuleNotFoundError as error:
        raise NotAvailable(
            "F14_NO_CHARTS", f"{error.name} is not installed", "the charts of `rules doc` are drawn by it",
            "Run: python -m pip install 'settlement[docs]'", f"没有安装 {error.name}，不能画图，请安装 settlement[docs]",
        ) from None  # fmt: skip
    return altair


def _drawn(altair: Any, views: list[Any], size: tuple[int, int, dict[str, int]], said: tuple[str, str]) -> str:
    """Return views beside each other as SVG: the size is set, not found from what the texts take up."""
    import vl_convert  # noqa: PLC0415

    chart = altair.hconcat(*views, spacing=GAP, bounds="flush", background="white")
    chart = chart.configure(font=FONT).configure_view(stroke="#bbbbbb")
    chart = chart.configure_axis(labelColor="#333333", titleFontWeight="normal")
    vega: dict[str, Any] = vl_convert.vegalite_to_vega(chart.to_dict())
    width, height, padding = size
    vega |= {"autosize": "none", "width": width, "height": height, "padding": padding}
    return _named(vl_convert.vega_to_svg(vega), *said)


def _panel(altair: Any, picture: Picture, groups: tuple[str, ...], curves: tuple[Curve, ...], at: int) -> Any:
    rows = [
        {"bill": bill, "share": share, "level": curve.levels[0]}
        for curve in curves
        for bill, share in zip(picture.bills, curve.shares_bp, strict=True)
    ]
    decades = [10**power for power in range(1, 7) if picture.bills[0] <= 10**power <= picture.bills[-1]]
    shown = [curve.levels[0] for curve in curves]
    name = " / ".join(f"{codes.GROUP_ZH[group]} {GROUP_EN[group]}" for group in groups)
    bills = altair.Scale(type="log", domain=[picture.bills[0], picture.bills[-1]], nice=False)
    return (
        altair.Chart(
            altair.Data(values=rows),
            title=altair.TitleParams(name, anchor="start", frame="group", fontSize=12, offset=8),
        )
        .mark_line(strokeWidth=2, aria=False)
        .encode(
            x=altair.X(
                "bill:Q", title="医疗费 bill（元 yuan）", scale=bills,
                axis=altair.Axis(values=decades, format=",d", labelOverlap=False, labelFlush=False, labelBound=False),
            ),
            y=altair.Y("share:Q", title=None if at else SHARE, scale=_share_scale(altair), axis=_share_axis(altair, titleX=-46)),
            color=altair.Color("level:N", legend=None, scale=_scale(altair, shown, COLOURS)),
            strokeDash=altair.StrokeDash("level:N", legend=None, scale=_scale(altair, shown, DASHES)),
        )
        .properties(width=WIDTH, height=HEIGHT)
    )  # fmt: skip


def _share_scale(altair: Any) -> Any:
    return altair.Scale(domain=[SHARES[0], SHARES[-1]], nice=False)


def _share_axis(altair: Any, **more: Any) -> Any:
    return altair.Axis(values=SHARES, labelExpr=PERCENT, labelOverlap=False, labelFlush=False, labelBound=False, **more)


def _scale(altair: Any, shown: list[str], table: dict[str, Any]) -> Any:
    return altair.Scale(domain=shown, range=[table[level] for level in shown])


def _legend(altair: Any, names: dict[str, str], height: int, dashes: dict[str, list[int]] | None) -> Any:
    """Return the view that says which hospital levels a colour stands for, with its dash or (None) its shape."""
    rows = [
        {"y": 12 + 20 * at, "left": 0, "right": 28, "level": level, "name": names[level]}
        for at, level in enumerate(names)
    ]
    shown = list(names)
    plain = altair.Scale(domain=[0, LEGEND], range=[0, LEGEND], nice=False, zero=False)
    down = altair.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)
    base = altair.Chart(altair.Data(values=rows)).encode(y=altair.Y("y:Q", axis=None, scale=down))
    colour = altair.Color("level:N", legend=None, scale=_scale(altair, shown, COLOURS))
    if dashes is None:
        marks = base.mark_point(size=60, strokeWidth=2, opacity=1, aria=False, xOffset=14).encode(
            x=altair.X("left:Q", axis=None, scale=plain), color=colour,
            shape=altair.Shape("level:N", legend=None, scale=_scale(altair, shown, SHAPES)),
        )  # fmt: skip
    else:
        marks = base.mark_rule(strokeWidth=2, aria=False).encode(
            x=altair.X("left:Q", axis=None, scale=plain), x2="right:Q", color=colour,
            strokeDash=altair.StrokeDash("level:N", legend=None, scale=_scale(altair, shown, dashes)),
        )  # fmt: skip
    texts = base.mark_text(align="left", baseline="middle", dx=34, fontSize=11, color="#333333", aria=False).encode(
        x=altair.X("left:Q", axis=None, scale=plain), text="name:N"
    )
    return altair.layer(marks, texts, view=altair.ViewConfig(stroke=None)).properties(width=LEGEND, height=height)


def _named(text: str, title: str, description: str) -> str:
    """Return the SVG as one image with a name, its empty marks left out."""
    text = re.sub(r'<path class="background"[^>]*d="M0,0h0v0h0Z"[^>]*/>', "", text)
    text = re.sub(r'<path class="(?:foreground|background)"[^>]*display="none"[^>]*/>', "", text)
    head, _, body = text.partition(">")
    head = head.replace(' class="marks"', "")
    return f'{head} role="img"><title>{escape(title)}</title><desc>{escape(description)}</desc>{body}\n'
