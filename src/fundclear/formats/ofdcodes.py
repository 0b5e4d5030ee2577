"""What the codes and flags of the exchange's files mean, in one place, for reading and for writing."""

from __future__ import annotations

from typing import Final

from fundclear.reasons import REASONS

__all__ = [
    "BUSINESS_CODES",
    "CAPITAL_TYPES",
    "CURRENCIES",
    "DIVIDEND_METHODS",
    "RETURN_CODES",
    "SHARE_CLASSES",
    "SUCCESS",
    "confirmation_code",
]

#: The kinds that are dealt, by their business codes.
BUSINESS_CODES: Final = {"022": "subscribe", "039": "periodic", "024": "redeem", "036": "switch"}

#: The currencies that funds of the exchange are kept in, by their ISO 4217 numbers.
CURRENCIES: Final = {
    "156": "CNY",
    "344": "HKD",
    "840": "USD",
    "978": "EUR",
    "392": "JPY",
    "826": "GBP",
    "446": "MOP",
    "901": "TWD",
    "702": "SGD",
    "036": "AUD",
    "124": "CAD",
    "756": "CHF",
}

#: How a class is charged; blank is front-end.
SHARE_CLASSES: Final = {"": "front", "0": "front", "1": "back"}

#: The dividend option, as files 05 and 06 write it; blank is the fund's default.
DIVIDEND_METHODS: Final = {"": "", "default": "", "reinvest": "0", "cash": "1"}

#: The return code of what was done.
SUCCESS: Final = "0000"

#: By reason, the return code of an order of which nothing was confirmed: 9 and the reason's own code.
RETURN_CODES: Final = {name: f"9{reason.code:03}" if name else SUCCESS for name, reason in REASONS.items()}

#: What cash is for, by the purposes of obligations: the business code and the capital type.
CAPITAL_TYPES: Final = {
    "subscription": ("122", "001"),
    "redemption": ("124", "002"),
    "switch": ("136", "003"),
    "fee": ("", "004"),
    "refund": ("122", "005"),
    "income": ("143", "006"),
}

_BY_KIND: Final = {kind: code for code, kind in BUSINESS_CODES.items()}


def confirmation_code(kind: str) -> str:
    """The business code of a confirmation: "1" and the last two digits of the order's; blank if it has no code.

    >>> confirmation_code("redeem"), confirmation_code("020"), confirmation_code("gift")
    ('124', '120', '')
    """
    code = _BY_KIND.get(kind, kind)
    return f"1{code[1:]}" if len(code) == 3 and code.isascii() and code.isdigit() else ""
