"""The steps by themselves: the worked examples, what each refuses, and what it leaves to others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import fundclear as fc
from fundclear import reference
from fundclear.reference.policy import Gate as PlainGate

DATE = "2017-04-27"
FUND = "000198"
ASKED = ["60000.00", "45000.00", "30000.01"]
RULE = fc.Swing(threshold_up="5%", threshold_down="5%", factor_up="0.3%", factor_down="0.5%")


def terms(**settings: Any) -> fc.Terms:
    return fc.Terms([fc.Fund(FUND, currency="CNY", **settings)])


def code(call: Any, *args: Any, **given: Any) -> tuple[str, str | None, int | None]:
    with pytest.raises(fc.FundclearError) as caught:
        call(*args, **given)
    return caught.value.code, caught.value.argument, caught.value.row


# ---- gate ----


@pytest.mark.parametrize(
    ("counts", "limit", "shares"),
    [
        (False, "100000.00", ["44444.44", "33333.33", "22222.23"]),
        (True, "120000.00", ["53333.33", "40000.00", "26666.67"]),
    ],
)
def test_the_gates_of_the_worked_examples(counts: bool, limit: str, shares: list[str]) -> None:
    given = {"outstanding": "1000000.00", "subscribed": "20000.00", "decision": "limit"}
    gated = fc.gate(ASKED, **given, count_subscriptions=counts)
    assert gated.tripped.tolist() == [True]
    assert (gated.limit.to_strings(), gated.accepted.to_strings()) == ([limit], shares)
    assert gated.portfolios == ("",)
    plain = PlainGate(10_000_000, counts, False, False, None)
    assert gated.limit.minor[0] == reference.limit_of(plain, "limit", 0, 10**8, 13_500_001, 2_000_000, 1)


def test_a_gate_trips_only_above_its_threshold_and_a_decision_is_wanted_only_then() -> None:
    assert fc.gate(["10.00"], outstanding="100.00").tripped.tolist() == [False]
    assert code(fc.gate, ["10.01"], outstanding="100.00") == ("gate-decision", "decision", None)
    assert not fc.gate(["10.01"], outstanding="100.00", switched="0.01").tripped[0]
    assert fc.gate(["10.01"], outstanding="100.00", decision="accept_all").accepted.to_strings() == ["10.01"]
    assert fc.gate(["10.01"], outstanding="100.00", decision="10.005", scale=3).limit.to_strings() == ["10.005"]


def test_ties_go_to_the_smaller_id_and_then_to_the_smaller_distributor() -> None:
    given: dict[str, Any] = {"outstanding": "1", "threshold": "100%", "decision": "limit"}
    assert fc.gate(["1", "1"], **given, order_id=["b", "a"]).accepted.to_strings() == ["0", "1"]
    assert fc.gate(["1", "1"], **given, order_id=[4, 4], distributor=[9, 5]).accepted.to_strings() == ["0", "1"]
    assert fc.gate(["1", "1"], **given).accepted.to_strings() == ["1", "0"]
    since = np.array(["2017-04-27", "2017-04-26"], "datetime64[D]")
    assert fc.gate(["1", "1"], **given, since=since, priority="oldest").accepted.to_strings() == ["0", "1"]


def test_what_a_gate_cannot_take() -> None:
    assert code(fc.gate, ["1", "-1"], outstanding="9") == ("argument", "requested", 1)
    assert code(fc.gate, ["1"], outstanding="-9") == ("argument", "outstanding", None)
    assert code(fc.gate, ["1"], outstanding="9", threshold="101%")[0] == "terms"
    assert code(fc.gate, ["1"], outstanding={"A": "9"}) == ("argument", "outstanding", None)
    assert code(fc.gate, ["1"], outstanding={"A": "9"}, portfolio=["B"]) == ("argument", "outstanding", None)
    assert code(fc.gate, ["1"], outstanding="9", portfolio=["B", "B"])[0] == "length"
    assert code(fc.gate, ["1"], outstanding="9", order_id=[1, 2])[0] == "length"
    assert code(fc.gate, ["1"], outstanding="9", priority="youngest") == ("argument", "priority", None)
    assert code(fc.gate, ["1"], outstanding="9", count_subscriptions="no") == ("argument", "count_subscriptions", None)
    assert code(fc.gate, ["1.25"], outstanding="9", scale=1) == ("inexact", "requested", 0)
    assert code(fc.gate, [1.5], outstanding="9")[0] == "float"
    assert code(fc.gate, ["1"], outstanding=["9", "9"])[0] == "length"
    most = [9 * 10**17, 9 * 10**17]
    assert code(fc.gate, most, outstanding="9", decision="accept_all") == ("overflow", "requested", None)


@pytest.mark.parametrize("ids", [[7, -2, 7], [2**62, -(2**62), 2**62], ["b", "a", "b"]])
def test_portfolios_are_any_integers_or_texts_and_stand_in_their_order(ids: list[Any]) -> None:
    gated = fc.gate(["1", "2", "3"], portfolio=ids, outstanding={ids[0]: "1", ids[1]: "100"}, decision="limit")
    assert gated.portfolios == (ids[1], ids[0])
    assert (gated.tripped.tolist(), gated.limit.to_strings()) == ([False, True], ["2", "1"])
    assert gated.accepted.to_strings() == ["0", "2", "1"]


def test_no_requests_are_no_gate() -> None:
    gated = fc.gate(fc.Fixed.parse([], 2), outstanding={}, portfolio=np.array([], np.int64))
    assert (gated.portfolios, len(gated.tripped), len(gated.limit), len(gated.accepted)) == ((), 0, 0, 0)
    assert fc.gate(fc.Fixed.parse([], 2), outstanding="0").tripped.tolist() == [False]


# ---- swing ----


def test_prices_swing_as_the_reference_says() -> None:
    flows = ["60.00", "50.00", "0.00", "-50.00", "-50.01"]
    swung = fc.swing_price("1.1688", flow=flows, assets="1000", swing=RULE, nav_scale=4)
    assert list(swung.direction) == ["up", "none", "none", "none", "down"]
    assert swung.price.to_strings() == ["1.1723", "1.1688", "1.1688", "1.1688", "1.1630"]
    policy = reference.policy.Swing(5_000_000, 5_000_000, 300_000, 500_000)
    ways = [reference.swing_direction(policy, int(Decimal(flow) * 100), 1000_00) for flow in flows]
    assert ways == list(swung.direction)


def test_rules_overrides_and_rounding_are_of_each_row_or_of_all() -> None:
    capped = fc.Swing(threshold_up="0%", threshold_down="0%", factor_up="3%", factor_down="3%", cap="1%")
    given: dict[str, Any] = {"flow": "1", "assets": "1000", "nav_scale": 2}
    both = fc.swing_price(["1.05", "1.05"], swing=[RULE, capped], **given)
    assert (list(both.direction), both.price.to_strings()) == (["none", "up"], ["1.05", "1.06"])
    decided = fc.swing_price(["1.05", "1.05"], swing=capped, override=["none", "down"], rounding="floor", **given)
    assert decided.price.to_strings() == ["1.05", "1.03"]


def test_what_a_swing_cannot_take() -> None:
    given: dict[str, Any] = {"flow": "1", "assets": "1000", "swing": RULE, "nav_scale": 4}
    assert code(fc.swing_price, ["1.0", "0.0"], **given) == ("price", "nav", 1)
    assert code(fc.swing_price, "1.00001", **given)[0] == "inexact"
    assert code(fc.swing_price, "1", **{**given, "swing": "5%"}) == ("argument", "swing", None)
    assert code(fc.swing_price, "1", **given, override="sideways") == ("argument", "override", None)
    assert code(fc.swing_price, ["1", "1"], **{**given, "flow": ["1", "2", "3"]})[0] == "length"
    assert code(fc.swing_price, "1", **given, rounding="half")[0] == "rounding"


# ---- validation, events, settlement, postings: the property tests hold them against the whole day ----


def test_validation_needs_no_price_and_names_what_is_wrong_with_the_day() -> None:
    orders = fc.Orders(account=[7, 7], fund=FUND, kind="redeem", units=["60.00", "50.00"])
    held = fc.Positions(account=[7], fund=FUND, units=["100.00"])
    ruled = fc.validate(orders, terms=terms(), positions=held, date=DATE)
    assert [(row["status"], row["reason"]) for row in ruled.rows()] == [("", ""), ("rejected", "insufficient-units")]
    assert ruled["quantity"].to_strings() == ["60.00", "0.00"]
    assert code(fc.validate, orders, terms=terms(), date=DATE)[0] == "positions-needed"
    pending = fc.Positions(account=[7], fund=FUND, units=["100.00"], pending=["1.00"])
    assert code(fc.validate, orders, terms=terms(), positions=pending, date=DATE) == ("pending", "positions", 0)
    both = {"prices": {FUND: "1"}, "days": fc.FundDays(fund=[FUND], nav=["1"])}
    assert code(fc.validate, orders, terms=terms(), positions=held, date=DATE, **both)[0] == "argument"
    assert code(fc.validate, "orders", terms=terms(), date=DATE) == ("argument", "orders", None)


def test_the_days_status_closes_a_fund_before_any_price_is_known() -> None:
    orders = fc.Orders(account=[7], fund=FUND, kind="subscribe", amount=["60.00"])
    days = fc.FundDays(fund=[FUND], nav=["1"], status=["subscriptions_closed"])
    ruled = fc.validate(orders, terms=terms(), days=days, date=DATE)
    assert list(ruled["reason"]) == ["fund-closed"]


def test_events_keep_pending_units_and_refuse_a_register_that_does_not_tie() -> None:
    held = fc.Positions(account=["A"], fund=FUND, units=["10.00"], pending=["4.00"])
    freeze = fc.Events(event_id=[1], account=["A"], fund=FUND, kind=["freeze"], units=["6.00"])
    positions, lots, events = fc.apply_events(held, freeze, terms=terms(), date=DATE)
    assert [positions[name].to_strings() for name in ("units", "frozen", "pending")] == [["10.00"], ["6.00"], ["4.00"]]
    assert (len(lots), list(events["status"])) == (0, ["confirmed"])
    twice = fc.Positions(account=["A", "A"], fund=FUND, units=["1.00", "2.00"])
    assert code(fc.apply_events, twice, freeze, terms=terms(), date=DATE)[:2] == ("duplicate-position", "positions")
    assert code(fc.apply_events, "A", freeze, terms=terms(), date=DATE)[:2] == ("argument", "positions")


def test_forced_credits_get_a_lot_at_the_price() -> None:
    lot_terms = terms(redemption_fee=fc.HoldingSchedule([(0, "1%"), (7, "0%")]))
    credit = fc.Events(event_id=[1], account=["A"], fund=FUND, kind=["forced_credit"], units=["6.00"])
    given: dict[str, Any] = {"terms": lot_terms, "date": DATE, "prices": {FUND: "1.2500"}}
    lots = fc.apply_events(fc.Positions.empty(), credit, **given).lots
    assert (lots["units"].to_strings(), lots["nav"].to_strings()) == (["6.00"], ["1.2500"])


def obligations(**columns: Any) -> fc.Obligations:
    given = {"payer": ["bank"], "payee": ["clearing"], "amount": ["7.00"], "fund": [FUND], "purpose": ["subscription"]}
    dates = {"dealing_date": DATE, "value_date": "2017-04-28", "currency": "CNY", "netting_set": ""}
    return fc.Obligations(**{**dates, **given, **columns})


def test_what_settlement_cannot_take() -> None:
    assert code(fc.settle, obligations(amount=["-7.00"]), date=DATE) == ("negative-amount", "amount", 0)
    assert code(fc.settle, obligations(purpose=["gift"]), date=DATE) == ("argument", "purpose", None)
    assert [len(table) for table in fc.settle(fc.Obligations.empty(), date=DATE)] == [0, 0, 0, 0]
    owed = obligations(value_date=DATE)
    assert [len(table) for table in fc.settle(owed, date=DATE)] == [2, 1, 1, 0]


def test_what_postings_cannot_take() -> None:
    flows = fc.Flows.empty()
    assert code(fc.postings, flows, terms=terms(), date=DATE, settled=obligations()) == ("argument", "settled", 0)
    strange = obligations(fund=["999999"], value_date=DATE)
    assert code(fc.postings, flows, terms=terms(), date=DATE, settled=strange) == ("fund-unknown", "settled", None)
    raw = fc.Events(event_id=[1], account=["A"], fund=FUND, kind=["forced_credit"], units=["6.00"])
    assert code(fc.postings, flows, terms=terms(), date=DATE, events=raw) == ("argument", "events", None)
    done = raw.with_columns(status=["confirmed"])
    posted = fc.postings(flows, terms=terms(), date=DATE, events=done)
    assert {(row["step"], row["account"]) for row in posted.rows()} == {
        ("forced", account) for account in ("equalisation", "paid_in_capital", "units_held", "units_in_issue")
    }


def test_a_fund_is_paid_on_its_custody_account_alone() -> None:
    paid = obligations(payer=["clearing"], payee=["custody 1"], value_date=DATE)
    its = terms(custody="custody 1")
    posted = fc.postings(fc.Flows.empty(), terms=its, date=DATE, settled=paid)
    assert [(row["account"], str(row["debit"]), str(row["credit"])) for row in posted.rows()] == [
        ("fund_cash", "7.00", "0.00"),
        ("subscription_receivable", "0.00", "7.00"),
    ]
    assert len(fc.postings(fc.Flows.empty(), terms=its, date=DATE, settled=obligations(value_date=DATE))) == 0
