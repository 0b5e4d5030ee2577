"""mul_div, multiply, rescale, add and sum over long columns."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from columns import arrow_decimal, decimals, draw, rows_unlike, same_decimals, same_minor
from race import Peer

import fundclear as fc

SECTION = "Arithmetic"

CENT = Decimal("0.01")
WIDE = Context(prec=60)
HALF_AWAY = "half_away_from_zero"


def test_mul_div_narrow(race: Any, rows: int) -> None:
    a, b, c = draw(rows, 1, 10**10), draw(rows, 2, 10**6), draw(rows, 3, 10**6)
    x, y, z = fc.Fixed.from_minor(a, 2), fc.Fixed.from_minor(b, 4), fc.Fixed.from_minor(c, 4)

    def numpy_half_up() -> Any:
        doubled = c + c
        return (a * b * 2 + c) // doubled

    def plain_agrees(_: fc.Fixed, floors: Any) -> bool:
        return bool(np.array_equal(x.mul_div(y, z, 2, "floor").minor, floors))

    frame = pl.DataFrame({"a": arrow_decimal(a, 2), "b": arrow_decimal(b, 4), "c": arrow_decimal(c, 4)})
    exact = [pl.col(name).cast(pl.Decimal(38, 8)) for name in "abc"]
    expression = (exact[0] * exact[1] / exact[2]).round(2, mode=HALF_AWAY)

    def polars() -> Any:
        return frame.select(x=expression)["x"]

    wide = [column.cast(pa.decimal256(18, scale)) for column, scale in zip(frame.to_arrow(), (2, 4, 4), strict=True)]

    def arrow() -> Any:
        return pc.round(pc.divide(pc.multiply(wide[0], wide[1]), wide[2]), 2, "half_towards_infinity")

    race(
        "mul_div a·b/c, half up, products < 2^63",
        rows,
        lambda: x.mul_div(y, z, 2, "half_up"),
        [
            Peer("numpy (a*b)//c", lambda: (a * b) // c, plain_agrees, "our floor mode; checks nothing", at_least=1),
            Peer("numpy (2ab+c)//2c", numpy_half_up, same_minor, "half up, positive values only; checks nothing"),
            Peer("Polars decimals", polars, None, "rounds at 8 places, then at 2", 10, rows_unlike(2)),
            Peer("pyarrow decimal256", arrow, None, "cuts at 21 places, then rounds", None, rows_unlike(2)),
        ],
        row_bytes=32,
    )


def test_mul_div_wide(race: Any, rows: int) -> None:
    a, b, c = draw(rows, 1, 10**15), draw(rows, 2, 10**15), draw(rows, 3, 10**15, 10**14)
    x, y, z = fc.Fixed.from_minor(a, 2), fc.Fixed.from_minor(b, 4), fc.Fixed.from_minor(c, 4)
    race(
        "mul_div, 128-bit products, 1 thread",
        rows,
        lambda: x.mul_div(y, z, 2, "half_up", threads=1),
        [],
        at_most_ns=12,
        row_bytes=32,
    )


def test_mul_div_of_python_numbers(race: Any, list_rows: int) -> None:
    a, b, c = draw(list_rows, 1, 10**15), draw(list_rows, 2, 10**15), draw(list_rows, 3, 10**15, 10**14)
    x, y, z = fc.Fixed.from_minor(a, 2), fc.Fixed.from_minor(b, 4), fc.Fixed.from_minor(c, 4)
    ints = list(zip(a.tolist(), b.tolist(), c.tolist(), strict=True))
    amounts = list(zip(decimals(a, 2), decimals(b, 4), decimals(c, 4), strict=True))

    def with_decimal() -> list[Decimal]:
        multiply, divide = WIDE.multiply, WIDE.divide
        return [divide(multiply(p, q), r).quantize(CENT, ROUND_HALF_UP, WIDE) for p, q, r in amounts]

    def with_ints() -> list[int]:
        return [(2 * p * q + r) // (2 * r) for p, q, r in ints]

    race(
        "mul_div of Python numbers, 128-bit products",
        list_rows,
        lambda: x.mul_div(y, z, 2, "half_up"),
        [
            Peer("decimal", with_decimal, lambda ours, theirs: ours.to_decimals() == theirs, "60 digits in between"),
            Peer("int", with_ints, same_minor, "positive values only"),
        ],
    )


def test_mul(race: Any, rows: int) -> None:
    a, b = draw(rows, 1, 10**10), draw(rows, 2, 10**6)
    x, y = fc.Fixed.from_minor(a, 2), fc.Fixed.from_minor(b, 4)
    frame = pl.DataFrame({"a": arrow_decimal(a, 2), "b": arrow_decimal(b, 4)})
    expression = pl.col("a").cast(pl.Decimal(38, 6)) * pl.col("b").cast(pl.Decimal(38, 6))
    expression = expression.round(2, mode=HALF_AWAY)
    left, right = frame["a"].to_arrow(), frame["b"].to_arrow()

    def arrow() -> Any:
        return pc.round(pc.multiply(left, right), 2, "half_towards_infinity")

    race(
        "mul, half up",
        rows,
        lambda: x.mul(y, 2, "half_up"),
        [
            Peer("numpy", lambda: (a * b + 5000) // 10_000, same_minor, "positive values only; checks nothing"),
            Peer("Polars decimals", lambda: frame.select(x=expression)["x"], same_decimals(2), "", 10),
            Peer("pyarrow decimal128", arrow, same_decimals(2)),
        ],
        row_bytes=24,
    )


def test_rescale(race: Any, rows: int) -> None:
    a = draw(rows, 1, 10**12)
    x = fc.Fixed.from_minor(a, 4)
    column = arrow_decimal(a, 4)
    frame = pl.DataFrame({"a": column})
    expression = pl.col("a").round(2, mode=HALF_AWAY).cast(pl.Decimal(18, 2))

    def arrow() -> Any:
        return pc.round(column, 2, "half_towards_infinity").cast(pa.decimal128(18, 2))

    race(
        "rescale 4 → 2, half up",
        rows,
        lambda: x.rescale(2, "half_up"),
        [
            Peer("numpy", lambda: (a + 50) // 100, same_minor, "positive values only; checks nothing"),
            Peer("Polars decimals", lambda: frame.select(x=expression)["x"], same_decimals(2)),
            Peer("pyarrow decimal128", arrow, same_decimals(2)),
        ],
        row_bytes=16,
    )


def test_add(race: Any, rows: int) -> None:
    a, b = draw(rows, 1, 10**12), draw(rows, 2, 10**12)
    x, y = fc.Fixed.from_minor(a, 2), fc.Fixed.from_minor(b, 2)
    frame = pl.DataFrame({"a": arrow_decimal(a, 2), "b": arrow_decimal(b, 2)})
    left, right = frame["a"].to_arrow(), frame["b"].to_arrow()
    race(
        "add",
        rows,
        lambda: x + y,
        [
            Peer("numpy", lambda: a + b, same_minor, "checks nothing"),
            Peer("Polars decimals", lambda: frame.select(x=pl.col("a") + pl.col("b"))["x"], same_decimals(2)),
            Peer("pyarrow decimal128", lambda: pc.add(left, right), same_decimals(2)),
        ],
        row_bytes=24,
    )


def test_sum(race: Any, rows: int) -> None:
    a = draw(rows, 1, 10**10)
    x = fc.Fixed.from_minor(a, 2)
    column = arrow_decimal(a, 2)
    series = pl.Series(column)

    def same_value(ours: Decimal, theirs: Any) -> bool:
        return ours == (theirs.as_py() if isinstance(theirs, pa.Scalar) else theirs)

    race(
        "sum",
        rows,
        x.sum,
        [
            Peer("numpy", a.sum, lambda ours, theirs: Fraction(ours) * 100 == int(theirs), "wraps beyond 63 bits"),
            Peer("Polars decimals", series.sum, same_value),
            Peer("pyarrow decimal128", lambda: pc.sum(column), same_value),
        ],
        row_bytes=8,
    )
