"""What the proof of a day says, summed up anew from the columns of the day's tables: every law with both its sides.

Tables are columns of whole numbers and texts by name, as they stand in a day's folder; funds are called what the tables
call them. Of tables that have rows of every account only sums are needed, and those of parts of the accounts add up.
What the tables alone do not tell is ``None``: of days with obligations that were settled at once, and of gates, unless
``new`` and ``gates`` are given.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from datetime import timedelta
from typing import Any, Final, NamedTuple, TypeAlias

from fundclear.reference.flows import FLOW_KINDS
from fundclear.reference.lawbook import CASH_KINDS, UNIT_KINDS
from fundclear.reference.policy import Fund, Policy
from fundclear.reference.tallies_of_books import tally_ledger, tally_settlement

__all__ = ["SUMMED", "DayColumns", "Groups", "Sums", "Tally", "control_totals", "tally"]

Columns: TypeAlias = Mapping[str, Sequence[Any]]

#: Sums of columns by what their rows have in common; ``rows`` counts them.
Groups: TypeAlias = dict[tuple[Any, ...], Counter[str]]

_KINDS: Final = (*CASH_KINDS, *UNIT_KINDS, "unsupported")
_ORIGINS: Final = ("new", "deferred", "carried")
_STATUSES: Final = ("confirmed", "part", "rejected", "deferred", "cancelled", "carried")
_DEALING: Final = FLOW_KINDS[:4]


class Tally(NamedTuple):
    """An entry of a proof: law, scope, both sides in minor units, their decimals, rows. ``None`` is not known."""

    law: str
    scope: str
    left: int | None
    right: int | None
    scale: int
    rows: int | None


_REGISTER: Final = (
    *("opening", "issued", "cancelled", "income_units", "moved", "units"),
    *("pending", "income", "income_cash", "unpaid"),
)
_FATES: Final = ("requested", "top_up", "confirmed", "deferred", "cancelled")
_DEALT: Final = ("amount", "net", "units", "rounding", "net_in", "units_in", "rounding_in")

#: What is summed of tables that have rows of every account: the table, what the rows of a sum have in common, and the
#: columns. Of ``dealt`` only the orders count of which something was confirmed.
SUMMED: Final[dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "orders": ("confirmations", ("fund", "kind", "status", "reason", "origin"), _FATES),
    "dealt": ("confirmations", ("fund", "kind", "target_fund"), _DEALT),
    "register": ("positions", ("fund",), _REGISTER),
    "lots": ("lots", ("fund",), ("units",)),
}


@dataclass(frozen=True)
class Sums:
    """Sums over the tables that have rows of every account; they are those of the :data:`SUMMED` of these names.

    Attributes:
        orders: by fund, kind, status, reason and origin.
        dealt: by fund, kind and target fund.
        register: by fund.
        lots: by fund.
        opening_unpaid: unpaid income at the opening of the positions that are still there, by fund.
    """

    orders: Groups = field(default_factory=dict)
    dealt: Groups = field(default_factory=dict)
    register: Groups = field(default_factory=dict)
    lots: Groups = field(default_factory=dict)
    opening_unpaid: Counter[Any] = field(default_factory=Counter)

    @classmethod
    def of(cls, tables: Mapping[str, Columns]) -> Sums:
        """The sums of these tables.

        >>> lots = {"fund": ["A", "B", "A"], "units": [3, 4, 5]}
        >>> Sums.of({"lots": lots}).lots == {("A",): {"units": 8, "rows": 2}, ("B",): {"units": 4, "rows": 1}}
        True
        """
        made = {}
        for name, (table, by, columns) in SUMMED.items():
            given = tables.get(table, {})
            if name == "dealt" and given:
                kept = [row for row, confirmed in enumerate(given["confirmed"]) if confirmed]
                given = {column: [given[column][row] for row in kept] for column in (*by, *columns)}
            made[name] = grouped(given, by, columns)
        return cls(**made, opening_unpaid=_opening_unpaid(tables))

    def add(self, other: Sums) -> None:
        """Adds the sums of other accounts."""
        for name in SUMMED:
            into: Groups = getattr(self, name)
            for key, sums in getattr(other, name).items():
                into.setdefault(key, Counter()).update(sums)
        self.opening_unpaid.update(other.opening_unpaid)

    def count(self, name: str) -> int:
        """How many rows were summed."""
        return sum(sums["rows"] for sums in getattr(self, name).values())

    def orders_by(self, *columns: str) -> Groups:
        """The sums of orders by fewer columns."""
        places = [SUMMED["orders"][1].index(column) for column in columns]
        groups = defaultdict[tuple[Any, ...], Counter[str]](Counter)
        for key, sums in self.orders.items():
            groups[tuple(key[place] for place in places)].update(sums)
        return dict(groups)

    def counts(self, column: str) -> Counter[Any]:
        """The orders by what they have in one of the columns by which they are summed."""
        return Counter({value: sums["rows"] for (value,), sums in self.orders_by(column).items()})


def grouped(given: Columns, by: Sequence[str], columns: Sequence[str]) -> Groups:
    """The sums of columns over the rows that have the same in ``by``; ``rows`` counts them."""
    groups = defaultdict[tuple[Any, ...], Counter[str]](Counter)
    keys = list(zip(*(given.get(name, ()) for name in by), strict=True))
    for key in keys:
        groups[key]["rows"] += 1
    for name in columns:
        for key, figure in zip(keys, given.get(name, ()), strict=True):
            groups[key][name] += figure
    return dict(groups)


def _opening_unpaid(tables: Mapping[str, Columns]) -> Counter[Any]:
    opening, unpaid = tables.get("opening_positions"), Counter[Any]()
    if opening is None or "unpaid" not in opening:
        return unpaid
    names = ("account", "transaction_account", "distributor", "fund", "charge")
    written = set(zip(*(tables["positions"][name] for name in names), strict=True))
    rows = len(opening["fund"])
    default = {"charge": "front"}
    # A table without a column stands for one that is nought everywhere, as an integer or as a text.
    nought = [(column[0] if column else 0) for column in (tables["positions"][name][:1] for name in names)]
    for place, name in enumerate(names):
        default.setdefault(name, "" if isinstance(nought[place], str) else 0)  # type: ignore[arg-type]
    columns = [opening.get(name, [default[name]] * rows) for name in names]
    for key, amount in zip(zip(*columns, strict=True), opening["unpaid"], strict=True):
        if amount and key in written:
            unpaid[key[3]] += amount
    return unpaid


@dataclass(frozen=True)
class DayColumns:
    """A day's tables as columns, and what was decided for it.

    Attributes:
        sums: those of the tables that have rows of every account.
        tables: by name, the other tables of the day and ``opening_obligations``.
        policy: the terms.
        ids: what the tables call the funds of the policy, in its order.
        currencies: the names of the currencies, in the policy's order.
        days: the days' inputs by fund, with nav, custody and netting set.
        prices: the dealing prices by fund.
        date: the dealing day.
        quantity_scale: the decimals of orders.
        clearing: the clearing party.
        gates: by the number of a portfolio's head what its gate saw and did; ``None`` if that is not known.
        new: the obligations that the day gave rise to; ``None`` if they are not known.
    """

    sums: Sums
    tables: Mapping[str, Columns]
    policy: Policy
    ids: Sequence[Any]
    currencies: Sequence[str]
    days: Sequence[Mapping[str, Any]]
    prices: Sequence[int]
    date: int
    quantity_scale: int
    clearing: str
    gates: Mapping[int, Mapping[str, Any]] | None = None
    new: Sequence[Mapping[str, Any]] | None = None

    @property
    def value(self) -> int:
        """The decimals of units × price."""
        return self.policy.scales.units + self.policy.scales.nav


_FLOWS: Final = (
    *("orders", "amount", "net", "units", "fee", "back_end", "top_up_fee"),
    *("fee_to_fund", "fee_to_distributor", "fee_to_manager", "refund", "unpaid", "rounding"),
)


class Books:
    """The sums that several laws speak of, taken once."""

    def __init__(self, day: DayColumns) -> None:
        self.day = day
        self.flows = grouped(day.tables["flows"], ("fund", "kind"), _FLOWS)

    def flow(self, number: int, kind: str) -> Counter[str]:
        """The sums of a fund's flows of a kind."""
        return self.flows.get((self.day.ids[number], kind), Counter())

    def flow_sum(self, number: int, name: str, *kinds: str) -> int:
        """A figure of a fund's flows of these kinds."""
        return sum(self.flow(number, kind)[name] for kind in kinds)

    def registered(self, number: int) -> Counter[str]:
        """The sums of a fund's positions; ``unpaid`` is the change of unpaid income."""
        sums = Counter(self.day.sums.register.get((self.day.ids[number],), {}))
        sums["unpaid"] -= self.day.sums.opening_unpaid[self.day.ids[number]]
        return sums

    def dealing_cash(self, number: int) -> int:
        """What dealing brings a fund in cash."""
        taken = sum(self.flow_sum(number, name, "redemption", "switch_out") for name in ("net", "fee", "back_end"))
        kept = self.flow_sum(number, "fee_to_fund", "redemption", "switch_out")
        return self.flow_sum(number, "net", "subscription", "switch_in") + kept - taken

    def has_dealt(self, number: int) -> bool:
        """Whether the fund has flows from dealing."""
        return any(value for kind in _DEALING for name, value in self.flow(number, kind).items() if name != "rows")


def tally(day: DayColumns) -> list[Tally]:
    """The entries of the day's proof, in their order."""
    books = Books(day)
    entries: list[Tally] = []
    for part in (_orders, _gates, _funds, _register, _income, tally_settlement, tally_ledger, _tables):
        entries += (Tally(*entry) for entry in part(books))
    return entries


Entry: TypeAlias = tuple[str, str, int | None, int | None, int, int | None]


def _iso(day: int) -> str:
    return (Date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _funds_of(day: DayColumns) -> Iterator[tuple[int, Fund, str]]:
    """Number, terms and name of every fund."""
    for number, (fund, name) in enumerate(zip(day.policy.funds, day.ids, strict=True)):
        yield number, fund, str(name)


# ---- orders and gates ----


def _orders(books: Books) -> Iterator[Entry]:
    """O2 by fund and kind, O1, O3 and O5 of the day."""
    day = books.day
    by_kind = defaultdict[tuple[Any, str], Counter[str]](Counter)
    for (fund, kind, status, *_), sums in day.sums.orders.items():
        into = by_kind[fund, kind if kind in _KINDS else "unsupported"]
        into.update(sums)
        into["whole"] += sums["requested"] if status in ("rejected", "carried") else 0
    known = {fund: number for number, fund in enumerate(day.ids)}
    others = sorted({fund for fund, _ in by_kind} - set(known), key=_order)
    for fund in [*day.ids, *others]:
        for kind in _KINDS:
            if (fund, kind) in by_kind:
                sums = by_kind[fund, kind]
                fates = sums["confirmed"] + sums["deferred"] + sums["cancelled"] + sums["whole"]
                asked = sums["requested"] + sums["top_up"]
                yield "O2", f"{fund} {kind}", asked, fates, day.quantity_scale, sums["rows"]
    rows = day.sums.count("orders")
    yield "O1", "", rows, rows, 0, rows
    origins, statuses, reasons = (day.sums.counts(column) for column in ("origin", "status", "reason"))
    for origin in _ORIGINS:
        yield "O3", "", origins[origin], origins[origin], 0, origins[origin]
    yield "O3", "", rows, sum(statuses[status] for status in _STATUSES), 0, rows
    standing = rows - reasons["duplicate"] - reasons["duplicate-conflict"]
    yield "O5", "", standing, standing, 0, rows


def _order(identifier: Any) -> Any:
    return identifier.encode() if isinstance(identifier, str) else identifier


def _gates(books: Books) -> Iterator[Entry]:
    """G1 and G2 by portfolio, G3 and G4 of the day."""
    day, units = books.day, books.day.policy.scales.units
    outgoing = Counter[int]()
    known = {fund: number for number, fund in enumerate(day.ids)}
    for (fund, kind, status, reason, _), sums in day.sums.orders.items():
        if kind in UNIT_KINDS and (status not in ("rejected", "carried") or reason == "zero-units"):
            outgoing[day.policy.funds[known[fund]].portfolio] += sums["rows"]
    heads = sorted({fund.portfolio for fund in day.policy.funds})
    for head in heads:
        if day.policy.funds[head].gate is None:
            continue
        rows = outgoing[head]
        opening = sum(books.registered(n)["opening"] for n, fund, _ in _funds_of(day) if fund.portfolio == head)
        gate = None if day.gates is None else day.gates[head]
        requested = None if gate is None else gate["requested"]
        yield "G1", str(day.ids[head]), requested, requested, units, rows
        yield "G1", str(day.ids[head]), opening, opening, units, rows
        tripped = None if gate is None else int(gate["tripped"])
        yield "G1", str(day.ids[head]), tripped, tripped, 0, rows
        limit = None if gate is None else gate["limit"]
        yield "G2", str(day.ids[head]), limit, limit, units, rows
    for head in heads:
        if day.policy.funds[head].gate is None:
            asked = None if day.gates is None else day.gates[head]["requested"]
            yield "G2", str(day.ids[head]), asked, asked, units, outgoing[head]
    total = sum(outgoing.values())
    yield "G3", "", total, total, 0, total
    yield "G4", "", total, total, 0, total


# ---- cash and value ----


def _funds(books: Books) -> Iterator[Entry]:
    """C1 to C4 and V1 to V4 by fund, C3 by currency."""
    day, cash = books.day, books.day.policy.scales.cash
    transfers = defaultdict[int, list[int]](lambda: [0, 0])
    for number, fund, name in _funds_of(day):
        if not books.has_dealt(number):
            continue
        sub, red, out, into = (books.flow(number, kind) for kind in _DEALING)
        yield "C1", name, sub["amount"], sub["net"] + sub["fee"] + sub["refund"], cash, sub["orders"]
        yield "C2", name, red["amount"], red["net"] + red["fee"] + red["back_end"], cash, red["orders"]
        yield "C3", name, out["amount"], out["net"] + out["fee"] + out["back_end"], cash, out["orders"]
        fees, payees = (
            sum(books.flow_sum(number, column, *_DEALING) for column in columns)
            for columns in (("fee", "back_end", "top_up_fee"), ("fee_to_fund", "fee_to_distributor", "fee_to_manager"))
        )
        orders = books.flow_sum(number, "orders", *_DEALING)
        yield "C4", name, fees, payees, cash, orders
        yield from _value(books, number, name)
        transfers[fund.currency][0] += out["net"]
        transfers[fund.currency][1] += into["net"] + into["top_up_fee"] + into["refund"]
    for currency in sorted(transfers):
        left, right = transfers[currency]
        yield "C3", day.currencies[currency], left, right, cash, 0


def _value(books: Books, number: int, name: str) -> Iterator[Entry]:
    day, price, nav = books.day, books.day.prices[number], books.day.days[number]["nav"]
    exact, places = day.policy.scales.cash_to_value, day.value
    sub, red, out, into = (books.flow(number, kind) for kind in _DEALING)
    yield "V1", name, sub["net"] * exact, sub["units"] * price + sub["rounding"], places, sub["orders"]
    yield "V2", name, red["units"] * price, red["amount"] * exact + red["rounding"], places, red["orders"]
    yield "V3", name, out["units"] * price, out["amount"] * exact + out["rounding"], places, out["orders"]
    yield "V3", name, into["net"] * exact, into["units"] * price + into["rounding"], places, into["orders"]
    register = books.registered(number)
    change = register["issued"] - register["cancelled"]
    kept = red["fee_to_fund"] + out["fee_to_fund"]
    rounding = books.flow_sum(number, "rounding", *_DEALING)
    held = nav * change + kept * exact + rounding + (price - nav) * change
    yield "V4", name, books.dealing_cash(number) * exact, held, places, books.flow_sum(number, "orders", *_DEALING)


# ---- register and income ----


def _register(books: Books) -> Iterator[Entry]:
    """U1 to U3 by fund, U4 of the day."""
    day, units = books.day, books.day.policy.scales.units
    factor = 10 ** (day.quantity_scale - units)
    forced = Counter[Any]()
    events = day.tables["events"]
    if "status" in events:
        moves = zip(*(events[name] for name in ("fund", "kind", "status")), strict=True)
        signs = {"forced_credit": 1, "forced_debit": -1}
        for (fund, kind, status), moved in zip(moves, events.get("units", [0] * len(events["fund"])), strict=True):
            forced[fund] += signs.get(kind, 0) * moved if status == "confirmed" else 0
    for number, fund, name in _funds_of(day):
        r = books.registered(number)
        rows = r["rows"]
        issued = books.flow_sum(number, "units", "subscription", "switch_in")
        cancelled = books.flow_sum(number, "units", "redemption", "switch_out")
        closing = r["opening"] + r["issued"] + r["income_units"] + r["moved"] - r["cancelled"]
        yield "U1", name, r["units"], closing, units, rows
        yield "U2", name, r["issued"], issued, units, rows
        yield "U2", name, r["cancelled"], cancelled, units, rows
        yield "U2", name, r["income_units"], books.flow(number, "income")["units"], units, rows
        yield "U2", name, r["moved"], forced[day.ids[number]], units, rows
        deferred = sum(sums["deferred"] for (of, *_), sums in day.sums.orders.items() if of == day.ids[number])
        yield "U2", name, r["pending"] * factor, deferred, units, rows
        if fund.keeps_lots:
            yield "U3", name, day.sums.lots.get((day.ids[number],), Counter())["units"], r["units"], units, rows
    rows = day.sums.count("register")
    yield "U4", "", rows, rows, 0, rows


def _income(books: Books) -> Iterator[Entry]:
    """I4 by date, I1 by what was shared at once, A1 and I3 by fund, I2 of the day."""
    day, scales = books.day, books.day.policy.scales
    table = day.tables["income"]
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    for row in rows:
        yield "I4", f"{row['fund']} {_iso(row['date'])}", row["per_10k"], row["per_10k"], 4, 1
    for number, fund, name in _funds_of(day):
        mine = [row for row in rows if row["fund"] == day.ids[number]]
        if not mine:
            continue
        at_once = 1 if fund.income is not None and fund.income.daily else len(mine)
        for first in range(0, len(mine), at_once):
            shared = mine[first : first + at_once]
            given, paid = sum(row["income"] for row in shared), sum(row["paid"] + row["kept"] for row in shared)
            yield "I1", f"{name} {_iso(shared[-1]['date'])}", given, paid, scales.cash, len(shared)
        r, kept = books.registered(number), sum(row["kept"] for row in mine)
        yield "A1", name, sum(row["income"] for row in mine), r["income"] + kept, scales.cash, r["rows"]
    positions = 0
    up, down = (10 ** max(0, places) for places in (scales.units - scales.cash, scales.cash - scales.units))
    for number, _, name in _funds_of(day):
        r = books.registered(number)
        if any(r[column] for column in ("income", "income_cash", "income_units", "unpaid")):
            right = (r["income_cash"] + r["unpaid"]) * up + r["income_units"] * down
            yield "I3", name, r["income"] * up, right, max(scales.units, scales.cash), r["rows"]
            positions += r["rows"]
    yield "I2", "", positions, positions, 0, positions


# ---- tables ----


def _tables(books: Books) -> Iterator[Entry]:
    """T1: confirmations and flows, register and flows, and the clearing account."""
    day, scales = books.day, books.day.policy.scales
    dealt = _dealt(day)
    for number, _, fund in _funds_of(day):
        for kind in _DEALING:
            flow, sums = books.flow(number, kind), dealt[day.ids[number], kind]
            scope = f"{fund} {kind}"
            for column, places in (("amount", scales.cash), ("net", scales.cash), ("units", scales.units)):
                yield "T1", scope, sums[column], flow[column], places, flow["orders"]
            yield "T1", scope, sums["rounding"], flow["rounding"], day.value, flow["orders"]
        flow, r = books.flow(number, "income"), books.registered(number)
        for column, of_flow in (("income", "amount"), ("income_cash", "net"), ("unpaid", "unpaid")):
            yield "T1", f"{fund} income", r[column], flow[of_flow], scales.cash, r["rows"]
    yield from _clearing(day)


def _dealt(day: DayColumns) -> dict[tuple[Any, str], Counter[str]]:
    """What confirmations say was dealt, by fund and kind of flow."""
    kinds = {"subscribe": "subscription", "periodic": "subscription", "redeem": "redemption", "switch": "switch_out"}
    dealt = defaultdict[tuple[Any, str], Counter[str]](Counter)
    for (fund, kind, target), sums in day.sums.dealt.items():
        into = dealt[fund, kinds[kind]]
        into.update({name: sums[name] for name in ("amount", "net", "units", "rounding")})
        if kind == "switch":
            into = dealt[target, "switch_in"]
            into.update({"amount": sums["net_in"], "net": sums["net_in"]})
            into.update({"units": sums["units_in"], "rounding": sums["rounding_in"]})
    return dealt


def _clearing(day: DayColumns) -> Iterator[Entry]:
    """What the clearing account gets of the day's obligations it gives."""
    cash = day.policy.scales.cash
    for currency in day.currencies:
        mine = None if day.new is None else [row for row in day.new if row["currency"] == currency]
        if mine is None:
            yield "T1", currency, None, None, cash, None
        elif mine:
            gets, gives = (
                sum(row["amount"] for row in mine if row[side] == day.clearing) for side in ("payee", "payer")
            )
            yield "T1", currency, gets, gives, cash, len(mine)


def control_totals(day: DayColumns) -> dict[str, tuple[int, int]]:
    """The control totals of the proof: each with its decimals."""
    statuses, scales, sums = day.sums.counts("status"), day.policy.scales, Counter[str]()
    for of_fund in day.sums.register.values():
        sums.update(of_fund)
    totals = {f"orders {status}": (statuses[status], 0) for status in _STATUSES}
    totals["positions"] = (sums["rows"], 0)
    totals["opening units"] = (sums["opening"], scales.units)
    totals["closing units"] = (sums["units"], scales.units)
    totals["income"] = (sums["income"], scales.cash)
    return totals
