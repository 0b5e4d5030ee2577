"""What the proof of a day says of settlement and ledgers, summed up anew from the columns of the day's tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date as Date
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from fundclear.reference.tallies import Books, DayColumns

__all__ = ["tally_ledger", "tally_settlement"]

Entry: TypeAlias = tuple[str, str, int | None, int | None, int, int | None]
_Row: TypeAlias = Mapping[str, Any]

_LEDGERS: Final = {"money": "", "units": "units_", "rounding": "memo_"}
_STEPS: Final = ("subscription", "redemption", "switch_out", "switch_in", "income", "forced", "transfer", "settlement")
_OUT: Final = ("redemption", "switch_out")


def _rows_of(day: DayColumns, table: str) -> list[dict[str, Any]]:
    columns = day.tables.get(table, {})
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _side(day: DayColumns, row: _Row) -> int:
    """What an obligation brings the custody account of its fund."""
    custody = day.days[list(day.ids).index(row["fund"])]["custody"]
    if row["payer"] == row["payee"]:
        return 0
    if row["payee"] == custody and row["purpose"] in ("subscription", "switch"):
        return int(row["amount"])
    if row["payer"] == custody and row["purpose"] in ("redemption", "switch", "income"):
        return -int(row["amount"])
    return 0


def tally_settlement(books: Books) -> Iterator[Entry]:
    """S2 by fund, S1 and S3 by netting set, S4 by currency."""
    day, cash = books.day, books.day.policy.scales.cash
    for number, fund in enumerate(day.ids):
        mine = None if day.new is None else [row for row in day.new if row["fund"] == fund]
        brought = None if mine is None else sum(_side(day, row) for row in mine)
        dealt = books.dealing_cash(number) - books.flow(number, "income")["net"]
        yield "S2", str(fund), brought, dealt, cash, None if mine is None else len(mine)
    yield from _netting_sets(day)
    yield from _carried_forward(day)


def _netting_sets(day: DayColumns) -> Iterator[Entry]:
    cash = day.policy.scales.cash
    positions, payments = (_by_set(_rows_of(day, table)) for table in ("settlement", "payments"))
    owed = None if day.new is None else _by_set([*_rows_of(day, "opening_obligations"), *day.new])
    for group in sorted(positions, key=lambda group: (group[0].encode(), group[1], group[2].encode())):
        rows, legs = positions[group], payments.get(group, [])
        date = (Date(1970, 1, 1) + timedelta(days=group[1])).isoformat()
        scope = " ".join(part for part in (group[0], date, group[2]) if part)
        due = None if owed is None else sum(row["amount"] for row in owed.get(group, ()))
        yield "S1", scope, sum(row["net"] for row in rows), 0, cash, len(rows)
        yield "S1", scope, sum(row["receives"] for row in rows), due, cash, len(rows)
        yield "S1", scope, sum(row["pays"] for row in rows), due, cash, len(rows)
        nets = sum(max(0, row["net"]) for row in rows)
        yield "S3", scope, sum(leg["amount"] for leg in legs), nets, cash, len(legs)


def _by_set(rows: Iterable[_Row]) -> dict[tuple[str, int, str], list[_Row]]:
    groups = defaultdict[tuple[str, int, str], list[_Row]](list)
    for row in rows:
        groups[row["currency"], row["value_date"], row["netting_set"]].append(row)
    return groups


def _carried_forward(day: DayColumns) -> Iterator[Entry]:
    cash = day.policy.scales.cash
    still_open = _rows_of(day, "obligations")
    before = _rows_of(day, "opening_obligations")
    for currency in day.currencies:
        after = [row["amount"] for row in still_open if row["currency"] == currency]
        mine = None
        if day.new is not None:
            mine = [row for row in (*before, *day.new) if row["currency"] == currency]
            if not mine:
                continue
        elif not after and currency not in {row["currency"] for row in _rows_of(day, "settlement")}:
            continue
        left = None if mine is None else [row["amount"] for row in mine if row["value_date"] > day.date]
        yield "S4", currency, sum(after), None if left is None else sum(left), cash, len(after)
        yield "S4", currency, len(after), None if left is None else len(left), 0, len(after)


# ---- ledgers ----


def tally_ledger(books: Books) -> Iterator[Entry]:
    """L1 by fund, ledger and step; L3 of the accounts, L2 and L3 of the units by fund."""
    day = books.day
    scales = day.policy.scales
    places = {"money": scales.cash, "units": scales.units, "rounding": day.value}
    rows = _rows_of(day, "postings")
    sets = defaultdict[tuple[int, int, int], list[int]](lambda: [0, 0, 0])
    balance = Counter[tuple[Any, str]]()
    numbers = {fund: number for number, fund in enumerate(day.ids)}
    ledgers = list(_LEDGERS)
    for row in rows:
        pair = _LEDGERS[row["ledger"]]
        debit, credit = row[f"{pair}debit"], row[f"{pair}credit"]
        of_set = sets[numbers[row["fund"]], ledgers.index(row["ledger"]), _STEPS.index(row["step"])]
        of_set[0] += debit
        of_set[1] += credit
        of_set[2] += 1
        balance[row["fund"], row["account"]] += debit - credit
    for (number, ledger, step), (debits, credits, count) in sorted(sets.items()):
        scope = f"{day.ids[number]} {ledgers[ledger]} {_STEPS[step]}"
        yield "L1", scope, debits, credits, places[ledgers[ledger]], count
    owed = _still_owed(day)
    for number, fund in enumerate(day.ids):
        yield from _accounts(
            books, number, balance, None if owed is None else {k[1]: v for k, v in owed.items() if k[0] == fund}
        )
    yield from _units(books, rows)


def _still_owed(day: DayColumns) -> Counter[tuple[Any, str]] | None:
    """By fund and account, what the day's obligations add to what is owed, and those it settles take from it."""
    if day.new is None:
        return None
    owed = Counter[tuple[Any, str]]()
    settled = [r for r in (*_rows_of(day, "opening_obligations"), *day.new) if r["value_date"] <= day.date]
    for rows, sign in ((day.new, 1), (settled, -1)):
        for row in rows:
            side = _side(day, row)
            income = "income_payable" if row["purpose"] == "income" else "redemption_payable"
            owed[row["fund"], "subscription_receivable" if side > 0 else income] += sign * side
    return owed


def _accounts(
    books: Books, number: int, balance: Mapping[tuple[Any, str], int], owed: Mapping[str, int] | None
) -> Iterator[Entry]:
    day, cash = books.day, books.day.policy.scales.cash
    fund, name = day.ids[number], str(day.ids[number])
    kept = -books.flow_sum(number, "fee_to_fund", *_OUT)
    rounding = books.flow_sum(number, "rounding", "subscription", *_OUT, "switch_in")
    yield "L3", name, balance[fund, "redemption_fee_income"], kept, cash, 0
    yield "L3", name, balance[fund, "rounding"], rounding, day.value, 0
    yield "L3", name, balance[fund, "switch_clearing"], 0, cash, 0
    payable: Sequence[str] = ("redemption_payable", "fee_payable_distributor", "fee_payable_manager")
    for account, accounts in (
        ("subscription_receivable", ("subscription_receivable",)),
        ("redemption_payable", payable),
        ("income_payable", ("income_payable",)),
    ):
        right = None if owed is None else owed.get(account, 0)
        yield "L3", name, sum(balance[fund, each] for each in accounts), right, cash, 0


def _units(books: Books, rows: Iterable[_Row]) -> Iterator[Entry]:
    day, units = books.day, books.day.policy.scales.units
    held, issued, count = Counter[Any](), Counter[Any](), Counter[Any]()
    for row in rows:
        if row["ledger"] == "units":
            change = row["units_debit"] - row["units_credit"]
            held[row["fund"]] += change if row["account"] == "units_held" else 0
            issued[row["fund"]] -= 0 if row["account"] == "units_held" else change
            count[row["fund"]] += 1
    for number, fund in enumerate(day.ids):
        r = books.registered(number)
        yield "L2", str(fund), r["units"], r["opening"] + issued[fund], units, count[fund]
        change = r["issued"] + r["income_units"] + r["moved"] - r["cancelled"]
        yield "L3", str(fund), held[fund], change, units, count[fund]
