"""The package as a whole: what importing it brings along, and what it says about itself."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import fundclear as fc


def test_importing_it_imports_numpy_and_nothing_else() -> None:
    script = (
        "import sys, fundclear; "
        "print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)); "
        "print('fundclear.reference' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    imported, reference = done.stdout.splitlines()
    # What an environment loads by itself at every start, such as hooks of editable installs, is not ours.
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*{name.partition('.')[0] for name in sys.modules})"],
        capture_output=True,
        text=True,
        check=True,
    )
    ours = set(imported.split()) - set(bare.stdout.split())
    assert {name for name in ours if not name.startswith("_")} == {"fundclear", "numpy"}
    assert reference == "False"


def test_it_says_what_it_is() -> None:
    info = fc.build_info()
    assert info["version"] == fc.__version__
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in info.items())


def test_the_public_names_are_there() -> None:
    assert sorted(fc.__all__) == fc.__all__
    assert all(hasattr(fc, name) for name in fc.__all__)
    assert fc.reference.rescale(1007, 2, 3, None) == 10070
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = fc.nothing  # type: ignore[attr-defined]


def test_the_extras_are_those_that_errors_and_pages_name() -> None:
    root = Path(__file__).resolve().parents[2]
    extras = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    page = (root / "docs" / "reference" / "package.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|", page, re.MULTILINE))
    assert listed == {name: ", ".join(re.split("[>=<]", each)[0] for each in brings) for name, brings in extras.items()}
    sources = "".join(path.read_text(encoding="utf-8") for path in (root / "src" / "fundclear").glob("*.py"))
    named = re.findall(r'_package\(.*, "to_\w+", "(\w+)"\)', sources) + re.findall(r'extra="(\w+)"', sources)
    assert set(named) == set(extras)
