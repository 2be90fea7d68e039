"""Where the columns of a chart stand: the templates draw them as SVG, without script and without inline style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# The field of a chart in its own units; the page stretches it to the place that there is.
HEIGHT = 100
_SLOT = 10
_COLUMN = 8
# A count of one among thousands must still be seen.
_LEAST = 1.5


@dataclass(frozen=True, slots=True)
class Series:
    """Counts by month, with a name for people and the tone of their columns."""

    name: str
    tone: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a column: what it counts, and where it is."""

    series: Series
    count: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One month: its blocks stand on each other."""

    month: str
    x: float
    width: float
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns side by side in a field of `width` by HEIGHT; `highest`: what the highest one counts."""

    series: tuple[Series, ...]
    columns: tuple[Column, ...]
    width: int
    highest: int

    @property
    def months(self) -> list[str]:
        """The months from left to right."""
        return [column.month for column in self.columns]


def chart(series: Sequence[Series]) -> Chart:
    """Stack series over the same months."""
    months = list(series[0].counts)
    highest = max((sum(one.counts[month] for one in series) for month in months), default=0)
    columns = tuple(
        Column(month, place * _SLOT + (_SLOT - _COLUMN) / 2, _COLUMN, _stacked(series, month, highest))
        for place, month in enumerate(months)
    )
    return Chart(tuple(series), columns, len(months) * _SLOT, highest)


def shares(counts: Mapping[str, int]) -> list[tuple[str, int, float]]:
    """Key, count, and the length of its bar in percent of the longest; without those that count nothing."""
    longest = max(counts.values(), default=0)
    return [(key, count, round(max(100 * count / longest, _LEAST), 2)) for key, count in counts.items() if count]


def _stacked(series: Sequence[Series], month: str, highest: int) -> tuple[Block, ...]:
    blocks = []
    top = float(HEIGHT)
    for one in series:
        count = one.counts[month]
        if count:
            height = max(HEIGHT * count / highest, _LEAST)
            top = max(top - height, 0.0)
            blocks.append(Block(one, count, round(top, 2), round(height, 2)))
    return tuple(blocks)
