"""The dealing policy of the funds as the judge reads it: plain data in minor units of the table's scales.

Cash, units and prices of all funds stand at one scale each, the largest that any of them has. A fund rounds to its own
scale, so its values are multiples of its quanta: a fund without cents, in a table with cents, has a cash quantum of
100. Rates, discounts, shares, thresholds and swing factors are whole numbers of which :data:`ONE` make 100 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal

from fundclear.reference.arithmetic import round_fraction
from fundclear.rounding import Rounding

__all__ = [
    "NO_LIMIT",
    "ONE",
    "FeeTier",
    "Fund",
    "Gate",
    "HoldingTier",
    "IncomePolicy",
    "Limits",
    "Modes",
    "Policy",
    "Scales",
    "Swing",
    "SwitchTerms",
    "from_plain",
    "to_quantum",
]

#: A rate, a discount or a share of one, 100 %, at eight decimal places.
ONE: Final = 10**8

#: The maximum that is none.
NO_LIMIT: Final = 2**63 - 1

_MODES: Final = tuple(Rounding)
_PAYMENTS: Final = ("reinvest", "cash", "unpaid")


@dataclass(frozen=True)
class Scales:
    """Decimal places of cash, units and prices in the tables."""

    cash: int
    units: int
    nav: int

    @property
    def cash_to_value(self) -> int:
        """What cash is times to stand at the scale of units × price."""
        return int(10 ** (self.units + self.nav - self.cash))

    def cash_of(self, units: int) -> Fraction:
        """The cash, in minor units, of units at 1.0000."""
        return Fraction(units * 10**self.cash, 10**self.units)

    def units_of(self, cash: int) -> Fraction:
        """The units, in minor units, that cash buys at 1.0000."""
        return Fraction(cash * 10**self.units, 10**self.cash)


@dataclass(frozen=True)
class FeeTier:
    """A tier of a front-end schedule: from this amount on, a flat amount of cash or a rate."""

    start: int
    is_flat: bool
    value: int


@dataclass(frozen=True)
class HoldingTier:
    """A tier of a holding-period schedule; the fund keeps its share of the fee."""

    from_days: int
    rate: int
    fund_share: int


@dataclass(frozen=True)
class Gate:
    """The gate of a portfolio."""

    threshold: int
    counts_subscriptions: bool
    oldest_first: bool
    defers_switches: bool
    default: Literal["accept_all", "limit"] | None


@dataclass(frozen=True)
class Swing:
    """The swing pricing of a portfolio; its factors are capped already."""

    threshold_up: int
    threshold_down: int
    factor_up: int
    factor_down: int


@dataclass(frozen=True)
class IncomePolicy:
    """How income is paid where a position has not chosen; date by date or in one sum; who keeps the residue."""

    payment: str
    daily: bool
    keeps_residue: bool


@dataclass(frozen=True)
class Modes:
    """The rounding modes of a fund."""

    cash: Rounding
    units: Rounding
    fee: Rounding
    price: Rounding


@dataclass(frozen=True)
class Limits:
    """Minima and maxima; a minimum of zero and a maximum of :data:`NO_LIMIT` are none."""

    minimum_subscription: int
    maximum_subscription: int
    maximum_subscription_day: int
    minimum_redemption: int
    maximum_redemption: int
    maximum_redemption_day: int
    minimum_holding: int


@dataclass(frozen=True)
class SwitchTerms:
    """How switches are charged: the first of the out fund, the others of the target fund."""

    rate_at_purchase: bool
    discounted: bool
    keeps_dates: bool


@dataclass(frozen=True)
class Fund:
    """One class of a portfolio, or a fund without classes. ``portfolio`` is the number of the fund that heads it."""

    portfolio: int
    currency: int
    cash_quantum: int
    unit_quantum: int
    nav_quantum: int
    modes: Modes
    front_end: tuple[FeeTier, ...]
    inside: bool
    redemption: tuple[HoldingTier, ...]
    fee_from_cents: bool
    back_end: tuple[HoldingTier, ...]
    subscription_manager_share: int
    redemption_manager_share: int
    back_end_manager_share: int
    whole_units: bool
    limits: Limits
    gate: Gate | None
    swing: Swing | None
    income: IncomePolicy | None
    switches: SwitchTerms
    keeps_lots: bool

    def front_end_tier(self, amount: int) -> FeeTier:
        """The tier of an amount, lower bounds inclusive; a rate of zero where nothing is charged."""
        found = FeeTier(0, False, 0)
        for tier in self.front_end:
            if tier.start <= amount:
                found = tier
        return found


def holding_tier(tiers: Sequence[HoldingTier], days: int) -> HoldingTier:
    """The tier of a number of days held, lower bounds inclusive; a rate of zero before the first."""
    found = HoldingTier(days, 0, 0)
    for tier in tiers:
        if tier.from_days <= days:
            found = tier
    return found


@dataclass(frozen=True)
class Policy:
    """The scales of the tables and the terms of all funds, by rising identifier."""

    scales: Scales
    funds: tuple[Fund, ...]


def from_plain(scales: tuple[int, int, int], plain: Sequence[Mapping[str, Any]]) -> Policy:
    """The policy of a list of plain terms: a mapping of whole numbers and tuples for each fund, by rising identifier.

    Rounding modes are numbers in the order of :class:`fundclear.rounding.Rounding`; a front-end tier is (from, 0 for a
    rate or 1 for a flat amount, value), a redemption tier (days, rate, the fund's share), a back-end tier (days, rate).
    """
    return Policy(Scales(*scales), tuple(_fund(entry) for entry in plain))


def _fund(entry: Mapping[str, Any]) -> Fund:
    gate, swing, income = entry["gate"], entry["swing"], entry["income"]
    return Fund(
        portfolio=entry["portfolio"],
        currency=entry["currency"],
        cash_quantum=entry["cash_quantum"],
        unit_quantum=entry["unit_quantum"],
        nav_quantum=entry["nav_quantum"],
        modes=Modes(*(_MODES[code] for code in entry["modes"])),
        front_end=tuple(FeeTier(start, bool(flat), value) for start, flat, value in entry["front_end"]),
        inside=bool(entry["method"]),
        redemption=tuple(HoldingTier(*tier) for tier in entry["redemption"]),
        fee_from_cents=bool(entry["fee_from_cents"]),
        back_end=tuple(HoldingTier(tier[0], tier[1], 0) for tier in entry["back_end"]),
        subscription_manager_share=entry["subscription_manager_share"],
        redemption_manager_share=entry["redemption_manager_share"],
        back_end_manager_share=entry["back_end_manager_share"],
        whole_units=bool(entry["whole_units"]),
        limits=Limits(*entry["limits"]),
        gate=None if gate is None else Gate(gate[0], bool(gate[1]), bool(gate[2]), bool(gate[3]), gate[4]),
        swing=None if swing is None else Swing(*swing[:4]),
        income=None if income is None else IncomePolicy(_PAYMENTS[income[0]], bool(income[1]), bool(income[2])),
        switches=SwitchTerms(*(bool(flag) for flag in entry["switches"])),
        keeps_lots=bool(entry["keeps_lots"]),
    )


def to_quantum(exact: Fraction | int, quantum: int, rounding: Rounding) -> int:
    """The multiple of a quantum that an exact amount is rounded to.

    >>> to_quantum(Fraction(12345, 10), 100, Rounding.HALF_UP)
    1200
    """
    return round_fraction(Fraction(exact) / quantum, rounding) * quantum
