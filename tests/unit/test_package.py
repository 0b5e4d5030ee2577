"""The package as a whole: what importing it brings along, and what it says about itself."""

from __future__ import annotations

import ast
import pickle
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import fundclear as fc

SOURCE = Path(fc.__file__).read_text(encoding="utf-8")

#: Names that are modules; all others are imported from one.
MODULES = {"batch", "reference"}

#: Names of the table that import the judge or the run of large days with them.
JUDGING = {"Finding", "Verification", "verify"}


def run(script: str) -> subprocess.CompletedProcess[str]:
    """What a new process says, which has imported nothing."""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def said(script: str) -> list[str]:
    done = run(script)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_importing_it_imports_nothing_else() -> None:
    script = (
        "import sys, typing, importlib; before = set(sys.modules); import fundclear; "
        "print(*sorted(set(sys.modules) - before - {'__future__'}))"
    )
    assert said(script) == ["fundclear"]


def test_using_it_imports_numpy_and_nothing_else() -> None:
    names = sorted(set(fc.__all__) - MODULES - JUDGING)
    script = (
        f"import sys; before = set(sys.modules); from fundclear import {', '.join(names)}; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)); "
        "print('fundclear.reference' in sys.modules, 'fundclear.batch' in sys.modules)"
    )
    imported, others = said(script)
    assert {name for name in imported.split() if not name.startswith("_")} == {"fundclear", "numpy"}
    assert others == "False False"


def test_it_says_what_it_is() -> None:
    info = fc.build_info()
    assert info["version"] == fc.__version__
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in info.items())


def test_the_public_names_are_there() -> None:
    assert sorted(fc.__all__) == fc.__all__
    assert all(hasattr(fc, name) for name in fc.__all__)
    assert set(fc.__all__) <= set(dir(fc))
    assert fc.reference.rescale(1007, 2, 3, None) == 10070
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = fc.nothing  # type: ignore[attr-defined]


def test_a_public_name_is_what_its_home_calls_so() -> None:
    assert set(fc._HOMES) == set(fc.__all__) - MODULES
    assert sum(len(names) for names in fc._NAMES.values()) == len(fc._HOMES)
    for name, home in fc._HOMES.items():
        module = import_module(f"fundclear.{home}")
        assert getattr(fc, name) is getattr(module, name)
        assert name in module.__all__
    for name in MODULES:
        assert getattr(fc, name) is sys.modules[f"fundclear.{name}"]


def test_type_checkers_are_told_what_is_imported() -> None:
    [block] = [
        node
        for node in ast.parse(SOURCE).body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]
    told = {node.module: [name.name for name in node.names] for node in block.body if isinstance(node, ast.ImportFrom)}
    assert set(told.pop("fundclear")) == MODULES
    assert told == {f"fundclear.{home}": list(names) for home, names in fc._NAMES.items()}


def test_no_public_name_is_that_of_a_module() -> None:
    """Importing the module would put it where the name was."""
    modules = {path.stem for path in Path(fc.__file__).parent.iterdir()}
    assert set(fc._HOMES) & modules == set()


def test_modules_are_attributes() -> None:
    """Without being imported by name, as they are where others have imported them."""
    modules = sorted(path.stem for path in Path(fc.__file__).parent.glob("*.py") if not path.stem.startswith("__"))
    more = ["_kernel", "batch", "cython_api", "formats", "reference"]
    script = (
        f"import fundclear; print(*(getattr(fundclear, name).__name__ for name in {[*modules, *more]})); "
        "print(hasattr(fundclear, '__main__'), hasattr(fundclear, 'errors.CODES'))"
    )
    assert said(script) == [
        " ".join(f"fundclear.{name}" for name in [*modules, *more]),
        "False False",
    ]


def test_a_slip_is_answered_with_the_name_that_was_meant() -> None:
    done = run("import fundclear; fundclear.claer")
    assert "AttributeError: module 'fundclear' has no attribute 'claer'. Did you mean: 'clear'?" in done.stderr


@pytest.mark.parametrize("name", ["Fixed", "fixed"])
def test_a_package_that_is_missing_is_named(name: str) -> None:
    done = run(f"import sys; sys.modules['numpy'] = None; import fundclear; fundclear.{name}")
    assert "ModuleNotFoundError: import of numpy halted" in done.stderr


def test_threads_may_be_the_first_to_ask() -> None:
    script = """if True:
        import threading, fundclear as fc
        begin, found = threading.Barrier(8), []
        def ask(names):
            begin.wait()
            found.append({name: getattr(fc, name) for name in names})
        names = list(fc._HOMES)
        turned = [names[5 * n:] + names[:5 * n] for n in range(6)] + [["clear"], ["verify"]]
        threads = [threading.Thread(target=ask, args=(each,)) for each in turned]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(len(found), all(getattr(fc, name) is value for each in found for name, value in each.items()))
    """
    for _ in range(3):
        assert said(script) == ["8 True"]


def test_threads_may_be_the_first_to_clear() -> None:
    script = """if True:
        import threading, fundclear as fc
        begin, digests = threading.Barrier(8), []
        def clear():
            begin.wait()
            orders = fc.Orders(account=["Ann"], fund="000198", order_id=[1], kind="subscribe", quantity=["5000.00"])
            terms = fc.Terms([fc.Fund("000198", currency="CNY")])
            day = fc.clear(orders, terms=terms, prices={"000198": "1.2345"}, date="2017-04-27")
            digests.append(day.proof.digest)
        threads = [threading.Thread(target=clear) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(len(digests), len(set(digests)))
    """
    assert said(script) == ["8 1"]


def test_it_is_starred_shown_and_pickled_as_if_all_were_there() -> None:
    script = """if True:
        import copy, io, pickle, pydoc, fundclear
        shown = pydoc.render_doc(fundclear, renderer=pydoc.plaintext)
        print(all(name in shown for name in ("class Orders", "clear(", "exact arithmetic")))
        from fundclear import *
        print(all(name in globals() for name in fundclear.__all__))
        print(pickle.loads(pickle.dumps(fundclear.Rounding.HALF_EVEN)) is fundclear.Rounding.HALF_EVEN)
        print(pickle.loads(pickle.dumps(fundclear.clear)) is copy.copy(fundclear.clear) is clear)
    """
    assert said(script) == ["True"] * 4
    # Nothing but the pickle says that fundclear is needed.
    kept = pickle.dumps(fc.InputError("text", "code"))
    assert said(f"import pickle; print(repr(pickle.loads({kept!r})))") == ["InputError('text')"]


def test_the_command_says_its_version_without_numpy() -> None:
    script = """if True:
        import sys
        from fundclear.cli import main
        try:
            main(["--version"])
        except SystemExit:
            print(*sorted(name for name in sys.modules if name == "numpy" or name.startswith("fundclear.")))
    """
    version, imported = said(script)
    assert version == f"fundclear {fc.__version__}"
    assert "numpy" not in imported.split()
    assert {"fundclear.clearing", "fundclear.batch", "fundclear.verifying"} & set(imported.split()) == set()


def test_the_extras_are_those_that_errors_and_pages_name() -> None:
    root = Path(__file__).resolve().parents[2]
    extras = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    page = (root / "docs" / "reference" / "package.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|", page, re.MULTILINE))
    assert listed == {name: ", ".join(re.split("[>=<]", each)[0] for each in brings) for name, brings in extras.items()}
    sources = "".join(path.read_text(encoding="utf-8") for path in (root / "src" / "fundclear").glob("*.py"))
    named = re.findall(r'_package\(.*, "to_\w+", "(\w+)"\)', sources) + re.findall(r'extra="(\w+)"', sources)
    assert set(named) == set(extras)
