"""What a whole clearing day shares: the terms, the day's inputs by fund, and the order in which rows stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from fundclear.errors import refuse
from fundclear.reference.policy import ONE, Fund, Policy

__all__ = ["CHARGES", "NOT_PLACED", "Day", "FundDay", "PositionKey", "Row", "read_day"]

#: A row of a table: column names and whole numbers or texts.
Row: TypeAlias = dict[str, Any]

#: Account, transaction account, distributor, fund, charge class: all keys.
PositionKey: TypeAlias = tuple[int, int, int, int, str]

#: The time of an order that came without one.
NOT_PLACED: Final = -(2**63)

#: The charge classes.
CHARGES: Final = ("front", "back")

_MASK: Final = 2**64 - 1
_ROWS_OF_A_BUCKET: Final = 2**14
_MOST_BITS: Final = 24


@dataclass(frozen=True)
class FundDay:
    """What the day brings for a fund: see :func:`fundclear.reference.day.clear`."""

    nav: int
    confirmation: int
    status: int = 3
    cut_off: int = 2**63 - 1
    decision: str | None = None
    figure: int = 0
    swing: str | None = None
    pays_out: bool = False
    value_dates: Mapping[str, int] = field(default_factory=dict)
    custody: str = "custody"
    manager: str = "manager"
    netting_set: str = ""

    def is_open(self, direction: int) -> bool:
        """Whether subscriptions (1) or redemptions (2) are dealt today."""
        return bool(self.status & direction)


@dataclass(frozen=True)
class Day:
    """The context of a day."""

    policy: Policy
    days: tuple[FundDay, ...]
    date: int
    fund_keys: tuple[int, ...]
    quantity_scale: int
    discounts: Mapping[tuple[int, int], int]
    currencies: Sequence[str]
    clearing: str
    distributor_parties: Mapping[int, str]
    bucket_bits: int

    def fund(self, key: int) -> Fund:
        """The terms of a known fund."""
        return self.policy.funds[self.fund_keys.index(key)]

    def day_of(self, key: int) -> FundDay:
        """The day's inputs of a known fund."""
        return self.days[self.fund_keys.index(key)]

    def knows(self, key: int | None) -> bool:
        """Whether the terms have the fund."""
        return key in self.fund_keys

    def portfolio(self, key: int) -> int:
        """The key of the fund that heads the portfolio of a known fund."""
        return self.fund_keys[self.fund(key).portfolio]

    def fund_rank(self, key: int | None) -> tuple[int, int]:
        """Where a fund stands: those of the terms first, no fund last."""
        if key is None:
            return (2, 0)
        return (0 if self.knows(key) else 1, key)

    def currency(self, key: int) -> str:
        """The name of a known fund's currency."""
        number = self.fund(key).currency
        return self.currencies[number] if self.currencies else str(number)

    def discount(self, fund: int, distributor: int) -> int:
        """The factor on the front-end rates of a fund for the orders of a distributor."""
        return self.discounts.get((fund, distributor), ONE)

    def party(self, distributor: int) -> str:
        """The settlement party of a distributor."""
        return self.distributor_parties.get(distributor, f"distributor {distributor}")

    @property
    def cash_factor(self) -> int:
        """Quantities in minor units are cash times this."""
        return int(10 ** (self.quantity_scale - self.policy.scales.cash))

    @property
    def unit_factor(self) -> int:
        """Quantities in minor units are units times this."""
        return int(10 ** (self.quantity_scale - self.policy.scales.units))

    def bucket(self, account: int) -> int:
        """The bucket of an account: the top bits of a fixed mix of its key."""
        return mix(account) >> (64 - self.bucket_bits)

    def position_order(self, key: PositionKey) -> tuple[Any, ...]:
        """Where a position stands among all."""
        account, transaction_account, distributor, fund, charge = key
        rank = self.fund_rank(fund)
        return (self.bucket(account), account, rank, transaction_account, distributor, CHARGES.index(charge))


def mix(key: int) -> int:
    """The finalizer of splitmix64 on a key as 64 bits.

    >>> hex(mix(1))
    '0x5692161d100b05e5'
    """
    z = key & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def bits_for(order_rows: int, position_rows: int) -> int:
    """The bits of a bucket's number: as few as leave no more than 2^14 rows on average."""
    bits = 0
    while bits < _MOST_BITS and max(order_rows, position_rows) >> bits > _ROWS_OF_A_BUCKET:
        bits += 1
    return bits


def read_day(
    policy: Policy,
    days: Sequence[Mapping[str, Any]],
    date: int,
    rows: tuple[int, int],
    *,
    fund_keys: Sequence[int] | None,
    quantity_scale: int | None,
    discounts: Mapping[tuple[int, int], int],
    currencies: Sequence[str],
    clearing: str,
    distributor_parties: Mapping[int, str],
) -> Day:
    """The context of a day from its plain inputs; a NAV that is not above zero is refused."""
    read = []
    for row, given in enumerate(days):
        entry = dict(given)
        decision = entry.get("decision")
        if isinstance(decision, tuple):
            entry["decision"], entry["figure"] = decision
        if entry["nav"] <= 0:
            raise refuse("price", argument="nav", row=row, value=str(entry["nav"]))
        read.append(FundDay(**entry))
    scales = policy.scales
    return Day(
        policy=policy,
        days=tuple(read),
        date=date,
        fund_keys=tuple(range(len(policy.funds)) if fund_keys is None else fund_keys),
        quantity_scale=max(scales.cash, scales.units) if quantity_scale is None else quantity_scale,
        discounts=discounts,
        currencies=currencies,
        clearing=clearing,
        distributor_parties=distributor_parties,
        bucket_bits=bits_for(*rows),
    )
