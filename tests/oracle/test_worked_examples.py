"""Examples that funds and regulators publish, recomputed: their figures are independent of both engines."""

from __future__ import annotations

from typing import Any

import pytest

import fundclear as fc
from fundclear import reference
from fundclear.reference import parse
from support.engines import ENGINES

#: Total, weights, policy, shares, all as published.
ALLOCATIONS = [
    ("1027.59", ["20", "70", "5", "5"], 2, "first", ["205.52", "719.32", "51.38", "51.37"]),
    ("0.05", ["3", "7"], 2, "largest_remainder", ["0.02", "0.03"]),
    ("15", ["80", "8", "12"], 0, "first", ["13", "1", "1"]),
    # Redemptions at a gate: what may leave the fund, shared over what is asked for.
    ("100000.00", ["60000.00", "45000.00", "30000.01"], 2, "largest_remainder", ["44444.44", "33333.33", "22222.23"]),
    ("120000.00", ["60000.00", "45000.00", "30000.01"], 2, "largest_remainder", ["53333.33", "40000.00", "26666.67"]),
]

#: Subscriptions by the outside method: amount, one plus the rate, price, net amount, units.
SUBSCRIPTIONS = [
    ("50000.00", "1.01", "1.1688", "49504.95", "42355.36"),
    ("100000.00", "1.015", "1.0168", "98522.17", "96894.35"),
    ("5000.00", "1.012", "1.1280", "4940.71", "4380.06"),
]

#: Redemptions: units, price, rate, fee in cash.
REDEMPTION_FEES = [
    ("50000.00", "1.1688", "0.005", "292.20"),
    ("200.00", "1.2345", "0.01", "2.47"),
    ("20.00", "1.2345", "0.015", "0.37"),
]


@pytest.mark.parametrize(("total", "weights", "scale", "policy", "shares"), ALLOCATIONS)
def test_allocations(total: str, weights: list[str], scale: int, policy: str, shares: list[str]) -> None:
    minor = [parse(weight, 2) for weight in weights]
    assert reference.allocate(parse(total, scale), minor, policy) == ([parse(share, scale) for share in shares], 0)
    assert fc.allocate(total, weights, scale=scale, policy=policy).shares.to_strings() == shares


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("amount", "divisor", "price", "net", "units"), SUBSCRIPTIONS)
def test_subscriptions(engine: str, amount: str, divisor: str, price: str, net: str, units: str) -> None:
    tested: Any = ENGINES[engine]
    assert tested.divide(parse(amount, 2), 2, parse(divisor, 3), 3, 2, "half_up") == parse(net, 2)
    assert tested.divide(parse(net, 2), 2, parse(price, 4), 4, 2, "half_up") == parse(units, 2)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("units", "price", "rate", "fee"), REDEMPTION_FEES)
def test_redemption_fees(engine: str, units: str, price: str, rate: str, fee: str) -> None:
    tested: Any = ENGINES[engine]
    gross = tested.multiply(parse(units, 2), 2, parse(price, 4), 4, 6, None)
    assert tested.multiply(gross, 6, parse(rate, 3), 3, 2, "half_up") == parse(fee, 2)
    assert fc.Fixed.parse([units]).mul(price, 6).to_strings() == [reference.format(gross, 6)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_switch(engine: str) -> None:
    """1,234.56 units at 1.2345 out, fees of 0.5 % each way, into a fund at 1.3000."""
    tested: Any = ENGINES[engine]
    gross = tested.multiply(123456, 2, 12345, 4, 6, None)
    assert gross == parse("1524.064320", 6)
    fee = tested.multiply(gross, 6, 5, 3, 2, "half_up")
    assert fee == parse("7.62", 2)
    transfer = tested.subtract(tested.rescale(gross, 6, 2, "half_up"), fee)
    assert transfer == parse("1516.44", 2)
    net = tested.divide(transfer, 2, 1005, 3, 2, "half_up")
    assert (net, tested.subtract(transfer, net)) == (parse("1508.90", 2), parse("7.54", 2))
    assert tested.divide(net, 2, 13000, 4, 2, "half_up") == parse("1160.69", 2)
