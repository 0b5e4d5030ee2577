"""Figures: what is drawn is what the tables hold, axes say what they show, and days of any size give a figure."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import fundclear as fc
from fundclear import plot
from fundclear.tables import Table


@pytest.fixture(scope="module")
def day() -> fc.Clearing:
    """Two funds of one currency, three distributors, a gate in the first fund."""
    terms = fc.Terms(
        [
            fc.Fund("A", currency="CNY", gate=fc.Gate(threshold="10%")),
            fc.Fund("B", currency="CNY", income=fc.IncomePolicy(pay="reinvest")),
        ]
    )
    held = fc.Positions(
        account=[1, 2, 3], fund=["A", "A", "B"], distributor=["x", "y", "z"], units=["800.00", "200.00", "1000.00"]
    )
    orders = fc.Orders(
        account=[1, 2, 3, 4, 4, 2],
        fund=["A", "A", "B", "B", "A", "A"],
        kind=["redeem", "redeem", "redeem", "subscribe", "subscribe", "redeem"],
        quantity=["90.00", "60.00", "250.00", "5000.00", "40.00", "900.00"],
        distributor=["x", "y", "z", "x", "y", "y"],
        order_id=[1, 2, 3, 4, 5, 6],
        on_gate=["defer", "cancel", "defer", "defer", "defer", "defer"],
    )
    prices = {"A": "1.0000", "B": "2.0000"}
    return fc.clear(
        orders, terms=terms, prices=prices, positions=held, date="2017-04-27", decisions={"A": "limit"},
        income={"B": "0.50"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def empty(day: fc.Clearing) -> fc.Clearing:
    return fc.clear(None, terms=day.terms, prices={"A": "1.0000", "B": "2.0000"}, date="2017-04-27")


def axes_of(figure: Figure) -> Axes:
    figure.draw_without_rendering()
    (axes,) = figure.axes
    return axes


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def ticks(labels: list[Any]) -> list[str]:
    return [label.get_text() for label in labels]


def widths(axes: Axes) -> list[float]:
    return [bar.get_width() for bar in axes.patches]


def heights(axes: Axes) -> list[float]:
    return [bar.get_height() for bar in axes.patches]


DAY_FIGURES = [
    (plot.net_flows, "CNY", "distributor"),
    (plot.order_sizes, "size of the order, from", "orders"),
    (plot.gate, None, None),
    (plot.netting, "value date", "CNY"),
    (lambda day, **more: plot.netting(day, by="party", **more), "CNY", "party"),
    (plot.income_per_10k, "date", "income per 10,000 units (CNY)"),
    (plot.seven_day_yield, "date", "7-day yield (% a year)"),
]


@pytest.mark.parametrize(("draw", "across", "up"), DAY_FIGURES)
def test_axes_say_what_they_show_and_in_which_unit(draw: Any, across: str, up: str, day: fc.Clearing) -> None:
    axes = axes_of(draw(day))
    assert axes.get_xlabel() == across if across else "%" in axes.get_xlabel()
    assert axes.get_ylabel() == (up or "fund")
    assert axes.get_title(loc="left")


@pytest.mark.parametrize("draw", [draw for draw, _, _ in DAY_FIGURES])
def test_an_empty_day_says_that_it_is_empty(draw: Any, empty: fc.Clearing) -> None:
    axes = axes_of(draw(empty))
    assert len(axes.texts) == 1
    assert axes.texts[0].get_text() in {
        "nothing was dealt", "no orders", "nobody asked for units", "nothing is owed", "no income was distributed",
    }  # fmt: skip
    assert axes.get_ylabel()


@pytest.mark.parametrize("draw", [draw for draw, _, _ in DAY_FIGURES])
def test_axes_that_are_given_are_drawn_on(draw: Any, day: fc.Clearing) -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert draw(day, ax=right) is figure
    assert right.get_title(loc="left")
    assert not left.get_title(loc="left")


def test_flows_are_cash_invested_less_the_value_redeemed(day: fc.Clearing) -> None:
    axes = axes_of(plot.net_flows(day))
    assert ticks(axes.get_yticklabels()) == ["x", "z", "y"]
    assert widths(axes) == [5000.0, 0.0, 40.0, -60.0, -500.0, -40.0]
    assert axes.lines[0].get_xdata().tolist() == [4940.0, -500.0, 0.0]
    assert texts(axes) == ["+4,940.00", "−500.00", "0.00", "net flow (CNY)"]


def test_flows_tie_to_the_units_issued_and_cancelled(day: fc.Clearing) -> None:
    """Price times the change of units is the net flow but for rounding, and here nothing is rounded."""
    axes = axes_of(plot.net_flows(day, fund="A"))
    shown = [Decimal(text.replace("−", "-").replace(",", "")) for text in texts(axes)[:-1]]
    flows = day.flows.filter(day.flows["fund"] == "A")
    issued = flows.filter(flows["kind"] == "subscription")["units"].sum()
    assert sum(shown) == issued - flows.filter(flows["kind"] == "redemption")["units"].sum()


def test_of_thousands_of_distributors_the_largest_stand_alone() -> None:
    rows = 5000
    sizes = np.arange(1, rows + 1, dtype=np.int64) * 100
    flows = Table(
        {
            "fund": np.full(rows, 1),
            "distributor": np.arange(rows),
            "kind": ["subscription"] * rows,
            "amount": fc.Fixed.from_minor(sizes, 2),
            "net": fc.Fixed.from_minor(sizes, 2),
        }
    )
    axes = axes_of(plot.net_flows(flows, top=3))
    assert ticks(axes.get_yticklabels()) == ["4999", "4998", "4997", "4,997 other distributors (no bar)"]
    assert texts(axes) == ["+5,000.00", "+4,999.00", "+4,998.00", "+12,487,503.00", "net flow (cash)"]
    assert widths(axes)[:3] == [5000.0, 4999.0, 4998.0]
    drawn_all = axes_of(plot.net_flows(flows.head(4), top=3))
    assert ticks(drawn_all.get_yticklabels())[-1] == "1 other distributors"
    assert widths(drawn_all)[:4] == [4.0, 3.0, 2.0, 1.0]


def test_sizes_are_counted_in_classes_that_hold_their_lower_bound() -> None:
    sizes = ["1.00", "1.99", "2.00", "4.99", "5.00", "0.00"]
    orders = fc.Orders(account=range(6), fund="A", kind="subscribe", quantity=sizes)
    axes = axes_of(plot.order_sizes(orders))
    assert heights(axes) == [2.0, 2.0, 1.0]
    assert ticks(axes.get_xticklabels()) == ["1", "2", "5"]
    assert axes.get_legend().get_texts()[0].get_text() == "subscriptions, in cash (5)"


def test_cash_and_units_are_counted_apart(day: fc.Clearing) -> None:
    axes = axes_of(plot.order_sizes(day))
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["subscriptions, in CNY (2)", "redemptions and switches, in units (4)"]
    # Classes from 20, 50, 100, 200, 500, 1,000, 2,000 and 5,000 up.
    assert heights(axes) == [1, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 1, 1, 0, 0, 0]


def test_the_waterfall_of_a_gate_ends_at_what_was_accepted(day: fc.Clearing) -> None:
    axes = axes_of(plot.gate(day, fund="A"))
    assert ticks(axes.get_xticklabels()) == [
        "requested\n1,050.00", "rejected\n−900.00", "deferred\n−30.00", "cancelled\n−20.00", "accepted\n100.00",
    ]  # fmt: skip
    bars = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in axes.patches]
    assert bars == [(0, 1050), (1050, 150), (150, 120), (120, 100), (0, 100)]
    assert axes.get_ylabel() == "units"


def test_gates_of_several_funds_are_parts_and_not_sums(day: fc.Clearing) -> None:
    axes = axes_of(plot.gate(day))
    assert axes.get_title(loc="left") == "Gates: 1 of 2 funds accepted only a part, 2017-04-27"
    assert ticks(axes.get_yticklabels()) == ["A", "B"]
    assert widths(axes) == pytest.approx([66.6667, 100, 20, 0, 13.3333, 0])
    assert texts(axes) == ["150.00", "250.00", "units"]


def test_netting_shows_obligations_and_what_settles_them(day: fc.Clearing) -> None:
    axes = axes_of(plot.netting(day))
    before, after = day.obligations["amount"].sum(), day.payments["amount"].sum()
    assert heights(axes) == [float(before), float(after)]
    assert texts(axes) == [f"{before:,}\nin {len(day.obligations)}", f"{after:,}\nin {len(day.payments)}"]
    assert ticks(axes.get_xticklabels()) == ["2017-04-28"]


def test_netting_by_party_shows_the_settlement(day: fc.Clearing) -> None:
    axes = axes_of(plot.netting(day.obligations, by="party"))
    table = {row["party"]: row for row in day.settlement.rows()}
    names = ticks(axes.get_yticklabels())
    assert sorted(names) == sorted(table)
    assert widths(axes) == [float(table[name]["receives"]) for name in names] + [
        -float(table[name]["pays"]) for name in names
    ]
    assert sum(axes.lines[0].get_xdata()) == 0


def test_many_value_dates_end_in_later_ones() -> None:
    dates = np.arange("2017-05-01", "2017-05-29", dtype="datetime64[D]")
    owed = fc.Obligations(
        dealing_date="2017-04-27", value_date=dates, currency="CNY", netting_set="", fund=1, purpose="fee", payer="a",
        payee="b", amount=["10.00"] * 28,
    )  # fmt: skip
    axes = axes_of(plot.netting(owed, top=5))
    assert ticks(axes.get_xticklabels())[-1] == "23 later dates"
    assert heights(axes)[4:6] == [10.0, 230.0]


def test_income_and_yield_of_a_series() -> None:
    incomes = ["1.5787", "1.5461", "1.4670", "1.4223", "1.3845", "1.3674", "1.3671", "1.3000"]
    dates = np.arange("2013-07-01", "2013-07-09", dtype="datetime64[D]")
    shuffled = [7, 0, 3, 1, 2, 6, 5, 4]
    table = Table({"date": dates[shuffled], "per_10k": fc.Fixed.parse([incomes[row] for row in shuffled])})
    figure = plot.income(table)
    figure.draw_without_rendering()
    above, below = figure.axes
    assert above.lines[0].get_ydata().tolist() == [float(each) for each in incomes]
    assert below.lines[0].get_ydata().tolist() == fc.seven_day_yield(incomes).to_float().tolist()
    assert [str(date) for date in below.lines[0].get_xdata()] == ["2013-07-07", "2013-07-08"]


def test_a_gap_parts_a_line_of_yields_and_a_day_alone_has_none(day: fc.Clearing) -> None:
    dates = np.arange("2013-07-01", "2013-07-19", dtype="datetime64[D]")
    kept = np.arange(18) != 9
    table = Table({"date": dates[kept], "per_10k": fc.Fixed.parse(["1.0000"] * 17)})
    axes = axes_of(plot.seven_day_yield(table))
    assert [len(line.get_xdata()) for line in axes.lines] == [3, 2]
    alone = axes_of(plot.seven_day_yield(day))
    assert texts(alone) == ["a 7-day yield needs seven dates in a row"]
    assert axes_of(plot.income_per_10k(day)).lines[0].get_ydata().tolist() == [5.0]


def test_several_days_make_one_line(day: fc.Clearing) -> None:
    after = fc.clear(
        None, terms=day.terms, prices={"A": "1.0000", "B": "2.0000"}, date="2017-04-28", previous=day,
        income={"B": "0.60"}, decisions={"A": "accept_all"},
    )  # fmt: skip
    axes = axes_of(plot.income_per_10k([after, day], fund="B"))
    shown = [*day.income["per_10k"].to_float(), *after.income["per_10k"].to_float()]
    assert axes.lines[0].get_ydata().tolist() == shown
    with pytest.raises(fc.InputError, match="two incomes of 2017-04-27"):
        plot.income_per_10k([day, day])


def test_large_amounts_have_ticks_in_millions_and_bars_in_cash() -> None:
    owed = fc.Obligations(
        dealing_date="2017-04-27", value_date="2017-04-28", currency="CNY", netting_set="", fund=1, purpose="fee",
        payer=["a"], payee=["b"], amount=["64573580.55"],
    )  # fmt: skip
    axes = axes_of(plot.netting(owed))
    assert axes.get_ylabel() == "million CNY"
    assert heights(axes) == [64573580.55, 64573580.55]
    assert {"0", "15", "60"} <= set(ticks(axes.get_yticklabels()))
    assert texts(axes)[0] == "64,573,580.55\nin 1"


def test_names_are_not_taken_for_formulas() -> None:
    rows = {"fund": [1], "distributor": ["$a_{$b"], "kind": ["subscription"]}
    cash = fc.Fixed.parse(["1.00"])
    axes = axes_of(plot.net_flows(Table({**rows, "amount": cash, "net": cash})))
    assert ticks(axes.get_yticklabels()) == ["$a_{$b"]


def test_cash_of_two_currencies_is_never_added() -> None:
    terms = fc.Terms([fc.Fund("A", currency="CNY"), fc.Fund("B", currency="USD")])
    orders = fc.Orders(account=[1, 2], fund=["A", "B"], kind="subscribe", quantity=["10.00", "20.00"])
    day = fc.clear(orders, terms=terms, prices={"A": "1.0000", "B": "1.0000"}, date="2017-04-27")
    for draw in (plot.net_flows, plot.order_sizes, plot.netting):
        with pytest.raises(fc.InputError, match="CNY, USD, which has no sum") as refused:
            draw(day)
        assert refused.value.code == "plot"
        with pytest.raises(fc.InputError, match="no cash of 'EUR'"):
            draw(day, currency="EUR")
    assert widths(axes_of(plot.net_flows(day, currency="USD")))[0] == 20.0
    assert widths(axes_of(plot.net_flows(day, fund="A")))[0] == 10.0
    assert axes_of(plot.netting(day, currency="USD")).get_ylabel() == "USD"


REFUSED = {
    "no day": (lambda day: plot.net_flows("2017-04-27"), "plot"),
    "another table": (lambda day: plot.net_flows(day.positions), "plot"),
    "unknown fund": (lambda day: plot.net_flows(day, fund="C"), "fund-unknown"),
    "fund without rows": (lambda day: plot.gate(day.confirmations, fund="C"), "plot"),
    "nothing to show": (lambda day: plot.net_flows(day, top=0), "argument"),
    "no number": (lambda day: plot.gate(day, top=True), "argument"),
    "by something else": (lambda day: plot.netting(day, by="fund"), "argument"),
    "currency of a table": (lambda day: plot.net_flows(day.flows, currency="CNY"), "plot"),
    "no incomes": (lambda day: plot.income(Table({"date": ["2017-04-27"]})), "plot"),
    "nine lines": (
        lambda day: plot.income_per_10k(
            fc.Income(fund=range(9), date="2017-04-27", income=[1] * 9, per_10k=["1.0000"] * 9)
        ),
        "plot",
    ),
}


@pytest.mark.parametrize(("draw", "code"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_drawn_is_an_error_of_the_tree(draw: Any, code: str, day: fc.Clearing) -> None:
    with pytest.raises(fc.InputError) as refused:
        draw(day)
    assert refused.value.code == code


def test_a_day_of_thousands_of_funds_gives_every_figure() -> None:
    funds = [f"F{number:04}" for number in range(3000)]
    terms = fc.Terms([fc.Fund(fund, currency="CNY", gate=fc.Gate(threshold="10%", default="limit")) for fund in funds])
    held = fc.Positions(account=1, fund=funds, distributor="x", units=["100.00"] * 3000)
    orders = fc.Orders(account=1, fund=funds, distributor="x", kind="redeem", quantity=["20.00"] * 3000)
    day = fc.clear(orders, terms=terms, prices=dict.fromkeys(funds, "1.0000"), date="2017-04-27", positions=held)
    assert "3,000 of 3,000 funds" in axes_of(plot.gate(day)).get_title(loc="left")
    assert len(axes_of(plot.gate(day, top=7)).get_yticklabels()) == 7
    assert texts(axes_of(plot.net_flows(day)))[0] == "−30,000.00"
    assert sum(heights(axes_of(plot.order_sizes(day)))) == 3000
    assert ticks(axes_of(plot.netting(day, by="party")).get_yticklabels())[-1] == "2,990 other parties"


def test_a_notebook_shows_a_figure_as_a_picture(day: fc.Clearing) -> None:
    figure: Any = plot.netting(day)
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_missing_matplotlib_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("plot", "figures"):
        monkeypatch.delitem(sys.modules, f"fundclear.{name}")
    monkeypatch.delattr(fc, "plot")
    with pytest.raises(fc.MissingPackageError) as failure:
        _ = fc.plot
    assert (failure.value.code, failure.value.name) == ("extra", "matplotlib")
    assert str(failure.value).endswith('Cure: pip install "fundclear[plot]".')
