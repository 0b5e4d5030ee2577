"""Runs a day from files to a folder, or finishes one that was begun."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Any, Final, TypeAlias, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import Amounts, ArrowStream
from fundclear.batch.attempt import Attempt, attempt_at, clean_up, finished_run
from fundclear.batch.domains import Columns, NotDigits, check_kinds, ways_of
from fundclear.batch.files import Files, PathsLike, TableFiles, find
from fundclear.batch.understanding import Beside, Understood, understand
from fundclear.batch.writing import kept_scale, specs_of
from fundclear.clearing import Clearing
from fundclear.digests import NO_ROWS, fingerprint, fingerprint_in
from fundclear.errors import FundclearError, refuse
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
from fundclear.proof import Proof
from fundclear.settings import read_date
from fundclear.tables import Confirmations, Events, FundDays, Obligations, taken
from fundclear.terms import Terms

__all__ = ["BatchDay", "Progress", "run"]

#: Called with the phase and with the rows read, orders settled, partitions finished and bytes written so far.
Progress: TypeAlias = Callable[[str, int, int, int, int], object]

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
    previous: Clearing | Proof | None = None,
    memory: str | int = "8GiB",
    threads: int | None = None,
    progress: Progress | None = None,
) -> BatchDay:
    """Clears a dealing day of any size from Parquet files into a folder, in bounded memory.

    The folder is the same, byte for byte, as what :func:`fundclear.clear` and :meth:`~fundclear.Clearing.write` give on
    the same day, whatever the threads, the memory, and the order or partition of the files. A run that was killed is
    finished by calling it again; a call for a finished day does nothing.

    Args:
        orders: Parquet files of orders: a path, a folder of ``orders*.parquet``, a pattern, or several of these.
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
        previous: the day before or its proof, against which what comes in is held.
        memory: how much the process may take: bytes, or such as ``"8GiB"``.
        threads: how many threads may work.
        progress: called a few times a second; what it raises stops the run, which can be finished later.

    Raises:
        InputError: whatever is wrong with the day as a whole, with a file (``file``, ``column``, ``null``,
            ``run-files``), with the folder (``folder-exists``, ``run-locked``, ``run-inputs``); more distinct texts
            than the memory holds (``run-memory``).
        OSError: the system refused; what is finished stays for another call.
    """
    target = Path(os.path.abspath(out))
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
    before = previous.proof if isinstance(previous, Clearing) else previous
    plan = _plan(files, beside, before)
    made = finished_run(target)
    if made is not None:
        if made.get("plan") != plan:
            raise refuse("run-inputs", argument=str(target), why="the day that is there was made of others")
        clean_up(target)
        return BatchDay(target, Proof.from_dict(open_folder(target)["proof"]), made, False)
    room = int(_bytes(memory) * _FOR_ROWS)
    with attempt_at(target, plan) as attempt:
        job = _Job(files, beside, before, attempt, room, threads, progress)
        proof, known = job.do()
        write_file_text(attempt.day / RUN, manifest_text({"plan": plan, "host": platform.node(), **known}))
        attempt.publish()
    return BatchDay(target, proof, known, True)


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
        "version": _kernel.build_info()["version"],
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
    parts: int = 0

    def do(self) -> tuple[Proof, dict[str, Any]]:
        """Runs the day; its proof, and what is known of the making."""
        begun = time.monotonic()
        raw = self._native()
        assert self.understood is not None
        assert self.known is not None
        small = tables_of_the_day(raw, self.known, self.understood.given)
        digests = self._digests(raw, small)
        ties = () if self.before is None else tuple(self._ties(digests, self.before))
        proof = proof_of(raw, self.known, self.beside.date, digests, ties)
        self._write(raw, small, proof)
        return proof, _known(raw, begun, self.files)

    def _native(self) -> dict[str, Any]:
        """Reads and settles. Texts that are not digits of one width are found out when they are read."""
        others = set[str]()
        while True:
            ways, dictionaries = ways_of(self.files, Columns.of(self.beside.deferred, self.beside.events), others)
            spelled = [name for name, way in ways.items() if way == "digits"]
            try:
                return _kernel.run_day(
                    self._asked(ways, dictionaries),
                    self.beside.terms.compiled,
                    self._understand,
                    self._settle_with,
                    self.progress,
                    (str(self.attempt.day), str(self.attempt.journal), self.attempt.name),
                    self.memory,
                    self.threads,
                )
            except NotDigits as error:
                others.add(error.name)
            except FundclearError as error:
                found = [name for name in spelled if f"column {name!r}" in str(error).replace('"', "'")]
                if error.code != "file" or "are not digits of one width" not in str(error) or not found:
                    raise
                others.update(found)

    def _asked(self, ways: Mapping[str, str], dictionaries: list[tuple[str, list[str]]]) -> dict[str, Any]:
        files, terms = self.files, self.beside.terms
        left = 0 if self.beside.deferred is None else len(self.beside.deferred)
        held = 0 if files.positions is None else files.positions.rows
        self.parts = part_bits(files.orders.rows + left, held, _PART_ROWS)
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
        self.understood = understand(self.files, self.beside, facts)
        return self.understood.start

    def _settle_with(
        self, funds: npt.NDArray[np.int64], distributors: npt.NDArray[np.int64]
    ) -> tuple[dict[str, Any], list[tuple[int, ...]], dict[str, Any]]:
        assert self.understood is not None
        given, intake = self.understood.given, self.understood.intake
        self.known = names = names_of(intake, given, self.beside.terms, funds, distributors)
        return party_numbers(names), open_rows(given, names), specs_of(names, self.files)

    def _digests(self, raw: Mapping[str, Any], small: Mapping[str, Any]) -> dict[str, str]:
        assert self.understood is not None
        prints = {name: format(value, "032x") for name, value in raw["fingerprints"].items()}
        given = self.understood.given
        digests = {}
        for name in ("orders", "deferred", "positions", "lots", "events", "obligations"):
            table = getattr(given, name)
            if table is not None:
                read = self.understood.fingerprints.get(name)
                digests[f"in.{name}"] = fingerprint_in(name, table) if read is None else read
        for name in ("confirmations", "positions", "lots"):
            digests[f"out.{name}"] = prints[name]
        digests |= {f"out.{name}": fingerprint(name, table) for name, table in small.items()}
        digests["out.register"] = prints["register"]
        digests["out.deferred"] = prints["deferred"]
        digests["in.days"] = digest_of_days(self.understood.intake)
        digests["terms"] = self.beside.terms.digest
        return digests

    def _ties(self, digests: dict[str, str], before: Proof) -> Any:
        positions = self.files.positions
        if positions is not None and "entitled" in positions.forms:
            raise refuse("run-entitled", argument="positions")
        came = {name: digests.get(f"in.{name}", NO_ROWS) for name in ("positions", "lots", "deferred", "obligations")}
        small = {"deferred": self.beside.deferred, "obligations": self.beside.obligations}
        rows = {name: 0 if table is None else len(table) for name, table in small.items()}
        rows |= {name: 0 if table is None else table.rows for name, table in self._register().items()}
        digests["previous"] = before.digest
        return ties_of(came, rows, before)

    def _register(self) -> dict[str, TableFiles | None]:
        return {"positions": self.files.positions, "lots": self.files.lots}

    def _write(self, raw: Mapping[str, Any], small: Mapping[str, Any], proof: Proof) -> None:
        """The rest of the folder; the parts are there."""
        assert self.understood is not None
        given, intake, terms = self.understood.given, self.understood.intake, self.beside.terms
        left = 0 if given.deferred is None else len(given.deferred)
        held = 0 if self.files.positions is None else self.files.positions.rows
        inputs = Inputs.of(given, intake, terms)
        inputs = ordered_inputs(inputs, intake.accounts, (self.files.orders.rows + left, held), terms)
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
            "most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        },
        "dictionaries": {
            name: {"texts": texts, "rows": rows, "rows_a_second": int(rows / max(took, 1e-6))}
            for name, (texts, _, rows, took) in raw["dictionaries"]
        },
        "resumed": raw["resumed"],
    }
