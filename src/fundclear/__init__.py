"""Fund clearing with exact arithmetic: fixed-point columns on a native kernel, and allocation without loss.

>>> import fundclear as fc
>>> income = fc.allocate("1027.59", [20, 70, 5, 5], scale=2, policy="first")
>>> income.shares
Fixed(['205.52', '719.32', '51.38', '51.37'], scale=2)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fundclear import _kernel
from fundclear.allocation import Allocation, allocate
from fundclear.clearing import Clearing, clear, open_day
from fundclear.columns import Labels
from fundclear.dealing import Redeemed, Subscribed, Switched, redeem, subscribe, switch
from fundclear.errors import (
    AmountOverflowError,
    DivisionByZeroError,
    FundclearError,
    InexactError,
    InputError,
    InputTypeError,
    LawError,
    MissingPackageError,
)
from fundclear.fixed import Fixed
from fundclear.gating import Gated, Swung, gate, swing_price
from fundclear.income import Distribution, distribute, income_per_10k, seven_day_yield
from fundclear.ledger import postings
from fundclear.netting import net
from fundclear.proof import Cut, LawEntry, Proof
from fundclear.register import Register, apply_events
from fundclear.rounding import Rounding
from fundclear.settlement import NetObligations, Settled, net_obligations, settle
from fundclear.tables import (
    Confirmations,
    Events,
    Flows,
    FundDays,
    Income,
    Lots,
    Obligations,
    Orders,
    Payments,
    Positions,
    Postings,
    Settlement,
)
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
from fundclear.validation import validate

if TYPE_CHECKING:
    from fundclear import batch, reference
    from fundclear.verifying import Finding, Verification, verify

__all__ = [
    "Allocation",
    "AmountOverflowError",
    "Calendar",
    "Clearing",
    "Confirmations",
    "Cut",
    "Distribution",
    "DivisionByZeroError",
    "Events",
    "FeeSchedule",
    "Finding",
    "Fixed",
    "Flat",
    "Flows",
    "Fund",
    "FundDays",
    "FundclearError",
    "Gate",
    "Gated",
    "HoldingSchedule",
    "Income",
    "IncomePolicy",
    "InexactError",
    "InputError",
    "InputTypeError",
    "Labels",
    "LawEntry",
    "LawError",
    "Lots",
    "MissingPackageError",
    "NetObligations",
    "Obligations",
    "Orders",
    "Payments",
    "Positions",
    "Postings",
    "Proof",
    "Redeemed",
    "Register",
    "Rounding",
    "Settled",
    "Settlement",
    "Subscribed",
    "Swing",
    "Switched",
    "Swung",
    "Terms",
    "Verification",
    "__version__",
    "allocate",
    "apply_events",
    "batch",
    "build_info",
    "clear",
    "distribute",
    "gate",
    "income_per_10k",
    "net",
    "net_obligations",
    "open_day",
    "postings",
    "redeem",
    "reference",
    "settle",
    "seven_day_yield",
    "subscribe",
    "swing_price",
    "switch",
    "validate",
    "verify",
]

__version__: str = _kernel.build_info()["version"]


def build_info() -> dict[str, str]:
    """What this build is, for bug reports: versions, target, profile.

    >>> build_info()["version"] == __version__
    True
    """
    return _kernel.build_info()


def __getattr__(name: str) -> Any:
    # What few programs need is imported when it is asked for; the pictures need a package besides.
    if name in ("batch", "plot", "reference"):
        return import_module(f"fundclear.{name}")
    if name in ("Finding", "Verification", "verify"):
        found = globals()[name] = getattr(import_module("fundclear.verifying"), name)
        return found
    raise AttributeError(f"module 'fundclear' has no attribute {name!r}")
