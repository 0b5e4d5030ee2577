"""The C-level API, called from a module compiled against the installed wheel, agrees with kernel and reference."""

from __future__ import annotations

import ctypes
import itertools
import operator
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fundclear import Fixed, Rounding, cython_api, reference
from fundclear.errors import FundclearError

MAX_MINOR = 999_999_999_999_999_999
INT64_MIN = -(2**63)

#: Where arithmetic breaks, if it does: zero, one, ties, powers of ten and two, 18 digits and the first value beyond.
MAGNITUDES = (0, 1, 5, 25, 10**9, 2**32 - 1, 10**17, 5 * 10**17, MAX_MINOR, MAX_MINOR + 1)
EDGES = [*MAGNITUDES, *(-magnitude for magnitude in MAGNITUDES if magnitude), INT64_MIN]

#: Every mode as the C API and the kernel number it, with the reference's name for it.
MODES: list[tuple[int, str | None]] = [(code, mode.name.lower()) for code, mode in enumerate(Rounding)]
MODES.append((len(MODES), None))

#: The signatures that modules out there are compiled against. They do not change; new functions may join them.
SIGNATURES = {
    "rescale": "int (int64_t, int, int, int, int64_t *)",
    "add": "int (int64_t, int64_t, int64_t *)",
    "subtract": "int (int64_t, int64_t, int64_t *)",
    "mul": "int (int64_t, int, int64_t, int, int, int, int64_t *)",
    "div": "int (int64_t, int, int64_t, int, int, int, int64_t *)",
    "mul_div": "int (int64_t, int, int64_t, int, int64_t, int, int, int, int64_t *)",
    "parse": "int (char const *, size_t, int, int, int64_t *)",
    "format": "int (int64_t, int, char *, size_t)",
}

#: And the numbers that were compiled into those modules.
STATUS = {
    "OK": 0,
    "INEXACT": 1,
    "OVERFLOW": 2,
    "DIGITS": 3,
    "DIVISION_BY_ZERO": 4,
    "EMPTY": 5,
    "STRAY": 6,
    "NAN": 7,
    "INFINITY": 8,
    "SCALE_RANGE": 9,
    "ROUNDING": 10,
    "BUFFER": 11,
    "NULL_POINTER": 12,
    "LAW": 13,
}
ROUNDING = {mode.name: code for code, mode in enumerate(Rounding)} | {"EXACT": 8}
TEXT_MAX = 21


def test_signatures_are_frozen() -> None:
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    found = {name: name_of(capsule).decode() for name, capsule in cython_api.__pyx_capi__.items()}
    assert found == SIGNATURES


def test_numbers_are_frozen(probe: ModuleType) -> None:
    assert probe.STATUS == STATUS
    assert probe.ROUNDING == ROUNDING
    assert probe.LONGEST == TEXT_MAX


def told(compute: Callable[[], Fixed | int]) -> tuple[int, int]:
    """A call's status and value as the C API gives them: an error is its status and poison."""
    try:
        value = compute()
    except FundclearError as error:
        return STATUS[error.code.replace("-", "_").upper()], INT64_MIN
    return STATUS["OK"], int(value.minor[0]) if isinstance(value, Fixed) else value


def agree(given: tuple[int, int], kernel: Callable[[], Fixed], judge: partial[int]) -> None:
    assert given == told(kernel) == told(judge), judge


def fixed(value: int, scale: int) -> Fixed:
    """A column of one row, which the kernel of columns computes with."""
    return Fixed.from_minor(np.array([value], dtype=np.int64), scale)


def test_rescale(probe: ModuleType) -> None:
    scales = [(0, 0), (0, 18), (18, 0), (2, 4), (4, 2), (9, 8), (18, 17)]

    def kernel() -> Fixed:
        return fixed(value, old).rescale(new, mode)

    for value, (old, new), (code, mode) in itertools.product(EDGES, scales, MODES):
        agree(probe.rescale(value, old, new, code), kernel, partial(reference.rescale, value, old, new, mode))


@pytest.mark.parametrize("name", ["add", "subtract"])
def test_add_and_subtract(probe: ModuleType, name: str) -> None:
    operation = {"add": operator.add, "subtract": operator.sub}[name]

    def kernel() -> Fixed:
        return operation(fixed(a, 2), fixed(b, 2))

    for a, b in itertools.product(EDGES, EDGES):
        agree(getattr(probe, name)(a, b), kernel, partial(getattr(reference, name), a, b))


@pytest.mark.parametrize(("name", "full_name"), [("mul", "multiply"), ("div", "divide")])
@pytest.mark.parametrize("scales", [(0, 0, 0), (2, 4, 2), (18, 18, 18), (18, 0, 2), (0, 18, 0), (9, 9, 17)])
def test_mul_and_div(probe: ModuleType, name: str, full_name: str, scales: tuple[int, int, int]) -> None:
    a_scale, b_scale, scale = scales

    def kernel() -> Fixed:
        return getattr(fixed(a, a_scale), name)(fixed(b, b_scale), scale, mode)

    for a, b, (code, mode) in itertools.product(EDGES, EDGES, MODES):
        given = getattr(probe, name)(a, a_scale, b, b_scale, scale, code)
        agree(given, kernel, partial(getattr(reference, full_name), a, a_scale, b, b_scale, scale, mode))


@pytest.mark.parametrize("scales", [(0, 0, 0, 0), (2, 4, 4, 2), (18, 18, 18, 18), (0, 0, 18, 18), (18, 18, 0, 0)])
def test_mul_div(probe: ModuleType, scales: tuple[int, int, int, int]) -> None:
    edges = [0, 1, -3, 25, -(10**9), 2**32 - 1, 5 * 10**17, -MAX_MINOR, MAX_MINOR + 1]
    a_scale, b_scale, c_scale, scale = scales

    def kernel() -> Fixed:
        return fixed(a, a_scale).mul_div(fixed(b, b_scale), fixed(c, c_scale), scale, mode)

    for a, b, c, (code, mode) in itertools.product(edges, edges, edges, MODES):
        given = probe.mul_div(a, a_scale, b, b_scale, c, c_scale, scale, code)
        agree(given, kernel, partial(reference.mul_div, a, a_scale, b, b_scale, c, c_scale, scale, mode))


NUMBERS = ["0", "-0", "+1", "1.", ".5", "-.05", "12.345", "0.5", "1.5", "2.5", "-2.5", "0" * 30 + "1.10"]
NUMBERS += ["0." + "0" * 30 + "1", "0.4" + "9" * 40, "0." + "9" * 18, "9" * 18, "1" + "0" * 18, "9" * 400]
NO_NUMBERS = ["", "-", ".", "1,5", " 1", "1 ", "1e5", "1_000", "NaN", "sNaN", "-inf", "Infinity", "\u0661", "1\x00"]


def test_parse(probe: ModuleType) -> None:
    def kernel() -> Fixed:
        return Fixed.parse([text], scale, mode)

    for text, scale, (code, mode) in itertools.product(NUMBERS + NO_NUMBERS, [0, 1, 2, 17, 18], MODES):
        agree(probe.parse(text.encode(), scale, code), kernel, partial(reference.parse, text, scale, mode))


def test_format(probe: ModuleType) -> None:
    untouched = b"~" * 2 * TEXT_MAX
    for value, scale in itertools.product(EDGES, range(19)):
        length, buffer = probe.format(value, scale)
        if abs(value) > MAX_MINOR:
            assert (length, buffer) == (-STATUS["DIGITS"], untouched)
            continue
        assert [buffer[:length].decode()] == fixed(value, scale).to_strings() == [reference.format(value, scale)]
        assert buffer[length:] == untouched[length:]
        assert probe.format(value, scale, length) == (length, buffer)
        assert probe.format(value, scale, length - 1) == (-STATUS["BUFFER"], untouched)
    assert probe.format(-MAX_MINOR, 18)[0] == TEXT_MAX


def test_scales_and_modes_that_do_not_exist(probe: ModuleType) -> None:
    scale_range, rounding = (STATUS["SCALE_RANGE"], INT64_MIN), (STATUS["ROUNDING"], INT64_MIN)
    for wrong in (-1, 19, 256, 2**31 - 1, -(2**31)):
        assert probe.rescale(1, wrong, 0, 0) == probe.rescale(1, 0, wrong, 0) == scale_range
        for call in (probe.mul, probe.div):
            assert call(1, wrong, 1, 0, 0, 0) == call(1, 0, 1, wrong, 0, 0) == call(1, 0, 1, 0, wrong, 0) == scale_range
        assert probe.mul_div(1, 0, 1, 0, 1, wrong, 0, 0) == probe.mul_div(1, 0, 1, 0, 1, 0, wrong, 0) == scale_range
        assert probe.parse(b"1", wrong, 0) == scale_range
        assert probe.format(1, wrong)[0] == -STATUS["SCALE_RANGE"]
    for wrong in (-1, 9, 256, 2**31 - 1):
        assert probe.rescale(1, 0, 0, wrong) == probe.mul(1, 0, 1, 0, 0, wrong) == rounding
        assert probe.div(1, 0, 1, 0, 0, wrong) == probe.mul_div(1, 0, 1, 0, 1, 0, 0, wrong) == rounding
        assert probe.parse(b"1", 0, wrong) == rounding


def test_null_pointers(probe: ModuleType) -> None:
    assert set(probe.null_pointers()) == {STATUS["NULL_POINTER"]}


def test_a_loop_without_the_gil(probe: ModuleType) -> None:
    units = Fixed.from_minor(np.arange(-5_000, 5_000) * 7_919, 2)
    prices = Fixed.from_minor(np.arange(10_000) + 10_001, 4)
    amounts = np.empty(10_000, dtype=np.int64)
    assert probe.price_all(units.minor, prices.minor, amounts) == STATUS["OK"]
    np.testing.assert_array_equal(amounts, units.mul(prices, 2, "half_up").minor)


def test_a_table_of_another_layout_is_refused(environment: Any, tmp_path: Path) -> None:
    """As a half-renewed installation would have it: to call through that table could do anything."""
    program = """if True:
        import ctypes, fundclear
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        name, table = b"fundclear._kernel._c_api", ctypes.c_uint32(99)
        fundclear._kernel._c_api = new(ctypes.addressof(table), name, None)
        try:
            import fundclear.cython_api
        except ImportError as error:
            print(error)
    """
    assert environment.run(program, tmp_path).endswith("finds version 99: reinstall fundclear")


def test_it_works_where_it_was_installed(environment: Any, probe_folder: Path) -> None:
    """In the wheel's own environment, where neither Cython nor the checkout is."""
    assert environment.run("import probe; print(probe.mul(10000, 2, 12345, 4, 2, 0))", probe_folder) == "(0, 12345)"
