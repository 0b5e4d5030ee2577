"""Drawn days are written, read and derived again from their files: as a whole, and by some of their accounts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fundclear as fc
from fundclear.dayparts import DayParts
from fundclear.folder import BY_ACCOUNT
from fundclear.reference.tallies import Sums
from fundclear.replaying import columns_of
from fundclear.totals import Totals
from support.drawing_days import DrawnDay, day_of, drawn_days
from support.forging import split_into_parts
from support.public_days import as_users_put_it, day_name, tables_of, terms_of


def _written(drawn: DrawnDay, folder: Path) -> bool:
    terms = terms_of(drawn)
    day = as_users_put_it(drawn, terms)
    try:
        fc.clear(**tables_of(day), terms=terms, date=day_name(day)).write(folder)
    except fc.FundclearError:
        return False
    return True


@given(drawn_days(), st.integers(1, 8))
def test_nothing_is_found(drawn: DrawnDay, sample: int) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "day"
        if _written(drawn, folder):
            assert fc.verify(folder).findings == ()
            assert fc.verify(folder, sample=sample).findings == ()


@given(drawn_days(), st.integers(1, 8), st.integers(1, 3))
def test_nothing_is_found_part_by_part(drawn: DrawnDay, sample: int, bits: int) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "day"
        if _written(drawn, folder) and _has_rows(folder):
            split_into_parts(folder, bits)
            assert fc.verify(folder).findings == ()
            assert fc.verify(folder, sample=sample).findings == ()


def _has_rows(folder: Path) -> bool:
    day = fc.open_day(folder)
    return any(len(table) for name, table in (day.tables | day.inputs.tables).items() if name in BY_ACCOUNT)


@given(drawn_days())
def test_sums_of_parts_are_those_of_the_judge(drawn: DrawnDay) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "day"
        if not _written(drawn, folder) or not _has_rows(folder):
            return
        day = fc.open_day(folder)
        split_into_parts(folder, 2)
        parts, totals = DayParts.open(folder), Totals()
        for number in range(len(parts)):
            totals.add(parts.part(number))
        tables = day.tables | day.inputs.tables
        assert totals.sums == Sums.of({name: columns_of(table) for name, table in tables.items()})


def test_a_switch_that_a_gate_let_through_to_nothing(tmp_path: Path) -> None:
    # A part of one order is deferred, and the rest, which buys no unit of the target, is cancelled.
    assert _written(day_of(62_328), tmp_path / "day")
    rows = list(fc.open_day(tmp_path / "day").confirmations.rows())
    assert any(row["kind"] == "switch" and row["deferred"] and row["cancelled"] for row in rows)
    for sample in range(1, 9):
        assert fc.verify(tmp_path / "day", sample=sample).findings == ()


@pytest.mark.parametrize("seed", [62_328, 700_414, 700_713, 701_178, 701_308, 701_445, 701_456, 702_355, 702_768])
def test_accounts_of_which_no_table_tells_enough(seed: int, tmp_path: Path) -> None:
    # Cuts, ids that accounts share, and orders that bought nothing: such accounts are in no sample.
    assert _written(day_of(seed), tmp_path / "day")
    for bits in (0, 1, 3):
        if bits:
            assert _written(day_of(seed), tmp_path / f"day-{bits}")
            split_into_parts(tmp_path / f"day-{bits}", bits)
        for sample in (1, 2, 3, 5, 8):
            assert fc.verify(tmp_path / (f"day-{bits}" if bits else "day"), sample=sample).findings == ()


def test_samples_meet_gates_and_income(tmp_path: Path) -> None:
    # Days without splits would show nothing about their cuts.
    cuts = Counter[str]()
    for seed in range(120):
        folder = tmp_path / str(seed)
        if _written(day_of(seed), folder):
            verification = fc.verify(folder, sample=1_000)
            assert verification.findings == ()
            cuts.update(cut.what for cut in fc.open_day(folder).proof.cuts if verification.accounts > 1)
    assert min(cuts["income"], cuts["gate"]) > 0
