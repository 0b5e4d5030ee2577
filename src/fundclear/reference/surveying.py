"""From valid orders to accepted ones and their prices: the survey at unswung NAV, the gates, the swing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy

from fundclear.errors import refuse
from fundclear.reference.arithmetic import LIMIT
from fundclear.reference.context import Day, Row
from fundclear.reference.dealing import (
    LotPart,
    redeem,
    subscription_fee,
    top_up,
    units_for_survey,
)
from fundclear.reference.gating import Request, accept, cut_of, limit_of, swing_direction, swung_price, trips
from fundclear.reference.orders import Order
from fundclear.reference.register import Book, Lot, take_first

__all__ = ["discounts_of", "gate", "lot_parts", "outgoing", "prices_of", "valid_subscriptions"]


def outgoing(orders: Sequence[Order]) -> list[Order]:
    """The valid redemptions and switches in canonical order."""
    return sorted((order for order in orders if order.stands and order.is_outgoing), key=lambda order: order.canonical)


def valid_subscriptions(orders: Sequence[Order]) -> list[Order]:
    """The subscriptions that are dealt."""
    return [order for order in orders if order.stands and order.is_subscription]


def lot_parts(day: Day, order: Order, lots: Sequence[Lot]) -> list[LotPart]:
    """What fees depend on, for units that are taken from lots."""
    confirmation = day.day_of(order.fund).confirmation
    return [LotPart(lot.units, lot.nav, confirmation - lot.confirmed, lot.reinvested, lot.rate_paid) for lot in lots]


def _as_if_dealt(book: Book, orders: Sequence[Order], *, accepted: bool) -> Iterator[tuple[Order, int, list[LotPart]]]:
    """Every outgoing order with its units and the lots they would come from; nothing is taken out of the register."""
    lots = {key: deepcopy(holding.lots) for key, holding in book.holdings.items()}
    for order in outgoing(orders):
        units = order.accepted if accepted else order.requested_from_gate
        taken = take_first(lots[order.position], units) if book.keeps_lots(order.position) else []
        yield order, units, lot_parts(book.day, order, taken)


def discounts_of(day: Day, order: Order) -> tuple[int, int]:
    """The factors of a switch's distributor on the front-end rates of both funds."""
    assert order.target_fund is not None
    return day.discount(order.fund, order.distributor), day.discount(order.target_fund, order.distributor)


def _transfer(day: Day, order: Order, units: int, lots: Sequence[LotPart]) -> tuple[int, int]:
    """What a switch transfers at the out fund's NAV, and what of it is left after the top-up fee."""
    assert order.target_fund is not None
    out, into = day.fund(order.fund), day.fund(order.target_fund)
    redemption = redeem(day.policy.scales, out, day.day_of(order.fund).nav, units, lots, back_end=order.is_back_end)
    if redemption.gross_cash > LIMIT and _must_be_known(day, order):
        raise refuse("overflow", argument="gross", row=order.row, value=str(redemption.gross_cash), scale=0)
    fee, _ = top_up(
        out,
        into,
        redemption.gross_cash,
        redemption.paid,
        lots,
        back_end=order.is_back_end,
        discounts=discounts_of(day, order),
    )
    return redemption.paid, redemption.paid - fee


def _must_be_known(day: Day, order: Order) -> bool:
    """Whether a gate or a swing of its target depends on what a switch brings."""
    assert order.target_fund is not None
    home, target = day.portfolio(order.fund), day.portfolio(order.target_fund)
    head = day.fund(target)
    return head.gate is not None or (head.swing is not None and home != target)


def _net_of_fee(day: Day, order: Order) -> int:
    """What a subscription invests before whole units are cut; nothing if the fee takes all."""
    fee, _ = subscription_fee(
        day.fund(order.fund),
        order.asked,
        own_charge=order.own_charge,
        own_value=order.own_charge_value,
        discount=day.discount(order.fund, order.distributor),
        back_end=order.is_back_end,
        scales=day.policy.scales,
    )
    return max(0, order.asked - fee)


# --- survey and gate -------------------------------------------------------------------------------------------------


def gate(book: Book, orders: Sequence[Order]) -> list[Row]:
    """Decide what of each outgoing order is accepted; for each portfolio what was decided on which figures.

    ``cut`` is where a limit's split was cut, if it was: remainder, order id and day.
    """
    day = book.day
    requested, subscribed, switched_in, outstanding = _survey(book, orders)
    table = []
    for head in sorted({day.portfolio(key) for key in day.fund_keys}):
        terms, fund_day = day.fund(head), day.day_of(head)
        mine = [order for order in outgoing(orders) if day.portfolio(order.fund) == head]
        asked = requested[head]
        tripped = terms.gate is not None and trips(
            terms.gate, outstanding[head], asked, subscribed[head], switched_in[head]
        )
        limit, decision = asked, ""
        oldest_first = False
        if tripped:
            assert terms.gate is not None
            decision = fund_day.decision or terms.gate.default or ""
            if not decision or (decision == "limit" and fund_day.figure % terms.unit_quantum):
                raise refuse("gate-decision", argument="days", value=str(head))
            figures = (fund_day.figure, outstanding[head], asked, subscribed[head], terms.unit_quantum)
            limit = limit_of(terms.gate, decision, *figures)
            oldest_first = terms.gate.oldest_first
        requests = [Request(o.requested_from_gate, o.since, (o.order_id, o.distributor)) for o in mine]
        shares = accept(limit, requests, oldest_first=oldest_first, unit_quantum=terms.unit_quantum)
        for order, share in zip(mine, shares, strict=True):
            order.accepted = share
        cut = cut_of(requests, shares, oldest_first=oldest_first, unit_quantum=terms.unit_quantum)
        table.append(
            {
                "portfolio": head,
                "outstanding": outstanding[head],
                "requested": asked,
                "subscribed": subscribed[head],
                "switched_in": switched_in[head],
                "tripped": tripped,
                "decision": decision,
                "limit": limit,
                "cut": cut and (cut[0], cut[1][0], cut[2] if oldest_first else day.date),
            }
        )
    return table


def _survey(book: Book, orders: Sequence[Order]) -> tuple[Counter[int], Counter[int], Counter[int], Counter[int]]:
    """By portfolio, at unswung NAV: units requested, subscribed and switched in, and units outstanding."""
    day, scales = book.day, book.day.policy.scales
    requested, subscribed, switched_in, outstanding = (Counter[int]() for _ in range(4))
    for holding in book.holdings.values():
        outstanding[day.portfolio(holding.key[3])] += holding.opening
    for order in valid_subscriptions(orders):
        fund, nav = day.fund(order.fund), day.day_of(order.fund).nav
        subscribed[day.portfolio(order.fund)] += units_for_survey(scales, fund, nav, _net_of_fee(day, order))
    for order, units, lots in _as_if_dealt(book, orders, accepted=False):
        requested[day.portfolio(order.fund)] += units
        if order.kind == "switch":
            assert order.target_fund is not None
            fund, nav = day.fund(order.target_fund), day.day_of(order.target_fund).nav
            _, net = _transfer(day, order, units, lots)
            head, bought = day.portfolio(order.target_fund), units_for_survey(scales, fund, nav, net)
            if bought > LIMIT and day.fund(head).gate is not None:
                raise refuse("overflow", argument="units_in", row=order.row, value=str(bought), scale=0)
            switched_in[head] += bought
    return requested, subscribed, switched_in, outstanding


# --- swing -----------------------------------------------------------------------------------------------------------


def prices_of(book: Book, orders: Sequence[Order]) -> dict[int, int]:
    """The dealing price of every fund: its NAV, swung where the accepted net flow of its portfolio says so."""
    day = book.day
    flow, assets = _net_flow(book, orders), Counter[int]()
    for holding in book.holdings.values():
        assets[day.portfolio(holding.key[3])] += holding.opening * day.day_of(holding.key[3]).nav
    prices = {}
    for key in day.fund_keys:
        head, nav = day.portfolio(key), day.day_of(key).nav
        swing = day.fund(head).swing
        if swing is None:
            prices[key] = nav
            continue
        direction = swing_direction(swing, flow[head], assets[head], day.day_of(head).swing)
        prices[key] = nav if direction == "none" else swung_price(day.fund(key), swing, nav, direction)
    return prices


def _net_flow(book: Book, orders: Sequence[Order]) -> Counter[int]:
    """Cash into each portfolio less cash out of it, at unswung NAV and the scale of units × price."""
    day, flow = book.day, Counter[int]()
    to_value = day.policy.scales.cash_to_value
    for order in valid_subscriptions(orders):
        flow[day.portfolio(order.fund)] += _net_of_fee(day, order) * to_value
    for order, units, lots in _as_if_dealt(book, orders, accepted=True):
        home = day.portfolio(order.fund)
        if order.kind == "switch":
            assert order.target_fund is not None
            target = day.portfolio(order.target_fund)
            if target == home:
                continue
            flow[target] += _transfer(day, order, units, lots)[0] * to_value
        flow[home] -= units * day.day_of(order.fund).nav
    return flow
