"""Split one day's income of a fund over its holders, to the cent, and prove that nothing was lost.

Usage: python docs/tutorial/split_income.py [YYYY-MM-DD]

The holders and the published income are real; data/README.md says where they come from and what is assumed.
"""

from __future__ import annotations

import csv
import sys
from decimal import Decimal
from pathlib import Path

import fundclear as fc

DATA = Path(__file__).parent / "data"
HOLDERS_FILE = DATA / "holders_000198_2017-04-27.csv"
YIELDS_FILE = DATA / "yuebao_yield_2013-07_2014-08.csv"
LAST_DAY = "2014-08-31"
CASH_SCALE = 2


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def yield_of(day: str) -> fc.Fixed:
    """The published income per 10,000 units of a day, as a column of one row with four decimals."""
    wanted = day.replace("-", "")
    found = [row["mfd_daily_yield"] for row in rows(YIELDS_FILE) if row["mfd_date"] == wanted]
    if not found:
        raise SystemExit(f"no yield is published for {day}; the series runs from 2013-07-01 to {LAST_DAY}")
    return fc.Fixed.parse(found, scale=4, name="mfd_daily_yield")


def difference(paid: Decimal, due: fc.Fixed) -> str:
    """What was paid beyond what was due, in words."""
    gap = (fc.Fixed.parse([paid], scale=due.scale) - due)[0]
    verb = "nothing" if gap == 0 else f"{abs(gap)} CNY lost" if gap < 0 else f"{gap} CNY invented"
    return f"{paid:,} CNY paid, {verb}"


def main(day: str = LAST_DAY) -> int:
    holders = rows(HOLDERS_FILE)
    account = [row["ta_account"] for row in holders]
    units = fc.Fixed.parse([row["units"] for row in holders], scale=2, name="units")
    per_10k = yield_of(day)

    # The income of the day: units × income per 10,000 units ÷ 10,000, rounded once.
    total_units = fc.Fixed.parse([units.sum()], scale=2)
    income = total_units.mul_div(per_10k, 10_000, CASH_SCALE, "half_up")

    # Each holder gets the exact ratio, cut off after the cent; the cents that are left go to the largest remainders,
    # and of equal remainders to the smaller account.
    split = fc.allocate(income[0], units, scale=CASH_SCALE, policy="largest_remainder", tie_key=account)

    # Two ways that are common and wrong: to round each holder alone, or to cut each holder's fraction.
    rounded = units.mul_div(per_10k[0], 10_000, CASH_SCALE, "half_up")
    cut = units.mul_div(per_10k[0], 10_000, CASH_SCALE, "down")
    floors = units.mul_div(income[0], total_units[0], CASH_SCALE, "down")

    print(f"Fund 000198, income of {day}: {per_10k[0]} CNY per 10,000 units")
    print(f"  holders              {len(units):>14,}")
    print(f"  units                {total_units[0]:>14,}")
    print(f"  income               {income[0]:>14,} CNY")
    print(f"  sum of the shares    {split.shares.sum():>14,} CNY")
    print(f"  residual             {split.residual[0]:>14,} CNY")
    print(f"  largest share        {split.shares.max():>14,} CNY")
    print(f"  smallest share       {split.shares.min():>14,} CNY")
    print(f"  given one more cent  {int((split.shares > floors).sum()):>14,} holders")
    print("Without an allocation")
    print(f"  each share rounded alone:  {difference(rounded.sum(), income)}")
    print(f"  each share cut off:        {difference(cut.sum(), income)}")

    paid = fc.Fixed.parse([split.shares.sum()], scale=CASH_SCALE) + split.residual
    proven = paid.equals(income)
    print(f"Law A1, shares + residual = income: {'holds' if proven else 'DOES NOT HOLD'}")
    return 0 if proven else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
