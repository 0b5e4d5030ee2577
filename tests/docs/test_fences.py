"""Every fence of every page has a runner: nothing on a page is shown that is never tried."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OPENING = re.compile(r"^ *(`{3,}|~{3,})(.*)$")
LANGUAGE = re.compile(r"\{?[\w-]*\}?")

DOCTEST = "pytest, as a doctest where it stands"
NOTEBOOK = "the building of the pages; tests/docs/test_notebooks.py says that errors fail it"
SPHINX = "the building of the pages, of which a warning is an error"

#: Fences that Sphinx reads: tables, contents and files of the project.
DIRECTIVES = {
    "{error-codes}", "{eval-rst}", "{include}", "{literalinclude}", "{reasons}", "{table-schemas}", "{toctree}",
}  # fmt: skip

#: What else stands on the pages, by page and language, and the test that reads it from there.
OTHERS = {
    ("README.md", "sh"): "tests/docs/test_commands.py",
    ("tests/README.md", "sh"): "tests/docs/test_commands.py",
    ("docs/how-to/benchmarks.md", "sh"): "tests/docs/test_commands.py",
    ("docs/how-to/big-days.md", "text"): "tests/docs/test_commands.py",
    ("docs/how-to/cython.md", "cython"): "tests/docs/test_cython_page.py",
    ("docs/how-to/cython.md", "py"): "tests/docs/test_cython_page.py",
    ("docs/how-to/cython.md", "sh"): "tests/docs/test_cython_page.py",
    ("docs/how-to/generate.md", "text"): "tests/docs/test_commands.py",
    ("docs/how-to/terms.md", "toml"): "tests/docs/test_terms_page.py",
    ("docs/reference/command.md", "text"): "tests/docs/test_commands.py",
    ("docs/reference/command.md", "toml"): "tests/docs/test_commands.py",
    ("docs/tutorial/clear_a_real_file.md", "sh"): "tests/docs/test_commands.py",
    ("docs/tutorial/clear_a_real_file.md", "text"): "tests/docs/test_commands.py",
    ("docs/tutorial/split_income.md", "text"): "tests/docs/test_split_income.py",
}


def pages() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def fences(text: str) -> list[str]:
    """The languages of the fences, in order."""
    found, closing = [], ""
    for line in text.splitlines():
        mark = OPENING.match(line)
        if mark and not closing:
            closing = mark[1]
            found.append(LANGUAGE.match(mark[2].strip()).group())  # type: ignore[union-attr]
        elif mark and mark[1].startswith(closing) and not mark[2].strip():
            closing = ""
    assert not closing, "a fence is never closed"
    return found


def runner(page: str, language: str) -> str | None:
    """Who tries a fence: pytest collects doctests of README.md and of docs, and Sphinx builds docs alone."""
    is_built = page.startswith("docs/") and page != "docs/tutorial/data/README.md"
    if language == "python" and (page == "README.md" or page.startswith("docs/")):
        return DOCTEST
    if language == "{code-cell}" and is_built:
        return NOTEBOOK
    if language in DIRECTIVES and is_built:
        return SPHINX
    return OTHERS.get((page, language))


@pytest.mark.parametrize("page", pages())
def test_every_fence_has_a_runner(page: str) -> None:
    found = fences((ROOT / page).read_text(encoding="utf-8"))
    assert [language for language in found if runner(page, language) is None] == []


def test_no_runner_waits_for_a_fence_that_is_gone() -> None:
    there = {(page, language) for page in pages() for language in fences((ROOT / page).read_text(encoding="utf-8"))}
    assert set(OTHERS) - there == set()


@pytest.mark.parametrize("place", OTHERS, ids="-".join)
def test_the_runner_reads_the_page(place: tuple[str, str]) -> None:
    assert Path(place[0]).name in (ROOT / OTHERS[place]).read_text(encoding="utf-8")


def test_a_fence_without_a_language_or_of_an_unknown_one_is_found() -> None:
    assert fences("```\nx\n```\n```js\n```python\n```\n~~~python\n~~~") == ["", "js", "python"]
    assert [runner("docs/index.md", language) for language in ("", "js", "sh", "python3")] == [None] * 4
    assert runner("CHANGELOG.md", "python") is None


@pytest.mark.parametrize("page", [page for page in pages() if runner(page, "python") == DOCTEST])
def test_doctests_start_with_a_prompt_and_skip_nothing(page: str) -> None:
    """An indented fence, or one without a prompt, would be shown and never run."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert len(re.findall(r"^```python\n>>> ", text, re.MULTILINE)) == fences(text).count("python")
    assert "+SKIP" not in text


def test_pytest_collects_the_doctests_of_pages_and_docstrings() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]
    assert {"docs", "README.md", "src/fundclear"} <= set(settings["testpaths"])
    assert {"--doctest-modules", "--doctest-glob=*.md"} <= set(settings["addopts"])
    skipped = [
        path for path in (ROOT / "src" / "fundclear").rglob("*.py") if "+SKIP" in path.read_text(encoding="utf-8")
    ]
    assert skipped == []
