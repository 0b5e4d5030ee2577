"""Dealing one order at one price: subscriptions, redemptions by lot, switches.

Amounts are minor units of the table's scales (:class:`~fundclear.reference.policy.Scales`); every division is an exact
fraction that is rounded once, to the fund's own quantum, by the fund's mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from fundclear.errors import refuse
from fundclear.reference.arithmetic import LIMIT, round_fraction
from fundclear.reference.policy import ONE, Fund, HoldingTier, Scales, holding_tier, to_quantum
from fundclear.rounding import Rounding

__all__ = [
    "LotPart",
    "Redemption",
    "Refused",
    "Subscription",
    "Switch",
    "redeem",
    "subscribe",
    "switch",
    "units_for",
    "units_for_survey",
]

_FLOOR: Final = Rounding.FLOOR
_CEILING: Final = Rounding.CEILING


class Refused(Exception):
    """An order that cannot be dealt, and the name of the reason: its cash or its units go back."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Subscription:
    """What a subscription comes to: amount = fee + invested + refund; invested = units × price + rounding."""

    net: int
    fee: int
    invested: int
    units: int
    refund: int
    rounding: int
    fee_to_manager: int
    fee_to_distributor: int
    rate_paid: int


@dataclass(frozen=True)
class LotPart:
    """Units taken from one lot, with what their fees depend on."""

    units: int
    nav: int
    held_days: int
    reinvested: bool = False
    rate_paid: int = 0


@dataclass(frozen=True)
class Redemption:
    """What a redemption comes to: gross_cash = paid + fee + back_end; units × price = gross_cash + rounding."""

    gross_cash: int
    fee: int
    fee_to_fund: int
    fee_to_manager: int
    fee_to_distributor: int
    back_end: int
    paid: int
    rounding: int
    lot_fees: tuple[int, ...] = ()
    lot_back_ends: tuple[int, ...] = ()


@dataclass(frozen=True)
class Switch:
    """Both legs of a switch: ``out.paid`` is the transfer = net + top_up_fee + refund."""

    out: Redemption
    top_up_fee: int
    net: int
    units_in: int
    refund: int
    rounding_in: int
    top_up_to_manager: int
    top_up_to_distributor: int
    rate_in: int


def subscribe(
    scales: Scales,
    fund: Fund,
    price: int,
    amount: int,
    *,
    own_charge: str = "",
    own_value: int = 0,
    discount: int = ONE,
    back_end: bool = False,
) -> Subscription:
    """Deal a subscription of ``amount`` at ``price``. ``discount`` is the factor of the order's distributor.

    Raises:
        Refused: ``fee-exceeds-amount`` or ``zero-units``.
    """
    fee, rate = subscription_fee(
        fund, amount, own_charge=own_charge, own_value=own_value, discount=discount, back_end=back_end, scales=scales
    )
    if fee >= amount:
        raise Refused("fee-exceeds-amount")
    net = amount - fee
    units = units_for(scales, fund, price, net)
    if units == 0:
        raise Refused("zero-units")
    invested = invested_of(scales, fund, price, net, units)
    to_manager = to_quantum(Fraction(fee * fund.subscription_manager_share, ONE), fund.cash_quantum, _FLOOR)
    return Subscription(
        net=net,
        fee=fee,
        invested=invested,
        units=units,
        refund=net - invested,
        rounding=invested * scales.cash_to_value - units * price,
        fee_to_manager=to_manager,
        fee_to_distributor=fee - to_manager,
        rate_paid=round_fraction(rate * ONE, Rounding.HALF_UP),
    )


def subscription_fee(
    fund: Fund, amount: int, *, own_charge: str, own_value: int, discount: int, back_end: bool, scales: Scales
) -> tuple[int, Fraction]:
    """The front-end fee of an amount, which may exceed it, and the rate that it was taken at; none for a flat fee."""
    nothing = Fraction(0)
    if back_end:
        return 0, nothing
    if own_charge == "fee":
        return int(Fraction(own_value * 10**scales.cash, ONE)), nothing
    tier = fund.front_end_tier(amount)
    if own_charge == "rate":
        rate = Fraction(own_value, ONE)
    elif tier.is_flat:
        return tier.value, nothing
    else:
        factor = own_value if own_charge == "discount" else discount
        rate = Fraction(tier.value, ONE) * Fraction(factor, ONE)
    if fund.inside:
        return to_quantum(amount * rate, fund.cash_quantum, fund.modes.fee), rate
    return amount - to_quantum(amount / (1 + rate), fund.cash_quantum, fund.modes.cash), rate


def units_for(scales: Scales, fund: Fund, price: int, net: int) -> int:
    """The units that a net amount buys, by the fund's mode; whole units are rounded down."""
    if fund.whole_units:
        return units_for_survey(scales, fund, price, net)
    return to_quantum(_exact_units(scales, price, net), fund.unit_quantum, fund.modes.units)


def units_for_survey(scales: Scales, fund: Fund, price: int, net: int) -> int:
    """The units that a net amount buys, rounded down: what gates count."""
    quantum = 10**scales.units if fund.whole_units else fund.unit_quantum
    return to_quantum(_exact_units(scales, price, net), quantum, _FLOOR)


def _exact_units(scales: Scales, price: int, net: int) -> Fraction:
    return Fraction(net * scales.cash_to_value, price)


def invested_of(scales: Scales, fund: Fund, price: int, net: int, units: int) -> int:
    """What of a net amount is invested: all of it, or what the whole units cost."""
    if not fund.whole_units:
        return net
    return min(net, gross_cash_of(scales, fund, price, units))


def gross_cash_of(scales: Scales, fund: Fund, price: int, units: int) -> int:
    """The value of units in the fund's cash."""
    return to_quantum(Fraction(units * price, scales.cash_to_value), fund.cash_quantum, fund.modes.cash)


def redeem(
    scales: Scales, fund: Fund, price: int, units: int, lots: Sequence[LotPart] = (), *, back_end: bool = False
) -> Redemption:
    """Deal a redemption of ``units`` at ``price``, taken from ``lots`` in this order; no lots: a fund without them."""
    gross_cash = gross_cash_of(scales, fund, price, units)
    parts = lots if fund.keeps_lots else [LotPart(units, price, 2**31)]
    fees: list[int] = []
    deferred: list[int] = []
    fee_to_fund = 0
    for part in parts:
        tier = holding_tier(fund.redemption, part.held_days)
        left = gross_cash - sum(fees) - sum(deferred)
        fee = min(left, _redemption_fee(scales, fund, price, part, tier))
        fees.append(fee)
        kept = to_quantum(Fraction(fee * tier.fund_share, ONE), fund.cash_quantum, _CEILING)
        fee_to_fund += min(fee, kept)
        of_lot = 0
        if back_end and not part.reinvested:
            left_of_lot = max(0, gross_cash_of(scales, fund, price, part.units) - fee)
            of_lot = min(left - fee, left_of_lot, _back_end_fee(scales, fund, part))
        deferred.append(of_lot)
    fee, back_ends = sum(fees), sum(deferred)
    to_manager = _floor_share(fund, fee - fee_to_fund, fund.redemption_manager_share)
    to_manager += _floor_share(fund, back_ends, fund.back_end_manager_share)
    return Redemption(
        gross_cash=gross_cash,
        fee=fee,
        fee_to_fund=fee_to_fund,
        fee_to_manager=to_manager,
        fee_to_distributor=fee - fee_to_fund + back_ends - to_manager,
        back_end=back_ends,
        paid=gross_cash - fee - back_ends,
        rounding=units * price - gross_cash * scales.cash_to_value,
        lot_fees=tuple(fees),
        lot_back_ends=tuple(deferred),
    )


def _redemption_fee(scales: Scales, fund: Fund, price: int, part: LotPart, tier: HoldingTier) -> int:
    gross = Fraction(part.units * price, scales.cash_to_value)
    if fund.fee_from_cents:
        gross = Fraction(gross_cash_of(scales, fund, price, part.units))
    return to_quantum(gross * Fraction(tier.rate, ONE), fund.cash_quantum, fund.modes.fee)


def _back_end_fee(scales: Scales, fund: Fund, part: LotPart) -> int:
    rate = Fraction(holding_tier(fund.back_end, part.held_days).rate, ONE)
    bought_for = Fraction(part.units * part.nav, scales.cash_to_value)
    return to_quantum(bought_for * rate / (1 + rate), fund.cash_quantum, fund.modes.fee)


def _floor_share(fund: Fund, fee: int, share: int) -> int:
    return to_quantum(Fraction(fee * share, ONE), fund.cash_quantum, _FLOOR)


def switch(
    scales: Scales,
    out: Fund,
    into: Fund,
    prices: tuple[int, int],
    units: int,
    lots: Sequence[LotPart] = (),
    *,
    back_end: bool = False,
    discounts: tuple[int, int] = (ONE, ONE),
) -> Switch:
    """Deal a switch of ``units`` at the prices of both funds; ``discounts`` are the distributor's, out and in.

    Raises:
        Refused: ``zero-units``: nothing is left to transfer, or it buys nothing. Neither leg is dealt then.
        AmountOverflowError: what leaves has more than 18 digits (``overflow``).
    """
    price_out, price_in = prices
    redemption = redeem(scales, out, price_out, units, lots, back_end=back_end)
    if redemption.gross_cash > LIMIT:
        # Before it is known what the transfer buys, so that the outcome does not depend on it.
        raise refuse("overflow", argument="gross", value=str(redemption.gross_cash), scale=0)
    transfer = redemption.paid
    fee, rate_in = top_up(out, into, redemption.gross_cash, transfer, lots, back_end=back_end, discounts=discounts)
    net = transfer - fee
    units_in = units_for(scales, into, price_in, net) if net > 0 else 0
    if units_in == 0:
        raise Refused("zero-units")
    invested = invested_of(scales, into, price_in, net, units_in)
    to_manager = _floor_share(into, fee, into.subscription_manager_share)
    return Switch(
        out=redemption,
        top_up_fee=fee,
        net=invested,
        units_in=units_in,
        refund=net - invested,
        rounding_in=invested * scales.cash_to_value - units_in * price_in,
        top_up_to_manager=to_manager,
        top_up_to_distributor=fee - to_manager,
        rate_in=round_fraction(rate_in * ONE, Rounding.HALF_UP),
    )


def top_up(
    out: Fund,
    into: Fund,
    gross_cash: int,
    transfer: int,
    lots: Sequence[LotPart] = (),
    *,
    back_end: bool = False,
    discounts: tuple[int, int] = (ONE, ONE),
) -> tuple[int, Fraction]:
    """The fee that makes up the difference of the front-end rates, and the target's rate that it was taken at."""
    if back_end:
        return 0, Fraction(0)
    factors = discounts if into.switches.discounted else (ONE, ONE)
    flat_out, rate_out = _front_end(out, gross_cash, factors[0])
    flat_in, rate_in = _front_end(into, gross_cash, factors[1])
    if out.switches.rate_at_purchase and lots:
        flat_out, rate_out = None, Fraction(min(part.rate_paid for part in lots), ONE)
    if flat_in is None and flat_out is None:
        top_up_rate = max(Fraction(0), rate_in - rate_out)
        net = to_quantum(transfer / (1 + top_up_rate), into.cash_quantum, into.modes.cash)
        return transfer - net, rate_in
    fee_in = flat_in if flat_in is not None else to_quantum(gross_cash * rate_in, into.cash_quantum, into.modes.fee)
    fee_out = flat_out if flat_out is not None else to_quantum(gross_cash * rate_out, into.cash_quantum, into.modes.fee)
    return min(transfer, max(0, fee_in - fee_out)), rate_in


def _front_end(fund: Fund, amount: int, factor: int) -> tuple[int | None, Fraction]:
    """The flat fee of an amount's tier, if it is flat, and its rate."""
    tier = fund.front_end_tier(amount)
    if tier.is_flat:
        return tier.value, Fraction(0)
    return None, Fraction(tier.value, ONE) * Fraction(factor, ONE)
