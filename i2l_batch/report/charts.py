"""Charts as SVG that stands in a page.

In: numbers and the words around them. Out: an `svg` element with a title, a description and axes
with labels; its colours are the page's. Knows nothing of what the numbers mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from i2l_batch.report.text import html

WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 628, 12, 200
_LABELS = 12
"""Most labels under the bars of a chart; of more, each second, third ... is written."""
_LETTER = 6.5
"""Width of a letter. Labels too wide for their bars stand in two rows."""


def bar_chart(
    name: str,
    title: str,
    axes: tuple[str, str],
    labels: Sequence[str],
    values: Sequence[int],
    *,
    between: bool = False,
) -> str:
    """A bar for each value.

    name: an identifier no other chart of the page has. axes: what the labels are, and the values.
    between: the labels are the limits of the bars, one more than there are bars.
    """
    top, ticks = _scale(max(values, default=0))
    step = (_RIGHT - _LEFT) / max(len(values), 1)
    bars = [
        f'<rect class="bar" x="{_LEFT + step * i + 1:.1f}" y="{_y(value / top):.1f}"'
        f' width="{step - 2:.1f}" height="{_BOTTOM - _y(value / top):.1f}"/>'
        for i, value in enumerate(values)
    ]
    every = -(-len(labels) // _LABELS)
    shift = 0 if between else step / 2
    long = max(map(len, labels), default=0) * _LETTER > step * every
    marks = [
        _text("middle", _LEFT + step * i + shift, _BOTTOM + (32 if long and i % 2 else 18), label)
        for i, label in enumerate(labels)
        if i % every == 0
    ]
    about = f"{len(values)} bars; the highest is {max(values, default=0):,}."
    return _chart(name, title, about, axes, ticks, top, [*bars, *marks])


def step_chart(
    name: str,
    title: str,
    axes: tuple[str, str],
    steps: Sequence[tuple[float, float, float]],
) -> str:
    """A level from each x to the next, and the ground filled. steps: from, to, level."""
    top, ticks = _scale(max((level for _, _, level in steps), default=0))
    right = max((end for _, end, _ in steps), default=0) or 1
    last, marks = _scale(right)

    def x(value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * value / last

    path = f"M{_LEFT} {_BOTTOM}"
    for start, end, level in steps:
        path += f"L{x(start):.1f} {_y(level / top):.1f}H{x(end):.1f}"
    path += f"V{_BOTTOM}Z"
    body = [f'<path class="bar" d="{path}"/>']
    body += [_text("middle", x(mark), _BOTTOM + 18, f"{mark:,g}") for mark in marks]
    about = f"Up to {max((level for _, _, level in steps), default=0):,.4g}."
    return _chart(name, title, about, axes, ticks, top, body)


def _chart(
    name: str,
    title: str,
    about: str,
    axes: tuple[str, str],
    ticks: Sequence[float],
    top: float,
    body: Sequence[str],
) -> str:
    lines = []
    for tick in ticks:
        y = _y(tick / top)
        lines.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_RIGHT}"/>')
        lines.append(_text("end", _LEFT - 8, y + 4, f"{tick:,g}"))
    middle = (_TOP + _BOTTOM) / 2
    return "\n".join(
        [
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            f' aria-labelledby="{name}-title {name}-about">',
            f'<title id="{name}-title">{html(title)}</title>',
            f'<desc id="{name}-about">{html(f"{axes[1]} by {axes[0]}. {about}")}</desc>',
            *lines,
            *body,
            f'<path class="axis" d="M{_LEFT} {_BOTTOM}H{_RIGHT}"/>',
            _text("middle", (_LEFT + _RIGHT) / 2, HEIGHT - 8, axes[0]),
            f'<text text-anchor="middle" transform="translate(14 {middle:.0f}) rotate(-90)">'
            f"{html(axes[1])}</text>",
            "</svg>",
        ]
    )


def _text(anchor: str, x: float, y: float, text: str) -> str:
    return f'<text text-anchor="{anchor}" x="{x:.1f}" y="{y:.1f}">{html(text)}</text>'


def _y(share: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * share


def _scale(most: float) -> tuple[float, list[float]]:
    """The end of an axis and its ticks: from 0 in steps of 1, 2 or 5 times a power of ten."""
    rough = max(most, 1e-9) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    if float(most).is_integer() and most >= 1:  # no ticks between whole numbers
        step = max(step, 1.0)
    count = max(1, math.ceil(most / step - 1e-9))
    return step * count, [round(step * i, 10) for i in range(count + 1)]
