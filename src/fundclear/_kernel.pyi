"""The native half of fundclear. Private: use the package `fundclear`.

Columns are one-dimensional int64 arrays of minor units; an operand that is an ``int`` is one amount in minor units.
Roundings are codes 0 to 8, 8 being exact-or-error. A thread count of ``None`` is that of ``FUNDCLEAR_THREADS``, else
of the cores that the process may use.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "_c_api",
    "absolute",
    "add",
    "allocate",
    "arrow_array",
    "arrow_schema",
    "arrow_stream",
    "build_info",
    "check_digits",
    "compare",
    "decimal_list",
    "divide",
    "float_array",
    "format_list",
    "format_one",
    "min_max",
    "mul_div",
    "multiply",
    "negate",
    "parse_arrow",
    "parse_objects",
    "parse_one",
    "parse_text",
    "parse_whole",
    "rescale",
    "subtract",
    "sum",
]

_Minor: TypeAlias = npt.NDArray[np.int64]
_Operand: TypeAlias = npt.NDArray[np.int64] | int

_c_api: Final[object]

def build_info() -> dict[str, str]: ...
def rescale(
    values: _Operand,
    from_scale: int,
    to_scale: int,
    rounding: int,
    argument: str,
    out: _Minor | None,
    threads: int | None,
) -> _Minor: ...
def add(a: _Operand, b: _Operand, scale: int, out: _Minor | None, threads: int | None) -> _Minor: ...
def subtract(a: _Operand, b: _Operand, scale: int, out: _Minor | None, threads: int | None) -> _Minor: ...
def negate(values: _Operand, out: _Minor | None, threads: int | None) -> _Minor: ...
def absolute(values: _Operand, out: _Minor | None, threads: int | None) -> _Minor: ...
def multiply(
    a: _Operand,
    a_scale: int,
    b: _Operand,
    b_scale: int,
    scale: int,
    rounding: int,
    out: _Minor | None,
    threads: int | None,
) -> _Minor: ...
def divide(
    a: _Operand,
    a_scale: int,
    b: _Operand,
    b_scale: int,
    scale: int,
    rounding: int,
    out: _Minor | None,
    threads: int | None,
) -> _Minor: ...
def mul_div(
    a: _Operand,
    a_scale: int,
    b: _Operand,
    b_scale: int,
    c: _Operand,
    c_scale: int,
    scale: int,
    rounding: int,
    out: _Minor | None,
    threads: int | None,
) -> _Minor: ...
def sum(values: _Minor, threads: int | None) -> int: ...
def min_max(values: _Minor, threads: int | None) -> tuple[int, int] | None: ...
def compare(a: _Operand, b: _Operand, op: int, threads: int | None) -> npt.NDArray[np.bool_]: ...
def check_digits(values: _Minor, argument: str, threads: int | None) -> None: ...
def parse_objects(
    values: Sequence[Any], scale: int | None, rounding: int, argument: str, threads: int | None = ...
) -> tuple[_Minor, int]: ...
def parse_one(
    value: object, scale: int | None, rounding: int, argument: str, threads: int | None = ...
) -> tuple[int, int]: ...
def parse_text(
    array: npt.NDArray[Any], scale: int | None, rounding: int, argument: str, threads: int | None
) -> tuple[_Minor, int]: ...
def parse_whole(values: _Minor, scale: int, argument: str, threads: int | None) -> _Minor: ...
def parse_arrow(
    source: object, scale: int | None, rounding: int, argument: str, threads: int | None
) -> tuple[_Minor, int]: ...
def format_list(values: _Minor, scale: int) -> list[str]: ...
def format_one(value: int, scale: int) -> str: ...
def decimal_list(values: _Minor, scale: int) -> list[Decimal]: ...
def float_array(values: _Minor, scale: int) -> npt.NDArray[np.float64]: ...
def arrow_schema(scale: int, name: str) -> object: ...
def arrow_array(values: _Minor, scale: int, requested: object | None) -> tuple[object, object]: ...
def arrow_stream(
    columns: tuple[str, _Minor, int] | list[tuple[str, npt.NDArray[Any], int | None]], requested: object | None
) -> object: ...
def allocate(
    totals: _Minor,
    scale: int,
    weights: _Minor,
    weight_scale: int,
    policy: int,
    rounding: int,
    groups: _Minor | None,
    tie_key: _Minor | None,
    threads: int | None,
) -> tuple[_Minor, _Minor]: ...
