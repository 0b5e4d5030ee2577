"""What the laws of a day are checked with: the day's inputs and tables by key, and a list of what does not hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fundclear.reference.context import CHARGES, Row
from fundclear.reference.policy import Fund, Policy
from fundclear.rounding import Rounding

__all__ = ["CASH_KINDS", "UNIT_KINDS", "Lawbook", "Violation", "within"]

CASH_KINDS: Final = ("subscribe", "periodic")
UNIT_KINDS: Final = ("redeem", "switch")
_HALVES: Final = (Rounding.HALF_UP, Rounding.HALF_EVEN, Rounding.HALF_DOWN)


@dataclass(frozen=True)
class Violation:
    """A law that does not hold: where, and its two sides."""

    law: str
    scope: str
    left: Any
    right: Any


def within(rounding: int, quantum: int, mode: Rounding) -> bool:
    """Whether what a rounding to a quantum left is within the bound of its mode."""
    return 2 * abs(rounding) <= quantum if mode in _HALVES else abs(rounding) < quantum


@dataclass
class Lawbook:
    """The inputs and the tables of a day, read anew from their plain rows."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Sequence[Row]]
    violations: list[Violation] = field(default_factory=list)

    def __post_init__(self) -> None:
        policy: Policy = self.inputs["policy"]
        self.scales = policy.scales
        keys = self.inputs.get("fund_keys") or range(len(policy.funds))
        self.funds: dict[int, Fund] = dict(zip(keys, policy.funds, strict=True))
        self.heads = {key: list(keys)[fund.portfolio] for key, fund in self.funds.items()}
        self.days: dict[int, Mapping[str, Any]] = dict(zip(keys, self.inputs["days"], strict=True))
        self.date: int = self.inputs["date"]
        self.prices = {row["fund"]: row["price"] for row in self.outputs["prices"]}
        quantity_scale = self.inputs.get("quantity_scale")
        self.quantity_scale = max(self.scales.cash, self.scales.units) if quantity_scale is None else quantity_scale
        self.to_value = self.scales.cash_to_value
        self.positions = {position_of(row): row for row in self.outputs["positions"]}
        self.opening = {position_of(row): row for row in self.inputs.get("positions", ())}

    def equal(self, law: str, scope: object, left: Any, right: Any) -> None:
        """Both sides of the law are the same."""
        self.holds(law, scope, left == right, left, right)

    def holds(self, law: str, scope: object, is_so: bool, left: Any, right: Any = None) -> None:
        """The law is so; ``left`` and ``right`` are what it speaks of."""
        if not is_so:
            self.violations.append(Violation(law, str(scope), left, right))

    def dealt(self, *kinds: str) -> list[Row]:
        """The confirmations of these kinds of which something was dealt."""
        return [row for row in self.outputs["confirmations"] if row["kind"] in kinds and row["confirmed"]]

    def figure(self, position: tuple[Any, ...], name: str) -> int:
        """A figure of a position at the end of the day; a position that is not written has none."""
        return int(self.positions[position][name]) if position in self.positions else 0

    def quantity(self, row: Row, name: str) -> int:
        """Cash or units of a confirmation at the tables' scale."""
        scale = self.scales.cash if row["kind"] in CASH_KINDS else self.scales.units
        return int(row[name] // 10 ** (self.quantity_scale - scale))

    def flows(self, fund: int, name: str, *kinds: str) -> int:
        """A figure of a fund's flows of these kinds."""
        return total(row[name] for row in self.outputs["flows"] if row["fund"] == fund and row["kind"] in kinds)

    def posted(self, fund: int, account: str, pair: str = "", step: str | None = None) -> int:
        """Debits less credits of a fund's account."""
        return total(
            row[f"{pair}debit"] - row[f"{pair}credit"]
            for row in self.outputs["postings"]
            if (row["fund"], row["account"]) == (fund, account) and step in (None, row["step"])
        )


def total(values: Iterable[int]) -> int:
    """A sum of whole numbers."""
    return sum(values)


def position_of(row: Mapping[str, Any], *, fund: str = "fund", prefix: str = "") -> tuple[Any, ...]:
    """The key of the position that a row speaks of."""
    named = [row.get(f"{prefix}{name}", 0) for name in ("account", "transaction_account", "distributor")]
    return (*named, row[fund], row.get("charge", CHARGES[0]))


def grouped(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by the values of these columns."""
    groups = defaultdict[tuple[Any, ...], list[Row]](list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups
