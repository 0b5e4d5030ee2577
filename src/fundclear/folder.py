"""Tables in a folder: Parquet files and a manifest, there as a whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from fundclear import _kernel
from fundclear.columns import Labels, joined_labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed
from fundclear.tables import Table, TypedTable

__all__ = [
    "BY_ACCOUNT",
    "LAYOUT",
    "MANIFEST",
    "PART_ROWS",
    "RUN",
    "appearing",
    "check_free",
    "files_of",
    "listed_files",
    "manifest_text",
    "open_folder",
    "part_bits",
    "part_files",
    "place_of",
    "read_columns",
    "read_table",
    "sha256",
    "sha256_of_all",
    "stored",
    "sync",
    "write_file",
    "write_folder",
    "write_text",
]

#: The file that says what else the folder holds.
MANIFEST: Final = "manifest.json"

#: The file that says how the folder was made, and is no part of the day.
RUN: Final = "run.json"

#: The layout that this version writes, and the newest that it reads.
LAYOUT: Final = 2

#: The tables that are written as several files if the day is large: one for each of the parts of the accounts.
BY_ACCOUNT: Final = ("confirmations", "positions", "lots", "opening_positions", "opening_lots")

#: A part has at most so many orders, and so many opening positions, on average over all parts.
PART_ROWS: Final = 1 << 21

# Files are read by several threads if they are of so many bytes together.
_MANY_BYTES: Final = 1 << 24

_T = TypeVar("_T", bound=TypedTable)


def check_free(folder: str | os.PathLike[str]) -> Path:
    """The path of a folder that a day can be written to.

    Raises:
        InputError: the folder exists and is not empty (``folder-exists``).
    """
    target = Path(os.path.abspath(folder))
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        raise refuse("folder-exists", argument=str(folder))
    return target


def write_folder(
    folder: str | os.PathLike[str],
    tables: Mapping[str, Table],
    texts: Mapping[str, str],
    about: Mapping[str, Any],
    *,
    starts: Mapping[str, Sequence[int]] | None = None,
    run: Mapping[str, Any] | None = None,
    beside: Callable[[Path], None] | None = None,
) -> None:
    """Writes tables and text files aside, waits until the disk has them, and renames the whole into place.

    What a run that was killed has left aside of the same folder is removed first.

    Args:
        folder: what does not exist yet, or is an empty folder.
        tables: by name.
        starts: by name, where the parts of a table begin and where the last one ends, for tables of several files.
        texts: further files by name.
        about: what the manifest says besides the lists of files.
        run: what goes to ``run.json``, which the manifest does not list.
        beside: writes further files into the folder that it is given.

    Raises:
        InputError: the folder exists and is not empty (``folder-exists``).
        OSError: the system refused; nothing is left behind.
    """
    with appearing(folder) as aside:
        listed = {name: _write_parts(aside, name, table, (starts or {}).get(name)) for name, table in tables.items()}
        for name, text in texts.items():
            write_text(aside / name, text)
        if beside is not None:
            beside(aside)
        manifest = {"layout": LAYOUT, **about, **listed_files(aside, listed)}
        write_text(aside / MANIFEST, manifest_text(manifest))
        if run is not None:
            write_text(aside / RUN, manifest_text(run))


@contextmanager
def appearing(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """A folder to write files into, which is renamed into place when all are there, and removed if something fails.

    What a run that was killed has left aside of the same folder is removed first.

    Raises:
        InputError: the folder exists and is not empty (``folder-exists``).
    """
    target = check_free(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    _clean_up(target)
    with _aside(target) as aside:
        yield aside
        for inner in sorted(path for path in aside.rglob("*") if path.is_dir()):
            sync(inner)
        sync(aside)
        # An empty folder gives way to the new one in the same step.
        try:
            aside.rename(target)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise refuse("folder-exists", argument=str(folder)) from None
            raise
        sync(target.parent)


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """A folder beside the target that is locked while it is written, and removed unless it has been renamed."""
    import shutil

    aside = target.parent / f".{target.name}-{os.urandom(8).hex()}"
    aside.mkdir()
    handle = os.open(aside, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield aside
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    finally:
        os.close(handle)


def _clean_up(target: Path) -> None:
    """Removes what killed runs have left; a run that lives holds its lock."""
    import shutil

    name = re.compile(rf"\.{re.escape(target.name)}-[0-9a-f]{{16}}")
    for left in target.parent.iterdir():
        if name.fullmatch(left.name) is None or not left.is_dir():
            continue
        handle = os.open(left, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)


def part_bits(orders: int, positions: int, most: int = PART_ROWS) -> int:
    """The number of parts of a day of so many orders, received and deferred, and opening positions, as a power of two.

    >>> [part_bits(orders, 7) for orders in (0, 1 << 21, (1 << 21) + 1, 300_000_000)]
    [0, 0, 1, 8]
    """
    return max((max(orders, positions) + most - 1) // most - 1, 0).bit_length()


def part_files(name: str, bits: int) -> list[str]:
    """The files of a table of so many parts, in order.

    >>> part_files("lots", 0), part_files("lots", 1), part_files("lots", 10)[-1]
    (['lots.parquet'], ['lots-000.parquet', 'lots-001.parquet'], 'lots-1023.parquet')
    """
    if not bits:
        return [f"{name}.parquet"]
    width = max(3, len(str((1 << bits) - 1)))
    return [f"{name}-{part:0{width}}.parquet" for part in range(1 << bits)]


def write_file(path: Path, name: str, table: Table) -> dict[str, Any]:
    """Writes a table, or a part of it, as a file; what the manifest says of it."""
    rows, digest = _kernel.write_parquet(str(path), stored(table), [("fundclear.table", name)], None)
    return {"file": path.name, "rows": rows, "sha256": digest}


def _write_parts(folder: Path, name: str, table: Table, starts: Sequence[int] | None) -> list[dict[str, Any]]:
    """Writes the files of a table; what the manifest says of each."""
    bounds = [0, len(table)] if starts is None else starts
    files = part_files(name, (len(bounds) - 2).bit_length())
    parts = (table if starts is None else table._chosen(slice(first, last)) for first, last in pairwise(bounds))
    return [write_file(folder / file, name, part) for file, part in zip(files, parts, strict=True)]


def listed_files(folder: Path, listed: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """What the manifest says: of tables their files, and of all other files their digests by path."""
    of_tables = {part["file"] for parts in listed.values() for part in parts}
    others = (path for path in sorted(folder.rglob("*")) if path.is_file())
    paths = [path for path in others if path.relative_to(folder).as_posix() not in of_tables]
    digests = sha256_of_all(paths)
    tables = {name: {"rows": sum(part["rows"] for part in parts), "files": parts} for name, parts in listed.items()}
    names = (path.relative_to(folder).as_posix() for path in paths)
    return {"tables": tables, "files": dict(zip(names, digests, strict=True))}


def files_of(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the manifest says of the files of a table, in order. The first layout had one a table."""
    files = entry.get("files")
    return [dict(entry)] if files is None else list(files)


def place_of(entry: Mapping[str, Any], row: int) -> tuple[str, int]:
    """The file that has a row of a table, and the row's number in it."""
    files = files_of(entry)
    for each in files:
        if row < each["rows"]:
            return each["file"], row
        row -= each["rows"]
    return files[-1]["file"], row + files[-1]["rows"]


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_all(paths: Sequence[Path]) -> list[str]:
    """The SHA-256 of each file; large ones are read at the same time."""
    if len(paths) < 2 or sum(path.stat().st_size for path in paths) < _MANY_BYTES:
        return [sha256(path) for path in paths]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
        return list(threads.map(sha256, paths))


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """A manifest as it is written: the same content is the same text."""
    import json

    return json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def open_folder(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """The manifest of a folder.

    Raises:
        InputError: there is no manifest, or one of a newer layout (``folder``).
    """
    import json

    path = Path(folder) / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise refuse("folder", argument=str(folder), why=f"there is no {MANIFEST} in it") from None
    except ValueError as error:
        raise refuse("folder", argument=str(folder), why=f"its {MANIFEST} is damaged: {error}") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("layout"), int):
        raise refuse("folder", argument=str(folder), why=f"its {MANIFEST} is not that of a day")
    if manifest["layout"] > LAYOUT:
        why = f"it has layout {manifest['layout']}, and this version reads up to {LAYOUT}"
        raise refuse("folder", argument=str(folder), why=why)
    return manifest


def read_table(
    folder: str | os.PathLike[str], manifest: Mapping[str, Any], name: str, table: type[_T], *, part: int | None = None
) -> _T:
    """A table of the folder, all its files as one, or the file of one part.

    Raises:
        InputError: a file is damaged, or has another number of rows than the manifest says, or other columns than the
            table's first (``file``).
    """
    return table.from_columns(*_read(folder, manifest, name, part, None))


def read_columns(
    folder: str | os.PathLike[str], manifest: Mapping[str, Any], name: str, wanted: Sequence[str], part: int
) -> Table:
    """Some columns of a part of a table; the others are not read.

    Raises:
        InputError: as :func:`read_table`.
    """
    return Table(_read(folder, manifest, name, part, wanted)[0])


def _read(
    folder: str | os.PathLike[str],
    manifest: Mapping[str, Any],
    name: str,
    part: int | None,
    wanted: Sequence[str] | None,
) -> tuple[dict[str, Any], list[str]]:
    """The columns of a table or a part of it, and which of them are instants of UTC."""
    listed = manifest["tables"].get(name)
    if listed is None:
        raise refuse("folder", argument=str(folder), why=f"its {MANIFEST} has no table {name!r}")
    files = files_of(listed) if part is None else [files_of(listed)[part]]
    parts = [_read_file(Path(folder) / entry["file"], entry["rows"], wanted) for entry in files]
    first, path = parts[0][0], parts[0][1]
    for columns, path in parts[1:]:
        if _kinds(columns) != _kinds(first):
            raise refuse("file", argument=str(path), why="it has other columns than the first file of its table")
    made = {
        column: _joined([_loaded(kind, columns[place][2], columns[place][3]) for columns, _ in parts])
        for place, (column, kind, *_) in enumerate(first)
    }
    return made, [column for column, kind, _, extra in first if kind == "instant" and extra]


def _read_file(path: Path, rows: int, wanted: Sequence[str] | None) -> tuple[list[Any], Path]:
    columns, _ = _kernel.read_parquet(str(path), None if wanted is None else list(wanted))
    found = len(columns[0][2]) if columns else 0
    if found != rows:
        raise refuse("file", argument=str(path), why=f"it has {found} rows, and the manifest says {rows}")
    return columns, path


def _kinds(columns: Sequence[Any]) -> list[tuple[str, str, object]]:
    """The names and kinds of the columns, with the decimals of money and the time zone of instants."""
    return [(name, kind, None if kind == "text" else extra) for name, kind, _, extra in columns]


def _joined(parts: Sequence[Any]) -> Any:
    """The columns of several files as one."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, Fixed):
        return Fixed.from_minor(np.concatenate([part.minor for part in parts]), first.scale)
    if isinstance(first, Labels):
        return joined_labels(parts)
    return np.concatenate(parts)


def stored(table: Table) -> list[tuple[str, str, Any, object]]:
    """The columns as the native writer takes them."""
    stored: list[tuple[str, str, Any, object]] = []
    for name in table.columns:
        column = table.column(name)
        if isinstance(column, Fixed):
            stored.append((name, "decimal", column.minor, column.scale))
        elif isinstance(column, Labels):
            stored.append((name, "text", column.codes.astype(np.uint32), list(column.dictionary)))
        elif column.dtype.kind == "M":
            kind = "date" if column.dtype == np.dtype("datetime64[D]") else "instant"
            stored.append((name, kind, column.view(np.int64), table.is_utc(name)))
        else:
            stored.append((name, "integer", column.astype(np.int64), None))
    return stored


def _loaded(kind: str, values: Any, extra: Any) -> Any:
    if kind == "decimal":
        return Fixed.from_minor(values, extra)
    if kind == "text":
        return Labels.from_codes(values, extra)
    if kind == "date":
        return values.view("datetime64[D]")
    return values.view("datetime64[us]") if kind == "instant" else values


def write_text(path: Path, text: str) -> None:
    """Writes a text file, and waits until the disk has it."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """A name is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
