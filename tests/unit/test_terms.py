"""Terms as data: what they keep, what contradicts itself, and what the kernel is given."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import fundclear as fc

NONE = 2**63 - 1

FEE = fc.FeeSchedule([("0", "1.5%"), ("1000000", "1.2%"), ("5000000", fc.Flat("1000.00"))], discounts={"201": "0.1"})
HELD = fc.HoldingSchedule([(0, "1.5%"), (7, "1%"), (90, "0.5%", "75%")])


def fund(id: Any = "000198", **settings: Any) -> fc.Fund:
    return fc.Fund(id, **{"currency": "CNY", **settings})


def refused(call: Callable[[], Any]) -> tuple[str, str | None, str]:
    """Code, place and text of what a call refuses."""
    with pytest.raises(fc.FundclearError) as raised:
        call()
    error = raised.value
    assert error.argument is not None
    assert error.argument in str(error)
    return error.code, error.argument, str(error)


# ---- settings ----


@pytest.mark.parametrize("rate", ["1.5%", "0.015", "01.50%", Decimal("0.015"), Decimal("15E-3"), "0.01500000"])
def test_a_rate_is_the_same_however_it_is_written(rate: Any) -> None:
    assert fc.Gate(threshold=rate) == fc.Gate(threshold="1.5%")
    assert fc.Gate(threshold=rate).threshold == Decimal("0.015")
    assert repr(fc.Gate(threshold=rate)) == "Gate(threshold='1.5%')"


@pytest.mark.parametrize(
    ("rate", "code"),
    [
        (0.015, "float"),
        (np.float64(0.5), "float"),
        (True, "bool"),
        (None, "null"),
        ("", "empty"),
        ("%", "empty"),
        ("1.5 %", "stray"),
        ("1.5%%", "stray"),
        ("1e-2", "stray"),
        ("0.000000001", "inexact"),
        ("0.0000001%", "inexact"),
        ("-1%", "terms"),
        ("100.000001%", "terms"),
        (2, "terms"),
        ([], "type"),
    ],
)
def test_what_is_no_share_is_refused_by_name(rate: Any, code: str) -> None:
    assert refused(lambda: fc.Gate(threshold=rate))[:2] == (code, "threshold")
    assert refused(lambda: fund(gate={"threshold": rate}))[:2] == (code, "fund '000198': gate: threshold")


def test_bounds_of_rates_are_sharp() -> None:
    assert fc.Gate(threshold="100%").threshold == 1
    assert fc.FeeSchedule([(0, "99.999999%")]).tiers[0].charge == Decimal("0.99999999")
    assert refused(lambda: fc.FeeSchedule([(0, "100%")]))[0] == "terms"
    assert refused(lambda: fc.HoldingSchedule([(0, 1)]))[0] == "terms"
    assert refused(lambda: fc.Swing(threshold_up=0, threshold_down=0, factor_up=0, factor_down=1))[1] == "factor_down"


def test_a_fund_keeps_what_it_is_given() -> None:
    full = fund(
        subscription_fee=FEE,
        redemption_fee=HELD,
        unit_rounding="down",
        gate=fc.Gate(threshold="10%", priority="oldest", default="limit"),
        income=fc.IncomePolicy(pay="cash", residue="keep"),
        minimum_holding="0.10",
        cut_off="14:30",
    )
    assert full.unit_rounding is fc.Rounding.DOWN
    assert full.minimum_holding == Decimal("0.1")
    assert full.custody == "custody:000198"
    assert full.cut_off.isoformat() == "14:30:00"
    assert eval(repr(full), vars(fc)) == full
    assert full.replace() == full
    assert hash(full.replace(minimum_holding="0.1")) == hash(full)


def test_replacing_checks_again_and_leaves_the_first_alone() -> None:
    first = fund(minimum_redemption="1")
    other = first.replace(id="000199", minimum_redemption=2)
    assert (first.minimum_redemption, other.minimum_redemption) == (1, 2)
    assert other.custody == "custody:000199"
    assert first.replace(custody="bank").replace(id="x").custody == "bank"
    assert refused(lambda: first.replace(maximum_redemption="0.5"))[1] == "fund '000198': minimum_redemption"
    assert refused(lambda: first.replace(minimum="1"))[1] == "minimum"


def test_nothing_can_be_set() -> None:
    terms = fc.Terms([fund(subscription_fee=FEE)])
    for thing, name in ((fund(), "currency"), (FEE, "tiers"), (fc.Gate(threshold=0), "threshold"), (HELD, "tiers")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, None)
    with pytest.raises(AttributeError, match="never change"):
        terms.funds = ()  # type: ignore[misc]
    with pytest.raises(AttributeError, match="never change"):
        del terms._funds


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"cash_scale": 19}, "cash_scale"),
        ({"cash_scale": True}, "cash_scale"),
        ({"nav_scale": 4.0}, "nav_scale"),
        ({"currency": ""}, "currency"),
        ({"currency": 156}, "currency"),
        ({"parent": "000198"}, "parent"),
        ({"parent": "000009", "gate": fc.Gate(threshold="10%")}, "gate"),
        ({"method": "besides"}, "method"),
        ({"whole_units": 1}, "whole_units"),
        ({"cut_off": "25:00"}, "cut_off"),
        ({"cut_off": "15:00+08:00"}, "cut_off"),
        ({"time_zone": "Asia/Nowhere"}, "time_zone"),
        ({"time_zone": "../etc"}, "time_zone"),
        ({"redemption_days": -1}, "redemption_days"),
        ({"redemption_days": 367}, "redemption_days"),
        ({"minimum_subscription": "-0.01"}, "minimum_subscription"),
        ({"maximum_redemption": 0}, "maximum_redemption"),
        ({"minimum_subscription": 5, "maximum_subscription_day": "4.99"}, "minimum_subscription"),
        ({"back_end_fee": HELD}, "back_end_fee: tier 2"),
        ({"income": fc.IncomePolicy(), "unit_scale": 1}, "income"),
        ({"subscription_fee": []}, "subscription_fee: tier 0"),
        ({"subscription_fee": [("0.01", "1%")]}, "subscription_fee: tier 0"),
        ({"subscription_fee": [(0, "1%"), (5, 0), (5, 0)]}, "subscription_fee: tier 2"),
        ({"subscription_fee": [(0, "1%", 0)]}, "subscription_fee: tier 0"),
        ({"subscription_fee": "1.5%"}, "subscription_fee: tiers"),
        ({"subscription_fee": {"tiers": [(0, 0)], "discounts": {"1": "1.1"}}}, "subscription_fee: discounts: '1'"),
        ({"redemption_fee": [(1, "1%")]}, "redemption_fee: tier 0"),
        ({"redemption_fee": [(0, "1%"), (2**31, 0)]}, "redemption_fee: tier 1: days"),
        ({"gate": "10%"}, "gate"),
        ({"gate": {}}, "gate: threshold"),
        ({"gate": {"threshold": 0, "treshold": 0}}, "gate: treshold"),
    ],
)
def test_a_fund_that_contradicts_itself_names_fund_and_setting(settings: dict[str, Any], place: str) -> None:
    assert refused(lambda: fund(**settings))[:2] == ("terms", f"fund '000198': {place}")


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"minimum_subscription": "0.001"}, "minimum_subscription"),
        ({"minimum_holding": "0.001"}, "minimum_holding"),
        ({"cash_scale": 0, "subscription_fee": [("0", 0), ("0.5", 0)]}, "subscription_fee: tier 1: start"),
        ({"subscription_fee": [(0, fc.Flat("0.001"))]}, "subscription_fee: tier 0: flat"),
    ],
)
def test_an_amount_with_more_places_than_the_fund_is_refused(settings: dict[str, Any], place: str) -> None:
    assert refused(lambda: fund(**settings))[:2] == ("inexact", f"fund '000198': {place}")


def test_whole_amounts_fit_every_scale() -> None:
    assert fund(cash_scale=0, minimum_subscription="100.00", minimum_holding=1).minimum_subscription == 100


@pytest.mark.parametrize(
    ("settings", "keeps"),
    [
        ({}, False),
        ({"redemption_fee": [(0, "0.5%")]}, False),
        ({"redemption_fee": [(0, "0.5%"), (7, 0)]}, True),
        ({"back_end_fee": [(0, "1%")]}, True),
        ({"switch_rate": "purchase"}, True),
    ],
)
def test_lots_are_kept_where_a_fee_depends_on_them(settings: dict[str, Any], keeps: bool) -> None:
    terms = fc.Terms([fund(**settings)])
    assert terms["000198"].keeps_lots is terms.plain()[0]["keeps_lots"] is keeps


# ---- terms ----


def test_funds_stand_by_rising_id() -> None:
    texts = ["b", "a", "é", "Z", "aa", "\U0001f4b0", "\uffee"]
    assert fc.Terms([fund(id) for id in texts]).ids == ("Z", "a", "aa", "b", "é", "\uffee", "\U0001f4b0")
    terms = fc.Terms([fund(id) for id in (10, 9, -1, np.int64(198))])
    assert terms.ids == (-1, 9, 10, 198)
    assert all(type(id) is int for id in terms.ids)
    assert [each.id for each in terms] == [-1, 9, 10, 198]
    assert (terms.number(198), terms.number(np.int64(198)), terms.number("198"), terms.number(7)) == (3, 3, None, None)
    assert (198 in terms, fund(9) in terms, "9" in terms, fund(9, unit_scale=3) in terms) == (True, True, False, False)
    assert len(terms) == 4
    with pytest.raises(KeyError, match="there is no fund '198'"):
        _ = terms["198"]


@pytest.mark.parametrize(
    ("funds", "others", "place"),
    [
        ([], {}, "funds"),
        ([fund("a"), fund("a")], {}, "fund 'a'"),
        ([fund("a"), "b"], {}, "funds: 1"),
        (fund("a"), {}, "funds"),
        ([fund("a", parent="b")], {}, "fund 'a': parent"),
        ([fund("a"), fund("b", parent="a"), fund("c", parent="b")], {}, "fund 'c': parent"),
        ([fund("a"), fund("b", parent="a", currency="USD")], {}, "fund 'b': currency"),
        ([fund("a"), fund("b", parent="a", unit_scale=3)], {}, "fund 'b': unit_scale"),
        ([fund("a"), fund("b", cash_scale=3)], {}, "fund 'b': cash_scale"),
        ([fund("a", unit_scale=15), fund("b")], {}, "fund 'a': unit_scale"),
        ([fund("a", cash_scale=7)], {}, "fund 'a': cash_scale"),
        ([fund("a", income=fc.IncomePolicy()), fund("b", cash_scale=3, currency="KWD")], {}, "fund 'a': income"),
        ([fund("a", calendar="SSE")], {}, "fund 'a': calendar"),
        ([fund("a")], {"calendars": [fc.Calendar("x", years=[1]), fc.Calendar("x", years=[2])]}, "calendar 'x'"),
        ([fund("a", custody="bank")], {"clearing": "bank"}, "fund 'a': custody"),
        ([fund("a")], {"clearing": "manager"}, "fund 'a': manager"),
        ([fund("a", custody="bank")], {"distributors": {"1": "bank"}}, "fund 'a': custody"),
        ([fund("a", custody="manager")], {}, "fund 'a': custody"),
        ([fund("a")], {"distributors": {"1": "clearing"}}, "distributors"),
        ([fund("a")], {"distributors": [("1", "x"), ("1", "y")]}, "distributors"),
        ([fund("a")], {"distributors": {"1": ""}}, "distributors: '1'"),
    ],
)
def test_terms_that_contradict_each_other_name_fund_and_setting(funds: Any, others: dict[str, Any], place: str) -> None:
    assert refused(lambda: fc.Terms(funds, **others))[:2] == ("terms", place)


def test_integers_and_texts_do_not_mix() -> None:
    both = fc.FeeSchedule([(0, 0)], discounts={201: "0.1"})
    assert refused(lambda: fc.Terms([fund("000198"), fund(198)]))[:2] == ("identifier-kind", "funds")
    for call in (
        lambda: fc.Terms([fund("a", subscription_fee=both), fund("b", subscription_fee=FEE)]),
        lambda: fc.Terms([fund("a", subscription_fee=both)], distributors={"201": "bank"}),
    ):
        assert refused(call)[:2] == ("identifier-kind", "distributors")
    assert fc.Terms([fund("a", subscription_fee=both)], distributors={201: "bank"}).party(201) == "bank"


def test_the_kernel_is_given_numbers_at_the_scales_of_the_tables() -> None:
    head = fund(
        "b",
        subscription_fee=FEE,
        redemption_fee=HELD,
        back_end_fee=fc.HoldingSchedule([(0, "1.8%"), (365, 0)]),
        method="inside",
        unit_rounding="down",
        swing_rounding="ceiling",
        redemption_fee_basis="cents",
        subscription_manager_share="40%",
        minimum_subscription="1.5",
        maximum_redemption_day="7.25",
        minimum_holding="0.1",
        gate=fc.Gate(threshold="10%", count_subscriptions=True, priority="oldest", default="accept_all"),
        swing=fc.Swing(threshold_up=0, threshold_down="5%", factor_up="3%", factor_down="0.5%", cap="2%"),
        income=fc.IncomePolicy(pay="unpaid", split="daily", residue="keep"),
        switch_rate="purchase",
        switch_keeps_dates=True,
    )
    terms = fc.Terms([head, fund("c", parent="b", nav_scale=3), fund("a", currency="USD", cash_scale=3, unit_scale=4)])
    assert terms.scales == (3, 4, 4)
    assert terms.currencies == ("CNY", "USD")
    first, second, third = terms.plain()
    assert (first["portfolio"], second["portfolio"], third["portfolio"]) == (0, 1, 1)
    assert (first["currency"], second["currency"]) == (1, 0)
    assert [third[name] for name in ("cash_quantum", "unit_quantum", "nav_quantum")] == [10, 100, 10]
    assert [first[name] for name in ("cash_quantum", "unit_quantum", "nav_quantum")] == [1, 1, 1]
    assert first["limits"] == (0, NONE, NONE, 0, NONE, NONE, 0)
    assert second | {"portfolio": 1} == {
        "portfolio": 1,
        "currency": 0,
        "cash_quantum": 10,
        "unit_quantum": 100,
        "nav_quantum": 1,
        "modes": (0, 4, 0, 5),
        "front_end": [(0, 0, 1_500_000), (1_000_000_000, 0, 1_200_000), (5_000_000_000, 1, 1_000_000)],
        "method": 1,
        "redemption": [(0, 1_500_000, 10**8), (7, 1_000_000, 10**8), (90, 500_000, 75_000_000)],
        "fee_from_cents": True,
        "back_end": [(0, 1_800_000), (365, 0)],
        "subscription_manager_share": 40_000_000,
        "redemption_manager_share": 0,
        "back_end_manager_share": 0,
        "whole_units": False,
        "limits": (1_500, NONE, NONE, 0, NONE, 72_500, 1_000),
        "gate": (10_000_000, True, True, False, "accept_all"),
        "swing": (0, 5_000_000, 2_000_000, 500_000),
        "income": (2, True, True),
        "switches": (True, False, True),
        "keeps_lots": True,
    }
    assert terms.discounts == ((1, "201", 10_000_000),)


def test_equal_terms_have_one_digest_and_others_another() -> None:
    days = fc.Calendar("SSE", years=[2017], holidays=["2017-05-01"])
    one = fc.Terms([fund("a"), fund("b", calendar="SSE", minimum_holding="1.0")], calendars=[days])
    same = fc.Terms([fund("b", minimum_holding=1, calendar="SSE"), fund("a", cash_scale=2)], calendars=[days])
    assert one == same
    assert hash(one) == hash(same)
    assert one.digest == same.digest
    assert len(bytes.fromhex(one.digest)) == 32
    others = [
        fc.Terms([fund("a"), fund("b", calendar="SSE", minimum_holding="1.1")], calendars=[days]),
        fc.Terms(one.funds, calendars=[fc.Calendar("SSE", years=[2017])]),
        fc.Terms(one.funds, calendars=[days], clearing="house"),
        fc.Terms(one.funds, calendars=[days], distributors={"1": "bank"}),
        fc.Terms(one.funds, calendars=[days], distributors={1: "bank"}),
    ]
    assert len({terms.digest for terms in [one, *others]}) == len(others) + 1
    assert all(terms != one for terms in others)
    assert one != "terms"


def test_the_digest_does_not_change_from_release_to_release() -> None:
    terms = fc.Terms([fund(subscription_fee=FEE, redemption_fee=HELD)])
    assert terms.digest == "79ba2b01e16e0e86a29f094747f3c4bb00cb90a13e49e7aee32f12abfb958372"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_everything_survives_pickling_and_copying(protocol: int) -> None:
    terms = fc.Terms(
        [fund(subscription_fee=FEE, redemption_fee=HELD, gate=fc.Gate(threshold=0), income=fc.IncomePolicy())],
        calendars=[fc.Calendar("SSE", years=[2017])],
        distributors={"201": "bank"},
    )
    assert terms.dates("2017-04-27").next_dealing[0]  # what is derived stays behind
    for thing in (terms, terms.funds[0], FEE, HELD, *terms.calendars):
        for again in (pickle.loads(pickle.dumps(thing, protocol)), copy.copy(thing), copy.deepcopy(thing)):
            assert type(again) is type(thing)
            assert again == thing
            assert hash(again) == hash(thing)
    assert pickle.loads(pickle.dumps(terms, protocol)).digest == terms.digest


def test_an_amount_that_does_not_fit_the_tables_is_refused_at_once() -> None:
    most = fund("a", maximum_subscription="9999999999999999.99")
    assert fc.Terms([most]).plain()[0]["limits"][1] == 10**18 - 1
    finer = fund("b", currency="KWD", cash_scale=3)
    assert refused(lambda: fc.Terms([most, finer]))[:2] == ("overflow", "fund 'a': maximum_subscription")


def test_native_terms_are_made_once_and_stay_behind() -> None:
    terms = fc.Terms([fund("a", subscription_fee=FEE, redemption_fee=HELD), fund("b", gate=fc.Gate(threshold=0))])
    assert len(terms.compiled) == 2
    assert terms.compiled is terms.compiled
    again = pickle.loads(pickle.dumps(terms))
    assert again.compiled is not terms.compiled


def test_the_kernel_takes_every_extreme_that_a_fund_may_have() -> None:
    """What Python lets through native code must not refuse: each bound here is one that a fund may still have."""
    widest = fund(
        "a",
        cash_scale=18,
        unit_scale=18,
        nav_scale=0,
        subscription_fee=fc.FeeSchedule([(0, "99.999999%"), ("0.999999999999999999", fc.Flat("0.000000000000000001"))]),
        redemption_fee=fc.HoldingSchedule([(0, 0, 0), (2**31 - 1, "99.999999%", 1)]),
        back_end_fee=fc.HoldingSchedule([(0, "99.999999%")]),
        subscription_manager_share=1,
        maximum_redemption="0.000000000000000001",
        gate=fc.Gate(threshold=1, default="limit"),
        swing=fc.Swing(threshold_up=1, threshold_down=1, factor_up="99.999999%", factor_down="99.999999%"),
        income=fc.IncomePolicy(pay="unpaid"),
    )
    assert len(fc.Terms([widest]).compiled) == 1
