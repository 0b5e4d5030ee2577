"""The ten lines of the README are the day that the first tutorial clears."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def day_of(page: Path) -> tuple[Any, int]:
    """The day that a page clears first, and how many statements make it."""
    names: dict[str, Any] = {}
    for row, example in enumerate(doctest.DocTestParser().get_examples(page.read_text(encoding="utf-8")), 1):
        exec(compile(example.source, page.name, "single"), names)
        if "day" in names:
            return names["day"], row
    raise AssertionError(f"{page.name} clears no day")


def test_the_readme_and_the_tutorial_clear_the_same_day() -> None:
    """The digest of the proof covers what went in and what came out."""
    short, _ = day_of(ROOT / "README.md")
    long, _ = day_of(ROOT / "docs" / "tutorial" / "clear_a_day.md")
    assert short.proof.digest == long.proof.digest


def test_ten_lines_are_ten_lines() -> None:
    examples = doctest.DocTestParser().get_examples((ROOT / "README.md").read_text(encoding="utf-8"))
    assert sum(example.source.count("\n") for example in examples) == 10
