"""A whole table in other libraries: types, values, and the way back."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fundclear as fc
from fundclear.tables import Table

ROWS = [
    {"account": "A-1", "amount": Decimal("50000.00"), "lot": 1},
    {"account": "", "amount": Decimal("-0.05"), "lot": -12},
    {"account": "乙—🙂", "amount": Decimal("0.00"), "lot": 3},
]


@pytest.fixture
def table() -> Table:
    names = ("account", "amount", "lot")
    account, amount, lot = ([row[name] for row in ROWS] for name in names)
    return Table({"account": account, "amount": fc.Fixed.parse(amount), "lot": np.array(lot, dtype=np.int16)})


def test_pyarrow(table: Table) -> None:
    theirs = table.to_arrow()
    theirs.validate(full=True)
    assert theirs.to_pylist() == ROWS
    assert theirs.schema.types == [pa.string(), pa.decimal128(18, 2), pa.int16()]
    assert pa.concat_tables([theirs, pa.table(theirs.to_pydict(), schema=theirs.schema)]).num_rows == 6


def test_pandas(table: Table) -> None:
    theirs = table.to_pandas()
    assert theirs.to_dict("records") == ROWS
    assert theirs["amount"].dtype == pd.ArrowDtype(pa.decimal128(18, 2))
    assert theirs["amount"].sum() == Decimal("49999.95")
    assert theirs["lot"].dtype == np.int16
    assert pd.DataFrame.from_arrow(table).to_dict("records") == ROWS


def test_polars(table: Table) -> None:
    theirs = table.to_polars()
    assert theirs.to_dicts() == ROWS
    assert theirs.schema == {"account": pl.String, "amount": pl.Decimal(18, 2), "lot": pl.Int16}
    assert theirs["amount"].sum() == Decimal("49999.95")


def test_duckdb(table: Table) -> None:
    ours = table
    assert duckdb.sql("from ours").to_arrow_table().to_pylist() == ROWS
    assert duckdb.sql("select sum(amount), max(lot) from ours").fetchall() == [(Decimal("49999.95"), 3)]
    assert len(ours) == 3


def test_slices_and_views_of_memory() -> None:
    rows = np.arange(20)
    strided = Table({"n": rows[::-3], "x": fc.Fixed.from_minor(rows, 1)[::-3], "t": rows.astype("U")[::-3]})
    expected = list(range(19, -1, -3))
    theirs = strided.to_arrow()
    assert theirs["n"].to_pylist() == expected
    assert theirs["x"].to_pylist() == [Decimal(value).scaleb(-1) for value in expected]
    assert theirs["t"].to_pylist() == [str(value) for value in expected]
    packed = np.zeros(3, dtype=[("flag", "i1"), ("n", "i8"), ("t", "U2")])
    packed["n"], packed["t"] = [1, 2, 3], ["a", "bc", ""]
    unaligned = Table({"n": packed["n"], "t": packed["t"]}).to_arrow()
    assert unaligned.to_pydict() == {"n": [1, 2, 3], "t": ["a", "bc", ""]}


INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_of_every_width(dtype: type[np.integer]) -> None:
    limits = np.iinfo(dtype)
    column = np.array([limits.min, 0, limits.max], dtype=dtype)
    ours = Table({"n": column})
    assert ours.to_arrow()["n"].to_pylist() == ours.to_polars()["n"].to_list() == column.tolist()
    assert str(ours.to_arrow()["n"].type) == ours.schema["n"] == column.dtype.name


def test_long_texts_have_long_offsets() -> None:
    ours = Table({"t": ["é" * 600, "x"]})
    assert ours.to_arrow().schema.types == [pa.large_string()]
    assert ours.to_arrow()["t"].to_pylist() == ["é" * 600, "x"]


def test_half_a_surrogate_pair_never_leaves() -> None:
    with pytest.raises(OSError, match=r"t\[1\] is not valid Unicode"):
        Table({"t": ["a", "\ud800"]}).to_arrow()


def test_names_are_kept() -> None:
    names = ["", "a b", "金额", 'quo"te']
    ours = Table({name: [row] for row, name in enumerate(names)})
    assert ours.to_arrow().schema.names == ours.to_polars().columns == names
