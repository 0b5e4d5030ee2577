"""The report of a day: a page to read, made from the day alone, so that a finished day prints the same again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal
from typing import Any, Final

import numpy as np

from fundclear.clearing import Clearing
from fundclear.columns import Labels
from fundclear.dayparts import DayParts
from fundclear.proof import Proof, exact
from fundclear.summing import ORDER_COLUMNS, sums_of_orders
from fundclear.tables import Table
from fundclear.terms import Terms

__all__ = ["report"]

# Of a list so many lines are shown; the folder has all.
_SHOWN: Final = 24


@dataclass(frozen=True, slots=True)
class _Told:
    """What a report is made of."""

    date: Date
    terms: Terms
    proof: Proof
    positions: int
    sums: Any
    scale: int
    flows: Table
    income: Table
    settlement: Table


def report(day: Clearing | DayParts) -> str:
    """Orders by fund, kind and outcome, flows, gates, income, cash to settle, and what is proven.

    Of a day in its folder, tables by account are read part by part, and only the columns that the report speaks of.

    >>> import fundclear as fc
    >>> terms = fc.Terms([fc.Fund("000198", currency="CNY")])
    >>> orders = fc.Orders(account=[7, 9], fund="000198", kind="subscribe", amount=["50000.00", "0.00"])
    >>> day = fc.clear(orders, terms=terms, prices={"000198": "1.1688"}, date="2017-04-27")
    >>> report(day).splitlines()[0]
    'Dealing day 2017-04-27: 2 orders, 1 position'
    """
    told = _of_folder(day) if isinstance(day, DayParts) else _of_day(day)
    parts = [_headline(told)]
    sections = (
        ("Orders", _orders(told)),
        ("Flows", _flows(told)),
        ("Gates", _gates(told)),
        ("Income", _income(told)),
        ("Cash to settle", _cash(told)),
    )
    parts += [f"{title}\n{body}" for title, body in sections if body]
    return "\n\n".join([*parts, _proof(told)]) + "\n"


def _of_day(day: Clearing) -> _Told:
    sums, scale = sums_of_orders([day.confirmations]), day.confirmations["requested"].scale
    small = (day.flows, day.income, day.settlement)
    return _Told(day.date, day.terms, day.proof, len(day.positions), sums, scale, *small)


def _of_folder(day: DayParts) -> _Told:
    scales = set[int]()

    def parts() -> Iterator[Table]:
        for number in range(len(day)):
            table = day.columns("confirmations", ORDER_COLUMNS, number)
            scales.add(table["requested"].scale)
            yield table

    sums, small = sums_of_orders(parts()), (day.small[name] for name in ("flows", "income", "settlement"))
    return _Told(day.date, day.terms, day.proof, day.rows("positions"), sums, max(scales), *small)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _headline(day: _Told) -> str:
    orders = day.sums.count("orders")
    return f"Dealing day {day.date}: {_count(orders, 'order')}, {_count(day.positions, 'position')}"


def _orders(day: _Told) -> str:
    rows = []
    groups = day.sums.orders_by("fund", "kind", "status", "reason")
    for key, sums in sorted(groups.items(), key=lambda item: tuple(map(str, item[0]))):
        fund, kind, status, reason = key
        outcome = f"{status}: {reason}" if reason else status
        measure = day.terms[fund].currency if kind in ("subscribe", "periodic") and fund in day.terms else "units"
        requested = _shown(exact(sums["requested"], day.scale))
        rows.append((str(fund), kind, outcome, f"{sums['rows']:,}", f"{requested} {measure}"))
    return _lines(("fund", "kind", "outcome", "orders", "requested"), rows, left=3)


def _groups(columns: Sequence[Any]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The different rows of some columns, ascending, each with the numbers of its rows."""
    names, codes = [], []
    for column in columns:
        if isinstance(column, Labels):
            names.append(list(column.dictionary))
            codes.append(column.codes.astype(np.int64))
        else:
            values, inverse = np.unique(column, return_inverse=True)
            names.append(values.tolist())
            codes.append(inverse.astype(np.int64))
    if not len(codes[0]):
        return
    order = np.lexsort(codes[::-1])
    ordered = np.stack(codes)[:, order]
    starts = np.flatnonzero(np.r_[True, (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)])
    groups = {
        tuple(name[code] for name, code in zip(names, ordered[:, start], strict=True)): chosen
        for start, chosen in zip(starts, np.split(order, starts[1:]), strict=True)
    }
    yield from sorted(groups.items(), key=lambda item: tuple(map(str, item[0])))


def _flows(day: _Told) -> str:
    table = day.flows
    rows = []
    for (fund, kind), chosen in _groups([table["fund"], table["kind"]]):
        sums = [_shown(table[name][chosen].sum()) for name in ("amount", "net", "units", "fee")]
        rows.append((str(fund), kind, f"{int(table['orders'][chosen].sum()):,}", *sums))
    return _lines(("fund", "flow", "orders", "amount", "net", "units", "fee"), rows, left=2)


def _gates(day: _Told) -> str:
    rows = []
    for fund in day.terms.funds:
        entries = [entry for entry in day.proof["G1"] if entry.scope == str(fund.id)]
        limits = [entry.right for entry in day.proof["G2"] if entry.scope == str(fund.id)]
        if len(entries) == 3 and limits:
            requested, outstanding, tripped = (entry.left for entry in entries)
            what = "tripped" if tripped else "open"
            rows.append((str(fund.id), what, _shown(outstanding), _shown(requested), _shown(limits[0])))
    return _lines(("fund", "gate", "outstanding", "requested", "accepted"), rows, left=2)


def _income(day: _Told) -> str:
    rows = []
    for row in day.income.rows():
        figures = [_shown(row[name]) for name in ("income", "entitled", "paid", "kept", "per_10k")]
        rows.append((str(row["fund"]), str(row["date"]), *figures))
    return _lines(("fund", "date", "income", "entitled units", "paid", "kept", "per 10,000"), rows, left=2)


def _cash(day: _Told) -> str:
    rows = [
        (
            *(str(row[name]) for name in ("value_date", "currency", "party")),
            *(_shown(row[name]) for name in ("receives", "pays", "net")),
        )
        for row in day.settlement.head(_SHOWN).rows()
    ]
    return _lines(
        ("value date", "currency", "party", "receives", "pays", "net"),
        rows,
        left=3,
        more=len(day.settlement) - len(rows),
    )


def _proof(day: _Told) -> str:
    laws = {entry.law for entry in day.proof}
    held = all(entry.holds for entry in day.proof)
    state = "all hold" if held else "NOT ALL HOLD"
    return f"Proof: {len(laws)} laws, {_count(len(day.proof), 'comparison')}, {state}; SHA-256 {day.proof.digest}"


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, (Decimal, int)) else str(value)


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int, more: int = 0) -> str:
    """Rows under their head, the first columns to the left and the others to the right; empty without rows."""
    if not rows:
        return ""
    more += max(0, len(rows) - _SHOWN)
    shown = [head, *rows[:_SHOWN]]
    widths = [max(map(len, cells)) for cells in zip(*shown, strict=True)]
    lines = ["  " + "  ".join(_cells(cells, widths, left)).rstrip() for cells in shown]
    return "\n".join([*lines, *([f"  … and {more:,} more"] if more else [])])


def _cells(cells: Iterable[str], widths: Iterable[int], left: int) -> Iterator[str]:
    for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        yield cell.ljust(width) if place < left else cell.rjust(width)
