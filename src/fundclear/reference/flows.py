"""Flows: what the dealt orders and the income of a fund come to, by distributor and kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from fundclear.reference.context import Row
from fundclear.reference.dealing import Redemption, Subscription, Switch
from fundclear.reference.orders import Order
from fundclear.reference.register import Book

__all__ = ["FLOW_KINDS", "flows_of"]

#: The kinds of flows in their written order.
FLOW_KINDS: Final = ("subscription", "redemption", "switch_out", "switch_in", "income")

_COLUMNS: Final = (
    "orders",
    "amount",
    "net",
    "units",
    "fee",
    "back_end",
    "top_up_fee",
    "fee_to_fund",
    "fee_to_distributor",
    "fee_to_manager",
    "refund",
    "unpaid",
    "rounding",
)


def flows_of(book: Book, orders: Sequence[Order]) -> list[Row]:
    """The table of flows: fund, distributor and kind, ascending; no row that is all zero."""
    totals = defaultdict[tuple[int, int, str], Counter[str]](Counter)
    for order in orders:
        for fund, kind, figures in _legs(order):
            totals[fund, order.distributor, kind].update(figures)
    for holding in book.holdings.values():
        _, _, distributor, fund, _ = holding.key
        totals[fund, distributor, "income"].update(
            amount=holding.income,
            net=holding.income_cash,
            units=holding.income_units,
            unpaid=holding.unpaid - holding.unpaid_in,
        )
    rows = []
    for fund, distributor, kind in sorted(totals, key=lambda key: (key[0], key[1], FLOW_KINDS.index(key[2]))):
        figures = totals[fund, distributor, kind]
        if any(figures.values()):
            named = {"fund": fund, "distributor": distributor, "kind": kind}
            rows.append(named | {column: figures[column] for column in _COLUMNS})
    return rows


def _legs(order: Order) -> Iterator[tuple[int, str, dict[str, int]]]:
    """Fund, kind and figures of each leg of a dealt order."""
    dealt = order.dealt
    if isinstance(dealt, Subscription):
        yield (
            order.fund,
            "subscription",
            {
                "orders": 1,
                "amount": order.confirmed,
                "net": dealt.invested,
                "units": dealt.units,
                "fee": dealt.fee,
                "fee_to_distributor": dealt.fee_to_distributor,
                "fee_to_manager": dealt.fee_to_manager,
                "refund": dealt.refund,
                "rounding": dealt.rounding,
            },
        )
    elif isinstance(dealt, Redemption):
        yield order.fund, "redemption", _out(order, dealt)
    elif isinstance(dealt, Switch):
        assert order.target_fund is not None
        yield order.fund, "switch_out", _out(order, dealt.out)
        yield (
            order.target_fund,
            "switch_in",
            {
                "orders": 1,
                "amount": dealt.net,
                "net": dealt.net,
                "units": dealt.units_in,
                "top_up_fee": dealt.top_up_fee,
                "fee_to_distributor": dealt.top_up_to_distributor,
                "fee_to_manager": dealt.top_up_to_manager,
                "refund": dealt.refund,
                "rounding": dealt.rounding_in,
            },
        )


def _out(order: Order, dealt: Redemption) -> dict[str, int]:
    return {
        "orders": 1,
        "amount": dealt.gross_cash,
        "net": dealt.paid,
        "units": order.confirmed,
        "fee": dealt.fee,
        "back_end": dealt.back_end,
        "fee_to_fund": dealt.fee_to_fund,
        "fee_to_distributor": dealt.fee_to_distributor,
        "fee_to_manager": dealt.fee_to_manager,
        "rounding": dealt.rounding,
    }
