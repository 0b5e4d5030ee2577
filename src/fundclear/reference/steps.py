"""Steps of a day by themselves, on the same plain rows: validation, register events, settlement and postings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fundclear.reference import obligations as of_obligations
from fundclear.reference.context import Day, Row, read_day
from fundclear.reference.earning import distribute_day, pay_income
from fundclear.reference.ledger import post as post_day
from fundclear.reference.orders import KINDS, Order, check_pending, read_orders, rule_out_duplicates
from fundclear.reference.orders import validate as rule
from fundclear.reference.policy import Policy
from fundclear.reference.register import apply_events as apply_to
from fundclear.reference.register import close_book, open_book

__all__ = ["apply_events", "post", "settle", "validate"]


def validate(
    orders: Sequence[Row],
    *,
    policy: Policy,
    days: Sequence[Mapping[str, Any]],
    date: int,
    positions: Sequence[Row] = (),
    lots: Sequence[Row] = (),
    events: Sequence[Row] = (),
    deferred: Sequence[Row] = (),
    incomes: Sequence[Row] = (),
    fund_keys: Sequence[int] | None = None,
    quantity_scale: int | None = None,
) -> list[Row]:
    """What is ruled about each order before the gate, in the order of confirmations; see :func:`fundclear.validate`."""
    day = _day(policy, days, date, (len(orders) + len(deferred), len(positions)), fund_keys, quantity_scale)
    received = read_orders(day, orders, deferred)
    rule_out_duplicates(day, received)
    book = open_book(day, positions, lots)
    check_pending(book, received)
    apply_to(book, events)
    distribute_day(book, incomes)
    pay_income(book)
    rule(book, received)
    return [_ruled(day, order) for order in sorted(received, key=lambda order: order.written(day))]


def _ruled(day: Day, order: Order) -> Row:
    names = ("distributor", "order_id", "account", "transaction_account", "fund", "charge", "kind", "target_fund")
    row: Row = {name: getattr(order, name) for name in (*names, "since", "origin")}
    factor = day.cash_factor if order.is_subscription else day.unit_factor
    status = "carried" if order.reason == "late" else "rejected" if order.reason else ""
    goes_on = order.kind in KINDS and order.stands
    return row | {
        "status": status,
        "reason": order.reason,
        "requested": order.quantity,
        "top_up": order.top_up * factor if goes_on else 0,
        "cancelled": order.cut * factor if goes_on else 0,
        "quantity": order.requested_from_gate * factor if goes_on else 0,
    }


def apply_events(
    positions: Sequence[Row],
    events: Sequence[Row],
    *,
    policy: Policy,
    days: Sequence[Mapping[str, Any]],
    date: int,
    lots: Sequence[Row] = (),
    fund_keys: Sequence[int] | None = None,
) -> tuple[list[Row], list[Row], list[Row]]:
    """Positions and lots after the events, and the events with what became of them."""
    day = _day(policy, days, date, (0, len(positions)), fund_keys, None)
    book = open_book(day, positions, lots)
    ruled, _ = apply_to(book, events)
    for holding in book.holdings.values():
        holding.pending = holding.pending_in
    return *close_book(book), ruled


def settle(obligations: Sequence[Row], *, date: int) -> tuple[list[Row], list[Row], list[Row], list[Row]]:
    """Settlement, payments, the obligations that are settled, and those that stay open.

    >>> owed = {"dealing_date": 0, "value_date": 1, "currency": "CNY", "netting_set": "", "fund": 1, "purpose": "fee",
    ...         "payer": "a", "payee": "b", "amount": 5}
    >>> positions, payments, settled, still_open = settle([owed], date=1)
    >>> [row["net"] for row in positions], payments[0]["amount"], len(settled), len(still_open)
    ([-5, 5], 5, 1, 0)
    """
    return *of_obligations.settle(obligations), *of_obligations.split_open(obligations, date)


def post(
    flows: Sequence[Row],
    *,
    policy: Policy,
    days: Sequence[Mapping[str, Any]],
    date: int,
    events: Sequence[Row] = (),
    settled: Sequence[Row] = (),
    fund_keys: Sequence[int] | None = None,
    currencies: Sequence[str] = (),
) -> list[Row]:
    """The postings of flows, of the events that happened and of settled obligations."""
    day = _day(policy, days, date, (0, 0), fund_keys, None, currencies)
    words = {"forced_credit": "credit", "forced_debit": "debit", "transfer": "transfer", "custody": "transfer"}
    moved = Counter[tuple[str, int]]()
    for event in events:
        if event["status"] == "confirmed" and event["kind"] in words:
            moved[words[event["kind"]], event["fund"]] += event["units"]
    return post_day(day, flows, moved, settled)


def _day(
    policy: Policy,
    days: Sequence[Mapping[str, Any]],
    date: int,
    rows: tuple[int, int],
    fund_keys: Sequence[int] | None,
    quantity_scale: int | None,
    currencies: Sequence[str] = (),
) -> Day:
    return read_day(
        policy,
        days,
        date,
        rows,
        fund_keys=fund_keys,
        quantity_scale=quantity_scale,
        discounts={},
        currencies=currencies,
        clearing="",
        distributor_parties={},
    )
