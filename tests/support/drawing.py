"""Strategies for values, columns and operations, biased to where fixed-point arithmetic breaks.

Drawn evenly, two amounts of 18 digits never make a product that fits, never a tie, and never an edge. So operands are
drawn by their number of digits, fitted to each other, and taken from a list of edges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from fundclear.reference import LIMIT
from fundclear.rounding import Rounding
from support.engines import COMPARISONS
from support.judging import Operand

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

_NEAR = (-1, 0, 1)
_MAGNITUDES = (
    {n for n in range(13)}
    | {10**k + d for k in range(18) for d in _NEAR}
    | {5 * 10**k + d for k in range(18) for d in _NEAR}
    | {2**k + d for k in range(60) for d in _NEAR}
    | {LIMIT, LIMIT - 1, LIMIT // 2, LIMIT // 2 + 1, LIMIT // 3, 10**9 + 1, 3_037_000_499, 3_037_000_500}
)

#: 0, ±1, powers of ten and two and their neighbours, halves of powers of ten, the 18-digit limits.
EDGES = sorted({sign * m for m in _MAGNITUDES for sign in (1, -1)}, key=lambda v: (abs(v), v < 0))

#: Values that an int64 can hold and a column must not.
TOO_LONG = [sign * m for m in (LIMIT + 1, LIMIT + 2, 2**62, INT64_MAX) for sign in (1, -1)] + [INT64_MIN]

named_modes = st.sampled_from(list(Rounding))
modes = st.one_of(named_modes, named_modes, st.none())
scales = st.one_of(st.sampled_from([0, 2, 4, 6, 18]), st.integers(0, 18))


def of_digits(digits: int) -> st.SearchStrategy[int]:
    """Magnitudes of that many digits, their smallest and largest among them; none for a count below one."""
    if digits < 1:
        return st.just(0)
    low, high = 10 ** (min(digits, 18) - 1), 10 ** min(digits, 18) - 1
    # One digit and zeros: such amounts stay exact when they are divided by powers of ten.
    round_ones = st.integers(1, 9).map(lambda digit: digit * low)
    return st.one_of(st.integers(low, high), round_ones, st.sampled_from([low, high, (low + high) // 2]))


magnitudes = st.one_of(
    st.sampled_from([edge for edge in EDGES if edge >= 0]),
    st.integers(0, 200),
    st.integers(1, 18).flatmap(of_digits),
)
amounts = st.builds(lambda magnitude, sign: sign * magnitude, magnitudes, st.sampled_from([1, -1]))
int64s = st.one_of(amounts, st.sampled_from(TOO_LONG), st.integers(INT64_MIN, INT64_MAX))


@dataclass(frozen=True)
class Case:
    """Columns or scalars of an operation, the scale of each, the scale wanted and the mode."""

    operands: tuple[Operand, ...]
    scales: tuple[int, ...]
    scale: int
    mode: Rounding | None

    def arguments(self, operands: tuple[Any, ...] | None = None) -> tuple[Any, ...]:
        """The arguments in the order of all calls: each operand with its scale, the scale wanted, the mode."""
        pairs = zip(operands if operands is not None else self.operands, self.scales, strict=True)
        return (*(part for pair in pairs for part in pair), self.scale, self.mode)

    def shift(self, powers: tuple[int, ...]) -> int:
        """The power of ten between minor units in and out, for operands that multiply (1) or divide (-1)."""
        return self.scale - sum(power * scale for power, scale in zip(powers, self.scales, strict=True))


def _fitted_row(powers: tuple[int, ...], shift: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Operands whose result has about as many digits as is drawn for it, 0 to 19."""

    @st.composite
    def row(draw: st.DrawFn) -> tuple[int, ...]:
        others = [draw(st.one_of(st.integers(1, 18), st.just(18))) for _ in powers[1:]]
        pairs = zip(powers[1:], others, strict=True)
        first = draw(st.integers(0, 19)) - shift - sum(power * digits for power, digits in pairs)
        signs = [draw(st.sampled_from([1, -1])) for _ in powers]
        drawn = [draw(of_digits(digits)) for digits in (min(max(first, 0), 18), *others)]
        return tuple(sign * value for sign, value in zip(signs, drawn, strict=True))

    return row()


def _tied_row(powers: tuple[int, ...], shift: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Operands whose exact result lies halfway between two minor units, or an operand's smallest step beside it."""

    @st.composite
    def row(draw: st.DrawFn) -> tuple[int, ...]:
        odd = 2 * draw(st.integers(0, 10**6)) + 1
        factor = draw(st.integers(1, 999))
        if -1 in powers:
            # odd / 2, with what undoes the shift above or below it, and a factor on both sides that changes nothing.
            tops = [odd, 10 ** max(0, -shift) * factor]
            bottoms = [2 * 10 ** max(0, shift) * factor]
        else:
            # Only a shift to the right can make a half: odd × 5 / 10.
            tops, bottoms = [odd * 5, 10 ** max(0, -shift - 1)], []
        if powers.count(1) == 1:
            tops = [tops[0] * tops[1]]
        tops[0] = draw(st.sampled_from([1, -1])) * (tops[0] + draw(st.sampled_from([0, 0, 0, 1, -1])))
        return tuple(max(-LIMIT, min(LIMIT, value)) for value in (*tops, *bottoms))

    return row()


#: Strategies for the scales of multipliers, and of divisors and results: any, and the two ends of all shifts.
_SCALE_FORMS = [(scales, scales)] * 5 + [(st.just(18), st.just(0)), (st.just(0), st.just(18))]


@st.composite
def cases(draw: st.DrawFn, powers: tuple[int, ...], *, spoilt: bool = True) -> Case:
    """An operation of as many operands as ``powers`` has; 1 for those that multiply, -1 for those that divide.

    With ``spoilt``, some columns hold values of more than 18 digits, as a buffer can that others write to.
    """
    # Scales at opposite ends make the powers of ten as large as they can be; that is where 128 bits do not do.
    multiplier, divisor = draw(st.sampled_from(_SCALE_FORMS))
    drawn = tuple(draw(multiplier if power > 0 else divisor) for power in powers)
    case = Case((), drawn, draw(divisor), draw(modes))
    shift = case.shift(powers)
    fitted, tied = _fitted_row(powers, shift), _tied_row(powers, shift)
    row = st.one_of(fitted, fitted, tied, tied, st.tuples(*[amounts for _ in powers]))
    rows = draw(st.lists(row, min_size=1, max_size=12))
    columns = [list(column) for column in zip(*rows, strict=True)]
    if spoilt and draw(st.integers(0, 5)) == 0:
        for _ in range(draw(st.integers(1, 3))):
            draw(st.sampled_from(columns))[draw(st.integers(0, len(rows) - 1))] = draw(st.sampled_from(TOO_LONG))
    return replace(case, operands=draw(_with_scalars(columns)))


def _with_scalars(columns: list[list[int]]) -> st.SearchStrategy[tuple[Operand, ...]]:
    """The columns, or some of them replaced by their first value as a scalar; at least one stays a column."""
    places = range(len(columns))
    chosen = st.sets(st.sampled_from(places), max_size=len(columns) - 1)
    return st.one_of(st.just(set[int]()), chosen).map(
        lambda scalars: tuple(column[0] if at in scalars else column for at, column in enumerate(columns))
    )


@st.composite
def pairs(draw: st.DrawFn, *, spoilt: bool = True) -> tuple[Operand, ...]:
    """Two operands of one scale for sums, differences and comparisons: near each other, or near the limit."""
    value = st.one_of(amounts, st.integers(LIMIT - 2, LIMIT), st.integers(LIMIT // 2 - 1, LIMIT // 2 + 2))
    near = st.tuples(value, st.integers(-1, 1), st.sampled_from([1, -1])).map(
        lambda drawn: (drawn[0], max(-LIMIT, min(LIMIT, drawn[2] * drawn[0] + drawn[1])))
    )
    # Sums that are the limit, or one unit to either side of it.
    at_limit = st.tuples(magnitudes, st.integers(LIMIT - 1, LIMIT + 1), st.sampled_from([1, -1])).map(
        lambda drawn: (drawn[2] * max(1, drawn[0]), drawn[2] * (drawn[1] - max(1, drawn[0])))
    )
    rows = draw(st.lists(st.one_of(near, at_limit, st.tuples(amounts, amounts)), min_size=1, max_size=12))
    columns = [list(column) for column in zip(*rows, strict=True)]
    if spoilt and draw(st.integers(0, 5)) == 0:
        draw(st.sampled_from(columns))[draw(st.integers(0, len(rows) - 1))] = draw(st.sampled_from(TOO_LONG))
    return draw(_with_scalars(columns))


comparisons = st.sampled_from(COMPARISONS)


@st.composite
def value_columns(draw: st.DrawFn, *, min_size: int = 0, spoilt: bool = True) -> list[int]:
    """One column of amounts, now and then with values of more than 18 digits in it."""
    values = draw(st.lists(amounts, min_size=min_size, max_size=20))
    if spoilt and values and draw(st.integers(0, 5)) == 0:
        for _ in range(draw(st.integers(1, 3))):
            values[draw(st.integers(0, len(values) - 1))] = draw(st.sampled_from(TOO_LONG))
    return values
