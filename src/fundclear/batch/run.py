"""Runs a day from files to a folder, or finishes one that was begun."""

from __future__ import annotations

import itertools
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date as Date
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import Amounts, ArrowStream
from fundclear.batch.attempt import Attempt, attempt_at, clean_up, finished_run
from fundclear.batch.before import Previous, before_of
from fundclear.batch.domains import Columns, NotDigits, check_kinds, ways_of
from fundclear.batch.files import Files, PathsLike, TableFiles, find
from fundclear.batch.understanding import Beside, Understood, understand
from fundclear.batch.writing import kept_scale, specs_of
from fundclear.digests import NO_ROWS, fingerprint, fingerprint_in
from fundclear.errors import refuse
from fundclear.folder import (
    LAYOUT,
    MANIFEST,
    PART_ROWS,
    RUN,
    listed_files,
    manifest_text,
    open_folder,
    part_bits,
    write_file,
)
from fundclear.folder import write_text as write_file_text
from fundclear.inputs import Inputs
from fundclear.intake import own_numbers
from fundclear.ordering import ordered_inputs
from fundclear.outcome import (
    Names,
    digest_of_days,
    names_of,
    open_rows,
    party_numbers,
    proof_of,
    tables_of_the_day,
    ties_of,
)
from fundclear.proof import LawEntry, Proof
from fundclear.settings import read_date
from fundclear.tables import Confirmations, Events, FundDays, Obligations, taken
from fundclear.terms import Terms

__all__ = ["BatchDay", "Progress", "Standing", "run"]


class Standing(NamedTuple):
    """How far a run is.

    Attributes:
        phase: what it does: ``read``, ``duplicates``, ``decide``, ``check`` or ``settle``.
        read: rows read so far.
        settled: orders settled so far.
        partitions: partitions finished so far.
        written: bytes written so far.
        rows: how many rows are to be read or to be settled in this phase; 0 for other phases.
    """

    phase: str
    read: int
    settled: int
    partitions: int
    written: int
    rows: int


#: Called a few times a second.
Progress: TypeAlias = Callable[[Standing], object]

_UNITS: Final = {"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40}

# Of the memory that a run may take, so much is for the rows between the passes; the rest is for those at work.
_FOR_ROWS: Final = 0.6

# Tests have smaller parts.
_PART_ROWS = PART_ROWS


@final
@dataclass(frozen=True, slots=True)
class BatchDay:
    """A day that was run.

    Attributes:
        folder: where it is.
        proof: its proof.
        made: how it was made: seconds by phase, bytes, the most memory; empty if it was finished before.
        is_new: whether this call made it, or finished it.
    """

    folder: Path
    proof: Proof
    made: Mapping[str, Any]
    is_new: bool


def run(
    orders: PathsLike,
    out: str | os.PathLike[str],
    *,
    terms: Terms,
    date: str | Date,
    prices: Mapping[Any, Amounts] | None = None,
    positions: PathsLike | None = None,
    lots: PathsLike | None = None,
    income: Mapping[Any, Any] | None = None,
    deferred: Confirmations | ArrowStream | None = None,
    events: Events | ArrowStream | None = None,
    obligations: Obligations | ArrowStream | None = None,
    decisions: Mapping[Any, Any] | None = None,
    days: FundDays | ArrowStream | None = None,
    previous: Previous | None = None,
    memory: str | int = "8GiB",
    threads: int | None = None,
    progress: Progress | None = None,
) -> BatchDay:
    """Clears a dealing day of any size from Parquet files into a folder, in bounded memory.

    The folder is the same, byte for byte, as what :func:`fundclear.clear` and :meth:`~fundclear.Clearing.write` give on
    the same day, whatever the threads, the memory, and the order or partition of the files. A run that was killed is
    finished by calling it again; a call for a finished day does nothing.

    Args:
        orders: Parquet files of orders: a path, a folder of ``orders*.parquet``, a pattern, or several of
            these.
        out: the day's folder, which does not exist yet; or one whose run was not finished.
        terms: the policies of the funds.
        date: the dealing day.
        prices: by fund, as for :func:`fundclear.clear`.
        positions: files of the register at the opening.
        lots: files of its lots.
        income: as for :func:`fundclear.clear`, and so on.
        deferred: a table; what the day before has left over.
        events: a table.
        obligations: a table.
        decisions: by portfolio.
        days: a table instead of prices.
        previous: the day before or its proof, against which what comes in is held; or its folder, from which register,
            lots, deferred orders and obligations are taken where none are given, or the file of its proof.
        memory: what the run plans with: bytes, or such as ``"8GiB"``; six tenths of it are for packed rows.
        threads: how many threads may work.
        progress: called with a :class:`~fundclear.batch.Standing` a few times a second; what it raises stops the run,
            which can be finished later.

    Raises:
        InputError: whatever is wrong with the day as a whole, with a file (``file``, ``column``, ``null``,
            ``run-files``), with the folder (``folder-exists``, ``run-locked``, ``run-inputs``); more distinct texts
            than the memory holds (``run-memory``).
        OSError: the system refused; what is finished stays for another call.
    """
    target = Path(os.path.abspath(out))
    before = None if previous is None else before_of(previous)
    if before is not None:
        positions = before.positions if positions is None else positions
        lots = before.lots if lots is None else lots
        deferred = before.deferred if deferred is None else deferred
        obligations = before.obligations if obligations is None else obligations
    proof_before = None if before is None else before.proof
    beside = Beside(
        terms=terms,
        date=read_date(date, "date"),
        prices=prices,
        income=income,
        decisions=decisions,
        days=None if days is None else taken(FundDays, days),
        deferred=None if deferred is None else taken(Confirmations, deferred),
        events=None if events is None else taken(Events, events),
        obligations=None if obligations is None else taken(Obligations, obligations),
    )
    files = Files(
        orders=find("orders", orders, terms),
        positions=None if positions is None else find("positions", positions, terms),
        lots=None if lots is None else find("lots", lots, terms),
    )
    check_kinds(files, Columns.of(beside.deferred, beside.events))
    if proof_before is not None and files.positions is not None and "entitled" in files.positions.forms:
        raise refuse("run-entitled", argument="positions")
    plan = _plan(files, beside, proof_before)
    finished = _finished(target, plan)
    if finished is not None:
        clean_up(target)
        return finished
    room = int(_bytes(memory) * _FOR_ROWS)
    with attempt_at(target, plan) as attempt:
        # Another run may have made it before this one had the lock.
        finished = _finished(target, plan)
        if finished is not None:
            attempt.forget()
            return finished
        job = _Job(files, beside, proof_before, attempt, room, threads, progress)
        proof, known = job.do()
        write_file_text(attempt.day / RUN, manifest_text({"plan": plan, "host": platform.node(), **known}))
        attempt.publish()
    return BatchDay(target, proof, known, True)


def _finished(target: Path, plan: Mapping[str, Any]) -> BatchDay | None:
    """The day that is there, if it is the one that is asked for."""
    made = finished_run(target)
    if made is None:
        return None
    if made.get("plan") != plan:
        raise refuse("run-inputs", argument=str(target), why="the day that is there was made of others")
    return BatchDay(target, Proof.from_dict(open_folder(target)["proof"]), made, False)


def _bytes(memory: str | int) -> int:
    """A size in bytes."""
    if isinstance(memory, int) and not isinstance(memory, bool) and memory > 0:
        return memory
    text = str(memory).strip().upper()
    digits = text.rstrip("BIKMGT ")
    unit = text[len(digits) :].strip()
    if not digits.isascii() or not digits.isdigit() or unit not in _UNITS or int(digits) == 0:
        raise refuse("argument", argument="memory", value=repr(memory), why='it is no size, such as "8GiB"')
    return int(digits) * _UNITS[unit]


def _plan(files: Files, beside: Beside, before: Proof | None) -> dict[str, Any]:
    """What tells a run from others: its inputs, and nothing of how it is done."""
    import hashlib

    def of(table: Any, name: str) -> str | None:
        return None if table is None else fingerprint(name, table)

    given = repr((_plain(beside.prices), _plain(beside.income), _plain(beside.decisions), of(beside.days, "days")))
    return {
        "version": _kernel.version,
        "date": beside.date.isoformat(),
        "terms": beside.terms.digest,
        "given": hashlib.sha256(given.encode()).hexdigest(),
        "deferred": of(beside.deferred, "deferred"),
        "events": of(beside.events, "events"),
        "obligations": of(beside.obligations, "obligations"),
        "previous": None if before is None else before.digest,
        "files": files.identity(),
    }


def _plain(mapping: Mapping[Any, Any] | None) -> Any:
    if not isinstance(mapping, Mapping):
        return str(mapping)
    return sorted(
        (str(key), _plain(value) if isinstance(value, Mapping) else str(value)) for key, value in mapping.items()
    )


@dataclass(slots=True)
class _Job:
    """A run at work."""

    files: Files
    beside: Beside
    before: Proof | None
    attempt: Attempt
    memory: int
    threads: int | None
    progress: Progress | None
    known: Names | None = None
    understood: Understood | None = None
    came: Mapping[str, str] = field(default_factory=dict)
    ties: tuple[LawEntry, ...] = ()
    parts: int = 0
    cpu: list[tuple[str, float]] = field(default_factory=list)

    def do(self) -> tuple[Proof, dict[str, Any]]:
        """Runs the day; its proof, and what is known of the making."""
        begun = time.monotonic()
        self._mark("begin")
        raw = self._native()
        self._mark("settle")
        assert self.understood is not None
        assert self.known is not None
        small = tables_of_the_day(raw, self.known, self.understood.given)
        digests = self._digests(raw, small)
        proof = proof_of(raw, self.known, self.beside.date, digests, self.ties)
        self._write(raw, small, proof)
        self._mark("end")
        return proof, {**_known(raw, begun, self.files), "cpu_seconds": self._cpu_seconds()}

    def _mark(self, phase: str) -> None:
        """The phase ends here."""
        times = os.times()
        self.cpu.append((phase, times.user + times.system))

    def _cpu_seconds(self) -> dict[str, float]:
        """The seconds that all cores together have worked, by phase; what is read again counts again."""
        seconds: dict[str, float] = {}
        for (_, before), (phase, now) in itertools.pairwise(self.cpu):
            seconds[phase] = round(seconds.get(phase, 0.0) + now - before, 3)
        return seconds

    def _native(self) -> dict[str, Any]:
        """Reads and settles. Texts that are not digits of one width are found out when they are read."""
        others = set[str]()
        while True:
            ways, dictionaries = ways_of(self.files, Columns.of(self.beside.deferred, self.beside.events), others)
            try:
                return _kernel.run_day(
                    self._asked(ways, dictionaries),
                    self.beside.terms.compiled,
                    self._understand,
                    self._settle_with,
                    None if self.progress is None else self._tell,
                    (str(self.attempt.day), str(self.attempt.journal), self.attempt.name),
                    self.memory,
                    self.threads,
                )
            except NotDigits as error:
                others.update(error.names)

    @property
    def _orders(self) -> int:
        """How many orders the day has, with those that were left."""
        left = 0 if self.beside.deferred is None else len(self.beside.deferred)
        return self.files.orders.rows + left

    @property
    def _held(self) -> int:
        """How many positions the day begins with."""
        return 0 if self.files.positions is None else self.files.positions.rows

    def _tell(self, phase: str, read: int, settled: int, partitions: int, written: int) -> None:
        """Tells whoever watches how far the run is."""
        assert self.progress is not None
        rows = {"read": sum(table.rows for table in self.files.tables.values()), "settle": self._orders}
        self.progress(Standing(phase, read, settled, partitions, written, rows.get(phase, 0)))

    def _asked(self, ways: Mapping[str, str], dictionaries: list[tuple[str, list[str]]]) -> dict[str, Any]:
        files, terms = self.files, self.beside.terms
        self.parts = part_bits(self._orders, self._held, _PART_ROWS)
        first = None
        if "order_id" not in files.orders.forms:
            first = int(own_numbers(1, self.beside.date)[0])
        register = {
            name: kept_scale(name, terms) for name in ("units", "frozen", "pending", "entitled", "unpaid", "nav")
        }
        # Quantities are kept as a day in memory keeps them.
        scales = [terms.scales.cash, terms.scales.units, files.orders.forms["quantity"][1] or 0]
        if self.beside.deferred is not None:
            scales.append(self.beside.deferred["requested"].scale)
        kept = {"orders": {"quantity": max(scales)}, "positions": register, "lots": register}
        tables = files.tables
        texts = {name for table in tables.values() for name, (form, _) in table.forms.items() if form == "text"}
        return {
            "bits": self.parts,
            "lists": [(name, *_LISTS.get(name, ([], []))) for name in sorted(texts.difference(ways))],
            "digits": [name for name, way in ways.items() if way == "digits"],
            "dictionaries": dictionaries,
            **{
                name: None
                if name not in tables
                else tables[name].asked(kept[name], ways, first if name == "orders" else None)
                for name in ("orders", "positions", "lots")
            },
        }

    def _understand(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What was read, held against what an earlier attempt has read and against the day before."""
        self._mark("read")
        self.understood = understand(self.files, self.beside, facts)
        self.came = self._came(self.understood)
        self.attempt.check_read(self.came)
        self.ties = () if self.before is None else tuple(self._ties(self.before))
        return self.understood.start

    def _settle_with(
        self, funds: npt.NDArray[np.int64], distributors: npt.NDArray[np.int64]
    ) -> tuple[dict[str, Any], list[tuple[int, ...]], dict[str, Any]]:
        assert self.understood is not None
        self._mark("decide")
        given, intake = self.understood.given, self.understood.intake
        self.known = names = names_of(intake, given, self.beside.terms, funds, distributors)
        return party_numbers(names), open_rows(given, names), specs_of(names, self.files)

    def _digests(self, raw: Mapping[str, Any], small: Mapping[str, Any]) -> dict[str, str]:
        assert self.understood is not None
        prints = {name: format(value, "032x") for name, value in raw["fingerprints"].items()}
        digests = dict(self.came)
        for name in ("confirmations", "positions", "lots"):
            digests[f"out.{name}"] = prints[name]
        digests |= {f"out.{name}": fingerprint(name, table) for name, table in small.items()}
        digests["out.register"] = prints["register"]
        digests["out.deferred"] = prints["deferred"]
        digests["in.days"] = digest_of_days(self.understood.intake)
        digests["terms"] = self.beside.terms.digest
        if self.before is not None:
            digests["previous"] = self.before.digest
        return digests

    def _came(self, understood: Understood) -> dict[str, str]:
        """The fingerprints of the tables that came in."""
        came = {}
        for name in ("orders", "deferred", "positions", "lots", "events", "obligations"):
            table = getattr(understood.given, name)
            if table is not None:
                read = understood.fingerprints.get(name)
                came[f"in.{name}"] = fingerprint_in(name, table) if read is None else read
        return came

    def _ties(self, before: Proof) -> Any:
        came = {name: self.came.get(f"in.{name}", NO_ROWS) for name in ("positions", "lots", "deferred", "obligations")}
        small = {"deferred": self.beside.deferred, "obligations": self.beside.obligations}
        rows = {name: 0 if table is None else len(table) for name, table in small.items()}
        rows |= {name: 0 if table is None else table.rows for name, table in self._register().items()}
        return ties_of(came, rows, before)

    def _register(self) -> dict[str, TableFiles | None]:
        return {"positions": self.files.positions, "lots": self.files.lots}

    def _write(self, raw: Mapping[str, Any], small: Mapping[str, Any], proof: Proof) -> None:
        """The rest of the folder; the parts are there."""
        assert self.understood is not None
        given, intake, terms = self.understood.given, self.understood.intake, self.beside.terms
        inputs = replace(Inputs.of(given, intake, terms), several_charges=self.understood.several_charges)
        inputs = ordered_inputs(inputs, intake.accounts, (self._orders, self._held), terms)
        listed = {
            name: [{"file": file, "rows": rows, "sha256": digest} for file, rows, digest, _ in parts]
            for name, parts in raw["parts"].items()
        }
        others = {name: table for name, table in inputs.tables.items() if name not in listed}
        for name, table in {**small, **others}.items():
            listed[name] = [write_file(self.attempt.day / f"{name}.parquet", name, table)]
        write_file_text(self.attempt.day / "terms.toml", terms.to_toml())
        about = {
            "date": self.beside.date.isoformat(),
            "terms": terms.digest,
            "given": inputs.to_dict(),
            "proof": proof.to_dict(),
            "proof_digest": proof.digest,
        }
        (self.attempt.day / RUN).unlink(missing_ok=True)
        (self.attempt.day / MANIFEST).unlink(missing_ok=True)
        manifest = {"layout": LAYOUT, **about, **listed_files(self.attempt.day, listed)}
        write_file_text(self.attempt.day / MANIFEST, manifest_text(manifest))


#: What texts of a column stand for, and the only ones that it may have.
_LISTS: Final[dict[str, tuple[list[tuple[str, str]], list[str]]]] = {
    "kind": ([("022", "subscribe"), ("039", "periodic"), ("024", "redeem"), ("036", "switch")], []),
    "on_gate": ([("", "defer"), ("1", "defer"), ("0", "cancel")], ["defer", "cancel"]),
    "charge": ([("", "front")], ["front", "back"]),
    "dividend_option": ([("default", "")], ["", "reinvest", "cash"]),
}


def _known(raw: Mapping[str, Any], begun: float, files: Files) -> dict[str, Any]:
    """What is known of the making, which is no part of the day."""
    import resource

    seconds: dict[str, float] = {}
    for phase, took in raw["seconds"]:
        seconds[phase] = round(seconds.get(phase, 0.0) + took, 3)
    seconds["all"] = round(time.monotonic() - begun, 3)
    written = sum(size for parts in raw["parts"].values() for *_, size in parts)
    read = sum(size for table in files.tables.values() for size, _ in table.identity)
    return {
        "fundclear": _kernel.build_info(),
        "seconds": seconds,
        "rows": {name: table.rows for name, table in files.tables.items()},
        "bytes": {"read": read, "written": written},
        "memory": {
            "rows": raw["memory"],
            "spilled": raw["spilled"],
            "dictionaries": sum(size for _, (_, size, _, _) in raw["dictionaries"]),
            "most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        },
        "dictionaries": {
            name: {"texts": texts, "rows": rows, "rows_a_second": int(rows / max(took, 1e-6))}
            for name, (texts, _, rows, took) in raw["dictionaries"]
        },
        "resumed": raw["resumed"],
    }
