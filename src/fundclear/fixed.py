"""The column: exact decimals as an int64 buffer of minor units and one scale."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from operator import index as as_index
from typing import Any, Final, NoReturn, final, overload

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import Amounts, parse_amounts, parse_column, refuse_masked, show
from fundclear.errors import refuse
from fundclear.rounding import EXACT, Rounding, kernel_code

__all__ = ["Fixed"]

_Minor = npt.NDArray[np.int64]

# A repr shows so many rows at either end of a long column, and all of a column of up to twice as many and two.
_SHOWN_ROWS: Final = 3

# Iterating makes so many Decimals at a time.
_ITER_ROWS: Final = 4096

# Comparisons by the kernel's code.
_LT, _LE, _EQ, _NE, _GT, _GE = range(6)


@final
class Fixed:
    """A column of exact decimals: int64 minor units, at most 18 digits each, with one scale of 0 to 18.

    It is made by :meth:`parse` from amounts and by :meth:`from_minor` from minor units, and never changes. Where a
    ``Fixed`` is wanted, ``str``, ``bytes``, ``Decimal`` and ``int`` (whole amounts) are taken too, alone or in a list,
    a numpy array, a Series or an Arrow array. A float is refused everywhere.

    Sums, differences and comparisons are of one scale; a product or a quotient names the scale of its result. Digits
    that the result's scale cannot hold are an error unless a rounding mode is named.

    >>> import fundclear as fc
    >>> units = fc.Fixed.parse(["812.35", "100.00"], scale=2)
    >>> nav = fc.Fixed.parse("1.0437")
    >>> units.mul("1.0437", scale=2, rounding="half_up")
    Fixed(['847.85', '104.37'], scale=2)
    >>> units + "0.01"
    Fixed(['812.36', '100.01'], scale=2)
    >>> units.sum(), units[0], len(units)
    (Decimal('912.35'), Decimal('812.35'), 2)

    numpy sees Decimals, never the minor units; those are in :attr:`minor`.

    >>> import numpy as np
    >>> np.asarray(units)
    array([Decimal('812.35'), Decimal('100.00')], dtype=object)
    >>> units.minor
    array([81235, 10000])
    """

    __slots__ = ("_column", "_scale")

    _column: _Minor
    _scale: int

    # numpy functions would compute on minor units and forget the scale; this makes them refuse, and lets ``array + x``
    # come to ``__radd__``.
    __array_ufunc__: Final = None

    # Equality is row by row, so a column has no hash.
    __hash__: Final = None  # type: ignore[assignment]

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise refuse("constructor")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a Fixed never changes: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a Fixed never changes: cannot delete {name!r}")

    # ---- in ----

    @staticmethod
    def parse(
        values: Amounts,
        scale: int | None = None,
        rounding: Rounding | str | None = None,
        *,
        name: str = "values",
        threads: int | None = None,
    ) -> Fixed:
        """Reads amounts exactly.

        Args:
            values: ``str``, ``bytes``, ``Decimal`` or ``int``, alone or in a list, tuple, iterable, one-dimensional
                numpy array (text, integers or objects), Series or Arrow array or stream (text, decimals, integers).
                An int is a whole amount: 5 is 5.00, also in a numpy array.
            scale: decimal places of the column, 0 to 18; ``None`` takes the most that any row writes.
            rounding: the mode for rows with more decimals than ``scale``; ``None`` refuses them.
            name: what the values are called in errors.
            threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

        Raises:
            InputTypeError: a row is a float, a bool or an object that cannot hold money exactly (``float``, ``bool``,
                ``type``), or the array is of such a dtype (``dtype``, ``byte-order``).
            InputError: a row is missing (``null``), empty (``empty``), no number (``stray``, ``nan``, ``infinity``);
                the array is not one-dimensional (``dimensions``).
            InexactError: a row has more decimals than ``scale`` and no rounding is named (``inexact``).
            AmountOverflowError: a row needs more than 18 digits at ``scale`` (``overflow``).

        >>> Fixed.parse(["10.07", "9.8"])
        Fixed(['10.07', '9.80'], scale=2)
        >>> Fixed.parse([b"2.5", 3, Decimal("1E+1")], scale=2)
        Fixed(['2.50', '3.00', '10.00'], scale=2)
        >>> Fixed.parse(["0.125"], scale=2, rounding="half_even")
        Fixed(['0.12'], scale=2)
        >>> Fixed.parse([0.1], scale=2)
        Traceback (most recent call last):
        fundclear.errors.InputTypeError: values[0] is a float (0.1); a float cannot hold money exactly [float]. ...
        """
        if scale is not None:
            scale = _checked_scale(scale)
        if type(values) is Fixed:
            return _rescaled(values, values._scale if scale is None else scale, rounding, name, threads)
        return _make(*parse_column(values, scale, kernel_code(rounding), name, threads))

    @staticmethod
    def from_minor(
        array: npt.NDArray[np.int64], scale: int, copy: bool = False, *, threads: int | None = None
    ) -> Fixed:
        """The column over an array of minor units: 1007 at scale 2 is 10.07.

        This is the only way in for minor units. Nothing is copied unless asked: the column is a view of the array,
        and whoever writes to the array changes the column.

        Args:
            array: one-dimensional, of dtype int64 in this machine's byte order; strided and read-only is fine.
            scale: decimal places, 0 to 18.
            copy: whether to keep a copy of the values.
            threads: how many threads may check the digits.

        Raises:
            InputTypeError: not a numpy array, or of another dtype (``dtype``, ``byte-order``).
            InputError: not one-dimensional (``dimensions``), a masked row (``null``), a scale out of range.
            AmountOverflowError: a value has more than 18 digits (``digits``).

        >>> Fixed.from_minor(np.array([1007, -5]), 2)
        Fixed(['10.07', '-0.05'], scale=2)
        """
        scale = _checked_scale(scale)
        column = minor_array(array, "array")
        if copy:
            column = column.copy()
        _kernel.check_digits(column, "array", threads)
        return _make(column, scale)

    # ---- out ----

    @property
    def minor(self) -> _Minor:
        """The minor units, a read-only int64 view of the column's own memory, without a copy."""
        view = self._column.view()
        view.flags.writeable = False
        return view

    @property
    def scale(self) -> int:
        """Decimal places, 0 to 18."""
        return self._scale

    def to_strings(self) -> list[str]:
        """The values as text, each with all decimals of the scale.

        >>> Fixed.parse(["-0.05", "12"]).to_strings()
        ['-0.05', '12.00']
        """
        return _kernel.format_list(self._column, self._scale)

    def to_decimals(self) -> list[Decimal]:
        """The values as :class:`decimal.Decimal`, each with the exponent of the scale.

        >>> Fixed.parse(["-0.05", "12"]).to_decimals()
        [Decimal('-0.05'), Decimal('12.00')]
        """
        return _kernel.decimal_list(self._column, self._scale)

    def to_float(self) -> npt.NDArray[np.float64]:
        """The float64 nearest to each value: for charts, never for sums.

        >>> Fixed.parse(["0.10", "12"]).to_float()
        array([ 0.1, 12. ])
        """
        return _kernel.float_array(self._column, self._scale)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The values as Decimals in an object array."""
        if dtype is not None and np.dtype(dtype) != np.dtype(object):
            raise refuse("array-dtype", argument="dtype", value=str(np.dtype(dtype)))
        if copy is False:
            raise ValueError("Decimals are made from the minor units: unable to avoid a copy")
        array = np.empty(len(self._column), dtype=object)
        array[:] = self.to_decimals()
        return array

    def __arrow_c_schema__(self) -> object:
        """The Arrow schema, decimal128(18, scale), in a capsule of the Arrow C data interface."""
        return _kernel.arrow_schema(self._scale, "")

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """The column as Arrow decimal128, or decimal64 if the requested schema asks for it."""
        return _kernel.arrow_array(self._column, self._scale, requested_schema)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The column as a stream of Arrow batches."""
        return _kernel.arrow_stream(("", self._column, self._scale), requested_schema)

    def __reduce__(self) -> tuple[Any, ...]:
        return Fixed.from_minor, (np.ascontiguousarray(self._column), self._scale)

    def __copy__(self) -> Fixed:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Fixed:
        return _make(self._column.copy(), self._scale)

    def __repr__(self) -> str:
        rows = len(self._column)
        texts = [repr(text) for text in self._shown(0, rows if rows <= 2 * _SHOWN_ROWS + 2 else _SHOWN_ROWS)]
        if rows <= len(texts):
            return f"Fixed([{', '.join(texts)}], scale={self._scale})"
        tail = [repr(text) for text in self._shown(rows - _SHOWN_ROWS, rows)]
        return f"Fixed([{', '.join([*texts, '...', *tail])}], scale={self._scale}, rows={rows})"

    def _shown(self, start: int, stop: int) -> list[str]:
        # One by one, because a column over foreign memory may hold what format_list refuses, and a repr never raises.
        return [_kernel.format_one(value, self._scale) for value in self._column[start:stop].tolist()]

    # ---- rows ----

    def __len__(self) -> int:
        return len(self._column)

    def __iter__(self) -> Iterator[Decimal]:
        for start in range(0, len(self._column), _ITER_ROWS):
            yield from _kernel.decimal_list(self._column[start : start + _ITER_ROWS], self._scale)

    @overload
    def __getitem__(self, rows: int | np.integer[Any]) -> Decimal: ...

    @overload
    def __getitem__(self, rows: slice | npt.NDArray[Any] | list[int] | list[bool]) -> Fixed: ...

    def __getitem__(
        self, rows: int | np.integer[Any] | slice | npt.NDArray[Any] | list[int] | list[bool] | tuple[Any, ...]
    ) -> Decimal | Fixed:
        """One row as a Decimal; a slice as a view; the rows of a mask or of an integer array as a new column."""
        if isinstance(rows, slice):
            return _make(self._column[rows], self._scale)
        if isinstance(rows, (int, np.integer)) and not isinstance(rows, bool):
            return Decimal(_kernel.format_one(self._column.item(rows), self._scale))
        if isinstance(rows, tuple):
            # numpy takes a tuple for one index a dimension.
            raise refuse("dimensions", argument="rows", value=str(len(rows)))
        chosen = np.asarray(rows, dtype=np.intp if isinstance(rows, list) and not rows else None)
        if chosen.dtype.kind not in "biu":
            raise refuse("dtype", argument="rows", value=str(chosen.dtype), wanted="an integer or bool dtype")
        if chosen.ndim != 1:
            raise refuse("dimensions", argument="rows", value=str(chosen.ndim))
        if chosen.dtype.kind == "b" and len(chosen) != len(self._column):
            raise refuse("length", argument="rows", value=str(len(chosen)), wanted=len(self._column))
        return _make(self._column[chosen], self._scale)

    # ---- totals ----

    def sum(self, *, threads: int | None = None) -> Decimal:
        """The exact total, computed in 128 bits: more than 18 digits are fine. No rows give 0.

        >>> Fixed.parse(["0.10", "0.20"]).sum()
        Decimal('0.30')
        """
        return Decimal(_kernel.format_one(_kernel.sum(self._column, threads), self._scale))

    def min(self, *, threads: int | None = None) -> Decimal:
        """The smallest value; an error with code ``no-rows`` for a column without rows."""
        return self._bounds("smallest", threads)[0]

    def max(self, *, threads: int | None = None) -> Decimal:
        """The largest value; an error with code ``no-rows`` for a column without rows."""
        return self._bounds("largest", threads)[1]

    def _bounds(self, wanted: str, threads: int | None) -> tuple[Decimal, Decimal]:
        bounds = _kernel.min_max(self._column, threads)
        if bounds is None:
            raise refuse("no-rows", argument="x", wanted=wanted)
        low, high = bounds
        return Decimal(_kernel.format_one(low, self._scale)), Decimal(_kernel.format_one(high, self._scale))

    # ---- comparison ----

    def equals(self, y: Amounts) -> bool:
        """Whether the scale and every value are the same.

        >>> Fixed.parse(["1.50"]).equals(["1.50"]), Fixed.parse(["1.50"]).equals(["1.5"])
        (True, False)
        """
        other = y if isinstance(y, Fixed) else Fixed.parse(y, name="y")
        return self._scale == other._scale and bool(np.array_equal(self._column, other._column))

    def __lt__(self, y: Amounts) -> npt.NDArray[np.bool_]:
        return _kernel.compare(self._column, self._like(y), _LT, None)

    def __le__(self, y: Amounts) -> npt.NDArray[np.bool_]:
        return _kernel.compare(self._column, self._like(y), _LE, None)

    def __eq__(self, y: Amounts) -> npt.NDArray[np.bool_]:  # type: ignore[override]
        return _kernel.compare(self._column, self._like(y), _EQ, None)

    def __ne__(self, y: Amounts) -> npt.NDArray[np.bool_]:  # type: ignore[override]
        return _kernel.compare(self._column, self._like(y), _NE, None)

    def __gt__(self, y: Amounts) -> npt.NDArray[np.bool_]:
        return _kernel.compare(self._column, self._like(y), _GT, None)

    def __ge__(self, y: Amounts) -> npt.NDArray[np.bool_]:
        return _kernel.compare(self._column, self._like(y), _GE, None)

    # ---- arithmetic of one scale ----

    def __add__(self, y: Amounts) -> Fixed:
        return _make(_kernel.add(self._column, self._like(y), self._scale, None, None), self._scale)

    def __radd__(self, y: Amounts) -> Fixed:
        return _make(_kernel.add(self._like(y), self._column, self._scale, None, None), self._scale)

    def __sub__(self, y: Amounts) -> Fixed:
        return _make(_kernel.subtract(self._column, self._like(y), self._scale, None, None), self._scale)

    def __rsub__(self, y: Amounts) -> Fixed:
        return _make(_kernel.subtract(self._like(y), self._column, self._scale, None, None), self._scale)

    def __neg__(self) -> Fixed:
        return _make(_kernel.negate(self._column, None, None), self._scale)

    def __pos__(self) -> Fixed:
        return self

    def __abs__(self) -> Fixed:
        return _make(_kernel.absolute(self._column, None, None), self._scale)

    # ---- arithmetic that names its scale ----

    def rescale(
        self,
        scale: int,
        rounding: Rounding | str | None = None,
        *,
        out: Fixed | None = None,
        threads: int | None = None,
    ) -> Fixed:
        """The values at another scale.

        Args:
            scale: decimal places of the result, 0 to 18.
            rounding: the mode for digits that ``scale`` cannot hold; ``None`` refuses to lose any.
            out: a column of that scale and of as many rows to write into; its memory must be writable and not shared
                with an input. After an error its values are unusable.
            threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

        Raises:
            InexactError: digits would be lost and no rounding is named (``inexact``).
            AmountOverflowError: a result has more than 18 digits (``overflow``).
            InputError: ``out`` cannot take the result (``out``), or the scale is out of range (``scale-range``).

        >>> Fixed.parse(["2.345", "-2.345"]).rescale(2, "half_even")
        Fixed(['2.34', '-2.34'], scale=2)
        """
        scale = _checked_scale(scale)
        code = kernel_code(rounding)
        return _result(
            _kernel.rescale(self._column, self._scale, scale, code, "x", _memory(out, scale), threads), scale, out
        )

    def mul(
        self,
        y: Amounts,
        scale: int,
        rounding: Rounding | str | None = None,
        *,
        out: Fixed | None = None,
        threads: int | None = None,
    ) -> Fixed:
        """The products with ``y`` at a scale, each rounded once from its exact value.

        Args:
            y: a column of as many rows, or a scalar; amounts that are no ``Fixed`` keep the decimals they write.
            scale: decimal places of the result, 0 to 18.
            rounding: the mode for digits that ``scale`` cannot hold; ``None`` refuses to lose any.
            out: see :meth:`rescale`.
            threads: see :meth:`rescale`.

        Raises:
            InexactError: digits would be lost and no rounding is named (``inexact``).
            AmountOverflowError: a result has more than 18 digits (``overflow``).
            InputError: ``y`` has another length (``length``); what :meth:`parse` raises for ``y``.

        >>> Fixed.parse(["100.00"]).mul("0.0150", scale=2)
        Fixed(['1.50'], scale=2)
        """
        column, y_scale = _operand(y, "y", threads)
        scale = _checked_scale(scale)
        code = kernel_code(rounding)
        return _result(
            _kernel.multiply(self._column, self._scale, column, y_scale, scale, code, _memory(out, scale), threads),
            scale,
            out,
        )

    def div(
        self,
        y: Amounts,
        scale: int,
        rounding: Rounding | str | None = None,
        *,
        out: Fixed | None = None,
        threads: int | None = None,
    ) -> Fixed:
        """The quotients by ``y`` at a scale, each rounded once from its exact value.

        The arguments are those of :meth:`mul`.

        Raises:
            DivisionByZeroError: a row of ``y`` is zero (``division-by-zero``).
            InexactError: digits would be lost and no rounding is named (``inexact``).
            AmountOverflowError: a result has more than 18 digits (``overflow``).

        >>> Fixed.parse(["1000.00"]).div("1.0437", scale=2, rounding="half_up")
        Fixed(['958.13'], scale=2)
        """
        column, y_scale = _operand(y, "y", threads)
        scale = _checked_scale(scale)
        code = kernel_code(rounding)
        return _result(
            _kernel.divide(self._column, self._scale, column, y_scale, scale, code, _memory(out, scale), threads),
            scale,
            out,
        )

    def mul_div(
        self,
        b: Amounts,
        c: Amounts,
        scale: int,
        rounding: Rounding | str | None = None,
        *,
        out: Fixed | None = None,
        threads: int | None = None,
    ) -> Fixed:
        """``self * b / c`` at a scale: the exact value, rounded once.

        The other arguments, and what raises, are as in :meth:`div`.

        >>> Fixed.parse(["100.00"]).mul_div("1.0000", "3", scale=4, rounding="half_up")
        Fixed(['33.3333'], scale=4)
        """
        b_column, b_scale = _operand(b, "b", threads)
        c_column, c_scale = _operand(c, "c", threads)
        scale = _checked_scale(scale)
        code = kernel_code(rounding)
        memory = _memory(out, scale)
        return _result(
            _kernel.mul_div(
                self._column, self._scale, b_column, b_scale, c_column, c_scale, scale, code, memory, threads
            ),
            scale,
            out,
        )

    def __mul__(self, y: object) -> NoReturn:
        raise refuse("operator", value="*", method="mul")

    def __truediv__(self, y: object) -> NoReturn:
        raise refuse("operator", value="/", method="div")

    def __floordiv__(self, y: object) -> NoReturn:
        raise refuse("operator", value="//", method="div")

    def __rmul__(self, y: object) -> NoReturn:
        raise refuse("operator", value="*", method="mul")

    def __rtruediv__(self, y: object) -> NoReturn:
        raise refuse("operator", value="/", method="div")

    def __rfloordiv__(self, y: object) -> NoReturn:
        raise refuse("operator", value="//", method="div")

    def _like(self, y: Amounts) -> _Minor | int:
        """The other side of a sum or a comparison, at this column's scale: a column, or a scalar's minor units."""
        if type(y) is Fixed:
            if y._scale != self._scale:
                raise refuse("scale-mismatch", argument="y", value=str(y._scale), wanted=self._scale)
            return y._column
        return parse_amounts(y, self._scale, EXACT, "y", None)[0]


# The slots' own setters pass by ``__setattr__``, which refuses; ``object.__new__`` passes by ``__init__``.
_new: Final = object.__new__
_set_column: Final = Fixed.__dict__["_column"].__set__
_set_scale: Final = Fixed.__dict__["_scale"].__set__


def _make(column: _Minor, scale: int) -> Fixed:
    """The column over minor units that are known to be in order."""
    fixed = _new(Fixed)
    _set_column(fixed, column)
    _set_scale(fixed, scale)
    return fixed


def _result(column: _Minor, scale: int, out: Fixed | None) -> Fixed:
    return _make(column, scale) if out is None else out


def _memory(out: Fixed | None, scale: int) -> _Minor | None:
    """The memory of ``out`` for a result of this scale; the native call checks the rest."""
    if out is None:
        return None
    if type(out) is not Fixed:
        raise refuse("out", argument="out", value=show(out), why=f"it is of type {type(out).__name__}")
    if out._scale != scale:
        raise refuse("out", argument="out", why=f"its scale is {out._scale} and the result's {scale}")
    return out._column


def _operand(y: Amounts, name: str, threads: int | None) -> tuple[_Minor | int, int]:
    """An operand with the decimals that it has: a column, or a scalar's minor units, and its scale."""
    if type(y) is Fixed:
        return y._column, y._scale
    return parse_amounts(y, None, EXACT, name, threads)


def _rescaled(values: Fixed, scale: int, rounding: Rounding | str | None, name: str, threads: int | None) -> Fixed:
    code = kernel_code(rounding)
    if values._scale == scale:
        return values
    return _make(_kernel.rescale(values._column, values._scale, scale, code, name, None, threads), scale)


def _checked_scale(scale: int) -> int:
    if type(scale) is int and 0 <= scale <= 18:
        return scale
    if isinstance(scale, bool):
        raise refuse("scale-type", argument="scale", value=repr(scale))
    try:
        places = as_index(scale)
    except TypeError:
        raise refuse("scale-type", argument="scale", value=show(scale)) from None
    if not 0 <= places <= 18:
        raise refuse("scale-range", argument="scale", value=show(scale))
    return places


def minor_array(array: object, name: str) -> _Minor:
    """A view of a one-dimensional int64 array, or of a Series over one; anything else is refused."""
    if not isinstance(array, np.ndarray):
        if not isinstance(getattr(array, "dtype", None), np.dtype):
            raise refuse("no-array", argument=name, value=show(array))
        array = np.asarray(array)
    if array.dtype.kind != "i" or array.dtype.itemsize != 8:
        raise refuse("dtype", argument=name, value=str(array.dtype), wanted="int64")
    if not array.dtype.isnative:
        raise refuse("byte-order", argument=name, value=array.dtype.str)
    if array.ndim != 1:
        raise refuse("dimensions", argument=name, value=str(array.ndim))
    refuse_masked(array, name)
    # A view of its own: giving the caller's array another shape does not change the column's.
    return array.view(np.ndarray)
