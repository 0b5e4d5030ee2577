"""The judge judged: the reference against Python's own decimal module, exact to 200 digits.

No exact intermediate of the operations here needs more than 200 digits, except quotients; and a quotient of numbers
of at most 54 digits that is not a tie is off a tie by more than 10^-60, so rounding it twice does no harm.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fundclear import reference
from fundclear.reference import LIMIT
from fundclear.rounding import Rounding
from support.drawing import Case, amounts, cases, int64s, modes, pairs, scales
from support.drawing_texts import amount_objects, exponent_texts, finite_decimals, numbers, texts
from support.judging import Refusal, agree, by_row, outcome, rows_of

_TRAPS = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.Subnormal, decimal.Clamped]


@pytest.fixture(autouse=True, scope="module")
def _exact_context() -> Iterator[None]:
    with decimal.localcontext(decimal.Context(prec=200, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX, traps=_TRAPS)):
        yield


def amount(minor: int, scale: int) -> Decimal:
    return Decimal(minor).scaleb(-scale)


def settled(exact: Decimal, scale: int, mode: Rounding | None) -> Any:
    """Minor units by way of ``quantize``, or the refusal that the rules ask for."""
    context = decimal.getcontext().copy()
    context.clear_flags()
    rounded = exact.quantize(Decimal(1).scaleb(-scale), rounding=(mode or Rounding.DOWN).value, context=context)
    minor = int(rounded.scaleb(scale))
    if mode is None and context.flags[decimal.Inexact] and abs(minor) <= LIMIT:
        return Refusal("InexactError", "inexact", None)
    return minor if abs(minor) <= LIMIT else Refusal("AmountOverflowError", "overflow", None)


def digits_refused(*values: int) -> Refusal | None:
    too_long = any(len(Decimal(value).as_tuple().digits) > 18 for value in values)
    return Refusal("AmountOverflowError", "digits", None) if too_long else None


def judge(name: str, case: Case, compute: Any) -> None:
    for row in rows_of(*case.operands):
        expected: Any = digits_refused(*row)
        if expected is None:
            exact = compute(*(amount(value, scale) for value, scale in zip(row, case.scales, strict=True)))
            expected = exact if isinstance(exact, Refusal) else settled(exact, case.scale, case.mode)
        actual = outcome(getattr(reference, name), *case.arguments(row))
        assert expected == actual, f"{name}{case.arguments(row)}: decimal has {expected}, the reference {actual}"


def quotient(a: Decimal, b: Decimal) -> Any:
    return a / b if b else Refusal("DivisionByZeroError", "division-by-zero", None)


@given(cases((1,)))
def test_rescale(case: Case) -> None:
    for (value,) in rows_of(*case.operands):
        expected = digits_refused(value) or settled(amount(value, case.scales[0]), case.scale, case.mode)
        agree(expected, outcome(reference.rescale, *case.arguments((value,))), "rescale")


@given(cases((1, 1)))
def test_multiply(case: Case) -> None:
    judge("multiply", case, lambda a, b: a * b)


@given(cases((1, -1)))
def test_divide(case: Case) -> None:
    judge("divide", case, quotient)


@given(cases((1, 1, -1)))
@example(Case(([LIMIT, -LIMIT], [LIMIT, LIMIT], [LIMIT, LIMIT - 2]), (0, 0, 18), 0, Rounding.HALF_EVEN))
def test_mul_div(case: Case) -> None:
    judge("mul_div", case, lambda a, b, c: quotient(a * b, c))


@given(pairs())
def test_add_subtract_and_compare(operands: tuple[Any, ...]) -> None:
    for a, b in rows_of(*operands):
        refused = digits_refused(a, b)
        for name, exact in (("add", Decimal(a) + Decimal(b)), ("subtract", Decimal(a) - Decimal(b))):
            expected = refused or settled(exact, 0, None)
            agree(expected, outcome(getattr(reference, name), a, b), name)
        order = Decimal(a).compare(Decimal(b))
        wanted = {
            "lt": order < 0,
            "le": order <= 0,
            "eq": order == 0,
            "ne": order != 0,
            "gt": order > 0,
            "ge": order >= 0,
        }
        if refused is None:
            assert {name: reference.compare(a, b, name) for name in wanted} == wanted


@given(int64s)
def test_negate_absolute_and_check_digits(value: int) -> None:
    refused = digits_refused(value)
    assert outcome(lambda: reference.negate(value)) == (int(-Decimal(value)) if refused is None else refused)
    assert outcome(lambda: reference.absolute(value)) == (int(abs(Decimal(value))) if refused is None else refused)
    assert outcome(lambda: reference.check_digits(value)) == refused


@given(st.lists(amounts, max_size=20))
def test_sum_and_min_max(values: list[int]) -> None:
    assert reference.sum(values) == int(sum(map(Decimal, values), start=Decimal(0)))
    assert reference.min_max(values) == (
        (int(min(map(Decimal, values))), int(max(map(Decimal, values)))) if values else None
    )


@given(st.fractions(max_denominator=10**6), modes)
def test_round_fraction(exact: Fraction, mode: Rounding | None) -> None:
    near = Decimal(exact.numerator) / Decimal(exact.denominator)
    expected = settled(near, 0, mode)
    if abs(exact) <= LIMIT:
        agree(expected, outcome(lambda: reference.round_fraction(exact, mode)), f"round {exact}")


def read_by_decimal(text: str, scale: int, mode: Rounding | None) -> Any:
    """A text through the Decimal constructor; numbers far too large are not written out."""
    exact = Decimal(text)
    if exact and exact.adjusted() + scale > 60:
        return Refusal("AmountOverflowError", "overflow", None)
    return settled(exact, scale, mode)


@given(numbers, scales, modes)
@example("0.005", 2, Rounding.HALF_UP)
@example("-0.00500000000000000000000000000001", 2, Rounding.HALF_DOWN)
@example("999999999999999999.5", 0, Rounding.HALF_EVEN)
@example("999999999999999998.5", 0, Rounding.HALF_EVEN)
def test_parse(text: str, scale: int, mode: Rounding | None) -> None:
    agree(read_by_decimal(text, scale, mode), outcome(lambda: reference.parse(text, scale, mode)), f"parse {text!r}")
    exponent = Decimal(text).as_tuple().exponent
    assert isinstance(exponent, int)
    assert reference.decimals(text) == max(0, -exponent)


@given(exponent_texts, scales, modes)
@example("1E-999999", 18, Rounding.UP)
@example("0E+999999", 18, None)
def test_parse_with_an_exponent(text: str, scale: int, mode: Rounding | None) -> None:
    actual = outcome(lambda: reference.parse(text, scale, mode, "decimal"))
    agree(read_by_decimal(text, scale, mode), actual, f"parse {text!r}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e1000000000000000000000000000000", Refusal("AmountOverflowError", "overflow", None)),
        ("-0e1000000000000000000000000000000", 0),
        ("1e-1000000000000000000000000000000", 1),
        ("-1e-1000000000000000000000000000000", 0),
        ("9" * 5_000, Refusal("AmountOverflowError", "overflow", None)),
        ("0" * 5_000 + "." + "9" * 5_000, 1),
    ],
    ids=["huge", "zero", "tiny", "tiny below zero", "5,000 digits", "5,000 decimals"],
)
def test_absurd_texts(text: str, expected: Any) -> None:
    assert outcome(lambda: reference.parse(text, 0, "ceiling", "decimal")) == expected


@given(finite_decimals, scales, modes)
def test_read_a_decimal(value: Decimal, scale: int, mode: Rounding | None) -> None:
    agree(
        read_by_decimal(str(value), scale, mode), outcome(lambda: reference.read(value, scale, mode)), f"read {value!r}"
    )


@given(st.lists(amount_objects, max_size=8), modes)
@example(["0.123456789012345678"], None)
@example(["0.1234567890123456789", "0.1"], None)
@example(["0.1234567890123456789", "0.1"], Rounding.UP)
@example(["0.1000000000000000000"], None)
def test_parse_column_takes_the_most_decimals(rows: list[Any], mode: Rounding | None) -> None:
    finite = [row for row in rows if not isinstance(outcome(reference.read, row, 0, "down"), Refusal)]
    result = outcome(lambda: reference.parse_column(finite, None, mode))
    places = [Decimal(row.decode() if isinstance(row, bytes) else str(row)).as_tuple().exponent for row in finite]
    assert all(isinstance(place, int) for place in places)
    scale = min(18, max((max(0, -place) for place in places if isinstance(place, int)), default=0))
    expected = by_row(lambda value: reference.read(value, scale, mode), finite)
    first = next((one for one in expected if isinstance(one, Refusal)), None)
    agree(first or (expected, scale), result, "parse_column", finite)


@given(texts)
def test_what_is_no_number_for_decimal_is_none_for_us(text: str) -> None:
    """We take no more than Decimal does, and what we refuse although Decimal takes it is one of few forms."""
    result = outcome(lambda: reference.parse(text, 18, "down"))
    try:
        by_decimal = Decimal(text)
    except decimal.InvalidOperation:
        assert isinstance(result, Refusal)
        assert result.code in {"empty", "stray"}
        return
    if isinstance(result, Refusal) and result.code == "stray":
        odd = any(sign in text for sign in " \n\t_eE\u00a0") or not text.isascii() or "nan" in text.lower()
        assert odd, f"{text!r} is refused"
    elif not isinstance(result, Refusal):
        assert by_decimal.is_finite()


@given(st.integers(-(10**40), 10**40), scales)
def test_format(value: int, scale: int) -> None:
    text = reference.format(value, scale)
    back = Decimal(text)
    assert back == amount(value, scale)
    assert back.as_tuple().exponent == -scale
    assert text == f"{back:f}"


@given(amounts, scales)
def test_format_and_parse_are_inverse(value: int, scale: int) -> None:
    text = reference.format(value, scale)
    assert reference.parse(text, scale) == value
    assert reference.decimals(text) == scale
