"""Netting of obligations: one position a party, and the fewest payments that settle them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import Amounts, parse_amounts, show
from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed, _make
from fundclear.identifiers import Domain, Identifiers
from fundclear.rounding import EXACT
from fundclear.table import Table
from fundclear.tables import _identifiers

__all__ = ["NetObligations", "net_obligations"]

#: Parties and what obligations are grouped by: integers, texts, or dates of numpy.
Keys: TypeAlias = "Labels | str | Iterable[int] | Iterable[str] | npt.NDArray[Any]"

_Column: TypeAlias = Identifiers | npt.NDArray[np.datetime64]

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
    payers, payees = _identifiers(payer, "payer", False, threads), _identifiers(payee, "payee", False, threads)
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
    return _identifiers(values, name, False, threads)


def _keys(domain: Domain, column: Identifiers, threads: int | None) -> npt.NDArray[np.int64]:
    keys = domain.keys(column, threads)
    return np.empty(0, dtype=np.int64) if isinstance(keys, int) else keys


def _group_keys(name: str, column: _Column, threads: int | None) -> npt.NDArray[np.int64]:
    """Numbers in the order of what they stand for; numpy's dates count units of time."""
    if isinstance(column, np.ndarray):
        return column.view(np.int64)
    return _keys(Domain.of(name, column, threads=threads), column, threads)
