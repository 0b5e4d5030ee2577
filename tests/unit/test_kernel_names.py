"""The names that the kernel hands over, and the tables that are made of its columns without being checked."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import fundclear as fc
from fundclear import _kernel, reference
from fundclear.clearing import RESULT_TABLES
from fundclear.tables import TypedTable
from support import native_days

WANTED = {
    "kinds": native_days._KINDS,
    "origins": native_days._ORIGINS,
    "charges": native_days._CHARGES,
    "gates": native_days._GATES,
    "own_charges": native_days._OWN,
    "options": ("", "reinvest", "cash"),
    "statuses": ("confirmed", "part", "rejected", "deferred", "cancelled", "carried"),
    "flow_kinds": reference.flows.FLOW_KINDS,
    "purposes": native_days._PURPOSES,
    "ledgers": native_days._LEDGERS,
    "steps": native_days._STEPS,
    "accounts": native_days._ACCOUNTS,
}


def test_the_kernel_calls_its_codes_what_the_judge_does() -> None:
    assert _kernel.names == WANTED


def whole_day(identifiers: type) -> fc.Clearing:
    """A day with rows in every table; its identifiers are integers, or texts."""
    fund, other = identifiers(1), identifiers(2)
    terms = fc.Terms(
        [
            fc.Fund(
                fund,
                currency="CNY",
                income=fc.IncomePolicy(pay="reinvest"),
                redemption_fee=fc.HoldingSchedule([(0, "1%"), (7, "0.5%")]),
            ),
            fc.Fund(other, currency="CNY"),
        ]
    )
    account, party = identifiers(7), identifiers(9)
    orders = fc.Orders(
        account=[account] * 3,
        fund=[fund] * 3,
        kind=["subscribe", "redeem", "switch"],
        quantity=["100.00", "10.00", "20.00"],
        order_id=[identifiers(number) for number in (11, 12, 13)],
        distributor=[party] * 3,
        transaction_account=[account] * 3,
        target_fund=[identifiers(0) if identifiers is int else ""] * 2 + [other],
        placed_at=["2017-04-27T10:00:00"] * 3,
    )
    held = {"account": [account], "transaction_account": [account], "distributor": [party], "fund": [fund]}
    return fc.clear(
        orders,
        terms=terms,
        date="2017-04-27",
        prices={fund: "1.0000", other: "2.0000"},
        positions=fc.Positions(**held, units=["1000.00"]),
        lots=fc.Lots(**held, number=[1], confirmed=["2017-04-01"], units=["1000.00"]),
        income={fund: "1.00"},
        events=fc.Events(**held, event_id=[identifiers(5)], kind="freeze", units=["1.00"]),
    )


@pytest.mark.parametrize("identifiers", [int, str])
@pytest.mark.parametrize("name", RESULT_TABLES)
def test_the_kernels_columns_are_those_of_the_schema(name: str, identifiers: type) -> None:
    table: Any = getattr(whole_day(identifiers), name)
    assert len(table), "a table without rows shows nothing"
    kind: type[TypedTable] = RESULT_TABLES[name]
    columns = {column: table[column] for column in table.columns}
    checked = kind.from_columns(columns, [column for column in columns if table.is_utc(column)])
    assert list(checked.rows()) == list(table.rows())
    assert checked.columns == table.columns
    for column in columns.values():
        assert not getattr(column, "flags", None) or not column.flags.writeable
        if isinstance(column, fc.Labels):
            assert int(column.codes.max()) < column.distinct
            assert not column.codes.flags.writeable


def test_law_entries_become_objects_once() -> None:
    proof = whole_day(str).proof
    count = len(proof)
    assert count == len(list(proof)) == len(proof)
    assert proof.entries[0] is proof.entries[0]


def test_clearing_imports_nothing_that_only_other_calls_need() -> None:
    spared = ("pathlib", "tomllib", "zoneinfo", "json", "hashlib", "secrets", "shutil", "difflib", "html")
    script = (
        "import sys, numpy\nbefore = set(sys.modules)\nimport fundclear.clearing\n"
        f"print(sorted(set({spared!r}) & (set(sys.modules) - before)))"
    )
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"
