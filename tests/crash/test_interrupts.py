"""Ctrl-C during a long call, and forks: the call stops in time, and both processes go on working."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

# The work, and how long it would take without a signal: long against the time that a stop may take.
LONG_CALLS = {
    "kernel": """
        x = fc.Fixed.from_minor(np.full(30_000_000, 10**17 + 7), 2)
        y = fc.Fixed.from_minor(np.full(30_000_000, 10**17 + 9), 9)
        call = lambda: [len(x.mul_div(y, y, 2, "half_up", threads=1)) for _ in range(100)]
    """,
    "texts": """
        values = ["1234567.89"] * 50_000_000
        call = lambda: [len(fc.Fixed.parse(values, scale=2)) for _ in range(100)]
    """,
    "decimals": """
        values = [Decimal("1234567.89")] * 20_000_000
        call = lambda: [len(fc.Fixed.parse(values, scale=2)) for _ in range(100)]
    """,
    "ints": """
        values = [1234567] * 50_000_000
        call = lambda: [len(fc.Fixed.parse(values)) for _ in range(100)]
    """,
    "clear": """
        rows = 3_000_000
        orders = fc.Orders(
            account=np.arange(rows), fund=1, kind="subscribe", quantity=fc.Fixed.from_minor(np.full(rows, 5_000), 2)
        )
        terms = fc.Terms([fc.Fund(1, currency="CNY")])
        call = lambda: [len(fc.clear(orders, terms=terms, prices={1: "1"}, date="2017-04-27").lots) for _ in range(99)]
    """,
    "to_strings": """
        # A list that is half made is freed before the exception is seen, and that takes its time too.
        x = fc.Fixed.from_minor(np.full(1_500_000, 7), 2)
        call = lambda: [len(x.to_strings()) for _ in range(1000)]
    """,
}

SCRIPT = """
import signal, sys, threading, time
from decimal import Decimal
import numpy as np
import fundclear as fc
{work}
sent = []

def press():
    time.sleep(0.3)
    sent.append(time.perf_counter())
    signal.raise_signal(signal.SIGINT)

# The signal is that of the process, whoever sends it; the main thread is inside the call when it comes.
threading.Thread(target=press, daemon=True).start()
try:
    call()
except KeyboardInterrupt:
    late = time.perf_counter() - sent[0]
    print("stopped", late)
    assert str(fc.Fixed.parse(["1.00"]).sum()) == "1.00"
else:
    print("was not stopped")
"""


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", LONG_CALLS)
def test_ctrl_c_stops_a_long_call(name: str) -> None:
    # Each call would work for minutes. How soon it stops is measured in benches/, not asserted on a busy machine.
    said, _, _ = run(SCRIPT.format(work=textwrap.dedent(LONG_CALLS[name]))).partition(" ")
    assert said == "stopped"


def test_a_stopped_call_leaves_no_result_in_out() -> None:
    script = textwrap.dedent(
        """
        import signal, threading
        import numpy as np
        import fundclear as fc

        x = fc.Fixed.from_minor(np.full(10_000_000, 10**17 + 7), 2)
        y = fc.Fixed.from_minor(np.full(10_000_000, 10**17 + 9), 9)
        memory = np.zeros(10_000_000, dtype=np.int64)
        out = fc.Fixed.from_minor(memory, 2)
        threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
        try:
            while True:
                x.mul_div(y, y, 2, "half_up", out=out, threads=1)
        except KeyboardInterrupt:
            print(set(memory.tolist()))
        """
    )
    # Between two calls the signal finds a result, inside one it finds the mark of a failed call; never a mixture.
    assert run(script).strip() in ("{-9223372036854775808}", "{100000000000000007}")


def test_a_fork_after_a_parallel_call_can_call_again() -> None:
    script = textwrap.dedent(
        """
        import os, sys
        import numpy as np
        import fundclear as fc

        x = fc.Fixed.from_minor(np.arange(1_000_000), 2)

        def work():
            y = x.mul("1.5", 3, threads=4)
            shares = fc.allocate("1027.59", x, scale=2, threads=4).shares
            return (y.sum(threads=4), x.sum(threads=4), shares.sum(threads=4), str(fc.Fixed.parse(["1.00"] * 9)[8]))

        expected = work()
        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                # A child that hangs is found by the test's timeout; one that computes something else says so.
                os._exit(0 if work() == expected else 1)
            children.append(child)
        assert work() == expected
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(codes)
        """
    )
    assert run(script).strip() == "[0, 0, 0, 0]"


def test_a_fork_in_the_middle_of_a_day_can_clear_days() -> None:
    """Other threads hold whatever they hold when a process forks; the child must wait for none of it."""
    script = textwrap.dedent(
        """
        import os, threading
        import numpy as np
        import fundclear as fc

        rows = 200_000
        orders = fc.Orders(
            account=np.arange(rows), fund=1, kind="subscribe", quantity=fc.Fixed.from_minor(np.arange(rows) + 100, 2)
        )
        terms = fc.Terms([fc.Fund(1, currency="CNY")])

        def work():
            return fc.clear(orders, terms=terms, prices={1: "1.0001"}, date="2017-04-27", threads=2).proof.digest

        expected = work()
        stop = threading.Event()

        def busy():
            while not stop.is_set():
                work()

        threads = [threading.Thread(target=busy) for _ in range(2)]
        for thread in threads:
            thread.start()
        codes = []
        for _ in range(12):
            child = os.fork()
            if child == 0:
                os._exit(0 if work() == expected else 1)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stop.set()
        print(set(codes))
        """
    )
    assert run(script).strip() == "{0}"


def test_worker_processes_take_and_return_columns() -> None:
    script = textwrap.dedent(
        """
        import multiprocessing, sys
        import numpy as np
        import fundclear as fc

        def double(x):
            return x + x

        if __name__ == "__main__":
            columns = [fc.Fixed.from_minor(np.arange(n), 2) for n in (0, 1, 100_000)]
            with multiprocessing.get_context("fork").Pool(2) as pool:
                results = pool.map(double, columns)
            print([result.equals(column + column) for result, column in zip(results, columns)])
        """
    )
    assert run(script).strip() == "[True, True, True]"


def test_no_thread_outlives_a_call() -> None:
    script = textwrap.dedent(
        """
        import os, time
        import numpy as np
        import fundclear as fc

        def threads():
            return len(os.listdir("/proc/self/task"))

        x = fc.Fixed.from_minor(np.arange(1_000_000), 2)
        before = threads()
        for _ in range(20):
            x.mul("1.5", 3, threads=8)
        # A thread that has done its work is listed until the system has cleared it away.
        deadline = time.monotonic() + 10
        while threads() > before and time.monotonic() < deadline:
            time.sleep(0.01)
        # One that was there before, of a library, may be gone by now.
        print(max(0, threads() - before))
        """
    )
    assert run(script).strip() == "0"
