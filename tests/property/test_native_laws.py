"""The kernel's own proof: every law that a day gives reason to check is checked, over every row that it speaks of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hypothesis import given

from fundclear.proof import LAWS
from support.drawing_days import DrawnDay, day_of, drawn_days
from support.native_days import Row, Tables, clear_natively, clear_or_code

SUBSCRIPTIONS = ("subscribe", "periodic")

#: Laws that need the day before, which a single day has not, and the digests, which are not the kernel's.
NOT_OF_ONE_DAY = {"O4", "U5", "T2"}


@given(drawn_days())
def test_every_law_is_checked_over_every_row(day: DrawnDay) -> None:
    made = clear_or_code(lambda: clear_natively(day))
    if isinstance(made, str):
        return
    rows, scopes = Counter[str](), set[tuple[object, ...]]()
    for entry in made["entries"]:
        assert entry["left"] == entry["right"]
        rows[entry["law"]] += entry["rows"] if entry["scope"][0] != "currency" else 0
        # Netting sets are numbered by the caller, so their kind must do.
        scopes |= {(entry["law"], *entry["scope"]), (entry["law"], entry["scope"][0])}
    assert {law: rows[law] for law in _rows(made)} == _rows(made)
    assert set(_scopes(day, made)) - scopes == set()


def _dealt(made: Tables, *kinds: str) -> list[Row]:
    return [row for row in made["confirmations"] if row["kind"] in kinds and row["confirmed"]]


def _rows(made: Tables) -> dict[str, int]:
    """How many rows each of the laws speaks of that are checked row by row."""
    subscriptions, redemptions = len(_dealt(made, *SUBSCRIPTIONS)), len(_dealt(made, "redeem"))
    switches = len(_dealt(made, "switch"))
    return {
        "O1": len(made["confirmations"]),
        "O2": len(made["confirmations"]),
        "O5": len(made["confirmations"]),
        "C1": subscriptions,
        "C2": redemptions,
        "C3": switches,
        "V1": subscriptions,
        "V2": redemptions,
        # Both sides of a switch.
        "V3": 2 * switches,
        "I4": len(made["income"]),
        "L1": len(made["postings"]),
    }


def _scopes(day: DrawnDay, made: Tables) -> Iterable[tuple[object, ...]]:
    """The laws that the day gives reason to check, each with what it is checked for."""
    for law in ("O1", "O3", "O5", "G3", "G4", "I2", "U4"):
        yield (law, "day", 0)
    for number, fund in enumerate(day.plain):
        if fund["gate"] is not None:
            yield ("G1", "fund", number)
        yield ("G2", "fund", fund["portfolio"])
    for kinds, laws in ((SUBSCRIPTIONS, "C1 V1"), (("redeem",), "C2 V2"), (("switch",), "C3 V3")):
        for row in _dealt(made, *kinds):
            for law in (*laws.split(), "C4", "V4", "S2"):
                yield (law, "fund", row["fund"])
            if row["kind"] == "switch":
                yield ("V3", "fund", row["target_fund"])
                yield ("V4", "fund", row["target_fund"])
                yield ("C3", "currency", day.plain[row["fund"]]["currency"])
    yield from _scopes_of_tables(day, made)


def _scopes_of_tables(day: DrawnDay, made: Tables) -> Iterable[tuple[object, ...]]:
    for row in made["positions"]:
        for law in ("U1", "U2", "L2", "L3", *(["U3"] if day.plain[row["fund"]]["keeps_lots"] else [])):
            yield (law, "fund", row["fund"])
        if row["income"]:
            yield ("I3", "fund", row["fund"])
    for row in made["income"]:
        yield ("A1", "fund", row["fund"])
        yield ("I4", "income", row["fund"], row["date"])
    for row in made["flows"]:
        yield ("T1", "flows", row["fund"], row["kind"])
    for row in made["settlement"]:
        yield ("S1", "netting")
        yield ("S4", "currency", int(row["currency"]))
    if made["payments"]:
        yield ("S3", "netting")


def test_all_laws_come_up() -> None:
    # A law that is left out on every day is not proven by any.
    days = [clear_or_code(lambda day=day: clear_natively(day)) for day in map(day_of, range(60))]
    checked = {entry["law"] for made in days if not isinstance(made, str) for entry in made["entries"]}
    assert checked == set(LAWS) - NOT_OF_ONE_DAY
