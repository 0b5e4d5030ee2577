"""Subscriptions of five hundred funds with four fee tiers each, against the exact expression of a user's engine.

The peers choose the tier by a CASE, divide whole numbers half up, and know of every fund its tiers and its price.
"""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from columns import Minor, draw
from race import Peer

import fundclear as fc
from fundclear.columns import Labels

SECTION = "Dealing"

FUNDS = 500
#: Where a tier begins in cents, and its rate in millionths.
STARTS = [0, 100_000_000, 200_000_000, 500_000_000]
MILLION = 1_000_000


def rates(number: int) -> list[int]:
    """The rates of a fund's tiers in millionths: 1.5 %, 1.2 %, 0.8 %, 0.1 %, a little different for each fund."""
    return [base - 10 * (number % 50) for base in (15_000, 12_000, 8_000, 1_000)]


def navs() -> Minor:
    return draw(FUNDS, 3, 40_000, 5_000)


def terms_of(text_ids: bool) -> fc.Terms:
    def fund(number: int) -> fc.Fund:
        tiers = [
            (fc.Fixed.from_minor(np.array([start]), 2)[0], f"{rate // 10_000}.{rate % 10_000:04}%")
            for start, rate in zip(STARTS, rates(number), strict=True)
        ]
        name = f"{number * 7 + 100_000}" if text_ids else number * 7919 + 100_000
        return fc.Fund(name, currency="CNY", subscription_fee=fc.FeeSchedule(tiers))

    return fc.Terms([fund(number) for number in range(FUNDS)])


def half_up(numerator: str, denominator: str) -> str:
    return f"((2 * ({numerator}) + ({denominator})) // (2 * ({denominator})))"


def schedule() -> dict[str, Minor]:
    columns = {f"rate_{tier}": np.array([rates(number)[tier] for number in range(FUNDS)]) for tier in range(4)}
    return {"fund": np.arange(FUNDS), "nav": navs(), **columns}


def by_duckdb(amounts: Minor, numbers: Minor, kind: str) -> Any:
    """BIGINT is exact while its products are below 2^63, HUGEINT for every amount of 18 digits."""
    connection = duckdb.connect()
    connection.register("given", pl.DataFrame({"row": np.arange(len(amounts)), "amount": amounts, "fund": numbers}))
    connection.execute("CREATE TABLE orders AS SELECT * FROM given")
    connection.register("priced", pl.DataFrame(schedule()))
    connection.execute("CREATE TABLE funds AS SELECT * FROM priced")
    cases = " ".join(f"WHEN amount >= {STARTS[tier]} THEN rate_{tier}" for tier in (3, 2, 1))
    net = half_up(f"amount::{kind} * {MILLION}", f"{MILLION} + rate")
    units = half_up(f"net::{kind} * 10000", "nav")
    query = f"""
        WITH tiered AS (SELECT amount, nav, CASE {cases} ELSE rate_0 END AS rate FROM orders JOIN funds USING (fund)),
             netted AS (SELECT *, {net} AS net FROM tiered),
             bought AS (SELECT *, {units} AS units FROM netted)
        SELECT net::BIGINT AS net, (amount - net)::BIGINT AS fee, units::BIGINT AS units,
               (net * 10000 - units * nav)::BIGINT AS rounding
        FROM bought
    """
    return lambda: connection.sql(query).to_arrow_table()


def by_polars(amounts: Minor, numbers: Minor) -> Any:
    orders = pl.DataFrame({"amount": amounts, "fund": numbers}).lazy()
    funds = pl.DataFrame(schedule()).lazy()
    amount, nav = pl.col("amount"), pl.col("nav")
    rate = pl.when(amount >= STARTS[3]).then(pl.col("rate_3")).when(amount >= STARTS[2]).then(pl.col("rate_2"))
    rate = rate.when(amount >= STARTS[1]).then(pl.col("rate_1")).otherwise(pl.col("rate_0"))
    net = (2 * amount * MILLION + MILLION + pl.col("rate")) // (2 * (MILLION + pl.col("rate")))
    units = (2 * pl.col("net") * 10_000 + nav) // (2 * nav)
    plan = orders.join(funds, on="fund", maintain_order="left").with_columns(rate=rate).with_columns(net=net)
    plan = plan.with_columns(units=units)
    rounding = pl.col("net") * 10_000 - pl.col("units") * nav
    plan = plan.select("net", (amount - pl.col("net")).alias("fee"), "units", rounding.alias("rounding"))
    return plan.collect


def by_numpy(amounts: Minor, numbers: Minor) -> Any:
    table = schedule()
    tiers = np.stack([table[f"rate_{tier}"] for tier in range(4)], axis=1)

    def run() -> dict[str, Minor]:
        tier = np.searchsorted(np.array(STARTS), amounts, side="right") - 1
        base = MILLION + tiers[numbers, tier]
        nav = table["nav"][numbers]
        net = (2 * MILLION * amounts + base) // (2 * base)
        units = (20_000 * net + nav) // (2 * nav)
        return {"net": net, "fee": amounts - net, "units": units, "rounding": net * 10_000 - units * nav}

    return run


def same_rows(ours: fc.Subscribed, theirs: Any) -> bool:
    return all(
        np.array_equal(getattr(ours, name).minor, np.asarray(theirs[name]))
        for name in ("net", "fee", "units", "rounding")
    )


def same_total(ours: fc.Subscribed, theirs: Any) -> bool:
    """A hash join keeps no order, so that totals of products stand for the rows."""
    return all(
        int(getattr(ours, name).minor.sum()) == int(np.asarray(theirs[name]).sum())
        for name in ("net", "fee", "units", "rounding")
    )


@pytest.mark.parametrize("ids", ["integers", "labels"])
def test_subscribe(race: Any, rows: int, ids: str) -> None:
    numbers = draw(rows, 1, FUNDS, 0)
    # Most orders are small; one in some hundred reaches the upper tiers.
    amounts = 10 ** draw(rows, 2, 8, 3) * draw(rows, 4, 100) + draw(rows, 5, 1000)
    terms = terms_of(ids == "labels")
    funds: Any = np.array(terms.ids)[numbers] if ids == "integers" else Labels.from_codes(numbers, terms.ids)
    prices = fc.Fixed.from_minor(navs(), 4)
    by_fund = dict(zip(terms.ids, prices, strict=True))
    column = fc.Fixed.from_minor(amounts, 2)
    out = fc.subscribe(column, by_fund, funds, terms=terms)
    race(
        f"subscribe, 500 funds, four tiers, {ids}",
        rows,
        lambda: fc.subscribe(column, by_fund, funds, terms=terms, out=out),
        [
            Peer("DuckDB, BIGINT", by_duckdb(amounts, numbers, "BIGINT"), same_total, "while products < 2^63", 10),
            Peer("DuckDB, HUGEINT", by_duckdb(amounts, numbers, "HUGEINT"), same_total, at_least=10),
            Peer("Polars, Int64", by_polars(amounts, numbers), same_rows, "while products < 2^63", 5),
            Peer("numpy, searchsorted", by_numpy(amounts, numbers), same_rows, "while products < 2^63"),
        ],
        at_most_ns=6,
        # Amount and fund; net, fee, invested, units, refund and rounding.
        row_bytes=8 + funds.itemsize + 6 * 8 if ids == "integers" else 8 + funds.codes.itemsize + 6 * 8,
    )
