"""Dealing: what subscriptions, redemptions and switches of mixed funds come to at a price, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import Amounts, ArrowArray, ArrowStream, int64_array, parse_amounts, refuse_masked, show
from fundclear.columns import Labels, Texts
from fundclear.errors import refuse
from fundclear.fixed import Fixed, _make
from fundclear.funds import Fund
from fundclear.plainterms import Scales
from fundclear.rounding import EXACT
from fundclear.settings import RATE_PLACES
from fundclear.terms import Terms

__all__ = ["Redeemed", "Subscribed", "Switched", "redeem", "subscribe", "switch"]

_Minor: TypeAlias = npt.NDArray[np.int64]
_Result = TypeVar("_Result")

#: One fund, or the fund of each row: integers or texts, in any form of a column.
Funds: TypeAlias = "Fund | int | Texts | Iterable[int] | npt.NDArray[Any] | ArrowArray | ArrowStream"

#: One price, a price for each row, or the price of each fund.
Navs: TypeAlias = Amounts | Mapping[Any, Any]

#: One number of calendar days, or one for each row.
Days: TypeAlias = int | Iterable[int] | npt.NDArray[np.integer[Any]]

Charge: TypeAlias = Literal["front", "back"]

# A discount that changes nothing, and no rate, in minor units.
_NO_DISCOUNT: Final = 100_000_000
_NO_RATE: Final = 0


@final
@dataclass(frozen=True, slots=True, eq=False)
class Subscribed:
    """What :func:`subscribe` gives; ``amount = fee + invested + refund``.

    Attributes:
        net: the amount without the fee, in cash.
        fee: the front-end fee, in cash.
        invested: what the units are bought for: the net amount, but for funds that issue whole units only.
        units: the units.
        refund: what buys no whole unit, in cash.
        rounding: ``invested - units * nav``, exact, at the scale of units and prices together.
    """

    net: Fixed
    fee: Fixed
    invested: Fixed
    units: Fixed
    refund: Fixed
    rounding: Fixed


@final
@dataclass(frozen=True, slots=True, eq=False)
class Redeemed:
    """What :func:`redeem` gives; ``gross = paid + fee + back_end + rounding``.

    Attributes:
        gross: ``units * nav``, exact, at the scale of units and prices together.
        fee: the redemption fee, in cash.
        fee_to_fund: the part of it that the fund keeps.
        back_end: the back-end fee, in cash.
        paid: what the holder gets, in cash.
        rounding: what is left of the gross, at its scale.
    """

    gross: Fixed
    fee: Fixed
    fee_to_fund: Fixed
    back_end: Fixed
    paid: Fixed
    rounding: Fixed


@final
@dataclass(frozen=True, slots=True, eq=False)
class Switched:
    """What :func:`switch` gives; ``transfer = net + top_up_fee + refund``.

    Attributes:
        gross: ``units * nav_out``, exact, at the scale of units and prices together.
        redemption_fee: the redemption fee of the fund that is left, in cash.
        fee_to_fund: the part of it that the fund keeps.
        back_end: the back-end fee, in cash.
        transfer: what goes over: ``gross = transfer + redemption_fee + back_end + rounding_out``.
        top_up_fee: what the target's front-end fee is above the fund's.
        net: what is invested in the target: ``net = units * nav_in + rounding_in``.
        units: units of the target.
        refund: what buys no whole unit of the target.
        rounding_out: exact, at the scale of units and prices together.
        rounding_in: the same.
    """

    gross: Fixed
    redemption_fee: Fixed
    fee_to_fund: Fixed
    back_end: Fixed
    transfer: Fixed
    top_up_fee: Fixed
    net: Fixed
    units: Fixed
    refund: Fixed
    rounding_out: Fixed
    rounding_in: Fixed


def subscribe(
    amount: Amounts,
    nav: Navs,
    fund: Funds,
    *,
    terms: Terms | None = None,
    discount: Amounts | None = None,
    charge: Charge = "front",
    out: Subscribed | None = None,
    threads: int | None = None,
) -> Subscribed:
    """Deals subscriptions: takes the front-end fee and buys units.

    Args:
        amount: cash, at most with the decimals of the fund.
        nav: the price: one, one for each row, or a mapping of fund ids to prices.
        fund: a :class:`~fundclear.Fund`, or one fund id or a column of them, together with ``terms``.
        terms: the terms of the funds that ``fund`` names.
        discount: a factor from 0 to 1 on the rate of the tier, for all rows or for each; flat fees have none.
        charge: ``"back"`` deals units of the back-end class: nothing is charged now.
        out: the result of a former call of as many rows, to write into; its memory must be writable and not shared.
            After an error its values are unusable.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Raises:
        InputError: a row that a clearing day would reject: ``unknown-fund``, ``quantity-not-positive``,
            ``quantity-precision``, ``fee-exceeds-amount``, ``zero-units``, ``charge-class``; a price that is missing
            or none (``no-price``, ``dealing-price``); a discount beyond 0 to 1 (``discount``); columns of different
            lengths (``length``); ``out`` cannot take the result (``out``).
        InputTypeError: a float or another type that cannot be exact; integer ids against text ids in the terms
            (``identifier-kind``).
        AmountOverflowError: a result has more than 18 digits (``overflow``).

    Source: the rules of fund contracts in China; half up unless the fund says otherwise.

    >>> import fundclear as fc
    >>> fee = fc.FeeSchedule([("0", "1.5%"), ("1000000", "1.2%"), ("5000000", fc.Flat("1000.00"))])
    >>> fund = fc.Fund("000198", currency="CNY", subscription_fee=fee)
    >>> dealt = fc.subscribe(["100000.00", "5000000.00"], "1.0168", fund)
    >>> dealt.net, dealt.fee
    (Fixed(['98522.17', '4999000.00'], scale=2), Fixed(['1477.83', '1000.00'], scale=2))
    >>> dealt.units, dealt.rounding
    (Fixed(['96894.35', '4916404.41'], scale=2), Fixed(['-0.005080', '-0.004088'], scale=6))

    Funds of each row, with their terms:

    >>> terms = fc.Terms([fund, fc.Fund("000009", currency="CNY")])
    >>> fc.subscribe("100.00", {"000198": "1.0168", "000009": "2.0000"}, ["000009", "000198"], terms=terms).units
    Fixed(['50.00', '96.89'], scale=2)
    """
    dealing = _terms_of(fund, terms)
    leg = _leg(fund, nav, dealing, ("fund", "nav"), threads)
    scales = dealing.scales
    amounts = _minor(amount, scales.cash, "amount", threads)
    discounts = _NO_DISCOUNT if discount is None else _minor(discount, RATE_PLACES, "discount", threads)
    given = _Given({"amount": (amounts, scales.cash), "discount": (discounts, RATE_PLACES)}, (leg,), scales)
    layout = (scales.cash, scales.cash, scales.cash, scales.units, scales.cash, _memo(scales))
    columns = _kernel.subscribe(
        dealing.compiled,
        leg.native,
        amounts,
        discounts,
        _is_back(charge),
        given.describe,
        _memory(out, Subscribed, layout),
        threads,
    )
    return _result(columns, Subscribed, layout, out)


def redeem(
    units: Amounts,
    nav: Navs,
    fund: Funds,
    *,
    held_days: Days,
    terms: Terms | None = None,
    charge: Charge = "front",
    bought_at: Amounts | None = None,
    out: Redeemed | None = None,
    threads: int | None = None,
) -> Redeemed:
    """Deals redemptions, each row one lot: takes the redemption fee by days held, and pays.

    Args:
        units: units, at most with the decimals of the fund.
        nav: the price: one, one for each row, or a mapping of fund ids to prices.
        fund: a :class:`~fundclear.Fund`, or one fund id or a column of them, together with ``terms``.
        held_days: calendar days from the lot's confirmation to the redemption's.
        terms: the terms of the funds that ``fund`` names.
        charge: ``"back"`` redeems units of the back-end class, with the back-end fee.
        bought_at: the price at which a lot of the back-end class was bought.
        out: the result of a former call of as many rows, to write into; see :func:`subscribe`.
        threads: see :func:`subscribe`.

    Raises:
        InputError: as :func:`subscribe`; a back-end redemption without ``bought_at`` (``argument``).

    >>> import fundclear as fc
    >>> fee = fc.HoldingSchedule([(0, "1.5%", "100%"), (7, "1%", "50%"), (365, "0%")])
    >>> fund = fc.Fund("000198", currency="CNY", redemption_fee=fee)
    >>> dealt = fc.redeem(["200.00", "20.00"], "1.2345", fund, held_days=[20, 3])
    >>> dealt.gross, dealt.fee
    (Fixed(['246.900000', '24.690000'], scale=6), Fixed(['2.47', '0.37'], scale=2))
    >>> dealt.fee_to_fund, dealt.paid
    (Fixed(['1.24', '0.37'], scale=2), Fixed(['244.43', '24.32'], scale=2))
    """
    dealing = _terms_of(fund, terms)
    leg = _leg(fund, nav, dealing, ("fund", "nav"), threads)
    scales = dealing.scales
    quantity = _minor(units, scales.units, "units", threads)
    given = _Given({"units": (quantity, scales.units)}, (leg,), scales)
    layout = (_memo(scales), scales.cash, scales.cash, scales.cash, scales.cash, _memo(scales))
    columns = _kernel.redeem(
        dealing.compiled,
        leg.native,
        quantity,
        _days(held_days),
        _bought_at(charge, bought_at, scales.nav, threads),
        given.describe,
        _memory(out, Redeemed, layout),
        threads,
    )
    return _result(columns, Redeemed, layout, out)


def switch(
    units: Amounts,
    nav_out: Navs,
    nav_in: Navs,
    fund_out: Funds,
    fund_in: Funds,
    *,
    held_days: Days,
    rate_paid: Amounts | None = None,
    terms: Terms | None = None,
    charge: Charge = "front",
    bought_at: Amounts | None = None,
    out: Switched | None = None,
    threads: int | None = None,
) -> Switched:
    """Deals switches, each row one lot: both legs, with the difference of the front-end fees topped up.

    Args:
        units: units of the fund that is left.
        nav_out: its price: one, one for each row, or a mapping of fund ids to prices.
        nav_in: the same of the target.
        fund_out: a :class:`~fundclear.Fund`, or one fund id or a column of them, together with ``terms``.
        fund_in: the target, in the same way.
        held_days: calendar days from the lot's confirmation to the switch's.
        rate_paid: the front-end rate that was paid for the lot; wanted where a fund that is left has the setting
            ``switch_rate="purchase"``.
        terms: the terms of the funds; not for two :class:`~fundclear.Fund`.
        charge: ``"back"`` switches units of the back-end class: nothing is topped up.
        bought_at: the price at which a lot of the back-end class was bought.
        out: the result of a former call of as many rows, to write into; see :func:`subscribe`.
        threads: see :func:`subscribe`.

    Raises:
        InputError: as :func:`redeem`; funds of two currencies (``target-currency``), a switch that gets no units
            (``zero-units``), a missing ``rate_paid`` (``argument``).

    >>> import fundclear as fc
    >>> half = fc.HoldingSchedule([(0, "0.5%", "25%")])
    >>> out = fc.Fund("A", currency="CNY", subscription_fee=fc.FeeSchedule([("0", "1%")]), redemption_fee=half)
    >>> into = fc.Fund("B", currency="CNY", subscription_fee=fc.FeeSchedule([("0", "1.5%")]))
    >>> dealt = fc.switch("1234.56", "1.2345", "1.3000", out, into, held_days=20)
    >>> dealt.gross, dealt.redemption_fee, dealt.transfer
    (Fixed(['1524.064320'], scale=6), Fixed(['7.62'], scale=2), Fixed(['1516.44'], scale=2))
    >>> dealt.net, dealt.top_up_fee, dealt.units
    (Fixed(['1508.90'], scale=2), Fixed(['7.54'], scale=2), Fixed(['1160.69'], scale=2))
    """
    dealing = _pair_terms(fund_out, fund_in, terms)
    leg = _leg(fund_out, nav_out, dealing, ("fund_out", "nav_out"), threads)
    target = _leg(fund_in, nav_in, dealing, ("fund_in", "nav_in"), threads)
    scales = dealing.scales
    quantity = _minor(units, scales.units, "units", threads)
    given = _Given({"units": (quantity, scales.units)}, (leg, target), scales)
    if rate_paid is None and any(dealing.funds[number].switch_rate == "purchase" for number in leg.numbers()):
        raise refuse("argument", argument="rate_paid", value="None", why="a fund's switch_rate is 'purchase'")
    cash, memo = scales.cash, _memo(scales)
    layout = (memo, cash, cash, cash, cash, cash, cash, scales.units, cash, memo, memo)
    columns = _kernel.switch(
        dealing.compiled,
        leg.native,
        target.native,
        quantity,
        _days(held_days),
        _bought_at(charge, bought_at, scales.nav, threads),
        _NO_RATE if rate_paid is None else _minor(rate_paid, RATE_PLACES, "rate_paid", threads),
        given.describe,
        _memory(out, Switched, layout),
        threads,
    )
    return _result(columns, Switched, layout, out)


# ---- the terms and the funds of the rows ----


def _terms_of(fund: Funds, terms: Terms | None) -> Terms:
    if isinstance(fund, Fund):
        if terms is not None and terms.number(fund.id) is None:
            raise refuse("unknown-fund", argument="fund", value=show(fund.id))
        # A class can be dealt without the portfolio that it belongs to.
        return Terms([fund.replace(parent=None)]) if terms is None else terms
    if terms is None:
        raise refuse("argument", argument="terms", value="None", why="fund ids need the terms that they are of")
    return terms


def _pair_terms(fund_out: Funds, fund_in: Funds, terms: Terms | None) -> Terms:
    if terms is None and isinstance(fund_out, Fund) and isinstance(fund_in, Fund):
        if fund_out.id == fund_in.id:
            raise refuse("argument", argument="fund_in", value=show(fund_in.id), why="it is the fund that is left")
        return Terms([fund_out.replace(parent=None), fund_in.replace(parent=None)])
    return _terms_of(fund_in if isinstance(fund_out, Fund) else fund_out, terms)


class _Leg(NamedTuple):
    """A fund and a price for each row, as the kernel takes them, and what messages need."""

    names: tuple[str, str]
    terms: Terms
    column: int | _Minor | Labels
    known: _Minor | None
    navs: int | _Minor
    by_fund: bool

    @property
    def native(self) -> tuple[Any, int | _Minor, bool]:
        if isinstance(self.column, int):
            return self.column, self.navs, self.by_fund
        column = self.column.codes if isinstance(self.column, Labels) else self.column
        return (column, self.known), self.navs, self.by_fund

    def numbers(self) -> Iterable[int]:
        """The numbers of the funds that rows may have."""
        return (self.column,) if isinstance(self.column, int) else range(len(self.terms.funds))

    def fund(self, row: int) -> Any:
        """The id of a row's fund."""
        if isinstance(self.column, int):
            return self.terms.ids[self.column]
        return self.column[row] if isinstance(self.column, Labels) else self.column.item(row)

    def nav(self, row: int) -> int:
        if isinstance(self.navs, int):
            return self.navs
        place = self.terms.number(self.fund(row)) if self.by_fund else row
        return 0 if place is None else int(self.navs.item(place))


def _leg(fund: Funds, nav: Navs, terms: Terms, names: tuple[str, str], threads: int | None) -> _Leg:
    column, known = _funds(fund, terms, names[0], threads)
    if isinstance(nav, Mapping):
        return _Leg(names, terms, column, known, _by_fund(nav, terms, names[1]), True)
    return _Leg(names, terms, column, known, _minor(nav, terms.scales.nav, names[1], threads), False)


def _funds(fund: Funds, terms: Terms, name: str, threads: int | None) -> tuple[int | _Minor | Labels, _Minor | None]:
    """One fund's number; or a column, and what its values stand for: the ids of the terms, or a number a code."""
    if isinstance(fund, Fund):
        fund = fund.id
    if isinstance(fund, (str, int, np.integer)) and not isinstance(fund, bool):
        number = terms.number(fund)
        if number is None:
            raise refuse("unknown-fund", argument=name, value=show(fund))
        return number, None
    column = _identifiers(fund, name, threads)
    is_text = isinstance(terms.ids[0], str)
    if len(column) and isinstance(column, Labels) != is_text:
        kinds = ("integers", "texts") if is_text else ("texts", "integers")
        raise refuse("identifier-kind", argument=name, value=f"{kinds[0]} here, {kinds[1]} in the terms")
    if isinstance(column, Labels):
        numbers = [terms.number(text) for text in column.dictionary]
        return column, np.array([-1 if number is None else number for number in numbers], np.int64)
    return column, np.array(terms.ids, np.int64) if not is_text else np.empty(0, np.int64)


def _identifiers(values: Any, name: str, threads: int | None) -> _Minor | Labels:
    """A column of ids: int64, or texts."""
    if isinstance(values, Labels):
        return values
    array = values if isinstance(values, np.ndarray) else None
    if array is None and isinstance(getattr(values, "dtype", None), np.dtype):
        array = np.asarray(values)
    if array is None and isinstance(values, (list, tuple, range)):
        listed = list(values)
        if all(isinstance(value, (int, np.integer)) and not isinstance(value, bool) for value in listed):
            return np.array(listed, np.int64)
        return Labels.of(listed, name=name, threads=threads)
    if array is not None and array.dtype.kind in "iu" and array.ndim == 1:
        refuse_masked(array, name)
        return int64_array(array, name, 0)
    if array is not None and array.dtype.kind == "O" and array.ndim == 1:
        return _identifiers(array.tolist(), name, threads)
    return Labels.of(values, name=name, threads=threads)


def _by_fund(navs: Mapping[Any, Any], terms: Terms, name: str) -> _Minor:
    """The price of each fund by its number, zero where there is none; prices of other funds are left aside."""
    known = [(number, nav) for fund, nav in navs.items() if (number := terms.number(fund)) is not None]
    prices = np.zeros(len(terms.funds), np.int64)
    parsed = Fixed.parse([nav for _, nav in known], terms.scales.nav, name=name)
    prices[[number for number, _ in known]] = parsed.minor
    return prices


# ---- columns in and out ----


def _minor(values: Amounts, scale: int, name: str, threads: int | None) -> int | _Minor:
    """Minor units at a scale, exact or an error: an int for one amount, else a column."""
    if isinstance(values, Fixed):
        return values.rescale(scale, threads=threads)._column if values.scale != scale else values._column
    return parse_amounts(values, scale, EXACT, name, threads)[0]


def _days(held_days: Days) -> int | _Minor:
    if isinstance(held_days, (int, np.integer)) and not isinstance(held_days, bool):
        # More days than 64 bits hold are as many as the last tier wants.
        limits = np.iinfo(np.int64)
        return int(min(max(held_days, limits.min), limits.max))
    array = np.asarray(held_days if isinstance(held_days, np.ndarray) else list(_rows_of(held_days)))
    if array.ndim != 1:
        raise refuse("dimensions", argument="held_days", value=str(array.ndim))
    if len(array) == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu":
        raise refuse("dtype", argument="held_days", value=str(array.dtype), wanted="an integer dtype")
    refuse_masked(array, "held_days")
    return int64_array(array, "held_days", 0)


def _rows_of(held_days: object) -> Iterable[Any]:
    if isinstance(held_days, (str, bytes, bool)) or not isinstance(held_days, Iterable):
        raise refuse("dtype", argument="held_days", value=show(held_days), wanted="int")
    return held_days


def _is_back(charge: str) -> bool:
    if charge not in ("front", "back"):
        raise refuse("argument", argument="charge", value=show(charge), why="a charge class is 'front' or 'back'")
    return charge == "back"


def _bought_at(charge: str, bought_at: Amounts | None, scale: int, threads: int | None) -> int | _Minor | None:
    """The purchase prices of back-end lots; nothing for the front-end class, which does not need them."""
    if not _is_back(charge):
        return None
    if bought_at is None:
        raise refuse("argument", argument="bought_at", value="None", why="a back-end fee is of the purchase price")
    return _minor(bought_at, scale, "bought_at", threads)


def _memo(scales: Scales) -> int:
    """Decimal places of units times a price."""
    return sum(scales[1:])


def _memory(out: Any, wanted: type[Any], layout: tuple[int, ...]) -> list[_Minor] | None:
    """The memory of a former result of these scales; the native call checks the rest."""
    if out is None:
        return None
    if type(out) is not wanted:
        raise refuse("out", argument="out", value=show(out), why=f"it is of type {type(out).__name__}")
    columns = [getattr(out, field.name) for field in fields(wanted)]
    for field, column, scale in zip(fields(wanted), columns, layout, strict=True):
        if type(column) is not Fixed or column.scale != scale:
            raise refuse("out", argument="out", why=f"its column {field.name} is not a Fixed of scale {scale}")
    return [column._column for column in columns]


def _result(columns: list[_Minor], kind: type[_Result], layout: tuple[int, ...], out: _Result | None) -> _Result:
    if out is not None:
        return out
    return kind(*(_make(column, scale) for column, scale in zip(columns, layout, strict=True)))


class _Given(NamedTuple):
    """What a call was given, for the message about a row that cannot be dealt."""

    quantities: Mapping[str, tuple[int | _Minor, int]]
    legs: tuple[_Leg, ...]
    scales: Scales

    def describe(self, code: str, row: int) -> tuple[str, str]:
        """The argument at fault, and what stood there."""
        if code in ("unknown-fund", "no-price", "dealing-price", "charge-class", "target-currency"):
            return self._of_leg(code, row)
        name = "discount" if code == "discount" else next(iter(self.quantities))
        values, scale = self.quantities[name]
        value = values if isinstance(values, int) else int(values.item(row))
        return name, _kernel.format_one(value, scale)

    def _of_leg(self, code: str, row: int) -> tuple[str, str]:
        at_fault: dict[str, Callable[[_Leg], bool]] = {
            "unknown-fund": lambda leg: leg.terms.number(leg.fund(row)) is None,
            "no-price": lambda leg: leg.by_fund and leg.nav(row) == 0,
            "charge-class": lambda leg: leg.terms[leg.fund(row)].back_end_fee is None,
            "target-currency": lambda leg: leg is self.legs[-1],
            "dealing-price": lambda leg: not _is_price(leg, row),
        }
        leg = next((leg for leg in self.legs if at_fault[code](leg)), self.legs[-1])
        if code == "dealing-price":
            return leg.names[1], _kernel.format_one(leg.nav(row), self.scales.nav)
        return leg.names[1 if code == "no-price" else 0], show(leg.fund(row))


def _is_price(leg: _Leg, row: int) -> bool:
    """Whether the price of a row is one, to find the leg at fault."""
    text = _kernel.format_one(leg.nav(row), leg.terms.scales.nav)
    decimals = text.partition(".")[2].rstrip("0")
    return leg.nav(row) > 0 and len(decimals) <= leg.terms[leg.fund(row)].nav_scale
