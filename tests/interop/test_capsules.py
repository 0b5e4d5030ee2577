"""The protocol is kept: every struct is released exactly once, and a producer that lies gets an error, not a crash."""

from __future__ import annotations

import gc
import resource
import struct
import sys
import weakref
from contextlib import suppress
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import fundclear as fc
from fundclear.tables import Table
from interop.producer import Producer, StreamProducer


def texts(*values: bytes, **claims: Any) -> Producer:
    """A utf8 array."""
    ends = [sum(map(len, values[:row])) for row in range(len(values) + 1)]
    offsets = struct.pack(f"{len(ends)}i", *ends)
    return Producer(b"u", [None, offsets, b"".join(values)], **{"length": len(values), **claims})


def integers(*values: int, **claims: Any) -> Producer:
    return Producer(b"l", [None, struct.pack(f"{len(values)}q", *values)], **{"length": len(values), **claims})


def test_a_hand_made_producer_is_read_and_released_once() -> None:
    for producer, expected in [
        (texts(b"1.5", b"-2.25"), [150, -225]),
        (integers(1, 2, 3, length=2, offset=1), [200, 300]),
    ]:
        assert fc.Fixed.parse(producer, 2).minor.tolist() == expected
        assert sorted(producer.released) == ["array", "schema"]


def test_refused_columns_are_released_once() -> None:
    refused = [texts(b"1.5", b"x"), Producer(b"g", [None, b"\0" * 8], 1), Producer(b"b", [None, b"\1"], 1)]
    refused += [Producer(b"+s", [None], 1), Producer(b"no such format", [], 1), integers(1, length=-1)]
    refused += [texts(b"", length=0), Producer(b"n", [], 3)]
    for producer in refused:
        with suppress(fc.FundclearError):
            fc.Fixed.parse(producer, 2)
        assert sorted(producer.released) == ["array", "schema"]


def test_a_capsule_cannot_be_used_twice() -> None:
    producer = integers(1, 2)
    assert len(fc.Fixed.parse(producer)) == 2
    with pytest.raises(fc.InputError, match="used up before"):
        fc.Fixed.parse(producer)
    assert sorted(producer.released) == ["array", "schema"]


@pytest.mark.parametrize("given", [None, 7, "text", (1, 2)])
def test_what_is_no_capsule_is_refused(given: object) -> None:
    class Wrong:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            return given

    with pytest.raises(fc.InputError, match='where a capsule "arrow_array_stream" is due'):
        fc.Fixed.parse(Wrong())  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [None, 7, (1,), (1, 2, 3)])
def test_what_is_no_pair_is_refused(given: object) -> None:
    class Wrong:
        def __arrow_c_array__(self, requested_schema: object | None = None) -> object:
            return given

    with pytest.raises(fc.InputError, match="no pair of capsules"):
        fc.Fixed.parse(Wrong())  # type: ignore[arg-type]


def test_capsules_of_another_name_are_refused() -> None:
    class Swapped:
        def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
            schema, array = pa.array([1]).__arrow_c_array__()
            return array, schema

    with pytest.raises(fc.InputError, match='where a capsule "arrow_schema" is due'):
        fc.Fixed.parse(Swapped())


def test_streams_are_released_with_all_their_batches() -> None:
    first, second = texts(b"1.5"), texts(b"2", b"3")
    producer = StreamProducer([first, second])
    assert fc.Fixed.parse(producer).minor.tolist() == [15, 20, 30]
    assert producer.released == ["stream"]
    assert sorted(first.released) == ["array", "schema"]
    assert second.released == ["array"]


@pytest.mark.parametrize(("message", "said"), [(b"the disk is gone", "the disk is gone"), (None, "status 5")])
def test_a_stream_that_fails_says_why(message: bytes | None, said: str) -> None:
    first = texts(b"1.5")
    producer = StreamProducer([first, None], message)
    with pytest.raises(fc.InputError, match=said):
        fc.Fixed.parse(producer)
    assert producer.released == ["stream"]
    assert sorted(first.released) == ["array", "schema"]


def views(*words: tuple[int, int, int, int], lengths: tuple[int, ...] = (4,)) -> Producer:
    """A utf8view array of one buffer, b"1.25"."""
    view = b"".join(struct.pack("4I", *word) for word in words)
    return Producer(b"vu", [None, view, b"1.25", struct.pack(f"{len(lengths)}q", *lengths)], len(words))


INLINE = int.from_bytes(b"1.25", "little")

LIES = {
    "a negative length": integers(1, length=-1),
    "a negative offset": integers(1, offset=-1),
    "a length that overflows": integers(1, length=2**62),
    "a missing buffer": Producer(b"l", [None], 1),
    "too many buffers": integers(1, n_buffers=7),
    "no buffers at all": Producer(b"u", [], 1),
    "a negative number of buffers": Producer(b"vu", [None, b"\0" * 16], 1, n_buffers=-3),
    "no values": Producer(b"l", [None, None], 1),
    "no offsets": Producer(b"u", [None, None, b"1"], 1),
    "no texts": Producer(b"u", [None, struct.pack("2i", 0, 1), None], 1),
    "offsets that fall": Producer(b"u", [None, struct.pack("3i", 0, 4, 1), b"1234"], 2),
    "a first offset beyond the end": Producer(b"u", [None, struct.pack("3i", 0, 9, 1), b"1"], 2),
    "a negative offset of a text": Producer(b"u", [None, struct.pack("3i", 0, -4, 1), b"1"], 2),
    "a negative last offset": Producer(b"u", [None, struct.pack("2i", 0, -1), b"1"], 1),
    "a negative last long offset": Producer(b"U", [None, struct.pack("2q", 0, -1), b"1"], 1),
    "a view into no buffer": views((13, 0, 1, 0)),
    "a view beyond its buffer": views((13, 0, 0, 0)),
    "a view of 4 GiB": views((2**32 - 1, 0, 0, 2**32 - 1)),
    "a negative length of a buffer": views((4, INLINE, 0, 0), lengths=(-1,)),
    "a key beyond the dictionary": Producer(b"c", [None, b"\x05"], 1, dictionary=texts(b"1")),
    "a negative key": Producer(b"c", [None, b"\xff"], 1, dictionary=texts(b"1")),
    "no dictionary values": Producer(b"c", [None, b"\0"], 1, dictionary=Producer(b"u", [None, None, None], 1)),
    "a key into an empty dictionary": Producer(b"c", [None, b"\0"], 1, dictionary=texts()),
    "keys that are no integers": Producer(b"g", [None, b"\0" * 8], 1, dictionary=texts(b"1")),
    "a dictionary for a plain type": Producer(b"u", [None, b"\0" * 8, b""], 1, dictionary=Producer(None, [], 0)),
    "a format that is none": Producer(b"d:1", [None, b"\0" * 16], 1),
    "a precision that is none": Producer(b"d:999,2", [None, b"\0" * 16], 1),
    "a list without a child": Producer(b"+l", [None, b"\0" * 16], 1),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_producer_that_lies_gets_an_error(lie: str) -> None:
    producer = LIES[lie]
    with pytest.raises(fc.FundclearError):
        fc.Fixed.parse(producer, 2)
    assert sorted(producer.released) == ["array", "schema"]


def test_views_that_are_right_are_read() -> None:
    assert fc.Fixed.parse(views((4, INLINE, 0, 0), (4, INLINE, 9, 9))).minor.tolist() == [125, 125]


def test_an_empty_column_needs_no_buffers() -> None:
    assert len(fc.Fixed.parse(Producer(b"u", [None, None, None], 0))) == 0


def peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


ROWS = 500_000

UNUSED = {
    "array": lambda x: x.__arrow_c_array__(),
    "text": lambda x: x.__arrow_c_array__(pa.string().__arrow_c_schema__()),
    "stream": lambda x: x.__arrow_c_stream__(),
    "table": lambda x: Table({"x": x}).__arrow_c_stream__(),
    "schema": lambda x: x.__arrow_c_schema__(),
    "half a stream": lambda x: pa.RecordBatchReader.from_stream(Table({"x": x})).schema,
    "read": lambda x: (pa.array(x), pl.Series(x), pa.table(Table({"x": x}))),
}


@pytest.mark.parametrize("what", UNUSED)
def test_what_nobody_takes_is_released(what: str) -> None:
    """Eighty exports of eight megabytes: if one in ten leaked, the peak would show it."""
    x = fc.Fixed.from_minor(np.arange(ROWS), 2)
    for _ in range(8):
        UNUSED[what](x)
    before = peak_memory()
    for _ in range(80):
        UNUSED[what](x)
    assert peak_memory() - before < 64 << 20


def test_an_export_holds_the_column_and_lets_it_go() -> None:
    base = np.arange(ROWS)
    gone = weakref.ref(base)
    x = fc.Fixed.from_minor(base, 2)
    stream, array = x.__arrow_c_stream__(), pa.array(x)
    del base, x
    gc.collect()
    assert gone() is not None
    del stream
    gc.collect()
    assert gone() is None
    assert array[ROWS - 1].as_py() * 100 == ROWS - 1


@pytest.mark.parametrize("kind", [pa.string(), pa.decimal128(18, 2)], ids=str)
def test_a_column_that_was_read_is_released(kind: pa.DataType) -> None:
    x = fc.Fixed.from_minor(np.arange(ROWS), 2)
    before = pa.total_allocated_bytes()
    source = pa.array(x).cast(kind)
    chunks = pa.chunked_array([source, source])
    broken = pa.chunked_array([source, pa.array([None], kind)])
    for _ in range(3):
        assert fc.Fixed.parse(source).equals(x)
        assert len(fc.Fixed.parse(chunks)) == 2 * ROWS
        with pytest.raises(fc.InputError):
            fc.Fixed.parse(broken)
    references = sys.getrefcount(source)
    assert references <= 3
    del source, chunks, broken
    gc.collect()
    assert pa.total_allocated_bytes() == before


def test_a_requested_schema_stays_the_consumers() -> None:
    x = fc.Fixed.parse(["1.25"])
    requested = pa.string().__arrow_c_schema__()
    for _ in range(2):
        schema, _ = x.__arrow_c_array__(requested)
        assert pa.DataType._import_from_c_capsule(schema) == pa.string()
    with pytest.raises(fc.InputError, match='no capsule "arrow_schema"'):
        x.__arrow_c_array__(object())
