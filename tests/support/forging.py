"""Changes to a day's folder by somebody who knows how digests are made."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

import fundclear as fc
from fundclear.columns import Labels
from fundclear.digests import fingerprint, fingerprint_in, register_fingerprint
from fundclear.fixed import Fixed
from fundclear.folder import BY_ACCOUNT, manifest_text, part_files, sha256, write_file
from fundclear.proof import Proof
from fundclear.tables import TypedTable


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes the manifest, and has it say the digest of its proof again."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    manifest["proof_digest"] = Proof.from_dict(manifest["proof"]).digest
    path.write_text(manifest_text(manifest), encoding="utf-8", newline="\n")


def put_table(folder: Path, name: str, table: TypedTable) -> None:
    """Writes another table in the place of one, with all digests and the number of rows."""
    path = folder / f"{name}.parquet"
    write_file(path, name, table)

    def change(manifest: dict[str, Any]) -> None:
        listed = manifest["tables"][name]
        listed["rows"] = len(table)
        listed["files"][0] |= {"rows": len(table), "sha256": sha256(path)}
        digests = manifest["proof"]["digests"]
        came, left = f"in.{name.removeprefix('opening_')}", f"out.{name}"
        if name.startswith("opening_") and came in digests:
            digests[came] = fingerprint_in(came.removeprefix("in."), table)
        if left in digests:
            digests[left] = fingerprint(name, table)
        if name == "positions":
            digests["out.register"] = register_fingerprint(table)

    change_manifest(folder, change)


def split_into_parts(folder: Path, bits: int) -> None:
    """Writes a small day as a large one is written: each table by account as so many files, by rising accounts."""
    day = fc.open_day(folder)
    tables = {name: table for name, table in (day.tables | day.inputs.tables).items() if name in BY_ACCOUNT}
    accounts = sorted({account for table in tables.values() for account in np.asarray(table["account"]).tolist()})
    parts = {account: (place << bits) // len(accounts) for place, account in enumerate(accounts)}
    listed = {}
    for name, table in tables.items():
        numbers = np.array([parts[account] for account in np.asarray(table["account"]).tolist()], dtype=np.int64)
        assert (numbers[1:] >= numbers[:-1]).all()
        (folder / f"{name}.parquet").unlink()
        files = enumerate(part_files(name, bits))
        listed[name] = [write_file(folder / file, name, table.filter(numbers == number)) for number, file in files]

    def change(manifest: dict[str, Any]) -> None:
        for name, files in listed.items():
            manifest["tables"][name]["files"] = files

    change_manifest(folder, change)


def with_other_value(table: TypedTable, column: str, row: int) -> TypedTable:
    """The table with another value in one place."""
    given = table.column(column)
    values: Any
    if isinstance(given, Fixed):
        minor = given.minor.copy()
        minor[row] += 1
        values = Fixed.from_minor(minor, given.scale)
    elif isinstance(given, Labels):
        texts = list(given)
        others = sorted({*texts, "other"} - {texts[row]})
        texts[row] = others[0]
        values = Labels.of(texts)
    else:
        values = np.array(given)
        values[row] = values[row] + 1
    columns = {name: values if name == column else table.column(name) for name in table.columns}
    return type(table).from_columns(columns, [name for name in columns if table.is_utc(name)])


def flip_byte(path: Path, place: int) -> None:
    """Turns one bit of a file."""
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1
    path.write_bytes(content)


def rich_day() -> fc.Clearing:
    """A small day with something in every table: a gate that limits, a switch, lots, events, income, a late order."""
    gated = fc.Fund(
        "G",
        currency="CNY",
        gate=fc.Gate(threshold="10%"),
        redemption_fee=fc.HoldingSchedule([(0, "1.5%"), (7, "0.5%")]),
    )
    market = fc.Fund("M", currency="CNY", income=fc.IncomePolicy())
    fees = fc.Fund("S", currency="CNY", subscription_fee=fc.FeeSchedule([("0", "1.5%")]), subscription_days=0)
    terms = fc.Terms([gated, market, fees])
    orders = fc.Orders(
        account=["A", "B", "C", "A", "B", "D", "C", "E"],
        fund=["G", "G", "G", "M", "S", "S", "M", "S"],
        kind=["redeem", "redeem", "redeem", "switch", "subscribe", "subscribe", "redeem", "subscribe"],
        quantity=["60000.00", "45000.00", "30000.01", "10.00", "500.00", "0.00", "9.99", "77.00"],
        target_fund=["", "", "", "S", "", "", "", ""],
        on_gate=["defer", "cancel", "defer", "defer", "defer", "defer", "defer", "defer"],
        order_id=[1, 2, 3, 4, 5, 6, 7, 8],
        discount=["0", "0", "0", "0", "0.5", "0", "0", "0.1"],
        rate=["0", "0", "0", "0", "0", "0", "0", "0.01"],
        placed_at=["2017-04-27T10:00:00"] * 6 + ["2017-04-27T15:00:00"] + ["2017-04-27T09:00:00"],
        distributor="X",
    )
    held = fc.Positions(
        account=["A", "B", "C", "A", "C"],
        fund=["G", "G", "G", "M", "M"],
        units=["500000.00", "300000.00", "200000.00", "100.00", "100.01"],
        distributor="X",
    )
    lots = fc.Lots(
        account=["A", "B", "C", "A"],
        fund="G",
        number=[1, 1, 1, 2],
        confirmed=["2017-01-04", "2017-04-25", "2017-03-01", "2017-04-26"],
        units=["400000.00", "300000.00", "200000.00", "100000.00"],
        distributor="X",
    )
    events = fc.Events(
        event_id=[1, 2],
        distributor="X",
        account=["A", "C"],
        fund=["M", "M"],
        kind=["transfer", "freeze"],
        units=["5.00", "500.00"],
        to_account=["F", ""],
        to_distributor=["X", ""],
    )
    owed = fc.Obligations(
        dealing_date=["2017-04-26"] * 2,
        value_date=["2017-04-27", "2017-04-28"],
        currency="CNY",
        netting_set="",
        fund="S",
        purpose="subscription",
        payer="clearing",
        payee="custody:S",
        amount=["12.00", "13.00"],
    )
    return fc.clear(
        orders,
        terms=terms,
        date="2017-04-27",
        prices={"G": "1.2345", "M": "1.0000", "S": "0.9876"},
        positions=held,
        lots=lots,
        events=events,
        obligations=owed,
        income={"M": {"2017-04-27": Decimal("0.03")}},
        decisions={"G": "limit"},
    )
