"""The directives ``error-codes`` and ``reasons``: every code of the package, read from it when the pages are built."""

from __future__ import annotations

from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from fundclear.errors import CODES, ErrorCode, FundclearError
from fundclear.reasons import REASONS


def builtin_base(raises: type[FundclearError]) -> str:
    """The built-in exception that also catches an error of this class."""
    return next(base.__name__ for base in raises.__mro__ if base.__module__ == "builtins")


def paragraph(*parts: nodes.Node) -> nodes.entry:
    return nodes.entry("", nodes.paragraph("", "", *parts))


def code_row(code: str, entry: ErrorCode) -> nodes.row:
    raised = f"{entry.raises.__name__} ({builtin_base(entry.raises)})"
    return nodes.row(
        "",
        paragraph(nodes.literal(code, code)),
        paragraph(nodes.Text(raised)),
        paragraph(nodes.Text(entry.says)),
        paragraph(nodes.Text(entry.cure)),
    )


def table(titles: dict[str, int], rows: list[nodes.row]) -> nodes.table:
    group = nodes.tgroup("", cols=len(titles))
    group += [nodes.colspec(colwidth=width) for width in titles.values()]
    group += nodes.thead("", nodes.row("", *(paragraph(nodes.Text(title)) for title in titles)))
    group += nodes.tbody("", *rows)
    return nodes.table("", group)


class ErrorCodes(SphinxDirective):
    """One row for each key of ``fundclear.errors.CODES``."""

    titles: ClassVar = {"code": 12, "raises": 22, "says": 38, "cure": 28}

    def run(self) -> list[nodes.Node]:
        return [table(self.titles, [code_row(code, entry) for code, entry in CODES.items()])]


class Reasons(SphinxDirective):
    """One row for each key of ``fundclear.reasons.REASONS``, but for the empty one."""

    titles: ClassVar = {"reason": 20, "says": 45, "cure": 35}

    def run(self) -> list[nodes.Node]:
        named = {name: reason for name, reason in REASONS.items() if name}
        cells = [
            (
                paragraph(nodes.literal(name, name)),
                paragraph(nodes.Text(reason.says)),
                paragraph(nodes.Text(reason.cure)),
            )
            for name, reason in named.items()
        ]
        return [table(self.titles, [nodes.row("", *row) for row in cells])]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("error-codes", ErrorCodes)
    app.add_directive("reasons", Reasons)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
