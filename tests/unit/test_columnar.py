"""Reading CSV, Parquet and Arrow IPC files as tables, and writing CSV: forms, columns, and what is refused and how."""

from __future__ import annotations

import os
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fundclear as fc
from fundclear.formats import columnar
from fundclear.table import Table

HEADER = "account,fund,kind,quantity\n"


@pytest.fixture
def csv(tmp_path: Path) -> Any:
    """Writes a file and reads it as orders, or as a table that is named."""

    def read(content: str | bytes, table: Any = fc.Orders, **more: Any) -> Any:
        path = tmp_path / "orders.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return columnar.read(path, table, **more)

    return read


def _parquet(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


# ---- CSV: what is read ----


def test_texts_become_what_the_schema_says(csv: Any) -> None:
    orders = csv(
        "account,fund,kind,quantity,order_id,placed_at,discount\n"
        "000198,000198,022,1200.50,0001,2017-04-27T10:00:00,0.1\n"
        '"A,1",000198,redeem,7,0002,2017-04-27 14:59:59.25,\n'
    )
    assert orders["account"].to_list() == ["000198", "A,1"]
    assert orders["kind"].to_list() == ["subscribe", "redeem"]
    assert orders["quantity"].equals(["1200.50", "7.00"])
    assert orders["order_id"].to_list() == ["0001", "0002"]
    assert orders.row(1)["placed_at"] == datetime(2017, 4, 27, 14, 59, 59, 250_000)
    assert orders["discount"].to_decimals() == [Decimal("0.10000000"), Decimal("0E-8")]


def test_identifiers_are_integers_where_they_are_asked_for(csv: Any) -> None:
    orders = csv(HEADER + "000198,7,redeem,1\n-5,8,redeem,1\n", integers=("account", "fund"))
    assert orders["account"].tolist() == [198, -5]
    assert orders["account"].dtype == np.int64


def test_integers_and_dates_of_the_schema(csv: Any) -> None:
    lots = csv("account,fund,number,confirmed,units,reinvested\nA,F,12,2017-04-27,1.5,\n", fc.Lots)
    assert lots.row(0)["number"] == 12
    assert lots.row(0)["confirmed"] == date(2017, 4, 27)
    assert lots.row(0)["reinvested"] == 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2017-04-27T10:00:00+08:00", datetime(2017, 4, 27, 2, tzinfo=UTC)),
        ("2017-04-27T10:00:00Z", datetime(2017, 4, 27, 10, tzinfo=UTC)),
        ("2017-04-27T10:00", datetime(2017, 4, 27, 10)),
        ("20170427T100000.5", datetime(2017, 4, 27, 10, 0, 0, 500_000)),
    ],
)
def test_instants_of_iso_8601(csv: Any, text: str, wanted: datetime) -> None:
    """The usual form is read natively, the others as the constructor reads them."""
    orders = csv(f"account,fund,kind,quantity,placed_at\nA,F,redeem,1,{text}\n")
    assert orders.row(0)["placed_at"] == wanted
    assert orders.is_utc("placed_at") is (wanted.tzinfo is not None)


def test_instants_with_and_without_a_zone_are_refused_with_their_line(csv: Any) -> None:
    rows = "A,F,redeem,1,2017-04-27T10:00:00Z\nA,F,redeem,1,2017-04-27T10:00:00\n"
    with pytest.raises(fc.InputError, match=r"line 3: .*placed_at") as caught:
        csv("account,fund,kind,quantity,placed_at\n" + rows)
    assert caught.value.code == "time-zone"


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffaccount,fund,kind,quantity\nA,F,redeem,1\nB,F,redeem,2\n",
        "account,fund,kind,quantity\r\nA,F,redeem,1\r\nB,F,redeem,2\r\n",
        "account,fund,kind,quantity\nA,F,redeem,1\nB,F,redeem,2",
        '"account","fund","kind","quantity"\n"A","F","redeem","1"\n"B","F","redeem","2"\n',
        "\n\naccount,fund,kind,quantity\n\nA,F,redeem,1\n\nB,F,redeem,2\n\n",
    ],
    ids=["byte order mark", "carriage returns", "no last line end", "quotes", "empty lines"],
)
def test_the_same_table_in_other_words(csv: Any, content: str) -> None:
    orders = csv(content)
    assert orders["account"].to_list() == ["A", "B"]
    assert orders["quantity"].equals(["1", "2"])


def test_columns_are_renamed_and_kinds_translated(csv: Any) -> None:
    orders = csv(
        "acct;x,fund,side,quantity,note\nA,F,B,1,anything\n",
        columns={"account": "acct;x", "kind": "side"},
        kinds={"B": "subscribe"},
    )
    assert orders.columns == ("account", "fund", "kind", "quantity")
    assert orders["kind"].to_list() == ["subscribe"]


def test_amount_and_units_stand_for_quantity(csv: Any) -> None:
    orders = csv("account,fund,kind,amount,units\nA,F,subscribe,10.00,\nA,F,redeem,,2.5\n")
    assert orders["quantity"].equals(["10.00", "2.50"])


def test_a_file_of_many_parts_is_read_in_order(csv: Any) -> None:
    """Large enough to be read in parts, by several threads."""
    rows = 300_000
    content = HEADER + "".join(f"A{row},000198,redeem,{row}.25\n" for row in range(rows))
    orders = csv(content, threads=3)
    assert len(orders) == rows
    assert orders["account"][rows - 1] == f"A{rows - 1}"
    np.testing.assert_array_equal(orders["quantity"].minor, np.arange(rows) * 100 + 25)
    with pytest.raises(fc.InputError, match=f"line {rows + 2}: it has 1 values"):
        csv(content + "A\n", threads=3)
    with pytest.raises(fc.InputError, match=f"line {rows + 2}: .*quantity"):
        csv(content + "A,F,redeem,1.2.3\n", threads=3)


def test_a_header_alone_is_a_table_without_rows(csv: Any) -> None:
    assert len(csv(HEADER)) == 0


# ---- CSV: what is refused ----


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1: the file is empty"),
        ("\n\n", "line 1: the file is empty"),
        ("account,fund,account\n", 'line 1: its columns 1 and 3 are both called "account"'),
        (HEADER + "A,F,redeem\n", "line 2: it has 3 values where the header names 4 columns"),
        (HEADER + "A,F,redeem,1\n\nA,F,redeem,1,2\n", "line 4: it has more than 4 values"),
        (HEADER + '"A\nB",F,redeem,1\nA,F\n', "line 4: it has 2 values"),
        (HEADER + 'A,F,redeem,"1\n', "line 2: a quote is opened and never closed"),
        ("ACCOUNT".encode("utf-16").decode("latin-1").encode("latin-1"), "line 1: it is UTF-16"),
        (HEADER.encode() + b"A,F,redeem,1\nA,\xd3\xe0,redeem,1\n", 'line 3: column "fund": byte 1 is not UTF-8'),
        (b"a\xff,b\n1,2\n", "line 1: the name of column 1 is not UTF-8"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(csv: Any, content: str | bytes, said: str) -> None:
    with pytest.raises(fc.InputError) as caught:
        csv(content)
    assert caught.value.code == "file"
    assert "orders.csv cannot be read" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("row", "code", "said"),
    [
        ("A,F,redeem,", "null", "orders.csv, line 3: quantity[1]"),
        ("A,F,redeem,1e3", "stray", "orders.csv, line 3: quantity[1] is '1e3'"),
        ('A,F,redeem,"1,000.00"', "stray", "orders.csv, line 3: quantity[1] is '1,000.00'"),
        ("A,F,redeem,1234567890123456789", "overflow", "orders.csv, line 3: quantity[1]"),
    ],
)
def test_a_bad_value_is_refused_with_its_line(csv: Any, row: str, code: str, said: str) -> None:
    with pytest.raises(fc.FundclearError) as caught:
        csv(HEADER + "A,F,redeem,1\n" + row + "\n")
    assert caught.value.code == code
    assert caught.value.row == 1
    assert said in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).code == code


def test_the_line_counts_line_ends_within_quotes(csv: Any) -> None:
    with pytest.raises(fc.InputError, match="line 5: quantity"):
        csv(HEADER + '"A\nB",F,redeem,1\n\nA,F,redeem,x\n')


def test_the_name_in_the_file_is_told(csv: Any) -> None:
    with pytest.raises(fc.InputError, match="line 2, column 'qty': quantity"):
        csv("account,fund,kind,qty\nA,F,redeem,x\n", columns={"quantity": "qty"})


def test_missing_and_misspelt_columns(csv: Any) -> None:
    with pytest.raises(fc.InputError, match=r"orders\.csv: fund: Orders need this column"):
        csv("account,kind,quantity\nA,redeem,1\n")
    with pytest.raises(fc.InputError, match=r"orders\.csv: acount: is it the column 'account'"):
        csv("acount,fund,kind,quantity\nA,F,redeem,1\n")
    with pytest.raises(fc.InputError, match=r"orders\.csv: .*acct.*no such column"):
        csv(HEADER, columns={"account": "acct"})


@pytest.mark.parametrize("text", ["1.0", "+1", "x", " 1", "9223372036854775808"])
def test_what_is_no_integer(csv: Any, text: str) -> None:
    with pytest.raises(fc.InputError, match=r'line 2: column "account": .* is no integer'):
        csv(HEADER + f"{text},F,redeem,1\n", integers=("account",))


def test_arguments_that_make_no_sense(csv: Any, tmp_path: Path) -> None:
    with pytest.raises(fc.InputError, match="no column of identifiers"):
        csv(HEADER, integers=("quantity",))
    with pytest.raises(fc.InputError, match="nothing: Orders have no such column"):
        csv(HEADER, integers=("nothing",))
    with pytest.raises(fc.InputError, match="writes its decimals"):
        csv(HEADER, scale=2)
    with pytest.raises(fc.InputError, match="only orders have them"):
        csv("account,fund,units\n", fc.Positions, kinds={"B": "subscribe"})
    with pytest.raises(fc.InputError, match="name its format"):
        columnar.read(tmp_path / "orders.txt", fc.Orders)
    with pytest.raises(fc.InputError, match="there are csv, parquet and ipc"):
        columnar.read(tmp_path / "orders.txt", fc.Orders, format="xlsx")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for name in ("a.csv", "a.parquet", "a.arrow"):
        with pytest.raises(FileNotFoundError):
            columnar.read(tmp_path / name, fc.Orders)


def test_the_format_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "orders.txt"
    path.write_text(HEADER + "A,F,redeem,1\n")
    assert len(columnar.read(path, fc.Orders, format="csv")) == 1


# ---- Parquet and Arrow ----


def test_nulls_are_defaults_or_refused(tmp_path: Path) -> None:
    columns = {"account": ["A", "B"], "fund": ["F", "F"], "kind": ["redeem"] * 2, "quantity": ["1", "2"]}
    path = _parquet(tmp_path / "a.parquet", **columns, distributor=pa.array(["D", None]))
    assert columnar.read(path, fc.Orders)["distributor"].to_list() == ["D", ""]
    path = _parquet(tmp_path / "b.parquet", **columns, order_id=pa.array(["D", None]))
    with pytest.raises(fc.InputError, match=r"b\.parquet: order_id\[1\] is missing"):
        columnar.read(path, fc.Orders)
    path = _parquet(tmp_path / "c.parquet", **columns, distributor=pa.nulls(2))
    assert columnar.read(path, fc.Orders)["distributor"].to_list() == ["", ""]


def test_types_that_are_not_those_of_the_column(tmp_path: Path) -> None:
    columns = {"account": ["A"], "fund": ["F"], "kind": ["redeem"]}
    path = _parquet(tmp_path / "a.parquet", **columns, quantity=[1.5])
    with pytest.raises(fc.InputTypeError, match=r"a\.parquet: quantity\[0\] is a float"):
        columnar.read(path, fc.Orders)
    path = _parquet(tmp_path / "b.parquet", **columns, quantity=[[1]])
    with pytest.raises(fc.InputTypeError, match=r"b\.parquet: quantity"):
        columnar.read(path, fc.Orders)
    path = _parquet(tmp_path / "c.parquet", **columns, quantity=["1"], note=[[1]])
    assert len(columnar.read(path, fc.Orders)) == 1


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint16"])
def test_integers_are_money_only_with_a_scale(tmp_path: Path, dtype: str) -> None:
    quantity = pa.array([150, 7], dtype)
    path = _parquet(tmp_path / "a.parquet", account=["A", "B"], fund=[1, 1], kind=["redeem"] * 2, quantity=quantity)
    with pytest.raises(fc.InputTypeError, match=r"a\.parquet: quantity"):
        columnar.read(path, fc.Orders)
    assert columnar.read(path, fc.Orders, scale=2)["quantity"].equals(["1.50", "0.07"])
    assert columnar.read(path, fc.Orders, scale={"quantity": 0})["quantity"].equals(["150", "7"])


def test_a_column_that_stands_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table([pa.array(["A"]), pa.array(["B"])], names=["account", "account"]), path)
    with pytest.raises(fc.InputError, match='its columns 1 and 2 are both called "account"'):
        columnar.read(path, fc.Orders)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_files_of_something_else(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for content in (b"", b"PAR1", b"FEA1" + b"\0" * 20, HEADER.encode() * 10, b"\xff" * 4096, b"\0" * 4096):
        path.write_bytes(content)
        with pytest.raises(fc.InputError, match=name):
            columnar.read(path, fc.Orders)


def test_the_tables_of_a_finished_day_are_inputs(tmp_path: Path) -> None:
    terms = fc.Terms([fc.Fund("000198", currency="CNY", cash_scale=2, unit_scale=2, nav_scale=4)])
    orders = fc.Orders(
        account=["A", "B"], fund="000198", kind="subscribe", quantity=["10.00", "7.50"], order_id=["1", "2"]
    )
    day = fc.clear(orders, terms=terms, prices={"000198": "1.0000"}, date="2017-04-27")
    day.write(tmp_path / "day")
    found = columnar.read(tmp_path / "day" / "positions.parquet", fc.Positions)
    assert found.columns == day.positions.columns
    assert found["units"].equals(day.positions["units"])
    found_orders = columnar.read(tmp_path / "day" / "confirmations.parquet", fc.Confirmations)
    assert found_orders["order_id"].to_list() == ["1", "2"]


# ---- CSV out ----


def test_what_is_written(tmp_path: Path) -> None:
    table = Table(
        {
            "text": ["plain", 'a "b"', "a,b", "a\nb", ""],
            "money": fc.Fixed.parse(["0.05", "-1", "123456789012345.67", "0", "-0.01"]),
            "whole": np.array([0, 255, 1, 2, 3], dtype=np.uint8),
            "date": [date(2017, 4, 27), None, date(1, 1, 1), date(9999, 12, 31), date(1969, 12, 31)],
            "at": [datetime(2017, 4, 27, 10, tzinfo=UTC), *[datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC)] * 4],
        }
    )
    path = tmp_path / "table.csv"
    columnar.write_csv(table, path)
    assert path.read_bytes().decode() == (
        "text,money,whole,date,at\n"
        "plain,0.05,0,2017-04-27,2017-04-27T10:00:00Z\n"
        '"a ""b""",-1.00,255,,1969-12-31T23:59:59.000001Z\n'
        '"a,b",123456789012345.67,1,0001-01-01,1969-12-31T23:59:59.000001Z\n'
        '"a\nb",0.00,2,9999-12-31,1969-12-31T23:59:59.000001Z\n'
        ",-0.01,3,1969-12-31,1969-12-31T23:59:59.000001Z\n"
    )


def test_an_empty_text_alone_on_its_line_is_quoted(tmp_path: Path) -> None:
    columnar.write_csv(Table({"a": ["", "x"]}), tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == 'a\n""\nx\n'


def test_a_file_is_replaced_as_a_whole_or_stays(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    columnar.write_csv(Table({"a": [1]}), path)
    far = Table({"date": np.array(["10000-01-01"], dtype="datetime64[D]")})
    with pytest.raises(fc.InputError, match=r"date\[0\] is not of the years 1 to 9999"):
        columnar.write_csv(far, path)
    assert path.read_text() == "a\n1\n"
    columnar.write_csv(Table({"a": [2]}), path)
    assert path.read_text() == "a\n2\n"
    assert os.listdir(tmp_path) == ["table.csv"]
    with pytest.raises(FileNotFoundError):
        columnar.write_csv(Table({"a": [1]}), tmp_path / "missing" / "table.csv")
