"""The day before a run: its proof alone, or what it has left for the next day too."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, final

from fundclear.clearing import Clearing
from fundclear.dayparts import DayParts
from fundclear.errors import refuse
from fundclear.joining import joined
from fundclear.outcome import left_over
from fundclear.proof import Proof
from fundclear.tables import Confirmations, Obligations

__all__ = ["Before", "Previous", "before_of"]

#: A day, its folder, its proof, or the file of its proof.
Previous: TypeAlias = "Clearing | Proof | str | os.PathLike[str]"


@final
@dataclass(frozen=True, slots=True)
class Before:
    """What is known of the day before.

    Attributes:
        proof: its proof.
        positions: where its register lies; ``None`` if that is not to be taken from there.
        lots: where its lots lie.
        deferred: what it deferred or carried.
        obligations: what it left open.
    """

    proof: Proof
    positions: list[Path] | None = None
    lots: list[Path] | None = None
    deferred: Confirmations | None = None
    obligations: Obligations | None = None


def before_of(previous: Previous) -> Before:
    """What a run takes over of a day: of a folder all that a day begins with, else the proof alone.

    Raises:
        InputError: it is no folder of a day (``folder``), or no proof (``file``).
        OSError: there is no such file.
    """
    if isinstance(previous, (Clearing, Proof)):
        return Before(previous.proof if isinstance(previous, Clearing) else previous)
    path = Path(previous)
    if not path.is_dir():
        return Before(_proof(path))
    day = DayParts.open(path)
    parts = [left_over(_confirmations(day, number)) for number in range(len(day))]
    obligations = day.small["obligations"]
    assert isinstance(obligations, Obligations)
    return Before(day.proof, _files(day, "positions"), _files(day, "lots"), joined(parts), obligations)


def _confirmations(day: DayParts, number: int) -> Confirmations:
    table = day.read("confirmations", number)
    assert isinstance(table, Confirmations)
    return table


def _files(day: DayParts, name: str) -> list[Path]:
    return [day.folder / day.file(name, number) for number in range(len(day))]


def _proof(path: Path) -> Proof:
    try:
        return Proof.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (AttributeError, ArithmeticError, LookupError, TypeError, ValueError):
        raise refuse("file", argument=str(path), why="it is no proof of a day") from None
