"""The same column for everybody: numpy minor units, a Fixed, an Arrow decimal, a Polars series, a list of Decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Minor = npt.NDArray[np.int64]


def draw(rows: int, seed: int, below: int, at_least: int = 1) -> Minor:
    """Minor units drawn evenly from a range; the same seed draws the same column."""
    return np.random.default_rng(seed).integers(at_least, below, rows, dtype=np.int64)


def arrow_decimal(minor: Minor, scale: int, precision: int = 18) -> pa.Array:
    """A decimal128 column made from the bytes, so that no library's parser has a say in it."""
    halves = np.empty((len(minor), 2), np.int64)
    halves[:, 0] = minor
    halves[:, 1] = minor >> 63
    return pa.Array.from_buffers(pa.decimal128(precision, scale), len(minor), [None, pa.py_buffer(halves)])


def minor_of(column: Any, scale: int) -> Minor:
    """The minor units at a scale of a peer's decimal column; fails if a value has digits beyond it."""
    if isinstance(column, pl.Series):
        column = column.to_arrow()
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    column = column.cast(pa.decimal128(38, scale))
    halves = np.frombuffer(column.buffers()[1], np.int64, 2 * len(column), 16 * column.offset)
    low = halves[0::2]
    assert bool((halves[1::2] == low >> 63).all()), "a value of the peer needs more than 64 bits"
    return low


def same_decimals(scale: int) -> Any:
    """Compares a Fixed with a peer's decimal column."""
    return lambda ours, theirs: bool(np.array_equal(ours.minor, minor_of(theirs, scale)))


def same_minor(ours: Any, theirs: Any) -> bool:
    """Compares a Fixed with minor units in an array or a list."""
    return bool(np.array_equal(ours.minor, np.asarray(theirs)))


def rows_unlike(scale: int) -> Any:
    """Counts the rows in which a peer's decimal column, rounded to the scale already, differs from a Fixed."""
    return lambda ours, theirs: int(np.count_nonzero(ours.minor != minor_of(theirs, scale)))


def decimals(minor: Minor, scale: int) -> list[Decimal]:
    return [Decimal(value).scaleb(-scale) for value in minor.tolist()]


def texts(minor: Minor, scale: int) -> list[str]:
    return [format(value, "f") for value in decimals(minor, scale)]
