"""``fundclear verify`` and ``show`` of days in parts: what they say, of what, and where."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fundclear as fc
from support.forging import flip_byte, rich_day, split_into_parts
from support.sample import run

#: Reads a file with each of its bytes changed, and says how many of these were refused.
_READS_DAMAGED = """
import sys
from pathlib import Path
from fundclear import FundclearError, _kernel
path, refused = Path(sys.argv[1]), 0
whole = path.read_bytes()
for place in range(len(whole)):
    for bit in (0x01, 0x10, 0x80):
        other = bytearray(whole)
        other[place] ^= bit
        path.write_bytes(other)
        try:
            _kernel.read_parquet(str(path))
        except FundclearError:
            refused += 1
print(refused)
"""


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parted") / "day"
    rich_day().write(folder)
    split_into_parts(folder, 2)
    return folder


def test_what_was_checked_of_a_sample_is_said(parted: Path) -> None:
    said = run("verify", parted, "--sample", 3)
    files = sum(1 for path in parted.iterdir() if path.name != "manifest.json")
    assert (said.returncode, said.stderr) == (0, "")
    first, *more = said.stdout.splitlines()
    # Three, and one that an event connects with one of them.
    assert first.startswith("8 orders, 4 accounts cleared again, ")
    assert more == [
        f"of all rows: {files} files by SHA-256, the fingerprints of all tables, the sums of all laws",
        "of a sample of the accounts: orders, positions and lots as plain Python clears them again",
    ]
    (whole,) = run("verify", parted).stdout.splitlines()
    assert whole.startswith("8 orders, all 5 accounts cleared again, ")


def test_a_damaged_page_is_named(parted: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(parted, tmp_path / "day"))
    flip_byte(copy / "lots-000.parquet", 10)
    said = run("verify", copy)
    assert said.returncode == 3
    first, *_ = said.stdout.splitlines()
    assert first.startswith("lots-000.parquet: its SHA-256 is ")
    assert first.endswith('; what differs is row group 0, column "account"')


def test_a_day_in_parts_is_shown_as_it_was_before(parted: Path, tmp_path: Path) -> None:
    rich_day().write(tmp_path / "day")
    wanted = run("show", tmp_path / "day")
    shown = run("show", parted)
    assert (shown.returncode, shown.stdout) == (0, wanted.stdout)
    assert shown.stdout.startswith("Dealing day 2017-04-27: 8 orders, 8 positions\n")


def test_damaged_files_are_refused_in_silence(parted: Path, tmp_path: Path) -> None:
    # The library panics on some of them, which is caught and told as an error.
    path = Path(shutil.copy(parted / "income.parquet", tmp_path))
    call = [sys.executable, "-c", _READS_DAMAGED, str(path)]
    said = subprocess.run(call, capture_output=True, text=True, check=True)
    assert said.stderr == ""
    assert int(said.stdout) > path.stat().st_size


def test_a_report_reads_only_what_it_shows(parted: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(parted, tmp_path / "day"))
    (copy / "positions-001.parquet").unlink()
    assert run("show", copy).stdout == run("show", parted).stdout
    with pytest.raises(OSError, match=r"positions-001\.parquet"):
        fc.open_day(copy)
