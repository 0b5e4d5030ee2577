"""Laws of units, income, settlement, ledger and tables, each re-derived from the rows of the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final

from fundclear.reference.arithmetic import round_fraction
from fundclear.reference.context import Row
from fundclear.reference.lawbook import CASH_KINDS, UNIT_KINDS, Lawbook, grouped, position_of, total

__all__ = ["check_income", "check_ledger", "check_settlement", "check_tables", "check_units"]


def check_units(book: Lawbook) -> None:
    """U1 to U5: the register moves by what was dealt, earned and moved, and by nothing else."""
    issued, cancelled, pending = Counter[Any](), Counter[Any](), Counter[Any]()
    for row in book.outputs["confirmations"]:
        if row["kind"] in CASH_KINDS and row["units"]:
            issued[position_of(row)] += row["units"]
        elif row["kind"] in UNIT_KINDS and row["status"] not in ("rejected", "carried"):
            cancelled[position_of(row)] += row["units"]
            pending[position_of(row)] += book.quantity(row, "deferred")
        if row["kind"] == "switch" and row["units_in"]:
            issued[position_of(row, fund="target_fund")] += row["units_in"]
    lots = Counter[Any]()
    for lot in book.outputs["lots"]:
        lots[position_of(lot)] += lot["units"]
    for key in sorted({*book.positions, *book.opening, *issued, *cancelled, *pending, *lots}, key=str):
        opening = book.opening[key]["units"] if key in book.opening else 0
        book.equal("U5", key, book.figure(key, "opening"), opening)
        figures = {name: book.figure(key, name) for name in ("units", "frozen", "pending", "moved", "income_units")}
        dealt = opening + issued[key] - cancelled[key]
        book.equal("U1", key, figures["units"], dealt + figures["income_units"] + figures["moved"])
        for name, counted in (("issued", issued), ("cancelled", cancelled), ("pending", pending)):
            book.equal("U1", (key, name), book.figure(key, name), counted[key])
        kept_in_lots = figures["units"] if book.funds[key[3]].keeps_lots else 0
        book.equal("U3", key, lots[key], kept_in_lots)
        bound = figures["frozen"] + figures["pending"]
        free = min(figures["frozen"], figures["pending"]) >= 0 and bound <= figures["units"]
        book.holds("U4", key, free, bound, figures["units"])
    _check_classes(book)


def _check_classes(book: Lawbook) -> None:
    forced = Counter[int]()
    for event in book.outputs["events"]:
        if event["status"] == "confirmed" and event["kind"] in ("forced_credit", "forced_debit"):
            forced[event["fund"]] += event["units"] if event["kind"] == "forced_credit" else -event["units"]
    for fund in book.funds:
        mine = [row for key, row in book.positions.items() if key[3] == fund]
        book.equal("U2", (fund, "moved"), total(row["moved"] for row in mine), forced[fund])
        opening = total(row["units"] for key, row in book.opening.items() if key[3] == fund)
        dealt = book.flows(fund, "units", "subscription", "switch_in") - book.flows(
            fund, "units", "redemption", "switch_out"
        )
        closing = opening + dealt + book.flows(fund, "units", "income") + forced[fund]
        book.equal("U2", fund, total(row["units"] for row in mine), closing)


def check_income(book: Lawbook) -> None:
    """I1 to I4 and A1: the income is shared out to the last cent, in proportion, and goes somewhere."""
    for key, row in book.positions.items():
        unpaid = book.opening[key].get("unpaid", 0) if key in book.opening else 0
        reinvested = book.scales.cash_of(row["income_units"])
        book.equal("I3", key, row["income"], reinvested + row["income_cash"] + row["unpaid"] - unpaid)
    for (fund,), rows in grouped(book.outputs["income"], "fund").items():
        terms = book.funds[fund].income
        assert terms is not None
        given = total(each["amount"] for each in book.inputs.get("incomes", ()) if each["fund"] == fund)
        kept, paid = total(row["kept"] for row in rows), total(row["paid"] for row in rows)
        book.equal("I1", fund, given, paid + kept)
        book.equal("I1", (fund, "paid"), paid, total(r["income"] for k, r in book.positions.items() if k[3] == fund))
        book.holds("A1", fund, kept == 0 or terms.keeps_residue, kept, 0)
        for row in rows:
            exact = Fraction(0)
            if row["entitled"]:
                units_and_cash = 10**book.scales.units * 10**8, 10**book.scales.cash
                exact = Fraction(row["income"] * units_and_cash[0], row["entitled"] * units_and_cash[1])
            book.equal("I4", (fund, row["date"]), row["per_10k"], round_fraction(exact, "half_up"))
        if len(rows) == 1 or not terms.daily:
            _check_proportion(book, fund, given, rows[0]["entitled"])


def _check_proportion(book: Lawbook, fund: int, income: int, entitled: int) -> None:
    """Each share is within one cent of its exact part, and of the income's sign."""
    quantum, all_entitled = book.funds[fund].cash_quantum, 0
    for key, row in book.opening.items():
        if key[3] != fund:
            continue
        units = row["units"] if row.get("entitled") is None else row["entitled"]
        all_entitled += units
        share = book.figure(key, "income")
        distance = abs(share * entitled - income * units)
        book.holds("I2", key, distance < entitled * quantum or distance == 0, share * entitled, income * units)
        book.holds("I2", key, share * income >= 0, share, income)
    book.equal("I2", (fund, "entitled"), entitled, all_entitled)


# --- settlement ------------------------------------------------------------------------------------------------------


def _of_custody(book: Lawbook, rows: Iterable[Row], fund: int, side: str, *, income: bool | None = None) -> int:
    """What a fund's custody account receives (``payee``) or pays (``payer``); with or without income, or both.

    Others may use the account too: fees and refunds are theirs, and so is what a distributor brings or gets.
    """
    custody = book.days[fund].get("custody", "custody")
    purposes = {"payee": ("subscription", "switch"), "payer": ("redemption", "switch", "income")}[side]
    return total(
        row["amount"]
        for row in rows
        if (row["fund"], row[side]) == (fund, custody) and row["payer"] != row["payee"]
        if row["purpose"] in purposes and income in (None, row["purpose"] == "income")
    )


def check_settlement(book: Lawbook) -> None:
    """S1 to S4: nets are what obligations say, payments bring them to zero, and nothing open is forgotten."""
    groups = grouped(book.outputs["settlement"], "currency", "value_date", "netting_set")
    payments = grouped(book.outputs["payments"], "currency", "value_date", "netting_set")
    for group in sorted({*groups, *payments}, key=str):
        rows, legs = groups.get(group, []), payments.get(group, [])
        book.equal("S1", group, total(row["net"] for row in rows), 0)
        for row in rows:
            party = row["party"]
            book.equal("S1", (*group, party), row["net"], row["receives"] - row["pays"])
            got = total(leg["amount"] for leg in legs if leg["payee"] == party)
            gave = total(leg["amount"] for leg in legs if leg["payer"] == party)
            book.equal("S3", (*group, party), row["net"], got - gave)
        open_nets = [row["net"] for row in rows if row["net"]]
        book.equal("S3", group, 2 * total(leg["amount"] for leg in legs), total(abs(net) for net in open_nets))
        book.holds("S3", group, len(legs) <= max(0, len(open_nets) - 1), len(legs), len(open_nets))
    _check_open(book, groups)
    for fund in book.funds:
        _check_fund_cash(book, fund)


def _check_open(book: Lawbook, groups: dict[tuple[Any, ...], list[Row]]) -> None:
    """What is open today is what was open, and what is new, less what is settled."""
    still_open = book.outputs["obligations"]
    overdue = [row for row in still_open if row["value_date"] <= book.date]
    book.equal("S4", "overdue", len(overdue), 0)
    before = Counter(tuple(sorted(row.items())) for row in book.inputs.get("obligations", ()))
    after = Counter(tuple(sorted(row.items())) for row in still_open)
    for columns, count in before.items():
        named = dict(columns)
        if named["value_date"] > book.date:
            book.holds("S4", named, after[columns] >= count, after[columns], count)
    for group, rows in groups.items():
        if group[1] <= book.date:
            continue
        mine = [r for r in still_open if (r["currency"], r["value_date"], r["netting_set"]) == group]
        for row in rows:
            receives = total(each["amount"] for each in mine if each["payee"] == row["party"])
            pays = total(each["amount"] for each in mine if each["payer"] == row["party"])
            book.equal("S4", (*group, row["party"]), (row["receives"], row["pays"]), (receives, pays))


def _check_fund_cash(book: Lawbook, fund: int) -> None:
    """What a fund's custody account gets from today's dealing, settled today or open, is its net cash."""
    due = [row for row in book.inputs.get("obligations", ()) if row["value_date"] <= book.date]
    new = [row for row in book.outputs["obligations"] if row["dealing_date"] == book.date]
    settled = book.posted(fund, "fund_cash", step="settlement")
    settled -= _of_custody(book, due, fund, "payee") - _of_custody(book, due, fund, "payer")
    got = settled + _of_custody(book, new, fund, "payee") - _of_custody(book, new, fund, "payer")
    dealing = book.flows(fund, "net", "subscription", "switch_in")
    for name, sign in (("amount", -1), ("fee_to_fund", 1)):
        dealing += sign * book.flows(fund, name, "redemption", "switch_out")
    book.equal("S2", fund, got, dealing - book.flows(fund, "net", "income"))


# --- ledger and tables -----------------------------------------------------------------------------------------------

_PAIRS: Final = {"money": "", "units": "units_", "rounding": "memo_"}


def check_ledger(book: Lawbook) -> None:
    """L1 and L3: every posting set balances, and the accounts say what the other tables say."""
    for scope, rows in grouped(book.outputs["postings"], "fund", "currency", "ledger", "step").items():
        pair = _PAIRS[scope[2]]
        debit = total(row[f"{pair}debit"] for row in rows)
        book.equal("L1", scope, debit, total(row[f"{pair}credit"] for row in rows))
    before, after = book.inputs.get("obligations", ()), book.outputs["obligations"]
    for fund in book.funds:
        opening = total(row["units"] for key, row in book.opening.items() if key[3] == fund)
        closing = total(row["units"] for key, row in book.positions.items() if key[3] == fund)
        book.equal("L3", (fund, "units in issue"), -book.posted(fund, "units_in_issue", "units_"), closing - opening)
        kept = book.flows(fund, "fee_to_fund", "redemption", "switch_out")
        book.equal("L3", (fund, "redemption-fee income"), -book.posted(fund, "redemption_fee_income"), kept)
        rounding = book.flows(fund, "rounding", "subscription", "redemption", "switch_out", "switch_in")
        book.equal("L3", (fund, "rounding"), book.posted(fund, "rounding", "memo_"), rounding)
        book.equal("L3", (fund, "switch clearing"), book.posted(fund, "switch_clearing"), 0)
        for account, sign, side, income in (
            ("subscription_receivable", 1, "payee", None),
            ("redemption_payable", -1, "payer", False),
            ("income_payable", -1, "payer", True),
        ):
            moved = _of_custody(book, after, fund, side, income=income)
            moved -= _of_custody(book, before, fund, side, income=income)
            book.equal("L3", (fund, account), sign * book.posted(fund, account), moved)


#: For each kind of flow: the kinds of orders, the column of the fund, and which column of theirs a figure sums up.
_SAME: Final = ("amount", "net", "units", "fee", "back_end", "fee_to_fund", "rounding")
_FLOWS: Final[dict[str, tuple[tuple[str, ...], str, dict[str, str]]]] = {
    "subscription": (
        CASH_KINDS,
        "fund",
        {n: n for n in (*_SAME, "fee_to_distributor", "fee_to_manager", "refund", "top_up_fee")},
    ),
    "redemption": (("redeem",), "fund", {n: n for n in (*_SAME, "fee_to_distributor", "fee_to_manager", "refund")}),
    "switch_out": (("switch",), "fund", {n: n for n in _SAME}),
    "switch_in": (
        ("switch",),
        "target_fund",
        {
            "amount": "net_in",
            "net": "net_in",
            "units": "units_in",
            "top_up_fee": "top_up_fee",
            "refund": "refund",
            "rounding": "rounding_in",
        },
    ),
}


def check_tables(book: Lawbook) -> None:
    """T1: confirmations, flows and postings give the same totals per fund, distributor and kind."""
    seen = {(row["fund"], row["distributor"], row["kind"]): row for row in book.outputs["flows"]}
    wanted = Counter[Any]()
    for kind, (order_kinds, fund_column, columns) in _FLOWS.items():
        for row in book.dealt(*order_kinds):
            key = (row[fund_column], row["distributor"], kind)
            wanted[key, "orders"] += 1
            for column, source in columns.items():
                wanted[key, column] += row[source]
    for position, row in book.positions.items():
        key = (position[3], position[2], "income")
        unpaid = book.opening[position].get("unpaid", 0) if position in book.opening else 0
        for column, value in (
            ("amount", row["income"]),
            ("net", row["income_cash"]),
            ("units", row["income_units"]),
            ("unpaid", row["unpaid"] - unpaid),
        ):
            wanted[key, column] += value
    for (key, column), value in wanted.items():
        book.equal("T1", (key, column), seen[key][column] if key in seen else 0, value)
    for key, row in seen.items():
        columns = _FLOWS[key[2]][2] if key[2] in _FLOWS else {n: n for n in ("amount", "net", "units", "unpaid")}
        for column in columns:
            book.equal("T1", (key, column), row[column], wanted[key, column])
        fees = row["fee"] + row["back_end"] + row["top_up_fee"]
        payees = row["fee_to_fund"] + row["fee_to_distributor"] + row["fee_to_manager"]
        book.equal("T1", (key, "fees"), fees, payees)
    for fund in book.funds:
        _check_postings(book, fund)


def _check_postings(book: Lawbook, fund: int) -> None:
    for step in ("subscription", "switch_in"):
        receivable = book.posted(fund, "subscription_receivable", step=step)
        book.equal("T1", (fund, step), receivable, book.flows(fund, "net", step))
    for step in ("redemption", "switch_out"):
        value = book.posted(fund, "paid_in_capital", step=step) + book.posted(fund, "equalisation", step=step)
        book.equal("T1", (fund, step), value, book.flows(fund, "amount", step))
    book.equal("T1", (fund, "income"), book.posted(fund, "income_distributed"), book.flows(fund, "amount", "income"))
