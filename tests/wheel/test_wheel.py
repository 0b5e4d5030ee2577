"""The wheel holds what it should and no more, and serves where there is nothing but numpy."""

from __future__ import annotations

import email
import platform
import shutil
import struct
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

#: The suffix of a native module of this interpreter: for this version and this machine alone.
NATIVE = EXTENSION_SUFFIXES[0]

#: The suffixes of what a person writes for the build to read.
SOURCES = (".py", ".pyi", ".pyx", ".pxd", ".rs")


@pytest.fixture(scope="module")
def contents(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def source_contents(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What is in the source distribution, below its one folder."""
    out = tmp_path_factory.mktemp("sdist")
    subprocess.run([sys.executable, "-m", "maturin", "sdist", "--out", out], cwd=ROOT, check=True, capture_output=True)
    (built,) = out.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def test_two_native_modules(contents: list[str]) -> None:
    native = [name for name in contents if name.endswith((".so", ".pyd", ".dylib"))]
    assert sorted(native) == [f"fundclear/_kernel{NATIVE}", f"fundclear/cython_api{NATIVE}"]


#: The type of the note of a module that says which levels of x86-64 it needs, and the bit of level 3.
ISA_NEEDED, LEVEL_3 = 0xC0008002, 1 << 2


def test_a_processor_that_is_too_old_is_told_so(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        module = Path(archive.extract(f"fundclear/_kernel{NATIVE}", tmp_path)).read_bytes()
    _, _, needed = module.partition(struct.pack("<II", ISA_NEEDED, 4))
    level = struct.unpack_from("<I", needed)[0] & LEVEL_3 if needed else 0
    # Only GNU ld marks modules, and only for x86-64.
    is_marked = (sys.platform, platform.machine()) == ("linux", "x86_64") and shutil.which("ld.bfd") is not None
    assert bool(level) == is_marked


def test_types_and_declarations(contents: list[str]) -> None:
    wanted = {"py.typed", "_kernel.pyi", "cython_api.pyi", "cython_api.pxd"}
    assert {f"fundclear/{name}" for name in wanted} <= set(contents)


def test_every_python_module_and_nothing_that_a_user_does_not_need(contents: list[str]) -> None:
    package = {name for name in contents if name.startswith("fundclear/")}
    written = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src/fundclear").rglob("*.py")}
    others = {f"_kernel{NATIVE}", f"cython_api{NATIVE}", "_kernel.pyi", "cython_api.pyi", "cython_api.pxd", "py.typed"}
    others.add("formats/ofd_fields.tsv")
    assert package == written | {f"fundclear/{name}" for name in others}
    assert {name.split("/")[0] for name in contents} - {"fundclear"} == {
        name.split("/")[0] for name in contents if ".dist-info/" in name
    }


def test_the_source_distribution_has_all_that_a_build_reads_and_nothing_built(source_contents: set[str]) -> None:
    read = ["pyproject.toml", "README.md", "LICENSE", "rust/Cargo.toml", "rust/Cargo.lock", ".cargo/config.toml"]
    for folder in ("src/fundclear", "rust/formats/src", "rust/kernel/src", "rust/python"):
        found = (ROOT / folder).rglob("*")
        read += [path.relative_to(ROOT).as_posix() for path in found if path.suffix in SOURCES]
    assert set(read) - source_contents == set()
    assert [name for name in source_contents if name.endswith((".so", ".pyd", ".c", ".o"))] == []


def test_numpy_is_the_only_dependency(metadata: Message) -> None:
    requirements = metadata.get_all("Requires-Dist") or []
    assert [requirement.split(">")[0] for requirement in requirements if "extra ==" not in requirement] == ["numpy"]
    assert set(metadata.get_all("Provides-Extra") or []) == {"plot", "pandas", "polars", "arrow"}


def test_metadata_is_that_of_the_project(metadata: Message) -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    crates: dict[str, Any] = tomllib.loads((ROOT / "rust/Cargo.toml").read_text())["workspace"]["package"]
    assert metadata["Version"] == crates["version"]
    assert metadata["License-Expression"] == project["license"] == crates["license"]
    assert metadata["Requires-Python"] == project["requires-python"]
    assert metadata.get_all("License-File") == ["LICENSE"]


def test_it_serves_with_numpy_alone(environment: Any, tmp_path: Path) -> None:
    there = environment.run(
        "import importlib.metadata as m; print(*sorted(d.name for d in m.distributions()))", tmp_path
    )
    assert there == "fundclear numpy"
    program = """if True:
        import fundclear as fc, fundclear.cython_api, fundclear.reference
        print(fc.__file__)
        print(fc.__version__)
        print(*fc.Fixed.parse(["10.07", "9.83"]).mul("1.5", 2, "half_even").to_strings())
        print(*fc.allocate("0.10", [1, 1, 1], scale=2).shares.to_strings())
    """
    file, version, products, shares = environment.run(program, tmp_path).splitlines()
    assert Path(file).is_relative_to(environment.packages)
    assert version == tomllib.loads((ROOT / "rust/Cargo.toml").read_text())["workspace"]["package"]["version"]
    assert products == "15.10 14.74"
    assert shares == "0.04 0.03 0.03"


def test_the_gil_stays_off(environment: Any, tmp_path: Path) -> None:
    """Where there is a GIL to be without, neither module brings it back."""
    program = """if True:
        import sys, sysconfig, fundclear.cython_api
        print(sys._is_gil_enabled() if sysconfig.get_config_var("Py_GIL_DISABLED") else False)
    """
    assert environment.run(program, tmp_path) == "False"
