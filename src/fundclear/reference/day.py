"""A whole clearing day, step by step, on lists of plain rows of whole numbers.

Money stands at the table's scales, dates in days and instants in microseconds since 1970, identifiers are whole
numbers (keys), names are texts. What a row may leave out has the value in brackets.

* **order** (today's ``orders``; ``deferred`` are those that yesterday deferred or carried): account,
  transaction_account [0], distributor [0], order_id, fund, kind (``subscribe``, ``periodic``, ``redeem``, ``switch``;
  any other is refused), quantity (cash or units at the quantity scale), placed_at [unknown], target_fund [None],
  on_gate [``defer``] or ``cancel``, charge [``front``] or ``back``, own_charge [``""``], ``discount``, ``rate``,
  ``fee`` or ``several``, own_charge_value [0] at eight places, since [the date],
  origin [``new``], ``deferred`` or ``carried``.
* **fund day** (one for each fund of the policy): nav, confirmation, status [3] (1 subscriptions, 2 redemptions open),
  cut_off [none], decision [None] (``accept_all``, ``limit`` or (``limit``, figure)) and swing [None] (``up``, ``down``,
  ``none``) for the head of a portfolio, pays_out [False], value_dates by direction (subscription, redemption, switch,
  income), custody, manager and netting_set as texts.
* **position**: account, transaction_account [0], distributor [0], fund, charge [``front``], units, frozen [0], pending
  [0], unpaid [0], entitled [units], dividend_option [0] (1 reinvest, 2 cash). **lot**: the same key, number, confirmed,
  units, nav, rate_paid, reinvested.
* **event**: event_id, distributor [0], placed_at [unknown], kind, the key of a position, units, and for transfers
  to_account, to_transaction_account, to_distributor [0]; option for dividend options.
* **income**: fund, date, amount. **obligation**: the columns of the table of obligations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fundclear.errors import refuse
from fundclear.reference.arithmetic import LIMIT
from fundclear.reference.confirming import confirm
from fundclear.reference.context import Row, read_day
from fundclear.reference.earning import distribute_day, pay_income
from fundclear.reference.flows import flows_of
from fundclear.reference.ledger import post
from fundclear.reference.obligations import new_obligations, settle, split_open
from fundclear.reference.orders import check_pending, read_orders, rule_out_duplicates, validate
from fundclear.reference.policy import Policy
from fundclear.reference.register import apply_events, close_book, open_book
from fundclear.reference.settling import deal, write_register
from fundclear.reference.surveying import gate, prices_of

__all__ = ["clear"]


def clear(
    orders: Sequence[Row],
    *,
    policy: Policy,
    days: Sequence[Mapping[str, Any]],
    date: int,
    positions: Sequence[Row] = (),
    lots: Sequence[Row] = (),
    events: Sequence[Row] = (),
    deferred: Sequence[Row] = (),
    obligations: Sequence[Row] = (),
    incomes: Sequence[Row] = (),
    discounts: Mapping[tuple[int, int], int] | None = None,
    fund_keys: Sequence[int] | None = None,
    quantity_scale: int | None = None,
    currencies: Sequence[str] = (),
    clearing: str = "clearing",
    distributor_parties: Mapping[int, str] | None = None,
) -> dict[str, list[Row]]:
    """Clear a dealing day; the tables by name, each in its written order. The module's page says what rows hold.

    Besides the tables that a day publishes there are ``gates``, what was decided for each portfolio on which figures,
    ``new_obligations``, those of the day's own dealing, and ``prices``.
    """
    # 0: open.
    day = read_day(
        policy,
        days,
        date,
        (len(orders) + len(deferred), len(positions)),
        fund_keys=fund_keys,
        quantity_scale=quantity_scale,
        discounts=discounts or {},
        currencies=currencies,
        clearing=clearing,
        distributor_parties=distributor_parties or {},
    )
    received = read_orders(day, orders, deferred)
    # 1: each order once.
    rule_out_duplicates(day, received)
    book = open_book(day, positions, lots)
    check_pending(book, received)
    # 2: register events. 3: income.
    event_table, moved = apply_events(book, events)
    income_table = distribute_day(book, incomes)
    pay_income(book)
    # 4: validate. 5 and 6: survey and gate. 7: swing.
    validate(book, received)
    gates = gate(book, received)
    prices = prices_of(book, received)
    # 8: deal. 9: register.
    deal(book, received, prices)
    write_register(book, received)
    position_table, lot_table = close_book(book)
    # 10: obligations. 11: postings.
    flows = flows_of(book, received)
    new = new_obligations(book, received)
    owed = [*obligations, *new]
    _check_digits({"obligations": owed})
    settled, still_open = split_open(owed, date)
    settlement, payments = settle(owed)
    tables = {
        "confirmations": confirm(day, received),
        "positions": position_table,
        "lots": lot_table,
        "flows": flows,
        "settlement": settlement,
        "payments": payments,
        "obligations": still_open,
        "postings": post(day, flows, moved, settled),
        "income": income_table,
    }
    _check_digits(tables)
    return tables | {
        "events": event_table,
        "gates": gates,
        "new_obligations": new,
        "prices": [{"fund": fund, "nav": day.day_of(fund).nav, "price": price} for fund, price in prices.items()],
    }


#: Columns of whole numbers that are no figures.
_IDENTIFIERS: Final = (
    "account",
    "transaction_account",
    "distributor",
    "fund",
    "order_id",
    "target_fund",
    "placed_at",
    "cut_remainder",
    "cut_account",
)


def _check_digits(tables: Mapping[str, Sequence[Row]]) -> None:
    """No figure that a day publishes has more than 18 digits."""
    for name, rows in tables.items():
        for number, row in enumerate(rows):
            for column, value in row.items():
                if column not in _IDENTIFIERS and isinstance(value, int) and abs(value) > LIMIT:
                    raise refuse("overflow", argument=f"{name}.{column}", row=number, value=str(value), scale=0)
