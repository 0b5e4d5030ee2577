"""Fees as data: by the amount of an order, and by the days that units were held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from fundclear.amounts import show
from fundclear.settings import (
    Amount,
    Id,
    Rate,
    id_order,
    percent_text,
    plain_text,
    read_amount,
    read_count,
    read_id,
    read_part,
    read_share,
    refuse_unknown,
    within,
    wrong,
)

__all__ = ["FeeSchedule", "FeeTier", "Flat", "HoldingSchedule", "HoldingTier"]

#: The most days that a tier may start from: the kernel counts days in 32 bits.
_MOST_DAYS = int(np.iinfo(np.int32).max)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Flat:
    """A fee of so much cash, whatever the order's amount; no discount touches it.

    >>> Flat("1000.00").amount
    Decimal('1000.00')
    """

    amount: Decimal

    def __init__(self, amount: Amount) -> None:
        object.__setattr__(self, "amount", read_amount(amount, "flat"))

    def __repr__(self) -> str:
        return f"Flat('{self.amount:f}')"


class FeeTier(NamedTuple):
    """A tier of a :class:`FeeSchedule`: from which amount on, and what it charges (a rate below one, or a flat fee)."""

    start: Decimal
    charge: Decimal | Flat


class HoldingTier(NamedTuple):
    """A tier of a :class:`HoldingSchedule`: from which day on, the rate, and what part the fund keeps."""

    days: int
    rate: Decimal
    share: Decimal


@dataclass(frozen=True, slots=True, init=False, repr=False)
class FeeSchedule:
    """A front-end fee by the order's amount.

    Args:
        tiers: pairs of the least amount, in cash, and what is charged from there on: a rate below 100 % or a
            :class:`Flat`. The first starts at 0, each further one above the one before; bounds are inclusive.
        discounts: by distributor, a factor from 0 to 1 on the rates: 0.1 charges a tenth.

    Raises:
        InputError: a schedule that contradicts itself (``terms``).
        InexactError: a rate or a discount has more than eight decimal places (``inexact``).

    >>> fee = FeeSchedule([("0", "1.5%"), ("1000000", "1.2%"), ("5000000", Flat("1000.00"))], discounts={"201": "0.1"})
    >>> fee.tiers[1]
    FeeTier(start=Decimal('1000000'), charge=Decimal('0.01200000'))
    >>> fee
    FeeSchedule([('0', '1.5%'), ('1000000', '1.2%'), ('5000000', Flat('1000.00'))], discounts={'201': '0.1'})
    """

    tiers: tuple[FeeTier, ...]
    discounts: tuple[tuple[Id, Decimal], ...]

    def __init__(
        self,
        tiers: Iterable[tuple[Amount, Rate | Flat]],
        *,
        discounts: Mapping[Any, Rate] | Iterable[tuple[Id, Rate]] | None = None,
    ) -> None:
        read = tuple(
            FeeTier(read_amount(start, f"tier {number}: start"), _read_charge(charge, f"tier {number}: charge"))
            for number, (start, charge) in enumerate(_rows(tiers, 2, 2))
        )
        _refuse_disorder([tier.start for tier in read])
        object.__setattr__(self, "tiers", read)
        object.__setattr__(self, "discounts", _read_discounts(discounts))

    @classmethod
    def of(cls, value: Any, name: str) -> FeeSchedule:
        """The schedule of an object that is one already, or of the plain data that :meth:`record` gives."""
        if isinstance(value, cls):
            return value
        with within(name):
            if not isinstance(value, Mapping):
                return cls(value)
            refuse_unknown(value, {"tiers": None, "discounts": None})
            return cls(value.get("tiers", ()), discounts=value.get("discounts"))

    def record(self) -> list[list[Any]] | dict[str, Any]:
        """The schedule as plain data."""
        tiers = [
            [
                plain_text(start),
                {"flat": plain_text(charge.amount)} if isinstance(charge, Flat) else percent_text(charge),
            ]
            for start, charge in self.tiers
        ]
        if not self.discounts:
            return tiers
        return {"tiers": tiers, "discounts": {who: plain_text(factor) for who, factor in self.discounts}}

    def __repr__(self) -> str:
        tiers = [
            (plain_text(start), charge if isinstance(charge, Flat) else percent_text(charge))
            for start, charge in self.tiers
        ]
        if not self.discounts:
            return f"FeeSchedule({tiers!r})"
        return f"FeeSchedule({tiers!r}, discounts={ ({who: plain_text(factor) for who, factor in self.discounts})!r})"


@dataclass(frozen=True, slots=True, init=False, repr=False)
class HoldingSchedule:
    """A redemption fee or a back-end fee by the calendar days that a lot was held.

    Args:
        tiers: from which day on, the rate, below 100 %, and the part of the fee that the fund keeps (100 % if it is
            left out). The first starts at day 0, each further one later; bounds are inclusive.

    Raises:
        InputError: a schedule that contradicts itself (``terms``).
        InexactError: a rate or a share has more than eight decimal places (``inexact``).

    >>> HoldingSchedule([(0, "1.5%"), (7, "1%"), (90, "0.5%", "75%")])
    HoldingSchedule([(0, '1.5%'), (7, '1%'), (90, '0.5%', '75%')])
    """

    tiers: tuple[HoldingTier, ...]

    def __init__(self, tiers: Iterable[tuple[int, Rate] | tuple[int, Rate, Rate]]) -> None:
        read = tuple(
            HoldingTier(
                read_count(row[0], f"tier {number}: days", _MOST_DAYS),
                read_part(row[1], f"tier {number}: rate"),
                read_share(row[2] if len(row) > 2 else 1, f"tier {number}: share"),
            )
            for number, row in enumerate(_rows(tiers, 2, 3))
        )
        _refuse_disorder([tier.days for tier in read])
        object.__setattr__(self, "tiers", read)

    @classmethod
    def of(cls, value: Any, name: str) -> HoldingSchedule:
        """The schedule of an object that is one already, or of the plain data that :meth:`record` gives."""
        if isinstance(value, cls):
            return value
        with within(name):
            return cls(value)

    def record(self) -> list[list[Any]]:
        """The schedule as plain data."""
        return [list(row) for row in self._rows()]

    def _rows(self) -> list[tuple[Any, ...]]:
        return [
            (days, percent_text(rate)) if share == 1 else (days, percent_text(rate), percent_text(share))
            for days, rate, share in self.tiers
        ]

    def __repr__(self) -> str:
        return f"HoldingSchedule({self._rows()!r})"


def _rows(tiers: Any, least: int, most: int) -> list[Any]:
    """The tiers as rows of as many values as they may have."""
    if isinstance(tiers, (str, bytes, Mapping)) or not isinstance(tiers, Iterable):
        raise wrong("tiers", f"{show(tiers)} is not a list of tiers", tiers)
    rows = list(tiers)
    for number, row in enumerate(rows):
        if not isinstance(row, (tuple, list)) or not least <= len(row) <= most:
            wanted = str(least) if least == most else f"{least} or {most}"
            raise wrong(f"tier {number}", f"{show(row)} is not a row of {wanted} values", row)
    return rows


def _refuse_disorder(starts: list[Any]) -> None:
    """Every order and every lot has one tier: the first from zero, each further one from above the one before."""
    if not starts or starts[0] != 0:
        raise wrong("tier 0", "the first tier has to start at 0")
    for number in range(1, len(starts)):
        if starts[number] <= starts[number - 1]:
            raise wrong(f"tier {number}", f"it starts at {starts[number]}, not above {starts[number - 1]}")


def _read_charge(value: Any, name: str) -> Decimal | Flat:
    """A rate, a flat fee, or the table that stands for a flat fee in a file."""
    if isinstance(value, Flat):
        return value
    if not isinstance(value, Mapping):
        return read_part(value, name)
    with within(name):
        refuse_unknown(value, {"flat": None})
        if "flat" not in value:
            raise wrong("flat", "the setting is missing")
        return Flat(value["flat"])


def _read_discounts(given: Any) -> tuple[tuple[Id, Decimal], ...]:
    """The factors by distributor; a file without integer keys lists pairs."""
    if given is None:
        return ()
    pairs = read_pairs(given, "discounts")
    return tuple((who, read_share(factor, f"discounts: {who!r}")) for who, factor in pairs)


def read_pairs(given: Any, name: str) -> list[tuple[Id, Any]]:
    """Values by identifier, ascending: a mapping or rows of two, each identifier once."""
    rows = list(given.items()) if isinstance(given, Mapping) else given
    if not isinstance(rows, (list, tuple)):
        raise wrong(name, f"{show(given)} is neither a table nor a list of pairs", given)
    pairs = []
    for row in rows:
        if not isinstance(row, (list, tuple)) or len(row) != 2:
            raise wrong(name, f"{show(row)} is not a pair", row)
        pairs.append((read_id(row[0], name), row[1]))
    pairs.sort(key=lambda pair: id_order(pair[0]))
    for one, other in pairwise(pairs):
        if one[0] == other[0]:
            raise wrong(name, f"{one[0]!r} stands there twice")
    return pairs
