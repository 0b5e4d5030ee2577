"""Orders: kinds and flags in every spelling, the measure of each kind, identifiers as they come."""

from __future__ import annotations

import pickle
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import fundclear as fc
from fundclear.columns import Labels

TWO: dict[str, Any] = {"account": [1, 2], "fund": "000198", "kind": ["subscribe", "redeem"]}


def orders(**columns: Any) -> fc.Orders:
    return fc.Orders(**{**TWO, **columns})


def refusal(**columns: Any) -> tuple[str, str | None, int | None]:
    with pytest.raises(fc.FundclearError) as failure:
        orders(**columns)
    return failure.value.code, failure.value.argument, failure.value.row


def test_only_what_is_given_is_a_column() -> None:
    assert orders(quantity=["1", "2"]).columns == ("account", "fund", "kind", "quantity")
    given = orders(quantity=["1", "2"], on_gate=["defer", "defer"], charge=["front", "back"], discount="0.4")
    assert given.columns == ("account", "fund", "kind", "quantity", "on_gate", "charge", "discount")
    assert given.get("rate") is None
    assert given["discount"].equals(["0.40000000", "0.40000000"])


def test_one_value_is_one_for_all() -> None:
    assert orders(quantity="5")["quantity"].to_strings() == ["5", "5"]
    assert orders(quantity="5")["fund"].to_list() == ["000198", "000198"]
    assert len(fc.Orders(account="A", fund=198, kind="redeem", quantity=3)) == 1
    assert fc.Orders(account=[], fund="f", kind="redeem", quantity="1", order_id=7).columns[-1] == "order_id"


def test_kinds_and_their_codes() -> None:
    kinds = ["022", "039", "024", "036", "020", "periodic"]
    made = fc.Orders(account=list(range(6)), fund=1, kind=kinds, quantity=1)["kind"]
    assert made.to_list() == ["subscribe", "periodic", "redeem", "switch", "020", "periodic"]


def test_each_kind_takes_its_measure() -> None:
    made = orders(amount=["100.00", "0"], units=["0", "7.1234"])
    assert made["quantity"].equals(["100.0000", "7.1234"])
    assert orders(kind="022", amount=["1", "2"])["quantity"].equals(["1", "2"])
    assert orders(kind="036", units=["1.5", "2"])["quantity"].equals(["1.5", "2.0"])
    other = orders(kind=["x", "x"], amount=["3", "0"], units=["0", "4"])
    assert other["quantity"].equals(["3", "4"])


def test_the_other_measure_must_be_zero() -> None:
    assert refusal(amount=["100", "5"], units=["0", "7"]) == ("measure", "amount", 1)
    assert refusal(amount=["100", "0"], units=["1", "7"]) == ("measure", "units", 0)
    assert refusal(amount=["100", "5"]) == ("measure", "amount", 1)
    assert refusal(units=["0", "5"], amount=["1"]) == ("length", "amount", None)


def test_exactly_one_way_to_give_the_quantity() -> None:
    assert refusal() == ("column", "quantity", None)
    assert refusal(quantity="1", amount="1") == ("column", "quantity", None)


def test_flags() -> None:
    flags = {"on_gate": ["", "0"], "charge": ["", "back"]}
    made = orders(quantity="1", **flags)
    assert made["on_gate"].to_list() == ["defer", "cancel"]
    assert made["charge"].to_list() == ["front", "back"]
    assert orders(quantity="1", on_gate="1")["on_gate"].to_list() == ["defer", "defer"]
    assert refusal(quantity="1", on_gate=["defer", "later"]) == ("choice", "on_gate", 1)
    assert refusal(quantity="1", charge=["side", "front"]) == ("choice", "charge", 0)


IDENTIFIERS: list[tuple[Any, list[Any]]] = [
    ([7, 2**63 - 1], [7, 2**63 - 1]),
    (np.array([7, 8], np.uint8), [7, 8]),
    ([np.int16(7), 8], [7, 8]),
    (np.array([7, 8], dtype=object), [7, 8]),
    (np.array(["b", "a"], dtype=object), ["b", "a"]),
    (np.array([b"b", b"a"]), ["b", "a"]),
    (("b", "a"), ["b", "a"]),
    (pa.array([7, 8], pa.uint64()), [7, 8]),
    (pa.array(["b", "a"], pa.large_string()), ["b", "a"]),
    (pl.Series([7, -8]), [7, -8]),
    (Labels.of(["b", "a"]), ["b", "a"]),
]


@pytest.mark.parametrize(("values", "expected"), IDENTIFIERS)
def test_identifiers_stay_what_they_are(values: Any, expected: list[Any]) -> None:
    column = orders(account=values, quantity="1")["account"]
    assert column.tolist() == expected
    assert isinstance(column, Labels) or column.dtype == np.int64


@pytest.mark.parametrize(
    ("values", "code", "row"),
    [
        ([1, 2.0], "label", 1),
        ([True, 2], "label", 0),
        (["a", 2], "label", 1),
        ([1, "a"], "label", 1),
        ([1, None], "null", 1),
        ([Decimal(1), 2], "label", 0),
        (np.array([1.0, 2.0]), "dtype", None),
        (np.array([True, False]), "dtype", None),
        (pa.array([1.0, 2.0]), "dtype", None),
        (pa.array([1, None]), "null", 1),
        (pa.array([1, 2**63], pa.uint64()), "argument", 1),
        (pl.Series([Decimal(1), Decimal(2)]), "dtype", None),
        ([1, 2**63], "argument", None),
    ],
)
def test_what_is_no_identifier_is_refused(values: Any, code: str, row: int | None) -> None:
    assert refusal(account=values, quantity="1") == (code, "account", row)


def test_money_is_never_a_float() -> None:
    assert refusal(quantity=["1", 2.0]) == ("float", "quantity", 1)
    assert refusal(quantity="1", rate=["0.015", "0.123456789"]) == ("inexact", "rate", 1)


def test_a_misspelt_argument_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        orders(quantity="1", dicount="0.4")
    with pytest.raises(TypeError, match="amont"):
        fc.Payments(amont=1)


def test_selections_stay_orders() -> None:
    made = orders(quantity=["1", "2"], placed_at=["2017-04-27T10:00:00+08:00", "2017-04-26T23:00:00Z"])
    for part in (made.head(1), made.filter([True, False]), made.rows_at([0]), pickle.loads(pickle.dumps(made)).head(1)):
        assert type(part) is fc.Orders
        assert part.is_utc("placed_at")
        assert part.row(0) == made.row(0)
    assert made.rows_at([1, 0])["account"].tolist() == [2, 1]
