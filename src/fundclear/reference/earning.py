"""A day's income: what each position gets, and what that adds to its units, its cash and its unpaid income."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from fundclear.errors import refuse
from fundclear.reference.arithmetic import LIMIT, round_fraction
from fundclear.reference.context import Day, Row
from fundclear.reference.income import distribute, income_per_10k
from fundclear.reference.policy import Fund, IncomePolicy, to_quantum
from fundclear.reference.register import Book, Holding, take_last
from fundclear.rounding import Rounding

__all__ = ["distribute_day", "pay_income"]

_OPTIONS: Final = {1: "reinvest", 2: "cash"}


def distribute_day(book: Book, incomes: Sequence[Row]) -> list[Row]:
    """Share out the income of every fund and date over the entitled units; the table of income."""
    by_fund = defaultdict[int, dict[int, int]](dict)
    for row, income in enumerate(incomes):
        fund, date = income["fund"], income["date"]
        if not book.day.knows(fund) or book.day.fund(fund).income is None or date in by_fund[fund]:
            raise refuse("argument", argument="incomes", row=row, value=str(fund), why="no policy, or twice")
        by_fund[fund][date] = income["amount"]
    table = []
    for fund in sorted(by_fund):
        policy = book.day.fund(fund).income
        assert policy is not None
        holdings = sorted(book.of_fund(fund), key=_tie)
        spread = _date_by_date if policy.daily else _in_one_sum
        if abs(total := sum(by_fund[fund].values())) > LIMIT:
            raise refuse("overflow", argument="incomes", value=str(total), scale=0)
        table += spread(book.day, fund, holdings, sorted(by_fund[fund].items()))
    return table


def _tie(holding: Holding) -> tuple[int, int, int, str]:
    account, transaction_account, distributor, _, charge = holding.key
    # The front-end class goes before the back-end class, which their names do not.
    return (account, transaction_account, distributor, {"front": "0", "back": "1"}[charge])


def _in_one_sum(day: Day, fund: int, holdings: list[Holding], dates: list[tuple[int, int]]) -> list[Row]:
    total = sum(amount for _, amount in dates)
    rows = []
    for date, amount in dates:
        share = total if date == dates[-1][0] else 0
        entitled = [holding.entitled for holding in holdings]
        rows.append(_share(day, fund, holdings, entitled, date, amount, share))
    return rows


def _date_by_date(day: Day, fund: int, holdings: list[Holding], dates: list[tuple[int, int]]) -> list[Row]:
    terms = day.fund(fund)
    assert terms.income is not None
    entitled = [holding.entitled for holding in holdings]
    rows = []
    for date, amount in dates:
        before = [holding.income for holding in holdings]
        rows.append(_share(day, fund, holdings, entitled, date, amount, amount))
        for row, holding in enumerate(holdings):
            earned = holding.income - before[row]
            if earned > 0 and terms.income.payment != "unpaid" and _way(terms.income, holding) == "reinvest":
                entitled[row] += _units_of(day, earned)
                if entitled[row] > LIMIT:
                    raise refuse("overflow", argument="entitled", value=str(entitled[row]), scale=0)
    return rows


def _share(
    day: Day, fund: int, holdings: list[Holding], entitled: list[int], date: int, amount: int, total: int
) -> Row:
    """Share out ``total``, which is the income of the date or of all dates at once, and describe the date's income."""
    terms, scales = day.fund(fund), day.policy.scales
    assert terms.income is not None
    keys = [_tie(holding) for holding in holdings]
    residue = terms.income.keeps_residue
    spread = distribute(total, entitled, account=keys, quantum=terms.cash_quantum, keeps_residue=residue)
    for holding, share in zip(holdings, spread.shares, strict=True):
        holding.income += share
    units = sum(entitled)
    per_10k = 0
    if units:
        per_10k = income_per_10k(amount, units, cash_scale=scales.cash, unit_scale=scales.units)
        if abs(per_10k) > LIMIT:
            raise refuse("overflow", argument="per_10k", value=str(per_10k), scale=4)
    elif amount:
        raise refuse("income-units", argument="incomes", value=str(amount))
    return {
        "fund": fund,
        "date": date,
        "income": amount,
        "entitled": units,
        "paid": sum(spread.shares),
        "kept": spread.kept,
        "per_10k": per_10k,
        "cut_remainder": spread.cut[0] if spread.cut else 0,
        "cut_account": spread.cut[1][0] if spread.cut else 0,
    }


def pay_income(book: Book) -> None:
    """Turn each position's income, and unpaid income that is due, into units, cash or unpaid income.

    Units that negative income takes leave the youngest lots at once, before any redemption takes the oldest. Units that
    are added get their lot when the register is written.
    """
    for key, holding in book.holdings.items():
        terms = book.day.fund(key[3])
        if terms.income is not None:
            _pay(book, terms, terms.income, holding, pays_out=book.day.day_of(key[3]).pays_out)


def _pay(book: Book, terms: Fund, policy: IncomePolicy, holding: Holding, *, pays_out: bool) -> None:
    if policy.payment == "unpaid" and not pays_out:
        holding.unpaid += holding.income
        return
    total = holding.income
    if pays_out:
        total += holding.unpaid
        holding.unpaid = 0
    if total > 0 and _way(policy, holding) == "cash":
        holding.income_cash = total
        return
    covered = total
    if total < 0:
        # Units finer than a cent can be left that are not worth one; they cannot pay for anything.
        free = book.day.policy.scales.cash_of(holding.units - holding.frozen)
        covered = -min(-total, to_quantum(free, terms.cash_quantum, Rounding.FLOOR))
        if book.keeps_lots(holding.key):
            take_last(holding.lots, _units_of(book.day, -covered))
        holding.units -= _units_of(book.day, -covered)
    holding.income_units = _units_of(book.day, covered)
    holding.unpaid += total - covered


def _way(policy: IncomePolicy, holding: Holding) -> str:
    """How a position's income is paid when it is paid."""
    default = "cash" if policy.payment == "cash" else "reinvest"
    return _OPTIONS.get(holding.dividend_option, default)


def _units_of(day: Day, cash: int) -> int:
    """The units that cash buys at 1.0000; a fund that distributes has no fewer places for units than for cash."""
    return round_fraction(day.policy.scales.units_of(cash), None)
