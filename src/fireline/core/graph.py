"""Graph: a measured line as SVG, drawn here, so that a page needs no script and a printed review shows it.

Colours are classes of the style sheet, and both themes have them; the picture names itself for those who hear it.
A gap in the data is a gap in the line: what was not measured is not drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from html import escape

from fireline.core.series import Point, Series, in_words, number

WIDTH, HEIGHT = 320, 120  # units of the view box, about the pixels of a card on a phone
LEFT, RIGHT, TOP, BOTTOM = 38, 6, 8, 18  # room for the numbers
GAP = 2.5  # steps without a point: the line is broken there
TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)  # minutes between the times below
MOST_TICKS = 5


def draw(series: Series, *, since: datetime, until: datetime, began: datetime, over: datetime | None = None) -> str:
    """The SVG element. `began` and `over` are drawn as lines; the limit, too, where it lies within the picture."""
    until = max(until, since + timedelta(minutes=1))
    limit = series.limit if _shown(series) else None
    top = _round_up(max([value for _, value in series.points] + ([] if limit is None else [limit]), default=1.0))
    label = escape(series.name)
    name = f"graph-{''.join(c if c.isalnum() else '-' for c in series.name.lower())}"

    def x(at: datetime) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * ((at - since) / (until - since)), 1)

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(max(value / top, 0.0), 1.0)), 1)

    base = HEIGHT - BOTTOM
    parts = [
        f'<svg class="graph" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}-t {name}-d">',
        f'<title id="{name}-t">{label}{f", {escape(series.unit)}" if series.unit else ""}</title>',
        f'<desc id="{name}-d">{escape(in_words(series, began))}</desc>',
        *(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v)}" y2="{y(v)}"/>'
            f'<text class="tick" x="{LEFT - 4}" y="{y(v) + 3}" text-anchor="end">{number(v)}</text>'
            for v in (0, top / 2, top)
        ),
        *(
            f'<text class="tick" x="{x(at)}" y="{HEIGHT - 5}" text-anchor="middle">{at:%H:%M}</text>'
            for at in times(since, until)
            if LEFT + 8 < x(at) < WIDTH - RIGHT - 12
        ),
    ]
    for stretch in stretches(series.points, series.step):
        line = " ".join(f"{'L' if n else 'M'}{x(at)} {y(value)}" for n, (at, value) in enumerate(stretch))
        first, last = x(stretch[0][0]), x(stretch[-1][0])
        parts.append(f'<path class="area" d="{line} L{last} {base} L{first} {base} Z"/><path class="line" d="{line}"/>')
    if limit is not None:
        at = y(limit)
        parts.append(f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>')
    for moment, kind in ((began, "began"), (over, "over")):
        if moment and since <= moment <= until:
            parts.append(f'<line class="{kind}" x1="{x(moment)}" x2="{x(moment)}" y1="{TOP}" y2="{base}"/>')
    return "".join([*parts, "</svg>"])


def stretches(points: Iterable[Point], step: float) -> Iterator[list[Point]]:
    """The points in stretches without a gap, oldest first."""
    stretch: list[Point] = []
    for at, value in points:
        if stretch and (at - stretch[-1][0]).total_seconds() > GAP * step:
            yield stretch
            stretch = []
        stretch.append((at, value))
    if stretch:
        yield stretch


def times(since: datetime, until: datetime) -> list[datetime]:
    """Round times within the window, as many as have room below the line."""
    minutes = (until - since) / timedelta(minutes=1)
    every = next((one for one in TICKS if minutes / one <= MOST_TICKS), TICKS[-1])
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
    first = math.ceil((since - midnight) / timedelta(minutes=every))
    found = []
    while (at := midnight + timedelta(minutes=every * first)) <= until:
        found.append(at)
        first += 1
    return found


def _shown(series: Series) -> bool:
    """The limit is drawn unless it would squash the line to nothing."""
    most = max((value for _, value in series.points), default=0.0)
    return series.limit is not None and (most <= 0 or series.limit <= 4 * most)


def _round_up(value: float) -> float:
    """The next 1, 2, 4, 6 or 8 with zeros behind it, so that the axis and its middle have round numbers."""
    if value <= 0 or not math.isfinite(value):
        return 1.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(step * size for step in (1, 2, 4, 6, 8, 10) if value <= step * size * (1 + 1e-9))
