"""What a report says about where it was made, and how fast that machine copies memory: no column call is faster."""

from __future__ import annotations

import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any

import numpy as np

import fundclear as fc

PEERS = ("numpy", "pandas", "polars", "pyarrow", "duckdb")

#: Bytes that are copied: more than any cache holds.
COPIED_BYTES = int(os.environ.get("FUNDCLEAR_BENCH_COPIED_BYTES", str(1 << 29)))
COPIES = 5


def facts() -> dict[str, Any]:
    """The machine, without anything that names it."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}",
    }


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def versions() -> dict[str, str]:
    build = fc.build_info()
    return {"fundclear": f"{build['version']} ({build['profile']})", "Python": platform.python_version()} | {
        name: version(name) for name in PEERS
    }


def load() -> float:
    """How many processes wanted to run in the last minute, on average."""
    return round(os.getloadavg()[0], 2)


def copy_bandwidth() -> dict[str, float]:
    """Bytes read and written a second by the best of a few copies: by one thread, and by one for each core."""
    source = np.ones(COPIED_BYTES // 8, np.int64)
    target = np.empty_like(source)
    np.copyto(target, source)
    found = {}
    for name, threads in (("one_thread", 1), ("all_cores", len(os.sched_getaffinity(0)))):
        parts = list(zip(np.array_split(target, threads), np.array_split(source, threads), strict=True))
        with ThreadPoolExecutor(threads) as pool:
            found[name] = 2 * source.nbytes / min(_seconds(pool, parts) for _ in range(COPIES))
    return found


def _seconds(pool: ThreadPoolExecutor, parts: list[Any]) -> float:
    start = time.perf_counter()
    list(pool.map(lambda part: np.copyto(*part), parts))
    return time.perf_counter() - start
