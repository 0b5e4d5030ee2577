"""No arithmetic on money outside the kernel and the reference: the same rule read from Python and from Cython."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from Cython.Compiler import ExprNodes, Nodes
from Cython.Compiler.TreeFragment import parse_from_strings
from Cython.Compiler.Visitor import TreeVisitor

from tidy.source import Files, code

PACKAGE = "src/fundclear/"

#: Names that hold money, units, prices or weights, by their last word: ``x.minor``, ``cash_total``, ``shares``.
_MONEY = re.compile(
    r"(?:^|_)(minors?|amounts?|totals?|units?|navs?|prices?|cash|fees?|weights?|shares?|residuals?|incomes?)$"
)

#: Functions and methods that compute, whoever they belong to.
_COMPUTING_CALLS = frozenset({
    "add", "cumprod", "cumsum", "cumulative_sum", "diff", "divide", "divmod", "dot", "einsum", "floor_divide", "fmod",
    "fsum", "inner", "matmul", "mean", "mod", "multiply", "negative", "nansum", "outer", "power", "prod", "quantize",
    "reduce", "remainder", "round", "rint", "subtract", "sumprod", "trace", "trapezoid", "true_divide", "vdot",
})  # fmt: skip

#: Built-in functions that compute when money is what they are given.
_COMPUTING_BUILTINS = frozenset({"abs", "sum", "pow", "round", "divmod"})

#: Functions where a float is what the caller asked for by name, and nothing comes back from it.
_MAY_MAKE_FLOATS = frozenset({"to_float"})


def no_money_arithmetic_in_python(files: Files) -> list[str]:
    """Python validates and passes on; it computes with no amount and makes no float."""
    complaints = []
    for path, text in code(files, ".py", under=PACKAGE):
        if not path.startswith(f"{PACKAGE}reference"):
            complaints += [f"{path}:{line}: {what}" for line, what in _python_arithmetic(ast.parse(text))]
    return complaints


def _python_arithmetic(node: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the offence of every computation with money below a node."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef) and child.name in _MAY_MAKE_FLOATS:
            continue
        if isinstance(child, ast.BinOp | ast.UnaryOp | ast.AugAssign) and not isinstance(
            child.op, ast.Not | ast.BitOr | ast.BitAnd
        ):
            operands = [part for part in ast.iter_child_nodes(child) if isinstance(part, ast.expr)]
            if named := next(filter(None, map(_money_in, operands)), None):
                yield child.lineno, f"{ast.unparse(child)} computes with {named}"
        elif isinstance(child, ast.Call):
            yield from ((child.lineno, offence) for offence in _call_offences(child))
        yield from _python_arithmetic(child)


def _call_offences(call: ast.Call) -> Iterator[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name == "float" or method in ("float16", "float32", "float64"):
        yield f"{ast.unparse(call)} makes a float"
    elif name in _COMPUTING_BUILTINS and any(map(_money_in, call.args)):
        yield f"{ast.unparse(call)} computes with money"
    elif isinstance(owner, ast.Name) and owner.id in ("np", "numpy", "math", "operator"):
        if method in _COMPUTING_CALLS | {"sum"}:
            yield f"{ast.unparse(call)} computes: the kernel does that"
    elif owner is not None and _money_in(owner) and method in _COMPUTING_CALLS | {"sum"}:
        yield f"{ast.unparse(call)} computes with money"


def _money_in(expression: ast.expr) -> str | None:
    """The name of money that an operand *is*: not of something it merely asks about, such as ``len(weights)``."""
    match expression:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name if _MONEY.search(name) else None
        case ast.Subscript(value=inner) | ast.UnaryOp(operand=inner):
            return _money_in(inner)
        case ast.BinOp(left=left, right=right):
            return _money_in(left) or _money_in(right)
    return None


class _Arithmetic(TreeVisitor):
    """Collects every operator of a Cython tree that computes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[int] = []

    def visit_Node(self, node: Nodes.Node) -> None:
        computing = (ExprNodes.NumBinopNode, ExprNodes.UnaryMinusNode, ExprNodes.TildeNode, Nodes.InPlaceAssignmentNode)
        if isinstance(node, computing):
            self.found.append(node.pos[1])
        self.visitchildren(node)


def no_arithmetic_in_cython(files: Files) -> list[str]:
    """Cython passes values to the kernel's table of functions; no operator computes there, on anything."""
    complaints = []
    for path, text in code(files, ".pyx", under=PACKAGE):
        visitor = _Arithmetic()
        visitor.visit(parse_from_strings(path.removeprefix(PACKAGE).removesuffix(".pyx"), text))
        complaints += [f"{path}:{line}: an operator computes here" for line in visitor.found]
    return complaints
