"""The laws of a clearing day, checked on its tables alone: what was put in, what came out, and nothing of the way.

What the day of before would be needed for is checked against the inputs that stand for it. The digests of law T2 are
not of this world of whole numbers and are left to the proof itself, as is law L2, which needs yesterday's balances.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fundclear.reference.context import Row
from fundclear.reference.lawbook import Lawbook, Violation
from fundclear.reference.laws_of_books import check_income, check_ledger, check_settlement, check_tables, check_units
from fundclear.reference.laws_of_orders import check_cash, check_gates, check_orders, check_value

__all__ = ["Violation", "check"]


def check(inputs: Mapping[str, Any], outputs: Mapping[str, Sequence[Row]]) -> list[Violation]:
    """What does not hold: the law, the row or the sum, and both sides. Empty if all is well.

    ``inputs`` are the arguments of :func:`fundclear.reference.clear` by name, ``outputs`` its tables.
    """
    book = Lawbook(inputs, outputs)
    for check_laws in (
        check_orders,
        check_gates,
        check_cash,
        check_value,
        check_units,
        check_income,
        check_settlement,
        check_ledger,
        check_tables,
    ):
        check_laws(book)
    return book.violations
