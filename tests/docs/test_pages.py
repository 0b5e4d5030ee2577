"""The pages keep their promises: examples are doctests that run, links lead somewhere, each decision is listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page for glob in ("*.md", "docs/**/*.md", "benches/*.md") for page in ROOT.glob(glob) if "_build" not in page.parts
)
FENCE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_every_python_example_is_run(page: Path) -> None:
    """An example without a prompt would never run; without an empty line at its end the fence would count as output."""
    for example in FENCE.findall(page.read_text(encoding="utf-8")):
        assert example.startswith(">>> "), f"not a doctest:\n{example}"
        assert example.endswith("\n\n"), f"no empty line before the closing fence:\n{example}"


@each_page
def test_links_lead_to_files(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert missing == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    listed = re.findall(r"^\d{4}-[\w-]+$", (folder / "index.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == sorted(page.stem for page in folder.glob("0*.md"))
