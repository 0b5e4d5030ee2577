"""The house rules as functions: each takes the files and returns its complaints, one a line, none if all is well."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator

from tidy.source import CODE, Files, bare_rust, code, rust_functions

Check = Callable[[Files], list[str]]

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 80
MAX_LINE_LENGTH = 120

KERNEL = "rust/kernel/src/"
PACKAGE = "src/fundclear/"


def file_length(files: Files) -> list[str]:
    """No code file is longer than a reader can hold."""
    return [
        f"{path}: {lines} lines, at most {MAX_FILE_LINES}"
        for path, text in code(files)
        if (lines := len(text.splitlines())) > MAX_FILE_LINES
    ]


#: A word to a tool at the end of a line, which nobody reads.
_PRAGMA = re.compile(r"\s+# (noqa|type: ignore|fmt: skip).*")


def line_length(files: Files) -> list[str]:
    """No line is wider than the formatters allow; they let comments and Cython pass."""
    return [
        f"{path}:{number}: {len(line)} characters, at most {MAX_LINE_LENGTH}"
        for path, text in code(files)
        for number, line in enumerate(text.splitlines(), 1)
        if len(_PRAGMA.sub("", line)) > MAX_LINE_LENGTH
    ]


def function_length(files: Files) -> list[str]:
    """A function fits on a screen; its docstring is for the readers of the documentation and does not count."""
    found = [
        (path, node.name, node.lineno, (node.end_lineno or node.lineno) + 1 - node.lineno - _docstring_lines(node))
        for path, text in code(files, ".py")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    found += [(path, *function) for path, text in code(files, ".rs") for function in rust_functions(text)]
    return [
        f"{path}:{first}: {name} has {lines} lines, at most {MAX_FUNCTION_LINES}"
        for path, name, first, lines in found
        if lines > MAX_FUNCTION_LINES
    ]


def _docstring_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return (first.end_lineno or first.lineno) + 1 - first.lineno
    return 0


def kernel_knows_no_python(files: Files) -> list[str]:
    """PyO3 is nowhere among what the kernel is built from, nor in its sources."""
    packages = {package["name"]: package for package in tomllib.loads(files["rust/Cargo.lock"])["package"]}
    reached, waiting = set[str](), ["fundclear-kernel"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            # A dependency of several versions is locked as "name version".
            waiting += [entry.split()[0] for entry in packages[name].get("dependencies", [])]
    complaints = [f"rust/Cargo.lock: the kernel depends on {name}" for name in sorted(reached) if "pyo3" in name]
    return complaints + _kernel_words(files, r"\b(pyo3|numpy|Python)\b", "is of the boundary, not of the kernel")


def kernel_is_safe(files: Files) -> list[str]:
    """The kernel forbids ``unsafe`` and denies what can panic, as a whole and not file by file."""
    head = files[f"{KERNEL}lib.rs"]
    wanted = (
        "#![forbid(unsafe_code)]",
        "clippy::unwrap_used",
        "clippy::expect_used",
        "clippy::panic",
        "clippy::indexing_slicing",
        "clippy::arithmetic_side_effects",
    )
    complaints = [f"{KERNEL}lib.rs: {lint} is missing" for lint in wanted if lint not in head]
    return complaints + _kernel_words(files, r"\bunsafe\b", "is for the boundary")


def kernel_has_no_float(files: Files) -> list[str]:
    """A float in the kernel would be money in a float sooner or later."""
    return _kernel_words(files, r"\b(f32|f64)\b", "cannot hold money exactly")


def _kernel_words(files: Files, pattern: str, why: str) -> list[str]:
    return [
        f"{path}:{number}: {word.group()} {why}"
        for path, text in code(files, ".rs", under=KERNEL)
        for number, line in enumerate(bare_rust(text).splitlines(), 1)
        for word in re.finditer(pattern, line)
    ]


#: Who may import whom: a module only what stands before it. ``reference`` is judge, so it sees names alone.
LAYERS = (
    "errors",
    "rounding",
    "_kernel",
    "about",
    "amounts",
    "fixed",
    "columns",
    "moments",
    "identifiers",
    "schemas",
    "table",
    "reading",
    "tables",
    "settlement",
    "settings",
    "schedules",
    "calendars",
    "funds",
    "plainterms",
    "termsfile",
    "terms",
    "allocation",
    "dealing",
    "income",
    "gating",
    "netting",
    "reasons",
    "proof",
    "digests",
    "intake",
    "inputs",
    "ordering",
    "outcome",
    "ledger",
    "register",
    "validation",
    "consuming",
    "explaining",
    "folder",
    "clearing",
    "figures",
    "plot",
    "formats",
    "joining",
    "dayparts",
    "replaying",
    "resampling",
    "summing",
    "totals",
    "verifying",
    "report",
    "dayfile",
    "gathering",
    "progress",
    "profiles",
    "generating",
    "batch",
    "cli_run",
    "cli",
    "__main__",
    "__init__",
)
MAY_IMPORT = {
    **{module: set(LAYERS[:rank]) for rank, module in enumerate(LAYERS)},
    "reference": {"errors", "rounding"},
    "cython_api": {"_kernel"},
}
# What is derived again is derived by the judge, who is imported when he is called.
for judged in ("__init__", "consuming", "resampling", "summing", "totals", "verifying"):
    MAY_IMPORT[judged] |= {"reference"}


def imports_flow_one_way(files: Files) -> list[str]:
    """Every module has its place, and imports only from places below it."""
    complaints = []
    for path, text in code(files, ".py", ".pyi", under=PACKAGE):
        module = path.removeprefix(PACKAGE).rsplit(".", 1)[0].split("/")[0]
        if module not in MAY_IMPORT:
            complaints.append(f"{path}: has no place among the layers of the tidy check")
            continue
        allowed = MAY_IMPORT[module] | {module}
        complaints += [
            f"{path}:{line}: {module} imports {imported}, which does not stand below it"
            for imported, line in _own_imports(ast.parse(text), path)
            if imported not in allowed
        ]
    return complaints


def _own_imports(tree: ast.Module, path: str) -> Iterator[tuple[str, int]]:
    """The modules of the package that a file imports; the package itself is ``__init__``."""
    here = ["fundclear", *path.removeprefix(PACKAGE).split("/")[:-1]]
    for node in ast.walk(tree):
        names: list[list[str]] = []
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = here[: len(here) + 1 - node.level] if node.level else []
            start = start + (node.module or "").split(".") if node.module else start
            # "from fundclear import x" may name a module or something of the package's own; a module has a place.
            names = [[*start, alias.name] if start == ["fundclear"] else start for alias in node.names]
        for name in names:
            if name[0] == "fundclear":
                yield (name[1] if len(name) > 1 and name[1] in MAY_IMPORT else "__init__"), node.lineno


def lists_agree(files: Files) -> list[str]:
    """The rounding modes, and the status codes, are the same in the same order wherever they are listed."""
    rust_modes = _rust_enum(files[f"{KERNEL}rounding.rs"], "Rounding")
    python_modes = _python_enum(files[f"{PACKAGE}rounding.py"], "Rounding")
    declared = files[f"{PACKAGE}cython_api.pxd"]
    bridge = files[f"{PACKAGE}cython_api.pyx"]
    edge = files["rust/python/src/capi.rs"]
    pairs = {
        "rounding modes, kernel and rounding.py": (rust_modes, [*python_modes, "EXACT"]),
        "rounding modes, kernel and cython_api.pxd": (rust_modes, _cython_enum(declared, "Rounding")),
        "status codes, capi.rs and cython_api.pxd": (_rust_enum(edge, "Status"), _cython_enum(declared, "Status")),
        "table version, capi.rs and cython_api.pyx": (
            re.findall(r"^const VERSION: u32 = (\d+);", edge, re.MULTILINE),
            re.findall(r"^    VERSION = (\d+)", bridge, re.MULTILINE),
        ),
        "table fields, capi.rs and cython_api.pyx": (
            _table_fields(_between(edge, "struct Table {", "\n}"), r"(\w+): "),
            _table_fields(_between(bridge, "struct Table:", "\n\n"), r"(?:uint32_t |int \(\*)(\w+)"),
        ),
    }
    return [f"{what}: {one} and {other}" for what, (one, other) in pairs.items() if one != other or not one]


def _between(text: str, start: str, end: str) -> str:
    return text.partition(start)[2].partition(end)[0]


def _table_fields(text: str, field: str) -> list[str]:
    return re.findall(rf"^    {field}", text, re.MULTILINE)


def _rust_enum(text: str, name: str) -> list[str]:
    """The variants in the order of their discriminants, in the spelling of Python's constants."""
    body = bare_rust(_between(text, f"enum {name} {{", "\n}"))
    variants = {int(value): variant for variant, value in re.findall(r"(\w+) = (\d+)", body)}
    return [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", variants[value]).upper() for value in sorted(variants)]


def _python_enum(text: str, name: str) -> list[str]:
    """The members in the order of their definition."""
    body = next(node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == name).body
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _cython_enum(text: str, name: str) -> list[str]:
    """The members in the order of their values."""
    members = re.findall(r"^    (\w+) = (\d+)", _between(text, f"cdef enum {name}:", "\n\n"), re.MULTILINE)
    return [member for member, value in sorted(members, key=lambda pair: int(pair[1]))]


#: Codes that no exception stands for: a call that is asked to stop raises what asked it, a KeyboardInterrupt.
_NO_EXCEPTION = {"cancelled"}


def error_codes_are_declared(files: Files) -> list[str]:
    """Every reason that the kernel gives has its sentence and its cure."""
    names = re.findall(r'Self::\w+ => "([a-z-]+)"', files[f"{KERNEL}error.rs"])
    declared = {
        key.value
        for node in ast.walk(ast.parse(files[f"{PACKAGE}errors.py"]))
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "CODES" and isinstance(node.value, ast.Dict)
        for key in node.value.keys
        if isinstance(key, ast.Constant)
    }
    if not names:
        return [f"{KERNEL}error.rs: no code was found"]
    return [
        f"{KERNEL}error.rs: {name} is not in errors.CODES" for name in names if name not in declared | _NO_EXCEPTION
    ]


_LEFT_OPEN = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def nothing_left_open(files: Files) -> list[str]:
    """What is not done is an issue, not a comment."""
    return [
        f"{path}:{number}: {mark.group()}"
        for path, text in files.items()
        if path.endswith((*CODE, ".md", ".toml")) or path in ("Makefile", ".ci/run")
        for number, line in enumerate(text.splitlines(), 1)
        for mark in _LEFT_OPEN.finditer(line)
    ]


_BUILT = re.compile(r"\.(so|pyd|o|a|c|rlib|whl|pyc|egg-info)$|(^|/)(target|dist|__pycache__|_build|\.venv)/")


def no_build_output(files: Files) -> list[str]:
    """What a command makes is not kept in git."""
    return [f"{path}: is built, and does not belong in git" for path in files if _BUILT.search(path)]


def locks_are_committed(files: Files) -> list[str]:
    """Python's and Rust's dependencies are pinned, each to one version, and by name: not by where they came from."""
    complaints = [f"{path}: is missing" for path in ("rust/Cargo.lock", "requirements-dev.txt") if path not in files]
    for number, line in enumerate(files.get("requirements-dev.txt", "").splitlines(), 1):
        requirement = line.partition("#")[0].strip()
        if requirement and not re.fullmatch(r"[a-z0-9][a-z0-9.\-]*==[^\s=*]+( ; .+)?", requirement):
            complaints.append(f"requirements-dev.txt:{number}: {requirement} is not one version of a name")
    return complaints


def no_test_is_skipped(files: Files) -> list[str]:
    """What a test needs is installed; a test that may be skipped proves nothing on the day it is."""
    skipping = {"skip", "skipif", "importorskip", "skipTest", "SkipTest"}
    return [
        f"{path}:{node.lineno}: {node.attr} lets a test pass unseen"
        for path, text in code(files, ".py", under="tests/")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and node.attr in skipping
    ]
