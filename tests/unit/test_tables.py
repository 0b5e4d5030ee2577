"""The table: named columns that never change, rows by name, and a repr that shows decimals and cuts long tables."""

from __future__ import annotations

import copy
import pickle
import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import fundclear as fc
from fundclear.tables import Table


@pytest.fixture
def table() -> Table:
    return Table(
        {
            "account": ["A-1", "B-7", "C-3"],
            "amount": fc.Fixed.parse(["50000.00", "-0.05", "0.00"]),
            "lot": [1, 12, 3],
            "kind": np.array([22, 24, 22], dtype=np.uint8),
        }
    )


def test_columns_and_schema(table: Table) -> None:
    assert table.columns == ("account", "amount", "lot", "kind")
    assert table.schema == {"account": "text", "amount": "decimal(18, 2)", "lot": "int64", "kind": "uint8"}
    assert len(table) == 3
    assert "amount" in table
    assert "Amount" not in table


def test_a_column_by_name(table: Table) -> None:
    assert table["amount"].equals(["50000.00", "-0.05", "0.00"])
    assert table["account"].tolist() == ["A-1", "B-7", "C-3"]
    assert table["kind"].dtype == np.uint8
    for name in ("units", 0, [1]):
        with pytest.raises(KeyError, match="there are account, amount, lot, kind"):
            table[name]  # type: ignore[index]


def test_rows_by_name(table: Table) -> None:
    assert table.row(1) == {"account": "B-7", "amount": Decimal("-0.05"), "lot": 12, "kind": 24}
    assert table.row(-3) == table.row(0)
    assert [type(value) for value in table.row(0).values()] == [str, Decimal, int, int]
    with pytest.raises(IndexError):
        table.row(3)


def test_head_and_filter(table: Table) -> None:
    assert table.head(2)["lot"].tolist() == [1, 12]
    assert len(table.head()) == 3
    assert len(table.head(0)) == 0
    assert table.filter(table["amount"] < "1.00")["account"].tolist() == ["B-7", "C-3"]
    assert table.filter([True, False, True])["amount"].to_strings() == ["50000.00", "0.00"]
    assert len(Table({"lot": np.empty(0, np.int64)}).filter([])) == 0
    refused: list[tuple[Any, str]] = [([True], "length"), ([0, 1, 2], "dtype"), (["a", "b", "c"], "dtype")]
    refused += [(np.ones((3, 1), bool), "length"), (np.ones(3), "dtype")]
    for mask, code in refused:
        with pytest.raises(fc.FundclearError) as failure:
            table.filter(mask)
        assert failure.value.code == code
    with pytest.raises(fc.InputError):
        table.head(-1)


def test_a_table_never_changes(table: Table) -> None:
    with pytest.raises(AttributeError):
        table.columns = ()  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del table._rows
    with pytest.raises(TypeError):
        table["lot"] = [1, 2, 3]  # type: ignore[index]
    for name in ("account", "lot"):
        with pytest.raises(ValueError, match="read-only"):
            table[name][0] = table[name][1]
    with pytest.raises(TypeError):
        iter(table)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        hash(table)


def test_the_callers_array_stays_writable_and_is_seen() -> None:
    lots = np.array([1, 2, 3])
    table = Table({"lot": lots})
    lots[0] = 9
    assert table["lot"].tolist() == [9, 2, 3]


@pytest.mark.parametrize("again", [lambda table: pickle.loads(pickle.dumps(table)), copy.copy, copy.deepcopy])
def test_pickled_and_copied(table: Table, again: Any) -> None:
    other = again(table)
    assert other.schema == table.schema
    assert [other.row(i) for i in range(3)] == [table.row(i) for i in range(3)]


REFUSED: list[tuple[Any, str, int | None]] = [
    ([1, "a"], "label", 1),
    (["a", 1], "label", 1),
    (["a", None], "label", 1),
    ([1, True], "label", 1),
    ([1.5], "label", 0),
    ([Decimal(1)], "label", 0),
    (["a", "b\0"], "label", 1),
    (np.array(["a", None], dtype=object), "label", 1),
    ([1, 2**63], "argument", None),
    (np.array([1.5, 2.5]), "dtype", None),
    (np.array([True, False]), "dtype", None),
    (np.array([b"a", b"b"]), "dtype", None),
    (np.array([1, 2], dtype=">i8"), "byte-order", None),
    (np.array([[1], [2]]), "dimensions", None),
    (np.ma.masked_array([1, 2], [False, True]), "null", 1),
    ([1], "length", None),
    (fc.Fixed.parse(["1", "2", "3"]), "length", None),
]


@pytest.mark.parametrize(("values", "code", "row"), REFUSED, ids=[f"{r[1]}-{i}" for i, r in enumerate(REFUSED)])
def test_what_is_no_column_is_refused(values: Any, code: str, row: int | None) -> None:
    with pytest.raises(fc.FundclearError) as failure:
        Table({"first": [1, 2], "second": values})
    assert (failure.value.code, failure.value.argument, failure.value.row) == (code, "second", row)


@pytest.mark.parametrize("name", [1, None, b"lot", "lot\0"])
def test_names_are_texts(name: Any) -> None:
    with pytest.raises(fc.InputError) as failure:
        Table({name: [1]})
    assert (failure.value.argument, failure.value.value) == ("columns", repr(name))


def test_the_repr_aligns_and_cuts() -> None:
    rows = np.arange(1_234)
    table = Table({"row": rows, "x": fc.Fixed.from_minor(rows * -1_000, 4), "text": np.array(["é" * 40, "a\nb"] * 617)})
    assert repr(table).splitlines() == [
        " row         x text",
        "   0    0.0000 " + "é" * 31 + "…",
        "   1   -0.1000 'a\\nb'",
        "   2   -0.2000 " + "é" * 31 + "…",
        "   3   -0.3000 'a\\nb'",
        "   4   -0.4000 " + "é" * 31 + "…",
        "   …         … …",
        "1229 -122.9000 'a\\nb'",
        "1230 -123.0000 " + "é" * 31 + "…",
        "1231 -123.1000 'a\\nb'",
        "1232 -123.2000 " + "é" * 31 + "…",
        "1233 -123.3000 'a\\nb'",
        "[1,234 rows, 3 columns]",
    ]
    assert repr(Table({})).splitlines() == ["", "[0 rows, 0 columns]"]
    assert repr(table.head(11)).count("\n") == 12


def test_the_html_repr_is_escaped() -> None:
    html = Table({"<b>": ["a&b"], "x": fc.Fixed.parse(["1.50"])})._repr_html_()
    assert html == (
        "<table><thead><tr><th>&lt;b&gt;</th><th>x</th></tr></thead>"
        "<tbody><tr><td>a&amp;b</td><td>1.50</td></tr></tbody></table><p>[1 rows, 2 columns]</p>"
    )
    assert Table({"x": np.arange(100)})._repr_html_().count("<tr>") == 12


def test_a_repr_shows_memory_that_is_no_amount() -> None:
    base = np.array([1, 2])
    table = Table({"x": fc.Fixed.from_minor(base, 2)})
    base[0] = np.iinfo(np.int64).min
    assert "-92233720368547758.08" in repr(table)


@pytest.mark.parametrize(
    ("method", "package", "extra"),
    [
        ("to_arrow", "pyarrow", "arrow"),
        ("to_pandas", "pandas", "pandas"),
        ("to_pandas", "pyarrow", "pandas"),
        ("to_polars", "polars", "polars"),
    ],
)
def test_a_missing_package_and_its_extra_are_named(
    table: Table, method: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(fc.MissingPackageError) as failure:
        getattr(table, method)()
    assert str(failure.value) == (
        f"Table.{method}() needs the package {package}, which is not installed [extra]. "
        f'Cure: pip install "fundclear[{extra}]".'
    )
    assert (failure.value.code, failure.value.name) == ("extra", package)
