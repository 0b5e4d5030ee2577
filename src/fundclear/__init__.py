"""Fund clearing with exact arithmetic: fixed-point columns on a native kernel, and allocation without loss.

>>> import fundclear as fc
>>> income = fc.allocate("1027.59", [20, 70, 5, 5], scale=2, policy="first")
>>> income.shares
Fixed(['205.52', '719.32', '51.38', '51.37'], scale=2)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fundclear import _kernel
from fundclear.allocation import Allocation, allocate
from fundclear.errors import (
    AmountOverflowError,
    DivisionByZeroError,
    FundclearError,
    InexactError,
    InputError,
    InputTypeError,
    LawError,
)
from fundclear.fixed import Fixed
from fundclear.rounding import Rounding
from fundclear.terms import (
    Calendar,
    FeeSchedule,
    Flat,
    Fund,
    Gate,
    HoldingSchedule,
    IncomePolicy,
    Swing,
    Terms,
)

if TYPE_CHECKING:
    from fundclear import reference

__all__ = [
    "Allocation",
    "AmountOverflowError",
    "Calendar",
    "DivisionByZeroError",
    "FeeSchedule",
    "Fixed",
    "Flat",
    "Fund",
    "FundclearError",
    "Gate",
    "HoldingSchedule",
    "IncomePolicy",
    "InexactError",
    "InputError",
    "InputTypeError",
    "LawError",
    "Rounding",
    "Swing",
    "Terms",
    "__version__",
    "allocate",
    "build_info",
    "reference",
]

__version__: str = _kernel.build_info()["version"]


def build_info() -> dict[str, str]:
    """What this build is, for bug reports: versions, target, profile.

    >>> build_info()["version"] == __version__
    True
    """
    return _kernel.build_info()


def __getattr__(name: str) -> Any:
    # The reference is there to judge, not to run: it is imported when it is asked for.
    if name == "reference":
        import fundclear.reference  # noqa: PLC0415

        return fundclear.reference
    raise AttributeError(f"module 'fundclear' has no attribute {name!r}")
