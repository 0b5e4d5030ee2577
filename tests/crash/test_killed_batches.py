"""A run out of core that is killed anywhere is finished by the next call, with the bytes of a run that was not."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

import fundclear as fc
from fundclear.generating import generate
from support import batch_worker
from support.batching import contents, with_text_accounts
from support.forging import flip_byte

#: How often runs are killed; ``make crash`` asks for more.
KILLS = int(os.environ.get("FUNDCLEAR_KILLS", "21"))
ORDERS, ACCOUNTS, PARTS = 70_000, 100_000, 4


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("batch") / "source"
    generate(folder, profile="yuebao", orders=ORDERS, accounts=ACCOUNTS, seed=3)
    return folder


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day whose accounts are texts of no fixed width."""
    folder = tmp_path_factory.mktemp("texts") / "source"
    generate(folder, profile="yuebao", orders=ORDERS, accounts=ACCOUNTS, seed=3)
    with_text_accounts(folder)
    return folder


@pytest.fixture(scope="module")
def golden(source: Path) -> dict[str, bytes]:
    """The day of a run that nobody disturbed."""
    out = source.parent / "golden" / "day"
    assert _run(source, out) == {"resumed": 0, "is_new": True}
    found = contents(out)
    assert sum(name.startswith("confirmations-") for name in found) == PARTS
    assert fc.verify(out, sample=5).findings == ()
    return found


def _start(source: Path, out: Path, **asked: Any) -> subprocess.Popen[str]:
    given = json.dumps({"source": str(source), "out": str(out), "threads": 1} | asked)
    line = [sys.executable, "-c", _LINE, given]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


_LINE = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
import json
from support.batch_worker import main
main(json.loads(sys.argv[1]))
"""


def _result(process: subprocess.Popen[str]) -> Any:
    """What a run said in the end; ``None`` if it was killed."""
    said, wrong = process.communicate(timeout=300)
    if process.returncode == -signal.SIGKILL:
        return None
    assert process.returncode == 0, wrong
    return json.loads(said.splitlines()[-1])


def _run(source: Path, out: Path, **asked: Any) -> Any:
    return _result(_start(source, out, **asked))


def _check(out: Path, golden: dict[str, bytes]) -> None:
    found = contents(out)
    assert sorted(found) == sorted(golden)
    assert [name for name in golden if found[name] != golden[name]] == []
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def _ways(dice: Random, number: int) -> dict[str, Any]:
    """Where the next run dies: at a call, at a line of the journal, or at any time."""
    way = number % 3
    if way == 0:
        return {"call": number // 3 % 60}
    return {"lines": dice.randint(1, PARTS)} if way == 1 else {"seconds": dice.uniform(0, 0.4)}


def test_killed_anywhere_a_day_is_finished(source: Path, golden: dict[str, bytes], tmp_path: Path) -> None:
    dice = Random(4)
    kills = resumed = days = number = 0
    while kills < KILLS:
        out = tmp_path / "now" / "day"
        result = None
        for _ in range(dice.choice((1, 1, 2, 4))):
            # Each attempt may have other threads and another memory.
            how = {"threads": dice.choice((1, 2)), "memory": dice.choice(("1MiB", "1GiB"))}
            result = _run(source, out, **_ways(dice, number), **how)
            number += 1
            if result is not None:
                break
            kills += 1
            if not (out / "manifest.json").exists():
                assert not out.exists()
        result = result or _run(source, out)
        days += 1
        resumed += bool(result["resumed"])
        _check(out, golden)
        shutil.rmtree(out.parent)
    print(f"{kills} kills, {days} days, of which {resumed} went on with finished partitions")
    assert resumed


def test_killed_while_its_dictionary_is_made_or_later_a_day_of_texts_is_finished(texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "now" / "day"
    assert _run(texts, out)["is_new"]
    golden = contents(out)
    shutil.rmtree(out.parent)
    dice = Random(6)
    for number in range(max(KILLS // 7, 3)):
        # With less memory the texts go through a file.
        ways = (
            {"open": "-texts"},
            {"open": "-spill"},
            {"lines": dice.randint(1, PARTS)},
            {"seconds": dice.uniform(0, 1)},
        )
        how = {"memory": dice.choice(("8MiB", "1GiB")), "threads": dice.choice((1, 2))}
        result = _run(texts, out, **ways[number % 4], **how)
        assert result is None or "open" not in ways[number % 4]
        if result is None:
            assert not (out / "manifest.json").exists()
            assert _run(texts, out)["is_new"]
        _check(out, golden)
        shutil.rmtree(out.parent)


def test_finished_partitions_are_not_made_again(source: Path, golden: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "now" / "day"
    assert _run(source, out, lines=2) is None
    working = out.parent / ".day.run" / "day"
    before = {path.name: path.stat().st_mtime_ns for path in working.glob("*-000.parquet")}
    assert before
    result = _run(source, out)
    assert result["resumed"] >= 2
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before
    _check(out, golden)


@pytest.mark.parametrize("name", ["confirmations-000.parquet", "positions-001.parquet", "journal"])
def test_a_damaged_partition_is_made_again(source: Path, golden: dict[str, bytes], tmp_path: Path, name: str) -> None:
    out = tmp_path / "now" / "day"
    assert _run(source, out, lines=2) is None
    working = out.parent / ".day.run"
    path = working / name if name == "journal" else working / "day" / name
    finished = (working / "journal").read_bytes().count(b"\n")
    flip_byte(path, path.stat().st_size // 2)
    assert _run(source, out)["resumed"] < finished
    _check(out, golden)


def test_a_full_disk_stops_a_run_that_another_call_finishes(
    source: Path, golden: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "now" / "day"
    largest = max(map(len, golden.values()))
    for room in (0, 10, 1_000, 10_000, largest // 2, largest - 1):
        for memory in ("1MiB", "1GiB"):
            result = _run(source, out, file_bytes=room, memory=memory)
            assert result.get("system") == errno.EFBIG, (room, memory, result)
            assert not out.exists()
    _run(source, out)
    _check(out, golden)


def test_a_folder_that_nobody_may_write_to(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "now"
    folder.write_text("no folder")
    assert _run(source, folder / "day").get("system") in (errno.ENOTDIR, errno.EEXIST)
    assert _run(source, Path("/proc/day")).get("system") in (errno.ENOENT, errno.EACCES, errno.EROFS, errno.EPERM)


def test_of_two_runs_of_a_folder_one_works(source: Path, golden: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "now" / "day"
    first = _start(source, out)
    lock = out.parent / ".day.run" / "plan.json"
    _until(lock.exists)
    # It stands still while the second one tries.
    first.send_signal(signal.SIGSTOP)
    try:
        assert _run(source, out) == {"refused": "run-locked"}
    finally:
        first.send_signal(signal.SIGCONT)
    assert _result(first)["is_new"]
    _check(out, golden)


def _until(is_so: Any) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.0005)


@pytest.mark.parametrize("number", range(4))
def test_ctrl_c_stops_a_run_that_another_call_finishes(
    source: Path, golden: dict[str, bytes], tmp_path: Path, number: int
) -> None:
    out = tmp_path / "now" / "day"
    process = _start(source, out, memory="1MiB")
    working = out.parent / ".day.run"
    places = [working / "plan.json", working / "journal", working / "day", working / "day" / "positions-000.parquet"]
    _until(lambda: places[number].exists() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    result = _result(process)
    # The last moment may come too late.
    assert result == {"interrupted": True} or result["is_new"]
    _run(source, out)
    _check(out, golden)


def test_a_fork_in_the_middle_of_a_run_harms_nobody(source: Path, golden: dict[str, bytes], tmp_path: Path) -> None:
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
import os, threading, time
from pathlib import Path
from support.batch_worker import run_generated, small_parts
small_parts()
source, out = Path({str(source)!r}), Path({str(tmp_path / "now" / "day")!r})
made = []
thread = threading.Thread(target=lambda: made.append(run_generated(source, out, threads=2, memory="1MiB")))
thread.start()
codes = []
while thread.is_alive():
    child = os.fork()
    if child == 0:
        os._exit(0)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    time.sleep(0.01)
thread.join()
print(len(made), len(codes) > 0, set(codes))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.split("\n")[0] == "1 True {0}", done.stderr
    _check(tmp_path / "now" / "day", golden)


def _copy_with(source: Path, folder: Path, name: str) -> Path:
    """The same inputs, of which one file may be changed; the others are links."""
    folder.mkdir()
    for path in source.iterdir():
        if path.name == name:
            shutil.copy(path, folder)
        else:
            (folder / path.name).symlink_to(path)
    return folder / name


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A day of few rows, many of whose bytes can be tried."""
    folder = tmp_path_factory.mktemp("small")
    generate(folder / "source", profile="yuebao", orders=300, accounts=200, seed=3)
    batch_worker.run_generated(folder / "source", folder / "day")
    return folder / "source", contents(folder / "day")


def _outcome(source: Path, out: Path) -> str:
    try:
        batch_worker.run_generated(source, out, threads=1)
    except (fc.FundclearError, OSError) as error:
        return getattr(error, "code", "system")
    return "done"


@pytest.mark.parametrize("name", ["orders-000.parquet", "positions-000.parquet"])
def test_a_flipped_byte_of_an_input_is_refused_or_another_input(
    small: tuple[Path, dict[str, bytes]], tmp_path: Path, name: str
) -> None:
    source, wanted = small
    size = (source / name).stat().st_size
    places = range(0, size, max(size // 150, 1))
    outcomes = []
    before = json.loads(wanted["manifest.json"])["proof"]["digests"]
    for number, place in enumerate(places):
        folder = tmp_path / f"{number}"
        flip_byte(_copy_with(source, folder, name), place)
        outcome = _outcome(folder, folder / "day")
        if outcome == "done" and contents(folder / "day") != wanted:
            # Values without a checksum: it is another day, and its fingerprints say so.
            digests = json.loads((folder / "day" / "manifest.json").read_text())["proof"]["digests"]
            which = f"in.{name.partition('-')[0]}"
            outcome = "other" if digests[which] != before[which] else f"the same fingerprint, byte {place}"
        outcomes.append(outcome)
        shutil.rmtree(folder)
    assert set(outcomes) - {"done"}
    assert [outcome for outcome in outcomes if outcome.startswith("the same")] == []


@pytest.mark.parametrize("name", ["orders-000.parquet", "positions-000.parquet"])
def test_an_input_that_was_cut_off_is_refused(small: tuple[Path, dict[str, bytes]], tmp_path: Path, name: str) -> None:
    source, _ = small
    size = (source / name).stat().st_size
    for number, length in enumerate([*range(0, size, max(size // 60, 1)), size - 1]):
        folder = tmp_path / f"{number}"
        path = _copy_with(source, folder, name)
        os.truncate(path, length)
        assert _outcome(folder, folder / "day") == "file", length
        shutil.rmtree(folder)
