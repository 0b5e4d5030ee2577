"""A command that is interrupted or killed leaves nothing that looks like a day, and the next one cleans up."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fundclear as fc
from fundclear.formats import columnar
from support.sample import SAMPLE, command

ROWS = 200_000


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("many") / "orders.csv"
    numbers = np.arange(1, ROWS + 1)
    amounts = fc.Fixed.from_minor(numbers, 2)
    columnar.write_csv(
        fc.Orders(account=numbers, fund="000198", kind="subscribe", amount=amounts, order_id=numbers), path
    )
    return path


def _start(orders: Path, out: Path) -> subprocess.Popen[str]:
    given = ("--terms", SAMPLE / "terms.toml", "--prices", out.parent / "prices.toml")
    (out.parent / "prices.toml").write_text('date = 2017-04-27\n[prices]\n"000198" = "1.0000"\n')
    line = command("clear", orders, *given, "--out", out)
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)


def _aside(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(".day-")]


def test_killed_while_it_writes(orders: Path, tmp_path: Path) -> None:
    process = _start(orders, tmp_path / "day")
    _until(lambda: bool(_aside(tmp_path)))
    process.kill()
    process.communicate()
    if not (tmp_path / "day").exists():
        assert len(_aside(tmp_path)) == 1
    again = _start(orders, tmp_path / "day")
    again.communicate()
    assert again.returncode in (0, 1)
    assert _aside(tmp_path) == [] or again.returncode == 1
    assert len(fc.open_day(tmp_path / "day").confirmations) == ROWS


def test_interrupted_while_it_writes(orders: Path, tmp_path: Path) -> None:
    process = _start(orders, tmp_path / "day")
    _until(lambda: bool(_aside(tmp_path)))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["prices.toml"]


def test_of_two_runs_one_makes_the_folder(orders: Path, tmp_path: Path) -> None:
    processes = [_start(orders, tmp_path / "day") for _ in range(2)]
    said = [process.communicate()[1] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 1]
    assert "error [folder-exists]: " in said[[process.returncode for process in processes].index(1)]
    assert _aside(tmp_path) == []
    assert len(fc.open_day(tmp_path / "day").confirmations) == ROWS
