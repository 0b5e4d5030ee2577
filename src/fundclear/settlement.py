"""Netting of obligations: one position a party, and the fewest payments that settle them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import Amounts, ArrowStream, parse_amounts, show
from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed, _make
from fundclear.identifiers import Domain, Identifiers
from fundclear.reading import read_identifiers
from fundclear.rounding import EXACT
from fundclear.table import Table
from fundclear.tables import Obligations, Payments, Settlement, TypedTable, taken

__all__ = ["NetObligations", "Settled", "net_obligations", "obligation_columns", "settle"]

#: Parties and what obligations are grouped by: integers, texts, or dates of numpy.
Keys: TypeAlias = "Labels | str | Iterable[int] | Iterable[str] | npt.NDArray[Any]"

_Column: TypeAlias = Identifiers | npt.NDArray[np.datetime64]

#: What obligations are for, by the kernel's code.
PURPOSES: Final = ("fee", "income", "redemption", "refund", "subscription", "switch")

_RESERVED = ("party", "net", "payer", "payee", "amount")


@final
@dataclass(frozen=True, slots=True, eq=False)
class NetObligations:
    """What :func:`net_obligations` gives; it can be unpacked: ``positions, legs = net_obligations(...)``.

    Attributes:
        positions: the columns of ``by``, ``party`` and ``net``; a net above zero is received.
        legs: the columns of ``by``, ``payer``, ``payee`` and ``amount``: the payments that settle the positions.
    """

    positions: Table
    legs: Table

    def __iter__(self) -> Iterator[Table]:
        yield self.positions
        yield self.legs


def net_obligations(
    payer: Keys, payee: Keys, amount: Amounts, *, by: Mapping[str, Keys] | None = None, threads: int | None = None
) -> NetObligations:
    """Nets obligations to one position a party, and says who pays whom.

    Within each group the positions add up to zero, and there are fewer payments than parties that are not at zero:
    payers and receivers, both ascending, settle one after the other. A party that is taken out of the obligations
    leaves the positions of the others as they would have been without it. The order of the rows does not matter.

    Args:
        payer: who owes: integers or texts, one a row.
        payee: whom; of the same kind. A party that owes itself has a position and moves nothing.
        amount: how much, a column without negative amounts.
        by: columns by name, one value a row: obligations are netted where they are equal in all of these, such as
            currency and value date. Integers, texts or dates.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Returns:
        A :class:`NetObligations`. Its tables are ascending by the columns of ``by`` and by party, integers by value and
        texts by their UTF-8 bytes; every party named has a position, also one of zero.

    Raises:
        InputError: an amount below zero (``negative-amount``), columns of different lengths (``length``), a column of
            ``by`` with a name that the result uses itself (``argument``).
        InputTypeError: integers here and texts there (``identifier-kind``), amounts of a type that cannot be exact.
        AmountOverflowError: a net has more than 18 digits (``overflow``).
        LawError: the positions do not add up to zero, or the payments not to the positions: checked on every call.

    Source: laws S1 and S3 of the clearing day.

    >>> netted = net_obligations(["A", "B", "C"], ["B", "C", "A"], ["10.00", "4.00", "3.50"])
    >>> netted.positions
    party   net
    A     -6.50
    B      6.00
    C      0.50
    [3 rows, 2 columns]
    >>> netted.legs
    payer payee amount
    A     B       6.00
    A     C       0.50
    [2 rows, 3 columns]

    Cash of one currency never settles that of another:

    >>> net_obligations([1, 2], [2, 1], ["5.00", "5.00"], by={"currency": ["CNY", "USD"]}).legs
    currency payer payee amount
    CNY          1     2   5.00
    USD          2     1   5.00
    [2 rows, 4 columns]
    """
    if isinstance(amount, Fixed):
        minor, scale = amount._column, amount._scale
    else:
        parsed, scale = parse_amounts(amount, None, EXACT, "amount", threads)
        minor = np.array([parsed], dtype=np.int64) if isinstance(parsed, int) else parsed
    payers, payees = read_identifiers(payer, "payer", False, threads), read_identifiers(payee, "payee", False, threads)
    parties = Domain.of("party", payers, payees, threads=threads)
    groups = {name: _group(name, values, threads) for name, values in (by or {}).items()}
    (rows, party, net), (leg_rows, leg_payer, leg_payee, leg_amount) = _kernel.net_obligations(
        _keys(parties, payers, threads),
        _keys(parties, payees, threads),
        minor,
        scale,
        [(name, _group_keys(name, column, threads)) for name, column in groups.items()],
        threads,
    )
    positions = {name: column[rows] for name, column in groups.items()}
    legs = {name: column[leg_rows] for name, column in groups.items()}
    return NetObligations(
        Table({**positions, "party": parties.restore(party), "net": _make(net, scale)}),
        Table(
            {
                **legs,
                "payer": parties.restore(leg_payer),
                "payee": parties.restore(leg_payee),
                "amount": _make(leg_amount, scale),
            }
        ),
    )


def _group(name: str, values: Keys, threads: int | None) -> _Column:
    if name in _RESERVED:
        raise refuse("argument", argument="by", value=show(name), why="the result has a column of this name")
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return values
    return read_identifiers(values, name, False, threads)


def _keys(domain: Domain, column: Identifiers, threads: int | None) -> npt.NDArray[np.int64]:
    keys = domain.keys(column, threads)
    return np.empty(0, dtype=np.int64) if isinstance(keys, int) else keys


def _group_keys(name: str, column: _Column, threads: int | None) -> npt.NDArray[np.int64]:
    """Numbers in the order of what they stand for; numpy's dates count units of time."""
    if isinstance(column, np.ndarray):
        return column.view(np.int64)
    return _keys(Domain.of(name, column, threads=threads), column, threads)


# ---- by value date ----


@final
@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What :func:`settle` gives; it can be unpacked: ``settlement, payments, settled, open = settle(...)``.

    Attributes:
        settlement: what each party receives and pays, by currency, value date and netting set.
        payments: the payments that settle it.
        settled: the obligations whose value date has come.
        open: those of later value dates: the open ones of the next day.
    """

    settlement: Settlement
    payments: Payments
    settled: Obligations
    open: Obligations

    def __iter__(self) -> Iterator[TypedTable]:
        yield from (self.settlement, self.payments, self.settled, self.open)


def settle(obligations: Obligations | ArrowStream, *, date: str | Date, threads: int | None = None) -> Settled:
    """Nets obligations by currency, value date and netting set, and parts those that are due from those that are not.

    Args:
        obligations: those of all dealing days that are not settled yet; amounts are zero or more.
        date: the day up to which value dates are due.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Returns:
        A :class:`Settled`. Within every group the nets add up to zero, and there are fewer payments than parties.

    Raises:
        InputError: an amount below zero (``negative-amount``), an unknown purpose (``argument``).
        AmountOverflowError: what a party receives or pays has more than 18 digits (``overflow``).

    Source: the settlement of fund cash by value date through a clearing account; laws S1 to S3 of the clearing day.

    >>> import fundclear as fc
    >>> owed = fc.Obligations(dealing_date="2017-04-27", value_date=["2017-04-28", "2017-04-28", "2017-05-02"],
    ...                       currency="CNY", netting_set="", fund="000198", purpose="subscription",
    ...                       payer=["bank", "clearing", "bank"], payee=["clearing", "custody", "clearing"],
    ...                       amount=["10.00", "10.00", "7.00"])
    >>> due = fc.settle(owed, date="2017-04-28")
    >>> [(row["payer"], row["payee"], str(row["amount"])) for row in due.payments.rows()]
    [('bank', 'custody', '10.00'), ('bank', 'clearing', '7.00')]
    >>> len(due.settled), len(due.open)
    (2, 1)
    """
    table = taken(Obligations, obligations)
    day = date if isinstance(date, Date) else Date.fromisoformat(date)
    funds = Domain.of("fund", table["fund"], threads=threads)
    keys, numbers = np.unique(_keys(funds, table["fund"], threads), return_inverse=True)
    texts = {
        "currency": _texts(table["currency"]),
        "netting_set": _texts(table["netting_set"]),
        "payer": _texts(table["payer"], table["payee"]),
    }
    texts["payee"] = texts["party"] = texts["payer"]
    texts["purpose"] = PURPOSES
    scale = table["amount"].scale
    given = obligation_columns(table, texts, numbers, scale)
    raw = _kernel.settle(given, scale, (day - Date(1970, 1, 1)).days, threads)
    made = [
        {name: _restored(name, values, texts, funds, keys, scale) for name, values in columns.items()}
        for columns in raw
    ]
    return Settled(
        Settlement.from_columns(made[0]),
        Payments.from_columns(made[1]),
        Obligations.from_columns(made[2]),
        Obligations.from_columns(made[3]),
    )


def _texts(*columns: Labels) -> tuple[str, ...]:
    """The texts of columns in the order of their bytes."""
    return tuple(sorted({text for column in columns for text in column.dictionary}, key=str.encode))


def obligation_columns(
    table: Obligations, texts: Mapping[str, tuple[str, ...]], funds: npt.NDArray[np.int64], scale: int
) -> dict[str, Any]:
    """Obligations as the native side reads them: dates as days, texts and funds as numbers."""
    named = {name: _numbers(table[name], texts[name], name) for name in ("currency", "netting_set", "purpose")}
    named |= {name: _numbers(table[name], texts[name], name) for name in ("payer", "payee")}
    days = {name: table[name].view(np.int64) for name in ("dealing_date", "value_date")}
    return {
        "rows": len(table),
        **days,
        **named,
        "fund": np.asarray(funds, dtype=np.int64).reshape(-1),
        "amount": table["amount"].rescale(scale).minor,
    }


def _numbers(column: Labels, texts: tuple[str, ...], name: str) -> npt.NDArray[np.int64]:
    places = {text: place for place, text in enumerate(texts)}
    for text in column.dictionary:
        if text not in places and bool((column == text).any()):
            raise refuse("argument", argument=name, value=repr(text), why=f"there are {', '.join(texts)}")
    numbers = np.array([places.get(text, 0) for text in column.dictionary], dtype=np.int64)
    return numbers[column.codes] if len(column) else np.empty(0, dtype=np.int64)


def _restored(
    name: str,
    values: npt.NDArray[Any],
    texts: Mapping[str, tuple[str, ...]],
    funds: Domain,
    keys: npt.NDArray[np.int64],
    scale: int,
) -> Any:
    """A column as its readers know it."""
    if name in texts:
        return Labels.from_codes(values, texts[name])
    if name == "fund":
        return funds.restore(keys[values])
    if name.endswith("_date"):
        return values.astype(np.int64).view("datetime64[D]")
    return _make(values, scale)
