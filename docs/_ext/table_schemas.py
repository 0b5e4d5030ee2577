"""The directive ``table-schemas``: the columns of every table, read from the package when the pages are built."""

from __future__ import annotations

from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from fundclear.schemas import ColumnSpec
from fundclear.tables import TypedTable


def unless_given(spec: ColumnSpec) -> str:
    """What a table without the column stands for."""
    if spec.required:
        return "required"
    if spec.default is None:
        return "absent"
    return {"": "0 or empty" if spec.kind == "id" else "none"}.get(str(spec.default), str(spec.default))


def cell(*parts: nodes.Node) -> nodes.entry:
    return nodes.entry("", nodes.paragraph("", "", *parts))


def column_row(spec: ColumnSpec) -> nodes.row:
    kind = spec.kind if spec.scale is None else f"{spec.kind}, scale {spec.scale}"
    name = nodes.literal(spec.name, spec.name)
    return nodes.row(
        "", cell(name), cell(nodes.Text(kind)), cell(nodes.Text(unless_given(spec))), cell(nodes.Text(spec.says))
    )


class TableSchemas(SphinxDirective):
    """A section for each table, with one row for each of its columns."""

    titles: ClassVar = {"column": 18, "kind": 14, "unless given": 14, "meaning and unit": 54}

    def run(self) -> list[nodes.Node]:
        return [node for table in TypedTable.__subclasses__() for node in self.described(table)]

    def described(self, table: type[TypedTable]) -> list[nodes.Node]:
        group = nodes.tgroup("", cols=len(self.titles))
        group += [nodes.colspec(colwidth=width) for width in self.titles.values()]
        group += nodes.thead("", nodes.row("", *(cell(nodes.Text(title)) for title in self.titles)))
        group += nodes.tbody("", *(column_row(spec) for spec in table.columns_of))
        name, says = table.__name__, (table.__doc__ or "").splitlines()[0]
        return [nodes.rubric(name, name), nodes.paragraph(says, says), nodes.table("", group)]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("table-schemas", TableSchemas)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
