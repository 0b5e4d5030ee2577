"""The tables of a day in frames of other libraries, there and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fundclear as fc


@pytest.fixture
def orders() -> fc.Orders:
    return fc.Orders(
        account=["A", "B", "A", "乙"],
        fund="000198",
        kind=["subscribe", "redeem", "switch", "x"],
        quantity=["100.00", "7.5", "0.01", "-1"],
        order_id=[2**62, -5, 0, 1],
        placed_at=["2017-04-27T14:59:59.999999+08:00", "", "2017-04-27T01:00:00Z", "2017-04-27T01:00:00Z"],
        target_fund=["", "", "000199", ""],
        discount=["0", "0.4", "0", "0"],
    )


def through_duckdb(orders: fc.Orders) -> Any:
    theirs = orders.to_arrow()  # noqa: F841
    return duckdb.sql("from theirs")


FRAMES: dict[str, Callable[[fc.Orders], Any]] = {
    "itself": lambda orders: orders,
    "pyarrow": lambda orders: orders.to_arrow(),
    "batch": lambda orders: orders.to_arrow().to_batches()[0],
    "polars": lambda orders: orders.to_polars(),
    "categorical": lambda orders: orders.to_polars().with_columns(pl.col("account", "kind").cast(pl.Categorical)),
    "pandas": lambda orders: orders.to_pandas(),
    "duckdb": through_duckdb,
    "large": lambda orders: cast_texts(orders, pa.large_string()),
    "view": lambda orders: cast_texts(orders, pa.string_view()),
    "dictionary": lambda orders: cast_texts(orders, pa.dictionary(pa.int16(), pa.string())),
    "chunks": lambda orders: pa.concat_tables([orders.head(1).to_arrow(), orders.to_arrow().slice(1)]),
}


def cast_texts(orders: fc.Orders, wanted: pa.DataType) -> pa.Table:
    theirs = orders.to_arrow()
    types = [wanted if pa.types.is_string(field.type) else field.type for field in theirs.schema]
    arrays = [column.cast(kind) for column, kind in zip(theirs.columns, types, strict=True)]
    return pa.table(arrays, names=theirs.column_names)


@pytest.mark.parametrize("way", FRAMES)
def test_there_and_back(orders: fc.Orders, way: str) -> None:
    again = fc.Orders.from_arrow(FRAMES[way](orders))
    assert again.schema == orders.schema
    assert list(again.rows()) == list(orders.rows())


def test_slices_of_batches(orders: fc.Orders) -> None:
    again = fc.Orders.from_arrow(orders.to_arrow().slice(1, 2))
    assert list(again.rows()) == list(orders.rows())[1:3]


FRAME = {
    "acct": [1, 2, 3],
    "fund": ["f", "g", "f"],
    "side": ["B", "S", "024"],
    "amount": ["10.5", None, None],
    "units": [None, "3", "4.25"],
    "placed_at": [None, datetime(2017, 4, 27, tzinfo=UTC), None],
    "on_gate": [None, "cancel", ""],
    "target_fund": ["", None, "g"],
    "rate": [None, Decimal("0.015"), None],
    "remark": [1.5, None, 2.5],
}


@pytest.mark.parametrize("frame", [pl.DataFrame, pa.table, lambda data: pd.DataFrame(data).convert_dtypes()])
def test_a_frame_of_other_names_with_nulls(frame: Any) -> None:
    made = fc.Orders.from_arrow(
        frame(FRAME), columns={"account": "acct", "kind": "side"}, kinds={"B": "subscribe", "S": "redeem"}
    )
    assert made["account"].tolist() == [1, 2, 3]
    assert made["kind"].to_list() == ["subscribe", "redeem", "redeem"]
    assert made["quantity"].equals(["10.50", "3.00", "4.25"])
    assert [row["placed_at"] for row in made.rows()] == FRAME["placed_at"]
    assert made["on_gate"].to_list() == ["defer", "cancel", "defer"]
    assert made["target_fund"].to_list() == ["", "", "g"]
    assert made["rate"].equals(["0.00000000", "0.01500000", "0.00000000"])
    assert "remark" not in made


def good() -> dict[str, Any]:
    units = pa.array(["1", "2"])
    return {"account": pa.array(["a", "b"]), "fund": pa.array(["f", "f"]), "units": units, "frozen": units}


REFUSED: list[tuple[dict[str, Any], str, str, int | None]] = [
    ({"account": pa.array(["a", None])}, "null", "account", 1),
    ({"account": pa.array([1.0, 2.0])}, "dtype", "account", None),
    ({"units": pa.array([1, 2])}, "dtype", "units", None),
    ({"units": pa.array([1.0, 2.0])}, "float", "units", 0),
    ({"units": pa.array(["1", None])}, "null", "units", 1),
    ({"frozen": pa.array(["x", None])}, "stray", "frozen", 0),
    ({"frozen": pa.array([None, "1.x"])}, "stray", "frozen", 1),
    ({"charge": pa.array(["front", "bak"])}, "choice", "charge", 1),
    ({"entitled": pa.array(["1", None])}, "null", "entitled", 1),
    ({"dividend_opton": pa.array(["", ""])}, "column", "dividend_opton", None),
    ({"unpaid": pa.array([[1], [2]])}, "dtype", "unpaid", None),
]


@pytest.mark.parametrize(("more", "code", "argument", "row"), REFUSED)
def test_what_a_frame_may_not_hold(more: dict[str, Any], code: str, argument: str, row: int | None) -> None:
    fc.Positions.from_arrow(pa.table(good()))
    with pytest.raises(fc.FundclearError) as failure:
        fc.Positions.from_arrow(pa.table({**good(), **more}))
    assert (failure.value.code, failure.value.argument, failure.value.row) == (code, argument, row)


def test_frames_that_are_none() -> None:
    struct = pa.array([{"account": 1}, None])
    two = pa.table([[1], [2]], names=["account", "account"])
    refused: list[tuple[Any, dict[str, str] | None, str]] = [
        (pa.array([1]), None, "argument"),
        ({"account": [1]}, None, "argument"),
        (struct, None, "null"),
        (two, None, "column"),
        (pa.table({"account": [1]}), None, "column"),
        (pa.table(good()), {"acount": "account"}, "column"),
        (pa.table(good()), {"account": "acct"}, "column"),
    ]
    for frame, columns, code in refused:
        with pytest.raises(fc.FundclearError) as failure:
            fc.Positions.from_arrow(frame, columns)
        assert failure.value.code == code


def test_a_large_frame_keeps_its_rows() -> None:
    rows = np.arange(200_000)
    frame = pl.DataFrame({"account": rows, "fund": (rows % 7).astype(str), "units": (rows % 3).astype(str)})
    frame = frame.with_columns(units=pl.when(pl.col("account") % 5 == 0).then(None).otherwise(pl.col("units")))
    frame = frame.with_columns(frozen=pl.col("units"), units=pl.lit("9"))
    made = fc.Positions.from_arrow(frame, threads=2)
    assert np.array_equal(made["account"], rows)
    assert np.array_equal(made["frozen"].minor, np.where(rows % 5 == 0, 0, rows % 3))
    assert np.array_equal(np.asarray(made["fund"]), (rows % 7).astype(str))
