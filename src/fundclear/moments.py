"""Dates and instants as numpy keeps them, read from whatever holds them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from datetime import date as Date
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import refuse_masked, show
from fundclear.columns import Labels, is_arrow
from fundclear.errors import refuse

__all__ = ["Dates", "Instants", "read_dates", "read_instants"]

#: Dates: ``datetime64[D]``. A missing one is ``NaT``.
Dates: TypeAlias = npt.NDArray[np.datetime64]

#: Instants: ``datetime64[us]``, of UTC or of no time zone. A missing one is ``NaT``.
Instants: TypeAlias = npt.NDArray[np.datetime64]

_DATE: Final = "a date"
_INSTANT: Final = "an instant with at most six decimals"

# Python drops further decimals without a word.
_TOO_FINE: Final = re.compile(r"[.,]\d{7}")

_CLOCK_UNITS: Final = ("h", "m", "s", "ms", "us", "ns", "ps", "fs", "as")


def read_dates(values: object, name: str, *, may_miss: bool = False) -> Dates:
    """Dates from ISO texts, ``date`` objects, numpy's ``datetime64``, or Arrow dates.

    Midnights are dates too, because pandas has no others. With ``may_miss`` nulls, ``None`` and empty texts are
    ``NaT``.
    """
    return _read(values, name, may_miss, wants_days=True)[0]


def read_instants(values: object, name: str, *, may_miss: bool = False) -> tuple[Instants, bool]:
    """Instants from ISO texts, ``datetime`` objects, numpy's ``datetime64``, or Arrow timestamps.

    The second value says whether they are of UTC, which instants with a time zone become. A column has time zones in
    all rows or in none.
    """
    return _read(values, name, may_miss, wants_days=False)


def _read(values: object, name: str, may_miss: bool, *, wants_days: bool) -> tuple[npt.NDArray[np.datetime64], bool]:
    if isinstance(values, (str, Date, np.datetime64)):
        values = [values]
    if isinstance(getattr(values, "dtype", None), np.dtype):
        array = np.asarray(values)
        if array.ndim != 1:
            raise refuse("dimensions", argument=name, value=str(array.ndim))
        if isinstance(values, np.ndarray):
            refuse_masked(values, name)
        if array.dtype.kind == "M":
            return _of_array(array, name, may_miss, wants_days), False
        if array.dtype.kind not in "USOT":
            raise refuse("dtype", argument=name, value=str(array.dtype), wanted="datetime64, texts or objects")
        values = Labels.of(array, name=name) if array.dtype.kind in "US" else array.tolist()
    elif isinstance(values, _kernel.ArrowColumn) or (is_arrow(values) and not isinstance(values, Labels)):
        column = values if isinstance(values, _kernel.ArrowColumn) else _kernel.arrow_column(values, name)
        if column.kind != "text":
            numbers, is_utc = _kernel.moments_arrow(column, wants_days, may_miss, name)
            return numbers.view("datetime64[D]" if wants_days else "datetime64[us]"), is_utc
        values = Labels.of(column, default="" if may_miss else None, name=name)
    if isinstance(values, Labels):
        return _of_texts(values, name, may_miss, wants_days)
    if not isinstance(values, Iterable):
        raise refuse("date", argument=name, value=show(values), wanted=_DATE if wants_days else _INSTANT)
    return _of_objects(list(values), name, may_miss, wants_days)


def _of_array(
    array: npt.NDArray[np.datetime64], name: str, may_miss: bool, wants_days: bool
) -> npt.NDArray[np.datetime64]:
    missing = np.isnat(array)
    if not may_miss and missing.any():
        raise refuse("null", argument=name, row=int(np.argmax(missing)))
    unit = np.datetime_data(array.dtype)[0]
    if not wants_days and unit not in _CLOCK_UNITS:
        raise refuse("dtype", argument=name, value=str(array.dtype), wanted="datetime64 with a time of day")
    exact = array.astype("datetime64[D]" if wants_days else "datetime64[us]", copy=False)
    lost = (exact != array) & ~missing
    if lost.any():
        row = int(np.argmax(lost))
        wanted = _DATE if wants_days else _INSTANT
        raise refuse("date", argument=name, row=row, value=str(array[row]), wanted=wanted)
    return exact


def _of_texts(labels: Labels, name: str, may_miss: bool, wants_days: bool) -> tuple[npt.NDArray[np.datetime64], bool]:
    """Each distinct text is read once. Texts of the dictionary that no row has are nobody's fault."""
    used = np.zeros(labels.distinct, dtype=np.bool_)
    used[labels.codes] = True
    read: list[Date | None] = []
    for code, text in enumerate(labels.dictionary):
        try:
            read.append(_parse(text, may_miss, wants_days) if used[code] else None)
        except ValueError:
            row = int(np.argmax(labels.codes == code))
            wanted = _DATE if wants_days else _INSTANT
            raise refuse("date", argument=name, row=row, value=repr(text), wanted=wanted) from None
    moments, is_utc, odd = _array_of(read, wants_days)
    if odd is not None:
        row = int(np.argmax(labels.codes == odd))
        raise refuse("time-zone", argument=name, row=row, value=repr(labels[row]))
    return moments[labels.codes] if len(moments) else moments, is_utc


def _parse(text: str, may_miss: bool, wants_days: bool) -> Date | None:
    if not text and may_miss:
        return None
    if wants_days:
        return Date.fromisoformat(text)
    if len(text) <= 10 or _TOO_FINE.search(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _of_objects(
    values: list[Any], name: str, may_miss: bool, wants_days: bool
) -> tuple[npt.NDArray[np.datetime64], bool]:
    read: list[Date | None] = []
    for row, value in enumerate(values):
        # pandas' NaT is a datetime that differs from itself.
        if value is None or (isinstance(value, (Date, np.datetime64)) and value != value):  # noqa: PLR0124
            if not may_miss:
                raise refuse("null", argument=name, row=row)
            read.append(None)
            continue
        try:
            read.append(_parse(value, may_miss, wants_days) if isinstance(value, str) else _checked(value, wants_days))
        except ValueError:
            wanted = _DATE if wants_days else _INSTANT
            raise refuse("date", argument=name, row=row, value=show(value), wanted=wanted) from None
    moments, is_utc, odd = _array_of(read, wants_days)
    if odd is not None:
        raise refuse("time-zone", argument=name, row=odd, value=show(values[odd]))
    return moments, is_utc


def _checked(value: object, wants_days: bool) -> Date:
    """A date or a datetime, whichever is wanted; ``ValueError`` for anything else."""
    if isinstance(value, np.datetime64):
        exact = value.astype("datetime64[D]" if wants_days else "datetime64[us]")
        if exact != value:
            raise ValueError
        value = exact.item()
    if isinstance(value, datetime) is wants_days or not isinstance(value, Date) or getattr(value, "nanosecond", False):
        raise ValueError
    return value


def _array_of(read: list[Date | None], wants_days: bool) -> tuple[npt.NDArray[np.datetime64], bool, int | None]:
    """The moments, whether they are of UTC, and the first that is unlike the others in that."""
    if wants_days:
        return np.array(read, dtype="datetime64[D]"), False, None
    zoned = [(place, value.tzinfo is not None) for place, value in enumerate(read) if isinstance(value, datetime)]
    is_utc = bool(zoned) and zoned[0][1]
    odd = next((place for place, has_zone in zoned if has_zone is not is_utc), None)
    if is_utc and odd is None:
        # numpy has no time zones.
        read = [value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else None for value in read]
    return np.array([] if odd is not None else read, dtype="datetime64[us]"), is_utc, odd
