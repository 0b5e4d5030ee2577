"""What is taken for amounts and what is refused: types, arrays, layouts. Each refusal names its place and its cure."""

from __future__ import annotations

import decimal
from array import array as machine_array
from collections import deque
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import fundclear as fc


class Text(str):
    """A text that prints as another."""

    __slots__ = ()

    def __str__(self) -> str:
        return "9.99"


class Bytes(bytes):
    pass


class Money(Decimal):
    """A Decimal that prints as something else."""

    def __str__(self) -> str:
        return "$9.99"


class Count(int):
    def __int__(self) -> int:
        return 9

    def __index__(self) -> int:
        return 9


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def shown(value: object) -> str:
    """A test's name, also for values whose repr cannot be made."""
    try:
        return f"{type(value).__name__} {value!a}"[:40]
    except (RuntimeError, ValueError):
        return type(value).__name__


class Series:
    """What a pandas Series over numpy memory looks like: a dtype, an array, and an Arrow export that is not wanted."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array
        self.dtype = array.dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.array

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        raise AssertionError("numpy memory is read in place")


class WithoutPyarrow:
    """What a pandas Series of texts is where pyarrow is not installed."""

    dtype = "str"

    def __iter__(self) -> Any:
        return iter(["1.00", "2.50"])

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        raise ImportError("pyarrow is required")


def refused(values: Any, code: str, **facts: object) -> fc.FundclearError:
    with pytest.raises(fc.FundclearError) as raised:
        fc.Fixed.parse(values, scale=2, name="fee")
    error = raised.value
    assert error.code == code
    assert error.argument == "fee"
    assert {name: getattr(error, name) for name in facts} == facts
    return error


# ---- one row ----


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10.07", "10.07"),
        ("-0.5", "-0.50"),
        ("+3", "3.00"),
        (".5", "0.50"),
        ("5.", "5.00"),
        ("-0", "0.00"),
        ("0007.10", "7.10"),
        ("1.500000000000000000000000000000", "1.50"),
        (b"10.07", "10.07"),
        (7, "7.00"),
        (-7, "-7.00"),
        (Decimal("10.07"), "10.07"),
        (Decimal("1E+3"), "1000.00"),
        (Decimal("-1.5E+1"), "-15.00"),
        (Decimal("0E-30"), "0.00"),
        (Decimal("12E-2"), "0.12"),
        (np.int8(-5), "-5.00"),
        (np.uint64(5), "5.00"),
        (np.str_("1.25"), "1.25"),
        (np.bytes_(b"1.26"), "1.26"),
        (Text("1.23"), "1.23"),
        (Bytes(b"1.24"), "1.24"),
        (Money("1.22"), "1.22"),
        (Count(3), "3.00"),
        (10**15, "1000000000000000.00"),
    ],
    ids=repr,
)
def test_an_amount_is_taken_alone_in_a_list_and_in_an_object_array(value: Any, expected: str) -> None:
    objects = np.empty(2, dtype=object)
    objects[:] = [value, value]
    assert fc.Fixed.parse(value, scale=2).to_strings() == [expected]
    for values in ([value, value], (value, value), objects, objects[::-1], iter([value, value]), deque([value, value])):
        assert fc.Fixed.parse(values, scale=2).to_strings() == [expected] * 2


@pytest.mark.parametrize(
    ("value", "code", "kind"),
    [
        (1.5, "float", TypeError),
        (float("nan"), "float", TypeError),
        (np.float64(1.5), "float", TypeError),
        (np.float32(1.5), "float", TypeError),
        (np.float16(1.5), "float", TypeError),
        (np.longdouble(2), "float", TypeError),
        (True, "bool", TypeError),
        (np.True_, "bool", TypeError),
        (None, "null", ValueError),
        (Decimal("NaN"), "nan", ValueError),
        (Decimal("sNaN123"), "nan", ValueError),
        (Decimal("-Infinity"), "infinity", ValueError),
        ("nan", "nan", ValueError),
        ("-Inf", "infinity", ValueError),
        (b"Infinity", "infinity", ValueError),
        ("", "empty", ValueError),
        (b"", "empty", ValueError),
        ("1,000.00", "stray", ValueError),
        (" 1", "stray", ValueError),
        ("1 ", "stray", ValueError),
        ("1_000", "stray", ValueError),
        ("1e3", "stray", ValueError),
        ("$1", "stray", ValueError),
        ("--1", "stray", ValueError),
        ("1.2.3", "stray", ValueError),
        ("-", "stray", ValueError),
        (".", "stray", ValueError),
        ("\uff11\uff12", "stray", ValueError),
        ("1½", "stray", ValueError),
        ("1\x00", "stray", ValueError),
        ("\ud800", "stray", ValueError),
        (b"\xff", "stray", ValueError),
        ("0.005", "inexact", ArithmeticError),
        (Decimal("1E-3"), "inexact", ArithmeticError),
        (10**16, "overflow", OverflowError),
        (10**400, "overflow", OverflowError),
        (10**5000, "overflow", OverflowError),
        ("9" * 17, "overflow", OverflowError),
        (Decimal("1E+100000"), "overflow", OverflowError),
        (np.uint64(2**64 - 1), "overflow", OverflowError),
        (1j, "type", TypeError),
        (np.complex128(1), "type", TypeError),
        (np.datetime64("2020-01-01"), "type", TypeError),
        (np.timedelta64(5, "s"), "type", TypeError),
        (np.void(b"1"), "type", TypeError),
        (Fraction(1, 2), "type", TypeError),
        (object(), "type", TypeError),
        (Unprintable(), "type", TypeError),
        ([1], "type", TypeError),
        (bytearray(b"1"), "type", TypeError),
    ],
    ids=shown,
)
def test_an_object_that_is_no_amount_is_refused_with_its_row(value: Any, code: str, kind: type[Exception]) -> None:
    objects = np.empty(2, dtype=object)
    objects[0], objects[1] = "1.00", value
    for values in (["1.00", value], (1, value), objects):
        error = refused(values, code, row=1)
        assert isinstance(error, kind)
        assert "fee[1]" in str(error)
        assert "Cure: " in str(error)
        assert len(str(error)) < 500
    for scale in (None, 2):
        with pytest.raises(fc.FundclearError) as raised:
            fc.Fixed.parse(["1.00", value, "also wrong"], scale=scale)
        assert raised.value.row == 1 if code not in ("inexact", "overflow") or scale else raised.value.row in (1, 2)
    if not isinstance(value, list):
        error = refused(value, code, row=None)
        assert isinstance(error, kind)


def test_a_stray_character_is_shown_with_its_place() -> None:
    error = refused(["1.00", "12,50"], "stray", value="'12,50'")
    assert "position 2" in str(error)
    assert "position 1 " in str(refused("1½", "stray")) + " "


def test_the_first_bad_row_is_named() -> None:
    values: list[Any] = ["1"] * 20_000
    for row, bad, code in ((19_000, None, "null"), (15_000, 1.5, "float"), (9_000, "x", "stray")):
        values[row] = bad
        refused(values, code, row=row)


def test_types_may_be_mixed_in_any_order() -> None:
    row = ["1.00", 2, Decimal("3.5"), b"4.25", np.int64(5), Text("6"), Decimal(7), "8"]
    expected = [100, 200, 350, 425, 500, 600, 700, 800]
    x = fc.Fixed.parse(row * 5_000)
    assert x.scale == 2
    assert x.minor.tolist() == expected * 5_000


def test_the_scale_is_the_most_decimals_written() -> None:
    for values, scale in (
        (["1", "2.50", "3.1"], 2),
        ([1, 2], 0),
        ([Decimal("1E+3"), Decimal("0.10")], 2),
        ([Decimal("1E+3")], 0),
        ([], 0),
        (["0." + "0" * 30], 18),
        (np.array(["1.5", "2"]), 1),
        (np.array([b"1.5", b"2.25"]), 2),
        (np.array([1, 2]), 0),
        (fc.Fixed.parse("1.500"), 3),
    ):
        assert fc.Fixed.parse(values).scale == scale
    with pytest.raises(fc.InexactError):
        fc.Fixed.parse(["0." + "0" * 18 + "1"])
    assert fc.Fixed.parse(["0." + "0" * 17 + "15"], rounding="half_up").to_strings() == ["0." + "0" * 16 + "02"]


def test_rows_are_rounded_only_if_a_mode_is_named() -> None:
    values = ["0.125", b"-0.125", Decimal("0.1251")]
    assert fc.Fixed.parse(values, 2, "half_even").to_strings() == ["0.12", "-0.12", "0.13"]
    assert fc.Fixed.parse(np.array(["0.125"]), 2, "up").to_strings() == ["0.13"]
    assert fc.Fixed.parse(fc.Fixed.parse("0.125"), 2, "down").to_strings() == ["0.12"]
    refused(fc.Fixed.parse("0.125"), "inexact", row=0)


def test_a_fixed_is_taken_as_it_is() -> None:
    x = fc.Fixed.parse(["1.00"])
    assert fc.Fixed.parse(x) is x
    assert fc.Fixed.parse(x, scale=3).to_strings() == ["1.000"]


def test_no_decimal_context_is_used() -> None:
    with decimal.localcontext() as context:
        context.prec = 1
        context.traps[decimal.Inexact] = True
        context.traps[decimal.Rounded] = True
        assert fc.Fixed.parse([Decimal("123.45"), Money("1.5")]).to_strings() == ["123.45", "1.50"]


@pytest.mark.parametrize(
    "values",
    [{"a": 1}, {"1", "2"}, frozenset([1]), bytearray(b"1.00"), memoryview(b"12"), object(), Fraction(1, 2), 5j],
)
def test_what_is_no_column_is_refused(values: Any) -> None:
    assert isinstance(refused(values, "type", row=None), TypeError)


def test_what_can_be_iterated_is_a_column() -> None:
    for values in (
        range(3),
        (str(n) for n in range(3)),
        machine_array("q", [0, 1, 2]),
        {0: 1, 1: 2, 2: 3}.keys().__iter__(),
    ):
        assert fc.Fixed.parse(values).to_strings() == ["0", "1", "2"]
    refused(machine_array("d", [1.0]), "float", row=0)


def test_an_iterator_that_raises_is_not_hidden() -> None:
    def rows() -> Any:
        yield "1"
        raise RuntimeError("from the source")

    with pytest.raises(RuntimeError, match="from the source"):
        fc.Fixed.parse(rows())


# ---- numpy arrays ----


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "q", "l"])
def test_an_int_of_any_dtype_is_a_whole_amount(dtype: str) -> None:
    values = np.array([0, 5, 7, 9], dtype=dtype)
    assert fc.Fixed.parse(values, scale=2).to_strings() == ["0.00", "5.00", "7.00", "9.00"]
    assert fc.Fixed.parse(values[::-2]).minor.tolist() == [9, 5]
    assert not np.shares_memory(fc.Fixed.parse(values).minor, values)


@pytest.mark.parametrize("kind", ["S", "U", "T"])
def test_texts_of_numpy_in_any_layout(kind: str) -> None:
    values = np.array(["1.50", "-2", "300.25", ".5"], dtype=np.dtypes.StringDType() if kind == "T" else kind)
    expected = ["1.50", "-2.00", "300.25", "0.50"]
    assert fc.Fixed.parse(values, scale=2).to_strings() == expected
    assert fc.Fixed.parse(values).to_strings() == expected
    assert fc.Fixed.parse(values[::-1]).to_strings() == expected[::-1]
    assert fc.Fixed.parse(values[1:3], scale=2).to_strings() == expected[1:3]
    assert fc.Fixed.parse(values[:0], scale=2).to_strings() == []
    frozen = values.copy()
    frozen.flags.writeable = False
    assert fc.Fixed.parse(frozen).to_strings() == expected


@pytest.mark.parametrize("kind", ["S", "U"])
@pytest.mark.parametrize(
    ("bad", "code"), [("", "empty"), ("x", "stray"), ("1.005", "inexact"), ("nan", "nan"), ("9" * 17, "overflow")]
)
def test_a_bad_text_of_numpy_is_shown(kind: str, bad: str, code: str) -> None:
    values = np.array(["1.00"] * 9_000 + [bad] + ["1.00"] * 9_000, dtype=kind)
    for threads in (1, 2):
        with pytest.raises(fc.FundclearError) as raised:
            fc.Fixed.parse(values, scale=2, threads=threads)
        assert (raised.value.code, raised.value.argument, raised.value.row) == (code, "values", 9_000)
        assert raised.value.value == repr(bad) or code == "empty"


def test_characters_that_are_no_ascii_are_stray() -> None:
    for text in ("1\u0663", "\uff11", "1\u0130", "1\U0001d7d9"):
        refused(np.array(["1", text]), "stray", row=1)
        refused([text], "stray", row=0)
    # A character whose lowest byte is a digit's is none.
    refused(np.array(["\u0131"]), "stray", row=0)
    refused(np.array(["1\x002"]), "stray", row=0)


def test_unaligned_arrays_are_read_right() -> None:
    raw = np.zeros(33, dtype=np.uint8)
    shifted = raw[1:].view("i8")
    shifted[:] = [1, 2, 3, 4]
    assert not shifted.flags.aligned
    assert fc.Fixed.from_minor(shifted, 0).to_strings() == ["1", "2", "3", "4"]
    assert (fc.Fixed.from_minor(shifted, 0) + 1).to_strings() == ["2", "3", "4", "5"]
    texts = np.zeros(4 * 4 * 2 + 1, dtype=np.uint8)[1:].view("U4")
    texts[:] = ["1.5", "2.25"]
    assert fc.Fixed.parse(texts).to_strings() == ["1.50", "2.25"]


@pytest.mark.parametrize(
    ("dtype", "code"),
    [
        ("f2", "float"),
        ("f8", "float"),
        ("g", "float"),
        ("?", "bool"),
        ("c16", "dtype"),
        ("M8[D]", "dtype"),
        ("m8[s]", "dtype"),
        ("V8", "dtype"),
        ([("a", "i8")], "dtype"),
        (">i8", "byte-order"),
        (">u2", "byte-order"),
        (">U3", "byte-order"),
    ],
    ids=str,
)
def test_an_array_of_another_dtype_is_refused(dtype: Any, code: str) -> None:
    for rows in (0, 2):
        error = refused(np.zeros(rows, dtype=dtype), code, row=None)
        assert isinstance(error, TypeError)


@pytest.mark.parametrize("shape", [(2, 2), (1, 1), (0, 3), (1, 2, 3)])
def test_an_array_of_several_dimensions_is_refused(shape: tuple[int, ...]) -> None:
    for dtype in ("i8", "U2", "S2", "O"):
        refused(np.zeros(shape, dtype=dtype), "dimensions", value=str(len(shape)))
    with pytest.raises(fc.InputError) as raised:
        fc.Fixed.from_minor(np.zeros(shape, dtype=np.int64), 2)
    assert raised.value.code == "dimensions"


def test_an_array_without_dimensions_is_one_row() -> None:
    for value in (np.array("1.50"), np.array(b"1.50"), np.array(Decimal("1.50"), dtype=object)):
        assert fc.Fixed.parse(value, scale=2).to_strings() == ["1.50"]
    assert fc.Fixed.parse(np.array(3), scale=2).to_strings() == ["3.00"]
    refused(np.array(1.5), "float")
    refused(np.array(None, dtype=object), "null")
    refused(np.array("2020-01-01", dtype="M8[D]"), "type")


def test_masked_rows_are_missing() -> None:
    values = np.ma.masked_array([1, 2, 3], mask=[False, True, False])
    refused(values, "null", row=1)
    assert fc.Fixed.parse(np.ma.masked_array([1, 2, 3]), scale=2).to_strings() == ["1.00", "2.00", "3.00"]
    for call in (
        lambda: fc.Fixed.from_minor(values, 2),
        lambda: fc.allocate(1, values, scale=0),
        lambda: fc.allocate(1, [1, 2, 3], scale=0, tie_key=values),
    ):
        with pytest.raises(fc.InputError) as raised:
            call()
        assert (raised.value.code, raised.value.row) == ("null", 1)


def test_subclasses_of_arrays_are_read_as_arrays() -> None:
    assert fc.Fixed.parse(np.array(["1.5"]).view(np.char.chararray)).to_strings() == ["1.5"]
    x = fc.Fixed.from_minor(np.array([(1,), (2,)], dtype=[("a", "i8")]).view(np.recarray).a, 2)
    assert type(x.minor) is np.ndarray
    with pytest.raises(fc.InputError) as raised:
        fc.Fixed.from_minor(np.arange(2).reshape(1, 2).view(np.matrix), 2)
    assert raised.value.code == "dimensions"


def test_a_series_over_numpy_memory_is_read_in_place() -> None:
    assert fc.Fixed.parse(Series(np.array([1, 2])), scale=1).to_strings() == ["1.0", "2.0"]
    assert fc.Fixed.parse(Series(np.array(["1.5", None], dtype=object)[:1])).to_strings() == ["1.5"]
    refused(Series(np.array([1.5])), "float")
    refused(Series(np.array(["1.5", None], dtype=object)), "null", row=1)
    array = np.array([1, 2])
    assert np.shares_memory(fc.Fixed.from_minor(Series(array), 2).minor, array)  # type: ignore[arg-type]


def test_an_arrow_export_that_needs_what_is_not_installed_is_read_row_by_row() -> None:
    assert fc.Fixed.parse(WithoutPyarrow()).to_strings() == ["1.00", "2.50"]


# ---- minor units ----


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (np.array([1], dtype="i4"), "dtype"),
        (np.array([1], dtype="u8"), "dtype"),
        (np.array([1.0]), "dtype"),
        (np.array(["1"]), "dtype"),
        (np.array([1], dtype=object), "dtype"),
        (np.array([1], dtype="m8[s]"), "dtype"),
        (np.array([True]), "dtype"),
        (np.array([1], dtype=">i8"), "byte-order"),
        (np.array(1), "dimensions"),
        ([1, 2], "no-array"),
        ("12", "no-array"),
        (5, "no-array"),
        (None, "no-array"),
        (b"12345678", "no-array"),
    ],
    ids=repr,
)
def test_minor_units_are_int64_and_nothing_else(array: Any, code: str) -> None:
    with pytest.raises(fc.FundclearError) as raised:
        fc.Fixed.from_minor(array, 2)
    assert (raised.value.code, raised.value.argument) == (code, "array")


def test_minor_units_in_any_layout() -> None:
    array = np.arange(10)
    frozen = array.copy()
    frozen.flags.writeable = False
    assert fc.Fixed.from_minor(frozen, 1).sum() == Decimal("4.5")
    for part in (
        array[::2],
        array[::-3],
        array[3:7],
        array[:0],
        np.broadcast_to(np.int64(3), 5),
        array.reshape(5, 2)[:, 1],
    ):
        x = fc.Fixed.from_minor(part, 1)
        assert x.minor.tolist() == part.tolist()
        assert len(part) == 0 or np.shares_memory(x.minor, array) or part.strides == (0,)
        assert (x + "0.1").minor.tolist() == [value + 1 for value in part.tolist()]
        assert (x - x).minor.tolist() == [0] * len(part)
        assert x.sum() == Decimal(sum(part.tolist())).scaleb(-1)
        assert len(x.to_strings()) == len(list(x)) == len(part)
    bytes_behind = np.frombuffer(np.arange(4).tobytes(), dtype=np.int64)
    assert fc.Fixed.from_minor(bytes_behind, 0).to_strings() == ["0", "1", "2", "3"]
    assert fc.Fixed.from_minor(np.array([5], dtype=np.longlong), 0).to_strings() == ["5"]


@pytest.mark.parametrize("value", [10**18, -(10**18), 2**63 - 1, -(2**63)])
def test_minor_units_of_more_than_18_digits_are_refused_with_their_row(value: int) -> None:
    array = np.zeros(100_000, dtype=np.int64)
    array[70_000] = array[80_000] = value
    for threads in (None, 1, 2, 3):
        with pytest.raises(fc.AmountOverflowError) as raised:
            fc.Fixed.from_minor(array, 2, threads=threads)
        error = raised.value
        assert (error.code, error.argument, error.row, error.value) == ("digits", "array", 70_000, str(value))
    array[70_000] = array[80_000] = 10**18 - 1
    assert len(fc.Fixed.from_minor(array, 2)) == 100_000
