"""Which lots the orders of a position use up, first in, first out, and what each of them is charged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fundclear.reference.dealing import LotPart, redeem
from fundclear.reference.policy import Fund, Scales, holding_tier
from fundclear.reference.register import Lot, take_first

__all__ = ["Consumed", "Outgoing", "consume"]


@dataclass(frozen=True)
class Outgoing:
    """Units of an order that leave a position at a price."""

    units: int
    price: int
    is_back_end: bool


@dataclass(frozen=True)
class Consumed:
    """Units of a lot that an order uses up, and what they are charged; the rate and the fund's share are the tier's."""

    lot: Lot
    held_days: int
    rate: int
    fund_share: int
    fee: int
    back_end: int


def consume(
    scales: Scales, fund: Fund, confirmation: int, lots: Sequence[Lot], orders: Sequence[Outgoing]
) -> list[list[Consumed]]:
    """What each order uses up, in the order in which they are dealt; ``lots`` are the position's before the first."""
    left = sorted((Lot(**vars(lot)) for lot in lots if lot.units), key=lambda lot: lot.age)
    used = []
    for order in orders:
        taken = take_first(left, order.units)
        parts = [
            LotPart(lot.units, lot.nav, confirmation - lot.confirmed, lot.reinvested, lot.rate_paid) for lot in taken
        ]
        dealt = redeem(scales, fund, order.price, order.units, parts, back_end=order.is_back_end)
        tiers = [holding_tier(fund.redemption, part.held_days) for part in parts]
        charges = zip(taken, parts, tiers, dealt.lot_fees, dealt.lot_back_ends, strict=True)
        used.append(
            [
                Consumed(lot, part.held_days, tier.rate, tier.fund_share, fee, back_end)
                for lot, part, tier, fee, back_end in charges
            ]
        )
    return used
