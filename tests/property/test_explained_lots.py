"""The lots that an order's story names add up to the order: its units, its fee, its back-end fee."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from hypothesis import given

import fundclear as fc
from support.drawing_days import DrawnDay, day_of, drawn_days
from support.public_days import as_users_put_it, day_name, tables_of, terms_of

_LOT = re.compile(r"^ *\d+\. lot .*: (\S+) units .*: fee (\S+?)(?:, back-end fee (\S+))?$", re.MULTILINE)


def _check(drawn: DrawnDay) -> int:
    """Holds every story of a day against its order; how many name lots."""
    terms = terms_of(drawn)
    given = as_users_put_it(drawn, terms)
    try:
        day = fc.clear(**tables_of(given), terms=terms, date=day_name(given))
    except fc.FundclearError:
        return 0
    return sum(_check_order(day, row) for row in day.confirmations.rows())


def _check_order(day: fc.Clearing, row: dict[str, Any]) -> bool:
    number = day.terms.number(row["fund"])
    keeps_lots = number is not None and day.terms.funds[number].keeps_lots
    if not row["units"] or row["kind"] not in ("redeem", "switch") or not keeps_lots:
        return False
    told = day.explain(row["order_id"], distributor=row["distributor"])
    if "cannot be told" in told:
        return False
    lots = [[Decimal(figure or 0) for figure in lot] for lot in _LOT.findall(told)]
    assert [sum(column) for column in zip(*lots, strict=True)] == [row["units"], row["fee"], row["back_end"]]
    return True


@given(drawn_days())
def test_lots_add_up_to_their_orders(drawn: DrawnDay) -> None:
    _check(drawn)


def test_stories_do_name_lots() -> None:
    assert sum(_check(day_of(seed)) for seed in range(100)) > 20
