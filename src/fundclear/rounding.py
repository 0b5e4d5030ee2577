"""Rounding modes: the eight of the General Decimal Arithmetic standard, by the names of Python's :mod:`decimal`."""

from __future__ import annotations

from enum import Enum
from typing import Final

from fundclear.errors import refuse

__all__ = ["Rounding"]


class Rounding(Enum):
    """How a result that does not fit its scale is rounded; the value is :mod:`decimal`'s constant.

    Wherever a mode is wanted, the member or its lower-case name is accepted.

    >>> Rounding.HALF_UP.value
    'ROUND_HALF_UP'
    >>> Rounding.of("half_even")
    <Rounding.HALF_EVEN: 'ROUND_HALF_EVEN'>
    """

    HALF_UP = "ROUND_HALF_UP"
    HALF_EVEN = "ROUND_HALF_EVEN"
    HALF_DOWN = "ROUND_HALF_DOWN"
    UP = "ROUND_UP"
    DOWN = "ROUND_DOWN"
    CEILING = "ROUND_CEILING"
    FLOOR = "ROUND_FLOOR"
    ZERO_FIVE_UP = "ROUND_05UP"

    @classmethod
    def of(cls, mode: Rounding | str) -> Rounding:
        """The mode of a member or of its lower-case name; anything else is an error with code ``rounding``."""
        if isinstance(mode, cls):
            return mode
        found = _BY_NAME.get(mode) if isinstance(mode, str) else None
        if found is None:
            raise refuse("rounding", argument="rounding", value=repr(mode), known=", ".join(_BY_NAME))
        return found


_BY_NAME: Final = {mode.name.lower(): mode for mode in Rounding}

#: The kernel's code for "no rounding named": a lost digit is an error.
EXACT: Final = len(Rounding)

# One look-up for all three spellings of a mode: calls on a few rows are common and this is part of each.
_CODES: Final[dict[object, int]] = {None: EXACT}
for _code, _mode in enumerate(Rounding):
    _CODES[_mode] = _CODES[_mode.name.lower()] = _code


def kernel_code(mode: Rounding | str | None) -> int:
    """The kernel's code of a mode; ``None`` is the code for exact-or-error."""
    try:
        return _CODES[mode]
    except (KeyError, TypeError):
        # None is a key, so what was not found is refused here.
        return _CODES[Rounding.of(mode)]  # type: ignore[arg-type]
