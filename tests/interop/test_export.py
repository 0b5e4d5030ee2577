"""A column and a table leave as Arrow: what others see and sum is ours, and what they hand back is unchanged."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import fundclear as fc
from fundclear.tables import Table

LARGEST = 10**18 - 1

#: More rows than a batch of a stream and than the kernel gives to one thread.
MANY_ROWS = 1_200_000


def column(scale: int) -> fc.Fixed:
    """Values of every length and both signs."""
    edges = [0, 1, -1, 99, -100, 12345, LARGEST, -LARGEST]
    return fc.Fixed.from_minor(np.array(edges + [10**power for power in range(18)]), scale)


def sliced(scale: int) -> fc.Fixed:
    """Every second row of read-only memory, from the end."""
    array = np.arange(-5_000, 5_000, dtype=np.int64) * 1_000_003
    array.flags.writeable = False
    return fc.Fixed.from_minor(array, scale)[::-2]


COLUMNS = [(make, scale) for make in (column, sliced) for scale in (0, 1, 2, 9, 17, 18)]


@pytest.fixture(params=COLUMNS, ids=lambda param: f"{param[0].__name__}-{param[1]}")
def x(request: pytest.FixtureRequest) -> fc.Fixed:
    make, scale = request.param
    return make(scale)


def as_table(x: fc.Fixed) -> Table:
    return Table({"x": x, "row": np.arange(len(x), dtype=np.int32)})


def from_duckdb(x: fc.Fixed) -> Any:
    ours = as_table(x)
    assert len(ours) == len(x)
    return duckdb.sql("select x from ours order by row").to_arrow_table()["x"]


#: For each way out, what the other library then holds.
WAYS: dict[str, Callable[[fc.Fixed], Any]] = {
    "pyarrow array": pa.array,
    "pyarrow chunked array": pa.chunked_array,
    "pyarrow table": lambda x: pa.table(as_table(x))["x"],
    "pyarrow reader": lambda x: pa.RecordBatchReader.from_stream(as_table(x)).read_all()["x"],
    "polars series": pl.Series,
    "polars frame": lambda x: pl.DataFrame(as_table(x))["x"],
    "pandas series": pd.Series.from_arrow,
    "pandas frame": lambda x: pd.DataFrame.from_arrow(as_table(x))["x"],
    "pandas arrow dtype": lambda x: as_table(x).to_pandas()["x"],
    "duckdb": from_duckdb,
}


@pytest.mark.parametrize("way", WAYS)
def test_values_come_back_unchanged(way: str, x: fc.Fixed) -> None:
    theirs = WAYS[way](x)
    values = theirs.to_pylist() if hasattr(theirs, "to_pylist") else theirs.to_list()
    assert values == x.to_decimals()
    assert fc.Fixed.parse(theirs).equals(x)


def sum_of(theirs: Any) -> Decimal:
    total = pc.sum(theirs).as_py() if isinstance(theirs, pa.Array | pa.ChunkedArray) else theirs.sum()
    assert isinstance(total, Decimal)
    return total


@pytest.mark.parametrize("way", WAYS)
def test_sums_are_ours(way: str, x: fc.Fixed) -> None:
    assert sum_of(WAYS[way](x)) == x.sum()


def test_sum_within_duckdb(x: fc.Fixed) -> None:
    ours = as_table(x)
    assert len(ours) == len(x)
    assert duckdb.sql("select sum(x), min(x), max(x) from ours").fetchall() == [(x.sum(), x.min(), x.max())]


def test_types_that_others_see() -> None:
    x = fc.Fixed.parse(["1.25"])
    ours = Table({"x": x, "n": np.array([1], np.uint16), "t": ["é"]})
    arrow = pa.schema([("x", pa.decimal128(18, 2)), ("n", pa.uint16()), ("t", pa.string())])
    assert pa.array(x).type == pa.chunked_array(x).type == arrow.field("x").type
    assert pa.table(ours).schema.equals(arrow)
    # Polars takes a decimal64 column of a table stream for decimal128 and reads garbage: it must never be sent one.
    assert pl.DataFrame(ours).schema == {"x": pl.Decimal(18, 2), "n": pl.UInt16, "t": pl.String}
    assert pl.Series(x).dtype == pl.Decimal(18, 2)
    assert [str(kind) for kind in duckdb.sql("from ours").types] == ["DECIMAL(18,2)", "USMALLINT", "VARCHAR"]
    assert pa.field(x).type == pa.decimal128(18, 2)


ASKED = [pa.decimal128(18, 2), pa.decimal128(38, 2), pa.decimal64(18, 2), pa.string(), pa.large_string()]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_consumer_gets_what_it_asks_for(asked: pa.DataType) -> None:
    x = fc.Fixed.parse(["1.25", "-0.05", "0.00"])
    for theirs in (pa.array(x, asked), pa.chunked_array(x, asked)):
        assert theirs.type == asked
        assert fc.Fixed.parse(theirs).equals(x)


def test_other_wishes_get_what_comes_closest() -> None:
    """The capsules themselves: pyarrow would cast what has crossed."""
    x = fc.Fixed.parse(["1.25", "-0.05"])

    def sent(asked: pa.DataType) -> pa.DataType:
        class Ours:
            def __arrow_c_array__(self, requested_schema: object | None = None) -> object:
                return x.__arrow_c_array__(asked.__arrow_c_schema__())

        return pa.array(Ours()).type

    decimal128, decimal64 = pa.decimal128(18, 2), pa.decimal64(18, 2)
    asked = [
        pa.decimal128(9, 1),
        pa.int64(),
        pa.decimal64(9, 1),
        pa.large_string(),
        pa.string_view(),
        pa.list_(pa.int8()),
    ]
    assert [sent(kind) for kind in asked] == [
        decimal128, decimal128, decimal64, pa.large_string(), pa.string(), decimal128,
    ]  # fmt: skip


def test_a_table_consumer_asks_column_by_column() -> None:
    table = Table({"x": fc.Fixed.parse(["1.25"]), "y": fc.Fixed.parse(["7.5"]), "n": [1]})

    def sent(asked: pa.Schema) -> list[pa.DataType]:
        class Ours:
            def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
                return table.__arrow_c_stream__(asked.__arrow_c_schema__())

        return pa.table(Ours()).schema.types

    d64, int64 = pa.decimal64(18, 2), pa.int64()
    assert sent(pa.schema([("x", d64), ("y", pa.string()), ("n", pa.string())])) == [d64, pa.string(), int64]
    assert sent(pa.schema([("z", d64), ("y", pa.float64())])) == [pa.decimal128(18, 2), pa.decimal128(18, 1), int64]


@pytest.mark.parametrize("layout", [pa.string(), pa.large_string()], ids=str)
def test_text_is_what_to_strings_says(layout: pa.DataType, x: fc.Fixed) -> None:
    texts = x.to_strings()
    for theirs in (pa.array(x, layout), pa.chunked_array(x, layout)):
        theirs.validate(full=True)
        assert theirs.type == layout
        assert theirs.to_pylist() == texts
        assert fc.Fixed.parse(theirs).equals(x)


@pytest.mark.parametrize("threads", ["1", "3"])
def test_many_batches(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDCLEAR_THREADS", threads)
    values = np.arange(MANY_ROWS) * 7_654_321 - 10**12
    x = fc.Fixed.from_minor(values, 2)
    whole, chunks = pa.array(x), pa.chunked_array(x)
    assert chunks.num_chunks > 1
    assert chunks.combine_chunks().equals(whole)
    assert np.array_equal(np.frombuffer(whole.buffers()[1], np.int64)[::2], values)
    text = pa.chunked_array(x, pa.string())
    assert text.combine_chunks().equals(pa.array(x, pa.string()))
    assert text.equals(chunks.cast(pa.string()))
    table = pa.table(Table({"x": x, "n": values, "t": values.astype(np.str_)}))
    assert table["x"].equals(chunks)
    assert table["n"].to_numpy().tolist() == values.tolist()
    assert table["t"].cast(pa.int64()).equals(table["n"])
    assert fc.Fixed.parse(table["x"]).equals(x)


@pytest.mark.parametrize("scale", [0, 2, 18])
def test_no_rows(scale: int) -> None:
    x = fc.Fixed.parse([], scale=scale)
    for way, out in WAYS.items():
        theirs = out(x)
        assert len(theirs) == 0, way
        if way not in ("pandas series", "pandas frame"):
            assert fc.Fixed.parse(theirs, scale).equals(x), way
    assert len(pl.DataFrame(Table({}))) == len(pa.table(Table({}))) == 0


def test_what_has_left_stays_when_the_column_changes_or_goes() -> None:
    base = np.array([1, 2, 3])
    x = fc.Fixed.from_minor(base, 2)
    left = [pa.array(x), pa.chunked_array(x), pl.Series(x), pa.array(x, pa.decimal64(18, 2)), pa.array(x, pa.string())]
    base[:] = 99
    del x
    for theirs in left:
        assert fc.Fixed.parse(theirs).minor.tolist() == [1, 2, 3]


def test_memory_of_more_than_18_digits_never_leaves() -> None:
    base = np.array([1, 2, 3])
    x = fc.Fixed.from_minor(base, 2)
    stream = x.__arrow_c_stream__()
    base[1] = 10**18
    for asked in (None, pa.decimal64(18, 2), pa.string()):
        for take in (pa.array, pa.chunked_array):
            with pytest.raises(fc.AmountOverflowError) as failure:
                take(x, asked)
            assert (failure.value.code, failure.value.row, failure.value.value) == ("digits", 1, str(10**18))
    with pytest.raises(fc.AmountOverflowError) as failure:
        pa.table(Table({"n": [1, 2, 3], "x": x}))
    assert (failure.value.argument, failure.value.row) == ("x", 1)

    class Ours:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            return stream

    # Here the value was written after the stream had begun: the consumer hears of it.
    with pytest.raises(OSError, match=r"\[1\] is 1000000000000000000 in minor units, more than 18 digits \[digits\]"):
        pa.chunked_array(Ours())
