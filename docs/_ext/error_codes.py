"""The directive ``error-codes``: a table of every error code, read from the package when the pages are built."""

from __future__ import annotations

from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from fundclear.errors import CODES, ErrorCode, FundclearError


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


class ErrorCodes(SphinxDirective):
    """One row for each key of ``fundclear.errors.CODES``."""

    titles: ClassVar = {"code": 12, "raises": 22, "says": 38, "cure": 28}

    def run(self) -> list[nodes.Node]:
        group = nodes.tgroup("", cols=len(self.titles))
        group += [nodes.colspec(colwidth=width) for width in self.titles.values()]
        head = nodes.row("", *(paragraph(nodes.Text(title)) for title in self.titles))
        group += nodes.thead("", head)
        group += nodes.tbody("", *(code_row(code, entry) for code, entry in CODES.items()))
        return [nodes.table("", group)]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("error-codes", ErrorCodes)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
