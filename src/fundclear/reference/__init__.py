"""The judge: the same operations in plain Python whole numbers and fractions, one value at a time.

It is written from the rules, shares no code with the native kernel, and prefers clarity to speed. The property tests
compare the two bit for bit; use it to check a result by hand, or to read what a rule means exactly. Values are in
minor units: 1007 at scale 2 is 10.07. Errors are those of :mod:`fundclear.errors`.

>>> from fundclear import reference
>>> reference.mul_div(1_000_00, 2, 1_2345, 4, 3, 0, 2, "half_up")
41150
>>> reference.format(41150, 2)
'411.50'
"""

from __future__ import annotations

from fundclear.reference.allocation import POLICIES, allocate, allocate_groups
from fundclear.reference.arithmetic import (
    COMPARISONS,
    LIMIT,
    MAX_DIGITS,
    MAX_SCALE,
    absolute,
    add,
    check_digits,
    check_scale,
    compare,
    divide,
    min_max,
    mul_div,
    multiply,
    negate,
    rescale,
    round_fraction,
    subtract,
    sum,
)
from fundclear.reference.day import clear
from fundclear.reference.dealing import LotPart, Refused, redeem, subscribe, switch
from fundclear.reference.gating import accept, limit_of, swing_direction, swung_price, trips
from fundclear.reference.income import distribute, income_per_10k, seven_day_yield
from fundclear.reference.netting import net, net_obligations
from fundclear.reference.policy import Policy, from_plain
from fundclear.reference.steps import apply_events, post, settle, validate
from fundclear.reference.text import decimals, format, parse, parse_column, read

__all__ = [
    "COMPARISONS",
    "LIMIT",
    "MAX_DIGITS",
    "MAX_SCALE",
    "POLICIES",
    "LotPart",
    "Policy",
    "Refused",
    "absolute",
    "accept",
    "add",
    "allocate",
    "allocate_groups",
    "apply_events",
    "check_digits",
    "check_scale",
    "clear",
    "compare",
    "decimals",
    "distribute",
    "divide",
    "format",
    "from_plain",
    "income_per_10k",
    "limit_of",
    "min_max",
    "mul_div",
    "multiply",
    "negate",
    "net",
    "net_obligations",
    "parse",
    "parse_column",
    "post",
    "read",
    "redeem",
    "rescale",
    "round_fraction",
    "settle",
    "seven_day_yield",
    "subscribe",
    "subtract",
    "sum",
    "swing_direction",
    "switch",
    "swung_price",
    "trips",
    "validate",
]
