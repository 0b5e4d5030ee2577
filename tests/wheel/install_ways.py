"""Installs fundclear in every way that is promised, each into an empty environment, and uses it there.

``make wheel-check`` runs this. It works on a copy of the tracked files, so that the checkout's own build is left
alone, and compiles all crates anew: a minute or two. The ways are ``pip install .``, ``pip install -e .``,
``maturin develop``, and a wheel from the source distribution.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Both modules are there, they are this build's, a column computes, and a day is cleared, kept and reopened.
PROGRAM = """if True:
    import importlib.metadata
    import tempfile
    import fundclear as fc
    import fundclear.cython_api
    assert len(fundclear.cython_api.__pyx_capi__) == 8
    assert fc.Fixed.parse("10.07").mul("1.5", 2, "half_even").to_strings() == ["15.10"]
    terms = fc.Terms([fc.Fund("000198", currency="CNY")])
    orders = fc.Orders(account=["A"], fund="000198", kind="subscribe", amount=["50000.00"])
    day = fc.clear(orders, terms=terms, prices={"000198": "1.1688"}, date="2017-04-27")
    with tempfile.TemporaryDirectory() as folder:
        day.write(f"{folder}/day")
        assert fc.open_day(f"{folder}/day").positions["units"].to_strings() == ["42778.92"]
    installed = {each.name for each in importlib.metadata.distributions()}
    print("  works; installed:", *sorted(installed))
"""


def run(*command: str | Path, cwd: Path, **variables: str) -> None:
    """Runs a command with nothing of the outer Python in its variables."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYO3", "VIRTUAL"))}
    subprocess.run(command, cwd=cwd, env=clean | variables, check=True)


def empty_environment(folder: Path) -> Path:
    """An environment with pip and nothing else, in the place of any that was there; its interpreter."""
    venv.create(folder, with_pip=True, clear=True)
    return folder / "bin" / "python"


def pip_install(python: Path, tree: Path) -> None:
    """``pip install .``"""
    run(python, "-m", "pip", "install", "--quiet", ".", cwd=tree)


def pip_install_editable(python: Path, tree: Path) -> None:
    """``pip install -e .``"""
    run(python, "-m", "pip", "install", "--quiet", "--editable", ".", cwd=tree)


def maturin_develop(python: Path, tree: Path) -> None:
    """``maturin develop --release``"""
    # Without a build environment of its own, maturin takes what it needs from the one at hand.
    run(python, "-m", "pip", "install", "--quiet", "maturin", "Cython", "setuptools", cwd=tree)
    prefix = str(python.parents[1])
    run(python, "-m", "maturin", "develop", "--release", "--quiet", cwd=tree, VIRTUAL_ENV=prefix)


def wheel_from_sdist(python: Path, tree: Path) -> None:
    """A source distribution, a wheel from it where the checkout is not at hand, and that wheel."""
    out = tree / "out"
    # maturin would find the manifest without its path, but complain first that there is none at the root.
    sdist = (sys.executable, "-m", "maturin", "sdist", "--manifest-path", "rust/python/Cargo.toml")
    run(*sdist, "--out", out, cwd=tree)
    (archive,) = out.glob("*.tar.gz")
    run(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", out, archive, cwd=out)
    (wheel,) = out.glob("*.whl")
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=out)


WAYS: list[Callable[[Path, Path], None]] = [pip_install, pip_install_editable, maturin_develop, wheel_from_sdist]


def copy_of_tracked_files(tree: Path) -> None:
    """What is in git, and nothing that a build has left beside it."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)


def main() -> None:
    """Tries the ways one after the other; a failing command ends it."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        copy_of_tracked_files(tree)
        # One folder for what is compiled, and one place for all environments: to PyO3 another path is another Python,
        # for which it would be compiled again.
        os.environ["CARGO_TARGET_DIR"] = str(Path(scratch) / "target")
        for way in WAYS:
            print(way.__doc__, flush=True)
            python = empty_environment(Path(scratch) / "environment")
            way(python, tree)
            run(python, "-c", PROGRAM, cwd=Path(scratch))


if __name__ == "__main__":
    main()
