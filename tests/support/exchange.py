"""Headers of exchange files, and when two files are the same."""

from __future__ import annotations

from datetime import date

from fundclear.formats import ofd

DAY = date(2017, 4, 27)


def header(kind: str = "03", version: int = 21, recipient: str = "H0") -> ofd.OfdHeader:
    return ofd.OfdHeader(version, "996", "H0", DAY, kind=kind, sender="996", recipient=recipient)


def same(one: ofd.OfdFile, other: ofd.OfdFile) -> bool:
    return (
        one.header == other.header
        and one.table.columns == other.table.columns
        and one.table.schema == other.table.schema
        and list(one.table.rows()) == list(other.table.rows())
    )
