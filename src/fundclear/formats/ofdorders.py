"""Order files (03) as the orders of a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date as Date
from datetime import time as Time
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed
from fundclear.formats.ofdcodes import BUSINESS_CODES, CURRENCIES, SHARE_CLASSES
from fundclear.formats.ofdfile import OfdFile
from fundclear.moments import Instants
from fundclear.table import Table
from fundclear.tables import Orders

__all__ = ["currencies", "to_orders"]

#: The type of order files.
_ORDERS: Final = "03"

#: The codes of the kinds that are cash; those of the others are units.
_CASH_CODES: Final = ("022", "039")

_MICROSECONDS: Final = 1_000_000
_DAY_MICROSECONDS: Final = 86_400 * _MICROSECONDS

#: What stands for a date or a time that is blank.
_MISSING: Final = np.iinfo(np.int64).min


def to_orders(file: OfdFile) -> Orders:
    """The orders of an order file, in its order.

    The account is TAAccountID, the order id AppSheetSerialNo; the moment is TransactionDate and TransactionTime, local
    at the exchange, and none where one of them is blank. The quantity is ApplicationAmount of subscriptions (022, 039)
    and ApplicationVol of redemptions and switches (024, 036). An order with another business code keeps the code as
    its kind, and whatever it gave as its quantity, so that the day rejects it with a reason. A discount, rate or fee
    of its own is DiscountRateOfCommission, SpecifyRateFee and SpecifyFee. Where a file has no DistributorCode, its
    sender is the distributor.

    Args:
        file: a file of type 03 with at least TAAccountID, FundCode, BusinessCode and a quantity.

    Raises:
        InputError: the file is of another type (``argument``), a field that is needed is missing (``column``), a date
            or a time is none (``date``), or a flag is unknown (``choice``).
    """
    table = _order_table(file)
    for name in ("TAAccountID", "FundCode", "BusinessCode"):
        if name not in table:
            raise refuse("column", argument=name, why="orders need it, and the file has no such field")
    optional = {
        "order_id": "AppSheetSerialNo",
        "transaction_account": "TransactionAccountID",
        "target_fund": "CodeOfTargetFund",
        "on_gate": "LargeRedemptionFlag",
        "discount": "DiscountRateOfCommission",
        "rate": "SpecifyRateFee",
        "fee": "SpecifyFee",
    }
    given: dict[str, Any] = {name: table[field] for name, field in optional.items() if field in table}
    if "ShareClass" in table:
        given["charge"] = table["ShareClass"].replaced(SHARE_CLASSES)
    if "DistributorCode" in table:
        given["distributor"] = table["DistributorCode"]
    elif file.header.sender:
        given["distributor"] = Labels.full(len(table), file.header.sender)
    placed_at = _placed_at(table)
    if placed_at is not None:
        given["placed_at"] = placed_at
    return Orders(
        account=table["TAAccountID"],
        fund=table["FundCode"],
        kind=table["BusinessCode"],
        quantity=_quantity(table),
        **given,
    )


def currencies(file: OfdFile) -> Labels:
    """Of each order of a file the currency that it names, to be held against that of its fund.

    A number that is known becomes the currency's letters (156: CNY), another one stays; blank names none.
    """
    table = _order_table(file)
    if "CurrencyType" not in table:
        return Labels.full(len(table), "")
    named: Labels = table["CurrencyType"].replaced(CURRENCIES)
    return named


def _order_table(file: OfdFile) -> Table:
    if not isinstance(file, OfdFile) or file.header.kind != _ORDERS:
        raise refuse("argument", argument="file", value=repr(file), why=f"it is no order file ({_ORDERS})")
    return file.table


def _quantity(table: Table) -> Fixed:
    """The measure of each order's kind; of other kinds the one that it gave."""
    amount, units = table.get("ApplicationAmount"), table.get("ApplicationVol")
    if amount is None or units is None:
        if amount is None and units is None:
            raise refuse("column", argument="ApplicationAmount", why="it has neither this field nor ApplicationVol")
        only = units if amount is None else amount
        zeros = Fixed.from_minor(np.zeros(len(table), dtype=np.int64), only.scale)
        amount, units = (zeros, only) if amount is None else (only, zeros)
    codes = table["BusinessCode"]
    is_cash = _among(codes, _CASH_CODES)
    is_other = ~_among(codes, tuple(BUSINESS_CODES))
    either = np.where(is_cash | (is_other & (units.minor == 0)), amount.minor, units.minor)
    return Fixed.from_minor(either, amount.scale)


def _among(labels: Labels, texts: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    wanted = np.array([text in texts for text in labels.dictionary], dtype=np.bool_)
    return wanted[labels.codes] if len(wanted) else np.zeros(len(labels), dtype=np.bool_)


def _placed_at(table: Table) -> Instants | None:
    """When the orders were placed; no moment where the date or the time is blank."""
    if "TransactionDate" not in table or "TransactionTime" not in table:
        return None
    days = _read(table, "TransactionDate", 8, _days)
    times = _read(table, "TransactionTime", 6, _microseconds)
    is_missing = (days == _MISSING) | (times == _MISSING)
    moments = np.where(is_missing, 0, days) * _DAY_MICROSECONDS + np.where(is_missing, 0, times)
    instants: Instants = np.where(is_missing, _MISSING, moments).view("datetime64[us]")
    return instants


def _read(table: Table, name: str, width: int, number: Callable[[str], int]) -> npt.NDArray[np.int64]:
    """Each distinct text is read once; a text that no row has is nobody's fault."""
    labels: Labels = table[name]
    used = np.zeros(labels.distinct, dtype=np.bool_)
    used[labels.codes] = True
    read = []
    for code, text in enumerate(labels.dictionary):
        try:
            if used[code] and text and not (len(text) == width and text.isascii() and text.isdigit()):
                raise ValueError(text)
            read.append(number(text) if used[code] and text else _MISSING)
        except ValueError:
            row = int(np.argmax(labels.codes == code))
            wanted = "a date such as 20170427" if width == 8 else "a time such as 145959"
            raise refuse("date", argument=name, row=row, value=repr(text), wanted=wanted) from None
    numbers = np.array(read, dtype=np.int64)
    return numbers[labels.codes] if len(numbers) else numbers


def _days(text: str) -> int:
    return Date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal() - Date(1970, 1, 1).toordinal()


def _microseconds(text: str) -> int:
    time = Time(int(text[:2]), int(text[2:4]), int(text[4:]))
    return (time.hour * 3600 + time.minute * 60 + time.second) * _MICROSECONDS
