"""Columns long enough for several threads: the same values, and the same failing row, for every number of them.

Drawn rows are tiled over more than three blocks of 65,536 rows, so the reference computes only the drawn ones.
Failing rows are put where blocks meet; the smallest of them must be named whichever thread is quicker.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fundclear import reference
from fundclear.reference import POLICIES
from fundclear.rounding import Rounding
from support.drawing import Case, cases, pairs, scales, value_columns
from support.drawing_shares import totals_for, weight_columns
from support.drawing_texts import numbers
from support.engines import CODES, ColumnEngine, column, kernel
from support.judging import Operand, Refusal, accepted, agree, by_row, outcome

THREADS = (1, 2, 3, 5)
BLOCK = 65_536
ROWS = 3 * BLOCK + 17
SEAMS = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK, 3 * BLOCK - 1, 3 * BLOCK, ROWS - 1]

EXAMPLES = settings().max_examples

# A long column costs milliseconds, not microseconds: a tenth of the examples of the other suites.
few = settings(max_examples=max(5, EXAMPLES // 10))

failing_rows: st.SearchStrategy[list[int]] = st.one_of(
    st.just([]), st.lists(st.one_of(st.sampled_from(SEAMS), st.integers(0, ROWS - 1)), min_size=1, max_size=4)
)


def tiled(operand: Operand) -> Any:
    return operand if isinstance(operand, int) else np.resize(column(operand), ROWS)


def judge(name: str, arguments: Callable[..., Any], operands: tuple[Operand, ...], bad: list[int]) -> None:
    """Tile the rows that the reference accepts, spoil some, and compare for every number of threads."""
    by_reference = getattr(reference, name)
    outcomes = by_row(lambda *row: by_reference(*arguments(row)), *operands)
    good = [one for one in outcomes if not isinstance(one, Refusal)]
    if not good:
        return
    kept = accepted(outcomes, *operands)
    columns = [tiled(operand) for operand in kept]
    expected = np.resize(column(good), ROWS)
    spoilt = next(operand for operand in columns if not isinstance(operand, int))
    spoilt[bad] = 2**62
    for threads in THREADS:
        call = getattr(ColumnEngine(threads), name)
        # Arrays go through as they are; the engine only turns lists into arrays.
        result = outcome(call, *arguments(tuple(columns)))
        if bad:
            agree(Refusal("AmountOverflowError", "digits", min(bad)), result, f"{name} on {threads} threads")
        else:
            assert not isinstance(result, Refusal), f"{name} on {threads} threads refused a good column: {result}"
            different = np.flatnonzero(result != expected)
            row = int(different[0]) % len(good) if len(different) else 0
            assert len(different) == 0, (
                f"{name} on {threads} threads differs first at row {different[0]}: {result[different[0]]} is not "
                f"{expected[different[0]]}, operands {[o if isinstance(o, int) else o[row] for o in kept]}"
            )


@few
@given(cases((1,), spoilt=False), failing_rows)
def test_rescale(case: Case, bad: list[int]) -> None:
    judge("rescale", lambda row: (*row, case.scales[0], case.scale, case.mode), case.operands, bad)


@pytest.mark.parametrize(("name", "powers"), [("multiply", (1, 1)), ("divide", (1, -1)), ("mul_div", (1, 1, -1))])
@few
@given(data=st.data(), bad=failing_rows)
def test_products_and_quotients(name: str, powers: tuple[int, ...], data: st.DataObject, bad: list[int]) -> None:
    case = data.draw(cases(powers, spoilt=False))
    judge(name, case.arguments, case.operands, bad)


@pytest.mark.parametrize("name", ["add", "subtract"])
@few
@given(operands=pairs(spoilt=False), bad=failing_rows)
def test_add_and_subtract(name: str, operands: tuple[Operand, ...], bad: list[int]) -> None:
    judge(name, lambda row: row, operands, bad)


@pytest.mark.parametrize("name", ["negate", "absolute"])
@few
@given(values=value_columns(min_size=1, spoilt=False), bad=failing_rows)
def test_negate_and_absolute(name: str, values: list[int], bad: list[int]) -> None:
    judge(name, lambda row: row, (values,), bad)


@few
@given(value_columns(min_size=1, spoilt=False), failing_rows)
def test_sum_min_max_and_compare(values: list[int], bad: list[int]) -> None:
    array = np.resize(column(values), ROWS)
    array[bad] = -(2**62)
    whole, part = divmod(ROWS, len(values))
    refusal = Refusal("AmountOverflowError", "digits", min(bad)) if bad else None
    used = values if len(values) <= ROWS else values[:part]
    for threads in THREADS:
        expected_sum = whole * reference.sum(values) + reference.sum(values[:part])
        sum_found = outcome(kernel().sum, array, threads)
        agree(refusal or expected_sum, sum_found, f"sum on {threads} threads")
        extremes = outcome(kernel().min_max, array, threads)
        agree(refusal or reference.min_max(used), extremes, f"min_max on {threads} threads")
        compared = outcome(kernel().compare, array, values[0], 0, threads)
        if bad:
            agree(refusal, compared, f"compare on {threads} threads")
        else:
            assert np.array_equal(compared, array < values[0])


@few
@given(st.lists(numbers, min_size=1, max_size=30), scales, st.sampled_from([Rounding.HALF_UP, None]), failing_rows)
def test_parse_texts(texts: list[str], scale: int, mode: Rounding | None, bad: list[int]) -> None:
    outcomes = by_row(lambda text: reference.parse(text, scale, mode), texts)
    rows = [(text, one) for text, one in zip(texts, outcomes, strict=True) if not isinstance(one, Refusal)]
    if not rows:
        return
    array = np.resize(np.array([text for text, _ in rows], dtype="S"), ROWS)
    array[bad] = b"x"
    expected = np.resize(column([one for _, one in rows]), ROWS)
    listed = array.tolist()
    for threads in THREADS:
        for call, given_rows in ((kernel().parse_text, array), (kernel().parse_objects, listed)):
            result = outcome(call, given_rows, scale, CODES[mode], "values", threads)
            what = f"{call.__name__} on {threads} threads"
            if bad:
                agree(Refusal("InputError", "stray", min(bad), 0), result, what)
            else:
                assert not isinstance(result, Refusal), f"{what} refused a good column: {result}"
                assert np.array_equal(result[0], expected), f"{what} differs from the reference"


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=max(3, EXAMPLES // 80))
@given(data=st.data())
def test_allocate(policy: str, data: st.DataObject) -> None:
    """Few different weights over many rows: nearly all remainders are equal, the tie key decides among thousands."""
    rows = BLOCK + 4_711
    base = data.draw(weight_columns(min_size=1, max_size=12).filter(any))
    weights = np.resize(column(base), rows)
    total = data.draw(st.one_of(totals_for(weights.tolist()), st.integers(-rows, rows)))
    seed = data.draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    keys = data.draw(st.sampled_from([None, random.permutation(rows), random.integers(0, 50, rows)]))
    listed = None if keys is None else keys.tolist()
    expected = reference.allocate(total, weights.tolist(), policy, listed)
    for threads in THREADS:
        arguments = (POLICIES.index(policy), CODES[Rounding.HALF_UP], None, keys, threads)
        shares, residuals = kernel().allocate(column([total]), 0, weights, 0, *arguments)
        agree(expected[0], shares.tolist(), f"allocate {policy} of {total} on {threads} threads", weights.tolist())
        assert residuals.tolist() == [expected[1]]


@pytest.mark.parametrize("groups", [3, 5_000])
@settings(max_examples=max(3, EXAMPLES // 80))
@given(data=st.data())
def test_allocate_groups(groups: int, data: st.DataObject) -> None:
    """Few large groups and many small ones, rows of all groups mixed."""
    rows = BLOCK + 4_711
    weights = np.resize(column(data.draw(weight_columns(min_size=1, max_size=12))) + 1, rows)
    weights = np.minimum(weights, reference.LIMIT)
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    of = np.concatenate([np.arange(groups), random.integers(0, groups, rows - groups)])
    random.shuffle(of)
    totals = random.integers(-(10**6), 10**6, groups)
    policy = data.draw(st.sampled_from(POLICIES))
    keys = data.draw(st.sampled_from([None, random.permutation(rows)]))
    listed = None if keys is None else keys.tolist()
    expected = reference.allocate_groups(totals.tolist(), weights.tolist(), of.tolist(), policy, listed)
    for threads in THREADS:
        arguments = (POLICIES.index(policy), CODES[Rounding.HALF_UP], of, keys, threads)
        shares, residuals = kernel().allocate(totals, 0, weights, 0, *arguments)
        agree(expected[0], shares.tolist(), f"allocate {policy} in groups on {threads} threads", weights.tolist())
        agree(expected[1], residuals.tolist(), f"residuals of {policy} in groups on {threads} threads")


@few
@given(st.lists(st.sampled_from(SEAMS), min_size=2, max_size=4, unique=True), st.permutations(range(3)))
def test_different_errors_in_different_blocks(bad: list[int], order: list[int]) -> None:
    """Overflow, lost digits and too many digits in one column: the smallest row, whatever it is that fails there."""
    wrong = [(9 * 10**17, "overflow"), (1, "inexact"), (2**62, "digits")]
    a = np.full(ROWS, 10**9, dtype=np.int64)
    placed = [(row, *wrong[order[at % 3]]) for at, row in enumerate(bad)]
    for row, value, _ in placed:
        a[row] = value
    first, _, code = min(placed)
    for threads in THREADS:
        # Times 2.5, without decimals and without a mode.
        result = outcome(ColumnEngine(threads).multiply, a, 0, 25, 1, 0, None)
        assert isinstance(result, Refusal), f"multiply on {threads} threads took a bad column"
        assert (result.code, result.row) == (code, first)
