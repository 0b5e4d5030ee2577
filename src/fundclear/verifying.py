"""Whether a day's folder says what it should: everything derived again from its files, and every difference named.

Nothing here is taken from the native day: accounts are cleared again by the pure-Python judge, totals are sums of
columns of whole numbers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Final, final

import numpy as np

from fundclear.clearing import RESULT_TABLES, Clearing, open_day
from fundclear.digests import fingerprint, fingerprint_in, register_fingerprint
from fundclear.errors import FundclearError, refuse
from fundclear.fixed import Fixed
from fundclear.folder import (
    BY_ACCOUNT,
    MANIFEST,
    RUN,
    files_of,
    manifest_text,
    open_folder,
    part_files,
    place_of,
    sha256_of_all,
)
from fundclear.inputs import OPENING_TABLES, as_given, given_again
from fundclear.intake import Given, take_in
from fundclear.outcome import came_in, digest_of_days, inputs_of
from fundclear.proof import LAWS, LawEntry, exact
from fundclear.replaying import Replay, columns_of, scale_of
from fundclear.resampling import Sampled, choose_accounts, clear_sample
from fundclear.tables import Table

__all__ = ["Finding", "Verification", "verify"]

#: Days of at most so many orders, and as many positions, are cleared again as a whole.
SMALL: Final = 20_000

#: Of larger days so many accounts are cleared again, unless the call says how many.
SAMPLE: Final = 1_000

# Of one table so many differing rows are named; the others only counted.
_NAMED: Final = 5

# The first layout, which took fingerprints of other columns.
_UNTIED: Final = 1

_ABOUT: Final = ("date", "files", "given", "layout", "proof", "proof_digest", "tables", "terms")


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a folder that is not as it should be.

    Attributes:
        file: the file of the folder.
        what: what it is, with table, row and column, or with the law or the total.
    """

    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


@final
@dataclass(frozen=True, slots=True, repr=False)
class Verification:
    """What :func:`verify` has found.

    Attributes:
        folder: the day's folder.
        findings: what is wrong with it; empty if all is well.
        orders: how many orders the day has.
        accounts: how many accounts were cleared again.
        whole: whether these were all accounts of the day.
        comparisons: how many entries of the proof were summed up again.
    """

    folder: str
    findings: tuple[Finding, ...]
    orders: int
    accounts: int
    whole: bool
    comparisons: int

    def check(self) -> None:
        """Raises if something was found.

        Raises:
            InputError: the folder is not as it was written, or was not written as it should be (``verification``).
        """
        if self.findings:
            raise refuse(
                "verification", argument=self.folder, value=str(len(self.findings)), first=str(self.findings[0])
            )

    def __repr__(self) -> str:
        if self.findings:
            return f"<Verification of {self.folder}: {len(self.findings)} findings, {self.findings[0]}>"
        accounts = f"{'all ' if self.whole else ''}{self.accounts:,} accounts"
        return (
            f"<Verification of {self.folder}: {self.orders:,} orders, {accounts} cleared again, "
            f"{self.comparisons:,} comparisons, nothing found>"
        )


def verify(folder: str | os.PathLike[str], *, sample: int | None = None) -> Verification:
    """Derives a finished day again from its files alone, and compares.

    The files must have the digests of the manifest, and tables and inputs the fingerprints of the proof. Every entry of
    the proof is summed up again from the columns of the tables. Accounts are cleared again in plain Python: all of them
    on days of up to 20,000 orders, else a sample that the proof's digest chooses.

    Args:
        folder: what :meth:`Clearing.write` has made.
        sample: how many accounts are cleared again, instead of all or 1,000.

    Raises:
        InputError: it is no folder of a day at all (``folder``); a sample of no account (``argument``). What is wrong
            with a day's folder is not raised but found.

    >>> import fundclear as fc, tempfile
    >>> terms = fc.Terms([fc.Fund("000198", currency="CNY")])
    >>> orders = fc.Orders(account=[7, 9], fund="000198", kind="subscribe", amount=["50000.00", "0.05"])
    >>> day = fc.clear(orders, terms=terms, prices={"000198": "1.1688"}, date="2017-04-27")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     day.write(f"{folder}/day")
    ...     verification = fc.verify(f"{folder}/day")
    >>> verification.findings, verification.accounts
    ((), 2)
    """
    if sample is not None and (not isinstance(sample, int) or sample < 1):
        raise refuse("argument", argument="sample", value=repr(sample), why="a sample has at least one account")
    path = Path(folder)
    if not (path / MANIFEST).is_file():
        open_folder(path)
    found = _Findings(path)
    day = _open(found)
    if day is None:
        return Verification(str(folder), tuple(found.all), 0, 0, False, 0)
    _check_proof(found, day)
    cleared = (0, False, 0)
    try:
        cleared = _clear_again(found, day, sample)
    except FundclearError as error:
        found.add(MANIFEST, f"the day cannot be cleared again from the files: {error}")
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
        found.add(MANIFEST, f"the files contradict each other: {error!r}")
    return Verification(str(folder), tuple(found.all), len(day.confirmations), *cleared)


class _Findings:
    """What has been found in a folder so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.all: list[Finding] = []
        #: What the manifest says of each table.
        self.tables: Mapping[str, Any] = {}

    def add(self, file: str, what: str) -> None:
        self.all.append(Finding(file, what))

    def equal(self, file: str, what: str, there: Any, wanted: Any) -> bool:
        if there != wanted:
            self.add(file, f"{what} is {there}, not {wanted}")
        return bool(there == wanted)


# ---- files ----


def _open(found: _Findings) -> Clearing | None:
    """The day, if it can be read at all; what is wrong with its files is noted."""
    try:
        manifest = open_folder(found.folder)
    except FundclearError as error:
        found.add(MANIFEST, str(error))
        return None
    if manifest["layout"] == _UNTIED:
        found.add(MANIFEST, f"it has layout {_UNTIED}, whose fingerprints are no longer made: it can only be read")
        return None
    try:
        _check_manifest(found, manifest)
        _check_files(found, manifest)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        found.add(MANIFEST, f"it is not that of a day: {error!r}")
        return None
    try:
        return open_day(found.folder)
    except (FundclearError, OSError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        named = error.argument if isinstance(error, FundclearError) else None
        file = Path(named).name if named and Path(named).parent == found.folder else MANIFEST
        found.add(file, f"it cannot be read: {error}")
        return None


def _check_manifest(found: _Findings, manifest: Mapping[str, Any]) -> None:
    """The manifest says what manifests say, in the way in which they say it."""
    found.equal(MANIFEST, "what it speaks of", sorted(manifest), sorted(_ABOUT))
    if (found.folder / MANIFEST).read_bytes() != manifest_text(manifest).encode():
        found.add(MANIFEST, "it is not written as manifests are")
    missing = [name for name in RESULT_TABLES if name not in manifest["tables"]]
    unknown = [name for name in manifest["tables"] if name not in (*RESULT_TABLES, *OPENING_TABLES)]
    for names, what in ((missing, "it does not list the table"), (unknown, "it lists an unknown table")):
        for name in names:
            found.add(MANIFEST, f"{what} {name!r}")
    found.tables = manifest["tables"]
    bits = (len(files_of(manifest["tables"]["confirmations"])) - 1).bit_length()
    for name, entry in manifest["tables"].items():
        found.equal(MANIFEST, f"what it says of the table {name!r}", sorted(entry), ["files", "rows"])
        for each in files_of(entry):
            found.equal(MANIFEST, f"what it says of a file of {name!r}", sorted(each), ["file", "rows", "sha256"])
        wanted = part_files(name, bits if name in BY_ACCOUNT else 0)
        found.equal(MANIFEST, f"the files of the table {name!r}", [each["file"] for each in files_of(entry)], wanted)
        rows = sum(each["rows"] for each in files_of(entry))
        found.equal(MANIFEST, f"the number of rows of the table {name!r}", entry["rows"], rows)


def _check_files(found: _Findings, manifest: Mapping[str, Any]) -> None:
    """Every listed file is there with its digest, and no other."""
    of_tables = (each for entry in manifest["tables"].values() for each in files_of(entry))
    listed = {each["file"]: each["sha256"] for each in of_tables} | manifest["files"]
    present = [name for name in sorted(listed) if (found.folder / name).is_file()]
    digests = dict(zip(present, sha256_of_all([found.folder / name for name in present]), strict=True))
    for name, digest in sorted(listed.items()):
        if name not in digests:
            found.add(name, "the file is missing")
        elif digests[name] != digest:
            found.add(name, f"its SHA-256 is {digests[name]}, and the manifest says {digest}")
    paths = (path for path in found.folder.rglob("*") if path.is_file())
    names = {path.relative_to(found.folder).as_posix() for path in paths}
    for name in sorted(names - set(listed) - {MANIFEST, RUN}):
        found.add(name, "the manifest does not list the file")


def _check_proof(found: _Findings, day: Clearing) -> None:
    """The proof is that of this day and these terms, its laws hold, and the results have its fingerprints."""
    proof, manifest = day.proof, open_folder(found.folder)
    found.equal(MANIFEST, "the date of the proof", proof.date, day.date.isoformat())
    found.equal("terms.toml", "the digest of the terms", day.terms.digest, manifest["terms"])
    found.equal(MANIFEST, "the terms' digest of the proof", proof.digests.get("terms"), day.terms.digest)
    found.equal(MANIFEST, "the digest of the proof", manifest["proof_digest"], proof.digest)
    for entry in proof:
        if not entry.holds:
            found.add(MANIFEST, f"{_entry_name(entry)} does not hold: {entry.left} is not {entry.right}")
    tables = {f"out.{name}": table for name, table in day.tables.items()}
    for name, digest in proof.digests.items():
        if name == "out.register":
            _same_digest(found, name, register_fingerprint(day.positions), digest, "positions")
        elif name == "out.deferred":
            _same_digest(found, name, fingerprint("deferred", day.deferred), digest, "confirmations")
        elif name.startswith("out."):
            _same_digest(found, name, fingerprint(name[4:], tables[name]), digest, name[4:])
    for name in sorted({*tables, "out.deferred", "out.register"} - set(proof.digests)):
        found.add(MANIFEST, f"the proof has no fingerprint {name!r}")


def _same_digest(found: _Findings, name: str, there: str, digest: str, file: str) -> None:
    found.equal(f"{file}.parquet", f"the fingerprint {name!r}", there, digest)


def _entry_name(entry: LawEntry) -> str:
    where = f" for {entry.scope}" if entry.scope else ""
    return f"law {entry.law}{where} ({LAWS.get(entry.law, 'which there is not')})"


# ---- clearing again ----


def _clear_again(found: _Findings, day: Clearing, sample: int | None) -> tuple[int, bool, int]:
    """Clears accounts again and sums up the proof; how many accounts, whether all, and how many entries."""
    given = given_again(day.inputs, day.confirmations, day.events)
    _check_inputs(found, day, given)
    income: dict[Any, dict[Any, Any]] = {}
    for row in day.inputs.fund_income.rows() if day.inputs.fund_income is not None else ():
        income.setdefault(row["fund"], {})[row["date"]] = row["income"]
    intake = take_in(given, day.terms, day.date, prices=None, income=income, decisions=None, days=day.inputs.fund_days)
    found.equal(
        "fund_days.parquet", "the digest of the fund days", digest_of_days(intake), day.proof.digests["in.days"]
    )
    replay = Replay(given, intake, day.terms, day.date)
    if not _check_scales(found, day, replay):
        return 0, False, 0
    opening = 0 if given.positions is None else len(given.positions)
    if sample is None and len(day.confirmations) <= SMALL and opening <= SMALL:
        return _clear_all(found, day, replay)
    sampled = clear_sample(day, replay, choose_accounts(day, replay, SAMPLE if sample is None else sample))
    for name, (rows, wanted) in sampled.tables.items():
        _compare(found, name, getattr(day, name), wanted, rows)
    return len(sampled.accounts), sampled.whole, _compare_proof(found, day, sampled)


def _check_inputs(found: _Findings, day: Clearing, given: Given) -> None:
    files = {"orders": "confirmations", "events": "events"}
    named = dict(inputs_of(replace(given, orders=as_given(day.inputs, given.orders))))
    for name, table in named.items():
        file = files.get(name, f"opening_{name}")
        if f"in.{name}" not in day.proof.digests:
            found.add(MANIFEST, f"the proof has no fingerprint 'in.{name}'")
        else:
            _same_digest(found, f"in.{name}", fingerprint_in(name, table), day.proof.digests[f"in.{name}"], file)
    for name in day.proof.digests:
        if name.startswith("in.") and name[3:] not in named and name != "in.days":
            found.add(MANIFEST, f"the proof speaks of {name[3:]!r} that came in, and the folder has none")


def _check_scales(found: _Findings, day: Clearing, replay: Replay) -> bool:
    """Money stands at the decimals that its role has in the terms: digits alone do not say how much they are."""
    before = len(found.all)
    for name, table in day.tables.items():
        for column in table.columns if name != "events" else ():
            if isinstance(table.column(column), Fixed):
                wanted = replay.scales[scale_of(name, column)]
                found.equal(f"{name}.parquet", f"the scale of column {column!r}", table.column(column).scale, wanted)
    return len(found.all) == before


def _clear_all(found: _Findings, day: Clearing, replay: Replay) -> tuple[int, bool, int]:
    """A small day as a whole: every table row by row, every law, every entry."""
    from fundclear.reference import clear, from_plain, laws

    inputs = replay.inputs() | {"policy": from_plain(day.terms.scales, day.terms.plain())}
    wanted = clear(**inputs)
    before = len(found.all)
    for name, table in day.tables.items():
        columns = [column for column in table.columns if (name, column) != ("events", "option")]
        _compare(found, name, table, replay.as_written(name, wanted[name], columns), None)
    if len(found.all) == before:
        for violation in laws.check(inputs, wanted):
            found.add(
                MANIFEST, f"law {violation.law} for {violation.scope}: {violation.left} against {violation.right}"
            )
    accounts = {row["account"] for name in ("orders", "deferred", "positions") for row in inputs[name]}
    return len(accounts), True, _compare_proof(found, day, Sampled.of_whole(day, replay, inputs, wanted))


def _compare(
    found: _Findings, name: str, table: Table, wanted: Mapping[str, Sequence[Any]], rows: Sequence[int] | None
) -> None:
    """Notes the rows of a table, or those of these numbers, that are not as they were cleared again."""
    file = f"{name}.parquet"
    there = columns_of(table if rows is None else table.rows_at(np.array(rows, dtype=np.int64)))
    counts = (len(next(iter(columns.values()), ())) for columns in (there, wanted))
    count, right = counts
    if count != right:
        found.add(file, f"it has {count} rows{'' if rows is None else ' of the sampled accounts'}, and {right} are due")
    differing = _differences({column: there[column] for column in wanted}, wanted)
    for row, column, is_, due in islice(differing, _NAMED):
        number = row if rows is None else rows[row]
        column_of = table.column(column)
        shown = [exact(v, column_of.scale) if isinstance(column_of, Fixed) else repr(v) for v in (is_, due)]
        at, number = (file, number) if name not in found.tables else place_of(found.tables[name], number)
        found.add(at, f"row {number}, column {column!r} is {shown[0]}, cleared again {shown[1]}")
    more = len({row for row, *_ in differing})
    if more:
        found.add(file, f"{more} more rows differ")


def _differences(
    there: Mapping[str, Sequence[Any]], wanted: Mapping[str, Sequence[Any]]
) -> Iterator[tuple[int, str, Any, Any]]:
    """Row, column and both values, by row: of each row the first column that differs."""
    unequal = [name for name in wanted if there[name] != wanted[name]]
    columns = [(name, list(zip(there[name], wanted[name], strict=False))) for name in unequal]
    for row in range(min((len(pairs) for _, pairs in columns), default=0)):
        for name, pairs in columns:
            is_, due = pairs[row]
            if is_ != due:
                yield row, name, is_, due
                break


# ---- the proof, summed up again ----


def _compare_proof(found: _Findings, day: Clearing, sampled: Sampled) -> int:
    """Compares entries, control totals and cuts of the proof with sums of the tables' columns; how many entries."""
    from fundclear.reference.tallies import control_totals, tally

    of_kernel = [entry for entry in day.proof if (entry.law, entry.scope) not in _TIES]
    _check_ties(found, day)
    entries = iter(of_kernel)
    entry = next(entries, None)
    for each in tally(sampled.columns):
        unknown = each.left is None or each.right is None
        if entry is None or (entry.law, entry.scope) != (each.law, each.scope):
            if unknown:
                continue
            what = "ends" if entry is None else f"goes on with {_entry_name(entry)}"
            found.add(MANIFEST, f"the proof {what}, where law {each.law} for {each.scope or 'the day'} is due")
            return len(of_kernel)
        for side, is_, due in (("left", entry.left, each.left), ("right", entry.right, each.right)):
            if due is not None and str(is_) != str(_exact(due, each.scale)):
                found.add(
                    MANIFEST,
                    f"{_entry_name(entry)}: its {side} side is {is_}, and the tables say {_exact(due, each.scale)}",
                )
        if each.rows is not None and entry.rows != each.rows:
            found.add(MANIFEST, f"{_entry_name(entry)} speaks of {entry.rows} rows, and the tables of {each.rows}")
        entry = next(entries, None)
    if entry is not None:
        found.add(MANIFEST, f"the proof has more than is due: {_entry_name(entry)}")
    totals = {name: str(_exact(value, scale)) for name, (value, scale) in control_totals(sampled.columns).items()}
    for name in sorted({*totals, *day.proof.totals}):
        there = None if name not in day.proof.totals else str(day.proof.totals[name])
        found.equal(MANIFEST, f"the control total {name!r}", there, totals.get(name))
    if sampled.cuts is not None:
        found.equal(MANIFEST, "the cuts of the proof", list(map(repr, day.proof.cuts)), list(map(repr, sampled.cuts)))
    return len(of_kernel)


#: What the day took over from the day before, by the law that says so.
_TIES: Final = {("U5", "positions"), ("U5", "lots"), ("O4", "deferred"), ("S4", "obligations")}


def _check_ties(found: _Findings, day: Clearing) -> None:
    """A day that follows another says that what came in is what that left, by fingerprints."""
    ties = {entry.scope: entry for entry in day.proof if (entry.law, entry.scope) in _TIES}
    if ("previous" in day.proof.digests) != bool(ties) or (ties and len(ties) != len(_TIES)):
        found.add(MANIFEST, "the proof must tie to the day before in all that is taken over, or in nothing")
    for scope, entry in ties.items():
        table = day.inputs.tables.get(f"opening_{scope}")
        came = Decimal(int(came_in(scope, table, day.proof.digests), 16))
        found.equal(MANIFEST, f"the left side of {_entry_name(entry)}", entry.left, came)
        found.equal(MANIFEST, f"the rows of {_entry_name(entry)}", entry.rows, 0 if table is None else len(table))


def _exact(value: int, scale: int) -> Decimal:
    return Decimal((int(value < 0), tuple(map(int, str(abs(value)))), -scale))
