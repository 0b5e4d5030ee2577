"""Terms as TOML and as plain data."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fundclear.amounts import show
from fundclear.settings import refuse_unknown, wrong

__all__ = ["load", "text"]

#: What terms as plain data consist of.
SECTIONS: Final = ("clearing", "distributors", "calendars", "funds")

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The plain data of a TOML file. A number with a point is a float there, and is refused where it is read."""
    import tomllib

    try:
        with open(path, encoding="utf-8") as file:
            return tomllib.loads(file.read())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise wrong("the file", f"it is not TOML: {error}") from None


def sections(data: Any) -> dict[str, Any]:
    """The sections that are given; an unknown one is refused."""
    if not isinstance(data, Mapping):
        raise wrong("the terms", f"{show(data)} is not a table of {', '.join(SECTIONS)}", data)
    refuse_unknown(data, dict.fromkeys(SECTIONS))
    for name in ("funds", "calendars"):
        if not isinstance(data.get(name, []), (list, tuple)):
            raise wrong(name, f"{show(data[name])} is not a list of tables")
    return dict(data)


def text(data: Mapping[str, Any]) -> str:
    """Plain data as TOML: values first, then the tables of calendars and funds."""
    return "\n".join(_lines(data)) + "\n"


def _lines(data: Mapping[str, Any]) -> Iterator[str]:
    for name, value in data.items():
        if name not in ("calendars", "funds"):
            yield f"{name} = {_value(value)}"
    for section in ("calendars", "funds"):
        for table in data.get(section, ()):
            yield ""
            yield f"[[{section}]]"
            for name, value in table.items():
                yield f"{name} = {_value(value)}"


def _value(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, int):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if any(isinstance(key, int) for key in value):
        # Keys of TOML are texts; integers keep their kind in a list of pairs.
        return _value([list(pair) for pair in value.items()])
    pairs = ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items())
    return f"{{ {pairs} }}" if pairs else "{}"


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _quoted(key)


def _quoted(value: str) -> str:
    # JSON's strings are TOML's, but for the one control character that JSON leaves alone.
    import json

    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
