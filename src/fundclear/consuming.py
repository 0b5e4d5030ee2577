"""Which lots the orders of a position have used up, told by the judge from what the day was cleared from and gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fundclear.columns import Labels
from fundclear.proof import exact
from fundclear.schemas import RATE_SCALE
from fundclear.tables import Confirmations, Events, Lots, Table
from fundclear.terms import Terms

__all__ = ["LotUsed", "lots_used"]

#: What names a position besides its account and fund, and what stands for it in a table that has no such column.
_BESIDES: Final[dict[str, tuple[Any, ...]]] = {
    "transaction_account": ("", 0),
    "distributor": ("", 0),
    "charge": ("front",),
}


@dataclass(frozen=True, slots=True)
class LotUsed:
    """What an order took out of one lot, and what it was charged for that.

    Attributes:
        number: the lot's number within its position.
        confirmed: the date that the holding period counts from.
        units: the units that were taken.
        held_days: calendar days up to the confirmation of the order.
        rate: the rate of the tier that those days fall under.
        fund_share: the fund's share of that fee.
        fee: the fee by holding period.
        back_end: the back-end fee.
    """

    number: int
    confirmed: Date
    units: Decimal
    held_days: int
    rate: Decimal
    fund_share: Decimal
    fee: Decimal
    back_end: Decimal


def lots_used(
    terms: Terms, date: Date, position: Mapping[str, Any], lots: Lots, events: Events, confirmations: Confirmations
) -> list[list[LotUsed]] | None:
    """By order that took units out of a position, in written order, the lots that it used up.

    Args:
        terms: the terms; the position's fund is one that keeps lots.
        date: the dealing day.
        position: the values that name the position, and its ``income_units``.
        lots: the lots at the opening.
        events: the register events of the day.
        confirmations: the orders of the position of which units were dealt, in written order.

    Returns:
        ``None`` if it cannot be told from these: an event moved lots of the account, or income took units away.
    """
    from fundclear.reference import from_plain
    from fundclear.reference.consuming import Outgoing, consume
    from fundclear.reference.register import Lot

    if position["income_units"] < 0 or _is_touched(events, position):
        return None
    number = terms.number(position["fund"])
    assert number is not None
    scales = terms.scales
    policy = from_plain(scales, terms.plain())
    confirmation = int(terms.dates(date).confirmation[number])
    opening = [Lot(*row) for row in zip(*_columns(lots.filter(_of_position(lots, position)), terms), strict=True)]
    units = confirmations["units"].rescale(scales.units).minor.tolist()
    prices = confirmations["price"].rescale(scales.nav).minor.tolist()
    orders = [Outgoing(*row, position["charge"] == "back") for row in zip(units, prices, strict=True)]
    return [
        [
            LotUsed(
                number=one.lot.number,
                confirmed=Date.fromordinal(one.lot.confirmed + Date(1970, 1, 1).toordinal()),
                units=exact(one.lot.units, scales.units),
                held_days=one.held_days,
                rate=exact(one.rate, RATE_SCALE),
                fund_share=exact(one.fund_share, RATE_SCALE),
                fee=exact(one.fee, scales.cash),
                back_end=exact(one.back_end, scales.cash),
            )
            for one in used
        ]
        for used in consume(policy.scales, policy.funds[number], confirmation, opening, orders)
    ]


def _is_touched(events: Events, position: Mapping[str, Any]) -> bool:
    """Whether an event may have moved units of the account in the fund."""
    if not len(events):
        return False
    happened = (events["fund"] == position["fund"]) & (events["status"] == "confirmed")
    of_account = events["account"] == position["account"]
    if "to_account" in events:
        of_account |= events["to_account"] == position["account"]
    moves = ~np.isin(np.asarray(events["kind"]), ("freeze", "unfreeze", "dividend_option"))
    return bool((happened & of_account & moves).any())


def _of_position(lots: Table, position: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    mask: npt.NDArray[np.bool_] = (lots["account"] == position["account"]) & (lots["fund"] == position["fund"])
    for name, absent in _BESIDES.items():
        if name in lots:
            mask &= lots[name] == position[name]
        elif position[name] not in absent:
            mask &= False
    return mask


def _columns(lots: Table, terms: Terms) -> tuple[list[int], ...]:
    """Date, number, units, price, rate and whether it was reinvested, as the judge has them."""
    scales = terms.scales
    absent = [0] * len(lots)
    money = {"units": scales.units, "nav": scales.nav, "rate_paid": RATE_SCALE}
    minor = {
        name: lots[name].rescale(scale).minor.tolist() if name in lots else absent for name, scale in money.items()
    }
    reinvested = lots["reinvested"].tolist() if "reinvested" in lots else absent
    confirmed = lots["confirmed"]
    assert not isinstance(confirmed, Labels)
    return (confirmed.view(np.int64).tolist(), lots["number"].tolist(), *minor.values(), reinvested)
