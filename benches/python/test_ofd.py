"""Exchange files: order files of 74 fields and 665 bytes a record, read into columns, and written back."""

from __future__ import annotations

import os
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from race import Peer

import fundclear as fc
from fundclear.formats import ofd
from fundclear.formats.ofdfields import Field, dictionary
from fundclear.tables import Table

SECTION = "Exchange files (OFD)"

#: Records of a file; plain Python has a few of them.
RECORDS = int(os.environ.get("FUNDCLEAR_BENCH_RECORDS", "1_000_000"))
SLICED_RECORDS = RECORDS // 20

Answer = tuple[int, int, int, int]

#: Where a record of all fields has its amount.
_WIDTHS = {field.name: field.width for field in dictionary()["03"]}
_BEFORE = list(_WIDTHS)[: list(_WIDTHS).index("ApplicationAmount")]
_START = sum(_WIDTHS[name] for name in _BEFORE)
AMOUNT = slice(_START, _START + _WIDTHS["ApplicationAmount"])

#: A record and its line end.
BYTES = sum(_WIDTHS.values()) + 2


def order_file(records: int) -> bytes:
    """Subscriptions as a large distributor sends them: ids, accounts, amounts and moments change, all else repeats."""
    draw = np.random.default_rng(11)
    accounts = draw.integers(0, max(1, records * 4 // 5), records).tolist()
    remarks = ["", "基金赎回|天弘沪深300|000961", "基金定投|420003"]
    columns: dict[str, Any] = {}
    for name, kind, _, places in dictionary()["03"]:
        if kind != "N":
            columns[name] = [""] * records
        elif places:
            columns[name] = fc.Fixed.from_minor(np.zeros(records, np.int64), places)
        else:
            columns[name] = np.zeros(records, np.int64)
    columns |= {
        "AppSheetSerialNo": [f"20170427{number:016}" for number in range(records)],
        "FundCode": ["000198"] * records,
        "TransactionDate": ["20170427"] * records,
        "TransactionTime": [f"14{second // 60 % 60:02}{second % 60:02}" for second in range(0, records)],
        "TransactionAccountID": [f"42996{account:012}" for account in accounts],
        "DistributorCode": ["996"] * records,
        "ApplicationAmount": fc.Fixed.from_minor(draw.integers(1, 10**7, records), 2),
        "BusinessCode": [("022", "039")[number] for number in draw.integers(0, 2, records)],
        "TAAccountID": [f"{account:012}" for account in accounts],
        "CurrencyType": ["156"] * records,
        "Specification": [remarks[number] for number in draw.integers(0, 3, records)],
    }
    header = ofd.OfdHeader(20, "996", "H0", date(2017, 4, 27), kind="03", sender="996", recipient="H0")
    return ofd.OfdFile(header, Table(columns)).to_bytes()


def repeated(data: bytes, times: int) -> bytes:
    """The file with its records so many times, as a day's files repeat accounts; ids repeat too."""
    _, body = body_of(data)
    count = body.count(b"\r\n")
    head = data[: len(data) - len(body) - len(b"OFDCFEND\r\n") - len(b"00000000\r\n")]
    return head + b"%08d\r\n" % (count * times) + body * times + b"OFDCFEND\r\n"


def ours(data: bytes, threads: int | None) -> Answer:
    table = ofd.read(data, threads=threads).table
    return (
        len(table),
        int(table["ApplicationAmount"].sum() * 100),
        table["TAAccountID"].distinct,
        table["Specification"].distinct,
    )


def body_of(data: bytes) -> tuple[list[Field], bytes]:
    """What the header says; enough for files that are as they should be."""
    lines = data[:4096].split(b"\r\n")
    count = int(lines[9])
    by_name = {field.name: field for field in dictionary()["03"]}
    names = [line.decode() for line in lines[10 : 10 + count]]
    start = sum(len(line) + 2 for line in lines[: 11 + count])
    return [by_name[name] for name in names], data[start : -len(b"OFDCFEND\r\n")]


def sliced(data: bytes) -> Answer:
    """As a script would do it: line by line, field by field."""
    fields, body = body_of(data)
    columns: dict[str, list[Any]] = {field.name: [] for field in fields}
    for line in body.split(b"\r\n")[:-1]:
        at = 0
        for name, kind, width, _ in fields:
            part = line[at : at + width]
            at += width
            if kind == "N":
                columns[name].append(int(part) if part.strip() else 0)
            else:
                columns[name].append(part.rstrip(b" ").decode("gb18030"))
    return (
        len(columns["FundCode"]),
        sum(columns["ApplicationAmount"]),
        len(set(columns["TAAccountID"])),
        len(set(columns["Specification"])),
    )


def numpy_fields(data: bytes) -> Answer:
    """numpy's records of bytes, without a check of any digit; each field becomes what it means."""
    fields, body = body_of(data)
    dtype = np.dtype([*((name, f"S{width}") for name, _, width, _ in fields), ("end", "S2")])
    records = np.frombuffer(body, dtype=dtype)
    columns: dict[str, Any] = {}
    for name, kind, _, _ in fields:
        texts = np.ascontiguousarray(records[name])
        if kind == "N":
            columns[name] = np.char.strip(texts).astype("S").astype(np.int64)
        else:
            columns[name] = np.char.decode(np.char.rstrip(texts, b" "), "gb18030")
    return (
        len(records),
        int(columns["ApplicationAmount"].sum()),
        len(np.unique(columns["TAAccountID"])),
        len(np.unique(columns["Specification"])),
    )


def polars_slices(data: bytes) -> Answer:
    """Polars slices characters, so the file is decoded first, and fields stand where their bytes do only in ASCII.

    So the fields behind the one text that is not ASCII are counted from the end of the line.
    """
    fields, body = body_of(data)
    lines = pl.Series("line", body.decode("gb18030").split("\r\n")[:-1])
    starts = np.cumsum([0, *(field.width for field in fields)])
    wide = [field.name for field in fields].index("Specification")
    columns = []
    for number, (name, kind, width, _) in enumerate(fields):
        line = pl.col("line")
        if number < wide:
            part = line.str.slice(int(starts[number]), width)
        elif number == wide:
            rest = int(starts[-1] - starts[number + 1])
            part = line.str.head(-rest).str.slice(int(starts[number]))
        else:
            part = line.str.tail(int(starts[-1] - starts[number])).str.head(width)
        part = part.str.strip_chars_end(" ")
        if kind == "N":
            part = pl.when(part == "").then(pl.lit("0")).otherwise(part).cast(pl.Int64)
        columns.append(part.alias(name))
    frame = pl.DataFrame(lines).select(columns)
    return (
        len(frame),
        int(frame["ApplicationAmount"].sum()),
        frame["TAAccountID"].n_unique(),
        frame["Specification"].n_unique(),
    )


def test_read_orders(race: Any) -> None:
    data = repeated(order_file(1000), RECORDS // 1000)
    race("read an order file, one thread", RECORDS, lambda: ours(data, 1), [], at_most_ns=1000, row_bytes=BYTES)


def test_read_orders_of_distinct_ids(race: Any) -> None:
    """As every real file is: all serial numbers and more than half of the accounts stand in it once."""
    data = order_file(RECORDS)
    _, body = body_of(data)
    amounts = sum(int(line[AMOUNT]) for line in body.split(b"\r\n")[:-1])
    rows, total, accounts, remarks = ours(data, 1)
    assert (rows, total, remarks) == (RECORDS, amounts, 3)
    assert accounts > RECORDS // 2
    assert ofd.read(data).table["AppSheetSerialNo"].distinct == RECORDS
    race(
        "read an order file of distinct ids, one thread",
        RECORDS,
        lambda: ours(data, 1),
        [],
        at_most_ns=1000,
        row_bytes=BYTES,
    )


def test_read_orders_beside_others(race: Any) -> None:
    data = order_file(SLICED_RECORDS)

    def agree(one: Answer, other: Answer) -> bool:
        return one == other

    race(
        "read a small order file, one thread",
        SLICED_RECORDS,
        lambda: ours(data, 1),
        [
            Peer("plain Python", lambda: sliced(data), agree, "checks no width, no count and no control character", 20),
            Peer("numpy", lambda: numpy_fields(data), agree, "checks no width and no count"),
            Peer("Polars", lambda: polars_slices(data), agree, "counts characters, so it knows where the wide text is"),
        ],
    )


def test_write_orders(race: Any) -> None:
    data = order_file(RECORDS)
    file = ofd.read(data)
    assert file.to_bytes(threads=1) == data
    race("write an order file, one thread", RECORDS, lambda: file.to_bytes(threads=1), [], row_bytes=BYTES)
