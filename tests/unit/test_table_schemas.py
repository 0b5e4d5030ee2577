"""Every table of a day has the columns of its schema, however it is made."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import fundclear as fc
from fundclear.columns import Labels
from fundclear.schemas import ColumnSpec
from fundclear.tables import TypedTable

KINDS: list[type[TypedTable]] = sorted(TypedTable.__subclasses__(), key=lambda kind: kind.__name__)

SAMPLES: dict[str, Any] = {
    "id": ["a", "b"],
    "text": ["x", "y"],
    "money": ["1.5", "0"],
    "integer": [1, 0],
    "date": ["2017-04-27", "2017-04-28"],
    "instant": ["2017-04-27T10:00:00Z", "2017-04-28T10:00:00Z"],
}


def sample(spec: ColumnSpec) -> Any:
    return list(spec.among[-2:]) if spec.among else SAMPLES[spec.kind]


def filled(kind: type[TypedTable], *, all_columns: bool = True) -> TypedTable:
    return kind(**{spec.name: sample(spec) for spec in kind.columns_of if all_columns or spec.required})


def test_all_tables_are_there() -> None:
    assert len(KINDS) == 12
    assert all(getattr(fc, kind.__name__) is kind for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_round_trips(kind: type[TypedTable]) -> None:
    table = filled(kind)
    assert table.columns == tuple(spec.name for spec in kind.columns_of)
    again = kind.from_arrow(table)
    assert type(again) is kind
    assert (again.schema, list(again.rows())) == (table.schema, list(table.rows()))
    columns = {name: table[name] for name in reversed(table.columns)}
    utc = [name for name in table.columns if table.is_utc(name)]
    same = kind.from_columns(columns, utc)
    assert (same.schema, list(same.rows())) == (table.schema, list(table.rows()))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_required_is_all_that_is_needed(kind: type[TypedTable]) -> None:
    names = tuple(spec.name for spec in kind.columns_of if spec.required)
    assert filled(kind, all_columns=False).columns == kind.empty().columns == names
    assert len(kind.empty()) == 0
    for name in names:
        left = {other: SAMPLES["id"] for other in names if other != name}
        with pytest.raises((fc.InputError, TypeError)) as failure:
            kind(**left)
        assert name in str(failure.value)


@pytest.mark.parametrize("kind", KINDS)
def test_the_signature_names_the_columns(kind: type[TypedTable]) -> None:
    parameters = inspect.signature(kind).parameters
    assert {spec.name for spec in kind.columns_of} <= set(parameters)
    assert all(spec.says.endswith(".") and len(spec.says) < 100 for spec in kind.columns_of)


def test_columns_of_another_type_or_name_are_refused() -> None:
    good: dict[str, Any] = {
        "account": np.array([1]),
        "fund": Labels.of(["f"]),
        "units": fc.Fixed.parse(["1"]),
    }
    fc.Positions.from_columns(good)
    refused: list[tuple[dict[str, Any], str, str]] = [
        ({"units": np.array([1])}, "dtype", "units"),
        ({"account": np.array([1], np.int32)}, "dtype", "account"),
        ({"account": ["A"]}, "dtype", "account"),
        ({"unit": np.array([1])}, "column", "unit"),
        ({"account": np.array([1, 2])}, "length", "fund"),
    ]
    for more, code, argument in refused:
        with pytest.raises(fc.FundclearError) as failure:
            fc.Positions.from_columns({**good, **more})
        assert (failure.value.code, failure.value.argument) == (code, argument)


def test_columns_are_put_in_the_place_of_others() -> None:
    events = filled(fc.Events, all_columns=False)
    ruled = events.with_columns(reason=["", "gate"], status=Labels.of(["confirmed", "rejected"]))
    assert ruled.columns == (*events.columns, "status", "reason")
    assert ruled.filter(ruled["status"] == "rejected")["reason"].to_list() == ["gate"]
    with pytest.raises(fc.InputError):
        events.with_columns(colour=["red", "blue"])
    with pytest.raises(fc.InputError) as failure:
        events.with_columns(reason=["gate"])
    assert failure.value.code == "length"
