"""Thread counts: where they come from, what is refused, and many Python threads in the library at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import fundclear as fc

# More than the rows that a call does on the calling thread alone.
ROWS = 200_000


def column(seed: int = 1, scale: int = 2) -> fc.Fixed:
    return fc.Fixed.from_minor(np.random.default_rng(seed).integers(1, 10**9, ROWS), scale)


def plain(result: Any) -> Any:
    """A result that can be compared."""
    return result.minor.tolist() if isinstance(result, fc.Fixed) else result


def calls(x: fc.Fixed, texts: Any, threads: int | None) -> dict[str, Callable[[], Any]]:
    """Every call that takes a thread count."""
    return {
        "rescale": lambda: x.rescale(1, "half_even", threads=threads),
        "mul": lambda: x.mul("1.0437", 4, "half_up", threads=threads),
        "div": lambda: x.div(x[::-1], 6, "half_up", threads=threads),
        "mul_div": lambda: x.mul_div(x, x[::-1], 2, "floor", threads=threads),
        "sum": lambda: x.sum(threads=threads),
        "min": lambda: x.min(threads=threads),
        "max": lambda: x.max(threads=threads),
        "parse": lambda: fc.Fixed.parse(texts, threads=threads),
        "from_minor": lambda: fc.Fixed.from_minor(x.minor, 2, threads=threads),
        "allocate": lambda: fc.allocate("1027.59", x, scale=2, threads=threads).shares,
    }


@pytest.fixture(scope="module")
def x() -> fc.Fixed:
    return column()


@pytest.fixture(scope="module")
def texts(x: fc.Fixed) -> Any:
    return np.array(x.to_strings())


@pytest.mark.parametrize("name", calls(fc.Fixed.parse("1"), None, None))
def test_the_result_is_that_of_one_thread(x: fc.Fixed, texts: Any, name: str) -> None:
    alone = plain(calls(x, texts, 1)[name]())
    for threads in (None, 2, 3, 17):
        assert plain(calls(x, texts, threads)[name]()) == alone


@pytest.mark.parametrize("threads", [0, -1, 1.0, "2", True, 2**70, [], b"1"], ids=repr)
def test_a_count_that_is_none_is_refused_whatever_the_rows(threads: Any) -> None:
    x = fc.Fixed.parse(["1.00"])
    for name, call in calls(x, np.array(["1.00"]), threads).items():
        with pytest.raises(fc.InputError) as raised:
            call()
        assert (raised.value.code, raised.value.argument) == ("threads", "threads"), name


def test_a_numpy_int_is_a_count(x: fc.Fixed) -> None:
    assert x.sum(threads=np.int64(2)) == x.sum()  # type: ignore[arg-type]


def test_the_environment_is_read_by_every_call(x: fc.Fixed, texts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, one = x.sum(), fc.Fixed.parse(["1.00"])
    monkeypatch.setenv("FUNDCLEAR_THREADS", "3")
    assert x.sum() == expected
    monkeypatch.setenv("FUNDCLEAR_THREADS", "none")
    for name, call in calls(one, np.array(["1.00"]), None).items():
        with pytest.raises(fc.InputError) as raised:
            call()
        assert (raised.value.code, raised.value.argument, raised.value.value) == (
            "threads",
            "FUNDCLEAR_THREADS",
            "'none'",
        ), name
    assert x.sum(threads=2) == expected
    monkeypatch.delenv("FUNDCLEAR_THREADS")
    assert x.sum() == expected


@pytest.mark.parametrize("text", ["0", "-1", "", " 2", "1.5", "two", "9" * 30])
def test_an_environment_that_names_no_count_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNDCLEAR_THREADS", text)
    with pytest.raises(fc.InputError) as raised:
        _ = fc.Fixed.parse("1") + 1
    assert raised.value.argument == "FUNDCLEAR_THREADS"


def test_many_python_threads_at_once(x: fc.Fixed, texts: Any) -> None:
    expected = {name: plain(call()) for name, call in calls(x, texts, 1).items()}
    names = list(expected) * 3
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda name: plain(calls(x, texts, 2)[name]()), names))
    assert [result == expected[name] for name, result in zip(names, results, strict=True)] == [True] * len(names)


def test_errors_do_not_mix_between_threads() -> None:
    def fail(row: int) -> int | None:
        values = np.zeros(ROWS, dtype=np.int64)
        values[row] = 10**18
        with pytest.raises(fc.AmountOverflowError) as raised:
            fc.Fixed.from_minor(values, 0, threads=2)
        return raised.value.row

    rows = [7, 70_000, 150_000, 199_999] * 4
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(fail, rows)) == rows


def test_other_threads_run_while_the_kernel_works() -> None:
    """The GIL is released: a thread that only counts gets on while large calls follow each other."""
    x = fc.Fixed.from_minor(np.full(4_000_000, 10**9 + 7), 2)
    counted = 0
    stop = threading.Event()

    def count() -> None:
        nonlocal counted
        while not stop.is_set():
            counted += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counted
        x.mul_div(x, x, 2, threads=1)
        after = counted
    finally:
        stop.set()
        thread.join()
    assert after - before > 100


def test_other_threads_run_while_objects_are_read() -> None:
    values = ["1.00"] * 3_000_000
    ticks = 0
    stop = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not stop.wait(0.001):
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        before = ticks
        fc.Fixed.parse(values, scale=2)
        fc.Fixed.parse(values, scale=2)
        after = ticks
    finally:
        stop.set()
        thread.join()
    assert after > before


# ---- buffers that change ----


def test_torn_values_break_nothing() -> None:
    """Another thread writes to the inputs during calls: each call gives some result or refuses a value."""
    rng = np.random.default_rng(5)
    array = rng.integers(1, 1000, ROWS)
    groups = rng.integers(0, 50, ROWS)
    totals = fc.Fixed.from_minor(rng.integers(1, 10**6, 50), 2)
    x = fc.Fixed.from_minor(array, 2)
    weights = fc.Fixed.from_minor(array, 0)
    texts = np.array(x.to_strings())
    stop = threading.Event()

    def tear() -> None:
        noise = np.random.default_rng(6)
        while not stop.is_set():
            rows = noise.integers(0, ROWS, 500)
            array[rows] = noise.choice([0, 1, 999, -5, 10**18, -(2**63)], 500)
            groups[rows] = noise.choice([0, 1, 49, 50, -1, 2**62], 500)
            texts[rows] = noise.choice(["1.00", "x", "", "99.999"], 500)

    thread = threading.Thread(target=tear)
    thread.start()
    try:
        codes = set()
        for _ in range(15):
            for call in (
                *calls(x, texts, 2).values(),
                x.to_strings,
                x.to_decimals,
                x.to_float,
                lambda: x + x,
                lambda: x < x[::-1],
                lambda: fc.allocate(totals, weights, scale=2, groups=groups, threads=2),
                lambda: fc.allocate(totals, weights, scale=2, groups=groups, tie_key=array, threads=2),
                lambda: fc.allocate("99.99", weights, scale=2, policy="cascade", threads=2),
            ):
                try:
                    call()
                except fc.FundclearError as error:
                    codes.add(error.code)
    finally:
        stop.set()
        thread.join()
    values = {"digits", "overflow", "division-by-zero", "stray", "empty", "inexact", "law"}
    assert codes <= values | {"negative-weight", "zero-weights", "group-range", "no-weights"}
    assert "digits" in codes


def test_a_list_that_changes_while_it_is_read() -> None:
    """Signal handlers and other threads may change a list between its rows; what is gone is refused, not read."""

    stop = threading.Event()
    changing: list[Any] = ["1.00"] * 50_000

    def change() -> None:
        while not stop.is_set():
            changing.clear()
            changing.extend(["2.00"] * 50_000)

    thread = threading.Thread(target=change)
    thread.start()
    codes, lengths = set(), set()
    try:
        for _ in range(100):
            try:
                lengths.add(len(fc.Fixed.parse(changing, scale=2)))
            except fc.InputError as error:
                codes.add(error.code)
    finally:
        stop.set()
        thread.join()
    assert codes <= {"length"}
    assert all(0 <= length <= 50_000 for length in lengths)
