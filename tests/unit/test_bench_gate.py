"""The gate on speed: what is slower fails, what is only noisy does not, and what cannot be compared is said."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from baseline import Baseline, read, text
from counting import of_summaries, per_call
from decide import (
    FEWEST_PAIRS,
    TIME_THRESHOLD,
    Outcome,
    bounds,
    by_counts,
    by_pairs,
    fails,
    listing,
    pair,
    rank_of_bound,
    turns,
)
from toolchain import CALLS, KERNEL, cpu_level, differences

BEFORE = {"subscribe, 1 row": 350_000, "clear, 1,000 orders": 9_000_000, "parse, 1,000 str": 280_000}
BLOCKS = 20


def outcomes(verdicts: list[Any]) -> dict[str, Outcome]:
    return {verdict.name: verdict.outcome for verdict in verdicts}


# ---- instruction counts ----


def test_the_same_counts_pass() -> None:
    verdicts = by_counts(BEFORE, BEFORE)
    assert set(outcomes(verdicts).values()) == {Outcome.SAME}
    assert not fails(verdicts)


def test_one_slower_call_fails() -> None:
    verdicts = by_counts(BEFORE, BEFORE | {"parse, 1,000 str": 288_000})
    assert outcomes(verdicts)["parse, 1,000 str"] is Outcome.SLOWER
    assert fails(verdicts)


def test_the_threshold_itself_is_allowed() -> None:
    assert not fails(by_counts({"call": 100}, {"call": 102}))
    assert fails(by_counts({"call": 100}, {"call": 103}))


def test_a_faster_call_passes_and_is_named() -> None:
    verdicts = by_counts({"call": 100}, {"call": 50})
    assert outcomes(verdicts) == {"call": Outcome.FASTER}
    assert not fails(verdicts)


def test_a_call_that_is_not_measured_any_more_fails() -> None:
    verdicts = by_counts({"call": 100, "other": 7}, {"call": 100})
    assert outcomes(verdicts) == {"call": Outcome.SAME, "other": Outcome.GONE}
    assert fails(verdicts)


def test_a_new_call_passes() -> None:
    verdicts = by_counts({}, {"call": 100})
    assert outcomes(verdicts) == {"call": Outcome.NEW}
    assert not fails(verdicts)


def test_a_hundred_counts_of_one_tree_pass() -> None:
    """Counts of one tree differ by far less than a thousandth: what the system tells a process moves a few of them."""
    draw = random.Random(1)
    for _ in range(100):
        after = {name: round(count * (1 + draw.uniform(-0.001, 0.001))) for name, count in BEFORE.items()}
        assert not fails(by_counts(BEFORE, after))


def test_the_listing_shows_both_counts() -> None:
    lines = listing(("before", "now", "change"), by_counts({"call": 1_000}, {"call": 1_030})).splitlines()
    assert lines == ["call  before    now  change", "call   1,000  1,030  +3.00%  SLOWER"]


# ---- wall times ----


def quiet(draw: random.Random) -> float:
    return draw.lognormvariate(0, 0.02)


def noisy(draw: random.Random) -> float:
    """A tenth up or down, and one time in five many times as long, as somebody else's work makes it."""
    return draw.lognormvariate(0, 0.1) * (draw.uniform(1.5, 5) if draw.random() < 0.2 else 1)


def simulated(
    draw: random.Random, noise: Callable[[random.Random], float], slowdown: float, later: float = 1
) -> dict[str, list[float]]:
    """Ten calls in twenty blocks on a machine that gets slower all the while.

    What is started later in a block takes so much longer in half of the blocks, as if it got no large pages.
    """
    logs: dict[str, list[float]] = {}
    for number in range(10):
        drift, blocks = 1.0, []
        for block in range(BLOCKS):
            order, seconds = turns(block), {"base": list[float](), "head": list[float]()}
            penalty = later if draw.random() < 0.5 else 1
            for who in order:
                drift *= 1.002
                factor = (slowdown if who == "head" else 1) * (1 if who == order[0] else penalty)
                seconds[who].append(0.01 * drift * factor * noise(draw))
            blocks.append(pair(seconds["base"], seconds["head"]))
        logs[f"call {number}"] = blocks
    return logs


@pytest.mark.parametrize("noise", [quiet, noisy])
@pytest.mark.parametrize("later", [1, 3])
def test_a_hundred_runs_of_one_tree_pass(noise: Callable[[random.Random], float], later: float) -> None:
    draw = random.Random(2)
    assert not any(fails(by_pairs(simulated(draw, noise, 1, later))) for _ in range(100))


def test_base_and_head_are_each_started_first_and_run_as_often() -> None:
    assert turns(0) == ("base", "head", "head", "base")
    assert turns(1) == ("head", "base", "base", "head")


@pytest.mark.parametrize(("noise", "slowdown", "caught"), [(quiet, 1.1, 100), (noisy, 1.5, 75), (noisy, 2, 100)])
def test_a_slower_head_fails(noise: Callable[[random.Random], float], slowdown: float, caught: int) -> None:
    draw = random.Random(3)
    assert sum(fails(by_pairs(simulated(draw, noise, slowdown))) for _ in range(100)) >= caught


def test_a_slowdown_below_the_threshold_passes() -> None:
    draw = random.Random(4)
    assert not any(fails(by_pairs(simulated(draw, quiet, 1 + TIME_THRESHOLD / 2))) for _ in range(100))


def test_a_few_disturbed_pairs_prove_nothing() -> None:
    """However much they are off: two of twenty lie beyond the bound."""
    logs = [0.0] * (BLOCKS - 2) + [math.log(1000)] * 2
    assert not fails(by_pairs({"call": logs}))


def test_a_faster_head_passes_and_is_named() -> None:
    verdicts = by_pairs({"call": [math.log(0.5)] * BLOCKS})
    assert outcomes(verdicts) == {"call": Outcome.FASTER}
    assert not fails(verdicts)


def test_drift_cancels_in_a_pair() -> None:
    """Times that grow evenly, base, head, head, base, say that both are alike."""
    assert pair([1.0, 8.0], [2.0, 4.0]) == pytest.approx(0)
    assert pair([1.0, 1.0], [2.0, 2.0]) == pytest.approx(math.log(2))


def test_too_few_pairs_prove_nothing() -> None:
    assert rank_of_bound(FEWEST_PAIRS - 1) == 0
    assert rank_of_bound(FEWEST_PAIRS) == 1
    assert bounds([1.0] * (FEWEST_PAIRS - 1)) == (-math.inf, math.inf)


def test_the_bound_is_as_good_as_it_says() -> None:
    """Of twenty coins at most two show heads 211 times in 2^20, at most three 1,351 times, which is too often."""
    assert rank_of_bound(20) == 3
    assert bounds(list(range(20))) == (2, 17)


# ---- what counts come from, and the baseline ----


def test_counts_are_taken_from_between_the_marks() -> None:
    printed = "1 import numpy\n1 import fundclear, after numpy\n1 two marks\n1 \n10 parse, 1,000 str\n"
    dumps = "\n".join(f"part: {row}\ntotals: {total}\n" for row, total in enumerate([9, 50, 80, 7, 3, 107, 4], 1))
    assert per_call(printed, dumps) == {"import fundclear, after numpy": 73, "parse, 1,000 str": 10}


def test_a_part_too_few_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="0 parts"):
        per_call("1 two marks\n", "totals: 9\ntotals: 4\n")


def test_counts_are_read_from_gungraun() -> None:
    line = (
        '{"function_name": "net", "id": "twelve_digits", "profiles": [{"tool": "Callgrind", '
        '"data": {"total": {"metrics": {"Ir": {"values": {"new": 42}}}}}}]}\n'
    )
    assert of_summaries(line) == {"net, twelve digits": 42}


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    kept = Baseline({"rustc": "rustc 1.95.0", "rustflags": ""}, {"kernel": {"net": 12_345}, "calls": {"clear": 7}})
    file = tmp_path / "instructions.toml"
    file.write_text(text(kept), encoding="utf-8")
    assert read(file) == kept
    assert '"net" = 12_345' in text(kept)


def test_without_a_file_there_is_no_baseline(tmp_path: Path) -> None:
    assert read(tmp_path / "instructions.toml") == Baseline({}, {})


def test_the_committed_baseline_names_its_tools() -> None:
    kept = read()
    assert set(kept.facts) == set(CALLS)
    assert set(kept.counts) == {"kernel", "calls"}
    assert all(count > 0 for counts in kept.counts.values() for count in counts.values())


def test_other_tools_are_named_and_only_where_they_matter() -> None:
    kept = dict.fromkeys(CALLS, "same")
    here = kept | {"numpy": "2.5"}
    assert differences(KERNEL, kept, here) == []
    assert differences(CALLS, kept, here) == ["numpy is '2.5' here and 'same' in the baseline"]


def test_the_level_of_a_processor() -> None:
    third = "flags\t\t: fpu avx avx2 bmi1 bmi2 f16c fma abm movbe\n"
    assert cpu_level(third) == cpu_level(third.replace("fpu", "fpu avx512f")) == "x86-64-v3"
    assert cpu_level(third.replace("avx2 ", "")) == "x86-64-v2"
    assert cpu_level("processor : 0\n") == ""
