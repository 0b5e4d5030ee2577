"""Where a run works: who may go on with what an earlier one has left."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path
from typing import Any

import pytest

from fundclear.batch import attempt
from fundclear.errors import InputError

PLAN = {"date": "2017-04-27", "files": "these"}
OTHER = {"date": "2017-04-27", "files": "others"}


def _begin(target: Path, plan: dict[str, str], came: dict[str, str], finished: bool = False) -> None:
    with attempt.attempt_at(target, plan) as begun:
        begun.check_read(came)
        (begun.day / "confirmations-000.parquet").write_bytes(b"part")
        if finished:
            begun.journal.write_bytes(b"a line\n")


def test_other_inputs_may_follow_a_run_that_has_finished_nothing(tmp_path: Path) -> None:
    target = tmp_path / "day"
    _begin(target, PLAN, {"in.orders": "1"})
    (tmp_path / ".day.run" / "journal").touch()
    _begin(target, OTHER, {"in.orders": "2"})
    with attempt.attempt_at(target, PLAN) as begun:
        assert list(begun.day.iterdir()) == []


def test_what_a_finished_partition_was_made_of_stays(tmp_path: Path) -> None:
    target = tmp_path / "day"
    _begin(target, PLAN, {"in.orders": "1"}, finished=True)
    with pytest.raises(InputError, match="files") as refused, attempt.attempt_at(target, OTHER):
        pass
    assert refused.value.code == "run-inputs"
    _begin(target, PLAN, {"in.orders": "1"})
    with pytest.raises(InputError, match=r"in\.orders") as refused:
        # The same sizes and footers, and other rows.
        _begin(target, PLAN, {"in.orders": "2"})
    assert refused.value.code == "run-inputs"


def test_a_lock_of_a_folder_that_went_meanwhile_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, locks = tmp_path / "day", []
    lock = fcntl.flock

    def slowly(handle: int, how: int) -> Any:
        locks.append(handle)
        if len(locks) == 1:
            # Another run publishes its day between the opening of the lock and the locking.
            shutil.rmtree(tmp_path / ".day.run")
        return lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", slowly)
    with (
        attempt.attempt_at(target, PLAN) as begun,
        pytest.raises(InputError, match="at work") as refused,
        attempt.attempt_at(target, PLAN),
    ):
        assert begun.day.is_dir()
    assert refused.value.code == "run-locked"
    assert len(locks) == 3
