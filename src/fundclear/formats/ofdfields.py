"""The dictionary of the exchange's files: which fields a type of file may have, and how wide each is."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

__all__ = ["Field", "dictionary"]

#: The dictionary as it is shipped: one field a line, with its type of file.
_SOURCE: Final = "ofd_fields.tsv"


class Field(NamedTuple):
    """A field of the dictionary.

    Attributes:
        name: the name in the files.
        kind: ``A`` or ``C`` for texts, ``N`` for numbers.
        width: its bytes.
        places: the decimals that are implied.
    """

    name: str
    kind: str
    width: int
    places: int


@lru_cache(maxsize=1)
def dictionary() -> dict[str, list[Field]]:
    """By type of file, its fields in the standard's order.

    >>> dictionary()["03"][7]
    Field(name='ApplicationVol', kind='N', width=16, places=2)
    """
    read: dict[str, list[Field]] = {}
    for line in files("fundclear.formats").joinpath(_SOURCE).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            file, name, kind = line.split("\t")
            width, _, places = kind[1:].partition(".")
            read.setdefault(file, []).append(Field(name, kind[0], int(width), int(places or 0)))
    return read
