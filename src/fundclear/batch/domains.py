"""What the texts of accounts and ids become, of which there may be as many as rows: what they spell, or places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from fundclear.batch.files import Files, TableFiles
from fundclear.columns import Labels
from fundclear.errors import refuse
from fundclear.identifiers import Domain, Identifiers
from fundclear.tables import Confirmations, Events, Orders

__all__ = ["DOMAINS", "Columns", "NotDigits", "check_kinds", "ways_of"]

#: The domains whose identifiers may be as many as rows.
DOMAINS: Final = ("account", "transaction_account", "order_id")


class NotDigits(Exception):
    """The texts of some domains are not all digits of one width, which is found out when the files are read.

    Native code raises it too.
    """

    def __init__(self, names: list[str]) -> None:
        super().__init__(*names)
        self.names = names


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of identifiers of the tables in memory, by domain; ``None`` for a table without the column."""

    by_domain: Mapping[str, tuple[Identifiers | None, ...]]

    @classmethod
    def of(cls, deferred: Confirmations | None, events: Events | None, orders: Orders | None = None) -> Columns:
        """Those of the tables that are given; of orders only some are in memory."""

        def columns(name: str) -> tuple[Identifiers | None, ...]:
            found = [table.get(name) for table in (deferred, orders) if table is not None]
            if events is not None and name != "order_id":
                found += [events.get(name), events.get(f"to_{name}")]
            return tuple(found)

        return cls({name: columns(name) for name in DOMAINS})

    def given(self, name: str) -> list[Identifiers]:
        """The columns of a domain that are there."""
        return [column for column in self.by_domain[name] if column is not None]

    def texts(self, name: str) -> list[Labels]:
        """Those that are texts."""
        return [column for column in self.given(name) if isinstance(column, Labels)]

    def has_empty(self, name: str) -> bool:
        """Whether some rows have no identifier, which is an empty one."""
        return any(column is None for column in self.by_domain[name])


def ways_of(files: Files, beside: Columns, others: set[str]) -> tuple[dict[str, str], list[tuple[str, list[str]]]]:
    """How the texts of each domain of files are read, and of dictionaries the texts that are in no file.

    Texts are taken for digits of one width as long as nothing speaks against it.

    Args:
        files: the files.
        beside: the identifiers of tables in memory.
        others: domains whose texts were found not to be digits.
    """
    ways, dictionaries = dict[str, str](), list[tuple[str, list[str]]]()
    for name in DOMAINS:
        tables = _tables(files, name)
        if "text" not in _forms(tables, name):
            continue
        small = Domain.of(name, *beside.given(name))
        has_empty = beside.has_empty(name) or any(name not in table.forms for table in tables)
        if name not in others and not has_empty and (small.is_spelled or not small.is_text):
            ways[name] = "digits"
            continue
        ways[name] = "dictionary"
        dictionaries.append((name, [*([""] if has_empty else []), *_distinct(beside.texts(name))]))
    return ways, dictionaries


def check_kinds(files: Files, beside: Columns) -> None:
    """Refuses integers in one column and texts in another; a column without rows is of either kind.

    Raises:
        InputTypeError: they are there (``identifier-kind``).
    """
    for name in DOMAINS:
        found = _forms(_tables(files, name), name)
        found |= {"text" if isinstance(column, Labels) else "integer" for column in beside.given(name) if len(column)}
        if found >= {"text", "integer"}:
            raise refuse("identifier-kind", argument=name, value="texts in some of the tables, and integers in others")


def _tables(files: Files, name: str) -> list[TableFiles]:
    return [files.orders] if name == "order_id" else list(files.tables.values())


def _forms(tables: list[TableFiles], name: str) -> set[str]:
    """What the files with rows hold in a column, if they have it."""
    return {table.forms[name][0] for table in tables if table.rows and name in table.forms}


def _distinct(columns: list[Labels]) -> list[str]:
    """The texts that rows have."""
    found = set[str]()
    for column in columns:
        dictionary: Any = column.dictionary
        found.update(dictionary[code] for code in np.unique(column.codes).tolist())
    return sorted(found)
