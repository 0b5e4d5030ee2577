"""``subscribe``, ``redeem``, ``switch``: published examples, mixed funds, bad input, ``out``."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import fundclear as fc
from fundclear import reference
from fundclear.columns import Labels


def refused(call: Callable[[], object], code: str, **facts: object) -> fc.FundclearError:
    with pytest.raises(fc.FundclearError) as raised:
        call()
    error = raised.value
    assert error.code == code
    assert {name: getattr(error, name) for name in facts} == facts
    return error


def rate(percent: str) -> fc.FeeSchedule:
    return fc.FeeSchedule([("0", percent)])


TIERED = fc.FeeSchedule([("0", "1.5%"), ("1000000", "1.2%"), ("2000000", "0.8%"), ("5000000", fc.Flat("1000.00"))])
PLAIN = fc.Fund("000198", currency="CNY")
FINE = fc.Fund("000300", currency="CNY", unit_scale=4, subscription_fee=TIERED)
WHOLE = fc.Fund("510300", currency="CNY", whole_units=True, unit_scale=0, subscription_fee=rate("1%"))
EVEN = fc.Fund("000400", currency="CNY", cash_rounding="half_even", method="inside", subscription_fee=rate("0.5%"))
FOREIGN = fc.Fund("900001", currency="USD")
TERMS = fc.Terms([PLAIN, FINE, WHOLE, EVEN, FOREIGN])
NAVS = {"000198": "1.0000", "000300": "1.0168", "510300": "3.4567", "000400": "0.9876", "900001": "10.0000"}


@pytest.mark.parametrize(
    ("amount", "percent", "nav", "net", "fee", "units"),
    [
        ("50000.00", "1%", "1.1688", "49504.95", "495.05", "42355.36"),
        ("100000.00", "1.5%", "1.0168", "98522.17", "1477.83", "96894.35"),
        ("5000.00", "1.2%", "1.1280", "4940.71", "59.29", "4380.06"),
    ],
)
def test_published_subscriptions(amount: str, percent: str, nav: str, net: str, fee: str, units: str) -> None:
    dealt = fc.subscribe(amount, nav, PLAIN.replace(subscription_fee=rate(percent)))
    assert (dealt.net[0], dealt.fee[0], dealt.units[0]) == (Decimal(net), Decimal(fee), Decimal(units))
    assert (dealt.invested[0], dealt.refund[0]) == (Decimal(net), Decimal(0))
    assert dealt.rounding[0] == Decimal(net) - Decimal(units) * Decimal(nav)


def test_published_redemptions() -> None:
    half = PLAIN.replace(redemption_fee=fc.HoldingSchedule([(0, "0.5%", "100%")]))
    dealt = fc.redeem("50000.00", "1.1688", half, held_days=9)
    assert (dealt.fee[0], dealt.paid[0], dealt.back_end[0]) == (Decimal("292.20"), Decimal("58147.80"), Decimal(0))
    tiers = fc.HoldingSchedule([(0, "1.5%", "100%"), (7, "1%", "100%"), (365, "0%")])
    lots = fc.redeem(
        ["100.00", "200.00", "20.00"], "1.2345", PLAIN.replace(redemption_fee=tiers), held_days=[400, 20, 3]
    )
    assert lots.fee.to_strings() == ["0.00", "2.47", "0.37"]
    assert lots.gross.sum() == Decimal("395.04")
    week = fc.redeem(["100.00"] * 3, "1.0000", PLAIN.replace(redemption_fee=tiers), held_days=[6, 7, 8])
    assert week.fee.to_strings() == ["1.50", "1.00", "1.00"]


def test_published_switch() -> None:
    out = fc.Fund("A", currency="CNY", subscription_fee=rate("1%"), redemption_fee=fc.HoldingSchedule([(0, "0.5%")]))
    into = fc.Fund("B", currency="CNY", subscription_fee=rate("1.5%"))
    dealt = fc.switch("1234.56", "1.2345", "1.3000", out, into, held_days=5)
    found = {name: getattr(dealt, name)[0] for name in dealt.__slots__}
    expected = {
        "gross": "1524.064320", "redemption_fee": "7.62", "transfer": "1516.44", "back_end": "0.00",
        "top_up_fee": "7.54", "net": "1508.90", "units": "1160.69", "refund": "0.00",
    }  # fmt: skip
    assert {name: found[name] for name in expected} == {name: Decimal(text) for name, text in expected.items()}
    assert found["rounding_out"] == Decimal("1524.064320") - Decimal("1524.06")
    assert found["rounding_in"] == Decimal("1508.90") - Decimal("1160.69") * Decimal("1.3000")
    purchase = out.replace(switch_rate="purchase")
    refused(lambda: fc.switch("1.00", "1", "1", purchase, into, held_days=5), "argument", argument="rate_paid")
    paid = fc.switch("1234.56", "1.2345", "1.3000", purchase, into, held_days=5, rate_paid="0.015")
    assert paid.top_up_fee[0] == 0
    refused(lambda: fc.switch("1.00", "1", "1", out, FOREIGN, held_days=5), "target-currency", row=0)


def mixed(rows: int) -> tuple[np.ndarray[Any, Any], list[str], list[int]]:
    draw = np.random.default_rng(4)
    ids = [str(TERMS.ids[number]) for number in draw.integers(0, len(TERMS), rows)]
    return 10 ** draw.integers(3, 9, rows) + draw.integers(0, 10**6, rows), ids, draw.integers(0, 9, rows).tolist()


def test_mixed_funds_are_dealt_as_the_reference_does() -> None:
    rows = 5_000
    amounts, ids, _ = mixed(rows)
    dealt = fc.subscribe(fc.Fixed.from_minor(amounts, 2), NAVS, ids, terms=TERMS, discount="0.4")
    policy = reference.from_plain(TERMS.scales, TERMS.plain())
    navs = [int(Decimal(NAVS[fund]).scaleb(TERMS.scales.nav)) for fund in ids]
    for row, (amount, fund, nav) in enumerate(zip(amounts.tolist(), ids, navs, strict=True)):
        number = TERMS.number(fund)
        assert number is not None
        judged = reference.subscribe(policy.scales, policy.funds[number], nav, amount, discount=40_000_000)
        for name in ("net", "fee", "invested", "units", "refund", "rounding"):
            assert getattr(dealt, name).minor[row] == getattr(judged, name), (row, name, fund)


def test_the_fund_column_may_have_any_form() -> None:
    amounts, ids, _ = mixed(300)
    column = fc.Fixed.from_minor(amounts, 2)
    labels = Labels.of(ids)
    expected = fc.subscribe(column, NAVS, ids, terms=TERMS).units
    for funds in (labels, tuple(ids), np.array(ids), np.array(ids, object)):
        assert fc.subscribe(column, NAVS, funds, terms=TERMS).units.equals(expected)
    by_row = fc.Fixed.parse([NAVS[fund] for fund in ids])
    assert fc.subscribe(column, by_row, labels, terms=TERMS).units.equals(expected)
    numbered = fc.Terms([TERMS[fund].replace(id=int(fund)) for fund in TERMS.ids])
    whole = [int(fund) for fund in ids]
    navs = {int(fund): nav for fund, nav in NAVS.items()}
    for numbers in (whole, np.array(whole), np.array(whole, np.int32), np.array(whole, object)):
        assert fc.subscribe(column, navs, numbers, terms=numbered).units.equals(expected)
    one = fc.subscribe("100.00", "1.0168", "000300", terms=TERMS)
    assert one.units.equals(fc.subscribe("100.00", {"000300": "1.0168"}, FINE).units)


def test_results_have_the_scales_of_the_terms() -> None:
    dealt = fc.subscribe("100", "1", "000198", terms=TERMS)
    assert (dealt.net.scale, dealt.units.scale, dealt.rounding.scale) == (2, 4, 8)
    assert dealt.units.to_strings() == ["100.0000"]
    assert fc.subscribe(["100", "7.1"], "1", PLAIN).units.to_strings() == ["100.00", "7.10"]
    # A fund rounds to its own scale, whatever the terms' is.
    assert fc.subscribe("100.00", "3.0000", "000198", terms=TERMS).units.to_strings() == ["33.3300"]


def test_whole_units_refund_the_rest() -> None:
    dealt = fc.subscribe("1000.00", "3.4567", WHOLE)
    assert (dealt.net[0], dealt.units[0]) == (Decimal("990.10"), Decimal(286))
    assert dealt.invested[0] + dealt.refund[0] == dealt.net[0]


def test_back_end_charges() -> None:
    fund = FINE.replace(back_end_fee=fc.HoldingSchedule([(0, "2%"), (365, "1%")]))
    assert fc.subscribe("100.00", "1.0000", fund, charge="back").fee[0] == 0
    dealt = fc.redeem("1000.00", "1.2000", fund, held_days=400, charge="back", bought_at="1.5000")
    assert (dealt.back_end[0], dealt.paid[0]) == (Decimal("14.85"), Decimal("1185.15"))
    refused(lambda: fc.redeem("1.00", "1", fund, held_days=1, charge="back"), "argument", argument="bought_at")
    refused(lambda: fc.subscribe("1.00", "1", FINE, charge="back"), "charge-class", row=0, argument="fund")
    side: Any = "side"
    refused(lambda: fc.subscribe("1.00", "1", FINE, charge=side), "argument", argument="charge")


def test_discounts() -> None:
    dealt = fc.subscribe(["100000.00"] * 3, "1.0000", FINE, discount=["1", "0.1", "0"])
    assert dealt.fee.to_strings() == ["1477.83", "149.78", "0.00"]
    assert fc.subscribe("6000000.00", "1.0000", FINE, discount="0.1").fee[0] == 1000
    refused(lambda: fc.subscribe("1.00", "1", FINE, discount="1.1"), "discount", argument="discount", row=0)
    refused(lambda: fc.subscribe("1.00", "1", FINE, discount=["-0.1"]), "discount", value="-0.10000000")


@pytest.mark.parametrize(
    ("amounts", "code", "row", "value"),
    [
        (["1.00", "0.00"], "quantity-not-positive", 1, "0.00"),
        (["1.00", "-1.00"], "quantity-not-positive", 1, "-1.00"),
        (["0.01", "0.01"], "zero-units", 0, "0.01"),
    ],
)
def test_rows_that_a_day_would_reject(amounts: list[str], code: str, row: int, value: str) -> None:
    refused(lambda: fc.subscribe(amounts, "100.0000", PLAIN), code, argument="amount", row=row, value=value)


def test_a_fee_that_takes_all() -> None:
    flat = PLAIN.replace(subscription_fee=fc.FeeSchedule([("0", fc.Flat("5.00"))]))
    refused(lambda: fc.subscribe(["5.01", "5.00"], "1", flat), "fee-exceeds-amount", row=1, value="5.00")


def test_units_of_too_many_decimals() -> None:
    refused(
        lambda: fc.redeem("1.0001", "1", "000198", terms=TERMS, held_days=1), "quantity-precision", argument="units"
    )
    refused(lambda: fc.redeem("1.001", "1", PLAIN, held_days=1), "inexact", argument="units")


def test_prices_that_are_none() -> None:
    refused(lambda: fc.subscribe("1.00", "0", PLAIN), "dealing-price", argument="nav", row=0, value="0.0000")
    refused(lambda: fc.subscribe(["1.00"] * 2, ["1", "-1"], PLAIN), "dealing-price", row=1, value="-1.0000")
    missing = {"000198": "1.0000"}
    refused(lambda: fc.subscribe("1.00", missing, ["000300"], terms=TERMS), "no-price", value="'000300'", row=0)
    days: Any = 1.5
    refused(lambda: fc.switch("1", missing, "1", "000198", "000400", held_days=days, terms=TERMS), "dtype")


def test_funds_that_are_none() -> None:
    unknown = ["000198", "000199"]
    refused(lambda: fc.subscribe("1.00", NAVS, unknown, terms=TERMS), "unknown-fund", row=1, value="'000199'")
    refused(lambda: fc.subscribe("1.00", NAVS, "000199", terms=TERMS), "unknown-fund", argument="fund")
    refused(lambda: fc.subscribe("1.00", NAVS, [198], terms=TERMS), "identifier-kind", argument="fund")
    refused(lambda: fc.subscribe("1.00", "1", "000198"), "argument", argument="terms")
    numbered = fc.Terms([PLAIN.replace(id=5)])
    refused(lambda: fc.subscribe("1.00", "1", ["5"], terms=numbered), "identifier-kind")
    refused(lambda: fc.subscribe("1.00", "1", np.array([5, -5]), terms=numbered), "unknown-fund", row=1, value="-5")


@pytest.mark.parametrize(
    ("amount", "code"), [(1.5, "float"), ([None], "null"), ([True], "bool"), ("x", "stray"), (np.ones(2), "float")]
)
def test_amounts_that_are_none(amount: Any, code: str) -> None:
    refused(lambda: fc.subscribe(amount, "1.0000", PLAIN), code, argument="amount")


def test_columns_of_other_lengths() -> None:
    for call in (
        lambda: fc.subscribe(["1.00"] * 3, ["1"] * 2, PLAIN),
        lambda: fc.subscribe(["1.00"] * 3, "1", ["000198"] * 2, terms=TERMS),
        lambda: fc.redeem(["1.00"] * 3, "1", PLAIN, held_days=[1, 2]),
    ):
        refused(call, "length")
    empty = fc.subscribe([], "1.0000", PLAIN)
    assert [len(getattr(empty, name)) for name in empty.__slots__] == [0] * 6


def test_out_is_written_into() -> None:
    amounts, ids, _ = mixed(1_000)
    column = fc.Fixed.from_minor(amounts, 2)
    first = fc.subscribe(column, NAVS, ids, terms=TERMS)
    kept = {name: getattr(first, name).minor.copy() for name in first.__slots__}
    again = fc.subscribe(column[::-1], NAVS, ids[::-1], terms=TERMS, out=first)
    assert again is first
    assert all(np.array_equal(getattr(first, name).minor, kept[name][::-1]) for name in kept)
    refused(lambda: fc.subscribe(column[1:], NAVS, ids[1:], terms=TERMS, out=first), "out")
    refused(lambda: fc.subscribe(first.net, "1.0000", "000198", terms=TERMS, out=first), "out")
    refused(lambda: fc.subscribe("1.00", "1", PLAIN, out=first), "out")
    refused(lambda: fc.redeem("1.00", "1", PLAIN, held_days=1, out=first), "out")  # type: ignore[arg-type]
    twice = fc.Subscribed(first.net, first.net, first.invested, first.units, first.refund, first.rounding)
    refused(lambda: fc.subscribe(column, NAVS, ids, terms=TERMS, out=twice), "out")
    refused(lambda: fc.subscribe(-column, NAVS, ids, terms=TERMS, out=first), "quantity-not-positive", row=0)
    with pytest.raises(fc.AmountOverflowError):
        first.units.sum()


def test_more_than_18_digits() -> None:
    refused(lambda: fc.subscribe("10000000000000.00", "0.0001", PLAIN), "overflow", row=0, value="10000000000000.00")


def test_threads_do_not_matter() -> None:
    amounts, ids, days = mixed(200_000)
    column, labels = fc.Fixed.from_minor(amounts, 2), Labels.of(ids)
    one, four = (fc.subscribe(column, NAVS, labels, terms=TERMS, threads=count) for count in (1, 4))
    assert all(getattr(one, name).equals(getattr(four, name)) for name in one.__slots__)
    parts = (fc.redeem(column.rescale(0, "up"), "1.2345", WHOLE, held_days=days, threads=count) for count in (1, 4))
    first, second = parts
    assert all(getattr(first, name).equals(getattr(second, name)) for name in first.__slots__)
