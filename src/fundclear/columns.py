"""Columns of texts, dates and instants: a text column is its distinct texts and one small code a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NoReturn, TypeAlias, final, overload

import numpy as np
import numpy.typing as npt

from fundclear import _kernel
from fundclear.amounts import ArrowArray, ArrowStream, refuse_masked, show
from fundclear.errors import refuse

__all__ = ["Codes", "Labels", "Texts", "coded", "dictionary_of", "joined_labels"]

#: The codes of a text column, in the narrowest of these widths that their number fits.
Codes: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.int32]

#: What a text column is made from.
Texts: TypeAlias = "Labels | str | Iterable[str] | npt.NDArray[Any] | ArrowArray | ArrowStream | _kernel.ArrowColumn"

# A repr shows so many rows at either end of a long column, and all of a column of up to twice as many and two.
_SHOWN_ROWS: Final = 3

# Iterating makes so many texts at a time.
_ITER_ROWS: Final = 4096


# Dictionaries of at most so many texts are kept.
_FEW: Final = 64


@final
class Labels:
    """A column of texts that never changes: every row is a code, and each distinct text is kept once.

    >>> kinds = Labels.of(["subscribe", "redeem", "subscribe"])
    >>> kinds
    Labels(['subscribe', 'redeem', 'subscribe'])
    >>> kinds[1], len(kinds), kinds.dictionary, kinds.codes
    ('redeem', 3, ('subscribe', 'redeem'), array([0, 1, 0], dtype=uint8))
    >>> kinds == "subscribe"
    array([ True, False,  True])
    """

    __slots__ = ("_bytes", "_codes", "_dictionary", "_offsets")

    _codes: Codes
    _offsets: npt.NDArray[np.int64]
    _bytes: npt.NDArray[np.uint8]
    _dictionary: tuple[str, ...] | None

    # Equality is row by row, so a column has no hash; and numpy compares through ``__eq__``.
    __hash__: Final = None  # type: ignore[assignment]
    __array_ufunc__: Final = None

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise refuse("labels-constructor")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Labels never change: cannot set {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Labels never change: cannot delete {name!r}")

    # ---- in ----

    @staticmethod
    def of(values: Texts, *, default: str | None = None, name: str = "values", threads: int | None = None) -> Labels:
        """The column of these texts.

        Args:
            values: ``str``, in a list, tuple or iterable, a numpy array of ``str``, bytes or objects, a Series, or
                anything that exports Arrow texts, of any layout; a single ``str`` is a column of one row.
            default: what stands for a null of Arrow data; without one a null is refused.
            name: what the values are called in errors.
            threads: how many threads may work.

        Raises:
            InputTypeError: a row is no text (``label``), or the array is of another dtype (``dtype``).
            InputError: a row is missing (``null``), is not valid Unicode or ends with a zero character (``text``);
                the array is not one-dimensional (``dimensions``).
        """
        if isinstance(values, Labels):
            return values
        if isinstance(values, str):
            values = [values]
        if isinstance(values, (list, tuple)):
            return _make(*_kernel.label_objects(values, name))
        if isinstance(getattr(values, "dtype", None), np.dtype):
            array = values if isinstance(values, np.ndarray) else np.asarray(values)
            return _of_array(array, name, threads)
        if is_arrow(values):
            try:
                return _make(*_kernel.label_arrow(values, default, name, threads))
            except ImportError:
                # pandas exports to Arrow through pyarrow, which need not be there; its rows are objects all the same.
                if not isinstance(values, Iterable):
                    raise
        if isinstance(values, (bytes, Mapping)) or not isinstance(values, Iterable):
            raise refuse("label", argument=name, value=show(values))
        return _make(*_kernel.label_objects(list(values), name))

    @staticmethod
    def from_codes(codes: npt.NDArray[np.integer[Any]], dictionary: Iterable[str]) -> Labels:
        """The column whose rows are codes into a dictionary of distinct texts.

        >>> Labels.from_codes(np.array([1, 0, 1], dtype=np.uint8), ["confirmed", "rejected"])
        Labels(['rejected', 'confirmed', 'rejected'])
        """
        if isinstance(dictionary, tuple) and len(dictionary) <= _FEW and all(type(text) is str for text in dictionary):
            texts = _known(dictionary)
        else:
            texts = Labels.of(list(dictionary), name="dictionary")
        count = len(texts._offsets) - 1
        if count != len(texts):
            raise refuse(
                "argument", argument="dictionary", value=f"{len(texts)} texts", why="a text stands in it twice"
            )
        if codes.ndim != 1:
            raise refuse("dimensions", argument="codes", value=str(codes.ndim))
        if codes.dtype.kind not in "iu":
            raise refuse("dtype", argument="codes", value=str(codes.dtype), wanted="an integer dtype")
        is_signed = codes.dtype.kind == "i"
        if len(codes) and (int(codes.max()) >= count or (is_signed and int(codes.min()) < 0)):
            row = int(np.argmax((codes < 0) | (codes >= count)))
            raise refuse("argument", argument="codes", row=row, value=str(codes[row]), why="no text has this code")
        return coded(codes, texts)

    @staticmethod
    def full(rows: int, text: str) -> Labels:
        """So many rows of one text."""
        one = Labels.of([text])
        return _make(np.zeros(rows, dtype=np.uint8), one._offsets, one._bytes)

    # ---- out ----

    @property
    def codes(self) -> Codes:
        """The code of every row, in a read-only array of uint8, uint16 or int32."""
        return self._codes

    @property
    def dictionary(self) -> tuple[str, ...]:
        """The distinct texts by their code. Of a selection of rows, the texts of the whole column."""
        known = self._dictionary
        if known is None:
            known = tuple(_kernel.label_strings(self._offsets, self._bytes, 0, self.distinct))
            object.__setattr__(self, "_dictionary", known)
        return known

    @property
    def distinct(self) -> int:
        """The number of texts in the dictionary."""
        return len(self._offsets) - 1

    @property
    def packed(self) -> tuple[Codes, npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
        """The codes, and the dictionary as the native side reads it, by offsets and UTF-8 bytes."""
        return self._codes, self._offsets, self._bytes

    def to_list(self) -> list[str]:
        """The texts of all rows.

        >>> Labels.of(("a", "b", "a")).to_list()
        ['a', 'b', 'a']
        """
        dictionary = self.dictionary
        return [dictionary[code] for code in self._codes.tolist()]

    tolist = to_list

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The texts as numpy keeps them, of the width of the longest."""
        if copy is False:
            raise ValueError("texts are made from their codes: unable to avoid a copy")
        if dtype is not None and np.dtype(dtype).kind not in "UOT":
            raise refuse("dtype", argument="dtype", value=str(np.dtype(dtype)), wanted="str or object")
        texts = np.array(self.dictionary, dtype=np.str_ if dtype is None else dtype)
        return texts[self._codes] if len(texts) else np.empty(0, dtype=texts.dtype)

    def __arrow_c_schema__(self) -> object:
        """The Arrow schema, utf8, in a capsule of the Arrow C data interface."""
        return _kernel.arrow_text_schema()

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """The column as Arrow utf8, or as a dictionary if the requested schema asks for one."""
        return _kernel.arrow_text_array(self.packed, requested_schema)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The column as a stream of Arrow batches."""
        return _kernel.arrow_stream(("", self.packed, None), requested_schema)

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (np.ascontiguousarray(self._codes), self._offsets, self._bytes)

    def __copy__(self) -> Labels:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Labels:
        return self

    def __repr__(self) -> str:
        rows = len(self)
        if rows <= 2 * _SHOWN_ROWS + 2:
            return f"Labels([{', '.join(map(repr, self))}])"
        shown = [*map(repr, self[:_SHOWN_ROWS]), "...", *map(repr, self[rows - _SHOWN_ROWS :])]
        return f"Labels([{', '.join(shown)}], rows={rows})"

    # ---- rows ----

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self._codes), _ITER_ROWS):
            yield from map(self._text, self._codes[start : start + _ITER_ROWS].tolist())

    def _text(self, code: int) -> str:
        # The dictionary of a column of a million order ids is not made for the sake of one of them.
        known = self._dictionary
        return known[code] if known else _kernel.label_strings(self._offsets, self._bytes, code, code + 1)[0]

    @overload
    def __getitem__(self, rows: int | np.integer[Any]) -> str: ...

    @overload
    def __getitem__(self, rows: slice | npt.NDArray[Any] | list[int] | list[bool]) -> Labels: ...

    def __getitem__(
        self, rows: int | np.integer[Any] | slice | npt.NDArray[Any] | list[int] | list[bool] | tuple[Any, ...]
    ) -> str | Labels:
        """One row as a text; the rows of a slice, of a mask or of an integer array as a column."""
        if isinstance(rows, (int, np.integer)) and not isinstance(rows, bool):
            return self._text(self._codes.item(rows))
        if not isinstance(rows, slice):
            rows = chosen_rows(rows, len(self))
        return self._like(self._codes[rows])

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and bool(np.any(self == text))

    def __eq__(self, other: object) -> npt.NDArray[np.bool_]:  # type: ignore[override]
        """Row by row, whether the text is this one, or that of the same row of another column."""
        if isinstance(other, str):
            code = self.code(other)
            if code is None:
                return np.zeros(len(self), dtype=np.bool_)
            return np.equal(self._codes, code)
        if not isinstance(other, (Labels, list, tuple, np.ndarray)):
            return NotImplemented
        theirs = Labels.of(other, name="other")
        if len(theirs) != len(self):
            raise refuse("length", argument="other", value=str(len(theirs)), wanted=len(self))
        _, _, (ours, others) = _kernel.label_union([self.packed, theirs.packed], False, None)
        return np.equal(_kernel.label_keys(self._codes, ours, None), _kernel.label_keys(theirs._codes, others, None))

    def __ne__(self, other: object) -> npt.NDArray[np.bool_]:  # type: ignore[override]
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else ~equal

    def code(self, text: str) -> int | None:
        """The code of a text; ``None`` if it is not in the dictionary."""
        try:
            return _kernel.label_find(self._offsets, self._bytes, text)
        except UnicodeEncodeError:
            return None

    def replaced(self, texts: Mapping[str, str]) -> Labels:
        """The column with some texts replaced by others.

        >>> Labels.of(["B", "S", "B"]).replaced({"B": "subscribe"})
        Labels(['subscribe', 'S', 'subscribe'])
        """
        if all(self.code(text) is None for text in texts):
            return self
        changed = Labels.of([texts.get(text, text) for text in self.dictionary])
        return changed._like(changed._codes[self._codes])

    def _like(self, codes: Codes) -> Labels:
        """Other rows over the same texts."""
        return _over(codes, self._offsets, self._bytes, self._dictionary)


@lru_cache(maxsize=256)
def _known(dictionary: tuple[str, ...]) -> Labels:
    """Distinct texts as a column, kept; a clearing day has the same few again and again."""
    texts = Labels.of(list(dictionary), name="dictionary")
    object.__setattr__(texts, "_dictionary", dictionary if texts.distinct == len(texts) else None)
    return texts


def dictionary_of(texts: tuple[str, ...]) -> Labels:
    """Distinct texts as a column that others can be coded into."""
    return _known(texts) if len(texts) <= _FEW else Labels.of(list(texts), name="dictionary")


def coded(codes: npt.NDArray[np.integer[Any]], texts: Labels) -> Labels:
    """The column of codes into the dictionary of another one, in which they all stand."""
    offsets = texts._offsets
    return _over(_narrowed(codes, len(offsets) - 1), offsets, texts._bytes, texts._dictionary)


def _make(
    codes: Codes,
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    dictionary: tuple[str, ...] | None = None,
) -> Labels:
    """A column over arrays that are in order; they are seen through views that cannot be written to."""
    return _over(codes, _sealed(offsets), _sealed(data), dictionary)


# The slots' own setters pass by ``__setattr__``, which refuses.
_set_codes: Final = Labels.__dict__["_codes"].__set__
_set_offsets: Final = Labels.__dict__["_offsets"].__set__
_set_bytes: Final = Labels.__dict__["_bytes"].__set__
_set_dictionary: Final = Labels.__dict__["_dictionary"].__set__


def _over(
    codes: Codes,
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    dictionary: tuple[str, ...] | None,
) -> Labels:
    """A column over the texts of another one, which are shared."""
    labels = object.__new__(Labels)
    _set_codes(labels, _sealed(codes))
    _set_offsets(labels, offsets)
    _set_bytes(labels, data)
    _set_dictionary(labels, dictionary)
    return labels


def _sealed(array: Any) -> Any:
    """A view of an array that cannot be written to."""
    view = array.view()
    view.setflags(write=False)
    return view


def packed_labels(codes: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8]) -> Labels:
    """The column of codes that all stand in a packed dictionary, as the native side made it."""
    return _make(_narrowed(codes, len(offsets) - 1), offsets, data)


def joined_labels(columns: Sequence[Labels]) -> Labels:
    """Columns of texts one under the other."""
    offsets, data, ranks = _kernel.label_union([column.packed for column in columns], False, None)
    keys = [_kernel.label_keys(column.codes, ours, None) for column, ours in zip(columns, ranks, strict=True)]
    return packed_labels(np.concatenate(keys), offsets, data)


def _narrowed(codes: npt.NDArray[np.integer[Any]], count: int) -> Codes:
    """Codes into so many texts in the narrowest width."""
    if count <= 1 << 8:
        return codes.astype(np.uint8, copy=False)
    return codes.astype(np.uint16, copy=False) if count <= 1 << 16 else codes.astype(np.int32, copy=False)


def _of_array(array: npt.NDArray[Any], name: str, threads: int | None) -> Labels:
    if array.ndim != 1:
        raise refuse("dimensions", argument=name, value=str(array.ndim))
    refuse_masked(array, name)
    if array.dtype.kind in "OT":
        return _make(*_kernel.label_objects(array.tolist(), name))
    if array.dtype.kind not in "SU":
        raise refuse("dtype", argument=name, value=str(array.dtype), wanted="str, bytes or objects")
    return _make(*_kernel.label_text(array, name, threads))


def is_arrow(values: object) -> bool:
    """Whether an object exports Arrow data."""
    return (
        isinstance(values, _kernel.ArrowColumn)
        or hasattr(values, "__arrow_c_stream__")
        or hasattr(values, "__arrow_c_array__")
    )


def chosen_rows(rows: object, count: int) -> npt.NDArray[Any]:
    """The rows that a mask or an array of row numbers chooses among so many."""
    if isinstance(rows, tuple):
        # numpy takes a tuple for one index a dimension.
        raise refuse("dimensions", argument="rows", value=str(len(rows)))
    chosen = np.asarray(rows, dtype=np.intp if isinstance(rows, list) and not rows else None)
    if chosen.dtype.kind not in "biu":
        raise refuse("dtype", argument="rows", value=str(chosen.dtype), wanted="an integer or bool dtype")
    if chosen.ndim != 1:
        raise refuse("dimensions", argument="rows", value=str(chosen.ndim))
    if chosen.dtype.kind == "b" and len(chosen) != count:
        raise refuse("length", argument="rows", value=str(len(chosen)), wanted=count)
    return chosen
