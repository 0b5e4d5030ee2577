"""What this build is, for bug reports."""

from __future__ import annotations

from fundclear import _kernel

__all__ = ["__version__", "build_info"]

__version__: str = _kernel.version


def build_info() -> dict[str, str]:
    """What this build is, for bug reports: versions, target, profile.

    >>> build_info()["version"] == __version__
    True
    """
    return _kernel.build_info()
