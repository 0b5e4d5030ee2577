"""Notebooks are run while the pages are built, and an error in a cell fails the build."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
CELL = re.compile(r"^```\{code-cell\}", re.MULTILINE)
NOTEBOOKS = [page for page in sorted(DOCS.rglob("*.md")) if CELL.search(page.read_text(encoding="utf-8"))]

#: Without this head a page is no notebook, and its cells would be shown and not run.
HEAD = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---
"""


@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda page: page.stem)
def test_pages_with_cells_are_notebooks(page: Path) -> None:
    assert page.read_text(encoding="utf-8").startswith(HEAD)


def test_there_is_a_notebook() -> None:
    assert [page.stem for page in NOTEBOOKS] == ["analyse_a_day"]


@pytest.mark.parametrize(("cell", "fails"), [("assert 1 + 1 == 2", False), ("assert 1 + 1 == 3", True)])
def test_an_error_in_a_cell_fails_the_build(cell: str, fails: bool, tmp_path: Path) -> None:
    """The project's own settings, with one page of one cell."""
    source = tmp_path / "docs"
    source.mkdir()
    shutil.copy(DOCS / "conf.py", source)
    shutil.copytree(DOCS / "_ext", source / "_ext")
    (source / "index.md").write_text(f"{HEAD}\n# A page\n\n```{{code-cell}} ipython3\n{cell}\n```\n", encoding="utf-8")
    build = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(source), str(tmp_path / "html")]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert (done.returncode != 0) is fails, done.stderr
    assert ("ExecutionError" in done.stderr) is fails
