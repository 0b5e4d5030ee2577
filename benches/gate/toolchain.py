"""What instruction counts depend on beside the code, as facts that a baseline is kept with."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

#: What counts of the kernel alone depend on, and what those of Python calls do beside.
KERNEL = ("machine", "cpu", "libc", "valgrind", "rustc", "rustflags")
CALLS = (*KERNEL, "python", "numpy")

#: The instructions that a processor of the level has; valgrind passes on those of the third and hides the fourth.
_THIRD_LEVEL = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"}


def facts() -> dict[str, str]:
    """The facts of this machine and environment."""
    return {
        "machine": platform.machine(),
        "cpu": cpu_level(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        "libc": " ".join(platform.libc_ver()),
        "valgrind": _first_line("valgrind", "--version"),
        "rustc": _first_line("rustc", "--version"),
        "rustflags": os.environ.get("RUSTFLAGS", ""),
        "python": " ".join(sys.version.split()),
        "numpy": np.__version__,
    }


def cpu_level(cpuinfo: str) -> str:
    """The level of x86-64 that valgrind shows to programs; of other machines nothing."""
    flags = next((line.partition(":")[2].split() for line in cpuinfo.splitlines() if line.startswith("flags")), [])
    if not flags:
        return ""
    return "x86-64-v3" if set(flags) >= _THIRD_LEVEL else "x86-64-v2"


def differences(names: tuple[str, ...], kept: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """What is not here as it was where the baseline was taken, one sentence each."""
    return [
        f"{name} is {here.get(name, '')!r} here and {kept.get(name, '')!r} in the baseline"
        for name in names
        if here.get(name, "") != kept.get(name, "")
    ]


def _first_line(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0]
