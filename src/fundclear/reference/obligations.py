"""Obligations that a day gives rise to, those that it settles, and the netting of all that are open."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from fundclear.reference.context import Day, Row
from fundclear.reference.dealing import Redemption, Subscription, Switch
from fundclear.reference.netting import Obligation, net_obligations
from fundclear.reference.orders import Order
from fundclear.reference.register import Book

__all__ = ["new_obligations", "settle", "split_open"]

#: The columns of an obligation, which is also how obligations are sorted.
COLUMNS: Final = (
    "dealing_date",
    "value_date",
    "currency",
    "netting_set",
    "fund",
    "purpose",
    "payer",
    "payee",
    "amount",
)


def new_obligations(book: Book, orders: Sequence[Order]) -> list[Row]:
    """What dealing and income owe, all of it to or by the clearing account.

    One row for each fund, purpose, pair of parties and value date.
    """
    day, totals = book.day, Counter[tuple[int, str, str, str, int]]()
    for order in orders:
        for fund, purpose, payer, payee, direction, amount in _terms(day, order):
            # The value date of a switch is that of the fund it leaves, on both sides.
            value_date = day.day_of(order.fund).value_dates[direction]
            totals[fund, purpose, payer, payee, value_date] += amount
    for holding in book.holdings.values():
        _, _, distributor, fund, _ = holding.key
        if holding.income_cash:
            fund_day = day.day_of(fund)
            value_date = fund_day.value_dates["income"]
            totals[fund, "income", fund_day.custody, day.clearing, value_date] += holding.income_cash
            totals[fund, "income", day.clearing, day.party(distributor), value_date] += holding.income_cash
    rows = [_row(day, key, amount) for key, amount in totals.items() if amount > 0]
    return sorted(rows, key=_written)


def _written(row: Row) -> tuple[Any, ...]:
    """Where an obligation stands among all."""
    return tuple(row[column] for column in COLUMNS)


def _row(day: Day, key: tuple[int, str, str, str, int], amount: int) -> Row:
    fund, purpose, payer, payee, value_date = key
    return {
        "dealing_date": day.date,
        "value_date": value_date,
        "currency": day.currency(fund),
        "netting_set": day.day_of(fund).netting_set,
        "fund": fund,
        "purpose": purpose,
        "payer": payer,
        "payee": payee,
        "amount": amount,
    }


def _terms(day: Day, order: Order) -> Iterator[tuple[int, str, str, str, str, int]]:
    """Fund, purpose, payer, payee, direction and amount of all that a dealt order owes."""
    dealt, clearing, distributor, fund = order.dealt, day.clearing, day.party(order.distributor), order.fund
    if isinstance(dealt, Subscription):
        home = day.day_of(fund)
        paid_in = dealt.invested + dealt.fee
        yield fund, "subscription", distributor, clearing, "subscription", paid_in
        yield fund, "subscription", clearing, home.custody, "subscription", dealt.invested
        yield fund, "fee", clearing, distributor, "subscription", dealt.fee_to_distributor
        yield fund, "fee", clearing, home.manager, "subscription", dealt.fee_to_manager
    elif isinstance(dealt, Redemption):
        yield from _out_terms(day, order, dealt, "redemption")
        yield fund, "redemption", clearing, distributor, "redemption", dealt.paid
    elif isinstance(dealt, Switch):
        assert order.target_fund is not None
        target, goal = order.target_fund, day.day_of(order.target_fund)
        yield from _out_terms(day, order, dealt.out, "switch")
        yield target, "switch", clearing, goal.custody, "switch", dealt.net
        yield target, "fee", clearing, distributor, "switch", dealt.top_up_to_distributor
        yield target, "fee", clearing, goal.manager, "switch", dealt.top_up_to_manager
        yield target, "refund", clearing, distributor, "switch", dealt.refund


def _out_terms(
    day: Day, order: Order, dealt: Redemption, direction: str
) -> Iterator[tuple[int, str, str, str, str, int]]:
    home = day.day_of(order.fund)
    leaves_the_fund = dealt.paid + dealt.back_end + dealt.fee - dealt.fee_to_fund
    yield order.fund, direction, home.custody, day.clearing, direction, leaves_the_fund
    yield order.fund, "fee", day.clearing, day.party(order.distributor), direction, dealt.fee_to_distributor
    yield order.fund, "fee", day.clearing, home.manager, direction, dealt.fee_to_manager


def split_open(obligations: Sequence[Row], date: int) -> tuple[list[Row], list[Row]]:
    """The obligations that the day settles, whose value date has come, and those that stay open, sorted."""
    ordered = sorted(obligations, key=_written)
    settled = [row for row in ordered if row["value_date"] <= date]
    return settled, [row for row in ordered if row["value_date"] > date]


def settle(obligations: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Positions and payments by currency, value date and netting set, over obligations of all dealing days."""
    groups = defaultdict[tuple[Any, ...], list[Mapping[str, Any]]](list)
    for row in obligations:
        groups[row["currency"], row["value_date"], row["netting_set"]].append(row)
    settlement, payments = [], []
    for group in sorted(groups):
        named = dict(zip(("currency", "value_date", "netting_set"), group, strict=True))
        owed = [Obligation(row["payer"], row["payee"], row["amount"]) for row in groups[group]]
        positions, legs = net_obligations(owed)
        settlement += [
            named | {"party": each.party, "receives": each.receives, "pays": each.pays, "net": each.net}
            for each in positions
        ]
        legs.sort(key=lambda leg: (leg.payer, leg.payee))
        payments += [named | {"payer": leg.payer, "payee": leg.payee, "amount": leg.amount} for leg in legs]
    return settlement, payments
