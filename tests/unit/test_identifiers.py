"""Keys of identifiers: integers are their own, and those of texts compare as their UTF-8 bytes do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import fundclear as fc
from fundclear.columns import Labels
from fundclear.identifiers import Domain

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda text: not text.endswith("\0"))
PREFIXED = st.lists(st.one_of(TEXT, TEXT.map("account-no-".__add__)), max_size=30)


def _is_spelled(texts: set[str]) -> bool:
    """Whether a domain of these has the integers that they spell as keys."""
    widths = {len(text) for text in texts}
    return len(widths) == 1 and 0 < min(widths) <= 18 and all(set(text) <= set("0123456789") for text in texts)


@given(PREFIXED, PREFIXED, st.booleans())
def test_keys_are_ranks_among_the_bytes(one: list[str], other: list[str], with_absent: bool) -> None:
    columns = Labels.of(one), Labels.of(other)
    domain = Domain.of("account", *columns, *[None] * with_absent)
    known = {*one, *other, *([""] if with_absent and (one or other) else [])}
    assume(not _is_spelled(known))
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


DIGITS = st.integers(1, 18).flatmap(lambda width: st.lists(st.text("0123456789", min_size=width, max_size=width)))


@given(DIGITS.filter(bool))
def test_keys_of_digits_are_what_they_spell(texts: list[str]) -> None:
    column = Labels.of(texts)
    domain = Domain.of("account", column)
    keys = domain.keys(column)
    assert isinstance(keys, np.ndarray)
    assert keys.tolist() == [int(text) for text in texts]
    assert domain.restore(keys).to_list() == texts
    assert [domain.key(text) for text in texts] == keys.tolist()
    assert [domain.text(key) for key in keys.tolist()] == texts
    assert (domain.key("x"), domain.key(int(texts[0])), domain.is_text) == (None, None, True)


@pytest.mark.parametrize(
    "texts", [["7", "42"], ["007", "04x"], ["1234567890123456789"], ["\u0661\u0662"], ["-1", "12"], [""]]
)
def test_other_texts_keep_their_ranks(texts: list[str]) -> None:
    column = Labels.of(texts)
    ordered = sorted(texts, key=str.encode)
    assert Domain.of("account", column).keys(column).tolist() == [ordered.index(text) for text in texts]


def test_digits_beside_an_absent_column_keep_their_ranks() -> None:
    column = Labels.of(["0042", "0007"])
    domain = Domain.of("account", column, None)
    assert (domain.keys(column).tolist(), domain.text(0)) == ([2, 1], "")


def test_a_text_that_no_row_has_decides_nothing() -> None:
    column = Labels.of(["x", "0042", "0007"])[1:]
    domain = Domain.of("account", column)
    assert (domain.keys(column).tolist(), domain.key("x")) == ([42, 7], None)


def test_a_day_gives_back_accounts_of_digits_as_they_came(tmp_path: Path) -> None:
    accounts = [f"{number:08}" for number in (12_345, 7, 99_999_999, 0)]
    orders = fc.Orders(
        account=accounts, fund="000198", kind="subscribe", amount=["10.00"] * 4, order_id=["004", "003", "002", "001"]
    )
    terms = fc.Terms([fc.Fund("000198", currency="CNY")])
    day = fc.clear(orders, terms=terms, prices={"000198": "1.1688"}, date="2017-04-27")
    told = dict(zip(day.confirmations["account"], day.confirmations["order_id"], strict=True))
    assert told == dict(zip(accounts, ["004", "003", "002", "001"], strict=True))
    assert list(day.positions["account"]) == sorted(accounts)
    day.write(tmp_path / "day")
    assert list(fc.open_day(tmp_path / "day").positions["account"]) == sorted(accounts)
    assert fc.verify(tmp_path / "day").findings == ()
