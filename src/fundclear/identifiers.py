"""Identifiers of one kind over several tables as int64 keys whose order is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NoReturn, TypeAlias, final

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.columns import Labels, packed_labels
from fundclear.errors import refuse

__all__ = ["Domain", "Identifiers"]

#: A column of identifiers: integers as they are, or texts.
Identifiers: TypeAlias = npt.NDArray[np.int64] | Labels

_Keys: TypeAlias = npt.NDArray[np.int64]

# So many digits fit in an int64, whatever they are.
_MOST_DIGITS: Final = 18


@final
class Domain:
    """The accounts, funds, distributors or order ids that a call knows, each with an int64 key.

    The key of an integer is the integer. Where all texts are ASCII digits, equally many and at most 18, the key of a
    text is the integer that it spells, so that it can be told without the others. The key of any other text is its rank
    among all texts of the domain, ascending by their UTF-8 bytes. So keys compare as the identifiers do, whatever
    column or row they come from.

    >>> orders, positions = Labels.of(["b", "a", "b"]), Labels.of(["c", "b"])
    >>> accounts = Domain.of("account", orders, positions)
    >>> accounts.keys(orders), accounts.keys(positions)
    (array([1, 0, 1]), array([2, 1]))
    >>> accounts.restore(np.array([2, 0])), accounts.key("c"), accounts.key("x"), accounts.text(1)
    (Labels(['c', 'a']), 2, None, 'b')
    >>> numbers = Labels.of(["0042", "0007"])
    >>> Domain.of("account", numbers).keys(numbers)
    array([42,  7])
    """

    __slots__ = ("_bytes", "_columns", "_keys", "_known", "_name", "_offsets", "_ranks", "_width")

    _name: str
    _columns: tuple[Labels, ...]
    _ranks: list[_Keys]
    _offsets: _Keys | None
    _bytes: npt.NDArray[np.uint8]
    #: The keys of the texts, by rank; ``None`` if ranks are the keys.
    _keys: _Keys | None
    #: The digits of the texts, if the keys are what they spell.
    _width: int | None
    #: All texts, if those that are kept here are some of them.
    _known: _kernel.TextDictionary | None

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise TypeError("a Domain is made by Domain.of()")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a Domain never changes: cannot set {name!r}")

    @staticmethod
    def of(name: str, *columns: Identifiers | None, threads: int | None = None) -> Domain:
        """The domain of all identifiers of these columns.

        Args:
            name: what the identifiers are called in errors, such as ``"account"``.
            columns: int64 arrays or :class:`~fundclear.columns.Labels`; ``None`` for a table without the column,
                whose rows are all 0 or all ``""``.
            threads: how many threads may work.

        Raises:
            InputTypeError: integers in one column and texts in another (``identifier-kind``). A column without rows
                is of either kind.
        """
        given = [column for column in columns if column is not None and len(column)]
        texts = tuple(column for column in given if isinstance(column, Labels))
        if texts and len(texts) < len(given):
            whole = next(column for column in given if not isinstance(column, Labels))
            raise refuse("identifier-kind", argument=name, value=f"{texts[0][0]!r} here and {whole[0]} there")
        offsets: _Keys | None = None
        data, ranks = np.empty(0, dtype=np.uint8), list[_Keys]()
        if texts:
            with_empty = any(column is None for column in columns)
            packed = [column.packed for column in texts]
            offsets, data, ranks = _kernel.label_union(packed, with_empty, threads)
        spelled = None if offsets is None else _spelled(offsets, data)
        width = None if offsets is None or spelled is None else int(offsets[1])
        return _made(name, texts, ranks, (offsets, data), spelled, width, None)

    @staticmethod
    def within(name: str, known: _kernel.TextDictionary, *columns: Labels) -> Domain:
        """The domain of all texts of a dictionary, of which the identifiers of these columns are kept here too."""
        texts = tuple(column for column in columns if len(column))
        offsets, data, ranks = _kernel.label_union([column.packed for column in texts], False, None)
        return _made(name, texts, ranks, (offsets, data), known.keys(offsets, data), None, known)

    @property
    def name(self) -> str:
        """What the identifiers are called in errors."""
        return self._name

    @property
    def is_text(self) -> bool:
        """Whether the identifiers are texts."""
        return self._offsets is not None

    @property
    def is_spelled(self) -> bool:
        """Whether the identifiers are texts of digits, and their keys what these spell."""
        return self._width is not None

    @property
    def width(self) -> int | None:
        """How many digits the texts have, if these are what the keys spell."""
        return self._width

    @property
    def dictionary(self) -> _kernel.TextDictionary | None:
        """All texts, if only some of them are kept here."""
        return self._known

    def keys(self, column: Identifiers | None, threads: int | None = None) -> _Keys | int:
        """The key of every row of one of the columns that the domain was made of; of no column the one key 0."""
        if column is None:
            return 0
        if not isinstance(column, Labels):
            return column
        if not len(column):
            return np.empty(0, dtype=np.int64)
        for known, ranks in zip(self._columns, self._ranks, strict=True):
            if known is column:
                return _kernel.label_keys(column.codes, ranks, threads)
        raise ValueError(f"the column is none of those that the domain of {self._name} was made of")

    def restore(self, keys: _Keys) -> Identifiers:
        """The identifiers of keys, as they came: integers, or a column of texts."""
        if self._offsets is None:
            return keys
        places = keys if self._keys is None else _kernel.key_places(self._keys, keys, None)
        return packed_labels(places, self._offsets, self._bytes)

    def key(self, value: object) -> int | None:
        """The key of one identifier; ``None`` if it is of the other kind, or no text of the domain."""
        if self._known is not None:
            return self._known.key(value) if isinstance(value, str) else None
        if self._offsets is not None:
            rank = _kernel.label_find(self._offsets, self._bytes, value) if isinstance(value, str) else None
            return rank if rank is None or self._keys is None else int(self._keys[rank])
        return int(value) if isinstance(value, (int, np.integer)) and not isinstance(value, bool) else None

    def text(self, key: int) -> str:
        """An identifier as messages show it: the text itself, or the integer's digits."""
        if self._known is not None:
            return self._known.text(int(key))
        if self._offsets is None:
            return str(int(key))
        if self._width is not None:
            return str(int(key)).zfill(self._width)
        return _kernel.label_strings(self._offsets, self._bytes, int(key), int(key) + 1)[0]


def _made(
    name: str,
    columns: tuple[Labels, ...],
    ranks: list[_Keys],
    packed: tuple[_Keys | None, npt.NDArray[np.uint8]],
    keys: _Keys | None,
    width: int | None,
    known: _kernel.TextDictionary | None,
) -> Domain:
    """A domain of these texts; those that have keys of their own are found by them."""
    if keys is not None:
        # A text that no row has keeps its -1.
        ranks = [np.where(of_column < 0, -1, keys[of_column]) for of_column in ranks]
    domain = object.__new__(Domain)
    values: Sequence[tuple[str, Any]] = [("_name", name), ("_columns", columns), ("_ranks", ranks)]
    texts: Sequence[tuple[str, Any]] = [("_offsets", packed[0]), ("_bytes", packed[1])]
    for slot, value in [*values, *texts, ("_keys", keys), ("_width", width), ("_known", known)]:
        object.__setattr__(domain, slot, value)
    return domain


def _spelled(offsets: _Keys, data: npt.NDArray[np.uint8]) -> _Keys | None:
    """The integers that packed texts spell; ``None`` if not all of them are equally many digits, and at most 18."""
    width = int(offsets[1]) if len(offsets) > 1 else 0
    if not 0 < width <= _MOST_DIGITS or (offsets != np.arange(len(offsets)) * width).any():
        return None
    if int(data.min()) < ord("0") or int(data.max()) > ord("9"):
        return None
    digits = data.reshape(-1, width)
    spelled = np.zeros(len(digits), dtype=np.int64)
    for place in range(width):
        spelled = spelled * 10 + (digits[:, place] - ord("0"))
    return spelled
