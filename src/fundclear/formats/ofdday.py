"""What a cleared day sends to a distributor: confirmations, holdings, dividends and cash clearing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date as Date
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import show
from fundclear.clearing import Clearing
from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed
from fundclear.formats.ofdcodes import (
    CAPITAL_TYPES,
    CURRENCIES,
    DIVIDEND_METHODS,
    RETURN_CODES,
    SUCCESS,
    confirmation_code,
)
from fundclear.formats.ofdfields import dictionary
from fundclear.formats.ofdfile import OfdFile, OfdHeader
from fundclear.funds import Fund
from fundclear.settlement import net_obligations
from fundclear.table import Table

__all__ = ["cash_clearing", "confirmations", "dividends", "holdings"]

_Rows: TypeAlias = npt.NDArray[np.intp]

_NUMBERS: Final = {letters: number for number, letters in CURRENCIES.items()}

#: The columns that a position's rows are told apart by.
_POSITION: Final = ("distributor", "account", "transaction_account", "fund", "charge")

#: More that tells confirmations apart: those that differ in none of it are interchangeable.
_CONFIRMATION: Final = ("kind", "target_fund", "placed_at", "origin", "status", "reason", "requested")

_CLASSES: Final = {"front": "0", "back": "1"}
_OUTWARD: Final = ("redeem", "switch")


def confirmations(day: Clearing, header: OfdHeader) -> OfdFile:
    """The confirmations (04) of the distributor ``header.recipient``, by order id.

    Orders that are carried to the next dealing day are confirmed there. An order of which something is deferred has
    BusinessFinishFlag 0: more follows. ConfirmedAmount includes all fees; Charge is all fees, AgencyFee what the
    distributor gets of them, OtherFee1 what the fund keeps of a redemption's. TASerialNO numbers the confirmations of
    the day over all distributors by distributor and order id, so it does not depend on how the orders came in.

    Raises:
        InputError: something does not fit its field (``ofd-value``).
        InexactError: a number has more decimals than its field (``inexact``).
    """
    given = _checked(day, header)
    places = _in_order(given.confirmations, ("distributor", "order_id", *_POSITION[1:], *_CONFIRMATION))
    table, serials = _of_recipient(given.confirmations, places, header)
    written = np.flatnonzero(table["status"] != "carried")
    table, serials = table.rows_at(written), serials[written]
    is_out, status = _is_any(table["kind"], _OUTWARD), table["status"]
    is_done = (status == "confirmed") | (status == "part") | (status == "deferred")
    codes = _mapped(table["reason"], lambda reason: RETURN_CODES.get(reason, SUCCESS))
    zero = Fixed.from_minor(np.zeros(len(table), dtype=np.int64), table["requested"].scale)
    own = table["own_charge"]
    columns: dict[str, Any] = {
        "AppSheetSerialNo": _text(table["order_id"]),
        "TransactionCfmDate": _confirmed(given, table["fund"]),
        "CurrencyType": _by_fund(given, table["fund"], _currency),
        "ConfirmedVol": table["units"],
        "ConfirmedAmount": _either(is_out, table["amount"], table["net"] + table["fee"]),
        "FundCode": _text(table["fund"]),
        "LargeRedemptionFlag": _mapped(table["on_gate"], lambda flag: "0" if flag == "cancel" else "1"),
        "TransactionDate": _dates(table["placed_at"], given.date),
        "TransactionTime": _times(table["placed_at"]),
        "ReturnCode": _choose(is_done, Labels.full(len(table), SUCCESS), codes),
        "TransactionAccountID": _text(table["transaction_account"]),
        "DistributorCode": _text(table["distributor"]),
        "ApplicationVol": _either(is_out, table["requested"], zero),
        "ApplicationAmount": _either(is_out, zero, table["requested"]),
        "BusinessCode": _mapped(table["kind"], confirmation_code),
        "TAAccountID": _text(table["account"]),
        "TASerialNO": _serials(given, "04", serials),
        "BusinessFinishFlag": _choose(
            table["deferred"].minor != 0, Labels.full(len(table), "0"), Labels.full(len(table), "1")
        ),
        "DiscountRateOfCommission": _where(own == "discount", table["own_charge_value"]),
        "DownLoaddate": _day(given, len(table), header.date),
        "Charge": table["fee"] + table["back_end"] + table["top_up_fee"],
        "AgencyFee": table["fee_to_distributor"],
        "NAV": table["price"],
        "OtherFee1": _where(is_out, table["fee_to_fund"]),
        "RateFee": _where(own == "rate", table["own_charge_value"]),
        "TotalBackendLoad": table["back_end"],
        "TargetNAV": table["price_in"],
        "CfmVolOfTargetFund": table["units_in"],
        "ShareClass": _mapped(table["charge"], lambda charge: _CLASSES.get(charge, "")),
        "CodeOfTargetFund": _text(table["target_fund"]),
        "RefundAmount": table["refund"],
        "ErrorDetail": table["reason"],
    }
    return _file(header, "04", columns)


def holdings(day: Clearing, header: OfdHeader) -> OfdFile:
    """The holdings (05) of the distributor ``header.recipient`` at the end of the day, by account.

    TotalFrozenVol is what is frozen, units of deferred orders included, so that it and AvailableVol make the total.

    Raises:
        InputError: something does not fit its field (``ofd-value``).
        InexactError: a number has more decimals than its field (``inexact``).
    """
    given = _checked(day, header)
    table, serials = _of_recipient(given.positions, _in_order(given.positions, _POSITION), header)
    frozen = table["frozen"] + table["pending"]
    unpaid = table["unpaid"]
    is_negative = unpaid.minor < 0
    columns: dict[str, Any] = {
        "AvailableVol": table["units"] - frozen,
        "TotalVolOfDistributorInTA": table["units"],
        "TransactionCfmDate": _confirmed(given, table["fund"]),
        "FundCode": _text(table["fund"]),
        "TransactionAccountID": _text(table["transaction_account"]),
        "DistributorCode": _text(table["distributor"]),
        "TAAccountID": _text(table["account"]),
        "TotalFrozenVol": frozen,
        "TASerialNO": _serials(given, "05", serials),
        "ShareClass": _mapped(table["charge"], lambda charge: _CLASSES.get(charge, "")),
        "UndistributeMonetaryIncome": abs(unpaid),
        "UndistributeMonetaryIncomeFlag": _choose(
            is_negative, Labels.full(len(table), "1"), Labels.full(len(table), "0")
        ),
        "DefDividendMethod": _mapped(table["dividend_option"], lambda option: DIVIDEND_METHODS.get(option, "")),
    }
    return _file(header, "05", columns)


def dividends(day: Clearing, header: OfdHeader) -> OfdFile:
    """The income (06) that the day gave to positions of the distributor ``header.recipient``, by account.

    DividendAmount is the income, which may be negative; ConfirmedAmount is what is paid in cash of it, and
    VolOfDividendforReinvestment the units that it became.

    Raises:
        InputError: something does not fit its field (``ofd-value``).
        InexactError: a number has more decimals than its field (``inexact``).
    """
    given = _checked(day, header)
    all_positions = given.positions
    has_income = [all_positions[name].minor != 0 for name in ("income", "income_units", "income_cash")]
    earned = all_positions.filter(np.logical_or.reduce(has_income))
    table, serials = _of_recipient(earned, _in_order(earned, _POSITION), header)
    entitled = table.get("entitled")
    columns: dict[str, Any] = {
        "BasisforCalculatingDividend": table["opening"] if entitled is None else entitled,
        "TransactionCfmDate": _confirmed(given, table["fund"]),
        "CurrencyType": _by_fund(given, table["fund"], _currency),
        "VolOfDividendforReinvestment": table["income_units"],
        "DividentDate": _day(given, len(table)),
        "DividendAmount": table["income"],
        "XRDate": _day(given, len(table)),
        "ConfirmedAmount": table["income_cash"],
        "FundCode": _text(table["fund"]),
        "RegistrationDate": _day(given, len(table)),
        "ReturnCode": Labels.full(len(table), SUCCESS),
        "TransactionAccountID": _text(table["transaction_account"]),
        "DistributorCode": _text(table["distributor"]),
        "BusinessCode": Labels.full(len(table), "143"),
        "TAAccountID": _text(table["account"]),
        "DefDividendMethod": _mapped(table["dividend_option"], lambda option: DIVIDEND_METHODS.get(option, "")),
        "DownLoaddate": _day(given, len(table), header.date),
        "TASerialNO": _serials(given, "06", serials),
        "ShareClass": _mapped(table["charge"], lambda charge: _CLASSES.get(charge, "")),
    }
    return _file(header, "06", columns)


def cash_clearing(day: Clearing, header: OfdHeader) -> OfdFile:
    """The cash (25) that the day makes the distributor ``header.recipient`` receive (0) or pay (1), by value date.

    These are all obligations of the dealing day: those that are open at its end, and those of funds that settle within
    the day, whose cash moves on the day itself. What earlier days owe was sent by them.

    Raises:
        InputError: something does not fit its field (``ofd-value``).
        InexactError: a number has more decimals than its field (``inexact``).
    """
    given = _checked(day, header)
    party = given.terms.party(_known_distributor(given, header.recipient))
    table = _obligations_of(given, party)
    rows = len(table)
    columns: dict[str, Any] = {
        "SequenceNO": _serials(given, "25", np.arange(rows)),
        "TransactionDate": _day(given, rows),
        "TransactionCfmDate": _confirmed(given, table["fund"]),
        "CurrencyType": _by_fund(given, table["fund"], _currency),
        "FundCode": _text(table["fund"]),
        "DistributorCode": Labels.full(rows, header.recipient),
        "BusinessCode": _mapped(table["purpose"], lambda purpose: CAPITAL_TYPES[purpose][0]),
        "CapitalType": _mapped(table["purpose"], lambda purpose: CAPITAL_TYPES[purpose][1]),
        "ConfirmedAmount": table["amount"],
        "ReceOrPayFlag": table["direction"],
        "CalculateDate": _day(given, rows),
        "PayDate": _dates(table["value_date"], given.date),
        "DownLoaddate": _day(given, rows, header.date),
    }
    return _file(header, "25", columns)


# ---- cash ----


def _obligations_of(day: Clearing, party: str) -> Table:
    """The party's side of the day's obligations: fund, purpose, value date, direction and amount."""
    table = day.obligations
    table = table.filter(table["dealing_date"] == np.datetime64(day.date, "D"))
    table = table.filter((table["payer"] == party) | (table["payee"] == party))
    is_paid = table["payer"] == party
    still = _Cash(table["fund"], table["purpose"], table["value_date"], is_paid, table["amount"])
    both = _joined([still, _settled(day, party, still)])
    direction = _choose(both.is_paid, Labels.full(len(both.is_paid), "1"), Labels.full(len(both.is_paid), "0"))
    columns = {"value_date": both.value_date, "fund": both.fund, "purpose": both.purpose, "direction": direction}
    made = Table({**columns, "amount": both.amount})
    return made.rows_at(_in_order(made, made.columns))


class _Cash(NamedTuple):
    """Amounts that a party pays or receives, by row."""

    fund: Any
    purpose: Labels
    value_date: npt.NDArray[np.datetime64]
    is_paid: npt.NDArray[np.bool_]
    amount: Fixed


def _settled(day: Clearing, party: str, still: _Cash) -> _Cash:
    """What a party paid and received within the day: all that its flows owe, less what is still to be paid.

    The day keeps no row of such an obligation. Its value date is the day itself, because none is earlier.
    """
    owed = _owed(day, party)
    both = _joined([owed, still._replace(is_paid=~still.is_paid)])
    rows = len(both.is_paid)
    party_side, other_side = Labels.full(rows, "party"), Labels.full(rows, "other")
    payer, payee = _choose(both.is_paid, party_side, other_side), _choose(both.is_paid, other_side, party_side)
    netted = net_obligations(payer, payee, both.amount, by={"fund": both.fund, "purpose": both.purpose}).positions
    netted = netted.filter((netted["party"] == "party") & (netted["net"].minor != 0))
    today = np.full(len(netted), np.datetime64(day.date, "D"))
    return _Cash(netted["fund"], netted["purpose"], today, netted["net"].minor < 0, abs(netted["net"]))


def _owed(day: Clearing, party: str) -> _Cash:
    """What the day's flows make a party pay and receive, by fund and purpose."""
    flows = day.flows
    whose = flows["distributor"]
    known = whose.dictionary if isinstance(whose, Labels) else np.unique(whose).tolist()
    is_mine = np.zeros(len(flows), dtype=np.bool_)
    for distributor in known:
        if day.terms.party(distributor) == party:
            is_mine |= whose == distributor
    flows = flows.filter(is_mine)
    parts = []
    for kind, purpose, pays, amount in _OWED:
        table = flows.filter(_is_any(flows["kind"], kind))
        moved, dates = amount(table), np.full(len(table), np.datetime64(day.date, "D"))
        # A negative amount goes the other way.
        is_paid = (moved.minor < 0) ^ pays
        parts.append(_Cash(table["fund"], Labels.full(len(table), purpose), dates, is_paid, abs(moved)))
    return _joined(parts)


_Amount: TypeAlias = Callable[[Any], Fixed]

#: By kinds of flows what a distributor owes (true) or is owed (false) because of them, and how much.
_OWED: Final[tuple[tuple[tuple[str, ...], str, bool, _Amount], ...]] = (
    (("subscription",), "subscription", True, lambda flows: flows["net"] + flows["fee"]),
    (("redemption",), "redemption", False, lambda flows: flows["net"]),
    (("income",), "income", False, lambda flows: flows["net"]),
    (("switch_in",), "refund", False, lambda flows: flows["refund"]),
    (
        ("subscription", "redemption", "switch_out", "switch_in"),
        "fee",
        False,
        lambda flows: flows["fee_to_distributor"],
    ),
)


def _joined(parts: Sequence[_Cash]) -> _Cash:
    """The rows of the one behind those of the other."""
    scale = max(part.amount.scale for part in parts)
    return _Cash(
        Labels.of([fund for part in parts for fund in _text(part.fund)])
        if any(isinstance(part.fund, Labels) for part in parts)
        else np.concatenate([part.fund for part in parts]),
        Labels.of([purpose for part in parts for purpose in part.purpose]),
        np.concatenate([part.value_date for part in parts]),
        np.concatenate([part.is_paid for part in parts]),
        Fixed.from_minor(np.concatenate([part.amount.rescale(scale).minor for part in parts]), scale),
    )


# ---- rows ----


def _checked(day: Clearing, header: OfdHeader) -> Clearing:
    if not isinstance(day, Clearing):
        raise refuse("argument", argument="day", value=show(day), why="it is no Clearing")
    if not isinstance(header, OfdHeader):
        raise refuse("argument", argument="header", value=show(header), why="it is no OfdHeader")
    return day


def _in_order(table: Table, names: Sequence[str]) -> _Rows:
    """The rows by these columns: texts by their bytes, all else by its value."""
    return np.lexsort([_ranks(table[name]) for name in reversed(names)])


def _ranks(column: Any) -> npt.NDArray[Any]:
    if isinstance(column, Labels):
        _, _, (ranks,) = _kernel.label_union([column.packed], False, None)
        return _kernel.label_keys(column.codes, ranks, None)
    if isinstance(column, Fixed):
        return column.minor
    values: npt.NDArray[Any] = column
    return values.view(np.int64) if values.dtype.kind == "M" else values


def _of_recipient(table: Any, places: _Rows, header: OfdHeader) -> tuple[Any, npt.NDArray[np.int64]]:
    """The recipient's rows in order, and the number of each among the rows of all distributors."""
    ordered = table.rows_at(places)
    serials = np.flatnonzero(_text(ordered["distributor"]) == header.recipient)
    return ordered.rows_at(serials), serials.astype(np.int64)


def _known_distributor(day: Clearing, recipient: str) -> Any:
    """The distributor as the terms list it, which may do so by a number."""
    return next((who for who in day.terms.distributors if str(who) == recipient), recipient)


# ---- columns ----


def _file(header: OfdHeader, kind: str, columns: Mapping[str, Any]) -> OfdFile:
    """The file, its numbers at the scales of the fields; a digit beyond them is an error."""
    places = {field.name: field.places for field in dictionary()[kind]}
    exact = {
        name: column.rescale(places[name]) if isinstance(column, Fixed) else column for name, column in columns.items()
    }
    return OfdFile(replace(header, kind=kind), Table(exact))


def _text(column: Any) -> Labels:
    """Identifiers as texts."""
    return column if isinstance(column, Labels) else Labels.of([str(number) for number in column.tolist()])


def _mapped(labels: Labels, text: Callable[[str], str]) -> Labels:
    """The column with each text replaced by another; those that no row has are left alone."""
    used = set(np.unique(labels.codes).tolist())
    texts = Labels.of([text(old) if code in used else "" for code, old in enumerate(labels.dictionary)])
    return texts[labels.codes.astype(np.intp)] if len(labels) else Labels.of([])


def _is_any(labels: Labels, texts: Sequence[str]) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = np.logical_or.reduce([labels == text for text in texts])
    return found


def _choose(mask: npt.NDArray[np.bool_], one: Labels, other: Labels) -> Labels:
    """By row a text of the one column or of the other."""
    texts = Labels.of([*one.dictionary, *other.dictionary])
    codes = np.where(mask, one.codes.astype(np.intp), other.codes.astype(np.intp) + one.distinct)
    return texts[codes] if len(codes) else Labels.of([])


def _either(mask: npt.NDArray[np.bool_], one: Fixed, other: Fixed) -> Fixed:
    """By row an amount of the one column or of the other."""
    scale = max(one.scale, other.scale)
    return Fixed.from_minor(np.where(mask, one.rescale(scale).minor, other.rescale(scale).minor), scale)


def _where(mask: npt.NDArray[np.bool_], amounts: Fixed) -> Fixed:
    return Fixed.from_minor(np.where(mask, amounts.minor, 0), amounts.scale)


def _serials(day: Clearing, kind: str, numbers: npt.NDArray[np.int64]) -> Labels:
    """Twenty digits: the dealing day, the type of the file, and the row among all of the day."""
    start = _digits(day.date) + kind
    return Labels.of([f"{start}{number:010}" for number in (numbers + 1).tolist()])


def _by_fund(day: Clearing, funds: Any, text: Callable[[Fund | None, Any], str]) -> Labels:
    """Of each row a text of its fund; a fund that the terms do not have gives the text of none."""
    names, codes = (funds.dictionary, funds.codes) if isinstance(funds, Labels) else _numbered(funds)
    texts = []
    for name in names:
        number = day.terms.number(name)
        texts.append(text(None if number is None else day.terms.funds[number], number))
    return Labels.of(texts)[codes.astype(np.intp)] if len(codes) else Labels.of([])


def _numbered(funds: npt.NDArray[np.int64]) -> tuple[list[int], npt.NDArray[Any]]:
    names, codes = np.unique(funds, return_inverse=True)
    return names.tolist(), codes


def _currency(fund: Fund | None, _: Any) -> str:
    return "" if fund is None else _number(fund.currency)


def _number(currency: str) -> str:
    """The ISO 4217 number of a currency's letters."""
    if currency not in _NUMBERS:
        raise refuse("ofd-value", argument="CurrencyType", value=repr(currency), why="its number is not known")
    return _NUMBERS[currency]


def _confirmed(day: Clearing, funds: Any) -> Labels:
    """The confirmation date of each row's fund; of an order into an unknown fund the dealing day."""
    dates = day.terms.dates(day.date).confirmation

    def text(fund: Fund | None, number: Any) -> str:
        return _digits(day.date) if fund is None else _compact(np.datetime64(int(dates[number]), "D"))

    return _by_fund(day, funds, text)


def _digits(date: Date) -> str:
    return date.isoformat().replace("-", "")


def _compact(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[D]")).replace("-", "")


def _day(day: Clearing, rows: int, date: Date | None = None) -> Labels:
    return Labels.full(rows, _digits(date or day.date))


def _dates(moments: npt.NDArray[np.datetime64], default: Date) -> Labels:
    """Dates as eight digits; a moment that is missing is the default."""
    days, codes = np.unique(moments.astype("datetime64[D]"), return_inverse=True)
    texts = [_digits(default) if np.isnat(day) else _compact(day) for day in days]
    return Labels.of(texts)[codes] if len(codes) else Labels.of([])


def _times(moments: npt.NDArray[np.datetime64]) -> Labels:
    """Times of day as six digits; blank where there is none."""
    seconds, codes = np.unique(moments.astype("datetime64[s]"), return_inverse=True)
    texts = ["" if np.isnat(second) else str(second)[11:].replace(":", "") for second in seconds]
    return Labels.of(texts)[codes] if len(codes) else Labels.of([])
