"""Text columns: parse and format, Arrow and Python lists."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from columns import Minor, arrow_decimal, decimals, draw, same_decimals, same_minor, texts
from race import Peer

import fundclear as fc

SECTION = "Parse and format"


def test_parse_arrow_text(race: Any, rows: int) -> None:
    column = arrow_decimal(draw(rows, 1, 10**9), 2).cast(pa.string())
    series = pl.Series(column)
    race(
        "parse an Arrow text column",
        rows,
        lambda: fc.Fixed.parse(column, scale=2),
        [
            Peer("pyarrow", lambda: column.cast(pa.decimal128(18, 2)), same_decimals(2), "", 5),
            Peer("Polars", lambda: series.cast(pl.Decimal(18, 2)), same_decimals(2)),
            Peer("Polars float64", lambda: series.cast(pl.Float64), None, "a float is not exact"),
        ],
        row_bytes=column.nbytes // rows + 8,
    )


def test_format_arrow_text(race: Any, rows: int) -> None:
    minor = draw(rows, 1, 10**9)
    x, column = fc.Fixed.from_minor(minor, 2), arrow_decimal(minor, 2)
    series = pl.Series(column)

    def same_text(ours: pa.Array, theirs: Any) -> bool:
        theirs = theirs.to_arrow() if isinstance(theirs, pl.Series) else theirs
        return bool(ours.equals(theirs.cast(pa.string())))

    race(
        "format to an Arrow text column",
        rows,
        lambda: pa.array(x, pa.string()),
        [
            Peer("pyarrow", lambda: column.cast(pa.string()), same_text, "", 5),
            Peer("Polars", lambda: series.cast(pl.String), same_text),
        ],
        row_bytes=pa.array(x, pa.string()).nbytes // rows + 8,
    )


def by_partition(values: list[str]) -> Minor:
    """Right for every plain number of at most two decimals, and refuses more; a sign before the point is kept."""
    minor = []
    for value in values:
        whole, _, tail = value.partition(".")
        if len(tail) > 2:
            raise ValueError(value)
        minor.append(int(whole + tail.ljust(2, "0")))
    return np.array(minor, np.int64)


def by_decimal(values: list[str]) -> Minor:
    exact = Context(prec=40, traps=[Inexact])
    cent = Decimal("0.01")
    return np.array([int(exact.quantize(Decimal(value), cent).scaleb(2)) for value in values], np.int64)


def by_decimal_unchecked(values: list[str]) -> Minor:
    return np.fromiter([int(Decimal(value) * 100) for value in values], np.int64, len(values))


def by_replace(values: list[str]) -> Minor:
    return np.fromiter([int(value.replace(".", "")) for value in values], np.int64, len(values))


def test_parse_list_of_str(race: Any, list_rows: int) -> None:
    values = texts(draw(list_rows, 1, 10**9), 2)

    def peer(name: str, run: Callable[[list[str]], Minor], note: str = "", at_least: float | None = None) -> Peer:
        return Peer(name, lambda: run(values), same_minor, note, at_least)

    race(
        "parse a list of str",
        list_rows,
        lambda: fc.Fixed.parse(values, scale=2),
        [
            peer("int of parts", by_partition, "refuses more than two decimals", 8),
            peer("Decimal, quantize", by_decimal, "refuses more than two decimals"),
            peer("Decimal × 100", by_decimal_unchecked, "cuts further decimals off"),
            peer("int without the point", by_replace, "wrong for 1.5, because it counts on two decimals"),
            Peer("pyarrow", lambda: pa.array(values).cast(pa.decimal128(18, 2)), same_decimals(2)),
        ],
    )


def test_parse_list_of_decimal(race: Any, list_rows: int) -> None:
    values = decimals(draw(list_rows, 1, 10**9), 2)
    exact = Context(prec=40, traps=[Inexact])
    cent = Decimal("0.01")

    def checked() -> Minor:
        return np.array([int(exact.quantize(value, cent).scaleb(2)) for value in values], np.int64)

    def times_100() -> Minor:
        return np.fromiter([int(value * 100) for value in values], np.int64, len(values))

    def ratio() -> Minor:
        minor = np.empty(len(values), np.int64)
        for row, value in enumerate(values):
            top, bottom = value.as_integer_ratio()
            minor[row], rest = divmod(top * 100, bottom)
            if rest:
                raise ValueError(value)
        return minor

    def text() -> Minor:
        return np.fromiter([int(str(value).replace(".", "")) for value in values], np.int64, len(values))

    race(
        "parse a list of Decimal",
        list_rows,
        lambda: fc.Fixed.parse(values, scale=2),
        [
            Peer("int(value × 100)", times_100, same_minor, "cuts further decimals off", 1.5),
            Peer("quantize", checked, same_minor, "refuses more than two decimals", 1.5),
            Peer("as_integer_ratio", ratio, same_minor, "refuses more than two decimals"),
            Peer("int of the text", text, same_minor, "wrong for 1.5, because it counts on two decimals", 1.5),
            Peer("pyarrow", lambda: pa.array(values, pa.decimal128(18, 2)), same_decimals(2)),
        ],
    )


def test_to_strings(race: Any, list_rows: int) -> None:
    minor = draw(list_rows, 1, 10**9)
    x, values = fc.Fixed.from_minor(minor, 2), decimals(minor, 2)
    numbers = minor.tolist()

    def by_divmod() -> list[str]:
        return [f"{value // 100}.{value % 100:02d}" for value in numbers]

    race(
        "format to a list of str",
        list_rows,
        x.to_strings,
        [
            Peer("str of Decimal", lambda: list(map(str, values)), lambda ours, theirs: ours == theirs),
            Peer("f-string of divmod", by_divmod, lambda ours, theirs: ours == theirs, "positive values only"),
        ],
    )


def test_to_decimals(race: Any, list_rows: int) -> None:
    minor = draw(list_rows, 1, 10**9)
    x, column = fc.Fixed.from_minor(minor, 2), arrow_decimal(minor, 2)
    race(
        "format to a list of Decimal",
        list_rows,
        x.to_decimals,
        [
            Peer("Decimal.scaleb", lambda: decimals(minor, 2), lambda ours, theirs: ours == theirs),
            Peer("pyarrow to_pylist", column.to_pylist, lambda ours, theirs: ours == theirs),
        ],
    )


def test_round_while_parsing(race: Any, list_rows: int) -> None:
    values = texts(draw(list_rows, 1, 10**12), 5)
    cent = Decimal("0.01")
    wide = Context(prec=40)

    def rounded() -> list[Decimal]:
        return [Decimal(value).quantize(cent, ROUND_HALF_UP, wide) for value in values]

    race(
        "parse a list of str of five decimals, half up to two",
        list_rows,
        lambda: fc.Fixed.parse(values, scale=2, rounding="half_up"),
        [Peer("Decimal, quantize", rounded, lambda ours, theirs: ours.to_decimals() == theirs)],
    )
