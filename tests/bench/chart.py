"""Draw ratios as a bar chart in SVG, on a logarithmic scale, with nothing but text: it is read in a browser and in a diff."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_FONT = 'font-family="sans-serif" font-size="12"'
_ROW, _LEFT, _WIDTH, _TOP = 22, 330, 430, 46


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what is compared, how many times as fast, and the goal where there is one."""

    label: str
    ratio: float
    goal: float | None = None


def chart(title: str, bars: Sequence[Bar]) -> str:
    """Return the chart; a thin line on a bar marks its goal."""
    most = max(max(bar.ratio, bar.goal or 0) for bar in bars)
    decades = max(1, math.ceil(math.log10(most)))

    def x(ratio: float) -> float:
        return _LEFT + _WIDTH * max(0.0, math.log10(max(ratio, 0.1)) + 1) / (decades + 1)

    height = _TOP + _ROW * len(bars) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + 90} {height}" role="img" {_FONT}>',
        f"<title>{escape(title)}</title>",
        "<style>text{fill:#222}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>",
        f'<text x="8" y="20" font-size="15">{escape(title)}</text>',
    ]
    for power in range(-1, decades + 1):
        at = x(10.0**power)
        parts.append(f'<line x1="{at:.0f}" x2="{at:.0f}" y1="{_TOP - 8}" y2="{height - 24}" stroke="#999" stroke-width="0.5"/>')
        parts.append(f'<text x="{at:.0f}" y="{height - 8}" text-anchor="middle">{10.0**power:g}x</text>')
    for number, bar in enumerate(bars):
        y = _TOP + _ROW * number
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(bar.label)}</text>')
        parts.append(f'<rect x="{_LEFT}" y="{y}" width="{max(1, x(bar.ratio) - _LEFT):.0f}" height="15" fill="#3b7dd8"/>')
        parts.append(f'<text x="{max(x(bar.ratio), _LEFT) + 5:.0f}" y="{y + 12}">{bar.ratio:.3g}x</text>')
        if bar.goal is not None:
            parts.append(
                f'<line x1="{x(bar.goal):.0f}" x2="{x(bar.goal):.0f}" y1="{y - 2}" y2="{y + 17}" stroke="#d33" stroke-width="2"/>'
            )
    return "\n".join([*parts, "</svg>", ""])
