"""The files of a day for the command: orders of several formats as one table, and what is written beside the day."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from fundclear.clearing import Clearing
from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.formats import columnar, ofd
from fundclear.joining import joined
from fundclear.table import Table
from fundclear.tables import Orders, TypedTable
from fundclear.terms import Terms

__all__ = ["Gathered", "gather_orders", "one_date", "read_table", "write_beside"]

_T = TypeVar("_T", bound=TypedTable)

#: Names that files of tables end with; orders under any other name are files of the exchange.
_COLUMNAR: Final = (".csv", ".parquet", ".arrow", ".ipc", ".feather")

#: The type of order files.
_ORDERS: Final = "03"

#: How the version of files is numbered that nobody asked in another one.
_VERSION: Final = 21


@dataclass(frozen=True, slots=True)
class Gathered:
    """The orders of some files.

    Attributes:
        orders: all of them, file after file.
        headers: the headers of the files of the exchange.
        unread: records that could not be read, by file; only where faulty records are to be rejected.
    """

    orders: Orders
    headers: tuple[ofd.OfdHeader, ...]
    unread: tuple[tuple[str, Table], ...]


def read_table(path: str, kind: type[_T], terms: Terms) -> _T:
    """A table of a columnar file; funds are integers where the terms' are."""
    names = [spec.name for spec in kind.columns_of if spec.kind == "id" and spec.name in ("fund", "target_fund")]
    return columnar.read(path, kind, integers=tuple(names) if isinstance(terms.ids[0], int) else ())


def gather_orders(paths: Sequence[str], terms: Terms, date: Date | None, on_error: str) -> Gathered:
    """The orders of all files, in the order in which they are named.

    Raises:
        InputError: a file is damaged, is no file of orders (``orders-file``), is of another date (``file-date``), or
            speaks of no fund of the terms (``file-funds``).
    """
    tables, headers, unread = [], [], []
    for path in paths:
        if Path(path).suffix.lower() in _COLUMNAR:
            orders = read_table(path, Orders, terms)
        else:
            file = ofd.read(path, on_error=on_error)
            if file.header.kind != _ORDERS:
                raise refuse("orders-file", argument=path, value=file.header.kind)
            one_date([(path, file.header.date), ("the day", date)])
            if on_error == "reject":
                file = ofd.screened(file)
            orders = ofd.to_orders(file)
            headers.append(file.header)
            if len(file.rejected):
                unread.append((path, file.rejected))
        _check_funds(path, orders, terms)
        tables.append(orders)
    return Gathered(joined(tables), tuple(headers), tuple(unread))


def one_date(said: Sequence[tuple[str, Date | None]]) -> Date | None:
    """The date that all say who say one.

    Raises:
        InputError: two say different ones (``file-date``).
    """
    dates = [(who, date) for who, date in said if date is not None]
    for who, date in dates[1:]:
        if date != dates[0][1]:
            raise refuse("file-date", argument=dates[0][0], value=str(dates[0][1]), other=who, date=date)
    return dates[0][1] if dates else None


def _check_funds(path: str, orders: Orders, terms: Terms) -> None:
    funds = orders["fund"]
    named = list(funds.dictionary) if isinstance(funds, Labels) else np.unique(funds).tolist()
    if len(orders) and not any(fund in terms for fund in named):
        raise refuse("file-funds", argument=path, value=", ".join(map(repr, named[:3])))


# ---- out ----


def write_beside(gathered: Gathered, *, csv: bool, exchange: bool, day: Clearing) -> Callable[[Path], None]:
    """What writes further files into the folder of a day: tables as CSV, files of the exchange, records not read."""

    def write(folder: Path) -> None:
        if csv:
            (folder / "csv").mkdir()
            for name, table in day.tables.items():
                columnar.write_csv(table, folder / "csv" / f"{name}.csv")
        if exchange:
            (folder / "ofd").mkdir()
            _write_exchange(day, gathered.headers, folder / "ofd")
        if gathered.unread:
            columnar.write_csv(_unread(gathered.unread), folder / "unread.csv")

    return write


def _unread(unread: Sequence[tuple[str, Table]]) -> Table:
    """Records that could not be read; a file is named without its folder, which is no part of a day."""
    columns: dict[str, list[Any]] = {"file": [], "line": [], "field": [], "reason": []}
    for path, table in unread:
        columns["file"] += [os.path.basename(path)] * len(table)
        columns["line"] += table["line"].tolist()
        columns["field"] += list(table["field"])
        columns["reason"] += list(table["reason"])
    return Table(columns)


def _write_exchange(day: Clearing, headers: Sequence[ofd.OfdHeader], folder: Path) -> None:
    """The files 04, 05, 06 and 25 of every distributor of the day."""
    kinds = {"04": ofd.confirmations, "05": ofd.holdings, "06": ofd.dividends, "25": ofd.cash_clearing}
    seen = {str(who) for table in (day.confirmations, day.positions) for who in set(table["distributor"])}
    for who in sorted(seen):
        asked = next((header for header in headers if header.sender == who), None)
        for kind, make in kinds.items():
            header = ofd.OfdHeader(
                version=_VERSION if asked is None else asked.version,
                creator="TA" if asked is None else asked.receiver,
                receiver=who,
                date=day.date,
                kind=kind,
                sender="TA" if asked is None else asked.recipient,
                recipient=who,
            )
            file = make(day, header)
            file.write(folder / f"OFD_{header.sender}_{who}_{day.date:%Y%m%d}_{kind}.TXT")
