"""Income of money-market funds: per 10,000 units, the seven-day yield, and its distribution without loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.allocation import allocate
from fundclear.amounts import Amounts, parse_amounts, show
from fundclear.columns import Labels, Texts, is_arrow
from fundclear.errors import InputError, refuse
from fundclear.fixed import Fixed, _checked_scale, _make
from fundclear.rounding import EXACT, Rounding, kernel_code

__all__ = ["Distribution", "distribute", "income_per_10k", "seven_day_yield"]

#: Who gets what the cutting leaves, as a policy of :func:`~fundclear.allocate`.
_RESIDUES: Final = {"share_out": "largest_remainder", "keep": "keep"}

#: The days whose income makes a yield.
_YIELD_DAYS: Final = 7

_UNITS: Final = 10_000


@final
@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """What :func:`distribute` gives.

    Attributes:
        shares: the income of each holder, row by row.
        kept: what the fund keeps, one row: zero if the residue is shared out.
    """

    shares: Fixed
    kept: Fixed


def income_per_10k(
    income: Amounts,
    units: Amounts,
    scale: int = 4,
    rounding: Rounding | str = "half_up",
    *,
    threads: int | None = None,
) -> Fixed:
    """The income of 10,000 units: ``income × 10,000 / units``, rounded once.

    Args:
        income: the income of a day in cash, or a column of such incomes; it may be negative.
        units: the units entitled to it, a scalar or a column of as many rows.
        scale: decimal places of the result, 0 to 18.
        rounding: how the exact value is rounded.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Returns:
        As many rows as the columns have; one row if both arguments are scalars.

    Raises:
        DivisionByZeroError: there are no units (``division-by-zero``).
        AmountOverflowError: a result has more than 18 digits (``overflow``).
        InputError: columns of different lengths (``length``).

    Source: the disclosure rules of money-market funds in China, which publish this figure for every calendar day.

    >>> income_per_10k("1234.56", "1000000.00")
    Fixed(['12.3456'], scale=4)
    >>> income_per_10k(["1027.59", "-3.00"], "7000000.00")
    Fixed(['1.4680', '-0.0043'], scale=4)
    """
    scale, code = _checked_scale(scale), kernel_code(rounding)
    cash, cash_scale = _operand(income, "income", threads)
    entitled, unit_scale = _operand(units, "units", threads)
    column = _kernel.mul_div(cash, cash_scale, _UNITS, 0, entitled, unit_scale, scale, code, None, threads)
    return _make(column, scale)


def distribute(
    income: Amounts,
    units: Amounts,
    *,
    account: npt.ArrayLike | Texts,
    scale: int = 2,
    residue: str = "share_out",
    threads: int | None = None,
) -> Distribution:
    """Distributes an income over the holders of a fund, to the last cent.

    Each holder first gets the exact share ``income × units / all units`` cut off at ``scale``. What the cutting leaves
    is shared out again, cent by cent: largest remainder first, ties to the smaller account. The order of the rows does
    not matter. A negative income gives minus the shares of its magnitude; holders without units get nothing.

    Args:
        income: one amount in cash, exact at ``scale``.
        units: the entitled units of each holder; none is negative.
        account: the account of each holder, integers or texts; texts stand in the order of their UTF-8 bytes. Every
            account stands in one row.
        scale: decimal places of the shares, 0 to 18.
        residue: what becomes of the leftover cents: ``share_out``, or ``keep`` for the fund.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Raises:
        InputError: there is income and nobody has units (``income-units``), negative units (``negative-weight``),
            columns of different lengths (``length``), an unknown residue (``argument``).
        InexactError: the income has more decimals than ``scale`` (``inexact``).
        LawError: the shares and what is kept do not add up to the income: checked on every call.

    Source: the distribution rules of Yu'e Bao, fund 000198.

    >>> paid = distribute("0.05", ["100.00", "100.00"], account=["B-2", "A-1"])
    >>> paid.shares, paid.kept
    (Fixed(['0.02', '0.03'], scale=2), Fixed(['0.00'], scale=2))
    >>> distribute("-10.00", [1, 1, 1], account=[3, 1, 2], residue="keep").kept
    Fixed(['-0.01'], scale=2)
    """
    policy = _RESIDUES.get(residue) if isinstance(residue, str) else None
    if policy is None:
        raise refuse("argument", argument="residue", value=show(residue), why="known are share_out and keep")
    weights = units if isinstance(units, Fixed) else Fixed.parse(units, name="units", threads=threads)
    amount = income if isinstance(income, Fixed) else Fixed.parse(income, scale, name="income", threads=threads)
    if len(amount) != 1:
        raise refuse("length", argument="income", value=str(len(amount)), wanted="1")
    order = _account_order(account, threads)
    if len(order) != len(weights):
        raise refuse("length", argument="account", value=str(len(order)), wanted=len(weights))
    try:
        shared = allocate(amount, weights, scale=scale, policy=policy, tie_key=order, threads=threads)
    except InputError as error:
        if error.code in ("no-weights", "zero-weights"):
            raise refuse("income-units", argument="units", value=error.value) from None
        raise
    return Distribution(shared.shares, shared.residual)


def seven_day_yield(
    per_10k: Amounts,
    scale: int = 3,
    compounding: bool = True,
    rounding: Rounding | str = "half_up",
    dates: npt.ArrayLike | None = None,
    *,
    threads: int | None = None,
) -> Fixed:
    """The annualised yields in percent over each seven days in a row.

    With ``compounding`` it is ``((∏(1 + Rᵢ/10000))^(365/7) − 1) × 100``, for funds that reinvest income daily; without,
    ``(ΣRᵢ / 7) × 365 / 10000 × 100``, for funds that carry it monthly. Either is rounded once from its exact value:
    integers are compared, no float is ever in between.

    Args:
        per_10k: the income per 10,000 units of every calendar day, one row a day.
        scale: decimal places of the yields, 0 to 18.
        compounding: whether income earns income.
        rounding: how the exact value is rounded.
        dates: the day of each row; each must be the day after the one before.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Returns:
        Six rows fewer than ``per_10k``: the first is the yield of the seventh day.

    Raises:
        InputError: fewer than seven days (``length``), dates that are not consecutive (``argument``, with the row of
            the first that is not the next day), a loss of all there is (``total-loss``).
        AmountOverflowError: a yield has more than 18 digits (``overflow``).

    Source: the disclosure rules of money-market funds in China. The example is that of fund 000198 for 2013-07-07, as
    published.

    >>> income = ["1.5787", "1.5461", "1.4670", "1.4223", "1.3845", "1.3674", "1.3671"]
    >>> seven_day_yield(income)
    Fixed(['5.425'], scale=3)
    >>> seven_day_yield(income, compounding=False)
    Fixed(['5.284'], scale=3)
    """
    scale, code = _checked_scale(scale), kernel_code(rounding)
    days = per_10k if isinstance(per_10k, Fixed) else Fixed.parse(per_10k, name="per_10k", threads=threads)
    if len(days) < _YIELD_DAYS:
        raise refuse("length", argument="per_10k", value=str(len(days)), wanted=f"{_YIELD_DAYS} or more")
    if dates is not None:
        _check_consecutive(dates, len(days))
    column = _kernel.seven_day_yield(days._column, days._scale, scale, code, bool(compounding), threads)
    return _make(column, scale)


def _operand(values: Amounts, name: str, threads: int | None) -> tuple[npt.NDArray[np.int64] | int, int]:
    """Minor units and scale: an int for a scalar, else an array."""
    if isinstance(values, Fixed):
        return values._column, values._scale
    return parse_amounts(values, None, EXACT, name, threads)


def _account_order(account: Any, threads: int | None) -> npt.NDArray[np.int64]:
    """The accounts as integers in the same order."""
    if not isinstance(account, Labels):
        array = None if is_arrow(account) and not hasattr(account, "dtype") else np.asarray(account)
        if array is not None and array.dtype.kind in "iu" and array.ndim == 1:
            # Unsigned integers of 64 bits are ranked by the allocation.
            return array
        account = Labels.of(account, name="account", threads=threads)
    if not len(account):
        return np.empty(0, dtype=np.int64)
    _, _, (ranks,) = _kernel.label_union([account.packed], False, threads)
    return _kernel.label_keys(account.codes, ranks, threads)


def _check_consecutive(dates: npt.ArrayLike, rows: int) -> None:
    try:
        days = np.asarray(dates, dtype="datetime64[D]")
    except (TypeError, ValueError):
        raise refuse("argument", argument="dates", value=show(dates), why="a row is no date") from None
    if days.ndim != 1:
        raise refuse("dimensions", argument="dates", value=str(days.ndim))
    if len(days) != rows:
        raise refuse("length", argument="dates", value=str(len(days)), wanted=rows)
    if np.isnat(days).any():
        raise refuse("null", argument="dates", row=int(np.argmax(np.isnat(days))))
    follows = days[1:] == days[:-1] + np.timedelta64(1, "D")
    if not follows.all():
        row = int(np.argmin(follows)) + 1
        raise refuse("argument", argument="dates", row=row, value=str(days[row]), why="it is not the next day")
