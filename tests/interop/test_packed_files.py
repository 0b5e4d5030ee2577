"""Parquet files that our own encoders have written, in the readers that others use."""

from __future__ import annotations

import datetime
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fundclear import _kernel

GROUP_ROWS = 1 << 20
INT64 = np.iinfo(np.int64)
DRAW = np.random.default_rng(20170427)

#: A column: its kind, its values, and what the kind needs besides.
Column = tuple[str, "np.ndarray[Any, Any]", Any]


def texts(entries: int, rows: int) -> Column:
    names = [f"余额宝 {number}" if number else "" for number in range(entries)]
    return "text", DRAW.integers(0, entries, rows).astype(np.uint32), names


def numbers(values: Any) -> Column:
    return "integer", np.asarray(values, dtype=np.int64), None


def amounts(values: Any, scale: int = 2) -> Column:
    return "decimal", np.asarray(values, dtype=np.int64), scale


TABLES: dict[str, dict[str, Column]] = {
    "no rows": {
        "id": numbers([]),
        "amount": amounts([]),
        "day": ("date", np.array([], np.int64), None),
        "t": texts(1, 0),
    },
    "one row": {
        "id": numbers([-5]),
        "amount": amounts([-5]),
        "day": ("date", np.array([17_000]), None),
        "t": texts(1, 1),
    },
    "two rows": {"id": numbers([INT64.min, INT64.max]), "t": ("text", np.array([0, 1], np.uint32), ["b", "a"])},
    "constants": {
        "zero": amounts(np.zeros(5000)),
        "id": numbers(np.full(5000, INT64.min)),
        "day": ("date", np.full(5000, -700), None),
        "at": ("instant", np.full(5000, 1_493_258_400_000_000), True),
        "t": texts(1, 5000),
    },
    "runs that change anywhere": {
        f"every {length}": amounts(np.arange(5000) // length % 3 - 1)
        for length in (1, 31, 100, 255, 256, 257, 1500, 4999)
    },
    "edges": {
        "random": numbers(DRAW.integers(INT64.min, INT64.max, 5000, endpoint=True)),
        "overflow": numbers(DRAW.choice([INT64.min, INT64.max, 0, -1], 5000)),
        "days": ("date", DRAW.integers(-700_000, 2_900_000, 5000), None),
        "wall": ("instant", DRAW.integers(-(10**15), 10**16, 5000), False),
        "utc": ("instant", DRAW.integers(-(10**15), 10**16, 5000), True),
    },
    "widths": {f"{width} bits": numbers(DRAW.integers(0, 1 << width, 1111)) for width in range(63)},
    "money": {f"scale {scale}": amounts(DRAW.integers(1 - 10**18, 10**18, 3000), scale) for scale in (0, 1, 2, 8, 18)},
    "texts": {f"{entries} entries": texts(entries, 200_003) for entries in (1, 2, 3, 300, 70_000)},
    "runs of texts": {
        "alternating": ("text", (np.arange(10_000) // 100 % 2).astype(np.uint32), ["a", "b"]),
        "rising": ("text", np.sort(DRAW.integers(0, 300, 10_000)).astype(np.uint32), [str(n) for n in range(300)]),
    },
    "row groups": {
        "id": numbers(np.cumsum(DRAW.integers(0, 9, 2 * GROUP_ROWS + 3))),
        "later": amounts(np.arange(2 * GROUP_ROWS + 3) // (GROUP_ROWS + 5)),
        "t": texts(300, 2 * GROUP_ROWS + 3),
    },
}


@pytest.fixture(scope="module", params=TABLES)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pa.Table]:
    """The file of a table, and the table as it should be read."""
    columns = TABLES[request.param]
    path = tmp_path_factory.mktemp("packed") / "table.parquet"
    given = [(name, *column) for name, column in columns.items()]
    rows, digest = _kernel.write_parquet(str(path), given, [("fundclear.table", "it")], None)
    assert rows == len(next(iter(columns.values()))[1])
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    arrays = {name: wanted(column) for name, column in columns.items()}
    fields = [pa.field(name, array.type, nullable=False) for name, array in arrays.items()]
    return path, pa.table(arrays, pa.schema(fields))


def wanted(column: Column) -> pa.Array:
    kind, values, extra = column
    match kind:
        case "integer":
            return pa.array(values)
        case "decimal":
            # A decimal's 128 bits are made by hand, so that no arithmetic of ours judges itself.
            words = np.stack([values, values >> 63], axis=1)
            return pa.Array.from_buffers(pa.decimal128(18, extra), len(values), [None, pa.py_buffer(words.tobytes())])
        case "date":
            return pa.array(values.astype(np.int32)).cast(pa.date32())
        case "instant":
            return pa.array(values).cast(pa.timestamp("us", "UTC" if extra else None))
        case _:
            return pa.array(extra, pa.string()).take(pa.array(values))


def test_pyarrow(written: tuple[Path, pa.Table]) -> None:
    path, table = written
    theirs = pq.read_table(path)
    theirs.validate(full=True)
    assert theirs.replace_schema_metadata(None).equals(table)
    assert theirs.schema.metadata == {b"fundclear.table": b"it"}
    for at in range(theirs.num_rows // GROUP_ROWS):
        group = pq.ParquetFile(path).read_row_group(at)
        assert group.equals(table.slice(at * GROUP_ROWS, GROUP_ROWS))


def test_pages_have_the_sums_that_pyarrow_verifies(written: tuple[Path, pa.Table], tmp_path: Path) -> None:
    path, table = written
    theirs = pq.read_table(path, page_checksum_verification=True)
    assert theirs.replace_schema_metadata(None).equals(table)
    content = bytearray(path.read_bytes())
    for column in range(table.num_columns if table.num_rows else 0):
        chunk = pq.read_metadata(path).row_group(0).column(column)
        begin = chunk.dictionary_page_offset or chunk.data_page_offset
        # The last byte of a page, which may be one that says nothing.
        last = begin + chunk.total_compressed_size - 1
        content[last] ^= 1
        damaged = tmp_path / "damaged.parquet"
        damaged.write_bytes(content)
        with pytest.raises(OSError, match="CRC checksum"):
            pq.read_table(damaged, columns=[chunk.path_in_schema], page_checksum_verification=True)
        content[last] ^= 1


def test_polars(written: tuple[Path, pa.Table]) -> None:
    path, table = written
    theirs = pl.read_parquet(path)
    assert theirs.equals(pl.DataFrame(table))
    assert pl.scan_parquet(path).collect(engine="streaming").equals(theirs)


def test_duckdb(written: tuple[Path, pa.Table]) -> None:
    path, table = written
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        theirs = connection.sql(f"from '{path}'").to_arrow_table()
    assert theirs.cast(table.schema).equals(table)


def test_statistics_are_those_of_the_values(written: tuple[Path, pa.Table]) -> None:
    path, table = written
    metadata = pq.read_metadata(path)
    assert metadata.num_row_groups == -(-table.num_rows // GROUP_ROWS)
    for at in range(metadata.num_row_groups):
        part = table.slice(at * GROUP_ROWS, GROUP_ROWS)
        for place, column in enumerate(part.columns):
            found = metadata.row_group(at).column(place).statistics
            least, greatest = (scalar.as_py() for scalar in pa.compute.min_max(column).values())
            if found.logical_type.type == "DECIMAL":
                scale = column.type.scale
                least, greatest = (int(value.scaleb(scale)) for value in (least, greatest))
                assert (found.min_raw, found.max_raw) == (least, greatest)
            else:
                assert (found.min, found.max) == (least, greatest)
            assert found.null_count == 0


def test_what_is_asked_for_is_found(tmp_path: Path) -> None:
    """Readers skip row groups by their statistics; none that has what is asked for may be among them."""
    path = tmp_path / "table.parquet"
    rows = GROUP_ROWS + 1000
    days, places = np.arange(rows) // 1000, (np.arange(rows) // 1000).astype(np.uint32)
    names = [f"{number:06}" for number in range(rows // 1000 + 1)]
    given = [("amount", "decimal", days - 500, 2), ("day", "date", days, None), ("name", "text", places, names)]
    _kernel.write_parquet(str(path), given, [], None)
    last = Decimal(int(days[-1]) - 500).scaleb(-2)
    day = datetime.date(1970, 1, 1) + datetime.timedelta(int(days[-1]))
    count = int((days == days[-1]).sum())
    for column, value in (("amount", last), ("day", day), ("name", names[int(places[-1])])):
        assert pq.read_table(path, filters=[(column, "=", value)]).num_rows == count
        assert pl.scan_parquet(path).filter(pl.col(column) == value).collect().height == count
        [found] = duckdb.execute(f"select count(*) from '{path}' where {column} = ?", [value]).fetchall()
        assert found == (count,)
