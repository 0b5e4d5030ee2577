"""The C-level door to the kernel, for ``cimport``: seen from Python the module is empty. See ``cython_api.pxd``."""

# What a compiled module finds here when it cimports: the functions of ``cython_api.pxd``, by name, as capsules.
__pyx_capi__: dict[str, object]

# Cython gives it to every module, for doctests of which there are none.
__test__: dict[str, str]
