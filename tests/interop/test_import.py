"""Columns of other libraries are read by value: every width, layout and encoding, and each refusal names its row."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fundclear as fc

TEXTS = ["10.07", "-9.83", "+0.5", "00012345678901.25", "7.", ".25", "0"]
MINOR = [1007, -983, 50, 1234567890125, 700, 25, 0]

LAYOUTS = [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()]
KEYS = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
DECIMALS = [pa.decimal32(9, 2), pa.decimal64(18, 2), pa.decimal128(38, 2), pa.decimal256(76, 2)]


def minor(source: Any, scale: int | None = None, rounding: str | None = None) -> tuple[list[int], int]:
    x = fc.Fixed.parse(source, scale, rounding)
    return x.minor.tolist(), x.scale


def dictionary(keys: list[int | None], values: pa.Array, index: pa.DataType) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(keys, index), values)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_texts_of_every_layout(layout: pa.DataType) -> None:
    texts = pa.array(TEXTS, layout)
    assert minor(texts) == (MINOR, 2)
    assert minor(texts, 3) == ([value * 10 for value in MINOR], 3)
    assert minor(texts, 1, "down") == ([100, -98, 5, 123456789012, 70, 2, 0], 1)
    assert minor(texts.slice(2, 3)) == (MINOR[2:5], 2)


@pytest.mark.parametrize("index", KEYS, ids=str)
@pytest.mark.parametrize("values", [*LAYOUTS, *DECIMALS, pa.int16()], ids=str)
def test_dictionaries_of_every_key_and_value(index: pa.DataType, values: pa.DataType) -> None:
    entries = [7, 1, 99, None] if values == pa.int16() else ["7.00", "1.25", "99.00", None]
    seven, one = (700, 100) if values == pa.int16() else (700, 125)
    array = pa.array(entries, pa.string() if pa.types.is_decimal(values) else values).cast(values)
    column = dictionary([1, 0, 1, 1], array, index)
    assert minor(column, 2)[0] == [one, seven, one, one]
    assert minor(column.slice(1, 2), 2)[0] == [seven, one]
    for nulls in (dictionary([1, None, 0], array, index), dictionary([1, 3], array, index)):
        with pytest.raises(fc.InputError) as failure:
            fc.Fixed.parse(nulls, 2)
        assert (failure.value.code, failure.value.row) == ("null", 1)


def test_an_unused_dictionary_entry_harms_nobody() -> None:
    assert minor(dictionary([0, 0], pa.array(["1.5", "not a number"]), pa.int8())) == ([15, 15], 1)


@pytest.mark.parametrize("width", DECIMALS, ids=str)
def test_decimals_of_every_width(width: pa.DataType) -> None:
    values = [Decimal("0.00"), Decimal("-0.01"), Decimal("9999999.99"), Decimal("-9999999.99")]
    column = pa.array(values, width)
    assert minor(column) == ([0, -1, 999999999, -999999999], 2)
    assert minor(column, 4) == ([0, -100, 99999999900, -99999999900], 4)
    assert minor(column, 0, "half_up") == ([0, 0, 10000000, -10000000], 0)
    assert minor(column.slice(1, 2)) == ([-1, 999999999], 2)
    with pytest.raises(fc.InexactError) as failure:
        fc.Fixed.parse(column, 1)
    assert (failure.value.row, failure.value.value) == (1, "-0.01")


@pytest.mark.parametrize("index", KEYS, ids=str)
def test_integers_are_whole_amounts(index: pa.DataType) -> None:
    assert minor(pa.array([0, 5, 127], index)) == ([0, 5, 127], 0)
    assert minor(pa.array([0, 5, 127], index), 2) == ([0, 500, 12700], 2)


def test_integers_beyond_18_digits_overflow() -> None:
    for value, kind in [(10**18, pa.int64()), (-(2**63), pa.int64()), (2**64 - 1, pa.uint64())]:
        with pytest.raises(fc.AmountOverflowError) as failure:
            fc.Fixed.parse(pa.array([1, value], kind))
        assert (failure.value.row, failure.value.value) == (1, str(value))


def test_a_scale_beyond_18_is_refused_unless_one_is_named() -> None:
    column = pa.array([Decimal("1.25")], pa.decimal256(60, 40))
    with pytest.raises(fc.InputError) as failure:
        fc.Fixed.parse(column)
    assert failure.value.code == "scale-range"
    assert minor(column, 2) == ([125], 2)
    assert minor(column, 1, "half_even") == ([12], 1)


def test_negative_scales_are_whole_amounts() -> None:
    hundreds = pa.array([Decimal("12300"), Decimal("-4500")], pa.decimal128(5, -2))
    assert minor(hundreds) == ([12300, -4500], 0)
    assert minor(hundreds, 2) == ([1230000, -450000], 2)


def raw_decimals(values: list[int], scale: int, width: int) -> pa.Array:
    """Decimals of any digits that fit in the bytes, whatever the precision of the type says."""
    kind = {4: pa.decimal32, 8: pa.decimal64, 16: pa.decimal128, 32: pa.decimal256}[width]
    kind_of_scale = kind({4: 9, 8: 18, 16: 38, 32: 76}[width], scale)
    data = b"".join(value.to_bytes(width, "little", signed=True) for value in values)
    return pa.Array.from_buffers(kind_of_scale, len(values), [None, pa.py_buffer(data)])


MODES = {mode.name.lower(): mode.value for mode in fc.Rounding}


@given(data=st.data(), width=st.sampled_from([4, 8, 16, 32]), mode=st.sampled_from([*MODES, None]))
def test_any_decimal_is_rounded_as_python_rounds_it(data: st.DataObject, width: int, mode: str | None) -> None:
    top = 256**width // 2 - 1
    edges = [edge for power in range(78) for edge in (10**power, 5 * 10**power, 10**power - 1) if edge <= top]
    magnitude = st.one_of(st.sampled_from([0, 1, top, *edges]), st.integers(0, top))
    value = data.draw(magnitude) * data.draw(st.sampled_from([1, -1]))
    from_scale = data.draw(st.integers(-20, {4: 9, 8: 18, 16: 38, 32: 76}[width]))
    scale = data.draw(st.integers(0, 18))
    context = decimal.Context(prec=300, traps=[decimal.Inexact] if mode is None else [])
    exact = Decimal(value).scaleb(-from_scale, context)
    try:
        rounded = exact.quantize(Decimal(1).scaleb(-scale), MODES.get(mode or "", decimal.ROUND_DOWN), context)
        expected = "overflow" if len(rounded.as_tuple().digits) > 18 else int(rounded.scaleb(scale, context))
    except decimal.Inexact:
        whole = int(exact.scaleb(scale, decimal.Context(prec=300)))
        expected = "overflow" if len(str(abs(whole))) > 18 else "inexact"
    try:
        found = minor(raw_decimals([value], from_scale, width), scale, mode)[0][0]
    except fc.FundclearError as error:
        found = error.code
    assert found == expected


def test_chunks_are_one_column_with_one_count_of_rows() -> None:
    texts = pa.chunked_array([["1.5"], [], ["2.25", "3"], pa.array(["9", "4.125", "9"]).slice(1, 1)])
    assert minor(texts) == ([1500, 2250, 3000, 4125], 3)
    with pytest.raises(fc.InputError) as failure:
        fc.Fixed.parse(pa.chunked_array([["1", "2"], ["3"], ["4", "x"]]))
    assert (failure.value.code, failure.value.row, failure.value.value) == ("stray", 4, "'x'")


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_rows_of_many_blocks_and_chunks(threads: int) -> None:
    values = np.arange(-150_000, 150_000)
    x = fc.Fixed.from_minor(values, 3)
    text, numbers = pa.array(x, pa.string()), pa.array(x)
    for column in (text, numbers, text.dictionary_encode(), numbers.cast(pa.decimal256(40, 3))):
        chunks = pa.chunked_array([column.slice(0, 100_001), column.slice(100_001, 99_999), column.slice(200_000)])
        assert fc.Fixed.parse(chunks, threads=threads).equals(x)
    broken = pa.array([None if row in (123_456, 250_000) else value for row, value in enumerate(text.to_pylist())])
    for column in (broken, broken.cast(pa.decimal128(18, 3))):
        with pytest.raises(fc.InputError) as failure:
            fc.Fixed.parse(column, threads=threads)
        assert (failure.value.code, failure.value.row) == ("null", 123_456)


def test_the_rows_before_a_null_are_looked_at_first() -> None:
    with pytest.raises(fc.InexactError) as failure:
        fc.Fixed.parse(pa.array([Decimal("1.00"), Decimal("1.25"), None]), 1)
    assert failure.value.row == 1
    with pytest.raises(fc.InputError) as failure:
        fc.Fixed.parse(pa.array([None, Decimal("1.25")]), 1)
    assert (failure.value.code, failure.value.row) == ("null", 0)


@pytest.mark.parametrize("kind", [pa.string(), pa.string_view(), pa.decimal128(18, 2), pa.int8(), pa.null()], ids=str)
def test_no_rows(kind: pa.DataType) -> None:
    scale = 2 if pa.types.is_decimal(kind) else 0
    assert minor(pa.array([], kind)) == ([], scale)
    assert minor(pa.chunked_array([], kind)) == ([], scale)
    assert minor(pa.array([], kind), 7) == ([], 7)


REFUSED = [
    (pa.array([None, 1.5]), "float", 1, "1.5"),
    (pa.array([float("nan")]), "float", 0, "NaN"),
    (pa.array([1.5], pa.float32()), "float", 0, "1.5"),
    (pa.array([np.float16(1.5)], pa.float16()), "float", 0, "1.5"),
    (pa.array([], pa.float64()), "float", None, "Float64"),
    (pa.array([None, False]), "bool", 1, "False"),
    (pa.array([1], pa.bool8()), "bool", 0, "True"),
    (pa.array([None, None]), "null", 0, None),
    (pa.array(["1", ""]), "empty", 1, "''"),
    (pa.array(["1", "nan"]), "nan", 1, "'nan'"),
    (pa.array(["1", "-inf"]), "infinity", 1, "'-inf'"),
    (pa.array(["1", "1e5"]), "stray", 1, "'1e5'"),
    (pa.array(["1", "2", "1,000.00"]), "stray", 2, "'1,000.00'"),
    (pa.array(["1", b"\xff\xfe"], pa.binary()), "stray", 1, None),
    (pa.array([[1]]), "dtype", None, None),
    (pa.array([0], pa.timestamp("s")), "dtype", None, None),
    (pa.array([0], pa.date32()), "dtype", None, None),
    (pa.table({"cash": ["1"], "units": ["2"]}), "dtype", None, None),
    (pa.array([{"cash": "1"}]), "dtype", None, None),
    (pl.DataFrame({"cash": ["1"]}), "dtype", None, None),
    (pl.Series([1], dtype=pl.UInt128), "dtype", None, None),
    (pl.Series([1.5]), "float", 0, "1.5"),
    (pd.Series([1.5, None], dtype="Float64"), "float", 0, "1.5"),
    (pd.Series(["1", None], dtype="str"), "null", 1, None),
]


@pytest.mark.parametrize(
    ("source", "code", "row", "value"), REFUSED, ids=[f"{row[1]}-{i}" for i, row in enumerate(REFUSED)]
)
def test_refusals_name_column_row_and_value(source: Any, code: str, row: int | None, value: str | None) -> None:
    for rounding in (None, "half_up"):
        with pytest.raises(fc.FundclearError) as failure:
            fc.Fixed.parse(source, 2, rounding, name="amount")
        error = failure.value
        assert (error.code, error.argument, error.row) == (code, "amount", row)
        assert value is None or error.value == value
        assert "Cure" in str(error)


def test_a_table_is_asked_for_a_column() -> None:
    with pytest.raises(fc.InputTypeError, match="a table of the columns cash, units, one column"):
        fc.Fixed.parse(pa.table({"cash": ["1"], "units": ["2"]}))


def test_columns_of_every_library() -> None:
    decimals = [Decimal("1.25"), Decimal("-3.50")]
    sources = [
        pl.Series(["1.25", "-3.50"]),
        pl.Series(["1.25", "-3.50"], dtype=pl.Categorical),
        pl.Series(["1.25", "-3.50"], dtype=pl.Enum(["-3.50", "1.25"])),
        pl.Series(["9", "1.25", "-3.50", "9"])[1:3],
        pl.Series(decimals),
        pl.concat([pl.Series(decimals[:1]), pl.Series(decimals[1:])], rechunk=False),
        pd.Series(["1.25", "-3.50"]),
        pd.Series(["1.25", "-3.50"], dtype="string"),
        pd.Series(["1.25", "-3.50"], dtype="category"),
        pd.Series(decimals),
        pd.Series(decimals, dtype=pd.ArrowDtype(pa.decimal128(18, 2))),
        duckdb.sql("select unnest(['1.25', '-3.50']) as x").to_arrow_table()["x"],
        duckdb.sql("select unnest([1.25, -3.50])::decimal(9, 2) as x").to_arrow_table()["x"],
        fc.Fixed.parse(decimals),
    ]
    for source in sources:
        assert minor(source) == ([125, -350], 2), type(source)


def test_integers_of_every_library() -> None:
    sources = [
        pl.Series([5, -7]),
        pl.Series([5, -7], dtype=pl.Int128),
        pd.Series([5, -7]),
        pd.Series([5, -7], dtype="Int64"),
        duckdb.sql(
            "select sum(x)::hugeint as x from (values (1, 5), (2, -7)) t(k, x) group by k order by k"
        ).to_arrow_table()["x"],
    ]
    for source in sources:
        assert minor(source, 2) == ([500, -700], 2), type(source)


def test_read_only_memory() -> None:
    array = np.array([5, 7])
    array.flags.writeable = False
    assert minor(pa.Array.from_buffers(pa.int64(), 2, [None, pa.py_buffer(array)])) == ([5, 7], 0)
