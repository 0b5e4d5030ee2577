"""A run of the gate: which counts it compares with, and what it says and returns where it cannot compare."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import builds
import gate
import pytest
from baseline import Baseline

TOOLS = {"rustc": "1.95.0", "numpy": "2.4.6"}
BASE = Path("the base commit's tree")

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs ``gate.py count`` over two suites whose counts are given by tree."""

    def run(
        head: int,
        *,
        base: int = 100,
        kept: Baseline | None = None,
        tools: dict[str, str] = TOOLS,
        undecided: str = "fail",
    ) -> int:
        counter = lambda tree: {"call": base if tree == BASE else head}  # noqa: E731
        monkeypatch.setattr(gate, "SUITES", {"kernel": (counter, ("rustc",)), "calls": (counter, ("rustc", "numpy"))})
        monkeypatch.setattr(gate.baseline, "read", lambda: kept or Baseline({}, {}))
        monkeypatch.setattr(gate.toolchain, "facts", lambda: tools)
        monkeypatch.setattr(sys, "argv", ["gate.py", "count", "--undecided", undecided])
        return gate.main()

    monkeypatch.delenv("FUNDCLEAR_GATE_BASE", raising=False)
    monkeypatch.setattr(gate, "missing_tools", list)
    monkeypatch.setattr(gate, "base", lambda: BASE)
    monkeypatch.setattr(gate, "OPEN", tmp_path / "undecided.txt")
    return run


def kept(kernel: int = 100, calls: int = 100) -> Baseline:
    return Baseline(TOOLS, {"kernel": {"call": kernel}, "calls": {"call": calls}})


def no_base() -> Path:
    raise gate.UndecidedError("there is no commit to compare with")


def test_the_same_tools_compare_with_the_baseline(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(200, base=200, kept=kept()) == gate.FAILED
    assert run(100, base=1, kept=kept()) == 0
    assert "compared with the committed baseline" in capsys.readouterr().out


def test_other_tools_compare_with_the_base_commit(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A new compiler may make every count another one: neither a failure nor a pass says anything about the change."""
    other = TOOLS | {"rustc": "1.96.0"}
    assert run(200, base=200, kept=kept(), tools=other) == 0
    assert run(200, base=100, kept=kept(200, 200), tools=other) == gate.FAILED
    assert "rustc is '1.96.0' here and '1.95.0' in the baseline" in capsys.readouterr().out


def test_another_numpy_matters_to_python_calls_alone(run: Run) -> None:
    other = TOOLS | {"numpy": "2.5"}
    assert run(200, base=200, kept=kept(kernel=200), tools=other) == 0
    assert run(200, base=200, kept=kept(calls=200), tools=other) == gate.FAILED


def test_without_a_baseline_the_base_commit_decides(run: Run) -> None:
    assert run(100) == 0
    assert run(103) == gate.FAILED


def test_a_named_base_goes_before_the_baseline(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDCLEAR_GATE_BASE", "v0.1.0")
    assert run(100, base=50, kept=kept()) == gate.FAILED


@pytest.mark.parametrize(("undecided", "status"), [("fail", gate.UNDECIDED), ("pass", 0)])
def test_nothing_to_compare_with_is_said(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], undecided: str, status: int
) -> None:
    monkeypatch.setattr(gate, "base", no_base)
    assert run(100, undecided=undecided) == status
    assert "THE GATE HAS NOT DECIDED: kernel: there is no commit" in capsys.readouterr().out
    assert "HAS NOT DECIDED" in gate.OPEN.read_text(encoding="utf-8")


def test_a_run_that_decides_leaves_nothing_open(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "base", no_base)
    run(100)
    run(100, kept=kept())
    assert gate.OPEN.read_text(encoding="utf-8") == ""


def test_what_is_slower_fails_even_if_the_rest_is_undecided(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "base", no_base)
    assert run(200, kept=kept(), tools=TOOLS | {"numpy": "2.5"}, undecided="pass") == gate.FAILED


def test_missing_tools_are_named(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(gate, "missing_tools", lambda: ["valgrind is not installed"])
    assert run(100, kept=kept()) == gate.UNDECIDED
    assert "NOT DECIDED: valgrind is not installed" in capsys.readouterr().out


def test_a_base_that_cannot_be_measured_is_no_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(tree: Path) -> dict[str, int]:
        if tree == BASE:
            raise RuntimeError("no such call there")
        return {"call": 100}

    monkeypatch.setattr(gate, "missing_tools", list)
    run(100)
    monkeypatch.setattr(gate, "SUITES", {"calls": (broken, ())})
    assert gate.main() == gate.UNDECIDED


def test_a_base_commit_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setenv("FUNDCLEAR_GATE_BASE", "v0.1.0")
    monkeypatch.setattr(builds, "git", lambda *arguments: asked.append(arguments) or "abc")
    assert builds.base_commit() == "abc"
    assert asked == [("rev-parse", "--verify", "v0.1.0^{commit}")]
