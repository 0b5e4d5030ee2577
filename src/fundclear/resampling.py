"""Accounts of a finished day chosen to be cleared again by the judge, with what the day's own proof decided for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fundclear.clearing import Clearing
from fundclear.columns import Labels
from fundclear.identifiers import Domain
from fundclear.intake import Intake
from fundclear.proof import Cut
from fundclear.replaying import Replay, columns_of

__all__ = ["Sampled", "choose_accounts", "clear_sample"]

_Keys = npt.NDArray[np.int64]

_COMPARED: Final = ("confirmations", "positions", "lots")


@dataclass(frozen=True, slots=True)
class Sampled:
    """What was cleared again, and the day's columns for its sums.

    Attributes:
        accounts: the keys of the accounts.
        whole: whether these are all.
        tables: by name, the numbers of the rows that speak of the accounts, and these rows as they should be.
        columns: the day as :func:`fundclear.reference.tallies.tally` takes it.
        cuts: where splits were cut, if the day was cleared again as a whole.
    """

    accounts: frozenset[int]
    whole: bool
    tables: Mapping[str, tuple[list[int], dict[str, list[Any]]]]
    columns: Any
    cuts: Sequence[Cut] | None

    @classmethod
    def of_whole(cls, day: Clearing, replay: Replay, inputs: Mapping[str, Any], wanted: Mapping[str, Any]) -> Sampled:
        """A day that was cleared again as a whole, by the judge's inputs and tables."""
        keys = inputs["fund_keys"]
        ids = dict(zip(keys, day.terms.ids, strict=True))
        gates = {keys.index(gate["portfolio"]): gate for gate in wanted["gates"]}
        new = [row | {"fund": ids[row["fund"]]} for row in wanted["new_obligations"]]
        prices = [row["price"] for row in wanted["prices"]]
        columns = _columns(day, replay, prices, gates, new)
        return cls(frozenset(), True, {}, columns, _cuts(day, replay, wanted["income"], wanted["gates"]))


def _columns(day: Clearing, replay: Replay, prices: Sequence[int], gates: Any, new: Any) -> Any:
    from fundclear.reference import from_plain
    from fundclear.reference.tallies import DayColumns

    terms = day.terms
    return DayColumns(
        tables={name: columns_of(table) for name, table in (day.tables | day.inputs.tables).items()},
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


def _cuts(day: Clearing, replay: Replay, income: Iterable[Mapping[str, Any]], gates: Iterable[Any]) -> list[Cut]:
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


# ---- a sample ----


#: What names an order or an event.
_IDS: Final = ("distributor", "id")


def choose_accounts(day: Clearing, replay: Replay, count: int) -> _Keys:
    """So many accounts, evenly over all, from a place on that the proof's digest says; all if there are no more.

    Those at a cut are left out, and those that events connect them with: where positions of one account have equal
    remainders there, the cut does not tell which of them was before it. So are those with an order that bought nothing,
    as no table tells its price or what a gate let through, and those with the id of another row, which may be another
    account's.
    """
    intake = replay.intake
    every = _distinct(np.concatenate([np.empty(0, dtype=np.int64), *_by_table(intake).values()]))
    untold = np.unique(
        np.concatenate([_at_cuts(day, replay), _that_bought_nothing(day, replay), _with_shared_ids(intake)])
    )
    every = np.setdiff1d(every, _connected(intake, untold))
    if len(every) <= count:
        return every
    first = int(day.proof.digest, 16) % len(every)
    return every[(first + len(every) // count * np.arange(count)) % len(every)]


def _distinct(keys: _Keys) -> _Keys:
    """The distinct keys, ascending. Sorting is faster than the hashing of :func:`numpy.unique`."""
    ordered = np.sort(keys)
    first = np.concatenate([np.ones(min(len(ordered), 1), dtype=np.bool_), ordered[1:] != ordered[:-1]])
    distinct: _Keys = ordered[first]
    return distinct


def _by_table(intake: Intake) -> dict[str, _Keys]:
    """The accounts of every table, row by row."""
    given = {name: table for name, table in intake.tables.items() if table is not None}
    return {name: _full(table["account"], table["rows"]) for name, table in given.items()}


def _full(column: Any, rows: int) -> _Keys:
    return column if isinstance(column, np.ndarray) else np.full(rows, column, dtype=np.int64)


def _connected(intake: Intake, accounts: _Keys) -> _Keys:
    """The accounts, and all that register events connect them with."""
    events = intake.tables["events"]
    if events is None:
        return accounts
    sides = np.stack([_full(events[name], events["rows"]) for name in ("account", "to_account")])
    while True:
        reached = np.isin(sides, accounts).any(axis=0)
        more = np.union1d(accounts, sides[:, reached].ravel())
        if len(more) == len(accounts):
            return more
        accounts = more


def clear_sample(day: Clearing, replay: Replay, accounts: _Keys) -> Sampled:
    """Clears these accounts again, and those that events connect them with."""
    from fundclear.reference import from_plain
    from fundclear.reference.accounts import clear_accounts

    intake = replay.intake
    chosen = _connected(intake, np.unique(accounts))
    part = replace(replay, chosen=_rows_of(intake, chosen))
    rows = tuple(0 if (table := intake.tables[name]) is None else table["rows"] for name in ("orders", "deferred"))
    positions = intake.tables["positions"]
    wanted = clear_accounts(
        frozenset(chosen.tolist()),
        _decided(day, replay),
        rows=(sum(rows), 0 if positions is None else positions["rows"]),
        policy=from_plain(day.terms.scales, day.terms.plain()),
        **part.inputs(),
    )
    tables = {}
    names = intake.accounts.restore(chosen)
    for name in _COMPARED:
        table = getattr(day, name)
        mask = _stand_in(table["account"], names)
        tables[name] = (np.flatnonzero(mask).tolist(), replay.as_written(name, wanted[name], table.columns))
    columns = _columns(day, replay, _prices(day), None, _new_obligations(day, replay))
    return Sampled(frozenset(chosen.tolist()), False, tables, columns, None)


def _stand_in(column: Any, names: Any) -> npt.NDArray[np.bool_]:
    if isinstance(column, Labels):
        wanted = set(names)
        return np.array([text in wanted for text in column.dictionary], dtype=np.bool_)[column.codes]
    return np.isin(column, names)


def _rows_of(intake: Intake, accounts: _Keys) -> dict[str, npt.NDArray[np.bool_]]:
    """By table the rows of the accounts; of orders those of others too that have an id of theirs."""
    masks = {name: np.isin(column, accounts) for name, column in _by_table(intake).items()}
    ids = {name: table["id"] for name in ("orders", "deferred") if (table := intake.tables[name]) is not None}
    theirs = np.concatenate([np.empty(0, dtype=np.int64), *(ids[name][masks[name]] for name in ids)])
    for name, column in ids.items():
        masks[name] |= np.isin(column, theirs)
    events = intake.tables["events"]
    if events is not None:
        masks["events"] |= np.isin(_full(events["to_account"], events["rows"]), accounts)
    return masks


def _at_cuts(day: Clearing, replay: Replay) -> _Keys:
    intake = replay.intake
    keys = [_key(intake.accounts, cut.key) for cut in day.proof.cuts if cut.what == "income"]
    orders = [_key(intake.order_ids, cut.key) for cut in day.proof.cuts if cut.what == "gate"]
    accounts = _by_table(intake)
    found = [np.array(keys, dtype=np.int64)]
    for name in ("orders", "deferred"):
        table = intake.tables[name]
        if table is not None:
            found.append(accounts[name][np.isin(table["id"], np.array(orders, dtype=np.int64))])
    return np.unique(np.concatenate(found))


def _with_shared_ids(intake: Intake) -> _Keys:
    accounts = _by_table(intake)
    found = [np.empty(0, dtype=np.int64)]
    for names in (("orders", "deferred"), ("events",)):
        tables = [(accounts[name], table) for name in names if (table := intake.tables[name]) is not None]
        if not tables:
            continue
        columns = [np.concatenate([_full(table[name], table["rows"]) for _, table in tables]) for name in _IDS]
        ordered = np.sort(columns[1])
        twice = ordered[1:][ordered[1:] == ordered[:-1]]
        if not len(twice):
            continue
        # Only rows with an id that stands twice are compared in both.
        rows = np.flatnonzero(np.isin(columns[1], twice))
        pairs = np.stack([column[rows] for column in columns])
        _, places, counts = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
        found.append(np.concatenate([keys for keys, _ in tables])[rows[counts[places.ravel()] > 1]])
    return np.unique(np.concatenate(found))


def _that_bought_nothing(day: Clearing, replay: Replay) -> _Keys:
    table = day.confirmations
    nothing = (table["kind"] == "switch") & (table["confirmed"].minor == 0)
    lost = nothing & (table["deferred"].minor != 0) & (table["cancelled"].minor != 0)
    # Where nobody else deals in a fund that swings, no table tells its price.
    lost = table.filter(lost | (table["reason"] == "zero-units"))
    return np.array([_key(replay.intake.accounts, str(account)) for account in lost["account"]], dtype=np.int64)


def _key(domain: Domain, text: str) -> int:
    key = domain.key(text if domain.is_text else int(text))
    if key is None:
        raise KeyError(f"the proof cuts at {text!r}, which is no {domain.name} of the day")
    return key


def _decided(day: Clearing, replay: Replay) -> Any:
    """Prices, gates and splits of income as the day's tables and proof tell them."""
    from fundclear.reference.accounts import Decided

    keys = replay.intake.fund_keys.tolist()
    prices = dict(zip(keys, _prices(day), strict=True))
    gates, given = _gates(day, replay)
    return Decided(prices=prices, gates=gates, incomes=_incomes(day, replay), given=given)


def _prices(day: Clearing) -> list[int]:
    """The dealing price of every fund, as the first order that was dealt at it says, else its NAV."""
    given, dealt = day.confirmations, day.confirmations["confirmed"].minor != 0
    navs = day.inputs.fund_days["nav"].rescale(day.terms.scales.nav).minor
    prices = []
    for number, fund in enumerate(day.terms.ids):
        price = int(navs[number])
        for side, column in (("fund", "price"), ("target_fund", "price_in")):
            rows = np.flatnonzero(dealt & (given[side] == fund))[:1]
            price = int(given[column].minor[rows[0]]) if len(rows) else price
        prices.append(price)
    return prices


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
