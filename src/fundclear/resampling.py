"""Accounts of a finished day chosen to be cleared again by the judge, with what the day's own proof decided for all.

They are chosen part by part, and of each part only their rows are kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt

from fundclear.clearing import Clearing
from fundclear.columns import Labels
from fundclear.dayparts import DayParts, rows_of, table_of
from fundclear.folder import BY_ACCOUNT
from fundclear.identifiers import Domain, Identifiers
from fundclear.inputs import given_again
from fundclear.intake import Seen, take_in
from fundclear.joining import joined
from fundclear.proof import Cut
from fundclear.replaying import Replay, columns_of, names_of_keys
from fundclear.tables import Table, TypedTable

__all__ = ["Sampling", "columns_for_sums", "cuts_of", "replay_of"]

_Keys: TypeAlias = npt.NDArray[np.int64]

#: A file and the number of a row in it.
Place: TypeAlias = tuple[str, int]

_COMPARED: Final = ("confirmations", "positions", "lots")

#: Events that take units from one account to another.
_MOVES: Final = ("transfer", "custody")

_DUPLICATE: Final = ("duplicate", "duplicate-conflict")


# ---- the day's columns for its sums ----


def columns_for_sums(
    day: Clearing, replay: Replay, sums: Any, prices: Sequence[int], decided: Mapping[str, Any] | None
) -> Any:
    """The day as :func:`fundclear.reference.tallies.tally` takes it.

    Args:
        day: the day; of the tables by account nothing is looked at.
        replay: the same as the judge takes it.
        sums: those of the tables by account.
        prices: the dealing prices by fund.
        decided: the judge's tables, if the day was cleared again as a whole.
    """
    from fundclear.reference import from_plain
    from fundclear.reference.tallies import DayColumns

    terms, keys = day.terms, replay.intake.fund_keys.tolist()
    ids = dict(zip(keys, terms.ids, strict=True))
    gates = None if decided is None else {keys.index(gate["portfolio"]): gate for gate in decided["gates"]}
    if decided is None:
        new = _new_obligations(day, replay)
    else:
        new = [row | {"fund": ids[row["fund"]]} for row in decided["new_obligations"]]
    small = {name: table for name, table in (day.tables | day.inputs.tables).items() if name not in BY_ACCOUNT}
    return DayColumns(
        sums=sums,
        tables={name: columns_of(table) for name, table in small.items()},
        policy=from_plain(terms.scales, terms.plain()),
        ids=terms.ids,
        currencies=terms.currencies,
        days=replay.days(),
        prices=prices,
        date=replay.day_number,
        quantity_scale=replay.intake.quantity_scale,
        clearing=terms.clearing,
        gates=gates,
        new=new,
    )


def cuts_of(day: Clearing, replay: Replay, income: Iterable[Mapping[str, Any]], gates: Iterable[Any]) -> list[Cut]:
    """Where the judge cut splits of income and of gates."""
    ids = dict(zip(replay.intake.fund_keys.tolist(), map(str, day.terms.ids), strict=True))
    accounts, order_ids = replay.intake.accounts, replay.intake.order_ids
    cuts = [
        Cut("income", ids[row["fund"]], _iso(row["date"]), row["cut_remainder"], accounts.text(row["cut_account"]))
        for row in income
        if row["cut_remainder"]
    ]
    for gate in gates:
        if gate["cut"] is not None:
            remainder, order_id, since = gate["cut"]
            cuts.append(Cut("gate", ids[gate["portfolio"]], _iso(since), remainder, order_ids.text(order_id)))
    return cuts


def _iso(number: int) -> str:
    return str(np.datetime64(number, "D"))


def replay_of(day: Clearing, seen: Seen | None = None) -> Replay:
    """A day as its judge takes it, from what its folder keeps of its inputs.

    Raises:
        InputError: what the folder keeps is no day that could be cleared.
    """
    given = given_again(day.inputs, day.confirmations, day.events)
    income: dict[Any, dict[Any, Any]] = {}
    for row in day.inputs.fund_income.rows() if day.inputs.fund_income is not None else ():
        income.setdefault(row["fund"], {})[row["date"]] = row["income"]
    days = day.inputs.fund_days
    intake = take_in(given, day.terms, day.date, prices=None, income=income, decisions=None, days=days, seen=seen)
    return Replay(given, intake, day.terms, day.date)


# ---- a sample ----


@final
class Sampling:
    """So many accounts, evenly over all, from places on that the proof's digest says; all if there are no more.

    Every part gives as many as any other. Those at a cut are left out, and those that events connect them with: where
    positions of one account have equal remainders there, the cut does not tell which of them was before it. So are
    those with an order that bought nothing, as no table tells its price or what a gate let through, and those with an
    order that is rejected as a duplicate, which another account's order may be the reason of. That there is such an
    order is looked up.
    """

    def __init__(self, day: DayParts, count: int) -> None:
        self._day, self._count = day, count
        self._first = int(day.proof.digest, 16)
        self._pieces: dict[str, list[tuple[int, _Keys, TypedTable]]] = defaultdict(list)
        self._links = _links(day.small["events"])
        self._shared = _with_shared_ids(day.small["events"])
        #: Accounts that events connect with others, and that are in no sample.
        self._untold = self._shared & set(self._links)
        #: Chosen accounts: those without events, and those whose events are looked at when all parts are known.
        self._chosen: set[Any] = set()
        self._later: list[Any] = []
        self._prices: dict[Any, int] = {}
        #: Orders that are rejected as duplicates of orders in no file of theirs, by distributor and id.
        self._lonely: dict[tuple[Any, Any], list[Place]] = defaultdict(list)
        #: The accounts and orders at which the proof cuts, and those that were not met yet.
        cuts = [cut for cut in day.proof.cuts if cut.key]
        self._cuts = {what: {cut.key for cut in cuts if cut.what == what} for what in ("income", "gate")}
        self._unmet = {what: set(keys) for what, keys in self._cuts.items()}

    @property
    def unmet(self) -> list[str]:
        """The accounts and orders at which the proof cuts, and which the day does not have."""
        return sorted(key for keys in self._unmet.values() for key in keys)

    def take(self, number: int, part: Clearing) -> None:
        """Chooses among the accounts of a part, and keeps their rows."""
        tables = {name: table_of(part, name) for name in self._day.names}
        accounts = Domain.of("account", *(table["account"] for table in tables.values()))
        keys = {name: _full(accounts.keys(table["account"]), len(table)) for name, table in tables.items()}
        every = _distinct(np.concatenate([np.empty(0, dtype=np.int64), *keys.values()]))
        left_out = keys["confirmations"][self._left_out(number, part)]
        untold = np.concatenate([self._at_income_cuts(accounts, every), _keys_of(accounts, self._shared), left_out])
        linked = _among(_keys_of(accounts, self._links), every)
        self._untold.update(names_of_keys(accounts, linked[np.isin(linked, untold)]))
        due = self._count * (number + 1) // len(self._day) - len(self._chosen) - len(self._later)
        chosen = self._evenly(every[~np.isin(every, untold)], due)
        self._later += names_of_keys(accounts, chosen[np.isin(chosen, linked)])
        now = chosen[~np.isin(chosen, linked)]
        self._chosen.update(names_of_keys(accounts, now))
        self._keep(number, tables, {name: np.flatnonzero(np.isin(column, now)) for name, column in keys.items()})
        self._note_prices(part)

    def _evenly(self, keys: _Keys, count: int) -> _Keys:
        if len(keys) <= count:
            return keys
        return keys[(self._first % len(keys) + len(keys) // max(count, 1) * np.arange(count)) % len(keys)]

    def _keep(self, number: int, tables: Mapping[str, TypedTable], rows: Mapping[str, _Keys]) -> None:
        for name, table in tables.items():
            self._pieces[name].append((number, rows[name], _compact(table.rows_at(rows[name]))))

    # ---- who is left out ----

    def _at_income_cuts(self, accounts: Domain, every: _Keys) -> _Keys:
        """The accounts of a part at which a split of income is cut."""
        found = {key: _keys_of(accounts, [key]) for key in self._cuts["income"]}
        met = {key: _among(keys, every) for key, keys in found.items()}
        self._unmet["income"] -= {key for key, keys in met.items() if len(keys)}
        return np.concatenate([np.empty(0, dtype=np.int64), *met.values()])

    def _left_out(self, number: int, part: Clearing) -> npt.NDArray[np.bool_]:
        """The orders of a part whose accounts are in no sample."""
        table = part.confirmations
        bought_nothing = (table["kind"] == "switch") & (table["confirmed"].minor == 0)
        left_out = bought_nothing & (table["deferred"].minor != 0) & (table["cancelled"].minor != 0)
        # Where nobody else deals in a fund that swings, no table tells its price.
        left_out |= table["reason"] == "zero-units"
        for key in self._cuts["gate"]:
            at_cut = _are(table["order_id"], key)
            if at_cut.any():
                self._unmet["gate"].discard(key)
                left_out |= at_cut
        duplicates = (table["reason"] == _DUPLICATE[0]) | (table["reason"] == _DUPLICATE[1])
        if duplicates.any():
            self._note_lonely(number, table, duplicates)
        return np.asarray(left_out | duplicates)

    def _note_lonely(self, number: int, table: Table, duplicates: npt.NDArray[np.bool_]) -> None:
        """Notes the duplicates of orders that are not in the same part."""
        rows, ids = np.flatnonzero(duplicates), table["order_id"]
        numbers = ids.codes if isinstance(ids, Labels) else ids
        pairs = _pairs(table, rows)
        same = Counter(_pairs(table, np.flatnonzero(np.isin(numbers, numbers[rows]))))
        file = self._day.file("confirmations", number)
        for row, pair in zip(rows.tolist(), pairs, strict=True):
            if same[pair] < 2:
                self._lonely[pair].append((file, row))

    def without_other(self) -> list[Place]:
        """Where orders stand that are rejected as duplicates, and whose distributor and id no other order has."""
        lonely = {pair: places for pair, places in self._lonely.items() if len(places) < 2}
        ids = {order for _, order in lonely}
        found = Counter[tuple[Any, Any]]()
        for number in range(len(self._day)) if lonely else ():
            table = self._day.columns("confirmations", ("distributor", "order_id"), number)
            found.update(_pairs(table, np.flatnonzero(rows_of(table["order_id"], ids))))
        return [place for pair, places in lonely.items() if found[pair] < 2 for place in places]

    # ---- what was decided for the day ----

    def _note_prices(self, part: Clearing) -> None:
        """Notes the dealing price of every fund, as the first order says that was dealt at it."""
        dealt = part.confirmations.filter(part.confirmations["confirmed"].minor != 0)
        for side, column in (("fund", "price"), ("target_fund", "price_in")):
            given = dealt[side]
            distinct, first = np.unique(given.codes if isinstance(given, Labels) else given, return_index=True)
            funds = [given.dictionary[code] for code in distinct] if isinstance(given, Labels) else distinct.tolist()
            for fund, price in zip(funds, dealt[column].minor[first].tolist(), strict=True):
                self._prices.setdefault(fund, price)

    def prices(self, day: Clearing) -> list[int]:
        """The dealing price of every fund: that of an order, else its NAV."""
        navs = day.inputs.fund_days["nav"].rescale(day.terms.scales.nav).minor.tolist()
        return [self._prices.get(fund, nav) for fund, nav in zip(day.terms.ids, navs, strict=True)]

    # ---- clearing again ----

    def gathered(self) -> set[Any]:
        """The accounts whose rows are there, with all that events connect them with.

        Raises:
            InputError: a file cannot be read (``file``).
        """
        missing: set[Any] = set()
        for account in self._later:
            group = self._connected(account)
            if not group & self._untold:
                missing |= group
        missing -= self._chosen
        for number in range(len(self._day)) if missing else ():
            rows = {
                name: np.flatnonzero(rows_of(self._day.columns(name, ("account",), number)["account"], missing))
                for name in self._day.names
            }
            if any(map(len, rows.values())):
                part = self._day.part(number)
                self._keep(number, {name: table_of(part, name) for name in self._day.names}, rows)
        self._later.clear()
        self._chosen |= missing
        return self._chosen

    def _connected(self, account: Any) -> set[Any]:
        group, reached = {account}, [account]
        while reached:
            for other in self._links.get(reached.pop(), ()):
                if other not in group:
                    group.add(other)
                    reached.append(other)
        return group

    def day_of_accounts(self) -> tuple[Clearing, dict[str, list[Place]]]:
        """The day with the rows of the accounts that were gathered, and where these stand."""
        tables, places = {}, {}
        for name, pieces in self._pieces.items():
            parts = np.concatenate([np.full(len(rows), number) for number, rows, _ in pieces])
            rows = np.concatenate([rows for _, rows, _ in pieces])
            order = np.lexsort((rows, parts))
            tables[name] = joined([table for *_, table in pieces]).rows_at(order)
            files = {number: self._day.file(name, number) for number, *_ in pieces}
            places[name] = [
                (files[part], row) for part, row in zip(parts[order].tolist(), rows[order].tolist(), strict=True)
            ]
        small = {}
        for name in ("events", "opening_deferred", "several_charges"):
            if name in self._day.small:
                table = self._day.small[name]
                # Who gets units by an event is connected with the account that gives them, which is among these.
                small[name] = table.filter(rows_of(table["account"], self._chosen))
        return self._day.of(tables, small), places

    def seen(self) -> Seen:
        """What the judge must know of rows that he is not given."""
        orders = self._day.rows("confirmations") - self._day.rows("opening_deferred")
        accounts = [*self._chosen, *self._spelled("account", self._cuts["income"])]
        order_ids = self._spelled("order_id", self._cuts["gate"])
        named = {"account": accounts, "order_id": order_ids}
        return Seen(orders=orders, identifiers={name: [_column(ids)] for name, ids in named.items() if ids})

    def _spelled(self, name: str, keys: Iterable[str]) -> list[Any]:
        """Keys of the proof as the tables have them."""
        with_rows = (pieces[0][2] for table, pieces in self._pieces.items() if self._day.rows(table))
        is_text = any(isinstance(table.get(name), Labels) for table in with_rows)
        return [key if is_text else int(key) for key in keys]

    def clear(
        self, day: Clearing, replay: Replay, places: dict[str, list[Place]]
    ) -> dict[str, tuple[TypedTable, dict[str, list[Any]]]]:
        """Clears the accounts that were gathered again: by name their tables as they are, and as they should be.

        Of accounts that are texts tables and places are put in another order: where an account stands depends on the
        texts of all others. Within an account all has its order.
        """
        from fundclear.reference import from_plain
        from fundclear.reference.accounts import clear_accounts

        accounts = replay.intake.accounts
        wanted = clear_accounts(
            frozenset(_keys_of(accounts, self._chosen).tolist()),
            _decided(day, replay, self.prices(day)),
            rows=(self._day.rows("confirmations"), self._day.rows("opening_positions")),
            policy=from_plain(day.terms.scales, day.terms.plain()),
            **replay.inputs(),
        )
        compared = {}
        for name in _COMPARED:
            table, due = day.tables[name], wanted[name]
            if accounts.is_text:
                order = np.argsort(_keys_of(accounts, table["account"]), kind="stable")
                table, places[name] = table.rows_at(order), [places[name][row] for row in order.tolist()]
                due = sorted(due, key=lambda row: int(row["account"]))
            compared[name] = (table, replay.as_written(name, due, table.columns))
        return compared


def _distinct(keys: _Keys) -> _Keys:
    """The distinct keys, ascending. Sorting is faster than the hashing of :func:`numpy.unique`."""
    ordered = np.sort(keys)
    first = np.concatenate([np.ones(min(len(ordered), 1), dtype=np.bool_), ordered[1:] != ordered[:-1]])
    distinct: _Keys = ordered[first]
    return distinct


def _among(keys: _Keys, every: _Keys) -> _Keys:
    """Those of some keys that are among all, which ascend."""
    if not len(every):
        return every
    there = every[np.minimum(np.searchsorted(every, keys), len(every) - 1)]
    found: _Keys = keys[there == keys]
    return found


def _full(column: Any, rows: int) -> _Keys:
    return column if isinstance(column, np.ndarray) else np.full(rows, column, dtype=np.int64)


def _compact(table: TypedTable) -> TypedTable:
    """The table without the texts that none of its rows has."""
    columns = {name: table.column(name) for name in table.columns}
    texts = {name: Labels.of(column.to_list()) for name, column in columns.items() if isinstance(column, Labels)}
    return type(table).from_columns(columns | texts, [name for name in columns if table.is_utc(name)])


def _column(identifiers: Collection[Any]) -> Identifiers:
    """Identifiers as a column."""
    given = list(identifiers)
    return Labels.of(given) if isinstance(given[0], str) else np.array(given, dtype=np.int64)


def _are(column: Identifiers, key: str) -> npt.NDArray[np.bool_]:
    """The rows of an identifier that the proof names."""
    if isinstance(column, Labels):
        return column == key
    return column == int(key) if _is_number(key) else np.zeros(len(column), dtype=np.bool_)


def _is_number(key: str) -> bool:
    return key.removeprefix("-").isdecimal()


def _keys_of(domain: Domain, identifiers: Iterable[Any]) -> _Keys:
    """The keys of those identifiers that are of the domain's kind; what the proof names is a text, whatever it is."""
    named = (
        int(each) if isinstance(each, str) and not domain.is_text and _is_number(each) else each for each in identifiers
    )
    return np.array([key for each in named if (key := domain.key(each)) is not None], dtype=np.int64)


def _pairs(table: Table, rows: npt.NDArray[Any]) -> list[tuple[Any, Any]]:
    """Distributor and id of some orders."""
    chosen = [table[name][rows] for name in ("distributor", "order_id")]
    return list(zip(*(c.to_list() if isinstance(c, Labels) else c.tolist() for c in chosen), strict=True))


def _links(events: Table) -> dict[Any, set[Any]]:
    """The accounts between which register events move units, each with the others."""
    links = defaultdict[Any, set[Any]](set)
    there = [_values(events, name) for name in ("account", "to_account", "kind")]
    for account, other, kind in zip(*there, strict=True):
        if kind in _MOVES:
            links[account].add(other)
            links[other].add(account)
    return dict(links)


def _with_shared_ids(events: Table) -> set[Any]:
    """The accounts of events whose distributor and id another event has, too."""
    columns = [_values(events, name) for name in ("distributor", "event_id", "account", "to_account")]
    rows = list(zip(*columns, strict=True))
    counts = Counter(row[:2] for row in rows)
    return {account for row in rows if counts[row[:2]] > 1 for account in row[2:]}


def _values(table: Table, name: str) -> list[Any]:
    """A column as a list; of one that is not there so many times nothing."""
    column = table.get(name)
    if column is None:
        return [None] * len(table)
    return column.to_list() if isinstance(column, Labels) else column.tolist()


def _key(domain: Domain, text: str) -> int:
    key = domain.key(text if domain.is_text else int(text))
    if key is None:
        raise KeyError(f"the proof cuts at {text!r}, which is no {domain.name} of the day")
    return key


def _decided(day: Clearing, replay: Replay, prices: Sequence[int]) -> Any:
    """Prices, gates and splits of income as the day's tables and proof tell them."""
    from fundclear.reference.accounts import Decided

    keys = replay.intake.fund_keys.tolist()
    gates, given = _gates(day, replay)
    priced = dict(zip(keys, prices, strict=True))
    return Decided(prices=priced, gates=gates, incomes=_incomes(day, replay), given=given)


def _gates(day: Clearing, replay: Replay) -> tuple[dict[int, Any], dict[tuple[int, int], int]]:
    """By portfolio the split of what its gate let through; and what was accepted where it is not one split."""
    from fundclear.reference.accounts import Split

    gates: dict[int, Any] = {}
    given: dict[tuple[int, int], int] = {}
    units = day.terms.scales.units
    plain = day.terms.plain()
    for number, fund in enumerate(day.terms.funds):
        g1 = [entry for entry in day.proof["G1"] if entry.scope == str(fund.id)]
        if len(g1) != 3 or not g1[2].left:
            continue
        (limit,) = (_minor(entry.left, units) for entry in day.proof["G2"] if entry.scope == str(fund.id))
        requested = _minor(g1[0].left, units)
        if limit == requested:
            continue
        if fund.gate is not None and fund.gate.priority == "oldest":
            given |= _accepted(day, replay, number)
            continue
        cut = next((cut for cut in day.proof.cuts if (cut.what, cut.fund) == ("gate", str(fund.id))), None)
        at = None if cut is None else (cut.remainder, _key(replay.intake.order_ids, cut.key))
        head = int(replay.intake.fund_keys[number])
        gates[head] = Split.of_gate(limit, requested, plain[number]["unit_quantum"], at)
    return gates, given


def _accepted(day: Clearing, replay: Replay, head: int) -> dict[tuple[int, int], int]:
    """What the orders of a portfolio were confirmed for, in units, by distributor and order id."""
    numbers = {
        fund.id for fund, plain in zip(day.terms.funds, day.terms.plain(), strict=True) if plain["portfolio"] == head
    }
    of_portfolio = np.logical_or.reduce([day.confirmations["fund"] == number for number in numbers])
    table = day.confirmations.filter(of_portfolio & (day.confirmations["status"] != "rejected"))
    confirmed = table["confirmed"].rescale(day.terms.scales.units, "down").minor.tolist()
    pairs = zip(table["distributor"], table["order_id"], confirmed, strict=True)
    intake = replay.intake
    return {
        (_key(intake.distributors, str(who)), _key(intake.order_ids, str(order))): units for who, order, units in pairs
    }


def _minor(value: Any, scale: int) -> int:
    return int(value.scaleb(scale))


def _incomes(day: Clearing, replay: Replay) -> dict[int, list[Any]]:
    """By fund its splits of income: one of all dates, or one of each."""
    from fundclear.reference.accounts import Split

    keys, plain = replay.intake.fund_keys.tolist(), day.terms.plain()
    cuts = {(cut.fund, cut.date): cut for cut in day.proof.cuts if cut.what == "income"}
    table = columns_of(day.income)
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    splits: dict[int, list[Any]] = {}
    for number, fund in enumerate(day.terms.funds):
        mine = [row for row in rows if row["fund"] == fund.id]
        if not mine or fund.income is None:
            continue
        shared = [[row] for row in mine] if fund.income.split == "daily" else [mine]
        for together in shared:
            last = together[-1]
            cut = cuts.get((str(fund.id), _iso(last["date"])))
            at = None if cut is None else (cut.remainder, _key(replay.intake.accounts, cut.key))
            amounts, quantum = [row["income"] for row in together], plain[number]["cash_quantum"]
            splits.setdefault(keys[number], []).append(Split.of_income(amounts, last["entitled"], quantum, at))
    return splits


def _new_obligations(day: Clearing, replay: Replay) -> list[dict[str, Any]] | None:
    """The obligations that the day gave rise to: those that are open and were not; ``None`` if some are settled."""
    if (day.settlement["value_date"] <= np.datetime64(day.date)).any():
        return None
    table = columns_of(day.obligations)
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    return [row for row in rows if row["dealing_date"] == replay.day_number]
