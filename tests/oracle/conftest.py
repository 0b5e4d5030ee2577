"""The account of the decTest cases in the terminal summary: how many were taken, and why the others do not fit."""

from __future__ import annotations

from collections import Counter

import pytest

from support import dectest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the account if the suite ran; nothing is said about cases that nobody computed."""
    reports = (report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, []))
    if not any("test_no_case_of_the_file_is_wrong" in report.nodeid for report in reports):
        return
    if not dectest.folder().is_dir():
        terminalreporter.write_line(dectest.MISSING.format(folder=dectest.folder()), red=True)
        return
    terminalreporter.write_sep("=", "decTest cases, each through the kernel and the reference")
    total_taken, total_reasons = 0, Counter[str]()
    for name in dectest.FILES:
        taken, reasons = dectest.cases(name)
        terminalreporter.write_line(_row(name, len(taken), reasons))
        total_taken, total_reasons = total_taken + len(taken), total_reasons + reasons
    terminalreporter.write_line(_row("all files", total_taken, total_reasons))


def _row(name: str, taken: int, reasons: Counter[str]) -> str:
    left_out = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    return f"{name:13} {taken:5} taken, {reasons.total():5} do not fit: {left_out}"
