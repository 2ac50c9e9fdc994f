"""Line charts as an SVG document, one panel under another, over the days of a soak."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _PANEL, _GAP = 860, 130, 52
_LEFT, _RIGHT, _TOP = 64, 150, 40
_COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a", "#bf3989")
_STYLE = "text{font:12px sans-serif;fill:#57606a}.title{font-weight:bold;fill:#24292f}"


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart: its title with the unit, and values by the name of their line."""

    title: str
    lines: Mapping[str, Sequence[float]]


def svg(panels: Sequence[Panel], first: int = 1) -> str:
    """The panels under each other, over steps that are counted from `first`."""
    height = _TOP + len(panels) * (_PANEL + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for place, panel in enumerate(panels):
        parts += _panel(panel, _TOP + place * (_PANEL + _GAP), first)
    return "\n".join((*parts, "</svg>", ""))


def _panel(panel: Panel, top: int, first: int) -> Iterable[str]:
    steps = max(len(values) for values in panel.lines.values())
    most = _round_up(max(max(values) for values in panel.lines.values()))
    bottom, right = top + _PANEL, _WIDTH - _RIGHT
    yield _text(_LEFT, top - 12, panel.title, "start", "title")
    for part in range(3):
        y = bottom - _PANEL * part // 2
        yield f'<path d="M{_LEFT} {y}H{right}" stroke="#d8dee4"/>'
        yield _text(_LEFT - 8, y + 4, f"{most * part / 2:,g}", "end")
    for step in sorted({0, steps // 2, steps - 1}):
        yield _text(_x(step, steps), bottom + 16, f"day {first + step}", "middle")
    for place, (name, values) in enumerate(panel.lines.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        points = " ".join(
            f"{_x(step, steps)},{bottom - _PANEL * value / most:.1f}"
            for step, value in enumerate(values)
        )
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        y = top + 4 + 17 * place
        yield f'<path d="M{right + 12} {y}h14" stroke="{colour}" stroke-width="3"/>'
        yield _text(right + 32, y + 4, name, "start")


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{kind}>{escape(text)}</text>'


def _x(step: int, steps: int) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * step / max(1, steps - 1), 1)


def _round_up(most: float) -> float:
    """The next number at or above that reads well as the top of an axis."""
    size = 1.0
    while size * 10 < most:
        size *= 10
    return next(size * part for part in (1, 2, 4, 5, 6, 8, 10) if size * part >= most)
