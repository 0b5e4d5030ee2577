"""Netting of orders: what flows in and out of each account and fund, summed in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import Amounts, show
from fundclear.columns import Labels, packed_labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed, _make
from fundclear.rounding import kernel_code
from fundclear.tables import Orders, Table

__all__ = ["net"]

#: What orders can be grouped by.
_KEYS: Final = ("account", "fund", "distributor", "transaction_account")

#: Where the quantity of a kind goes, by the native side's code: cash comes in, or units go out.
_DIRECTIONS: Final = {"subscribe": 0, "periodic": 0, "redeem": 1, "switch": 1}
_REFUSED: Final = 2

_Packed: TypeAlias = tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]


def net(
    orders: Orders,
    by: Sequence[str] = ("account", "fund"),
    *,
    prices: Mapping[Any, Amounts] | Amounts | None = None,
    threads: int | None = None,
) -> Table:
    """Groups orders and sums what they bring in and take out; cash and units are never added.

    Args:
        orders: a table of orders of the kinds ``subscribe``, ``periodic``, ``redeem`` and ``switch``.
        by: the columns to group by, one to four of ``account``, ``fund``, ``distributor``, ``transaction_account``.
        prices: the price of each fund, by its id, or one price for all: adds the column ``net_cash``. It takes
            ``fund`` among the columns to group by.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Returns:
        A table ascending by the columns of ``by`` (integers by value, texts by their UTF-8 bytes): these columns,
        ``cash_in`` (subscriptions), ``units_out`` (redemptions and switches), ``count`` (orders), and with ``prices``
        ``net_cash``: ``cash_in`` less ``units_out`` × price, rounded half up to the scale of the quantities.

    Raises:
        InputError: an order of another kind (``order-kind``), a column to group by that is none or stands twice, a
            fund without a price (``argument``).
        AmountOverflowError: a sum has more than 18 digits (``overflow``, with the number of the group).

    >>> import fundclear as fc
    >>> orders = fc.Orders(account=["b", "a", "b"], fund="000198", kind=["subscribe", "redeem", "redeem"],
    ...                    quantity=["100.00", "30.00", "20.50"])
    >>> net(orders, prices={"000198": "1.2000"})
    account fund   cash_in units_out count net_cash
    a       000198    0.00     30.00     1   -36.00
    b       000198  100.00     20.50     2    75.40
    [2 rows, 6 columns]
    """
    if not isinstance(orders, Orders):
        raise refuse("argument", argument="orders", value=show(orders), why="a table of orders is wanted")
    names = _checked_names(by, prices is not None)
    quantity: Fixed = orders["quantity"]
    keys, dictionaries = [], []
    for name in names:
        key, dictionary = _key(orders, name, threads)
        keys.append((name, *key))
        dictionaries.append(dictionary)
    kinds, directions = _kinds(orders["kind"])
    columns, cash_in, units_out, count = _kernel.net(
        keys, kinds, directions, quantity._column, quantity._scale, threads
    )
    made: dict[str, Any] = {}
    for name, column, dictionary in zip(names, columns, dictionaries, strict=True):
        made[name] = column if dictionary is None else packed_labels(column, *dictionary)
    made["cash_in"], made["units_out"] = _make(cash_in, quantity._scale), _make(units_out, quantity._scale)
    made["count"] = count
    if prices is not None:
        price = _prices_of(made["fund"], prices, threads)
        value = _make(
            _kernel.multiply(
                units_out, quantity._scale, *price, quantity._scale, kernel_code("half_up"), None, threads
            ),
            quantity._scale,
        )
        made["net_cash"] = _make(
            _kernel.subtract(cash_in, value._column, quantity._scale, None, threads), quantity._scale
        )
    return Table(made)


def _checked_names(by: Sequence[str], is_priced: bool) -> tuple[str, ...]:
    names = (by,) if isinstance(by, str) else tuple(by)
    for place, name in enumerate(names):
        if name not in _KEYS:
            raise refuse("argument", argument="by", value=show(name), why=f"orders are grouped by {', '.join(_KEYS)}")
        if name in names[:place]:
            raise refuse("argument", argument="by", value=show(name), why="it stands twice")
    if not names:
        raise refuse("argument", argument="by", value=show(by), why="there is nothing to group by")
    if is_priced and "fund" not in names:
        raise refuse("argument", argument="by", value=show(by), why="prices are of funds, so it needs fund")
    return names


def _key(orders: Orders, name: str, threads: int | None) -> tuple[tuple[Any, Any], _Packed | None]:
    """Identifiers or codes with their ranks, as the native side groups by them, and the texts if they are texts."""
    column = orders.get(name)
    if column is None:
        # Orders without the column all have the empty text.
        column = Labels.full(len(orders), "")
    if not isinstance(column, Labels):
        return (column, None), None
    if not len(column):
        return (np.empty(0, dtype=np.int64), None), (column.packed[1], column.packed[2])
    offsets, data, (ranks,) = _kernel.label_union([column.packed], False, threads)
    return (column.codes, ranks), (offsets, data)


def _kinds(kinds: Labels) -> tuple[npt.NDArray[Any], list[int]]:
    """The codes of the kinds, and where the quantity of each goes."""
    directions = [_DIRECTIONS.get(kind, _REFUSED) for kind in kinds.dictionary]
    if _REFUSED in directions:
        refused = np.array(directions) == _REFUSED
        rows = refused[kinds.codes]
        if rows.any():
            row = int(np.argmax(rows))
            raise refuse("order-kind", argument="kind", row=row, value=repr(kinds[row]))
    return kinds.codes, directions


def _prices_of(
    funds: Labels | npt.NDArray[np.int64], prices: Mapping[Any, Amounts] | Amounts, threads: int | None
) -> tuple[npt.NDArray[np.int64] | int, int]:
    """The price of each group in minor units, with their scale."""
    if not isinstance(prices, Mapping):
        column = prices if isinstance(prices, Fixed) else Fixed.parse(prices, name="prices", threads=threads)
        if len(column) != 1:
            raise refuse("length", argument="prices", value=str(len(column)), wanted="1")
        return column._column.item(), column._scale
    if isinstance(funds, Labels):
        known: Sequence[Any] = funds.dictionary
        places: npt.NDArray[Any] = funds.codes
    else:
        found, places = np.unique(funds, return_inverse=True)
        known = found.tolist()
    used = set(np.unique(places).tolist())
    for place, fund in enumerate(known):
        if place in used and fund not in prices:
            raise refuse("argument", argument="prices", value=show(fund), why="the fund has no price")
    # A fund of the dictionary that no order is for takes any price.
    quoted: list[Any] = [prices.get(fund, "1") for fund in known]
    by_fund = Fixed.parse(quoted, name="prices", threads=threads)
    return by_fund._column[places], by_fund._scale
