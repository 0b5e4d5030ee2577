"""Columns of texts: every way in gives the same texts, numbered as they first appear, whatever the thread count."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import fundclear as fc
from fundclear.columns import Labels

TEXTS = ["b", "é", "", "a text of more than twelve bytes", "b", "乙🙂", "é"]

WAYS: dict[str, Any] = {
    "list": TEXTS,
    "tuple": tuple(TEXTS),
    "iterator": iter(TEXTS),
    "str": np.array(TEXTS),
    "object": np.array(TEXTS, dtype=object),
    "bytes": np.array([text.encode() for text in TEXTS]),
    "strided": np.array(TEXTS + TEXTS)[:7][::-1][::-1],
    "utf8": pa.array(TEXTS, pa.string()),
    "large": pa.array(TEXTS, pa.large_string()),
    "view": pa.array(TEXTS, pa.string_view()),
    "dictionary": pa.array(["unused", *TEXTS]).dictionary_encode()[1:],
    "chunks": pa.chunked_array([TEXTS[:2], [], TEXTS[2:]]),
    "sliced": pa.array(["x", *TEXTS, "y"])[1:-1],
    "polars": pl.Series(TEXTS),
    "categorical": pl.Series(TEXTS, dtype=pl.Categorical),
    "labels": Labels.of(TEXTS),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in(way: str) -> None:
    labels = Labels.of(WAYS[way])
    assert labels.to_list() == list(labels) == TEXTS
    assert labels.codes.tolist() == [0, 1, 2, 3, 0, 4, 1]
    assert labels.dictionary == ("b", "é", "", "a text of more than twelve bytes", "乙🙂")


@pytest.mark.parametrize(
    ("values", "code", "row"),
    [
        (["a", 1], "label", 1),
        (["a", None], "null", 1),
        (["a", b"b"], "label", 1),
        (["a", "b\0"], "text", 1),
        (["a", "\ud800"], "text", 1),
        (np.array(["a", "\ud800"]), "text", 1),
        (np.array([b"a", b"\xff"]), "text", 1),
        (np.array([["a"]]), "dimensions", None),
        (np.array([1]), "dtype", None),
        (pa.array([1]), "dtype", None),
        (pa.array(["a", None]), "null", 1),
        (pa.chunked_array([["a"] * 40_000, ["b", None]]), "null", 40_001),
        (pa.DictionaryArray.from_arrays([0, 1], ["a", None]), "null", 1),
        (pa.nulls(2), "null", 0),
        (b"a", "label", None),
        (7, "label", None),
    ],
)
def test_what_is_no_text_is_refused(values: Any, code: str, row: int | None) -> None:
    with pytest.raises(fc.FundclearError) as failure:
        Labels.of(values, name="fund")
    assert (failure.value.code, failure.value.argument, failure.value.row) == (code, "fund", row)


def test_a_null_may_stand_for_a_text() -> None:
    assert Labels.of(pa.array(["a", None, "b"]), default="").to_list() == ["a", "", "b"]
    assert Labels.of(pa.nulls(2), default="x").to_list() == ["x", "x"]


@pytest.mark.parametrize("distinct", [1, 256, 257, 65_536, 65_537])
def test_codes_are_as_narrow_as_they_can_be(distinct: int) -> None:
    labels = Labels.of(np.arange(distinct).astype(str))
    assert labels.codes.dtype == (np.uint8 if distinct <= 256 else np.uint16 if distinct <= 65_536 else np.int32)
    assert (labels.distinct, labels[distinct - 1]) == (distinct, str(distinct - 1))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_texts_are_numbered_as_they_first_appear(threads: int) -> None:
    numbers = np.random.default_rng(7).integers(0, 90_000, 300_000)
    first, codes = np.unique(numbers, return_index=True)[1], np.unique(numbers, return_inverse=True)[1]
    rank = np.argsort(np.argsort(first))
    for texts in (numbers.astype(str), pl.Series(numbers).cast(pl.String)):
        labels = Labels.of(texts, threads=threads)
        assert np.array_equal(labels.codes, rank[codes])
        assert labels.dictionary[:3] == tuple(str(number) for number in numbers[np.sort(first)[:3]])


def test_rows() -> None:
    labels = Labels.of(TEXTS)
    assert (labels[0], labels[-1], len(labels)) == ("b", "é", 7)
    assert labels[1:3].to_list() == ["é", ""]
    assert labels[[0, 5]].to_list() == ["b", "乙🙂"]
    assert labels[labels == "b"].to_list() == ["b", "b"]
    assert labels[[]].to_list() == []
    assert "a text of more than twelve bytes" in labels
    assert "x" not in labels
    with pytest.raises(IndexError):
        labels[7]
    for rows, code in (((0, 1), "dimensions"), ([True], "length"), (np.array([1.0]), "dtype")):
        with pytest.raises(fc.FundclearError) as failure:
            labels[rows]  # type: ignore[index]
        assert failure.value.code == code


def test_comparison() -> None:
    labels = Labels.of(["a", "b", "a"])
    assert (labels == "a").tolist() == [True, False, True]
    assert (labels != "a").tolist() == [False, True, False]
    assert (labels == "x").tolist() == [False, False, False]
    assert (labels == "\ud800").tolist() == [False, False, False]
    assert (labels == Labels.of(["b", "b", "a"])).tolist() == [False, True, True]
    assert (labels != ["b", "b", "a"]).tolist() == [True, False, False]
    assert (labels == 1) is False
    with pytest.raises(fc.InputError) as failure:
        labels == ["a"]  # noqa: B015
    assert failure.value.code == "length"


def test_a_column_never_changes() -> None:
    labels = Labels.of(["a", "b"])
    with pytest.raises(AttributeError):
        labels.codes = None  # type: ignore[assignment,misc]
    with pytest.raises(ValueError, match="read-only"):
        labels.codes[0] = 1
    with pytest.raises(TypeError):
        hash(labels)
    with pytest.raises(fc.InputTypeError):
        Labels(["a"])


@pytest.mark.parametrize("again", [lambda labels: pickle.loads(pickle.dumps(labels)), copy.copy, copy.deepcopy])
def test_pickled_and_copied(again: Any) -> None:
    labels = Labels.of(TEXTS)[2:]
    assert again(labels).to_list() == TEXTS[2:]


def test_numpy_and_the_repr() -> None:
    labels = Labels.of(["a", "bcd", "a"])
    assert np.asarray(labels).tolist() == ["a", "bcd", "a"]
    assert np.asarray(labels).dtype == np.dtype("<U3")
    assert np.asarray(Labels.of([])).tolist() == []
    assert repr(labels) == "Labels(['a', 'bcd', 'a'])"
    assert repr(Labels.of(["x"] * 9)) == "Labels(['x', 'x', 'x', ..., 'x', 'x', 'x'], rows=9)"


def test_from_codes() -> None:
    labels = Labels.from_codes(np.array([1, 0, 1]), ("a", "b"))
    assert (labels.to_list(), labels.codes.dtype) == (["b", "a", "b"], np.uint8)
    refused = [([2], ["a", "b"]), ([-1], ["a"]), ([0], []), ([0], ["a", "a"])]
    for codes, dictionary in refused:
        with pytest.raises(fc.InputError):
            Labels.from_codes(np.array(codes), dictionary)


def test_replaced_texts_fall_together() -> None:
    labels = Labels.of(["022", "subscribe", "x"]).replaced({"022": "subscribe", "039": "periodic"})
    assert (labels.to_list(), labels.dictionary) == (["subscribe", "subscribe", "x"], ("subscribe", "x"))


def test_arrow_out() -> None:
    labels = Labels.of(TEXTS)[1:]
    for theirs in (pa.array(labels), pa.chunked_array(labels).combine_chunks()):
        theirs.validate(full=True)
        assert (theirs.type, theirs.to_pylist()) == (pa.string(), TEXTS[1:])
    wanted = pa.dictionary(pa.int32(), pa.string())
    theirs = pa.array(labels, type=wanted)
    theirs.validate(full=True)
    assert (theirs.type, theirs.to_pylist()) == (wanted, TEXTS[1:])
    assert pl.Series(labels).to_list() == TEXTS[1:]
    assert pa.field(labels).type == pa.string()
