"""A finished day part by part: days of any size are read in the memory of one part.

A part is what the files of one number hold of the tables by account, so it has some accounts with all that is theirs.
The other tables are small and are held as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date as Date
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fundclear.clearing import RESULT_TABLES, Clearing
from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.folder import BY_ACCOUNT, files_of, open_folder, read_columns, read_table
from fundclear.identifiers import Domain, Identifiers
from fundclear.inputs import OPENING_TABLES, Inputs
from fundclear.proof import Proof
from fundclear.table import Table
from fundclear.tables import TypedTable
from fundclear.terms import Terms

__all__ = ["DayParts", "rows_of", "table_of"]

_KINDS: Final[dict[str, type[TypedTable]]] = {**RESULT_TABLES, **OPENING_TABLES}


@dataclass(frozen=True)
class DayParts:
    """A day's folder.

    Attributes:
        folder: where it is.
        manifest: what it says of itself.
        terms: the terms that the day was cleared under.
        proof: its proof.
        small: by name, the tables that are not by account.
        kinds: by name, the columns of the tables of which a part was read.
    """

    folder: Path
    manifest: Mapping[str, Any]
    terms: Terms
    proof: Proof
    small: Mapping[str, TypedTable]
    kinds: dict[str, Mapping[str, str]]

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> DayParts:
        """Reads all but the tables by account.

        Raises:
            InputError: it is no folder of a day (``folder``); a file is damaged (``file``).
        """
        manifest = open_folder(folder)
        return cls(
            folder=Path(folder),
            manifest=manifest,
            terms=Terms.from_toml(os.path.join(folder, "terms.toml")),
            proof=Proof.from_dict(manifest["proof"]),
            small={
                name: read_table(folder, manifest, name, kind)
                for name, kind in _KINDS.items()
                if name not in BY_ACCOUNT and (name in RESULT_TABLES or name in manifest["tables"])
            },
            kinds={},
        )

    def __len__(self) -> int:
        return len(files_of(self.manifest["tables"]["confirmations"]))

    @property
    def date(self) -> Date:
        """The dealing day."""
        return Date.fromisoformat(self.manifest["date"])

    @property
    def names(self) -> tuple[str, ...]:
        """The tables by account that the day has."""
        return tuple(name for name in BY_ACCOUNT if name in self.manifest["tables"])

    def rows(self, name: str) -> int:
        """The rows of a table; none of one that the day does not have."""
        return int(self.manifest["tables"].get(name, {"rows": 0})["rows"])

    def file(self, name: str, part: int) -> str:
        """The file of a part of a table."""
        return str(files_of(self.manifest["tables"][name])[part]["file"])

    def part(self, number: int) -> Clearing:
        """A part as a day of its own, with all small tables.

        Raises:
            InputError: a file is damaged, or has other columns than the first of its table (``file``).
        """
        return self.of({name: self.read(name, number) for name in self.names})

    def of(self, by_account: Mapping[str, Any], small: Mapping[str, Any] | None = None) -> Clearing:
        """The day with these rows of the tables by account, and these of others instead of all."""
        tables = {**self.small, **by_account, **(small or {})}
        opening = {name: table for name, table in tables.items() if name in OPENING_TABLES}
        results = {name: tables[name] for name in RESULT_TABLES}
        inputs = Inputs.from_folder(opening, self.manifest["given"])
        return Clearing(date=self.date, terms=self.terms, proof=self.proof, inputs=inputs, **results)

    def columns(self, name: str, wanted: Collection[str], part: int) -> Table:
        """Some columns of a part of a table."""
        return read_columns(self.folder, self.manifest, name, list(wanted), part)

    def read(self, name: str, part: int) -> TypedTable:
        """A part of a table by account.

        Raises:
            InputError: as :meth:`part`.
        """
        table = read_table(self.folder, self.manifest, name, _KINDS[name], part=part)
        if self.kinds.setdefault(name, table.schema) != table.schema:
            path = self.folder / self.file(name, part)
            raise refuse("file", argument=str(path), why="it has other columns than the first file of its table")
        return table


def table_of(part: Clearing, name: str) -> Any:
    """A table of a day by its name in the folder."""
    return getattr(part if name in RESULT_TABLES else part.inputs, name)


def rows_of(column: Identifiers, wanted: Collection[Any]) -> npt.NDArray[np.bool_]:
    """The rows of a column of identifiers that are among some."""
    if not isinstance(column, Labels):
        return np.isin(column, np.array([each for each in wanted if isinstance(each, int)], dtype=np.int64))
    texts = Labels.of([each for each in wanted if isinstance(each, str)])
    domain = Domain.of("identifier", column, texts)
    return np.isin(domain.keys(column), domain.keys(texts))
