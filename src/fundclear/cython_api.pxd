# cython: language_level=3
"""The arithmetic of fundclear on one value, for compiled code: the very same kernel, without Python's call cost.

    from libc.stdint cimport int64_t
    from fundclear.cython_api cimport Rounding, Status, mul

    cdef int64_t amount
    cdef int status
    with nogil:
        # 100.00 units at a price of 1.2345: the amount in cents, rounded half up.
        status = mul(10000, 2, 12345, 4, 2, Rounding.HALF_UP, &amount)
    if status != Status.OK:
        ...

Values are **minor units**, an int64_t of at most 18 digits, and go with a **scale**, the number of decimal places
from 0 to 18: 12345 at scale 4 is 1.2345. Results take the scale that the caller names. Every value may be negative.

Calls return a **status** (``format`` a length or a negative status) and raise nothing; they need no GIL, keep no state
and may run on any number of threads. On success the result is in ``out``. On failure ``out`` holds INT64_MIN, a value
of more than 18 digits, which every later call refuses, so that a status not looked at cannot turn into money.

Call only what is declared here: these signatures stay as they are, so that modules compiled against them go on working.
"""

from libc.stdint cimport int64_t

# How a result that does not fit its scale is rounded: fundclear.Rounding, and EXACT for "none, or an error".
cdef enum Rounding:
    HALF_UP = 0       # to the nearest; a tie away from zero
    HALF_EVEN = 1     # to the nearest; a tie to the even digit
    HALF_DOWN = 2     # to the nearest; a tie towards zero
    UP = 3            # away from zero
    DOWN = 4          # towards zero
    CEILING = 5       # towards positive infinity
    FLOOR = 6         # towards negative infinity
    ZERO_FIVE_UP = 7  # away from zero if the digit kept last is 0 or 5, else towards zero
    EXACT = 8         # no rounding: digits that would be lost are Status.INEXACT

# How a call went. Codes are only ever added, at the end.
cdef enum Status:
    OK = 0
    INEXACT = 1           # digits would be lost and rounding is EXACT
    OVERFLOW = 2          # the result has more than 18 digits
    DIGITS = 3            # an argument has more than 18 digits
    DIVISION_BY_ZERO = 4
    EMPTY = 5             # the text is empty
    STRAY = 6             # the text holds a character that a plain decimal number has not
    NAN = 7               # the text is not a number
    INFINITY = 8          # the text is an infinity
    SCALE_RANGE = 9       # a scale is not 0 to 18
    ROUNDING = 10         # no rounding mode has this code
    BUFFER = 11           # the text is longer than the buffer
    NULL_POINTER = 12     # out, or a text or buffer that is needed, is NULL
    LAW = 13              # a defect of fundclear: please report it

cdef enum:
    TEXT_MAX = 21  # bytes of the longest formatted value: a sign, "0.", 18 digits

# The value at another scale.
cdef int rescale(int64_t value, int from_scale, int to_scale, int rounding, int64_t* out) noexcept nogil

# a + b and a - b; both, and the result, are of one scale, whichever it is.
cdef int add(int64_t a, int64_t b, int64_t* out) noexcept nogil
cdef int subtract(int64_t a, int64_t b, int64_t* out) noexcept nogil

# a × b and a ÷ b at ``scale``, rounded once.
cdef int mul(int64_t a, int a_scale, int64_t b, int b_scale, int scale, int rounding, int64_t* out) noexcept nogil
cdef int div(int64_t a, int a_scale, int64_t b, int b_scale, int scale, int rounding, int64_t* out) noexcept nogil

# a × b ÷ c at ``scale``, rounded once: the product is exact, however large.
cdef int mul_div(
    int64_t a, int a_scale, int64_t b, int b_scale, int64_t c, int c_scale, int scale, int rounding, int64_t* out
) noexcept nogil

# The value of a plain decimal number of ``length`` bytes of ASCII: digits, at most one point, one leading sign; no
# blanks, separators or exponent. The text need not end in a zero byte.
cdef int parse(const char* text, size_t length, int scale, int rounding, int64_t* out) noexcept nogil

# Writes the value as decimal text, "-0.05" for -5 at scale 2, without a zero byte at its end, and returns its length:
# at most TEXT_MAX, so a buffer of that many bytes always does. On failure the negative of a status.
cdef int format(int64_t value, int scale, char* buffer, size_t capacity) noexcept nogil
