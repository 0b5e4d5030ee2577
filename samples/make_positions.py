"""Makes the opening positions of a sample from its order file: made up, and the same every time.

Every account of the order file holds units already, and 138 accounts that order nothing hold some too: 1,000 positions
in all. The n-th position, by account, holds (n × 7,919,317) mod 2,000,003 cents of units.

    python samples/make_positions.py samples/yuebao-2017-04-27
"""

from __future__ import annotations

import sys
from pathlib import Path

from fundclear.formats import ofd

POSITIONS = 1_000


def main(folder: Path) -> None:
    """Writes the file of positions into the sample's folder."""
    orders = ofd.to_orders(ofd.read(folder / "orders_03.txt"))
    names = ("account", "transaction_account", "distributor", "fund")
    holders = sorted(set(zip(*(orders[name] for name in names), strict=True)))
    distributor, fund = holders[0][2:]
    others = range(1, POSITIONS - len(holders) + 1)
    holders += [(f"9{number:011}", f"429969{number:011}", distributor, fund) for number in others]
    lines = ["account,transaction_account,distributor,fund,units"]
    for number, holder in enumerate(holders, 1):
        cents = number * 7_919_317 % 2_000_003
        lines.append(",".join([*holder, f"{cents // 100}.{cents % 100:02}"]))
    (folder / "positions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
