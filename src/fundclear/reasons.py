"""What can become of an order, and why: every status and every reason, declared once.

The kernel speaks in codes; tables, messages and documentation speak in these names and sentences.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from fundclear import _kernel

__all__ = ["REASONS", "STATUSES", "Reason", "reason_names"]


class Reason(NamedTuple):
    """One row of :data:`REASONS`: the kernel's code, what it says of the order, and what helps."""

    code: int
    says: str
    cure: str


#: The statuses by the kernel's code.
STATUSES: Final = _kernel.names["statuses"]

#: Every reason by name; the empty name is no reason at all.
REASONS: Final[dict[str, Reason]] = {
    "": Reason(0, "nothing stood in its way", ""),
    "duplicate": Reason(
        1,
        "the distributor sent an order with this id before, or sent this very order more than once",
        "none is needed: one copy stands",
    ),
    "duplicate-conflict": Reason(
        2, "the distributor sent orders of different contents under one id", "send each order with an id of its own"
    ),
    "unsupported-kind": Reason(3, "its kind is not dealt", "send subscribe, periodic, redeem or switch"),
    "unknown-fund": Reason(4, "its fund is not in the terms", "check the fund's id, or add the fund to the terms"),
    "fund-closed": Reason(5, "the fund does not deal in this direction today", "send it on an open day"),
    "quantity-not-positive": Reason(6, "its quantity is not above zero", "send a quantity above zero"),
    "quantity-precision": Reason(7, "its quantity has more decimals than the fund", "send it at the fund's scale"),
    "charge-class": Reason(8, "the fund has no such charge class", "send front, or back to a fund with back-end fees"),
    "own-charge": Reason(
        9,
        "its own discount, rate or fee cannot be applied",
        "give at most one, to a subscription: a discount up to 1, a rate below 1, a fee below the amount",
    ),
    "unknown-target": Reason(
        10, "the switch's target is not in the terms, or is the fund itself", "name another fund of the terms"
    ),
    "target-currency": Reason(
        11, "the switch's target has another currency", "redeem and subscribe in two orders instead"
    ),
    "target-closed": Reason(12, "the switch's target takes no subscriptions today", "send it on an open day"),
    "below-minimum": Reason(13, "its quantity is below the fund's minimum", "send at least the minimum"),
    "above-maximum": Reason(14, "its quantity is above the fund's maximum for one order", "send a smaller order"),
    "day-limit": Reason(
        15, "with the position's orders before it, it is above the fund's maximum for one day", "send it another day"
    ),
    "insufficient-units": Reason(
        16, "the position has fewer free units left", "free units are those held, less frozen, pending and ordered"
    ),
    "fee-exceeds-amount": Reason(17, "the fee is not below the amount", "send a larger amount"),
    "zero-units": Reason(18, "it would get no unit", "send a larger quantity"),
    "negative-income": Reason(19, "negative income left fewer units than ordered", "none: the rest was cancelled"),
    "late": Reason(20, "it was placed at or after the cut-off", "none: it deals on the next dealing day"),
    "gate": Reason(21, "the gate let only a part through", "none: the rest is deferred or cancelled as ordered"),
    "whole-units": Reason(22, "only whole units are issued", "none: what buys no whole unit is paid back"),
    "unsupported-event": Reason(30, "its kind is not a register event", "see the kinds of the table Events"),
    "bad-option": Reason(31, "the dividend option is none of default, reinvest and cash", "name one of them"),
    "same-position": Reason(32, "a position cannot be transferred to itself", "name another position"),
}


@cache
def reason_names() -> tuple[str, ...]:
    """The names by the kernel's code; a code that no reason has is named by its number."""
    names = {reason.code: name for name, reason in REASONS.items()}
    return tuple(names.get(code, f"reason {code}") for code in range(max(names) + 1))
