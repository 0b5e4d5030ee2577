"""Terms as the native kernel computes with them: numbers and tuples, money in minor units at the tables' scales."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np

from fundclear.funds import Fund, Gate, IncomePolicy, Swing
from fundclear.rounding import kernel_code
from fundclear.schedules import FeeSchedule, Flat, HoldingSchedule
from fundclear.settings import RATE_PLACES, Id, minor

__all__ = ["Scales", "plain_fund", "plain_swing"]

_NO_MAXIMUM: Final = int(np.iinfo(np.int64).max)
_PAYMENTS: Final = {"reinvest": 0, "cash": 1, "unpaid": 2}


class Scales(NamedTuple):
    """Decimal places of cash, units and prices in the tables of a day: the most that any fund has."""

    cash: int
    units: int
    nav: int

    @property
    def rounding(self) -> int:
        """Decimal places of what rounding leaves: those of units times a price."""
        return sum(self[1:])


def plain_fund(fund: Fund, scales: Scales, numbers: Mapping[Id, int], currencies: tuple[str, ...]) -> dict[str, Any]:
    """The fund as the kernel's, by the names of its fields."""
    cash_scale, unit_scale, nav_scale = scales
    return {
        "portfolio": numbers[fund.id if fund.parent is None else fund.parent],
        "currency": currencies.index(fund.currency),
        "cash_quantum": 10 ** (cash_scale - fund.cash_scale),
        "unit_quantum": 10 ** (unit_scale - fund.unit_scale),
        "nav_quantum": 10 ** (nav_scale - fund.nav_scale),
        "modes": tuple(
            kernel_code(mode)
            for mode in (fund.cash_rounding, fund.unit_rounding, fund.fee_rounding, fund.swing_rounding)
        ),
        "front_end": _front_end(fund.subscription_fee, cash_scale),
        "method": ("outside", "inside").index(fund.method),
        "redemption": _holding(fund.redemption_fee),
        "fee_from_cents": fund.redemption_fee_basis == "cents",
        "back_end": [(days, rate) for days, rate, _ in _holding(fund.back_end_fee)],
        "subscription_manager_share": _rate(fund.subscription_manager_share),
        "redemption_manager_share": _rate(fund.redemption_manager_share),
        "back_end_manager_share": _rate(fund.back_end_manager_share),
        "whole_units": fund.whole_units,
        "limits": _limits(fund, cash_scale, unit_scale),
        "gate": _gate(fund.gate),
        "swing": None if fund.swing is None else plain_swing(fund.swing),
        "income": _income(fund.income),
        "switches": (fund.switch_rate == "purchase", fund.switch_discounted, fund.switch_keeps_dates),
        "keeps_lots": fund.keeps_lots,
    }


def _rate(value: Decimal) -> int:
    return minor(value, RATE_PLACES, "rate")


def _front_end(schedule: FeeSchedule | None, cash_scale: int) -> list[tuple[int, int, int]]:
    """From which amount, whether the charge is flat, and the charge."""
    if schedule is None:
        return []
    return [
        (minor(start, cash_scale, "start"), 1, minor(charge.amount, cash_scale, "flat"))
        if isinstance(charge, Flat)
        else (minor(start, cash_scale, "start"), 0, _rate(charge))
        for start, charge in schedule.tiers
    ]


def _holding(schedule: HoldingSchedule | None) -> list[tuple[int, int, int]]:
    """From which day, the rate, and the fund's part."""
    return [] if schedule is None else [(days, _rate(rate), _rate(share)) for days, rate, share in schedule.tiers]


def _limits(fund: Fund, cash_scale: int, unit_scale: int) -> tuple[int, ...]:
    """Minima and maxima in the order of the kernel's."""
    settings = (
        (fund.minimum_subscription, cash_scale, "minimum_subscription"),
        (fund.maximum_subscription, cash_scale, "maximum_subscription"),
        (fund.maximum_subscription_day, cash_scale, "maximum_subscription_day"),
        (fund.minimum_redemption, unit_scale, "minimum_redemption"),
        (fund.maximum_redemption, unit_scale, "maximum_redemption"),
        (fund.maximum_redemption_day, unit_scale, "maximum_redemption_day"),
        (fund.minimum_holding, unit_scale, "minimum_holding"),
    )
    return tuple(_NO_MAXIMUM if value is None else minor(value, scale, name) for value, scale, name in settings)


def _gate(gate: Gate | None) -> tuple[Any, ...] | None:
    if gate is None:
        return None
    return (
        _rate(gate.threshold),
        gate.count_subscriptions,
        gate.priority == "oldest",
        gate.defer_switches,
        gate.default,
    )


def plain_swing(swing: Swing) -> tuple[int, ...]:
    """Thresholds and factors; a cap is the most that a factor can be."""
    up, down = (
        factor if swing.cap is None else min(factor, swing.cap) for factor in (swing.factor_up, swing.factor_down)
    )
    return _rate(swing.threshold_up), _rate(swing.threshold_down), _rate(up), _rate(down)


def _income(policy: IncomePolicy | None) -> tuple[int, bool, bool] | None:
    if policy is None:
        return None
    return _PAYMENTS[policy.pay], policy.split == "daily", policy.residue == "keep"
