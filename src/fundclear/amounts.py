"""What is taken where amounts are wanted, and how each kind of input reaches the kernel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from decimal import Decimal
from typing import Any, Final, NoReturn, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.errors import refuse

__all__ = ["Amounts", "ArrowArray", "ArrowStream"]

_Minor: TypeAlias = npt.NDArray[np.int64]

# What stands alone: one amount, or something that only its own refusal can explain.
_SCALARS: Final = (str, bytes, int, float, Decimal, complex, np.generic, type(None))

# Things that can be iterated over but are no column: they have no order, or their items are bytes.
_NO_COLUMNS: Final = (Mapping, Set, bytearray, memoryview)

# Messages show so many characters of an object.
_SHOWN_CHARACTERS: Final = 80


class ArrowArray(Protocol):
    """Anything that exports an Arrow array: pyarrow arrays, Polars and pandas Series, nanoarrow and others."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...


class ArrowStream(Protocol):
    """Anything that exports a stream of Arrow arrays: chunked arrays, Polars and pandas Series and others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class _Column(Protocol):
    """A column of amounts that is in order already: a Fixed."""

    @property
    def minor(self) -> _Minor: ...

    @property
    def scale(self) -> int: ...


#: Where a :class:`fundclear.Fixed` is wanted.
Amounts: TypeAlias = (
    str
    | bytes
    | Decimal
    | int
    | np.integer[Any]
    | npt.NDArray[Any]
    | Iterable[str | bytes | Decimal | int]
    | ArrowArray
    | ArrowStream
    | _Column
)


def parse_amounts(
    values: Amounts, scale: int | None, rounding: int, name: str, threads: int | None
) -> tuple[_Minor | int, int]:
    """Minor units and scale of amounts that are no Fixed: an int for a scalar, else an array."""
    if isinstance(values, _SCALARS):
        return _kernel.parse_one(values, scale, rounding, name, threads)
    if isinstance(values, np.ndarray) and values.ndim == 0:
        # An index without dimensions keeps numpy's own scalar, so that a date stays one and is refused.
        return _kernel.parse_one(values[()], scale, rounding, name, threads)
    return parse_column(values, scale, rounding, name, threads)


def parse_column(
    values: Amounts, scale: int | None, rounding: int, name: str, threads: int | None
) -> tuple[_Minor, int]:
    """Minor units and scale of amounts that are no Fixed, as an array; of a scalar, as an array of one row."""
    if isinstance(values, (list, tuple)):
        return _kernel.parse_objects(values, scale, rounding, name, threads)
    if isinstance(values, _SCALARS) or (isinstance(values, np.ndarray) and values.ndim == 0):
        minor, found = parse_amounts(values, scale, rounding, name, threads)
        return np.array([minor], dtype=np.int64), found
    if isinstance(getattr(values, "dtype", None), np.dtype):
        # A pandas Series or Index over numpy memory too: through Arrow, pandas would first copy it.
        array = values if isinstance(values, np.ndarray) else np.asarray(values)
        return _parse_array(array, scale, rounding, name, threads)
    if hasattr(values, "__arrow_c_array__") or hasattr(values, "__arrow_c_stream__"):
        try:
            return _kernel.parse_arrow(values, scale, rounding, name, threads)
        except ImportError:
            # pandas exports to Arrow through pyarrow, which need not be there; its rows are objects all the same.
            if not isinstance(values, Iterable):
                raise
    elif isinstance(values, _NO_COLUMNS) or not isinstance(values, Iterable):
        # No column and no amount: the native side knows what it is, pandas' missing value among others.
        minor, found = _kernel.parse_one(values, scale, rounding, name, threads)
        return np.array([minor], dtype=np.int64), found
    return _kernel.parse_objects(list(values), scale, rounding, name, threads)


def _parse_array(
    array: npt.NDArray[Any], scale: int | None, rounding: int, name: str, threads: int | None
) -> tuple[_Minor, int]:
    """A numpy array that is not zero-dimensional."""
    if array.ndim != 1:
        raise refuse("dimensions", argument=name, value=str(array.ndim))
    refuse_masked(array, name)
    kind = array.dtype.kind
    if kind in "SU":
        return _kernel.parse_text(np.asarray(array), scale, rounding, name, threads)
    if kind in "iu":
        whole = int64_array(array, name, scale or 0)
        return _kernel.parse_whole(whole, scale or 0, name, threads), scale or 0
    if kind in "OT":
        return _kernel.parse_objects(array.tolist(), scale, rounding, name, threads)
    refuse_dtype(array, name)


def int64_array(array: npt.NDArray[Any], name: str, scale: int) -> _Minor:
    """A one-dimensional array of any integer dtype as int64, which is a view where it is int64 already."""
    if not array.dtype.isnative:
        raise refuse("byte-order", argument=name, value=array.dtype.str)
    if array.dtype.kind == "u" and array.dtype.itemsize == 8:
        beyond = array > np.iinfo(np.int64).max
        if beyond.any():
            row = int(np.argmax(beyond))
            raise refuse("overflow", argument=name, row=row, value=str(array[row]), scale=scale)
    return np.asarray(array).astype(np.int64, copy=False)


def refuse_dtype(array: npt.NDArray[Any], name: str) -> NoReturn:
    """Refuses an array whose dtype cannot hold money exactly."""
    shown = f"dtype {array.dtype}"
    if array.dtype.kind == "f":
        raise refuse("float", argument=name, value=shown)
    if array.dtype.kind == "b":
        raise refuse("bool", argument=name, value=shown)
    raise refuse("dtype", argument=name, value=str(array.dtype), wanted="text, objects or an integer dtype")


def refuse_masked(array: npt.NDArray[Any], name: str) -> None:
    """Refuses a masked array with a row masked: its memory holds something there, and that is no amount."""
    if type(array) is np.ndarray:
        return
    mask = getattr(array, "mask", None)
    if mask is not None and np.any(mask):
        raise refuse("null", argument=name, row=int(np.argmax(mask)))


def show(value: object) -> str:
    """An object as a message shows it: its repr, cut."""
    try:
        text = repr(value)
    except Exception:  # a repr may raise anything, and must not hide the refusal that wants to show it
        return f"an object of type {type(value).__name__}"
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
