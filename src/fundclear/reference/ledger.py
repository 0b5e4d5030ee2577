"""Postings: balanced sets by fund and step in a money ledger, a units ledger and a memo of roundings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from fundclear.reference.context import Day, Row
from fundclear.reference.policy import to_quantum
from fundclear.rounding import Rounding

__all__ = ["post"]

LEDGERS: Final = ("money", "units", "rounding")
STEPS: Final = ("subscription", "redemption", "switch_out", "switch_in", "income", "forced", "transfer", "settlement")

_PAIRS: Final = {
    "money": ("debit", "credit"),
    "units": ("units_debit", "units_credit"),
    "rounding": ("memo_debit", "memo_credit"),
}

#: Debit and credit by fund, ledger, step and account.
Accounts: TypeAlias = defaultdict[tuple[int, str, str, str], list[int]]


class _Set:
    """One posting set: a fund's step in a ledger."""

    def __init__(self, accounts: Accounts, fund: int, ledger: str, step: str) -> None:
        self._lines: Callable[[str], list[int]] = lambda account: accounts[fund, ledger, step, account]

    def debit(self, account: str, amount: int) -> None:
        """A negative amount is a credit."""
        self._lines(account)[0 if amount >= 0 else 1] += abs(amount)

    def credit(self, account: str, amount: int) -> None:
        """A negative amount is a debit."""
        self.debit(account, -amount)


def post(day: Day, flows: Sequence[Row], moved: Mapping[tuple[str, int], int], settled: Sequence[Row]) -> list[Row]:
    """The postings of a day, from its flows, its register events and the obligations that it settles."""
    accounts: Accounts = defaultdict(lambda: [0, 0])
    totals = defaultdict[tuple[int, str], Counter[str]](Counter)
    for flow in flows:
        numbers = {name: value for name, value in flow.items() if name not in ("fund", "distributor", "kind")}
        totals[flow["fund"], flow["kind"]].update(numbers)
    for (fund, step), total in totals.items():
        {
            "subscription": _subscription,
            "redemption": _redemption,
            "switch_out": _redemption,
            "switch_in": _switch_in,
            "income": _income,
        }[step](day, accounts, fund, step, total)
        memo = _Set(accounts, fund, "rounding", step)
        memo.debit("rounding", total["rounding"])
        memo.credit("rounding_contra", total["rounding"])
    _events(day, accounts, moved)
    for row in settled:
        _settlement(day, accounts, row)
    return _table(day, accounts)


def _par(day: Day, fund: int, units: int) -> int:
    return to_quantum(day.policy.scales.cash_of(units), day.fund(fund).cash_quantum, Rounding.HALF_UP)


def _issue(accounts: Accounts, fund: int, step: str, units: int) -> None:
    ledger = _Set(accounts, fund, "units", step)
    ledger.debit("units_held", units)
    ledger.credit("units_in_issue", units)


def _subscription(day: Day, accounts: Accounts, fund: int, step: str, total: Counter[str]) -> None:
    par, money = _par(day, fund, total["units"]), _Set(accounts, fund, "money", step)
    money.debit("subscription_receivable", total["net"])
    money.credit("paid_in_capital", par)
    money.credit("equalisation", total["net"] - par)
    _issue(accounts, fund, step, total["units"])


def _redemption(day: Day, accounts: Accounts, fund: int, step: str, total: Counter[str]) -> None:
    par, money = _par(day, fund, total["units"]), _Set(accounts, fund, "money", step)
    money.debit("paid_in_capital", par)
    money.debit("equalisation", total["amount"] - par)
    if step == "switch_out":
        money.credit("switch_clearing", total["net"])
        money.debit("switch_clearing", total["net"])
    money.credit("redemption_payable", total["net"])
    money.credit("redemption_fee_income", total["fee_to_fund"])
    for payee in ("distributor", "manager"):
        # The fund owes the clearing account only, which passes the fees on to their payees.
        money.credit(f"fee_payable_{payee}", total[f"fee_to_{payee}"])
        money.debit(f"fee_payable_{payee}", total[f"fee_to_{payee}"])
        money.credit("redemption_payable", total[f"fee_to_{payee}"])
    _issue(accounts, fund, step, -total["units"])


def _switch_in(day: Day, accounts: Accounts, fund: int, step: str, total: Counter[str]) -> None:
    _subscription(day, accounts, fund, step, total)
    money = _Set(accounts, fund, "money", step)
    money.debit("switch_clearing", total["net"])
    money.credit("switch_clearing", total["net"])


def _income(day: Day, accounts: Accounts, fund: int, step: str, total: Counter[str]) -> None:
    money = _Set(accounts, fund, "money", step)
    money.debit("income_distributed", total["amount"])
    money.credit("paid_in_capital", int(day.policy.scales.cash_of(total["units"])))
    money.credit("income_payable", total["net"])
    money.credit("unpaid_income", total["unpaid"])
    _issue(accounts, fund, step, total["units"])


def _events(day: Day, accounts: Accounts, moved: Mapping[tuple[str, int], int]) -> None:
    for fund in day.fund_keys:
        forced = moved.get(("credit", fund), 0) - moved.get(("debit", fund), 0)
        money = _Set(accounts, fund, "money", "forced")
        money.debit("equalisation", _par(day, fund, forced))
        money.credit("paid_in_capital", _par(day, fund, forced))
        _issue(accounts, fund, "forced", forced)
        units, transferred = _Set(accounts, fund, "units", "transfer"), moved.get(("transfer", fund), 0)
        units.debit("units_held", transferred)
        units.credit("units_held", transferred)


def _settlement(day: Day, accounts: Accounts, row: Row) -> None:
    if not day.knows(row["fund"]):
        return
    custody, money = day.day_of(row["fund"]).custody, _Set(accounts, row["fund"], "money", "settlement")
    # A manager or distributor may use the same account as the fund; what is owed to them is not the fund's cash.
    if row["payee"] == custody != row["payer"] and row["purpose"] in ("subscription", "switch"):
        money.debit("fund_cash", row["amount"])
        money.credit("subscription_receivable", row["amount"])
    if row["payer"] == custody != row["payee"] and row["purpose"] in ("redemption", "switch", "income"):
        money.debit("income_payable" if row["purpose"] == "income" else "redemption_payable", row["amount"])
        money.credit("fund_cash", row["amount"])


def _table(day: Day, accounts: Accounts) -> list[Row]:
    rows = []
    order = sorted(accounts, key=lambda key: (key[0], LEDGERS.index(key[1]), STEPS.index(key[2]), key[3]))
    for fund, ledger, step, account in order:
        sides = accounts[fund, ledger, step, account]
        if any(sides):
            named = {"fund": fund, "currency": day.currency(fund), "ledger": ledger, "step": step, "account": account}
            columns = {column: 0 for pair in _PAIRS.values() for column in pair}
            rows.append(named | columns | dict(zip(_PAIRS[ledger], sides, strict=True)))
    return rows
