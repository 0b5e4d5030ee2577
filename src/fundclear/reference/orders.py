"""Orders: which of them stand, which are late, which are refused and why, and what the others ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fundclear.errors import refuse
from fundclear.reference.context import CHARGES, NOT_PLACED, Day, PositionKey, Row
from fundclear.reference.dealing import Redemption, Subscription, Switch
from fundclear.reference.policy import ONE, Fund
from fundclear.reference.register import Book, Holding

__all__ = ["KINDS", "NewLot", "Order", "check_pending", "read_orders", "rule_out_duplicates", "validate"]

#: The kinds that are dealt, by their number; any other text is the last number's.
KINDS: Final = ("subscribe", "periodic", "redeem", "switch")
_ORIGINS: Final = ("new", "deferred", "carried")
_OWN_CHARGES: Final = ("", "discount", "rate", "fee", "several")

_OPEN_TO_SUBSCRIPTIONS: Final = 1
_OPEN_TO_REDEMPTIONS: Final = 2


@dataclass(frozen=True)
class NewLot:
    """Units that an order brings to a position."""

    confirmed: int
    units: int
    nav: int
    rate_paid: int


@dataclass
class Order:
    """An order as received, and what is decided about it on its way. Progress is in cash or units of the tables."""

    account: int
    transaction_account: int
    distributor: int
    order_id: int
    fund: int
    kind: str
    quantity: int
    placed_at: int
    target_fund: int | None
    on_gate: str
    charge: str
    own_charge: str
    own_charge_value: int
    since: int
    origin: str
    row: int
    #: Why the order is not dealt; ``late`` for one that is carried.
    reason: str = ""
    #: Cash or units at the table's scale, once they are known to be representable.
    asked: int = 0
    top_up: int = 0
    #: Units cancelled because negative income leaves less.
    cut: int = 0
    accepted: int = 0
    confirmed: int = 0
    deferred: int = 0
    cancelled: int = 0
    #: What dealing came to, the lots that it brings, and the prices, of the fund and of a switch's target.
    dealt: Subscription | Redemption | Switch | None = None
    new_lots: list[NewLot] = field(default_factory=list)
    price: int = 0
    price_in: int = 0

    @property
    def is_subscription(self) -> bool:
        """Whether the order carries cash."""
        return self.kind in ("subscribe", "periodic")

    @property
    def is_outgoing(self) -> bool:
        """Whether the order takes units out of its position."""
        return self.kind in ("redeem", "switch")

    @property
    def stands(self) -> bool:
        """Whether the order goes on."""
        return not self.reason

    @property
    def requested_from_gate(self) -> int:
        """The units that a gate sees: after top-up, and cut by negative income."""
        return self.asked + self.top_up - self.cut

    @property
    def position(self) -> PositionKey:
        """The key of the order's position."""
        return (self.account, self.transaction_account, self.distributor, self.fund, self.charge)

    @property
    def target_position(self) -> PositionKey:
        """The key of the position that a switch goes into."""
        assert self.target_fund is not None
        return (self.account, self.transaction_account, self.distributor, self.target_fund, self.charge)

    @property
    def canonical(self) -> tuple[int, int, int, int]:
        """The processing order wherever order matters."""
        return (self.since, self.placed_at, self.distributor, self.order_id)

    @property
    def is_back_end(self) -> bool:
        """Whether the order is of the back-end class."""
        return self.charge == "back"

    def content(self, day: Day) -> tuple[Any, ...]:
        """All that two copies of an order have in common, in the order that ties in writing are broken by."""
        return (
            self.transaction_account,
            CHARGES.index(self.charge) if self.charge in CHARGES else len(CHARGES),
            KINDS.index(self.kind) if self.kind in KINDS else len(KINDS),
            self.kind.encode(),
            self.quantity,
            day.fund_rank(self.target_fund),
            self.on_gate == "cancel",
            _OWN_CHARGES.index(self.own_charge),
            self.own_charge_value,
        )

    def written(self, day: Day) -> tuple[Any, ...]:
        """Where the order's confirmation stands among all; of identical copies the standing one first."""
        return (
            day.bucket(self.account),
            self.account,
            day.fund_rank(self.fund),
            self.since,
            self.placed_at,
            self.distributor,
            self.order_id,
            *self.content(day),
            _ORIGINS.index(self.origin),
            self.reason == "duplicate",
        )


def read_orders(day: Day, new: Sequence[Row], deferred: Sequence[Row]) -> list[Order]:
    """The orders of the day: today's, and those that yesterday deferred or carried."""
    orders = []
    for row, given in enumerate([*new, *deferred]):
        value = given.get("own_charge_value", 0)
        own_charge = given.get("own_charge", "")
        if value == 0 and own_charge != "several":
            own_charge = ""
        orders.append(
            Order(
                account=given["account"],
                transaction_account=given.get("transaction_account", 0),
                distributor=given.get("distributor", 0),
                order_id=given["order_id"],
                fund=given["fund"],
                kind=given["kind"],
                quantity=given["quantity"],
                placed_at=given.get("placed_at", NOT_PLACED),
                target_fund=given.get("target_fund"),
                on_gate=given.get("on_gate", "defer"),
                charge=given.get("charge", "front"),
                own_charge=own_charge,
                own_charge_value=value,
                since=given.get("since", day.date),
                origin=given.get("origin", "new"),
                row=row,
            )
        )
    return orders


def rule_out_duplicates(day: Day, orders: Sequence[Order]) -> None:
    """Of identical copies one stands; several contents under one id refuse each other; an open order goes first."""
    by_id = defaultdict[tuple[int, int], list[Order]](list)
    for order in orders:
        by_id[order.distributor, order.order_id].append(order)
    for same_id in by_id.values():
        new = [order for order in same_id if order.origin == "new"]
        open_ones = [order for order in same_id if order.origin != "new"]
        if len(open_ones) > 1:
            raise refuse("duplicate-order", argument="deferred", row=max(order.row for order in open_ones))
        contents = {(order.account, day.fund_rank(order.fund), order.placed_at, order.content(day)) for order in new}
        if open_ones:
            refused, reason = new, "duplicate"
        elif len(contents) > 1:
            refused, reason = new, "duplicate-conflict"
        else:
            refused, reason = new[1:], "duplicate"
        for order in refused:
            order.reason = reason


def validate(book: Book, orders: Sequence[Order]) -> None:
    """Check each order by itself, then the orders of each position one after the other; set top-ups and cuts."""
    day = book.day
    for order in orders:
        if order.stands:
            order.reason = _refusal(day, order)
    by_position = defaultdict[PositionKey, list[Order]](list)
    for order in sorted(orders, key=lambda order: order.canonical):
        if order.stands:
            by_position[order.position].append(order)
    for key, of_position in by_position.items():
        fund = day.fund(key[3])
        _limit_subscriptions(fund, [order for order in of_position if order.is_subscription])
        outgoing = [order for order in of_position if order.is_outgoing]
        holding = book.holdings.get(key, Holding(key))
        _limit_outgoing(fund, holding, outgoing)
        accepted = [order for order in outgoing if order.stands]
        if accepted:
            _top_up(fund, holding, accepted)
            _cap(holding, accepted)


def check_pending(book: Book, orders: Sequence[Order]) -> None:
    """The pending units of a position are those of its deferred orders."""
    deferred = defaultdict[PositionKey, int](int)
    for order in orders:
        if order.origin == "deferred" and order.is_outgoing:
            deferred[order.position] += order.quantity
    for row, (key, holding) in enumerate(book.holdings.items()):
        if deferred.pop(key, 0) != holding.pending_in * book.day.unit_factor:
            raise refuse("pending", argument="positions", row=row, value=str(holding.pending_in))
    if deferred:
        raise refuse("pending", argument="deferred", value=str(sum(deferred.values())))


def _refusal(day: Day, order: Order) -> str:
    """The first reason that holds against an order by itself; empty if none does."""
    return next(_refusals(day, order), "")


def _refusals(day: Day, order: Order) -> Iterator[str]:
    if order.kind not in KINDS:
        yield "unsupported-kind"
    if not day.knows(order.fund):
        yield "unknown-fund"
    fund, fund_day = day.fund(order.fund), day.day_of(order.fund)
    if order.origin == "new" and order.placed_at >= fund_day.cut_off:
        yield "late"
    if not fund_day.is_open(_OPEN_TO_SUBSCRIPTIONS if order.is_subscription else _OPEN_TO_REDEMPTIONS):
        yield "fund-closed"
    if order.quantity <= 0:
        yield "quantity-not-positive"
    factor, quantum = day.cash_factor, fund.cash_quantum
    if not order.is_subscription:
        factor, quantum = day.unit_factor, fund.unit_quantum
    if order.quantity % (factor * quantum):
        yield "quantity-precision"
    order.asked = order.quantity // factor
    if not _has_charge_class(day, order, fund):
        yield "charge-class"
    if not _own_charge_is_sound(day, order, fund):
        yield "own-charge"
    if order.kind == "switch":
        yield from _target_refusals(day, order, fund)


def _has_charge_class(day: Day, order: Order, fund: Fund) -> bool:
    classes = [fund]
    if order.kind == "switch" and order.target_fund is not None and day.knows(order.target_fund):
        classes.append(day.fund(order.target_fund))
    return order.charge == "front" or (order.charge == "back" and all(each.back_end for each in classes))


def _own_charge_is_sound(day: Day, order: Order, fund: Fund) -> bool:
    value = order.own_charge_value
    fee, rest = divmod(value * 10**day.policy.scales.cash, ONE)
    is_sound = {
        "": True,
        "several": False,
        "discount": 0 <= value <= ONE,
        "rate": 0 <= value < ONE,
        "fee": value >= 0 and rest == 0 and fee % fund.cash_quantum == 0 and fee < order.asked,
    }[order.own_charge]
    return is_sound and (not order.own_charge or order.is_subscription)


def _target_refusals(day: Day, order: Order, fund: Fund) -> Iterator[str]:
    target = order.target_fund
    if target is None or not day.knows(target) or target == order.fund:
        yield "unknown-target"
        return
    if day.fund(target).currency != fund.currency:
        yield "target-currency"
    if not day.day_of(target).is_open(_OPEN_TO_SUBSCRIPTIONS):
        yield "target-closed"


def _limit_subscriptions(fund: Fund, orders: Sequence[Order]) -> None:
    limits, subscribed = fund.limits, 0
    for order in orders:
        is_deferred = order.origin == "deferred"
        if not is_deferred and order.asked < limits.minimum_subscription:
            order.reason = "below-minimum"
        elif not is_deferred and order.asked > limits.maximum_subscription:
            order.reason = "above-maximum"
        elif not is_deferred and subscribed + order.asked > limits.maximum_subscription_day:
            order.reason = "day-limit"
        else:
            subscribed += order.asked


def _limit_outgoing(fund: Fund, holding: Holding, orders: Sequence[Order]) -> None:
    # Units that negative income takes are still there for the checks: the order is cut afterwards, not refused.
    limits, free, taken = fund.limits, _before_cut(holding) - holding.frozen, 0
    for order in orders:
        is_deferred = order.origin == "deferred"
        if order.asked > free:
            order.reason = "insufficient-units"
        elif not is_deferred and order.asked < limits.minimum_redemption and order.asked != free:
            order.reason = "below-minimum"
        elif not is_deferred and order.asked > limits.maximum_redemption:
            order.reason = "above-maximum"
        elif not is_deferred and taken + order.asked > limits.maximum_redemption_day:
            order.reason = "day-limit"
        else:
            free -= order.asked
            taken += order.asked


def _before_cut(holding: Holding) -> int:
    return holding.opening + holding.moved


def _top_up(fund: Fund, holding: Holding, accepted: Sequence[Order]) -> None:
    left = _before_cut(holding) - sum(order.asked for order in accepted)
    if 0 < left < fund.limits.minimum_holding:
        accepted[-1].top_up = max(0, left - holding.frozen)


def _cap(holding: Holding, accepted: Sequence[Order]) -> None:
    left = max(0, _before_cut(holding) - holding.frozen + min(0, holding.income_units))
    for order in accepted:
        dealt = min(order.asked + order.top_up, left)
        order.cut = order.asked + order.top_up - dealt
        left -= dealt
