"""Each law, broken on purpose in one figure of one table, is found and named; the day itself breaks none."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from fundclear import FundclearError, reference
from fundclear.reference import laws
from support.plain_terms import NO_LIMITS, ONE, PERCENT, fund, fund_day

DATE = 17_000
Tables = dict[str, list[dict[str, Any]]]


def _inputs() -> dict[str, Any]:
    """A gated fund with lots and fees, and a fund that distributes: orders of all kinds, events, open obligations."""
    gated = fund(
        gate=(10 * PERCENT, False, False, False, None),
        front_end=[(0, 0, PERCENT)],
        redemption=[(0, 3 * PERCENT // 2, ONE), (7, PERCENT // 2, ONE // 4)],
        keeps_lots=True,
        redemption_manager_share=ONE // 2,
        limits=(*NO_LIMITS[:6], 50_00),
    )
    money_market = fund(portfolio=1, income=(0, False, False), front_end=[(0, 0, 2 * PERCENT)])
    plain: list[tuple[int, int, str, int]] = [
        (1, 0, "redeem", 600_00),
        (2, 0, "redeem", 960_00),
        (1, 0, "subscribe", 100_00),
        (3, 0, "switch", 300_00),
        (3, 1, "redeem", 50_00),
        (4, 1, "subscribe", 70_00),
        (9, 1, "redeem", 1),
    ]
    orders = [
        {"account": account, "order_id": n, "fund": of, "kind": kind, "quantity": quantity, "target_fund": None}
        for n, (account, of, kind, quantity) in enumerate(plain)
    ]
    orders[3]["target_fund"] = 1
    orders.append({"account": 1, "order_id": 50, "fund": 0, "kind": "subscribe", "quantity": 5_00, "placed_at": 99})
    days = [fund_day(DATE, 1_2345, decision="limit", cut_off=99), fund_day(DATE, 1_0000, custody="custody of 1")]
    days[0]["value_dates"] = {"subscription": DATE, "redemption": DATE + 2, "switch": DATE + 1, "income": DATE + 1}
    positions = [{"account": n, "fund": 0, "units": 1000_00} for n in (1, 2, 3)]
    positions += [{"account": n, "fund": 1, "units": 100_00 + n} for n in (3, 5)]
    lot = {"fund": 0, "nav": 1_0000, "rate_paid": 0, "reinvested": False, "units": 500_00}
    lots = [
        {**lot, "account": n, "number": number, "confirmed": DATE - 20 * number} for n in (1, 2, 3) for number in (1, 2)
    ]
    owed = {"currency": "0", "netting_set": "", "fund": 0, "payer": "clearing", "payee": "custody", "amount": 77}
    return {
        "policy": reference.from_plain((2, 2, 4), [gated, money_market]),
        "orders": orders,
        "days": days,
        "date": DATE,
        "positions": positions,
        "lots": lots,
        "events": [{"event_id": 1, "kind": "transfer", "account": 5, "fund": 1, "units": 40_00, "to_account": 6}],
        "incomes": [{"fund": 1, "date": DATE, "amount": 7}],
        "obligations": [
            {**owed, "dealing_date": DATE - 1, "value_date": DATE + day, "purpose": "subscription"} for day in (0, 1)
        ],
    }


INPUTS = _inputs()
TABLES: Tables = reference.clear(**INPUTS)


def _row(tables: Tables, table: str, **wanted: Any) -> dict[str, Any]:
    return next(row for row in tables[table] if all(row[name] == value for name, value in wanted.items()))


def raises(table: str, column: str, by: int = 1, **where: Any) -> Callable[[Tables], None]:
    """Adds to one figure of one row."""

    def change(tables: Tables) -> None:
        _row(tables, table, **where)[column] += by

    return change


def drops(table: str, **where: Any) -> Callable[[Tables], None]:
    """Takes one row away."""

    def change(tables: Tables) -> None:
        tables[table].remove(_row(tables, table, **where))

    return change


def moves_between_orders(tables: Tables) -> None:
    """Units of the gate go from one order to another; the sum stays."""
    _row(tables, "confirmations", order_id=0)["confirmed"] += 5
    _row(tables, "confirmations", order_id=0)["deferred"] -= 5
    _row(tables, "confirmations", order_id=1)["confirmed"] -= 5
    _row(tables, "confirmations", order_id=1)["deferred"] += 5


def copies_an_order(tables: Tables) -> None:
    tables["confirmations"].append(dict(_row(tables, "confirmations", order_id=2)))


def swaps_income(tables: Tables) -> None:
    """Two cents go from one holder to another; the sum stays."""
    _row(tables, "positions", account=3, fund=1)["income"] += 2
    _row(tables, "positions", account=5, fund=1)["income"] -= 2


def keeps_a_cent(tables: Tables) -> None:
    _row(tables, "income", fund=1)["kept"] += 1
    _row(tables, "income", fund=1)["paid"] -= 1


BROKEN: list[tuple[str, Callable[[Tables], None]]] = [
    ("O1", raises("confirmations", "deferred", order_id=0)),
    ("O1", raises("confirmations", "top_up", order_id=1)),
    ("O4", raises("confirmations", "requested", order_id=6)),
    ("O2", raises("confirmations", "cancelled", order_id=3)),
    ("O3", drops("confirmations", order_id=6)),
    ("O4", drops("confirmations", order_id=50)),
    ("O4", raises("confirmations", "account", order_id=6)),
    ("O5", copies_an_order),
    ("G1", raises("gates", "requested", portfolio=0)),
    ("G1", raises("gates", "subscribed", by=10**9, portfolio=0)),
    ("G1", raises("gates", "outstanding", portfolio=0)),
    ("G2", raises("gates", "limit", portfolio=0)),
    ("G2", raises("confirmations", "confirmed", order_id=4)),
    ("G3", moves_between_orders),
    ("G4", raises("confirmations", "cancelled", order_id=0)),
    ("C1", raises("confirmations", "fee", order_id=2)),
    ("C1", raises("confirmations", "refund", order_id=2)),
    ("C2", raises("confirmations", "net", order_id=0)),
    ("C3", raises("confirmations", "top_up_fee", order_id=3)),
    ("C3", raises("confirmations", "net", order_id=3)),
    ("C4", raises("confirmations", "fee_to_manager", order_id=0)),
    ("V1", raises("confirmations", "units", order_id=2)),
    ("V1", raises("confirmations", "rounding", order_id=2)),
    ("V2", raises("confirmations", "amount", order_id=0)),
    ("V2", raises("confirmations", "rounding", order_id=3)),
    ("V3", raises("confirmations", "units_in", order_id=3)),
    ("V4", raises("flows", "net", fund=0, kind="subscription")),
    ("V4", raises("postings", "memo_debit", fund=0, account="rounding")),
    ("U1", raises("positions", "units", account=1, fund=0)),
    ("U1", raises("positions", "issued", account=4, fund=1)),
    ("U1", raises("positions", "pending", account=2, fund=0)),
    ("U2", raises("positions", "moved", account=6, fund=1)),
    ("U3", raises("lots", "units", account=2, fund=0)),
    ("U4", raises("positions", "frozen", by=-1, account=5, fund=1)),
    ("U4", raises("positions", "frozen", by=10**7, account=5, fund=1)),
    ("U5", raises("positions", "opening", account=3, fund=1)),
    ("U5", drops("positions", account=2, fund=0)),
    ("I1", raises("income", "paid", fund=1)),
    ("I1", raises("positions", "income", account=5, fund=1)),
    ("I2", swaps_income),
    ("I3", raises("positions", "income_cash", account=5, fund=1)),
    ("I3", raises("positions", "unpaid", account=5, fund=1)),
    ("I4", raises("income", "per_10k", fund=1)),
    ("A1", keeps_a_cent),
    ("S1", raises("settlement", "net", party="clearing")),
    ("S1", raises("settlement", "receives", party="clearing")),
    ("S2", raises("flows", "fee_to_fund", fund=0, kind="redemption")),
    ("S2", drops("obligations", dealing_date=DATE, payer="custody")),
    ("S3", raises("payments", "amount")),
    ("S3", drops("payments")),
    ("S4", drops("obligations", dealing_date=DATE - 1)),
    ("S4", raises("obligations", "value_date", by=-5)),
    ("L1", raises("postings", "debit", account="paid_in_capital")),
    ("L1", raises("postings", "units_credit", account="units_in_issue")),
    ("L3", raises("postings", "units_credit", account="units_in_issue")),
    ("L3", raises("postings", "credit", account="redemption_fee_income")),
    ("L3", raises("postings", "debit", account="switch_clearing")),
    ("L3", raises("postings", "credit", account="redemption_payable")),
    ("L3", raises("postings", "memo_credit", account="rounding")),
    ("T1", raises("flows", "amount", fund=0, kind="switch_out")),
    ("T1", raises("flows", "orders", fund=1, kind="redemption")),
    ("T1", raises("confirmations", "price", order_id=0)),
    ("T1", raises("postings", "debit", fund=0, account="subscription_receivable")),
]


def broken_laws(tables: Tables) -> set[str]:
    return {violation.law for violation in laws.check(INPUTS, tables)}


def test_the_day_breaks_no_law_and_has_all_that_laws_speak_of() -> None:
    assert laws.check(INPUTS, TABLES) == []
    assert {row["status"] for row in TABLES["confirmations"]} == {"confirmed", "part", "rejected", "carried"}
    assert _row(TABLES, "gates", portfolio=0)["tripped"]
    assert all(TABLES[name] for name in TABLES)


@pytest.mark.parametrize(("law", "change"), BROKEN, ids=[f"{law}-{n}" for n, (law, _) in enumerate(BROKEN)])
def test_a_broken_law_is_named(law: str, change: Callable[[Tables], None]) -> None:
    tables = deepcopy(TABLES)
    change(tables)
    assert law in broken_laws(tables)


def test_a_violation_says_where_and_both_sides() -> None:
    tables = deepcopy(TABLES)
    _row(tables, "confirmations", order_id=0)["net"] += 1
    found = next(violation for violation in laws.check(INPUTS, tables) if violation.law == "C2")
    assert found.scope == "(0, 0)"
    assert found.right == found.left + 1


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("pending", {"deferred": [{**INPUTS["orders"][0], "order_id": 80, "origin": "deferred", "since": DATE - 1}]}),
        ("duplicate-position", {"positions": INPUTS["positions"] + INPUTS["positions"][:1]}),
        ("position-fund", {"positions": [*INPUTS["positions"], {"account": 1, "fund": 7, "units": 1}]}),
        ("position", {"positions": [*INPUTS["positions"], {"account": 8, "fund": 1, "units": 1, "frozen": 2}]}),
        ("lots", {"lots": INPUTS["lots"][1:]}),
        ("lots", {"lots": [*INPUTS["lots"], {**INPUTS["lots"][0], "account": 3, "fund": 1}]}),
        ("gate-decision", {"days": [{**INPUTS["days"][0], "decision": None}, INPUTS["days"][1]]}),
        ("price", {"days": [{**INPUTS["days"][0], "nav": 0}, INPUTS["days"][1]]}),
        ("income-units", {"positions": [{**row, "entitled": 0} for row in INPUTS["positions"]]}),
        ("duplicate-order", {"deferred": [{**INPUTS["orders"][2], "origin": "carried"}] * 2}),
    ],
)
def test_a_day_that_cannot_start_is_refused(code: str, changes: dict[str, Any]) -> None:
    with pytest.raises(FundclearError) as caught:
        reference.clear(**INPUTS | changes)
    assert caught.value.code == code
