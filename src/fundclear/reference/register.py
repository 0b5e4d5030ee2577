"""The register: positions and their lots during a day, and the events that move them before any order is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fundclear.errors import refuse
from fundclear.reference.arithmetic import LIMIT
from fundclear.reference.context import CHARGES, NOT_PLACED, Day, PositionKey, Row

__all__ = ["Book", "Holding", "Lot", "apply_events", "close_book", "open_book", "take_first", "take_last"]


@dataclass
class Lot:
    """Units of a position that were confirmed on one date."""

    confirmed: int
    number: int
    units: int
    nav: int
    rate_paid: int
    reinvested: bool

    @property
    def age(self) -> tuple[int, int]:
        """What is taken first out: the smaller."""
        return (self.confirmed, self.number)


@dataclass
class Holding:
    """A position on its way through the day; ``units`` follow events, income cuts and orders."""

    key: PositionKey
    opening: int = 0
    units: int = 0
    frozen: int = 0
    pending_in: int = 0
    unpaid: int = 0
    entitled: int = 0
    dividend_option: int = 0
    moved: int = 0
    pending: int = 0
    issued: int = 0
    cancelled: int = 0
    income: int = 0
    income_units: int = 0
    income_cash: int = 0
    unpaid_in: int = 0
    last_number: int = 0
    lots: list[Lot] = field(default_factory=list)

    def add_lot(self, confirmed: int, units: int, nav: int, rate_paid: int = 0, reinvested: bool = False) -> None:
        """A new lot under the next number."""
        self.last_number += 1
        self.lots.append(Lot(confirmed, self.last_number, units, nav, rate_paid, reinvested))
        self.lots.sort(key=lambda lot: lot.age)


@dataclass
class Book:
    """All positions by key."""

    day: Day
    holdings: dict[PositionKey, Holding] = field(default_factory=dict)

    def at(self, key: PositionKey) -> Holding:
        """The position of a key, a new one if there is none yet."""
        return self.holdings.setdefault(key, Holding(key))

    def of_fund(self, fund: int) -> list[Holding]:
        """The positions of a fund."""
        return [holding for key, holding in self.holdings.items() if key[3] == fund]

    def keeps_lots(self, key: PositionKey) -> bool:
        """Whether positions of the fund carry lots."""
        return self.day.fund(key[3]).keeps_lots


def position_key(row: Mapping[str, Any]) -> PositionKey:
    """The key of the position that a row of any table speaks of."""
    return (
        row["account"],
        row.get("transaction_account", 0),
        row.get("distributor", 0),
        row["fund"],
        row.get("charge", "front"),
    )


def open_book(day: Day, positions: Sequence[Row], lots: Sequence[Row]) -> Book:
    """The register as yesterday left it; refused if it contradicts itself."""
    book = Book(day)
    for number, row in enumerate(positions):
        key = position_key(row)
        if not day.knows(key[3]):
            raise refuse("position-fund", argument="positions", row=number)
        if key in book.holdings:
            raise refuse("duplicate-position", argument="positions", row=number)
        _check_figures(day, number, row)
        book.holdings[key] = Holding(
            key,
            opening=row["units"],
            units=row["units"],
            frozen=row.get("frozen", 0),
            pending_in=row.get("pending", 0),
            unpaid=row.get("unpaid", 0),
            unpaid_in=row.get("unpaid", 0),
            entitled=_entitled(row),
            dividend_option=row.get("dividend_option", 0),
        )
    _open_lots(book, lots)
    return book


def _entitled(row: Row) -> int:
    return row["units"] if row.get("entitled") is None else int(row["entitled"])


def _check_figures(day: Day, number: int, row: Row) -> None:
    quantum = day.fund(row["fund"]).unit_quantum
    figures = [row["units"], row.get("frozen", 0), row.get("pending", 0), _entitled(row)]
    units, frozen, pending, _ = figures
    if min(figures) < 0 or frozen + pending > units or any(figure % quantum for figure in figures):
        raise refuse("position", argument="positions", row=number, value=f"{units}, {frozen}, {pending}")


def _open_lots(book: Book, lots: Sequence[Row]) -> None:
    for number, row in enumerate(lots):
        key = position_key(row)
        if key not in book.holdings or not book.keeps_lots(key) or row["units"] < 0:
            raise refuse("lots", argument="lots", row=number, value=str(row["units"]))
        holding = book.holdings[key]
        holding.last_number = max(holding.last_number, row["number"])
        if row["units"]:
            lot = Lot(row["confirmed"], row["number"], row["units"], row["nav"], row["rate_paid"], row["reinvested"])
            holding.lots.append(lot)
    for number, (key, holding) in enumerate(book.holdings.items()):
        holding.lots.sort(key=lambda lot: lot.age)
        if book.keeps_lots(key) and sum(lot.units for lot in holding.lots) != holding.units:
            raise refuse("lots", argument="positions", row=number, value=str(holding.units))


def take_first(lots: list[Lot], units: int) -> list[Lot]:
    """Take units out of lots, the oldest first; what was taken, lot by lot."""
    return _take(lots, units, oldest=True)


def take_last(lots: list[Lot], units: int) -> list[Lot]:
    """Take units out of lots, the youngest first; what was taken, lot by lot."""
    return _take(lots, units, oldest=False)


def _take(lots: list[Lot], units: int, *, oldest: bool) -> list[Lot]:
    taken = []
    while units > 0:
        lot = lots[0 if oldest else -1]
        part = min(units, lot.units)
        taken.append(Lot(lot.confirmed, lot.number, part, lot.nav, lot.rate_paid, lot.reinvested))
        lot.units -= part
        units -= part
        if lot.units == 0:
            lots.remove(lot)
    return taken


# --- events ----------------------------------------------------------------------------------------------------------

_EVENT_KINDS = ("freeze", "unfreeze", "transfer", "custody", "forced_credit", "forced_debit", "dividend_option")


def _event_content(event: Row) -> tuple[Any, ...]:
    charge = event.get("charge", "front")
    return (
        event.get("placed_at", NOT_PLACED),
        event.get("distributor", 0),
        event["event_id"],
        event["kind"],
        event["account"],
        event.get("transaction_account", 0),
        event["fund"],
        CHARGES.index(charge) if charge in CHARGES else len(CHARGES),
        event.get("units", 0),
        event.get("to_account", 0),
        event.get("to_transaction_account", 0),
        event.get("to_distributor", 0),
        event.get("option", 0),
    )


def apply_events(book: Book, events: Sequence[Row]) -> tuple[list[Row], Counter[tuple[str, int]]]:
    """Apply the day's events one by one; what became of each, and the units credited, debited, moved by fund."""
    contents = {(event.get("distributor", 0), event["event_id"]): set[tuple[Any, ...]]() for event in events}
    for event in events:
        contents[event.get("distributor", 0), event["event_id"]].add(_event_content(event))
    moved = Counter[tuple[str, int]]()
    outcomes = []
    seen = set[tuple[Any, ...]]()
    for event in sorted(events, key=_event_content):
        content = _event_content(event)
        if len(contents[event.get("distributor", 0), event["event_id"]]) > 1:
            reason = "duplicate-conflict"
        elif content in seen:
            reason = "duplicate"
        else:
            reason = _refusal_of_event(book, event)
        seen.add(content)
        if not reason:
            _apply(book, event, moved)
        outcomes.append({**event, "status": "rejected" if reason else "confirmed", "reason": reason})
    return outcomes, moved


def _refusal_of_event(book: Book, event: Row) -> str:
    """The first reason that holds against an event; empty if none does."""
    return next(_refusals_of_event(book, event), "")


def _refusals_of_event(book: Book, event: Row) -> Iterator[str]:
    day, kind, units = book.day, event["kind"], event.get("units", 0)
    if kind not in _EVENT_KINDS:
        yield "unsupported-event"
    if not day.knows(event["fund"]):
        yield "unknown-fund"
    fund, charge = day.fund(event["fund"]), event.get("charge", "front")
    if charge not in CHARGES or (charge == "back" and not fund.back_end):
        yield "charge-class"
    if kind == "dividend_option":
        units = 0
        if event.get("option", 0) not in (0, 1, 2):
            yield "bad-option"
    elif units <= 0:
        yield "quantity-not-positive"
    elif units % fund.unit_quantum:
        yield "quantity-precision"
    if kind in ("transfer", "custody") and position_key(event) == _destination(event):
        yield "same-position"
    holding = book.holdings.get(position_key(event))
    if kind == "forced_credit":
        return
    if holding is None:
        yield "insufficient-units"
        return
    free = holding.units - holding.frozen - holding.pending_in
    if units > (holding.frozen if kind == "unfreeze" else free):
        yield "insufficient-units"


def _destination(event: Row) -> PositionKey:
    return (
        event.get("to_account", 0),
        event.get("to_transaction_account", 0),
        event.get("to_distributor", 0),
        event["fund"],
        event.get("charge", "front"),
    )


def _apply(book: Book, event: Row, moved: Counter[tuple[str, int]]) -> None:
    kind, key, units, fund = event["kind"], position_key(event), event.get("units", 0), event["fund"]
    day_of_fund = book.day.day_of(fund)
    holding = book.at(key)
    if kind == "dividend_option":
        holding.dividend_option = event.get("option", 0)
    elif kind in ("freeze", "unfreeze"):
        holding.frozen += units if kind == "freeze" else -units
    elif kind == "forced_credit":
        _move(holding, units)
        moved["credit", fund] += units
        if book.keeps_lots(key):
            holding.add_lot(day_of_fund.confirmation, units, day_of_fund.nav)
    elif kind == "forced_debit":
        _move(holding, -units)
        moved["debit", fund] += units
        if book.keeps_lots(key):
            take_first(holding.lots, units)
    else:
        target = book.at(_destination(event))
        _move(holding, -units)
        _move(target, units)
        moved["transfer", fund] += units
        if book.keeps_lots(key):
            for lot in take_first(holding.lots, units):
                target.add_lot(lot.confirmed, lot.units, lot.nav, lot.rate_paid, lot.reinvested)


def _move(holding: Holding, units: int) -> None:
    """Move units in or out; the register after each event is a result, so that it has 18 digits at most."""
    holding.units += units
    holding.moved += units
    if max(holding.units, holding.moved) > LIMIT:
        raise refuse("overflow", argument="units", value=str(holding.units), scale=0)


# --- the tables at the end of the day --------------------------------------------------------------------------------

_FIGURES = (
    "dividend_option",
    "units",
    "frozen",
    "pending",
    "unpaid",
    "opening",
    "issued",
    "cancelled",
    "income",
    "income_units",
    "income_cash",
    "moved",
)


def close_book(book: Book) -> tuple[list[Row], list[Row]]:
    """The tables of positions and lots, in their written order. Positions that say nothing any more are left out."""
    positions, lots = [], []
    for key in sorted(book.holdings, key=book.day.position_order):
        holding = book.holdings[key]
        named = _named(key)
        figures = {name: getattr(holding, name) for name in _FIGURES}
        if any(figures.values()):
            positions.append(named | figures)
        lots += [named | _lot_row(lot) for lot in holding.lots]
    return positions, lots


def _named(key: PositionKey) -> Row:
    return dict(zip(("account", "transaction_account", "distributor", "fund", "charge"), key, strict=True))


def _lot_row(lot: Lot) -> Row:
    return {
        "number": lot.number,
        "confirmed": lot.confirmed,
        "units": lot.units,
        "nav": lot.nav,
        "rate_paid": lot.rate_paid,
        "reinvested": lot.reinvested,
    }
