"""Netting a day's orders by account and fund, against the group-by of the engines that people use instead."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pytest
from columns import draw
from race import Peer

import fundclear as fc
from fundclear.columns import Labels

SECTION = "Netting"

#: Orders for each account, on average: 50 million orders over 10 million accounts at the usual number of rows.
ORDERS_PER_ACCOUNT = 5
FUNDS = 4
KINDS = ("subscribe", "periodic", "redeem", "switch")

Column = npt.NDArray[Any]


def account_ids(shape: str, rows: int) -> Column:
    """Accounts numbered from zero, or of twelve digits as transfer agents give them out."""
    accounts = max(1, rows // ORDERS_PER_ACCOUNT)
    chosen = draw(rows, 1, accounts, 0)
    if shape == "numbered":
        return chosen
    return np.unique(draw(accounts, 2, 10**12, 10**11))[chosen % max(1, accounts * 9 // 10)]


def sorted_columns(table: pa.Table) -> list[Column]:
    """A peer's groups in the order of ours."""
    account, fund, *sums = (table.column(place).to_numpy() for place in range(5))
    order = np.lexsort((fund, account))
    return [column.astype(np.int64, copy=False)[order] for column in (account, fund, *sums)]


def same_groups(ours: Any, theirs: Any) -> bool:
    table = theirs if isinstance(theirs, pa.Table) else theirs.to_arrow()
    columns = [ours["account"], ours["fund"], ours["cash_in"].minor, ours["units_out"].minor, ours["count"]]
    return all(np.array_equal(one, other) for one, other in zip(columns, sorted_columns(table), strict=True))


def by_duckdb(table: pa.Table) -> Any:
    connection = duckdb.connect()
    connection.register("orders", table)
    query = """
        SELECT account, fund,
               sum(CASE WHEN kind < 2 THEN quantity ELSE 0 END)::BIGINT AS cash_in,
               sum(CASE WHEN kind < 2 THEN 0 ELSE quantity END)::BIGINT AS units_out,
               count(*) AS count
        FROM orders GROUP BY account, fund
    """
    return connection.sql(query).to_arrow_table()


def by_polars(frame: pl.DataFrame) -> pl.DataFrame:
    is_cash, quantity = pl.col("kind") < 2, pl.col("quantity")
    sums = {
        "cash_in": pl.when(is_cash).then(quantity).otherwise(0).sum(),
        "units_out": pl.when(is_cash).then(0).otherwise(quantity).sum(),
        "count": pl.len(),
    }
    return frame.lazy().group_by("account", "fund").agg(**sums).collect(engine="streaming")


@pytest.mark.parametrize("shape", ["numbered", "twelve digits"])
def test_net(race: Any, rows: int, shape: str) -> None:
    order_rows = ORDERS_PER_ACCOUNT * rows
    account, fund = account_ids(shape, order_rows), draw(order_rows, 3, FUNDS, 0)
    kind, quantity = draw(order_rows, 4, len(KINDS), 0).astype(np.uint8), draw(order_rows, 5, 10**8)
    orders = fc.Orders(
        account=account, fund=fund, kind=Labels.from_codes(kind, KINDS), quantity=fc.Fixed.from_minor(quantity, 2)
    )
    # The peers sum minor units as integers: sums of their decimals take them longer.
    table = pa.table({"account": account, "fund": fund, "kind": kind, "quantity": quantity})
    frame = pl.DataFrame(pl.from_arrow(table))
    race(
        f"net by account and fund, accounts {shape}",
        order_rows,
        lambda: fc.net(orders),
        [
            Peer("DuckDB", lambda: by_duckdb(table), same_groups, "unordered", 6),
            Peer("Polars streaming", lambda: by_polars(frame), same_groups, "unordered", 6),
        ],
        # Account, fund, kind and quantity; what is written is less, by the number of orders that an account has.
        row_bytes=8 + 8 + 1 + 8,
    )
