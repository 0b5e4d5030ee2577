"""The exception tree: one table, every sentence can be said, every error survives pickling."""

from __future__ import annotations

import copy
import pickle
import string

import pytest

import fundclear as fc
from fundclear.errors import CODES, refuse

# Facts for every name that a sentence or a cure may use.
FACTS = {
    "kind": "redeem",
    "needed": 700,
    "memory": 512,
    "left": "0f",
    "position": 3,
    "wanted": "int64",
    "known": "a, b",
    "why": "it is read-only",
    "other": "--date",
    "date": "2017-04-27",
    "extra": "pandas",
    "first": "lots.parquet: the file is missing",
    "where": "orders.txt, line 85, FundCode",
    "scale": 2,
    "last": 4,
    "law": "A1",
    "method": "mul",
}


def test_the_tree_is_also_pythons_own() -> None:
    assert issubclass(fc.FundclearError, Exception)
    assert issubclass(fc.InputError, (fc.FundclearError, ValueError))
    assert issubclass(fc.InputTypeError, TypeError)
    assert issubclass(fc.InexactError, ArithmeticError)
    assert issubclass(fc.AmountOverflowError, OverflowError)
    assert issubclass(fc.DivisionByZeroError, ZeroDivisionError)
    assert issubclass(fc.LawError, ArithmeticError)
    assert issubclass(fc.MissingPackageError, ImportError)
    tree = (fc.InputError, fc.InputTypeError, fc.InexactError, fc.AmountOverflowError, fc.DivisionByZeroError)
    assert all(issubclass(error, fc.FundclearError) for error in (*tree, fc.LawError, fc.MissingPackageError))


@pytest.mark.parametrize("code", CODES)
def test_every_code_says_its_sentence_its_row_and_its_cure(code: str) -> None:
    error = refuse(code, argument="amount", row=7, value="-0.05", **FACTS)
    assert type(error) is CODES[code].raises
    assert (error.code, error.argument, error.row, error.value) == (code, "amount", 7, "-0.05")
    text = str(error)
    assert f"[{code}]" in text
    assert "Cure: " in text
    assert "{" not in text
    if "{place}" in CODES[code].says:
        assert "amount[7]" in text
    assert "the call" in str(refuse(code, value="x", **FACTS)) or "{place}" not in CODES[code].says


@pytest.mark.parametrize("code", CODES)
def test_every_fact_that_a_code_names_is_known_here(code: str) -> None:
    fields = {field for text in CODES[code][1:] for _, field, _, _ in string.Formatter().parse(text) if field}
    assert fields <= {"place", "value", *FACTS}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_survives_pickling_and_copying(code: str, protocol: int) -> None:
    error = refuse(code, argument="amount", row=7, value="-0.05", **FACTS)
    for again in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert (again.code, again.argument, again.row, again.value) == (code, "amount", 7, "-0.05")


def test_a_native_error_survives_pickling() -> None:
    with pytest.raises(fc.InexactError) as raised:
        fc.Fixed.parse(["1.00", "0.005"], scale=2, name="fee")
    again = pickle.loads(pickle.dumps(raised.value))
    assert (again.code, again.argument, again.row, again.value) == ("inexact", "fee", 1, "'0.005'")


def test_refusing_an_unknown_code_is_a_defect_that_shows() -> None:
    with pytest.raises(KeyError):
        refuse("no-such-code")
