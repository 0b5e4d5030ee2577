# cython: language_level=3
# cython: freethreading_compatible=True
"""A module as another service would write it: it cimports fundclear, and Python calls it to see what it got."""

from libc.stdint cimport int64_t

from fundclear cimport cython_api
from fundclear.cython_api cimport Rounding, Status, TEXT_MAX

cdef int64_t UNTOUCHED = 4_242


def rescale(int64_t value, int from_scale, int to_scale, int rounding):
    cdef int64_t out = UNTOUCHED
    status = cython_api.rescale(value, from_scale, to_scale, rounding, &out)
    return status, out


def add(int64_t a, int64_t b):
    cdef int64_t out = UNTOUCHED
    status = cython_api.add(a, b, &out)
    return status, out


def subtract(int64_t a, int64_t b):
    cdef int64_t out = UNTOUCHED
    status = cython_api.subtract(a, b, &out)
    return status, out


def mul(int64_t a, int a_scale, int64_t b, int b_scale, int scale, int rounding):
    cdef int64_t out = UNTOUCHED
    status = cython_api.mul(a, a_scale, b, b_scale, scale, rounding, &out)
    return status, out


def div(int64_t a, int a_scale, int64_t b, int b_scale, int scale, int rounding):
    cdef int64_t out = UNTOUCHED
    status = cython_api.div(a, a_scale, b, b_scale, scale, rounding, &out)
    return status, out


def mul_div(
    int64_t a, int a_scale, int64_t b, int b_scale, int64_t c, int c_scale, int scale, int rounding
):
    cdef int64_t out = UNTOUCHED
    status = cython_api.mul_div(a, a_scale, b, b_scale, c, c_scale, scale, rounding, &out)
    return status, out


def parse(const unsigned char[::1] text, int scale, int rounding):
    cdef int64_t out = UNTOUCHED
    cdef const char* start = <const char*>&text[0] if text.shape[0] else NULL
    status = cython_api.parse(start, text.shape[0], scale, rounding, &out)
    return status, out


def format(int64_t value, int scale, size_t capacity=TEXT_MAX):
    """The length or negative status, and a buffer of twice the bytes, so that a byte too far is seen."""
    cdef char[2 * TEXT_MAX] buffer
    for place in range(2 * TEXT_MAX):
        buffer[place] = b"~"
    length = cython_api.format(value, scale, buffer, capacity)
    return length, buffer[:2 * TEXT_MAX]


def null_pointers():
    """What every function says to a NULL where it would write or read."""
    cdef int64_t out
    cdef char buffer[TEXT_MAX]
    return [
        cython_api.rescale(1, 0, 0, Rounding.DOWN, NULL),
        cython_api.add(1, 1, NULL),
        cython_api.subtract(1, 1, NULL),
        cython_api.mul(1, 0, 1, 0, 0, Rounding.DOWN, NULL),
        cython_api.div(1, 0, 1, 0, 0, Rounding.DOWN, NULL),
        cython_api.mul_div(1, 0, 1, 0, 1, 0, 0, Rounding.DOWN, NULL),
        cython_api.parse("1", 1, 0, Rounding.DOWN, NULL),
        cython_api.parse(NULL, 1, 0, Rounding.DOWN, &out),
        -cython_api.format(1, 0, NULL, TEXT_MAX),
    ]


def price_all(const int64_t[::1] units, const int64_t[::1] prices, int64_t[::1] amounts):
    """A loop without the GIL: units at scale 2 by prices at scale 4, in cents; the first status that is not OK."""
    cdef Py_ssize_t row
    cdef int status = Status.OK
    with nogil:
        for row in range(units.shape[0]):
            status = cython_api.mul(units[row], 2, prices[row], 4, 2, Rounding.HALF_UP, &amounts[row])
            if status != Status.OK:
                break
    return status


ROUNDING = {
    "HALF_UP": Rounding.HALF_UP,
    "HALF_EVEN": Rounding.HALF_EVEN,
    "HALF_DOWN": Rounding.HALF_DOWN,
    "UP": Rounding.UP,
    "DOWN": Rounding.DOWN,
    "CEILING": Rounding.CEILING,
    "FLOOR": Rounding.FLOOR,
    "ZERO_FIVE_UP": Rounding.ZERO_FIVE_UP,
    "EXACT": Rounding.EXACT,
}

STATUS = {
    "OK": Status.OK,
    "INEXACT": Status.INEXACT,
    "OVERFLOW": Status.OVERFLOW,
    "DIGITS": Status.DIGITS,
    "DIVISION_BY_ZERO": Status.DIVISION_BY_ZERO,
    "EMPTY": Status.EMPTY,
    "STRAY": Status.STRAY,
    "NAN": Status.NAN,
    "INFINITY": Status.INFINITY,
    "SCALE_RANGE": Status.SCALE_RANGE,
    "ROUNDING": Status.ROUNDING,
    "BUFFER": Status.BUFFER,
    "NULL_POINTER": Status.NULL_POINTER,
    "LAW": Status.LAW,
}

LONGEST = TEXT_MAX
