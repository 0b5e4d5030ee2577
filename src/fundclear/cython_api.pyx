# cython: language_level=3
# cython: freethreading_compatible=True
"""The C-level door to the kernel, for other compiled modules to ``cimport``; ``cython_api.pxd`` says how.

There is no arithmetic here: each function calls the one of the same name in a table of C functions that the native
module ``fundclear._kernel`` keeps in a capsule. Seen from Python the module is empty.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int64_t, uint32_t

from fundclear import _kernel

# The layout of the table that this module was written for; the kernel's source says what it is now.
cdef enum:
    VERSION = 1

# Field by field as in the kernel.
cdef struct Table:
    uint32_t version
    int (*rescale)(int64_t, int, int, int, int64_t*) noexcept nogil
    int (*add)(int64_t, int64_t, int64_t*) noexcept nogil
    int (*subtract)(int64_t, int64_t, int64_t*) noexcept nogil
    int (*mul)(int64_t, int, int64_t, int, int, int, int64_t*) noexcept nogil
    int (*div)(int64_t, int, int64_t, int, int, int, int64_t*) noexcept nogil
    int (*mul_div)(int64_t, int, int64_t, int, int64_t, int, int, int, int64_t*) noexcept nogil
    int (*parse)(const char*, size_t, int, int, int64_t*) noexcept nogil
    int (*format)(int64_t, int, char*, size_t) noexcept nogil

# Written once, below, before anyone can hold one of the functions.
cdef const Table* table = NULL


cdef int rescale(int64_t value, int from_scale, int to_scale, int rounding, int64_t* out) noexcept nogil:
    return table.rescale(value, from_scale, to_scale, rounding, out)


cdef int add(int64_t a, int64_t b, int64_t* out) noexcept nogil:
    return table.add(a, b, out)


cdef int subtract(int64_t a, int64_t b, int64_t* out) noexcept nogil:
    return table.subtract(a, b, out)


cdef int mul(int64_t a, int a_scale, int64_t b, int b_scale, int scale, int rounding, int64_t* out) noexcept nogil:
    return table.mul(a, a_scale, b, b_scale, scale, rounding, out)


cdef int div(int64_t a, int a_scale, int64_t b, int b_scale, int scale, int rounding, int64_t* out) noexcept nogil:
    return table.div(a, a_scale, b, b_scale, scale, rounding, out)


cdef int mul_div(
    int64_t a, int a_scale, int64_t b, int b_scale, int64_t c, int c_scale, int scale, int rounding, int64_t* out
) noexcept nogil:
    return table.mul_div(a, a_scale, b, b_scale, c, c_scale, scale, rounding, out)


cdef int parse(const char* text, size_t length, int scale, int rounding, int64_t* out) noexcept nogil:
    return table.parse(text, length, scale, rounding, out)


cdef int format(int64_t value, int scale, char* buffer, size_t capacity) noexcept nogil:
    return table.format(value, scale, buffer, capacity)


cdef int load_table() except -1:
    global table
    cdef const Table* found = <const Table*>PyCapsule_GetPointer(_kernel._c_api, b"fundclear._kernel._c_api")
    if found.version != VERSION:
        raise ImportError(
            f"fundclear.cython_api was built for version {VERSION} of the kernel's table of C functions and finds "
            f"version {found.version}: reinstall fundclear"
        )
    table = found
    return 0


load_table()
