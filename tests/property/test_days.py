"""Whole random days: the public call and the judge give the same tables, row by row, bit for bit."""

from __future__ import annotations

from typing import Any

from hypothesis import given

import fundclear as fc
from support.drawing_days import DrawnDay, drawn_days
from support.public_days import as_users_put_it, day_name, rows_of, tables_of, terms_of

TABLES = (
    "confirmations",
    "positions",
    "lots",
    "flows",
    "obligations",
    "settlement",
    "payments",
    "postings",
    "income",
    "events",
)
_OPTIONS = {"dividend_option": ("", "reinvest", "cash"), "option": ("", "reinvest", "cash", "other")}


@given(drawn_days())
def test_days(drawn: DrawnDay) -> None:
    terms = terms_of(drawn)
    day = as_users_put_it(drawn, terms)
    cleared = fc.clear(**tables_of(day), terms=terms, date=day_name(day))
    wanted = day.clear()
    for name in TABLES:
        table = getattr(cleared, name)
        assert rows_of(table) == [_as_written(row, table.columns) for row in wanted[name]], name
    cleared.proof.check()


def _as_written(row: dict[str, Any], columns: Any) -> dict[str, Any]:
    """A row of the judge with the words that tables use."""
    written = {name: row[name] for name in columns}
    if "target_fund" in written:
        written["target_fund"] = written["target_fund"] or 0
    if "reinvested" in written:
        written["reinvested"] = int(written["reinvested"])
    for name, words in _OPTIONS.items():
        if name in written:
            written[name] = words[written[name]]
    return written
