"""The file of a day's prices: TOML with prices, income and decisions by fund, or a table of fund days."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Any, Final

from fundclear.amounts import show
from fundclear.errors import refuse
from fundclear.formats import columnar
from fundclear.settings import read_date
from fundclear.tables import FundDays
from fundclear.terms import Terms

__all__ = ["DayFile", "read"]

_SECTIONS: Final = ("prices", "income", "decisions")


@dataclass(frozen=True, slots=True)
class DayFile:
    """What a day brings for each fund, as :func:`fundclear.clear` takes it.

    Attributes:
        date: the dealing day, if the file says it.
        prices: by fund, the net asset value a unit; ``None`` if there is a table.
        income: by fund, an amount, or amounts by calendar date.
        decisions: by portfolio, ``"limit"``, ``"accept_all"`` or units.
        days: the table of fund days, if the file is one.
    """

    date: Date | None
    prices: Mapping[Any, Any] | None
    income: Mapping[Any, Any] | None
    decisions: Mapping[Any, Any] | None
    days: FundDays | None


def read(path: str | os.PathLike[str], terms: Terms) -> DayFile:
    """Reads a file of prices; one that ends with ``.toml`` is TOML, others are tables.

    Funds of terms whose ids are integers are integers here too.

    Raises:
        InputError: it is no TOML, it has an unknown key, or a section is no table (``prices-file``).
    """
    if Path(path).suffix.lower() != ".toml":
        integers = ("fund",) if isinstance(terms.ids[0], int) else ()
        return DayFile(None, None, None, None, columnar.read(path, FundDays, integers=integers))
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise refuse("prices-file", argument=str(path), why=f"it is not TOML: {error}") from None
    known = ("date", *_SECTIONS)
    for key in data:
        if key not in known:
            raise refuse("prices-file", argument=str(path), why=f"unknown key {key!r}, there are {', '.join(known)}")
    for name in _SECTIONS:
        if not isinstance(data.get(name, {}), Mapping):
            raise refuse("prices-file", argument=str(path), why=f"{name} is {show(data[name])}, not a table by fund")
    if "prices" not in data:
        raise refuse("prices-file", argument=str(path), why="the table [prices] is missing")
    given = {name: {_fund(key, terms): value for key, value in data.get(name, {}).items()} for name in _SECTIONS}
    date = None if "date" not in data else read_date(data["date"], f"{path}: date")
    return DayFile(date, given["prices"], given["income"] or None, given["decisions"] or None, None)


def _fund(key: str, terms: Terms) -> Any:
    """Keys of TOML are texts."""
    return int(key) if isinstance(terms.ids[0], int) and key.isascii() and key.isdecimal() else key
