"""``clear()`` as its callers see it: what it takes, what it refuses, what comes out, what the next day begins with."""

from __future__ import annotations

import asyncio
import pickle
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fundclear as fc

DATE = "2017-04-27"
NEXT = "2017-04-28"
FUND = "000198"
PRICES = {FUND: "1.1688"}


def terms(**settings: Any) -> fc.Terms:
    return fc.Terms([fc.Fund(FUND, currency="CNY", **settings)])


def subscriptions(*amounts: str, **columns: Any) -> fc.Orders:
    accounts = [f"A-{row}" for row in range(len(amounts))]
    return fc.Orders(account=accounts, fund=FUND, kind="subscribe", amount=list(amounts), **columns)


def clear(orders: Any, **given: Any) -> fc.Clearing:
    return fc.clear(orders, **{"terms": terms(), "prices": PRICES, "date": DATE, **given})


def holding(units: str, account: str = "A-0", **columns: Any) -> fc.Positions:
    return fc.Positions(account=[account], fund=FUND, units=[units], **columns)


def redemption(units: str, account: str = "A-0", **columns: Any) -> fc.Orders:
    return fc.Orders(account=[account], fund=FUND, kind="redeem", units=[units], **columns)


def rows(table: Any, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(str(row[name]) for name in names) for row in table.rows()]


# ---- what comes out ----


def test_a_subscription_is_dealt_at_the_outside_method() -> None:
    fee = fc.FeeSchedule([("0", "1.0%")])
    day = clear(subscriptions("50000.00"), terms=terms(subscription_fee=fee))
    assert rows(day.confirmations, "status", "fee", "net", "units", "rounding") == [
        ("confirmed", "495.05", "49504.95", "42355.36", "0.005232")
    ]
    assert rows(day.positions, "account", "units", "issued") == [("A-0", "42355.36", "42355.36")]
    day.proof.check()


def test_money_goes_through_the_clearing_account() -> None:
    day = clear(subscriptions("100.00", "50.00"), prices={FUND: "1.0000"})
    assert rows(day.settlement, "party", "receives", "pays", "net") == [
        ("clearing", "150.00", "150.00", "0.00"),
        ("custody:000198", "150.00", "0.00", "150.00"),
        ("distributor:0", "0.00", "150.00", "-150.00"),
    ]
    assert rows(day.payments, "payer", "payee", "amount") == [("distributor:0", "custody:000198", "150.00")]


def test_every_order_received_has_one_row() -> None:
    orders = subscriptions("100.00", "0.00", "-5.00", "7.005", order_id=[1, 2, 3, 4])
    day = clear(orders)
    found = dict(zip(day.confirmations["order_id"].tolist(), day.confirmations["reason"], strict=True))
    assert found == {1: "", 2: "quantity-not-positive", 3: "quantity-not-positive", 4: "quantity-precision"}
    assert len(day.rejections) == 3
    with pytest.raises(fc.InputError, match="2 quantity-not-positive, 1 quantity-precision"):
        day.raise_for_rejections()


def test_copies_and_conflicts_of_an_id() -> None:
    orders = subscriptions("1.00", "2.00", "3.00", order_id=[1, 2, 2], distributor=["X", "X", "X"])
    copies = fc.Orders(account=["A"] * 3, fund=FUND, kind="subscribe", amount=["9.00"] * 3, order_id=[7, 7, 7])
    conflict = clear(orders)
    assert sorted(rows(conflict.confirmations, "order_id", "reason")) == [
        ("1", ""),
        ("2", "duplicate-conflict"),
        ("2", "duplicate-conflict"),
    ]
    copied = clear(copies)
    assert sorted(copied.confirmations["reason"]) == ["", "duplicate", "duplicate"]
    assert "deals" not in copied.explain(7)


def test_identifiers_come_back_as_they_came() -> None:
    orders = fc.Orders(account=[7, 9], fund=[198, 198], kind="subscribe", amount=["1.00", "2.00"], distributor="X-1")
    day = fc.clear(orders, terms=fc.Terms([fc.Fund(198, currency="CNY")]), prices={198: "1.0000"}, date=DATE)
    assert day.positions["account"].dtype == np.int64
    assert sorted(day.positions["account"].tolist()) == [7, 9]
    assert set(day.positions["distributor"]) == {"X-1"}


def test_the_order_of_rows_changes_nothing() -> None:
    amounts = [f"{value}.00" for value in range(1, 41)]
    orders = subscriptions(*amounts, order_id=np.arange(40))
    shuffled = np.random.default_rng(3).permutation(40)
    turned = fc.Orders.from_arrow(orders.rows_at(shuffled))
    one, other = clear(orders), clear(turned)
    for name in ("confirmations", "positions", "flows", "settlement", "postings"):
        assert list(getattr(one, name).rows()) == list(getattr(other, name).rows())
    assert one.proof == other.proof


# ---- late orders, gates, the next day ----


def test_a_late_order_is_carried_and_deals_the_next_day() -> None:
    placed = np.array(["2017-04-27T14:59:59", "2017-04-27T15:00:00"], "datetime64[us]")
    first = clear(subscriptions("100.00", "200.00", placed_at=placed, order_id=[1, 2]))
    assert sorted(rows(first.confirmations, "order_id", "status")) == [("1", "confirmed"), ("2", "carried")]
    second = clear(None, date=NEXT, previous=first)
    assert rows(second.confirmations, "order_id", "origin", "status", "units") == [
        ("2", "carried", "confirmed", "171.12")
    ]
    second.proof.check()


def test_what_a_gate_leaves_is_pending_and_deals_the_next_day() -> None:
    gated = terms(gate=fc.Gate(threshold="10%"))
    orders = fc.Orders(
        account=["A", "B", "C"],
        fund=FUND,
        kind="redeem",
        units=["60000.00", "45000.00", "30000.01"],
        order_id=[1, 2, 3],
        on_gate=["defer", "cancel", "defer"],
    )
    held = fc.Positions(account=["A", "B", "C"], fund=FUND, units=["500000.00", "300000.00", "200000.00"])
    day = clear(orders, terms=gated, positions=held, decisions={FUND: "limit"})
    assert sorted(rows(day.confirmations, "order_id", "status", "confirmed", "deferred", "cancelled")) == [
        ("1", "part", "44444.44", "15555.56", "0.00"),
        ("2", "part", "33333.33", "0.00", "11666.67"),
        ("3", "part", "22222.23", "7777.78", "0.00"),
    ]
    assert sorted(rows(day.positions, "account", "pending")) == [("A", "15555.56"), ("B", "0.00"), ("C", "7777.78")]
    assert "44444.44 units accepted" in day.explain(1)
    after = clear(None, terms=gated, date=NEXT, previous=day, decisions={FUND: "accept_all"})
    assert sorted(rows(after.confirmations, "order_id", "origin", "status")) == [
        ("1", "deferred", "confirmed"),
        ("3", "deferred", "confirmed"),
    ]
    assert set(after.positions["pending"].to_strings()) == {"0.00"}


def test_a_tripped_gate_needs_a_decision() -> None:
    with pytest.raises(fc.InputError) as caught:
        clear(redemption("11.00"), terms=terms(gate=fc.Gate(threshold="10%")), positions=holding("100.00"))
    assert (caught.value.code, caught.value.argument, caught.value.value) == ("gate-decision", "decisions", FUND)


def test_income_is_reinvested_to_the_cent() -> None:
    market = terms(income=fc.IncomePolicy(pay="reinvest"))
    held = fc.Positions(account=[1, 2, 3], fund=FUND, units=["100.00", "100.00", "100.00"])
    day = clear(None, terms=market, prices={FUND: "1.0000"}, positions=held, income={FUND: "0.10"})
    assert sorted(rows(day.positions, "account", "income", "units")) == [
        ("1", "0.04", "100.04"),
        ("2", "0.03", "100.03"),
        ("3", "0.03", "100.03"),
    ]
    assert rows(day.income, "income", "paid", "per_10k") == [("0.10", "0.10", "3.3333")]
    assert day.proof.cuts[0].key == "1"


# ---- whole-day errors ----


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"prices": {}}, "price-missing"),
        ({"prices": {FUND: "0"}}, "price-zero"),
        ({"prices": {FUND: "1.0", "999999": "1.0"}}, "fund-unknown"),
        ({"prices": {FUND: "1.00001"}}, "inexact"),
        ({"prices": {FUND: 1.5}}, "float"),
        ({"income": {FUND: "1.00"}, "positions": holding("5.00")}, "income-policy"),
        ({"terms": terms(income=fc.IncomePolicy()), "income": {FUND: "1.00"}}, "positions-needed"),
        (
            {"terms": terms(income=fc.IncomePolicy()), "income": {FUND: "1.00"}, "positions": holding("0.00")},
            "income-units",
        ),
        ({"date": "2017-04-29"}, "terms"),
        ({"decisions": {FUND: "maybe"}}, "stray"),
        ({"date": "27.4.2017"}, "terms"),
        ({"terms": "198"}, "argument"),
        ({"prices": ["1.0"]}, "argument"),
        ({"previous": "yesterday"}, "argument"),
        ({"threads": 0}, "threads"),
    ],
)
def test_a_day_that_cannot_be_cleared(given: dict[str, Any], code: str) -> None:
    with pytest.raises(fc.FundclearError) as caught:
        clear(subscriptions("1.00"), **given)
    assert caught.value.code == code


def test_two_prices_for_a_fund() -> None:
    days = fc.FundDays(fund=[FUND, FUND], nav=["1.0000", "1.0001"])
    with pytest.raises(fc.InputError) as caught:
        clear(subscriptions("1.00"), prices=None, days=days)
    assert caught.value.code == "price-twice"


@pytest.mark.parametrize(
    "positions",
    [
        fc.Positions(account=["A", "A"], fund=FUND, units=["1.00", "2.00"]),
        fc.Positions(account=["A"], fund="999999", units=["1.00"]),
        fc.Positions(account=["A"], fund=FUND, units=["1.00"], frozen=["2.00"]),
        fc.Positions(account=["A"], fund=FUND, units=["1.00"], pending=["0.50"]),
    ],
    ids=["duplicate-position", "position-fund", "position", "pending"],
)
def test_a_register_that_does_not_tie(positions: fc.Positions, request: pytest.FixtureRequest) -> None:
    with pytest.raises(fc.InputError) as caught:
        clear(None, positions=positions)
    assert caught.value.code == request.node.callspec.id


def test_positions_that_are_not_yesterdays() -> None:
    first = clear(subscriptions("100.00"))
    changed = fc.Positions(account=["A-0"], fund=FUND, units=["85.57"])
    with pytest.raises(fc.InputError) as caught:
        clear(None, date=NEXT, positions=changed, previous=first)
    assert caught.value.code == "untied"


def test_a_deferral_that_is_left_out() -> None:
    placed = np.array(["2017-04-27T15:00:00"], "datetime64[us]")
    first = clear(subscriptions("200.00", placed_at=placed))
    with pytest.raises(fc.InputError) as caught:
        clear(None, date=NEXT, previous=first.proof)
    assert (caught.value.code, caught.value.argument) == ("untied", "deferred")
    second = clear(None, date=NEXT, previous=first.proof, deferred=first.deferred)
    assert second.proof["O4"][0].rows == 1


def test_integer_ids_against_text_ids() -> None:
    orders = fc.Orders(account=[1], fund=198, kind="subscribe", amount=["1.00"])
    with pytest.raises(fc.InputTypeError) as caught:
        clear(orders)
    assert caught.value.code == "identifier-kind"


def test_redemptions_need_positions() -> None:
    with pytest.raises(fc.InputError) as caught:
        clear(redemption("1.00"))
    assert caught.value.code == "positions-needed"


def test_a_fund_that_is_not_known_is_a_rejection() -> None:
    orders = fc.Orders(account=["A", "B"], fund=[FUND, "999999"], kind="subscribe", amount=["1.00", "2.00"])
    day = clear(orders)
    assert sorted(rows(day.confirmations, "fund", "status", "reason")) == [
        (FUND, "confirmed", ""),
        ("999999", "rejected", "unknown-fund"),
    ]


# ---- kept, explained, shared ----


def test_a_day_is_kept_and_reopened(tmp_path: Any) -> None:
    day = clear(subscriptions("100.00", "0.00"))
    day.write(tmp_path / "day")
    again = fc.open_day(tmp_path / "day")
    assert again.date == day.date
    assert again.terms == day.terms
    assert again.proof == day.proof
    for name in ("confirmations", "positions", "lots", "flows", "obligations", "settlement", "payments", "postings"):
        assert list(getattr(again, name).rows()) == list(getattr(day, name).rows())
    following = clear(None, date=NEXT, previous=again)
    assert following.proof.digests["previous"] == day.proof.digest


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Any) -> None:
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "note").write_text("mine")
    with pytest.raises(fc.InputError) as caught:
        clear(subscriptions("100.00")).write(tmp_path / "day")
    assert caught.value.code == "folder-exists"
    assert [path.name for path in tmp_path.rglob("*")] == ["day", "note"]


def test_the_same_day_is_written_as_the_same_bytes(tmp_path: Any) -> None:
    orders = subscriptions("100.00", "5.00", order_id=[1, 2])
    clear(orders, threads=1).write(tmp_path / "one")
    clear(fc.Orders.from_arrow(orders.rows_at([1, 0])), threads=2).write(tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_an_order_is_explained() -> None:
    fee = fc.FeeSchedule([("0", "1.0%")])
    told = clear(subscriptions("50000.00", order_id=["S-1"]), terms=terms(subscription_fee=fee)).explain("S-1")
    for part in ("order S-1", "50000", "495.05", "49504.95", "42355.36", "1.1688", "dealt as a whole"):
        assert part in told


def switched(lots: fc.Lots | None = None, **settings: Any) -> fc.Clearing:
    """A switch of 1,000 units from a fund of 0.5 % into one whose second tier, from 1,000.00, is 1.2 %."""
    source = fc.Fund(FUND, currency="CNY", subscription_fee=fc.FeeSchedule([("0", "0.5%")]), **settings)
    target = fc.Fund(
        "000199", currency="CNY", subscription_fee=fc.FeeSchedule([("0", "1.5%"), ("1000", "1.2%"), ("2000", "1.0%")])
    )
    orders = fc.Orders(account="A", fund=FUND, kind="switch", units=["1000.00"], order_id=["W"], target_fund="000199")
    return clear(
        orders,
        terms=fc.Terms([source, target]),
        prices={FUND: "1.1688", "000199": "1.0000"},
        positions=fc.Positions(account="A", fund=FUND, units=["1000.00"]),
        lots=lots,
    )


def test_a_switch_is_explained_with_the_tier_of_its_target() -> None:
    day = switched()
    fee = day.confirmations["top_up_fee"].to_strings()[0]
    assert fee == "8.12"
    told = day.explain("W")
    assert f"{fee} is the fee" in told
    assert "the target's tier from 1000: 0.012, less the fund's tier from 0: 0.005" in told


def test_a_switch_that_counts_what_was_paid_at_purchase_is_explained_so() -> None:
    lots = fc.Lots(account="A", fund=FUND, number=[1], confirmed=["2017-01-03"], units=["1000.00"])
    told = switched(lots, switch_rate="purchase").explain("W")
    assert "the target's tier from 1000: 0.012, less the rate that the lots have paid" in told


def test_a_position_names_the_units_and_the_fees_of_its_orders() -> None:
    day = switched(redemption_fee=fc.HoldingSchedule([(0, "0.5%")]))
    row = next(day.confirmations.rows())
    left, entered = (day.explain(account="A", fund=fund) for fund in (FUND, "000199"))
    assert f"switch: dealt as a whole, 1000.00 units, fee {row['fee']}" in left
    assert "top-up" not in left
    assert f"in: dealt as a whole, {row['units_in']} units, top-up-fee {row['top_up_fee']}" in entered


def test_a_position_is_explained() -> None:
    told = clear(subscriptions("50000.00")).explain(account="A-0", fund=FUND)
    for part in ("account A-0", "opening: 0.00", "42778.92 issued", "closing: 42778.92"):
        assert part in told


@pytest.mark.parametrize("asked", [{"order_id": "nobody's"}, {"account": "A-0"}, {"account": "Z", "fund": FUND}, {}])
def test_nothing_to_explain(asked: dict[str, Any]) -> None:
    with pytest.raises(fc.InputError) as caught:
        clear(subscriptions("1.00", order_id=["S-1"])).explain(**asked)
    assert caught.value.code == "explain"


def test_a_day_can_be_pickled() -> None:
    day = clear(subscriptions("100.00"))
    again = pickle.loads(pickle.dumps(day))
    assert list(again.confirmations.rows()) == list(day.confirmations.rows())


def test_eight_threads_and_asyncio_clear_at_once() -> None:
    days = [subscriptions(*[f"{value}.00" for value in range(1, 50 + number)]) for number in range(8)]
    alone = [list(clear(orders).confirmations.rows()) for orders in days]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda orders: list(clear(orders).confirmations.rows()), days))
    assert together == alone

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(asyncio.to_thread(clear, orders) for orders in days))

    assert [list(day.confirmations.rows()) for day in asyncio.run(all_of_them())] == alone


def test_totals_of_the_repr() -> None:
    day = clear(subscriptions("100.00", "0.00"))
    assert "2 orders (1 confirmed, 1 rejected)" in repr(day)
    assert day.proof.totals["orders confirmed"] == Decimal(1)


# ---- the register between days ----


def _read_of(positions: fc.Positions, *names: str) -> fc.Positions:
    return fc.Positions.from_columns({name: positions.column(name) for name in names})


def test_a_register_ties_without_the_columns_that_tell_how_it_came_about(tmp_path: Path) -> None:
    day = clear(subscriptions("100.00", "200.00"))
    keys = ("account", "transaction_account", "distributor", "fund", "charge")
    state = ("dividend_option", "units", "frozen", "pending", "unpaid")
    full = clear(None, date=NEXT, previous=day.proof, obligations=day.obligations, positions=day.positions)
    for names in ((*keys, *state), (*keys, "units"), ("account", "fund", "units")):
        given = _read_of(day.positions, *names)
        following = clear(None, date=NEXT, previous=day.proof, obligations=day.obligations, positions=given)
        assert following.proof.to_dict() == full.proof.to_dict()
        following.proof.check()
    (tie,) = (entry for entry in full.proof["U5"] if entry.scope == "positions")
    assert tie.right == int(day.proof.digests["out.register"], 16)
    full.write(tmp_path / "full")
    clear(
        None,
        date=NEXT,
        previous=day.proof,
        obligations=day.obligations,
        positions=_read_of(day.positions, *keys, *state),
    ).write(tmp_path / "read")
    for path in (tmp_path / "full").iterdir():
        assert (tmp_path / "read" / path.name).read_bytes() == path.read_bytes()
    assert fc.verify(tmp_path / "full").findings == ()


def test_a_register_does_not_tie_with_another_value_of_what_clearing_reads() -> None:
    day = clear(subscriptions("100.00", "200.00"))
    for name, value in (("frozen", "0.01"), ("unpaid", "0.01"), ("dividend_option", "cash"), ("charge", "back")):
        column = [value] * len(day.positions)
        with pytest.raises(fc.InputError) as caught:
            clear(
                None,
                date=NEXT,
                previous=day.proof,
                obligations=day.obligations,
                positions=day.positions.with_columns(**{name: column}),
            )
        assert (caught.value.code, caught.value.argument) == ("untied", "positions")


def test_entitled_units_count_in_what_came_in_and_not_in_the_tie() -> None:
    day = clear(subscriptions("100.00", "200.00"))
    entitled = day.positions.with_columns(entitled=["1.00", "2.00"])
    one, other = (
        clear(None, date=NEXT, previous=day.proof, obligations=day.obligations, positions=p)
        for p in (day.positions, entitled)
    )
    assert one.proof.digests["in.positions"] == day.proof.digests["out.register"]
    assert other.proof.digests["in.positions"] != one.proof.digests["in.positions"]
