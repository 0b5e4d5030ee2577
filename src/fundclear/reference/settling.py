"""Dealing the accepted orders by lot, and writing what they bring into the register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy

from fundclear.errors import refuse
from fundclear.reference.allocation import allocate
from fundclear.reference.arithmetic import LIMIT
from fundclear.reference.context import Day
from fundclear.reference.dealing import Refused, Subscription, Switch, redeem, subscribe, switch
from fundclear.reference.orders import NewLot, Order
from fundclear.reference.register import Book, Holding, Lot, take_first
from fundclear.reference.surveying import discounts_of, lot_parts, outgoing, valid_subscriptions

__all__ = ["deal", "write_register"]


def deal(book: Book, orders: Sequence[Order], prices: Mapping[int, int]) -> None:
    """Deal every order that goes on; units and lots of redemptions and switches out leave their positions."""
    for order in outgoing(orders):
        _leave_over(book.day, order)
        book.holdings[order.position].pending += order.deferred
        if order.accepted:
            _deal_outgoing(book, order, prices)
    for order in valid_subscriptions(orders):
        _deal_subscription(book.day, order, prices)


def _leave_over(day: Day, order: Order) -> None:
    """What the gate does not accept is deferred or cancelled; what negative income took is cancelled."""
    rest = order.requested_from_gate - order.accepted
    gate_terms = day.fund(day.portfolio(order.fund)).gate
    can_defer = order.kind == "redeem" or (gate_terms is not None and gate_terms.defers_switches)
    order.deferred = rest if can_defer and order.on_gate != "cancel" else 0
    order.cancelled = rest - order.deferred + order.cut


def _deal_outgoing(book: Book, order: Order, prices: Mapping[int, int]) -> None:
    day, holding, units = book.day, book.holdings[order.position], order.accepted
    fund, price, scales = day.fund(order.fund), prices[order.fund], day.policy.scales
    lots = deepcopy(holding.lots)
    taken = take_first(lots, units) if book.keeps_lots(order.position) else []
    parts = lot_parts(day, order, taken)
    if order.kind == "redeem":
        order.dealt = redeem(scales, fund, price, units, parts, back_end=order.is_back_end)
    else:
        assert order.target_fund is not None
        into, price_in = day.fund(order.target_fund), prices[order.target_fund]
        factors = discounts_of(day, order)
        try:
            switched = switch(
                scales, fund, into, (price, price_in), units, parts, back_end=order.is_back_end, discounts=factors
            )
        except Refused as refused:
            _fail(order, refused.reason)
            return
        order.dealt, order.price_in = switched, price_in
        order.new_lots = _lots_of_switch(day, order, switched, taken)
    order.confirmed, order.price = units, price
    holding.lots = lots
    holding.units -= units
    holding.cancelled += units


def _fail(order: Order, reason: str) -> None:
    """Neither leg of a switch is dealt: it is rejected, or cancelled if a part of it has another fate already."""
    if order.deferred or order.cancelled:
        order.cancelled += order.accepted
    else:
        order.reason = reason
        order.top_up = 0


def _lots_of_switch(day: Day, order: Order, switched: Switch, taken: Sequence[Lot]) -> list[NewLot]:
    """One new lot, or one for each lot that was used up, with its date."""
    assert order.target_fund is not None
    dates, pieces = [day.day_of(order.target_fund).confirmation], [switched.units_in]
    into = day.fund(order.target_fund)
    if into.switches.keeps_dates and taken:
        if switched.units_in > LIMIT:
            raise refuse("overflow", argument="units_in", row=order.row, value=str(switched.units_in), scale=0)
        shares, _ = allocate(switched.units_in // into.unit_quantum, [lot.units for lot in taken])
        dates, pieces = [lot.confirmed for lot in taken], [share * into.unit_quantum for share in shares]
    rate = 0 if order.is_back_end else switched.rate_in
    return [NewLot(date, units, order.price_in, rate) for date, units in zip(dates, pieces, strict=True) if units]


def _deal_subscription(day: Day, order: Order, prices: Mapping[int, int]) -> None:
    price = prices[order.fund]
    try:
        dealt = subscribe(
            day.policy.scales,
            day.fund(order.fund),
            price,
            order.asked,
            own_charge=order.own_charge,
            own_value=order.own_charge_value,
            discount=day.discount(order.fund, order.distributor),
            back_end=order.is_back_end,
        )
    except Refused as refused:
        order.reason = refused.reason
        return
    order.dealt, order.price, order.confirmed = dealt, price, order.asked
    order.new_lots = [NewLot(day.day_of(order.fund).confirmation, dealt.units, price, dealt.rate_paid)]


def write_register(book: Book, orders: Sequence[Order]) -> None:
    """Add what income and orders bring, income first and orders in canonical order; pay out what is left unpaid."""
    for key, holding in book.holdings.items():
        if holding.income_units > 0:
            holding.units += holding.income_units
            if book.keeps_lots(key):
                par = int(10**book.day.policy.scales.nav)
                holding.add_lot(book.day.day_of(key[3]).confirmation, holding.income_units, par, reinvested=True)
    for order in sorted(orders, key=lambda order: order.canonical):
        _issue(book, order)
    for holding in book.holdings.values():
        _pay_the_rest(holding)


def _issue(book: Book, order: Order) -> None:
    if isinstance(order.dealt, Subscription):
        holding, units = book.at(order.position), order.dealt.units
    elif isinstance(order.dealt, Switch):
        holding, units = book.at(order.target_position), order.dealt.units_in
    else:
        return
    holding.units += units
    holding.issued += units
    if book.keeps_lots(holding.key):
        for lot in order.new_lots:
            holding.add_lot(lot.confirmed, lot.units, lot.nav, lot.rate_paid)


def _pay_the_rest(holding: Holding) -> None:
    """A position without units is paid its unpaid income; what it owes stays."""
    if holding.units == 0 and holding.unpaid > 0:
        holding.income_cash += holding.unpaid
        holding.unpaid = 0
