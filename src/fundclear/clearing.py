"""One dealing day in memory: all orders in, every result out, with the proof that nothing was lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from fundclear import _kernel
from fundclear.amounts import Amounts, ArrowStream, show
from fundclear.errors import refuse
from fundclear.inputs import OPENING_TABLES, Inputs
from fundclear.intake import Given, take_in
from fundclear.outcome import left_over, make_tables
from fundclear.proof import Proof
from fundclear.settings import read_date
from fundclear.tables import (
    Confirmations,
    Events,
    Flows,
    FundDays,
    Income,
    Lots,
    Obligations,
    Orders,
    Payments,
    Positions,
    Postings,
    Settlement,
    Table,
    TypedTable,
    taken,
)
from fundclear.terms import Terms

if TYPE_CHECKING:
    import pathlib

    from fundclear.consuming import LotUsed
    from fundclear.funds import Fund

__all__ = ["RESULT_TABLES", "Clearing", "clear", "open_day"]

#: The tables of a finished day, by attribute.
RESULT_TABLES: Final[dict[str, type[TypedTable]]] = {
    "confirmations": Confirmations,
    "positions": Positions,
    "lots": Lots,
    "flows": Flows,
    "obligations": Obligations,
    "settlement": Settlement,
    "payments": Payments,
    "postings": Postings,
    "income": Income,
    "events": Events,
}


@final
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Clearing:
    """A cleared day. It never changes; every table can be looked at, exported, or fed to the next day.

    Attributes:
        date: the dealing day.
        terms: the terms that it was cleared under.
        confirmations: one row for every order received, by account; the table ``Confirmations``.
        positions: the register at the end of the day, with what moved each position.
        lots: the lots of funds whose terms need them.
        flows: what each fund issued, cancelled, took and paid, by distributor and kind.
        obligations: what is still to be paid after the day.
        settlement: what each party receives and pays, by currency, value date and netting set.
        payments: the payments that settle it.
        postings: the ledger entries of the day.
        income: the income distributed, by fund and date.
        events: the register events with what became of them.
        proof: every law that the day keeps, with both sides.
        inputs: what the day was cleared from, for those who clear it again.
    """

    date: Date
    terms: Terms
    confirmations: Confirmations
    positions: Positions
    lots: Lots
    flows: Flows
    obligations: Obligations
    settlement: Settlement
    payments: Payments
    postings: Postings
    income: Income
    events: Events
    proof: Proof
    inputs: Inputs

    # ---- selections ----

    @property
    def rejections(self) -> Confirmations:
        """The orders that were rejected, each with its reason."""
        return self.confirmations.filter(self.confirmations["status"] == "rejected")

    @property
    def deferred(self) -> Confirmations:
        """What the next day begins with, parts that a gate deferred and orders that came late."""
        return left_over(self.confirmations)

    @property
    def cancelled(self) -> Confirmations:
        """The orders of which something was cancelled."""
        return self.confirmations.filter(self.confirmations["cancelled"].minor != 0)

    def raise_for_rejections(self) -> None:
        """Raises if an order was rejected.

        Raises:
            InputError: at least one order was rejected (``rejections``); the message counts them by reason.
        """
        rejected = self.rejections
        if len(rejected):
            reasons, counts = np.unique(np.asarray(rejected["reason"]), return_counts=True)
            counted = ", ".join(f"{count} {reason}" for reason, count in zip(reasons, counts, strict=True))
            raise refuse("rejections", argument="orders", value=counted)

    # ---- explanations ----

    def explain(
        self,
        order_id: Any = None,
        *,
        distributor: Any = None,
        account: Any = None,
        fund: Any = None,
        transaction_account: Any = None,
    ) -> str:
        """How a result came about, step by step, from the day's tables alone.

        Args:
            order_id: an order; with ``distributor`` where several have sent this id.
            distributor: see above; with ``account`` and ``fund`` it narrows the position.
            account: a holder, with ``fund``: the story of that position instead of an order's.
            fund: see above.
            transaction_account: narrows the position.

        Raises:
            InputError: nothing or more than one thing fits (``explain``), or neither an order nor a position is named.
        """
        from fundclear.explaining import explain_order, explain_position

        if order_id is not None:
            row = self._only(self.confirmations, {"order_id": order_id, "distributor": distributor}, copies=True)
            numbers = self.terms.number(row["fund"]), self.terms.number(row["target_fund"])
            fund, target = (None if number is None else self.terms.funds[number] for number in numbers)
            return explain_order(row, fund, target, self._lots_of(row, fund), self.date.isoformat())
        if account is None or fund is None:
            raise refuse("explain", argument="explain", why="name an order_id, or an account and a fund")
        named = {"distributor": distributor, "transaction_account": transaction_account}
        row = self._only(self.positions, {"account": account, "fund": fund, **named})
        keys = ("account", "transaction_account", "distributor", "charge")
        its = {key: row[key] for key in keys}
        orders = self.confirmations.filter(
            self._where(self.confirmations, its)
            & ((self.confirmations["fund"] == row["fund"]) | (self.confirmations["target_fund"] == row["fund"]))
        )
        lots = self.lots.filter(self._where(self.lots, {**its, "fund": row["fund"]}))
        income = self.income.filter(self.income["fund"] == row["fund"])
        return explain_position(row, orders, lots, income, self.date.isoformat())

    def _lots_of(self, row: Mapping[str, Any], fund: Fund | None) -> Sequence[LotUsed] | None:
        """The lots that an order used up; none for an order that uses up none, ``None`` if that cannot be told."""
        opening = self.inputs.opening_lots
        leaves = row["kind"] in ("redeem", "switch") and row["units"] != 0
        if not leaves or fund is None or not fund.keeps_lots or opening is None:
            return ()
        its = {name: row[name] for name in ("account", "transaction_account", "distributor", "charge", "fund")}
        named = self._only(self.positions, its)
        same = self.confirmations.filter(self._where(self.confirmations, its))
        left = same.filter(np.isin(np.asarray(same["kind"]), ("redeem", "switch")) & (same["units"].minor != 0))
        from fundclear.consuming import lots_used

        told = lots_used(self.terms, self.date, named, opening, self.events, left)
        return None if told is None else told[int(np.flatnonzero(left["order_id"] == row["order_id"])[0])]

    @staticmethod
    def _where(table: Table, wanted: Mapping[str, Any]) -> Any:
        mask = np.ones(len(table), dtype=np.bool_)
        for name, value in wanted.items():
            if value is not None:
                mask &= table[name] == value
        return mask

    def _only(self, table: Table, wanted: Mapping[str, Any], *, copies: bool = False) -> dict[str, Any]:
        """The one row that fits; of an order and its rejected copies the order."""
        found = table.filter(self._where(table, wanted))
        if copies and len(found) > 1:
            standing = found.filter(~((found["reason"] == "duplicate") & (found["status"] == "rejected")))
            found = standing if len(standing) else found.head(1)
        named = ", ".join(f"{name} {show(value)}" for name, value in wanted.items() if value is not None)
        if len(found) != 1:
            how_many = "nothing" if not len(found) else f"{len(found)} rows"
            raise refuse("explain", argument="explain", why=f"{how_many} fit {named}")
        return found.row(0)

    # ---- folders ----

    @property
    def tables(self) -> dict[str, TypedTable]:
        """The tables of results, by name."""
        return {name: getattr(self, name) for name in RESULT_TABLES}

    def write(
        self,
        folder: str | os.PathLike[str],
        *,
        run: Mapping[str, Any] | None = None,
        beside: Callable[[pathlib.Path], None] | None = None,
    ) -> None:
        """Keeps the day in a folder: tables as Parquet files, the terms, and a manifest with the proof.

        The folder appears as a whole or not at all. The same day is written as the same bytes.

        Args:
            folder: what does not exist yet, or is empty.
            run: what is to be known of the making and is no part of the day, such as timings; it goes to ``run.json``.
            beside: writes further files into the folder that it is given, before that appears.

        Raises:
            InputError: the folder exists and is not empty (``folder-exists``).
            OSError: the system refused to write; nothing is left behind.
        """
        write_day(self, folder, run=run, beside=beside)

    def __repr__(self) -> str:
        status = self.confirmations["status"]
        counts = {word: int(np.count_nonzero(status == word)) for word in status.dictionary}
        counted = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)
        return (
            f"<Clearing of {self.date}: {len(self.confirmations):,} orders ({counted or 'none'}), "
            f"{len(self.positions):,} positions, {self.proof!r}>"
        )


def clear(
    orders: Orders | ArrowStream | None,
    *,
    terms: Terms,
    date: str | Date,
    prices: Mapping[Any, Amounts] | None = None,
    positions: Positions | ArrowStream | None = None,
    lots: Lots | ArrowStream | None = None,
    income: Mapping[Any, Any] | None = None,
    deferred: Confirmations | ArrowStream | None = None,
    events: Events | ArrowStream | None = None,
    obligations: Obligations | ArrowStream | None = None,
    decisions: Mapping[Any, Any] | None = None,
    days: FundDays | ArrowStream | None = None,
    previous: Clearing | Proof | None = None,
    threads: int | None = None,
) -> Clearing:
    """Clears a dealing day: nets, gates, prices, distributes, settles, and proves that nothing was lost.

    The day's steps stand in the documentation, with the rules that each follows. An order that cannot be dealt is
    rejected with a reason and accounted for; what is wrong with the day as a whole is an error, and nothing comes back.

    Args:
        orders: the orders received since the last dealing day. An order without an id gets one from date and row.
        terms: the policies of the funds.
        date: the dealing day; it must be one for every fund.
        prices: by fund, the net asset value a unit, at most the fund's decimals. Either this or ``days``.
        positions: the register at the opening. Redemptions, switches and income need it.
        lots: the lots at the opening, for funds that keep lots.
        income: by fund, the day's income, or the income of several calendar dates by date.
        deferred: what :attr:`Clearing.deferred` of the day before holds.
        events: freezes, transfers and other events of the register.
        obligations: those of the day before that are still open.
        decisions: by portfolio (its head), ``"accept_all"``, ``"limit"``, or the units to accept at least.
        days: the day's inputs as a table, with status, swing and more, instead of ``prices``.
        previous: the day before, whose register, deferrals and obligations are taken where none are given; or its
            proof, which the tables that are given are held against.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Raises:
        InputError: a fund without a price, with two, or with one of zero; an identifier of the wrong kind; a register
            that does not tie; income without units; a tripped gate without a decision; and whatever else stands in the
            table of errors.
        AmountOverflowError: a result has more than 18 digits (``overflow``).
        LawError: a law does not hold (``law``); a defect of fundclear.

    >>> import fundclear as fc
    >>> terms = fc.Terms([fc.Fund("000198", currency="CNY")])
    >>> orders = fc.Orders(account=[7, 9], fund="000198", kind="subscribe", amount=["50000.00", "0.05"])
    >>> day = fc.clear(orders, terms=terms, prices={"000198": "1.1688"}, date="2017-04-27")
    >>> day.confirmations["units"].to_strings()
    ['42778.92', '0.04']
    >>> day.proof.check()
    """
    _check_given(terms, {"prices": prices, "income": income, "decisions": decisions}, previous)
    day = read_date(date, "date")
    given = _given(orders, deferred, positions, lots, events, obligations, previous)
    table = None if days is None else taken(FundDays, days)
    intake = take_in(given, terms, day, prices=prices, income=income, decisions=decisions, days=table)
    before = previous.proof if isinstance(previous, Clearing) else previous
    made = make_tables(intake, given, terms, day, before, threads)
    return Clearing(date=day, terms=terms, proof=made.proof, inputs=Inputs.of(given, intake, terms), **made.tables)


def _check_given(terms: object, by_fund: Mapping[str, object], previous: object) -> None:
    """Whether what has no columns is what it should be, before anything is read from it."""
    if not isinstance(terms, Terms):
        raise refuse("argument", argument="terms", value=show(terms), why="it is no Terms")
    for name, given in by_fund.items():
        if given is not None and not isinstance(given, Mapping):
            raise refuse("argument", argument=name, value=show(given), why="it is no mapping by fund")
    if previous is not None and not isinstance(previous, (Clearing, Proof)):
        raise refuse("argument", argument="previous", value=show(previous), why="it is no Clearing and no Proof")


def _given(
    orders: Any,
    deferred: Any,
    positions: Any,
    lots: Any,
    events: Any,
    obligations: Any,
    previous: Clearing | Proof | None,
) -> Given:
    """The tables, those of the day before where none are given."""
    if isinstance(previous, Clearing):
        deferred = previous.deferred if deferred is None else deferred
        positions = previous.positions if positions is None else positions
        lots = previous.lots if lots is None else lots
        obligations = previous.obligations if obligations is None else obligations
    return Given(
        orders=Orders.empty() if orders is None else taken(Orders, orders),
        deferred=None if deferred is None else taken(Confirmations, deferred),
        positions=None if positions is None else taken(Positions, positions),
        lots=None if lots is None else taken(Lots, lots),
        events=None if events is None else _as_given(taken(Events, events)),
        obligations=None if obligations is None else taken(Obligations, obligations),
    )


def _as_given(events: Events) -> Events:
    """Events without what another day says became of them."""
    said = {name for name in ("status", "reason") if name in events}
    if not said:
        return events
    columns = {name: events[name] for name in events.columns if name not in said}
    return Events.from_columns(columns, [name for name in columns if events.is_utc(name)])


def write_day(
    day: Clearing,
    folder: str | os.PathLike[str],
    *,
    part_rows: int | None = None,
    run: Mapping[str, Any] | None = None,
    beside: Callable[[pathlib.Path], None] | None = None,
) -> None:
    """What :meth:`Clearing.write` does.

    Args:
        day: the day.
        folder: see there.
        part_rows: how many orders and positions a part has at most on average; at least twice those of a bucket.
        run: see there.
        beside: see there.
    """
    from fundclear.folder import BY_ACCOUNT, PART_ROWS, part_bits, write_folder
    from fundclear.ordering import account_domain, in_written_order

    inputs = in_written_order(day.inputs, day.confirmations, day.events, day.terms)
    about = {
        "date": day.date.isoformat(),
        "terms": day.terms.digest,
        "given": inputs.to_dict(),
        "proof": day.proof.to_dict(),
        "proof_digest": day.proof.digest,
    }
    tables: dict[str, TypedTable] = day.tables | inputs.tables
    opening = inputs.opening_positions
    bits = part_bits(len(day.confirmations), 0 if opening is None else len(opening), part_rows or PART_ROWS)
    starts: dict[str, list[int]] = {}
    if bits:
        accounts = account_domain(inputs, day.confirmations, day.events, day.positions, day.lots)
        parted = {name: accounts.keys(tables[name]["account"]) for name in BY_ACCOUNT if name in tables}
        starts = {name: _kernel.part_starts(keys, bits) for name, keys in parted.items() if not isinstance(keys, int)}
    texts = {"terms.toml": day.terms.to_toml()}
    write_folder(folder, tables, texts, about, starts=starts, run=run, beside=beside)


def open_day(folder: str | os.PathLike[str]) -> Clearing:
    """A day that :meth:`Clearing.write` has kept.

    Raises:
        InputError: it is no such folder, or one of a newer layout (``folder``); a file is damaged (``file``).
    """
    from fundclear.folder import open_folder, read_table

    manifest = open_folder(folder)
    tables = {name: read_table(folder, manifest, name, kind) for name, kind in RESULT_TABLES.items()}
    kept = {name: kind for name, kind in OPENING_TABLES.items() if name in manifest["tables"]}
    inputs = Inputs.from_folder(
        {name: read_table(folder, manifest, name, kind) for name, kind in kept.items()}, manifest["given"]
    )
    return Clearing(
        date=Date.fromisoformat(manifest["date"]),
        terms=Terms.from_toml(os.path.join(folder, "terms.toml")),
        proof=Proof.from_dict(manifest["proof"]),
        inputs=inputs,
        **tables,  # type: ignore[arg-type]
    )
