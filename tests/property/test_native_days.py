"""Whole random days: the kernel and the judge give the same tables, row by row, bit for bit, or the same error."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundclear.reference import laws
from support.changing_days import crowded, faulty, inflated, renamed, shuffled
from support.drawing_days import DrawnDay, day_of, drawn_days
from support.native_days import Tables, clear_natively, clear_or_code, first_difference

DICE = st.randoms(use_true_random=False)


def _cleared(day: DrawnDay, threads: int = 1) -> Tables | str:
    return clear_or_code(lambda: clear_natively(day, threads))


def _compare(day: DrawnDay) -> Tables | str:
    """Holds the kernel against the judge, and its tables against the laws."""
    made, wanted = _cleared(day), clear_or_code(day.clear)
    if isinstance(made, str) or isinstance(wanted, str):
        outcomes = [each if isinstance(each, str) else "cleared" for each in (made, wanted)]
        assert outcomes[0] == outcomes[1]
        return made
    assert first_difference(made, wanted) == ""
    decided = {name: wanted[name] for name in ("gates", "prices")}
    assert laws.check({**day.inputs, "policy": day.policy}, made | decided) == []
    return made | decided


@given(drawn_days())
def test_days(day: DrawnDay) -> None:
    _compare(day)


@given(drawn_days(), DICE)
def test_days_of_odd_keys_and_shared_accounts(day: DrawnDay, dice: Random) -> None:
    _compare(renamed(day, dice))


@given(drawn_days(), DICE)
def test_days_of_figures_near_18_digits(day: DrawnDay, dice: Random) -> None:
    _compare(inflated(day, dice))


@given(drawn_days(), DICE)
def test_days_that_cannot_be_cleared(day: DrawnDay, dice: Random) -> None:
    _compare(faulty(day, dice))


def _gate_shares(tables: Tables) -> bool:
    return any(0 < row["limit"] < row["requested"] for row in tables["gates"] if row["decision"] == "limit")


def _income_leaves_cents(tables: Tables) -> bool:
    return any(row["cut_remainder"] for row in tables["income"])


@pytest.mark.parametrize("reaches", [_gate_shares, _income_leaves_cents])
def test_days_of_several_buckets(reaches: Callable[[Tables], bool]) -> None:
    # Splits must not know how the accounts are spread over buckets and workers.
    for day in map(day_of, range(1_000)):
        tables = clear_or_code(day.clear)
        rows = len(day.inputs["orders"]) + len(day.inputs["deferred"])
        if rows >= 10 and not isinstance(tables, str) and reaches(tables):
            break
    crowd = crowded(day, 1 + 2**14 // rows)
    made, of_threads = _compare(crowd), _cleared(crowd, threads=3)
    assert not isinstance(made, str)
    assert not isinstance(of_threads, str)
    assert len(made["confirmations"]) > 2**14
    assert reaches(made)
    assert first_difference(of_threads, made) == ""


@given(drawn_days())
def test_threads(day: DrawnDay) -> None:
    assert _cleared(day, threads=3) == _cleared(day, threads=1)


@given(drawn_days(), DICE)
def test_the_order_of_rows_does_not_matter(day: DrawnDay, dice: Random) -> None:
    assert _cleared(shuffled(day, dice)) == _cleared(day)


def test_faults_of_every_kind_are_drawn() -> None:
    # Changes that nothing notices would compare days that are well.
    outcomes = [clear_or_code(faulty(day_of(seed), Random(seed)).clear) for seed in range(500)]
    wanted = {
        "duplicate-order",
        "duplicate-position",
        "gate-decision",
        "income-units",
        "lots",
        "pending",
        "position",
        "position-fund",
        "price",
    }
    assert {code for code in outcomes if isinstance(code, str)} == wanted
