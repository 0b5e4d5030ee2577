"""The commands that pages show are run as they stand there, and say what the pages promise."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support.sample import GIVEN, ORDERS, ROOT, run

FENCE = r"^```{language}\n(.*?)^```$"
OUT = "/tmp/2017-04-27"


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(FENCE.format(language=language), text, re.DOTALL | re.MULTILINE)


def commands(page: str, language: str = "sh") -> list[str]:
    """The lines of a page's fences; one that ends with a backslash goes on."""
    return "".join(blocks(page, language)).replace("\\\n", " ").splitlines()


def run_shown(lines: list[str], out: Path, folder: Path = ROOT) -> str:
    """Runs the ``fundclear`` commands among the lines, in the folder that a ``cd`` before them names."""
    said = ""
    for line in lines:
        program, *arguments = shlex.split(line.replace(OUT, str(out)), comments=True)
        if program == "cd":
            folder = ROOT / arguments[0]
        elif program == "fundclear":
            words = [sorted(map(str, folder.glob(word))) if "*" in word else [word] for word in arguments]
            done = run(*(word for each in words for word in each), cwd=folder)
            assert done.returncode == 0, done.stderr
            said += done.stdout
        else:
            assert program == "make", f"no test runs {line!r}"
            assert_is_target(arguments[0])
    return said


def assert_is_target(name: str) -> None:
    assert re.search(rf"^{name}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), f"make {name}"


def test_the_commands_of_the_readme_run(tmp_path: Path) -> None:
    shown = commands("README.md")
    assert sum(line.startswith("fundclear ") for line in shown) == 2
    assert "nothing found" in run_shown(shown, tmp_path / "day")


def test_the_tutorial_shows_what_the_commands_say(tmp_path: Path) -> None:
    page = "docs/tutorial/clear_a_real_file.md"
    said = run_shown(commands(page), tmp_path / "day")
    promised = blocks(page, "text")
    assert len(promised) == 2
    assert [text for text in promised if text not in said] == []


def test_a_made_up_day_is_made_and_cleared_as_shown(tmp_path: Path) -> None:
    said = run_shown(commands("docs/how-to/generate.md", "text"), tmp_path / "day", tmp_path)
    assert "Dealing day 2017-04-27: 20,000 orders" in said


def test_a_big_day_is_run_as_shown(tmp_path: Path) -> None:
    said = run_shown(commands("docs/how-to/big-days.md", "text"), tmp_path / "day", tmp_path)
    assert "orders confirmed: " in said
    assert "nothing found" in said


def test_the_usage_of_the_reference_is_that_of_the_command() -> None:
    (usage,) = blocks("docs/reference/command.md", "text")
    for line in usage.splitlines():
        command = line.split()[1]
        told = run(command, "--help").stdout
        options = [word for word in re.findall(r"--\w+", line)]
        assert f"usage: fundclear {command}" in told
        assert [option for option in options if option not in told] == []


def test_the_prices_file_of_the_reference_is_read(tmp_path: Path) -> None:
    (text,) = blocks("docs/reference/command.md", "toml")
    prices = tmp_path / "prices.toml"
    prices.write_text(text, encoding="utf-8")
    given = [str(prices) if value.endswith("prices.toml") else value for value in GIVEN]
    done = run("clear", ORDERS, *given, "--out", tmp_path / "day")
    assert done.returncode == 0, done.stderr
    # What stands in comments is TOML too: one fills an empty part, one stands for the line above it.
    without = re.sub(r'^"000198" = "1079.77"\n', "", text, flags=re.MULTILINE)
    filled = tomllib.loads(re.sub(r"^# ", "", without, flags=re.MULTILINE))
    assert filled["decisions"] == {"000198": "limit"}
    assert set(filled["income"]["000198"]) == {"2017-04-28", "2017-04-29"}


@pytest.mark.parametrize("page", ["docs/how-to/benchmarks.md"])
def test_commands_that_take_long_name_what_is_there(page: str) -> None:
    """CI runs them by other calls of the Makefile, or not at all."""
    for line in commands(page):
        words = [word for word in shlex.split(line, comments=True) if "=" not in word]
        if "make" in words:
            assert_is_target(words[words.index("make") + 1])
        elif words[0] == "cd":
            assert words[2:] == ["&&", "cargo", "bench"]
            assert (ROOT / words[1] / "Cargo.toml").is_file()
        else:
            assert words[0] in ("python", "git"), f"no test looks at {line!r}"
            named = [word for word in words if "/" in word]
            assert named
            assert all((ROOT / word).exists() for word in named)


def test_the_readme_of_the_tests_names_what_is_there() -> None:
    """Each command collects tests, which takes its folder and its options."""
    shown = commands("tests/README.md")
    assert shown.pop(0).split()[:2] == ["make", "test-python"]
    assert_is_target("test-python")
    for line in shown:
        python, *arguments = shlex.split(line, comments=True)
        assert python == "python"
        done = subprocess.run(
            [sys.executable, *arguments, "--collect-only", "-q"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
