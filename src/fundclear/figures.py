"""What pictures are made of: colours, axes with units, names beside bars, and the rows that they have room for."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed

try:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure
    from matplotlib.ticker import Formatter, MaxNLocator
except ImportError as missing:
    raise refuse("extra", argument="fundclear.plot", value="matplotlib", extra="plot") from missing

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "GREY",
    "LINES",
    "ORANGE",
    "PALE",
    "PURPLE",
    "SKY",
    "VERMILION",
    "WIDTH",
    "Picture",
    "add_legend",
    "add_note",
    "add_title",
    "date_axis",
    "figure_of",
    "largest",
    "named_ticks",
    "new_axes",
    "number_axis",
    "only_where",
    "scaled_axis",
    "signed",
    "total",
    "totals",
    "write_beside",
]

# The colours of Okabe and Ito, which people with any colour vision can tell apart.
BLUE, ORANGE, VERMILION, GREEN, SKY, PURPLE = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#56B4E9", "#CC79A7"
BLACK, GREY, PALE = "#222222", "#8C8C8C", "#DDDDDD"
LINES: Final = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK, GREY)

WIDTH: Final = 8.0
_DPI: Final = 110

#: The size of what is not a title or the name of an axis, in points.
_SMALL: Final = 9

#: From how much on an axis counts in millions or more: that amount, what its ticks are divided by, and the word.
_SCALES: Final = ((1e13, 1e12, "trillion "), (1e10, 1e9, "billion "), (1e7, 1e6, "million "))


class Picture(Figure):
    """A figure that notebooks show by itself, whether pyplot was imported or not."""

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        self.savefig(file, format="png", dpi=_DPI)
        return file.getvalue()


# ---- exact sums ----


def total(column: Fixed) -> Fixed:
    """The sum, as a column of one row."""
    return Fixed.parse([column.sum()], column.scale)


def only_where(rows: npt.NDArray[np.bool_], column: Fixed) -> Fixed:
    """The column with zeros in all other rows."""
    return Fixed.from_minor(np.where(rows, column.minor, 0), column.scale)


def totals(keys: Any, columns: Sequence[Fixed]) -> tuple[list[str], list[Fixed]]:
    """The distinct keys as texts, and for each of them the sum of each column."""
    codes = keys.codes if isinstance(keys, Labels) else keys
    distinct, numbers = np.unique(codes, return_inverse=True)
    order = np.argsort(numbers, kind="stable")
    bounds = [*np.searchsorted(numbers[order], np.arange(len(distinct))).tolist(), len(order)]
    names = [keys.dictionary[code] if isinstance(keys, Labels) else str(code) for code in distinct.tolist()]
    sums = []
    for column in columns:
        sorted_column = column[order]
        parts = [sorted_column[start:stop].sum() for start, stop in pairwise(bounds)]
        sums.append(Fixed.parse(parts, column.scale))
    return names, sums


def largest(names: list[str], columns: Sequence[Fixed], top: int, what: str) -> tuple[list[str], tuple[Fixed, Fixed]]:
    """The rows in which the most moved, largest first, and then what the others come to together."""
    first, second = columns
    moved = (first + second).minor.tolist()
    order = sorted(range(len(names)), key=moved.__getitem__, reverse=True)
    shown, others = order[:top], order[top:]
    labels = [names[row] or "(none)" for row in shown]
    if not others:
        return labels, (first[shown], second[shown])
    labels.append(f"{len(others):,} other {what}")
    scale = first.scale
    with_others = [
        Fixed.parse([*column[shown].to_decimals(), column[others].sum()], scale) for column in (first, second)
    ]
    return labels, (with_others[0], with_others[1])


# ---- axes ----


def new_axes(ax: Axes | None, height: float) -> Axes:
    """The axes that are given, or those of a new figure, with nothing on them that says nothing."""
    axes = ax if ax is not None else Picture(figsize=(WIDTH, height), layout="constrained").subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=_SMALL)
    return axes


def figure_of(axes: Axes) -> Figure:
    """The whole figure that axes stand in."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def add_title(axes: Axes, title: str, about: str) -> None:
    """A title, with room for the legend below it, if the axes have one."""
    pad = 10 if axes.get_legend() is None else 26
    axes.set_title(f"{title}, {about}" if about else title, loc="left", fontsize=11, pad=pad, parse_math=False)


def add_legend(axes: Axes, handles: Sequence[Any] | None = None) -> None:
    """A legend in lines of four between the title and the picture."""
    legend = axes.legend(
        handles=handles if handles is not None else axes.get_legend_handles_labels()[0],
        frameon=False, fontsize=_SMALL, ncols=4, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2,
        borderpad=0,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)


def add_note(axes: Axes, text: str) -> None:
    """What a figure says that has nothing to show."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY, fontsize=11)
    axes.grid(visible=False)
    axes.tick_params(left=False, labelleft=False, bottom=False, labelbottom=False)


def named_ticks(axes: Axes, names: list[str]) -> None:
    """Names along the vertical axis, the first on top."""
    labels = [name if len(name) <= 36 else f"{name[:35]}…" for name in names]
    axes.set_yticks(range(len(names)), labels, parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)


def write_beside(axes: Axes, head: str, texts: Sequence[str]) -> None:
    """A column of numbers to the right of horizontal bars, of equal decimals and flush on the right."""
    across = max(map(_points, (head, *texts))) + 6
    for place, text in enumerate(texts):
        axes.annotate(
            text, (1, place), (across, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points", ha="right",
            va="center", fontsize=_SMALL, annotation_clip=False,
        )  # fmt: skip
    axes.annotate(
        head, (1, 1), (across, 4), xycoords="axes fraction", textcoords="offset points", ha="right", fontsize=_SMALL,
        color=GREY,
    )  # fmt: skip


def _points(text: str) -> float:
    """About how wide a small text is: figures are 0.64 of its height, commas and points half of that, signs wider."""
    return sum(_SMALL * (0.32 if letter in ",. " else 0.84 if letter in "+−" else 0.64) for letter in text)


def date_axis(axes: Axes, first: np.datetime64, last: np.datetime64) -> None:
    """Dates along the horizontal axis, from the first to the last."""
    if first == last:
        axes.set_xlim(first - np.timedelta64(1, "D"), last + np.timedelta64(1, "D"))  # type: ignore[arg-type]
    locator = AutoDateLocator(maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


class _Numbers(Formatter):
    """Ticks with thousands separators and as many decimals as the one that needs most of them."""

    def __init__(self, divisor: float) -> None:
        self._divisor = divisor

    def __call__(self, value: float, _: int | None = None) -> str:
        return self.format_ticks([value])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        shown = [value / self._divisor for value in values]
        decimals = max((len(f"{value:.10g}".partition(".")[2]) for value in shown), default=0)
        return [signed(f"{value:,.{decimals}f}") for value in shown]


def number_axis(axis: Axis, *, whole: bool = False, divisor: float = 1.0) -> None:
    """Ticks with thousands separators; whole numbers only, or what a number divided by something comes to."""
    axis.set_major_formatter(_Numbers(divisor))
    axis.set_major_locator(MaxNLocator(nbins=6, integer=whole))


def scaled_axis(axis: Axis, columns: Sequence[Fixed]) -> str:
    """Gives large amounts ticks in millions or more, and says the word for them."""
    extent = max((abs(value) for column in columns for value in column.to_float().tolist()), default=0.0)
    _, divisor, word = next((scale for scale in _SCALES if extent >= scale[0]), (0, 1.0, ""))
    number_axis(axis, divisor=divisor)
    return word


def signed(text: str) -> str:
    """The text with a true minus; a zero has no sign."""
    return text.replace("-", "−") if text.strip("+-0.,") else text.lstrip("+-")
