"""The files of the open-end fund data exchange (OFD): orders in; confirmations, holdings, dividends and cash out."""

from __future__ import annotations

from fundclear.formats.ofdfile import OfdFile, OfdHeader, read

__all__ = ["OfdFile", "OfdHeader", "read"]
