"""A producer of Arrow data that is made by hand, so that it can be wrong: structs, buffers and releases counted."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, c_char_p, c_int, c_int64, c_void_p, py_object

_capsule = ctypes.pythonapi.PyCapsule_New
_capsule.restype = py_object
_capsule.argtypes = [c_void_p, c_char_p, c_void_p]


class Schema(ctypes.Structure):
    """``ArrowSchema`` of the C data interface."""


class Array(ctypes.Structure):
    """``ArrowArray`` of the C data interface."""


class Stream(ctypes.Structure):
    """``ArrowArrayStream`` of the C stream interface."""


ReleaseSchema = ctypes.CFUNCTYPE(None, POINTER(Schema))
ReleaseArray = ctypes.CFUNCTYPE(None, POINTER(Array))
ReleaseStream = ctypes.CFUNCTYPE(None, POINTER(Stream))
GetSchema = ctypes.CFUNCTYPE(c_int, POINTER(Stream), POINTER(Schema))
GetNext = ctypes.CFUNCTYPE(c_int, POINTER(Stream), POINTER(Array))
GetLastError = ctypes.CFUNCTYPE(c_void_p, POINTER(Stream))

Schema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_char_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", c_void_p),
    ("dictionary", POINTER(Schema)),
    ("release", ReleaseSchema),
    ("private_data", c_void_p),
]
Array._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", c_void_p),
    ("dictionary", POINTER(Array)),
    ("release", ReleaseArray),
    ("private_data", c_void_p),
]
Stream._fields_ = [
    ("get_schema", GetSchema),
    ("get_next", GetNext),
    ("get_last_error", GetLastError),
    ("release", ReleaseStream),
    ("private_data", c_void_p),
]

NO_RELEASE = {Schema: ReleaseSchema(0), Array: ReleaseArray(0), Stream: ReleaseStream(0)}


def capsule(struct: ctypes.Structure, name: bytes) -> object:
    """A capsule over a struct that somebody else keeps alive; it releases nothing by itself."""
    return _capsule(ctypes.addressof(struct), name, None)


class Producer:
    """One array with its type; ``released`` counts the calls of the release callbacks.

    Args:
        form: the format string of the type.
        buffers: the buffers, the validity bitmap first; ``None`` is a null pointer.
        length: the rows.
        offset: the rows before the first.
        null_count: how many nulls it claims to have.
        n_buffers: how many buffers it claims to have.
        dictionary: the producer of the dictionary.
    """

    def __init__(
        self,
        form: bytes | None,
        buffers: Sequence[bytes | None],
        length: int,
        *,
        offset: int = 0,
        null_count: int = 0,
        n_buffers: int | None = None,
        dictionary: Producer | None = None,
    ) -> None:
        self.released: list[str] = []
        self._keep = [None if buffer is None else ctypes.create_string_buffer(buffer, max(len(buffer), 1))
                      for buffer in buffers]  # fmt: skip
        pointers = [None if kept is None else ctypes.addressof(kept) for kept in self._keep]
        self._pointers = (c_void_p * max(len(pointers), 1))(*pointers)
        self._callbacks = (
            ReleaseSchema(lambda place: self._release(place.contents, "schema")),
            ReleaseArray(lambda place: self._release(place.contents, "array")),
        )
        self._dictionary = dictionary
        inner_schema = ctypes.pointer(dictionary.schema) if dictionary else None
        inner_array = ctypes.pointer(dictionary.array) if dictionary else None
        self.schema = Schema(form, b"", None, 2, 0, None, inner_schema, self._callbacks[0], None)
        self.array = Array(
            length, null_count, offset, len(buffers) if n_buffers is None else n_buffers, 0,
            self._pointers, None, inner_array, self._callbacks[1], None,
        )  # fmt: skip

    def _release(self, struct: Schema | Array, what: str) -> None:
        self.released.append(what)
        struct.release = NO_RELEASE[type(struct)]

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        return capsule(self.schema, b"arrow_schema"), capsule(self.array, b"arrow_array")


class StreamProducer:
    """A stream of producers of one type; it fails with a message instead of the batch that is ``None``."""

    def __init__(self, batches: Sequence[Producer | None], message: bytes | None = b"the disk is gone") -> None:
        self.released: list[str] = []
        self._batches = list(batches)
        self._message = ctypes.create_string_buffer(message) if message is not None else None
        self._callbacks = (
            GetSchema(self._get_schema),
            GetNext(self._get_next),
            GetLastError(lambda _: ctypes.addressof(self._message) if self._message else None),
            ReleaseStream(self._release),
        )
        self.stream = Stream(*self._callbacks, None)
        self._kept: list[object] = []

    def _get_schema(self, _: object, out: ctypes._Pointer[Schema]) -> int:
        first = next(batch for batch in self._batches if batch)
        ctypes.memmove(out, ctypes.byref(first.schema), ctypes.sizeof(Schema))
        return 0

    def _get_next(self, _: object, out: ctypes._Pointer[Array]) -> int:
        if not self._batches:
            out.contents.release = NO_RELEASE[Array]
            return 0
        batch = self._batches.pop(0)
        if batch is None:
            return 5
        self._kept.append(batch)
        ctypes.memmove(out, ctypes.byref(batch.array), ctypes.sizeof(Array))
        return 0

    def _release(self, place: ctypes._Pointer[Stream]) -> None:
        self.released.append("stream")
        place.contents.release = NO_RELEASE[Stream]

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return capsule(self.stream, b"arrow_array_stream")
