"""Terms of funds in plain form: a mapping of whole numbers and tuples, as the judge and the kernel take them."""

from __future__ import annotations

from typing import Any

from fundclear.reference.policy import NO_LIMIT, ONE

PERCENT = ONE // 100

NO_LIMITS = (0, NO_LIMIT, NO_LIMIT, 0, NO_LIMIT, NO_LIMIT, 0)


def fund(**changes: Any) -> dict[str, Any]:
    """A fund that charges nothing, has no limits, rounds half up, and is changed in what is named."""
    return {
        "portfolio": 0,
        "currency": 0,
        "cash_quantum": 1,
        "unit_quantum": 1,
        "nav_quantum": 1,
        "modes": (0, 0, 0, 0),
        "front_end": [],
        "method": 0,
        "redemption": [],
        "fee_from_cents": False,
        "back_end": [],
        "subscription_manager_share": 0,
        "redemption_manager_share": 0,
        "back_end_manager_share": 0,
        "whole_units": False,
        "limits": NO_LIMITS,
        "gate": None,
        "swing": None,
        "income": None,
        "switches": (False, False, False),
        "keeps_lots": False,
        **changes,
    }


def fund_day(date: int, nav: int, **changes: Any) -> dict[str, Any]:
    """A fund's day with dates a day apart, changed in what is named."""
    return {
        "nav": nav,
        "confirmation": date + 1,
        "value_dates": {"subscription": date + 1, "redemption": date + 2, "switch": date + 2, "income": date + 1},
        **changes,
    }
