"""Where a run works until its day appears: a folder beside it, which a run that is begun again finds and goes on with.

Beside the day's folder ``NAME`` stands ``.NAME.run`` with

- ``lock``: held while a run lives;
- ``plan.json``: what the run was asked for, and of which inputs; another run of the same name must ask for the same;
- ``read.json``: the fingerprints of the tables that were read;
- ``journal``: a line for each partition that is finished, with its files, their digests, and what it adds up to;
- ``day``: the day's files; one that is not finished yet bears a name of its own for each attempt.

The day appears when ``day`` is renamed to ``NAME``, after all of it is on the disk.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from fundclear.errors import refuse
from fundclear.folder import MANIFEST, RUN, manifest_text, sync, write_text

__all__ = ["Attempt", "attempt_at", "clean_up", "finished_run"]

_PLAN: Final = "plan.json"
_READ: Final = "read.json"
_JOURNAL: Final = "journal"

#: What the names of files that are not finished begin with.
_UNFINISHED: Final = ".unfinished-"


@final
@dataclass(frozen=True, slots=True)
class Attempt:
    """A run's working folder, locked.

    Attributes:
        target: the folder that the day will appear as.
        working: the working folder.
        name: what the unfinished files of this attempt begin with.
    """

    target: Path
    working: Path
    name: str

    @property
    def day(self) -> Path:
        """Where the day's files are."""
        return self.working / "day"

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.working / _JOURNAL

    def check_read(self, came: Mapping[str, str]) -> None:
        """Refuses other rows than those that finished partitions were made of.

        The plan knows the sizes of files and their footers, and nothing of what stands between.

        Raises:
            InputError: they are others (``run-inputs``).
        """
        text = manifest_text(came)
        path = self.working / _READ
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        if _has_finished(self.working):
            raise refuse("run-inputs", argument=str(self.target), why=_differences(path, came))
        _note(path, text)

    def publish(self) -> None:
        """Lets the day appear, all of which is on the disk, and removes the working folder."""
        sync(self.day)
        sync(self.working)
        if self.target.exists():
            # It was found to be empty before the run began; whoever filled it meanwhile is not overwritten.
            try:
                self.target.rmdir()
            except OSError:
                raise refuse("folder-exists", argument=str(self.target)) from None
        self.day.rename(self.target)
        sync(self.target.parent)
        self.forget()

    def forget(self) -> None:
        """Removes the working folder."""
        shutil.rmtree(self.working, ignore_errors=True)


def finished_run(target: Path) -> Mapping[str, Any] | None:
    """What is known of the making of a finished day; nothing if there is no such folder, or an empty one.

    Raises:
        InputError: the folder holds something else (``folder-exists``).
    """
    import json

    if not target.exists() and not target.is_symlink():
        return None
    if target.is_dir() and not any(target.iterdir()):
        return None
    if not (target / MANIFEST).is_file():
        raise refuse("folder-exists", argument=str(target))
    try:
        made = json.loads((target / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return made if isinstance(made, dict) else {}


@contextmanager
def attempt_at(target: Path, plan: Mapping[str, Any]) -> Iterator[Attempt]:
    """The working folder of a day, new or as a run of the same plan has left it.

    Raises:
        InputError: another run is at work on it (``run-locked``), or was begun with other inputs (``run-inputs``).
        OSError: the system refused.
    """
    working = _working(target)
    handle = _locked(working, target)
    try:
        _check_plan(working, plan, target)
        day = working / "day"
        day.mkdir(exist_ok=True)
        for left in day.glob(f"{_UNFINISHED}*"):
            left.unlink()
        yield Attempt(target, working, f"{_UNFINISHED}{os.urandom(8).hex()}")
    finally:
        os.close(handle)


def clean_up(target: Path) -> None:
    """Removes what a run has left that was killed when its day had appeared; a run that lives holds its lock."""
    working = _working(target)
    if not working.is_dir():
        return
    handle = _lock(working)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(working, ignore_errors=True)
    except BlockingIOError:
        pass
    finally:
        os.close(handle)


def _locked(working: Path, target: Path) -> int:
    """The lock of a working folder, which is there.

    Between the opening and the locking another run may have finished its day and removed the folder; a lock of a file
    that is gone keeps nobody out.
    """
    while True:
        working.mkdir(parents=True, exist_ok=True)
        try:
            handle = _lock(working)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), os.stat(working / "lock")):
                return handle
        except FileNotFoundError:
            pass
        except BlockingIOError:
            os.close(handle)
            raise refuse("run-locked", argument=str(target)) from None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _working(target: Path) -> Path:
    return target.parent / f".{target.name}.run"


def _lock(working: Path) -> int:
    return os.open(working / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _check_plan(working: Path, plan: Mapping[str, Any], target: Path) -> None:
    """Whether what was begun here is the same run; a new one is noted. What has finished nothing binds nobody."""
    text = manifest_text(plan)
    path = working / _PLAN
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    if _has_finished(working):
        raise refuse("run-inputs", argument=str(target), why=_differences(path, plan))
    shutil.rmtree(working / "day", ignore_errors=True)
    _note(path, text)


def _has_finished(working: Path) -> bool:
    """Whether any partition is finished."""
    journal = working / _JOURNAL
    return journal.exists() and journal.stat().st_size > 0


def _note(path: Path, text: str) -> None:
    """Writes what is to be there as a whole or not at all."""
    aside = path.with_name(f"{path.name}.new")
    write_text(aside, text)
    aside.rename(path)
    sync(path.parent)


def _differences(path: Path, plan: Mapping[str, Any]) -> str:
    import json

    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return f"{path} is damaged"
    names = sorted(name for name in {*before, *plan} if before.get(name) != plan.get(name))
    return f"of the unfinished run in {path.parent} these differ: {', '.join(names)}"
