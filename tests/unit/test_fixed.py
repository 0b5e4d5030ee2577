"""The column itself: making it, looking at it, its rows, its totals, its life in memory."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import fundclear as fc


def column(*texts: str, scale: int | None = None) -> fc.Fixed:
    return fc.Fixed.parse(texts, scale=scale)


# ---- making ----


def test_calling_the_class_says_how_to_make_one() -> None:
    with pytest.raises(fc.InputTypeError, match=r"Fixed.parse\(\)") as raised:
        fc.Fixed([1, 2], 2)
    assert raised.value.code == "constructor"


def test_from_minor_shares_the_memory() -> None:
    array = np.array([1007, -5, 0])
    x = fc.Fixed.from_minor(array, 2)
    assert x.to_strings() == ["10.07", "-0.05", "0.00"]
    assert np.shares_memory(x.minor, array)
    array[0] = 1
    assert x[0] == Decimal("0.01")


def test_from_minor_copies_if_asked() -> None:
    array = np.array([1007])
    x = fc.Fixed.from_minor(array, 2, copy=True)
    array[0] = 1
    assert x[0] == Decimal("10.07")
    assert not np.shares_memory(x.minor, array)


def test_the_view_of_minor_units_is_read_only_and_of_one_memory() -> None:
    x = column("1.00", "2.00")
    assert not x.minor.flags.writeable
    assert np.shares_memory(x.minor, x.minor)
    assert x.minor.dtype == np.dtype("=i8")
    with pytest.raises(ValueError, match="read-only"):
        x.minor[0] = 5


def test_giving_the_array_another_shape_does_not_change_the_column() -> None:
    array = np.array([1, 2, 3, 4])
    x = fc.Fixed.from_minor(array, 0)
    array.shape = (2, 2)
    assert x.to_strings() == ["1", "2", "3", "4"]


def test_a_column_never_changes() -> None:
    x = column("1.00")
    for name in ("scale", "minor", "_column", "other"):
        with pytest.raises(AttributeError):
            setattr(x, name, 3)
        with pytest.raises(AttributeError):
            delattr(x, name)
    assert not hasattr(x, "__dict__")


def test_a_column_has_no_hash_and_offers_no_buffer() -> None:
    x = column("1.00")
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)
    with pytest.raises(TypeError):
        memoryview(x)  # type: ignore[arg-type]


# ---- what numpy sees ----


def test_numpy_sees_decimals() -> None:
    x = column("10.07", "-0.05")
    array = np.asarray(x)
    assert array.dtype == object
    assert array.tolist() == [Decimal("10.07"), Decimal("-0.05")]
    assert np.array(x, dtype=object).tolist() == array.tolist()
    assert np.asarray(column()).shape == (0,)


@pytest.mark.parametrize("dtype", [float, np.int64, "U10", "S4", bool])
def test_numpy_gets_no_other_dtype(dtype: Any) -> None:
    with pytest.raises(fc.InputTypeError) as raised:
        np.asarray(column("1.00"), dtype=dtype)
    assert raised.value.code == "array-dtype"


def test_numpy_gets_no_array_without_a_copy() -> None:
    with pytest.raises(ValueError, match="copy"):
        np.array(column("1.00"), copy=False)


def test_no_numpy_function_computes_on_minor_units() -> None:
    x = column("1.00", "2.00")
    for function in (np.add, np.multiply, np.less):
        with pytest.raises(TypeError):
            function(x, x)
    with pytest.raises(TypeError):
        np.sqrt(x)
    with pytest.raises(TypeError):
        np.sum(x)
    assert np.mean(x) == Decimal("1.5")
    assert np.cumsum(x).tolist() == [Decimal("1.00"), Decimal("3.00")]


def test_an_array_on_the_left_leaves_the_sum_to_the_column() -> None:
    x = column("1.00", "2.00")
    assert (np.array([1, 2]) + x).to_strings() == ["2.00", "4.00"]
    assert (np.int64(5) - x).to_strings() == ["4.00", "3.00"]


# ---- repr ----


def test_a_short_column_is_shown_whole() -> None:
    assert repr(column("10.07", "-9.83")) == "Fixed(['10.07', '-9.83'], scale=2)"
    assert repr(column()) == "Fixed([], scale=0)"
    assert repr(fc.Fixed.from_minor(np.arange(8), 0)).count(",") == 8


def test_a_long_column_is_cut_and_says_so() -> None:
    x = fc.Fixed.from_minor(np.arange(1_000_000), 1)
    assert repr(x) == "Fixed(['0.0', '0.1', '0.2', ..., '99999.7', '99999.8', '99999.9'], scale=1, rows=1000000)"
    assert repr(x[:9]) == "Fixed(['0.0', '0.1', '0.2', ..., '0.6', '0.7', '0.8'], scale=1, rows=9)"
    assert str(x) == repr(x)


def test_a_repr_never_raises() -> None:
    array = np.array([1, 2])
    x = fc.Fixed.from_minor(array, 2)
    array[:] = np.iinfo(np.int64).min
    assert "-92233720368547758.08" in repr(x)


# ---- rows ----


def test_a_row_is_a_decimal() -> None:
    x = column("10.07", "-0.05", "12")
    assert x[0] == Decimal("10.07")
    assert str(x[2]) == str(x[-1]) == str(x[np.int64(2)]) == "12.00"
    with pytest.raises(IndexError):
        x[3]
    with pytest.raises(IndexError):
        x[-4]


def test_a_slice_is_a_view() -> None:
    x = column("1", "2", "3", "4", "5")
    for rows in (slice(1, 3), slice(None, None, 2), slice(None, None, -1), slice(9, 20)):
        part = x[rows]
        assert isinstance(part, fc.Fixed)
        assert part.minor.tolist() == x.minor.tolist()[rows]
        assert len(part) == 0 or np.shares_memory(part.minor, x.minor)


def test_a_mask_or_an_array_of_rows_selects() -> None:
    x = column("1.0", "2.0", "3.0")
    assert x[np.array([True, False, True])].to_strings() == ["1.0", "3.0"]
    assert x[[True, False, True]].to_strings() == ["1.0", "3.0"]
    assert x[x > "1.5"].to_strings() == ["2.0", "3.0"]
    assert x[np.array([2, 0, 2], dtype=np.uint8)].to_strings() == ["3.0", "1.0", "3.0"]
    assert x[[-1]].to_strings() == ["3.0"]
    assert x[[]].to_strings() == []
    assert x[[]].scale == 1


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (np.array([1.0]), "dtype"),
        ("1", "dtype"),
        (None, "dtype"),
        (1.5, "dtype"),
        (np.array([[0]]), "dimensions"),
        ((0, 1, 1), "dimensions"),
        (True, "dimensions"),
        (np.array(0), "dimensions"),
        ([True, False], "length"),
    ],
)
def test_what_selects_no_rows_is_refused(rows: Any, code: str) -> None:
    with pytest.raises(fc.FundclearError) as raised:
        column("1.0", "2.0", "3.0")[rows]
    assert (raised.value.code, raised.value.argument) == (code, "rows")


def test_iterating_gives_decimals_over_more_rows_than_are_made_at_once() -> None:
    minor = np.arange(10_000)
    assert list(fc.Fixed.from_minor(minor, 2)) == [Decimal(int(value)).scaleb(-2) for value in minor]
    assert Decimal("0.01") in fc.Fixed.from_minor(minor, 2)
    assert next(reversed(column("1", "2"))) == Decimal(2)


# ---- out ----


def test_texts_and_decimals_have_the_decimals_of_the_scale() -> None:
    x = column("-0.05", "12", "0")
    assert x.to_strings() == ["-0.05", "12.00", "0.00"]
    assert [str(value) for value in x.to_decimals()] == ["-0.05", "12.00", "0.00"]
    assert column("12").to_strings() == ["12"]
    whole = fc.Fixed.from_minor(np.array([10**18 - 1, -(10**18) + 1]), 18)
    assert whole.to_strings() == ["0.999999999999999999", "-0.999999999999999999"]


def test_to_float_is_the_nearest_float() -> None:
    texts = ["0.1", "-2.675", "123456789012345.678", "0.000"]
    floats = column(*texts).to_float()
    assert floats.dtype == np.float64
    assert floats.tolist() == [float(text) for text in texts]


# ---- totals ----


def test_the_sum_is_exact_beyond_18_digits() -> None:
    x = fc.Fixed.from_minor(np.full(1000, 10**18 - 1), 2)
    assert x.sum() == Decimal(1000 * (10**18 - 1)).scaleb(-2)
    assert str(column("0.10", "0.20").sum()) == "0.30"
    assert str(column(scale=2).sum()) == "0.00"


def test_min_and_max() -> None:
    x = column("3.00", "-7.50", "2.00")
    assert (x.min(), x.max()) == (Decimal("-7.50"), Decimal("3.00"))


@pytest.mark.parametrize("name", ["min", "max"])
def test_no_rows_have_no_bounds(name: str) -> None:
    with pytest.raises(fc.InputError) as raised:
        getattr(column(), name)()
    assert (raised.value.code, raised.value.argument) == ("no-rows", "x")


# ---- life ----


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_keeps_scale_and_values(protocol: int) -> None:
    x = column("10.07", "-0.05", "3")
    for part in (x, x[::2], x[:0]):
        again = pickle.loads(pickle.dumps(part, protocol))
        assert again.equals(part)
        assert again.scale == part.scale == 2


def test_pickling_a_part_does_not_carry_the_whole() -> None:
    x = fc.Fixed.from_minor(np.arange(100_000), 2)
    assert len(pickle.dumps(x[:10])) < 1000


def test_copies() -> None:
    array = np.array([1, 2])
    x = fc.Fixed.from_minor(array, 2)
    assert copy.copy(x) is x
    apart = copy.deepcopy(x)
    array[0] = 99
    assert apart.to_strings() == ["0.01", "0.02"]
    assert copy.deepcopy({"x": x})["x"].equals(x)
