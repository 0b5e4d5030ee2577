"""Days as files: tables written by several writers, run out of core, and their folders compared byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

import fundclear as fc
from fundclear.batch import BatchDay, run
from fundclear.folder import RUN, write_file
from fundclear.tables import TypedTable

#: The tables that lie in files.
IN_FILES = ("orders", "positions", "lots")


def chosen(table: TypedTable, rows: Any) -> Any:
    """Some rows of a table."""
    return table._chosen(rows)


def _pieces(table: TypedTable, dice: Random, has_ids: bool) -> list[Any]:
    """The table's rows, permuted or as they are, in one or several pieces."""
    order = np.arange(len(table))
    if has_ids and dice.random() < 0.5:
        order = np.random.default_rng(dice.randrange(2**32)).permutation(len(table))
    cuts = sorted(dice.randint(0, len(table)) for _ in range(dice.choice((0, 0, 1, 3))))
    return [chosen(table, np.ascontiguousarray(rows)) for rows in np.split(order, cuts)]


def _arrow(table: Any, dice: Random) -> pa.Table:
    """A table in which some of what stands for nothing is null; missing moments may be values, as in our own files."""
    data = pa.table(table)
    if "placed_at" in table and dice.random() < 0.5:
        place = data.schema.get_field_index("placed_at")
        moments = pa.array(table["placed_at"].view(np.int64), data.schema.field(place).type)
        data = data.set_column(place, "placed_at", moments)
    for spec in table.columns_of:
        if spec.name not in table or spec.default is None or spec.kind == "instant" or dice.random() < 0.5:
            continue
        place = data.schema.get_field_index(spec.name)
        data = data.set_column(place, spec.name, _with_nulls(data.column(place), spec.default, dice))
    return data


def measured(table: Any, dice: Random) -> pa.Table:
    """Orders whose quantities stand in columns of their kinds."""
    data = pa.table(table)
    place = data.schema.get_field_index("quantity")
    kinds, given = data["kind"].to_pylist(), data["quantity"].to_pylist()
    zero = dice.choice((None, Decimal(0)))
    cash, others = ("subscribe", "periodic"), ("redeem", "switch")
    is_cash = [kind in cash or (kind not in others and dice.random() < 0.5) for kind in kinds]
    for name, wanted in (("units", False), ("amount", True)):
        values = [value if which == wanted else zero for value, which in zip(given, is_cash, strict=True)]
        data = data.add_column(place, name, pa.array(values, data["quantity"].type))
    return data.drop_columns("quantity")


def _with_nulls(column: Any, default: Any, dice: Random) -> Any:
    """The column with some of its defaults as nulls."""
    values = column.to_pylist()
    plain = default if pa.types.is_string(column.type) else 0
    return pa.array([None if value == plain and dice.random() < 0.5 else value for value in values], column.type)


def _write_with_arrow(path: Path, table: Any, dice: Random, group_rows: tuple[int, ...]) -> None:
    data = _arrow(table, dice)
    wide = [
        field.with_type(pa.decimal128(38, field.type.scale)) if pa.types.is_decimal(field.type) else field
        for field in data.schema
    ]
    if dice.random() < 0.3:
        data = data.cast(pa.schema(wide))
    pq.write_table(
        data,
        path,
        row_group_size=dice.choice(group_rows),
        use_dictionary=dice.random() < 0.7,
        compression=dice.choice(("none", "snappy", "zstd")),
        data_page_size=dice.choice((64 if group_rows[0] == 1 else 4_096, 1 << 20)),
        data_page_version=dice.choice(("1.0", "2.0")),
        store_decimal_as_integer=dice.random() < 0.5,
        write_page_checksum=dice.random() < 0.5,
    )


def _write_with_polars(path: Path, table: Any, dice: Random, group_rows: tuple[int, ...]) -> None:
    pl.DataFrame(_arrow(table, dice)).write_parquet(
        path, row_group_size=dice.choice(group_rows), compression=dice.choice(("zstd", "snappy", "uncompressed"))
    )


def write_table(folder: Path, name: str, table: TypedTable, dice: Random, *, few_groups: bool = False) -> list[Path]:
    """Writes a table as one or several files, each by one of the writers."""
    # Orders without ids of their own are numbered as they stand.
    has_ids = name != "orders" or "order_id" in table
    paths = []
    for number, piece in enumerate(_pieces(table, dice, has_ids)):
        path = folder / f"{name}-{number}.parquet"
        write = dice.choice((_write_own, _write_with_arrow, _write_with_polars))
        write(path, piece, dice, (10_000, 33_333) if few_groups else (1, 3, 7, 1_000))
        paths.append(path)
    if has_ids:
        dice.shuffle(paths)
    return paths


def _write_own(path: Path, table: Any, dice: Random, group_rows: tuple[int, ...]) -> None:
    write_file(path, "table", table)


def run_day(folder: Path, given: Mapping[str, Any], dice: Random, **how: Any) -> BatchDay:
    """A day of the arguments of :func:`fundclear.clear`, from files."""
    beside = {name: value for name, value in given.items() if name not in IN_FILES}
    inputs = folder / "in"
    inputs.mkdir(parents=True)
    files = {name: write_table(inputs, name, given[name], dice) for name in IN_FILES if given.get(name) is not None}
    return run(files.pop("orders"), folder / "day", **files, **beside, **how)


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of all files of a day but for what says how it was made."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != RUN}


def differences(folder: Path, wanted: Path) -> list[str]:
    """The files in which two days differ."""
    found, expected = contents(folder), contents(wanted)
    return sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))


def cleared(given: Mapping[str, Any], folder: Path) -> fc.Clearing:
    """The same day in memory, written."""
    day = fc.clear(given["orders"], **{name: value for name, value in given.items() if name != "orders"})
    day.write(folder)
    return day


# --- other days of the same rows -------------------------------------------------------------------------------------

#: What a table can do without.
_OPTIONAL = {
    "orders": ("order_id", "placed_at", "charge", "on_gate", "transaction_account", "discount", "rate", "fee"),
    "positions": ("frozen", "pending", "unpaid", "entitled", "dividend_option"),
    "lots": ("rate_paid", "reinvested", "nav"),
}

#: Columns of one kind of identifier.
_SPELLED = {
    "account": ("account", "to_account"),
    "order_id": ("order_id",),
    "transaction_account": ("transaction_account", "to_transaction_account"),
}


def _wild(place: int) -> str:
    """A text of its own for each place, of any width."""
    return "\u00e9\u5ba2 zA"[place % 5] * (place % 4) + str(place) if place else ""


#: Texts that are not digits of one width, by place.
_WAYS = {"others": "n-{}".format, "many widths": str, "wild": _wild}


def _remade(table: Any, columns: dict[str, Any]) -> Any:
    return type(table).from_columns(columns, [name for name in columns if table.is_utc(name)])


def without_some_columns(given: dict[str, Any], dice: Random) -> dict[str, Any]:
    """The day without some columns that tables can do without."""
    made = dict(given)
    for name, optional in _OPTIONAL.items():
        table = given[name]
        gone = {column for column in optional if dice.random() < 0.2}
        made[name] = _remade(table, {column: table[column] for column in table.columns if column not in gone})
    return made


def spelled(given: dict[str, Any], dice: Random) -> dict[str, Any]:
    """The day with some identifiers as texts: digits of one width or of many, or others, one of which may be empty."""
    made = dict(given)
    for columns in _SPELLED.values():
        way = dice.choice(("integers", "digits", *_WAYS))
        if way == "integers":
            continue
        form = _WAYS.get(way, "{:09}".format)
        places = _places(made, columns)
        for name, table in made.items():
            if not isinstance(table, TypedTable) or not any(column in table for column in columns):
                continue
            changed = {
                column: fc.Labels.of([form(places[value]) for value in table[column].tolist()])
                for column in columns
                if column in table
            }
            made[name] = _remade(table, {column: table[column] for column in table.columns} | changed)
    return made


def _places(given: dict[str, Any], columns: tuple[str, ...]) -> dict[int, int]:
    """The identifiers of some columns by their places among all."""
    tables = [table for table in given.values() if isinstance(table, TypedTable)]
    found = {value for table in tables for name in columns if name in table for value in table[name].tolist()}
    return {value: place for place, value in enumerate(sorted(found))}


def with_text_accounts(folder: Path) -> None:
    """Makes the accounts of a made-up day texts of no fixed width, in another order than before."""
    for path in folder.glob("*-*.parquet"):
        data = pq.read_table(path)
        place = data.schema.get_field_index("account")
        mixed = (data.column(place).to_numpy().astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)
        texts = pa.array([f"CN-{number:x}" for number in mixed.tolist()])
        pq.write_table(data.set_column(place, "account", texts), path, row_group_size=10_000)
