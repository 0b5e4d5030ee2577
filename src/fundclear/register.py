"""The register by itself: what the day's events do to positions and lots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Any, final

from fundclear import _kernel
from fundclear.amounts import Amounts, ArrowStream
from fundclear.intake import Given, take_in
from fundclear.outcome import Names, events_out, register_columns
from fundclear.tables import Events, Lots, Orders, Positions, TypedTable, taken
from fundclear.terms import Terms

__all__ = ["Register", "apply_events"]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Register:
    """What :func:`apply_events` gives; it can be unpacked: ``positions, lots, events = apply_events(...)``.

    Attributes:
        positions: the register after the events; ``moved`` is what they credited less what they debited.
        lots: its lots.
        events: the events in the order in which they happened, with ``status`` and ``reason``.
    """

    positions: Positions
    lots: Lots
    events: Events

    def __iter__(self) -> Iterator[TypedTable]:
        yield self.positions
        yield self.lots
        yield self.events


def apply_events(
    positions: Positions | ArrowStream,
    events: Events | ArrowStream,
    *,
    terms: Terms,
    date: str | Date,
    lots: Lots | ArrowStream | None = None,
    prices: Mapping[Any, Amounts] | None = None,
    threads: int | None = None,
) -> Register:
    """Applies register events, one by one by time, distributor and id: each happens as a whole or is rejected.

    Args:
        positions: the register.
        events: freezes, transfers and other events.
        terms: the policies of the funds.
        date: the dealing day.
        lots: the lots, for funds that keep lots. Transferred lots move first in, first out, and keep their dates.
        prices: by fund, the net asset value a unit, which lots of forced credits get; 1 where it is not given.
        threads: how many threads may work; by default ``FUNDCLEAR_THREADS``, else the cores of the process.

    Raises:
        InputError: a register that does not tie (``position``, ``duplicate-position``, ``position-fund``, ``lots``).
        AmountOverflowError: a position gets more than 18 digits of units (``overflow``).

    Source: the account and unit transactions of transfer agents in China: freezes, transfers, forced adjustments.

    >>> import fundclear as fc
    >>> terms = fc.Terms([fc.Fund("000198", currency="CNY")])
    >>> held = fc.Positions(account=["A", "B"], fund="000198", units=["100.00", "5.00"])
    >>> events = fc.Events(event_id=[1, 2], account=["A", "B"], fund="000198", kind=["transfer", "freeze"],
    ...                    units=["40.00", "50.00"], to_account=["B", ""])
    >>> after = fc.apply_events(held, events, terms=terms, date="2017-04-27")
    >>> after.positions["units"].to_strings(), after.positions["frozen"].to_strings()
    (['60.00', '45.00'], ['0.00', '0.00'])
    >>> [(row["event_id"], row["status"], row["reason"]) for row in after.events.rows()]
    [(1, 'confirmed', ''), (2, 'rejected', 'insufficient-units')]
    """
    day = date if isinstance(date, Date) else Date.fromisoformat(date)
    given = Given(
        orders=Orders.empty(),
        deferred=None,
        positions=taken(Positions, positions),
        lots=None if lots is None else taken(Lots, lots),
        events=taken(Events, events),
        obligations=None,
    )
    quoted = dict.fromkeys(terms.ids, "1") | dict(prices or {})
    intake = take_in(given, terms, day, prices=quoted, income=None, decisions=None, days=None)
    raw_positions, raw_lots, rows, reasons, funds, distributors = _kernel.apply_events(
        terms.compiled,
        intake.tables,
        intake.fund_days,
        intake.fund_keys,
        [str(fund) for fund in terms.ids],
        (day - Date(1970, 1, 1)).days,
        threads,
    )
    names = Names.of(intake, terms, funds, distributors)
    return Register(
        positions=Positions.from_columns(register_columns(raw_positions, names)),
        lots=Lots.from_columns(register_columns(raw_lots, names)),
        events=events_out({"row": rows, "reason": reasons}, given),
    )
