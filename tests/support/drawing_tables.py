"""Typed tables of every kind, drawn column by column from their schemas."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from hypothesis import strategies as st

import fundclear as fc
from fundclear.columns import Labels
from fundclear.schemas import ColumnSpec
from fundclear.tables import Flows, Income, Obligations, Payments, Postings, Settlement, TypedTable

#: Every kind of typed table.
KINDS: Final[tuple[type[TypedTable], ...]] = (
    fc.Orders,
    fc.Positions,
    fc.Lots,
    fc.Events,
    fc.FundDays,
    fc.Confirmations,
    Flows,
    Obligations,
    Settlement,
    Payments,
    Postings,
    Income,
)

_LARGEST: Final = 10**18 - 1
_DAYS: Final = st.integers(-719_162, 2_932_896)
_INSTANTS: Final = st.integers(-719_162 * 86_400 * 10**6, 2_932_897 * 86_400 * 10**6 - 1)

#: Texts that a format could trip over: separators, quotes, line ends, blanks, digits, other scripts.
_TEXTS: Final = st.one_of(
    st.sampled_from(
        ["", "000198", '"', '""', ",", "\n", "\r", "\r\n", " a ", "余额宝", "\ufeff", "NULL", "-1", "a\tb", "'"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
)

#: Texts of a column that means something else by some of them.
_KINDS_OF_ORDERS: Final = st.sampled_from(["subscribe", "periodic", "redeem", "switch", "other", "a,b", 'a"b'])


@st.composite
def tables(draw: st.DrawFn, kind: type[TypedTable]) -> TypedTable:
    """A table of a kind with any of its optional columns and any number of rows."""
    rows = draw(st.integers(0, 6))
    columns: dict[str, Any] = {}
    utc = set()
    for spec in kind.columns_of:
        if spec.required or draw(st.booleans()):
            columns[spec.name] = draw(_column(kind, spec, rows))
            values = columns[spec.name]
            if spec.kind == "instant" and not np.isnat(values).all() and draw(st.booleans()):
                utc.add(spec.name)
    return kind.from_columns(columns, utc)


def _column(kind: type[TypedTable], spec: ColumnSpec, rows: int) -> st.SearchStrategy[Any]:
    def many(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
        return st.lists(values, min_size=rows, max_size=rows)

    def array(values: st.SearchStrategy[int], dtype: str) -> st.SearchStrategy[Any]:
        return many(values).map(lambda found: np.array(found, dtype=np.int64).view(dtype))

    if spec.kind == "money":
        # A file of texts that has no row has no scale either.
        scales = st.just(0 if rows == 0 and spec.scale is None else spec.scale)
        if spec.scale is None and rows:
            scales = st.integers(0, 18)
        return scales.flatmap(
            lambda scale: array(st.integers(-_LARGEST, _LARGEST), "int64").map(
                lambda minor: fc.Fixed.from_minor(minor, scale or 0)
            )
        )
    if spec.kind == "integer":
        return array(st.integers(-(2**63), 2**63 - 1), "int64")
    if spec.kind in ("date", "instant"):
        within = _DAYS if spec.kind == "date" else _INSTANTS
        missing = st.nothing() if spec.required else st.just(np.iinfo(np.int64).min)
        return array(st.one_of(within, missing), "datetime64[D]" if spec.kind == "date" else "datetime64[us]")
    if spec.among:
        texts: st.SearchStrategy[str] = st.sampled_from(spec.among)
    elif kind is fc.Orders and spec.name == "kind":
        texts = _KINDS_OF_ORDERS
    else:
        texts = _TEXTS
    labels = many(texts).map(Labels.of)
    if spec.kind == "id" and rows:
        return st.one_of(labels, array(st.integers(-(2**63), 2**63 - 1), "int64"))
    return labels


def integers_of(table: TypedTable) -> list[str]:
    """The columns of identifiers that are integers."""
    specs = {spec.name: spec for spec in table.columns_of}
    return [n for n in table.columns if specs[n].kind == "id" and not isinstance(table[n], Labels)]


def assert_same(found: TypedTable, wanted: TypedTable) -> None:
    """The two have the same columns of the same types with the same values."""
    assert type(found) is type(wanted)
    assert found.columns == wanted.columns
    for name in wanted.columns:
        ours, theirs = found[name], wanted[name]
        if isinstance(theirs, fc.Fixed):
            assert isinstance(ours, fc.Fixed)
            assert ours.equals(theirs), name
        elif isinstance(theirs, Labels):
            assert isinstance(ours, Labels)
            assert ours.to_list() == theirs.to_list(), name
        else:
            assert ours.dtype == theirs.dtype, name
            np.testing.assert_array_equal(ours, theirs, err_msg=name)
        assert found.is_utc(name) == wanted.is_utc(name), name
