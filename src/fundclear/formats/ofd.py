"""The files of the open-end fund data exchange (OFD): orders in; confirmations, holdings, dividends and cash out."""

from __future__ import annotations

from fundclear.formats.ofdday import cash_clearing, confirmations, dividends, holdings
from fundclear.formats.ofdfile import OfdFile, OfdHeader, read
from fundclear.formats.ofdorders import currencies, screened, to_orders

__all__ = [
    "OfdFile",
    "OfdHeader",
    "cash_clearing",
    "confirmations",
    "currencies",
    "dividends",
    "holdings",
    "read",
    "screened",
    "to_orders",
]
