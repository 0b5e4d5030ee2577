"""The General Decimal Arithmetic test suite, run through the kernel and through the reference.

The terminal summary of a run says how many cases each file gave and why the others do not fit.
"""

from __future__ import annotations

from typing import Any

import pytest

from fundclear.rounding import Rounding
from support import dectest
from support.engines import ENGINES
from support.judging import Refusal, outcome

#: The files that name what a column does; the others only add to them.
AT_LEAST = 2_000
NAMED = (
    *("quantize", "ddQuantize", "dqQuantize", "rescale", "rounding", "tointegralx"),
    *("add", "subtract", "multiply", "divide"),
)


def mistake(engine: Any, case: dectest.Case) -> str | None:
    """What an engine gets wrong about a case: the value, or with no mode named the refusal of lost digits."""
    line = case.line
    told = f"{line.name}: {line.operation} {' '.join(line.operands)} -> {line.result} under {line.mode.name}"
    found = outcome(lambda: case.run(engine, line.mode))
    if found != case.expected:
        return f"{told}: {case.expected} at scale {case.scale} is right, {found} came"
    unrounded = outcome(lambda: case.run(engine, None))
    if case.exact and unrounded != case.expected:
        return f"{told}: exact, but without a mode {unrounded} came"
    if case.exact is False and not (isinstance(unrounded, Refusal) and unrounded.code == "inexact"):
        return f"{told}: digits are lost, but without a mode {unrounded} came"
    return None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", dectest.FILES)
def test_no_case_of_the_file_is_wrong(name: str, engine: str) -> None:
    taken, _ = dectest.cases(name)
    mistakes = [told for case in taken if (told := mistake(ENGINES[engine], case))]
    assert not mistakes, f"{len(mistakes)} of {len(taken)} cases of {name} are wrong:\n" + "\n".join(mistakes[:20])


def test_enough_cases_fit() -> None:
    assert sum(len(dectest.cases(name)[0]) for name in NAMED) >= AT_LEAST
    assert all(dectest.cases(name)[0] for name in dectest.FILES)


def test_every_mode_is_exercised_where_it_matters() -> None:
    inexact = {case.line.mode for name in dectest.FILES for case in dectest.cases(name)[0] if case.exact is False}
    assert inexact == set(Rounding)


def test_missing_files_fail_with_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(dectest, "folder", lambda: tmp_path)
    with pytest.raises(AssertionError, match="a failure and not a skip"):
        next(dectest.lines("quantize"))
