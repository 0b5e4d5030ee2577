"""The native module against callers that pass rubbish: always an exception of the tree, never a panic or a crash."""

from __future__ import annotations

import inspect
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import fundclear as fc
from fundclear import _kernel

GOOD: dict[str, Any] = {
    "values": np.array([1, 2]),
    "a": np.array([1, 2]),
    "b": np.array([3, 4]),
    "c": np.array([5, 6]),
    "array": np.array(["1", "2"]),
    "value": 5,
    "weights": np.array([1, 2]),
    "totals": np.array([7]),
    "rounding": 0,
    "policy": 0,
    "op": 0,
    "out": None,
    "threads": 1,
    "argument": "fee",
    "groups": None,
    "tie_key": None,
    "name": "fee",
    "requested": None,
}

RUBBISH: tuple[Any, ...] = (
    None, True, -1, 9, 19, 2**63, -(2**64), 1.5, "1", b"1", "\ud800", [], [1], (1, 2), {}, object(), Decimal(1),
    slice(3),
    np.float64(1), np.array(5), np.array([1.5, 2.5]), np.array([1, 2], dtype=">i8"), np.array([1, 2], dtype="i4"),
    np.zeros((2, 2), dtype=np.int64), np.zeros(0, dtype=np.int64), np.array([1, 2, 3]), np.array([2**63 - 1, -(2**63)]),
    np.array(["1", "x"]), np.array([b"1", b""]), np.array([None, 1], dtype=object),
    np.ma.masked_array([1, 2], [True, False]),
    np.zeros(2, dtype="V8"), np.zeros(2, dtype="M8[s]"), np.broadcast_to(np.int64(1), 2), type, lambda: None,
)  # fmt: skip


def arguments(name: str) -> dict[str, Any]:
    names = inspect.signature(getattr(_kernel, name)).parameters
    found = {key: GOOD.get(key, 2) for key in names}
    if name == "parse_objects":
        found["values"] = ["1", "2"]
    if name in ("parse_arrow", "arrow_stream"):
        found |= {"source": object(), "columns": ("fee", GOOD["values"], 2)}
        found = {key: value for key, value in found.items() if key in names}
    return found


FUNCTIONS = sorted(name for name in _kernel.__all__ if name not in ("_c_api", "build_info", "names", "version"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_rubbish_in_any_place_is_refused_or_taken(name: str) -> None:
    function, good = getattr(_kernel, name), arguments(name)
    for place in good:
        for rubbish in RUBBISH:
            try:
                function(*{**good, place: rubbish}.values())
            except (fc.FundclearError, TypeError, ValueError, OverflowError, UnicodeEncodeError, OSError):
                continue
    for count in range(len(good)):
        if count < len([p for p in inspect.signature(function).parameters.values() if p.default is p.empty]):
            with pytest.raises(TypeError):
                function(*list(good.values())[:count])


@pytest.mark.parametrize(
    ("name", "place", "value", "code"),
    [
        ("add", "scale", 19, "scale-range"),
        ("add", "scale", -1, "scale-range"),
        ("add", "scale", 2**70, "scale-range"),
        ("add", "scale", True, "scale-type"),
        ("add", "scale", 2.0, "scale-type"),
        ("add", "a", [1, 2], "dtype"),
        ("add", "a", 2**63, "digits"),
        ("add", "a", 10**18, "digits"),
        ("add", "a", True, "dtype"),
        ("add", "b", np.array([1]), "length"),
        ("add", "b", np.zeros((2, 1), dtype=np.int64), "dimensions"),
        ("add", "b", np.array([1, 2], dtype=">i8"), "byte-order"),
        ("add", "out", [0, 0], "dtype"),
        ("add", "out", np.zeros(3, dtype=np.int64), "out"),
        ("add", "threads", 0, "threads"),
        ("multiply", "rounding", 9, "rounding"),
        ("multiply", "rounding", "half_up", "rounding"),
        ("compare", "op", 6, "argument"),
        ("allocate", "policy", 5, "policy"),
        ("allocate", "totals", np.array([1, 2]), "length"),
        ("parse_objects", "values", {"1": 2}, "type"),
        ("parse_objects", "values", "12", "type"),
        ("parse_text", "array", np.array([1, 2]), "dtype"),
        ("parse_text", "array", np.array([["1"]]), "dimensions"),
        ("parse_text", "array", np.array(["1"], dtype=">U1"), "byte-order"),
        ("parse_text", "array", ["1"], "dtype"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_what_is_wrong_is_said(name: str, place: str, value: Any, code: str) -> None:
    with pytest.raises(fc.FundclearError) as raised:
        getattr(_kernel, name)(*{**arguments(name), place: value}.values())
    assert raised.value.code == code


def test_scalars_alone_make_one_row() -> None:
    assert _kernel.add(1, 2, 0, None, None).tolist() == [3]
    assert _kernel.rescale(5, 0, 2, 8, "x", None, None).tolist() == [500]
    assert _kernel.compare(1, 2, 0, None).tolist() == [True]


def test_more_memory_than_there_is_is_a_memory_error() -> None:
    with pytest.raises(MemoryError):
        _kernel.negate(np.broadcast_to(np.int64(1), 2**50), None, None)


def test_totals_of_128_bits_are_formatted() -> None:
    assert _kernel.format_one(2**127 - 1, 18) == "170141183460469231731.687303715884105727"
    assert _kernel.format_one(-(2**127), 0) == str(-(2**127))
    with pytest.raises(OverflowError):
        _kernel.format_one(2**127, 0)
