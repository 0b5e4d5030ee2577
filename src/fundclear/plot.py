"""Figures of a cleared day, for people who look at it in a notebook.

Each function takes a :class:`~fundclear.Clearing`, or one of its tables, and returns a matplotlib ``Figure``, or draws
on the axes that it is given. The numbers that stand in a picture are sums that the kernel made; floats only place them.
It needs matplotlib: ``pip install "fundclear[plot]"``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from fundclear.amounts import show
from fundclear.clearing import Clearing
from fundclear.errors import refuse
from fundclear.figures import (
    BLACK,
    BLUE,
    GREY,
    LINES,
    ORANGE,
    PALE,
    VERMILION,
    WIDTH,
    Picture,
    add_legend,
    add_note,
    add_title,
    date_axis,
    figure_of,
    largest,
    named_ticks,
    new_axes,
    number_axis,
    only_where,
    scaled_axis,
    signed,
    total,
    totals,
    write_beside,
)
from fundclear.fixed import Fixed
from fundclear.income import seven_day_yield as yields_of
from fundclear.settlement import settle
from fundclear.table import Table
from fundclear.tables import Obligations, taken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["gate", "income", "income_per_10k", "net_flows", "netting", "order_sizes", "seven_day_yield"]

#: A cleared day, or the table of it that a figure is drawn from.
Source: TypeAlias = Clearing | Table

_INWARD: Final = ("subscription", "switch_in")
_OUTWARD: Final = ("redemption", "switch_out")
_CASH_KINDS: Final = ("subscribe", "periodic")
_UNIT_KINDS: Final = ("redeem", "switch")

#: A line needs so many days in a row for its first yield, and from so many points on it is drawn without marks.
_YIELD_DAYS: Final = 7
_MARKED_POINTS: Final = 40


# ---- income ----


def income(source: Source | Sequence[Clearing], *, fund: Any = None, compounding: bool = True) -> Figure:
    """The income per 10,000 units and, below it, the 7-day yield, over time.

    Args:
        source: a day, several days, the table ``income`` of one, or a :class:`~fundclear.tables.Table` with the columns
            ``date``, ``per_10k`` and, if there are several funds, ``fund``.
        fund: the only fund to draw; without it, at most eight are drawn.
        compounding: see :func:`fundclear.seven_day_yield`.

    Raises:
        InputError: what is given cannot be drawn (``plot``).
    """
    figure = Picture(figsize=(WIDTH, 6.0), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    income_per_10k(source, fund=fund, ax=above)
    seven_day_yield(source, fund=fund, compounding=compounding, ax=below)
    above.tick_params(labelbottom=False)
    above.set_xlabel("")
    if above.get_legend() is not None and below.get_legend() is not None:
        below.get_legend().remove()
    return figure


def income_per_10k(source: Source | Sequence[Clearing], *, fund: Any = None, ax: Axes | None = None) -> Figure:
    """The income per 10,000 units over time; see :func:`income`."""
    axes = new_axes(ax, 3.4)
    lines = _income_lines(source, fund)
    for line, colour in zip(lines, LINES, strict=False):
        _draw_line(axes, line.dates, line.values.to_float(), line.label, colour)
    _finish_lines(axes, "Income per 10,000 units", f"income per 10,000 units ({_currency_of(source, fund)})", lines)
    return figure_of(axes)


def seven_day_yield(
    source: Source | Sequence[Clearing], *, fund: Any = None, compounding: bool = True, ax: Axes | None = None
) -> Figure:
    """The annualised 7-day yield over time, where seven calendar dates in a row are there; see :func:`income`."""
    axes = new_axes(ax, 3.4)
    lines = _income_lines(source, fund)
    drawn = 0
    for line, colour in zip(lines, LINES, strict=False):
        label = line.label
        for run in _runs(line.dates):
            if len(line.dates[run]) >= _YIELD_DAYS:
                percent = yields_of(line.values[run], compounding=compounding)
                _draw_line(axes, line.dates[run][_YIELD_DAYS - 1 :], percent.to_float(), label, colour)
                label, drawn = "_nolegend_", drawn + 1
    _finish_lines(axes, "7-day yield, annualised", "7-day yield (% a year)", lines)
    if lines and not drawn:
        add_note(axes, "a 7-day yield needs seven dates in a row")
    return figure_of(axes)


class _Line(NamedTuple):
    label: str
    dates: npt.NDArray[np.datetime64]
    values: Fixed


def _income_lines(source: Source | Sequence[Clearing], fund: Any) -> list[_Line]:
    """What the tables hold of each fund, by date."""
    days: Sequence[Any] = source if isinstance(source, Sequence) else (source,)
    parts: dict[str, list[tuple[npt.NDArray[np.datetime64], Fixed]]] = {}
    for each in days:
        table = _of_fund(each, _table(each, "income", ("date", "per_10k")), fund)
        funds = np.asarray(table["fund"]) if "fund" in table else np.full(len(table), "")
        for name in dict.fromkeys(funds.tolist()):
            rows = np.flatnonzero(funds == name)
            parts.setdefault(str(name), []).append((table["date"][rows], table["per_10k"][rows]))
    if len(parts) > len(LINES):
        why = f"there are {len(parts):,} funds, and at most {len(LINES)} lines can be told apart; name one by fund="
        raise refuse("plot", argument="income", why=why)
    return [_joined(name, pieces) for name, pieces in sorted(parts.items())]


def _joined(label: str, pieces: list[tuple[npt.NDArray[np.datetime64], Fixed]]) -> _Line:
    dates = np.concatenate([dates for dates, _ in pieces])
    scale = max(values.scale for _, values in pieces)
    minor = np.concatenate([values.rescale(scale).minor for _, values in pieces])
    order = np.argsort(dates, kind="stable")
    dates = dates[order]
    twice = np.flatnonzero(dates[1:] == dates[:-1])
    if len(twice):
        raise refuse("plot", argument="income", why=f"fund {label or '?'} has two incomes of {dates[twice[0]]}")
    return _Line(label, dates, Fixed.from_minor(minor[order], scale))


def _runs(dates: npt.NDArray[np.datetime64]) -> list[slice]:
    """The parts without a gap."""
    starts = [0, *(np.flatnonzero(dates[1:] - dates[:-1] != np.timedelta64(1, "D")) + 1).tolist(), len(dates)]
    return [slice(start, stop) for start, stop in pairwise(starts)]


def _draw_line(axes: Axes, dates: npt.NDArray[Any], heights: npt.NDArray[Any], label: str, colour: str) -> None:
    mark = "o" if len(dates) < _MARKED_POINTS else ""
    axes.plot(dates, heights, color=colour, linewidth=1.8, marker=mark, markersize=4, label=label)


def _finish_lines(axes: Axes, title: str, unit: str, lines: list[_Line]) -> None:
    add_title(axes, title, lines[0].label if len(lines) == 1 else "")
    axes.set_ylabel(unit)
    axes.set_xlabel("date")
    number_axis(axes.yaxis)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    if not lines:
        add_note(axes, "no income was distributed")
        return
    date_axis(axes, min(line.dates[0] for line in lines), max(line.dates[-1] for line in lines))
    if len(lines) > 1:
        add_legend(axes)


# ---- flows ----


def net_flows(
    source: Source, *, fund: Any = None, currency: str | None = None, top: int = 12, ax: Axes | None = None
) -> Figure:
    """What each distributor brought in and took out, and the difference.

    In comes the cash that subscriptions and switches invested; out goes the gross value of what redemptions and
    switches took. Income is no flow.

    Args:
        source: a day, or its table ``flows``.
        fund: the only fund to draw.
        currency: the only currency to draw, of a day with several.
        top: how many distributors stand alone, the largest by what moved; the others are drawn together.
        ax: the axes to draw on, instead of those of a new figure.

    Raises:
        InputError: what is given cannot be drawn (``plot``), or the terms do not name the fund (``fund-unknown``).
    """
    _check_top(top)
    table = _of_fund(source, _table(source, "flows", ("fund", "distributor", "kind", "amount", "net")), fund)
    table, unit = _of_currency(source, table, currency)
    table = table.filter(np.isin(np.asarray(table["kind"]), (*_INWARD, *_OUTWARD)))
    inward = np.isin(np.asarray(table["kind"]), _INWARD)
    came = only_where(inward, table["net"])
    went = only_where(~inward, table["amount"])
    names, (came, went) = totals(table["distributor"], (came, went))
    names, (came, went) = largest(names, (came, went), top, "distributors")
    axes = new_axes(ax, 1.9 + 0.36 * max(3, len(names)))
    _draw_two_sided(axes, names, came, went, ("invested", "redeemed", "net flow"), unit, top)
    axes.set_ylabel("distributor")
    add_title(axes, "Net flow by distributor", _about(source, fund))
    if not names:
        add_note(axes, "nothing was dealt")
    return figure_of(axes)


def _draw_two_sided(
    axes: Axes, names: list[str], right: Fixed, left: Fixed, labels: tuple[str, str, str], unit: str, top: int
) -> None:
    """Bars to both sides of zero, and the difference as a point with its exact value beside the picture."""
    net = right - left
    drawn = slice(len(names))
    longest = np.maximum(right.to_float(), left.to_float())
    if len(names) > top and longest[-1] > 2 * longest[:-1].max():
        # What thousands come to together would leave no room for those that stand alone.
        drawn = slice(top)
        names = [*names[:top], f"{names[-1]} (no bar)"]
    places = np.arange(len(names))[drawn]
    bars = (
        axes.barh(places, right[drawn].to_float(), color=BLUE, height=0.62, label=labels[0]),
        axes.barh(places, (-left[drawn]).to_float(), color=ORANGE, height=0.62, label=labels[1]),
    )
    (points,) = axes.plot(
        net[drawn].to_float(), places, linestyle="", marker="D", color=BLACK, markersize=6, markeredgecolor="white",
        label=labels[2],
    )  # fmt: skip
    named_ticks(axes, names)
    axes.set_xlabel(f"{scaled_axis(axes.xaxis, [right[drawn], left[drawn]])}{unit}")
    axes.grid(axis="x", color=PALE, linewidth=0.8)
    if names:
        axes.axvline(0, color=BLACK, linewidth=0.8)
        write_beside(axes, f"{labels[2]} ({unit})", [signed(f"{value:+,}") for value in net])
        add_legend(axes, (*bars, points))


# ---- orders ----


def order_sizes(source: Source, *, fund: Any = None, currency: str | None = None, ax: Axes | None = None) -> Figure:
    """How many orders were of which size: subscriptions in cash, redemptions and switches in units.

    The classes run from 1 to 2 to 5 to 10 and so on; a class holds its lower bound. Orders of nothing and of kinds that
    are not dealt are left out.

    Args:
        source: a day, its table ``confirmations``, or :class:`~fundclear.Orders`.
        fund: the only fund to draw.
        currency: the only currency to draw, of a day with several.
        ax: the axes to draw on, instead of those of a new figure.

    Raises:
        InputError: what is given cannot be drawn (``plot``), or the terms do not name the fund (``fund-unknown``).
    """
    size = "quantity" if isinstance(source, Table) and "quantity" in source else "requested"
    table = _of_fund(source, _table(source, "confirmations", ("fund", "kind", size)), fund)
    table, unit = _of_currency(source, table, currency)
    kinds = np.asarray(table["kind"])
    series = {
        f"subscriptions, in {unit}": table[size][np.isin(kinds, _CASH_KINDS)],
        "redemptions and switches, in units": table[size][np.isin(kinds, _UNIT_KINDS)],
    }
    series = {label: some for label, sizes in series.items() if len(some := sizes[sizes.minor > 0])}
    axes = new_axes(ax, 3.8)
    _draw_sizes(axes, series, table[size].scale)
    axes.set_ylabel("orders")
    axes.set_xlabel("size of the order, from")
    number_axis(axes.yaxis, whole=True)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    add_title(axes, "Orders by size", _about(source, fund))
    if not series:
        add_note(axes, "no orders")
    return figure_of(axes)


def _draw_sizes(axes: Axes, series: Mapping[str, Fixed], scale: int) -> None:
    if not series:
        return
    edges = _classes(
        min(int(sizes.minor.min()) for sizes in series.values()), max(int(s.minor.max()) for s in series.values())
    )
    width = 0.86 / len(series)
    lefts = np.arange(len(edges) - 1)
    for row, ((label, sizes), colour) in enumerate(zip(series.items(), (BLUE, ORANGE), strict=False)):
        counts, _ = np.histogram(sizes.minor, bins=edges)
        bars = f"{label} ({len(sizes):,})"
        axes.bar(lefts + 0.07 + row * width, counts, width=width, align="edge", color=colour, label=bars)
    starts = Fixed.from_minor(edges[:-1], scale)
    # Of many classes, only those that begin at a power of ten are named.
    named = [row for row, text in enumerate(map(str, edges[:-1].tolist())) if len(edges) < 14 or text[0] == "1"]
    axes.set_xticks(named, [f"{starts[row].normalize():,f}" for row in named])
    if len(named) > 9:
        axes.tick_params(axis="x", rotation=45)
    add_legend(axes)


def _classes(smallest: int, largest: int) -> npt.NDArray[np.int64]:
    """The bounds 1, 2, 5, 10 and so on, in minor units, that the sizes lie between."""
    bounds = [digit * 10**power for power in range(19) for digit in (1, 2, 5)]
    first = max(row for row, bound in enumerate(bounds) if bound <= smallest)
    last = min(row for row, bound in enumerate(bounds) if bound > largest)
    return np.array(bounds[first : last + 1], dtype=np.int64)


# ---- gate ----


def gate(source: Source, *, fund: Any = None, top: int = 12, ax: Axes | None = None) -> Figure:
    """What became of the units that redemptions and switches asked for.

    Of one fund it is a waterfall: requested, topped up, rejected, carried, deferred, cancelled, accepted. Of several it
    is a bar a fund of what was accepted, deferred and cancelled, in parts of what stood before the gate: units of
    different funds have no sum.

    Args:
        source: a day, or its table ``confirmations``.
        fund: the only fund to draw.
        top: how many funds are drawn, those with the most units deferred and cancelled first.
        ax: the axes to draw on, instead of those of a new figure.

    Raises:
        InputError: what is given cannot be drawn (``plot``), or the terms do not name the fund (``fund-unknown``).
    """
    _check_top(top)
    needed = ("fund", "kind", "status", *_PARTS)
    table = _of_fund(source, _table(source, "confirmations", needed), fund)
    table = table.filter(np.isin(np.asarray(table["kind"]), _UNIT_KINDS))
    funds = np.unique(np.asarray(table["fund"])).tolist()
    if len(funds) > 1:
        return _gates(table, source, top, ax)
    axes = new_axes(ax, 3.8)
    _draw_waterfall(axes, table)
    add_title(axes, "Gate: units requested and accepted", _about(source, funds[0] if funds else fund))
    if not len(table):
        add_note(axes, "nobody asked for units")
    return figure_of(axes)


#: The columns that say what became of an order.
_PARTS: Final = ("requested", "top_up", "confirmed", "deferred", "cancelled")


def _draw_waterfall(axes: Axes, table: Table) -> None:
    """Bars that hang where the one before ended; the sums are exact, and they tie by law O2."""
    status = np.asarray(table["status"])
    parts = {name: total(table[name]) for name in _PARTS}
    whole = {word: total(table["requested"][status == word]) for word in ("rejected", "carried")}
    steps = [("requested", parts["requested"], GREY)]
    if parts["top_up"].minor.any():
        steps.append(("topped up", parts["top_up"], GREY))
    steps += [(word, -lost, GREY) for word, lost in whole.items() if lost.minor.any()]
    steps += [("deferred", -parts["deferred"], ORANGE), ("cancelled", -parts["cancelled"], VERMILION)]
    level = Fixed.parse(["0"], parts["requested"].scale)
    for place, (_, change, colour) in enumerate(steps):
        after = level + change
        base, end = level.to_float()[0], after.to_float()[0]
        axes.bar(place, end - base, bottom=base, width=0.62, color=colour)
        axes.plot([place - 0.31, place + 1.31], [end, end], color=BLACK, linewidth=0.8)
        level = after
    axes.bar(len(steps), parts["confirmed"].to_float()[0], width=0.62, color=BLUE)
    bars = [*((name, change) for name, change, _ in steps), ("accepted", parts["confirmed"])]
    axes.set_xticks(range(len(bars)), [f"{name}\n{signed(f'{change[0]:,}')}" for name, change in bars])
    axes.use_sticky_edges = False
    axes.margins(y=0.06)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"{scaled_axis(axes.yaxis, [parts['requested']])}units")
    axes.grid(axis="y", color=PALE, linewidth=0.8)


def _gates(table: Table, source: Source, top: int, ax: Axes | None) -> Figure:
    names, (accepted, deferred, cancelled) = totals(
        table["fund"], (table["confirmed"], table["deferred"], table["cancelled"])
    )
    left, stood = deferred + cancelled, accepted + deferred + cancelled
    order = sorted(range(len(names)), key=lambda row: (left.minor[row], stood.minor[row]), reverse=True)
    rows = [row for row in order if stood.minor[row]][:top]
    axes = new_axes(ax, 1.7 + 0.36 * max(3, len(rows)))
    bottoms = np.zeros(len(rows))
    for label, part, colour in (
        ("accepted", accepted, BLUE), ("deferred", deferred, ORANGE), ("cancelled", cancelled, VERMILION),
    ):  # fmt: skip
        percent = part[rows].mul_div(100, stood[rows], 4, "half_up").to_float()
        axes.barh(range(len(rows)), percent, left=bottoms, color=colour, height=0.62, label=label)
        bottoms = bottoms + percent
    gated = sum(1 for minor in left.minor.tolist() if minor)
    named_ticks(axes, [names[row] for row in rows])
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of the units that stood before the gate")
    axes.set_ylabel("fund")
    if rows:
        write_beside(axes, "units", [f"{value:,}" for value in stood[rows]])
        add_legend(axes)
    else:
        add_note(axes, "every request was rejected")
    add_title(axes, f"Gates: {gated:,} of {len(names):,} funds accepted only a part", _about(source, None))
    return figure_of(axes)


# ---- settlement ----


def netting(
    source: Source, *, by: str = "value_date", currency: str | None = None, top: int = 12, ax: Axes | None = None
) -> Figure:
    """The cash of all open obligations, and of the payments that settle them after netting.

    Args:
        source: a day, or its table ``obligations``.
        by: ``"value_date"`` for obligations and payments of each date, or ``"party"`` for what each party receives
            and pays, and its net.
        currency: the only currency to draw, of a table with several.
        top: how many dates or parties stand alone; the others are drawn together.
        ax: the axes to draw on, instead of those of a new figure.

    Raises:
        InputError: what is given cannot be drawn (``plot``), or ``by`` is something else (``argument``).
    """
    _check_top(top)
    if by not in ("value_date", "party"):
        raise refuse("argument", argument="by", value=show(by), why="known are value_date and party")
    owed = source.obligations if isinstance(source, Clearing) else taken(Obligations, source)
    owed, unit = _of_own_currency(owed, currency)
    last = str(owed["value_date"].max()) if len(owed) else "1970-01-01"
    settled = settle(owed, date=last)
    if by == "party":
        net = settled.settlement
        names, columns = totals(net["party"], (net["receives"], net["pays"]))
        names, (receives, pays) = largest(names, columns, top, "parties")
        axes = new_axes(ax, 1.9 + 0.36 * max(3, len(names)))
        _draw_two_sided(axes, names, receives, pays, ("receives", "pays", "net"), unit, top)
        axes.set_ylabel("party")
    else:
        axes = new_axes(ax, 3.8)
        _draw_before_and_after(axes, owed, settled.payments, unit, top)
    add_title(axes, "Obligations before and after netting", _about(source, None))
    if not len(owed):
        add_note(axes, "nothing is owed")
    return figure_of(axes)


def _draw_before_and_after(axes: Axes, owed: Table, paid: Table, unit: str, top: int) -> None:
    dates = np.unique(owed["value_date"])
    later = dates[top] if len(dates) > top else None
    shown = dates[:top] if later is not None else dates
    names = [str(date) for date in shown] + ([] if later is None else [f"{len(dates) - top:,} later dates"])
    tops = []
    for row, (label, table, colour) in enumerate((("obligations", owed, ORANGE), ("payments", paid, BLUE))):
        picked = [table["value_date"] == date for date in shown]
        if later is not None:
            picked.append(table["value_date"] >= later)
        sums = Fixed.parse([table["amount"][rows].sum() for rows in picked], table["amount"].scale)
        places = np.arange(len(names)) + (row - 0.5) * 0.4
        axes.bar(places, sums.to_float(), width=0.38, color=colour, label=f"{label} ({len(table):,})")
        tops.append(sums)
        if len(names) <= 4:
            for place, height, rows, value in zip(places, sums.to_float(), picked, sums, strict=True):
                text = f"{value:,}\nin {np.count_nonzero(rows):,}"
                axes.annotate(text, (place, height), (0, 3), textcoords="offset points", ha="center", fontsize=9)
    axes.set_xticks(range(len(names)), names)
    if len(names) > 6:
        axes.tick_params(axis="x", rotation=45)
    axes.set_xlabel("value date")
    axes.set_ylabel(f"{scaled_axis(axes.yaxis, tops)}{unit}")
    axes.margins(y=0.18)
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    if names:
        add_legend(axes)
    if len(names) == 1:
        axes.set_xlim(-1.2, 1.2)


# ---- what is drawn ----


def _table(source: Any, name: str, needed: Sequence[str]) -> Table:
    """The table that a figure is drawn from."""
    table = getattr(source, name) if isinstance(source, Clearing) else source
    if not isinstance(table, Table):
        raise refuse("plot", argument=name, why=f"{show(source)} is neither a Clearing nor a table")
    missing = [column for column in needed if column not in table]
    if missing:
        raise refuse("plot", argument=name, why=f"the table has no column {missing[0]!r}")
    return table


def _of_fund(source: Any, table: Table, fund: Any) -> Table:
    if fund is None:
        return table
    if "fund" not in table:
        raise refuse("plot", argument="fund", why="the table has no column 'fund'")
    rows = np.asarray(table["fund"] == fund)
    if isinstance(source, Clearing):
        if source.terms.number(fund) is None:
            raise refuse("fund-unknown", argument="fund", value=show(fund))
    elif not rows.any():
        raise refuse("plot", argument="fund", why=f"no row of the table is of fund {show(fund)}")
    return table.filter(rows)


def _of_currency(source: Source, table: Table, currency: str | None) -> tuple[Table, str]:
    """The rows of funds of one currency, and its name; a table alone does not know what its cash is."""
    if not isinstance(source, Clearing):
        if currency is not None:
            raise refuse("plot", argument="currency", why="a table without terms does not say what its currencies are")
        return table, "cash"
    by_fund = {fund.id: fund.currency for fund in source.terms.funds}
    funds, numbers = np.unique(np.asarray(table["fund"]), return_inverse=True)
    # An order may name a fund that there is not; it was rejected, and has no currency.
    currencies = np.array([by_fund.get(fund, "") for fund in funds.tolist()], dtype=np.str_)
    name = _one_currency({each for each in currencies.tolist() if each} or set(by_fund.values()), currency)
    return table.filter((currencies == name)[numbers]), name


def _of_own_currency(table: Obligations, currency: str | None) -> tuple[Obligations, str]:
    """The same of a table that names the currency of each row."""
    there = set(np.unique(np.asarray(table["currency"])).tolist())
    name = _one_currency(there, currency)
    return table.filter(table["currency"] == name) if there else table, name


def _one_currency(there: set[str], currency: str | None) -> str:
    if currency is None:
        if len(there) > 1:
            why = f"there is cash of {', '.join(sorted(there))}, which has no sum; name one by currency="
            raise refuse("plot", argument="currency", why=why)
        return next(iter(there), "cash")
    if there and currency not in there:
        why = f"there is no cash of {show(currency)}, but of {', '.join(sorted(there))}"
        raise refuse("plot", argument="currency", why=why)
    return currency


def _currency_of(source: Any, fund: Any) -> str:
    """The currency of a day's incomes, if the day says so and it is one."""
    days = source if isinstance(source, Sequence) else (source,)
    terms = [day.terms for day in days if isinstance(day, Clearing)]
    found = {each.currency for known in terms for each in known.funds if fund is None or each.id == fund}
    return found.pop() if len(found) == 1 else "cash"


def _about(source: Source, fund: Any) -> str:
    day = source.date.isoformat() if isinstance(source, Clearing) else ""
    return ", ".join(part for part in ("" if fund is None else f"fund {fund}", day) if part)


def _check_top(top: int) -> None:
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise refuse("argument", argument="top", value=show(top), why="a figure shows one row or more")
