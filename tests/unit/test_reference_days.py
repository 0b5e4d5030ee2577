"""Days of one or two orders whose outcome is worked out by hand, one rule each."""

from __future__ import annotations

from typing import Any

import pytest

from fundclear import reference
from support.plain_terms import NO_LIMITS, ONE, PERCENT, fund, fund_day

DATE = 17_000
Row = dict[str, Any]


def clear(funds: list[Row], orders: list[Row], *, nav: int = 1_0000, days: Row | None = None, **inputs: Any) -> Any:
    """A day at scales of 2, 2 and 4, every fund at the same NAV."""
    policy = reference.from_plain((2, 2, 4), funds)
    fund_days = [fund_day(DATE, nav, **(days or {})) for _ in funds]
    return reference.clear(orders, policy=policy, days=fund_days, date=DATE, **inputs)


def order(kind: str, quantity: int, *, account: int = 1, **changes: Any) -> Row:
    return {"account": account, "order_id": 1, "fund": 0, "kind": kind, "quantity": quantity, **changes}


def position(units: int, *, account: int = 1, **changes: Any) -> Row:
    return {"account": account, "fund": 0, "units": units, **changes}


def lot(units: int, number: int, confirmed: int, **changes: Any) -> Row:
    given = {"account": 1, "fund": 0, "nav": 1_0000, "rate_paid": 0, "reinvested": False}
    return given | {"units": units, "number": number, "confirmed": confirmed} | changes


def income(amount: int, date: int = DATE) -> Row:
    return {"fund": 0, "date": date, "amount": amount}


def figures(row: Row, *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


FATE = ("status", "reason", "confirmed", "deferred", "cancelled")
TWO_TIERS: Row = {"redemption": [(0, PERCENT, ONE), (7, 0, ONE)], "keeps_lots": True}


@pytest.mark.parametrize(("frozen", "top_up"), [(0, 40_00), (10_00, 30_00)])
def test_a_small_rest_is_cleared(frozen: int, top_up: int) -> None:
    funds = [fund(limits=(*NO_LIMITS[:6], 50_00))]
    tables = clear(funds, [order("redeem", 60_00)], positions=[position(100_00, frozen=frozen)])
    assert figures(tables["confirmations"][0], "top_up", "confirmed") == (top_up, 60_00 + top_up)


def test_negative_income_cuts_a_redemption() -> None:
    tables = clear(
        [fund(income=(0, False, False))],
        [order("redeem", 8_00)],
        positions=[position(10_00)],
        incomes=[income(-4_00)],
    )
    assert figures(tables["confirmations"][0], *FATE) == ("part", "negative-income", 6_00, 0, 2_00)
    assert figures(tables["positions"][0], "units", "income_units", "cancelled") == (0, -4_00, 6_00)


def test_negative_income_beyond_the_units_is_owed() -> None:
    tables = clear([fund(income=(0, False, False))], [], positions=[position(1_00)], incomes=[income(-3_00)])
    assert figures(tables["positions"][0], "units", "income_units", "unpaid") == (0, -1_00, -2_00)


def test_negative_income_takes_the_youngest_lot_and_redemptions_the_oldest() -> None:
    tables = clear(
        [fund(income=(0, False, False), **TWO_TIERS)],
        [order("redeem", 1_00)],
        positions=[position(10_00)],
        lots=[lot(5_00, 1, DATE - 9), lot(5_00, 2, DATE - 3)],
        incomes=[income(-2_00)],
    )
    assert [figures(row, "number", "units") for row in tables["lots"]] == [(1, 4_00), (2, 3_00)]
    assert tables["confirmations"][0]["fee"] == 0


@pytest.mark.parametrize(
    ("pays_out", "option", "outcome"),
    [(False, 0, (0, 0, 12)), (True, 0, (12, 0, 0)), (True, 1, (12, 0, 0)), (True, 2, (0, 12, 0))],
)
def test_unpaid_income(pays_out: bool, option: int, outcome: tuple[int, int, int]) -> None:
    tables = clear(
        [fund(income=(2, False, False))],
        [],
        days={"pays_out": pays_out},
        positions=[position(10_00, unpaid=5, dividend_option=option)],
        incomes=[income(7)],
    )
    assert figures(tables["positions"][0], "income_units", "income_cash", "unpaid") == outcome


def test_who_leaves_is_paid_what_is_unpaid() -> None:
    tables = clear(
        [fund(income=(2, False, False))],
        [order("redeem", 10_00)],
        positions=[position(10_00, unpaid=5)],
        incomes=[income(7)],
    )
    assert figures(tables["positions"][0], "units", "income_cash", "unpaid") == (0, 12, 0)


def test_day_by_day_new_units_earn_on_the_next_date() -> None:
    # 50.00 each; then 150 units against 100 units share 100.00: 60.00 and 40.00.
    tables = clear(
        [fund(income=(0, True, False))],
        [],
        positions=[position(100_00), position(100_00, account=2, dividend_option=2)],
        incomes=[income(100_00, DATE), income(100_00, DATE + 1)],
    )
    assert [figures(row, "income_units", "income_cash") for row in tables["positions"]] == [(110_00, 0), (0, 90_00)]
    assert [figures(row, "entitled", "per_10k") for row in tables["income"]] == [
        (200_00, 5_000_0000),
        (250_00, 4_000_0000),
    ]


def test_the_oldest_deferral_goes_first() -> None:
    # 10 % of 100.00 units pass: all 8.00 of yesterday's, and one half of what is left for each of today's.
    tables = clear(
        [fund(gate=(10 * PERCENT, False, True, False, "limit"))],
        [order("redeem", 4_00, account=n, order_id=n, on_gate="cancel") for n in (2, 3)],
        deferred=[order("redeem", 8_00, order_id=9, since=DATE - 1, origin="deferred")],
        positions=[position(40_00, pending=8_00), position(30_00, account=2), position(30_00, account=3)],
    )
    assert [figures(row, *FATE) for row in tables["confirmations"]] == [
        ("confirmed", "", 8_00, 0, 0),
        ("part", "gate", 1_00, 0, 3_00),
        ("part", "gate", 1_00, 0, 3_00),
    ]


@pytest.mark.parametrize(
    ("kind", "price"),
    # 2 % of 50.00 come or go: more than 1 % up, not more than 2 % down.
    [("subscribe", 1_0100), ("redeem", 1_0000)],
)
def test_swing(kind: str, price: int) -> None:
    funds = [fund(swing=(PERCENT, 2 * PERCENT, PERCENT, PERCENT))]
    tables = clear(funds, [order(kind, 1_00)], positions=[position(50_00)])
    assert tables["confirmations"][0]["price"] == price


def test_whole_units_and_what_is_left_of_the_cash() -> None:
    tables = clear([fund(whole_units=True)], [order("subscribe", 100_00)], nav=3_0000)
    row = tables["confirmations"][0]
    assert figures(row, "units", "net", "refund", "refund_cause") == (33_00, 99_00, 1_00, "whole-units")


def test_a_switch_that_buys_nothing_leaves_both_funds_as_they_were() -> None:
    tables = clear(
        [fund(), fund(portfolio=1)], [order("switch", 1, target_fund=1)], nav=4000, positions=[position(1_00)]
    )
    assert figures(tables["confirmations"][0], "status", "reason", "amount") == ("rejected", "zero-units", 0)
    assert figures(tables["positions"][0], "units", "cancelled") == (1_00, 0)


@pytest.mark.parametrize(("keeps_dates", "dates"), [(False, [DATE + 1]), (True, [DATE - 9, DATE - 3])])
def test_the_dates_of_a_switch(keeps_dates: bool, dates: list[int]) -> None:
    into = fund(portfolio=1, switches=(False, False, keeps_dates), **TWO_TIERS)
    tables = clear(
        [fund(**TWO_TIERS), into],
        [order("switch", 2_00, target_fund=1)],
        positions=[position(5_00)],
        lots=[lot(1_00, 1, DATE - 9), lot(4_00, 2, DATE - 3)],
    )
    arrived = [row for row in tables["lots"] if row["fund"] == 1]
    assert [row["confirmed"] for row in arrived] == dates
    assert sum(row["units"] for row in arrived) == tables["confirmations"][0]["units_in"] == 1_99


def test_the_rate_that_was_paid_counts() -> None:
    # 1 % was paid, 1.5 % is asked for: 1,000.00 / 1.005 = 995.02.
    out = fund(front_end=[(0, 0, 0)], switches=(True, False, False), **{**TWO_TIERS, "redemption": [(0, 0, 0)]})
    tables = clear(
        [out, fund(portfolio=1, front_end=[(0, 0, 3 * PERCENT // 2)])],
        [order("switch", 1000_00, target_fund=1)],
        positions=[position(1000_00)],
        lots=[lot(400_00, 1, DATE - 9, rate_paid=PERCENT), lot(600_00, 2, DATE - 9, rate_paid=2 * PERCENT)],
    )
    assert figures(tables["confirmations"][0], "net_in", "top_up_fee") == (995_02, 4_98)


def test_a_back_end_fee_on_what_was_paid_in() -> None:
    # 100 units bought at 1.0000 and one reinvested: 100.00 × 0.02 / 1.02 = 1.96.
    back = {"charge": "back"}
    tables = clear(
        [fund(back_end=[(0, 2 * PERCENT)], keeps_lots=True)],
        [order("redeem", 101_00, **back)],
        nav=1_5000,
        positions=[position(101_00, **back)],
        lots=[lot(100_00, 1, DATE - 9, **back), lot(1_00, 2, DATE - 8, reinvested=True, **back)],
    )
    assert figures(tables["confirmations"][0], "amount", "back_end", "net") == (151_50, 1_96, 149_54)


def test_copies_and_conflicts() -> None:
    orders = [
        order("subscribe", 1_00),
        order("subscribe", 1_00),
        order("subscribe", 1_00, order_id=2),
        order("subscribe", 2_00, order_id=2),
    ]
    rows = clear([fund()], orders)["confirmations"]
    assert [figures(row, "order_id", "reason", "refund") for row in rows] == [
        (1, "", 0),
        (1, "duplicate", 1_00),
        (2, "duplicate-conflict", 1_00),
        (2, "duplicate-conflict", 2_00),
    ]


def test_an_order_at_the_cut_off_is_of_the_next_day() -> None:
    orders = [order("redeem", 1_00, placed_at=placed_at, order_id=placed_at) for placed_at in (99, 100)]
    rows = clear([fund()], orders, days={"cut_off": 100}, positions=[position(5_00)])["confirmations"]
    assert [figures(row, "status", "reason", "since") for row in rows] == [
        ("confirmed", "", DATE),
        ("carried", "late", DATE),
    ]


def test_a_transfer_keeps_the_dates_of_its_lots_and_earns_nothing_today() -> None:
    event = {"event_id": 1, "kind": "transfer", "account": 1, "fund": 0, "units": 6_00, "to_account": 2}
    tables = clear(
        [fund(income=(1, False, False), **TWO_TIERS)],
        [order("redeem", 5_00, account=2)],
        positions=[position(10_00)],
        lots=[lot(4_00, 1, DATE - 9), lot(6_00, 7, DATE - 3)],
        events=[event],
        incomes=[income(9)],
    )
    assert [figures(row, "account", "moved", "units", "income") for row in tables["positions"]] == [
        (1, -6_00, 4_00, 9),
        (2, 6_00, 1_00, 0),
    ]
    # 4.00 of the old lot are free of charge, 1.00 of the young one pays 1 %.
    assert tables["confirmations"][0]["fee"] == 1
    assert [figures(row, "account", "number", "confirmed", "units") for row in tables["lots"]] == [
        (1, 7, DATE - 3, 4_00),
        (2, 2, DATE - 3, 1_00),
    ]
