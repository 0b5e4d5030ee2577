"""The module that the page on Cython shows compiles against the installed package and does what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "cython.md"


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(found)


def run_in(folder: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fees")
    (folder / "fees.pyx").write_text(block("cython"), encoding="utf-8")
    run_in(folder, "-m", "Cython.Build.Cythonize", "-i", "fees.pyx")
    return folder


def test_the_example_gives_the_fees(folder: Path) -> None:
    program = block("py")
    promised = program.rstrip().rpartition("# ")[2]
    assert run_in(folder, "-c", program) == promised + "\n"


def test_a_status_becomes_an_error(folder: Path) -> None:
    program = "import numpy as np; from fees import fees; fees(np.array([10**18]), np.zeros(1, np.int64), 150)"
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr.endswith("ArithmeticError: row 0: status 3\n")
