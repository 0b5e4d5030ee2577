"""Whether a day's folder says what it should: everything derived again from its files, and every difference named.

Nothing here is taken from the native day: accounts are cleared again by the pure-Python judge, totals are sums of
columns of whole numbers. A large day is read part by part, and only the rows of a sample of its accounts are kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, final

from fundclear import _kernel
from fundclear.clearing import RESULT_TABLES, Clearing, open_day
from fundclear.dayparts import DayParts, table_of
from fundclear.digests import NO_ROWS
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
from fundclear.inputs import OPENING_TABLES
from fundclear.outcome import digest_of_days
from fundclear.proof import LAWS, LawEntry, exact
from fundclear.replaying import Replay, columns_of, scale_of
from fundclear.resampling import Sampling, columns_for_sums, cuts_of, replay_of
from fundclear.tables import Table
from fundclear.totals import CAME_IN, Totals

__all__ = ["Finding", "Verification", "verify"]

#: Days of at most so many orders, and as many positions, are cleared again as a whole.
SMALL: Final = 20_000

#: Of larger days so many accounts are cleared again, unless the call says how many.
SAMPLE: Final = 1_000

# Of one table so many differing rows are named; the others only counted.
_NAMED: Final = 5

#: What goes wrong with tables that contradict each other, or that are not what they say.
_CONTRADICTIONS: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)

# The first layout, which took fingerprints of other columns.
_UNTIED: Final = 1

_T = TypeVar("_T")

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
        comparisons: how many entries of the proof were summed up again, over all rows of all tables.
        files: how many files were held against their SHA-256.
    """

    folder: str
    findings: tuple[Finding, ...]
    orders: int
    accounts: int
    whole: bool
    comparisons: int
    files: int

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
        return Verification(str(folder), tuple(found.all), 0, 0, False, 0, found.files)
    cleared = (0, False, 0)
    try:
        is_small = max(day.rows("confirmations"), day.rows("opening_positions")) <= SMALL
        cleared = (_verify_whole if sample is None and is_small else _verify_parts)(found, day, sample or SAMPLE)
    except FundclearError as error:
        found.add(MANIFEST, f"the day cannot be cleared again from the files: {error}")
    except _CONTRADICTIONS as error:
        found.add(MANIFEST, f"the files contradict each other: {error!r}")
    return Verification(str(folder), tuple(found.all), day.rows("confirmations"), *cleared, found.files)


class _Findings:
    """What has been found in a folder so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.all: list[Finding] = []
        #: What the manifest says of each table.
        self.tables: Mapping[str, Any] = {}
        #: How many files were held against their digests.
        self.files = 0

    def add(self, file: str, what: str) -> None:
        self.all.append(Finding(file, what))

    def file_of(self, table: str) -> str:
        """The file of a table, or what all its files are called."""
        files = files_of(self.tables[table]) if table in self.tables else ()
        return f"{table}-*.parquet" if len(files) > 1 else f"{table}.parquet"

    def readable(self, work: Callable[[], _T]) -> _T | None:
        """What is read from the folder; of what cannot be read nothing, and a finding."""
        try:
            return work()
        except (FundclearError, OSError, *_CONTRADICTIONS) as error:
            named = error.argument if isinstance(error, FundclearError) else None
            file = Path(named).name if named and Path(named).parent == self.folder else MANIFEST
            self.add(file, f"it cannot be read: {error}")
            return None

    def equal(self, file: str, what: str, there: Any, wanted: Any) -> bool:
        if there != wanted:
            self.add(file, f"{what} is {there}, not {wanted}")
        return bool(there == wanted)


# ---- files ----


def _open(found: _Findings) -> DayParts | None:
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
    return found.readable(lambda: DayParts.open(found.folder))


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
            places = _damage(found.folder / name)
            found.add(name, f"its SHA-256 is {digests[name]}, and the manifest says {digest}{places}")
    found.files = len(digests)
    paths = (path for path in found.folder.rglob("*") if path.is_file())
    names = {path.relative_to(found.folder).as_posix() for path in paths}
    for name in sorted(names - set(listed) - {MANIFEST, RUN}):
        found.add(name, "the manifest does not list the file")


def _damage(path: Path) -> str:
    """Where a file is damaged, as far as it tells."""
    if path.suffix != ".parquet":
        return ""
    return f"; what differs is {', '.join(_kernel.parquet_damage(str(path)))}"


# ---- a day as a whole, or part by part ----


def _verify_whole(found: _Findings, parts: DayParts, sample: int) -> tuple[int, bool, int]:
    """A small day as a whole: every table row by row, every law, every entry."""
    from fundclear.reference import clear, from_plain, laws
    from fundclear.reference.tallies import Sums

    day = found.readable(lambda: open_day(found.folder))
    if day is None:
        return 0, False, 0
    tallied = Totals()
    tallied.add(day)
    tallied.add_small(day)
    _check_proof(found, parts, tallied.fingerprints)
    replay = replay_of(day)
    if not _check_figures(found, day, replay):
        return 0, False, 0
    inputs = replay.inputs() | {"policy": from_plain(day.terms.scales, day.terms.plain())}
    wanted = clear(**inputs)
    before = len(found.all)
    for name, table in day.tables.items():
        columns = [column for column in table.columns if (name, column) != ("events", "option")]
        place = partial(place_of, found.tables[name])
        _compare(found, name, table, replay.as_written(name, wanted[name], columns), place)
    if len(found.all) == before:
        for violation in laws.check(inputs, wanted):
            found.add(
                MANIFEST, f"law {violation.law} for {violation.scope}: {violation.left} against {violation.right}"
            )
    sums = Sums.of({name: columns_of(table) for name, table in (day.tables | day.inputs.tables).items()})
    prices = [row["price"] for row in wanted["prices"]]
    entries = _compare_proof(found, parts, columns_for_sums(day, replay, sums, prices, wanted), tallied.fingerprints)
    cuts = cuts_of(day, replay, wanted["income"], wanted["gates"])
    found.equal(MANIFEST, "the cuts of the proof", list(map(repr, day.proof.cuts)), list(map(repr, cuts)))
    accounts = {row["account"] for name in ("orders", "deferred", "positions") for row in inputs[name]}
    return len(accounts), True, entries


def _verify_parts(found: _Findings, parts: DayParts, sample: int) -> tuple[int, bool, int]:
    """A day of any size part by part: fingerprints and sums over all rows, and a sample of the accounts."""
    tallied, sampling = Totals(), Sampling(parts, sample)
    for number in range(len(parts)):
        if not _take_part(found, parts, number, tallied, sampling):
            return 0, False, 0
    accounts = found.readable(sampling.gathered)
    if accounts is None:
        return 0, False, 0
    day, places = sampling.day_of_accounts()
    whole = parts.of({name: table_of(day, name).head(0) for name in parts.names})
    tallied.add_small(whole)
    _check_proof(found, parts, tallied.fingerprints)
    replay = replay_of(day, sampling.seen())
    if not _check_figures(found, whole, replay):
        return 0, False, 0
    for name, (table, wanted) in sampling.clear(day, replay, places).items():
        _compare(found, name, table, wanted, places[name].__getitem__)
    for file, row in sampling.without_other():
        found.add(file, f"row {row} is rejected as a duplicate, and no other order has its distributor and id")
    for key in sampling.unmet:
        found.add(MANIFEST, f"the proof cuts at {key!r}, which is no account or order of the day")
    columns = columns_for_sums(whole, replay, tallied.sums, sampling.prices(whole), None)
    return len(accounts), False, _compare_proof(found, parts, columns, tallied.fingerprints)


def _take_part(found: _Findings, parts: DayParts, number: int, tallied: Totals, sampling: Sampling) -> bool:
    """Takes what is needed of a part, which is forgotten before the next one is read; whether it could be read."""
    part = found.readable(lambda: parts.part(number))
    if part is None:
        return False
    tallied.add(part)
    sampling.take(number, part)
    return True


#: The files of what has no fingerprint of its own file.
_FILES: Final = {
    "out.register": "positions",
    "out.deferred": "confirmations",
    "in.orders": "confirmations",
    "in.events": "events",
}


def _check_proof(found: _Findings, parts: DayParts, fingerprints: Mapping[str, str]) -> None:
    """The proof is that of this day and these terms, its laws hold, and all tables have its fingerprints."""
    proof, manifest, terms = parts.proof, parts.manifest, parts.terms
    found.equal(MANIFEST, "the date of the proof", proof.date, parts.date.isoformat())
    found.equal(MANIFEST, "the digest of the terms", manifest["terms"], terms.digest)
    found.equal(MANIFEST, "the terms' digest of the proof", proof.digests.get("terms"), terms.digest)
    found.equal(MANIFEST, "the digest of the proof", manifest["proof_digest"], proof.digest)
    for entry in proof:
        if not entry.holds:
            found.add(MANIFEST, f"{_entry_name(entry)} does not hold: {entry.left} is not {entry.right}")
    for name, digest in proof.digests.items():
        if name in fingerprints:
            file = _FILES.get(name, name.removeprefix("out.").replace("in.", "opening_", 1))
            found.equal(found.file_of(file), f"the fingerprint {name!r}", fingerprints[name], digest)
        elif name.startswith(("in.", "out.")) and name != "in.days":
            went = "came in" if name.startswith("in.") else "came out"
            found.add(MANIFEST, f"the proof speaks of {name.partition('.')[2]!r} that {went}, and the folder has none")
    for name in sorted(set(fingerprints) - set(proof.digests) - {CAME_IN}):
        found.add(MANIFEST, f"the proof has no fingerprint {name!r}")


def _check_figures(found: _Findings, day: Clearing, replay: Replay) -> bool:
    """The figures of the funds are those of the proof, and money stands at the decimals of its role.

    Digits alone do not say how much they are.
    """
    digest = digest_of_days(replay.intake)
    found.equal("fund_days.parquet", "the digest of the fund days", digest, day.proof.digests["in.days"])
    before = len(found.all)
    for name, table in day.tables.items():
        for column in table.columns if name != "events" else ():
            if isinstance(table.column(column), Fixed):
                wanted = replay.scales[scale_of(name, column)]
                found.equal(found.file_of(name), f"the scale of column {column!r}", table.column(column).scale, wanted)
    return len(found.all) == before


def _entry_name(entry: LawEntry) -> str:
    where = f" for {entry.scope}" if entry.scope else ""
    return f"law {entry.law}{where} ({LAWS.get(entry.law, 'which there is not')})"


def _compare(
    found: _Findings,
    name: str,
    table: Table,
    wanted: Mapping[str, Sequence[Any]],
    place: Callable[[int], tuple[str, int]],
) -> None:
    """Notes the rows of a table that are not as they were cleared again; ``place`` says where a row stands."""
    there = columns_of(table)
    count, right = (len(next(iter(columns.values()), ())) for columns in (there, wanted))
    if count != right:
        found.add(found.file_of(name), f"it has {count} rows of these accounts, and {right} are due")
    differing = list(_differences({column: there[column] for column in wanted}, wanted))
    for row, column, is_, due in differing[:_NAMED]:
        column_of = table.column(column)
        shown = [exact(v, column_of.scale) if isinstance(column_of, Fixed) else repr(v) for v in (is_, due)]
        file, number = place(row)
        found.add(file, f"row {number}, column {column!r} is {shown[0]}, cleared again {shown[1]}")
    if len(differing) > _NAMED:
        found.add(found.file_of(name), f"{len(differing) - _NAMED} more rows differ")


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


def _compare_proof(found: _Findings, day: DayParts, columns: Any, fingerprints: Mapping[str, str]) -> int:
    """Compares entries and control totals of the proof with sums of the tables' columns; how many entries."""
    from fundclear.reference.tallies import control_totals, tally

    of_kernel = [entry for entry in day.proof if (entry.law, entry.scope) not in _TIES]
    _check_ties(found, day, fingerprints)
    entries = iter(of_kernel)
    entry = next(entries, None)
    for each in tally(columns):
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
    totals = {name: str(_exact(value, scale)) for name, (value, scale) in control_totals(columns).items()}
    for name in sorted({*totals, *day.proof.totals}):
        there = None if name not in day.proof.totals else str(day.proof.totals[name])
        found.equal(MANIFEST, f"the control total {name!r}", there, totals.get(name))
    return len(of_kernel)


#: What the day took over from the day before, by the law that says so.
_TIES: Final = {("U5", "positions"), ("U5", "lots"), ("O4", "deferred"), ("S4", "obligations")}


def _check_ties(found: _Findings, day: DayParts, fingerprints: Mapping[str, str]) -> None:
    """A day that follows another says that what came in is what that left, by fingerprints."""
    ties = {entry.scope: entry for entry in day.proof if (entry.law, entry.scope) in _TIES}
    if ("previous" in day.proof.digests) != bool(ties) or (ties and len(ties) != len(_TIES)):
        found.add(MANIFEST, "the proof must tie to the day before in all that is taken over, or in nothing")
    for scope, entry in ties.items():
        # Units that income is paid on are no part of what a day leaves.
        name = CAME_IN if scope == "positions" else f"in.{scope}"
        came = Decimal(int(fingerprints.get(name, NO_ROWS), 16))
        found.equal(MANIFEST, f"the left side of {_entry_name(entry)}", entry.left, came)
        found.equal(MANIFEST, f"the rows of {_entry_name(entry)}", entry.rows, day.rows(f"opening_{scope}"))


def _exact(value: int, scale: int) -> Decimal:
    return Decimal((int(value < 0), tuple(map(int, str(abs(value)))), -scale))
