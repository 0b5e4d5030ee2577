"""The two implementations behind one set of calls on single values, and the kernel's columns behind lists.

The oracle suites run every case through both; the property suites compare the kernel's columns with the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np

from fundclear import reference
from fundclear.rounding import Rounding

#: The modes in the order of the kernel's codes; the last is "none named".
MODES: tuple[Rounding | None, ...] = (
    Rounding.HALF_UP,
    Rounding.HALF_EVEN,
    Rounding.HALF_DOWN,
    Rounding.UP,
    Rounding.DOWN,
    Rounding.CEILING,
    Rounding.FLOOR,
    Rounding.ZERO_FIVE_UP,
    None,
)
CODES: dict[Rounding | str | None, int] = {mode: code for code, mode in enumerate(MODES)}
CODES |= {mode.name.lower(): code for mode, code in CODES.items() if isinstance(mode, Rounding)}
COMPARISONS = ("lt", "le", "eq", "ne", "gt", "ge")

#: A value of more than 18 digits: what an output holds after an error, so that nobody can take it for a result.
POISON = -(2**63)


def kernel() -> Any:
    """The native module; imported late, so that what needs only the reference runs without it."""
    return import_module("fundclear._kernel")


def column(values: Sequence[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def native(operand: Sequence[int] | int) -> Any:
    """An operand as the native functions take it: lists become arrays, scalars and arrays stay what they are."""
    return operand if isinstance(operand, int | np.ndarray) else column(operand)


class ColumnEngine:
    """The kernel's elementwise operations on lists, with the thread count and the use of ``out`` fixed."""

    def __init__(self, threads: int = 1, out: Any = None) -> None:
        self.threads = threads
        self.out = out

    def rescale(self, values: Any, from_scale: int, to_scale: int, mode: Rounding | None) -> Any:
        arguments = (native(values), from_scale, to_scale, CODES[mode], "values", self.out, self.threads)
        return kernel().rescale(*arguments)

    def add(self, a: Any, b: Any) -> Any:
        return kernel().add(native(a), native(b), 0, self.out, self.threads)

    def subtract(self, a: Any, b: Any) -> Any:
        return kernel().subtract(native(a), native(b), 0, self.out, self.threads)

    def negate(self, values: Any) -> Any:
        return kernel().negate(native(values), self.out, self.threads)

    def absolute(self, values: Any) -> Any:
        return kernel().absolute(native(values), self.out, self.threads)

    def multiply(self, a: Any, a_scale: int, b: Any, b_scale: int, scale: int, mode: Rounding | None) -> Any:
        return kernel().multiply(native(a), a_scale, native(b), b_scale, scale, CODES[mode], self.out, self.threads)

    def divide(self, a: Any, a_scale: int, b: Any, b_scale: int, scale: int, mode: Rounding | None) -> Any:
        return kernel().divide(native(a), a_scale, native(b), b_scale, scale, CODES[mode], self.out, self.threads)

    def mul_div(
        self, a: Any, a_scale: int, b: Any, b_scale: int, c: Any, c_scale: int, scale: int, mode: Rounding | None
    ) -> Any:
        operands = (native(a), a_scale, native(b), b_scale, native(c), c_scale)
        return kernel().mul_div(*operands, scale, CODES[mode], self.out, self.threads)


def _one_row(name: str) -> Any:
    def call(value: int, *rest: Any) -> int:
        # The first operand is a column of one row: it makes the result one, whatever the others are.
        result = getattr(ColumnEngine(), name)([value], *rest)
        assert len(result) == 1
        return int(result[0])

    return call


def _compare(a: int, b: int, comparison: str) -> bool:
    return bool(kernel().compare(column([a]), b, COMPARISONS.index(comparison), 1)[0])


#: The reference's calls, done by the kernel on columns of one row.
KERNEL = SimpleNamespace(
    **{
        name: _one_row(name)
        for name in ("rescale", "add", "subtract", "negate", "absolute", "multiply", "divide", "mul_div")
    },
    compare=_compare,
    sum=lambda values: kernel().sum(column(values), 1),
    min_max=lambda values: kernel().min_max(column(values), 1),
)

#: The engines by name, for ``pytest.mark.parametrize``.
ENGINES: dict[str, Any] = {"reference": reference, "kernel": KERNEL}
