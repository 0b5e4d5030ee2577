"""The tracked files as text, and what it takes to read Rust without a compiler."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

#: The root of the checkout.
ROOT = Path(__file__).parents[2]

#: Path below the root, with slashes, and the file's text. Checks see nothing else, so a test can hand them a small one.
Files = Mapping[str, str]

#: Suffixes of what a person writes and reviews line by line.
CODE = (".py", ".pyi", ".pyx", ".pxd", ".rs")


def tracked() -> dict[str, str]:
    """Every file that is in git, or would be at the next ``git add``; what is not text is an empty text."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {name: _text(ROOT / name) for name in listing.split("\0") if name and (ROOT / name).is_file()}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def code(files: Files, *suffixes: str, under: str = "") -> Iterator[tuple[str, str]]:
    """The files with one of the suffixes (all of :data:`CODE` if none is given) below a folder."""
    wanted = suffixes or CODE
    return ((path, text) for path, text in files.items() if path.endswith(wanted) and path.startswith(under))


_RUST_NOISE = re.compile(
    r"""
      //[^\n]*                        # a comment to the end of the line
    | /\*.*?\*/                       # a comment between marks
    | b?r(?P<hashes>\#*)".*?"(?P=hashes)   # a raw string
    | [bc]?"(?:\\.|[^"\\])*"          # a string
    | b?'(?:\\[^\n]+?|[^\\'\n])'      # a character, not a lifetime
    """,
    re.VERBOSE | re.DOTALL,
)


def bare_rust(text: str) -> str:
    """Rust without comments, strings and characters, every line still where it was."""
    return _RUST_NOISE.sub(lambda noise: "\n" * noise.group().count("\n"), text)


def rust_functions(text: str) -> Iterator[tuple[str, int, int]]:
    """Name, first line and number of lines of every function that has a body."""
    bare = bare_rust(text)
    for head in re.finditer(r"\bfn\s+(\w+)", bare):
        opening = re.compile(r"[{;]").search(bare, head.end())
        if opening is None or opening.group() == ";":
            continue
        depth, at = 1, opening.end()
        while depth and (brace := re.compile(r"[{}]").search(bare, at)):
            depth += 1 if brace.group() == "{" else -1
            at = brace.end()
        first = bare.count("\n", 0, head.start()) + 1
        yield head.group(1), first, bare.count("\n", 0, at) + 2 - first
