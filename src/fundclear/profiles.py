"""The dealing days that can be made up, by name: what the command says of them before it makes one."""

from __future__ import annotations

from typing import Final

__all__ = ["DATE", "PROFILES"]

#: The kinds of days that there are.
PROFILES: Final = ("yuebao", "transfer-agent")

#: The dealing day if none is named.
DATE: Final = "2017-04-27"
