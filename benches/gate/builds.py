"""Trees and what is built from them: the head as it lies there, and the commit that it is compared with."""

from __future__ import annotations

import compileall
import os
import shutil
import struct
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Where all of this happens; nothing of it is committed.
WORK = ROOT / "build/gate"


class NoBaseError(Exception):
    """There is no commit to compare with."""


def git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=ROOT, check=False, capture_output=True, text=True)
    if run.returncode:
        raise NoBaseError(f"git {' '.join(arguments)}: {run.stderr.strip()}")
    return run.stdout.strip()


def base_commit() -> str:
    """What ``FUNDCLEAR_GATE_BASE`` names; else where the branch left main; on main itself the commit before.

    Changes that are not committed yet are compared with the commit that they stand on.
    """
    named = os.environ.get("FUNDCLEAR_GATE_BASE")
    if named:
        return git("rev-parse", "--verify", f"{named}^{{commit}}")
    head = git("rev-parse", "HEAD")
    for main in ("origin/main", "main"):
        try:
            base = git("merge-base", "HEAD", main)
        except NoBaseError:
            continue
        if base != head:
            return base
    is_changed = git("status", "--porcelain", "--untracked-files=no", "--", "rust", "src")
    return head if is_changed else git("rev-parse", "--verify", "HEAD~1")


def base_tree(commit: str) -> Path:
    """The commit in a tree of its own, measured with the head's benchmarks."""
    tree = WORK / "base/tree"
    if tree.exists():
        git("worktree", "remove", "--force", str(tree))
    git("worktree", "prune")
    git("worktree", "add", "--detach", str(tree), commit)
    shutil.rmtree(tree / "benches", ignore_errors=True)
    shutil.copytree(ROOT / "benches", tree / "benches")
    compiled, target = target_of(ROOT) / "release", target_of(tree) / "release"
    if compiled.is_dir() and not target.exists():
        # Other people's crates are taken as they are. Ours are older than the files of the new tree, so they are not.
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(compiled, target, symlinks=True)
    return tree


def target_of(tree: Path) -> Path:
    """Where a tree is compiled: the head where everything else compiles it, so that nothing is done twice."""
    return ROOT / "rust/target" if tree == ROOT else WORK / "base/target"


def package_of(tree: Path) -> Path:
    """Builds the package of a tree with the wheel's flags and returns the folder to import it from.

    Debug sections are left out: callgrind would read all of them at every start, and no instruction depends on them.
    """
    folder = WORK / ("head" if tree == ROOT else "base") / "package"
    target = target_of(tree)
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--package", "fundclear-python"]
    subprocess.run([*command, "--manifest-path", "rust/Cargo.toml"], cwd=tree, env=_as_the_wheel(target), check=True)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(
        tree / "src/fundclear", folder / "fundclear", ignore=shutil.ignore_patterns("*.so", "*.pyx", "__pycache__")
    )
    module = folder / f"fundclear/_kernel{sysconfig.get_config_var('EXT_SUFFIX')}"
    shutil.copy(target / "release/lib_kernel.so", module)
    if shutil.which("strip"):
        subprocess.run(["strip", "--strip-debug", str(module)], check=True)
    compileall.compile_dir(folder, quiet=1)
    return folder


def _as_the_wheel(target: Path) -> dict[str, str]:
    """The variables that the Makefile sets, so that what was compiled for the wheel is taken as it is."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    signature = f"{sys.implementation.name}-{version}-{8 * struct.calcsize('P')}bit"
    made = {"CARGO_TARGET_DIR": str(target), "PYO3_PYTHON": sys.executable, "PYO3_BUILD_EXTENSION_MODULE": "1"}
    return {**os.environ, "PYO3_ENVIRONMENT_SIGNATURE": signature, **made}
