"""Validation by itself: which orders a day would deal, before there is a price to deal them at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date
from typing import Any

from fundclear import _kernel
from fundclear.amounts import Amounts, ArrowStream
from fundclear.columns import Labels
from fundclear.fixed import _make
from fundclear.intake import Given, take_in
from fundclear.outcome import Names, dates_of, identified
from fundclear.reasons import STATUSES, reason_names
from fundclear.table import Table
from fundclear.tables import Confirmations, Events, FundDays, Lots, Orders, Positions, taken
from fundclear.terms import Terms

__all__ = ["validate"]

# An order that goes on has no status yet.
_STATUSES = ("", *STATUSES[1:])


def validate(
    orders: Orders | ArrowStream,
    *,
    terms: Terms,
    date: str | Date,
    prices: Mapping[Any, Amounts] | None = None,
    positions: Positions | ArrowStream | None = None,
    lots: Lots | ArrowStream | None = None,
    income: Mapping[Any, Any] | None = None,
    deferred: Confirmations | ArrowStream | None = None,
    events: Events | ArrowStream | None = None,
    days: FundDays | ArrowStream | None = None,
    threads: int | None = None,
) -> Table:
    """Rules about every order of a day, and stops before the gate: duplicates, limits, free units, top-ups.

    Register events and the day's income come first, as in :func:`clear`. No price is needed: whether an order gets any
    unit, or less cash than its fee, is known only when it is dealt.

    Args:
        orders: the orders received so far.
        terms: the policies of the funds.
        date: the dealing day.
        prices: the net asset values, if they are known; nothing of the result depends on them.
        positions: the register at the opening. Redemptions, switches and income need it.
        lots: the lots at the opening, for funds that keep lots.
        income: by fund, the day's income.
        deferred: what :attr:`Clearing.deferred` of the day before holds.
        events: freezes, transfers and other events of the register.
        days: the day's inputs as a table, instead of ``prices``: its status closes funds.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Returns:
        A table with a row for every order, in the order of a day's confirmations. It says who sent it, for which
        position, ``kind``, ``target_fund``, ``since``, ``origin``, ``status`` (``rejected``, ``carried`` for a late
        one, empty if it goes on), ``reason``, ``requested``, ``top_up`` (units added to clear a small rest),
        ``cancelled`` (units that negative income takes away) and ``quantity``, which goes on as cash to be dealt or
        units to the gate. Quantities have the scale of the day's confirmations.

    Raises:
        InputError: what :func:`clear` refuses of these tables (``positions-needed``, ``pending``, ``lots`` and others).

    Source: the acceptance rules of open-end fund contracts, and the order checks of transfer agents in China.

    >>> import fundclear as fc
    >>> terms = fc.Terms([fc.Fund("000198", currency="CNY", minimum_subscription="10.00", minimum_holding="5.00")])
    >>> held = fc.Positions(account=[7], fund="000198", units=["100.00"])
    >>> orders = fc.Orders(account=[7, 7, 9], fund="000198", kind=["redeem", "redeem", "subscribe"],
    ...                    quantity=["60.00", "38.00", "9.99"], order_id=[1, 2, 3])
    >>> ruled = fc.validate(orders, terms=terms, positions=held, date="2017-04-27")
    >>> for row in ruled.rows():
    ...     print(row["order_id"], row["status"] or "goes on", row["reason"], row["top_up"], row["quantity"])
    1 goes on  0.00 60.00
    2 goes on  2.00 40.00
    3 rejected below-minimum 0.00 0.00
    """
    day = date if isinstance(date, Date) else Date.fromisoformat(date)
    given = Given(
        orders=taken(Orders, orders),
        deferred=None if deferred is None else taken(Confirmations, deferred),
        positions=None if positions is None else taken(Positions, positions),
        lots=None if lots is None else taken(Lots, lots),
        events=None if events is None else taken(Events, events),
        obligations=None,
    )
    table = None if days is None else taken(FundDays, days)
    if prices is None and table is None:
        prices = dict.fromkeys(terms.ids, "1")
    intake = take_in(given, terms, day, prices=prices, income=income, decisions=None, days=table)
    raw, funds, distributors = _kernel.validate(
        terms.compiled,
        intake.tables,
        intake.fund_days,
        intake.incomes,
        intake.discounts,
        intake.fund_keys,
        [str(fund) for fund in terms.ids],
        (day - Date(1970, 1, 1)).days,
        intake.quantity_scale,
        threads,
    )
    names = Names.of(intake, terms, funds, distributors)
    made = identified(raw, names) | {
        "order_id": intake.order_ids.restore(raw["order_id"]),
        "target_fund": names.fund_column(raw["target_fund"]),
        "charge": Labels.from_codes(raw["charge"], ("front", "back", "other")),
        "kind": Labels.from_codes(raw["kind"], intake.kinds),
        "since": dates_of(raw["since"]),
        "origin": Labels.from_codes(raw["origin"], ("new", "deferred", "carried")),
        "status": Labels.from_codes(raw["status"], _STATUSES),
        "reason": Labels.from_codes(raw["reason"], reason_names()),
    }
    made |= {name: _make(raw[name], intake.quantity_scale) for name in ("requested", "top_up", "cancelled", "quantity")}
    return Table({name: made[name] for name in raw})
