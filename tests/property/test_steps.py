"""The steps by themselves over random days: the same as the judge's, and as the whole day's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import fundclear as fc
from fundclear import reference
from fundclear.reference.gating import Request
from fundclear.reference.policy import Gate
from support.drawing_days import DrawnDay, drawn_days
from support.public_days import as_users_put_it, day_name, rows_of, tables_of, terms_of

_KEY = ("distributor", "order_id", "account", "transaction_account", "fund", "charge", "kind", "target_fund", "since")
_OPTIONS = {"dividend_option": ("", "reinvest", "cash"), "option": ("", "reinvest", "cash", "other")}
_OF_VALIDATION = ("orders", "deferred", "positions", "lots", "events", "income", "days")


def _as_written(row: dict[str, Any], columns: Any) -> dict[str, Any]:
    written = {name: row[name] for name in columns}
    for name in ("target_fund", "reinvested"):
        if name in written:
            written[name] = int(written[name] or 0)
    return written | {name: words[written[name]] for name, words in _OPTIONS.items() if name in written}


@given(drawn_days())
def test_validation(drawn: DrawnDay) -> None:
    terms = terms_of(drawn)
    day = as_users_put_it(drawn, terms)
    tables = tables_of(day)
    ruled = fc.validate(**{name: tables[name] for name in _OF_VALIDATION}, terms=terms, date=day_name(day))
    names = ("orders", "days", "date", "positions", "lots", "events", "deferred", "incomes")
    inputs = {name: day.inputs[name] for name in (*names, "fund_keys", "quantity_scale")}
    wanted = reference.validate(**inputs, policy=day.policy)
    assert rows_of(ruled) == [_as_written(row, ruled.columns) for row in wanted]

    confirmations = fc.clear(**tables, terms=terms, date=day_name(day)).confirmations
    assert [_part(row) for row in rows_of(ruled)] == [_part(row) for row in rows_of(confirmations)]
    for before, after in zip(rows_of(ruled), rows_of(confirmations), strict=True):
        if before["status"]:
            assert (before["status"], before["reason"]) == (after["status"], after["reason"])
        elif after["status"] == "rejected":
            assert after["reason"] in ("fee-exceeds-amount", "zero-units")
        else:
            assert before["top_up"] == after["top_up"]
            cut = after["confirmed"] + after["deferred"] + after["cancelled"] - before["cancelled"]
            assert before["quantity"] == cut


def _part(row: dict[str, Any]) -> list[Any]:
    return [row[name] for name in (*_KEY, "origin", "requested")]


@given(drawn_days())
def test_register_events(drawn: DrawnDay) -> None:
    terms = terms_of(drawn)
    day = as_users_put_it(drawn, terms)
    tables, inputs = tables_of(day), day.inputs
    prices = {row["fund"]: row["nav"] for row in tables["days"].rows()}
    given_tables = {name: tables[name] for name in ("positions", "events", "lots")}
    applied = fc.apply_events(**given_tables, terms=terms, date=day_name(day), prices=prices)
    names = ("positions", "events", "lots", "days", "date", "fund_keys")
    wanted = reference.apply_events(**{name: inputs[name] for name in names}, policy=day.policy)
    for table, rows in zip(applied, wanted, strict=True):
        assert rows_of(table) == [_as_written(row, table.columns) for row in rows]
    cleared = fc.clear(**tables, terms=terms, date=day_name(day))
    assert rows_of(applied.events) == rows_of(cleared.events)


@given(drawn_days())
def test_settlement_and_postings(drawn: DrawnDay) -> None:
    terms = terms_of(drawn)
    day = as_users_put_it(drawn, terms)
    name = day_name(day)
    cleared = fc.clear(**tables_of(day), terms=terms, date=name)
    tables = day.clear()
    # All that the day nets: what it leaves open, and what it settles, which only the judge tells.
    owed = [*day.inputs["obligations"], *tables["obligations"]]
    obligations = _obligations(owed, day.scales[0])
    settled = fc.settle(obligations, date=name)
    for table, rows in zip(settled, reference.settle(owed, date=day.inputs["date"]), strict=True):
        assert rows_of(table) == rows
    left = fc.settle(cleared.obligations, date=name)
    assert len(left.settled) == 0
    assert rows_of(left.open) == rows_of(cleared.obligations)

    due = [row for row in owed if row["value_date"] <= day.inputs["date"]]
    posted = fc.postings(cleared.flows, terms=terms, date=name, settled=settled.settled, events=cleared.events)
    names = ("days", "date", "fund_keys", "currencies")
    given_rows = {name: day.inputs[name] for name in names}
    wanted = reference.post(tables["flows"], **given_rows, policy=day.policy, events=tables["events"], settled=due)
    assert rows_of(posted) == wanted
    alone = posted.filter(posted["step"] != "settlement")
    assert rows_of(alone) == rows_of(cleared.postings.filter(cleared.postings["step"] != "settlement"))


def _obligations(rows: list[dict[str, Any]], scale: int) -> fc.Obligations:
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in ("currency", "netting_set", "purpose")}
    columns |= {name: [row[name] for row in rows] for name in ("payer", "payee")}
    columns["fund"] = np.array([row["fund"] for row in rows], np.int64)
    for name in ("dealing_date", "value_date"):
        columns[name] = np.array([row[name] for row in rows], "datetime64[D]")
    amounts = np.array([row["amount"] for row in rows], np.int64)
    return fc.Obligations(**columns, amount=fc.Fixed.from_minor(amounts, scale))


_PORTFOLIOS = st.integers(0, 3)
_REQUESTS = st.lists(
    st.tuples(_PORTFOLIOS, st.integers(0, 50), st.integers(0, 6), st.integers(0, 2), st.integers(0, 2))
)
_TOTALS = st.tuples(st.integers(0, 300), st.integers(0, 40), st.integers(0, 40), st.booleans(), st.booleans())
_DECIDED = st.one_of(st.just("accept_all"), st.just("limit"), st.integers(0, 60))


@given(_REQUESTS, st.lists(st.tuples(_TOTALS, _DECIDED, st.integers(0, 10**8)), min_size=4, max_size=4))
def test_gates(requests: list[tuple[int, ...]], gates: list[tuple[Any, Any, int]]) -> None:
    portfolio, units, order, distributor, since = (np.array(column, np.int64) for column in _columns(requests, 5))

    def by(place: int) -> dict[int, Any]:
        return {number: gate[0][place] for number, gate in enumerate(gates)}

    gated = fc.gate(
        fc.Fixed.from_minor(units, 0),
        portfolio=portfolio,
        order_id=order,
        distributor=distributor,
        since=since.view("datetime64[D]"),
        outstanding=by(0),
        subscribed=by(1),
        switched=by(2),
        count_subscriptions=by(3),
        priority={number: "oldest" if gate[0][4] else "none" for number, gate in enumerate(gates)},
        decision={number: gate[1] for number, gate in enumerate(gates)},
        threshold={number: Decimal(gate[2]).scaleb(-8) for number, gate in enumerate(gates)},
    )
    for place, number in enumerate(gated.portfolios):
        (outstanding, subscribed, switched, counts, oldest), decision, threshold = gates[int(number)]
        rows = [row for row, request in enumerate(requests) if request[0] == number]
        rule = Gate(threshold, counts, oldest, False, None)
        asked = sum(requests[row][1] for row in rows)
        trips = reference.trips(rule, outstanding, asked, subscribed, switched)
        word, figure = ("limit", decision) if isinstance(decision, int) else (decision, 0)
        limit = reference.limit_of(rule, word, figure, outstanding, asked, subscribed, 1) if trips else asked
        keys = [Request(requests[row][1], requests[row][4], (requests[row][2], requests[row][3], row)) for row in rows]
        assert (bool(gated.tripped[place]), int(gated.limit.minor[place])) == (trips, limit)
        assert gated.accepted.minor[rows].tolist() == reference.accept(limit, keys, oldest_first=oldest)


def _columns(rows: list[tuple[int, ...]], width: int) -> list[list[int]]:
    return [[row[place] for row in rows] for place in range(width)]
