"""What is written does not depend on the order in which anything was given."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import fundclear as fc
from fundclear.tables import TypedTable
from support.drawing_days import day_of
from support.public_days import as_users_put_it, day_name, tables_of, terms_of


def _shuffled(given: dict[str, Any], seed: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    return {
        name: table.rows_at(draw.permutation(len(table))) if isinstance(table, TypedTable) else table
        for name, table in given.items()
    }


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_shuffled_inputs_are_written_as_the_same_bytes(tmp_path: Path) -> None:
    moved = Counter[str]()
    for seed in range(60):
        drawn = day_of(seed)
        terms = terms_of(drawn)
        day = as_users_put_it(drawn, terms)
        given = tables_of(day)
        if given.get("orders") is not None and "order_id" not in given["orders"]:
            # Ids that are made from the rows are those of the rows.
            continue
        other = _shuffled(given, seed)
        try:
            fc.clear(**given, terms=terms, date=day_name(day)).write(tmp_path / f"{seed}")
        except fc.FundclearError:
            continue
        again = fc.clear(**other, terms=terms, date=day_name(day))
        again.write(tmp_path / f"{seed}-shuffled")
        assert _bytes(tmp_path / f"{seed}") == _bytes(tmp_path / f"{seed}-shuffled"), seed
        kept = {f"opening_{name}": table for name, table in other.items() if isinstance(table, TypedTable)}
        written = fc.open_day(tmp_path / f"{seed}").inputs.tables
        for name in kept.keys() & written.keys():
            key = "amount" if name == "opening_obligations" else "account"
            moved[name] += list(kept[name][key]) != list(written[name][key])
    assert min(moved[f"opening_{name}"] for name in ("positions", "lots", "deferred", "obligations")) > 0, moved
