"""The input files of a run: which they are, what their columns hold, and how these are read."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from fundclear import _kernel, schemas
from fundclear.amounts import show
from fundclear.digests import REGISTER
from fundclear.errors import refuse
from fundclear.schemas import ColumnSpec
from fundclear.tables import Orders
from fundclear.terms import Terms

__all__ = ["COLUMNS", "NO_TIME", "Files", "PathsLike", "TableFiles", "find"]

#: A file, a folder of files, a pattern, or several of them.
PathsLike: TypeAlias = "str | os.PathLike[str] | Sequence[str | os.PathLike[str]]"

#: The columns of each table in the order in which the native side knows them.
COLUMNS: Final = {
    "orders": (
        "account",
        "fund",
        "kind",
        "quantity",
        "order_id",
        "distributor",
        "transaction_account",
        "placed_at",
        "target_fund",
        "on_gate",
        "charge",
        "discount",
        "rate",
        "fee",
        "amount",
        "units",
    ),
    "positions": (
        "account",
        "fund",
        "distributor",
        "transaction_account",
        "charge",
        "dividend_option",
        "units",
        "frozen",
        "pending",
        "unpaid",
        "entitled",
    ),
    "lots": (
        "account",
        "fund",
        "distributor",
        "transaction_account",
        "charge",
        "number",
        "confirmed",
        "units",
        "nav",
        "rate_paid",
        "reinvested",
    ),
}

_SCHEMAS: Final = {"orders": Orders.specs_of_frames(), "positions": schemas.POSITIONS, "lots": schemas.LOTS}

# What each kind of column may be in a file.
_FORMS: Final = {
    "id": ("integer", "text"),
    "text": ("text",),
    "money": ("decimal",),
    "integer": ("integer",),
    "date": ("date",),
    "instant": ("instant",),
}

# What orders may have in place of quantities.
_MEASURES: Final = ("amount", "units")

# Columns of money that are cash; all other money of the register is units, but for prices and rates.
_CASH: Final = ("unpaid",)

#: The time of an order that has none.
NO_TIME: Final = -(2**63)

# Bytes of a Parquet file behind its footer: the footer's length and the mark.
_TAIL: Final = 8


@dataclass(frozen=True, slots=True)
class TableFiles:
    """A table that lies in files.

    Attributes:
        name: the table.
        paths: its files.
        rows: the rows of all.
        forms: by column, what the files hold, and the most decimals of any, or whether instants are of UTC.
        identity: of each file its size and the digest of its footer.
        is_measured: whether the quantities of orders are made of amounts and units, which are no columns of the table.
    """

    name: str
    paths: tuple[Path, ...]
    rows: int
    forms: Mapping[str, tuple[str, int | None]]
    identity: tuple[tuple[int, str], ...]
    is_measured: bool

    def asked(self, kept: Mapping[str, int], ways: Mapping[str, str], first_id: int | None) -> dict[str, Any]:
        """How the native side reads the table.

        Args:
            kept: by column of money, the decimals that it is kept with.
            ways: what the texts of a domain become, if not numbers of a list: ``digits`` or ``dictionary``.
            first_id: the id of the first row, where rows are their own ids.
        """
        specs = {spec.name: spec for spec in _SCHEMAS[self.name]}
        columns = [self._column(specs[name], kept, ways) for name in COLUMNS[self.name]]
        places = {name: place for place, name in enumerate(COLUMNS[self.name])}
        if self.name == "positions":
            looked_at = [*REGISTER, *(name for name in ("entitled",) if name in self.forms)]
        else:
            looked_at = [spec.name for spec in _SCHEMAS[self.name] if spec.name in self.forms]
        held = ("units", "frozen", "pending", "unpaid") if self.name == "positions" else ()
        integers = [
            name for name in ("fund", "distributor", "target_fund") if self.forms.get(name, ("", None))[0] == "integer"
        ]
        return {
            "paths": [str(path) for path in self.paths],
            "columns": columns,
            "others": [name for name in specs if name not in places],
            "looked_at": [places[name] for name in looked_at],
            "counted": [place for place, name in enumerate(looked_at) if name in held],
            "distinct": [places[name] for name in integers],
            "first_id": first_id,
            "is_measured": self.is_measured,
        }

    def integers(self) -> list[str]:
        """The columns of funds and distributors that are integers, in the order of ``distinct``."""
        return [
            name for name in ("fund", "distributor", "target_fund") if self.forms.get(name, ("", None))[0] == "integer"
        ]

    def _column(self, spec: ColumnSpec, kept: Mapping[str, int], ways: Mapping[str, str]) -> dict[str, Any]:
        # Amounts and units are read with the decimals of the quantities that are made of them.
        is_part = self.is_measured and spec.name in _MEASURES
        form, extra = self.forms.get("quantity" if is_part else spec.name, ("", None))
        money = spec.kind == "money"
        scale = (spec.scale if spec.scale is not None else extra or 0) if money else 0
        way = ways.get(spec.name, "list") if form == "text" else None
        return {
            "is_there": bool(form) and not is_part,
            "is_money": money,
            "scale": scale,
            "kept": kept.get(spec.name, scale) if money else 0,
            **{known: spec.name if way == known else None for known in ("list", "digits", "dictionary")},
            "missing": _missing(spec, form),
        }


def _missing(spec: ColumnSpec, form: str) -> int | str | None:
    """What a null of the column stands for; nothing if it is refused."""
    if form == "instant":
        return None if spec.required else NO_TIME
    if spec.default is None:
        return None
    return str(spec.default) if form == "text" else 0


@dataclass(frozen=True, slots=True)
class Files:
    """All input files of a run. A table that is not given is ``None``."""

    orders: TableFiles
    positions: TableFiles | None
    lots: TableFiles | None

    @property
    def tables(self) -> dict[str, TableFiles]:
        """The tables that are given."""
        named = {"orders": self.orders, "positions": self.positions, "lots": self.lots}
        return {name: table for name, table in named.items() if table is not None}

    def identity(self) -> dict[str, Any]:
        """What tells these files from others without reading them."""
        listed = {name: [[size, footer] for size, footer in table.identity] for name, table in self.tables.items()}
        # Orders without ids are numbered as they stand; of all other rows the order means nothing.
        return {
            name: files if name == "orders" and "order_id" not in self.orders.forms else sorted(files)
            for name, files in listed.items()
        }


def find(name: str, given: PathsLike, terms: Terms) -> TableFiles:
    """The files of a table, planned from their footers.

    Raises:
        InputError: there is none (``run-files``), one is damaged or has a column that means nothing (``file``), files
            of one table differ in their columns, or a column is missing (``column``); a value is missing that stands
            for nothing (``null``).
        InputTypeError: a column is of another type than it should be (``dtype``).
        OSError: the system refused.
    """
    paths = _paths(name, given)
    specs = {spec.name: spec for spec in _SCHEMAS[name]}
    others = [column for column in specs if column not in COLUMNS[name]]
    rows, forms, identity = 0, dict[str, tuple[str, int | None]](), []
    for number, path in enumerate(paths):
        count, planned = _kernel.plan_file(str(path), list(COLUMNS[name]), others)
        there = {column: form for column, form in zip(COLUMNS[name], planned, strict=True) if form is not None}
        own = {column: (form, extra) for column, (form, extra, _) in there.items()}
        _check(path, own, specs, terms)
        for column, (form, _, nulls) in there.items():
            if nulls and _missing(specs[column], form) is None:
                raise refuse("null", argument=f"{path}: {column}")
        forms = dict(own) if not number else _joined(path, paths[0], forms, own)
        rows += count
        identity.append(_identity(path))
    measures = [forms.pop(measure) for measure in _MEASURES if name == "orders" and measure in forms]
    if measures:
        forms["quantity"] = ("decimal", max(extra or 0 for _, extra in measures))
    return TableFiles(name, tuple(paths), rows, forms, tuple(identity), bool(measures))


def _paths(name: str, given: PathsLike) -> list[Path]:
    several = [given] if isinstance(given, (str, os.PathLike)) else list(given)
    found: list[Path] = []
    for one in several:
        path = Path(one)
        if path.is_dir():
            found += sorted(path.glob(f"{name}*.parquet"))
        elif path.exists():
            found.append(path)
        else:
            found += [Path(match) for match in sorted(glob.glob(os.fspath(path)))]
    if not found:
        raise refuse("run-files", argument=name, value=show([os.fspath(one) for one in several]))
    return found


def _check(
    path: Path, own: Mapping[str, tuple[str, int | None]], specs: Mapping[str, ColumnSpec], terms: Terms
) -> None:
    measured = "quantity" in specs and any(name in own for name in _MEASURES)
    if measured and "quantity" in own:
        why = "give either quantity, or amount and units or one of them"
        raise refuse("column", argument=f"{path}: quantity", why=why)
    for name, spec in specs.items():
        if spec.required and name not in own and not (measured and name == "quantity"):
            raise refuse("column", argument=f"{path}: {name}", why="this column is needed, and it is not there")
        if name in own and own[name][0] not in _FORMS[spec.kind]:
            wanted = " or ".join(_FORMS[spec.kind])
            raise refuse("dtype", argument=f"{path}: {name}", value=own[name][0], wanted=f"a column of {wanted}")
    wanted = "integer" if isinstance(terms.ids[0], int) else "text"
    for name in ("fund", "target_fund"):
        if name in own and own[name][0] != wanted:
            raise refuse("dtype", argument=f"{path}: {name}", value=own[name][0], wanted=f"{wanted}, as in the terms")


def _joined(
    path: Path, first: Path, forms: Mapping[str, tuple[str, int | None]], own: Mapping[str, tuple[str, int | None]]
) -> dict[str, tuple[str, int | None]]:
    """Columns of several files: the same everywhere, money with the most decimals."""
    joined = {}
    for name in {**forms, **own}:
        if name not in forms or name not in own:
            which = path if name not in own else first
            raise refuse("column", argument=f"{which}: {name}", why="some of the files have it and others do not")
        (form, extra), (other, more) = forms[name], own[name]
        if form != other or (form == "instant" and extra != more):
            raise refuse("dtype", argument=f"{path}: {name}", value=other, wanted=f"{form}, as in {first}")
        joined[name] = (form, max(extra or 0, more or 0) if form == "decimal" else extra)
    return joined


def _identity(path: Path) -> tuple[int, str]:
    """The size of a file, and the digest of its footer."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - _TAIL, 0))
        length = int.from_bytes(file.read(4), "little")
        file.seek(max(size - _TAIL - length, 0))
        return size, hashlib.sha256(file.read()).hexdigest()
