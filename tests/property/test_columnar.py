"""Files of tables: what was written is what is read, in every format, and damage is refused."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.drawing_tables import KINDS, assert_same, integers_of, tables

import fundclear as fc
from fundclear.formats import columnar
from fundclear.tables import TypedTable

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@each_kind
@given(data=st.data())
def test_csv_is_read_as_it_was_written(
    kind: type[TypedTable], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    table = data.draw(tables(kind))
    folder = tmp_path_factory.mktemp("csv")
    path, again = folder / "table.csv", folder / "again.csv"
    columnar.write_csv(table, path)
    found = columnar.read(path, kind, integers=integers_of(table))
    assert_same(found, table)
    columnar.write_csv(found, again)
    assert again.read_bytes() == path.read_bytes()
    assert sorted(folder.iterdir()) == [again, path]


@each_kind
@given(data=st.data())
def test_every_other_format_is_read_as_it_was_written(
    kind: type[TypedTable], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    table = data.draw(tables(kind))
    folder = tmp_path_factory.mktemp("files")
    for path in _written(table, folder):
        assert_same(columnar.read(path, kind), table)


def _written(table: TypedTable, folder: Path) -> list[Path]:
    """The table in files of another library, as people have them."""
    frame = pa.table(table)
    paths = [folder / name for name in ("a.parquet", "b.parquet", "c.arrow", "d.feather", "e.ipc")]
    pq.write_table(frame, paths[0], compression="snappy")
    pq.write_table(frame, paths[1], compression="zstd", data_page_version="2.0", row_group_size=2)
    with pa.OSFile(str(paths[2]), "wb") as file, pa.ipc.new_file(file, frame.schema) as writer:
        writer.write_table(frame)
    pa.feather.write_feather(frame, str(paths[3]), compression="lz4")
    with pa.OSFile(str(paths[4]), "wb") as file, pa.ipc.new_stream(file, frame.schema) as writer:
        writer.write_table(frame, max_chunksize=2)
    return paths


def _orders() -> fc.Orders:
    return fc.Orders(
        account=[f"A-{row}" for row in range(50)],
        fund="000198",
        kind=["subscribe", "redeem"] * 25,
        quantity=[f"{row}.25" for row in range(50)],
        order_id=list(range(50)),
        placed_at=["2017-04-27T10:00:00"] * 50,
    )


@pytest.mark.parametrize("number", range(5))
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(
    number: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A flipped byte may hit a value, and then another table is read; a panic or a crash it never is."""
    folder = tmp_path_factory.mktemp("damage")
    path = _written(_orders(), folder)[number]
    whole = bytearray(path.read_bytes())
    for _ in range(20):
        damaged = bytearray(whole)
        if data.draw(st.booleans()):
            for _ in range(data.draw(st.integers(1, 3))):
                damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        else:
            del damaged[data.draw(st.integers(0, len(whole) - 1)) :]
        path.write_bytes(damaged)
        said = str(path)
        try:
            columnar.read(path, fc.Orders)
        except fc.FundclearError as error:
            said = str(error)
        assert str(path) in said


@pytest.mark.parametrize("number", range(5))
def test_a_cut_file_is_refused(number: int, tmp_path: Path) -> None:
    path = _written(_orders(), tmp_path)[number]
    whole = path.read_bytes()
    for length in [*range(0, len(whole), 7), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(fc.FundclearError, match=str(path)):
            columnar.read(path, fc.Orders)
