"""Keys of identifiers: integers are their own, and those of texts compare as their UTF-8 bytes do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fundclear as fc
from fundclear.columns import Labels
from fundclear.identifiers import Domain

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda text: not text.endswith("\0"))
PREFIXED = st.lists(st.one_of(TEXT, TEXT.map("account-no-".__add__)), max_size=30)


@given(PREFIXED, PREFIXED, st.booleans())
def test_keys_are_ranks_among_the_bytes(one: list[str], other: list[str], with_absent: bool) -> None:
    columns = Labels.of(one), Labels.of(other)
    domain = Domain.of("account", *columns, *[None] * with_absent)
    known = {*one, *other, *([""] if with_absent and (one or other) else [])}
    ranks = {text: rank for rank, text in enumerate(sorted(known, key=str.encode))}
    for column in columns:
        keys = domain.keys(column)
        assert keys.tolist() == [ranks[text] for text in column]
        if len(column):
            assert domain.restore(keys).to_list() == column.to_list()
    assert all(domain.key(text) == rank for text, rank in ranks.items())


@pytest.mark.parametrize("threads", [1, 2])
def test_many_texts_are_sorted_run_by_run(threads: int) -> None:
    numbers = np.random.default_rng(3).permutation(400_000)
    column = Labels.of(np.char.add("holder-", numbers.astype(str)))
    domain = Domain.of("account", column, threads=threads)
    keys = domain.keys(column)
    by_bytes = np.argsort(np.argsort(numbers.astype("S")))
    assert np.array_equal(keys, by_bytes)


def test_texts_that_no_row_has_are_not_in_the_domain() -> None:
    column = Labels.of(["c", "b", "a"])[1:]
    domain = Domain.of("account", column)
    assert (domain.keys(column).tolist(), domain.key("c"), domain.text(1)) == ([1, 0], None, "b")


def test_integers_are_their_own_keys() -> None:
    column = np.array([5, -(2**63), 2**63 - 1])
    domain = Domain.of("account", column, None)
    assert domain.keys(column) is column
    assert domain.restore(column) is column
    assert (domain.keys(None), domain.key(7), domain.key("7"), domain.text(7)) == (0, 7, None, "7")
    assert (domain.key(True), domain.is_text) == (None, False)


def test_an_absent_column_is_of_either_kind() -> None:
    texts, empty = Labels.of(["b"]), np.empty(0, np.int64)
    domain = Domain.of("distributor", None, texts, empty)
    assert (domain.keys(None), domain.keys(texts).tolist(), len(domain.keys(empty))) == (0, [1], 0)
    assert domain.text(0) == ""


@pytest.mark.parametrize("columns", [([1], ["a"]), (["a"], [1])])
def test_integers_against_texts_are_refused(columns: tuple[Any, Any]) -> None:
    made = [Labels.of(c) if isinstance(c[0], str) else np.array(c) for c in columns]
    with pytest.raises(fc.InputTypeError, match="fund mixes integers and texts") as failure:
        Domain.of("fund", *made)
    assert (failure.value.code, failure.value.argument) == ("identifier-kind", "fund")


def test_a_column_of_another_domain_is_refused() -> None:
    with pytest.raises(ValueError, match="none of those"):
        Domain.of("account", Labels.of(["a"])).keys(Labels.of(["a"]))
