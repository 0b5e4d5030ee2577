"""The shipped sample day, for the command as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "yuebao-2017-04-27"
ORDERS = SAMPLE / "orders_03.txt"

#: What clearing the sample needs besides orders and a folder.
GIVEN = (
    *("--terms", str(SAMPLE / "terms.toml")),
    *("--prices", str(SAMPLE / "prices.toml")),
    *("--positions", str(SAMPLE / "positions.csv")),
)


def command(*arguments: object) -> list[str]:
    """The command line of ``fundclear``."""
    return [sys.executable, "-m", "fundclear", *map(str, arguments)]


def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs ``fundclear`` to its end."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, encoding="utf-8", cwd=cwd, check=False)


def clear_sample(out: Path, *more: object, orders: object = ORDERS) -> subprocess.CompletedProcess[str]:
    """Clears the sample day into a folder."""
    return run("clear", orders, *GIVEN, "--out", out, *more)


def files(folder: Path) -> dict[str, bytes]:
    """All files of a day but ``run.json``, which is no part of it."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "run.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
