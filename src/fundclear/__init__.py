"""Fund clearing with exact arithmetic: fixed-point columns on a native kernel, and allocation without loss.

>>> import fundclear as fc
>>> income = fc.allocate("1027.59", [20, 70, 5, 5], scale=2, policy="first")
>>> income.shares
Fixed(['205.52', '719.32', '51.38', '51.37'], scale=2)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fundclear import batch, reference
    from fundclear.about import __version__, build_info
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

#: Where the public names are at home; a module is imported when one of its names is asked for.
_NAMES = {
    "about": ("__version__", "build_info"),
    "allocation": ("Allocation", "allocate"),
    "clearing": ("Clearing", "clear", "open_day"),
    "columns": ("Labels",),
    "dealing": ("Redeemed", "Subscribed", "Switched", "redeem", "subscribe", "switch"),
    "errors": (
        "AmountOverflowError",
        "DivisionByZeroError",
        "FundclearError",
        "InexactError",
        "InputError",
        "InputTypeError",
        "LawError",
        "MissingPackageError",
    ),
    "fixed": ("Fixed",),
    "gating": ("Gated", "Swung", "gate", "swing_price"),
    "income": ("Distribution", "distribute", "income_per_10k", "seven_day_yield"),
    "ledger": ("postings",),
    "netting": ("net",),
    "proof": ("Cut", "LawEntry", "Proof"),
    "register": ("Register", "apply_events"),
    "rounding": ("Rounding",),
    "settlement": ("NetObligations", "Settled", "net_obligations", "settle"),
    "tables": (
        "Confirmations",
        "Events",
        "Flows",
        "FundDays",
        "Income",
        "Lots",
        "Obligations",
        "Orders",
        "Payments",
        "Positions",
        "Postings",
        "Settlement",
    ),
    "terms": ("Calendar", "FeeSchedule", "Flat", "Fund", "Gate", "HoldingSchedule", "IncomePolicy", "Swing", "Terms"),
    "validation": ("validate",),
    "verifying": ("Finding", "Verification", "verify"),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            found = globals()[name] = getattr(import_module(f"fundclear.{_HOMES[name]}"), name)
            return found
        module = f"fundclear.{name}"
        try:
            # `__main__` is the command: it would run.
            if not name.startswith("__"):
                return import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
        raise AttributeError(f"module 'fundclear' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
