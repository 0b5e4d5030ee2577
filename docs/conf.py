"""Configuration of the documentation: Sphinx reads Markdown (MyST) and the docstrings of the installed package."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "fundclear"
author = "the fundclear contributors"
copyright = "2026, the fundclear contributors"
release = installed_version("fundclear")
version = release

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "error_codes", "table_schemas"]

# Every page is MyST; those with a kernel in their head are notebooks, which are run while building.
source_suffix = {".md": "myst-nb"}
exclude_patterns = ["_build", "tutorial/data/README.md"]
nitpicky = True
nitpick_ignore = [("py:func", "refuse"), ("py:mod", "decimal")]
# Types that only annotations name and that no page documents.
nitpick_ignore_regex = [
    (
        "py:class",
        r"(numpy|np|npt|pyarrow|pandas|polars|collections\.abc|types|typing|fractions|datetime|os|pathlib)\..*",
    ),
    ("py:class", r"(ArrayLike|Decimal|decimal\.Decimal|NDArray.*|enum\.Enum|Any|Self|PyCapsule|TypeAliasForwardRef)"),
    ("py:class", r"(ByPortfolio|Keys|Rate|fundclear\.inputs\.Inputs|fundclear\.formats\.columnar\._T)"),
    ("py:class", r"(Axes|Figure|Source)"),
    # The names of types as the source of a run has them.
    ("py:class", r"(PathsLike|Previous|Progress|Standing|Date|ArrowStream|Confirmations|Events|FundDays|Obligations)"),
    # The tables stand on one page, by their schemas; the reference's rows are described where they are made.
    ("py:class", r"fundclear\.(amounts\.(ArrowArray|ArrowStream|_Column)|tables\.\w+|reference\.\w+\.\w+)"),
    ("py:exc", r"[A-Z]\w*Error"),
    ("py:class", r"[A-Z]\w*Error"),
]

# What a cell raises fails the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
# Types with a name of their own keep it; written out, the union of all that is an amount would fill the page.
autodoc_type_aliases = {"Amounts": "fundclear.amounts.Amounts", "Column": "fundclear.tables.Column"}
autodoc_type_aliases |= {"Texts": "fundclear.columns.Texts"}
napoleon_numpy_docstring = False

# Typographic quotes would get into the code that cures of errors show.
smartquotes = False

html_theme = "furo"
html_title = "fundclear"
html_show_sourcelink = False


def hide_refused_constructor(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str | None, returns: str | None
) -> tuple[str, str | None] | None:
    """Calling the class Fixed is refused, so its page shows no arguments for it."""
    return ("", returns) if name == "fundclear.Fixed" else None


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-signature", hide_refused_constructor)
