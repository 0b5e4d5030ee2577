"""The page on terms: its TOML file says what its Python says."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import fundclear as fc

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "terms.md"


def test_the_file_on_the_page_says_what_the_python_says(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    (toml,) = re.findall(r"^```toml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    path = tmp_path / "terms.toml"
    path.write_text(toml, encoding="utf-8")
    names: dict[str, Any] = {}
    for example in doctest.DocTestParser().get_examples(text):
        exec(compile(example.source, PAGE.name, "single"), names)
        if "terms" in names:
            break
    assert fc.Terms.from_toml(path) == names["terms"]
