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
from fundclear.formats.ofdfile import Fault, OfdFile, fault_of, without
from fundclear.moments import Instants
from fundclear.table import Table
from fundclear.tables import Orders

__all__ = ["currencies", "screened", "to_orders"]

#: The type of order files.
_ORDERS: Final = "03"

#: The codes of the kinds that are cash; those of the others are units.
_CASH_CODES: Final = ("022", "039")

_MICROSECONDS: Final = 1_000_000
_DAY_MICROSECONDS: Final = 86_400 * _MICROSECONDS

#: Whether a redemption that a gate cuts waits; blank waits.
_FLAGS: Final = ("", "0", "1")

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
        InputError: the file is of another type (``argument``), a field that is needed is missing (``column``), or a
            date, a time, a flag or a share class is none (``ofd``): the message names line and field. :func:`screened`
            leaves such records out.
    """
    table = _order_table(file)
    for fault in _faults(table)[:1]:
        raise fault_of(file, fault)
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


def screened(file: OfdFile) -> OfdFile:
    """The order file without the records that are no orders, because a date, a time, a flag or a share class is none.

    These stand in its :attr:`~fundclear.formats.ofd.OfdFile.rejected` beside those that could not be read, so that
    ``to_orders(screened(read(path, on_error="reject")))`` takes every order that is one, and nothing is lost silently.

    Raises:
        InputError: the file is of another type (``argument``).
    """
    faults = _faults(_order_table(file))
    return without(file, faults) if faults else file


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
    days, times = _read(table["TransactionDate"], _days), _read(table["TransactionTime"], _microseconds)
    is_missing = (days == _MISSING) | (times == _MISSING)
    moments = np.where(is_missing, 0, days) * _DAY_MICROSECONDS + np.where(is_missing, 0, times)
    instants: Instants = np.where(is_missing, _MISSING, moments).view("datetime64[us]")
    return instants


def _read(labels: Labels, number: Callable[[str], int]) -> npt.NDArray[np.int64]:
    """Each distinct text is read once; a text that no row has is nobody's fault."""
    used = _used(labels)
    read = [number(text) if used[code] and text else _MISSING for code, text in enumerate(labels.dictionary)]
    return np.array(read, dtype=np.int64)[labels.codes] if read else np.empty(0, dtype=np.int64)


def _used(labels: Labels) -> npt.NDArray[np.bool_]:
    """Of each text of the dictionary, whether a row has it."""
    used = np.zeros(labels.distinct, dtype=np.bool_)
    used[labels.codes] = True
    return used


# ---- faults ----


def _faults(table: Table) -> list[Fault]:
    """The records that are no orders, by row; of several faults of a record that of its first field."""
    first: dict[int, Fault] = {}
    for name in table.columns:
        if name in _CHECKS:
            labels: Labels = table[name]
            used, texts = _used(labels), labels.dictionary
            reasons = [_CHECKS[name](text) if used[code] else "" for code, text in enumerate(texts)]
            is_wrong = np.array([bool(reason) for reason in reasons], dtype=np.bool_)
            for row in np.flatnonzero(is_wrong[labels.codes]).tolist() if is_wrong.any() else ():
                first.setdefault(row, Fault(row, name, reasons[labels.codes[row]]))
    return [first[row] for row in sorted(first)]


def _flag_fault(text: str) -> str:
    return "" if text in _FLAGS else f"{text!r} is no flag: 0 cancels, 1 or blank defers"


def _class_fault(text: str) -> str:
    return "" if text in SHARE_CLASSES else f"{text!r} is no share class: 1 is back-end, 0 or blank front-end"


def _date_fault(text: str) -> str:
    return "" if _is_read(text, 8, _days) else f"{text!r} is no date such as 20170427"


def _time_fault(text: str) -> str:
    return "" if _is_read(text, 6, _microseconds) else f"{text!r} is no time such as 145959"


def _is_read(text: str, width: int, number: Callable[[str], int]) -> bool:
    """Whether a text is blank, or digits that mean something."""
    if not text:
        return True
    try:
        number(text)
    except ValueError:
        return False
    return len(text) == width and text.isascii() and text.isdigit()


def _days(text: str) -> int:
    return Date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal() - Date(1970, 1, 1).toordinal()


def _microseconds(text: str) -> int:
    time = Time(int(text[:2]), int(text[2:4]), int(text[4:]))
    return (time.hour * 3600 + time.minute * 60 + time.second) * _MICROSECONDS


#: By field what is wrong with a text of it; empty if nothing is.
_CHECKS: Final[dict[str, Callable[[str], str]]] = {
    "LargeRedemptionFlag": _flag_fault,
    "ShareClass": _class_fault,
    "TransactionDate": _date_fault,
    "TransactionTime": _time_fault,
}
