"""Exchange files: what is read and written, every kind of fault, and the orders of a file."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fundclear as fc
from fundclear.errors import InputError, InputTypeError
from fundclear.formats import ofd
from fundclear.formats.ofdfields import dictionary
from fundclear.tables import Table
from support.exchange import DAY, header, same

#: The lines before the first record of a file of four fields.
FIRST_LINE = 16


def small(version: int = 21) -> ofd.OfdFile:
    """Three records of every kind of field."""
    columns = {
        "FundCode": ["000198", "000198", ""],
        "ApplicationAmount": fc.Fixed.parse(["10.01", "-0.05", "0"], scale=2),
        "ValidPeriod": np.array([7, 0, 99]),
        "Specification": ["基金赎回|天弘沪深300|000961", " leading", "€𠮷"],
    }
    return ofd.OfdFile(header(version=version), Table(columns))


@pytest.mark.parametrize("version", [20, 21, 22])
def test_what_was_written_is_read(version: int, tmp_path: Path) -> None:
    file = small(version)
    assert same(ofd.read(file.to_bytes()), file)
    file.write(tmp_path / "orders.txt")
    assert same(ofd.read(tmp_path / "orders.txt"), file)
    assert same(ofd.read(str(tmp_path / "orders.txt"), on_error="reject"), file)
    assert [path.name for path in tmp_path.iterdir()] == ["orders.txt"]
    assert same(ofd.read(file.to_bytes().removesuffix(b"\r\n")), file)
    assert len(file.rejected) == 0


def test_the_bytes_of_a_file() -> None:
    assert small().to_bytes().split(b"\r\n") == [
        b"OFDCFDAT",
        b"21  ",
        b"996      ",
        b"H0       ",
        b"20170427",
        b"001",
        b"03",
        b"996     ",
        b"H0      ",
        b"004",
        b"FundCode",
        b"ApplicationAmount",
        b"ValidPeriod",
        b"Specification",
        b"00000003",
        b"000198000000000000100107" + "基金赎回|天弘沪深300|000961".encode("gb18030").ljust(60),
        b"000198-00000000000000500" + b" leading".ljust(60),
        b"      000000000000000099" + "€𠮷".encode("gb18030").ljust(60),
        b"OFDCFEND",
        b"",
    ]


def test_the_header_of_version_22_is_wider() -> None:
    lines = small(22).to_bytes().split(b"\r\n")
    assert [len(line) for line in lines[1:10]] == [8, 20, 20, 8, 8, 8, 8, 8, 8]
    assert lines[14] == b"3".zfill(16)


@pytest.mark.parametrize("kind", ["03", "04", "05", "06", "07", "10", "11", "12", "25"])
def test_files_of_all_fields(kind: str) -> None:
    """Every field at its widest, and empty."""
    columns: dict[str, Any] = {}
    for number, (name, sort, width, places) in enumerate(dictionary()[kind]):
        most = 10**width - 1
        if sort != "N":
            columns[name] = ["x" * width, "", str(number)[:width]]
        elif places:
            columns[name] = fc.Fixed.from_minor(np.array([most, 0, -(most // 10)]), places)
        else:
            columns[name] = np.array([most, 0, -(most // 10)])
    file = ofd.OfdFile(header(kind), Table(columns))
    assert same(ofd.read(file.to_bytes()), file)


def test_types_of_columns() -> None:
    table = ofd.read(small().to_bytes()).table
    assert table.schema == {
        "FundCode": "text",
        "ApplicationAmount": "decimal(18, 2)",
        "ValidPeriod": "int64",
        "Specification": "text",
    }


def test_blank_numbers_are_zero() -> None:
    data = small().to_bytes().replace(b"000000000000100107", b" " * 18)
    assert ofd.read(data).table.row(0)["ApplicationAmount"] == 0


def test_threads_and_repetition_change_nothing() -> None:
    """More records than a block has, with runs that begin and end anywhere."""
    rows = 50_000
    draw = np.random.default_rng(7)
    columns = {
        "AppSheetSerialNo": [str(number) for number in range(rows)],
        "FundCode": [f"{number // 700:06}" for number in range(rows)],
        # Longer than what the table keeps of a text, and alike up to there.
        "TransactionAccountID": [f"4299600000{number * 7919 % 20_000:07}" for number in range(rows)],
        "ApplicationAmount": fc.Fixed.from_minor(np.repeat(draw.integers(-5, 5, rows // 100), 100), 2),
        "Specification": [("", "基金", "x")[number] for number in draw.integers(0, 3, rows)],
    }
    file = ofd.OfdFile(header(), Table(columns))
    data = file.to_bytes(threads=1)
    assert data == file.to_bytes(threads=3)
    for threads in (1, 3):
        read = ofd.read(data, threads=threads).table
        for name in columns:
            if name == "ApplicationAmount":
                assert np.array_equal(read[name].minor, file.table[name].minor)
            else:
                assert np.array_equal(read[name].codes, file.table[name].codes)
                assert read[name].dictionary == file.table[name].dictionary


def record(number: int, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """A change of one record."""

    def changed(data: bytes) -> bytes:
        lines = data.split(b"\r\n")
        lines[FIRST_LINE - 1 + number] = change(lines[FIRST_LINE - 1 + number])
        return b"\r\n".join(lines)

    return changed


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def changed(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return changed


STRUCTURAL: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "empty": (lambda data: b"", 1, "no OFD file"),
    "another file": (lambda data: b"PAR1" + data, 1, "no OFD file"),
    "line ends of one byte": (lambda data: data.replace(b"\r\n", b"\n"), 1, "LF"),
    "unknown version": (swap(b"\r\n21  ", b"\r\n23  "), 2, "version"),
    "version of another width": (swap(b"\r\n21  ", b"\r\n21"), 2, "version"),
    "header width": (swap(b"996      ", b"996"), 3, "creator"),
    "date": (swap(b"20170427", b"20170431"), 5, "date"),
    "unknown type": (swap(b"\r\n03\r\n", b"\r\n99\r\n"), 7, "kind"),
    "field count below": (swap(b"\r\n004\r\n", b"\r\n003\r\n"), 10, "field count"),
    "field count above": (swap(b"\r\n004\r\n", b"\r\n005\r\n"), 10, "field count"),
    "field count of no digits": (swap(b"\r\n004\r\n", b"\r\n  4\r\n"), 10, "field count"),
    "unknown field": (swap(b"FundCode", b"FundCord"), 11, "FundCord"),
    "field of another type of file": (swap(b"FundCode", b"ConfirmedVol"), 11, "ConfirmedVol"),
    "field twice": (swap(b"ValidPeriod", b"FundCode"), 13, "FundCode"),
    "record count of no digits": (swap(b"\r\n00000003\r\n", b"\r\n0000000x\r\n"), 15, "record count"),
    "fewer records": (swap(b"\r\n00000003\r\n", b"\r\n00000004\r\n"), 19, "record count"),
    "more records": (swap(b"\r\n00000003\r\n", b"\r\n00000002\r\n"), 19, "record count"),
    "no end": (lambda data: data.removesuffix(b"OFDCFEND\r\n"), 19, "OFDCFEND"),
    "cut off in a record": (lambda data: data[:-20], 18, "OFDCFEND"),
    "cut off in the header": (lambda data: data[:50], 6, "header"),
    "bytes after the end": (lambda data: data + b"\r\n", 20, "follow the end"),
    "bytes behind the end": (lambda data: data.removesuffix(b"\r\n") + b"x", 19, "follow the end"),
}

IN_A_RECORD: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "short": (record(1, lambda line: line[:-1]), 1, "short"),
    "long": (record(1, lambda line: line + b" "), 1, "long"),
    "letter in a number": (record(0, swap(b"0000010010", b"00000I0010")), 0, "ApplicationAmount"),
    "sign within a number": (record(0, swap(b"0000010010", b"00000-0010")), 0, "ApplicationAmount"),
    "number half blank": (record(0, swap(b"0000000000001001", b"            1001")), 0, "ApplicationAmount"),
    "no number but a sign": (record(1, swap(b"-000000000000005", b"-               ")), 1, "ApplicationAmount"),
    "no GB18030": (record(2, lambda line: line[:24] + b"abc\xff" + line[28:]), 2, "byte 4"),
    "half a character": (record(0, lambda line: line[:24] + b"\xbb" + b" " * 59), 0, "Specification"),
    "another writing of a character": (record(0, lambda line: line[:24] + b"\x80" + b" " * 59), 0, "Specification"),
    "control character": (record(0, lambda line: line[:24] + b"\t" + line[25:]), 0, "Specification"),
}


@pytest.mark.parametrize("on_error", ["raise", "reject"])
@pytest.mark.parametrize("name", STRUCTURAL)
def test_structural_faults_are_refused(name: str, on_error: str) -> None:
    change, line, says = STRUCTURAL[name]
    with pytest.raises(InputError, match=says) as caught:
        ofd.read(change(small().to_bytes()), on_error=on_error)
    assert (caught.value.code, caught.value.argument, caught.value.row) == ("ofd", "bytes", line)
    assert f"line {line}" in str(caught.value)


@pytest.mark.parametrize("name", IN_A_RECORD)
def test_a_fault_of_a_record_names_line_and_field(name: str) -> None:
    change, number, says = IN_A_RECORD[name]
    with pytest.raises(InputError, match=says) as caught:
        ofd.read(change(small().to_bytes()))
    assert (caught.value.code, caught.value.row) == ("ofd", FIRST_LINE + number)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("name", IN_A_RECORD)
def test_a_bad_record_is_left_out_when_asked(name: str) -> None:
    change, number, says = IN_A_RECORD[name]
    file = ofd.read(change(small().to_bytes()), on_error="reject")
    assert list(file.table.rows()) == [row for place, row in enumerate(small().table.rows()) if place != number]
    assert file.rejected["line"].tolist() == [FIRST_LINE + number]
    assert says in file.rejected["reason"][0] + file.rejected["field"][0]


def test_two_short_lines_as_long_as_one_record() -> None:
    """The file's length and its line ends stand where they would, and the records do not."""
    lines = small().to_bytes().split(b"\r\n")
    width = len(lines[FIRST_LINE])
    lines[FIRST_LINE] = b"x" * 30 + b"\r\n" + b"y" * (width - 32)
    with pytest.raises(InputError, match="record count"):
        ofd.read(b"\r\n".join(lines))


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ofd.read(tmp_path / "none.txt")
    with pytest.raises(InputError) as caught:
        ofd.read(b"", on_error="ignore")
    assert caught.value.code == "choice"


@pytest.mark.parametrize(
    ("column", "row", "says"),
    [
        ({"FundCode": ["000198", "0001980"]}, 1, "7 bytes"),
        ({"Specification": ["天" * 31]}, 0, "62 bytes"),
        ({"FundCode": ["", "a\nb"]}, 1, "control"),
        ({"FundCode": ["x "]}, 0, "blank"),
        ({"FundCode": ["\ue5e5"]}, 0, "U\\+E5E5"),
        ({"ApplicationAmount": fc.Fixed.from_minor(np.array([1, 10**16]), 2)}, 1, "16 digits"),
        ({"ApplicationAmount": fc.Fixed.from_minor(np.array([-(10**15)]), 2)}, 0, "minus"),
        ({"ValidPeriod": np.array([99, 100])}, 1, "2 digits"),
    ],
)
def test_what_does_not_fit_is_refused(column: dict[str, Any], row: int, says: str) -> None:
    file = ofd.OfdFile(header(), Table(column))
    with pytest.raises(InputError, match=says) as caught:
        file.to_bytes()
    (name,) = column
    assert (caught.value.code, caught.value.argument, caught.value.row) == ("ofd-value", name, row)


def test_a_text_that_no_row_has_may_be_anything() -> None:
    table = Table({"FundCode": ["000198", "much too long"]}).filter([True, False])
    assert len(ofd.read(ofd.OfdFile(header(), table).to_bytes()).table) == 1


@pytest.mark.parametrize(
    ("columns", "error", "code"),
    [
        ({"Fund": ["000198"]}, InputError, "column"),
        ({}, InputError, "column"),
        ({"FundCode": np.array([198])}, InputTypeError, "dtype"),
        ({"ApplicationAmount": np.array([198])}, InputTypeError, "dtype"),
        ({"ValidPeriod": fc.Fixed.parse(["1"])}, InputTypeError, "dtype"),
        ({"ApplicationAmount": fc.Fixed.parse(["0.001"])}, InputError, "ofd-value"),
    ],
)
def test_columns_that_the_file_has_not(columns: dict[str, Any], error: type[Exception], code: str) -> None:
    with pytest.raises(error) as caught:
        ofd.OfdFile(header(), Table(columns))
    assert caught.value.code == code  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "given",
    [
        {"version": 23},
        {"version": True},
        {"date": "2017-04-27"},
        {"kind": "99"},
        {"creator": 996},
    ],
)
def test_headers_that_are_none(given: dict[str, Any]) -> None:
    whole = {"version": 21, "creator": "996", "receiver": "H0", "date": DAY}
    with pytest.raises(InputError) as caught:
        ofd.OfdHeader(**{**whole, **given})
    assert caught.value.code == "ofd-value"


def test_a_header_that_does_not_fit_writes_nothing(tmp_path: Path) -> None:
    file = ofd.OfdFile(header(recipient="too long a code"), small().table)
    with pytest.raises(InputError) as caught:
        file.write(tmp_path / "orders.txt")
    assert caught.value.argument == "header.recipient"
    assert list(tmp_path.iterdir()) == []


# ---- orders ----


def order_file(**changed: Any) -> ofd.OfdFile:
    columns: dict[str, Any] = {
        "AppSheetSerialNo": ["1", "2", "3", "4"],
        "FundCode": ["000198"] * 4,
        "LargeRedemptionFlag": ["", "0", "1", ""],
        "TransactionDate": ["20170427"] * 4,
        "TransactionTime": ["145959", "150000", "", "000000"],
        "TransactionAccountID": ["T1", "T2", "T3", "T4"],
        "DistributorCode": ["996"] * 4,
        "ApplicationVol": fc.Fixed.parse(["1.00", "7.50", "2.00", "3.00"]),
        "ApplicationAmount": fc.Fixed.parse(["10.01", "0.00", "5.00", "0.00"]),
        "BusinessCode": ["022", "024", "036", "020"],
        "TAAccountID": ["A1", "A2", "A3", "A4"],
        "DiscountRateOfCommission": fc.Fixed.parse(["0.1000", "0", "0", "0"]),
        "CurrencyType": ["156", "", "840", "999"],
        "CodeOfTargetFund": ["", "", "000961", ""],
        "ShareClass": ["", "0", "1", ""],
        **changed,
    }
    return ofd.OfdFile(header(), Table({name: column for name, column in columns.items() if column is not None}))


def test_orders_of_a_file() -> None:
    orders = ofd.to_orders(order_file())
    assert orders["kind"].to_list() == ["subscribe", "redeem", "switch", "020"]
    assert orders["quantity"].to_strings() == ["10.01", "7.50", "2.00", "3.00"]
    assert orders["on_gate"].to_list() == ["defer", "cancel", "defer", "defer"]
    assert orders["charge"].to_list() == ["front", "front", "back", "front"]
    assert orders["target_fund"].to_list() == ["", "", "000961", ""]
    assert orders["discount"].to_strings()[:2] == ["0.10000000", "0.00000000"]
    assert orders["account"].to_list() == ["A1", "A2", "A3", "A4"]
    assert orders["order_id"].to_list() == ["1", "2", "3", "4"]
    assert [str(moment) for moment in orders["placed_at"].astype("datetime64[s]")] == [
        "2017-04-27T14:59:59",
        "2017-04-27T15:00:00",
        "NaT",
        "2017-04-27T00:00:00",
    ]
    assert ofd.currencies(order_file()).to_list() == ["CNY", "", "USD", "999"]


def test_an_order_of_the_offer_period_is_rejected() -> None:
    file = order_file(BusinessCode=["022", "022", "039", "020"], TransactionTime=["145959"] * 4, ShareClass=None)
    terms = fc.Terms([fc.Fund("000198", currency="CNY")])
    day = fc.clear(ofd.to_orders(file), terms=terms, prices={"000198": "1.0000"}, date=DAY)
    assert {row["order_id"]: row["reason"] for row in day.rejections.rows()} == {
        "2": "quantity-not-positive",
        "4": "unsupported-kind",
    }
    sent = ofd.confirmations(day, header(recipient="996")).table
    by_id = {row["AppSheetSerialNo"]: row for row in sent.rows()}
    assert [by_id[number]["BusinessCode"] for number in "1234"] == ["122", "122", "139", "120"]
    assert [by_id[number]["ReturnCode"] for number in "1234"] == ["0000", "9006", "0000", "9003"]


def test_files_with_few_fields() -> None:
    few = order_file(**dict.fromkeys(("AppSheetSerialNo", "TransactionTime", "DistributorCode", "ApplicationVol")))
    orders = ofd.to_orders(few)
    assert orders["distributor"].to_list() == ["996"] * 4
    assert orders["quantity"].to_strings() == ["10.01", "0.00", "0.00", "0.00"]
    assert "placed_at" not in orders
    with pytest.raises(InputError, match="TAAccountID"):
        ofd.to_orders(order_file(TAAccountID=None))
    with pytest.raises(InputError, match="ApplicationAmount"):
        ofd.to_orders(order_file(ApplicationAmount=None, ApplicationVol=None))
    with pytest.raises(InputError, match="no order file"):
        ofd.to_orders(ofd.OfdFile(header("05"), Table({"FundCode": ["000198"]})))


NO_ORDERS: list[tuple[dict[str, Any], str]] = [
    ({"TransactionDate": ["20170427", "20170431", "20170427", "20170427"]}, "'20170431' is no date"),
    ({"TransactionDate": ["20170427", "2017", "", ""]}, "'2017' is no date"),
    ({"TransactionTime": ["145959", "240000", "", ""]}, "'240000' is no time"),
    ({"TransactionTime": ["145959", "9", "", ""]}, "'9' is no time"),
    ({"LargeRedemptionFlag": ["0", "2", "1", ""]}, "'2' is no flag"),
    ({"ShareClass": ["0", "A", "1", ""]}, "'A' is no share class"),
]


@pytest.mark.parametrize(("changed", "says"), NO_ORDERS)
def test_a_record_that_is_no_order_names_line_and_field(changed: dict[str, Any], says: str, tmp_path: Path) -> None:
    (field,), file = changed, order_file(**changed)
    line = 11 + len(file.table.columns) + 1 + 1
    file.write(tmp_path / "orders.txt")
    path = str(tmp_path / "orders.txt")
    for given, name in ((file, "file"), (ofd.read(path), path), (ofd.read(file.to_bytes()), "bytes")):
        with pytest.raises(InputError, match=says) as caught:
            ofd.to_orders(given)
        assert (caught.value.code, caught.value.argument, caught.value.row) == ("ofd", name, line)
        assert f"{name}, line {line}, {field}: " in str(caught.value)


@pytest.mark.parametrize(("changed", "says"), NO_ORDERS)
def test_a_record_that_is_no_order_is_left_out_when_asked(changed: dict[str, Any], says: str) -> None:
    """The record before cannot be read at all; both are listed, by line, and the others are as they were."""
    file = order_file(**changed)
    data = file.to_bytes().replace(b"0000000000001001", b"00000000000O1001")
    read = ofd.read(data, on_error="reject")
    kept = ofd.screened(read)
    first = 11 + len(file.table.columns) + 1
    assert read.lines.tolist() == [first + 1, first + 2, first + 3]
    assert kept.lines.tolist() == [first + 2, first + 3]
    assert kept.rejected["line"].tolist() == [first, first + 1]
    assert kept.rejected["field"].to_list() == ["ApplicationAmount", *changed]
    assert says in kept.rejected["reason"][1]
    assert list(kept.table.rows()) == list(file.table.rows())[2:]
    assert ofd.to_orders(kept)["order_id"].to_list() == ["3", "4"]
    assert ofd.currencies(kept).to_list() == ["USD", "999"]
    assert ofd.screened(kept) is kept


def test_of_several_faults_of_a_record_the_first_field_is_named() -> None:
    changed = {"ShareClass": ["x", "", "", "y"], "LargeRedemptionFlag": ["z", "", "", ""]}
    kept = ofd.screened(order_file(**changed))
    assert kept.rejected["field"].to_list() == ["LargeRedemptionFlag", "ShareClass"]
    assert len(kept.table) == 2
    assert len(ofd.to_orders(ofd.screened(order_file(ShareClass=["x"] * 4)))) == 0


def test_what_no_row_says_is_nobodys_fault() -> None:
    file = order_file(LargeRedemptionFlag=["9", "0", "", ""])
    rest = ofd.OfdFile(file.header, file.table.filter([False, True, True, True]))
    assert len(ofd.to_orders(rest)) == 3
