"""Some accounts of a day cleared again by themselves, with what was decided for the day as a whole.

What an account gets depends on others only through prices, through what a gate lets through, and through the splits of
income. Each split left one cut: who is before it got one unit of the last place more than his floor.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fundclear.reference.confirming import confirm
from fundclear.reference.context import Row, read_day
from fundclear.reference.earning import pay_income
from fundclear.reference.orders import Order, check_pending, read_orders, rule_out_duplicates, validate
from fundclear.reference.policy import Fund, Policy
from fundclear.reference.register import Book, Holding, apply_events, close_book, open_book
from fundclear.reference.settling import deal, write_register
from fundclear.reference.surveying import outgoing

__all__ = ["Decided", "Split", "clear_accounts"]


@dataclass(frozen=True)
class Split:
    """A total that was shared pro rata by largest remainder: over what, and where the remainders were cut.

    The shares of a gate are pro rata of quanta, those of income of units. ``remainder`` and ``key`` are those of the
    last that got one quantum more; ``None`` if nobody did.
    """

    total: int
    over: int
    quantum: int
    remainder: int | None = None
    key: int | None = None

    @classmethod
    def of_income(cls, amounts: Sequence[int], entitled: int, quantum: int, cut: tuple[int, int] | None) -> Split:
        """The income of some dates, shared at once over entitled units; ``cut`` is remainder and account."""
        return cls(sum(amounts), entitled, quantum, *(cut or (None, None)))

    @classmethod
    def of_gate(cls, limit: int, requested: int, quantum: int, cut: tuple[int, int] | None) -> Split:
        """The limit of a gate, shared over what was requested; ``cut`` is remainder and order id."""
        return cls(limit, requested // quantum, quantum, *(cut or (None, None)))

    def share(self, weight: int, key: int) -> int:
        """What a weight gets.

        Of 0.05 over 3 and 7 each has half a cent left, and the earlier takes it:

        >>> split = Split(5, 10, 1, remainder=5, key=0)
        >>> split.share(3, 0), split.share(7, 1)
        (2, 3)
        """
        if not self.total:
            return 0
        floor, remainder = divmod(abs(self.total) // self.quantum * weight, self.over)
        if self.remainder is not None and self.key is not None and (-remainder, key) <= (-self.remainder, self.key):
            floor += 1
        return floor * self.quantum * (1 if self.total > 0 else -1)


@dataclass(frozen=True)
class Decided:
    """What was decided for the day as a whole.

    Attributes:
        prices: the dealing price by fund.
        gates: by portfolio what its gate let through, if that was not all.
        incomes: by fund its splits of income, by rising date, or the one of all dates.
        given: what gates accepted of orders, by distributor and order id, where that is not one split.
    """

    prices: Mapping[int, int]
    gates: Mapping[int, Split]
    incomes: Mapping[int, Sequence[Split]]
    given: Mapping[tuple[int, int], int]


def clear_accounts(
    accounts: Collection[int],
    decided: Decided,
    *,
    rows: tuple[int, int],
    policy: Policy,
    orders: Sequence[Row],
    days: Sequence[Mapping[str, Any]],
    date: int,
    positions: Sequence[Row] = (),
    lots: Sequence[Row] = (),
    events: Sequence[Row] = (),
    deferred: Sequence[Row] = (),
    **others: Any,
) -> dict[str, list[Row]]:
    """The confirmations, positions and lots of some accounts.

    ``orders`` and ``deferred`` are those of the accounts, and the orders of others that have an id of theirs; the other
    tables are those of the accounts, and ``rows`` the numbers of orders and of positions of the whole day.
    """
    names = ("fund_keys", "quantity_scale", "discounts", "currencies", "clearing", "distributor_parties")
    named: dict[str, Any] = {name: others[name] for name in names}
    day = read_day(policy, days, date, rows, **named)
    received = read_orders(day, orders, deferred)
    rule_out_duplicates(day, received)
    received = [order for order in received if order.account in accounts]
    book = open_book(day, positions, lots)
    check_pending(book, received)
    apply_events(book, events)
    for fund, splits in decided.incomes.items():
        for holding in book.of_fund(fund):
            _earn(book, day.fund(fund), holding, splits)
    pay_income(book)
    validate(book, received)
    for order in outgoing(received):
        order.accepted = _accepted(book, order, decided)
    deal(book, received, decided.prices)
    write_register(book, received)
    closing, closing_lots = close_book(book)
    return {"confirmations": confirm(day, received), "positions": closing, "lots": closing_lots}


def _earn(book: Book, fund: Fund, holding: Holding, splits: Sequence[Split]) -> None:
    """Income by date: the units that a date's income buys earn the next date's."""
    assert fund.income is not None
    entitled = holding.entitled
    option = {1: "reinvest", 2: "cash"}.get(holding.dividend_option, fund.income.payment)
    for split in splits:
        earned = split.share(entitled, holding.key[0])
        holding.income += earned
        if fund.income.daily and earned > 0 and fund.income.payment != "unpaid" and option == "reinvest":
            entitled += int(book.day.policy.scales.units_of(earned))


def _accepted(book: Book, order: Order, decided: Decided) -> int:
    named = (order.distributor, order.order_id)
    if named in decided.given:
        return decided.given[named]
    split = decided.gates.get(book.day.portfolio(order.fund))
    asked = order.requested_from_gate
    return asked if split is None else split.share(asked // split.quantum, order.order_id)
