"""The house rules hold, and each rule can be broken: a check that cannot fail is a defect."""

from __future__ import annotations

import pytest

from tidy import checks, money
from tidy.source import bare_rust, rust_functions, tracked

CHECKS = [
    checks.file_length,
    checks.line_length,
    checks.function_length,
    checks.kernel_knows_no_python,
    checks.kernel_is_safe,
    checks.kernel_has_no_float,
    checks.imports_flow_one_way,
    checks.lists_agree,
    checks.error_codes_are_declared,
    checks.nothing_left_open,
    checks.no_build_output,
    checks.locks_are_committed,
    checks.no_test_is_skipped,
    money.no_money_arithmetic_in_python,
    money.no_arithmetic_in_cython,
]


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return tracked()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_house_rules_hold(check: checks.Check, files: dict[str, str]) -> None:
    complaints = check(files)
    assert not complaints, "\n".join(complaints)


def replaced(path: str, old: str, new: str) -> tuple[str, str, str]:
    """A change of one place of a file that is there."""
    return path, old, new


#: For each check, what breaks it: a file that is added, or a change of one that is there.
VIOLATIONS: list[tuple[checks.Check, tuple[str, str] | tuple[str, str, str]]] = [
    (checks.file_length, ("src/fundclear/long.py", "x = 1\n" * 601)),
    (checks.file_length, ("rust/kernel/src/long.rs", "const X: u8 = 1;\n" * 601)),
    (checks.line_length, ("src/fundclear/wide.pyx", "# " + "x" * 120)),
    (checks.function_length, ("tests/long.py", "def long():\n" + "    x = 1\n" * 80)),
    (checks.function_length, ("tests/long.py", 'def long():\n    """Text."""\n' + "    x = 1\n" * 80)),
    (checks.function_length, ("rust/python/src/long.rs", "fn long() {\n" + '    f("}"); // }\n' * 80 + "}\n")),
    (
        checks.kernel_knows_no_python,
        replaced(
            "rust/Cargo.lock", 'dependencies = [\n "num-bigint",\n]', 'dependencies = [\n "num-bigint",\n "numpy",\n]'
        ),
    ),
    (checks.kernel_knows_no_python, ("rust/kernel/src/py.rs", "use pyo3::prelude::*;\n")),
    (checks.kernel_is_safe, replaced("rust/kernel/src/lib.rs", "#![forbid(unsafe_code)]", "")),
    (checks.kernel_is_safe, replaced("rust/kernel/src/lib.rs", "clippy::indexing_slicing", "")),
    (checks.kernel_is_safe, ("rust/kernel/src/raw.rs", "fn f() { unsafe { g() } }\n")),
    (checks.kernel_has_no_float, ("rust/kernel/src/real.rs", "fn f() -> f64 { g() }\n")),
    (checks.imports_flow_one_way, ("src/fundclear/errors.py", "from fundclear.fixed import Fixed\n")),
    (checks.imports_flow_one_way, ("src/fundclear/fixed.py", "from fundclear import allocation\n")),
    (checks.imports_flow_one_way, ("src/fundclear/fixed.py", "def f():\n    from .tables import Table\n")),
    (checks.imports_flow_one_way, ("src/fundclear/fixed.py", "import fundclear\n")),
    (checks.imports_flow_one_way, ("src/fundclear/reference/text.py", "from fundclear import _kernel\n")),
    (checks.imports_flow_one_way, ("src/fundclear/misplaced.py", "")),
    (checks.lists_agree, replaced("rust/kernel/src/rounding.rs", "HalfUp = 0", "HalfUp = 9")),
    (checks.lists_agree, replaced("src/fundclear/rounding.py", '    UP = "ROUND_UP"\n', "")),
    (checks.lists_agree, replaced("src/fundclear/cython_api.pxd", "    HALF_EVEN = 1", "    HALF_ODD = 1")),
    (checks.lists_agree, replaced("src/fundclear/cython_api.pxd", "    BUFFER = 11", "    BUFFER = 99")),
    (checks.lists_agree, replaced("src/fundclear/cython_api.pyx", "    int (*subtract)", "    int (*sub)")),
    (
        checks.error_codes_are_declared,
        replaced("src/fundclear/errors.py", '"inexact": ErrorCode', '"vague": ErrorCode'),
    ),
    (checks.error_codes_are_declared, replaced("rust/kernel/src/error.rs", "=>", "")),
    (checks.nothing_left_open, ("docs/index.md", "TO" + "DO: say more\n")),
    (checks.no_build_output, ("src/fundclear/_kernel.abi3.so", "")),
    (checks.no_build_output, ("rust/target/release/x", "")),
    (checks.locks_are_committed, ("requirements-dev.txt", "numpy>=2\n")),
    (checks.locks_are_committed, ("requirements-dev.txt", "--index-url https://example.org/\nnumpy==2.4.6\n")),
    (checks.no_test_is_skipped, ("tests/unit/test_x.py", "import pytest\npytest.importorskip('polars')\n")),
    (checks.no_test_is_skipped, ("tests/unit/test_x.py", "@pytest.mark.skipif(True)\ndef test_x(): ...\n")),
]
PYTHON_ARITHMETIC = [
    "x.minor + y.minor",
    "-x.minor",
    "x.minor[0] * 2",
    "total -= 1",
    "cash_total // 3",
    "sum(shares)",
    "x.minor.sum()",
    "np.multiply(a, b)",
    "np.sum(a)",
    "abs(amount)",
    "round(price, 2)",
    "float(x)",
    "math.fsum(a)",
    "amount.quantize(cent)",
]
CYTHON_ARITHMETIC = ["a + b", "a - b", "a * b", "a / b", "a // b", "a % b", "a ** 2", "a << 1", "-a", "a | b"]
VIOLATIONS += [
    (money.no_money_arithmetic_in_python, ("src/fundclear/fixed.py", f"def f():\n    {line}\n"))
    for line in PYTHON_ARITHMETIC
]
VIOLATIONS += [
    (money.no_arithmetic_in_cython, ("src/fundclear/cython_api.pyx", f"cdef int f(int a, int b):\n    return {line}\n"))
    for line in CYTHON_ARITHMETIC
]
VIOLATIONS += [(money.no_arithmetic_in_cython, ("src/fundclear/cython_api.pyx", "def f(a):\n    a += 1\n"))]


def test_every_check_has_a_violation() -> None:
    assert {check for check, _ in VIOLATIONS} == set(CHECKS)


@pytest.mark.parametrize(
    ("check", "change"), VIOLATIONS, ids=[f"{check.__name__}-{row}" for row, (check, _) in enumerate(VIOLATIONS)]
)
def test_a_violation_is_found(
    check: checks.Check, change: tuple[str, str] | tuple[str, str, str], files: dict[str, str]
) -> None:
    path = change[0]
    if len(change) == 3:
        assert change[1] in files[path], "the violation changes nothing"
        text = files[path].replace(change[1], change[2])
    else:
        text = change[1]
    assert set(check({**files, path: text})) - set(check(files))


@pytest.mark.parametrize(
    "line",
    [
        "len(weights) + 1",
        "scale + 1",
        "x.minor[1:]",
        "total if total else 0",
        "x.minor < y.minor",
        "min(x.minor)",
        "_kernel.sum(x)",
    ],
)
def test_reading_and_comparing_is_no_arithmetic(line: str) -> None:
    assert money.no_money_arithmetic_in_python({"src/fundclear/fixed.py": line}) == []


def test_a_docstring_does_not_make_a_function_long() -> None:
    text = 'def f() -> None:\n    """Says:\n' + "\n" * 80 + '    """\n    g()\n'
    assert checks.function_length({"src/fundclear/fixed.py": text}) == []


def test_bare_rust_keeps_lines_and_drops_noise() -> None:
    text = "a /* { \n */ 'x' \"{\\\"\" r#\"}\"}\"# b'\\'' '\\u{1}' <'a> // }\nz"
    assert bare_rust(text).split() == ["a", "<'a>", "z"]
    assert bare_rust(text).count("\n") == text.count("\n")


def test_rust_functions_are_measured() -> None:
    text = "trait T {\n    fn a();\n    fn b() {\n        if x { y }\n    }\n}\nfn c() {}\n"
    assert list(rust_functions(text)) == [("b", 3, 3), ("c", 7, 1)]
