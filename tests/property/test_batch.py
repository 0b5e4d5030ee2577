"""A day out of core is the day in memory, byte for byte: whatever wrote its files, and however they are cut."""

from __future__ import annotations

import shutil
import sys
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import fundclear as fc
from fundclear import dayfile
from fundclear.batch import run
from fundclear.clearing import write_day
from fundclear.errors import CODES
from fundclear.fixed import Fixed
from fundclear.generating import generate
from support.batch_worker import PART_ROWS, run_generated
from support.batching import (
    IN_FILES,
    chosen,
    cleared,
    differences,
    measured,
    run_day,
    spelled,
    with_text_accounts,
    without_some_columns,
    write_table,
)
from support.drawing_days import day_of
from support.public_days import as_users_put_it, day_name, tables_of, terms_of


def _drawn(seed: int, dice: Random) -> dict[str, Any]:
    drawn = day_of(seed)
    terms = terms_of(drawn)
    public = as_users_put_it(drawn, terms)
    made = {**tables_of(public), "terms": terms, "date": day_name(public)}
    if dice.random() < 0.3:
        made = without_some_columns(made, dice)
    return spelled(made, dice) if dice.random() < 0.5 else made


def _code(call: Any) -> str | None:
    try:
        call()
    except fc.FundclearError as error:
        return error.code
    return None


@given(st.integers(0, 2**32))
# Ids that are texts, found in another order than that of their keys, of which some are there twice.
@example(1014)
# No rows at all, with columns of texts.
@example(1116)
def test_a_day_from_files_is_the_day_in_memory(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    dice = Random(seed)
    made = _drawn(seed, dice)
    folder = tmp_path_factory.mktemp("day")
    how = {"memory": dice.choice(("1MiB", "64MiB", "4GiB")), "threads": dice.randint(1, 3)}
    wanted = _code(lambda: cleared(made, folder / "memory"))
    assert _code(lambda: run_day(folder / "run", made, dice, **how)) == wanted
    if wanted is None:
        assert differences(folder / "run" / "day", folder / "memory") == []
        assert sorted(path.name for path in (folder / "run").iterdir()) == ["day", "in"]
    shutil.rmtree(folder)


def test_drawn_days_have_what_is_hard() -> None:
    """Most days must not be refused, and what a run does apart from a day in memory must be there."""
    days = [_drawn(seed, Random(seed)) for seed in range(200)]
    for name in ("deferred", "events", "obligations", "lots", "positions"):
        assert sum(len(day[name]) > 0 for day in days) > 40, name
    assert sum(max((len(dates) for dates in day["income"].values()), default=0) > 1 for day in days) > 20
    charges = [
        [day["orders"][name].minor != 0 for name in ("discount", "rate", "fee") if name in day["orders"]]
        for day in days
    ]
    assert sum((np.sum(given, axis=0) > 1).any() for given in charges) > 10
    texts = [day for day in days if isinstance(day["orders"].get("order_id"), fc.Labels)]
    assert sum(len(set(day["orders"]["order_id"])) < len(day["orders"]) for day in texts) > 10


# --- days with parts -------------------------------------------------------------------------------------------------


def _read(kind: Any, source: Path, name: str) -> Any:
    paths = sorted(source.glob(f"{name}-*.parquet"))
    return fc.tables.taken(kind, pq.read_table(paths)) if paths else None


@pytest.mark.parametrize("profile", ["yuebao", "transfer-agent"])
@pytest.mark.parametrize("digits", [None, 9, "texts"])
def test_a_day_with_parts(
    tmp_path: Path, profile: str, digits: int | str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["fundclear.batch.run"], "_PART_ROWS", PART_ROWS)
    source = tmp_path / "source"
    width = digits if isinstance(digits, int) else None
    generate(source, profile=profile, orders=70_000, accounts=30_000, seed=5, account_digits=width)
    if digits == "texts":
        with_text_accounts(source)
    terms = fc.Terms.from_toml(source / "terms.toml")
    prices = dayfile.read(source / "prices.toml", terms)
    beside = {"terms": terms, "date": prices.date, "prices": prices.prices, "income": prices.income}
    tables = {"positions": _read(fc.Positions, source, "positions"), "lots": _read(fc.Lots, source, "lots")}
    orders = _read(fc.Orders, source, "orders")
    write_day(fc.clear(orders, **beside, **tables), tmp_path / "memory", part_rows=PART_ROWS)
    assert (tmp_path / "memory" / "confirmations-003.parquet").exists()
    day = run_generated(source, tmp_path / "spilled", memory="2MiB" if digits == "texts" else "1MiB", threads=2)
    assert day.made["memory"]["spilled"] > 0
    assert differences(tmp_path / "spilled", tmp_path / "memory") == []
    verification = fc.verify(tmp_path / "spilled", sample=50)
    assert (verification.findings, verification.whole) == ((), False)
    assert verification.accounts >= 50
    # The same rows in other files and another order.
    dice = Random(7)
    (tmp_path / "again").mkdir()
    files = {
        name: write_table(tmp_path / "again", name, table, dice, few_groups=True)
        for name, table in ({"orders": orders} | tables).items()
        if table is not None
    }
    run(files.pop("orders"), tmp_path / "permuted", **files, **beside, threads=3)
    assert differences(tmp_path / "permuted", tmp_path / "memory") == []


@given(st.integers(0, 2**32))
def test_amounts_and_units_are_quantities(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    dice = Random(seed)
    made = _drawn(seed, dice)
    folder = tmp_path_factory.mktemp("measured")
    wanted = _code(lambda: cleared(made, folder / "memory"))
    beside = {name: value for name, value in made.items() if name not in IN_FILES}
    files = {name: folder / f"{name}.parquet" for name in IN_FILES if made.get(name) is not None}
    for name, path in files.items():
        pq.write_table(measured(made[name], dice) if name == "orders" else pa.table(made[name]), path)
    assert _code(lambda: run(files.pop("orders"), folder / "day", **files, **beside)) == wanted
    if wanted is None:
        assert differences(folder / "day", folder / "memory") == []
    shutil.rmtree(folder)


# --- what a run is refused for ---------------------------------------------------------------------------------------


def _orders(**more: Any) -> fc.Orders:
    return fc.Orders(account=[1, 2], fund="F", kind="subscribe", amount=["10.00", "11.00"], **more)


_TERMS = fc.Terms([fc.Fund("F", currency="CNY")])
_BESIDE: dict[str, Any] = {"terms": _TERMS, "prices": {"F": "1"}, "date": "2017-04-27"}


# So many orders with several charges are more than a run keeps; see the reader of files.
_MOST_SEVERAL = 1 << 20


def _several(rows: int, **more: Any) -> fc.Orders:
    """Orders of which every other one gives two charges of its own."""
    accounts, amounts = np.arange(rows) % 1000, Fixed.from_minor(np.full(rows, 1000), 2)
    halves, rates = Fixed.from_minor(np.full(rows, 50), 2), Fixed.from_minor(np.arange(rows) % 2, 4)
    return fc.Orders(account=accounts, fund="F", kind="subscribe", amount=amounts, discount=halves, rate=rates, **more)


@pytest.mark.parametrize("ids", [None, "A-{}", "{:05}"])
def test_orders_with_several_charges_are_rejected_and_kept(tmp_path: Path, ids: str | None) -> None:
    placed = [f"2017-04-27T0{row % 10}:00:00" for row in range(30)]
    more = {} if ids is None else {"order_id": [ids.format(30 - row) for row in range(30)], "placed_at": placed}
    orders = _several(30, **more)
    halves = [tmp_path / "orders-0.parquet", tmp_path / "orders-1.parquet"]
    for path, rows in zip(halves, (np.arange(20), np.arange(20, 30)), strict=True):
        pq.write_table(pa.table(chosen(orders, rows)), path)
    run(halves, tmp_path / "day", **_BESIDE)
    day = cleared({"orders": orders, **_BESIDE}, tmp_path / "memory")
    assert day.rejections["reason"].to_list() == ["own-charge"] * 15
    assert (tmp_path / "day" / "several_charges.parquet").exists()
    assert differences(tmp_path / "day", tmp_path / "memory") == []
    assert fc.verify(tmp_path / "day").findings == ()


def test_more_orders_with_several_charges_than_are_kept_are_refused_with_a_file(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table(_several(2 * _MOST_SEVERAL + 2)), path)
    with pytest.raises(fc.FundclearError, match=r"orders\.parquet") as refused:
        run(path, tmp_path / "day", **_BESIDE)
    assert refused.value.code == "file"
    assert not (tmp_path / "day").exists()


@pytest.mark.parametrize("name", ["account", "fund", "kind", "quantity", "order_id"])
@pytest.mark.parametrize("is_told", [True, False])
def test_nulls_that_stand_for_nothing_are_refused_with_file_and_column(
    tmp_path: Path, name: str, is_told: bool
) -> None:
    data = pa.table(_orders(order_id=["A", "B"]))
    values = [data[name][0].as_py(), None]
    data = data.set_column(data.schema.get_field_index(name), name, pa.array(values, data[name].type))
    path = tmp_path / "orders.parquet"
    pq.write_table(data, path, write_statistics=is_told)
    with pytest.raises(fc.InputError, match=rf"orders\.parquet.*{name}") as refused:
        run(path, tmp_path / "day", **_BESIDE)
    assert refused.value.code == ("null" if is_told else "file")
    # What the footer says is known before any work.
    assert (tmp_path / ".day.run").exists() != is_told
    assert not (tmp_path / "day").exists()


def test_texts_of_a_files_dictionary_that_no_row_has_are_none(tmp_path: Path) -> None:
    """Whatever keys the others have follows from the rows alone: here these are digits of one width after all."""
    accounts = pa.DictionaryArray.from_arrays(pa.array([2, 0]), pa.array(["0007", "n/a", "0002", "z"]))
    path = tmp_path / "orders.parquet"
    for form, unlike in (("{}", "n/a"), ("a-{}", "b")):
        texts = [form.format(text) if text != "n/a" else unlike for text in accounts.dictionary.to_pylist()]
        column = pa.DictionaryArray.from_arrays(accounts.indices, pa.array(texts))
        orders = _orders()
        data = pa.table(orders).set_column(0, "account", column)
        pq.write_table(data, path)
        run(path, tmp_path / "day", **_BESIDE)
        given = fc.Orders.from_arrow(data)
        fc.clear(given, **_BESIDE).write(tmp_path / "memory")
        assert differences(tmp_path / "day", tmp_path / "memory") == []
        shutil.rmtree(tmp_path / "day")
        shutil.rmtree(tmp_path / "memory")


def test_texts_that_are_not_digits_are_found_out_whatever_messages_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CODES, "file", CODES["file"]._replace(says="{place} is damaged"))
    path = tmp_path / "orders.parquet"
    orders = _orders(order_id=["17", "A18"], transaction_account=["1", "02"])
    pq.write_table(pa.table(orders), path)
    day = run(path, tmp_path / "day", **_BESIDE)
    assert {"order_id", "transaction_account"} <= day.made["dictionaries"].keys()
    cleared({"orders": orders, **_BESIDE}, tmp_path / "memory")
    assert differences(tmp_path / "day", tmp_path / "memory") == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"quantity": ["1"], "amount": ["1"]}, "column"),
        ({}, "column"),
        ({"amount": ["1"]}, "file"),
        ({"amount": ["1"], "units": ["1"]}, "file"),
    ],
)
def test_measures_that_are_not_those_of_the_kinds_are_refused(tmp_path: Path, more: dict[str, Any], code: str) -> None:
    path = tmp_path / "orders.parquet"
    columns = {name: pa.array([Decimal(text) for text in texts], pa.decimal128(9, 2)) for name, texts in more.items()}
    pq.write_table(pa.table({"account": [1], "fund": ["F"], "kind": ["redeem"], **columns}), path)
    with pytest.raises(fc.InputError, match=r"orders\.parquet") as refused:
        run(path, tmp_path / "day", **_BESIDE)
    assert refused.value.code == code


def test_integers_here_and_texts_there_are_refused(tmp_path: Path) -> None:
    orders, positions = tmp_path / "orders.parquet", tmp_path / "positions.parquet"
    for account, other in (("a", 1), (1, "a"), ("7", 7)):
        pq.write_table(pa.table(fc.Orders(account=[account], fund="F", kind="redeem", quantity=["1"])), orders)
        pq.write_table(pa.table(fc.Positions(account=[other], fund="F", units=["5"])), positions)
        with pytest.raises(fc.InputTypeError) as refused:
            run(orders, tmp_path / "day", positions=positions, **_BESIDE)
        assert refused.value.code == "identifier-kind"


def test_a_dictionary_that_does_not_fit_says_what_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    texts = [f"account {number}" for number in range(10_000)]
    orders = fc.Orders(account=texts, fund="F", kind="subscribe", quantity=["10.00"] * len(texts))
    pq.write_table(pa.table(orders), path)
    with pytest.raises(fc.InputError, match=r"10000 distinct texts of account need \d+ bytes") as refused:
        run(path, tmp_path / "day", memory="64KiB", **_BESIDE)
    assert refused.value.code == "run-memory"
    day = run(path, tmp_path / "day", memory="1MiB", **_BESIDE)
    assert day.made["dictionaries"]["account"]["texts"] == len(texts)
    assert day.made["memory"]["dictionaries"] < 1 << 20


def test_orders_without_ids_are_those_of_their_files_in_order(tmp_path: Path) -> None:
    """They are numbered as they stand, so that files in another order are another input."""
    paths = [tmp_path / "orders-0.parquet", tmp_path / "orders-1.parquet"]
    for path, kind in zip(paths, ("subscribe", "redeem"), strict=True):
        orders = fc.Orders(account=[1], fund="F", kind=kind, quantity=["10.00"])
        pq.write_table(pa.table(orders), path)
    positions = tmp_path / "positions.parquet"
    pq.write_table(pa.table(fc.Positions(account=[1], fund="F", units=["50.00"])), positions)
    day = run(paths, tmp_path / "day", positions=positions, **_BESIDE)
    assert not run(paths, tmp_path / "day", positions=positions, **_BESIDE).is_new
    with pytest.raises(fc.InputError) as refused:
        run(paths[::-1], tmp_path / "day", positions=positions, **_BESIDE)
    assert refused.value.code == "run-inputs"
    assert run(paths[::-1], tmp_path / "other", positions=positions, **_BESIDE).proof.digest != day.proof.digest
