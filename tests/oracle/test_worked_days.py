"""The worked examples of the clearing rules, as funds publish them, recomputed by the judge."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from fundclear import reference
from fundclear.reference import LotPart, Policy, from_plain, parse
from support.plain_terms import ONE, PERCENT, fund, fund_day

SCALES = (2, 2, 4)
LOTS_IN_FORCE = [(0, 3 * PERCENT // 2, ONE), (7, PERCENT, ONE), (30, PERCENT // 2, ONE), (180, 0, ONE)]
PUBLISHED_YIELDS = Path(__file__).parents[2] / "docs" / "tutorial" / "data" / "yuebao_yield_2013-07_2014-08.csv"


def policy(*funds: dict[str, Any]) -> Policy:
    return from_plain(SCALES, list(funds))


def cents(text: str) -> int:
    return parse(text.replace(",", ""), 2)


def nav(text: str) -> int:
    return parse(text, 4)


@pytest.mark.parametrize(
    ("amount", "rate", "price", "net", "fee", "units"),
    [
        ("50,000.00", "0.01", "1.1688", "49,504.95", "495.05", "42,355.36"),
        ("100,000.00", "0.015", "1.0168", "98,522.17", "1,477.83", "96,894.35"),
        ("5,000.00", "0.012", "1.1280", "4,940.71", "59.29", "4,380.06"),
    ],
)
def test_subscriptions(amount: str, rate: str, price: str, net: str, fee: str, units: str) -> None:
    terms = policy(fund(front_end=[(0, 0, parse(rate, 8))]))
    dealt = reference.subscribe(terms.scales, terms.funds[0], nav(price), cents(amount))
    assert (dealt.net, dealt.fee, dealt.units) == (cents(net), cents(fee), cents(units))
    assert dealt.rounding == cents(net) * 10**4 - cents(units) * nav(price)


def test_units_rounded_down() -> None:
    down = list(reference.arithmetic.Rounding).index(reference.arithmetic.Rounding.DOWN)
    terms = policy(fund(front_end=[(0, 0, 3 * PERCENT // 2)], modes=(0, down, 0, 0)))
    assert reference.subscribe(terms.scales, terms.funds[0], nav("1.0168"), cents("100000.00")).units == cents(
        "96894.34"
    )


def test_a_redemption_at_half_a_percent() -> None:
    terms = policy(fund(redemption=[(0, PERCENT // 2, 0)]))
    dealt = reference.redeem(terms.scales, terms.funds[0], nav("1.1688"), cents("50000.00"))
    assert (dealt.fee, dealt.paid) == (cents("292.20"), cents("58147.80"))


def test_a_redemption_from_three_lots() -> None:
    terms = policy(fund(redemption=LOTS_IN_FORCE, keeps_lots=True))
    lots = [LotPart(cents("100.00"), 1, 400), LotPart(cents("200.00"), 1, 20), LotPart(cents("20.00"), 1, 3)]
    dealt = reference.redeem(terms.scales, terms.funds[0], nav("1.2345"), cents("320.00"), lots)
    assert dealt.lot_fees == (0, cents("2.47"), cents("0.37"))
    assert (dealt.paid, dealt.fee_to_fund) == (cents("392.20"), cents("2.84"))


def test_the_fourth_to_the_eleventh_is_seven_days_held() -> None:
    terms = policy(fund(redemption=LOTS_IN_FORCE, keeps_lots=True))
    fees = [
        reference.redeem(terms.scales, terms.funds[0], nav("1.0000"), 100_00, [LotPart(100_00, 1, held)]).fee
        for held in (6, 11 - 4)
    ]
    assert fees == [1_50, 1_00]


def test_a_switch() -> None:
    out = fund(redemption=[(0, PERCENT // 2, 0)], front_end=[(0, 0, PERCENT)])
    terms = policy(out, fund(portfolio=1, front_end=[(0, 0, 3 * PERCENT // 2)]))
    prices = (nav("1.2345"), nav("1.3000"))
    dealt = reference.switch(terms.scales, *terms.funds, prices, cents("1234.56"))
    assert cents("1234.56") * nav("1.2345") == parse("1524.064320", 6)
    assert (dealt.out.fee, dealt.out.paid) == (cents("7.62"), cents("1516.44"))
    assert (dealt.net, dealt.top_up_fee, dealt.units_in) == (cents("1508.90"), cents("7.54"), cents("1160.69"))


@pytest.mark.parametrize(
    ("counts", "limit", "accepted"),
    [
        (False, "100,000.00", ["44,444.44", "33,333.33", "22,222.23"]),
        (True, "120,000.00", ["53,333.33", "40,000.00", "26,666.67"]),
    ],
)
def test_a_gate_in_a_whole_day(counts: bool, limit: str, accepted: list[str]) -> None:
    terms = policy(fund(gate=(10 * PERCENT, counts, False, False, None)))
    orders: list[dict[str, Any]] = [
        {"account": n, "order_id": n, "fund": 0, "kind": "redeem", "quantity": cents(units)}
        for n, units in enumerate(["60,000.00", "45,000.00", "30,000.01"])
    ]
    orders.append({"account": 9, "order_id": 9, "fund": 0, "kind": "subscribe", "quantity": cents("20,000.00")})
    positions = [{"account": n, "fund": 0, "units": cents("60000.00")} for n in range(3)]
    positions.append({"account": 3, "fund": 0, "units": cents("820000.00")})
    days = [fund_day(17000, nav("1.0000"), decision="limit")]
    tables = reference.clear(orders, policy=terms, days=days, date=17000, positions=positions)
    assert tables["gates"][0]["limit"] == cents(limit)
    assert [row["confirmed"] for row in tables["confirmations"][:3]] == [cents(units) for units in accepted]
    assert {row["status"] for row in tables["confirmations"][:3]} == {"part"}


def test_the_value_of_a_day() -> None:
    # Law V4 in numbers: -8,862.00 = 1.1688 × (42,355.36 − 50,000) + 73.05 + 0.005232.
    terms = policy(fund(front_end=[(0, 0, PERCENT)], redemption=[(0, PERCENT // 2, ONE // 4)]))
    orders: list[dict[str, Any]] = [
        {"account": 1, "order_id": 1, "fund": 0, "kind": "subscribe", "quantity": cents("50,000.00")},
        {"account": 2, "order_id": 2, "fund": 0, "kind": "redeem", "quantity": cents("50,000.00")},
    ]
    positions = [{"account": 2, "fund": 0, "units": cents("50,000.00")}]
    days = [fund_day(17000, nav("1.1688"))]
    tables = reference.clear(orders, policy=terms, days=days, date=17000, positions=positions)
    bought, sold = tables["confirmations"]
    assert bought["units"] == cents("42,355.36")
    assert bought["net"] - (sold["net"] + sold["fee"] - sold["fee_to_fund"]) == cents("-8,862.00")
    assert sold["fee_to_fund"] == cents("73.05")
    assert bought["rounding"] + sold["rounding"] == parse("0.005232", 6)


def test_published_seven_day_yields() -> None:
    with PUBLISHED_YIELDS.open() as file:
        rows = list(csv.DictReader(file))
    incomes = [parse(row["mfd_daily_yield"], 4) for row in rows]
    published = [parse(row["mfd_7daily_yield"], 3) for row in rows]
    assert len(published) == 427
    assert reference.seven_day_yield(incomes) == published[6:]


def test_income_is_shared_to_the_cent() -> None:
    spread = reference.distribute(5, [3_00, 7_00], account=[1, 2])
    assert (spread.shares, spread.kept) == ([2, 3], 0)


def test_weekend_income_goes_to_fridays_holders() -> None:
    terms = policy(fund(income=(0, False, False)))
    orders: list[dict[str, Any]] = [
        {"account": 1, "order_id": 1, "fund": 0, "kind": "redeem", "quantity": 100_00},
        {"account": 2, "order_id": 2, "fund": 0, "kind": "subscribe", "quantity": 100_00},
    ]
    incomes = [{"fund": 0, "date": 17000 + day, "amount": 1} for day in range(3)]
    tables = reference.clear(
        orders,
        policy=terms,
        days=[fund_day(17000, nav("1.0000"))],
        date=17000,
        positions=[{"account": 1, "fund": 0, "units": 100_00}],
        incomes=incomes,
    )
    assert [(row["account"], row["income"], row["units"]) for row in tables["positions"]] == [(1, 3, 3), (2, 0, 100_00)]
