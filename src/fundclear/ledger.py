"""The ledgers by themselves: the balanced postings of a day's flows, events and settled obligations."""

from __future__ import annotations

from datetime import date as Date
from typing import Any

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import ArrowStream, show
from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.identifiers import Identifiers
from fundclear.outcome import FLOW_KINDS, posting_columns
from fundclear.settlement import PURPOSES, obligation_columns
from fundclear.tables import Events, Flows, Obligations, Postings, taken
from fundclear.terms import Terms

__all__ = ["postings"]

_CASH = ("amount", "net", "fee", "back_end", "top_up_fee", "fee_to_fund", "fee_to_distributor", "fee_to_manager")


def postings(
    flows: Flows | ArrowStream,
    *,
    terms: Terms,
    date: str | Date,
    settled: Obligations | ArrowStream | None = None,
    events: Events | ArrowStream | None = None,
    threads: int | None = None,
) -> Postings:
    """Posts a day: money and units by fund and step in balanced sets, and a balanced memo of the rounding.

    Args:
        flows: what each fund issued, cancelled, took and paid.
        terms: the policies of the funds.
        date: the day of the postings.
        settled: the obligations that are settled on it, as :func:`settle` gives them; cash moves where the fund's
            custody account pays or is paid.
        events: the register events with their ``status``; those that are confirmed are posted.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Returns:
        One row for each fund, ledger, step and account, in this order; debits and credits of a set are equal.

    Raises:
        InputError: a fund that the terms do not have (``fund-unknown``); events without status, an obligation of a
            later value date, an unknown kind of flow (``argument``).
        AmountOverflowError: a total has more than 18 digits (``overflow``).

    Source: fund accounting in China: units at par are capital, the difference to the price is equalisation.

    >>> import fundclear as fc
    >>> terms = fc.Terms([fc.Fund("000198", currency="CNY")])
    >>> orders = fc.Orders(account=[7], fund="000198", kind="subscribe", amount=["1168.80"])
    >>> day = fc.clear(orders, terms=terms, prices={"000198": "1.1688"}, date="2017-04-27")
    >>> posted = fc.postings(day.flows, terms=terms, date="2017-04-27")
    >>> for row in posted.filter(posted["ledger"] == "money").rows():
    ...     print(row["account"], row["debit"], row["credit"])
    equalisation 0.00 168.80
    paid_in_capital 0.00 1000.00
    subscription_receivable 1168.80 0.00
    """
    day = date if isinstance(date, Date) else Date.fromisoformat(date)
    raw = _kernel.post(
        terms.compiled,
        _flows(taken(Flows, flows), terms),
        None if events is None else _events(taken(Events, events), terms),
        None if settled is None else _settled(taken(Obligations, settled), terms, day),
        _custody(terms),
        (day - Date(1970, 1, 1)).days,
        threads,
    )
    numbers = raw["fund"]
    ids: Any = terms.ids
    funds = Labels.from_codes(numbers, ids) if isinstance(ids[0], str) else np.array(ids, dtype=np.int64)[numbers]
    return Postings.from_columns(posting_columns(raw, funds, terms))


def _parties(terms: Terms) -> tuple[str, ...]:
    return tuple(sorted({fund.custody for fund in terms.funds}, key=str.encode))


def _custody(terms: Terms) -> list[int]:
    parties = _parties(terms)
    return [parties.index(fund.custody) for fund in terms.funds]


def _flows(table: Flows, terms: Terms) -> dict[str, Any]:
    scales = terms.scales
    kinds = {kind: place for place, kind in enumerate(FLOW_KINDS)}
    made: dict[str, Any] = {"rows": len(table), "fund": _funds(table["fund"], terms, "flows")}
    made["kind"] = _codes(table["kind"], kinds)
    made["orders"] = table["orders"]
    made |= {name: table[name].rescale(scales.cash).minor for name in (*_CASH, "refund", "unpaid")}
    made["units"] = table["units"].rescale(scales.units).minor
    made["rounding"] = table["rounding"].rescale(scales.rounding).minor
    return made


def _events(table: Events, terms: Terms) -> dict[str, Any]:
    if "status" not in table:
        raise refuse("argument", argument="events", value="without status", why="apply them first")
    happened = table.filter(table["status"] == "confirmed")
    kinds: Labels = happened["kind"]
    units = happened["units"].rescale(terms.scales.units).minor if "units" in happened else 0
    return {
        "rows": len(happened),
        "fund": _funds(happened["fund"], terms, "events"),
        "kind": kinds.codes.astype(np.int64),
        "kinds": list(kinds.dictionary),
        "units": units,
    }


def _settled(table: Obligations, terms: Terms, day: Date) -> dict[str, Any]:
    late = table["value_date"] > np.datetime64(day)
    if late.any():
        row = int(np.argmax(late))
        why = f"it is not settled on {day}"
        raise refuse("argument", argument="settled", row=row, value=str(table["value_date"][row]), why=why)
    texts = {name: _texts(table[name]) for name in ("currency", "netting_set")}
    known = _parties(terms)
    others = {*_texts(table["payer"]), *_texts(table["payee"])}
    # The funds' custody accounts keep their numbers; nobody else has a side in the funds' books.
    texts["payer"] = texts["payee"] = (*known, *sorted(others.difference(known), key=str.encode))
    texts["purpose"] = PURPOSES
    return obligation_columns(table, texts, _funds(table["fund"], terms, "settled"), terms.scales.cash)


def _texts(column: Labels) -> tuple[str, ...]:
    return tuple(sorted(column.dictionary, key=str.encode))


def _funds(column: Identifiers, terms: Terms, name: str) -> npt.NDArray[np.int64]:
    """The number of each row's fund."""
    if isinstance(column, Labels):
        known: list[Any] = list(column.dictionary)
        places: npt.NDArray[Any] = column.codes
    else:
        found, places = np.unique(column, return_inverse=True)
        known = found.tolist()
    numbers = [terms.number(fund) for fund in known]
    for place in np.unique(places).tolist():
        if numbers[place] is None:
            raise refuse("fund-unknown", argument=name, value=show(known[place]))
    filled = np.array([0 if number is None else number for number in numbers] or [0], dtype=np.int64)
    return np.take(filled, places)


def _codes(column: Labels, codes: dict[str, int]) -> npt.NDArray[np.int64]:
    for place in np.unique(column.codes).tolist():
        if column.dictionary[place] not in codes:
            why = f"there are {', '.join(codes)}"
            raise refuse("argument", argument="flows.kind", value=repr(column.dictionary[place]), why=why)
    known = np.array([codes.get(text, 0) for text in column.dictionary] or [0], dtype=np.int64)
    return np.take(known, column.codes)
