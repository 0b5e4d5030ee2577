"""What ``import fundclear`` costs beside numpy, which callers have imported anyway: in new processes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from race import Peer

SECTION = "Import"

#: As much as it may cost beside numpy.
AT_MOST_MORE = 0.040


def imported(modules: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {modules}"], check=True)


def test_import(race: Any) -> None:
    race(
        "import numpy, fundclear, in a new process",
        1,
        lambda: imported("numpy, fundclear"),
        [Peer("import numpy", lambda: imported("numpy"), None, "without fundclear", at_most_more=AT_MOST_MORE)],
        in_children=True,
    )
