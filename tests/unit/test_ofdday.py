"""What a cleared day sends to its distributors: confirmations, holdings, dividends and cash."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

import fundclear as fc
from fundclear.errors import InputError
from fundclear.formats import ofd
from support.exchange import DAY, header, same


def cleared(order: list[int]) -> fc.Clearing:
    """Two funds, two distributors, fees, a switch, a gate that defers, a late order and a rejection."""
    fees = {
        "subscription_fee": fc.FeeSchedule([("0", "1.5%")]),
        "redemption_fee": fc.HoldingSchedule([(0, "0.5%", "25%")]),
        "gate": fc.Gate(threshold="10%", default="limit"),
    }
    terms = fc.Terms([fc.Fund("A", currency="CNY", **fees), fc.Fund("B", currency="CNY", **fees)])
    rows = [
        ("X", "1", "h1", "A", "subscribe", "10000.00", "", "2017-04-27T10:00:00"),
        ("X", "2", "h2", "A", "redeem", "300.00", "", "2017-04-27T10:00:00"),
        ("X", "3", "h2", "A", "redeem", "99999.00", "", "2017-04-27T11:00:00"),
        ("X", "4", "h1", "A", "subscribe", "5.00", "", "2017-04-27T15:00:00"),
        ("Y", "1", "h3", "B", "switch", "50.00", "A", "2017-04-27T09:00:00"),
    ]
    columns = list(zip(*(rows[place] for place in order), strict=True))
    names = ("distributor", "order_id", "account", "fund", "kind", "quantity", "target_fund", "placed_at")
    orders = fc.Orders(**{name: list(column) for name, column in zip(names, columns, strict=True)})
    positions = fc.Positions(
        account=["h2", "h3"], distributor=["X", "Y"], fund=["A", "B"], units=fc.Fixed.parse(["1000.00", "1000.00"])
    )
    prices = {"A": "1.2000", "B": "1.0000"}
    return fc.clear(orders, terms=terms, prices=prices, date=DAY, positions=positions)


FIRST = [0, 1, 2, 3, 4]


def sent_to(recipient: str, write: Callable[..., ofd.OfdFile], order: list[int] = FIRST) -> list[dict[str, Any]]:
    file = write(cleared(order), header(recipient=recipient))
    assert same(ofd.read(file.to_bytes()), file)
    return list(file.table.rows())


def test_confirmations_say_what_became_of_the_orders() -> None:
    bought, sold, refused = sent_to("X", ofd.confirmations)
    assert (bought["AppSheetSerialNo"], bought["BusinessCode"], bought["ReturnCode"]) == ("1", "122", "0000")
    assert bought["ConfirmedAmount"] == bought["ApplicationAmount"] == Decimal("10000.00")
    # 10000 / 1.015 = 9852.216..., and 9852.22 / 1.2 = 8210.183...
    assert (bought["Charge"], bought["ConfirmedVol"]) == (Decimal("147.78"), Decimal("8210.18"))
    assert (bought["NAV"], bought["CurrencyType"], bought["BusinessFinishFlag"]) == (Decimal("1.2000"), "156", "1")
    # 300 units at 1.2 are 360.00; of the fee of 1.80 the fund keeps a quarter.
    assert (sold["ConfirmedVol"], sold["ConfirmedAmount"]) == (Decimal("300.00"), Decimal("360.00"))
    assert (sold["Charge"], sold["OtherFee1"], sold["ApplicationVol"]) == (
        Decimal("1.80"),
        Decimal("0.45"),
        Decimal("300.00"),
    )
    assert (refused["ReturnCode"], refused["ErrorDetail"]) == ("9016", "insufficient-units")
    assert refused["ConfirmedAmount"] == refused["ConfirmedVol"] == refused["Charge"] == 0


def test_a_switch_is_one_confirmation_with_its_target() -> None:
    (switched,) = sent_to("Y", ofd.confirmations)
    assert (switched["BusinessCode"], switched["FundCode"], switched["CodeOfTargetFund"]) == ("136", "B", "A")
    assert (switched["NAV"], switched["TargetNAV"]) == (Decimal("1.0000"), Decimal("1.2000"))
    # 50.00 less 0.25 is 49.75; at equal rates nothing is topped up, and 49.75 / 1.2 is 41.458...
    assert (switched["Charge"], switched["CfmVolOfTargetFund"]) == (Decimal("0.25"), Decimal("41.46"))


def test_numbers_of_confirmations_do_not_depend_on_the_order_of_rows() -> None:
    numbers = [row["TASerialNO"] for who in "XY" for row in sent_to(who, ofd.confirmations)]
    assert len(set(numbers)) == len(numbers) == 4
    assert all(number.startswith("2017042704") and len(number) == 20 for number in numbers)
    for order in ([4, 3, 2, 1, 0], [2, 0, 4, 1, 3]):
        for write in (ofd.confirmations, ofd.holdings, ofd.dividends, ofd.cash_clearing):
            for who in "XY":
                assert sent_to(who, write, order) == sent_to(who, write)


def test_holdings_are_the_register_of_the_distributor() -> None:
    rows = sent_to("X", ofd.holdings)
    assert [(row["TAAccountID"], row["TotalVolOfDistributorInTA"]) for row in rows] == [
        ("h1", Decimal("8210.18")),
        ("h2", Decimal("700.00")),
    ]
    assert all(
        row["AvailableVol"] + row["TotalFrozenVol"] == row["TotalVolOfDistributorInTA"] and row["ShareClass"] == "0"
        for row in rows
    )


def test_cash_is_what_the_day_leaves_to_pay() -> None:
    day = cleared(FIRST)
    rows = sent_to("X", ofd.cash_clearing)
    party = day.terms.party("X")
    for flag, side in (("0", "payee"), ("1", "payer")):
        mine = day.obligations.filter(day.obligations[side] == party)
        sent = sum(row["ConfirmedAmount"] for row in rows if row["ReceOrPayFlag"] == flag)
        assert sent == mine["amount"].sum()
    assert any(row["ReceOrPayFlag"] == "1" for row in rows)


AT_ONCE = {f"{kind}_days": 0 for kind in ("subscription", "redemption", "switch", "income")}


def settling(waits: dict[str, dict[str, int]], income: str = "0.50", **named: Any) -> fc.Clearing:
    """Cash of every purpose, through two distributors; of each fund, the days until its cash moves."""
    shared: dict[str, Any] = {
        "subscription_fee": fc.FeeSchedule([("0", "1.5%")]),
        "redemption_fee": fc.HoldingSchedule([(0, "0.5%", "25%")]),
        "redemption_manager_share": "40%",
    }
    own: dict[str, dict[str, Any]] = {
        "A": shared,
        "B": shared,
        "W": {**shared, "whole_units": True},
        "M": {"income": fc.IncomePolicy(pay="cash")},
    }
    terms = fc.Terms([fc.Fund(fund, currency="CNY", **own[fund], **waits.get(fund, {})) for fund in own], **named)
    rows = [
        ("X", "1", "h1", "A", "subscribe", "10000.00", ""),
        ("X", "2", "h2", "A", "redeem", "300.00", ""),
        ("X", "3", "h2", "A", "switch", "100.05", "W"),
        ("X", "4", "h2", "B", "switch", "100.05", "W"),
        ("X", "5", "h9", "W", "subscribe", "100.05", ""),
        ("Y", "1", "h3", "B", "switch", "50.55", "W"),
    ]
    names = ("distributor", "order_id", "account", "fund", "kind", "quantity", "target_fund")
    columns = zip(names, map(list, zip(*rows, strict=True)), strict=True)
    positions = fc.Positions(
        account=["h2", "h2", "h3", "h4"],
        distributor=["X", "X", "Y", "X"],
        fund=["A", "B", "B", "M"],
        units=fc.Fixed.parse(["1000.00"] * 4),
    )
    prices = {"A": "1.2000", "B": "1.0000", "W": "1.3000", "M": "1.0000"}
    given = {"terms": terms, "prices": prices, "date": DAY, "positions": positions, "income": {"M": income}}
    return fc.clear(fc.Orders(**dict(columns)), **given)


def cash_of(day: fc.Clearing, who: str, *names: str) -> list[tuple[Any, ...]]:
    rows = ofd.cash_clearing(day, header(recipient=who)).table.rows()
    return [tuple(row[name] for name in names) for row in rows]


@pytest.mark.parametrize(
    "waits",
    [
        {},
        {"A": AT_ONCE},
        {"A": {"redemption_days": 0}},
        {"A": {"switch_days": 0}},
        {"B": AT_ONCE, "M": AT_ONCE},
        dict.fromkeys("ABWM", AT_ONCE),
    ],
)
@pytest.mark.parametrize("income", ["0.50", "-0.50"])
def test_cash_that_moves_within_the_day_is_sent_too(waits: dict[str, dict[str, int]], income: str) -> None:
    """However soon cash moves, it is the same cash, and by value date it is what the settlement says."""
    day, later = settling(waits, income), settling({}, income)
    for who in "XY":
        sums: dict[tuple[Any, ...], Decimal] = {}
        for *key, amount in cash_of(day, who, "FundCode", "CapitalType", "ReceOrPayFlag", "ConfirmedAmount"):
            sums[tuple(key)] = sums.get(tuple(key), Decimal(0)) + amount
        of_later = cash_of(later, who, "FundCode", "CapitalType", "ReceOrPayFlag", "ConfirmedAmount")
        assert sums == {tuple(key): amount for *key, amount in of_later}
        settled: dict[str, list[Decimal]] = {}
        for moves, flag, amount in cash_of(day, who, "PayDate", "ReceOrPayFlag", "ConfirmedAmount"):
            settled.setdefault(moves, [Decimal(0), Decimal(0)])[int(flag)] += amount
        mine = day.settlement.filter(day.settlement["party"] == f"distributor:{who}")
        assert settled == {
            str(row["value_date"]).replace("-", ""): [row["receives"], row["pays"]] for row in mine.rows()
        }


def test_a_day_that_settles_at_once_leaves_nothing_open_and_sends_all() -> None:
    day = settling(dict.fromkeys("ABWM", AT_ONCE))
    assert len(day.obligations) == 0
    sent = cash_of(day, "X", "FundCode", "BusinessCode", "CapitalType", "ConfirmedAmount", "ReceOrPayFlag", "PayDate")
    # 300 units at 1.2 are 360.00 less a fee of 1.80, of which the fund keeps 0.45 and the manager 0.54.
    assert ("A", "124", "002", Decimal("358.20"), "0", "20170427") in sent
    assert ("A", "122", "001", Decimal("10000.00"), "1", "20170427") in sent
    assert ("M", "143", "006", Decimal("0.50"), "0", "20170427") in sent
    assert cash_of(day, "Z", "FundCode") == []


def test_cash_of_a_party_that_stands_for_two_distributors() -> None:
    parties = {"X": "bank", "Y": "bank"}
    for waits in ({}, dict.fromkeys("ABWM", AT_ONCE)):
        day = settling(waits, distributors=parties)
        (row,) = day.settlement.filter(day.settlement["party"] == "bank").rows()
        sent = cash_of(day, "Y", "ReceOrPayFlag", "ConfirmedAmount")
        assert sum(amount for flag, amount in sent if flag == "0") == row["receives"]
        assert sum(amount for flag, amount in sent if flag == "1") == row["pays"]


def test_cash_of_funds_and_distributors_that_are_numbers() -> None:
    fund = fc.Fund(198, currency="CNY", subscription_days=0)
    orders = fc.Orders(account=[1], distributor=[996], order_id=[1], fund=[198], kind="subscribe", quantity=["4.00"])
    day = fc.clear(orders, terms=fc.Terms([fund]), prices={198: "1.0000"}, date=DAY)
    assert cash_of(day, "996", "FundCode", "ConfirmedAmount", "PayDate") == [("198", Decimal("4.00"), "20170427")]


def test_deferred_orders_have_more_to_come() -> None:
    terms = fc.Terms([fc.Fund("A", currency="CNY", gate=fc.Gate(threshold="10%", default="limit"))])
    positions = fc.Positions(account=["h"], distributor=["X"], fund=["A"], units=fc.Fixed.parse(["1000.00"]))
    orders = fc.Orders(account="h", distributor="X", order_id="1", fund="A", kind="redeem", quantity=["400.00"])
    day = fc.clear(orders, terms=terms, prices={"A": "1.0000"}, date=DAY, positions=positions)
    (row,) = ofd.confirmations(day, header(recipient="X")).table.rows()
    assert (row["ConfirmedVol"], row["BusinessFinishFlag"], row["ReturnCode"]) == (Decimal("100.00"), "0", "0000")
    (held,) = ofd.holdings(day, header(recipient="X")).table.rows()
    assert (held["AvailableVol"], held["TotalFrozenVol"]) == (Decimal("600.00"), Decimal("300.00"))


def test_income_goes_into_the_dividends() -> None:
    terms = fc.Terms([fc.Fund("M", currency="CNY", income=fc.IncomePolicy())])
    positions = fc.Positions(
        account=["h1", "h2"], distributor=["X", "X"], fund="M", units=fc.Fixed.parse(["1000.00", "0.01"])
    )
    day = fc.clear(None, terms=terms, prices={"M": "1.0000"}, date=DAY, positions=positions, income={"M": "0.10"})
    rows = list(ofd.dividends(day, header(recipient="X")).table.rows())
    assert [(row["TAAccountID"], row["DividendAmount"], row["VolOfDividendforReinvestment"]) for row in rows] == [
        ("h1", Decimal("0.10"), Decimal("0.10"))
    ]
    assert (rows[0]["BasisforCalculatingDividend"], rows[0]["BusinessCode"]) == (Decimal("1000.00"), "143")


def test_a_currency_without_a_number_is_refused() -> None:
    terms = fc.Terms([fc.Fund("A", currency="XTS")])
    orders = fc.Orders(account="h", distributor="X", order_id="1", fund="A", kind="subscribe", quantity=["4.00"])
    day = fc.clear(orders, terms=terms, prices={"A": "1.0000"}, date=DAY)
    with pytest.raises(InputError) as caught:
        ofd.confirmations(day, header(recipient="X"))
    assert (caught.value.code, caught.value.argument) == ("ofd-value", "CurrencyType")
