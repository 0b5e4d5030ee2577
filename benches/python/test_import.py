"""What ``import fundclear`` and a first day cost beside numpy, which callers have imported anyway: in new processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from race import Peer

SECTION = "Import"

#: As much as the import may cost beside numpy.
AT_MOST_MORE = 0.040

NUMPY = "import numpy"

IMPORT = "import numpy, fundclear"

#: Names are imported when they are asked for, so that it is here that most of fundclear is paid for.
FIRST_DAY = """
import numpy
import fundclear as fc
orders = fc.Orders(account=["Ann"], fund="000198", order_id=[1], kind="subscribe", quantity=["5000.00"])
terms = fc.Terms([fc.Fund("000198", currency="CNY")])
fc.clear(orders, terms=terms, prices={"000198": "1.2345"}, date="2017-04-27")
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Bytecode is kept as it is of an installed package: a checkout without it would be compiled in every process."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(tmp_path)}


def beside_numpy(
    race: Any, title: str, program: str, environment: dict[str, str], at_most_more: float | None = None
) -> None:
    def run(text: str) -> None:
        subprocess.run([sys.executable, "-c", text], check=True, env=environment)

    numpy = Peer(NUMPY, lambda: run(NUMPY), None, "without fundclear", at_most_more=at_most_more)
    race(title, 1, lambda: run(program), [numpy], in_children=True)


def test_import(race: Any, environment: dict[str, str]) -> None:
    beside_numpy(race, "import numpy, fundclear, in a new process", IMPORT, environment, AT_MOST_MORE)


def test_first_day(race: Any, environment: dict[str, str]) -> None:
    beside_numpy(race, "the same and a first day of one order", FIRST_DAY, environment)
