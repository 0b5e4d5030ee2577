"""Strategies for texts and objects that are numbers, nearly numbers, or nothing of the kind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import strategies as st

from support.drawing import amounts, scales

#: The end of a fraction: what decides a tie may stand far behind all digits that are kept.
_tails = st.one_of(
    st.text("0123456789", max_size=6),
    st.builds(
        lambda first, filler, length, last: first + filler * length + last,
        st.sampled_from(["", "5", "4", "9", "0"]),
        st.sampled_from(["0", "9"]),
        st.integers(0, 30),
        st.sampled_from(["", "0", "1", "5"]),
    ),
)
_wholes = st.one_of(
    st.text("0123456789", max_size=6),
    amounts.map(lambda value: str(abs(value))),
    st.builds(lambda zeros, digits: "0" * zeros + digits, st.integers(0, 30), st.text("0123456789", max_size=19)),
)
_signs = st.sampled_from(["", "", "-", "+"])


def _number(sign: str, whole: str, point: bool, part: str) -> str:
    text = whole + ("." + part if point else "")
    return sign + (text if text not in {"", "."} else "0")


numbers = st.one_of(
    st.builds(_number, _signs, _wholes, st.booleans(), _tails),
    # An amount cut at its scale, with digits of a tail behind: the value is near what the scale can hold.
    st.builds(
        lambda value, scale, tail: _placed(value, scale) + ("" if scale == 0 and not tail else tail),
        amounts,
        scales,
        st.one_of(st.just(""), _tails),
    ),
)


def _placed(value: int, scale: int) -> str:
    digits = str(abs(value)).rjust(scale + 1, "0")
    return ("-" if value < 0 else "") + digits[: len(digits) - scale] + "." + digits[len(digits) - scale :]


_strange = "0123456789.+-eE _,'/:x\u00a0\u0663\uff15\U0001d7d8aNif\n\t"
_spoilt = st.builds(
    lambda text, at, stray: text[: at % (len(text) + 1)] + stray + text[at % (len(text) + 1) :],
    numbers,
    st.integers(0, 60),
    st.sampled_from(_strange),
)
_words = st.builds(
    lambda sign, word, upper: sign + "".join(c.upper() if u else c for c, u in zip(word, upper, strict=False)),
    _signs,
    st.sampled_from(["nan", "snan", "inf", "infinity", "infinit", "nan1", "na", "in", "i", "s"]),
    st.lists(st.booleans(), min_size=8, max_size=8),
)
_beginnings = st.sampled_from(
    ["", "+", "-", ".", "-.", "+.", "1.", ".1", "1..2", "--1", "1-", " 1", "1 ", "1e5", "0x1"]
)

#: Texts that are no plain number, most of them nearly one.
odd_texts = st.one_of(_spoilt, _words, _beginnings, st.text(max_size=4))

#: Texts that are usually plain numbers, and now and then are not.
texts = st.one_of(numbers, numbers, numbers, numbers, odd_texts)


#: Texts of the ``decimal`` syntax: numbers with an exponent, small or large.
exponent_texts = st.builds(
    lambda number, letter, plus, exponent: f"{number}{letter}{'+' if plus and exponent >= 0 else ''}{exponent}",
    numbers,
    st.sampled_from("eE"),
    st.booleans(),
    st.one_of(st.integers(-45, 45), st.integers(-(10**6), 10**6), st.sampled_from([0, 18, -18])),
)


def _decimal(negative: bool, coefficient: int, zeros: int, exponent: int) -> Decimal:
    digits = tuple(map(int, str(coefficient))) + (0,) * zeros
    return Decimal((int(negative), digits, exponent))


finite_decimals = st.builds(
    _decimal,
    st.booleans(),
    st.one_of(amounts.map(abs), st.integers(0, 10**40)),
    st.sampled_from([0, 0, 0, 1, 5, 25]),
    st.one_of(st.integers(-20, 4), st.integers(-20, 4), st.integers(-60, 60), st.sampled_from([-999_000, 999_000])),
)
_special_decimals = st.sampled_from(
    [Decimal(text) for text in ("NaN", "-NaN", "sNaN", "NaN123", "Infinity", "-Infinity")]
)
decimals = st.one_of(finite_decimals, finite_decimals, finite_decimals, _special_decimals)

ints = st.one_of(amounts, st.integers(-(10**20), 10**20), st.integers(-50, 50), st.just(10**400))
numpy_ints = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(np.int64),
    st.integers(0, 2**64 - 1).map(np.uint64),
    st.integers(-128, 127).map(np.int8),
)

#: Objects that are no amount at all.
others: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0.5, float("nan"), np.float64(1.5), np.float32(1.5), [], (), object, 1j, {}]
)

#: What may stand in a list where money is wanted.
amount_objects = st.one_of(numbers, numbers.map(str.encode), decimals, ints, numpy_ints)
any_objects = st.one_of(amount_objects, amount_objects, amount_objects, texts, others)
