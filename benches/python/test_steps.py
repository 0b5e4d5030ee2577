"""The steps of a day by themselves: validate, gate, swing, dealing out, settlement and postings.

Where an engine can say the same in one expression, it is the peer; nobody else validates an order or posts a ledger.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from columns import Minor, draw, same_minor
from race import Peer
from test_clear import DATE, FUNDS, cleared, day_of, minor
from test_distribute import by_polars

import fundclear as fc

SECTION = "Single steps"

#: Parties of the settlement: the funds' custody accounts, distributors and the clearing account.
PARTIES = 400


@pytest.fixture(scope="module")
def day(list_rows: int) -> dict[str, Any]:
    """A tenth of the orders that other benchmarks have rows."""
    return day_of(list_rows, max(1, list_rows // 4), FUNDS)


def test_validate(race: Any, day: dict[str, Any]) -> None:
    orders, terms, positions = day["orders"], day["terms"], day["positions"]
    race(
        "validate orders, 200 funds",
        len(orders),
        lambda: fc.validate(orders, terms=terms, positions=positions, date=DATE),
        [],
        row_bytes=5 * 8 + 1,
    )


def test_gate(race: Any, rows: int) -> None:
    requested, ids = draw(rows, 1, 10**7), np.random.default_rng(2).permutation(rows).astype(np.int64)
    # A tenth of what is outstanding is accepted, and that is a third of what is requested.
    outstanding = int(requested.sum()) * 10 // 3
    limit = -(-outstanding // 10)
    column, total = minor(requested), minor([outstanding])
    race(
        "gate, one portfolio, limited",
        rows,
        lambda: fc.gate(column, outstanding=total, decision="limit", order_id=ids).accepted,
        [Peer("Polars, sorted", lambda: by_polars(limit, ids, requested), same_minor, "is given the limit")],
        row_bytes=24,
    )


def test_gate_of_many_portfolios(race: Any, rows: int) -> None:
    requested, portfolio = minor(draw(rows, 1, 10**7)), draw(rows, 3, FUNDS + 1)
    outstanding = minor([10**7 * rows // FUNDS])
    race(
        "gate, 200 portfolios, limited",
        rows,
        lambda: fc.gate(requested, outstanding=outstanding, portfolio=portfolio, decision="limit").accepted,
        [],
        row_bytes=24,
    )


def test_swing_price(race: Any, list_rows: int) -> None:
    navs, flows = draw(list_rows, 1, 40_000, 5_000), draw(list_rows, 2, 10**8) - 5 * 10**7
    nav, flow, assets = minor(navs, 4), minor(flows), "4000000.00"
    rule = fc.Swing(threshold_up="5%", threshold_down="5%", factor_up="0.3%", factor_down="0.5%")

    def by_numpy() -> Minor:
        """Half up; a twentieth of the assets moves a price."""
        factor = np.where(flows > 2 * 10**7, 10_030, np.where(-flows > 2 * 10**7, 9_950, 10_000))
        prices: Minor = (2 * navs * factor + 10_000) // 20_000
        return prices

    race(
        "swing prices",
        list_rows,
        lambda: fc.swing_price(nav, flow=flow, assets=assets, swing=rule, nav_scale=4).price,
        [Peer("numpy, where", by_numpy, same_minor, "thresholds in whole cents, while products < 2^63")],
        row_bytes=24,
    )


def obligations(rows: int) -> tuple[fc.Obligations, pl.DataFrame]:
    """Obligations of one currency over two value dates, as columns of ours and of a peer."""
    payer, payee, amount = draw(rows, 1, PARTIES, 0), draw(rows, 2, PARTIES, 0), draw(rows, 3, 10**8)
    due = draw(rows, 4, 2, 0)
    names = [f"party {number:03}" for number in range(PARTIES)]
    dates = np.array(["2017-04-28", "2017-05-02"], "datetime64[D]")[due]
    made = fc.Obligations(
        dealing_date=DATE,
        value_date=dates,
        currency="CNY",
        netting_set="",
        fund=draw(rows, 5, FUNDS + 1),
        purpose="subscription",
        payer=fc.Labels.from_codes(payer.astype(np.int32), names),
        payee=fc.Labels.from_codes(payee.astype(np.int32), names),
        amount=minor(amount),
    )
    return made, pl.DataFrame({"due": due, "payer": payer, "payee": payee, "amount": amount})


def by_group(frame: pl.DataFrame) -> Minor:
    """Received less paid of each value date and party, ascending."""
    lazy, keys = frame.lazy(), ["due", "party"]
    received = lazy.select("due", pl.col("payee").alias("party"), "amount")
    paid = lazy.select("due", pl.col("payer").alias("party"), -pl.col("amount"))
    nets: Minor = pl.concat([received, paid]).group_by(keys).sum().sort(keys).collect()["amount"].to_numpy()
    return nets


def test_settle(race: Any, list_rows: int) -> None:
    owed, frame = obligations(list_rows)

    def same_nets(ours: fc.Settled, nets: Minor) -> bool:
        return bool(np.array_equal(ours.settlement["net"].minor, nets))

    race(
        "settle by value date, 400 parties",
        list_rows,
        lambda: fc.settle(owed, date="2017-04-28"),
        [Peer("Polars, group by", lambda: by_group(frame), same_nets, "nets without payments")],
    )


def test_postings(race: Any, day: dict[str, Any]) -> None:
    flows, terms = cleared(day).flows, day["terms"]
    race("post a day's flows, 200 funds", len(flows), lambda: fc.postings(flows, terms=terms, date=DATE), [])


def test_redeem(race: Any, rows: int) -> None:
    """Lots held for three days to a year, with a fee of three tiers; the peer divides whole numbers half up."""
    fee = fc.HoldingSchedule([(0, "1.5%", "100%"), (7, "1%", "50%"), (30, "0%")])
    fund, nav, million = fc.Fund("000198", currency="CNY", redemption_fee=fee), 11_688, 1_000_000
    units, held = draw(rows, 1, 10**7), draw(rows, 2, 365, 3)
    column = minor(units)

    def by_numpy() -> Minor:
        rate = np.where(held < 7, 15_000, np.where(held < 30, 10_000, 0))
        gross = units * nav
        taken = (gross * (rate // 1000) * 2 + million * 10) // (million * 20)
        paid: Minor = (2 * (gross - taken * 10_000) + 10_000) // 20_000
        return paid

    race(
        "redeem lots, three tiers",
        rows,
        lambda: fc.redeem(column, "1.1688", fund, held_days=held).paid,
        [Peer("numpy, where", by_numpy, same_minor, "while products < 2^63; one fund")],
        row_bytes=2 * 8 + 6 * 8,
    )
