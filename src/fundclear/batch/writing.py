"""What a run writes: the tables that have parts, as the native side takes them, and the rest of the day's folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fundclear import schemas
from fundclear.batch.files import Files, TableFiles
from fundclear.columns import Labels
from fundclear.digests import REGISTER
from fundclear.folder import stored
from fundclear.identifiers import Domain
from fundclear.intake import Intake
from fundclear.outcome import Names, tables_by_account
from fundclear.schemas import Schema
from fundclear.terms import Terms

__all__ = ["kept_scale", "specs_of"]

_CONFIRMATIONS: Final = tuple(spec.name for spec in schemas.CONFIRMATIONS)
_POSITIONS: Final = tuple(spec.name for spec in schemas.POSITIONS if spec.name != "entitled")
_LOTS: Final = tuple(spec.name for spec in schemas.LOTS)
_OPENING: Final = (*REGISTER, "entitled")

# The types of the kernel's columns; all others are int64.
_NARROW: Final = dict.fromkeys(("distributor", "fund", "target_fund"), np.uint32) | dict.fromkeys(
    (
        "charge",
        "kind",
        "origin",
        "on_gate",
        "own_charge",
        "status",
        "reason",
        "refund_cause",
        "dividend_option",
        "reinvested",
    ),
    np.uint8,
)

#: A position that has none of these does not count.
_HELD: Final = ("units", "frozen", "pending", "unpaid")


def specs_of(names: Names, files: Files) -> dict[str, Any]:
    """The tables that have parts, by name."""
    raw = {
        "confirmations": _no_rows(_CONFIRMATIONS),
        "positions": _no_rows(_POSITIONS),
        "lots": _no_rows(_LOTS),
    }
    made = tables_by_account(raw, names)
    kernel = {"confirmations": _CONFIRMATIONS, "positions": _POSITIONS, "lots": _LOTS}
    specs: dict[str, Any] = {name: _spec(name, stored(made[name]), kernel[name], names) for name in kernel}
    register = [_POSITIONS.index(name) for name in REGISTER]
    counted = [place for place, name in enumerate(REGISTER) if name in _HELD]
    specs["positions"]["fingerprints"].append(("register", register, counted))
    specs["opening_positions"] = _opening(files.positions, specs["positions"], names)
    specs["opening_lots"] = _opening(files.lots, specs["lots"], names)
    return specs


def _no_rows(names: tuple[str, ...]) -> dict[str, npt.NDArray[Any]]:
    return {name: np.empty(0, dtype=_NARROW.get(name, np.int64)) for name in names}


def _spec(name: str, columns: list[tuple[str, str, Any, Any]], kernel: tuple[str, ...], names: Names) -> dict[str, Any]:
    made = [_column(column, kernel.index(column[0]), names) for column in columns]
    return {"columns": made, "fingerprints": [(name, list(range(len(made))), [])]}


def _column(column: tuple[str, str, Any, Any], place: int, names: Names) -> dict[str, Any]:
    """A column: texts by the kernel's numbers, and what else the kernel has as numbers."""
    name, kind, _, extra = column
    numbers: list[int] | None = None
    if name == "distributor":
        restored = names.intake.distributors.restore(names.distributor_keys)
        if isinstance(restored, Labels):
            extra = restored.to_list()
        else:
            numbers = restored.tolist()
    elif name in ("fund", "target_fund") and kind == "integer":
        numbers = [*names.funds, 0]
    elif kind == "text" and name in ("account", "transaction_account", "order_id"):
        kind, extra = _identifier(_domain(names.intake, name), extra)
    return {"name": name, "place": place, "kind": kind, "extra": extra, "numbers": numbers, "scaled": None}


def _domain(intake: Intake, name: str) -> Domain:
    domains = {
        "account": intake.accounts,
        "transaction_account": intake.transaction_accounts,
        "order_id": intake.order_ids,
    }
    return domains[name]


def _identifier(domain: Domain, texts: Any) -> tuple[str, Any]:
    """Texts of digits as what they spell, and others by their keys; of few ones these are places in a list."""
    if domain.dictionary is not None:
        return "dictionary", domain.dictionary
    return ("text", texts) if domain.width is None else ("digits", domain.width)


def _opening(table: TableFiles | None, closing: Mapping[str, Any], names: Names) -> dict[str, Any] | None:
    """What came in, in the columns that were given; its form is that of what goes out, but for the decimals."""
    if table is None:
        return None
    schema: Schema = schemas.POSITIONS if table.name == "positions" else schemas.LOTS
    kernel = _OPENING if table.name == "positions" else _LOTS
    known = {column["name"]: column for column in closing["columns"]}
    columns = []
    for spec in schema:
        if spec.name not in kernel or spec.name not in table.forms:
            continue
        column = dict(known.get(spec.name, known["units"]), name=spec.name, place=kernel.index(spec.name))
        if spec.kind == "money" and spec.scale is None:
            given, kept = table.forms[spec.name][1] or 0, kept_scale(spec.name, names.terms)
            column["extra"], column["scaled"] = given, _scaled(given, kept)
        if table.forms[spec.name][0] == "text" and column["kind"] == "integer":
            # No row of the day has such a text, so what goes out does not show that these are texts.
            column["kind"], column["extra"] = "text", []
        columns.append(column)
    return {"columns": columns, "fingerprints": []}


def kept_scale(name: str, terms: Terms) -> int:
    """The decimals that the register keeps a column with."""
    if name == "unpaid":
        return terms.scales.cash
    return terms.scales.nav if name == "nav" else terms.scales.units


def _scaled(given: int, kept: int) -> tuple[int, int] | None:
    if given == kept:
        return None
    return (10 ** max(given - kept, 0), 10 ** max(kept - given, 0))
