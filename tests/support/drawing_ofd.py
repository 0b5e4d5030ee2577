"""Strategies for files of the fund data exchange: headers, fields, rows that fit them, and values that do not."""

from __future__ import annotations

import datetime
from typing import Any

from hypothesis import strategies as st

from fundclear.reference import ofd as judge

#: The kinds of file in the dictionary.
KINDS = ("03", "04", "05", "06", "07", "10", "11", "12", "25")

_ASCII = "AZaz09 |-_~"
# Of one, two and four bytes; some have their place since the editions of 2005 and 2022 only.
_LETTERS = "基金赎回额零〇　·€ḿ\ue7c7︐龴éüकА\U00020000\U0001f600\U0010ffff\ufffd\u2028"

#: What a text may not have: controls, halves of a pair, and what the editions of GB18030 place differently.
CONTROLS = "\x00\t\n\r\x1b\x1f\x7f\x80\x85\x9f"
OUTSIDE = "\ud800\udfff\ue5e5\ue78d\ue81e\ue864"


def size(text: str) -> int:
    """Bytes of a text in GB18030; all editions give a character as many, but for the few that 2022 swapped."""
    return len(text.translate(judge.EDITION_OF_2022).encode("gb18030"))


def _fitted(text: str, width: int) -> str:
    while size(text) > width:
        text = text[:-1]
    return text.rstrip(" ")


def texts(width: int, alphabet: str = _ASCII + _LETTERS) -> st.SearchStrategy[str]:
    """Texts that fit a width, often to the last byte."""
    some = st.text(alphabet, max_size=width).map(lambda text: _fitted(text, width))
    full = st.builds(lambda start, letter: _fitted(start + letter * width, width), some, st.sampled_from("0A基"))
    if alphabet.isascii():
        full = some.map(lambda text: text.ljust(width, "Z"))
    return st.one_of(st.just(""), some, full)


def numbers(width: int) -> st.SearchStrategy[int]:
    """Numbers that fit a width: a minus takes the place of a digit."""
    high, low = 10**width - 1, 1 - 10 ** (width - 1)
    return st.one_of(st.sampled_from([0, 1, -1, high, low]), st.integers(low, high))


def values(field: judge.Field) -> st.SearchStrategy[int | str]:
    """What a field can hold."""
    if field.type == "N":
        return numbers(field.width)
    return texts(field.width, _ASCII if field.type == "A" else _ASCII + _LETTERS)


def wrong_values(field: judge.Field) -> st.SearchStrategy[int | str]:
    """What a field cannot hold, though it can stand in a column of its type."""
    if field.type == "N":
        beyond = [10**field.width, 1 - 10**field.width, -(10 ** (field.width - 1)), 10**18 - 1, 1 - 10**18]
        return st.sampled_from(beyond)
    start = texts(field.width, _ASCII)
    bad = [*CONTROLS[1:], *OUTSIDE[2:], *([] if field.type == "C" else "é基\U00020000"), "基" * field.width, " "]
    long = st.builds(lambda text, letter: text.ljust(field.width, "x") + letter, start, st.sampled_from("x基é"))
    spoilt = st.builds(lambda text, letter: text[: field.width - 1] + letter, start, st.sampled_from(bad))
    return st.one_of(long, spoilt)


@st.composite
def headers(draw: st.DrawFn) -> judge.Header:
    """Headers of any version and kind, their texts within the widths of the version."""
    version = draw(st.sampled_from([20, 21, 22]))
    _, _, creator, receiver, _, summary, _, sender, recipient, _ = judge.LAYOUTS[version].header
    return judge.Header(
        version,
        draw(texts(creator)),
        draw(texts(receiver)),
        draw(st.dates(datetime.date(1000, 1, 1))),
        draw(texts(summary)),
        draw(st.sampled_from(KINDS)),
        draw(texts(sender)),
        draw(texts(recipient)),
    )


@st.composite
def contents(draw: st.DrawFn, *, min_rows: int = 0) -> tuple[judge.Header, list[str], list[dict[str, Any]]]:
    """What a file can say: some of the fields of its kind in any order, and a few rows."""
    header = draw(headers())
    known = judge.fields_of(header.kind)
    fields = draw(st.lists(st.sampled_from(known), min_size=1, max_size=8, unique=True))
    row = st.fixed_dictionaries({field.name: values(field) for field in fields})
    rows = draw(st.lists(row, min_size=min_rows, max_size=5))
    return header, [field.name for field in fields], rows


def _changed_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """A byte replaced, spoilt, put in or left out, or the file cut."""
    # Counted from the end, because small numbers are drawn more often, and the records stand there.
    at = len(data) - 1 - draw(st.integers(0, len(data) - 1))
    before, byte, behind = data[:at], data[at], data[at + 1 :]
    other = draw(st.sampled_from(b" -+09A_\r\n\0\x80\x81\xff"))
    bit = 1 << draw(st.integers(0, 7))
    more = draw(st.sampled_from([b" ", b"0", b"\r\n", b"\n", b"\x81"]))
    return draw(
        st.sampled_from(
            [
                before + bytes([other]) + behind,
                before + bytes([byte ^ bit]) + behind,
                before + more + bytes([byte]) + behind,
                before + behind,
                before,
            ]
        )
    )


def _changed_lines(draw: st.DrawFn, data: bytes) -> bytes:
    """Lines left out, repeated, exchanged, put behind the end, or ended otherwise."""
    lines = data.split(b"\r\n")
    at, other = (len(lines) - 1 - draw(st.integers(0, len(lines) - 1)) for _ in "ab")
    swapped = list(lines)
    swapped[at], swapped[other] = lines[other], lines[at]
    drawn = [lines[:at] + lines[at + 1 :], [*lines[: at + 1], *lines[at:]], swapped]
    behind = draw(st.sampled_from([b"\r\n", b" ", b"\0", b"OFDCFEND\r\n", b"\x1a"]))
    ended_otherwise = data.replace(b"\r\n", b"\n", draw(st.sampled_from([-1, at])))
    return draw(st.sampled_from([*map(b"\r\n".join, drawn), data + behind, ended_otherwise]))


def _changed_counts(draw: st.DrawFn, data: bytes) -> bytes:
    """The number of fields or of records is not what stands there."""
    lines = data.split(b"\r\n")
    fields = int(lines[9])
    at = draw(st.sampled_from([9, 10 + fields]))
    count = max(int(lines[at]) + draw(st.sampled_from([-1, 1, 2, 9])), 0)
    lines[at] = str(count).zfill(len(lines[at])).encode()
    return b"\r\n".join(lines)


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """A file to which one thing has happened on its way."""
    return draw(st.sampled_from([_changed_bytes, _changed_lines, _changed_counts]))(draw, data)
