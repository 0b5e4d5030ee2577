"""Tables in a folder: one Parquet file each and a manifest, there as a whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from fundclear import _kernel
from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.fixed import Fixed
from fundclear.tables import Table, TypedTable

__all__ = [
    "MANIFEST",
    "RUN",
    "appearing",
    "check_free",
    "manifest_text",
    "open_folder",
    "read_table",
    "sha256",
    "write_folder",
    "write_text",
]

#: The file that says what else the folder holds.
MANIFEST: Final = "manifest.json"

#: The file that says how the folder was made, and is no part of the day.
RUN: Final = "run.json"

#: The layout that this version writes, and the newest that it reads.
_LAYOUT: Final = 1

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
    run: Mapping[str, Any] | None = None,
    beside: Callable[[Path], None] | None = None,
) -> None:
    """Writes tables and text files aside, waits until the disk has them, and renames the whole into place.

    What a run that was killed has left aside of the same folder is removed first.

    Args:
        folder: what does not exist yet, or is an empty folder.
        tables: by name; each becomes ``name.parquet``.
        texts: further files by name.
        about: what the manifest says besides the lists of files.
        run: what goes to ``run.json``, which the manifest does not list.
        beside: writes further files into the folder that it is given.

    Raises:
        InputError: the folder exists and is not empty (``folder-exists``).
        OSError: the system refused; nothing is left behind.
    """
    with appearing(folder) as aside:
        rows = {}
        for name, table in tables.items():
            _kernel.write_parquet(str(aside / f"{name}.parquet"), _stored(table), [("fundclear.table", name)])
            rows[name] = len(table)
        for name, text in texts.items():
            write_text(aside / name, text)
        if beside is not None:
            beside(aside)
        manifest = {"layout": _LAYOUT, **about, **_listed(aside, rows)}
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
            _sync(inner)
        _sync(aside)
        # An empty folder gives way to the new one in the same step.
        try:
            aside.rename(target)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise refuse("folder-exists", argument=str(folder)) from None
            raise
        _sync(target.parent)


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


def _listed(folder: Path, rows: Mapping[str, int]) -> dict[str, Any]:
    """What the manifest says of each file: tables with their rows, and the others by their path."""
    tables: dict[str, Any] = {
        name: {"file": f"{name}.parquet", "rows": count, "sha256": sha256(folder / f"{name}.parquet")}
        for name, count in rows.items()
    }
    of_tables = {entry["file"] for entry in tables.values()}
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {"tables": tables, "files": {path: sha256(folder / path) for path in paths if path not in of_tables}}


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    if manifest["layout"] > _LAYOUT:
        why = f"it has layout {manifest['layout']}, and this version reads up to {_LAYOUT}"
        raise refuse("folder", argument=str(folder), why=why)
    return manifest


def read_table(folder: str | os.PathLike[str], manifest: Mapping[str, Any], name: str, table: type[_T]) -> _T:
    """A table of the folder.

    Raises:
        InputError: the file is damaged, or has another number of rows than the manifest says (``file``).
    """
    listed = manifest["tables"].get(name)
    if listed is None:
        raise refuse("folder", argument=str(folder), why=f"its {MANIFEST} has no table {name!r}")
    path = Path(folder) / listed["file"]
    columns, _ = _kernel.read_parquet(str(path))
    utc = [column for column, kind, _, extra in columns if kind == "instant" and extra]
    made = table.from_columns({column: _loaded(kind, values, extra) for column, kind, values, extra in columns}, utc)
    if len(made) != listed["rows"]:
        why = f"it has {len(made)} rows, and the manifest says {listed['rows']}"
        raise refuse("file", argument=str(path), why=why)
    return made


def _stored(table: Table) -> list[tuple[str, str, Any, object]]:
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


def _sync(folder: Path) -> None:
    """A name is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
