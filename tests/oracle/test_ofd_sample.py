"""The order file of one distributor for one fund on 2017-04-27, against what is known of it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from fundclear.formats import ofd
from fundclear.reference import ofd as judge

SAMPLE = Path(__file__).parents[2] / "samples" / "yuebao-2017-04-27" / "orders_03.txt"
FUND = "000198"
ORDERS = 1_006
SUBSCRIBED = "6457358.05"
TRANSACTION_ACCOUNTS, TA_ACCOUNTS, WITH_TWO = 826, 862, 36


@pytest.fixture(scope="module")
def sample() -> ofd.OfdFile:
    return ofd.read(SAMPLE)


def test_the_header(sample: ofd.OfdFile) -> None:
    header = sample.header
    assert (header.version, header.kind, header.date.isoformat()) == (20, "03", "2017-04-27")
    assert (header.creator, header.receiver, header.sender, header.recipient) == ("996", "H0", "996", "H0")
    assert header.summary == "001"
    assert len(sample.table.columns) == 74


def test_the_known_totals(sample: ofd.OfdFile) -> None:
    table = sample.table
    assert len(table) == ORDERS
    assert set(table["FundCode"].tolist()) == {FUND}
    assert set(table["BusinessCode"].tolist()) == {"022"}
    assert str(table["ApplicationAmount"].sum()) == SUBSCRIBED
    assert str(table["ApplicationVol"].sum()) == "0.00"
    assert len(set(table["AppSheetSerialNo"].tolist())) == ORDERS


def test_the_accounts(sample: ofd.OfdFile) -> None:
    """A transaction account may have two TA accounts, so neither alone is the key of a position."""
    owners = defaultdict(set)
    of_transaction, of_ta = (sample.table[name].tolist() for name in ("TransactionAccountID", "TAAccountID"))
    for transaction_account, ta_account in zip(of_transaction, of_ta, strict=True):
        owners[transaction_account].add(ta_account)
    assert len(owners) == TRANSACTION_ACCOUNTS
    assert len(set().union(*owners.values())) == TA_ACCOUNTS
    assert sum(len(accounts) == 2 for accounts in owners.values()) == WITH_TWO
    assert max(map(len, owners.values())) == 2


def test_both_codecs_read_the_same_and_write_the_file_again(sample: ofd.OfdFile) -> None:
    data = SAMPLE.read_bytes()
    file = judge.read(data)
    assert file.fields == list(sample.table.columns)
    for field in judge.fields_of("03"):
        column = sample.table[field.name]
        found = column.minor.tolist() if field.decimals else column.tolist()
        assert found == [row[field.name] for row in file.rows], field.name
    assert judge.write(file.header, file.fields, file.rows) == data
    assert sample.to_bytes() == data
