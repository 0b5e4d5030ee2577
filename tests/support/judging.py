"""Outcomes of calls, and a comparison whose failure can be read without a debugger."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fundclear.errors import FundclearError

#: One operand of an elementwise operation: a column, or a scalar for all rows.
Operand = list[int] | int


@dataclass(frozen=True)
class Refusal:
    """What can be relied on about an error: class, code, row, and where a text stopped being a number."""

    raised: str
    code: str
    row: int | None
    position: int | None = None

    def at(self, row: int | None) -> Refusal:
        return Refusal(self.raised, self.code, row, self.position)


def outcome(call: Callable[..., Any], *arguments: Any) -> Any:
    """What a call returns, or its refusal. Any other exception is a defect and passes through."""
    try:
        return call(*arguments)
    except FundclearError as error:
        found = re.search(r"at position (\d+)", str(error)) if error.code == "stray" else None
        return Refusal(type(error).__name__, error.code, error.row, int(found[1]) if found else None)


def height(*operands: Sequence[Any] | int) -> int:
    """The rows of an operation: those of its columns, one if all operands are scalars."""
    return max((len(operand) for operand in operands if not isinstance(operand, int)), default=1)


def rows_of(*operands: Sequence[Any] | int) -> list[tuple[Any, ...]]:
    """The operands row by row, scalars repeated."""
    rows = height(*operands)
    full = [[operand] * rows if isinstance(operand, int) else operand for operand in operands]
    return list(zip(*full, strict=True))


def by_row(function: Callable[..., Any], *operands: Sequence[Any] | int) -> list[Any]:
    """The outcome of the reference for each row alone, a refusal knowing its row."""
    outcomes = [outcome(function, *row) for row in rows_of(*operands)]
    return [one.at(row) if isinstance(one, Refusal) else one for row, one in enumerate(outcomes)]


def whole(outcomes: Sequence[Any]) -> Any:
    """The outcome of a column from the outcomes of its rows: all values, or the refusal of the smallest row."""
    return next((one for one in outcomes if isinstance(one, Refusal)), list(outcomes))


def accepted(outcomes: Sequence[Any], *operands: Operand) -> tuple[Operand, ...]:
    """The operands cut down to the rows that the reference accepts."""
    kept = [row for row, one in enumerate(outcomes) if not isinstance(one, Refusal)]
    return tuple(operand if isinstance(operand, int) else [operand[row] for row in kept] for operand in operands)


def agree(expected: Any, actual: Any, what: str, *operands: Sequence[Any] | int) -> None:
    """Fail with the first row that differs, its operands, and what each side says about it."""
    if expected == actual:
        return
    lines = [f"{what}: the reference and the tested code differ"]
    if isinstance(expected, list) and isinstance(actual, list):
        pairs = zip(expected, actual, strict=False)
        row = next((at for at, (mine, other) in enumerate(pairs) if mine != other), min(len(expected), len(actual)))
        lines.append(f"  rows: {len(expected)} and {len(actual)}; first difference at row {row}")
        lines.append(f"  reference: {expected[row : row + 1]}")
        lines.append(f"  tested:    {actual[row : row + 1]}")
        if operands and row < height(*operands):
            lines.append(f"  operands:  {rows_of(*operands)[row]}")
    else:
        lines.append(f"  reference: {expected!r}")
        lines.append(f"  tested:    {actual!r}")
        refusals = {one.row for one in (expected, actual) if isinstance(one, Refusal) and one.row is not None}
        for row in sorted(refusals):
            if operands and row < height(*operands):
                lines.append(f"  operands of row {row}: {rows_of(*operands)[row]}")
    raise AssertionError("\n".join(lines))
