"""Confirmations: one row for each received order, in their written order."""

from __future__ import annotations

from collections.abc import Sequence

from fundclear.reference.context import Day, Row
from fundclear.reference.dealing import Redemption, Subscription, Switch
from fundclear.reference.orders import Order

__all__ = ["RESULTS", "confirm"]

#: The columns that dealing fills; zero on every row that is not dealt, but for the refund of a rejection.
RESULTS = (
    "amount",
    "net",
    "fee",
    "back_end",
    "top_up_fee",
    "fee_to_fund",
    "fee_to_distributor",
    "fee_to_manager",
    "refund",
    "net_in",
    "price",
    "price_in",
    "units",
    "units_in",
    "rounding",
    "rounding_in",
)


def confirm(day: Day, orders: Sequence[Order]) -> list[Row]:
    """The table of confirmations."""
    rows = []
    for order in sorted(orders, key=lambda order: order.written(day)):
        status, reason, cause, refund = _fate(day, order)
        factor = day.cash_factor if order.is_subscription else day.unit_factor
        row = {
            "distributor": order.distributor,
            "order_id": order.order_id,
            "account": order.account,
            "transaction_account": order.transaction_account,
            "fund": order.fund,
            "charge": order.charge,
            "kind": order.kind,
            "target_fund": order.target_fund,
            "placed_at": order.placed_at,
            "since": order.since,
            "origin": order.origin,
            "on_gate": order.on_gate,
            "own_charge": order.own_charge,
            "own_charge_value": order.own_charge_value,
            "status": status,
            "reason": reason,
            "refund_cause": cause,
            "requested": order.quantity,
            "top_up": order.top_up * factor,
            "confirmed": order.confirmed * factor,
            "deferred": order.deferred * factor,
            "cancelled": order.cancelled * factor,
            **dict.fromkeys(RESULTS, 0),
            **_results(order),
        }
        row["refund"] += refund
        rows.append(row)
    return rows


def _fate(day: Day, order: Order) -> tuple[str, str, str, int]:
    """Status, reason, cause of a refund, and what of a rejected subscription goes back."""
    if order.reason == "late":
        return "carried", "late", "", 0
    if order.reason:
        if not order.is_subscription:
            return "rejected", order.reason, "", 0
        whole, rest = divmod(order.quantity, day.cash_factor)
        return "rejected", order.reason, order.reason, whole if rest == 0 and whole > 0 else 0
    if order.is_outgoing and order.accepted < order.requested_from_gate:
        reason = "gate"
    else:
        reason = "negative-income" if order.cut else ""
    cause = "whole-units" if getattr(order.dealt, "refund", 0) else ""
    if order.confirmed:
        return "part" if order.deferred + order.cancelled else "confirmed", reason, cause, 0
    return "deferred" if order.deferred else "cancelled", reason, cause, 0


def _results(order: Order) -> Row:
    dealt = order.dealt
    if isinstance(dealt, Subscription):
        return {
            "amount": order.confirmed,
            "net": dealt.invested,
            "fee": dealt.fee,
            "fee_to_distributor": dealt.fee_to_distributor,
            "fee_to_manager": dealt.fee_to_manager,
            "refund": dealt.refund,
            "units": dealt.units,
            "price": order.price,
            "rounding": dealt.rounding,
        }
    if isinstance(dealt, Redemption):
        return _redemption_columns(order, dealt)
    if isinstance(dealt, Switch):
        columns = _redemption_columns(order, dealt.out)
        columns["fee_to_distributor"] += dealt.top_up_to_distributor
        columns["fee_to_manager"] += dealt.top_up_to_manager
        return columns | {
            "top_up_fee": dealt.top_up_fee,
            "refund": dealt.refund,
            "net_in": dealt.net,
            "units_in": dealt.units_in,
            "price_in": order.price_in,
            "rounding_in": dealt.rounding_in,
        }
    return {}


def _redemption_columns(order: Order, dealt: Redemption) -> Row:
    return {
        "amount": dealt.gross_cash,
        "net": dealt.paid,
        "fee": dealt.fee,
        "back_end": dealt.back_end,
        "fee_to_fund": dealt.fee_to_fund,
        "fee_to_distributor": dealt.fee_to_distributor,
        "fee_to_manager": dealt.fee_to_manager,
        "units": order.confirmed,
        "price": order.price,
        "rounding": dealt.rounding,
    }
