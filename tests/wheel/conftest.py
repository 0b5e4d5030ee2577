"""A wheel of this checkout, an environment that holds it and numpy alone, and a module compiled against it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Environment:
    """A virtual environment of its own."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / "bin" / "python"

    @property
    def packages(self) -> Path:
        (found,) = self.root.glob("lib/python*/site-packages")
        return found

    def run(self, code: str, cwd: Path) -> str:
        """What a program prints there, with nothing of the outer environment in its path."""
        done = subprocess.run(
            [self.python, "-c", code], cwd=cwd, env=outside(), check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout.strip()


def outside(**variables: str) -> dict[str, str]:
    """The variables of the process without those that lead Python to packages of the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | variables


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as ``make wheel`` does: what the build at hand has compiled is not compiled again."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "maturin", "build", "--release", "--locked", "--quiet"]
    subprocess.run([*command, "--interpreter", sys.executable, "--out", out], cwd=ROOT, check=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel and numpy. numpy is lent by the one at hand, so that the test needs no network."""
    found = Environment(tmp_path_factory.mktemp("environment"))
    venv.create(found.root, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--python", found.python, "install", "--quiet"]
    subprocess.run([*pip, "--no-index", "--no-deps", wheel], env=outside(), check=True)
    numpy = distribution("numpy")
    for name in {entry.parts[0] for entry in numpy.files or ()} - {".."}:
        (found.packages / name).symlink_to(Path(str(numpy.locate_file(name))))
    return found


@pytest.fixture(scope="session")
def probe_folder(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the checkout in which ``probe.pyx`` was compiled against the installed wheel.

    Cython looks for what is cimported where Python looks for modules, so the wheel goes first there; the compiler
    itself comes from the environment at hand.
    """
    folder = tmp_path_factory.mktemp("probe")
    shutil.copy(Path(__file__).with_name("probe.pyx"), folder)
    command = [sys.executable, "-m", "Cython.Build.Cythonize", "--inplace", "--quiet", "probe.pyx"]
    subprocess.run(command, cwd=folder, env=outside(PYTHONPATH=str(environment.packages)), check=True)
    return folder


@pytest.fixture(scope="session")
def probe(probe_folder: Path) -> ModuleType:
    """The module of :func:`probe_folder`, loaded here."""
    (path,) = probe_folder.glob("probe.*.so")
    spec = importlib.util.spec_from_file_location("probe", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
