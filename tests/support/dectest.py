"""Cases of the General Decimal Arithmetic test suite (decTest) that a fixed-point column can compute.

The files ship in CPython's own test package. Their arithmetic floats: a context cuts results to a precision and the
exponent comes out of the operation. A column has a named scale instead. So a case is taken where operands and result
have at most 18 digits and a scale from 0 to 18, and the result's last place is known: from the operands, or, where the
context cut the result, from the result, because cutting to a precision is then rounding to that place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fundclear.rounding import Rounding

#: The files that are read; the variants with fixed formats of 16 (dd) and 34 (dq) digits where they have the operation.
FILES = (
    *("quantize", "ddQuantize", "dqQuantize", "rescale", "rounding", "inexact"),
    *("tointegralx", "tointegral", "ddToIntegral", "dqToIntegral"),
    *("add", "ddAdd", "dqAdd", "subtract", "ddSubtract", "dqSubtract"),
    *("multiply", "ddMultiply", "dqMultiply", "divide", "ddDivide", "dqDivide"),
    *("plus", "minus", "ddMinus", "dqMinus", "abs", "ddAbs", "dqAbs", "compare", "ddCompare", "dqCompare"),
)

MISSING = (
    "the decTest files are not where CPython keeps them ({folder}); they are the independent oracle of rounding, so "
    "this is a failure and not a skip: use a Python that ships its test package (test/decimaltestdata)"
)

_MODES = {mode.value.removeprefix("ROUND_").lower(): mode for mode in Rounding}
_LIMITS = {"Clamped", "Subnormal", "Underflow", "Overflow"}
_INVALID = {"Invalid_operation", "Division_undefined", "Division_impossible", "Division_by_zero", "Conversion_syntax"}
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\S+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

# Why a case does not fit.
NO_OPERATION = "another operation"
NOT_FINITE = "not a finite number"
NOT_VALID = "refused by the context"
EXPONENT_LIMITS = "at the exponent limits"
LONG_OPERAND = "operand over 18 digits or decimals"
LONG_RESULT = "result over 18 digits or decimals"
LEFT_OF_POINT = "cut left of the point"
FAR_APART = "operands share no scale within 18 digits"


@dataclass(frozen=True)
class Line:
    """One test as written, under the directives that hold there."""

    name: str
    operation: str
    operands: tuple[str, ...]
    result: str
    conditions: frozenset[str]
    mode: Rounding


@dataclass(frozen=True)
class Case:
    """One test that fits: what to call, and the minor units that must come out at the result's scale."""

    line: Line
    expected: int
    #: The scale of the result.
    scale: int
    #: Whether every digit survives; unknown for an operation that raises no flags.
    exact: bool | None
    #: Runs the case on an engine with a mode, or with none.
    run: Callable[[Any, Rounding | None], int]


def folder() -> Path:
    """Where CPython keeps the files; the folder may be missing."""
    package = find_spec("test")
    places = (package and package.submodule_search_locations) or ["no package called test"]
    return Path(next(iter(places))) / "decimaltestdata"


def lines(name: str) -> Iterator[Line]:
    """The tests of a file in the order in which they stand."""
    path = folder() / f"{name}.decTest"
    if not path.is_file():
        raise AssertionError(MISSING.format(folder=path))
    directives: dict[str, str] = {}
    for written in path.read_text(encoding="utf-8").splitlines():
        text = written.split("--")[0].strip()
        directive = re.fullmatch(r"(\w+)\s*:\s*(\S+)", text)
        if directive:
            directives[directive[1].lower()] = directive[2].lower()
        elif "->" in text:
            left, right = (_TOKEN.findall(side) for side in text.split("->", 1))
            operands = tuple(token.strip("'\"") for token in left[2:])
            conditions = frozenset(condition.capitalize() for condition in right[1:])
            mode = _MODES[directives["rounding"]]
            yield Line(left[0], left[1].lower(), operands, right[0].strip("'\""), conditions, mode)


class DoesNotFitError(Exception):
    """Why a test does not fit a column; the message is one of the reasons above."""


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise DoesNotFitError(NOT_FINITE)
    return Decimal(text)


def _minor(value: Decimal, scale: int, reason: str) -> int:
    """Minor units at a scale that holds the value exactly; more than 18 digits do not fit."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if not 0 <= scale <= 18 or scale + exponent > 40:
        raise DoesNotFitError(reason)
    units: int = int("".join(map(str, digits))) * 10 ** (scale + exponent)
    if units >= 10**18:
        raise DoesNotFitError(reason)
    return -units if sign else units


def _places(value: Decimal) -> int:
    """The scale at which a value stands; whole numbers, hundreds too, stand at scale 0."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def _operand(text: str) -> tuple[int, int]:
    value = _number(text)
    return _minor(value, _places(value), LONG_OPERAND), _places(value)


def _pair(line: Line) -> tuple[int, int, int]:
    """Both operands at the larger of their scales."""
    a, b = map(_number, line.operands)
    for text in line.operands:
        _operand(text)
    scale = max(_places(a), _places(b))
    return _minor(a, scale, FAR_APART), _minor(b, scale, FAR_APART), scale


def _rescaling(line: Line, wanted: int) -> Case:
    """Quantize, rescale and to-integral: the scale is given, the context's precision has no part in it."""
    value, scale = _operand(line.operands[0])
    if not 0 <= wanted <= 18:
        raise DoesNotFitError(LEFT_OF_POINT if wanted < 0 else LONG_RESULT)
    return _case(line, wanted, lambda engine, mode: engine.rescale(value, scale, wanted, mode))


def _case(line: Line, scale: int, run: Callable[[Any, Rounding | None], int]) -> Case:
    result = _number(line.result)
    # The suite itself says at which place the result ends; a scale that is not that place would prove nothing.
    assert _places(result) == scale, f"{line.name}: the result {line.result} does not stand at scale {scale}"
    exact = None if line.operation == "tointegral" else "Inexact" not in line.conditions
    return Case(line, _minor(result, scale, LONG_RESULT), scale, exact, run)


def _result_scale(line: Line, exact_scale: int) -> int:
    """The exact result's scale, or, where the context cut the result, the scale of what it left."""
    if "Rounded" not in line.conditions:
        return exact_scale
    exponent = _number(line.result).as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent > 0:
        raise DoesNotFitError(LEFT_OF_POINT)
    return -exponent


def _sum_like(line: Line) -> Case:
    """Add, subtract, plus, minus, abs: the exact result first, then at most one rounding of it."""
    name = {"add": "add", "subtract": "subtract", "minus": "negate", "abs": "absolute"}.get(line.operation)
    if line.operation in {"add", "subtract"}:
        a, b, scale = _pair(line)
        operands: tuple[int, ...] = (a, b)
        if abs(a + b if line.operation == "add" else a - b) >= 10**18:
            raise DoesNotFitError(LONG_RESULT)
    else:
        value, scale = _operand(line.operands[0])
        operands = (value,)
    to = _result_scale(line, scale)

    def run(engine: Any, mode: Rounding | None) -> int:
        exact = getattr(engine, name)(*operands) if name else operands[0]
        rounded: int = engine.rescale(exact, scale, to, mode)
        return rounded

    return _case(line, to, run)


def _product(line: Line) -> Case:
    (a, a_scale), (b, b_scale) = map(_operand, line.operands)
    exponents = [_number(text).as_tuple().exponent for text in line.operands]
    # Hundreds times hundredths end at the point, so the exponents count here and not the scales of the operands.
    to = _result_scale(line, max(0, -sum(exponent for exponent in exponents if isinstance(exponent, int))))
    return _case(line, to, lambda engine, mode: engine.multiply(a, a_scale, b, b_scale, to, mode))


def _quotient(line: Line) -> Case:
    (a, a_scale), (b, b_scale) = map(_operand, line.operands)
    to = _result_scale(line, _places(_number(line.result)))
    return _case(line, to, lambda engine, mode: engine.divide(a, a_scale, b, b_scale, to, mode))


def _comparison(line: Line) -> Case:
    a, b, _ = _pair(line)

    def run(engine: Any, _: Rounding | None) -> int:
        sign = int(engine.compare(a, b, "gt")) - int(engine.compare(a, b, "lt"))
        assert engine.compare(a, b, "eq") == (sign == 0) == (not engine.compare(a, b, "ne"))
        assert engine.compare(a, b, "ge") == (sign >= 0)
        assert engine.compare(a, b, "le") == (sign <= 0)
        return sign

    return _case(line, 0, run)


def _scale_of_quantum(line: Line) -> int:
    exponent = _number(line.operands[1]).as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent


def _scale_of_exponent(line: Line) -> int:
    exponent = _number(line.operands[1])
    if exponent != exponent.to_integral_value():
        raise DoesNotFitError(NOT_VALID)
    return -int(exponent)


_OPERATIONS: dict[str, Callable[[Line], Case]] = {
    "quantize": lambda line: _rescaling(line, _scale_of_quantum(line)),
    "rescale": lambda line: _rescaling(line, _scale_of_exponent(line)),
    "tointegral": lambda line: _rescaling(line, 0),
    "tointegralx": lambda line: _rescaling(line, 0),
    **dict.fromkeys(("add", "subtract", "plus", "minus", "abs"), _sum_like),
    "multiply": _product,
    "divide": _quotient,
    "compare": _comparison,
}


def fit(line: Line) -> Case:
    """The case of a test, or the reason why there is none."""
    if line.operation not in _OPERATIONS:
        raise DoesNotFitError(NO_OPERATION)
    for text in line.operands:
        _number(text)
    if line.conditions & _INVALID:
        raise DoesNotFitError(NOT_VALID)
    if line.conditions & _LIMITS:
        raise DoesNotFitError(EXPONENT_LIMITS)
    _number(line.result)
    return _OPERATIONS[line.operation](line)


@cache
def cases(name: str) -> tuple[tuple[Case, ...], Counter[str]]:
    """The cases of a file that fit, and how many do not, by reason."""
    taken: list[Case] = []
    reasons: Counter[str] = Counter()
    for line in lines(name):
        try:
            taken.append(fit(line))
        except DoesNotFitError as error:
            reasons[str(error)] += 1
    return tuple(taken), reasons
