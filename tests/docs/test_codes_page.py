"""The page of codes is made from the package: every error and every reason has its row, with sentence and cure."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from fundclear.errors import CODES
from fundclear.reasons import REASONS

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def extension() -> Any:
    spec = spec_from_file_location("error_codes", DOCS / "_ext" / "error_codes.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _rows(directive: Any) -> list[list[str]]:
    (table,) = directive.run(object.__new__(directive))
    return [[cell.astext() for cell in row.children] for row in table.findall() if row.tagname == "row"][1:]


def test_every_error_has_its_row(extension: Any) -> None:
    rows = _rows(extension.ErrorCodes)
    assert [(code, says, cure) for code, _, says, cure in rows] == [
        (code, entry.says, entry.cure) for code, entry in CODES.items()
    ]


def test_every_reason_has_its_row(extension: Any) -> None:
    assert _rows(extension.Reasons) == [[name, reason.says, reason.cure] for name, reason in REASONS.items() if name]


def test_the_page_shows_both() -> None:
    page = (DOCS / "reference" / "codes.md").read_text(encoding="utf-8")
    assert all(f"```{{{directive}}}\n" in page for directive in ("error-codes", "reasons"))
