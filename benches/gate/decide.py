"""What the gate decides, from numbers alone: no clock, no process, no file.

Instructions are counted, so that two counts of one tree are all but equal and a plain threshold decides. Wall times of
a shared machine are mostly noise, so that base and head run in pairs, and only what the pairs prove counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

#: A call may take so much more instructions than before.
COUNT_THRESHOLD = 0.02

#: A call is slower if it is proven to take so much more time than before.
TIME_THRESHOLD = 0.05

#: How often the bound of one call may lie above the truth: once in a thousand.
ERROR = 0.001

#: With fewer pairs not even the smallest ratio is a bound that good.
FEWEST_PAIRS = 10


class Outcome(Enum):
    """What has become of a call."""

    SAME = "same"
    FASTER = "faster"
    SLOWER = "SLOWER"
    NEW = "new"
    GONE = "GONE"


#: What stops a change: a call that is slower, and one that nobody measures any more.
FAILURES = frozenset({Outcome.SLOWER, Outcome.GONE})


@dataclass(frozen=True)
class Verdict:
    """The outcome of a call, and the figures that it comes from, as they are shown."""

    name: str
    outcome: Outcome
    figures: tuple[str, ...]


def by_counts(before: Mapping[str, int], after: Mapping[str, int], threshold: float = COUNT_THRESHOLD) -> list[Verdict]:
    """Compares instruction counts by name; what only one side has is new or gone."""
    return [_by_count(name, before.get(name), after.get(name), threshold) for name in {**before, **after}]


def _by_count(name: str, before: int | None, after: int | None, threshold: float) -> Verdict:
    if before is None or after is None:
        outcome = Outcome.NEW if before is None else Outcome.GONE
        return Verdict(name, outcome, (_counted(before), _counted(after), ""))
    more = after - before
    outcome = Outcome.SAME
    if abs(more) > threshold * before:
        outcome = Outcome.SLOWER if more > 0 else Outcome.FASTER
    return Verdict(name, outcome, (_counted(before), _counted(after), f"{more / before:+.2%}"))


def _counted(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def turns(block: int) -> tuple[str, str, str, str]:
    """Who runs when in a block; the first is also started first.

    Within a block a drift of the machine cancels, from block to block what being started first brings, such as large
    pages of memory that the later process does not get any more.
    """
    first, second = ("head", "base") if block % 2 else ("base", "head")
    return first, second, second, first


def pair(base: Sequence[float], head: Sequence[float]) -> float:
    """The logarithm of head over base in one block, in which both ran as often, one after the other and back again."""
    return sum(map(math.log, head)) / len(head) - sum(map(math.log, base)) / len(base)


def rank_of_bound(pairs: int, error: float = ERROR) -> int:
    """The place, from the smallest as one, of a pair that lies above the median at most so often; zero if none does.

    Each pair lies on either side of the median like a coin. That so many of them lie above it has a probability that
    depends on nothing else: not on how the noise is distributed, nor on a few pairs that were disturbed beyond measure.
    """
    rank, chance = 0, 0.0
    while rank < pairs:
        chance += math.comb(pairs, rank) / 2**pairs
        if chance > error:
            break
        rank += 1
    return rank


def bounds(logs: Sequence[float], error: float = ERROR) -> tuple[float, float]:
    """Below and above which the median ratio does not lie, each but for the error; logarithms."""
    rank = rank_of_bound(len(logs), error)
    if rank == 0:
        return -math.inf, math.inf
    ordered = sorted(logs)
    return ordered[rank - 1], ordered[-rank]


def median(values: Sequence[float]) -> float:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def by_pairs(logs: Mapping[str, Sequence[float]], threshold: float = TIME_THRESHOLD) -> list[Verdict]:
    """Judges each call by the logarithms of its pairs: slower or faster only if the bound is beyond the threshold."""
    verdicts = []
    for name, ratios in logs.items():
        lower, upper = bounds(ratios)
        outcome = Outcome.SAME
        if lower > math.log1p(threshold):
            outcome = Outcome.SLOWER
        elif upper < -math.log1p(threshold):
            outcome = Outcome.FASTER
        figures = tuple(f"{math.exp(value):.3f}" for value in (lower, median(ratios), upper))
        verdicts.append(Verdict(name, outcome, figures))
    return verdicts


def fails(verdicts: Sequence[Verdict]) -> bool:
    return any(verdict.outcome in FAILURES for verdict in verdicts)


def listing(head: tuple[str, ...], verdicts: Sequence[Verdict]) -> str:
    """The verdicts as aligned lines below a head of the figures' names."""
    rows = [("call", *head, ""), *((verdict.name, *verdict.figures, verdict.outcome.value) for verdict in verdicts)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *figures, outcome in rows:
        cells = [figure.rjust(width) for figure, width in zip(figures, widths[1:-1], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), *cells, outcome]).rstrip())
    return "\n".join(lines)
