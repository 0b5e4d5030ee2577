"""Large days are written as several files a table, which are read as one."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import fundclear as fc
from fundclear.clearing import write_day
from fundclear.folder import BY_ACCOUNT, part_bits, part_files
from fundclear.replaying import columns_of
from support.forging import flip_byte

ACCOUNTS = 70_000
PART_ROWS = 1 << 15


def _accounts(texts: bool) -> np.ndarray:
    numbers = np.random.default_rng(5).permutation(ACCOUNTS)
    return np.char.add("holder-", numbers.astype(str)) if texts else numbers


def _day(texts: bool) -> fc.Clearing:
    accounts = _accounts(texts)
    fees = fc.HoldingSchedule([(0, "1.5%"), (7, "0.5%")])
    terms = fc.Terms([fc.Fund("F", currency="CNY", redemption_fee=fees)])
    orders = fc.Orders(
        account=accounts, fund="F", kind="subscribe", amount=["10.00"] * ACCOUNTS, order_id=np.arange(ACCOUNTS)
    )
    held = fc.Positions(account=accounts[::-1], fund="F", units=["5.00"] * ACCOUNTS)
    lots = fc.Lots(account=accounts, fund="F", number=[1] * ACCOUNTS, confirmed="2017-01-04", units=["5.00"] * ACCOUNTS)
    return fc.clear(orders, terms=terms, prices={"F": "1.0000"}, date="2017-04-27", positions=held, lots=lots)


@pytest.fixture(scope="module", params=[False, True], ids=["integers", "texts"])
def day(request: pytest.FixtureRequest) -> fc.Clearing:
    return _day(request.param)


@pytest.fixture(scope="module")
def written(day: fc.Clearing, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts") / "day"
    write_day(day, folder, part_rows=PART_ROWS)
    return folder


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_parts_are_as_few_as_row_counts_allow() -> None:
    assert [part_bits(0, rows, 4) for rows in (0, 4, 5, 8, 9, 16, 17)] == [0, 0, 1, 1, 2, 2, 3]
    assert part_bits(5, 17, 4) == part_bits(17, 5, 4) == 3
    assert part_files("lots", 9)[-1] == "lots-511.parquet"


def test_tables_by_account_have_four_files_each(day: fc.Clearing, written: Path) -> None:
    names = {path.name for path in written.iterdir()}
    for name in BY_ACCOUNT:
        assert set(part_files(name, 2)) <= names
    assert {"flows.parquet", "fund_days.parquet"} <= names
    assert "confirmations.parquet" not in names


def test_files_are_read_as_one_table(day: fc.Clearing, written: Path) -> None:
    read = fc.open_day(written)
    for name, table in day.tables.items():
        assert read.tables[name].schema == table.schema
        assert columns_of(read.tables[name]) == columns_of(table), name


def test_a_day_that_was_read_is_written_as_the_same_bytes(written: Path, tmp_path: Path) -> None:
    write_day(fc.open_day(written), tmp_path / "again", part_rows=PART_ROWS)
    assert _bytes(tmp_path / "again") == _bytes(written)
    assert fc.verify(written, sample=20).findings == ()


@pytest.mark.parametrize("name", ["confirmations-002", "opening_lots-000", "positions-003"])
def test_a_byte_names_its_file(written: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(written, tmp_path / "day"))
    path = copy / f"{name}.parquet"
    flip_byte(path, path.stat().st_size // 2)
    found = fc.verify(copy, sample=1).findings
    assert found
    assert found[0].file == path.name


def test_files_must_be_those_of_their_table(written: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(written, tmp_path / "day"))
    (copy / "lots-001.parquet").unlink()
    assert any(str(finding) == "lots-001.parquet: the file is missing" for finding in fc.verify(copy).findings)
