"""Terms in TOML and as plain data: what goes out comes in again, and an error names file, fund and setting."""

from __future__ import annotations

import json
import pickle
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fundclear as fc

FILE = """
clearing = "house"

[distributors]
"201" = "bank 201"

[[calendars]]
name = "SSE"
years = [2017]
holidays = [2017-05-01, "2017-04-29", 2017-04-30]

[[funds]]
id = "000198"
currency = "CNY"
redemption_fee = [[0, "1.5%"], [7, "1%"], [90, "0.5%", "75%"]]
unit_rounding = "down"
minimum_subscription = 10
cut_off = 14:30:00
calendar = "SSE"
income = {}

[funds.subscription_fee]
tiers = [["0", "1.5%"], [1000000, "0.012"], ["5000000", { flat = "1000.00" }]]
discounts = { "201" = "0.1" }

[funds.gate]
threshold = "10%"
default = "accept_all"
"""

TERMS = fc.Terms(
    [
        fc.Fund(
            "000198",
            currency="CNY",
            subscription_fee=fc.FeeSchedule(
                [("0", "1.5%"), ("1000000", "1.2%"), ("5000000", fc.Flat("1000"))], discounts={"201": "10%"}
            ),
            redemption_fee=fc.HoldingSchedule([(0, "1.5%", 1), (7, "1%"), (90, "0.5%", "75%")]),
            unit_rounding=fc.Rounding.DOWN,
            minimum_subscription="10.00",
            cut_off="14:30",
            calendar="SSE",
            income=fc.IncomePolicy(),
            gate=fc.Gate(threshold="0.1", default="accept_all"),
        )
    ],
    calendars=[fc.Calendar("SSE", years=[2017], holidays=["2017-04-29", "2017-04-30", "2017-05-01"])],
    clearing="house",
    distributors={"201": "bank 201"},
)


def read(folder: Path, text: str) -> fc.Terms:
    path = folder / "terms.toml"
    path.write_text(text, encoding="utf-8")
    return fc.Terms.from_toml(path)


def test_a_file_says_what_python_says(tmp_path: Path) -> None:
    terms = read(tmp_path, FILE)
    assert terms == TERMS
    assert terms.digest == TERMS.digest


def test_terms_come_back_from_toml_and_from_plain_data(tmp_path: Path) -> None:
    integers = fc.Terms(
        [
            fc.Fund(7, currency="CNY", subscription_fee=fc.FeeSchedule([(0, "1%")], discounts={-1: 0, 3: "0.5"})),
            fc.Fund(198, parent=7, currency="CNY", swing_rounding="zero_five_up", cut_off="15:00:00.5"),
        ],
        distributors={3: "three", 4: "four"},
    )
    for terms in (TERMS, integers, fc.Terms([fc.Fund("x", currency="CNY")])):
        assert fc.Terms.from_dict(terms.to_dict()) == terms
        again = read(tmp_path, terms.to_toml())
        assert again == terms
        assert again.digest == terms.digest
        assert again.to_toml() == terms.to_toml()
    assert fc.Terms.from_dict(json.loads(json.dumps(TERMS.to_dict()))) == TERMS


@given(st.text(min_size=1).filter(lambda text: not any("\ud800" <= character <= "\udfff" for character in text)))
def test_any_text_survives_toml(text: str) -> None:
    fund = fc.Fund(
        text, currency=text, netting_set=text, subscription_fee=fc.FeeSchedule([(0, 0)], discounts={text: "0.5"})
    )
    terms = fc.Terms([fund], distributors={text: f"party {text}"}, calendars=[fc.Calendar(text, years=[2017])])
    assert fc.Terms.from_dict(tomllib.loads(terms.to_toml())) == terms


RATES = st.decimals(0, "0.99999999", places=8)
CENTS = st.decimals(0, 10**6, places=2)
TIERS = st.lists(st.integers(1, 10**6), unique=True, max_size=3).map(lambda starts: [0, *sorted(starts)])


@st.composite
def fee_schedules(draw: st.DrawFn) -> fc.FeeSchedule:
    charges = RATES | CENTS.map(fc.Flat)
    discounts = draw(st.dictionaries(st.text("01é", min_size=1), RATES, max_size=2))
    return fc.FeeSchedule([(start, draw(charges)) for start in draw(TIERS)], discounts=discounts)


@st.composite
def holding_schedules(draw: st.DrawFn) -> fc.HoldingSchedule:
    return fc.HoldingSchedule([(days, draw(RATES), draw(RATES | st.just(1))) for days in draw(TIERS)])


SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "subscription_fee": fee_schedules(),
    "redemption_fee": holding_schedules(),
    "method": st.sampled_from(["outside", "inside"]),
    "fee_rounding": st.sampled_from(fc.Rounding),
    "redemption_manager_share": RATES,
    "whole_units": st.booleans(),
    "minimum_subscription": CENTS,
    "maximum_subscription_day": CENTS.filter(bool),
    "gate": st.builds(
        fc.Gate, threshold=RATES, defer_switches=st.booleans(), default=st.sampled_from([None, "accept_all", "limit"])
    ),
    "swing": st.builds(
        fc.Swing,
        threshold_up=RATES,
        threshold_down=RATES,
        factor_up=RATES,
        factor_down=RATES,
        cap=st.none() | RATES,
    ),
    "income": st.builds(
        fc.IncomePolicy,
        pay=st.sampled_from(["reinvest", "cash", "unpaid"]),
        split=st.sampled_from(["lump", "daily"]),
        residue=st.sampled_from(["share_out", "keep"]),
    ),
    "cut_off": st.times(),
    "time_zone": st.sampled_from(["UTC", "Europe/Paris"]),
    "switch_days": st.integers(0, 366),
    "custody": st.sampled_from(["bank", "custody:000198"]),
}


@given(st.fixed_dictionaries({}, optional=SETTINGS))
def test_any_fund_survives_every_way_out_and_in(settings: dict[str, Any]) -> None:
    if settings.get("maximum_subscription_day", 10**6) < settings.get("minimum_subscription", 0):
        del settings["minimum_subscription"]
    terms = fc.Terms([fc.Fund("000198", currency="CNY", **settings)])
    for again in (
        fc.Terms.from_dict(terms.to_dict()),
        fc.Terms.from_dict(tomllib.loads(terms.to_toml())),
        fc.Terms([eval(repr(terms["000198"]), vars(fc))]),
        pickle.loads(pickle.dumps(terms)),
    ):
        assert again == terms
        assert (hash(again), again.digest, again.to_toml()) == (hash(terms), terms.digest, terms.to_toml())
        assert again.plain() == terms.plain()


def test_a_text_that_no_file_can_hold_is_refused() -> None:
    with pytest.raises(fc.InputError, match="cannot be written as UTF-8"):
        fc.Fund("\ud800", currency="CNY")


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ('"0.012"', "0.012", "float", "fund '000198': subscription_fee: tier 1: charge"),
        ('flat = "1000.00"', 'flat = "1000.001"', "inexact", "fund '000198': subscription_fee: tier 2: flat"),
        ('flat = "1000.00"', 'fixed = "1000.00"', "terms", "fund '000198': subscription_fee: tier 2: charge: fixed"),
        ('{ flat = "1000.00" }', "{}", "terms", "fund '000198': subscription_fee: tier 2: charge: flat"),
        ("discounts = ", "rebates = ", "terms", "fund '000198': subscription_fee: rebates"),
        ("minimum_subscription", "minimum", "terms", "fund '000198': minimum"),
        ('currency = "CNY"', "", "terms", "fund '000198': currency"),
        ('id = "000198"', "", "terms", "funds: 0: id"),
        ('id = "000198"', "id = true", "label", "fund True: id"),
        ('threshold = "10%"', 'threshold = "101%"', "terms", "fund '000198': gate: threshold"),
        ('"down"', '"downwards"', "rounding", "fund '000198': unit_rounding"),
        ('calendar = "SSE"', 'calendar = "NYSE"', "terms", "fund '000198': calendar"),
        ("2017-05-01,", "2018-05-01,", "terms", "calendars: 0: calendar 'SSE': holidays"),
        ("2017-05-01,", "2017-05-01T00:00:00,", "terms", "calendars: 0: calendar 'SSE': holidays"),
        ("holidays", "feasts", "terms", "calendars: 0: feasts"),
        ("years = [2017]", "", "terms", "calendars: 0: years"),
        ("[[calendars]]", "[calendars]", "terms", "calendars"),
        ('clearing = "house"', 'clearings = "house"', "terms", "clearings"),
        ('clearing = "house"', "clearing = ", "terms", "the file"),
        ("[distributors]", "[[distributors]]", "terms", "distributors"),
    ],
)
def test_an_error_names_file_fund_and_setting(tmp_path: Path, old: str, new: str, code: str, place: str) -> None:
    assert FILE.count(old) == 1 or old.startswith("[[") or old == 'calendar = "SSE"'
    with pytest.raises(fc.FundclearError) as raised:
        read(tmp_path, FILE.replace(old, new, 1))
    where = f"{tmp_path / 'terms.toml'}: {place}"
    assert (raised.value.code, raised.value.argument) == (code, where)
    assert str(raised.value).startswith(where)


@pytest.mark.parametrize("data", [None, [], {"funds": {}}, {"funds": [1]}, {"funds": ["000198"]}, {"funds": [[]]}])
def test_what_is_not_terms_is_refused(data: Any) -> None:
    with pytest.raises(fc.InputError) as raised:
        fc.Terms.from_dict(data)
    assert raised.value.code == "terms"


def test_a_file_that_is_not_there_is_pythons_own_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fc.Terms.from_toml(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b'clearing = "\xe9"')
    with pytest.raises(fc.InputError, match=r"latin\.toml: the file: it is not TOML"):
        fc.Terms.from_toml(tmp_path / "latin.toml")
