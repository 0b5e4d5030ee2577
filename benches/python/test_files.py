"""Files of orders: read into ``Orders``, and tables written, against the libraries that people would use first.

The peers stop at columns of texts; ours are numbered by their distinct texts already, as a day needs them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from race import Peer

import fundclear as fc
from fundclear import _kernel
from fundclear.formats import columnar

SECTION = "Files"

#: The types that a user would name to lose nothing.
TYPES = {
    "account": pa.string(),
    "fund": pa.string(),
    "kind": pa.string(),
    "quantity": pa.decimal128(18, 2),
    "order_id": pa.string(),
    "placed_at": pa.timestamp("us"),
}
POLARS = {
    "account": pl.String,
    "fund": pl.String,
    "kind": pl.String,
    "quantity": pl.Decimal(18, 2),
    "order_id": pl.String,
    "placed_at": pl.Datetime("us"),
}


@pytest.fixture(scope="module")
def folder(rows: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half as many orders as other benchmarks have rows, in both formats."""
    rows //= 2
    draw = np.random.default_rng(1)
    minute = np.datetime64("2017-04-27T09:00:00", "us")
    orders = pa.table(
        {
            "account": pa.array(draw.integers(10**11, 10**11 + rows // 3 + 1, rows)).cast(pa.string()),
            "fund": pa.array(draw.integers(100_000, 100_200, rows)).cast(pa.string()),
            "kind": pa.array(np.array(["subscribe", "redeem"])[draw.integers(0, 2, rows)]),
            "quantity": pa.array(fc.Fixed.from_minor(draw.integers(1, 10**9, rows), 2)),
            "order_id": pa.array(np.arange(10**15, 10**15 + rows)).cast(pa.string()),
            "placed_at": pa.array(minute + draw.integers(0, 6 * 3600, rows).astype("timedelta64[s]")),
        }
    )
    folder = tmp_path_factory.mktemp("files")
    pq.write_table(orders, folder / "orders.parquet")
    columnar.write_csv(fc.Orders.from_arrow(orders), folder / "orders.csv")
    return folder


def same(ours: fc.Orders, theirs: Any) -> bool:
    theirs = theirs if isinstance(theirs, pa.Table) else theirs.to_arrow()
    frame = ours.to_arrow()
    return all(frame[name].equals(theirs[name].cast(frame[name].type)) for name in frame.column_names)


def test_read_orders_from_parquet(race: Any, rows: int, folder: Path) -> None:
    path = folder / "orders.parquet"
    race(
        "read orders from Parquet",
        rows // 2,
        lambda: columnar.read(path, fc.Orders),
        [
            Peer("pyarrow", lambda: pq.read_table(path), same),
            Peer("Polars", lambda: pl.read_parquet(path), same),
            Peer("pyarrow, then Orders", lambda: fc.Orders.from_arrow(pq.read_table(path)), None, "the same Orders"),
        ],
    )


def test_read_orders_from_csv(race: Any, rows: int, folder: Path) -> None:
    path = folder / "orders.csv"
    options = pa.csv.ConvertOptions(column_types=TYPES)

    def by_pyarrow() -> pa.Table:
        return pa.csv.read_csv(path, convert_options=options)

    race(
        "read orders from CSV",
        rows // 2,
        lambda: columnar.read(path, fc.Orders),
        [
            Peer("pyarrow", by_pyarrow, same),
            Peer("Polars", lambda: pl.read_csv(path, schema=POLARS), same),
            Peer("pyarrow, then Orders", lambda: fc.Orders.from_arrow(by_pyarrow()), None, "the same Orders"),
        ],
    )


def test_write_parquet(race: Any, rows: int, tmp_path: Path) -> None:
    """Whole numbers as a day's tables have them, uncompressed, with statistics, synced; ours with its SHA-256."""
    rows //= 2
    draw = np.random.default_rng(2)
    columns = {
        "id": np.cumsum(draw.integers(0, 8, rows)),
        "account": draw.integers(0, 1 << 27, rows),
        "amount": draw.choice([1, 100, 10_000], rows) * draw.integers(-(10**4), 10**6, rows),
        "none": np.zeros(rows, dtype=np.int64),
        "also_none": np.zeros(rows, dtype=np.int64),
    }
    given = [(name, "integer", values, None) for name, values in columns.items()]
    arrow, frame = pa.table(columns), pl.DataFrame(columns)
    deltas = dict.fromkeys(columns, "DELTA_BINARY_PACKED")

    def synced(name: str, write: Callable[[Path], object]) -> Path:
        path = tmp_path / name
        write(path)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        return path

    def by_pyarrow(path: Path) -> None:
        pq.write_table(arrow, path, compression="none", use_dictionary=False, column_encoding=deltas)

    def by_polars(path: Path) -> None:
        frame.write_parquet(path, compression="uncompressed")

    def same_values(ours: Path, theirs: Path) -> bool:
        read = pq.read_table(ours), pq.read_table(theirs)
        return all(np.array_equal(table[name], values) for table in read for name, values in columns.items())

    race(
        "write five columns to Parquet",
        rows,
        lambda: synced("ours.parquet", lambda path: _kernel.write_parquet(str(path), given, [], None)),
        [
            Peer("pyarrow, deltas", lambda: synced("pyarrow.parquet", by_pyarrow), same_values),
            Peer("Polars, as it chooses", lambda: synced("polars.parquet", by_polars), same_values),
        ],
    )
