"""Netting of obligations to one position a party, against the group-bys of both sides that people write instead."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from columns import draw
from race import Peer

import fundclear as fc

SECTION = "Netting"


def same_positions(ours: Any, theirs: Any) -> bool:
    """The peers give positions alone; who pays whom they leave to the caller."""
    table = theirs if isinstance(theirs, pa.Table) else theirs.to_arrow()
    party, net = table.column("party").to_numpy(), table.column("net").to_numpy()
    order = np.argsort(party)
    positions = ours.positions
    return np.array_equal(positions["party"], party[order]) and np.array_equal(positions["net"].minor, net[order])


def by_duckdb(table: pa.Table) -> Any:
    connection = duckdb.connect()
    connection.register("obligations", table)
    query = """
        SELECT party, sum(amount)::BIGINT AS net FROM (
            SELECT payee AS party, amount FROM obligations
            UNION ALL SELECT payer AS party, -amount AS amount FROM obligations
        ) GROUP BY party
    """
    return connection.sql(query).to_arrow_table()


def by_polars(frame: pl.DataFrame) -> pl.DataFrame:
    amount = pl.col("amount")
    lazy = frame.lazy()
    received = lazy.select(pl.col("payee").alias("party"), amount)
    paid = lazy.select(pl.col("payer").alias("party"), -amount)
    sides = pl.concat([received, paid]).group_by("party").agg(amount.sum().alias("net"))
    return sides.collect(engine="streaming")


@pytest.mark.parametrize("parties", [100, 10_000, 1_000_000])
def test_net_obligations(race: Any, rows: int, parties: int) -> None:
    payer, payee, amount = draw(rows, 1, parties, 0), draw(rows, 2, parties, 0), draw(rows, 3, 10**8)
    table = pa.table({"payer": payer, "payee": payee, "amount": amount})
    frame = pl.DataFrame({"payer": payer, "payee": payee, "amount": amount})
    money = fc.Fixed.from_minor(amount, 2)
    race(
        f"net obligations of {parties:,} parties",
        rows,
        lambda: fc.net_obligations(payer, payee, money),
        [
            Peer("DuckDB, union and group by", lambda: by_duckdb(table), same_positions, "positions without payments"),
            Peer("Polars, streaming", lambda: by_polars(frame), same_positions, "positions without payments"),
        ],
        row_bytes=24,
    )
