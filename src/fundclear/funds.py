"""A fund's dealing policy as data: what it charges, how it rounds, what it lets through, how it pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any, ClassVar, Literal

from fundclear.amounts import show
from fundclear.rounding import Rounding
from fundclear.schedules import FeeSchedule, Flat, HoldingSchedule
from fundclear.settings import (
    AMOUNT,
    FLAG,
    ID,
    LABEL,
    MODE,
    PART,
    SHARE,
    TEXT,
    TIME,
    ZONE,
    Amount,
    Id,
    Kind,
    Rate,
    Settings,
    choice,
    count,
    minor,
    nested,
    optional,
    within,
    wrong,
)

__all__ = ["Fund", "Gate", "IncomePolicy", "Swing"]

_SCALE = count(18)
_BUSINESS_DAYS = count(366)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Gate(Settings):
    """When a large redemption gates a portfolio, and what is let through. It belongs to the portfolio's head.

    Args:
        threshold: the part of the outstanding units above which net redemptions trip the gate.
        count_subscriptions: whether the day's subscriptions raise what is accepted.
        priority: ``"none"`` shares over all requests alike; ``"oldest"`` accepts older deferrals first.
        defer_switches: whether the part of a switch that is not accepted is deferred by the order's flag, instead of
            cancelled.
        default: what is decided on a day that brings no decision: ``"accept_all"``, ``"limit"``, or nothing, which
            makes such a day an error.

    >>> Gate(threshold="10%", default="limit")
    Gate(threshold='10%', default='limit')
    """

    threshold: Decimal
    count_subscriptions: bool
    priority: str
    defer_switches: bool
    default: str | None

    _KINDS: ClassVar[Mapping[str, Kind]] = {
        "threshold": SHARE,
        "count_subscriptions": FLAG,
        "priority": choice("none", "oldest"),
        "defer_switches": FLAG,
        "default": optional(choice("accept_all", "limit")),
    }

    def __init__(
        self,
        *,
        threshold: Rate,
        count_subscriptions: bool = False,
        priority: Literal["none", "oldest"] = "none",
        defer_switches: bool = False,
        default: Literal["accept_all", "limit"] | None = None,
    ) -> None:
        self._take(locals())


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Swing(Settings):
    """When large net flows move a portfolio's price, and by how much. It belongs to the portfolio's head.

    Args:
        threshold_up: the net inflow, as a part of the assets, above which the price goes up; zero is full swing.
        threshold_down: the net outflow above which it goes down.
        factor_up: by which part of itself the price goes up, below 100 %.
        factor_down: by which part it goes down, below 100 %.
        cap: the most that either factor counts for, if there is a cap.

    >>> Swing(threshold_up="5%", threshold_down="5%", factor_up="0.3%", factor_down="0.5%", cap="2%")
    Swing(threshold_up='5%', threshold_down='5%', factor_up='0.3%', factor_down='0.5%', cap='2%')
    """

    threshold_up: Decimal
    threshold_down: Decimal
    factor_up: Decimal
    factor_down: Decimal
    cap: Decimal | None

    _KINDS: ClassVar[Mapping[str, Kind]] = {
        "threshold_up": SHARE,
        "threshold_down": SHARE,
        "factor_up": PART,
        "factor_down": PART,
        "cap": optional(PART),
    }

    def __init__(
        self, *, threshold_up: Rate, threshold_down: Rate, factor_up: Rate, factor_down: Rate, cap: Rate | None = None
    ) -> None:
        self._take(locals())


@dataclass(frozen=True, slots=True, init=False, repr=False)
class IncomePolicy(Settings):
    """How a fund distributes its income.

    Args:
        pay: ``"reinvest"`` in units at 1.0000, ``"cash"``, or ``"unpaid"``: kept as the position's unpaid income until
            the month ends or all is redeemed.
        split: ``"lump"`` distributes all dates together; ``"daily"`` each by itself, the units of one earning the next.
        residue: what the cuts after the cent leave is shared out again (``"share_out"``) or kept by the fund
            (``"keep"``).

    >>> IncomePolicy(pay="cash")
    IncomePolicy(pay='cash')
    """

    pay: str
    split: str
    residue: str

    _KINDS: ClassVar[Mapping[str, Kind]] = {
        "pay": choice("reinvest", "cash", "unpaid"),
        "split": choice("lump", "daily"),
        "residue": choice("share_out", "keep"),
    }

    def __init__(
        self,
        *,
        pay: Literal["reinvest", "cash", "unpaid"] = "reinvest",
        split: Literal["lump", "daily"] = "lump",
        residue: Literal["share_out", "keep"] = "share_out",
    ) -> None:
        self._take(locals())


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Fund(Settings):
    """The dealing policy of one fund, or of one class of a portfolio. It never changes; equal policies are equal.

    Cash amounts have at most ``cash_scale`` decimal places, units at most ``unit_scale``. Rates and shares are exact
    at eight places: ``"1.5%"`` and ``"0.015"`` are the same. Roundings are a :class:`~fundclear.Rounding` or its
    lower-case name.

    Args:
        id: the fund, as orders name it: an integer or a text.
        parent: the fund that heads the portfolio this one is a class of.
        currency: of cash, such as CNY.
        cash_scale: decimal places of cash.
        unit_scale: decimal places of units.
        nav_scale: decimal places of prices.
        subscription_fee: the front-end fee by amount; none if it is left out.
        redemption_fee: the redemption fee by days held; none if it is left out.
        back_end_fee: the fee by days held of units that were bought without a front-end fee; a fund without one has no
            back-end class.
        method: what a front-end fee is taken from: ``"outside"``, net = amount / (1 + rate); ``"inside"``,
            fee = amount × rate.
        cash_rounding: of net, gross and invested amounts.
        unit_rounding: of units.
        fee_rounding: of fees.
        swing_rounding: of a swung price.
        redemption_fee_basis: a lot's redemption fee is taken from its ``"exact"`` gross, or from its gross in
            ``"cents"``.
        subscription_manager_share: the manager's part of front-end and top-up fees; the distributor takes the rest.
        redemption_manager_share: the same of what the fund does not keep of redemption fees.
        back_end_manager_share: the same of back-end fees.
        whole_units: whether only whole units are issued; what buys none is refunded.
        minimum_subscription: the least cash of a subscription.
        minimum_redemption: the least units of a redemption or switch that does not take all.
        minimum_holding: the least units of a position that is not empty: a smaller rest is redeemed too.
        maximum_subscription: the most cash of one subscription.
        maximum_redemption: the most units of one redemption or switch.
        maximum_subscription_day: the most cash of a position's subscriptions of one day.
        maximum_redemption_day: the most units of a position's redemptions and switches of one day.
        gate: of the portfolio, at its head.
        swing: of the portfolio, at its head.
        income: how income is paid, if the fund distributes any.
        switch_rate: the rate a switch out has already paid: the fund's of ``"today"``, or the one at ``"purchase"``.
        switch_discounted: whether distributors' discounts count in the rates of a switch into the fund.
        switch_keeps_dates: whether units switched in keep the dates of the lots they came from.
        cut_off: from this time of the dealing day on an order is late.
        time_zone: whose clock that is, by its name in the IANA database.
        calendar: the name of the calendar of dealing days; without one, Monday to Friday.
        settlement_calendar: the name of the calendar that value dates are counted by; without one, Monday to Friday.
        subscription_days: business days from the dealing day to the value date of a subscription; 0 is the same day.
        redemption_days: the same of a redemption.
        switch_days: the same of a switch out.
        income_days: the same of income in cash.
        custody: the party that holds the fund's cash; ``custody:`` and the id if it is left out.
        manager: the party that takes the manager's part of fees.
        netting_set: obligations net within their set only.

    Raises:
        InputError: settings that contradict each other, or a value that is none of those possible (``terms``).
        InputTypeError: a float or a bool where an amount or a rate belongs (``float``, ``bool``).
        InexactError: more decimal places than the setting has (``inexact``).

    >>> import fundclear as fc
    >>> fund = fc.Fund("000198", currency="CNY", redemption_fee=fc.HoldingSchedule([(0, "1.5%"), (7, "0")]))
    >>> fund
    Fund('000198', currency='CNY', redemption_fee=HoldingSchedule([(0, '1.5%'), (7, '0%')]))
    >>> fund.replace(unit_rounding="down").unit_rounding
    <Rounding.DOWN: 'ROUND_DOWN'>
    >>> fund.replace(minimum_holding=0.1)
    Traceback (most recent call last):
    fundclear.errors.InputTypeError: fund '000198': minimum_holding is a float (0.1); ...
    """

    id: Id
    parent: Id | None
    currency: str
    cash_scale: int
    unit_scale: int
    nav_scale: int
    subscription_fee: FeeSchedule | None
    redemption_fee: HoldingSchedule | None
    back_end_fee: HoldingSchedule | None
    method: str
    cash_rounding: Rounding
    unit_rounding: Rounding
    fee_rounding: Rounding
    swing_rounding: Rounding
    redemption_fee_basis: str
    subscription_manager_share: Decimal
    redemption_manager_share: Decimal
    back_end_manager_share: Decimal
    whole_units: bool
    minimum_subscription: Decimal
    minimum_redemption: Decimal
    minimum_holding: Decimal
    maximum_subscription: Decimal | None
    maximum_redemption: Decimal | None
    maximum_subscription_day: Decimal | None
    maximum_redemption_day: Decimal | None
    gate: Gate | None
    swing: Swing | None
    income: IncomePolicy | None
    switch_rate: str
    switch_discounted: bool
    switch_keeps_dates: bool
    cut_off: time
    time_zone: str
    calendar: str | None
    settlement_calendar: str | None
    subscription_days: int
    redemption_days: int
    switch_days: int
    income_days: int
    custody: str
    manager: str
    netting_set: str

    _KINDS: ClassVar[Mapping[str, Kind]] = {
        "id": ID,
        "parent": optional(ID),
        "currency": TEXT,
        **dict.fromkeys(("cash_scale", "unit_scale", "nav_scale"), _SCALE),
        "subscription_fee": optional(nested(FeeSchedule)),
        **dict.fromkeys(("redemption_fee", "back_end_fee"), optional(nested(HoldingSchedule))),
        "method": choice("outside", "inside"),
        **dict.fromkeys(("cash_rounding", "unit_rounding", "fee_rounding", "swing_rounding"), MODE),
        "redemption_fee_basis": choice("exact", "cents"),
        **dict.fromkeys(("subscription_manager_share", "redemption_manager_share", "back_end_manager_share"), SHARE),
        "whole_units": FLAG,
        **dict.fromkeys(("minimum_subscription", "minimum_redemption", "minimum_holding"), AMOUNT),
        **dict.fromkeys(("maximum_subscription", "maximum_redemption"), optional(AMOUNT)),
        **dict.fromkeys(("maximum_subscription_day", "maximum_redemption_day"), optional(AMOUNT)),
        "gate": optional(nested(Gate)),
        "swing": optional(nested(Swing)),
        "income": optional(nested(IncomePolicy)),
        "switch_rate": choice("today", "purchase"),
        **dict.fromkeys(("switch_discounted", "switch_keeps_dates"), FLAG),
        "cut_off": TIME,
        "time_zone": ZONE,
        **dict.fromkeys(("calendar", "settlement_calendar"), optional(TEXT)),
        **dict.fromkeys(("subscription_days", "redemption_days", "switch_days", "income_days"), _BUSINESS_DAYS),
        **dict.fromkeys(("custody", "manager"), TEXT),
        "netting_set": LABEL,
    }

    def __init__(
        self,
        id: Id,
        *,
        parent: Id | None = None,
        currency: str,
        cash_scale: int = 2,
        unit_scale: int = 2,
        nav_scale: int = 4,
        subscription_fee: FeeSchedule | None = None,
        redemption_fee: HoldingSchedule | None = None,
        back_end_fee: HoldingSchedule | None = None,
        method: Literal["outside", "inside"] = "outside",
        cash_rounding: Rounding | str = Rounding.HALF_UP,
        unit_rounding: Rounding | str = Rounding.HALF_UP,
        fee_rounding: Rounding | str = Rounding.HALF_UP,
        swing_rounding: Rounding | str = Rounding.HALF_UP,
        redemption_fee_basis: Literal["exact", "cents"] = "exact",
        subscription_manager_share: Rate = "0%",
        redemption_manager_share: Rate = "0%",
        back_end_manager_share: Rate = "0%",
        whole_units: bool = False,
        minimum_subscription: Amount = 0,
        minimum_redemption: Amount = 0,
        minimum_holding: Amount = 0,
        maximum_subscription: Amount | None = None,
        maximum_redemption: Amount | None = None,
        maximum_subscription_day: Amount | None = None,
        maximum_redemption_day: Amount | None = None,
        gate: Gate | None = None,
        swing: Swing | None = None,
        income: IncomePolicy | None = None,
        switch_rate: Literal["today", "purchase"] = "today",
        switch_discounted: bool = False,
        switch_keeps_dates: bool = False,
        cut_off: time | str = "15:00",
        time_zone: str = "Asia/Shanghai",
        calendar: str | None = None,
        settlement_calendar: str | None = None,
        subscription_days: int = 1,
        redemption_days: int = 1,
        switch_days: int = 1,
        income_days: int = 1,
        custody: str | None = None,
        manager: str = "manager",
        netting_set: str = "",
    ) -> None:
        given = locals()
        with within(f"fund {show(id)}"):
            self._take(given | {"custody": f"custody:{id}" if custody is None else custody})
            _check(self)

    @property
    def keeps_lots(self) -> bool:
        """Whether positions carry lots, because some fee or rate depends on when the units were bought.

        >>> Fund("000198", currency="CNY").keeps_lots
        False
        """
        tiers = () if self.redemption_fee is None else self.redemption_fee.tiers
        return self.back_end_fee is not None or len(tiers) > 1 or self.switch_rate == "purchase"

    @classmethod
    def of(cls, value: Any, name: str) -> Fund:
        """The fund of an object that is one already, or of the plain data that :meth:`record` gives."""
        if isinstance(value, cls):
            return value
        cls._require(value, name)
        return cls(**value)

    def _default(self, name: str) -> Any:
        return f"custody:{self.id}" if name == "custody" else Settings._default(self, name)


def _check(fund: Fund) -> None:
    """Refuses settings of one fund that contradict each other."""
    if fund.parent == fund.id and type(fund.parent) is type(fund.id):
        raise wrong("parent", "a fund that heads its portfolio names no parent")
    if fund.parent is not None and fund.gate is not None:
        raise wrong("gate", f"it belongs to the head of the portfolio, {fund.parent!r}")
    if fund.parent is not None and fund.swing is not None:
        raise wrong("swing", f"it belongs to the head of the portfolio, {fund.parent!r}")
    _check_places(fund)
    _check_limits(fund)
    if fund.back_end_fee is not None:
        for number, tier in enumerate(fund.back_end_fee.tiers):
            if tier.share != 1:
                raise wrong(f"back_end_fee: tier {number}", "the fund keeps no part of a back-end fee")
    if fund.income is not None and fund.unit_scale < fund.cash_scale:
        why = f"a cent of income at cash_scale {fund.cash_scale} is no unit at unit_scale {fund.unit_scale}"
        raise wrong("income", f"{why}, so it cannot be reinvested")


def _check_places(fund: Fund) -> None:
    """Refuses amounts with more decimal places than the fund has."""
    for name in ("minimum_subscription", "maximum_subscription", "maximum_subscription_day"):
        if (cash := getattr(fund, name)) is not None:
            minor(cash, fund.cash_scale, name)
    for name in ("minimum_redemption", "minimum_holding", "maximum_redemption", "maximum_redemption_day"):
        if (units := getattr(fund, name)) is not None:
            minor(units, fund.unit_scale, name)
    if fund.subscription_fee is not None:
        for number, (start, charge) in enumerate(fund.subscription_fee.tiers):
            minor(start, fund.cash_scale, f"subscription_fee: tier {number}: start")
            if isinstance(charge, Flat):
                minor(charge.amount, fund.cash_scale, f"subscription_fee: tier {number}: flat")


def _check_limits(fund: Fund) -> None:
    """Refuses limits that no order can keep."""
    for least, most in (
        ("minimum_subscription", "maximum_subscription"),
        ("minimum_subscription", "maximum_subscription_day"),
        ("minimum_redemption", "maximum_redemption"),
        ("minimum_redemption", "maximum_redemption_day"),
    ):
        low, high = getattr(fund, least), getattr(fund, most)
        if high is None:
            continue
        if high == 0:
            raise wrong(most, "nothing is allowed; to close a fund, say so in the day's inputs")
        if low > high:
            raise wrong(least, f"{low} is more than {most}, {high}")
