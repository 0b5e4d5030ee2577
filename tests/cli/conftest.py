"""The sample day, cleared once by the command for all tests that only look at it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.sample import clear_sample


@dataclass(frozen=True)
class Cleared:
    """A day's folder and what the command said."""

    folder: Path
    said: subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def cleared(tmp_path_factory: pytest.TempPathFactory) -> Cleared:
    folder = tmp_path_factory.mktemp("sample") / "day"
    said = clear_sample(folder, "--csv", "--ofd")
    assert said.returncode == 0, said.stderr
    return Cleared(folder, said)
