"""What a day starts from, as the native side reads it: identifiers as keys, texts as codes, dates as days.

Nothing is computed here. Columns are passed on as they lie; what is given a fund at a time is put in the terms' order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import Amounts, show
from fundclear.columns import Labels
from fundclear.errors import FundclearError, refuse
from fundclear.fixed import Fixed
from fundclear.identifiers import Domain, Identifiers
from fundclear.tables import Confirmations, Events, FundDays, Lots, Obligations, Orders, Positions, Table
from fundclear.terms import Terms

__all__ = [
    "CHARGES",
    "DECISIONS",
    "GATES",
    "KINDS",
    "OPEN",
    "OPTIONS",
    "SWINGS",
    "Given",
    "Intake",
    "Seen",
    "own_numbers",
    "take_in",
]

_Column: TypeAlias = npt.NDArray[np.int64]
_Codes: TypeAlias = npt.NDArray[np.uint8]

#: The order kinds by the kernel's code.
KINDS: Final = _kernel.names["kinds"]

#: More different kinds than a byte can number are no kinds.
_MOST_KINDS: Final = 255

# No fund, no time: what stands where a row has none.
_NONE: Final = -(2**63)

#: How income is paid, by the word of the register.
OPTIONS: Final = {"": 0, "default": 0, "reinvest": 1, "cash": 2}
#: What a fund is open for, by the word of the table of fund days.
OPEN: Final = {"open": 3, "subscriptions_closed": 2, "redemptions_closed": 1, "closed": 0, "": 3}
DECISIONS: Final = {"": 0, "accept_all": 1, "limit": 2}
SWINGS: Final = {"": 0, "up": 1, "down": 2, "none": 3}
#: Charge classes by their words.
CHARGES: Final = {"front": 0, "": 0, "back": 1}
#: What a gate leaves of an order, by its words.
GATES: Final = {"defer": 0, "": 0, "cancel": 1}
_RATE_SCALE: Final = 8


@dataclass(frozen=True, slots=True)
class Given:
    """The tables of a day, checked one by one; a table that was not given is ``None``."""

    orders: Orders
    deferred: Confirmations | None
    positions: Positions | None
    lots: Lots | None
    events: Events | None
    obligations: Obligations | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of rows that are read from files, and are in no table.

    Attributes:
        orders: how many orders there are.
        identifiers: by domain, all identifiers that stand there.
        domains: domains that are made already.
    """

    orders: int = 0
    identifiers: Mapping[str, Sequence[Identifiers]] = field(default_factory=dict)
    domains: Mapping[str, Domain] = field(default_factory=dict)

    def columns(self, name: str) -> Sequence[Identifiers]:
        """The identifiers of a domain."""
        return self.identifiers.get(name, ())

    def domain(self, name: str) -> Domain | None:
        """A domain, if it is made already."""
        return self.domains.get(name)


@dataclass(frozen=True, slots=True)
class Intake:
    """A day for the native side, and how its keys turn back into identifiers."""

    tables: dict[str, dict[str, Any] | None]
    fund_days: dict[str, Any]
    incomes: list[tuple[int, int, int]]
    discounts: list[tuple[int, int, int]]
    fund_keys: _Column
    quantity_scale: int
    kinds: tuple[str, ...]
    accounts: Domain
    transaction_accounts: Domain
    distributors: Domain
    funds: Domain
    order_ids: Domain
    event_ids: Domain
    instants_are_utc: bool


def take_in(
    given: Given,
    terms: Terms,
    date: Date,
    *,
    prices: Mapping[Any, Amounts] | None,
    income: Mapping[Any, Any] | None,
    decisions: Mapping[Any, Any] | None,
    days: FundDays | None,
    seen: Seen | None = None,
) -> Intake:
    """Checks what belongs together, and numbers what has to be numbered.

    Args:
        given: the tables.
        terms: the terms.
        date: the dealing day.
        prices: as :func:`fundclear.clear` takes them.
        income: the same.
        decisions: the same.
        days: the same.
        seen: what is known of rows that are not in the tables.
    """
    _check_register(given, income)
    fund_ids = _ids(terms)
    seen = seen or Seen()
    orders, deferred, positions, lots, events = (
        given.orders,
        given.deferred,
        given.positions,
        given.lots,
        given.events,
    )
    everywhere = (orders, deferred, positions, lots, events)
    domains = {
        name: seen.domain(name)
        or Domain.of(
            name,
            *seen.columns(name),
            *_columns(everywhere, name),
            *_columns((events,), f"to_{name}"),
            *_extra(terms, name),
        )
        for name in ("account", "transaction_account", "distributor")
    } | {
        "fund": Domain.of(
            "fund",
            fund_ids,
            *seen.columns("fund"),
            *_columns(everywhere, "fund"),
            *_columns((orders, deferred), "target_fund"),
        ),
    }
    numbers = orders["order_id"] if "order_id" in orders else own_numbers(len(orders), date)
    order_ids = seen.domain("order_id") or Domain.of(
        "order_id", numbers, *seen.columns("order_id"), *_columns((deferred,), "order_id")
    )
    event_ids = Domain.of("event_id", *_columns((events,), "event_id"))
    kinds = _kinds(orders, deferred)
    quantity = _quantity_scale(orders, deferred, terms, seen.orders or len(orders))
    tables = {
        "orders": _orders(orders, numbers, kinds, quantity, domains, order_ids),
        "deferred": _deferred(deferred, kinds, quantity, domains, order_ids),
        "positions": _positions(positions, terms, domains),
        "lots": _lots(lots, terms, domains),
        "events": _events(events, terms, domains, event_ids),
    }
    utc = any(_is_utc(table) for table in (orders, deferred, events))
    return Intake(
        tables=tables,
        fund_days=_fund_days(terms, date, utc, prices, decisions, days),
        incomes=_incomes(terms, date, income),
        discounts=_discounts(terms, domains["distributor"]),
        fund_keys=_keys(domains["fund"], fund_ids),
        quantity_scale=quantity,
        kinds=kinds,
        accounts=domains["account"],
        transaction_accounts=domains["transaction_account"],
        distributors=domains["distributor"],
        funds=domains["fund"],
        order_ids=order_ids,
        event_ids=event_ids,
        instants_are_utc=utc,
    )


def _check_register(given: Given, income: Mapping[Any, Any] | None) -> None:
    """Who takes units out, or shares income over them, must say who holds them."""
    if given.positions is None:
        kinds = given.orders["kind"]
        outgoing = [kind for kind in ("redeem", "switch") if kind in kinds]
        if outgoing or income:
            raise refuse("positions-needed", value="redemptions and switches" if outgoing else "income")


# ---- identifiers ----


def _columns(tables: Iterable[Table | None], name: str) -> list[Identifiers | None]:
    """A column of several tables; a table that has it not counts as one of empty identifiers."""
    return [table.get(name) for table in tables if table is not None]


def _ids(terms: Terms) -> Identifiers:
    """The ids of the terms' funds as a column."""
    return _id_column(list(terms.ids))


def _id_column(ids: list[Any]) -> Identifiers:
    return Labels.of(ids) if isinstance(ids[0], str) else np.array(ids, dtype=np.int64)


def _extra(terms: Terms, name: str) -> list[Identifiers | None]:
    """Distributors that only the terms name must have their rank too."""
    ids = sorted({who for _, who, _ in terms.discounts}, key=str) if name == "distributor" else []
    if not ids:
        return []
    return [_id_column(ids)]


def _keys(domain: Domain, column: Identifiers) -> _Column:
    keys = domain.keys(column)
    assert isinstance(keys, np.ndarray)
    return keys


def _key_column(domain: Domain, table: Table, name: str) -> _Column | int:
    return domain.keys(table[name]) if name in table else domain.keys(None)


def own_numbers(rows: int, date: Date) -> _Column:
    """Ids for orders that have none: the date and the row, so that two days' do not meet."""
    first = (date.year * 10_000 + date.month * 100 + date.day) * 10**10
    return np.arange(first + 1, first + 1 + rows, dtype=np.int64)


# ---- orders ----


def _kinds(orders: Orders, deferred: Confirmations | None) -> tuple[str, ...]:
    """All kinds that are written anywhere: those that are dealt first, by the kernel's code."""
    others = dict.fromkeys(orders["kind"].dictionary)
    if deferred is not None:
        others |= dict.fromkeys(deferred["kind"].dictionary)
    kinds = (*KINDS, *sorted((kind for kind in others if kind not in KINDS), key=str.encode))
    _check_kinds(kinds)
    return kinds


def _check_kinds(kinds: Sequence[str]) -> None:
    if len(kinds) > _MOST_KINDS:
        raise refuse("argument", argument="kind", value=f"{len(kinds)} different texts", why="kinds are few")


def _quantity_scale(orders: Orders, deferred: Confirmations | None, terms: Terms, received: int) -> int:
    given = [orders["quantity"].scale] if received else []
    given += [deferred["requested"].scale] if deferred is not None else []
    return int(max(terms.scales.cash, terms.scales.units, *given))


def _orders(
    orders: Orders,
    numbers: Identifiers,
    kinds: tuple[str, ...],
    scale: int,
    domains: Mapping[str, Domain],
    order_ids: Domain,
) -> dict[str, Any]:
    return {
        **_common(orders, kinds, domains),
        "id": order_ids.keys(numbers),
        "quantity": orders["quantity"].rescale(scale).minor,
        "discount": _minor(orders, "discount", _RATE_SCALE),
        "rate": _minor(orders, "rate", _RATE_SCALE),
        "fee": _minor(orders, "fee", _RATE_SCALE),
        "origin": 0,
        "since": None,
    }


def _common(table: Table, kinds: tuple[str, ...], domains: Mapping[str, Domain]) -> dict[str, Any]:
    """What orders and deferrals have alike."""
    places = {kind: place for place, kind in enumerate(kinds)}
    return {
        "rows": len(table),
        **_position_keys(table, domains),
        "target": _targets(table, domains["fund"]),
        "placed_at": table["placed_at"].view(np.int64) if "placed_at" in table else _NONE,
        "kind": _codes(table, "kind", places),
        "kinds": [min(place, len(KINDS)) for place in range(len(kinds))],
        "cancel_on_gate": _codes(table, "on_gate", GATES),
    }


def _position_keys(table: Table, domains: Mapping[str, Domain]) -> dict[str, Any]:
    keys: dict[str, Any] = {name: _key_column(domain, table, name) for name, domain in domains.items()}
    return {**keys, "charge": _codes(table, "charge", CHARGES)}


def _targets(table: Table, funds: Domain) -> _Column | int:
    """The keys of switch targets; an empty text is none."""
    if "target_fund" not in table:
        return _NONE
    keys = funds.keys(table["target_fund"])
    if isinstance(keys, int):
        return _NONE
    column = table["target_fund"]
    missing = column == "" if isinstance(column, Labels) else column == 0
    return np.where(missing, _NONE, keys)


def _codes(table: Table, name: str, known: Mapping[str, int]) -> _Codes | int:
    """A text column as the kernel's codes; what is no known text is one code above all."""
    if name not in table:
        return 0
    column: Labels = table[name]
    other = max(known.values()) + 1
    codes = np.array([known.get(text, other) for text in column.dictionary], dtype=np.uint8)
    if len(codes) == 1:
        return int(codes[0])
    return codes[column.codes]


def _minor(table: Table, name: str, scale: int) -> _Column | int:
    return table[name].rescale(scale).minor if name in table else 0


def _deferred(
    deferred: Confirmations | None,
    kinds: tuple[str, ...],
    scale: int,
    domains: Mapping[str, Domain],
    order_ids: Domain,
) -> dict[str, Any] | None:
    """Yesterday's rows that are not finished: what was deferred of them, or the whole of those that came late."""
    if deferred is None or not len(deferred):
        return None
    carried = deferred["status"] == "carried"
    own, value = deferred["own_charge"], deferred["own_charge_value"].rescale(_RATE_SCALE).minor
    several = own == "several"
    left = np.where(carried, deferred["requested"].rescale(scale).minor, deferred["deferred"].rescale(scale).minor)
    return {
        **_common(deferred, kinds, domains),
        "id": order_ids.keys(deferred["order_id"]),
        "quantity": left,
        # An order that gave several charges of its own still does: any two will be refused again.
        "discount": np.where(several, 1, np.where(own == "discount", value, 0)),
        "rate": np.where(several, 1, np.where(own == "rate", value, 0)),
        "fee": np.where(own == "fee", value, 0),
        "origin": np.where(carried, 2, 1).astype(np.uint8),
        "since": deferred["since"].view(np.int64),
    }


# ---- the register ----


def _positions(table: Positions | None, terms: Terms, domains: Mapping[str, Domain]) -> dict[str, Any] | None:
    if table is None:
        return None
    units, cash = terms.scales.units, terms.scales.cash
    return {
        "rows": len(table),
        **_position_keys(table, domains),
        "dividend_option": _codes(table, "dividend_option", OPTIONS),
        "units": table["units"].rescale(units).minor,
        "frozen": _minor(table, "frozen", units),
        "pending": _minor(table, "pending", units),
        "unpaid": _minor(table, "unpaid", cash),
        "entitled": table["entitled"].rescale(units).minor if "entitled" in table else None,
    }


def _lots(table: Lots | None, terms: Terms, domains: Mapping[str, Domain]) -> dict[str, Any] | None:
    if table is None:
        return None
    return {
        "rows": len(table),
        **_position_keys(table, domains),
        "number": table["number"],
        "confirmed": table["confirmed"].view(np.int64),
        "units": table["units"].rescale(terms.scales.units).minor,
        "nav": _minor(table, "nav", terms.scales.nav),
        "rate_paid": _minor(table, "rate_paid", _RATE_SCALE),
        "reinvested": table["reinvested"].astype(np.uint8) if "reinvested" in table else 0,
    }


def _events(
    table: Events | None, terms: Terms, domains: Mapping[str, Domain], event_ids: Domain
) -> dict[str, Any] | None:
    if table is None or not len(table):
        return None
    # By their texts: events that have all else alike are written in the order of their kinds.
    kinds = sorted(set(table["kind"].dictionary), key=str.encode)
    _check_kinds(kinds)
    to = {f"to_{name}": _key_column(domains[name], table, f"to_{name}") for name in domains if name != "fund"}
    return {
        "rows": len(table),
        **_position_keys(table, domains),
        **to,
        "id": _key_column(event_ids, table, "event_id"),
        "kind": _codes(table, "kind", {kind: place for place, kind in enumerate(kinds)}),
        "kinds": kinds,
        "units": _minor(table, "units", terms.scales.units),
        "option": _codes(table, "option", OPTIONS),
        "placed_at": table["placed_at"].view(np.int64) if "placed_at" in table else _NONE,
    }


# ---- what is given for each fund ----


def _fund_days(
    terms: Terms,
    date: Date,
    utc: bool,
    prices: Mapping[Any, Amounts] | None,
    decisions: Mapping[Any, Any] | None,
    days: FundDays | None,
) -> dict[str, Any]:
    if (prices is None) == (days is None):
        raise refuse("argument", argument="prices", value="both" if days else "neither", why="give prices= or days=")
    rows = _days_of(days, terms) if days is not None else {}
    given = _by_fund(prices, terms, "prices") if prices is not None else {n: row["nav"] for n, row in rows.items()}
    decided = {n: (row.get("decision", ""), row.get("limit", 0)) for n, row in rows.items()}
    decided |= {n: _decision(value) for n, value in _by_fund(decisions or {}, terms, "decisions").items()}
    every = range(len(terms.funds))
    units = terms.scales.units
    limits = [int(Fixed.parse([decided[n][1]], units, name="limit").minor[0]) if n in decided else 0 for n in every]
    return {
        "nav": _navs(given, terms),
        "status": [_known(OPEN, rows.get(n, {}).get("status", ""), "status") for n in every],
        "decision": [_known(DECISIONS, decided.get(n, ("", 0))[0], "decision") for n in every],
        "limit": limits,
        "swing": [_known(SWINGS, rows.get(n, {}).get("swing", ""), "swing") for n in every],
        "pays_out": [int(rows.get(n, {}).get("pays_out", 0)) for n in every],
        **terms.day_lists(date, utc),
    }


def _by_fund(given: Mapping[Any, Any], terms: Terms, argument: str) -> dict[int, Any]:
    """Values by the number of their fund; one for a fund that is not in the terms is an error."""
    found = {}
    for fund, value in given.items():
        number = terms.number(fund)
        if number is None:
            raise refuse("fund-unknown", argument=argument, value=show(fund))
        found[number] = value
    return found


def _days_of(days: FundDays, terms: Terms) -> dict[int, dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for row in days.rows():
        fund: Any = row["fund"]
        number = terms.number(fund)
        if number is None:
            raise refuse("fund-unknown", argument="days", value=show(fund))
        if number in rows:
            raise refuse("price-twice", argument="days", value=show(fund))
        rows[number] = row
    return rows


def _navs(given: Mapping[int, Any], terms: Terms) -> list[int]:
    """Prices at the table's scale, each exact at its fund's; every fund has one, above zero."""
    if len(given) == len(terms.funds):
        navs = _navs_at_once(given, terms)
        if navs is not None:
            return navs
    navs = []
    for number, fund in enumerate(terms.funds):
        if number not in given:
            raise refuse("price-missing", argument="prices", value=show(fund.id))
        nav = Fixed.parse([given[number]], fund.nav_scale, name=f"prices[{fund.id!r}]").rescale(terms.scales.nav)
        if nav.minor[0] <= 0:
            raise refuse("price-zero", argument="prices", value=f"{nav[0]} for fund {fund.id!r}")
        navs.append(int(nav.minor[0]))
    return navs


def _navs_at_once(given: Mapping[int, Any], terms: Terms) -> list[int] | None:
    """The prices as columns by their decimals; nothing if one is wrong, which a look at each finds and names."""
    navs = [0] * len(given)
    by_scale: dict[int, list[int]] = {}
    for number, fund in enumerate(terms.funds):
        by_scale.setdefault(fund.nav_scale, []).append(number)
    for scale, numbers in by_scale.items():
        try:
            parsed = Fixed.parse([given[number] for number in numbers], scale).rescale(terms.scales.nav)
        except FundclearError:
            return None
        for number, nav in zip(numbers, parsed.minor.tolist(), strict=True):
            navs[number] = nav
    return navs if min(navs) > 0 else None


def _decision(value: Any) -> tuple[str, Any]:
    """A decision is a word, or the figure that limits."""
    return (value, 0) if isinstance(value, str) and value in DECISIONS else ("limit", value)


def _known(words: Mapping[str, int], word: str, argument: str) -> int:
    try:
        return words[word]
    except KeyError:
        known = ", ".join(word for word in words if word)
        raise refuse("argument", argument=argument, value=show(word), why=f"there are {known}") from None


def _incomes(terms: Terms, date: Date, income: Mapping[Any, Any] | None) -> list[tuple[int, int, int]]:
    """Income by fund and date: of a fund an amount for the day itself, or amounts by date."""
    rows = []
    for number, given in _by_fund(income or {}, terms, "income").items():
        fund = terms.funds[number]
        if fund.income is None:
            raise refuse("income-policy", argument="income", value=show(fund.id))
        for when, amount in given.items() if isinstance(given, Mapping) else [(date, given)]:
            made = Fixed.parse([amount], fund.cash_scale, name=f"income[{fund.id!r}]").rescale(terms.scales.cash)
            rows.append((number, int(np.datetime64(when, "D").astype(np.int64)), int(made.minor[0])))
    return sorted(rows)


def _discounts(terms: Terms, distributors: Domain) -> list[tuple[int, int, int]]:
    keyed = [(number, distributors.key(who), factor) for number, who, factor in terms.discounts]
    return [(number, key, factor) for number, key, factor in keyed if key is not None]


def _is_utc(table: Table | None) -> bool:
    return table is not None and "placed_at" in table and table.is_utc("placed_at")
