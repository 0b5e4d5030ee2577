"""Cythonizes and compiles ``fundclear.cython_api``: ``build_cython.py PACKAGE_FOLDER OUT_DIR``.

``build.rs`` runs this with the interpreter that the wheel is for. Everything it writes stays in OUT_DIR.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Distribution, Extension


def build(package: Path, out_dir: Path) -> None:
    """Compiles the module and leaves it, and no older one, at the top of ``out_dir``."""
    for stale in [*out_dir.glob("*.so"), *out_dir.glob("*.pyd")]:
        stale.unlink()
    # With relative sources the paths of generated and object files stay below the folders named here; absolute ones
    # would be appended to the folder of the sources.
    os.chdir(package.parent)
    extension = Extension(f"{package.name}.cython_api", [f"{package.name}/cython_api.pyx"])
    modules = cythonize([extension], build_dir=str(out_dir / "c"), quiet=True)
    distribution = Distribution({"name": package.name, "ext_modules": modules})
    command = distribution.get_command_obj("build_ext")
    command.build_lib = str(out_dir / "lib")
    command.build_temp = str(out_dir / "objects")
    command.ensure_finalized()
    command.run()
    # maturin keeps the folders below OUT_DIR, so the module must lie flat.
    for built in map(Path, command.get_outputs()):
        built.replace(out_dir / built.name)


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
