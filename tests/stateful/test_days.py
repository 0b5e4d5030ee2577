"""Days in a row: what a day leaves feeds the next, in the kernel as with the judge, and no law breaks on the way."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fundclear.reference import laws
from support.drawing_days import DrawnDay, day_after, day_of
from support.native_days import Tables, clear_natively, clear_or_code, first_difference

DAYS = 6


def _clear(day: DrawnDay, threads: int) -> Tables | str:
    """The day's tables by the kernel, held against the judge; or the code that both refuse it with."""
    made, wanted = clear_or_code(lambda: clear_natively(day, threads)), clear_or_code(day.clear)
    if isinstance(made, str) or isinstance(wanted, str):
        assert made == wanted
        return made
    assert first_difference(made, wanted) == ""
    decided = {name: wanted[name] for name in ("gates", "prices")}
    assert laws.check({**day.inputs, "policy": day.policy}, made | decided) == []
    return made


@given(st.integers(0, 2**32), st.sampled_from([1, 3]))
def test_days_in_a_row(seed: int, threads: int) -> None:
    day = day_of(seed)
    for step in range(DAYS):
        tables = _clear(day, threads)
        if isinstance(tables, str):
            # Figures have grown beyond 18 digits; every other fault would be one of the generator.
            assert tables == "overflow"
            return
        following = day_after(day, tables, seed + step)
        _closes_where_the_next_opens(tables, following)
        day = following


def _closes_where_the_next_opens(tables: Tables, following: DrawnDay) -> None:
    """O4 and U5 between days: all that a day left open is what the next one starts from."""
    deferred, pending = Counter[Any](), Counter[Any]()
    for row in following.inputs["deferred"]:
        if row["origin"] == "deferred":
            key = tuple(row[name] for name in ("account", "transaction_account", "distributor", "fund", "charge"))
            deferred[key] += row["quantity"]
    factor = 10 ** (following.inputs["quantity_scale"] - following.scales[1])
    for row in tables["positions"]:
        key = tuple(row[name] for name in ("account", "transaction_account", "distributor", "fund", "charge"))
        pending[key] = row["pending"] * factor
    assert +pending == +deferred


def test_rows_of_days_before_meet_every_fate() -> None:
    # Days that leave nothing open tie nothing to the next.
    seen = Counter[Any]()
    for seed in range(120):
        day = day_of(seed)
        for step in range(3):
            tables = clear_or_code(lambda day=day: clear_natively(day))
            if isinstance(tables, str):
                break
            for row in tables["confirmations"]:
                seen[row["origin"], row["status"]] += step > 0
            seen["settled"] += sum(row["step"] == "settlement" for row in tables["postings"])
            seen["unpaid"] += sum(row["unpaid"] != 0 for row in tables["positions"])
            day = day_after(day, tables, seed + step)
    wanted = [
        ("deferred", "confirmed"),
        ("deferred", "part"),
        ("deferred", "deferred"),
        ("carried", "confirmed"),
        ("carried", "rejected"),
        "settled",
        "unpaid",
    ]
    assert [what for what in wanted if not seen[what]] == []
